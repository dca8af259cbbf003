"""The CRM's invoices against the bills: what differs, and what to do about it. Reads only.

First all that the CRM knows, in a few reads; then, one by one, the bills that this does not settle. Each bill should be
where its state says, with its amount; an invoice that names a bill should be of one that we made.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from callmeter import layout
from callmeter.errors import CallmeterError
from callmeter.model import Bill, BillState, Sent
from callmeter.money import plain
from callmeter.periods import labelled, previous
from callmeter.ports import Bills, Invoicing, Store

What = Literal["missing", "void", "changed", "renumbered", "problem", "unexpected", "unknown", "unread"]

_AGAIN = "callmeter bill --again {account_id} --period {period}"
_HINTS: dict[What, str] = {
    "missing": f"if it should be there, send the bill anew: {_AGAIN}",
    "void": f"if nobody is to pay it, leave it so; else send it anew: {_AGAIN}",
    "changed": f"put it right in the CRM; or void it there, and send the bill anew: {_AGAIN}",
    "renumbered": "the statement says the old number; nothing is lost",
    "problem": "see what the CRM has, and put it right there",
    "unexpected": "the next run of bill finds it; if not, see what keeps it: callmeter status",
    "unknown": "callmeter made no such bill: if nobody else did, void it in the CRM",
    "unread": "look again later",
}


@dataclass(frozen=True)
class Difference:
    """`ours` is what the bill says, `theirs` what the CRM has. account_id "" where the bill is not ours."""

    bill_id: str
    account_id: str
    what: What
    ours: str
    theirs: str
    hint: str


@dataclass(frozen=True)
class Reconciling:
    """Both sides. `since`: invoices from that day on, and bills of the periods from the month before."""

    store: Store
    bills: Bills
    invoicing: Invoicing
    since: date

    def differences(self) -> Iterator[Difference]:
        """What differs, by period and account, then what is not ours. Raises Unreachable."""
        known = self.invoicing.known(self.since)
        keys = self.store.keys(layout.BILLS)
        month = labelled(f"{self.since:%Y-%m}", "UTC", 1)
        first = previous(month, "UTC", 1).label
        for key in keys:
            if layout.period_of_bill(key) >= first:
                yield from self._of_bill(key, known)
        made = set(keys)
        for reference, sent in known.items():
            if sent.status != "void" and _key_of(reference) not in made:
                hint = _HINTS["unknown"]
                yield Difference(reference, "", "unknown", "no such bill", _said(sent), hint)

    def _of_bill(self, key: str, known: Mapping[str, Sent]) -> list[Difference]:
        state = self.bills.read(layout.account_of_bill(key), layout.period_of_bill(key))
        if state is None:
            return []
        there = known.get(state.reference)
        if state.state in ("frozen", "approved", "nothing-due"):
            in_force = there is not None and there.status != "void"
            return [_difference(state, "unexpected", there)] if there and in_force else []
        if there is not None and _agree(state, there) and state.attempt == 1:
            return []
        try:
            bill = Bill.model_validate_json(self.store.get(key))
            others = [one for one in self.bills.of_account(state.account_id) if one.period != state.period]
            return _compared(state, self.invoicing.look(bill, state, others))
        except CallmeterError as error:
            return [_difference(state, "unread", Sent(status="absent", problem=str(error)))]


def reconcile(store: Store, bills: Bills, invoicing: Invoicing, since: date) -> list[Difference]:
    """All that differs. Raises Unreachable where the CRM cannot be read; one bill that cannot be is a difference."""
    return list(Reconciling(store, bills, invoicing, since).differences())


def _agree(state: BillState, sent: Sent) -> bool:
    settled = state.state == "invoiced" and sent.status == "invoiced" and sent.number == state.invoice_number
    on_its_way = state.state in ("sending", "sent") and sent.status in ("placed", "invoiced")
    return (settled or on_its_way) and sent.amount == state.amount and not sent.problem


def _compared(state: BillState, sent: Sent) -> list[Difference]:
    """What differs between a bill that was sent and what a close look says."""
    if sent.status == "void" or (sent.status == "absent" and state.state == "invoiced"):
        return [_difference(state, "void" if sent.status == "void" else "missing", sent)]
    if sent.status == "invoiced" and sent.amount is not None and sent.amount != state.amount:
        return [_difference(state, "changed", sent)]
    if sent.problem:
        return [_difference(state, "problem", sent)]
    if state.state == "invoiced" and sent.number and sent.number != state.invoice_number:
        return [_difference(state, "renumbered", sent)]
    return []


def _difference(state: BillState, what: What, sent: Sent) -> Difference:
    ours = " ".join(part for part in (state.state, plain(state.amount), state.currency, state.invoice_number) if part)
    hint = _HINTS[what].format(account_id=state.account_id, period=state.period)
    return Difference(state.bill_id, state.account_id, what, ours, _said(sent), hint)


def _said(sent: Sent) -> str:
    amount = "" if sent.amount is None else plain(sent.amount)
    number = sent.number or (f"id {sent.invoice_id}" if sent.invoice_id else "")
    facts = " ".join(part for part in (sent.status, amount, number) if part)
    return f"{facts}: {sent.problem}" if sent.problem else facts


def _key_of(reference: str) -> str:
    """Where the bill of a reference would be: ACCOUNT-YYYY-MM, with ~ATTEMPT where it was sent anew."""
    front, _, attempt = reference.rpartition("~")
    bill_id = front if front and attempt.isdigit() else reference
    return layout.bill(bill_id[-7:], bill_id[:-8])
