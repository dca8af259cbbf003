"""What is sound in a rates folder and yet hardly meant: each with its place, like a problem.

The questions are sets in sql/catalogue/warn_*.sql. Where a file has many of a kind, the first are told one by one and
the rest counted.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb

from callmeter import sql
from callmeter.catalogue.accounts import column_at
from callmeter.catalogue.compile import Catalogue
from callmeter.catalogue.decks import DECK_HEADERS
from callmeter.catalogue.files import decoded
from callmeter.dialplan import dial_plan
from callmeter.errors import Problem
from callmeter.sources.text import TextFile, cells, column_of, delimiter_of, first_line, make_safe

SHOWN = 5  # of a kind and file, one by one
_OF_DECKS = ("steps", "gaps", "fees", "unrated", "below_cost")


@dataclass(frozen=True)
class Warnings:
    """What was found: `told` one by one; `counts` by code, those that are not told included."""

    told: list[Problem]
    counts: dict[str, int]


def find_warnings(
    con: duckdb.DuckDBPyConnection,
    catalogue: Catalogue,
    folder: Path,
    work: Path,
    *,
    accounts: Path | None = None,
    at: datetime | None = None,
    shown: int = SHOWN,
) -> Warnings:
    """What is doubtful in the `catalogue` that was just compiled from `folder` in `con`, at the instant `at` (aware).

    accounts: the accounts file, where there is one. shown: how many of a kind and file are told one by one.
    """
    values: dict[str, Any] = {
        "instant": (at or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None),
        "timezone": catalogue.operator.timezone,
        "caller": None,
        "shown": shown,
        **dial_plan(catalogue.operator.country).parameters(),
    }
    for stage in ("warn_macros", "warn_parents", "lcr_held_rows"):
        sql.run(con, f"catalogue/{stage}", **values)
    found = _of_decks(con, folder, work, values) + _unused_decks(con, folder)
    found += _of_accounts(con, accounts, values)
    found += _of_tables(con, folder, values)
    return _counted(found)


@dataclass(frozen=True)
class _Found:
    """A warning's row: code, text, hint, and how many of the kind there are in the file; and where it is."""

    row: dict[str, Any]
    place: tuple[str, int, int]


def _counted(found: Iterable[_Found]) -> Warnings:
    told: list[Problem] = []
    counts: Counter[str] = Counter()
    for (file, code), group in groupby(found, key=lambda one: (one.place[0], one.row["code"])):
        ones = list(group)
        told += [Problem(*one.place, code, one.row["text"], one.row["hint"]) for one in ones]
        of_the_kind = max(len(ones), *(one.row.get("found", 1) for one in ones))
        counts[code] += of_the_kind
        if of_the_kind > len(ones):
            told.append(Problem(file, 0, 0, code, f"and {of_the_kind - len(ones):,} more like the last", ""))
    return Warnings(told, dict(counts))


def _of_decks(con: duckdb.DuckDBPyConnection, folder: Path, work: Path, values: dict[str, Any]) -> list[_Found]:
    rows = [row for kind in _OF_DECKS for row in sql.rows(con, f"catalogue/warn_{kind}", **values)]
    rows.sort(key=lambda row: (row["deck"], row["code"]))  # within these as the questions order them
    found: list[_Found] = []
    for deck, of_deck in groupby(rows, key=lambda row: str(row["deck"])):
        of_deck_rows = list(of_deck)
        place = _cells_of(folder / "decks" / f"{deck}.csv", work, {row["line"] for row in of_deck_rows})
        name = f"{folder.name}/decks/{deck}.csv"
        found += [_Found(row, (name, *place(row["line"], row["asked"]))) for row in of_deck_rows]
    return found


def _unused_decks(con: duckdb.DuckDBPyConnection, folder: Path) -> list[_Found]:
    used = {row["deck"] for row in sql.rows(con, "catalogue/warn_used_decks")}
    hint = "Name it in plans.toml or carriers.toml, or take the file away."
    return [
        _Found(
            {"code": "unused-deck", "text": f"no plan and no carrier uses deck {deck.stem}", "hint": hint},
            (f"{folder.name}/decks/{deck.name}", 1, 1),
        )
        for deck in sorted((folder / "decks").glob("*.csv"))
        if deck.stem not in used
    ]


def _of_accounts(con: duckdb.DuckDBPyConnection, path: Path | None, values: dict[str, Any]) -> list[_Found]:
    if path is None:
        return []
    name = f"{path.parent.name}/{path.name}"
    return [
        _Found(row, (name, row["line"], column_at(path, name, row["line"], row["asked"])))
        for row in sql.rows(con, "catalogue/warn_numbers", **values)
    ]


def _of_tables(con: duckdb.DuckDBPyConnection, folder: Path, values: dict[str, Any]) -> list[_Found]:
    """What plans.toml, carriers.toml and operator.toml name, and nobody uses or can use."""
    found = []
    for row in sql.rows(con, "catalogue/warn_exchange", **values):
        place = _table_place(folder / "carriers.toml", f"carriers.{row['carrier']}")
        found.append(_Found(row, (f"{folder.name}/carriers.toml", *place)))
    for row in sql.rows(con, "catalogue/warn_unused_bands"):
        said = {
            "code": "unused-band",
            "text": f"no deck row has the band {row['band']}",
            "hint": "Write it into the rows that hold at that time, in the column band.",
        }
        place = _table_place(folder / "operator.toml", f"bands.{row['band']}")
        found.append(_Found(said, (f"{folder.name}/operator.toml", *place)))
    for row in sql.rows(con, "catalogue/warn_unused_groups"):
        said = {
            "code": "unused-group",
            "text": f'allowance "{row["name"]}" is for group {row["group"]}, which no row of deck {row["deck"]} has',
            "hint": "Look how the group is written in the deck and in destinations.csv.",
        }
        table = f"plans.{row['plan']}"
        place = _table_place(folder / "plans.toml", table, f"{table}.allowances", row["position"])
        found.append(_Found(said, (f"{folder.name}/plans.toml", *place)))
    return found


def _table_place(path: Path, table: str, array: str = "", position: int = 1) -> tuple[int, int]:
    """Line and column of [table] in a TOML file, or of the `position`th [[array]] where that is written so."""
    places: dict[str, list[tuple[int, int]]] = {}
    for number, line in enumerate(decoded(path, path.name).splitlines(), start=1):
        header = re.match(r"(\s*)\[+\s*([^\]]+?)\s*\]+", line)
        if header:
            name = header[2].replace('"', "").replace("'", "").replace(" ", "")
            places.setdefault(name, []).append((number, len(header[1]) + 1))
    of_array, plain = places.get(array, []), places.get(table.replace(" ", ""), [])
    return of_array[position - 1] if len(of_array) >= position else (plain or [(1, 1)])[0]


def _cells_of(path: Path, work: Path, lines: set[int]) -> Callable[[int, str | None], tuple[int, int]]:
    """How to find line and column of a cell on some `lines` of a sound deck."""
    text = make_safe(path, work, in_place=True)
    _, header = first_line(text)
    delimiter = delimiter_of(header)
    names = [re.sub(r"[ _-]", "", cell.lower()) for cell in cells(header, delimiter)]
    raw = _lines(text, lines)

    def place(line: int, asked: str | None) -> tuple[int, int]:
        aliases = DECK_HEADERS.get(asked or "", ())
        index = next((names.index(alias) + 1 for alias in aliases if alias in names), 1)
        return line, column_of(raw.get(line, ""), delimiter, index)

    return place


def _lines(text: TextFile, wanted: set[int]) -> dict[int, str]:
    with text.path.open(encoding="utf-8", errors="replace", newline="\n") as lines:
        return {number: line.rstrip("\n") for number, line in enumerate(lines, start=1) if number in wanted}
