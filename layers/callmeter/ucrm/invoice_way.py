"""Way "invoice": callmeter issues the invoice, on wish with the client's due services on it.

Found again by its attribute, so: look, else issue, once. What became of a POST without an answer the next run looks up.
"""

from typing import Any

from callmeter.errors import CallmeterError, Missing
from callmeter.model import BillState, Sent
from callmeter.money import plain, round_to_minor
from callmeter.ucrm.answers import InvoicePreview, IssuedInvoice, Service
from callmeter.ucrm.api import RefusedError
from callmeter.ucrm.case import Carriers, Case
from callmeter.ucrm.due import is_due
from callmeter.ucrm.items import bodies

ACTIVE = 1


class InvoiceWay:
    """`Way`. The invoice is numbered at once, unless the rules want drafts, which a person approves."""

    def check(self, case: Case) -> None:
        case.check_client()
        _check_untaxed(case)

    def advance(self, case: Case, state: BillState) -> Sent:
        found = case.standing(state, _carriers(case))
        invoice, problems = found.invoice, list(found.problems)
        if found.sent.status == "absent":
            self.check(case)
            invoice, problems = issue(case, state.reference, draft=case.rules.draft)
        return case.finished(invoice, problems, approve=not case.rules.draft) if invoice else found.sent

    def look(self, case: Case, state: BillState) -> Sent:
        return case.standing(state, _carriers(case)).sent


def _carriers(case: Case) -> Carriers:
    return lambda reference: case.crm.invoices_with(reference, case.client.id)


def issue(case: Case, reference: str, *, draft: bool = False) -> tuple[IssuedInvoice, list[str]]:
    """Issue an invoice with the bill's lines, numbered by UCRM unless a draft is wanted; and what to tell the operator.

    Raises Unreachable where UCRM did not answer: it may have been issued all the same.
    """
    services = _due_services(case) if case.rules.with_services else []
    if services:
        try:
            return _post(case, reference, services, draft), []
        except RefusedError as refused:  # nothing was done; the calls can come without the services
            return _post(case, reference, [], draft), [
                f"UCRM did not take the client's services onto the invoice: {refused}"
            ]
    return _post(case, reference, [], draft), []


def _post(case: Case, reference: str, services: list[int], draft: bool) -> IssuedInvoice:
    rules = case.rules
    body: dict[str, Any] = {
        "items": [*({"serviceId": number} for number in services), *bodies(case.items, case.taxing)],
        "attributes": case.crm.mark(reference),
        "applyCredit": rules.apply_credit,
        "draft": draft,
        "adminNotes": case.notes,
    }
    if rules.maturity_days is not None:
        body["maturityDays"] = rules.maturity_days
    return case.crm.api.create(IssuedInvoice, f"/clients/{case.client.id}/invoices", body)


def _check_untaxed(case: Case) -> None:
    """Where prices include tax: raises CallmeterError if UCRM, asked, would come to another amount without it."""
    items = bodies(case.items, case.taxing)
    if not case.taxing.included:
        return
    try:
        preview = case.crm.api.create(InvoicePreview, f"/clients/{case.client.id}/invoice-preview", {"items": items})
    except Missing:
        return  # a UCRM without previews; the invoice itself is looked at anyway
    amount = round_to_minor(preview.total_untaxed, case.bill.currency)
    if amount != case.bill.amount:
        raise CallmeterError(
            f"UCRM's prices include tax, and of {plain(case.bill.amount)}, bill {case.bill.bill_id}, it would make "
            f'{plain(amount)} without tax: set taxes = "none" of [billing.ucrm] in operator.toml, or UCRM to prices '
            "without tax."
        )


def _due_services(case: Case) -> list[int]:
    """The client's services that UCRM's own run would invoice today on one invoice, and that are on no draft."""
    rows = case.crm.api.rows(Service, "/clients/services", {"clientId": case.client.id})
    wanted = [one for one in rows if one.status == ACTIVE and not one.prepaid and not one.invoicing_separately]
    today = case.crm.today()
    due = [one.id for one in wanted if is_due(one, today)]
    if not due:
        return []
    drafts = [invoice for invoice in case.crm.invoices_of(case.client.id) if invoice.is_draft]
    waiting = {item.service_id for draft in drafts for item in draft.items}
    return [number for number in due if number not in waiting]
