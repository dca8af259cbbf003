"""Rate files on this machine: both stages, then the outputs. What `callmeter rate` does."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from callmeter import sql
from callmeter.catalogue.compile import compile_catalogue
from callmeter.errors import CallmeterError, UsageError
from callmeter.rating.engine import engine
from callmeter.rating.rejects import Reason, reasons
from callmeter.rating.stages import Counted, Intake, prepare, price_calls, price_file, settle
from callmeter.sources.text import make_safe

MEMORY = "1GB"  # what rating may take; calls beyond that go to the scratch folder and back


@dataclass(frozen=True)
class Summary:
    """What a run came to. rows_in = rated + duplicates + rejected."""

    rows_in: int
    rated: int
    duplicates: int
    rejected: int
    reject_reasons: dict[str, int]
    minutes: Decimal
    charge: dict[str, Decimal] = field(default_factory=dict)
    late: int = 0
    barred: int = 0
    below_cost: int = 0
    margin: dict[str, Decimal] = field(default_factory=dict)  # of calls whose buying price is known
    examples: tuple[Reason, ...] = ()  # of the rejects, the most frequent reason first
    seconds: float = 0.0
    catalogue: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def calls_per_second(self) -> int:
        """Rows read per second of the whole run, catalogue and writing included."""
        return round(self.rows_in / self.seconds) if self.seconds else 0


def rate_files(
    calls: Sequence[Path],
    *,
    rates: Path,
    out: Path,
    accounts: Path | None = None,
    rejects: Path | None = None,
    margins: Path | None = None,
    intake: Intake | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Summary:
    """Rate `calls` with the reference files in `rates`, and write `out` (.parquet or .csv).

    margins: where to write what was earned per carrier and destination. progress is told the name of each step.
    Raises UsageError, BrokenCatalogue, UnreadableFile; then nothing is written.
    """
    intake = intake or Intake()
    started = time.perf_counter()
    outputs = [path for path in (out, rejects, margins) if path]
    _check(calls, outputs, rates, accounts)
    allowed = [*calls, out, *(path.parent / f".{path.name}.part" for path in outputs)]
    with engine(allowed=allowed, memory=MEMORY) as (con, work):
        _check_time_format(con, intake.time_format)
        with ThreadPoolExecutor() as beside:  # checking the bytes takes a core, the catalogue the other
            first = beside.submit(make_safe, calls[0], work, in_place=True)
            progress("reading the catalogue")
            catalogue = compile_catalogue(con, rates, work, accounts=accounts, plan=intake.plan)
        prepare(con)
        counted = []
        for number, path in enumerate(calls):
            progress(f"rating {path.name}")
            text = make_safe(path, work, in_place=True) if number else first.result()
            counted.append(price_file(con, catalogue, text, intake, datetime.now(UTC), work))
            if text.path != path:
                text.path.unlink()
        price_calls(con, catalogue)
        progress("allowances and duplicates")
        settle(con)
        progress(f"writing {out.name}")
        _write(con, "output", out)
        if rejects:
            _write(con, "rejects", rejects)
        if margins:
            sql.run(con, "margins")
            _write(con, "margins", margins, order="margin nulls last, carrier, destination, prefix, currency")
        sql.run(con, "written_parquet" if out.suffix == ".parquet" else "written", out=str(out.resolve()))
        return _summary(con, counted, catalogue.version, started)


def _check(calls: Sequence[Path], outputs: Sequence[Path], rates: Path, accounts: Path | None) -> None:
    for path in calls:
        if not path.is_file():
            raise UsageError(f"{path}: there is no such file")
    reference = (rates / "destinations.csv", accounts or rates / "accounts.csv", *(rates / "decks").glob("*.csv"))
    inputs = {one.resolve() for one in (*calls, *reference)}
    for path in outputs:
        if path.suffix not in (".parquet", ".csv"):
            raise UsageError(f"{path}: the name of an output ends in .parquet or .csv")
        if not path.parent.is_dir():
            raise UsageError(f"{path.parent}: there is no such folder to write into")
        if path.resolve() in inputs:
            raise UsageError(f"{path}: the output would overwrite a file that is read")
    if len({path.resolve() for path in outputs}) < len(outputs):
        raise UsageError(f"{outputs[0]}: rated calls, rejects and margins need a file each")


def _check_time_format(con: duckdb.DuckDBPyConnection, time_format: str) -> None:
    try:
        sql.run(con, "time_format", time_format=time_format or None)
    except duckdb.InvalidInputException:
        raise UsageError(f'--time-format "{time_format}" is not understood; write it as %d/%m/%Y %H:%M:%S') from None


def _write(con: duckdb.DuckDBPyConnection, relation: str, path: Path, order: str = "file, line") -> None:
    """Write a relation beside `path`, then move it there: a reader never sees half a file.

    CSV, which people read, is in the order of files and lines; Parquet is in none: sorting it would take as long as
    writing it.
    """
    part = path.parent / f".{path.name}.part"
    try:
        if path.suffix == ".csv":
            con.table(relation).order(order).write_csv(
                str(part.resolve()), header=True, timestamp_format="%Y-%m-%dT%H:%M:%SZ"
            )
        else:
            con.table(relation).write_parquet(str(part.resolve()), compression="snappy")
        part.replace(path)
    except (duckdb.IOException, duckdb.PermissionException, OSError) as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise CallmeterError(f"{path} cannot be written: {error}") from None


def _summary(con: duckdb.DuckDBPyConnection, counted: Sequence[Counted], version: str, started: float) -> Summary:
    currencies = sql.rows(con, "summary")
    examples = reasons(con)
    rows_in = sum(one.rows_in for one in counted)
    rated, rejected, duplicates = (
        _sum(currencies, "rated"),
        sum(one.rejected for one in examples),
        len(con.table("duplicates")) + sum(one.other_legs for one in counted),
    )
    if rows_in != rated + duplicates + rejected:
        raise AssertionError(f"{rows_in} rows in, but {rated} rated, {duplicates} duplicates, {rejected} rejected")
    return Summary(
        rows_in=rows_in,
        rated=rated,
        duplicates=duplicates,
        rejected=rejected,
        reject_reasons={one.reason: one.rejected for one in sorted(examples, key=lambda one: one.reason)},
        examples=examples,
        minutes=(Decimal(_sum(currencies, "duration_seconds")) / 60).quantize(Decimal("0.01")),
        charge={row["currency"]: row["charge"] for row in currencies},
        late=_sum(currencies, "late"),
        barred=_sum(currencies, "barred"),
        below_cost=sql.rows(con, "below_cost")[0]["below_cost"] if len(con.table("buy_charges")) else 0,
        margin={row["currency"]: row["margin"] for row in currencies if row["bought"]},
        seconds=time.perf_counter() - started,
        catalogue=version,
        warnings=tuple(warning for one in counted for warning in one.warnings),
    )


def _sum(rows: list[dict[str, Any]], name: str) -> int:
    return sum(int(row[name]) for row in rows)
