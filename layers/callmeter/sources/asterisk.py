"""Asterisk's cdr_csv: Master.csv, 16 to 21 quoted columns, no header, local time unless usegmtime is on.

Format: cdr/cdr_csv.c and configs/samples/cdr.conf.sample of asterisk/asterisk. Whether the times are local or UTC
the file does not say: state the zone. The sample configuration that Asterisk ships writes UTC.
"""

import re

from callmeter.sources.base import Head, Reading, Source
from callmeter.sources.text import cells

# FreeSWITCH can write the same columns, but with its hangup causes for dispositions.
_DISPOSITIONS = frozenset(("NO ANSWER", "FAILED", "BUSY", "ANSWERED", "CONGESTION", "CANCEL", "UNKNOWN"))
_TIME = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}")


def recognise(head: Head) -> Reading | None:
    """One of the first lines is a row of Master.csv; the very first may be half a line."""
    return Reading("sources/asterisk", ends_lines=True) if any(_is_row(line) for _, line in head.lines) else None


def _is_row(line: str) -> bool:
    """Whether a line has a start in column 10, whole seconds in 13 and 14 and a disposition in 15."""
    row = cells(line, ",")
    if not 16 <= len(row) <= 21:
        return False
    return bool(
        _TIME.fullmatch(row[9]) and row[12].isdigit() and row[13].isdigit() and row[14].upper() in _DISPOSITIONS
    )


SOURCE = Source(
    "asterisk",
    recognise,
    "Asterisk's Master.csv: 16 to 21 columns without a header, the start in column 10, the disposition in column 15",
)
