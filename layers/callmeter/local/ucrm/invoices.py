"""Invoices: what may be issued, their numbers, and what becomes of them."""

from datetime import timedelta
from decimal import Decimal

from callmeter.local.ucrm import attributes, totals
from callmeter.local.ucrm.books import Books
from callmeter.local.ucrm.clients import currency_code, within_days
from callmeter.local.ucrm.fields import (
    DATE_FORMAT,
    INVOICE_COPIES,
    INVOICE_NEW,
    Query,
    RefusalError,
    Row,
    instant,
    invalid,
    invalid_fields,
    not_found,
    read_body,
)
from callmeter.money import round_to_minor

DRAFT, UNPAID, PARTLY_PAID, PAID, VOID, PROCESSED = range(6)
_BLANK = "This value should not be blank."
_ORDERS = ("clientFirstName", "clientLastName", "createdDate", "number")


def list_invoices(books: Books, query: Query) -> list[Row]:
    rows = books.rows("invoices")
    owners = (("clientId", "clients", "clientId"), ("organizationId", "organizations", "_organizationId"))
    for name, table, field in owners:
        if (owner := query.integer(name)) is not None:
            books.get(table, owner)
            rows = [row for row in rows if row[field] == owner]
    if statuses := query.array("statuses", *(str(status) for status in range(6))):
        rows = [row for row in rows if str(row["status"]) in statuses]
    if (number := query.text("number")) is not None:
        rows = [row for row in rows if row["number"] == number]
    if (proforma := query.flag("proforma")) is not None:
        rows = [row for row in rows if row["proforma"] == proforma]
    if (overdue := query.flag("overdue")) is not None:
        rows = [row for row in rows if _is_overdue(books, row) == overdue]
    if (text := query.search()) is not None:
        rows = [row for row in rows if text in " ".join(_searched(row)).casefold()]
    rows = attributes.filter_by_value(books, "invoice", within_days(rows, query), query)
    by = query.one_of("order", "createdDate", *_ORDERS)
    down = query.one_of("direction", "ASC", "ASC", "DESC") == "DESC"
    return query.page(sorted(rows, key=lambda row: str(row[by] or ""), reverse=down))


def _is_overdue(books: Books, row: Row) -> bool:
    return row["status"] in (UNPAID, PARTLY_PAID) and row["dueDate"][:10] < books.now()[:10]


def _searched(row: Row) -> list[str]:
    names = ("number", "clientFirstName", "clientLastName", "clientCompanyName")
    return [row[name] for name in names if row[name]]


def issue(books: Books, client_id: int, body: object) -> Row:
    """A new invoice of the client: a draft, or numbered at once and paid from credit as far as that goes."""
    client = _client_to_invoice(books, client_id)
    wanted = _checked(books, client, body)
    row = _composed(books, client, wanted)
    attributes.set_values(books, "invoice", row, wanted.get("attributes"))
    if not wanted.get("draft"):
        _number_and_pay(books, row)
    return row


def _client_to_invoice(books: Books, client_id: int) -> Row:
    client = books.get("clients", client_id)
    if client["isArchived"]:
        raise not_found()
    if client["isLead"]:
        raise invalid(client="Client lead cannot be invoiced.")
    return client


def _checked(books: Books, client: Row, body: object) -> Row:
    wanted = read_body(body, INVOICE_NEW)
    if not wanted.get("items"):
        raise invalid(items="This collection should contain 1 element or more.")
    for item in wanted["items"]:
        _check_item(books, item)
    attributes.check_values(books, "invoice", wanted.get("attributes"))
    if wanted.get("payAutomatically"):
        raise invalid(payAutomatically="Client has no credit card with enabled autopay.")
    for name in ("invoiceTemplateId", "proformaInvoiceTemplateId"):
        if wanted.get(name) not in (None, 1):
            raise invalid(**{name: "Template does not exist."})
    if (wanted.get("maturityDays") or 0) < 0:
        raise invalid(maturityDays="This value should be 0 or more.")
    number, organization = wanted.get("number"), client["organizationId"]
    if number and number in _numbers(books, organization, bool(wanted.get("proforma"))):
        raise invalid(number="This invoice number is already used.")
    return wanted


def _check_item(books: Books, item: Row) -> None:
    errors: dict[str, list[str]] = {}
    linked = [name for name in ("productId", "serviceId", "feeId") if item.get(name) is not None]
    for name in linked:
        errors[f"items[].{name}"] = ["Only one of productId, serviceId and feeId can be set."]
        if len(linked) == 1:
            errors[f"items[].{name}"] = [f"{name[:-2].capitalize()} does not exist."]
    if not linked:
        errors |= {f"items[].{name}": [_BLANK] for name in ("label", "price") if item.get(name) in (None, "")}
    for name in ("tax1Id", "tax2Id", "tax3Id"):
        if item.get(name) is not None and not books.has("taxes", item[name]):
            errors[f"items[].{name}"] = ["Tax does not exist."]
        elif item.get(name) is not None and name != "tax1Id" and books.options["pricingMode"] == 2:
            errors[f"items[].{name}"] = ["Only a single tax can be set with tax inclusive pricing."]
    if errors:
        raise invalid_fields(errors)


def _numbers(books: Books, organization_id: int, proforma: bool) -> set[str]:
    rows = (row for row in books.rows("invoices") if row["_organizationId"] == organization_id)
    return {row["number"] for row in rows if row["proforma"] == proforma and row["number"]}


def _composed(books: Books, client: Row, wanted: Row) -> Row:
    """The row of a draft, kept."""
    organization = books.get("organizations", client["organizationId"])
    currency = currency_code(books, organization)
    created = wanted.get("createdDate") or books.now()
    proforma = bool(wanted.get("proforma"))
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
        **_copies(client, organization, wanted),
        "proforma": proforma,
        "payAutomatically": False,
        "items": [_item(books, item, currency) for item in wanted["items"]],
        "currencyCode": currency,
        "status": DRAFT,
        "paymentCovers": [],
        "uncollectible": False,
        **dict.fromkeys(("proformaInvoiceId", "generatedInvoiceId")),
        "attributes": [],
        "appliedVatReverseCharge": False,
        "_organizationId": organization["id"],
        "_applyCredit": wanted.get("applyCredit") is not False,
        "_number": wanted.get("number") or None,
    }
    taxes = books.tables["taxes"]
    row |= totals.of_invoice(row["items"], taxes, row["discount"], books.options["pricingMode"], currency)
    row |= {"amountPaid": Decimal(0), "amountToPay": row["total"]}
    return books.add("invoices", row)


def _maturity(books: Books, client: Row, wanted: Row, created: str) -> Row:
    choices = (
        wanted.get("maturityDays"),
        client["invoiceMaturityDays"],
        books.options["invoiceMaturityDays"],
    )
    days = next(choice for choice in choices if choice is not None)
    due = instant(created) + timedelta(days=days)
    return {"maturityDays": days, "dueDate": due.strftime(DATE_FORMAT)}


def _copies(client: Row, organization: Row, wanted: Row) -> Row:
    """The names and addresses printed on it: those of today unless the request gave others."""
    copies: Row = {}
    for name in INVOICE_COPIES:
        owner, source = ("client", client) if name.startswith("client") else ("organization", organization)
        field = name.removeprefix(owner)
        today = source.get(field[0].lower() + field[1:])
        copies[name] = today if wanted.get(name) is None else wanted[name]
    return copies


def _item(books: Books, wanted: Row, currency: str) -> Row:
    price = Decimal(wanted["price"])
    quantity = Decimal(1 if wanted.get("quantity") is None else wanted["quantity"])
    return {
        "id": books.next_id("invoiceItems"),
        "type": "other",
        "label": wanted["label"],
        "price": price,
        "quantity": quantity,
        "unit": wanted.get("unit"),
        **{name: wanted.get(name) for name in ("tax1Id", "tax2Id", "tax3Id")},
        **dict.fromkeys(("serviceId", "serviceSurchargeId", "productId", "feeId")),
        "total": round_to_minor(price * quantity, currency),
        **dict.fromkeys(("discountPrice", "discountQuantity", "discountTotal")),
    }


def _number_and_pay(books: Books, row: Row) -> None:
    row["number"] = row["_number"] or take_number(books, row["_organizationId"], row["proforma"])
    client = books.get("clients", row["clientId"])
    if row["_applyCredit"] and not row["proforma"]:
        _pay_from_credit(books, client, row)
    row["status"] = PARTLY_PAID if row["amountPaid"] else UNPAID
    if row["amountToPay"] <= 0:
        row["status"] = PAID


def _pay_from_credit(books: Books, client: Row, row: Row) -> None:
    paid = min(Decimal(client["_credit"]), row["total"])
    if paid <= 0:
        return
    client["_credit"] -= paid
    row["amountPaid"] += paid
    row["amountToPay"] -= paid
    cover = {"id": books.next_id("paymentCovers"), "paymentId": books.next_id("payments"), "amount": paid}
    row["paymentCovers"] = [cover | {"invoiceId": row["id"], "creditNoteId": None, "refundId": None}]


def next_number(books: Books, organization_id: int, proforma: bool) -> str:
    """The next number of the organization's series that no invoice has."""
    organization = books.get("organizations", organization_id)
    used = _numbers(books, organization_id, proforma)
    prefix = ("P" if proforma else "") + organization["_numberPrefix"]
    upcoming = organization["_nextProformaNumber" if proforma else "_nextNumber"]
    while (number := f"{prefix}{upcoming:0{organization['_numberLength']}d}") in used:
        upcoming += 1
    return number


def take_number(books: Books, organization_id: int, proforma: bool) -> str:
    """`next_number`, used up: a void or deleted invoice's number does not come again."""
    number = next_number(books, organization_id, proforma)
    organization = books.get("organizations", organization_id)
    prefix = ("P" if proforma else "") + organization["_numberPrefix"]
    organization["_nextProformaNumber" if proforma else "_nextNumber"] = int(number.removeprefix(prefix)) + 1
    return number


def approve(books: Books, invoice_id: int) -> Row:
    row = books.get("invoices", invoice_id)
    if row["status"] != DRAFT:
        raise RefusalError(422, "Only a draft can be approved.")
    if row["_number"] in _numbers(books, row["_organizationId"], row["proforma"]):
        raise invalid(number="This invoice number is already used.")
    _number_and_pay(books, row)
    return row


def send(books: Books, invoice_id: int) -> Row:
    row = books.get("invoices", invoice_id)
    if row["status"] == DRAFT:
        raise RefusalError(422, "Invoice must be approved first.")
    contacts = books.get("clients", row["clientId"])["contacts"]
    if not any(contact["isBilling"] and contact["email"] for contact in contacts):
        raise RefusalError(422, "Email could not be sent, because client has no billing email.")
    row["emailSentDate"] = books.now()
    return row


def void(books: Books, invoice_id: int) -> None:
    """Void the invoice; what was paid for it becomes the client's credit again. Its attributes stay."""
    row = books.get("invoices", invoice_id)
    if row["status"] in (DRAFT, VOID, PROCESSED):
        raise RefusalError(422, "This invoice cannot be voided.")
    books.get("clients", row["clientId"])["_credit"] += row["amountPaid"]
    row |= {"status": VOID, "amountPaid": Decimal(0), "amountToPay": Decimal(0), "paymentCovers": []}
