"""The prefix stage alone: numbers to deck rows, beside a plain loop; and a deck of many more prefixes.

`python -m bench.prefixes CSV RATES MORE_RATES RUNS` measures in one process, in turn, and prints the seconds as JSON.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from bench.processes import answer
from bench.results import Result
from bench.setting import SEED, Setting
from callmeter import sql
from callmeter.catalogue.compile import compile_catalogue
from callmeter.local.sample import write_bench
from callmeter.rating.engine import engine
from callmeter.rating.stages import prepare

SPEEDUP, GROWTH = 20.0, 1.5

# What the stages before this one leave of calls, as far as this one asks for it; there is one tariff.
_CALLS = """
create or replace temp table calls_read as
select
    row_number() over ()::integer as line,
    null::varchar as reason,
    false as irregular,
    "to"[2:] as to_number,
    false as is_code,
    start::timestamptz::timestamp as started_at,
    tariff,
from read_csv($path, all_varchar = true), tariffs
where direction = 'outbound' and not tariffs.is_code
"""
_NUMBERED = (
    "create or replace temp view calls_numbered as "
    "select *, number15(to_number) as number, length(to_number) as number_digits from calls_read"
)
_CALL_ROWS = "create or replace temp table call_rows as select line, row_id from searched('calls_numbered')"


def measure(setting: Setting) -> list[Result]:
    """The loop against the stage, then the stage against itself with more prefixes. All over the same calls."""
    work, calls = setting.work, setting.work / "calls.csv"
    few, many = setting.prefixes, setting.many_prefixes
    setting.tell(f"writing {setting.matched_calls:,} calls, and decks of {few:,} and {many:,} prefixes")
    for name, prefixes in (("few", few), ("many", many)):  # the many hold the few, and the calls go to the many
        write_bench(calls, work / name, calls=setting.matched_calls, prefixes=prefixes, seed=SEED, accounts=1)
    setting.tell("prefixes alone, and a loop")
    found = answer("bench.prefixes", calls, work / "few", work / "many", setting.runs)
    stage, loop, more = ([seconds * 1000 for seconds in found[name]] for name in ("stage", "loop", "many"))
    what = f"{setting.matched_calls:,} calls, {few:,} prefixes"
    return [
        Result(f"prefix stage, {what}; baseline: loop", "ms", stage, SPEEDUP, loop, "speedup"),
        Result(f"  the same, {many:,} prefixes; baseline: {few:,}", "ms", more, GROWTH, stage, "ratio"),
    ]


def longest_prefixes(numbers: list[str], row_by_prefix: dict[str, int]) -> list[int | None]:
    """What a careful programmer writes without a database: the longest prefixes first, every number once."""
    lengths = sorted({len(prefix) for prefix in row_by_prefix}, reverse=True)
    known: dict[str, int | None] = {}
    found = []
    for number in numbers:
        if number in known:
            found.append(known[number])
            continue
        row = None
        for length in lengths:
            prefix = number[:length]
            if prefix in row_by_prefix:
                row = row_by_prefix[prefix]
                break
        known[number] = row
        found.append(row)
    return found


def main() -> None:
    calls, few, many = map(Path, sys.argv[1:4])
    runs = int(sys.argv[4])
    seconds: dict[str, list[float]] = {"stage": [], "loop": [], "many": []}
    with engine(allowed=[calls, few]) as (con, work), engine(allowed=[calls, many]) as (other, other_work):
        _load(con, work, few, calls)
        _load(other, other_work, many, calls)
        numbers = [number for (number,) in con.table("calls_read").order("line").select("to_number").fetchall()]
        row_by_prefix = dict(con.table("deck_rows").select("prefix, row_id").fetchall())
        for _ in range(runs):
            seconds["stage"].append(_timed(lambda: _match(con)))
            seconds["loop"].append(_timed(lambda: longest_prefixes(numbers, row_by_prefix)))
            seconds["many"].append(_timed(lambda: _match(other)))
        rows = [row for (row,) in con.table("call_rows").order("line").select("row_id").fetchall()]
        if rows != longest_prefixes(numbers, row_by_prefix):
            raise AssertionError("the prefix stage and the loop do not agree")
    json.dump(seconds, sys.stdout)


def _load(con: duckdb.DuckDBPyConnection, work: Path, rates: Path, calls: Path) -> None:
    """Everything that is there before the prefix stage."""
    compile_catalogue(con, rates, work)
    prepare(con)
    con.execute(_CALLS, {"path": str(calls.resolve())})
    sql.need(con, "number15")
    con.execute(_NUMBERED)
    for stage in ("live_rows", "slot_choices"):
        sql.run(con, stage)


def _match(con: duckdb.DuckDBPyConnection) -> None:
    """Give every call its deck row, from the text of its number."""
    for stage in ("mark_rows", "code_rows"):
        sql.run(con, stage)
    con.execute(_CALL_ROWS)


def _timed(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
