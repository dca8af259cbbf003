"""The command line: `callmeter rate`, `quote`, `rates check`, `local`, `bill`, `status`.

Exit 0: done (rejects included); 1: something could not be done; 2: usage, or a broken catalogue.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from callmeter.errors import BrokenCatalogue, CallmeterError, UsageError
from callmeter.money import plain

SHOWN_PROBLEMS = 50
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="callmeter")
def cli() -> None:
    """Rate VoIP calls, and bill them."""


@cli.command()
@click.argument("calls", nargs=-1, required=True, type=_FILE)
@click.option(
    "--rates",
    required=True,
    type=_FOLDER,
    help="Folder with operator.toml, plans.toml, destinations.csv, decks/.",
)
@click.option("--accounts", type=_FILE, help="Accounts file; accounts.csv of the rates folder unless given.")
@click.option("--plan", default="", help="Instead of accounts: every calling number is its own account on this plan.")
@click.option("--source", default="", help="Kind of file: asterisk, freepbx, csv. Guessed unless given.")
@click.option("--country", default="", help="Country of national numbers (GB); the operator's unless given.")
@click.option("--timezone", default="", help="Zone of times without offset; the operator's unless given.")
@click.option("--time-format", default="", help="Format of times, as strptime has it: %d/%m/%Y %H:%M:%S.")
@click.option("--out", "out_path", required=True, type=_FILE, help="Rated calls: a name that ends in .parquet or .csv.")
@click.option("--rejects", type=_FILE, help="Where to write what could not be rated, and why.")
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
    with _progress(quiet=as_json) as progress:
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
        "minutes": str(summary.minutes),
        "charge": {currency: plain(charge) for currency, charge in summary.charge.items()},
        "calls_per_second": summary.calls_per_second,
        "catalogue": summary.catalogue,
    }
    if as_json:
        print(json.dumps(facts))  # noqa: T201
    else:
        _print_facts(facts)


@cli.command()
@click.argument("to")
@click.option("--rates", required=True, type=_FOLDER, help="Folder with operator.toml, plans.toml, decks/.")
@click.option("--plan", required=True, help="The plan the caller is on.")
@click.option("--seconds", required=True, type=int, help="Length of the call.")
@click.option("--at", help="When it starts, ISO 8601; now unless given.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def quote(to: str, rates: Path, plan: str, seconds: int, at: str | None, as_json: bool) -> None:
    """What one call costs, and why, step by step."""
    from callmeter.rating.quote import as_json as quote_json
    from callmeter.rating.quote import quote as price

    answer = price(to, rates=rates, plan=plan, seconds=seconds, at=_instant(at, rates))
    if as_json:
        print(json.dumps(quote_json(answer)))  # noqa: T201
        return
    for step in answer.explanation.steps:
        out.print(f"  {step}", markup=False)
    charge = answer.explanation.charge
    out.print(
        "price to follow" if charge is None else f"{plain(charge)} {answer.currency}",
        style="bold",
        markup=False,
    )


@cli.group()
def rates() -> None:
    """Look after the reference data."""


@rates.command()
@click.option("--rates", "folder", required=True, type=_FOLDER, help="Folder with operator.toml, plans.toml, decks/.")
@click.option("--accounts", type=_FILE, help="Accounts file; accounts.csv of the rates folder unless given.")
def check(folder: Path, accounts: Path | None) -> None:
    """Validate a rates folder: every problem with file, line and column."""
    from callmeter.catalogue.compile import compile_catalogue
    from callmeter.rating.engine import engine

    with engine() as (con, work):
        catalogue = compile_catalogue(con, folder, work, accounts=accounts)
        rows = len(con.table("deck_rows"))
    out.print(
        f"{folder} is sound: {rows} deck rows, {len(catalogue.plans)} plans, {len(catalogue.accounts)} accounts, "
        f"catalogue {catalogue.version}",
        markup=False,
    )


def main() -> None:
    """Run the command line; every failure is one clear message and an exit code."""
    try:
        code = cli(standalone_mode=False) or 0
    except click.ClickException as error:
        error.show()
        code = 2
    except (click.Abort, KeyboardInterrupt):
        code = 130
    except BrokenCatalogue as error:
        _print_problems(error)
        code = 2
    except UsageError as error:
        _complain(str(error))
        code = 2
    except CallmeterError as error:
        _complain(str(error))
        code = 1
    except OSError as error:
        _complain(f"{error.filename or 'the system'}: {error.strerror or error}")
        code = 1
    sys.exit(code if isinstance(code, int) else 0)


def _complain(text: str) -> None:
    err.print(f"callmeter: {text}", markup=False, soft_wrap=True)


def _print_problems(error: BrokenCatalogue) -> None:
    for problem in error.problems[:SHOWN_PROBLEMS]:
        err.print(str(problem), markup=False, soft_wrap=True)
    more = len(error.problems) - SHOWN_PROBLEMS
    if more > 0:
        err.print(f"… and {more} more")
    _complain("the reference data is not used until this is mended.")


def _instant(text: str | None, rates_folder: Path) -> datetime:
    """The instant `text` names; local to the operator where it has no offset."""
    if text is None:
        return datetime.now(UTC)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f'--at "{text}" is not a time; write it as 2026-10-05T10:00:00Z') from None
    if instant.tzinfo:
        return instant
    from zoneinfo import ZoneInfo

    from callmeter.catalogue.files import read_operator

    return instant.replace(tzinfo=ZoneInfo(read_operator(rates_folder / "operator.toml", "operator.toml").timezone))


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Any]:
    """A line on the terminal that says which step is under way; nothing where there is no terminal."""
    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(),
        console=err, transient=True, disable=quiet or not err.is_terminal,
    ) as bar:  # fmt: skip
        task = bar.add_task("starting", total=None)
        yield lambda step: bar.update(task, description=step)


def _print_facts(facts: dict[str, Any]) -> None:
    table = Table.grid(padding=(0, 2))
    for name, value in facts.items():
        if isinstance(value, dict):
            value = ", ".join(f"{key} {amount}" for key, amount in value.items()) or "none"
        elif isinstance(value, int):
            value = f"{value:,}"
        elif isinstance(value, Decimal):
            value = plain(value)
        table.add_row(name.replace("_", " "), str(value))
    out.print(table)


if __name__ == "__main__":
    main()
