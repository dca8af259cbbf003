"""Billing periods: from the anchor day, local midnight, to the next. Design 3.11."""

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from callmeter.model import Period


def period_of(year: int, month: int, timezone: str, anchor_day: int) -> Period:
    """The period that begins in that month. An anchor day past the month's end is the month's last day.

    Where local midnight happens twice, it begins with the first; where it is skipped, with the offset before.
    """
    following = (year + 1, 1) if month == 12 else (year, month + 1)
    return Period(
        label=f"{year:04}-{month:02}",
        starts_at=_midnight(year, month, timezone, anchor_day),
        ends_at=_midnight(*following, timezone, anchor_day),
    )


def period_at(instant: datetime, timezone: str, anchor_day: int) -> Period:
    """The period that `instant` (aware) belongs to."""
    local = instant.astimezone(ZoneInfo(timezone))
    period = period_of(local.year, local.month, timezone, anchor_day)
    return previous(period, timezone, anchor_day) if instant < period.starts_at else period


def previous(period: Period, timezone: str, anchor_day: int) -> Period:
    """The period before."""
    year, month = map(int, period.label.split("-"))
    return period_of(*((year - 1, 12) if month == 1 else (year, month - 1)), timezone, anchor_day)


def labelled(label: str, timezone: str, anchor_day: int) -> Period:
    """The period of that label, YYYY-MM."""
    year, month = map(int, label.split("-"))
    return period_of(year, month, timezone, anchor_day)


def periods_between(first: datetime, last: datetime, timezone: str, anchor_day: int) -> Iterator[Period]:
    """Every period that touches first..last (aware), in order."""
    period = period_at(first, timezone, anchor_day)
    while True:
        yield period
        if period.ends_at > last:
            return
        period = period_at(period.ends_at, timezone, anchor_day)


def _midnight(year: int, month: int, timezone: str, anchor_day: int) -> datetime:
    day = min(anchor_day, monthrange(year, month)[1])
    return datetime(year, month, day, tzinfo=ZoneInfo(timezone)).astimezone(UTC)
