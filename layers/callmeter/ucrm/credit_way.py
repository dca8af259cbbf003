"""Way "credit-note": a bill below zero becomes a credit note of UCRM's, with negative prices.

Credit notes have no attributes: they are found again by a line in their admin notes, which clients never see.
"""

from collections.abc import Iterable
from typing import Any

from callmeter.errors import CallmeterError
from callmeter.model import BillState, Sent
from callmeter.money import plain, round_to_minor
from callmeter.ucrm.answers import CreditNote
from callmeter.ucrm.case import Case, earlier_references
from callmeter.ucrm.items import bodies

_MARK = "callmeter bill "


class CreditWay:
    """`Way`. A credit note has its number at once, and cannot be void: only deleted."""

    def check(self, case: Case) -> None:
        case.check_client()
        if above := [line.label for line in case.bill.lines if line.amount > 0]:
            raise CallmeterError(f'bill {case.bill.bill_id} is a credit, but its line "{above[0]}" is above zero.')
        _ = case.items

    def advance(self, case: Case, state: BillState) -> Sent:
        sent = self.look(case, state)
        if sent.status != "absent":
            return sent
        self.check(case)
        body: dict[str, Any] = {
            "items": bodies(case.items, case.taxing),
            "adminNotes": f"{_MARK}{state.reference}\n{case.notes}",
        }
        note = case.crm.api.create(CreditNote, f"/clients/{case.client.id}/credit-note", body)
        return _sent(case, [note])

    def look(self, case: Case, state: BillState) -> Sent:
        """Where the bill stands by the client's credit notes; an earlier attempt's counts as well."""
        notes = list(case.crm.api.rows(CreditNote, "/credit-notes", {"clientId": case.client.id}))
        wanted = {state.reference, *earlier_references(state)}
        mine = [note for note in notes if wanted & set(references(note)) or note.id == state.invoice_id]
        if mine:
            return _sent(case, mine)
        if state.invoice_id is not None:
            return Sent(status="void", invoice_id=state.invoice_id, problem="deleted in UCRM")
        return Sent(status="absent")


def references(note: CreditNote) -> list[str]:
    """The bills that the credit note is for: a person may have written more into its admin notes."""
    lines = (note.admin_notes or "").splitlines()
    return [line.strip().removeprefix(_MARK) for line in lines if line.strip().startswith(_MARK) and "," not in line]


def _sent(case: Case, notes: Iterable[CreditNote]) -> Sent:
    bill = case.bill
    first, *more = sorted(notes, key=lambda note: note.id)
    amount = round_to_minor(first.total_untaxed, first.currency_code)
    problems = [
        f"bill {bill.bill_id} has credit note {note.number or note.id} too: delete all but one" for note in more
    ]
    if amount != bill.amount or first.currency_code != bill.currency:
        problems.append(
            f"credit note {first.number or first.id} comes to {plain(amount)} {first.currency_code} without tax, the "
            f"bill to {plain(bill.amount)} {bill.currency}: if somebody changed it, put it right there"
        )
    return Sent(
        status="invoiced", invoice_id=first.id, number=first.number or "", amount=amount, problem=". ".join(problems)
    )
