"""Way "surcharge": one permanent surcharge of the account's service is a meter of what its calls still cost.

    what the account's bills come to, less what invoices charged for the meter (meter.py) -> the surcharge's price
    -> UCRM's own run puts it onto the service's invoice -> read there what it really charged -> the price again

The price is set, never added to, and always from both sides of that subtraction: what the run did in between, how
often or in which part, what a person edited or voided, shows in the next reading. A bill is invoiced where the sum of
what was charged reaches it, oldest first.

The meter is known by the end of its label, "(ACCOUNT/SERVICE)", which its invoice items keep even where it was removed.
Bills of this way say which service: "surcharge SERVICE". They share that service's meter.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from callmeter.bills.words import line_label, one_line
from callmeter.errors import CallmeterError, Missing
from callmeter.model import BillState, Sent
from callmeter.money import plain, round_to_minor
from callmeter.ucrm.answers import InvoiceItem, IssuedInvoice, Service, ServiceSurcharge, Surcharge
from callmeter.ucrm.case import Case
from callmeter.ucrm.meter import Charged, Share, outstanding, shares

NAME = "surcharge"
LONGEST_LABEL = 100  # characters, as UCRM 2.x takes them
_COUNTED = ("sending", "sent", "invoiced")
_MARKED = re.compile(r"\(.+/\d+\)$")
_ENDED = "service {service} has ended, so UCRM will not invoice its surcharge: send the bill in another way"
_READINGS = 3  # UCRM's run may come in between, hardly twice


@dataclass(frozen=True)
class Reading:
    """The meter (and a second one, where it was made twice), and what was charged for it."""

    meters: tuple[ServiceSurcharge, ...]
    charged: tuple[Charged, ...]

    @property
    def shows(self) -> Decimal:
        """The price it has now."""
        return sum((one.price or Decimal(0) for one in self.meters), Decimal(0))


class SurchargeWay:
    """`Way`."""

    def check(self, case: Case) -> None:
        case.check_client()
        surcharge_id, service = case.rules.surcharge_id, _service(case)
        if surcharge_id is None:
            raise CallmeterError(
                "surcharge_id of [billing.ucrm] in operator.toml is missing: which surcharge is the meter?"
            )
        if service.has_ended or service.prepaid:
            state = "has ended" if service.has_ended else "is prepaid"
            raise CallmeterError(
                f"service {service.id} of {case.who} {state}: UCRM invoices no surcharge of it any more."
            )
        if case.client.uses_proforma:
            raise CallmeterError(
                f'{case.who} gets proforma invoices, on which calls would be counted twice: set way = "invoice" for '
                "its organization in operator.toml, or turn proforma off for it."
            )
        _taxable(case)
        try:
            case.crm.api.read(Surcharge, f"/surcharges/{surcharge_id}")
        except Missing as missing:
            raise Missing(f"UCRM has no surcharge {surcharge_id}: correct surcharge_id in operator.toml.") from missing
        if len(_mark(case)) > LONGEST_LABEL // 2:
            raise CallmeterError(f"account id {case.bill.account_id} is too long to label a surcharge with.")

    def advance(self, case: Case, state: BillState) -> Sent:
        bills = _bills(state, case.others)
        reading = _read(case)
        for _ in range(_READINGS):
            left = max(outstanding([one.amount for one in bills], reading.charged), Decimal(0))
            _set(case, reading, left, _label(case) if bills[-1:] == [state] else None)
            before, reading = reading, _read(case)
            if reading.charged == before.charged:
                break
        ended = reading.shows > 0 and _service(case).has_ended
        return _sent(case, state, bills, reading, [_ENDED.format(service=case.bill.ucrm_service_id)] if ended else [])

    def look(self, case: Case, state: BillState) -> Sent:
        return _sent(case, state, _bills(state, case.others), _read(case), [])


def way_of(case: Case) -> str:
    """How this way is kept with the bill: its service's meter is the one that counts."""
    return f"{NAME} {case.bill.ucrm_service_id}"


def _bills(state: BillState, others: Sequence[BillState]) -> list[BillState]:
    """The bills on this meter, oldest first."""
    same = [one for one in [state, *others] if one.way == state.way and one.state in _COUNTED]
    return sorted(same, key=lambda one: one.period)


def _service(case: Case) -> Service:
    account, service_id = case.bill.account_id, case.bill.ucrm_service_id
    if service_id is None:
        raise CallmeterError(f"account {account} has no UCRM service: give it ucrm_service_id in accounts.csv.")
    try:
        service = case.crm.api.read(Service, f"/clients/services/{service_id}")
    except Missing as missing:
        raise Missing(f"UCRM has no service {service_id}. Correct ucrm_service_id of account {account}.") from missing
    if service.client_id != case.client.id:
        raise CallmeterError(f"service {service_id} is of UCRM client {service.client_id}, not of {case.who}.")
    return service


def _taxable(case: Case) -> bool:
    """Whether the meter is taxed, as UCRM has it for the service. Raises CallmeterError where that is not exact."""
    chosen = case.rules.taxes
    if chosen not in ("client", "none"):
        raise CallmeterError(
            'a surcharge takes no taxes of its own: set taxes to "client" or "none" for way = "surcharge".'
        )
    if chosen == "client" and case.crm.options().prices_include_tax:
        raise CallmeterError(
            "UCRM's prices include tax, but callmeter's amounts are without: for way = \"surcharge\" set taxes = "
            '"none", or UCRM to prices without tax.'
        )
    return chosen == "client"


def _mark(case: Case) -> str:
    return f" ({case.bill.account_id}/{case.bill.ucrm_service_id})"


def _label(case: Case) -> str:
    """The period, the number of calls, and the meter's mark."""
    bill, mark = case.bill, _mark(case)
    text = f"{line_label(bill.language, 'bill', '', bill.period)}: {bill.calls}"
    return one_line(text, LONGEST_LABEL - len(mark)) + mark


# ---- reading


def _read(case: Case) -> Reading:
    """The meter, and what the client's invoices charged for it."""
    path = f"/clients/services/{case.bill.ucrm_service_id}/service-surcharges"
    try:
        assigned = case.crm.api.read(list[ServiceSurcharge], path)
    except Missing:
        assigned = []  # the service is gone
    mark = _mark(case).strip()
    meters = sorted((one for one in assigned if mark in one.label), key=lambda one: one.id)
    alike = [one for one in assigned if one.surcharge_id == case.rules.surcharge_id and not _MARKED.search(one.label)]
    if alike:
        raise CallmeterError(
            f'service {case.bill.ucrm_service_id} of {case.who} has the surcharge "{alike[0].label}", which may be the '
            f'meter or not: if callmeter made it, end its label with "{mark}"; if not, remove it.'
        )
    ids = {one.id for one in meters}
    invoices = (one for one in case.crm.invoices_of(case.client.id) if not one.is_void and not one.proforma)
    charged = (_charged(invoice, ids, mark) for invoice in invoices)
    return Reading(tuple(meters), tuple(one for one in charged if one is not None))


def _charged(invoice: IssuedInvoice, meters: set[int], mark: str) -> Charged | None:
    """What the invoice charged for the meter, None where it did not."""

    def ours(item: InvoiceItem) -> bool:
        removed = item.type == "surcharge" and mark in (item.label or "")
        return item.service_surcharge_id in meters or removed

    items = [item.total for item in invoice.items if ours(item)]
    if not items:
        return None
    total = round_to_minor(sum(items, Decimal(0)), invoice.currency_code)
    return Charged(invoice.id, invoice.number or "", invoice.is_draft, total)


# ---- setting


def _set(case: Case, reading: Reading, price: Decimal, label: str | None) -> None:
    """Make the meter say `price`, and a second one of it nothing; label None: as it is.

    Raises Unreachable: doing it again does no harm, as a meter is looked for before it is made.
    """
    if reading.meters:
        for place, meter in enumerate(reading.meters):
            _turn(case, meter, Decimal(0) if place else price, label)
    elif price:
        path = f"/clients/services/{case.bill.ucrm_service_id}/service-surcharges"
        body = {"surchargeId": case.rules.surcharge_id, **_saying(case, price, label or _label(case))}
        case.crm.api.create(ServiceSurcharge, path, body)


def _turn(case: Case, meter: ServiceSurcharge, price: Decimal, label: str | None) -> None:
    saying = _saying(case, price, label or meter.label)
    if (meter.price, meter.label, bool(meter.taxable)) != tuple(saying.values()):
        path = f"/clients/services/service-surcharges/{meter.id}"
        case.crm.api.change(path, {"surchargeId": meter.surcharge_id, **saying})


def _saying(case: Case, price: Decimal, label: str) -> dict[str, object]:
    return {"price": price, "invoiceLabel": label, "taxable": _taxable(case)}


# ---- telling


def _sent(case: Case, state: BillState, bills: Sequence[BillState], reading: Reading, problems: Sequence[str]) -> Sent:
    """Where the bill stands by what was charged."""
    place = next((at for at, one in enumerate(bills) if one.bill_id == state.bill_id), None)
    if place is None:
        return Sent(status="absent")
    amounts = [one.amount for one in bills]
    share = shares(amounts, reading.charged)[place]
    told = [
        *problems,
        *_told(case, state, share, -outstanding(amounts, reading.charged) if bills[-1] == state else None),
    ]
    if share.last is None:
        status: Literal["placed", "absent"] = "placed" if reading.shows > 0 else "absent"
        return Sent(status=status, amount=share.charged, problem=". ".join(told))
    return Sent(
        status="invoiced" if share.numbered == state.amount else "placed",
        invoice_id=share.last.invoice_id,
        number=share.last.number,
        amount=share.charged,
        problem=". ".join(told),
    )


def _told(case: Case, state: BillState, share: Share, over: Decimal | None) -> list[str]:
    """What the operator should know. over: what was charged too much, of the newest bill only."""
    told = []
    if share.last is None and (share.charged or state.state == "invoiced"):
        told.append(
            f"UCRM charged {plain(share.charged)} of {plain(state.amount)} {state.currency}, as the surcharge was "
            "prorated, or its invoice edited or voided: the rest is on the meter, or comes with the next bill"
        )
    if over is not None and over > 0:
        told.append(
            f"UCRM charged {plain(over)} {state.currency} more than the bills come to, as the surcharge of service "
            f"{case.bill.ucrm_service_id} was charged more than once, or edited: the next bills use it up"
        )
    return told
