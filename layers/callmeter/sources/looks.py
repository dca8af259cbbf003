"""What kind of thing a text seems to be: a time, a date, a duration, a number."""

import re
from collections.abc import Iterable

_ISO_TIME = re.compile(r"\d{4}-\d{1,2}-\d{1,2}([T ]\d{1,2}:\d{2}.*)?")
_EPOCH = re.compile(r"1\d{9}(\.\d+)?|1\d{12}|1\d{15}")
_DATE = re.compile(
    r"(\w{3,9}\.?,? )?"
    r"(\d{1,2}[./-]\d{1,2}[./-](\d{4}|\d{2})|\d{4}[./]\d{1,2}[./]\d{1,2}|20\d{6}"
    r"|\d{1,2}[ -][A-Za-z]{3,9}[ -]\d{4}|[A-Za-z]{3,9} \d{1,2}, \d{4})"
)
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(\s?[AaPp]\.?[Mm]\.?)?")
_SLASHED = re.compile(r"(?:[A-Za-z]{2,9}\.?,? )?(\d{1,2}[/-]\d{1,2}[/-](?:\d{4}|\d{2})\b)")


def is_iso_time(text: str) -> bool:
    """Whether a time is of the forms that are read without asking: ISO 8601, or Unix seconds."""
    return bool(_ISO_TIME.fullmatch(text) or _EPOCH.fullmatch(text)) and not re.search(r"[AaPp]\.?[Mm]\.?$", text)


def is_date(text: str) -> bool:
    """Whether a text is a date without a time of day."""
    return bool(_DATE.fullmatch(text) or (_ISO_TIME.fullmatch(text) and ":" not in text))


def is_clock(text: str) -> bool:
    """Whether a text is a time of day; it may be a duration, too."""
    return bool(_CLOCK.fullmatch(text))


def is_time(text: str) -> bool:
    """Whether a text is a date and a time of day."""
    if _EPOCH.fullmatch(text) or re.fullmatch(r"20\d{12}", text):
        return True
    date = _DATE.match(text)
    return ":" in text and bool(_ISO_TIME.fullmatch(text) or (date and _CLOCK.search(text, date.end())))


def slashed_dates(texts: Iterable[str]) -> list[str]:
    """Those that begin with two numbers before a year, of which either may be the day; without their weekdays."""
    return [found[1] for text in texts if (found := _SLASHED.match(text))]


def is_number(text: str) -> bool:
    """Whether a text may be a phone number: seven to fifteen digits, dressed or not; no time, and no decimal number."""
    bare = re.sub(r"^(sips?:|tel:)|@.*$", "", text)
    digits = re.sub(r"\D", "", bare)
    dressed = re.fullmatch(r"\+?[\d\s()/.-]+", bare) and not re.fullmatch(r"\d*\.\d*", bare)
    return bool(dressed) and 7 <= len(digits) <= 18 and not is_date(text) and ":" not in bare


def is_code(text: str) -> bool:
    """Whether a text may be an extension or a short code, or a withheld number."""
    return bool(re.fullmatch(r"[*#]?\d{2,6}|anonymous|unknown|withheld|restricted|private", text.lower()))
