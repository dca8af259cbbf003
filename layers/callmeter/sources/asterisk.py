"""Asterisk's cdr_csv: Master.csv, 16 to 21 quoted columns, no header, local time unless usegmtime is on.

Format: cdr/cdr_csv.c and configs/samples/cdr.conf.sample of asterisk/asterisk. Whether the times are local or UTC
the file does not say: state the zone. The sample configuration that Asterisk ships writes UTC.
"""

import re

from callmeter.sources.base import Reading, Source
from callmeter.sources.text import cells

_TIME = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}")


def recognise(_line_number: int, line: str) -> Reading | None:
    """A first line with a start in column 10 and whole seconds in 13 and 14, or None."""
    row = cells(line, ",")
    if not 16 <= len(row) <= 21 or not _TIME.fullmatch(row[9]) or not (row[12].isdigit() and row[13].isdigit()):
        return None
    return Reading("sources/asterisk")


SOURCE = Source(
    "asterisk", recognise, "Asterisk's Master.csv: 16 to 21 columns without a header, the start in column 10"
)
