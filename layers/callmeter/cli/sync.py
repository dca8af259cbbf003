"""`callmeter sync`: UCRM's customers become the accounts of the deployed stack, after a look at what changes."""

from typing import Any

import click
from rich.table import Table
from rich.text import Text

from callmeter.cli import shown
from callmeter.errors import CallmeterError, UsageError

_HEADINGS = ("account", "name", "what", "before", "after", "from")


@click.command()
@click.option("--stack", default="callmeter-prod", show_default=True, help="The deployed stack.")
@click.option("--dry-run", is_flag=True, help="Say what would change, and write nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--force", is_flag=True, help="However many accounts end at once.")
@click.option("--setup", "set_up", is_flag=True, help="Define UCRM's custom attributes; show the webhook's address.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON; needs --yes, --dry-run or --setup.")
def sync(stack: str, dry_run: bool, yes: bool, force: bool, set_up: bool, as_json: bool) -> None:
    """Take UCRM's customers over as accounts, now, instead of waiting for the hourly run.

    A service in UCRM (or a client) whose attribute "Call plan" names a plan is an account. Its numbers and logins are
    in "Phone numbers" and "SIP logins"; "none" as call plan ends it, as numbers takes them away. What changes counts
    from today on.
    """
    from callmeter.aws.operator import Deployment
    from callmeter.aws.sync import SyncDeployment

    if as_json and not (dry_run or yes or set_up):
        raise UsageError("--json asks nothing: give --dry-run to look, or --yes to change")
    stack_sync = SyncDeployment(Deployment.named(stack))
    if set_up:
        _show_set_up(*stack_sync.set_up(), as_json=as_json)
        return
    with shown.progress(quiet=as_json) as step:
        step("reading UCRM's customers")
        answer = stack_sync.preview(force=force)
    if not as_json:
        show(answer)
    if answer["changes"] and not dry_run:
        if not yes:
            click.confirm("Change these accounts?", abort=True, err=True)
        answer = stack_sync.apply(answer["digest"], force=force)
        if not as_json:
            shown.out.print("Done: the new accounts are in force in a moment.")
    if as_json:
        shown.print_json(answer)
    if answer["problems"]:
        raise CallmeterError(f"{len(answer['problems'])} accounts are not synchronised; see above.")


def show(answer: dict[str, Any]) -> None:
    """Changes as a table, then what could not be done, then what is good to know."""
    if answer["changes"]:
        table = Table(box=None, padding=(0, 2))
        for heading in _HEADINGS:
            table.add_column(heading, overflow="fold")
        for one in answer["changes"]:
            what = one["what"] + (" (!)" if one["careful"] else "")
            cells = (one["account_id"], one["name"], what, one["before"], one["after"], one["since"] or "all rows")
            table.add_row(*(Text(shown.printable(cell)) for cell in cells))
        shown.out.print(table)
        if any(one["careful"] for one in answer["changes"]):
            shown.out.print("(!) counts for the past too; bills that are made stay as they are.")
    else:
        shown.out.print("Nothing changes.")
    for title, remarks in (("not synchronised", answer["problems"]), ("note", answer["notes"])):
        for one in remarks:
            text = " ".join(filter(None, (f"{title}:", one["account_id"], one["text"])))
            shown.out.print(shown.printable(text), markup=False, soft_wrap=True)


def _show_set_up(defined: list[str], address: str, *, as_json: bool) -> None:
    if as_json:
        shown.print_json({"defined": defined, "webhook": address})
        return
    shown.out.print(f"defined in UCRM: {', '.join(defined) or 'nothing, all attributes are there'}", markup=False)
    shown.out.print("Changes reach callmeter within the hour. To make that a minute, add a webhook in UCRM (System,")
    shown.out.print("Webhooks) for clients, services and invoices, with this address, and keep it to yourself:")
    shown.out.print(address, markup=False, soft_wrap=True)
