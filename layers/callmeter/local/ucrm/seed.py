"""What the stand-in has to begin with, from a JSON file.

    {"organizations": [{"name": "Example Telecom", "currencyCode": "GBP", "invoiceNumberPrefix": "2026-"}],
     "taxes": [{"id": 1, "name": "VAT", "rate": 20}],
     "options": {"pricingMode": 1},
     "customAttributes": [{"id": 1, "name": "Call plan", "attributeType": "service", "type": "string"}],
     "servicePlans": [{"id": 1, "name": "Calls", "periods": [{"period": 1, "price": 10, "enabled": true}]}],
     "surcharges": [{"id": 1, "name": "Call charges"}],
     "products": [{"id": 1, "name": "Telephone", "price": 40}],
     "clients": [{"id": 1001, "companyName": "Ada Ltd", "clientType": 2, "currencyCode": "GBP", "tax1Id": 1}],
     "services": [{"id": 1, "clientId": 1001, "servicePlanPeriodId": 1}],
     "serviceSurcharges": [{"id": 1, "serviceId": 1, "surchargeId": 1, "price": 5}],
     "fees": [{"id": 1, "clientId": 1001, "type": 1, "price": 3, "invoiceLabel": "Late fee"}],
     "users": [{"id": 1, "username": "admin"}],
     "sessions": [{"id": 1, "php": "abc", "nms": "def", "username": "ada", "clientId": 1001}]}

A list alone is the clients. Each but an organization has an id, and what its POST takes. A client has where wanted
`currencyCode` (its organization is the first of that currency), `accountCredit` and `isArchived`; an organization
that a currency needs and the file does not name is made. A plan has five periods, of 1, 3, 6, 12 and 24 months: plan
1 has periods 1 to 5, plan 2 has 6 to 10. A session is a browser with the cookies nms-crm-php-session-id (`php`) and
nms-session (`nms`); without `clientId` it is an admin's. What is there stays as it is: sowing twice is sowing once.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from callmeter.local.ucrm import attributes, plans, service_surcharges, services
from callmeter.local.ucrm.books import Books
from callmeter.local.ucrm.catalogue import PRODUCTS, REASONS, SURCHARGES
from callmeter.local.ucrm.clients import add_client
from callmeter.local.ucrm.fields import RefusalError, Row

_CURRENCIES = {
    "USD": (33, "Dollars", "$"), "EUR": (12, "Euro", "€"), "GBP": (13, "Pounds", "£"),
    "AUD": (2, "Dollars", "$"), "NZD": (22, "Dollars", "$"), "CAD": (5, "Dollars", "$"),
    "CHF": (6, "Francs", "CHF"), "JPY": (15, "Yen", "¥"),
}  # fmt: skip
_ORGANIZATION: Row = {
    "logoUrl": None, "registrationNumber": None, "taxId": None, "phone": None, "email": None, "website": None,
    "street1": "1 Main Street", "street2": None, "city": "Sampleton", "countryId": 249, "stateId": None,
    "zipCode": "00001", "selected": False, "locale": None, "bankAccountName": None, "bankAccountField1": None,
    "bankAccountField2": None,
}  # fmt: skip
_SERIES = {"invoiceNumberPrefix": "_numberPrefix", "invoiceNumberLength": "_numberLength"}
_ONLY_SEEDED = ("id", "currencyCode", "accountCredit", "isArchived")


def sow(books: Books, seed: Any) -> None:
    """Add what `seed` (the file's JSON) holds. Raises ValueError for a seed that cannot be."""
    parts = {"clients": seed} if isinstance(seed, list) else dict(seed)
    if unknown := set(parts) - {"organizations", "options", *_SOWN}:
        raise ValueError(f"the seed has parts that are not known: {', '.join(sorted(unknown))}")
    for wanted in parts.get("organizations", []):
        _organization(books, wanted)
    books.options |= parts.get("options", {})
    for table, make in _SOWN.items():
        for wanted in parts.get(table, []):
            _sow_one(books, table, wanted, make)


def _sow_one(books: Books, table: str, wanted: Row, make: Callable[[Books, Row], object]) -> None:
    number = wanted.get("id")
    if not isinstance(number, int):
        raise ValueError(f"each of the seeded {table} needs an id: {wanted}")
    if books.has(table, number):
        return
    last = books.last_ids.get(table, 0)
    books.last_ids[table] = number - 1
    try:
        make(books, wanted)
    except RefusalError as refused:
        raise ValueError(f"seeded {table}, {number}: {refused.message} {refused.errors or ''}") from refused
    books.last_ids[table] = max(last, number)


def _without(wanted: Row, *names: str) -> Row:
    return {name: value for name, value in wanted.items() if name not in names}


def _tax(books: Books, wanted: Row) -> None:
    books.add("taxes", {"agencyName": None, "compound": False, "selected": False, **wanted})


def _client(books: Books, wanted: Row) -> None:
    body = _without(wanted, *_ONLY_SEEDED)
    if "organizationId" not in body:
        body["organizationId"] = _organization_for(books, wanted.get("currencyCode"))
    add_client(books, body)
    credit, archived = Decimal(wanted.get("accountCredit", 0)), bool(wanted.get("isArchived"))
    books.change("clients", wanted["id"], {"_credit": credit, "isArchived": archived})


def _fee(books: Books, wanted: Row) -> None:
    nothing = {"invoiced": False, "type": 1, "serviceId": None, "dueInvoiceId": None, "taxable": False}
    books.get("clients", wanted["clientId"])
    books.add("fees", {**nothing, "createdDate": books.now(), **wanted})


def _user(books: Books, wanted: Row) -> None:
    nothing = dict.fromkeys(("unmsId", "email", "username", "firstName", "lastName", "avatarColor"))
    books.add("users", {**nothing, "isActive": True, **wanted})


def _session(books: Books, wanted: Row) -> None:
    client_id = wanted.get("clientId")
    row = {
        "id": wanted["id"],
        "userId": wanted.get("userId", wanted["id"]),
        "username": wanted.get("username"),
        "isClient": client_id is not None,
        "clientId": client_id,
        "userGroup": wanted.get("userGroup", "Admin Group" if client_id is None else None),
        "permissions": wanted.get("permissions", {"clients/clients": "edit"} if client_id is None else {}),
        "specialPermissions": wanted.get("specialPermissions", {}),
        "locale": wanted.get("locale", "en"),
    }
    books.add("sessions", {**row, "_php": wanted["php"], "_nms": wanted["nms"]})


_SOWN: dict[str, Callable[[Books, Row], object]] = {
    "taxes": _tax,
    "customAttributes": lambda books, wanted: attributes.define(books, _without(wanted, "id")),
    "products": lambda books, wanted: PRODUCTS.add(books, _without(wanted, "id")),
    "surcharges": lambda books, wanted: SURCHARGES.add(books, _without(wanted, "id")),
    "suspensionReasons": lambda books, wanted: REASONS.add(books, _without(wanted, "id")),
    "clients": _client,
    "servicePlans": lambda books, wanted: plans.add(books, _without(wanted, "id")),
    "services": lambda books, wanted: services.add(books, wanted["clientId"], _without(wanted, "id", "clientId")),
    "serviceSurcharges": lambda books, wanted: service_surcharges.add(
        books, wanted["serviceId"], _without(wanted, "id", "serviceId")
    ),
    "fees": _fee,
    "users": _user,
    "sessions": _session,
}


def _organization(books: Books, wanted: Row) -> Row:
    """The organization of that name, made where there is none."""
    code = wanted.get("currencyCode", "USD")
    given = {_SERIES.get(name, name): value for name, value in wanted.items() if name != "currencyCode"}
    name = given.setdefault("name", f"Sample organization {code}")
    for row in books.rows("organizations"):
        if row["name"] == name:
            return row
    series = {"_numberPrefix": "", "_numberLength": 6, "_nextNumber": 1, "_nextProformaNumber": 1}
    return books.add("organizations", {**_ORGANIZATION, "currencyId": _currency(books, code), **series, **given})


def _currency(books: Books, code: str) -> int:
    for row in books.rows("currencies"):
        if row["code"] == code:
            return int(row["id"])
    number, name, symbol = _CURRENCIES.get(code, (100 + len(books.rows("currencies")), code, code))
    return int(books.add("currencies", {"id": number, "name": name, "code": code, "symbol": symbol})["id"])


def _organization_for(books: Books, code: str | None) -> int:
    for row in books.rows("organizations"):
        if code in (None, books.get("currencies", row["currencyId"])["code"]):
            return int(row["id"])
    return int(_organization(books, {"currencyCode": code or "USD"})["id"])
