"""The whole path in one process: the real jobs and adapters over moto, and UCRM's stand-in. With faults on request.

    with world(tmp_path, monkeypatch) as here:
        here.deliver(here.drop("monday.csv", [call("a1", DENTIST, MOBILE, "2026-10-05T10:00:00Z", 125)]))
        here.bill()
        here.facts()        # objects, table and invoices, for comparing two histories

Every write counts: objects and items put, updated and deleted, and what UCRM is asked to change. `failing(n, how)`
makes the n-th of them (from 1) go wrong:

    "killed"    it is done, and then the process is dead: whatever it calls next is `Killed`
    "lost"      it is done, and its answer never comes
    "refused"   it is not done, and there is an error
"""

import csv
import json
import ssl
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import HTTPClientError
from moto import mock_aws

from callmeter import layout
from callmeter.aws.settings import Environment
from callmeter.aws.state import DynamoBills, DynamoLeases, DynamoSettings, DynamoTotals
from callmeter.aws.store import S3Store
from callmeter.bills.glance import Glance
from callmeter.bills.statement import render_statement
from callmeter.catalogue.compile import compile_catalogue, save_catalogue
from callmeter.jobs import bill_periods, catalogues, statements
from callmeter.jobs.bill_periods import Billing
from callmeter.jobs.rate_file import Manifest, rate_file
from callmeter.jobs.send_bills import Billed
from callmeter.jobs.total_shard import total_shard
from callmeter.local.ucrm import UcrmStandin
from callmeter.model import AccountTotal, Bill, BillingRules
from callmeter.portal.account import Portal
from callmeter.rating.engine import engine
from callmeter.ucrm import exact_json
from callmeter.ucrm.api import UcrmApi
from callmeter.ucrm.client import UcrmInvoicing

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

ROOT = Path(__file__).resolve().parent.parent
RATES = ROOT / "rates"
BUCKET, TABLE, SHARDS, KEY = "callmeter-data", "callmeter", 16, "only-here"
LINK_SECRET = "known to tests only, thirty-two bytes or more"  # noqa: S105
SESSION = boto3.Session("test", "test", region_name="eu-west-1")  # one: it keeps what it read of the APIs
TLS = ssl.create_default_context()
NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
ENDED = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)  # periods 2026-10 have ended, grace included; those of November not
A_MONTH_LATER = datetime(2026, 12, 20, 3, 0, tzinfo=UTC)
WRITES = ("PutObject", "DeleteObject", "PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem")

# Of rates/accounts.csv: number, plan, anchor day. The dentist and the family are in different shards.
DENTIST = "442079460101"  # C1001, payg, 1st: retail deck as it is, four decimals
FAMILY = "442079460217"  # C1002, family, 15th: per minute, 240 landline and 60 mobile minutes, whole pence
MOBILE, LANDLINE, FRANCE, VOTING = "447700900123", "442079460999", "33199000001", "448714960123"

How = Literal["killed", "lost", "refused"]


class Killed(BaseException):
    """The process is dead: no handler of exceptions may see it and live on."""


def call(call_id: str, own: str, other: str, start: str, seconds: int, direction: str = "out") -> str:
    """A line of a file of calls."""
    ends = (own, other) if direction == "out" else (other, own)
    return f"{call_id},+{ends[0]},+{ends[1]},{start},{seconds},{direction}"


def csv_of(lines: Iterable[str]) -> bytes:
    return "\n".join(("call_id,from,to,start,duration,direction", *lines, "")).encode()


@dataclass(frozen=True)
class Facts:
    """All that is kept, comparable. items: the table without sequences. invoices: as the CRM shows them."""

    objects: dict[str, bytes]
    items: dict[tuple[str, str], dict[str, Any]]
    invoices: list[dict[str, Any]]

    def differences(self, other: "Facts") -> list[str]:
        """What is not the same, in words."""
        mine: dict[Any, Any] = {**self.objects, **self.items, "invoices": self.invoices}
        theirs: dict[Any, Any] = {**other.objects, **other.items, "invoices": other.invoices}
        found = [f"{key}: only once" for key in sorted(mine.keys() ^ theirs.keys(), key=str)]
        return found + [
            f"{key}: {_short(mine[key])} and {_short(theirs[key])}"
            for key in sorted(mine.keys() & theirs.keys(), key=str)
            if mine[key] != theirs[key]
        ]


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 400 else f"{text[:400]}… ({sha256(text.encode()).hexdigest()[:8]})"


class Faults:
    """Counts writes, and spoils one."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.spoiled, self.how, self.count, self.dead = 0, "", 0, False

    def plan(self, spoiled: int, how: How) -> None:
        self.clear()
        self.spoiled, self.how = spoiled, how

    def before(self, what: str, lost: Exception) -> None:
        """Told before every call to S3, DynamoDB and UCRM. what: "" where it only reads; lost: what to raise."""
        if self.dead:
            raise Killed
        if what:
            self.count += 1
            if self.count == self.spoiled and self.how == "refused":
                raise lost

    def after(self, what: str, lost: Exception) -> None:
        if what and self.count == self.spoiled and self.how in ("killed", "lost"):
            self.dead = self.how == "killed"
            raise Killed if self.dead else lost

    def listen_to(self, client: "S3Client | DynamoDBClient") -> None:
        """Hear of every call of a boto3 client. What fails here, botocore does not try again."""

        def what(model: Any) -> tuple[str, Exception]:
            return model.name if model.name in WRITES else "", HTTPClientError(error=f"no answer to {model.name}")

        client.meta.events.register("before-call", lambda model, **_: self.before(*what(model)))
        client.meta.events.register("after-call", lambda model, **_: self.after(*what(model)))

    def wrapped(self, send: Callable[..., httpx.Response]) -> Callable[..., httpx.Response]:
        """httpx.Client.send, but heard of."""

        def sending(client: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
            what = "" if request.method == "GET" else f"{request.method} {request.url.path}"
            self.before(what, httpx.ConnectError(f"no connection for {what}"))
            answer = send(client, request, **options)
            self.after(what, httpx.ReadTimeout(f"no answer to {what}"))
            return answer

        return sending


@dataclass
class World:
    """Bucket, table and CRM, with the jobs to be run on them."""

    s3: "S3Client"
    dynamodb: "DynamoDBClient"
    standin: UcrmStandin
    faults: Faults = field(default_factory=Faults)
    empty: "Snapshot" = field(default_factory=lambda: Snapshot({}, [], "{}"))
    environment: Environment = field(
        default_factory=lambda: Environment(
            bucket=BUCKET,
            table=TABLE,
            shards=SHARDS,
            ucrm_url="http://127.0.0.1:9",
            ucrm_key_parameter="/k",
            link_secret_parameter="/l",  # noqa: S106 - a name
        )
    )
    link_secret: str = LINK_SECRET
    threads: int = 1  # moto loses updates under threads

    def __post_init__(self) -> None:
        self.store = S3Store(self.s3, BUCKET, threads=1)
        self.totals = DynamoTotals(self.dynamodb, TABLE, threads=1)
        self.bills = DynamoBills(self.dynamodb, TABLE)
        self.leases = DynamoLeases(self.dynamodb, TABLE)
        self.clock = NOW
        self.settings = DynamoSettings(self.dynamodb, TABLE)
        self.portal = Portal(self.store, self.totals, self.bills, self.settings, SHARDS)
        self.begin_process()

    def begin_process(self) -> None:
        """Forget what a process remembers of the CRM. It begins once the leases of the one before are over."""
        self.clock += timedelta(hours=1)
        self.billing = Billing(
            self.store, self.bills, self.leases, self.settings, self.invoicing, SHARDS, self.threads, lambda: self.clock
        )

    def invoicing(self, rules: BillingRules) -> UcrmInvoicing:
        api = UcrmApi(self.standin.url, KEY, first_pause_seconds=0, tries=2, verify=TLS)
        return UcrmInvoicing(api, rules, clock=lambda: self.clock)

    # ---- what happens

    def drop(self, name: str, lines: Iterable[str] | bytes) -> str:
        """Put a file into the inbox; its key."""
        key = layout.INBOX + name
        self.store.put(key, lines if isinstance(lines, bytes) else csv_of(lines))
        return key

    def rate(self, key: str, now: datetime = NOW) -> Manifest | None:
        return rate_file(self.store, key, shards=SHARDS, now=now)

    def rated(self, key: str, now: datetime = NOW) -> Manifest:
        """`rate` of a file that is there."""
        manifest = self.rate(key, now)
        assert manifest
        return manifest

    def total(self, period: str, shard: str) -> list[AccountTotal]:
        return total_shard(self.store, self.totals, period, shard)

    def total_all(self) -> None:
        """Total every place that has, or had, calls."""
        for period, shard in sorted(self.places() | {_place_of(pk) for pk, _ in self.items() if _is_total(pk)}):
            self.total(period, shard)

    def places(self) -> set[tuple[str, str]]:
        found = {layout.period_and_shard(key) for key in self.store.keys(layout.CALLS)}
        return {place for place in found if place}

    def deliver(self, *keys: str) -> None:
        """Rate these files, or all of the inbox, and total everything."""
        for key in keys or self.store.keys(layout.INBOX):
            self.rate(key)
        self.total_all()

    def bill(self, as_of: datetime = ENDED, *, period: str = "", approve: Collection[str] = ()) -> dict[str, Billed]:
        """Run the hourly job; what became of each bill that it worked on, by bill id."""
        done = bill_periods.bill_periods(self.billing, as_of, period=period, approve=approve)
        return {one.bill.bill_id: one for one in done.bills}

    def preview(self, as_of: datetime = ENDED, *, period: str = "") -> Glance:
        """What `bill` would do."""
        return bill_periods.preview(self.billing, as_of, period=period)

    def publish(self, rates: Path) -> catalogues.Published:
        """Put a rates folder into the bucket, and publish it."""
        for path in rates.rglob("*"):
            if path.is_file():
                self.store.put(layout.RATES + path.relative_to(rates).as_posix(), path.read_bytes())
        return catalogues.publish(self.store)

    # ---- what there is

    def account_totals(self) -> dict[tuple[str, str], AccountTotal]:
        """(account, period) -> its total, those that have calls."""
        found = {}
        for pk, account in self.items():
            if _is_total(pk):
                period, shard = _place_of(pk)
                total = self.totals.read(period, shard, account)
                if total and total.calls:
                    found[account, period] = total
        return found

    def charge_of(self, account_id: str, period: str) -> Decimal:
        total = self.account_totals().get((account_id, period))
        return total.charge if total else Decimal(0)

    def stored_bills(self) -> dict[str, Bill]:
        bills = [Bill.model_validate_json(self.store.get(key)) for key in self.store.keys(layout.BILLS)]
        return {bill.bill_id: bill for bill in bills}

    def statement(self, bill_id: str, kind: str = "csv") -> bytes:
        account_id, _, period = bill_id.partition("-")
        return self.store.get(layout.statement(account_id, period, kind))

    def invoices(self) -> list[dict[str, Any]]:
        return list(self.standin.books.as_json()["tables"]["invoices"])

    def invoiced(self) -> dict[str, Decimal]:
        """Bill id -> what its invoices come to."""
        found: dict[str, Decimal] = {}
        for row in self.invoices():
            bill_id = row["attributes"][0]["value"]
            found[bill_id] = found.get(bill_id, Decimal(0)) + Decimal(row["total"])
        return found

    def items(self) -> dict[tuple[str, str], dict[str, Any]]:
        """The table, but for sequence numbers and leases."""
        rows = self.dynamodb.scan(TableName=TABLE, ConsistentRead=True)["Items"]
        return {
            (row["pk"]["S"], row["sk"]["S"]): {name: value for name, value in row.items() if name != "sequence"}
            for row in rows
            if not row["pk"]["S"].startswith(("sequence#", "lease#"))
        }

    def facts(self) -> Facts:
        objects = {key: self.store.get(key) for key in self.store.keys("")}
        return Facts(objects, self.items(), self.invoices())

    # ---- going back, and going wrong

    def snapshot(self) -> "Snapshot":
        rows = self.dynamodb.scan(TableName=TABLE)["Items"]
        return Snapshot(self.facts().objects, rows, exact_json.dumps(self.standin.books.as_json()))

    def restore(self, snapshot: "Snapshot") -> None:
        """Make everything as it was."""
        for key in self.store.keys(""):
            if key not in snapshot.objects:
                self.store.delete(key)
        for key, body in snapshot.objects.items():
            self.store.put(key, body)
        for row in self.dynamodb.scan(TableName=TABLE)["Items"]:
            self.dynamodb.delete_item(TableName=TABLE, Key={"pk": row["pk"], "sk": row["sk"]})
        for row in snapshot.rows:
            self.dynamodb.put_item(TableName=TABLE, Item=row)
        self.standin.books.restore(exact_json.loads(snapshot.crm))
        self.begin_process()

    @contextmanager
    def failing(self, number: int, how: How) -> Iterator[Faults]:
        """The n-th write from here on goes wrong; afterwards all is well again. `count`: how many writes there were."""
        self.faults.plan(number, how)
        try:
            yield self.faults
        finally:
            count = self.faults.count
            self.faults.clear()
            self.faults.count = count
            self.begin_process()


@dataclass(frozen=True)
class Snapshot:
    objects: dict[str, bytes]
    rows: list[dict[str, Any]]
    crm: str


@contextmanager
def world(folder: Path, monkeypatch: pytest.MonkeyPatch, rates: Path = RATES) -> Iterator[World]:
    """An empty world but for a catalogue in force: that of `rates`."""
    books = folder / "crm.json"
    with mock_aws(), UcrmStandin(books, KEY, seeds=_clients(), clock=lambda: NOW) as standin:
        s3 = SESSION.client("s3", config=Config(signature_version="s3v4", retries={"total_max_attempts": 2}))
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        dynamodb = SESSION.client("dynamodb", config=Config(retries={"total_max_attempts": 2}))
        dynamodb.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            BillingMode="PAY_PER_REQUEST",
        )
        here = World(s3, dynamodb, standin)
        version, files = compiled(rates)
        for name, body in files.items():
            here.store.put(layout.catalogue(version, name), body)
        here.store.put(layout.CURRENT, json.dumps({"version": version}).encode())
        here.faults.listen_to(s3)
        here.faults.listen_to(dynamodb)
        monkeypatch.setattr(httpx.Client, "send", here.faults.wrapped(httpx.Client.send))
        monkeypatch.setattr(statements, "render_statement", cache(render_statement))
        yield here


@cache
def compiled(rates: Path) -> tuple[str, dict[str, bytes]]:
    """A rates folder's catalogue: its version and files."""
    with engine() as (con, work):
        catalogue = compile_catalogue(con, rates, work)
        paths = save_catalogue(con, catalogue, work / "compiled")
        return catalogue.version, {path.name: path.read_bytes() for path in paths}


def _clients() -> dict[str, Any]:
    """The clients of rates/accounts.csv."""
    with (RATES / "accounts.csv").open(encoding="utf-8") as file:
        clients = [
            {"id": int(row["ucrm_client_id"]), "clientType": 2, "companyName": row["name"],
             "currencyCode": row["currency"]}
            for row in csv.DictReader(file)
        ]  # fmt: skip
    return {"organizations": [{"name": "Lighthouse", "currencyCode": "GBP"}], "clients": clients}


def _is_total(pk: str) -> bool:
    return pk.startswith("total#")


def _place_of(pk: str) -> tuple[str, str]:
    """Period and shard of a total's key."""
    _, period, shard = pk.split("#")
    return period, shard
