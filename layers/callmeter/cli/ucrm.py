"""`callmeter ucrm`: what a UCRM is like, and whether its invoices are the bills."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from callmeter.cli import shown
from callmeter.errors import CallmeterError, UsageError

DEFAULT_STACK = "callmeter-prod"
_RECONCILED_DAYS = 62


@click.group()
def ucrm() -> None:
    """Look at UCRM: what it is like, and whether its invoices are the bills."""


def _connection(command: Any) -> Any:
    """The options that say which UCRM."""
    for option in (
        click.option("--stack", default=DEFAULT_STACK, show_default=True, help="The deployed stack, whose UCRM it is."),
        click.option("--url", default="", help="UCRM's address, instead of the stack's."),
        click.option("--key-env", default="", help="The environment variable with the app key that goes with --url."),
        click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON."),
    ):
        command = option(command)
    return command


@ucrm.command()
@click.option(
    "--client", "client_id", type=int, required=True, help="A client for trying things; best one of your own."
)
@click.option("--read-only", is_flag=True, help="Make nothing: ask only what can be told by reading.")
@click.option("--use-number", is_flag=True, help="Ask also what uses up an invoice number.")
@_connection
def probe(client_id: int, read_only: bool, use_number: bool, stack: str, url: str, key_env: str, as_json: bool) -> None:
    """Find out what is not documented of UCRM. It makes drafts for the client, and deletes them."""
    from callmeter.ucrm.probe import Probe

    if read_only and use_number:
        raise UsageError("--read-only makes nothing, --use-number makes an invoice: give one of them")
    with _api(stack, url, key_env) as api, shown.progress(quiet=as_json) as step:
        step("asking UCRM")
        found = list(Probe(api, client_id).findings(read_only=read_only, use_number=use_number))
    if as_json:
        shown.print_json([asdict(one) for one in found])
        return
    _print_table(("question", "found"), [(one.question, one.found) for one in found])


@ucrm.command()
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Invoices from that day on [62 days ago].")
@_connection
def reconcile(since: datetime | None, stack: str, url: str, key_env: str, as_json: bool) -> None:
    """Compare UCRM's invoices with the bills, and say what differs. Changes nothing. Exit 1 where something does."""
    from callmeter.jobs.catalogues import current_version, describe
    from callmeter.jobs.reconcile import reconcile as compare
    from callmeter.ucrm.client import UcrmInvoicing

    deployment = _deployment(stack)
    rules = describe(deployment.store, current_version(deployment.store)).operator.billing
    day = (since or datetime.now(UTC) - timedelta(days=_RECONCILED_DAYS)).date()
    with _api(stack, url, key_env) as api, shown.progress(quiet=as_json) as step:
        step("comparing")
        found = compare(deployment.store, deployment.bills, UcrmInvoicing(api, rules), day)
    if as_json:
        shown.print_json([asdict(one) for one in found])
    elif found:
        rows = [(one.bill_id, one.what, one.ours, one.theirs, one.hint) for one in found]
        _print_table(("bill", "what", "ours", "UCRM's", "what to do"), rows)
    else:
        shown.out.print(f"UCRM's invoices since {day} are the bills.")
    if found:
        raise CallmeterError(f"{len(found)} of UCRM's invoices and the bills differ")


def _deployment(stack: str) -> Any:
    from callmeter.aws.operator import Deployment

    return Deployment.named(stack)


@contextmanager
def _api(stack: str, url: str, key_env: str) -> Iterator[Any]:
    """UCRM by --url and --key-env, else that of the stack."""
    from callmeter.ucrm.api import UcrmApi

    if bool(url) != bool(key_env):
        raise UsageError("--url says where UCRM is, --key-env which variable has its key: give both")
    if key_env and not os.environ.get(key_env):
        raise UsageError(f"the environment variable {key_env} is empty: put UCRM's app key there")
    api = UcrmApi(url, os.environ[key_env]) if url else UcrmApi(*_deployment(stack).ucrm)
    try:
        yield api
    finally:
        api.close()


def _print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(box=None, padding=(0, 2))
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(Text(shown.printable(cell)) for cell in row))
    shown.out.print(table)
