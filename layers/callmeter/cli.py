"""The command line: `callmeter rate`, `quote`, `rates check`, `local`, `bill`, `link`.

Exit 0: done (rejects included); 1: something could not be done; 2: usage, or a broken catalogue.
"""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from threading import Event
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from callmeter.errors import BrokenCatalogue, CallmeterError, UsageError
from callmeter.money import plain

SHOWN_PROBLEMS = 50
# Without a terminal, tables may be as wide as they need; with one, as wide as it is.
out = Console(highlight=False, width=None if sys.stdout.isatty() else 140)
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
        "minutes": float(summary.minutes),
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


@cli.command()
@click.argument("calls", nargs=-1, type=_FILE)
@click.option("--rates", "folder", default=Path("rates"), show_default=True, type=_FOLDER, help="The rates to use.")
@click.option(
    "--port", default=0, type=click.IntRange(0, 65535), help="Port of the call page; a free one unless given."
)
@click.option("--once", is_flag=True, help="End after the month is billed.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and end after the month is billed.")
def local(calls: tuple[Path, ...], folder: Path, port: int, once: bool, as_json: bool) -> None:
    """The whole system on this machine: drop CALLS (or a sample month), rate, bill, serve the call page."""
    from callmeter.local import month as local_month
    from callmeter.local.front import check_port

    check_port(port)
    catalogue = local_month.check_inputs(folder, calls)
    console = err if as_json else out
    with local_month.running(folder, catalogue, console) as here, here.stack.front(port) as front:
        month = local_month.run_month(here, calls)
        statements = local_month.save_statements(here, month, Path(".local") / "statements")
        if as_json:
            print(json.dumps(_month_facts(month)))  # noqa: T201
            return
        _print_facts(_month_facts(month))
        _print_bills(month.bills)
        _print_places(here, month, front.url, statements)
        if once or not out.is_terminal:
            return
        out.print("Ctrl-C ends it all.")
        with suppress(KeyboardInterrupt):
            Event().wait()


@cli.command()
@click.option("--stack", default="callmeter-prod", show_default=True, help="The deployed stack.")
@click.option("--period", default="", help="Only the periods of that label, YYYY-MM.")
@click.option("--dry-run", is_flag=True, help="Say what would be billed, and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def bill(stack: str, period: str, dry_run: bool, as_json: bool) -> None:
    """Bill what has ended, now, instead of waiting for the daily run."""
    from callmeter.aws.operator import Deployment

    if period and not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", period):
        raise UsageError(f'--period "{period}" is not a period; write it as 2026-10')
    answer = Deployment.named(stack).bill(period=period, dry_run=dry_run)
    if as_json:
        print(json.dumps(answer))  # noqa: T201
    else:
        _print_bills(answer["bills"])
    problems = [one["problem"] for one in answer["bills"] if one["problem"]]
    if problems:
        raise CallmeterError("\n".join(problems))


@cli.command()
@click.argument("account_id")
@click.option("--stack", default="callmeter-prod", show_default=True, help="The deployed stack.")
@click.option("--minutes", default=15, show_default=True, type=click.IntRange(1, 1440), help="How long the link works.")
def link(account_id: str, stack: str, minutes: int) -> None:
    """A link that signs a customer in to the call page."""
    from callmeter.aws.operator import Deployment
    from callmeter.portal.tokens import sign_link

    deployment = Deployment.named(stack)
    token = sign_link(account_id, deployment.link_secret, datetime.now(UTC), minutes)
    out.print(f"{deployment.outputs.get('PageUrl', '')}#link={token}", markup=False, soft_wrap=True)


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


def _month_facts(month: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "rows_in": month.rows_in,
        "rated": month.rated,
        "duplicates": month.duplicates,
        "rejected": month.rejected,
        "reject_reasons": month.reject_reasons,
        "minutes": float(month.minutes),
        "charge": {currency: plain(charge) for currency, charge in month.charge.items()},
        "bills": len(month.bills),
        "items_sent": month.items_sent,
        "seconds": round(month.seconds, 1),
    }
    return facts | ({"unreadable": month.unreadable} if month.unreadable else {})


def _print_bills(bills: list[dict[str, Any]]) -> None:
    table = Table(box=None, padding=(0, 2))
    for heading in ("account", "name", "period", "calls", "amount", "", "carried", "invoice", "state"):
        table.add_column(heading, justify="right" if heading in ("calls", "amount", "carried") else "left")
    for one in bills:
        table.add_row(
            one["account_id"], one["account_name"], one["period"], f"{one['calls']:,}", one["amount"], one["currency"],
            plain(Decimal(one["carried"])), one["invoice_number"], one["problem"] or one["state"],
        )  # fmt: skip
    out.print(table)


def _print_places(here: Any, month: Any, page_url: str, statements: list[Path]) -> None:
    """Where to look at what was made."""
    from callmeter.local.month import sign_in_link

    for reason in month.unreadable:
        out.print(f"not read: {reason}", markup=False, soft_wrap=True)
    if month.reject_reasons.get("unknown-account", 0) * 10 > month.rows_in:
        out.print("Some calls are of nobody: put their numbers into accounts.csv of the rates folder, and run again.")
    if month.bills:
        busiest = max(month.bills, key=lambda one: int(one["calls"]))
        link_to_page = sign_in_link(here, page_url, busiest["account_id"])
        out.print(f"\n[bold]call page[/]   {busiest['account_name'] or busiest['account_id']}:")
        out.print(link_to_page, markup=False, soft_wrap=True)
    if statements:
        out.print(
            f"[bold]statements[/]  {statements[0].parent}/ ({len(statements)} PDFs, such as {statements[0].name})"
        )
    out.print(f"[bold]invoices[/]    {here.ucrm.url.partition('/crm')[0]}/")


def _print_facts(facts: dict[str, Any]) -> None:
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


if __name__ == "__main__":
    main()
