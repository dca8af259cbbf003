"""Vitelity's call detail records: CSV of Date, Source, Destination, Seconds, CallerID, Disposition, Cost.

They come with that header, as Freeside writes it, or without.

Format: the answer of getcdr as freeside/Freeside imports it (bin/freeside-vitelity-cdrimport, FS/cdr/vitelity.pm); with
addsub=yes the sub account stands last. There is no id and no direction: rows that are equal in everything are calls of
their own, numbered in the file, and whose numbers they have says which way they went. The zone of the times is stated
nowhere. The cost is Vitelity's own: left out.
"""

import re
from dataclasses import replace

from callmeter.sources.base import Columns, Head, Reading, Source
from callmeter.sources.text import cells

_COLUMNS: Columns = {
    "began": ("date",),
    "caller": ("source",),
    "called": ("destination",),
    "seconds": ("seconds",),
    "caller_id": ("callerid",),
    "state": ("disposition",),
    "cost": ("cost",),
    "account": ("subaccount", "account"),
}
_ORDER = ("began", "caller", "called", "seconds", "caller_id", "state", "cost", "account")
_DATE = re.compile(r"(\d{4}-\d\d-\d\d|\d{1,2}[/-]\d{1,2}[/-]\d{4}) \d{1,2}:\d\d(:\d\d)?")
_STATE = re.compile(r"(NO ?ANSWER|ANSWERED|BUSY|FAILED|CONGESTION|CANCEL|UNKNOWN)", re.IGNORECASE)
_FRAME = r"^\s*(x?\[\[x?|success|ok)\s*$"  # around the API's answer
_NOTES = ("Vitelity does not say which zone its times are in: state it",)


def recognise(head: Head) -> Reading | None:
    """The header, or rows of that order. Lines are cut with care, as equal ones are numbered."""
    if head.records:
        return None
    with_header = head.reading(
        "sources/vitelity",
        _COLUMNS,
        ("began", "caller", "called", "seconds", "state", "cost"),
        country="US",
        notes=_NOTES,
    )
    if with_header:
        return replace(with_header, width=0, not_calls=_FRAME)
    if any(_is_row(cells(line, ",")) for _, line in head.lines):
        places: dict[str, int | None] = {field: at for at, field in enumerate(_ORDER, start=1)}
        return Reading("sources/vitelity", positions=places, not_calls=_FRAME, country="US", notes=_NOTES)
    return None


def _is_row(row: list[str]) -> bool:
    """Whether a line has a date, two numbers, whole seconds and a disposition where Vitelity has them."""
    return (
        7 <= len(row) <= 8
        and bool(_DATE.fullmatch(row[0]))
        and row[3].isdigit()
        and bool(_STATE.fullmatch(row[5]))
        and re.fullmatch(r"-?\$?\d*\.?\d*", row[6]) is not None
    )


SOURCE = Source(
    "vitelity",
    recognise,
    "Vitelity's getcdr: CSV with the header Date,Source,Destination,Seconds,CallerID,Disposition,Cost, or the same 7 "
    "or 8 columns without it",
)
