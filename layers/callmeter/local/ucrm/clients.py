"""Clients, and what hangs on them besides invoices: documents and log entries."""

import base64
import binascii
import hashlib
import mimetypes
from decimal import Decimal

from callmeter.local.ucrm import attributes
from callmeter.local.ucrm.books import Books, write_whole
from callmeter.local.ucrm.fields import (
    CLIENT,
    CLIENT_LOG,
    DOCUMENT,
    Query,
    Row,
    Shape,
    invalid,
    not_found,
    read_body,
)

_DEFAULTS: Row = {
    "isLead": False, "clientType": 1, "invoiceAddressSameAsContact": False, "contacts": [], "attributes": [],
    "bankAccounts": [], "tags": [], "isArchived": False, "_credit": 0,
}  # fmt: skip
_NEVER_KEPT = {"password", "attributes", "contacts"}
_ORDERS = {
    "user.firstName": "firstName", "user.lastName": "lastName", "client.registrationDate": "registrationDate",
    "client.id": "id",
}  # fmt: skip


def list_clients(books: Books, query: Query) -> list[Row]:
    archived = bool(query.flag("isArchived"))
    rows = [row for row in books.rows("clients") if row["isArchived"] == archived]
    for name in ("userIdent", "username"):
        if (text := query.text(name)) is not None:
            rows = [row for row in rows if row[name] == text]
    for name in ("email", "phone"):
        if (text := query.text(name)) is not None:
            rows = [row for row in rows if any(contact[name] == text for contact in row["contacts"])]
    if (organization_id := query.integer("organizationId")) is not None:
        rows = [row for row in rows if row["organizationId"] == organization_id]
    if (lead := query.flag("lead")) is not None:
        rows = [row for row in rows if row["isLead"] == lead]
    if (text := query.search()) is not None:
        rows = [row for row in rows if text in " ".join(_searched(row)).casefold()]
    rows = attributes.filter_by_value(books, "client", rows, query)
    by = _ORDERS[query.one_of("order", "client.id", *_ORDERS)]
    down = query.one_of("direction", "ASC", "ASC", "DESC") == "DESC"
    rows = sorted(rows, key=lambda row: row[by] if by == "id" else str(row[by] or ""), reverse=down)
    return [client_as_read(books, row) for row in query.page(rows)]


def _searched(row: Row) -> list[str]:
    contacts = [text for contact in row["contacts"] for text in (contact["email"], contact["name"])]
    names = [row["firstName"], row["lastName"], row["companyName"], row["userIdent"], *contacts]
    return [text for text in names if text]


def client_as_read(books: Books, row: Row) -> Row:
    """`row` with what follows from its organization and invoices."""
    organization = books.get("organizations", row["organizationId"])
    owed = [i for i in books.rows("invoices") if i["clientId"] == row["id"] and i["status"] in (1, 2)]
    outstanding = sum((i["amountToPay"] for i in owed), Decimal(0))
    due_before = books.now()[:10]
    return {
        **row,
        "isActive": row["username"] is not None,
        "accountBalance": row["_credit"] - outstanding,
        "accountCredit": row["_credit"],
        "accountOutstanding": outstanding,
        "currencyCode": currency_code(books, organization),
        "organizationName": organization["name"],
        "hasOverdueInvoice": any(i["dueDate"][:10] < due_before for i in owed),
        "usesProforma": bool(row["generateProformaInvoices"]),
        **dict.fromkeys(("invitationEmailSentDate", "leadConvertedAt")),
        **dict.fromkeys(("hasSuspendedService", "hasOutage", "hasServiceWithoutDevices"), False),
        **dict.fromkeys(("hasPaymentSubscription", "hasAutopayCreditCard"), False),
    }


def currency_code(books: Books, organization: Row) -> str:
    return str(books.get("currencies", organization["currencyId"])["code"])


def add_client(books: Books, body: object) -> Row:
    wanted = read_body(body, CLIENT)
    organization = wanted.get("organizationId") or _default_organization(books)
    return _keep(books, blank(CLIENT) | _DEFAULTS | {"organizationId": organization}, wanted)


def change_client(books: Books, client_id: int, body: object) -> Row:
    return _keep(books, books.get("clients", client_id), read_body(body, CLIENT))


def archive_client(books: Books, client_id: int, archived: bool) -> Row:
    row = books.get("clients", client_id)
    row["isArchived"] = archived
    return client_as_read(books, row)


def blank(shape: Shape) -> Row:
    return {name: None for name in shape if name not in _NEVER_KEPT}


def _default_organization(books: Books) -> int:
    rows = books.rows("organizations")
    if not rows:
        raise invalid(organizationId="This value should not be blank.")
    return int(next((row for row in rows if row["selected"]), rows[0])["id"])


def _keep(books: Books, before: Row, wanted: Row) -> Row:
    """`before` changed as `wanted` (of the right types), checked whole, then kept."""
    given = {name: value for name, value in wanted.items() if name not in _NEVER_KEPT and value is not None}
    removed = {name: _DEFAULTS.get(name) for name, value in wanted.items() if value is None}
    row = before | {n: v for n, v in removed.items() if n not in _NEVER_KEPT | {"organizationId"}} | given
    _check_client(books, row)
    attributes.check_values(books, "client", wanted.get("attributes"))
    row["registrationDate"] = row["registrationDate"] or books.now()
    row = books.add("clients", row)
    row["contacts"] = [*row["contacts"], *(_contact(books, row, c) for c in wanted.get("contacts") or [])]
    attributes.set_values(books, "client", row, wanted.get("attributes"))
    return client_as_read(books, row)


def _contact(books: Books, client: Row, wanted: Row) -> Row:
    return {
        "id": books.next_id("contacts"),
        "clientId": client["id"],
        **{name: wanted.get(name) for name in ("email", "phone", "name")},
        **{name: bool(wanted.get(name)) for name in ("isBilling", "isContact")},
        "types": [{"id": books.next_id("contactTypes"), "name": t.get("name")} for t in wanted.get("types") or []],
    }


def _check_client(books: Books, row: Row) -> None:
    if row["clientType"] not in (1, 2):
        raise invalid(clientType="The value you selected is not a valid choice.")
    needed = ("firstName", "lastName") if row["clientType"] == 1 else ("companyName",)
    if missing := {name: "This value should not be blank." for name in needed if not row[name]}:
        raise invalid(**missing)
    if not books.has("organizations", row["organizationId"]):
        raise invalid(organizationId="Organization does not exist.")
    for name in ("tax1Id", "tax2Id", "tax3Id"):
        if row[name] is not None and not books.has("taxes", row[name]):
            raise invalid(**{name: "Tax does not exist."})


def list_documents(books: Books, query: Query) -> list[Row]:
    client_id, kinds = query.integer("clientId"), query.array("types", "document", "image", "other")
    rows = [row for row in books.rows("documents") if client_id in (None, row["clientId"])]
    return query.page([row for row in rows if not kinds or row["type"] in kinds])


def add_document(books: Books, body: object) -> Row:
    """Keep the base64 `file` as a document of its client; its type is told from its name."""
    wanted = read_body(body, DOCUMENT)
    for name in ("clientId", "name"):
        if not wanted.get(name):
            raise invalid(**{name: "This value should not be blank."})
    if not books.has("clients", wanted["clientId"]):
        raise invalid(clientId="Client does not exist.")
    if wanted.get("templateId") is not None:
        raise invalid(templateId="Document template does not exist.")
    content = _decoded(wanted.get("file"))
    suffix = "." + wanted["name"].rpartition(".")[2] if "." in wanted["name"] else ""
    number = books.next_id("documents")
    stored = hashlib.sha256(content).hexdigest()[:32] + f"-{number}"
    books.files.mkdir(parents=True, exist_ok=True)
    write_whole(books.files / stored, content)
    row = {
        "id": number,
        "userId": None,
        "clientId": wanted["clientId"],
        "name": wanted["name"],
        "type": _document_type(wanted["name"]),
        "createdDate": books.now(),
        "path": f"/data/documents/{wanted['clientId']}/{stored}{suffix}",
        "size": len(content),
        "_file": stored,
    }
    return books.add("documents", row)


def _decoded(text: str | None) -> bytes:
    if not text:
        raise invalid(file="This value should not be blank.")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise invalid(file="This value is not valid base64.") from None


def _document_type(name: str) -> str:
    kind = mimetypes.guess_type(name)[0] or ""
    if kind.startswith("image/"):
        return "image"
    return "document" if kind == "application/pdf" or kind.startswith("text/") else "other"


def document_file(books: Books, document_id: int) -> tuple[str, bytes]:
    """The document's media type and content."""
    row = books.get("documents", document_id)
    try:
        content = (books.files / row["_file"]).read_bytes()
    except FileNotFoundError:
        raise not_found() from None
    return mimetypes.guess_type(row["name"])[0] or "application/octet-stream", content


def remove_document(books: Books, document_id: int) -> None:
    """Forget the document. Its file stays, so that a kill before the state is saved loses nothing."""
    books.get("documents", document_id)
    del books.tables["documents"][document_id]


def list_logs(books: Books, query: Query) -> list[Row]:
    client_id = query.integer("clientId")
    if client_id is not None:
        books.get("clients", client_id)
    rows = [row for row in books.rows("clientLogs") if client_id in (None, row["clientId"])]
    return within_days(rows, query)


def within_days(rows: list[Row], query: Query) -> list[Row]:
    """The rows created from `createdDateFrom` to `createdDateTo`, both days included."""
    first, last = query.day("createdDateFrom"), query.day("createdDateTo")
    if first is not None:
        rows = [row for row in rows if row["createdDate"][:10] >= first.isoformat()]
    if last is not None:
        rows = [row for row in rows if row["createdDate"][:10] <= last.isoformat()]
    return rows


def add_log(books: Books, body: object) -> Row:
    wanted = read_body(body, CLIENT_LOG)
    for name in ("message", "clientId"):
        if not wanted.get(name):
            raise invalid(**{name: "This value should not be blank."})
    if not books.has("clients", wanted["clientId"]):
        raise invalid(clientId="Client does not exist.")
    if wanted.get("userId") is not None:
        raise invalid(userId="User does not exist.")
    row = {"userId": None, **wanted, "createdDate": wanted.get("createdDate") or books.now()}
    return books.add("clientLogs", row)
