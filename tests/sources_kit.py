"""What a source makes of a file, line by line, before anybody is asked to pay: what tests of sources share."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from callmeter.dialplan import dial_plan
from callmeter.rating.reading import read_calls
from callmeter.sources import recognise
from callmeter.sources.documents import as_lines
from callmeter.sources.text import make_safe
from rating_kit import write

_LATEST = datetime(2030, 1, 1, tzinfo=UTC).replace(tzinfo=None)
_ROW = "line, irregular, reason, call_id"
_CALL = "carrier, direction, from_number, to_number, started_at::varchar, duration_seconds, answered"


# What a cell may hold that no carrier ever wrote: none of it may raise an error, or spoil another line.
ODD = (
    "", "-1", "61.5", "NaN", "infinity", "-infinity", "1e309", "0x10", "9" * 20, "-9223372036854775808", "1:2:3",
    "::::", "sip:", "+", "a;b", "\\", "%", "'", "Ω", "{}", "[1]", "true", "2026-13-45 99:99:99",
    "294247-01-10T04:00:54Z", "0001-01-01 00:00:00", "12/31/294246 10:00:00 PM", "31.12.9999 23:59",
    "Tue, 99 Foo 2026 10:00:00 +9999", "10:00:00 XXX 2026-10-05", "2026-10-05T10:00:00+99:99",
)  # fmt: skip


class Reader:
    """Reads files with one connection, which costs a fraction of rating them.

    folder: scratch, which `con` may use. source, reading, ids, carriers: of the file that was read last.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self._con, self._folder, self._files = con, folder, 0

    def text(self, content: str | bytes, *, source: str = "", timezone: str = "UTC", country: str = "GB") -> list[str]:
        """As `file`, of what a file says."""
        self._files += 1
        path = write(self._folder / f"text{self._files}.txt", content)
        return self.file(path, source=source, timezone=timezone, country=country)

    def file(self, path: Path, *, source: str = "", timezone: str = "UTC", country: str = "GB") -> list[str]:
        """A text per line, in order: "2 outbound 12025550101 12125550142 2026-10-05 10:00:00 61 answered".

        It is line, direction (? where the numbers are to decide), from, to, start (UTC), seconds, answered or
        unanswered; or "3 bad-time", "4 other-leg", "5 no-call": the line and why it is no call to be paid.
        """
        safe = as_lines(self._con, make_safe(path, self._folder), self._folder)
        self.source, self.reading = recognise(safe, source)
        values = {
            **dial_plan(self.reading.country or country).parameters(),
            "timezone": self.reading.timezone or timezone,
            "time_format": self.reading.time_format or None,
            "latest": _LATEST,
            "before": 0,
            "skip": self.reading.skip,
        }
        self._con.execute("drop table if exists calls_read")
        read_calls(self._con, safe, self.reading, values)
        rows = self._con.table("calls_read").project(f"{_ROW}, {_CALL}").fetchall()
        numbered = [(at if row[0] is None else row[0], row) for at, row in enumerate(rows, start=self.reading.skip + 1)]
        kept = sorted((line, row) for line, row in numbered if not row[1])
        self.ids = [row[3] for _, row in kept]
        self.carriers = {row[4] for _, row in kept}
        return [f"{line} {_said(row[2], *row[5:])}" for line, row in kept]


def _said(reason: str | None, direction: str | None, *facts: Any) -> str:
    *known, answered = facts
    words = (
        direction or "?",
        *(fact or "-" for fact in known[:2]),
        *known[2:],
        "answered" if answered else "unanswered",
    )
    return reason or " ".join(map(str, words))
