"""The API's paths and what each does. One line a documented endpoint; everything else is 404 or 405."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from callmeter.local.ucrm import attributes, clients, invoices
from callmeter.local.ucrm.books import Books, shown
from callmeter.local.ucrm.fields import NOTHING, Query, RefusalError, Row, read_body

VERSION = "4.5.33"


@dataclass(frozen=True)
class Call:
    """One request as its endpoint sees it. `body` is the JSON sent, {} where none was."""

    books: Books
    ids: tuple[int, ...]
    query: Query
    body: Any


@dataclass(frozen=True)
class Answer:
    """`content` as JSON, or bytes of a media type."""

    status: int = 200
    content: Any = None
    media_type: str = "application/json"
    location: str = ""


Endpoint = Callable[[Call], Answer]


def _read(table: str) -> Endpoint:
    return lambda call: Answer(content=shown(call.books.get(table, call.ids[0])))


def _listed(rows: Callable[[Books, Query], list[Row]]) -> Endpoint:
    return lambda call: Answer(content=[shown(row) for row in rows(call.books, call.query)])


def _table(name: str) -> Endpoint:
    return _listed(lambda books, query: query.page(books.rows(name)))


def _created(path: str, make: Callable[[Call], Row]) -> Endpoint:
    def endpoint(call: Call) -> Answer:
        row = make(call)
        return Answer(201, shown(row), location=f"{path}/{row['id']}")

    return endpoint


def _changed(change: Callable[[Books, int], Row | None]) -> Endpoint:
    """An action without a body, such as approve."""

    def endpoint(call: Call) -> Answer:
        read_body(call.body, NOTHING)
        row = change(call.books, call.ids[0])
        return Answer(content=None if row is None else shown(row))

    return endpoint


def _client(call: Call) -> Answer:
    row = call.books.get("clients", call.ids[0])
    return Answer(content=shown(clients.client_as_read(call.books, row)))


def _change_client(call: Call) -> Answer:
    return Answer(content=shown(clients.change_client(call.books, call.ids[0], call.body)))


def _next_number(call: Call) -> Answer:
    return Answer(content={"invoiceNumber": invoices.next_number(call.books, call.ids[0], proforma=False)})


def _items(call: Call) -> Answer:
    return Answer(content=[shown(item) for item in call.books.get("invoices", call.ids[0])["items"]])


def _file(call: Call) -> Answer:
    media_type, content = clients.document_file(call.books, call.ids[0])
    return Answer(content=content, media_type=media_type)


def _remove_document(call: Call) -> Answer:
    clients.remove_document(call.books, call.ids[0])
    return Answer()


ROUTES: dict[str, Endpoint] = {
    "GET /version": lambda _: Answer(content={"version": VERSION}),
    "GET /options": lambda call: Answer(content=call.books.options),
    "GET /organizations": _table("organizations"),
    "GET /organizations/{id}": _read("organizations"),
    "GET /organizations/{id}/next-invoice-number": _next_number,
    "GET /currencies": _table("currencies"),
    "GET /currencies/{id}": _read("currencies"),
    "GET /taxes": _table("taxes"),
    "GET /taxes/{id}": _read("taxes"),
    "GET /clients": _listed(clients.list_clients),
    "POST /clients": _created("/clients", lambda call: clients.add_client(call.books, call.body)),
    "GET /clients/{id}": _client,
    "PATCH /clients/{id}": _change_client,
    "PATCH /clients/{id}/archive": _changed(lambda books, number: clients.archive_client(books, number, True)),
    "PATCH /clients/{id}/restore": _changed(lambda books, number: clients.archive_client(books, number, False)),
    "GET /custom-attributes": _listed(attributes.list_definitions),
    "POST /custom-attributes": _created("/custom-attributes", lambda call: attributes.define(call.books, call.body)),
    "GET /custom-attributes/{id}": _read("customAttributes"),
    "GET /invoices": _listed(invoices.list_invoices),
    "POST /clients/{id}/invoices": _created(
        "/clients/invoices", lambda call: invoices.issue(call.books, call.ids[0], call.body)
    ),
    "GET /invoices/{id}": _read("invoices"),
    "GET /invoices/{id}/items": _items,
    "PATCH /invoices/{id}/approve": _changed(invoices.approve),
    "PATCH /invoices/{id}/send": _changed(invoices.send),
    "PATCH /invoices/{id}/void": _changed(invoices.void),
    "GET /documents": _listed(clients.list_documents),
    "POST /documents": _created("/documents", lambda call: clients.add_document(call.books, call.body)),
    "GET /documents/{id}": _read("documents"),
    "GET /documents/{id}/file": _file,
    "DELETE /documents/{id}": _remove_document,
    "GET /client-logs": _listed(clients.list_logs),
    "POST /client-logs": _created("/client-logs", lambda call: clients.add_log(call.books, call.body)),
    "GET /client-logs/{id}": _read("clientLogs"),
}


def find(method: str, path: str) -> tuple[Endpoint, tuple[int, ...]]:
    """The endpoint of `path` (below /crm/api/v1.0) and the ids in it. Raises RefusalError 404 or 405."""
    other_methods = []
    for route, endpoint in ROUTES.items():
        wanted, pattern = route.split(" ")
        if match := re.fullmatch(pattern.replace("{id}", "([0-9]{1,18})"), path):
            if wanted == method:
                return endpoint, tuple(int(number) for number in match.groups())
            other_methods.append(wanted)
    if other_methods:
        allowed = ", ".join(other_methods)
        raise RefusalError(405, f"Method {method} is not allowed for {path}: allowed is {allowed}.")
    raise RefusalError(404, f"No route found for {method} {path}.")
