"""Date cells -> local dates as the deck has them: 2026-10-15, or 2026-10-15 14:30 where there is a time.

One form per file: ISO 8601, day/month/year, month/day/year, a month's name, or a spreadsheet's serial numbers. Which
of day and month comes first is proved by a day over 12, or stated. ASAP and the like are no date: in force at once.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from callmeter.catalogue.importing.cells import Place, Seen, Unread, shown

NO_DATE = frozenset(
    {"", "-", "asap", "immediate", "immediately", "now", "n/a", "na", "none", "open", "null", "never", "\\n"}
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TIME = (
    r"(?:[T ,]+(?P<time>[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:\s*[AaPp][Mm])?)"
    r"\s*(?P<zone>Z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
_NAME, _ORDINAL = r"(?P<n>[A-Za-z]{3,9})", r"(?P<d>[0-9]{1,2})(?:st|nd|rd|th)?"
_FORMS = {
    "iso": re.compile(r"(?P<y>[0-9]{4})(?P<s>[-/.]?)(?P<m>[0-9]{1,2})(?P=s)(?P<d>[0-9]{1,2})" + _TIME),
    "numbers": re.compile(r"(?P<a>[0-9]{1,2})(?P<s>[-/.])(?P<b>[0-9]{1,2})(?P=s)(?P<y>[0-9]{4}|[0-9]{2})" + _TIME),
    "name": re.compile(_ORDINAL + r"[-/ .]*" + _NAME + r"[-/ .,]*(?P<y>[0-9]{4}|[0-9]{2})" + _TIME),
    "name first": re.compile(_NAME + r"[-/ .]*" + _ORDINAL + r"[-/ .,]+(?P<y>[0-9]{4})" + _TIME),
    "serial": re.compile(r"(?P<days>[2-7][0-9]{4})(?P<part>\.[0-9]+)?"),
}  # fmt: skip
SHOWN = {
    "iso": "year-month-day", "dmy": "day/month/year", "mdy": "month/day/year", "name": "day, month's name, year",
    "name first": "month's name, day, year", "serial": "a spreadsheet's day numbers", "": "none",
}  # fmt: skip


@dataclass(frozen=True)
class DateReading:
    """How a file's dates are written. form: a key of SHOWN. timezone: the operator's, for times with an offset."""

    form: str
    timezone: str

    def read(self, text: str) -> str:
        """The local date, with its time where that is not midnight; blank where the text is none. Raises Unread."""
        if text.casefold() in NO_DATE:
            return ""
        form = "numbers" if self.form in ("dmy", "mdy") else self.form
        found = _FORMS[form].fullmatch(text) if form else None
        try:
            moment = self._moment(found) if found else None
        except (ValueError, OverflowError):
            moment = None
        if moment is None or not 1990 <= moment.year <= 9999:
            raise Unread("bad-date", f'"{shown(text)}" is not a date ({SHOWN[self.form]})', "Write it as 2026-10-15.")
        return moment.date().isoformat() if not (moment.hour or moment.minute) else f"{moment:%Y-%m-%d %H:%M}"

    def _moment(self, found: re.Match[str]) -> datetime:
        parts = found.groupdict()
        if "days" in parts:
            minutes = round(float(parts["part"] or 0) * 1440)
            return datetime(1899, 12, 30) + timedelta(int(parts["days"]), minutes=minutes)  # noqa: DTZ001
        year = int(parts["y"]) + (2000 if len(parts["y"]) == 2 else 0)
        if self.form in ("dmy", "mdy"):
            day, month = (parts["a"], parts["b"]) if self.form == "dmy" else (parts["b"], parts["a"])
        else:
            day = parts["d"]
            month = parts["m"] if self.form == "iso" else str(_month(parts["n"]))
        moment = datetime(year, int(month), int(day)) + _since_midnight(parts["time"] or "")  # noqa: DTZ001
        return moment if not parts["zone"] else self._local(moment, parts["zone"])

    def _local(self, moment: datetime, zone: str) -> datetime:
        offset = zone if zone[0] in "+-" else "+00"
        offset = offset[:3] + ":" + (offset[3:].lstrip(":") or "00")
        return datetime.fromisoformat(f"{moment.isoformat()}{offset}").astimezone(ZoneInfo(self.timezone))


def decide(seen: Seen, stated: str, timezone: str) -> DateReading:
    """How the dates are written, from their distinct texts. Raises Unread where they differ or could be two things."""
    forms: dict[str, tuple[str, Place]] = {}
    for text, place in seen.items():
        form = next((name for name, pattern in _FORMS.items() if pattern.fullmatch(text)), "")
        if text.casefold() not in NO_DATE and form:
            forms.setdefault(form, (text, place))
    if len(forms) > 1:
        (first, _), (second, where) = list(forms.values())[:2]
        raise Unread(
            "mixed-dates", f'"{shown(second)}" is another form of date than "{shown(first)}"',
            "A spreadsheet may have taken days for months: write every date as 2026-10-15.", where,
        )  # fmt: skip
    form = next(iter(forms), "")
    return DateReading(_order(seen, stated) if form == "numbers" else form, timezone)


def day_after(text: str) -> str:
    """The day after a local date."""
    return (date.fromisoformat(text[:10]) + timedelta(1)).isoformat()


def _order(seen: Seen, stated: str) -> str:
    """Whether days or months come first. Raises Unread."""
    if stated:
        return stated
    proofs: dict[str, tuple[str, Place]] = {}
    for text, place in seen.items():
        found = _FORMS["numbers"].fullmatch(text)
        if found:
            first, second = int(found["a"]), int(found["b"])
            proof = "dmy" if first > 12 else "mdy" if second > 12 else "same" if first == second else "?"
            proofs.setdefault(proof, (text, place))
    if "dmy" in proofs and "mdy" in proofs:
        (day_first, _), (month_first, where) = proofs["dmy"], proofs["mdy"]
        raise Unread(
            "mixed-dates", f'"{shown(month_first)}" has the month first, but "{shown(day_first)}" the day',
            "Write every date as 2026-10-15, or state --dates dmy or --dates mdy.", where,
        )  # fmt: skip
    if "?" in proofs and not proofs.keys() & {"dmy", "mdy"}:
        text, where = proofs["?"]
        hint = "State --dates dmy (the day first) or --dates mdy."
        raise Unread(
            "ambiguous-dates", f'"{shown(text)}" may be a day or a month first, and no date tells', hint, where
        )
    return "mdy" if "mdy" in proofs else "dmy"


def _month(name: str) -> int:
    """The month's number. Raises ValueError."""
    return _MONTHS.index(name[:3].lower()) + 1


def _since_midnight(text: str) -> timedelta:
    """23:59:59 is the end of its day."""
    clock = re.sub(r"\s*[AaPp][Mm]$", "", text)
    hours, minutes, seconds = (*(float(part) for part in clock.split(":")), 0.0, 0.0)[:3] if clock else (0.0, 0.0, 0.0)
    if clock != text:
        hours = hours % 12 + (12 if text.strip().lower().endswith("pm") else 0)
    if hours > 24 or minutes > 59 or seconds >= 61:
        raise ValueError(text)
    if (hours, minutes) == (23, 59) and seconds >= 59:
        return timedelta(1)
    return timedelta(hours=hours, minutes=minutes)
