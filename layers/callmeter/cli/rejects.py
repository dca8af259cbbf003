"""`callmeter rejects`: what could not be rated, by reason, and what would clear it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click
from rich.markup import escape
from rich.table import Table

from callmeter.cli import shown
from callmeter.cli.rate import intake, print_reasons, reading_options, steps
from callmeter.errors import REJECT_REASONS, UsageError

if TYPE_CHECKING:
    from callmeter.rating.rejects import Owner, Sorted, Unpriced
    from callmeter.rating.stages import Intake

_SHOWN = 20


@click.command()
@click.argument("files", nargs=-1, required=True, type=shown.FILE, metavar="FILE...")
@click.option("--rates", type=shown.FOLDER, help="The rates folder; needed where FILE are calls.")
@reading_options
@click.option("--reason", type=click.Choice(list(REJECT_REASONS)), help="List every reject of this reason.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def rejects(
    files: tuple[Path, ...],
    rates: Path | None,
    accounts: Path | None,
    plan: str,
    reason: str | None,
    as_json: bool,
    **reading: str,
) -> None:
    """What could not be rated, by reason, and what to add so that it is.

    FILE is what `callmeter rate --rejects` wrote, or with --rates the files of calls themselves: then they are rated,
    and nothing is written.
    """
    from callmeter.rating.rejects import sort_out

    how = intake(accounts, plan, **reading)
    with _rejects_of(files, rates, accounts, how, quiet=as_json) as found:
        answer = sort_out(found, rates=rates, accounts=accounts, plan=plan, listed=reason or "", places=_places)
    if as_json:
        shown.print_json(_facts(answer, reason))
    elif reason:
        for one in answer.listed:
            shown.print_line(f"{one.file}:{one.line}: {one.detail or reason}", 0)
            shown.print_line(one.raw, 4)
    else:
        _print(answer, rates, accounts or (rates / "accounts.csv" if rates and not plan else None))


@contextmanager
def _rejects_of(
    files: Sequence[Path], rates: Path | None, accounts: Path | None, how: "Intake", *, quiet: bool
) -> Iterator[Sequence[Path]]:
    """Files of rejects: those given, or what rating the calls in those given rejects."""
    from callmeter.rating.rate import rate_files
    from callmeter.rating.rejects import holds_rejects

    kinds = {holds_rejects(path) for path in files}
    if kinds == {True}:
        yield files
        return
    if len(kinds) > 1:
        raise UsageError("some of the files hold rejects, others calls; name one kind at a time")
    if rates is None:
        raise UsageError(
            f"{files[0]} is not what callmeter rate --rejects writes; to rate it, name the rates: --rates DIR"
        )
    with TemporaryDirectory(prefix="callmeter-") as folder:
        out, found = Path(folder) / "rated.parquet", Path(folder) / "rejects.parquet"
        with shown.progress(quiet=quiet, steps=steps(files, out.name)) as progress:
            rate_files(files, rates=rates, accounts=accounts, out=out, rejects=found, intake=how, progress=progress)
        yield [found]


def _places() -> list[tuple[str, str]]:
    from callmeter.local.world import world

    return [(place.prefix, place.destination) for place in world("GB")]


def _facts(answer: "Sorted", reason: str | None) -> dict[str, Any]:
    from callmeter.rating.rejects import FIXES

    return {
        "rejected": answer.rejected,
        "reasons": [
            {**asdict(one), "meaning": REJECT_REASONS.get(one.reason, ""), "fix": FIXES.get(one.reason, "")}
            for one in answer.reasons
        ],
        "unknown_accounts": [asdict(one) for one in answer.owners],
        "without_rate": [asdict(one) for one in answer.unpriced],
        **({"rejects": [asdict(one) for one in answer.listed]} if reason else {}),
    }


def _print(answer: "Sorted", rates: Path | None, accounts: Path | None) -> None:
    if not answer.rejected:
        shown.out.print("Nothing was rejected.")
        return
    shown.out.print(f"{answer.rejected:,} rejected, with the first line of each reason:")
    print_reasons(answer.reasons)
    if answer.owners:
        _print_owners(answer.owners, accounts)
    for deck, lacking in groupby(sorted(answer.unpriced, key=lambda one: one.deck), key=lambda one: one.deck):
        _print_lacking(deck, list(lacking), rates)


def _print_owners(owners: Sequence["Owner"], accounts: Path | None) -> None:
    from callmeter.rating.rejects import account_rows

    shown.out.print(f"\nWithout an account: {len(owners):,} numbers, logins or account codes, the most calls first")
    table = _table("calls", "number or login", "is")
    for one in owners[:_SHOWN]:
        table.add_row(f"{one.calls:,}", escape(shown.printable(one.name)), one.side)
    shown.out.print(table)
    _print_rows("accounts.csv, with account and plan", account_rows(owners[:_SHOWN], accounts), len(owners))


def _print_lacking(deck: str, lacking: Sequence["Unpriced"], rates: Path | None) -> None:
    from callmeter.rating.rejects import deck_rows

    shown.out.print(f"\nWithout a rate in deck {deck}, the most calls first", markup=False)
    table = _table("calls", "prefix", "destination", "such as", "")
    for one in lacking[:_SHOWN]:
        there = f"on line {', '.join(map(str, one.lines))}, not in force then" if one.lines else ""
        table.add_row(f"{one.calls:,}", *map(escape, (one.prefix, one.destination, one.example, there)))
    shown.out.print(table)
    missing = [one for one in lacking if not one.lines]
    if missing:
        file = rates / "decks" / f"{deck}.csv" if rates else None
        _print_rows(f"decks/{deck}.csv, with the rate", deck_rows(missing[:_SHOWN], file), len(missing))


def _print_rows(where: str, rows: Sequence[str], count: int) -> None:
    """Rows to copy as they are, below their header."""
    more = f" (the first {_SHOWN} of {count:,}; all with --json)" if count > _SHOWN else ""
    shown.out.print(f"To add to {where}{more}:", markup=False, soft_wrap=True)
    for row in rows:
        shown.out.print(f"  {shown.printable(row)}", markup=False, soft_wrap=True)


def _table(*headings: str) -> Table:
    table = Table(box=None, padding=(0, 2))
    for heading in headings:
        table.add_column(heading, justify="right" if heading == "calls" else "left", overflow="fold")
    return table
