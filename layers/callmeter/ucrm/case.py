"""One bill at one client of UCRM: what it becomes there, and where it stands by the invoices that carry it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Protocol

from callmeter.errors import CallmeterError, Missing
from callmeter.model import Bill, BillState, Sent, UcrmRules, UcrmSettings
from callmeter.money import plain, round_to_minor
from callmeter.ucrm.answers import Client, IssuedInvoice
from callmeter.ucrm.crm import Crm
from callmeter.ucrm.items import Priced, Taxing, on_invoice, priced

PATIENCE_DAYS = 5  # how long UCRM's own run, or a person's approval, is waited for without a word

Carriers = Callable[[str], Sequence[IssuedInvoice]]


@dataclass(frozen=True)
class Standing:
    """Where a bill stands, the invoice in force that carries it, and what is wrong about that."""

    sent: Sent
    invoice: IssuedInvoice | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """A bill, its client, the rules of the client's organization, and how far the account's other bills have come."""

    crm: Crm
    bill: Bill
    client: Client
    rules: UcrmRules
    others: tuple[BillState, ...] = ()

    @cached_property
    def taxing(self) -> Taxing:
        """The taxes of the bill's items. Raises CallmeterError where they cannot be exact, or are not there."""
        chosen = self.rules.taxes
        ids = self.client.tax_ids if chosen == "client" else () if chosen == "none" else chosen
        inclusive = self.crm.options().prices_include_tax
        if not ids:
            return Taxing()
        rates = self.crm.tax_rates() if inclusive or chosen != "client" else dict.fromkeys(ids, Decimal(0))
        if unknown := [number for number in ids if number not in rates]:
            raise CallmeterError(f"UCRM has no tax {unknown[0]}: correct taxes of [billing.ucrm] in operator.toml.")
        if len(ids) > 3 or (inclusive and len(ids) > 1):
            most = "one tax an item, as its prices include tax" if inclusive else "three taxes an item"
            raise CallmeterError(
                f"{self.who} has {len(ids)} taxes, but UCRM takes {most}: take some off, or set taxes of "
                "[billing.ucrm] in operator.toml."
            )
        return Taxing(ids, rates[ids[0]] if inclusive else Decimal(0))

    @cached_property
    def items(self) -> list[Priced]:
        """The bill's lines as UCRM's items."""
        return priced(self.bill.lines, self.bill.currency, self.taxing)

    @property
    def who(self) -> str:
        return f"UCRM client {self.client.id} of account {self.bill.account_id}"

    @property
    def notes(self) -> str:
        """For the operator's eyes, on what we issue ourselves."""
        bill = self.bill
        return (
            f"callmeter bill {bill.bill_id}, account {bill.account_id}, due {plain(bill.due)} {bill.currency}, carried "
            f"{plain(bill.carried)}, catalogue {bill.catalogue}"
        )

    @property
    def waited_days(self) -> int:
        """Days since the bill was frozen."""
        return (self.crm.clock() - self.bill.frozen_at).days

    def check_client(self) -> None:
        """Raises CallmeterError where UCRM would not invoice the client, or not in the bill's currency."""
        if self.client.is_archived:
            raise CallmeterError(f"{self.who} is archived: restore it to bill it.")
        if self.client.is_lead:
            raise CallmeterError(f"{self.who} is a lead: make it a client to bill it.")
        if self.client.currency_code != self.bill.currency:
            raise CallmeterError(
                f"account {self.bill.account_id} is billed in {self.bill.currency}, but UCRM client {self.client.id} "
                f"in {self.client.currency_code}: give it a plan in {self.client.currency_code}, or the client an "
                f"organization in {self.bill.currency}."
            )

    # ---- where it stands

    def standing(self, state: BillState, carriers: Carriers) -> Standing:
        """Where the bill stands by the invoices that carry it. Writes nothing.

        carriers: reference -> the invoices that carry it. An earlier attempt's invoice counts if it is in force. One
        that lost its mark is known by the id we kept.
        """
        mine = list(carriers(state.reference))
        if not mine and state.invoice_id is not None:
            kept = self.crm.invoice(state.invoice_id)
            if kept is None:
                return Standing(Sent(status="void", invoice_id=state.invoice_id, problem="deleted in UCRM"))
            mine = [kept]
        earlier = [one for reference in earlier_references(state) for one in carriers(reference)]
        in_force = sorted((one for one in [*mine, *earlier] if not one.is_void), key=_numbered_first)
        if in_force:
            problems = [f"bill {self.bill.bill_id} is on {one.title} too: void all but one" for one in in_force[1:]]
            if in_force[0] not in mine:
                problems.append(f"attempt {state.attempt} was not sent: an earlier one is in force")
            return Standing(self.sent(in_force[0], problems), in_force[0], tuple(problems))
        if mine:
            newest = max(mine, key=lambda one: one.id)
            return Standing(Sent(status="void", invoice_id=newest.id, number=newest.number or ""))
        return Standing(Sent(status="absent"))

    def finished(self, invoice: IssuedInvoice, problems: Sequence[str], *, approve: bool) -> Sent:
        """Approve and mail the invoice, as far as is wanted; where the bill stands then."""
        if invoice.is_draft and approve:
            invoice = self.crm.approve(invoice)
        mailing = self.crm.send(invoice) if self.rules.send and not invoice.is_draft else ""
        return self.sent(invoice, [*problems, mailing] if mailing else problems)

    def sent(self, invoice: IssuedInvoice, problems: Sequence[str] = ()) -> Sent:
        """Where the bill stands, being on `invoice`; `problems` and what a person changed there."""
        amount, changes = self._amount_on(invoice)
        if invoice.currency_code != self.bill.currency:
            changes.append(f"it is in {invoice.currency_code}, the bill in {self.bill.currency}")
        if invoice.is_draft and self.waited_days >= PATIENCE_DAYS:
            changes.append("it still waits to be approved; until then UCRM invoices none of the services on it")
        told = [f"{invoice.title}: {'; '.join(changes)}"] if changes else []
        return Sent(
            status="placed" if invoice.is_draft else "invoiced",
            invoice_id=invoice.id,
            number=invoice.number or "",
            amount=amount,
            problem=". ".join([*problems, *told]),
        )

    def _amount_on(self, invoice: IssuedInvoice) -> tuple[Decimal, list[str]]:
        """What the bill comes to on the invoice without tax, and how it was changed."""
        bill = self.bill
        if is_only_ours(invoice):
            amount = round_to_minor(invoice.total_untaxed, invoice.currency_code)
            return amount, [] if amount == bill.amount else [_changed(amount, bill)]
        return on_invoice(self.items, invoice.free_items, bill.currency, self.taxing)


class Way(Protocol):
    """One way of getting bills onto invoices."""

    def check(self, case: Case) -> None:
        """Raises CallmeterError for all that can be told before anything is sent."""
        ...

    def advance(self, case: Case, state: BillState) -> Sent: ...
    def look(self, case: Case, state: BillState) -> Sent: ...


def case_of(crm: Crm, settings: UcrmSettings, bill: Bill, others: Sequence[BillState] = ()) -> Case:
    """The bill's case. Raises CallmeterError where it has no client, Missing where UCRM has not."""
    if bill.ucrm_client_id is None:
        raise CallmeterError(f"account {bill.account_id} has no UCRM client: give it ucrm_client_id in accounts.csv.")
    try:
        client = crm.api.read(Client, f"/clients/{bill.ucrm_client_id}")
    except Missing as missing:
        raise Missing(
            f"UCRM has no client {bill.ucrm_client_id}. Correct ucrm_client_id of account {bill.account_id}, then bill "
            "again."
        ) from missing
    return Case(crm, bill, client, settings.of(client.organization_id), tuple(others))


def earlier_references(state: BillState) -> list[str]:
    """What the bill's earlier attempts are found by."""
    return [state.model_copy(update={"attempt": attempt}).reference for attempt in range(1, state.attempt)]


def is_only_ours(invoice: IssuedInvoice) -> bool:
    """Whether the invoice carries one bill, and nothing of UCRM's own."""
    return len(invoice.references) <= 1 and len(invoice.free_items) == len(invoice.items)


def _numbered_first(invoice: IssuedInvoice) -> tuple[bool, int]:
    return invoice.is_draft, invoice.id


def _changed(amount: Decimal, bill: Bill) -> str:
    return (
        f"it comes to {plain(amount)} without tax, the bill to {plain(bill.amount)} {bill.currency}: if "
        "somebody changed it, put it right there, or void it"
    )
