"""Organizations, taxes and clients to begin with, from a JSON file.

    {"organizations": [{"name": "Example Telecom", "currencyCode": "GBP", "invoiceNumberPrefix": "2026-"}],
     "taxes": [{"id": 1, "name": "VAT", "rate": 20}],
     "options": {"pricingMode": 1},
     "clients": [{"id": 1001, "companyName": "Ada Ltd", "clientType": 2, "currencyCode": "GBP", "tax1Id": 1}]}

A list alone is the clients. A client has an id, what `POST /clients` takes, and where wanted `currencyCode`
(its organization is the first of that currency), `accountCredit` and `isArchived`. An organization that a
currency needs and the file does not name is made. What is there stays as it is: sowing twice is sowing once.
"""

from decimal import Decimal
from typing import Any

from callmeter.local.ucrm.books import Books
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
    if unknown := set(parts) - {"organizations", "taxes", "options", "clients"}:
        raise ValueError(f"the seed has parts that are not known: {', '.join(sorted(unknown))}")
    for wanted in parts.get("organizations", []):
        _organization(books, wanted)
    for tax in parts.get("taxes", []):
        if not books.has("taxes", tax.get("id")):
            books.add("taxes", {"agencyName": None, "compound": False, "selected": False, **tax})
    books.options |= parts.get("options", {})
    for client in parts.get("clients", []):
        if not isinstance(client.get("id"), int):
            raise ValueError(f"a seeded client needs an id: {client}")
        if not books.has("clients", client["id"]):
            _client(books, client)


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


def _client(books: Books, wanted: Row) -> None:
    body = {name: value for name, value in wanted.items() if name not in _ONLY_SEEDED}
    if "organizationId" not in body:
        body["organizationId"] = _organization_for(books, wanted.get("currencyCode"))
    books.last_ids["clients"] = wanted["id"] - 1
    try:
        add_client(books, body)
    except RefusalError as refused:
        raise ValueError(f"seeded client {wanted['id']}: {refused.message} {refused.errors or ''}") from refused
    books.last_ids["clients"] = max(books.tables["clients"])
    row = books.get("clients", wanted["id"])
    row["_credit"] = Decimal(wanted.get("accountCredit", 0))
    row["isArchived"] = bool(wanted.get("isArchived"))


def _organization_for(books: Books, code: str | None) -> int:
    for row in books.rows("organizations"):
        if code in (None, books.get("currencies", row["currencyId"])["code"]):
            return int(row["id"])
    return int(_organization(books, {"currencyCode": code or "USD"})["id"])
