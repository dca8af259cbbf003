"""What one call costs and why, step by step: the SQL's independent twin, in Decimal and Fraction."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from callmeter.model import Plan
from callmeter.money import plain


@dataclass(frozen=True)
class DeckRow:
    """One row of a rate deck. rate: per minute, or per call; None where it is not known yet."""

    prefix: str
    destination: str
    group: str
    rate: Decimal | None
    connect_fee: Decimal
    first_increment: int
    increment: int
    per_call: bool
    allowed: bool
    late: bool
    line: int = 0


@dataclass(frozen=True)
class Explanation:
    """A call's price. charge is None while the price is not known."""

    billed_seconds: int | None
    charge: Decimal | None
    status: str
    barred: bool
    steps: tuple[str, ...]


def explain(row: DeckRow, plan: Plan, seconds: int) -> Explanation:
    """Price a call of `seconds` (whole, not negative) that matched `row`. Design 3.5 to 3.9."""
    steps = [
        f"{row.prefix} is the longest prefix in deck {plan.deck} (line {row.line}): {row.destination}, {row.group}"
    ]
    barred = not row.allowed and seconds > 0
    if barred:
        steps.append("calls there are not allowed: one that happened anyway is charged, and flagged")
    if seconds == 0:
        return Explanation(0, Decimal(0), "unanswered", False, (*steps, "nothing for an unanswered call"))
    if row.late or row.rate is None:
        return Explanation(None, None, "late", barred, (*steps, "the price is not known yet: billed when it is"))
    billed = billed_seconds(row, plan, seconds)
    if row.per_call:
        exact = Fraction(row.rate) + Fraction(row.connect_fee)
        steps.append(f"{_sum(row)} per call, whatever its length")
    else:
        exact = Fraction(row.connect_fee) + Fraction(row.rate) * billed / 60
        steps.append(_increments_step(row, plan, seconds, billed))
        fee = f"{plain(row.connect_fee)} + " if row.connect_fee else ""
        steps.append(f"{fee}{plain(row.rate)} x {billed} / 60 = {_shown(exact)}")
    charge = rounded(exact, plan)
    steps.append(f"rounded {plan.rounding} to {plan.charge_decimals} decimals: {charge} {plan.currency}")
    return Explanation(billed, charge, "rated", barred, tuple(steps))


def billed_seconds(row: DeckRow, plan: Plan, seconds: int) -> int:
    """Seconds that are charged: the first increment, then whole further ones. Design 3.5."""
    first, increment = increments(row, plan)
    if seconds <= first:
        return first
    return first + -(-(seconds - first) // increment) * increment


def increments(row: DeckRow, plan: Plan) -> tuple[int, int]:
    """First and further increment, the plan's own where it has them."""
    if plan.billing == "deck":
        return row.first_increment, row.increment
    return (60, 60) if plan.billing == "per-minute" else (1, 1)


def rounded(exact: Fraction, plan: Plan) -> Decimal:
    """An exact charge rounded once, by the plan. Design 3.6."""
    scaled = exact * 10**plan.charge_decimals
    whole, rest = divmod(scaled.numerator, scaled.denominator)
    twice = {"half-up": 2 * rest >= scaled.denominator, "up": rest > 0, "down": False}[plan.rounding]
    return Decimal(whole + twice).scaleb(-plan.charge_decimals)


def _increments_step(row: DeckRow, plan: Plan, seconds: int, billed: int) -> str:
    first, increment = increments(row, plan)
    whose = "the deck" if plan.billing == "deck" else f"the plan ({plan.billing})"
    return f"{seconds} s in increments of {first}/{increment}, set by {whose}: {billed} s are billed"


def _sum(row: DeckRow) -> str:
    return plain(row.rate or Decimal(0)) + (f" + {plain(row.connect_fee)}" if row.connect_fee else "")


def _shown(exact: Fraction) -> str:
    """Up to nine decimals; an ellipsis where there are more."""
    nanos, rest = divmod(exact.numerator * 10**9, exact.denominator)
    return plain(Decimal(nanos).scaleb(-9)) + ("…" if rest else "")
