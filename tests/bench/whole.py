"""End to end: `callmeter rate` of a large CSV into Parquet, beside DuckDB's plain conversion of the same file.

`python -m bench.whole CSV PARQUET` is that conversion: every column text, nothing else done.
"""

import sys
from pathlib import Path

import duckdb

from bench.processes import Run, measured
from bench.results import Result
from bench.setting import SEED, Setting
from callmeter.local.sample import write_bench

GOAL = 2.0  # times the plain conversion; the aim is 1.5


def measure(setting: Setting) -> list[Result]:
    """Whole processes on both sides, the start of Python included."""
    calls, rates = setting.work / "calls.csv", setting.work / "rates"
    setting.tell(f"writing {setting.calls:,} calls")
    write_bench(calls, rates, calls=setting.calls, prefixes=setting.prefixes, seed=SEED, accounts=setting.accounts)
    ours, plain = [], []
    for run in range(1, setting.runs + 1):
        setting.tell(f"end to end, run {run} of {setting.runs}")
        plain.append(measured(sys.executable, "-m", "bench.whole", calls, setting.work / "plain.parquet").seconds)
        ours.append(rate(calls, rates, setting.work / "rated.parquet").seconds)
    what = f"callmeter rate, {setting.calls:,} calls; baseline: plain conversion to Parquet"
    return [Result(what, "s", ours, GOAL, plain, "ratio")]


def rate(calls: Path, rates: Path, out: Path) -> Run:
    """Rate a file as a user would, and throw the outcome away."""
    command = Path(sys.executable).with_name("callmeter")
    run = measured(command, "rate", calls, "--rates", rates, "--out", out, "--json")
    out.unlink()
    return run


def main() -> None:
    calls, out = sys.argv[1:]
    duckdb.read_csv(calls, all_varchar=True).write_parquet(out)


if __name__ == "__main__":
    main()
