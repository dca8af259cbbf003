"""A file that nothing knows -> a mapping file for it, guessed by what stands in its columns and what they are called.

A column of times, one of durations, two of numbers are enough; a person has to look at what came of it.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from callmeter.sources.base import Head, plain
from callmeter.sources.looks import is_clock, is_code, is_date, is_number, is_time, slashed_dates
from callmeter.sources.samples import day_first
from callmeter.sources.text import TextFile, cells, first_lines

_LOOKED_AT = 200  # lines
_HINTS = {
    "call_id": r"(^|call|cdr|unique|record|session)(id|uuid|guid|sid|ref(erence)?)$",
    "from": r"from|src|source|caller|calling|ani\b|orig|cli$|anum|aparty|anrufer|von|quelle|appelant|chiamante|origen",
    "to": r"^to|dst|dest|called|callee|dial|dnis|bnum|bparty|ziel|nach|angeruf|gewählt|appelé|chiamato",
    "start": r"start|begin|init|connect|setup|date|datum|fecha|data|time|zeit|uhr|heure|hora|ora$",
    "duration": r"bill|talk|conv|dur|sec|len|dauer|durée|elapsed|minut|gespr|sek",
    "direction": r"direction|richtung|sens|dirección|type$|inout",
    "disposition": r"dispo|status|result|state|ergebnis|estado|stato|statut|cause",
    "login": r"login|user|ext|nebenstelle|peer|endpoint",
    "account": r"account|customer|client|kunde|tenant|cost",
    "carrier": r"trunk|carrier|gateway|provider|route|leitung",
}
_WAYS = re.compile(
    r"(in|out)(bound|going|coming)?|i|o|internal|eingehend|ausgehend|entrant\w?|sortant\w?|saliente", re.IGNORECASE
)
_OUTCOMES = re.compile(
    r"(not?[ _-]?)?answer(ed)?|busy|failed|cancel(l?ed)?|completed|missed|ok|success|normal[ _]clearing|congestion",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Proposal:
    """A mapping file, ready to save, and what it is not sure of."""

    toml: str
    uncertain: tuple[str, ...]


@dataclass(frozen=True)
class _Column:
    """A column of the file: how a mapping names it, its header's letters, what the first rows have in it."""

    name: int | str
    header: str
    texts: tuple[str, ...]

    def share(self, looks: Callable[[str], bool]) -> float:
        """How many of the filled cells look like that, from 0 to 1; 0 where most are blank."""
        filled = [text for text in self.texts if text]
        return sum(map(looks, filled)) / len(filled) if len(filled) * 2 > len(self.texts) else 0

    def hinted(self, field: str) -> bool:
        return bool(re.search(_HINTS[field], self.header))


@dataclass(frozen=True)
class _Table:
    """What the file seems to be: columns, and how it is cut; `cut` are lines of the mapping file."""

    columns: tuple[_Column, ...]
    cut: tuple[str, ...] = ()


def propose(text: TextFile) -> Proposal | None:
    """A mapping for a file, None where it has no columns of times, durations and two numbers."""
    lines = tuple(first_lines(text, _LOOKED_AT))
    head = Head(text.name, lines)
    table = _of_records(head.records) if head.records else _of_cells(lines)
    if table is None:
        return None
    found = _fields(table)
    if not {"from", "to", "start", "duration"} <= found.keys():
        return None
    return Proposal(_toml(table, found), tuple(_uncertain(found)))


def _of_records(records: Sequence[dict[str, Any]]) -> _Table:
    rows = [dict(_members(record)) for record in records]
    names = dict.fromkeys(name for row in rows for name in row)
    return _Table(
        tuple(_Column(name, plain(name.rpartition(".")[2]), tuple(row.get(name, "") for row in rows)) for name in names)
    )


def _members(record: dict[str, Any], above: str = "$") -> Iterator[tuple[str, str]]:
    """JSON path and text of every member of a record that is neither an object nor a list."""
    for name, value in record.items():
        if not re.fullmatch(r'[^"\\]+', name) or not name.isprintable():
            continue
        path = f"{above}.{name}" if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) else f'{above}."{name}"'
        if isinstance(value, dict):
            yield from _members(value, path)
        elif value is not None and not isinstance(value, list):
            yield path, str(value).strip()


def _of_cells(lines: Sequence[tuple[int, str]]) -> _Table | None:
    """The table that most lines are rows of."""
    delimiter, width, count = max(
        ((delimiter, *_usual_width(lines, delimiter)) for delimiter in ",;\t|"),
        key=lambda one: (one[2] * (one[1] > 1), one[1]),
    )
    if width < 4 or count * 2 < len(lines):
        return None
    rows = [(number, row) for number, line in lines if len(row := cells(line, delimiter)) == width]
    while rows and sum(map(bool, rows[0][1])) * 2 <= width:  # a title
        rows.pop(0)
    if not rows:
        return None
    number, header = rows[0]
    headed = not any(is_time(cell) or is_clock(cell) or is_number(cell) or cell.isdigit() for cell in header)
    body = [row for _, row in rows[1:]] if headed else [row for _, row in rows]
    names = Counter(map(plain, header))
    columns = tuple(
        _Column(
            cell
            if headed and plain(cell) and names[plain(cell)] == 1 and cell.isprintable() and len(cell) < 100
            else at,
            plain(cell) if headed else "",
            tuple(row[at - 1] for row in body),
        )
        for at, cell in enumerate(header, start=1)
    )
    cut = (f"delimiter = {json.dumps(delimiter)}", *(() if headed else ("header = false",)))
    above = number - 1
    return _Table(columns, (*cut, f"skip_lines = {above}") if above else cut) if body else None


def _usual_width(lines: Sequence[tuple[int, str]], delimiter: str) -> tuple[int, int]:
    """How many cells most lines have, and how many lines those are."""
    return Counter(len(cells(line, delimiter)) for _, line in lines).most_common(1)[0]


def _fields(table: _Table) -> dict[str, list[_Column]]:
    """The column of each field, two for a start in two; each column is one field's."""
    left = list(table.columns)
    found: dict[str, list[_Column]] = {}

    def take(field: str, columns: Iterable[_Column]) -> None:
        best = sorted(columns, key=lambda one: not one.hinted(field))
        if best:
            found[field] = [best[0]]
            left.remove(best[0])

    take("start", [one for one in left if one.share(is_time) > 0.8 and not one.share(str.isdigit)])
    if "start" not in found:
        dates, clocks = ([one for one in left if one.share(kind) > 0.8] for kind in (is_date, is_clock))
        if dates and clocks:
            clock = next((one for one in clocks if one.hinted("start") and not one.hinted("duration")), clocks[0])
            found["start"] = [dates[0], clock]
            left = [one for one in left if one not in (dates[0], clock)]
    if "start" not in found:
        take("start", [one for one in left if one.share(is_time) > 0.8])
    take("duration", sorted((one for one in left if _length(one)), key=_length, reverse=True))
    _take_numbers(found, left)
    take("call_id", [one for one in left if one.hinted("call_id") and len(set(one.texts)) == len(one.texts)])
    take("direction", [one for one in left if one.share(lambda text: bool(_WAYS.fullmatch(text))) > 0.8])
    take("disposition", [one for one in left if one.share(lambda text: bool(_OUTCOMES.fullmatch(text))) > 0.5])
    for field in ("account", "carrier", "login"):
        take(field, [one for one in left if one.hinted(field) and any(one.texts)])
    return found


def _length(column: _Column) -> int:
    """How much a column looks like one of durations; 0 not at all."""
    clock = column.share(lambda text: bool(re.fullmatch(r"(\d{1,3}:)?\d{1,3}:\d{2}(\.\d+)?", text))) > 0.9
    number = column.share(lambda text: bool(re.fullmatch(r"\d{1,7}([.,]\d+)?", text))) > 0.9
    if not (clock or number):
        return 0
    counted = number and _counts_up(column.texts)
    billed = bool(re.search("bill|talk|conv|gespr", column.header))
    hint = 4 * column.hinted("duration") + 2 * billed
    return 0 if counted and not hint else 1 + hint + 2 * clock + (number and len(set(column.texts)) > 1)


def _counts_up(texts: Sequence[str]) -> bool:
    """Whether a column numbers its rows."""
    return (
        len(texts) > 2
        and all(text.isdigit() for text in texts)
        and all(int(later) - int(earlier) == 1 for earlier, later in pairwise(texts))
    )


def _take_numbers(found: dict[str, list[_Column]], left: list[_Column]) -> None:
    """The caller and the called number: columns of numbers, by their headers, else in this order."""
    looks = [one for one in left if one.share(lambda text: is_number(text) or is_code(text)) > 0.6]
    full = [one for one in looks if one.share(is_number) > 0.2 or one.hinted("from") or one.hinted("to")]
    to = next((one for one in full if one.hinted("to") and not one.hinted("from")), None)
    caller = next((one for one in full if one.hinted("from") and one is not to), None)
    rest = [one for one in full if one not in (to, caller)]
    if len(full) == 1 and caller is None:  # the callers are extensions
        rest = [
            one for one in looks if one not in full and not one.hinted("call_id") and not _counts_up(one.texts)
        ] + rest
    caller = caller or (rest.pop(0) if rest else None)
    to = to or (rest.pop(0) if rest else None)
    if caller and to:
        found["from"], found["to"] = [caller], [to]
        left.remove(caller)
        left.remove(to)


def _unit(column: _Column) -> str:
    """The unit that a header of durations names; seconds where it names none."""
    if re.search(r"minut|min$|mins$", column.header):
        return "minutes"
    return "milliseconds" if re.search(r"milli|msec|ms$", column.header) else "seconds"


def _toml(table: _Table, found: dict[str, list[_Column]]) -> str:
    unit = _unit(found["duration"][0])
    lines = [*table.cut, *((f'duration_unit = "{unit}"',) if unit != "seconds" else ()), "", "[columns]"]
    for field in (name for name in _HINTS if name in found):
        names = [_written(column.name) for column in found[field]]
        lines.append(f"{field} = " + (names[0] if len(names) == 1 else f"[{', '.join(names)}]"))
    return "\n".join(lines).lstrip("\n") + "\n"


def _written(column: int | str) -> str:
    """A column as TOML has it."""
    text = str(column)
    return f"'{text}'" if '"' in text and "'" not in text else json.dumps(column, ensure_ascii=False)


def _uncertain(found: dict[str, list[_Column]]) -> Iterator[str]:
    yield "its columns are a guess by what stands in them: look at from, to, start and duration"
    [*_, length] = found["duration"]
    if not length.header or not re.search(r"sec|sek|bill|minut|min$|ms$", length.header):
        yield "the durations are taken as seconds, or H:MM:SS, of the time since the answer"
    dates = slashed_dates(found["start"][0].texts)
    if dates and not day_first((date, None) for date in dates)[1]:
        yield f"dates such as {dates[0]} begin with the day or the month: write day_first = true, or false"
