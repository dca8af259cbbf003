"""rates/decks/NAME.csv and rates/destinations.csv -> rows of the catalogue, with every problem found.

Headers may be those of DESIGN section 4, the ones users asked for (TargetName, TargetPrefix, Price …), or
FusionPBX's LCR table (digits, connect_increment …). Columns nobody knows are left alone, unless one looks like a
misspelt known one.
"""

from difflib import get_close_matches
from pathlib import Path
from typing import Any

import duckdb

from callmeter import sql
from callmeter.errors import BrokenCatalogue, Problem
from callmeter.rating.reading import read_lines
from callmeter.sources.text import TextFile, cells, column_of, delimiter_of, first_line, make_safe

# Column -> headers understood for it, in lower case without blanks, _ and -; where several are there, the first counts.
DECK_HEADERS: dict[str, tuple[str, ...]] = {
    "prefix": ("targetprefix", "digits", "prefix", "code", "dialcode", "dialprefix", "prefixes", "codes"),
    "destination": ("targetname", "destination", "destinationname", "name", "country"),
    "rate": ("price", "rate", "ratepermin", "rateperminute", "pricepermin", "priceperminute", "costpermin"),
    "group": ("group", "class"),
    "connect_fee": ("connectfee", "connectionfee", "setupfee", "connectioncharge", "connectrate"),
    "first_increment": (
        "firstincrement",
        "connectincrement",
        "initialincrement",
        "billingblock",
        "billingblocks",
    ),
    "increment": ("increment", "talkincrement", "nextincrement"),
    "per_call": ("percall", "billpercall"),
    "allowed": ("allowed",),
    "late": ("late", "latebill"),
    "direction": ("direction", "lcrdirection"),
    "effective_from": ("effectivefrom", "datestart", "startdate", "effectivedate", "validfrom"),
    "effective_to": ("effectiveto", "dateend", "enddate", "validto"),
    "currency": ("currency",),
    "band": ("band", "timeband", "timeslot", "timing"),
    "max_charge": ("maxcharge", "maxcost", "pricecap"),
    "from_prefix": ("fromprefix", "originprefix", "callerprefix", "fromcode", "anumberprefix"),
}

_DESTINATION_HEADERS = {"prefix": ("prefix",), "destination": ("destination", "name"), "group": ("group",)}


def read_destinations(con: duckdb.DuckDBPyConnection, path: Path, name: str, work: Path) -> None:
    """Fill `destinations`. Raises BrokenCatalogue."""
    text, raw_header, delimiter, skip = _open(path, name, work)
    at = _positions(raw_header, delimiter, name, _DESTINATION_HEADERS, needed=(("prefix",), ("destination",)))
    read_lines(con, text, delimiter, skip)
    found = sql.rows(con, "catalogue/destination_problems", **at, width=len(cells(raw_header, delimiter)))
    if found:
        raise BrokenCatalogue([_problem(name, delimiter, at, row) for row in found])
    sql.run(con, "catalogue/destinations", **at)


def read_deck(
    con: duckdb.DuckDBPyConnection, path: Path, name: str, work: Path, *, currency: str, timezone: str
) -> None:
    """Add the deck at `path` to `deck_rows`; `currency` is that of rows which name none. Raises BrokenCatalogue."""
    text, raw_header, delimiter, skip = _open(path, name, work)
    at = _positions(raw_header, delimiter, name, DECK_HEADERS, needed=(("prefix", "destination"), ("rate",)))
    read_lines(con, text, delimiter, skip)
    sql.run(con, "catalogue/deck_cells", **at, width=len(cells(raw_header, delimiter)), timezone=timezone)
    if sql.rows(con, "catalogue/unplaced")[0]["unplaced"]:
        sql.run(con, "catalogue/deck_places")
    found = sql.rows(con, "catalogue/deck_problems") or sql.rows(con, "catalogue/deck_overlaps")
    if found:
        raise BrokenCatalogue([_problem(name, delimiter, at, row) for row in found])
    sql.run(con, "catalogue/deck_rows", deck=path.stem, currency=currency)


def _open(path: Path, name: str, work: Path) -> tuple[TextFile, str, str, int]:
    """The safe copy, its header line, its delimiter, and how many lines to skip."""
    if not path.is_file():
        raise BrokenCatalogue([Problem(name, 0, 0, "missing-file", "the file is not there")])
    text = make_safe(path, work, name)
    number, header = first_line(text)
    if not number:
        raise BrokenCatalogue([Problem(name, 1, 1, "empty-file", "the file is empty", "Write a header and rows.")])
    return text, header, delimiter_of(header), number


def _positions(
    raw_header: str,
    delimiter: str,
    name: str,
    headers: dict[str, tuple[str, ...]],
    needed: tuple[tuple[str, ...], ...],
) -> dict[str, int | None]:
    """Where each known column stands (from 1); None where it is missing."""
    asked = cells(raw_header, delimiter)
    plain = [cell.lower().replace("_", "").replace("-", "").replace(" ", "") for cell in asked]
    at: dict[str, int | None] = {
        column: next((plain.index(alias) + 1 for alias in aliases if alias in plain), None)
        for column, aliases in headers.items()
    }
    problems = [
        Problem(name, 1, 1, "missing-column", f"there is no column {' or '.join(columns)}",
                f"It may be called: {', '.join(alias for column in columns for alias in headers[column])}.")
        for columns in needed if not any(at[column] for column in columns)
    ]  # fmt: skip
    known = {alias: column for column, aliases in headers.items() for alias in aliases}
    missing = [alias for alias, column in known.items() if at[column] is None]
    for index, cell in enumerate(plain, start=1):
        close = get_close_matches(cell, missing, n=1, cutoff=0.85) if cell not in known else []
        if close:
            column = known[close[0]]
            meant = column if column.replace("_", "") == close[0] else close[0]
            problems.append(
                Problem(name, 1, column_of(raw_header, delimiter, index), "unknown-column",
                        f'there is no such column as "{asked[index - 1]}"', f"Did you mean {meant}?")
            )  # fmt: skip
    if problems:
        raise BrokenCatalogue(problems)
    return at


def _problem(name: str, delimiter: str, at: dict[str, int | None], row: dict[str, Any]) -> Problem:
    column = column_of(row["raw"], delimiter, at.get(row["asked"] or "") or 1)
    return Problem(name, row["line"], column, row["code"], row["text"], row["hint"])
