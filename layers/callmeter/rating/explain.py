"""What one call costs and why, step by step: the SQL's independent twin, in Decimal and Fraction.

`moment` says what the operator's clock shows, `choose` which deck row holds then, `explain` what the call costs by it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from callmeter.catalogue.bands import DAYS, days_of, holiday_of, minutes_of
from callmeter.model import Operator, Plan
from callmeter.money import plain

_SHOWN_PASSED_OVER = 3


@dataclass(frozen=True)
class DeckRow:
    """One row of a rate deck. rate: per minute, or per call; None where it is not known yet.

    band, from_prefix: when and for whom it holds, "" for always and all. starts_at, ends_at: UTC without a zone, the
    end exclusive, None where open.
    """

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
    is_code: bool = False
    max_charge: Decimal | None = None
    band: str = ""
    from_prefix: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True)
class Moment:
    """When a call starts: by UTC (without a zone) and by the operator's wall clock; the bands that are on then."""

    instant: datetime
    wall: datetime
    zone: str
    holiday: bool
    bands: frozenset[str]
    banded: bool  # whether the operator has bands at all

    @property
    def text(self) -> str:
        """Monday 5 October 2026, 11:00 in Europe/London: in band peak."""
        clock = f"{self.wall:%H:%M:%S}".removesuffix(":00")
        said = [
            *(["a public holiday"] if self.holiday else []),
            *([f"in band {' and '.join(sorted(self.bands))}" if self.bands else "in no band"] if self.banded else []),
        ]
        day = f"{self.wall:%A} {self.wall.day} {self.wall:%B} {self.wall.year}"
        return f"{day}, {clock} in {self.zone}" + (f": {', '.join(said)}" if said else "")


@dataclass(frozen=True)
class Choice:
    """The row that a call matches, None where there is none, and what the choice came down to."""

    row: DeckRow | None
    steps: tuple[str, ...]


@dataclass(frozen=True)
class Explanation:
    """A call's price. charge is None while the price is not known."""

    billed_seconds: int | None
    charge: Decimal | None
    status: str
    barred: bool
    steps: tuple[str, ...]


def moment(operator: Operator, at: datetime) -> Moment:
    """What the operator's clock and calendar say at the instant `at` (aware)."""
    wall = at.astimezone(ZoneInfo(operator.timezone))
    holiday = any(_is_on(holiday_of(text), wall) for text in operator.holidays)
    day = DAYS.index("holiday") + 1 if holiday else wall.isoweekday()
    minute = wall.hour * 60 + wall.minute
    bands = frozenset(
        name
        for name, band in operator.bands.items()
        if any(day in days_of(text) for text in band.days)
        and any(begin <= minute < end for text in band.hours for begin, end in minutes_of(text))
    )
    instant = at.astimezone(UTC).replace(tzinfo=None)
    return Moment(instant, wall, operator.timezone, holiday, bands, bool(operator.bands))


def choose(rows: Iterable[DeckRow], when: Moment, caller: str = "") -> Choice:
    """Which of the rows that a number begins with holds: the longest prefix; then one with a band before one without;
    then the longest caller's prefix. caller: E.164 digits, "" where it is not known."""
    ranked = sorted(rows, key=_rank, reverse=True)
    chosen = next((row for row in ranked if not _why_not(row, when, caller)), None)
    better = ranked[: ranked.index(chosen)] if chosen else ranked
    steps = [f"{row.prefix} (line {row.line}) does not hold: {_why_not(row, when, caller)}" for row in better]
    if len(steps) > _SHOWN_PASSED_OVER:
        steps[_SHOWN_PASSED_OVER:] = [f"and {len(steps) - _SHOWN_PASSED_OVER} more rows do not hold"]
    return Choice(chosen, (*steps, *_held(chosen, when.zone)))


def explain(row: DeckRow, plan: Plan, seconds: int) -> Explanation:
    """Price a call of `seconds` (whole, not negative) that matched `row`. Design 3.5 to 3.9."""
    steps = [_row_step(row, plan)]
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
    if row.max_charge is not None and exact > row.max_charge:
        exact = Fraction(row.max_charge)
        steps.append(f"a call there costs {plain(row.max_charge)} at most")
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


def _is_on(holiday: dict[str, object], wall: datetime) -> bool:
    if (wall.month, wall.day) != (holiday["holiday_month"], holiday["holiday_day"]):
        return False
    return holiday["holiday"] in (None, f"{wall:%Y-%m-%d}")


def _rank(row: DeckRow) -> tuple[int, bool, int]:
    return len(row.prefix), bool(row.band), len(row.from_prefix)


def _why_not(row: DeckRow, when: Moment, caller: str) -> str:
    """Why a row does not hold for this caller at that time; "" where it does."""
    if row.starts_at and row.starts_at > when.instant:
        return f"it begins on {_day(row.starts_at, when.zone)}"
    if row.ends_at and row.ends_at <= when.instant:
        return f"it ended on {_day(row.ends_at, when.zone)}"
    if row.band and row.band not in when.bands:
        return f"it is for band {row.band}"
    if row.from_prefix and not caller.startswith(row.from_prefix):
        return f"it is for callers from {row.from_prefix}" + ("" if caller else ", and no caller was given")
    return ""


def _held(row: DeckRow | None, zone: str) -> Iterator[str]:
    """Why a row with conditions holds."""
    if row and row.band:
        yield f"the row for band {row.band} (line {row.line}) goes before one without a band"
    if row and row.from_prefix:
        yield f"the row for callers from {row.from_prefix} (line {row.line}) goes before one for all callers"
    if row and (row.starts_at or row.ends_at):
        begins = f" from {_day(row.starts_at, zone)}" if row.starts_at else ""
        ends = f" until {_day(row.ends_at, zone)}" if row.ends_at else ""
        yield f"line {row.line} is in force{begins}{ends}"


def _day(instant: datetime, zone: str) -> str:
    return f"{instant.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)):%Y-%m-%d}"


def _row_step(row: DeckRow, plan: Plan) -> str:
    kind = "a code, matched whole," if row.is_code else "the longest prefix"
    names = ", ".join(name for name in (row.destination, row.group) if name)
    return f"{row.prefix} is {kind} in deck {plan.deck} (line {row.line})" + (f": {names}" if names else "")


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
