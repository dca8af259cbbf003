"""The API's paths and what each does. One line a documented endpoint; everything else is 404 or 405."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from callmeter.local.ucrm import (
    attributes,
    clients,
    credit_notes,
    documents,
    events,
    fees,
    invoice_list,
    invoice_numbers,
    invoices,
    plans,
    service_surcharges,
    services,
    users,
)
from callmeter.local.ucrm.books import Books, shown
from callmeter.local.ucrm.catalogue import PRODUCTS, REASONS, SURCHARGES, TAXES, Catalogue
from callmeter.local.ucrm.fields import Query, RefusalError, Row, read_body
from callmeter.local.ucrm.shapes import NOTHING

VERSION = "4.5.33"


@dataclass(frozen=True)
class Call:
    """One request as its endpoint sees it. `body` is the JSON sent, {} where none was; `id` what the path names."""

    books: Books
    id: Any
    query: Query
    body: Any


@dataclass(frozen=True)
class Answer:
    """`content` as JSON, or bytes of a media type."""

    status: int = 200
    content: Any = None
    media_type: str = "application/json"
    location: str = ""
    retry_after_seconds: int | None = None


Endpoint = Callable[[Call], Answer]


def _read(read: Callable[[Books, Any], Row]) -> Endpoint:
    return lambda call: Answer(content=shown(read(call.books, call.id)))


def _row(table: str) -> Endpoint:
    return _read(lambda books, number: books.get(table, number))


def _listed(rows: Callable[[Books, Query], list[Row]]) -> Endpoint:
    return lambda call: Answer(content=[shown(row) for row in rows(call.books, call.query)])


def _table(name: str) -> Endpoint:
    return _listed(lambda books, query: query.page(books.rows(name)))


def _owned(rows: Callable[[Books, int], list[Row]]) -> Endpoint:
    """All rows of the one the path names."""
    return lambda call: Answer(content=[shown(row) for row in rows(call.books, call.id)])


def _made(path: str, make: Callable[[Books, Any], Row]) -> Endpoint:
    """A POST of a body."""
    return _made_for(path, lambda books, _, body: make(books, body))


def _made_for(path: str, make: Callable[[Books, int, Any], Row]) -> Endpoint:
    """A POST of a body, for the row the path names."""

    def endpoint(call: Call) -> Answer:
        row = make(call.books, call.id, call.body)
        return Answer(201, shown(row), location=f"{path}/{row['id']}")

    return endpoint


def _given(change: Callable[[Books, int, Any], Row | None]) -> Endpoint:
    """A PATCH with a body."""

    def endpoint(call: Call) -> Answer:
        row = change(call.books, call.id, call.body)
        return Answer(content=None if row is None else shown(row))

    return endpoint


def _changed(change: Callable[[Books, int], Row | None]) -> Endpoint:
    """An action without a body, such as approve; a DELETE."""

    def bare(books: Books, number: int, body: object) -> Row | None:
        read_body(body, NOTHING)
        return change(books, number)

    return _given(bare)


def _client(books: Books, client_id: int) -> Row:
    return clients.client_as_read(books, books.get("clients", client_id))


def _next_number(proforma: bool) -> Callable[[Books, int], Row]:
    return lambda books, number: {"invoiceNumber": invoice_numbers.next_number(books, number, proforma)}


def _preview(call: Call) -> Answer:
    return Answer(content=shown(invoices.preview(call.books, call.id, call.body)))


def _file(call: Call) -> Answer:
    media_type, content = documents.document_file(call.books, call.id)
    return Answer(content=content, media_type=media_type)


def _whole(path: str, catalogue: Catalogue) -> dict[str, Endpoint]:
    """List, make, read, change and remove."""
    return {
        f"GET {path}": _listed(catalogue.listed),
        f"POST {path}": _made(path, catalogue.add),
        f"GET {path}/{{id}}": _read(catalogue.get),
        f"PATCH {path}/{{id}}": _given(catalogue.change),
        f"DELETE {path}/{{id}}": _changed(catalogue.remove),
    }


_GENERAL: dict[str, Endpoint] = {
    "GET /version": lambda _: Answer(content={"version": VERSION}),
    "GET /options": lambda call: Answer(content=shown(call.books.options)),
    "GET /organizations": _table("organizations"),
    "GET /organizations/{id}": _row("organizations"),
    "GET /organizations/{id}/next-invoice-number": _read(_next_number(proforma=False)),
    "GET /organizations/{id}/next-proforma-invoice-number": _read(_next_number(proforma=True)),
    "GET /currencies": _table("currencies"),
    "GET /currencies/{id}": _row("currencies"),
    "GET /users/admins": _table("users"),
    "GET /users/admins/me": _read(lambda books, _: users.me(books)),
    "GET /users/admins/{id}": _row("users"),
    "GET /webhook-events/{uuid}": _read(events.read),
    "GET /custom-attributes": _listed(attributes.list_definitions),
    "POST /custom-attributes": _made("/custom-attributes", attributes.define),
    "GET /custom-attributes/{id}": _row("customAttributes"),
    "PATCH /custom-attributes/{id}": _given(attributes.redefine),
    "DELETE /custom-attributes/{id}": _changed(attributes.forget),
    **_whole("/products", PRODUCTS),
    **_whole("/surcharges", SURCHARGES),
    **_whole("/service-suspension-reasons", REASONS),
    **{route: do for route, do in _whole("/taxes", TAXES).items() if not route.startswith("PATCH")},
}

_CLIENTS: dict[str, Endpoint] = {
    "GET /clients": _listed(clients.list_clients),
    "POST /clients": _made("/clients", clients.add_client),
    "GET /clients/{id}": _read(_client),
    "PATCH /clients/{id}": _given(clients.change_client),
    "DELETE /clients/{id}": _changed(clients.remove_client),
    "PATCH /clients/{id}/archive": _changed(clients.archive_client),
    "PATCH /clients/{id}/restore": _changed(clients.restore_client),
    "GET /clients/{id}/contacts": _owned(clients.list_contacts),
    "POST /clients/{id}/contacts": _made_for("/clients/contacts", clients.add_contact),
    "GET /clients/contacts/{id}": _read(clients.get_contact),
    "PATCH /clients/contacts/{id}": _given(clients.change_contact),
    "DELETE /clients/contacts/{id}": _changed(clients.remove_contact),
    "GET /documents": _listed(documents.list_documents),
    "POST /documents": _made("/documents", documents.add_document),
    "GET /documents/{id}": _row("documents"),
    "GET /documents/{id}/file": _file,
    "DELETE /documents/{id}": _changed(documents.remove_document),
    "GET /client-logs": _listed(documents.list_logs),
    "POST /client-logs": _made("/client-logs", documents.add_log),
    "GET /client-logs/{id}": _row("clientLogs"),
    "DELETE /client-logs/{id}": _changed(lambda books, number: books.remove("clientLogs", number)),
}

_SERVICES: dict[str, Endpoint] = {
    "GET /service-plans": _listed(plans.listed),
    "POST /service-plans": _made("/tariffs", plans.add),
    "GET /service-plans/{id}": _read(plans.get),
    "PATCH /service-plans/{id}": _given(plans.change),
    "DELETE /service-plans/{id}": _changed(plans.remove),
    "GET /service-plans/by-period-id/{id}": _read(plans.by_period),
    "GET /clients/services": _listed(services.listed),
    "POST /clients/{id}/services": _made_for("/clients/services", services.add),
    "GET /clients/services/{id}": _read(services.read),
    "PATCH /clients/services/{id}": _given(services.change),
    "DELETE /clients/services/{id}": _changed(services.remove),
    "PATCH /clients/services/{id}/end": _changed(services.end),
    "PATCH /clients/services/{id}/activate-quoted": _given(services.activate),
    "PATCH /clients/services/{id}/suspend": _given(services.suspend),
    "PATCH /clients/services/{id}/cancel-suspend": _changed(services.cancel_suspend),
    "GET /clients/services/{id}/service-surcharges": _owned(service_surcharges.listed),
    "POST /clients/services/{id}/service-surcharges": _made_for(
        "/clients/services/service-surcharges", service_surcharges.add
    ),
    "GET /clients/services/service-surcharges/{id}": _row("serviceSurcharges"),
    "PATCH /clients/services/service-surcharges/{id}": _given(service_surcharges.change),
    "DELETE /clients/services/service-surcharges/{id}": _changed(service_surcharges.remove),
    "GET /fees": _listed(fees.listed),
    "GET /fees/{id}": _row("fees"),
    "DELETE /fees/{id}": _changed(fees.remove),
}

_INVOICES: dict[str, Endpoint] = {
    "GET /invoices": _listed(invoice_list.list_invoices),
    "POST /clients/{id}/invoices": _made_for("/clients/invoices", invoices.issue),
    "POST /clients/{id}/invoice-preview": _preview,
    "GET /invoices/{id}": _row("invoices"),
    "PATCH /invoices/{id}": _given(invoices.change),
    "DELETE /invoices/{id}": _changed(invoices.remove),
    "GET /invoices/{id}/items": _owned(lambda books, number: list(books.get("invoices", number)["items"])),
    "PATCH /invoices/{id}/approve": _changed(invoices.approve),
    "PATCH /invoices/{id}/send": _changed(invoices.send),
    "PATCH /invoices/{id}/void": _changed(invoices.void),
    "GET /invoices/items/{id}": _read(lambda books, number: invoices.get_item(books, number)[1]),
    "PATCH /invoices/items/{id}": _given(invoices.change_item),
    "DELETE /invoices/items/{id}": _changed(invoices.remove_item),
    "GET /credit-notes": _listed(credit_notes.listed),
    "POST /clients/{id}/credit-note": _made_for("/credit-notes", credit_notes.issue),
    "GET /credit-notes/{id}": _row("creditNotes"),
    "PATCH /credit-notes/{id}": _given(credit_notes.change),
    "DELETE /credit-notes/{id}": _changed(credit_notes.remove),
    "PATCH /credit-notes/{id}/send": _changed(credit_notes.send),
}

ROUTES: dict[str, Endpoint] = {**_GENERAL, **_CLIENTS, **_SERVICES, **_INVOICES}

_PARTS = {"{id}": "(?P<id>[0-9]{1,18})", "{uuid}": "(?P<uuid>[0-9a-f-]{36})"}


def _pattern(path: str) -> re.Pattern[str]:
    for part, expression in _PARTS.items():
        path = path.replace(part, expression)
    return re.compile(path)


_COMPILED = [(route.split(" ")[0], _pattern(route.split(" ")[1]), do) for route, do in ROUTES.items()]


def find(method: str, path: str) -> tuple[Endpoint, int | str | None]:
    """The endpoint of `path` (below /crm/api/v1.0) and the id in it. Raises RefusalError 404 or 405."""
    other_methods = []
    for wanted, pattern, endpoint in _COMPILED:
        if match := pattern.fullmatch(path):
            if wanted == method:
                named = match.groupdict()
                return endpoint, int(named["id"]) if "id" in named else named.get("uuid")
            other_methods.append(wanted)
    if other_methods:
        allowed = ", ".join(other_methods)
        raise RefusalError(405, f"Method {method} is not allowed for {path}: allowed is {allowed}.")
    raise RefusalError(404, f"No route found for {method} {path}.")
