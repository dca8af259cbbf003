"""What a source of calls is: how its files are recognised, and the stage that reads them."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from callmeter.sources.text import cells, delimiter_of

Columns = Mapping[str, Sequence[str]]  # field -> how files name it, the best first; see Head.reading


@dataclass(frozen=True)
class Reading:
    """How to read one file.

    stage: the SQL file that turns `named_fields` into `raw_calls` (see sql/sources/generic.sql for its columns).

    Files of cells have a delimiter; skip: how many lines to leave out before the first call (a header, and what stands
    above it); positions: where each field it names stands, from 1, None where the file has none; width: how many cells
    a line has, 0 without a header. quoting: "csv", quotes are doubled inside quotes; "every", each cell is in quotes,
    and those inside are left as they are; "none", a quote is a character like any other.
    Files of JSON records, one a line, have `paths`: of each field the JSON paths, the first that is there counts.

    not_calls: a regular expression of lines that are none: totals, titles. timezone, country: of times and national
    numbers, where the format itself says so. time_format: of times of no usual form, as strptime has it. then: stages
    that change raw_calls before they are normalised. cut_at: numbers of rows that this export ends at, whatever is
    missing.
    ends_lines: whoever writes this file ends every line, so that a last line without an end is half a line.
    notes: what is uncertain, for people.
    values: further parameters of the stage.
    """

    stage: str
    delimiter: str = ","
    skip: int = 0
    positions: dict[str, int | None] = field(default_factory=dict)
    width: int = 0
    quoting: Literal["csv", "every", "none"] = "csv"
    paths: dict[str, tuple[str, ...]] = field(default_factory=dict)
    header: str = ""  # its text: a file that was put together of several has it again
    not_calls: str = ""
    timezone: str = ""
    country: str = ""
    time_format: str = ""
    then: tuple[str, ...] = ()
    cut_at: frozenset[int] = frozenset()
    ends_lines: bool = False
    notes: tuple[str, ...] = ()
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Head:
    """How a file begins: its name, and number and text of its first lines that are not blank.

    stated: its sender says that it is of the source that is asked.
    """

    name: str
    lines: tuple[tuple[int, str], ...]
    stated: bool = False

    @cached_property
    def records(self) -> tuple[dict[str, Any], ...]:
        """The lines that are JSON objects."""
        found = [_record(line) for _, line in self.lines]
        return tuple(one for one in found if one is not None)

    def reading(self, stage: str, columns: Columns, needed: Iterable[str], **more: Any) -> Reading | None:
        """How to read this file by the names it gives its columns; None where it lacks one that is needed.

        columns: field -> names, whatever their case, blanks and underscores, as `plain` has them; a name that begins
        with "$." is a JSON path. They are looked for in the header of a file of cells, or the members of JSON records.
        more: what else the Reading is to say.
        """
        return (
            self._of_records(stage, columns, needed, more)
            if self.records
            else self._of_cells(stage, columns, needed, more)
        )

    def _of_records(self, stage: str, columns: Columns, needed: Iterable[str], more: dict[str, Any]) -> Reading | None:
        members = dict.fromkeys(name for record in self.records for name in record)
        paths = {
            column: tuple(path for alias in aliases for path in _paths(alias, members))
            for column, aliases in columns.items()
        }
        if not all(any(_holds(self.records[0], path) for path in paths[column]) for column in needed):
            return None
        return Reading(stage, paths=paths, **more)

    def _of_cells(self, stage: str, columns: Columns, needed: Iterable[str], more: dict[str, Any]) -> Reading | None:
        """A header is looked for below a few lines that are no rows of it: a title, a date, an address."""
        wanted = list(needed)
        fullest = 0
        for number, line in self.lines:
            delimiter = delimiter_of(line)
            header = cells(line, delimiter)
            filled = sum(1 for cell in header if cell)
            at = positions(header, columns)
            if all(at[column] for column in wanted):
                if fullest * 2 > filled:
                    return None
                return Reading(stage, delimiter, number, at, len(header), header=line, **more)
            fullest = max(fullest, filled)
        return None


@dataclass(frozen=True)
class Source:
    """One kind of CDR file.

    recognise: from how a file begins, how to read it, or None where it is not of this kind.
    expects: what was looked for, for people. also: other names it is known by, as `plain` has them.
    """

    name: str
    recognise: Callable[[Head], Reading | None]
    expects: str
    also: tuple[str, ...] = ()


def plain(header: str) -> str:
    """A header's letters and digits only, in lower case: "From number" and from_number are one."""
    return "".join(character for character in header.lower() if character.isalnum())


def positions(header: Sequence[str], wanted: Columns) -> dict[str, int | None]:
    """Where each wanted column stands (from 1) by its aliases, the earlier alias first; None where it is missing."""
    names = [plain(cell) for cell in header]
    return {
        column: next((names.index(alias) + 1 for alias in aliases if alias in names), None)
        for column, aliases in wanted.items()
    }


def _record(line: str) -> dict[str, Any] | None:
    if not line.lstrip().startswith("{"):
        return None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _paths(alias: str, members: Iterable[str]) -> list[str]:
    """The JSON paths that an alias stands for, among the members that records have."""
    if alias.startswith("$."):
        return [alias]
    return [f'$."{name}"' for name in members if plain(name) == alias and '"' not in name]


def _holds(record: Any, path: str) -> bool:
    """Whether a path of members leads anywhere in a record."""
    for quoted, name in re.findall(r'\.(?:"([^"]*)"|([^.\["]+))', path):
        if not isinstance(record, dict) or (quoted or name) not in record:
            return False
        record = record[quoted or name]
    return True
