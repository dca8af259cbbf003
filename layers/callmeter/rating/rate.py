"""Rate files on this machine: both stages, then the outputs. What `callmeter rate` does."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb

from callmeter import sql
from callmeter.catalogue.compile import compile_catalogue
from callmeter.errors import UsageError
from callmeter.rating.engine import engine
from callmeter.rating.stages import Intake, prepare, price_file, settle
from callmeter.sources.text import make_safe


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
    seconds: float = 0.0
    catalogue: str = ""

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
    intake: Intake | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Summary:
    """Rate `calls` with the reference files in `rates`, and write `out` (.parquet or .csv).

    progress is told the name of each step. Raises UsageError, BrokenCatalogue, UnreadableFile; then nothing is written.
    """
    intake = intake or Intake()
    started = time.perf_counter()
    outputs = [path for path in (out, rejects) if path]
    _check(calls, outputs)
    allowed = [*(path.parent / f".{path.name}.part" for path in outputs)]
    with engine(allowed=allowed) as (con, work):
        progress("reading the catalogue")
        catalogue = compile_catalogue(con, rates, work, accounts=accounts, plan=intake.plan)
        prepare(con)
        rows_in = 0
        for path in calls:
            progress(f"rating {path.name}")
            text = make_safe(path, work, path.name)
            rows_in += price_file(con, catalogue, text, intake, datetime.now(UTC)).rows_in
            text.path.unlink()
        progress("allowances and duplicates")
        settle(con)
        progress(f"writing {out.name}")
        _write(con, "output", out)
        if rejects:
            _write(con, "rejects", rejects)
        return _summary(con, rows_in, catalogue.version, started)


def _check(calls: Sequence[Path], outputs: Sequence[Path]) -> None:
    for path in calls:
        if not path.is_file():
            raise UsageError(f"{path}: there is no such file")
    for path in outputs:
        if path.suffix not in (".parquet", ".csv"):
            raise UsageError(f"{path}: the name of an output ends in .parquet or .csv")
        if not path.parent.is_dir():
            raise UsageError(f"{path.parent}: there is no such folder to write into")
        if path.resolve() in [one.resolve() for one in calls]:
            raise UsageError(f"{path}: the output would overwrite a file of calls")


def _write(con: duckdb.DuckDBPyConnection, relation: str, path: Path) -> None:
    """Write a relation beside `path`, then move it there: a reader never sees half a file."""
    part = path.parent / f".{path.name}.part"
    if path.suffix == ".csv":
        con.table(relation).write_csv(str(part.resolve()), header=True, timestamp_format="%Y-%m-%dT%H:%M:%SZ")
    else:
        con.table(relation).write_parquet(str(part.resolve()), compression="zstd")
    part.replace(path)


def _summary(con: duckdb.DuckDBPyConnection, rows_in: int, version: str, started: float) -> Summary:
    totals = sql.rows(con, "summary")[0]
    reasons = {row["reason"]: row["rejected"] for row in sql.rows(con, "reject_reasons")}
    rejected = sum(reasons.values())
    return Summary(
        rows_in=rows_in,
        rated=totals["rated"],
        duplicates=rows_in - rejected - totals["rated"],
        rejected=rejected,
        reject_reasons=reasons,
        minutes=(Decimal(totals["duration_seconds"]) / 60).quantize(Decimal("0.01")),
        charge={row["currency"]: row["charge"] for row in sql.rows(con, "charges")},
        late=totals["late"],
        barred=totals["barred"],
        seconds=time.perf_counter() - started,
        catalogue=version,
    )
