"""`callmeter local`, `bill` and `link`: the operator's side, on this machine or in AWS."""

import re
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from threading import Event
from typing import Any

import click
from rich.table import Table

from callmeter.cli import shown
from callmeter.errors import CallmeterError, UsageError
from callmeter.money import plain


@click.command()
@click.argument("calls", nargs=-1, type=shown.FILE)
@click.option(
    "--rates", "folder", default=Path("rates"), show_default=True, type=shown.FOLDER, help="The rates to use."
)
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
    console = shown.err if as_json else shown.out
    with local_month.running(folder, catalogue, console) as here, here.stack.front(port) as front:
        month = local_month.run_month(here, calls)
        statements = local_month.save_statements(here, month, Path(".local") / "statements")
        if as_json:
            shown.print_json(_month_facts(month))
            return
        shown.print_facts(_month_facts(month))
        _print_bills(month.bills)
        _print_places(here, month, front.url, statements)
        if once or not shown.out.is_terminal:
            return
        shown.out.print("Ctrl-C ends it all.")
        with suppress(KeyboardInterrupt):
            Event().wait()


@click.command()
@click.option("--stack", default="callmeter-prod", show_default=True, help="The deployed stack.")
@click.option("--period", default="", help="Only the periods of that label, YYYY-MM.")
@click.option("--dry-run", is_flag=True, help="Say what would be billed, and what is remarkable; write nothing.")
@click.option("--html", type=shown.FILE, help="Where to put the dry run's report [bills-PERIOD.html].")
@click.option("--approve", is_flag=True, help="Show the bills that wait for a yes, ask, and send them.")
@click.option("--bills", default="", help="Bill ids, separated by commas, that --approve is for.")
@click.option("--yes", is_flag=True, help="Approve without asking.")
@click.option("--again", default="", help="An account: send its bill of --period anew, its invoice being void.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def bill(
    stack: str,
    period: str,
    dry_run: bool,
    html: Path | None,
    approve: bool,
    bills: str,
    yes: bool,
    again: str,
    as_json: bool,
) -> None:
    """Bill what has ended, now, instead of waiting for the hourly run."""
    from callmeter.aws.operator import Deployment

    if period and not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", period):
        raise UsageError(f'--period "{period}" is not a period; write it as 2026-10')
    if (bills or yes) and not approve:
        raise UsageError("--bills and --yes say which bills --approve is for, and that nobody is asked: give it too")
    if again and not period:
        raise UsageError(f"--again {again} needs --period: which of the account's bills?")
    deployment = Deployment.named(stack)
    if dry_run:
        _preview(deployment, period, html, as_json)
        return
    approved = _approved(deployment, period, {one.strip() for one in bills.split(",")} - {""}, yes) if approve else []
    if approve and not approved:
        return
    with shown.err.status("billing") as status:
        answer = deployment.bill(
            period=period, approve=approved, again=again, progress=lambda left: status.update(f"billing; {left:,} left")
        )
    if as_json:
        shown.print_json(answer)
    else:
        _print_bills(answer["bills"])
    problems = [one["problem"] for one in answer["bills"] if one["problem"]] + list(answer["problems"].values())
    if problems:
        raise CallmeterError("\n".join(problems))


def _approved(deployment: Any, period: str, wanted: set[str], yes: bool) -> list[str]:
    """The ids of the waiting bills that a person says yes to; none where the answer is no."""
    from callmeter.bills.glance import approvals
    from callmeter.cli.glance import show_approvals
    from callmeter.jobs.approving import waiting_bills

    found, waiting = waiting_bills(deployment.store, deployment.bills, period)
    if missing := sorted(wanted - waiting):
        raise UsageError(f"{', '.join(missing)}: no bill of that id waits for approval")
    asked = approvals(found, wanted or waiting)
    show_approvals(asked, shown.err)
    if not asked.rows or not (yes or click.confirm("", prompt_suffix="", err=True)):
        return []
    return [row.bill_id for row in asked.rows]


def _preview(deployment: Any, period: str, html: Path | None, as_json: bool) -> None:
    """Show what would be billed: as JSON, or as a table and a page."""
    from callmeter.bills.glance import Glance
    from callmeter.cli.glance import save_page, show

    content = deployment.bill_preview(period=period)
    if as_json:
        shown.out.out(content.decode(), highlight=False)
        return
    glance = Glance.model_validate_json(content)
    path = save_page(glance, html)
    show(glance, shown.out)
    shown.out.print(f"[bold]report[/]  {path}")


@click.command()
@click.argument("account_id")
@click.option("--stack", default="callmeter-prod", show_default=True, help="The deployed stack.")
@click.option("--minutes", default=15, show_default=True, type=click.IntRange(1, 1440), help="How long the link works.")
def link(account_id: str, stack: str, minutes: int) -> None:
    """A link that signs a customer in to the call page."""
    from callmeter.aws.operator import Deployment
    from callmeter.portal.tokens import sign_link

    deployment = Deployment.named(stack)
    token = sign_link(account_id, deployment.link_secret, datetime.now(UTC), minutes)
    shown.out.print(f"{deployment.outputs.get('PageUrl', '')}#link={token}", markup=False, soft_wrap=True)


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
    shown.out.print(table)


def _print_places(here: Any, month: Any, page_url: str, statements: list[Path]) -> None:
    """Where to look at what was made."""
    from callmeter.local.month import sign_in_link

    for reason in month.unreadable:
        shown.out.print(f"not read: {reason}", markup=False, soft_wrap=True)
    if month.reject_reasons.get("unknown-account", 0) * 10 > month.rows_in:
        shown.out.print("Some calls are of nobody: put their numbers into the rates' accounts.csv, and run again.")
    if month.bills:
        busiest = max(month.bills, key=lambda one: int(one["calls"]))
        link_to_page = sign_in_link(here, page_url, busiest["account_id"])
        shown.out.print(f"\n[bold]call page[/]   {busiest['account_name'] or busiest['account_id']}:")
        shown.out.print(link_to_page, markup=False, soft_wrap=True)
    if statements:
        shown.out.print(
            f"[bold]statements[/]  {statements[0].parent}/ ({len(statements)} PDFs, such as {statements[0].name})"
        )
    shown.out.print(f"[bold]invoices[/]    {here.ucrm.url.partition('/crm')[0]}/")
