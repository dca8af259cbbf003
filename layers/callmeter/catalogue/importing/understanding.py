"""A carrier's file -> what was understood of it, ready to be shown and written.

Stages: sheets -> the table -> rows of a deck -> one row for each price -> with an existing deck, what changes. Every
row of the file is imported or dropped for a reason that is counted; a problem means that nothing is imported, unless
bad rows are to be skipped.
"""

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from callmeter.catalogue.importing import currencies, dates, prices
from callmeter.catalogue.importing.cells import shown
from callmeter.catalogue.importing.choices import Choices
from callmeter.catalogue.importing.deck import Clash, DeckRow, amended, differing, without_duplicates
from callmeter.catalogue.importing.headers import MEANINGS
from callmeter.catalogue.importing.reader import Reading
from callmeter.catalogue.importing.remarks import notices, warnings
from callmeter.catalogue.importing.rows import read_rows
from callmeter.catalogue.importing.sheets import open_sheets
from callmeter.catalogue.importing.tables import Table, find_table
from callmeter.errors import BrokenCatalogue, CallmeterError, Problem

_CENTS = re.compile(r"\b(cents?|ct|cts|pence|centimes|rappen|øre|paise)\b|¢", re.I)
_SECONDS = re.compile(r"(\bper|/)\s*(second|sec|s)\b", re.I)
_MONEY = ("rate", "rate_first", "connect_fee", "max_charge")


@dataclass(frozen=True)
class Import:
    """What a file came to. rows: the whole deck to write. rows_in = imported + all of dropped (reason -> lines).

    problems: of the rows that were skipped. changes: against the deck that was there. notices say what was decided,
    warnings what a person should look at.
    """

    table: Table
    reading: Reading
    rows: list[DeckRow]
    rows_in: int
    imported: int
    dropped: dict[str, list[int]]
    problems: list[Problem]
    currency: str
    changes: dict[str, int]
    notices: list[str]
    warnings: list[str]


def understand(
    path: Path,
    name: str,
    choices: Choices,
    *,
    timezone: str,
    today: date,
    existing: Path | None = None,
    amend: bool = False,
) -> Import:
    """Read a carrier's deck. Raises UnreadableFile, UsageError, BrokenCatalogue.

    name: how problems call the file. timezone: the operator's. existing: the deck to compare with, or with `amend` to
    change; it must be sound.
    """
    table = find_table(open_sheets(path, name), choices)
    _refuse_other_units(table, choices)
    reading = read_rows(table, choices, timezone=timezone, today=today)
    currency = _currency(table, reading, choices)
    rows, doubled = _accounted(table, reading, currency, choices, "" if amend else today.isoformat())
    before = _deck_there(existing, timezone, needed=amend) if existing else []
    deck, _, clashes = without_duplicates(_changed(before, rows, today)) if amend else (rows, [], [])
    if clashes:
        raise BrokenCatalogue([_clash(table, clash) for clash in clashes])
    return Import(
        table,
        reading,
        deck,
        len(table.before) + (table.header is not None) + len(table.rows),
        len({row.line for row in rows}),
        {reason: lines for reason, lines in reading.dropped.items() if lines},
        reading.problems,
        currency,
        differing(before, deck) if before else {},
        notices(table, reading, choices, rows, doubled),
        warnings(table, reading, choices, rows),
    )


def facts(found: Import) -> dict[str, Any]:
    """What was understood, for people and scripts: plain values only."""
    table, rows = found.table, found.rows
    starts = sorted({row.effective_from for row in rows if row.effective_from})
    return {
        "file": table.sheet.file,
        "encoding": table.sheet.encoding,
        "delimiter": table.delimiter,
        "header_line": table.header.line if table.header else 0,
        "columns": _columns(table),
        "left_out": table.left_out,
        "decimal_mark": {".": "point", ",": "comma"}[found.reading.price.mark],
        "dates": dates.SHOWN[found.reading.date.form],
        "currency": found.currency,
        "rows_in": found.rows_in,
        "imported": found.imported,
        "dropped": {reason: len(lines) for reason, lines in found.dropped.items()},
        "deck_rows": len(rows),
        "prefixes": len({row.prefix for row in rows if row.prefix}),
        "not_allowed": sum(row.allowed == "no" for row in rows),
        "free": sum(row.rate == "0" for row in rows),
        "late": sum(bool(row.late) for row in rows),
        "ending": sum(bool(row.effective_to) for row in rows),
        "effective": [starts[0], starts[-1]] if starts else [],
        "bands": sorted({row.band for row in rows if row.band}),
        "changes": found.changes,
        "notices": found.notices,
        "warnings": found.warnings,
        "problems": [str(problem) for problem in found.problems],
    }


def _columns(table: Table) -> list[dict[str, str]]:
    """What each column is taken for, with its first cell that is not blank."""
    found = []
    for column in table.columns:
        cells = (record.cells[column.index] for record in table.rows if column.index < len(record.cells))
        meaning = MEANINGS[column.meaning] + (f" in band {column.band}" if column.band else "")
        example = shown(next((cell for cell in cells if cell), ""))
        found.append({"header": column.header, "meaning": meaning, "example": example})
    return found


def _accounted(
    table: Table, reading: Reading, currency: str, choices: Choices, today: str
) -> tuple[list[DeckRow], int]:
    """The rows to import, and how many rows of the deck said what another says. Raises BrokenCatalogue.

    today: prefixes withdrawn until then are dropped; blank for a deck that is amended, which must learn of them.
    """
    rows = [row._replace(currency=currency) if row.currency != currency else row for row in reading.rows]
    past = {row.line for row in rows if row.withdrawn and row.effective_to <= today}
    rows, doubled, clashes = without_duplicates([row for row in rows if row.line not in past])
    reading.problems += [_clash(table, clash) for clash in clashes]
    reading.problems.sort(key=lambda problem: (problem.line, problem.column))
    if reading.problems and not choices.skip_bad:
        raise BrokenCatalogue(reading.problems)
    bad = {row.line for clash in clashes for row in clash}
    rows = [row for row in rows if row.line not in bad]
    dropped = reading.dropped
    dropped["closed"] = sorted({*dropped["closed"], *past})
    dropped["not understood"] = sorted({*dropped["not understood"], *bad})
    dropped["duplicate"] = sorted({row.line for row in doubled} - {row.line for row in rows} - bad)
    if not rows:
        record = table.header or (table.rows or table.before)[0]
        none = table.problem(record, 0, "no-rows", "the table has no row to import", "Ask for the deck again.")
        raise BrokenCatalogue([*reading.problems, none])
    return rows, len(doubled)


def _changed(before: list[DeckRow], rows: list[DeckRow], today: date) -> list[DeckRow]:
    """The deck that was there with its changes; without codes that it never had, and that are withdrawn already."""
    deck = amended(before, rows)
    return [row for row in deck if not (row.withdrawn and row.effective_to <= today.isoformat())]


def _refuse_other_units(table: Table, choices: Choices) -> None:
    """A header that says cents, or per second, needs the operator's word."""
    for column in table.columns if choices.per is None else ():
        cents, seconds = _CENTS.search(column.header), _SECONDS.search(column.header)
        if column.meaning in _MONEY and (cents or (seconds and column.meaning != "connect_fee")):
            unit, per = ("in cents or the like", "100") if cents else ("by the second", "1/60")
            raise BrokenCatalogue([
                table.problem(table.header or table.rows[0], column.index, "other-unit",
                              f'"{column.header}" says its prices are {unit}',
                              f"State --per {per} to divide them, or --per 1 to take them as they are.")
            ])  # fmt: skip


def _currency(table: Table, reading: Reading, choices: Choices) -> str:
    """The currency that the file or the operator states; blank where nobody does. Raises BrokenCatalogue."""
    stated: dict[str, str] = {}
    for row in reading.rows:
        if row.currency and row.currency not in stated:
            stated[row.currency] = f"line {row.line}"
    money = [column for column in table.columns if column.meaning in _MONEY]
    for column in money:
        for code in currencies.named_in(column.header):
            stated.setdefault(code, f'the header "{column.header}"')
    for record in table.rows:
        for cell in (record.cells[column.index] for column in money if column.index < len(record.cells)):
            for code in prices.currencies_of(cell):
                stated.setdefault(code, f"line {record.line}")
    for code, line in _noted_currencies(table, reading).items():
        stated.setdefault(code, f"line {line}")
    if choices.currency:
        stated.setdefault(choices.currency, "--currency")
    if len(stated) > 1:
        text = "more than one currency is stated: " + ", ".join(f"{code} ({where})" for code, where in stated.items())
        hint = "A deck is in one currency: import its parts one by one."
        raise BrokenCatalogue([table.problem(table.header or table.rows[0], 0, "conflicting-currency", text, hint)])
    return next(iter(stated), "")


def _noted_currencies(table: Table, reading: Reading) -> dict[str, int]:
    """The currencies that notes around the table say prices are in, with the line; other mentions say nothing."""
    notes = {*reading.dropped["footer"], *reading.dropped["title"]}
    found: dict[str, int] = {}
    for record in (*table.before, *(one for one in table.rows if one.line in notes)):
        note = " ".join(record.cells)
        if re.search(r"currenc|\bprices?\b|\brates?\b|\bper min|\bin [A-Z]{3}\b|/ ?min", note, re.I):
            for code in currencies.named_in(note):
                found.setdefault(code, record.line)
    return found


def _clash(table: Table, clash: Clash) -> Problem:
    """Both rows of a clash, at the later one."""
    earlier, later = clash
    record = next((one for one in table.rows if one.line == later.line), table.rows[0])
    at = next((at for at in map(table.at, ("prefix", "area_code", "country_code")) if at is not None), 0)
    name = f"prefix {later.prefix}" if later.prefix else f'"{later.destination}"'
    lines = f"lines {earlier.line} and {later.line}"
    text = f"{name} is in force twice at once: {lines}"
    if earlier.shown_price != later.shown_price:
        text = f"{name} has two prices at once, {earlier.shown_price} and {later.shown_price}: {lines}"
    hint = "Take one out, or give them dates that do not overlap."
    return table.problem(record, min(at, len(record.cells) - 1), "overlapping-rows", text, hint)


def _deck_there(path: Path, timezone: str, *, needed: bool) -> list[DeckRow]:
    """The rows of a deck of ours; none where it is broken and only to be compared with. Raises BrokenCatalogue."""
    choices = Choices(decimal="point")
    try:
        table = find_table(open_sheets(path, path.name), choices)
        reading = read_rows(table, choices, timezone=timezone, today=date.min, own=True)
        if reading.problems:
            raise BrokenCatalogue(reading.problems)
    except CallmeterError:
        if needed:
            raise
        return []
    return reading.rows
