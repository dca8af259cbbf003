"""Where the time of `callmeter rate` goes: seconds by step and by SQL stage. No goal, for whoever makes it faster.

`python -m bench.stages CSV RATES PARQUET` rates once and prints them as JSON, the longest first. A stage that makes a
view costs nothing here: its work is done by the stage, or the writing, that reads it.
"""

import json
import sys
import time
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb

from bench.processes import answer
from bench.setting import SEED, Setting
from callmeter import sql
from callmeter.local.sample import write_bench
from callmeter.rating.rate import rate_files


def measure(setting: Setting) -> dict[str, dict[str, float]]:
    """{"steps": …, "stages": …}, names to seconds."""
    calls, rates = setting.work / "calls.csv", setting.work / "rates"
    setting.tell(f"rating {setting.calls:,} calls, stage by stage")
    write_bench(calls, rates, calls=setting.calls, prefixes=setting.prefixes, seed=SEED, accounts=setting.accounts)
    found: dict[str, dict[str, float]] = answer("bench.stages", calls, rates, setting.work / "rated.parquet")
    return found


def main() -> None:
    calls, rates, out = map(Path, sys.argv[1:])
    steps: list[tuple[str, float]] = []
    stages: defaultdict[str, float] = defaultdict(float)
    run = sql.run

    def timed(con: duckdb.DuckDBPyConnection, name: str, **values: Any) -> duckdb.DuckDBPyConnection:
        started = time.perf_counter()
        try:
            return run(con, name, **values)
        finally:
            stages[name] += time.perf_counter() - started

    with patch.object(sql, "run", timed):
        rate_files([calls], rates=rates, out=out, progress=lambda step: steps.append((step, time.perf_counter())))
    steps.append(("", time.perf_counter()))
    spent = {name: until - since for (name, since), (_, until) in pairwise(steps)}
    longest_first = dict(sorted(stages.items(), key=lambda stage: -stage[1]))
    json.dump({"steps": spent, "stages": longest_first}, sys.stdout)


if __name__ == "__main__":
    main()
