"""UCRM's webhooks and the sync function as they are called: hints, notices, and answers that tell strangers nothing."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import boto3
import pytest
from chalice.test import Client
from moto import mock_aws

import chalicelib.sync
import chalicelib.telemetry
import chalicelib.webhooks
from app import app
from callmeter.aws.events import EventQueue
from callmeter.aws.notices import AlarmTopic, DynamoNotices
from callmeter.customers.events import Event, Hint
from callmeter.customers.notices import Notice
from callmeter.customers.subscription import Customers, NotSetUp, Overdue, Subscription
from callmeter.errors import Missing, Unreachable
from callmeter.jobs.sync import ACCOUNTS
from sync_kit import DENTIST, HAND_MADE, HEADER, NOW, Crm, Shelf, dentist

SECRET = "the-secret-in-the-address"  # noqa: S105
UUID = "2c6984d7-03ae-4e48-a212-7b99378837a2"
# As UCRM sends it; the whole client is in extraData.
CLIENT_EDIT: dict[str, Any] = {
    "uuid": UUID, "changeType": "edit", "entity": "client", "entityId": "1", "eventName": "client.edit",
    "extraData": {"entity": {"id": 1}, "entityBeforeEdit": None},
}  # fmt: skip
OVERDUE = Overdue(
    invoice_id=5, client_id=1, number="2026-5", amount_to_pay=Decimal("12.50"), currency="GBP",
    due_at=datetime(2026, 10, 15, tzinfo=UTC),
)  # fmt: skip


class AskedCrm(Crm):
    """A CRM that counts how often all customers are read, and knows what happened."""

    reads = 0
    true: frozenset[str] = frozenset({UUID})
    late: tuple[Overdue, ...] = ()
    defined = True
    away = False

    def read(self, timezone: str) -> Customers:
        self.reads += 1
        if self.away:
            raise Unreachable("UCRM is away")
        if not self.defined:
            raise NotSetUp('no "Call plan"')
        return super().read(timezone)

    def happened(self, uuid: str) -> bool:
        return uuid in self.true

    def overdue(self) -> list[Overdue]:
        return list(self.late)

    def set_up(self) -> list[str]:
        return ["Call plan (service)"]


@dataclass
class Here:
    """The parts that sync and webhooks use."""

    store: Any = field(default_factory=lambda: Shelf(HEADER + HAND_MADE + DENTIST))
    customers: AskedCrm = field(default_factory=lambda: AskedCrm([dentist()]))
    secret: str = SECRET
    hints: list[Hint] = field(default_factory=list)
    messages: list[tuple[str, list[str]]] = field(default_factory=list)
    kept: dict[int, Notice] = field(default_factory=dict)
    woken: int = 0
    ucrm_url: str = "http://127.0.0.1:9"

    @property
    def environment(self) -> "Here":
        return self

    @property
    def events(self) -> "Here":
        return self

    @property
    def notices(self) -> "Here":
        return self

    @property
    def told(self) -> "Here":
        return self

    @property
    def bill_function(self) -> "Here":
        return self

    @property
    def webhook_secret(self) -> str:
        if not self.secret:
            raise Missing("parameter")
        return self.secret

    def send(self, hint: Hint) -> None:
        self.hints.append(hint)

    def keep(self, notice: Notice) -> bool:
        return self.kept.setdefault(notice.overdue.invoice_id, notice) is notice

    def tell(self, subject: str, lines: list[str]) -> None:
        self.messages.append((subject, lines))

    def wake(self) -> None:
        self.woken += 1


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Here:
    here = Here()
    for module in (chalicelib.sync, chalicelib.webhooks):
        monkeypatch.setattr(module, "parts", lambda: here)
    monkeypatch.setattr(chalicelib.telemetry.metrics.provider, "namespace", "callmeter")  # infra/ sets it
    return here


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(app) as client:
        yield client


def post(client: Client, body: Any, secret: str = SECRET) -> tuple[int, str]:
    """Status and problem code of what UCRM is answered."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = client.http.post(f"/v1/webhooks/ucrm/{secret}", headers={"Content-Type": "application/json"}, body=content)
    return answer.status_code, json.loads(answer.body)["code"] if answer.body else ""


def hint_messages(*kinds: str, uuid: str = UUID) -> dict[str, Any]:
    bodies = [Hint.model_validate({"kind": kind, "uuid": uuid}).model_dump_json() for kind in kinds]
    return {"Records": [{"messageId": str(at), "body": body} for at, body in enumerate(bodies)]}


SCHEDULED = {"version": "0", "source": "aws.events", "detail-type": "Scheduled Event", "time": "2026-11-20T12:00:00Z"}


# ---- the webhook


def test_an_event_becomes_a_hint_and_nothing_is_read(here: Here, client: Client) -> None:
    assert post(client, CLIENT_EDIT) == (202, "")
    assert here.hints == [Hint(kind="customers", uuid=UUID)]
    assert here.customers.reads == 0


@pytest.mark.parametrize("secret", ["", "wrong"])
def test_who_has_not_the_secret_finds_nothing(here: Here, client: Client, secret: str) -> None:
    assert post(client, CLIENT_EDIT, "guess") == (404, "not-found")
    here.secret = secret
    assert post(client, CLIENT_EDIT) == (404, "not-found")
    assert post(client, b"{", "%C3%A9") == (404, "not-found")
    assert here.hints == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"uuid": "x"}', b'{"uuid": "../../clients", "changeType": "a"}'])
def test_a_body_that_is_no_event_is_refused(here: Here, client: Client, body: bytes) -> None:
    assert post(client, body) == (400, "bad-request")
    assert here.hints == []


def test_a_body_too_large_is_not_even_read(here: Here, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chalicelib.webhooks, "LARGEST_BODY", 100)
    assert post(client, CLIENT_EDIT) == (400, "bad-request")
    assert here.hints == []


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ({"entity": "service", "eventName": "service.suspend_cancel", "changeType": "unsuspend"}, "customers"),
        ({"entity": None, "eventName": "subscription.edit", "changeType": "edit"}, "customers"),
        ({"entity": "invoice", "eventName": "invoice.overdue", "changeType": "overdue"}, "invoices"),
        ({"entity": "payment", "eventName": "payment.add", "changeType": "insert"}, "invoices"),
        ({"entity": "ticket", "eventName": "ticket.add", "changeType": "insert"}, None),
        ({"entity": "client", "eventName": "test", "changeType": "test"}, None),
        ({"entity": "webhook", "changeType": "test"}, None),
    ],
)
def test_an_event_hints_at_what_it_is_about(event: dict[str, Any], kind: str | None) -> None:
    hint = Event.model_validate({"uuid": UUID, **event}).hint
    assert (hint and hint.kind) == kind


# ---- the function


def test_true_hints_sync_once_however_many_there_are(here: Here, client: Client) -> None:
    here.customers.subscriptions = [dentist(name="Harbour")]
    messages = hint_messages("customers", "customers", "invoices")
    assert client.lambda_.invoke("sync", messages).payload == {"batchItemFailures": []}
    assert here.customers.reads == 1
    assert b"S7,Harbour,payg" in here.store.objects[ACCOUNTS]


def test_hints_that_are_not_true_or_not_understood_do_nothing(here: Here, client: Client) -> None:
    messages = hint_messages("customers", uuid="somebody-elses")
    messages["Records"].append({"messageId": "9", "body": "no JSON"})
    assert client.lambda_.invoke("sync", messages).payload == {"batchItemFailures": []}
    assert here.customers.reads == 0


def test_a_hint_that_cannot_be_followed_is_left_to_the_schedule(here: Here, client: Client) -> None:
    here.customers.away = True
    assert client.lambda_.invoke("sync", hint_messages("customers")).payload == {"batchItemFailures": []}
    before = here.store.objects[ACCOUNTS]
    with pytest.raises(Unreachable):
        client.lambda_.invoke("sync", SCHEDULED)
    assert here.store.objects[ACCOUNTS] == before


def test_an_operator_without_call_plans_in_ucrm_or_without_ucrm_has_no_error(here: Here, client: Client) -> None:
    here.customers.defined = False
    assert client.lambda_.invoke("sync", SCHEDULED).payload == {}
    here.ucrm_url = ""
    assert client.lambda_.invoke("sync", SCHEDULED).payload == {}
    assert here.customers.reads == 1


def test_a_preview_changes_nothing_and_what_was_seen_is_what_is_done(here: Here, client: Client) -> None:
    here.customers.subscriptions = [dentist(name="Harbour"), dentist(service_id=8, plan="platinum")]
    before = here.store.objects[ACCOUNTS]
    seen = client.lambda_.invoke("sync", {"dry_run": True}).payload
    assert here.store.objects[ACCOUNTS] == before
    assert [(one["account_id"], one["what"], one["before"], one["after"]) for one in seen["changes"]] == [
        ("S7", "name", "Harbour, Dental", "Harbour")
    ]
    assert [one["account_id"] for one in seen["problems"]] == ["S8"]
    json.dumps(seen)
    done = client.lambda_.invoke("sync", {"agreed": seen["digest"]}).payload
    assert done == seen
    assert here.store.objects[ACCOUNTS] != before


@pytest.mark.usefixtures("here")
def test_the_set_up_says_what_it_defined(client: Client) -> None:
    assert client.lambda_.invoke("sync", {"set_up": True}).payload == {"defined": ["Call plan (service)"]}


# ---- overdue invoices


def test_each_overdue_invoice_is_told_of_once(here: Here, client: Client) -> None:
    of_nobody = OVERDUE.model_copy(update={"client_id": 77, "invoice_id": 6})
    here.customers.late = (OVERDUE, of_nobody)
    for _ in range(2):
        client.lambda_.invoke("sync", SCHEDULED)
    client.lambda_.invoke("sync", hint_messages("invoices"))
    assert here.messages == [
        ("callmeter: 1 invoices are newly overdue", ["invoice 2026-5 of client 1: 12.50 GBP, due on 2026-10-15"])
    ]


def test_bill_runs_soon_where_something_happened_to_an_invoice(here: Here, client: Client) -> None:
    client.lambda_.invoke("sync", SCHEDULED)
    client.lambda_.invoke("sync", hint_messages("customers"))
    assert here.woken == 0
    client.lambda_.invoke("sync", hint_messages("invoices"))
    assert here.woken == 1


def test_overdue_invoices_are_told_of_although_customers_cannot_be_read(here: Here, client: Client) -> None:
    here.customers.late, here.customers.away = (OVERDUE,), True
    with pytest.raises(Unreachable):
        client.lambda_.invoke("sync", SCHEDULED)
    assert len(here.messages) == 1


@pytest.fixture
def session() -> Iterator[boto3.Session]:
    with mock_aws():
        yield boto3.Session(region_name="eu-west-1")


def test_a_notice_is_kept_once_in_the_table(session: boto3.Session) -> None:
    dynamodb = session.client("dynamodb")
    dynamodb.create_table(
        TableName="table",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        BillingMode="PAY_PER_REQUEST",
    )
    notices, first = DynamoNotices(dynamodb, "table"), Notice(overdue=OVERDUE, noted_at=NOW)
    later = first.model_copy(update={"noted_at": datetime(2026, 11, 21, tzinfo=UTC)})
    assert notices.keep(first)
    assert not notices.keep(later)
    assert notices.of_client(1) == [first]
    assert notices.of_client(2) == []


def test_hints_go_into_the_queue(session: boto3.Session) -> None:
    sqs = session.client("sqs")
    url = sqs.create_queue(QueueName="events")["QueueUrl"]
    EventQueue(sqs, url).send(Hint(kind="invoices", uuid=UUID))
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert Hint.model_validate_json(message["Body"]) == Hint(kind="invoices", uuid=UUID)


def test_nobody_is_told_where_there_is_no_topic() -> None:
    AlarmTopic(None, "").tell("subject", ["line"])  # type: ignore[arg-type]


def test_a_subscription_says_what_it_is() -> None:
    one = Subscription(client_id=1, plan="payg", starts=date(2026, 1, 1))
    assert (one.default_account_id, one.title) == ("C1", "client 1")
