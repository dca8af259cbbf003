"""Asterisk's CDRs: cdr_csv's Master.csv, cdr_custom, and tables of CDRs exported as CSV or JSON lines.

Formats: cdr/cdr_csv.c, configs/samples/{cdr,cdr_custom,cdr_adaptive_odbc}.conf.sample of asterisk/asterisk. Whether
times are local or UTC the files do not say: state the zone (the sample cdr.conf that Asterisk ships writes UTC), and
see `zone_seems`. Durations are billsec, seconds since the answer, which some configurations write with decimals.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

from callmeter.sources.base import Columns, Head, Reading, Source
from callmeter.sources.samples import UNSURE, day_first, samples
from callmeter.sources.text import cells

STAGE = "sources/asterisk"
NEEDED = ("src", "dst", "channel", "dstchannel", "start", "billsec", "disposition")

# By the CDR's own names, and as the manager's Cdr event has them. `timestamp` is an epoch, which beats `start`.
COLUMNS: dict[str, tuple[str, ...]] = {
    "accountcode": ("accountcode",),
    "src": ("src", "source"),
    "dst": ("dst", "destination"),
    "dcontext": ("dcontext", "destinationcontext", "destcontext", "context"),
    "clid": ("clid", "callerid"),
    "channel": ("channel",),
    "dstchannel": ("dstchannel", "destinationchannel", "destchannel"),
    "lastapp": ("lastapp", "lastapplication"),
    "lastdata": ("lastdata",),
    "start": ("start", "calldate", "starttime"),
    "duration": ("duration",),
    "billsec": ("billsec", "billableseconds", "billseconds"),
    "disposition": ("disposition",),
    "uniqueid": ("uniqueid",),
    "linkedid": ("linkedid",),
    "sequence": ("sequence",),
    "did": ("did",),
    "cnum": ("cnum",),
    "outbound_cnum": ("outboundcnum",),
    "timestamp": ("timestamp",),
    "carrier": ("carrier",),
    **dict.fromkeys(("tail_1", "tail_2", "tail_3", "tail_4", "tail_5", "last_needed", "beyond"), ()),
}


_SECONDS = re.compile(r"\d+(\.\d+)?")


@dataclass(frozen=True)
class Layout:
    """The columns of lines without a header that says their names, in order; a line has `fewest` of them at least.

    seconds: how durations are written. translated: there is a header, and it and the dispositions are in any language.
    """

    names: str
    fewest: int
    seconds: re.Pattern[str] = _SECONDS
    translated: bool = False

    @property
    def columns(self) -> list[str]:
        return self.names.split()


MASTER = Layout(
    "accountcode src dst dcontext clid channel dstchannel lastapp lastdata start answer end duration billsec "
    "disposition amaflags tail_1 tail_2 tail_3 tail_4 tail_5",
    fewest=16,
)
# The mapping of the sample cdr_custom.conf; older ones have no sequence.
CUSTOM = Layout(
    "clid src dst dcontext channel dstchannel lastapp lastdata start answer end duration billsec disposition "
    "amaflags accountcode uniqueid userfield sequence",
    fewest=15,
)
# asteriskcdrdb.cdr and cdr_mysql; what follows userfield depends on who made the table, so that only ids are taken.
TABLE = Layout(
    "start clid src dst dcontext channel dstchannel lastapp lastdata duration billsec disposition amaflags "
    "accountcode uniqueid userfield did c18 c19 c20 c21 c22 c23 linkedid peeraccount sequence c27 c28 c29 c30",
    fewest=14,
)

# FreeSWITCH can write the columns of Master.csv, but with its hangup causes for dispositions.
_DISPOSITIONS = frozenset(("NO ANSWER", "FAILED", "BUSY", "ANSWERED", "CONGESTION", "CANCEL", "UNKNOWN"))
_TIME = re.compile(
    r"(\d{4}[-/]\d\d[-/]\d\d|\d\d?[-./]\d\d?[-./](\d{4}|\d\d),?)[ T]+\d\d?:\d\d(:\d\d(\.\d+)?)?( ?[AP]M)?"
    r"|\d{10}(\.\d{6})?",
    re.IGNORECASE,
)
_CHANNEL = re.compile(r"[A-Za-z0-9_]+/.+")
_ID = re.compile(r"(?:.+-)?(\d{9,11})\.\d+")
_ID_COLUMNS = ("uniqueid", "tail_1", "tail_2")
_STARTS = range(3)  # cells that may stand before the first column of a table: a row's id, a tenant


def recognise(head: Head) -> Reading | None:
    """By the names of columns or JSON members, else by lines that can be nothing else."""
    return by_names(head) or by_layout(head, (MASTER, CUSTOM, TABLE))


def by_names(head: Head, columns: Columns = COLUMNS, needed: Iterable[str] = NEEDED, **more: Any) -> Reading | None:
    """A header, or JSON records, with a CDR's own names."""
    found = head.reading(STAGE, columns, needed, **more)
    return found and _settled(head, found, fewest=0, most=0)


def by_layout(head: Head, layouts: Sequence[Layout], **more: Any) -> Reading | None:
    """Lines without a header, where one of the first is a whole row of a layout; the very first may be half a line."""
    for delimiter, layout, before in product(",;\t|", layouts, _STARTS):
        whole = [number for number, line in head.lines if _is_row(cells(line, delimiter)[before:], layout)]
        if whole:
            found = _positional(layout, delimiter, before, skip=whole[0] - 1 if layout.translated else 0, **more)
            return _settled(head, found, fewest=before + layout.fewest, most=before + len(layout.columns))
    return None


def _is_row(row: Sequence[str], layout: Layout) -> bool:
    """Whether cells have a time, a channel, seconds and a disposition where the layout wants them."""
    if not layout.fewest <= len(row) <= len(layout.columns):
        return False
    cell = dict(zip(layout.columns, row, strict=False))
    return bool(
        _TIME.fullmatch(cell["start"])
        and _CHANNEL.fullmatch(cell["channel"])
        and layout.seconds.fullmatch(cell["billsec"])
        and layout.seconds.fullmatch(cell.get("duration", cell["billsec"]))
        and (layout.translated or cell["disposition"].upper() in _DISPOSITIONS)
    )


def _positional(layout: Layout, delimiter: str, before: int, **more: Any) -> Reading:
    """How to read lines by where their cells stand, `before` cells later than the layout says."""
    places = {name: before + at for at, name in enumerate(layout.columns, start=1)}
    places |= {"last_needed": before + layout.fewest, "beyond": before + len(layout.columns) + 1}
    return Reading(STAGE, delimiter, positions={name: places.get(name) for name in COLUMNS}, ends_lines=True, **more)


def _settled(head: Head, reading: Reading, **values: Any) -> Reading:
    """The reading with what its first rows say of the order of day and month."""
    first, sure = day_first((row["start"], _epoch(row)) for row in samples(head, reading))
    notes = reading.notes if sure else (*reading.notes, UNSURE)
    return replace(reading, values={**values, "day_first": first}, notes=notes)


def zone_seems(head: Head, timezone: str) -> str:
    """What the epochs in a file's ids say against reading its times in a zone; "" where they agree or are silent."""
    reading = recognise(head)
    rows = samples(head, reading) if reading else []
    found = {quarters for row in rows for quarters in _ahead_of_utc(row, timezone)}
    if len({here for here, _ in found}) != 1 or any(here == there for here, there in found):
        return ""
    minutes = 15 * next(iter(found))[0]
    offset = f"UTC{'+' if minutes >= 0 else '-'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    return (
        f"The ids say when calls began in Unix time, and by them the times in this file are those of {offset}, not of "
        f"{timezone}: state the zone that the PBX writes."
    )


def _ahead_of_utc(row: dict[str, str], timezone: str) -> Iterator[tuple[int, int]]:
    """By how many quarters of an hour a row's time is ahead of UTC, by its id and by a zone."""
    epoch = _epoch(row)
    try:
        wall = datetime.fromisoformat(row["start"].replace("/", "-"))
    except ValueError:
        return
    if epoch and not wall.tzinfo and not row["timestamp"]:
        ahead = wall.replace(tzinfo=UTC).timestamp() - epoch
        offset = wall.replace(tzinfo=ZoneInfo(timezone)).utcoffset()
        yield round(ahead / 900), round(offset.total_seconds() / 900) if offset else 0


def _epoch(row: dict[str, str]) -> int | None:
    """When a row's channel was made, by its uniqueid, in Unix seconds."""
    found = (_ID.fullmatch(row[name]) for name in _ID_COLUMNS)
    return next((int(one[1]) for one in found if one), None)


SOURCE = Source(
    "asterisk",
    recognise,
    "Asterisk's Master.csv: 16 to 21 columns without a header, the start in column 10, the disposition in column 15; "
    f"or a header, or JSON records, with {', '.join(NEEDED)}",
)
