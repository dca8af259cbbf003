"""`callmeter rate` and `callmeter quote`: what calls cost."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from callmeter.cli import shown
from callmeter.errors import UsageError
from callmeter.money import plain

if TYPE_CHECKING:
    from callmeter.rating.rate import Summary
    from callmeter.rating.rejects import Reason
    from callmeter.rating.stages import Intake

Command = TypeVar("Command", bound=Callable[..., Any])


def reading_options(command: Command) -> Command:
    """The options that say how files of calls are to be read; `intake` takes them."""
    for option in reversed((
        click.option("--accounts", type=shown.FILE, help="Accounts file; that of the rates folder unless given."),
        click.option(
            "--plan", default="", help="Instead of accounts: every calling number is its own account on this plan."
        ),
        click.option("--source", default="", help="Kind of file, such as freepbx; guessed unless given."),
        click.option("--country", default="", help="Country of national numbers (GB); the operator's unless given."),
        click.option("--timezone", default="", help="Zone of times without offset; the operator's unless given."),
        click.option("--time-format", default="", help="Format of times, as strptime has it: %d/%m/%Y %H:%M:%S."),
    )):  # fmt: skip
        command = option(command)
    return command


def intake(accounts: Path | None, plan: str, source: str, country: str, timezone: str, time_format: str) -> "Intake":
    """How the options say that files are to be read. Raises UsageError."""
    from callmeter.catalogue.files import is_zone
    from callmeter.rating.stages import Intake

    if plan and accounts:
        raise UsageError("--accounts and --plan exclude each other")
    if timezone and not is_zone(timezone):
        raise UsageError(f'time zone "{timezone}" is not known; write one such as Europe/London')
    return Intake(source, country, timezone, time_format, plan)


def steps(calls: Sequence[Path], last: str) -> list[tuple[str, float]]:
    """What rating takes, and the share of it that each step is: files by their bytes. last: what is written."""
    sizes = [path.stat().st_size if path.is_file() else 0 for path in calls]
    files = [
        (f"rating {path.name}", 60 * (size + 1) / (sum(sizes) + len(sizes)))
        for path, size in zip(calls, sizes, strict=True)
    ]
    return [("reading the catalogue", 5), *files, ("allowances and duplicates", 10), (f"writing {last}", 25)]


@click.command()
@click.argument("calls", nargs=-1, required=True, type=shown.FILE)
@click.option(
    "--rates",
    required=True,
    type=shown.FOLDER,
    help="Folder with operator.toml, plans.toml, destinations.csv, decks/.",
)
@reading_options
@click.option(
    "--out", "out_path", required=True, type=shown.FILE, help="Rated calls: a name that ends in .parquet or .csv."
)
@click.option("--rejects", type=shown.FILE, help="Where to write what could not be rated, and why.")
@click.option("--margins", type=shown.FILE, help="Where to write what was earned per carrier, destination and prefix.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def rate(
    calls: tuple[Path, ...],
    rates: Path,
    accounts: Path | None,
    out_path: Path,
    rejects: Path | None,
    margins: Path | None,
    as_json: bool,
    **reading: str,
) -> None:
    """Rate files of calls on this machine, no cloud."""
    from callmeter.rating.rate import rate_files

    how = intake(accounts, **reading)
    with shown.progress(quiet=as_json, steps=steps(calls, out_path.name)) as progress:
        summary = rate_files(
            calls,
            rates=rates,
            out=out_path,
            accounts=accounts,
            rejects=rejects,
            margins=margins,
            intake=how,
            progress=progress,
        )
    facts = _facts(summary)
    if as_json:
        shown.print_json(facts)
        return
    shown.print_facts(
        {
            name: fact
            for name, fact in facts.items()
            if name != "warnings" and (fact or name not in ("below_cost", "margin"))
        }
    )
    for warning in summary.warnings:
        shown.err.print(f"Warning: {warning}", markup=False, soft_wrap=True)
    if summary.examples:
        shown.out.print("\nRejected, with the first line of each reason:")
        print_reasons(summary.examples)
        listing = (
            f"callmeter rejects {rejects}"
            if rejects
            else "callmeter rate … --rejects FILE, then callmeter rejects FILE"
        )
        shown.out.print(f"\nAll of them, and what to add: {listing}", markup=False, soft_wrap=True)


def print_reasons(reasons: Sequence["Reason"]) -> None:
    """Each reason with its number, what it means, what to do, and a line as an example."""
    from callmeter.errors import REJECT_REASONS
    from callmeter.rating.rejects import FIXES

    for one in reasons:
        meaning, fix = REJECT_REASONS.get(one.reason, ""), FIXES.get(one.reason, "")
        shown.print_line(f"{one.rejected:>7,}  {one.reason}: {meaning}", 0)
        shown.print_line(f"{one.example.file}:{one.example.line}: {one.example.detail}", 9)
        shown.print_line(one.example.raw, 9)
        shown.print_line(f"To do: {fix}", 9)


def _facts(summary: "Summary") -> dict[str, Any]:
    return {
        "rows_in": summary.rows_in,
        "rated": summary.rated,
        "duplicates": summary.duplicates,
        "rejected": summary.rejected,
        "reject_reasons": summary.reject_reasons,
        "late": summary.late,
        "barred": summary.barred,
        "minutes": float(summary.minutes),
        "charge": {currency: plain(charge) for currency, charge in summary.charge.items()},
        "below_cost": summary.below_cost,
        "margin": {currency: plain(margin) for currency, margin in summary.margin.items()},
        "calls_per_second": summary.calls_per_second,
        "catalogue": summary.catalogue,
        "warnings": list(summary.warnings),
    }


@click.command()
@click.argument("to")
@click.option("--rates", required=True, type=shown.FOLDER, help="Folder with operator.toml, plans.toml, decks/.")
@click.option("--plan", required=True, help="The plan the caller is on.")
@click.option("--seconds", required=True, type=int, help="Length of the call.")
@click.option("--at", help="When it starts, ISO 8601; now unless given.")
@click.option(
    "--from", "caller", default="", help="The caller's number, where the deck has rows for some callers only."
)
@click.option(
    "--direction",
    type=click.Choice(["out", "in"]),
    default="out",
    show_default=True,
    help="Whether the customer calls TO, or is called at TO.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def quote(
    to: str, rates: Path, plan: str, seconds: int, at: str | None, caller: str, direction: str, as_json: bool
) -> None:
    """What one call costs, and why, step by step."""
    from callmeter.rating.quote import as_json as quote_json
    from callmeter.rating.quote import quote as price

    answer = price(
        to,
        rates=rates,
        plan=plan,
        seconds=seconds,
        at=shown.instant(at, rates),
        caller=caller,
        direction=f"{direction}bound",
    )
    if as_json:
        shown.print_json(quote_json(answer))
        return
    for step in answer.explanation.steps:
        shown.out.print(f"  {step}", markup=False)
    charge = answer.explanation.charge
    shown.out.print(
        "price to follow" if charge is None else f"{plain(charge)} {answer.currency}",
        style="bold",
        markup=False,
    )
