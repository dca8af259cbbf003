"""A month on this machine, from dropped files to billed customers: what `callmeter local` and `make run` do.

The stages, in order: check the rates and the files -> start UCRM's stand-in and the stack -> put the rates into force
-> drop the calls -> wait until they are rated and totalled -> bill -> say what happened -> serve the call page.
Nothing here rates or bills: that is done by the deployed functions, through real events and queues.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from callmeter import layout
from callmeter.aws.operator import Deployment
from callmeter.catalogue.compile import Catalogue, compile_catalogue
from callmeter.errors import BrokenCatalogue, CallmeterError, Problem, UsageError
from callmeter.local.sample import write_sample
from callmeter.local.stack import LocalStack
from callmeter.local.ucrm import UcrmStandin
from callmeter.model import AccountTotal
from callmeter.periods import labelled
from callmeter.portal.tokens import sign_link
from callmeter.rating.engine import engine
from callmeter.sources import recognise
from callmeter.sources.documents import as_lines
from callmeter.sources.text import make_safe

UCRM_KEY = "local-stack-only"
PATIENCE_SECONDS = 600
LINK_MINUTES = 12 * 60


@dataclass(frozen=True)
class Month:
    """What a run did. rows_in = rated + duplicates + rejected."""

    rows_in: int
    rated: int
    duplicates: int
    rejected: int
    reject_reasons: dict[str, int]
    unreadable: list[str]
    minutes: Decimal
    charge: dict[str, Decimal]
    bills: list[dict[str, Any]]
    items_sent: int
    seconds: float  # from the first dropped file to the last statement
    totals: list[AccountTotal] = field(default_factory=list)


@dataclass(frozen=True)
class Running:
    """The started system."""

    stack: LocalStack
    ucrm: UcrmStandin
    deployment: Deployment
    catalogue: Catalogue
    console: Console


def check_inputs(rates: Path, calls: Sequence[Path]) -> Catalogue:
    """Refuse what could not work before anything is started. Raises BrokenCatalogue, UsageError, UnreadableFile."""
    with engine(allowed=calls) as (con, work):
        catalogue = compile_catalogue(con, rates, work)
        for path in calls:
            if not path.is_file():
                raise UsageError(f"{path}: there is no such file")
            recognise(as_lines(con, make_safe(path, work, path.name, in_place=True), work), "", catalogue.mappings)
    return catalogue


@contextmanager
def running(rates: Path, catalogue: Catalogue, console: Console) -> Iterator[Running]:
    """Start UCRM's stand-in and the stack with these rates in force; stop all of it at the end."""
    with ExitStack() as ending, TemporaryDirectory(prefix="callmeter-ucrm-") as folder:
        ucrm = ending.enter_context(UcrmStandin(Path(folder) / "ucrm.json", UCRM_KEY, seeds=_clients(catalogue)))
        with console.status("starting the local AWS and deploying the functions"):
            stack = ending.enter_context(LocalStack(ucrm_url=ucrm.url, ucrm_key=UCRM_KEY))
        deployment = Deployment(stack.session, stack.outputs, stack.endpoint_url)
        here = Running(stack, ucrm, deployment, catalogue, console)
        with console.status("putting the rates into force"):
            _put_rates(here, rates)
        yield here


def run_month(here: Running, calls: Sequence[Path]) -> Month:
    """Drop the files (the sample month where there are none), wait for the totals, bill."""
    with TemporaryDirectory(prefix="callmeter-sample-") as folder, _bars(here.console) as bars:
        files = list(calls) or [_sample(Path(folder))]
        started = time.monotonic()
        for number, path in enumerate(files):
            here.deployment.store.upload(path, f"{layout.INBOX}{number:03}-{path.name}")
        manifests = _await_rated(here, len(files), bars)
        _await_totalled(here, manifests, bars)
        totals = _totals(here)
        bills = _bill(here, totals, bars)
        seconds = time.monotonic() - started
    rated, rows_in = sum(total.calls for total in totals), sum(one["rows_in"] for one in manifests)
    rejected = sum(one["rejected"] for one in manifests)
    return Month(
        rows_in=rows_in,
        rated=rated,
        duplicates=rows_in - rejected - rated,
        rejected=rejected,
        reject_reasons=_added(one["reject_reasons"] for one in manifests),
        unreadable=[one["unreadable"] for one in manifests if one["unreadable"]],
        minutes=(Decimal(sum(total.duration_seconds for total in totals)) / 60).quantize(Decimal("0.01")),
        charge=_charges(totals),
        bills=bills,
        items_sent=sum(bill["lines"] for bill in bills if bill["state"] == "invoiced"),
        seconds=seconds,
        totals=totals,
    )


def sign_in_link(here: Running, page_url: str, account_id: str) -> str:
    """A link that opens the account's call page."""
    return f"{page_url}#link={sign_link(account_id, here.deployment.link_secret, datetime.now(UTC), LINK_MINUTES)}"


def save_statements(here: Running, month: Month, folder: Path) -> list[Path]:
    """Copy the statements' PDFs into `folder`, which is emptied of those of earlier runs first."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.pdf"):
        old.unlink()
    saved = []
    for bill in month.bills:
        if bill["statement"]:
            path = folder / f"{bill['account_id']}-{bill['period']}.pdf"
            path.write_bytes(here.deployment.store.get(bill["statement"]))
            saved.append(path)
    return saved


def _clients(catalogue: Catalogue) -> dict[str, Any]:
    """The accounts as UCRM's clients."""
    return {
        "organizations": [{"name": catalogue.operator.name or "Sample", "currencyCode": catalogue.operator.currency}],
        "clients": [
            {
                "id": account.ucrm_client_id,
                "clientType": 2,
                "companyName": account.name or account.account_id,
                "currencyCode": account.currency,
            }
            for account in catalogue.accounts.values()
            if account.ucrm_client_id
        ],
    }


def _put_rates(here: Running, rates: Path) -> None:
    store = here.deployment.store
    for path in sorted(rates.rglob("*")):
        if path.is_file() and path.suffix in (".csv", ".toml", ".svg", ".png", ".jpg"):
            store.upload(path, layout.RATES + path.relative_to(rates).as_posix())

    def in_force() -> bool:
        keys = store.keys("catalogue/")
        if layout.CURRENT in keys:
            return str(json.loads(store.get(layout.CURRENT))["version"]) == here.catalogue.version
        return False

    try:
        _await(in_force, "the catalogue")
    except CallmeterError:
        if layout.REFUSED in store.keys("catalogue/"):
            raise BrokenCatalogue([Problem(**one) for one in json.loads(store.get(layout.REFUSED))]) from None
        raise


def _sample(folder: Path) -> Path:
    path = folder / "sample-month.csv"
    write_sample(path)
    return path


def _await_rated(here: Running, files: int, bars: Progress) -> list[dict[str, Any]]:
    """The manifests of all files, once they are there; the same content dropped twice is one file."""
    task = bars.add_task("rating files", total=files)
    store = here.deployment.store

    def rated() -> bool:
        keys = store.keys("manifests/")
        bars.update(task, completed=min(len(keys), files))
        return len(keys) >= files or (bool(keys) and here.stack.unfinished() == 0)

    _await(rated, "the files to be rated", here)
    bars.update(task, completed=files)
    return [json.loads(store.get(key)) for key in store.keys("manifests/")]


def _await_totalled(here: Running, manifests: list[dict[str, Any]], bars: Progress) -> None:
    places = {layout.period_and_shard(key) for one in manifests for key in one["objects"]} - {None}
    task = bars.add_task("totalling shards", total=len(places))

    def totalled() -> bool:
        bars.update(task, completed=max(0, len(places) - here.stack.unfinished()))
        return here.stack.unfinished() == 0

    _await(totalled, "the totals", here)
    bars.update(task, completed=len(places))


def _bill(here: Running, totals: list[AccountTotal], bars: Progress) -> list[dict[str, Any]]:
    """Bill every period that the calls belong to, as of a day on which all of them have ended."""
    labels = {total.period for total in totals}
    if not labels:
        return []
    task = bars.add_task("billing", total=len(totals))
    grace = timedelta(hours=here.catalogue.operator.grace_hours + 1)
    as_of = labelled(max(labels), "Etc/GMT+12", 31).ends_at + grace
    answer = here.deployment.bill(as_of=as_of)
    bars.update(task, completed=len(totals))
    return list(answer["bills"])


def _totals(here: Running) -> list[AccountTotal]:
    """Every account's stored totals, of every period."""
    places = {layout.period_and_shard(key) for key in here.deployment.store.keys(layout.CALLS)} - {None}
    found = []
    for period, shard in sorted(place for place in places if place):
        for account_id in sorted(here.deployment.totals.accounts(period, shard)):
            total = here.deployment.totals.read(period, shard, account_id)
            if total and total.calls:
                found.append(total)
    return found


def _charges(totals: list[AccountTotal]) -> dict[str, Decimal]:
    charges: dict[str, Decimal] = {}
    for total in totals:
        charges[total.currency] = charges.get(total.currency, Decimal(0)) + total.charge
    return charges


def _added(counts: Iterator[dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for count in counts:
        for reason, number in count.items():
            total[reason] = total.get(reason, 0) + number
    return total


def _await(done: Callable[[], bool], what: str, here: Running | None = None) -> None:
    """Wait until it is done. Raises CallmeterError after ten minutes, or once a message was given up on."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not done():
        if here and here.deployment.given_up():
            raise CallmeterError(f"a function failed again and again while waiting for {what}; see its log")
        if time.monotonic() > deadline:
            raise CallmeterError(f"waited {PATIENCE_SECONDS} s for {what} in vain")
        time.sleep(0.1)


@contextmanager
def _bars(console: Console) -> Iterator[Progress]:
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=console, transient=True, disable=not console.is_terminal,
    ) as bars:  # fmt: skip
        yield bars
