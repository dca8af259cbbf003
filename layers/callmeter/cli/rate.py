"""`callmeter rate` and `callmeter quote`: what calls cost."""

from pathlib import Path
from typing import Any

import click

from callmeter.cli import shown
from callmeter.errors import UsageError
from callmeter.money import plain


@click.command()
@click.argument("calls", nargs=-1, required=True, type=shown.FILE)
@click.option(
    "--rates",
    required=True,
    type=shown.FOLDER,
    help="Folder with operator.toml, plans.toml, destinations.csv, decks/.",
)
@click.option("--accounts", type=shown.FILE, help="Accounts file; accounts.csv of the rates folder unless given.")
@click.option("--plan", default="", help="Instead of accounts: every calling number is its own account on this plan.")
@click.option("--source", default="", help="Kind of file: asterisk, freepbx, csv. Guessed unless given.")
@click.option("--country", default="", help="Country of national numbers (GB); the operator's unless given.")
@click.option("--timezone", default="", help="Zone of times without offset; the operator's unless given.")
@click.option("--time-format", default="", help="Format of times, as strptime has it: %d/%m/%Y %H:%M:%S.")
@click.option(
    "--out", "out_path", required=True, type=shown.FILE, help="Rated calls: a name that ends in .parquet or .csv."
)
@click.option("--rejects", type=shown.FILE, help="Where to write what could not be rated, and why.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def rate(
    calls: tuple[Path, ...],
    rates: Path,
    accounts: Path | None,
    plan: str,
    source: str,
    country: str,
    timezone: str,
    time_format: str,
    out_path: Path,
    rejects: Path | None,
    as_json: bool,
) -> None:
    """Rate files of calls on this machine, no cloud."""
    from callmeter.catalogue.files import is_zone
    from callmeter.rating.rate import rate_files
    from callmeter.rating.stages import Intake

    if plan and accounts:
        raise UsageError("--accounts and --plan exclude each other")
    if timezone and not is_zone(timezone):
        raise UsageError(f'time zone "{timezone}" is not known; write one such as Europe/London')
    intake = Intake(source, country, timezone, time_format, plan)
    with shown.progress(quiet=as_json) as progress:
        summary = rate_files(
            calls,
            rates=rates,
            out=out_path,
            accounts=accounts,
            rejects=rejects,
            intake=intake,
            progress=progress,
        )
    facts: dict[str, Any] = {
        "rows_in": summary.rows_in,
        "rated": summary.rated,
        "duplicates": summary.duplicates,
        "rejected": summary.rejected,
        "reject_reasons": summary.reject_reasons,
        "late": summary.late,
        "barred": summary.barred,
        "minutes": float(summary.minutes),
        "charge": {currency: plain(charge) for currency, charge in summary.charge.items()},
        "calls_per_second": summary.calls_per_second,
        "catalogue": summary.catalogue,
    }
    if as_json:
        shown.print_json(facts)
    else:
        shown.print_facts(facts)


@click.command()
@click.argument("to")
@click.option("--rates", required=True, type=shown.FOLDER, help="Folder with operator.toml, plans.toml, decks/.")
@click.option("--plan", required=True, help="The plan the caller is on.")
@click.option("--seconds", required=True, type=int, help="Length of the call.")
@click.option("--at", help="When it starts, ISO 8601; now unless given.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def quote(to: str, rates: Path, plan: str, seconds: int, at: str | None, as_json: bool) -> None:
    """What one call costs, and why, step by step."""
    from callmeter.rating.quote import as_json as quote_json
    from callmeter.rating.quote import quote as price

    answer = price(to, rates=rates, plan=plan, seconds=seconds, at=shown.instant(at, rates))
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
