"""UCRM's own daily run: the recurring invoices of one day, and the invoices that are overdue by then.

Per client, first each due service that is invoiced separately gets an invoice, then all others one together: each
service, its surcharges, and at the end all fees not yet invoiced. A service on a draft is left out until the draft is
approved or deleted; days the run missed are caught up. Invoices are drafts, approved at once where every service on
one is sent automatically. Source: how UCRM 2.x did it, settings by their names in the blueprint.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time

from callmeter.local.ucrm import events, invoices, items, services
from callmeter.local.ucrm.books import Books
from callmeter.local.ucrm.clients import currency_code, uninvoiced_fees, uses_proforma
from callmeter.local.ucrm.fields import Row
from callmeter.local.ucrm.invoice_list import DRAFT, is_overdue
from callmeter.local.ucrm.spans import Span, due

Due = tuple[Row, list[Span]]


def run_day(books: Books, day: date) -> list[Row]:
    """The invoices made on `day`, at the hour set for it."""
    made: list[Row] = []
    with books.at(datetime.combine(day, time(books.options["invoiceTimeHour"]), UTC)):
        for client in books.rows("clients") if books.options["automaticBillingEnabled"] else []:
            if not client["isArchived"] and not client["isLead"]:
                made += _invoice_client(books, client, day)
        _tell_overdue(books)
    return made


def _invoice_client(books: Books, client: Row, day: date) -> Iterable[Row]:
    of_client = books.find("services", "client", client["id"])
    found = [(service, _due_spans(books, service, day)) for service in of_client if _is_billed(books, service)]
    ready = [(service, spans) for service, spans in found if spans]
    alone = [[one] for one in ready if one[0]["invoicingSeparately"]]
    together = [one for one in ready if not one[0]["invoicingSeparately"]]
    for group in [*alone, *([together] if together else [])]:
        yield _invoice(books, client, group)


def _is_billed(books: Books, service: Row) -> bool:
    on = books.find("invoices", "serviceId", service["id"])
    return not service["_quoted"] and all(row["status"] != DRAFT for row in on)


def _due_spans(books: Books, service: Row, day: date) -> list[Span]:
    """What is due, without periods billed backwards that the service was suspended through (`stopInvoicing`)."""
    terms = services.terms_of(books, service)
    spans = due(terms, services.day_of(service["_invoicedTo"]), day)
    if not books.options["stopInvoicing"] or terms.forward:
        return spans
    kept = [span for span in spans if not _is_suspended_through(service, span)]
    if len(kept) < len(spans):
        books.change("services", service["id"], {"_skippedTo": spans[-1].last.isoformat()})
        services.recount(books, service["id"])
    return kept


def _is_suspended_through(service: Row, span: Span) -> bool:
    return any(
        services.day_of(one["startDate"]) <= span.first
        and (one["endDate"] is None or services.day_of(one["endDate"]) >= span.last)
        for one in service["suspensionPeriods"]
    )


def _invoice(books: Books, client: Row, group: list[Due]) -> Row:
    currency = currency_code(books, books.get("organizations", client["organizationId"]))
    lines = [
        line for service, spans in group for span in spans for line in items.of_service(books, service, span, currency)
    ]
    lines += [items.of_fee(books, client, fee, currency) for fee in uninvoiced_fees(books, client["id"])]
    credit = all(service["useCreditAutomatically"] for service, _ in group)
    wanted = {"applyCredit": credit, "proforma": uses_proforma(books, client)}
    row = invoices.compose(books, client, lines, wanted)
    events.note(books, "invoice.add_draft", row)
    if all(_is_sent_automatically(books, service) for service, _ in group):
        row = invoices.mail(books, invoices.approve(books, row["id"]))
    return row


def _is_sent_automatically(books: Books, service: Row) -> bool:
    own = service["sendEmailsAutomatically"]
    return bool(books.options["approveAndSendInvoiceAutomatically"] if own is None else own)


def _tell_overdue(books: Books) -> None:
    """Raise invoice.overdue, once for each invoice."""
    for row in books.rows("invoices"):
        if is_overdue(books, row) and not row.get("_overdueTold"):
            events.note(books, "invoice.overdue", books.change("invoices", row["id"], {"_overdueTold": True}))
