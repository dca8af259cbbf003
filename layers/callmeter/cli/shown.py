"""What every command says and how: facts, tables, problems, progress."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from callmeter.errors import BrokenCatalogue, UsageError
from callmeter.money import plain

SHOWN_PROBLEMS = 50
LONGEST_SHOWN = 2000  # characters of a line
FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)
# Without a terminal, tables may be as wide as they need; with one, as wide as it is.
out = Console(highlight=False, width=None if sys.stdout.isatty() else 140)
err = Console(stderr=True, highlight=False)


def print_json(answer: object) -> None:
    """One JSON value on a line of its own, for scripts."""
    print(json.dumps(answer))  # noqa: T201


def complain(text: str) -> None:
    err.print(f"callmeter: {text}", markup=False, soft_wrap=True)


def print_problems(error: BrokenCatalogue) -> None:
    for problem in error.problems[:SHOWN_PROBLEMS]:
        for line in str(problem).split("\n"):
            err.print(shortened(printable(line)), markup=False, soft_wrap=True)
    more = len(error.problems) - SHOWN_PROBLEMS
    if more > 0:
        err.print(f"… and {more} more")
    complain("the reference data is not used until this is mended.")


def instant(text: str | None, rates_folder: Path) -> datetime:
    """The instant `text` names; local to the operator where it has no offset."""
    if text is None:
        return datetime.now(UTC)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f'--at "{text}" is not a time; write it as 2026-10-05T10:00:00Z') from None
    if instant.tzinfo:
        return instant
    from callmeter.catalogue.files import read_operator

    return instant.replace(tzinfo=ZoneInfo(read_operator(rates_folder / "operator.toml", "operator.toml").timezone))


@contextmanager
def progress(*, quiet: bool, steps: Sequence[tuple[str, float]] = ()) -> Iterator[Callable[[str], None]]:
    """A line on the terminal that says which step is under way; nothing where there is no terminal.

    steps: the steps to come, in order, and the share of the work that each is: then a bar shows how much is done.
    """
    share = BarColumn(), TaskProgressColumn()
    with Progress(
        SpinnerColumn(), *(share if steps else ()), TextColumn("{task.description}", markup=False), TimeElapsedColumn(),
        console=err, transient=True, disable=quiet or not err.is_terminal,
    ) as bar:  # fmt: skip
        task = bar.add_task("starting", total=sum(weight for _, weight in steps) or None)
        names = [name for name, _ in steps]
        begun = 0

        def step(name: str) -> None:
            nonlocal begun
            if name in names[begun:]:
                begun = names.index(name, begun) + 1
            done = sum(weight for _, weight in steps[: max(begun - 1, 0)])
            bar.update(task, description=name, completed=done, refresh=True)

        yield step


def printable(text: str) -> str:
    """Text of a file of calls as it may be shown: nothing in it moves the cursor or changes colours."""
    return "".join(character if character.isprintable() else "�" for character in text.replace("\t", " "))


def shortened(text: str) -> str:
    """Text that a file may have made as long as it likes, cut to what a person reads."""
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…"


def print_line(text: str, indent: int = 2) -> None:
    """One line, cut where the screen ends."""
    out.print(" " * indent + printable(text), markup=False, no_wrap=True, overflow="ellipsis", crop=True)


def print_facts(facts: dict[str, Any]) -> None:
    table = Table.grid(padding=(0, 2))
    for name, value in facts.items():
        if isinstance(value, dict):
            value = ", ".join(f"{key} {amount}" for key, amount in value.items()) or "none"
        elif isinstance(value, (int, float)):
            value = f"{value:,}"
        elif isinstance(value, Decimal):
            value = plain(value)
        table.add_row(name.replace("_", " "), str(value))
    out.print(table)
