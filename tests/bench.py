"""How fast calls are rated here: `make bench`.

Rates a million generated calls against 60,000 prefixes with the command, as a user would, and beside it lets plain
DuckDB turn the same CSV into Parquet: what reading and writing alone cost. Both run in turn, in processes of their
own, so that the ratio holds on a machine of any speed.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from callmeter.local.sample import write_bench

CONVERT = "import duckdb, sys; duckdb.sql(f\"copy (from read_csv('{sys.argv[1]}')) to '{sys.argv[2]}'\")"


def main() -> None:
    """Make the files, run both in turn, print medians and their ratio."""
    asked = argparse.ArgumentParser(description="How fast calls are rated on this machine.")
    asked.add_argument("--calls", type=int, default=1_000_000)
    asked.add_argument("--prefixes", type=int, default=60_000)
    asked.add_argument("--runs", type=int, default=5)
    options = asked.parse_args()
    with TemporaryDirectory(prefix="callmeter-bench-") as folder:
        work = Path(folder)
        calls, rates = work / "calls.csv", work / "rates"
        write_bench(calls, rates, calls=options.calls, prefixes=options.prefixes, seed=1)
        rated, whole, converted = [], [], []
        for _ in range(options.runs):
            converted.append(_timed([sys.executable, "-c", CONVERT, str(calls), str(work / "plain.parquet")])[0])
            seconds, printed = _timed(_rate(calls, rates, work / "rated.parquet"))
            whole.append(seconds)
            rated.append(options.calls / json.loads(printed)["calls_per_second"])
    _print(options.calls, options.prefixes, {
        "callmeter rate": rated,
        "callmeter rate, with the start of Python": whole,
        "plain DuckDB, CSV to Parquet, with the start of Python": converted,
    })  # fmt: skip


def _rate(calls: Path, rates: Path, out: Path) -> list[str]:
    command = Path(sys.executable).with_name("callmeter")
    return [str(command), "rate", str(calls), "--rates", str(rates), "--out", str(out), "--json"]


def _timed(command: list[str]) -> tuple[float, str]:
    started = time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own commands
    return time.perf_counter() - started, done.stdout


def _print(calls: int, prefixes: int, runs: dict[str, list[float]]) -> None:
    *_, baseline = runs.values()
    table = Table(title=f"{calls:,} calls, {prefixes:,} prefixes, {os.cpu_count()} cores", title_justify="left")
    for heading in ("", "seconds, median", "fastest", "calls per second", "times plain DuckDB"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, seconds in runs.items():
        median = statistics.median(seconds)
        ratios = [one / other for one, other in zip(seconds, baseline, strict=True)]
        table.add_row(
            name, f"{median:.2f}", f"{min(seconds):.2f}", f"{calls / median:,.0f}", f"{statistics.median(ratios):.1f}"
        )
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
