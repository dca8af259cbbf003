"""`python -m bench`: measure everything, print one table, and write it with its plot into a folder."""

import argparse
import json
import os
import platform
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import duckdb
from rich.console import Console

from bench import curve, prefixes, reference_data, small, stages, whole
from bench.others import share_of_others, spent
from bench.results import Result, table
from bench.setting import Setting

PARTS: dict[str, Callable[[Setting], list[Result]]] = {
    "whole": whole.measure,
    "prefixes": prefixes.measure,
    "catalogue": reference_data.measure,
    "small": small.measure,
}
CURVE, STAGES = "curve", "stages"
_QUIET = 0.1  # of the machine; where others have more, numbers mean little


def main(arguments: list[str] | None = None) -> None:
    options = _asked(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    told = Console(stderr=True)
    with told.status("starting") as status:

        def tell(line: str) -> None:
            status.update(line)
            if not told.is_terminal:
                told.print(line)

        setting = Setting(options.out, tell, calls=options.calls, runs=options.runs, long=options.long)
        before = spent()
        results, more = measure(setting, options.only, options.out)
        others = share_of_others(before, spent())
    title = f"{setting.calls:,} calls, {setting.prefixes:,} prefixes, {os.cpu_count()} cores, medians of {setting.runs}"
    machine = {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "duckdb": duckdb.__version__,
        "others": others,
    }
    content = {
        "machine": machine,
        "calls": setting.calls,
        "prefixes": setting.prefixes,
        "accounts": setting.accounts,
        "results": [result.as_json() for result in results],
        **more,
    }
    text = json.dumps(content, indent=2)
    (options.out / "bench.json").write_text(text + "\n", encoding="utf-8")
    if options.json:
        print(text)  # noqa: T201 - what was asked for
    else:
        _show(title, results, more, options.out)
    if others is not None and others > _QUIET:
        told.print(f"[bold red]Others had {others:.0%} of this machine meanwhile: do not trust these numbers.[/]")


def measure(setting: Setting, parts: list[str], out: Path) -> tuple[list[Result], dict[str, Any]]:
    """The results of these parts, and what else there is to know: the curve's points, the stages' seconds."""
    results: list[Result] = []
    more: dict[str, Any] = {}
    for part in parts:
        with _scratch(out) as work:
            here = replace(setting, work=work)
            if part == CURVE:
                points = curve.measure(here)
                curve.plot(points, out / "curve.png")
                results += curve.results(points)
                more["curve"] = [point.as_json() for point in points]
            elif part == STAGES:
                more["stages"] = stages.measure(here)
            else:
                results += PARTS[part](here)
    return results, more


@contextmanager
def _scratch(out: Path) -> Iterator[Path]:
    """An empty folder on the disk that is measured; gone afterwards."""
    work = Path(mkdtemp(prefix="work-", dir=out)).resolve()
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _asked(arguments: list[str] | None) -> argparse.Namespace:
    parts = [*PARTS, CURVE]
    asked = argparse.ArgumentParser(prog="bench", description="How fast calls are rated on this machine.")
    asked.add_argument("--calls", type=_positive, default=Setting.calls, help="5,000,000, which the goals are for")
    asked.add_argument("--runs", type=_positive, default=Setting.runs, help="of each, in turn; medians are shown")
    asked.add_argument("--long", action="store_true", help="the curve up to ten times the calls, 50 million")
    asked.add_argument("--only", nargs="+", choices=[*parts, STAGES], default=parts, help="some parts; or the stages")
    asked.add_argument("--out", type=Path, default=Path("build/bench"), help="folder for bench.json and curve.png")
    asked.add_argument("--json", action="store_true", help="print the JSON instead of the table")
    return asked.parse_args(arguments)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'"{text}" is no whole number from 1 on')
    return int(text)


def _show(title: str, results: list[Result], more: dict[str, Any], out: Path) -> None:
    console = Console() if Console().is_terminal else Console(width=150)
    if results:
        console.print(table(title, results))
    for kind, seconds_of in more.get("stages", {}).items():
        console.print(
            f"{kind}: " + ", ".join(f"{name} {seconds:.2f} s" for name, seconds in seconds_of.items() if seconds > 0.01)
        )
    if "curve" in more:
        console.print(f"The curves are in {out / 'curve.png'}.")
    console.print(f"All numbers are in {out / 'bench.json'}.")


if __name__ == "__main__":
    main()
