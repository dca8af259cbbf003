"""Credit notes: money a client gets back, as credit for its next invoices.

Their items have prices below zero, as in the blueprint's example; a price above is refused, so that nothing relies
on what UCRM makes of it. They carry no attributes.
"""

from decimal import Decimal

from callmeter.local.ucrm import invoices, totals
from callmeter.local.ucrm.books import Books
from callmeter.local.ucrm.clients import currency_code
from callmeter.local.ucrm.fields import Query, RefusalError, Row, invalid, invalid_fields, read_body
from callmeter.local.ucrm.invoice_list import page
from callmeter.local.ucrm.invoice_numbers import is_used
from callmeter.local.ucrm.items import free_item, wrong_taxes
from callmeter.local.ucrm.shapes import CREDIT_NOTE_NEW, CREDIT_NOTE_UPDATE

_BLANK = "This value should not be blank."


def listed(books: Books, query: Query) -> list[Row]:
    rows = books.rows("creditNotes")
    for name, table, field in (
        ("clientId", "clients", "clientId"),
        ("organizationId", "organizations", "_organizationId"),
    ):
        if (owner := query.integer(name)) is not None:
            books.get(table, owner)
            rows = [row for row in rows if row[field] == owner]
    if (number := query.text("number")) is not None:
        rows = [row for row in rows if row["number"] == number]
    return page(rows, query)


def issue(books: Books, client_id: int, body: object) -> Row:
    """A new credit note, numbered at once; its sum is the client's credit."""
    client = invoices.client_to_invoice(books, client_id)
    wanted = read_body(body, CREDIT_NOTE_NEW)
    _check(books, wanted)
    if not wanted.get("items"):
        raise invalid(items="This collection should contain 1 element or more.")
    organization = books.get("organizations", client["organizationId"])
    currency = currency_code(books, organization)
    row: Row = {
        "id": books.next_id("creditNotes"),
        "clientId": client_id,
        "number": _take_number(books, organization),
        "createdDate": wanted.get("createdDate") or books.now(),
        **{name: wanted.get(name) for name in ("emailSentDate", "notes", "adminNotes")},
        "creditNoteTemplateId": 1,
        **invoices.copies(client, organization, wanted),
        "items": [free_item(books, item, currency) for item in wanted["items"]],
        **dict.fromkeys(("discount", "discountLabel")),
        "currencyCode": currency,
        "paymentCovers": [],
        "_organizationId": organization["id"],
    }
    return _keep(books, row, Decimal(0))


def _check(books: Books, wanted: Row) -> None:
    for item in wanted.get("items") or []:
        errors = {f"items[].{name}": [_BLANK] for name in ("label", "price") if item.get(name) in (None, "")}
        if (item.get("price") or 0) > 0:
            errors["items[].price"] = ["This value should be less than 0."]
        errors |= {f"items[].{name}": texts for name, texts in wrong_taxes(books, item).items()}
        if errors:
            raise invalid_fields(errors)
    if wanted.get("creditNoteTemplateId") not in (None, 1):
        raise invalid(creditNoteTemplateId="Template does not exist.")


def _take_number(books: Books, organization: Row) -> str:
    upcoming = organization.get("_nextCreditNoteNumber", 1)
    books.change("organizations", organization["id"], {"_nextCreditNoteNumber": upcoming + 1})
    return f"CN{organization['_numberPrefix']}{upcoming:0{organization['_numberLength']}d}"


def _keep(books: Books, row: Row, credited_before: Decimal) -> Row:
    """Keep `row` with its totals; the client's credit moves by what it comes to more than before."""
    mode = books.options["pricingMode"]
    row = row | totals.of_invoice(row["items"], books.tables["taxes"], None, mode, row["currencyCode"])
    _move_credit(books, row["clientId"], -row["total"] - credited_before)
    return books.add("creditNotes", row)


def _move_credit(books: Books, client_id: int, amount: Decimal) -> None:
    credit = books.get("clients", client_id)["_credit"] + amount
    if credit < 0:
        raise RefusalError(422, "The credit of this credit note has been used.")
    books.change("clients", client_id, {"_credit": credit})


def change(books: Books, number: int, body: object) -> Row:
    """Set what is given; items are added, as an invoice's are."""
    before, wanted = books.get("creditNotes", number), read_body(body, CREDIT_NOTE_UPDATE)
    _check(books, wanted)
    text = wanted.get("number") or before["number"]
    if text != before["number"] and is_used(books, "creditNotes", before["_organizationId"], None, text):
        raise invalid(number="This credit note number is already used.")
    plain = {name: value for name, value in wanted.items() if name != "items" and value is not None}
    new = [free_item(books, item, before["currencyCode"]) for item in wanted.get("items") or []]
    return _keep(books, before | plain | {"items": [*before["items"], *new]}, -before["total"])


def remove(books: Books, number: int) -> None:
    row = books.get("creditNotes", number)
    _move_credit(books, row["clientId"], row["total"])
    books.remove("creditNotes", number)


def send(books: Books, number: int) -> Row:
    row = books.get("creditNotes", number)
    if not invoices.has_billing_email(books, row["clientId"]):
        raise RefusalError(422, "Email could not be sent, because client has no billing email.")
    return books.change("creditNotes", number, {"emailSentDate": books.now()})
