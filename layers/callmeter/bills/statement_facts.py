"""What a statement says: a customer's bill of one period, call by call.

Plain facts; numbers masked already, times local, money exact. Sums are made here, from the calls that are listed, so
that a statement always adds up:

    calls_charge + corrections_charge + carried_in = due;   due - amount = carried_out   (design 3.14)
"""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, NaiveDatetime, ValidationInfo, field_validator

from callmeter.model import Currency, Fact, Label, Look
from callmeter.money import minor_unit, round_to_minor

_ZERO = Decimal(0)

Seconds = Annotated[int, Field(ge=0)]
Count = Annotated[int, Field(ge=0)]
Reason = Literal["", "late-file", "priced", "repriced", "allowance", "removed"]


class StatementCall(Fact):
    """One answered call to list. `started_at` is local time; `charge` None is "price to follow"."""

    started_at: NaiveDatetime
    direction: Literal["outbound", "inbound", "internal"] = "outbound"
    from_number: str
    to_number: str
    own_number: str = ""  # the account's side
    destination: str = ""
    group: str = ""
    duration_seconds: Seconds
    billed_seconds: Seconds
    free_seconds: Seconds = 0  # of the billed ones, what an allowance covered
    charge: Decimal | None
    barred: bool = False


class StatementCorrection(StatementCall):
    """A call of an earlier period whose charge is not what was billed for it then.

    `charge` is what it costs now (0 where the call is gone), `billed_before` what was billed (0 where it is
    new), `reason` why they differ.
    """

    period: Label
    billed_before: Decimal
    reason: Reason = ""

    @property
    def difference(self) -> Decimal:
        """What comes onto this bill: positive where it is owed, negative where it is credited."""
        return (self.charge or _ZERO) - self.billed_before


class StatementAllowance(Fact):
    """Prepaid minutes, and how many of their seconds this period used."""

    name: str
    minutes: Count
    used_seconds: Seconds

    @property
    def left_seconds(self) -> int:
        return max(0, self.minutes * 60 - self.used_seconds)


class StatementTotal(Fact):
    """What those of the listed calls come to that have something in common: a group of destinations, a number."""

    name: str
    calls: Count
    late_calls: Count
    billed_seconds: Seconds
    free_seconds: Seconds
    charge: Decimal


class Statement(Fact):
    """One account's bill of one period. `first_day`, `last_day` and `issued_on` are local days.

    `calls` holds what is listed, in the order it is listed: answered calls, inbound ones only where charged.
    """

    operator_name: str
    operator_address: tuple[str, ...] = ()
    operator_email: str = ""
    look: Look = Look()
    language: str = "en"
    account_name: str
    account_id: str
    bill_id: str
    invoice_number: str = ""  # of a credit note where `amount` is below zero
    period: Label
    first_day: date
    last_day: date
    timezone: str
    currency: Currency
    issued_on: date
    calls: tuple[StatementCall, ...] = ()
    corrections: tuple[StatementCorrection, ...] = ()
    allowances: tuple[StatementAllowance, ...] = ()
    unanswered_calls: Count = 0  # not listed, nothing to pay
    free_inbound_calls: Count = 0  # not listed, nothing to pay
    carried_in: Decimal = _ZERO  # what rounding, or the minimum, left of the last bill
    minimum: Decimal = _ZERO  # below it nothing is invoiced, but carried
    amount: Decimal  # invoiced, in the currency's minor unit; below zero it is credited

    @field_validator("amount")
    @classmethod
    def _can_be_invoiced(cls, amount: Decimal, seen: ValidationInfo) -> Decimal:
        currency = seen.data.get("currency", "")
        if amount != round_to_minor(amount, currency):
            raise ValueError(f"{amount} {currency} cannot be invoiced: round it to {minor_unit(currency)} first")
        return amount

    @cached_property
    def total(self) -> StatementTotal:
        """All listed calls of this period."""
        return _total("", self.calls)

    @cached_property
    def groups(self) -> tuple[StatementTotal, ...]:
        """Totals by group of destinations: the largest charge first, then by name."""
        totals = _totals(self.calls, lambda call: call.group)
        return tuple(sorted(totals, key=lambda total: (-total.charge, total.name)))

    @cached_property
    def numbers(self) -> tuple[StatementTotal, ...]:
        """Totals by the account's own numbers, in order."""
        totals = _totals(self.calls, lambda call: call.own_number)
        return tuple(sorted(totals, key=lambda total: (len(total.name), total.name)))

    @property
    def calls_charge(self) -> Decimal:
        """The listed calls of this period, exactly."""
        return self.total.charge

    @cached_property
    def corrections_charge(self) -> Decimal:
        """The corrections of earlier periods, exactly; below zero where they credit."""
        return sum((correction.difference for correction in self.corrections), _ZERO)

    @property
    def due(self) -> Decimal:
        """What is owed, exactly. Design 3.14."""
        return self.calls_charge + self.corrections_charge + self.carried_in

    @property
    def carried_out(self) -> Decimal:
        """What comes with the next bill."""
        return self.due - self.amount

    @property
    def why_carried(self) -> Literal["", "minimum", "credit"]:
        """Why an amount that could be invoiced is carried: too small, or a credit; "" where it is not."""
        if self.amount or not round_to_minor(self.due, self.currency):
            return ""
        return "minimum" if self.due > 0 else "credit"

    @cached_property
    def charge_by_day(self) -> dict[date, Decimal]:
        """Every day of the period with what its calls cost."""
        days = (self.last_day - self.first_day).days + 1
        charges = {self.first_day + timedelta(days=n): _ZERO for n in range(days)}
        for call in self.calls:
            if call.charge:
                day = call.started_at.date()
                charges[day] = charges.get(day, _ZERO) + call.charge
        return charges


def _totals(calls: Iterable[StatementCall], common: Callable[[StatementCall], str]) -> list[StatementTotal]:
    found: dict[str, list[StatementCall]] = {}
    for call in calls:
        found.setdefault(common(call), []).append(call)
    return [_total(name, some) for name, some in found.items()]


def _total(name: str, calls: Iterable[StatementCall]) -> StatementTotal:
    calls = list(calls)
    return StatementTotal(
        name=name,
        calls=len(calls),
        late_calls=sum(call.charge is None for call in calls),
        billed_seconds=sum(call.billed_seconds for call in calls),
        free_seconds=sum(call.free_seconds for call in calls),
        charge=sum((call.charge for call in calls if call.charge), _ZERO),
    )
