"""Clients and their contacts."""

from collections.abc import Callable
from decimal import Decimal

from callmeter.local.ucrm import attributes, events
from callmeter.local.ucrm.books import Books
from callmeter.local.ucrm.catalogue import TAXES
from callmeter.local.ucrm.fields import Query, Row, Shape, blank, invalid, not_found, read_body
from callmeter.local.ucrm.shapes import CLIENT, CONTACT

_DEFAULTS: Row = {
    "isLead": False, "clientType": 1, "invoiceAddressSameAsContact": False, "contacts": [], "attributes": [],
    "bankAccounts": [], "tags": [], "isArchived": False, "leadConvertedAt": None, "_credit": 0,
}  # fmt: skip
_NEVER_KEPT = {"password", "attributes", "contacts"}
_ORDERS = {
    "user.firstName": "firstName", "user.lastName": "lastName", "client.registrationDate": "registrationDate",
    "client.id": "id",
}  # fmt: skip


def list_clients(books: Books, query: Query) -> list[Row]:
    found = attributes.carriers(books, "client", query)
    fits = _filter(books, query)
    rows = [row for row in (books.rows("clients") if found is None else found) if fits(row)]
    by = _ORDERS[query.one_of("order", "client.id", *_ORDERS)]
    down = query.one_of("direction", "ASC", "ASC", "DESC") == "DESC"
    rows = sorted(rows, key=lambda row: row[by] if by == "id" else str(row[by] or ""), reverse=down)
    return [client_as_read(books, row) for row in query.page(rows)]


def _filter(books: Books, query: Query) -> Callable[[Row], bool]:
    """Whether a client is one the query asks for."""
    organization, lead = query.integer("organizationId"), query.flag("lead")
    choices: Row = {"organizationId": organization, "isLead": lead, "isArchived": bool(query.flag("isArchived"))}
    choices |= {name: query.text(name) for name in ("userIdent", "username")}
    same = [(name, value) for name, value in choices.items() if value is not None]
    of_contacts = [(name, text) for name in ("email", "phone") if (text := query.text(name)) is not None]
    text = query.search()
    kinds, tags = query.array("uninvoicedFeeTypes", "1", "2", "3"), query.array("clientTagIds")

    def fits(row: Row) -> bool:
        return (
            all(row[name] == value for name, value in same)
            and all(any(contact[name] == value for contact in row["contacts"]) for name, value in of_contacts)
            and (text is None or text in " ".join(_searched(row)).casefold())
            and (not kinds or any(str(fee["type"]) in kinds for fee in uninvoiced_fees(books, row["id"])))
            and (not tags or any(str(tag["id"]) in tags for tag in row["tags"]))
        )

    return fits


def uninvoiced_fees(books: Books, client_id: int) -> list[Row]:
    return [fee for fee in books.find("fees", "client", client_id) if not fee["invoiced"]]


def _searched(row: Row) -> list[str]:
    contacts = [text for contact in row["contacts"] for text in (contact["email"], contact["name"])]
    names = [row["firstName"], row["lastName"], row["companyName"], row["userIdent"], *contacts]
    return [text for text in names if text]


def client_as_read(books: Books, row: Row) -> Row:
    """`row` with what follows from its organization, invoices and services."""
    organization = books.get("organizations", row["organizationId"])
    owed = [i for i in books.find("invoices", "client", row["id"]) if i["status"] in (1, 2) and not i["proforma"]]
    outstanding = sum((i["amountToPay"] for i in owed), Decimal(0))
    due_before = books.now()[:10]
    suspended = any(_is_suspended(service) for service in books.find("services", "client", row["id"]))
    return {
        **row,
        "isActive": row["username"] is not None,
        "accountBalance": row["_credit"] - outstanding,
        "accountCredit": row["_credit"],
        "accountOutstanding": outstanding,
        "currencyCode": currency_code(books, organization),
        "organizationName": organization["name"],
        "hasOverdueInvoice": any(i["dueDate"][:10] < due_before for i in owed),
        "usesProforma": uses_proforma(books, row),
        "invitationEmailSentDate": None,
        "hasSuspendedService": suspended,
        **dict.fromkeys(("hasOutage", "hasServiceWithoutDevices"), False),
        **dict.fromkeys(("hasPaymentSubscription", "hasAutopayCreditCard"), False),
    }


def _is_suspended(service: Row) -> bool:
    return any(period["endDate"] is None for period in service["suspensionPeriods"])


def uses_proforma(books: Books, client: Row) -> bool:
    own = client["generateProformaInvoices"]
    return bool(books.options["generateProformaInvoices"] if own is None else own)


def currency_code(books: Books, organization: Row) -> str:
    return str(books.get("currencies", organization["currencyId"])["code"])


def add_client(books: Books, body: object) -> Row:
    wanted = read_body(body, CLIENT)
    organization = wanted.get("organizationId") or _default_organization(books)
    row = _keep(books, empty(CLIENT) | _DEFAULTS | {"organizationId": organization}, wanted)
    events.note(books, "client.add", row)
    return row


def change_client(books: Books, client_id: int, body: object) -> Row:
    return _edited(books, client_id, lambda before: _keep(books, before, read_body(body, CLIENT)))


def _edited(books: Books, client_id: int, edit: Callable[[Row], object], event: str = "client.edit") -> Row:
    before = books.get("clients", client_id)
    seen = client_as_read(books, before)
    edit(before)
    row = client_as_read(books, books.get("clients", client_id))
    events.note(books, event, row, seen)
    return row


def archive_client(books: Books, client_id: int) -> Row:
    def archive(_: Row) -> None:
        books.change("clients", client_id, {"isArchived": True})

    return _edited(books, client_id, archive, "client.archive")


def restore_client(books: Books, client_id: int) -> Row:
    def restore(_: Row) -> None:
        books.change("clients", client_id, {"isArchived": False})

    return _edited(books, client_id, restore)


def remove_client(books: Books, client_id: int) -> None:
    """Delete the client and everything of it. The facts do not say what UCRM refuses here."""
    row = client_as_read(books, books.get("clients", client_id))
    for service in books.find("services", "client", client_id):
        for surcharge in books.find("serviceSurcharges", "service", service["id"]):
            books.remove("serviceSurcharges", surcharge["id"])
    for table in ("services", "fees", "documents", "clientLogs", "invoices", "creditNotes"):
        for owned in books.find(table, "client", client_id):
            books.remove(table, owned["id"])
    books.remove("clients", client_id)
    events.note(books, "client.delete", row)


def convert_lead(books: Books, client: Row) -> None:
    """A lead that gets a service is a client from then on [APIB, ServiceWritable.isQuoted]."""
    if client["isLead"]:
        books.change("clients", client["id"], {"isLead": False, "leadConvertedAt": books.now()})


def empty(shape: Shape) -> Row:
    return {name: None for name in shape if name not in _NEVER_KEPT}


def _default_organization(books: Books) -> int:
    rows = books.rows("organizations")
    if not rows:
        raise blank("organizationId")
    return int(next((row for row in rows if row["selected"]), rows[0])["id"])


def _keep(books: Books, before: Row, wanted: Row) -> Row:
    """`before` changed as `wanted` (of the right types), checked whole, then kept."""
    given = {name: value for name, value in wanted.items() if name not in _NEVER_KEPT and value is not None}
    removed = {name: _DEFAULTS.get(name) for name, value in wanted.items() if value is None}
    row = before | {n: v for n, v in removed.items() if n not in _NEVER_KEPT | {"organizationId"}} | given
    _check_client(books, row)
    attributes.check_values(books, "client", wanted.get("attributes"))
    row["id"] = row.get("id") or books.next_id("clients")
    row["registrationDate"] = row["registrationDate"] or books.now()
    row["contacts"] = [*row["contacts"], *(_contact(books, row["id"], c) for c in wanted.get("contacts") or [])]
    row["attributes"] = attributes.with_values(books, "client", row, wanted.get("attributes"))
    return client_as_read(books, books.add("clients", row))


def _check_client(books: Books, row: Row) -> None:
    if row["clientType"] not in (1, 2):
        raise invalid(clientType="The value you selected is not a valid choice.")
    needed = ("firstName", "lastName") if row["clientType"] == 1 else ("companyName",)
    if missing := [name for name in needed if not row[name]]:
        raise blank(*missing)
    if not books.has("organizations", row["organizationId"]):
        raise invalid(organizationId="Organization does not exist.")
    for name in ("tax1Id", "tax2Id", "tax3Id"):
        if row[name] is not None and not TAXES.has(books, row[name]):
            raise invalid(**{name: "Tax does not exist."})


def _contact(books: Books, client_id: int, wanted: Row) -> Row:
    return {"id": books.next_id("contacts"), "clientId": client_id, **_contact_fields(books, wanted)}


def _contact_fields(books: Books, wanted: Row) -> Row:
    return {
        **{name: wanted.get(name) for name in ("email", "phone", "name")},
        **{name: bool(wanted.get(name)) for name in ("isBilling", "isContact")},
        "types": [{"id": books.next_id("contactTypes"), "name": t.get("name")} for t in wanted.get("types") or []],
    }


def list_contacts(books: Books, client_id: int) -> list[Row]:
    return list(books.get("clients", client_id)["contacts"])


def add_contact(books: Books, client_id: int, body: object) -> Row:
    contact = _contact(books, client_id, read_body(body, CONTACT))
    _set_contacts(books, client_id, [*list_contacts(books, client_id), contact])
    return contact


def get_contact(books: Books, contact_id: int) -> Row:
    for client in books.find("clients", "contact", contact_id):
        return dict(next(contact for contact in client["contacts"] if contact["id"] == contact_id))
    raise not_found()


def change_contact(books: Books, contact_id: int, body: object) -> Row:
    contact, wanted = get_contact(books, contact_id), read_body(body, CONTACT)
    fields = _contact_fields(books, contact | wanted)
    changed = contact | (fields if "types" in wanted else fields | {"types": contact["types"]})
    contacts = [changed if other["id"] == contact_id else other for other in list_contacts(books, contact["clientId"])]
    _set_contacts(books, contact["clientId"], contacts)
    return changed


def remove_contact(books: Books, contact_id: int) -> None:
    client_id = get_contact(books, contact_id)["clientId"]
    kept = [other for other in list_contacts(books, client_id) if other["id"] != contact_id]
    _set_contacts(books, client_id, kept)


def _set_contacts(books: Books, client_id: int, contacts: list[Row]) -> None:
    books.change("clients", client_id, {"contacts": contacts})
