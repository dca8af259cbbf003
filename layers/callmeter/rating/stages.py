"""Rating as relational stages. Stage 1, per file: `price_file`. Stage 2, over everything priced: `settle`.

Stage 1: text -> calls_read -> calls_matched, rejects; then all files' -> priced_calls.
Stage 2: priced_calls -> duplicates -> covering (once per allowance) -> rated_calls -> output.
Each arrow is a file or some in sql/. Stage 1 needs the call and the catalogue only; stage 2 needs the other calls.

What is held of a call between the stages is narrow: numbers of rows in the catalogue, not what they say. The wide
priced_calls is a view, worked out while it is written.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from callmeter import sql
from callmeter.catalogue.compile import Catalogue
from callmeter.dialplan import dial_plan
from callmeter.errors import UsageError
from callmeter.periods import periods_between
from callmeter.rating.reading import keep_lines, read_calls
from callmeter.sources import recognise
from callmeter.sources.base import Reading
from callmeter.sources.documents import as_lines
from callmeter.sources.text import TextFile, pieces

PIECE = 96 * 1024 * 1024  # bytes of a file that are in memory at a time
FARTHEST_AHEAD = timedelta(days=366)  # a start later than this after the file was seen is no time


_MATCHING = ("payers", "live_rows", "slot_choices", "mark_rows", "code_rows", "calls_matched")
_ASKING = (
    "calls_asked",
    "choosy_rows",
    "sell_rows",
    "buy_rows",
)
_PRICING = (
    "used_rows", "destination_text", "group_text", "prefix_text", "used_accounts", "account_text", "few_text",
    "row_facts", "account_facts", "file_facts", "supplier_facts", "buy_charges", "priced", "identities",
)  # fmt: skip


@dataclass(frozen=True)
class Intake:
    """How files are to be read, where they do not say so themselves.

    source: the kind of file, guessed where empty. country: of national numbers, the operator's where empty.
    timezone: of times without offset, the operator's where empty. time_format: strptime, for times of no
    usual form. plan: every calling number is an account of its own on this plan.
    """

    source: str = ""
    country: str = ""
    timezone: str = ""
    time_format: str = ""
    plan: str = ""


@dataclass(frozen=True)
class Counted:
    """The account of one file's rows: rows_in = priced + other_legs + rejected, always.

    other_legs: rows that report a call once more which the file has anyway: they count as duplicates. ambiguous: calls
    that began in the hour that daylight saving repeats; they were taken as of the first. warnings: signs that the file
    is not what its sender thinks.
    """

    source: str
    rows_in: int = 0
    priced: int = 0
    rejected: int = 0
    other_legs: int = 0
    ambiguous: int = 0
    warnings: tuple[str, ...] = ()

    def plus(self, other: "Counted") -> "Counted":
        """The account of two pieces of one file."""
        return Counted(
            self.source,
            self.rows_in + other.rows_in,
            self.priced + other.priced,
            self.rejected + other.rejected,
            self.other_legs + other.other_legs,
            self.ambiguous + other.ambiguous,
        )


def prepare(con: duckdb.DuckDBPyConnection) -> None:
    """Make the empty relations that stage 1 fills. The catalogue must be there already."""
    for stage in ("files_table", "calls_matched_table", "rejected_table", "deck_parts", "suppliers", "searched"):
        sql.run(con, stage)


def price_file(
    con: duckdb.DuckDBPyConnection,
    catalogue: Catalogue,
    text: TextFile,
    intake: Intake,
    seen_at: datetime,
    work: Path,
) -> Counted:
    """Stage 1 for one file: append its calls to calls_matched and its rejects to rejects.

    seen_at: when the file was first seen (aware); starts may lie a year ahead of it at most. A large file is rated
    piece by piece, copied into the scratch folder `work`, so that memory has to hold one at a time.
    Raises UnreadableFile where the file is of no known kind.
    """
    text = as_lines(con, text, work)
    source, reading = recognise(text, intake.source, catalogue.mappings)
    operator = catalogue.operator
    values: dict[str, Any] = {
        **dial_plan(intake.country or reading.country or operator.country).parameters(),
        "timezone": intake.timezone or reading.timezone or operator.timezone,
        "time_format": intake.time_format or reading.time_format or None,
        "latest": (seen_at.astimezone(UTC) + FARTHEST_AHEAD).replace(tzinfo=None),
        "source": source.name,
        "file": text.name,
        "zone": operator.timezone,
    }
    counted = Counted(source.name)
    for before, piece in pieces(text, work, PIECE):
        counted = counted.plus(
            _price_piece(con, catalogue, piece, _skipped(reading, before), intake, {**values, "before": before})
        )
    cut_off = not text.ended and bool(
        reading.ends_lines or sql.rows(con, "last_line", file=text.name, line=text.lines)[0]["rejected"]
    )
    return replace(counted, warnings=tuple(warnings_of(counted, reading, text.name, cut_off=cut_off)))


def warnings_of(counted: Counted, reading: Reading, name: str, *, cut_off: bool) -> Iterator[str]:
    """Signs that calls are missing from a file, or may be an hour off."""
    if counted.rows_in in reading.cut_at:
        yield (
            f"{name}: exactly {counted.rows_in} rows is where this export ends, whatever is missing: raise its limit "
            "of rows, or export a shorter time"
        )
    if cut_off:
        yield f"{name}: the last line has no end: the file was cut off, or sent while it was written; send it whole"
    if counted.ambiguous:
        yield (
            f"{name}: {counted.ambiguous} calls began in the hour that daylight saving repeats, and the file does not "
            "say which of the two: they count as of the first"
        )


def _price_piece(
    con: duckdb.DuckDBPyConnection,
    catalogue: Catalogue,
    text: TextFile,
    reading: Reading,
    intake: Intake,
    values: dict[str, Any],
) -> Counted:
    """The account of one piece of a file, which has a row of its own in `files`."""
    values = values | {"file_row": _count(con, "files") + 1, "skip": reading.skip}
    rejected_before = _count(con, "rejects")
    sql.run(con, "files_add", **values)
    sql.run(con, "calls_read_gone")
    read_calls(con, text, reading, values)
    [read] = sql.rows(con, "rows_read", **values)  # before any join, so that a lost or doubled row shows
    if intake.plan:
        _give_numbers_accounts(con, catalogue, intake.plan)
    for stage in _MATCHING:
        sql.run(con, stage, **values)
    if sql.rows(con, "undecided", **values)[0]["undecided"]:
        for stage in _ASKING:
            sql.run(con, stage, **values)
    priced = int(sql.rows(con, "payable", **values)[0]["payable"])
    [roles] = sql.rows(con, "roles", **values)
    if read["rows_read"] > priced:
        keep_lines(con, text)
        for stage in ("rejected", "matched_rejects_gone"):
            sql.run(con, stage, **values)
    rejected, other_legs = _count(con, "rejects") - rejected_before, int(roles["other_legs"])
    rows_in = int(read["rows_read"]) - int(roles["no_calls"])
    if rows_in != priced + other_legs + rejected:
        raise AssertionError(
            f"{text.name}: {rows_in} rows in, but {priced} priced, {other_legs} other legs and {rejected} rejected"
        )
    return Counted(values["source"], rows_in, priced, rejected, other_legs, int(read["ambiguous"]))


def _skipped(reading: Reading, before: int) -> Reading:
    """How to read a piece: only the first has a header."""
    return replace(reading, skip=max(0, reading.skip - before))


def price_calls(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> None:
    """The end of stage 1, once all files are read: make the view priced_calls."""
    sql.run(con, "periods", periods=json.dumps(_periods(con)))
    for stage in _PRICING:
        sql.run(con, stage, catalogue=catalogue.version)


def take_kept_calls(con: duckdb.DuckDBPyConnection) -> None:
    """Make priced_calls of kept_calls: what stage 2 needs where stage 1 ran elsewhere."""
    for stage in ("priced_again", "identities_again"):
        sql.run(con, stage)


def settle(con: duckdb.DuckDBPyConnection, *, within_period: bool = False) -> None:
    """Stage 2: each call once, allowances taken, charges final. Leaves rated_calls, allowance_use and output.

    It needs priced_calls and, of each catalogue that rated them, the allowances; nothing else. within_period: every
    period by itself, so that it comes to the same whichever others are at hand.
    """
    sql.run(con, "duplicates", within_period=within_period)
    sql.run(con, "covering")
    sql.run(con, "allowance_use_table")
    for position in range(1, _most_allowances(con) + 1):
        sql.run(con, "covered", position=position)
        sql.run(con, "allowance_use", position=position)
        sql.run(con, "covering_left")
    sql.run(con, "rated_calls")
    sql.run(con, "output")


def _most_allowances(con: duckdb.DuckDBPyConnection) -> int:
    return int(con.table("allowances").max("position").fetchall()[0][0] or 0)


def _give_numbers_accounts(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, plan: str) -> None:
    if plan not in catalogue.plans:
        raise UsageError(f'there is no plan "{plan}"; the plans are: {", ".join(sorted(catalogue.plans))}')
    currency, timezone = catalogue.plans[plan].currency, catalogue.operator.timezone
    sql.run(con, "own_accounts", plan=plan, currency=currency, timezone=timezone)
    sql.run(con, "own_keys")


def _periods(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Every period the calls may fall into, for each billing calendar among them."""
    return [
        {
            "timezone": calendar["timezone"],
            "anchor_day": calendar["anchor_day"],
            "label": period.label,
            "starts_at": f"{period.starts_at:%Y-%m-%d %H:%M:%S}",
            "ends_at": f"{period.ends_at:%Y-%m-%d %H:%M:%S}",
        }
        for calendar in sql.rows(con, "calendars")
        for period in periods_between(
            calendar["first"].replace(tzinfo=UTC),
            calendar["last"].replace(tzinfo=UTC),
            calendar["timezone"],
            calendar["anchor_day"],
        )
    ]


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(con.table(table).count("*").fetchall()[0][0])
