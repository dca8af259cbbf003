"""Clients' documents, and the log of each client."""

import base64
import binascii
import hashlib
import mimetypes

from callmeter.local.ucrm.books import Books
from callmeter.local.ucrm.fields import Query, Row, blank, invalid, not_found, read_body, within_days
from callmeter.local.ucrm.shapes import CLIENT_LOG, DOCUMENT


def list_documents(books: Books, query: Query) -> list[Row]:
    client_id, kinds = query.integer("clientId"), query.array("types", "document", "image", "other")
    rows = books.rows("documents") if client_id is None else books.find("documents", "client", client_id)
    return query.page([row for row in rows if not kinds or row["type"] in kinds])


def add_document(books: Books, body: object) -> Row:
    """Keep the base64 `file` as a document of its client; its type is told from its name."""
    wanted = read_body(body, DOCUMENT)
    for name in ("clientId", "name"):
        if not wanted.get(name):
            raise blank(name)
    if not books.has("clients", wanted["clientId"]):
        raise invalid(clientId="Client does not exist.")
    if wanted.get("templateId") is not None:
        raise invalid(templateId="Document template does not exist.")
    content = _decoded(wanted.get("file"))
    suffix = "." + wanted["name"].rpartition(".")[2] if "." in wanted["name"] else ""
    number = books.next_id("documents")
    stored = hashlib.sha256(content).hexdigest()[:32] + f"-{number}"
    books.files.mkdir(parents=True, exist_ok=True)
    (books.files / stored).write_bytes(content)
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
        raise blank("file")
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
    books.remove("documents", document_id)


def list_logs(books: Books, query: Query) -> list[Row]:
    client_id = query.integer("clientId")
    if client_id is None:
        return within_days(books.rows("clientLogs"), query)
    books.get("clients", client_id)
    return within_days(books.find("clientLogs", "client", client_id), query)


def add_log(books: Books, body: object) -> Row:
    wanted = read_body(body, CLIENT_LOG)
    for name in ("message", "clientId"):
        if not wanted.get(name):
            raise blank(name)
    if not books.has("clients", wanted["clientId"]):
        raise invalid(clientId="Client does not exist.")
    if wanted.get("userId") is not None:
        raise invalid(userId="User does not exist.")
    row = {"userId": None, **wanted, "createdDate": wanted.get("createdDate") or books.now()}
    return books.add("clientLogs", row)
