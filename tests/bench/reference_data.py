"""A large catalogue: read, checked and compiled; and its compiled form opened, each time in a new process.

`python -m bench.reference_data compile RATES COMPILED RUNS` and `… open COMPILED` print the seconds as JSON.
"""

import json
import sys
import time
from pathlib import Path

from bench.processes import answer
from bench.results import Result
from bench.setting import SEED, Setting
from callmeter.catalogue.compile import compile_catalogue, open_catalogue, save_catalogue
from callmeter.local.sample import write_bench
from callmeter.rating.engine import engine

COMPILED, OPENED = 3, 100  # seconds, milliseconds
_OPENINGS = 5


def measure(setting: Setting) -> list[Result]:
    rates, compiled = setting.work / "rates", setting.work / "compiled"
    setting.tell(f"writing a catalogue of {setting.many_prefixes:,} rows")
    write_bench(
        setting.work / "calls.csv",
        rates,
        calls=1,
        prefixes=setting.many_prefixes,
        seed=SEED,
        accounts=setting.accounts,
    )
    setting.tell("compiling it")
    compiling = answer("bench.reference_data", "compile", rates, compiled, setting.runs)
    setting.tell("opening it")
    opening = [answer("bench.reference_data", "open", compiled) * 1000 for _ in range(_OPENINGS)]
    what = f"{setting.many_prefixes:,} rows, {setting.accounts:,} accounts"
    return [
        Result(f"catalogue compiled, {what}", "s", compiling, COMPILED),
        Result("  its compiled form opened, first in a process", "ms", opening, OPENED),
    ]


def main() -> None:
    task, *arguments = sys.argv[1:]
    if task == "compile":
        rates, compiled, runs = arguments
        json.dump([_compile(Path(rates), Path(compiled)) for _ in range(int(runs))], sys.stdout)
    else:
        json.dump(_open(Path(arguments[0])), sys.stdout)


def _compile(rates: Path, compiled: Path) -> float:
    compiled.mkdir(exist_ok=True)
    with engine(allowed=[compiled]) as (con, work):
        started = time.perf_counter()
        catalogue = compile_catalogue(con, rates, work)
        seconds = time.perf_counter() - started
        save_catalogue(con, catalogue, compiled)
    return seconds


def _open(compiled: Path) -> float:
    with engine(allowed=[compiled]) as (con, _):
        started = time.perf_counter()
        open_catalogue(con, compiled)
        return time.perf_counter() - started


if __name__ == "__main__":
    main()
