"""`callmeter rates …`: the reference data."""

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.markup import escape
from rich.table import Table

from callmeter.cli import importing, shown
from callmeter.errors import BrokenCatalogue, Problem
from callmeter.money import plain

if TYPE_CHECKING:
    from callmeter.catalogue.comparing import Change, Comparison
    from callmeter.catalogue.lcr import LeastCost
    from callmeter.catalogue.repricing import Repriced

_CHANGES_SHOWN = 20
_RATES_HELP = "Folder with operator.toml, plans.toml, decks/."


@click.group()
def rates() -> None:
    """Look after the reference data."""


@rates.command()
@click.option("--rates", "folder", required=True, type=shown.FOLDER, help=_RATES_HELP)
@click.option("--accounts", type=shown.FILE, help="Accounts file; accounts.csv of the rates folder unless given.")
@click.option("--strict", is_flag=True, help="Warnings count as failure: exit code 2.")
@click.option("--all", "every", is_flag=True, help="Every warning, not only the first of each kind.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def check(folder: Path, accounts: Path | None, strict: bool, every: bool, as_json: bool) -> int:
    """Validate a rates folder: every problem, and what is hardly meant, with file, line and column."""
    from callmeter.catalogue.compile import compile_catalogue
    from callmeter.catalogue.warnings import SHOWN, find_warnings
    from callmeter.pulls.settings import PULLS, read_pulls
    from callmeter.rating.engine import engine

    with engine() as (con, work), shown.progress(quiet=as_json) as progress:
        progress("reading the catalogue")
        try:
            catalogue = compile_catalogue(con, folder, work, accounts=accounts)
            if (pulls := folder / PULLS).is_file():
                read_pulls(pulls.read_bytes(), f"{folder.name}/{PULLS}")
        except BrokenCatalogue as error:
            if not as_json:
                raise
            shown.print_json({"sound": False, "errors": [vars(problem) for problem in error.problems], "warnings": []})
            return 2
        progress("looking for what is hardly meant")
        found = find_warnings(
            con, catalogue, folder, work,
            accounts=accounts or folder / "accounts.csv", shown=10**9 if every else SHOWN,
        )  # fmt: skip
        facts = {
            "deck_rows": len(con.table("deck_rows")),
            "plans": len(catalogue.plans),
            "accounts": len(catalogue.accounts),
            "catalogue": catalogue.version,
        }
    if as_json:
        told = [vars(problem) for problem in found.told]
        shown.print_json({"sound": True, "errors": [], "warnings": told, "warning_counts": found.counts, **facts})
    else:
        hinted: set[str] = set()
        for problem in found.told:
            shown.err.print(_warning(problem, hint=problem.code not in hinted), markup=False, soft_wrap=True)
            hinted.add(problem.code)
        warned = sum(found.counts.values())
        shown.out.print(
            f"{folder} is sound: {facts['deck_rows']} deck rows, {facts['plans']} plans, {facts['accounts']} accounts, "
            f"catalogue {facts['catalogue']}" + (f"; {warned:,} warning{'s' * (warned > 1)}" if warned else ""),
            markup=False,
            soft_wrap=True,
        )
    return 2 if strict and found.told else 0


def _warning(problem: Problem, *, hint: bool) -> str:
    """A warning as it is printed: like a problem, and marked."""
    place = f"{problem.file}:{problem.line}:{problem.column}" if problem.line else problem.file
    text = f"{place}: warning: {problem.text} [{problem.code}]"
    return text + (f"\n    {problem.hint}" if hint and problem.hint else "")


@rates.command()
@click.argument("to")
@click.option("--rates", "folder", required=True, type=shown.FOLDER, help="Folder with carriers.toml and decks/.")
@click.option("--at", help="When the call starts, ISO 8601; now unless given.")
@click.option("--seconds", default=60, show_default=True, help="Length of the call.")
@click.option("--from", "caller", default="", help="The calling number, for prices that hold for some callers only.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def lcr(to: str, folder: Path, at: str | None, seconds: int, caller: str, as_json: bool) -> None:
    """What each carrier asks for a call to TO, the cheapest first."""
    from callmeter.catalogue.lcr import as_json as lcr_json
    from callmeter.catalogue.lcr import least_cost

    answer = least_cost(to, rates=folder, at=shown.instant(at, folder), seconds=seconds, caller=caller)
    if as_json:
        shown.print_json(lcr_json(answer))
    else:
        _print_offers(answer)


def _print_offers(answer: "LeastCost") -> None:
    shown.out.print(
        f"{answer.seconds} s to {answer.to_number} at {answer.at.isoformat(timespec='seconds')}", markup=False
    )
    table = Table(box=None, padding=(0, 1))
    for name in ("carrier", "prefix", "destination", "rate", "fee", "increments", "price", f"in {answer.currency}", ""):
        table.add_column(name, overflow="fold", justify="right" if name in ("rate", "fee", "price") else "left")
    for offer in answer.offers:
        table.add_row(
            escape(offer.carrier),
            offer.prefix or "",
            escape(offer.destination or ""),
            "" if offer.rate is None else plain(offer.rate) + " a call" * (offer.per == "call"),
            plain(offer.connect_fee) if offer.connect_fee else "",
            "" if offer.increment is None or offer.per == "call" else f"{offer.first_increment}/{offer.increment}",
            "" if offer.price is None else f"{plain(offer.price)} {offer.currency}",
            "" if offer.converted is None else plain(offer.converted),
            escape(offer.reason),
        )
    shown.out.print(table)


@rates.command()
@click.argument("old", type=click.Path(path_type=Path, exists=True))
@click.argument("new", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--rates", "folder", type=shown.FOLDER, help="The folder the decks are of: its destinations, plans, accounts."
)
@click.option("--at", help="Compare from then on, ISO 8601; now unless given.")
@click.option(
    "--calls", multiple=True, type=shown.FILE, help="Calls to rate under both, such as last month's. Repeatable."
)
@click.option("--source", default="", help="Kind of the files of calls. Guessed unless given.")
@click.option("--timezone", default="", help="Zone of the calls' times without offset; the operator's unless given.")
@click.option("--all", "every", is_flag=True, help="Every change, not only the largest.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def diff(
    old: Path,
    new: Path,
    folder: Path | None,
    at: str | None,
    calls: tuple[Path, ...],
    source: str,
    timezone: str,
    every: bool,
    as_json: bool,
) -> None:
    """Which prices change from OLD to NEW (two decks, or two rates folders), for whom, and what calls would cost."""
    from callmeter.catalogue.comparing import change_json, compare
    from callmeter.catalogue.repricing import reprice, repriced_json
    from callmeter.rating.engine import engine
    from callmeter.rating.stages import Intake

    moment = shown.instant(at, folder or (new if new.is_dir() else new.parent))
    with engine() as (con, work), shown.progress(quiet=as_json) as progress:
        progress("comparing")
        compared = compare(con, old, new, work, rates=folder, at=moment)
        repriced = None
        if calls:
            intake = Intake(source=source, timezone=timezone)
            repriced = reprice(
                con, compared, calls, old, new, work, at=moment, rates=folder, intake=intake, progress=progress
            )  # fmt: skip
    if as_json:
        answer = {
            "summary": compared.counts,
            "changes": [change_json(change) for change in compared.changes],
            "customers": [{"account_id": key, "name": name} for key, name in compared.customers.items()],
        }
        shown.print_json(answer | ({"calls": repriced_json(repriced)} if repriced else {}))
        return
    _print_changes(compared, every=every)
    _print_customers(compared)
    if repriced:
        _print_repriced(repriced)


def _print_changes(compared: "Comparison", *, every: bool) -> None:
    if not compared.changes:
        shown.out.print("no call costs anything else")
        return
    shown.print_facts(compared.counts)
    changes = sorted(compared.changes, key=lambda one: abs(one.percent or Decimal(0)), reverse=True)
    table = Table(box=None, padding=(0, 1))
    for name in ("deck", "prefix", "destination", "", "old", "new", "%", "calls", "from", "also"):
        table.add_column(name, overflow="fold", justify="right" if name in ("old", "new", "%") else "left")
    for change in changes if every else changes[:_CHANGES_SHOWN]:
        table.add_row(*map(escape, _change_cells(change)))
    shown.out.print(table)
    if len(changes) > _CHANGES_SHOWN and not every:
        shown.out.print(f"… and {len(changes) - _CHANGES_SHOWN:,} more; --all shows them")


def _change_cells(change: "Change") -> list[str]:
    """A change as a row of the table; what else differs besides the rate comes last."""
    also = [f"{name.replace('_', ' ')} {_word(old)} → {_word(new)}"
            for name, (old, new) in change.differing.items() if name != "rate"]  # fmt: skip
    which = "; ".join(filter(None, (
        "inbound" * (change.direction == "inbound"), change.band, f"callers {change.callers}" * bool(change.callers),
    )))  # fmt: skip
    return [
        change.deck,
        change.prefix,
        change.destination,
        change.kind,
        _word(change.old["rate"]) if change.old else "",
        _word(change.new["rate"]) if change.new else "",
        "" if change.percent is None else f"{change.percent:+}",
        which,
        change.since or "",
        ", ".join(also),
    ]


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return plain(value) if isinstance(value, Decimal) else "none" if value in (None, "") else str(value)


def _print_customers(compared: "Comparison") -> None:
    if not compared.customers:
        return
    names = [name or account_id for account_id, name in compared.customers.items()]
    more = f", and {len(names) - _CHANGES_SHOWN:,} more" if len(names) > _CHANGES_SHOWN else ""
    told = ", ".join(names[:_CHANGES_SHOWN]) + more
    shown.out.print(f"for {len(names):,} customer{'s' * (len(names) > 1)}: {told}", markup=False, soft_wrap=True)


def _print_repriced(repriced: "Repriced") -> None:
    """Totals under either deck, and for whom it differs most."""
    for side, summary in (("old", repriced.old), ("new", repriced.new)):
        charges = ", ".join(f"{currency} {plain(charge)}" for currency, charge in summary.charge.items()) or "nothing"
        rejected = f"; {summary.rejected:,} rejected" * bool(summary.rejected)
        late = f"; {summary.late:,} without a price yet" * bool(summary.late)
        shown.out.print(f"under the {side} prices: {charges} for {summary.rated:,} calls{rejected}{late}", markup=False)
    table = Table(box=None, padding=(0, 1))
    for name in ("account", "name", "old", "new", "difference", ""):
        table.add_column(name, overflow="fold", justify="right" if name in ("old", "new", "difference") else "left")
    for one in repriced.customers[:_CHANGES_SHOWN]:
        amounts = (plain(one.old), plain(one.new), f"{'+' * (one.difference > 0)}{plain(one.difference)}")
        table.add_row(escape(one.account_id), escape(one.name), *amounts, one.currency)
    shown.out.print(table)
    if len(repriced.customers) > _CHANGES_SHOWN:
        shown.out.print(f"… and {len(repriced.customers) - _CHANGES_SHOWN:,} more customers")


rates.add_command(importing.import_deck)
