"""What the first rows of a file say that its header does not: which comes first in its dates, the day or the month."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from callmeter.sources.base import Head, Reading
from callmeter.sources.text import cells

UNSURE = "Its dates do not show whether the day or the month comes first: the day, it is taken."

_DATE = re.compile(r"(\d{1,2})[-./](\d{1,2})[-./](?:\d{4}|\d\d)\b.*")


def samples(head: Head, reading: Reading) -> list[dict[str, str]]:
    """The first rows of a file as a reading names their cells; "" where there is nothing."""
    if reading.paths:
        members = {name: [path[2:].strip('"') for path in paths] for name, paths in reading.paths.items()}
        return [
            {name: next((str(record[key]) for key in keys if record.get(key)), "") for name, keys in members.items()}
            for record in head.records
        ]
    rows = [cells(line, reading.delimiter) for number, line in head.lines if number > reading.skip]
    return [
        {name: row[at - 1] if at and at <= len(row) else "" for name, at in reading.positions.items()} for row in rows
    ]


def day_first(times: Iterable[tuple[str, int | None]]) -> tuple[bool, bool]:
    """Whether the day comes before the month in times, and whether that is sure; the day where nothing tells.

    times: each with about the same instant in Unix seconds, where that is known.
    """
    dates = [(int(found[1]), int(found[2]), epoch) for text, epoch in times if (found := _DATE.fullmatch(text))]
    for first, second, epoch in dates:
        if first > 12 or second > 12:
            return first > 12, True
        month = datetime.fromtimestamp(epoch, UTC).month if epoch else None
        if first != second and month in (first, second):
            return month == second, True
    return True, not dates
