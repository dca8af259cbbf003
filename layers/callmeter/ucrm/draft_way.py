"""Way "draft": the calls go onto the draft that UCRM's daily run made of the client's services.

    look for our mark on the client's invoices -> on none: take the draft, one PATCH with the new items and the mark
    -> the next run: approve it, and mail it where the rules say so

Approving waits for the next run, so that the client's other accounts get onto the same draft; and each run looks first,
so that items of a PATCH without an answer are found, never sent again. A draft that a person approved meanwhile
is an invoice that still may be amended (it is not paid), or refuses: then there is no draft.

UCRM makes no invoice of services that are on a draft, so none is left behind. Where no draft came within
PATIENCE_DAYS (the client's services have ended, or were invoiced before), callmeter issues an invoice of its own.
"""

from collections.abc import Sequence

from callmeter.errors import CallmeterError, Missing, Unreachable
from callmeter.model import BillState, Sent
from callmeter.ucrm.answers import IssuedInvoice
from callmeter.ucrm.api import RefusedError
from callmeter.ucrm.case import PATIENCE_DAYS, Carriers, Case
from callmeter.ucrm.invoice_way import InvoiceWay, issue
from callmeter.ucrm.items import bodies


class DraftWay:
    """`Way`."""

    def check(self, case: Case) -> None:
        InvoiceWay().check(case)
        if case.client.uses_proforma:
            raise CallmeterError(
                f"{case.who} gets proforma invoices, which calls cannot be put on exactly once: set way = "
                '"invoice" for its organization in operator.toml, or turn proforma off for it.'
            )

    def advance(self, case: Case, state: BillState) -> Sent:
        invoices = case.crm.invoices_of(case.client.id)
        found = case.standing(state, _carriers(invoices))
        if found.invoice:
            placed_before = state.invoice_id == found.invoice.id
            lost = _lost_services(found.invoice)
            return case.finished(
                found.invoice,
                [*found.problems, *lost],
                approve=placed_before and case.rules.approve and not lost,
            )
        if found.sent.status != "absent":
            return found.sent
        self.check(case)
        return self._place(case, state, invoices)

    def look(self, case: Case, state: BillState) -> Sent:
        return case.standing(state, _carriers(case.crm.invoices_of(case.client.id))).sent

    def _place(self, case: Case, state: BillState, invoices: Sequence[IssuedInvoice]) -> Sent:
        """Put the bill onto UCRM's draft; `waiting` where there is none yet."""
        for draft in _drafts(case, invoices):
            if (amended := _amended(case, state, draft)) is not None:
                return amended
        if case.waited_days < PATIENCE_DAYS:
            return Sent(status="waiting")
        invoice, problems = issue(case, state.reference)
        alone = f"no draft of UCRM's came within {PATIENCE_DAYS} days, so the calls are on an invoice of their own"
        return case.finished(invoice, [alone, *problems], approve=True)


def _carriers(invoices: Sequence[IssuedInvoice]) -> Carriers:
    return lambda reference: [one for one in invoices if reference in one.references]


def _drafts(case: Case, invoices: Sequence[IssuedInvoice]) -> list[IssuedInvoice]:
    """UCRM's own drafts: the one with the account's service first, then as they were made."""
    drafts = [one for one in invoices if one.is_draft and not one.proforma and _services(one)]
    return sorted(drafts, key=lambda one: (case.bill.ucrm_service_id not in _services(one), one.id))


def _services(invoice: IssuedInvoice) -> set[int]:
    return {item.service_id for item in invoice.items if item.service_id is not None}


def _lost_services(invoice: IssuedInvoice) -> list[str]:
    """What to say of a draft of UCRM's that has no service any more: then it is not approved."""
    if not invoice.is_draft or _services(invoice):
        return []
    return [f"{invoice.title} has no service on it any more, so it is not approved: see what changed its items"]


def _amended(case: Case, state: BillState, draft: IssuedInvoice) -> Sent | None:
    """Where the bill stands after it was put onto the draft; None where that is no draft any more, and takes nothing.

    Raises Unreachable where UCRM did not answer: it may have been done all the same.
    """
    body = {"items": bodies(case.items, case.taxing), "attributes": case.crm.mark(state.reference, draft.mark)}
    try:
        case.crm.api.change(f"/invoices/{draft.id}", body)
    except (RefusedError, Missing):
        now = case.crm.invoice(draft.id)
        if now is not None and now.is_draft:
            raise
        return None
    now = case.crm.invoice(draft.id)
    if now is None or state.reference not in now.references:
        raise Unreachable(
            f"UCRM said that bill {case.bill.bill_id} is on {draft.title}, but it is not. Looking again helps."
        )
    problems = _lost_services(now)
    if not now.is_draft and now.email_sent_date is not None:
        problems.append(f"{now.title} was mailed before the calls came onto it: mail it again")
    return case.sent(now, problems)
