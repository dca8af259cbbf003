"""The time bands of operator.toml -> spans of minutes per kind of day, as sql/catalogue/bands.sql takes them.

A band holds at a call whose start is, by the operator's wall clock, on one of its days and within one of its hours.
A public holiday is the day "holiday", and none of the weekdays.
"""

import re
from typing import Any

from callmeter.model import Operator

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday")
_MIDNIGHT = 24 * 60
_HOURS = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")
_HOLIDAY = re.compile(r"(?:(\d{4})-)?(\d{2})-(\d{2})")


def days_of(text: str) -> list[int]:
    """Numbers of days, 1 (Monday) to 7, 8 for a public holiday, of "mon", "mon-fri" or "holiday". Raises ValueError."""
    first, _, last = text.lower().replace(" ", "").partition("-")
    if first not in DAYS or (last and (last not in DAYS or "holiday" in (first, last))):
        raise ValueError(f'"{text}" is not a day: write mon, tue, wed, thu, fri, sat, sun, mon-fri or holiday')
    begin, end = DAYS.index(first), DAYS.index(last or first)
    if begin <= end:
        return [day + 1 for day in range(begin, end + 1)]
    return [day + 1 for day in (*range(begin, 7), *range(end + 1))]


def minutes_of(text: str) -> list[tuple[int, int]]:
    """Spans of minutes from midnight, the end exclusive: "19:00-08:00" is two of the same day. Raises ValueError."""
    found = _HOURS.fullmatch(text.strip())
    if found:
        begin, end = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
        whole_minutes = int(found[2]) < 60 and int(found[4]) < 60
        if whole_minutes and begin < _MIDNIGHT and end <= _MIDNIGHT and begin != end:
            over_midnight = [(begin, _MIDNIGHT), (0, end)] if end else [(begin, _MIDNIGHT)]
            return [(begin, end)] if begin < end else over_midnight
    raise ValueError(f'"{text}" is not a span of hours: write it as 08:00-19:00')


def holiday_of(text: str) -> dict[str, Any]:
    """A public holiday: "12-25" of every year, or "2026-04-03". Raises ValueError."""
    found = _HOLIDAY.fullmatch(text.strip())
    if not found:
        raise ValueError(f'"{text}" is not a day: write 12-25, or 2026-04-03 for that year alone')
    year, month, day = found.groups()
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
        raise ValueError(f'"{text}" is not a day of the calendar')
    return {"holiday_month": int(month), "holiday_day": int(day), "holiday": f"{year}-{month}-{day}" if year else None}


def spans(operator: Operator) -> list[dict[str, Any]]:
    """Every span of every band: {band, day, from_minute, to_minute}."""
    return [
        {"band": name, "day": day, "from_minute": begin, "to_minute": end}
        for name, band in operator.bands.items()
        for day in sorted({day for text in band.days for day in days_of(text)})
        for text in band.hours
        for begin, end in minutes_of(text)
    ]


def holidays(operator: Operator) -> list[dict[str, Any]]:
    """Every public holiday."""
    return [holiday_of(text) for text in operator.holidays]
