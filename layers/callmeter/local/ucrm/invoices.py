"""Invoices: what may be issued and changed, and what becomes of them."""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal

from callmeter.local.ucrm import attributes, events, items, totals
from callmeter.local.ucrm.books import Books
from callmeter.local.ucrm.clients import currency_code
from callmeter.local.ucrm.fields import (
    DATE_FORMAT,
    RefusalError,
    Row,
    instant,
    invalid,
    not_found,
    read_body,
)
from callmeter.local.ucrm.invoice_list import DRAFT, PAID, PARTLY_PAID, PROCESSED, UNPAID, VOID
from callmeter.local.ucrm.invoice_numbers import is_used, take_number
from callmeter.local.ucrm.shapes import INVOICE_COPIES, INVOICE_ITEM_UPDATE, INVOICE_NEW, INVOICE_UPDATE

_EMPTIED = ("notes", "adminNotes", "discount", "discountLabel", "emailSentDate")  # by null
_NOT_EDITABLE = "Only unpaid or zero invoice can be edited."  # [2X]


def issue(books: Books, client_id: int, body: object) -> Row:
    """A new invoice of the client: a draft, or numbered at once and paid from credit as far as that goes."""
    client = client_to_invoice(books, client_id)
    wanted = read_body(body, INVOICE_NEW)
    row = _new(books, client, wanted)
    draft = wanted.get("draft")
    if books.options["_draftByDefault"] if draft is None else draft:
        events.note(books, "invoice.add_draft", row)
        return row
    row = _number_and_pay(books, row)
    events.note(books, "invoice.add", row)
    return row


def preview(books: Books, client_id: int, body: object) -> Row:
    """What such an invoice would be; nothing is kept of it."""
    client = client_to_invoice(books, client_id)
    row = _new(books, client, read_body(body, INVOICE_UPDATE))
    books.undo()
    return row | {"id": None}


def client_to_invoice(books: Books, client_id: int) -> Row:
    client = books.get("clients", client_id)
    if client["isArchived"]:
        raise not_found()
    if client["isLead"]:
        raise invalid(client="Client lead cannot be invoiced.")
    return client


def _new(books: Books, client: Row, wanted: Row) -> Row:
    if not wanted.get("items"):
        raise invalid(items="This collection should contain 1 element or more.")
    _check(books, client, wanted, client["organizationId"], bool(wanted.get("proforma")))
    currency = currency_code(books, books.get("organizations", client["organizationId"]))
    return compose(books, client, items.made(books, client, wanted["items"], currency), wanted)


def _check(books: Books, client: Row, wanted: Row, organization_id: int, proforma: bool) -> None:
    for item in wanted.get("items") or []:
        items.check(books, client, item)
    attributes.check_values(books, "invoice", wanted.get("attributes"))
    if wanted.get("payAutomatically"):
        raise invalid(payAutomatically="Client has no credit card with enabled autopay.")
    for name in ("invoiceTemplateId", "proformaInvoiceTemplateId"):
        if wanted.get(name) not in (None, 1):
            raise invalid(**{name: "Template does not exist."})
    if (wanted.get("maturityDays") or 0) < 0:
        raise invalid(maturityDays="This value should be 0 or more.")
    number = wanted.get("number")
    if number and is_used(books, "invoices", organization_id, proforma, number):
        raise invalid(number="This invoice number is already used.")


def compose(books: Books, client: Row, lines: Iterable[Row], wanted: Row) -> Row:
    """A draft with these items (items.py makes them), kept."""
    organization = books.get("organizations", client["organizationId"])
    currency = currency_code(books, organization)
    created = wanted.get("createdDate") or books.now()
    row: Row = {
        "id": books.next_id("invoices"),
        "clientId": client["id"],
        "number": None,
        "createdDate": created,
        "emailSentDate": wanted.get("emailSentDate"),
        **_maturity(books, client, wanted, created),
        "taxableSupplyDate": created,
        **{name: wanted.get(name) for name in ("notes", "adminNotes", "discount", "discountLabel")},
        "invoiceTemplateId": 1,
        "proformaInvoiceTemplateId": 1,
        **copies(client, organization, wanted),
        "proforma": bool(wanted.get("proforma")),
        "payAutomatically": False,
        "items": list(lines),
        "currencyCode": currency,
        "status": DRAFT,
        "amountPaid": Decimal(0),
        "paymentCovers": [],
        "uncollectible": False,
        **dict.fromkeys(("proformaInvoiceId", "generatedInvoiceId")),
        "appliedVatReverseCharge": False,
        "_organizationId": organization["id"],
        "_applyCredit": wanted.get("applyCredit") is not False,
        "_number": wanted.get("number") or None,
    }
    row["attributes"] = attributes.with_values(books, "invoice", row, wanted.get("attributes"))
    row = books.add("invoices", _with_totals(books, row))
    items.recount(books, row)
    return row


def _with_totals(books: Books, row: Row) -> Row:
    mode = books.options["pricingMode"]
    row = row | totals.of_invoice(row["items"], books.tables["taxes"], row["discount"], mode, row["currencyCode"])
    return row | {"amountToPay": row["total"] - row["amountPaid"]}


def _maturity(books: Books, client: Row, wanted: Row, created: str) -> Row:
    choices = (
        wanted.get("maturityDays"),
        client["invoiceMaturityDays"],
        books.options["invoiceMaturityDays"],
    )
    days = next(choice for choice in choices if choice is not None)
    due = instant(created) + timedelta(days=days)
    return {"maturityDays": days, "dueDate": due.strftime(DATE_FORMAT)}


def copies(client: Row, organization: Row, wanted: Row) -> Row:
    """The names and addresses printed on it: those of today unless the request gave others."""
    copies: Row = {}
    for name in INVOICE_COPIES:
        owner, source = ("client", client) if name.startswith("client") else ("organization", organization)
        field = name.removeprefix(owner)
        today = source.get(field[0].lower() + field[1:])
        copies[name] = today if wanted.get(name) is None else wanted[name]
    return copies


def _number_and_pay(books: Books, row: Row) -> Row:
    number = row["_number"] or take_number(books, row["_organizationId"], row["proforma"])
    changes: Row = {"number": number, "status": PARTLY_PAID if row["amountPaid"] else UNPAID}
    if row["_applyCredit"] and not row["proforma"]:
        changes |= _paid_from_credit(books, row)
    if (row | changes)["amountToPay"] <= 0:
        changes["status"] = PAID
    return books.change("invoices", row["id"], changes)


def _paid_from_credit(books: Books, row: Row) -> Row:
    """What the client's credit, as far as it goes, changes on the invoice."""
    client = books.get("clients", row["clientId"])
    amount = min(Decimal(client["_credit"]), row["amountToPay"])
    if amount <= 0:
        return {}
    books.change("clients", client["id"], {"_credit": client["_credit"] - amount})
    return with_payment(books, row, amount)


def with_payment(books: Books, row: Row, amount: Decimal) -> Row:
    """What a payment of `amount` changes on the invoice."""
    cover = {"id": books.next_id("paymentCovers"), "paymentId": books.next_id("payments"), "amount": amount}
    cover |= {"invoiceId": row["id"], "creditNoteId": None, "refundId": None}
    left = row["amountToPay"] - amount
    paid = {"amountPaid": row["amountPaid"] + amount, "amountToPay": left, "status": PARTLY_PAID if left > 0 else PAID}
    return paid | {"paymentCovers": [*row["paymentCovers"], cover]}


def change(books: Books, invoice_id: int, body: object) -> Row:
    """Set what is given, and ADD the items given to those there [APIB: new items are made so; 2X].

    A draft given a number is approved with it [APIB]. All of it is kept at once or not at all.
    """
    before, wanted = editable(books, invoice_id), read_body(body, INVOICE_UPDATE)
    client = client_to_invoice(books, before["clientId"])
    given_number = wanted.get("number") if wanted.get("number") != before["number"] else None
    proforma = before["proforma"] if wanted.get("proforma") is None else wanted["proforma"]
    _check(books, client, wanted | {"number": given_number}, before["_organizationId"], proforma)
    plain = {n: v for n, v in wanted.items() if n not in ("items", "attributes", "number") and v is not None}
    plain |= {name: None for name in _EMPTIED if name in wanted and wanted[name] is None}
    new = items.made(books, client, wanted.get("items") or [], before["currencyCode"])
    row = before | plain
    row |= _maturity(books, client, {"maturityDays": row["maturityDays"]}, row["createdDate"])
    row["items"] = new if new and books.options["_patchReplacesItems"] else [*before["items"], *new]
    row["attributes"] = attributes.with_values(books, "invoice", row, wanted.get("attributes"))
    row = keep_edited(books, before, row)
    if before["status"] != DRAFT:
        row = books.change("invoices", invoice_id, {"number": given_number or row["number"]})
    elif given_number or books.options["_patchApprovesDraft"]:
        books.change("invoices", invoice_id, {"_number": given_number or row["_number"]})
        return approve(books, invoice_id)
    events.note(books, "invoice.edit", row, before)
    return row


def editable(books: Books, invoice_id: int) -> Row:
    """The invoice. Raises RefusalError 422 for one that is paid, in part too, void or processed [2X]."""
    row = books.get("invoices", invoice_id)
    if row["status"] in (DRAFT, UNPAID) or (row["status"] == PAID and row["total"] <= 0):
        return row
    raise RefusalError(422, _NOT_EDITABLE)


def keep_edited(books: Books, before: Row, row: Row) -> Row:
    """Keep `row`, its totals and status worked out anew."""
    row = _with_totals(books, row)
    if row["status"] != DRAFT:
        row["status"] = PAID if row["amountToPay"] <= 0 else PARTLY_PAID if row["amountPaid"] else UNPAID
    row = books.add("invoices", row)
    items.recount(books, before, row)
    return row


def remove(books: Books, invoice_id: int) -> None:
    """Delete the invoice. What was paid is the client's credit again, what it billed can be billed again."""
    row = books.get("invoices", invoice_id)
    _give_back(books, row)
    books.remove("invoices", invoice_id)
    items.recount(books, row)
    events.note(books, "invoice.delete", row)


def _give_back(books: Books, row: Row) -> None:
    if row["amountPaid"]:
        credit = books.get("clients", row["clientId"])["_credit"]
        books.change("clients", row["clientId"], {"_credit": credit + row["amountPaid"]})


def get_item(books: Books, item_id: int) -> tuple[Row, Row]:
    """The invoice with this item, and the item. Raises RefusalError 404."""
    for row in books.find("invoices", "item", item_id):
        return row, next(item for item in row["items"] if item["id"] == item_id)
    raise not_found()


def change_item(books: Books, item_id: int, body: object) -> Row:
    """Change a product's or a free item; a price only of a free one [APIB]."""
    row, item = get_item(books, item_id)
    editable(books, row["id"])
    wanted = read_body(body, INVOICE_ITEM_UPDATE)
    if item["type"] not in ("product", "other"):
        raise RefusalError(422, "Only product or custom invoice items can be edited.")
    if wanted.get("price") is not None and item["type"] != "other":
        raise invalid(price="Price can be changed only for custom invoice items.")
    return put_item(books, row, item, wanted)


def put_item(books: Books, row: Row, item: Row, wanted: Row) -> Row:
    changed = items.edited(books, item, wanted, row["currencyCode"])
    put_items(books, row, [changed if other is item else other for other in row["items"]])
    return changed


def put_items(books: Books, row: Row, lines: list[Row]) -> None:
    """Let the invoice have these items, and the totals they make."""
    events.note(books, "invoice.edit", keep_edited(books, row, row | {"items": lines}), row)


def remove_item(books: Books, item_id: int) -> None:
    row, item = get_item(books, item_id)
    editable(books, row["id"])
    put_items(books, row, [other for other in row["items"] if other is not item])


def approve(books: Books, invoice_id: int) -> Row:
    row = books.get("invoices", invoice_id)
    if row["status"] != DRAFT:
        raise RefusalError(422, "Only a draft can be approved.")
    if is_used(books, "invoices", row["_organizationId"], row["proforma"], row["_number"]):
        raise invalid(number="This invoice number is already used.")
    approved = _number_and_pay(books, row)
    if books.options["_approveSends"]:
        approved = mail(books, approved)
    events.note(books, "invoice.draft_approved", approved, row)
    return approved


def mail(books: Books, row: Row) -> Row:
    """Mail the invoice, if its client has an address for that."""
    if not has_billing_email(books, row["clientId"]):
        return row
    return books.change("invoices", row["id"], {"emailSentDate": books.now()})


def has_billing_email(books: Books, client_id: int) -> bool:
    contacts = books.get("clients", client_id)["contacts"]
    return any(contact["isBilling"] and contact["email"] for contact in contacts)


def send(books: Books, invoice_id: int) -> Row:
    row = books.get("invoices", invoice_id)
    if row["status"] == DRAFT:
        raise RefusalError(422, "Invoice must be approved first.")
    sent = mail(books, row)
    if sent is row:
        raise RefusalError(422, "Email could not be sent, because client has no billing email.")
    return sent


def void(books: Books, invoice_id: int) -> None:
    """Void the invoice; what was paid for it becomes the client's credit again. Its attributes stay."""
    row = books.get("invoices", invoice_id)
    if row["status"] in (DRAFT, VOID, PROCESSED):
        raise RefusalError(422, "This invoice cannot be voided.")
    _give_back(books, row)
    nothing = {"status": VOID, "amountPaid": Decimal(0), "amountToPay": Decimal(0), "paymentCovers": []}
    changed = books.change("invoices", invoice_id, nothing)
    items.recount(books, changed)
    events.note(books, "invoice.edit", changed, row)
