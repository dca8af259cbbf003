"""`callmeter rerate`, `withdraw`, `simulate` and `status`: rating again on purpose, and how everything stands."""

import re
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from callmeter.cli import shown
from callmeter.errors import CallmeterError, UsageError
from callmeter.money import plain

if TYPE_CHECKING:
    from callmeter.aws.operator import Deployment
    from callmeter.jobs.rerate import Change, ChangedCall, Preview, RatedFile

PATIENCE_SECONDS = 600  # without a single file more being rated
SHOWN = 50  # rows of a table
REASONS = {
    "found": "rejected before, a call now",
    "lost": "a call before, rejected now",
    "moved": "another account's",
    "period": "in another period",
    "priced": "its price was to follow",
    "repriced": "another price",
    "renamed": "another destination, same price",
    "withdrawn": "counts no more",
    "restored": "counts again",
}

stack_option = click.option("--stack", default="callmeter-prod", show_default=True, help="The deployed stack.")
yes_option = click.option("--yes", is_flag=True, help="Do it without asking.")
dry_option = click.option("--dry-run", is_flag=True, help="Say what would change, and write nothing.")
out_option = click.option("--out", type=shown.FILE, help="Write every changed call to this file, CSV.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.command()
@stack_option
@click.option("--period", required=True, help="Calls of this period, YYYY-MM.")
@click.option("--accounts", default="", help="Only calls of these accounts, before or after: A,B.")
@dry_option
@yes_option
@out_option
@json_option
def rerate(stack: str, period: str, accounts: str, dry_run: bool, yes: bool, out: Path | None, as_json: bool) -> None:
    """Rate a period's calls again with the catalogue in force now. Shows every change first, and asks."""
    from callmeter.aws.operator import Deployment
    from callmeter.jobs import catalogues
    from callmeter.jobs.rate_file import Revision
    from callmeter.jobs.rerate import candidates, rerated

    _check_period(period)
    _check_json(as_json, dry_run, yes)
    deployment = Deployment.named(stack)
    named = tuple(sorted({one.strip() for one in accounts.split(",") if one.strip()})) or None
    version = catalogues.current_version(deployment.store)
    change = rerated(Revision(catalogue=version, period=period, accounts=named))
    files = _up_to_date(deployment, candidates(deployment.store, period), dry_run, as_json)
    facts = {"catalogue": version, "period": period, "accounts": list(named) if named else None}
    operator = catalogues.describe(deployment.store, version).operator
    beyond = _beyond(period, operator.late_lookback)
    _change(deployment, files, change, facts, dry_run=dry_run, yes=yes, out=out, as_json=as_json, warning=beyond)


@click.command()
@click.argument("file", metavar="KEY|DIGEST")
@stack_option
@click.option("--restore", is_flag=True, help="Take its calls back in.")
@dry_option
@yes_option
@out_option
@json_option
def withdraw(file: str, stack: str, restore: bool, dry_run: bool, yes: bool, out: Path | None, as_json: bool) -> None:
    """Take a file's calls out, such as those of a wrong export. Shows them first, and asks.

    KEY is where it lies, or lay, in the bucket: inbox/…; DIGEST its SHA-256, or how that begins.
    """
    from callmeter.aws.operator import Deployment
    from callmeter.jobs.rerate import find, restored, withdrawn

    _check_json(as_json, dry_run, yes)
    deployment = Deployment.named(stack)
    files = _up_to_date(deployment, [find(deployment.store, file)], dry_run, as_json)
    facts = {"file": files[0].pin.name, "digest": files[0].digest, "restore": restore}
    _change(
        deployment, files, restored if restore else withdrawn, facts, dry_run=dry_run, yes=yes, out=out, as_json=as_json
    )


@click.command()
@stack_option
@click.option("--deck", required=True, type=shown.FILE, help="The deck to try, CSV.")
@click.option("--as", "name", default="", help="The deck of rates/ that it stands for [its own name].")
@click.option("--period", required=True, help="The calls to try it with: those of this period, YYYY-MM.")
@out_option
@json_option
def simulate(stack: str, deck: Path, name: str, period: str, out: Path | None, as_json: bool) -> None:
    """What a period's calls would have cost with another deck. Writes nothing."""
    from callmeter.aws.operator import Deployment
    from callmeter.jobs.simulate import simulate as simulated

    _check_period(period)
    if not deck.is_file():
        raise UsageError(f"{deck}: there is no such file")
    store = Deployment.named(stack).store
    with shown.progress(quiet=as_json) as step:
        found = simulated(
            store, name or deck.stem, deck.read_bytes(), period, out=out, progress=lambda done: step(f"file {done}")
        )
    facts = {"deck": str(deck), "instead_of": name or deck.stem, "period": period}
    if as_json:
        shown.print_json({**facts, **_facts(found)})
    else:
        _print_preview(found, facts)


@click.command()
@stack_option
@json_option
def status(stack: str, as_json: bool) -> None:
    """How everything stands: catalogue, files, rejects, bills, what was given up on."""
    from callmeter.aws.operator import Deployment
    from callmeter.jobs.rerate import standing
    from callmeter.portal.operator import status as figures

    deployment = Deployment.named(stack)
    messages = deployment.messages()
    facts = {
        **figures(deployment.portal, datetime.now(UTC)),
        **standing(deployment.store),
        "waiting": {name.removesuffix("QueueUrl").lower(): n for name, n in messages.items() if "Dead" not in name},
        "given_up": {name.removesuffix("DeadLettersUrl").lower(): n for name, n in messages.items() if "Dead" in name},
    }
    if as_json:
        shown.print_json(facts)
    else:
        _print_status(facts)


def _check_period(period: str) -> None:
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", period):
        raise UsageError(f'--period "{period}" is not a period; write it as 2026-10')


def _check_json(as_json: bool, dry_run: bool, yes: bool) -> None:
    if as_json and not (dry_run or yes):
        raise UsageError("--json asks nothing: give --dry-run or --yes with it")


def _up_to_date(
    deployment: "Deployment", files: "Sequence[RatedFile]", dry_run: bool, quiet: bool
) -> "Sequence[RatedFile]":
    """The files, once each is rated as its pin says: an earlier run may have been cut short."""
    from callmeter.jobs.rerate import apply, read_files

    behind = [one for one in files if one.behind and (one.key or one.pin.withdrawn)]
    if not behind:
        return files
    if dry_run:
        shown.complain(f"{len(behind)} files are still to be rated; what follows is without that.")
        return files
    _await(deployment, apply(deployment.store, behind, lambda pin: pin, deployment.rate), quiet)
    return read_files(deployment.store, [one.digest for one in files])


def _change(
    deployment: "Deployment", files: "Sequence[RatedFile]", change: "Change", facts: dict[str, Any], *, dry_run: bool,
    yes: bool, out: Path | None, as_json: bool, warning: str = "",
) -> None:  # fmt: skip
    """Show what a change does; do it, if the operator agrees."""
    from callmeter.jobs.rerate import apply, preview

    with shown.progress(quiet=as_json) as step:
        found = preview(
            deployment.store, files, change, out=out, progress=lambda done: step(f"file {done} of {len(files)}")
        )
    if not as_json:
        _print_preview(found, facts)
    agreed = bool(found.files) and not dry_run and (yes or click.confirm("Shall it be so?"))
    if agreed:
        _await(deployment, apply(deployment.store, found.files, change, deployment.rate), as_json)
    if as_json:
        shown.print_json({**facts, **_facts(found), "done": agreed})
    elif agreed:
        shown.out.print(f"Done. The next bills bring the difference: {_difference(found)}.", soft_wrap=True)
    if warning and found.files:
        shown.complain(warning)
    if found.absent:
        raise CallmeterError(
            f"{len(found.absent)} files are not in the inbox any more, and stay as they are: "
            f"{', '.join(found.absent[:5])}; put them back to have them rated again"
        )


def _await(deployment: "Deployment", files: "Iterable[RatedFile]", quiet: bool) -> None:
    """Wait until the files are rated as their pins say. Raises CallmeterError where that does not go on."""
    from callmeter.jobs.rerate import unfinished

    left, given_up = list(files), deployment.given_up()
    total, deadline = len(left), time.monotonic() + PATIENCE_SECONDS
    with shown.progress(quiet=quiet) as step:
        while left:
            step(f"rating: {total - len(left)} of {total} files")
            now = unfinished(deployment.store, left)
            if len(now) < len(left):
                deadline = time.monotonic() + PATIENCE_SECONDS
            elif deployment.given_up() > given_up or time.monotonic() > deadline:
                names = ", ".join(one.pin.name for one in now[:5])
                raise CallmeterError(f"{len(now)} files are not rated yet, such as {names}: see the log of rate; give "
                                     "the same command again to go on")  # fmt: skip
            else:
                time.sleep(0.5)
            left = now


def _beyond(period: str, lookback: int) -> str:
    """A warning, where the period is too long ago for a bill to look at it."""
    year, month = map(int, period.split("-"))
    now = datetime.now(UTC)
    ago = (now.year - year) * 12 + now.month - month
    if ago <= lookback:
        return ""
    return f"{period} is {ago} periods ago, and bills look back {lookback}: see late_lookback in rates/operator.toml"


def _difference(found: "Preview") -> str:
    return ", ".join(f"{plain(amount)} {currency}" for currency, amount in found.difference.items()) or "none"


def _facts(found: "Preview") -> dict[str, Any]:
    return {
        "files_looked_at": found.looked_at,
        "files_changed": len(found.files),
        "files_absent": list(found.absent),
        "calls_changed": found.changes,
        "effects": [_plain(vars(one)) for one in found.effects],
        "accounts_changed": [_plain(vars(one)) for one in found.settled],
        "difference": _plain(found.difference),
    }


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: plain(value) if isinstance(value, Decimal) else value for name, value in facts.items()}


def _print_preview(found: "Preview", facts: dict[str, Any]) -> None:
    shown.print_facts(
        {
            **{name: ", ".join(fact) if isinstance(fact, list) else fact for name, fact in facts.items() if fact},
            "files looked at": found.looked_at,
            "files changed": len(found.files),
            "calls changed": found.changes,
        }
    )
    if not found.files:
        shown.out.print("Nothing changes.")
        return
    _print_examples(found)
    _print_rows(
        "by account and reason, at full prices",
        ("account", "period", "what", "calls", "before", "after", ""),
        [
            (one.account_id, one.period, REASONS[one.reason], f"{one.calls:,}", plain(one.before), plain(one.after),
             one.currency)
            for one in found.effects
        ],
    )  # fmt: skip
    differing = [one for one in found.settled if one.before != one.after]
    _print_rows(
        "by account, included minutes taken",
        ("account", "period", "before", "after", "difference", ""),
        [
            (one.account_id, one.period, plain(one.before), plain(one.after), plain(one.after - one.before),
             one.currency)
            for one in differing
        ],
    )  # fmt: skip
    shown.out.print(f"[bold]difference[/]  {_difference(found)}")


def _print_examples(found: "Preview") -> None:
    more = f"; {found.changes - len(found.examples):,} more with --out" if found.changes > len(found.examples) else ""
    _print_rows(
        f"call by call{more}",
        ("file", "line", "account", "to", "destination", "rate", "charge", "", "status"),
        [_example(one) for one in found.examples],
    )


def _example(one: "ChangedCall") -> tuple[str, ...]:
    def both(before: object, after: object, show: Callable[[Any], str] = str) -> str:
        texts = ["-" if value in (None, "") else show(value) for value in (before, after)]
        return texts[0] if texts[0] == texts[1] else " → ".join(texts)

    return (
        one.file, str(one.line), both(one.account_before, one.account_after), one.to_number,
        both(one.destination_before, one.destination_after), both(one.rate_before, one.rate_after, plain),
        both(one.charge_before, one.charge_after, plain), both(one.currency_before, one.currency_after),
        both(one.status_before, one.status_after),
    )  # fmt: skip


def _print_rows(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table under its title; no more rows than a person reads."""
    if not rows:
        return
    figures = ("line", "calls", "rate", "charge", "before", "after", "difference")
    table = Table(box=None, padding=(0, 2))
    for heading in headings:
        table.add_column(heading, justify="right" if heading in figures else "left", overflow="fold")
    for row in rows[:SHOWN]:
        table.add_row(*(shown.printable(cell).replace("[", r"\[") for cell in row))
    shown.out.print(f"\n[bold]{title}[/]")
    shown.out.print(table)
    if len(rows) > SHOWN:
        shown.out.print(f"  … and {len(rows) - SHOWN:,} more")


def _print_status(facts: dict[str, Any]) -> None:
    catalogue, bills, rejects, files = facts["catalogue"], facts["bills"], facts["rejects"], facts["files"]
    shown.print_facts(
        {
            "catalogue": f"{catalogue['version'] or 'none'} ({catalogue['accounts']:,} accounts)",
            **({"refused": f"{catalogue['refused_problems']} problems in rates/"} if catalogue["refused"] else {}),
            "files": f"{files['rated']:,} rated of {files['seen']:,} seen, {files['unreadable']:,} unreadable",
            "rejects": rejects["reasons"],
            **{f"calls of {one['period']}": f"{one['calls']:,}, {_charges(one)}" for one in facts["periods"]},
            "bills open": f"{bills['open']:,} {_counts(bills['states'])}".rstrip(),
            "bills with problems": bills["with_problem"],
            "waiting": _counts(facts["waiting"]),
            "given up": _counts(facts["given_up"]),
            "last bill run": facts["last_bill"] or "none yet",
        }
    )
    for problem in catalogue["refused"]:
        shown.print_line(problem)
    for one in bills["problems"]:
        shown.print_line(f"{one['account_id']} {one['period']}: {one['problem']}")
    for name, problem in facts["unreadable"].items():
        shown.print_line(f"{name}: {problem}")


def _charges(figures: dict[str, Any]) -> str:
    return ", ".join(f"{amount} {currency}" for currency, amount in figures["charge"].items()) or "0.00"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {number:,}" for name, number in counts.items() if number) or "none"
