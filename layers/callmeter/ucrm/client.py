"""Bills -> invoices in UCRM (UISP CRM), each once; statements -> documents of the client. ports.Invoicing.

Which way a bill goes, the rules of its client's organization say: invoice_way.py, draft_way.py, surcharge_way.py; a
bill below zero is a credit note (credit_way.py). Every way looks before it writes, so that whatever went wrong is
mended by the same call again; have one sender per client at a time. Taxes are UCRM's work: items only name them.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from callmeter.errors import CallmeterError
from callmeter.model import Bill, BillingRules, BillState, Sent
from callmeter.money import plain, round_to_minor
from callmeter.ucrm import credit_way, surcharge_way
from callmeter.ucrm.answers import CreditNote, Document, IssuedInvoice, LogEntry
from callmeter.ucrm.api import Query, UcrmApi
from callmeter.ucrm.case import Case, Way, case_of, is_only_ours
from callmeter.ucrm.credit_way import CreditWay
from callmeter.ucrm.crm import DRAFT, Crm
from callmeter.ucrm.draft_way import DraftWay
from callmeter.ucrm.invoice_way import InvoiceWay
from callmeter.ucrm.items import check_lines
from callmeter.ucrm.surcharge_way import SurchargeWay

WAYS: dict[str, Way] = {
    "invoice": InvoiceWay(),
    "draft": DraftWay(),
    "surcharge": SurchargeWay(),
    "credit-note": CreditWay(),
}


class UcrmInvoicing:
    """ports.Invoicing over UCRM's API. Bills of different clients may be sent by several threads at once."""

    def __init__(
        self,
        api: UcrmApi,
        rules: BillingRules | None = None,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._crm = Crm(api, clock)
        self._settings = (rules or BillingRules()).ucrm

    # ---- ports.Invoicing

    def way(self, bill: Bill) -> str:
        """ "invoice", "draft", "surcharge SERVICE" or "credit-note"; refused here whatever UCRM would refuse later."""
        if not bill.amount:
            raise CallmeterError(f"bill {bill.bill_id} comes to nothing: there is nothing to send.")
        check_lines(bill.bill_id, bill.amount, bill.lines, bill.currency)
        case = self._case(bill)
        name = _way_of(case)
        _named(name).check(case)
        return name

    def advance(self, bill: Bill, state: BillState, others: Sequence[BillState]) -> Sent:
        """Take the bill a step on. Raises Unreachable: it may have been done, and the same call again finds it."""
        return _named(state.way).advance(self._case(bill, others), state)

    def look(self, bill: Bill, state: BillState, others: Sequence[BillState]) -> Sent:
        """Where the bill stands. A bill that was never sent may be there all the same, the rules' way."""
        case = self._case(bill, others)
        return _named(state.way or _way_of(case)).look(case, state)

    def attach(self, bill: Bill, state: BillState, files: Mapping[str, bytes]) -> None:
        """The statement to the client's documents, and a line into its log, as far as the rules want them."""
        if bill.ucrm_client_id is None:
            return
        case = self._case(bill)
        if case.rules.documents:
            self._put_documents(case.client.id, files)
        if case.rules.log:
            self._log(case, state)

    def known(self, since: date) -> dict[str, Sent]:
        """reference -> what UCRM has of it, of invoices since that day, all drafts, and credit notes.

        Sent.amount is None where the invoice has others' items too: then `look` says more. Bills of the way surcharge
        have no mark: they are not among these.
        """
        invoices = {one.id: one for one in self._crm.api.rows(IssuedInvoice, "/invoices", {"statuses[]": DRAFT})}
        newer = self._crm.api.rows(IssuedInvoice, "/invoices", {"createdDateFrom": since.isoformat()})
        invoices.update({one.id: one for one in newer})
        carriers: dict[str, list[IssuedInvoice]] = {}
        for invoice in invoices.values():
            for reference in invoice.references:
                carriers.setdefault(reference, []).append(invoice)
        found = {reference: _by_invoices(carrying) for reference, carrying in carriers.items()}
        notes = self._crm.api.rows(CreditNote, "/credit-notes", {"createdDateFrom": since.isoformat()})
        return found | {reference: _by_note(note) for note in notes for reference in credit_way.references(note)}

    # ---- its parts

    def _case(self, bill: Bill, others: Sequence[BillState] = ()) -> Case:
        return case_of(self._crm, self._settings, bill, others)

    def _put_documents(self, client_id: int, files: Mapping[str, bytes]) -> None:
        """Upload what the client has no document of that name of."""
        there = {document.name for document in self._crm.api.rows(Document, "/documents", {"clientId": client_id})}
        for name, content in files.items():
            if name not in there:
                body = {"clientId": client_id, "name": name, "file": base64.b64encode(content).decode()}
                self._crm.api.create(Document, "/documents", body)

    def _log(self, case: Case, state: BillState) -> None:
        """Note the bill in the client's log, unless it is noted there."""
        message = _log_line(case.bill, state)
        since = case.bill.frozen_at.date() - timedelta(days=1)
        query: Query = {"clientId": case.client.id, "createdDateFrom": since.isoformat()}
        entries = self._crm.api.read(list[LogEntry], "/client-logs", query)
        if all(entry.message != message for entry in entries):
            self._crm.api.create(LogEntry, "/client-logs", {"clientId": case.client.id, "message": message})


def _way_of(case: Case) -> str:
    if case.bill.amount < 0:
        return "credit-note"
    return surcharge_way.way_of(case) if case.rules.way == "surcharge" else case.rules.way


def _named(way: str) -> Way:
    """The strategy of a way as it is kept with a bill."""
    name = way.split(" ")[0]
    if name not in WAYS:
        raise CallmeterError(f'UCRM knows no way "{way}": the bill was begun for another destination. Send it anew.')
    return WAYS[name]


def _by_invoices(carrying: Sequence[IssuedInvoice]) -> Sent:
    """Where a bill stands by all the invoices that carry it."""
    in_force = sorted((one for one in carrying if not one.is_void), key=lambda one: (one.is_draft, one.id))
    first = in_force[0] if in_force else max(carrying, key=lambda one: one.id)
    return Sent(
        status="void" if first.is_void else "placed" if first.is_draft else "invoiced",
        invoice_id=first.id,
        number=first.number or "",
        amount=round_to_minor(first.total_untaxed, first.currency_code) if is_only_ours(first) else None,
        problem=f"it is on {' and '.join(one.title for one in in_force)}" if len(in_force) > 1 else "",
    )


def _by_note(note: CreditNote) -> Sent:
    amount = round_to_minor(note.total_untaxed, note.currency_code)
    return Sent(status="invoiced", invoice_id=note.id, number=note.number or "", amount=amount)


def _log_line(bill: Bill, state: BillState) -> str:
    amount = f"{plain(abs(bill.amount))} {bill.currency}"
    what = {0: "nothing to pay", 1: f"{amount} on invoice {state.invoice_number}", -1: f"{amount} credited"}
    return f"Calls {bill.period} of account {bill.account_id}: {what[_sign(bill.amount)]}. Bill {bill.bill_id}."


def _sign(amount: Decimal) -> int:
    return (amount > 0) - (amount < 0)
