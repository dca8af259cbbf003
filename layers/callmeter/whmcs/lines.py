"""Lines of WHMCS' invoices -> where a bill stands by them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from callmeter.model import Bill, BillState, Sent
from callmeter.whmcs.answers import Invoice, Item

_SERVICES = ("Hosting", "Addon", "Domain")  # how types of services' invoice lines begin (believed)


@dataclass(frozen=True)
class Line:
    """A line of an invoice, and the bills' references in it."""

    invoice: Invoice
    item: Item
    references: frozenset[str]

    @property
    def is_of_a_service(self) -> bool:
        return self.item.type.startswith(_SERVICES)


def standing(bill: Bill, state: BillState, lines: Sequence[Line]) -> Sent | None:
    """Where the bill stands by its lines; None where it has none. A void one of an earlier attempt is over."""
    own = [line for line in lines if line.references & references_of(bill, state)]
    relevant = [line for line in own if not line.invoice.is_void or state.reference in line.references]
    if not relevant:
        return None
    sent = sent_by(relevant)
    live = [line for line in relevant if not line.invoice.is_void]
    if not live:
        return sent
    where = "on invoices " + ", ".join(dict.fromkeys(line.invoice.number for line in live))
    return sent.model_copy(update={"problem": differs(bill, sent.amount or Decimal(0), where)})


def sent_by(lines: Sequence[Line]) -> Sent:
    """What these lines, one or more, say of their bill: by the live ones, else it is void."""
    live = [line for line in lines if not line.invoice.is_void]
    first = (live or lines)[0].invoice
    status = "void" if not live else "placed" if first.is_draft else "invoiced"
    return Sent.model_validate(
        {
            "status": status,
            "invoice_id": first.invoiceid,
            "number": "" if status == "placed" else first.number,
            "amount": sum((line.item.amount for line in live or lines), Decimal(0)),
        }
    )


def differs(bill: Bill, amount: Decimal, where: str) -> str:
    """What is wrong with a bill that comes to `amount` in all there; "" where nothing is."""
    if amount == bill.amount:
        return ""
    return f"bill {bill.bill_id} stands {where} with {amount} instead of {bill.amount}: doubled, or changed by hand"


def line_alike(bill: Bill, since: datetime | None, lines: Sequence[Line]) -> Line | None:
    """A line that could be the bill's, its reference taken off by hand."""
    for line in lines:
        day = line.invoice.date
        is_new = since is None or day is None or day >= since.date()
        is_free = not line.references and not line.is_of_a_service
        if is_new and is_free and line.item.amount == bill.amount:
            return line
    return None


def references_of(bill: Bill, state: BillState) -> set[str]:
    """The bill's references, of this attempt and those before."""
    return {bill.bill_id} | {f"{bill.bill_id}~{attempt}" for attempt in range(2, state.attempt + 1)}
