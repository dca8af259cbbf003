"""What a person does in UCRM's own pages, past the API's rules for programs: POST /_standin/hands/WHAT/ID."""

from collections.abc import Callable
from decimal import Decimal

from callmeter.local.ucrm import clients, documents, events, invoices
from callmeter.local.ucrm.books import Books
from callmeter.local.ucrm.fields import RefusalError, Row, read_body
from callmeter.local.ucrm.shapes import INVOICE_ITEM_UPDATE


def _edit_item(books: Books, item_id: int, fields: Row) -> None:
    row, item = invoices.get_item(books, item_id)
    invoices.put_item(books, row, item, read_body(fields, INVOICE_ITEM_UPDATE))


def _delete_item(books: Books, item_id: int, _: Row) -> None:
    row, item = invoices.get_item(books, item_id)
    invoices.put_items(books, row, [other for other in row["items"] if other is not item])


def _pay(books: Books, invoice_id: int, fields: Row) -> None:
    """Pay `amount`, or all that is left."""
    row = books.get("invoices", invoice_id)
    amount = Decimal(fields["amount"] if "amount" in fields else row["amountToPay"])
    changed = books.change("invoices", invoice_id, invoices.with_payment(books, row, amount))
    events.note(books, "payment.add", {"id": books.last_ids["payments"], "clientId": row["clientId"], "amount": amount})
    events.note(books, "invoice.edit", changed, row)


def _rename_document(books: Books, document_id: int, fields: Row) -> None:
    books.change("documents", document_id, {"name": str(fields["name"])})


def _defer_change(books: Books, service_id: int, fields: Row) -> None:
    """The service waits for a change of plan: its surcharges cannot be edited. `pending` false: no more."""
    books.change("services", service_id, {"_deferredChange": fields.get("pending", True)})


HANDS: dict[str, Callable[[Books, int, Row], object]] = {
    "edit-item": _edit_item,
    "delete-item": _delete_item,
    "approve": lambda books, number, _: invoices.approve(books, number),
    "void": lambda books, number, _: invoices.void(books, number),
    "pay": _pay,
    "delete-invoice": lambda books, number, _: invoices.remove(books, number),
    "archive-client": lambda books, number, _: clients.archive_client(books, number),
    "rename-document": _rename_document,
    "delete-document": lambda books, number, _: documents.remove_document(books, number),
    "defer-change": _defer_change,
    "test-webhook": lambda books, number, _: events.note(books, "test", {"id": number}),
}


def do(books: Books, what: str, number: int, fields: Row) -> None:
    """Let a person do this to the row. Raises RefusalError where there is no such row or deed."""
    if what not in HANDS:
        raise RefusalError(404, f"A person can: {', '.join(HANDS)}.")
    HANDS[what](books, number, fields)
