"""Rejects by reason: how many, an example, what to do, and what would clear them, ready to paste.

In: what `callmeter rate --rejects` wrote, Parquet or CSV: file, line, reason, detail, raw.
"""

import csv
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import duckdb

from callmeter import sql
from callmeter.catalogue.compile import compile_catalogue
from callmeter.catalogue.decks import DECK_HEADERS
from callmeter.errors import UnreadableFile, UsageError
from callmeter.rating.engine import engine
from callmeter.sources.base import plain
from callmeter.sources.text import cells, delimiter_of

FIXES = {
    "malformed-row": "mend the line in the file, or export the calls again",
    "bad-time": "mend the start, or state its form with --time-format",
    "bad-duration": "mend the duration: whole seconds, or H:MM:SS",
    "bad-number": "mend the number, or state its country with --country",
    "unknown-account": "add the number or login to an account in accounts.csv",
    "no-rate": "add the prefix to the deck",
}
HEADER = "file,line,reason,detail,raw"
ACCOUNT_HEADER = "account_id,name,plan,numbers,sip_logins"
DECK_HEADER = "prefix,destination,group,rate"
_EMERGENCY = ("000", "110", "111", "112", "118", "911", "999")

Places = Callable[[], Iterable[tuple[str, str]]]


@dataclass(frozen=True)
class Reject:
    """A line that could not be rated."""

    file: str
    line: int
    detail: str
    raw: str


@dataclass(frozen=True)
class Reason:
    """Rejects of one reason, with the first as an example."""

    reason: str
    rejected: int
    example: Reject


@dataclass(frozen=True)
class Owner:
    """A number, login or code that no account has. side: caller, or called where the call came in."""

    name: str
    side: str
    is_number: bool
    calls: int


@dataclass(frozen=True)
class Unpriced:
    """A prefix that a deck has no price for. lines: the deck's rows of it that did not hold; example: a number."""

    deck: str
    prefix: str
    is_code: bool
    destination: str
    calls: int
    example: str
    lines: tuple[int, ...] = ()


@dataclass(frozen=True)
class Sorted:
    """Rejects by reason, the most frequent first; whom and what accounts and decks lack, the most calls first.

    listed: all rejects of the one reason that was asked for.
    """

    rejected: int
    reasons: tuple[Reason, ...]
    owners: tuple[Owner, ...]
    unpriced: tuple[Unpriced, ...]
    listed: tuple[Reject, ...] = ()


def reasons(con: duckdb.DuckDBPyConnection) -> tuple[Reason, ...]:
    """The reasons in `rejects`, the most frequent first."""
    return tuple(
        Reason(row["reason"], row["rejected"], Reject(**row["example"])) for row in sql.rows(con, "reject_examples")
    )


def holds_rejects(path: Path) -> bool:
    """Whether a file is one of rejects, and not of calls. Raises UsageError where there is none."""
    if not path.is_file():
        raise UsageError(f"{path}: there is no such file")
    with path.open("rb") as file:
        head = file.read(len(HEADER) + 1)
    return head.startswith(b"PAR1") or head.rstrip(b"\r\n") == HEADER.encode()


def sort_out(
    files: Sequence[Path],
    *,
    rates: Path | None = None,
    accounts: Path | None = None,
    plan: str = "",
    listed: str = "",
    places: Places = tuple,
) -> Sorted:
    """Sort the rejects in `files` by reason.

    rates: the rates folder, for its names of destinations and the rows its decks have. listed: a reason of which all
    rejects are wanted. places: prefixes of the world and their names; asked only where prefixes are lacking.
    Raises UnreadableFile, UsageError, BrokenCatalogue.
    """
    with engine(allowed=files) as (con, work):
        if rates:
            compile_catalogue(con, rates, work, accounts=accounts, plan=plan)
        else:
            sql.run(con, "catalogue/tables")
        sql.run(con, "rejected_table")
        for path in files:
            _read(con, path)
        found = reasons(con)
        known = places() if any(one.reason == "no-rate" for one in found) else ()
        world = [{"prefix": prefix, "destination": destination} for prefix, destination in known]
        sql.run(con, "places", places=json.dumps(world))
        return Sorted(
            rejected=sum(one.rejected for one in found),
            reasons=found,
            owners=tuple(Owner(**row) for row in sql.rows(con, "reject_owners")),
            unpriced=tuple(Unpriced(**{**row, "lines": tuple(row["lines"])}) for row in sql.rows(con, "reject_prices")),
            listed=tuple(Reject(**row) for row in sql.rows(con, "reject_lines", reason=listed)),
        )


def account_rows(owners: Iterable[Owner], file: Path | None = None) -> list[str]:
    """Rows for accounts.csv, after a header line: that of `file` where there is one. Account and plan are blank."""
    header = _header(file) or ACCOUNT_HEADER
    columns = [cell.lower() for cell in cells(header, delimiter_of(header))]
    rows = [{"numbers" if one.is_number else "sip_logins": f"{'+' * one.is_number}{one.name}"} for one in owners]
    return [header, *_written(rows, columns, delimiter_of(header))]


def deck_rows(unpriced: Iterable[Unpriced], file: Path | None = None) -> list[str]:
    """Rows for a deck, after a header line: that of `file` where there is one. The rate is blank."""
    header = _header(file) or DECK_HEADER
    known = {alias: column for column, aliases in DECK_HEADERS.items() for alias in aliases}
    columns = [known.get(plain(cell), "") for cell in cells(header, delimiter_of(header))]
    rows = [
        {"prefix": one.prefix, "destination": one.destination, "group": _code_group(one.prefix) if one.is_code else ""}
        for one in unpriced
        if not one.lines
    ]
    return [header, *_written(rows, columns, delimiter_of(header))]


def _read(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    with path.open("rb") as file:
        stage = "rejects_parquet" if file.read(4) == b"PAR1" else "rejects_csv"
    try:
        sql.run(con, stage, path=str(path.resolve()))
    except duckdb.Error as error:
        what = str(error).splitlines()[0]
        raise UnreadableFile(f"{path.name} is not a file of rejects as callmeter rate writes it: {what}") from None


def _header(file: Path | None) -> str:
    """The first line of a file that is not blank; "" where there is none."""
    if file is None or not file.is_file():
        return ""
    with file.open(encoding="utf-8-sig", errors="replace") as lines:
        return next((line.strip() for line in lines if line.strip()), "")


def _written(rows: Iterable[dict[str, Any]], columns: Sequence[str], delimiter: str) -> list[str]:
    lines = StringIO()
    writer = csv.writer(lines, delimiter=delimiter, lineterminator="\n")
    writer.writerows([row.get(column, "") if column else "" for column in columns] for row in rows)
    return lines.getvalue().splitlines()


def _code_group(code: str) -> str:
    """The group a code needs in a deck, as far as it can be told."""
    if code in _EMERGENCY:
        return "emergency"
    return "short" if code.isdigit() else "feature"
