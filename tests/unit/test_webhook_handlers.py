"""Webhooks as API Gateway and SQS hand them over: answers, queue, inbox; and a death at every write."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, Any, Literal

import boto3
import pytest
from botocore.exceptions import HTTPClientError
from chalice.test import Client, HTTPResponse
from moto import mock_aws

import chalicelib.carriers
import chalicelib.collect
import chalicelib.telemetry
from app import app
from callmeter.aws.keyring import Keyring
from callmeter.aws.legs import DynamoLegs
from callmeter.aws.queue import WebhookQueue
from callmeter.aws.secrets import Secrets
from callmeter.aws.settings import Environment
from callmeter.aws.store import S3Store
from callmeter.errors import Missing, Unreachable
from callmeter.webhooks.carriers import CARRIERS
from pipeline_kit import Faults, Killed
from webhook_kit import BASE, FORM, SAMPLES, SIGNALWIRE, TWILIO, VONAGE, Post, secret_of, sipgate, telnyx

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

BUCKET, TABLE, PREFIX = "callmeter-data", "callmeter", "/callmeter/webhooks"
WRITES = ("PutObject", "UpdateItem", "SendMessage")


@dataclass
class Here:
    """The parts that both functions use, over moto."""

    s3: "S3Client"
    dynamodb: "DynamoDBClient"
    sqs: "SQSClient"
    read: Callable[[str], str]
    url: str = ""
    queues: int = 0
    faults: Faults = field(default_factory=Faults)
    threads: int = 1  # moto loses updates under threads

    def __post_init__(self) -> None:
        self.store = S3Store(self.s3, BUCKET, threads=1)
        self.legs = DynamoLegs(self.dynamodb, TABLE)
        self.new_queue()
        self.keyring = Keyring(PREFIX, self.read)
        self.environment = Environment(
            bucket=BUCKET,
            table=TABLE,
            shards=16,
            ucrm_key_parameter="/k",
            link_secret_parameter="/l",  # noqa: S106 - a name
            public_url=BASE.removesuffix("/v1/webhooks/"),
            webhook_wait_seconds=0,
        )

    def queued(self) -> list[dict[str, Any]]:
        """Every message of the queue; they stay in it."""
        found: list[Any] = []
        while one := self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10, VisibilityTimeout=600).get(
            "Messages"
        ):
            found += one
        return found

    def collect(self, client: Client, messages: list[dict[str, Any]]) -> list[str]:
        """Hand messages to the function; the ids of those that go back. The others leave the queue."""
        records = [{"messageId": one["MessageId"], "body": one["Body"]} for one in messages]
        answer = client.lambda_.invoke("collect", {"Records": records}).payload
        failed = [one["itemIdentifier"] for one in answer["batchItemFailures"]]
        for one in messages:
            if one["MessageId"] not in failed:
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=one["ReceiptHandle"])
        return failed

    def drain(self, client: Client) -> None:
        """Collect until the queue is empty."""
        while messages := self.queued():
            assert self.collect(client, messages) == []

    def calls(self) -> dict[str, str]:
        """carrier and leg -> the line that counts: the first by name of file and line."""
        found: dict[str, str] = {}
        for key in self.store.keys("inbox/"):
            for line in self.store.get(key).decode().splitlines():
                record = json.loads(line)
                leg = record.get("CallSid") or record.get("callId") or record["data"]["payload"]["call_leg_id"]
                found.setdefault(f"{key.split('/')[1]} {leg}", line)
        return found

    def empty(self) -> None:
        """Nothing is in the inbox and the table, and the queue is a new one: one may be emptied once a minute only."""
        self.faults.clear()
        for key in self.store.keys(""):
            self.store.delete(key)
        for item in self.dynamodb.scan(TableName=TABLE)["Items"]:
            self.dynamodb.delete_item(TableName=TABLE, Key={"pk": item["pk"], "sk": item["sk"]})
        self.new_queue()

    def new_queue(self) -> None:
        self.queues += 1
        self.url = self.sqs.create_queue(QueueName=f"webhooks-{self.queues}")["QueueUrl"]
        self.webhooks = WebhookQueue(self.sqs, self.url)


@pytest.fixture(scope="module")
def shared() -> Iterator[Here]:
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        session = boto3.Session("test", "test", region_name="eu-west-1")
        s3, dynamodb, sqs = session.client("s3"), session.client("dynamodb"), session.client("sqs")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        dynamodb.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            BillingMode="PAY_PER_REQUEST",
        )
        ssm = session.client("ssm")
        for carrier in CARRIERS:
            ssm.put_parameter(Name=f"{PREFIX}/{carrier}", Value=f"\n{secret_of(carrier)}\n", Type="SecureString")
        here = Here(s3, dynamodb, sqs, Secrets(ssm).read)
        clients: list[Any] = [s3, dynamodb, sqs]
        for one in clients:
            _listen(here.faults, one)
        for module in (chalicelib.carriers, chalicelib.collect):
            patch.setattr(module, "parts", lambda: here)
        patch.setattr(chalicelib.telemetry.metrics.provider, "namespace", "callmeter")  # infra/ sets it
        yield here


def _listen(faults: Faults, client: Any) -> None:
    """Every write of a client is counted, and may be spoilt."""

    def what(model: Any) -> tuple[str, Exception]:
        return model.name if model.name in WRITES else "", HTTPClientError(error=f"no answer to {model.name}")

    client.meta.events.register("before-call", lambda model, **_: faults.before(*what(model)))
    client.meta.events.register("after-call", lambda model, **_: faults.after(*what(model)))


@pytest.fixture
def here(shared: Here) -> Here:
    shared.empty()
    shared.keyring = Keyring(PREFIX, shared.read)
    return shared


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(app) as client:
        yield client


def sent(client: Client, post: Post, *, path: str = "", headers: dict[str, str] | None = None) -> HTTPResponse:
    request = post.request(datetime.now(UTC))
    path = path or request.url.removeprefix(BASE.removesuffix("/v1/webhooks/"))
    return client.http.post(path, headers={**request.headers, **(headers or {})}, body=request.body)


def problem(answer: HTTPResponse) -> tuple[int, str]:
    """Status and code; a problem tells nothing else."""
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = json.loads(answer.body)
    assert body.keys() == {"type", "title", "status", "code"}
    assert body["status"] == answer.status_code
    return answer.status_code, body["code"]


def counted(said: str) -> list[dict[str, Any]]:
    """Metrics in what a function printed."""
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    return [
        {name: value for name, value in line.items() if name != "_aws"}
        for line in lines
        if "_aws" in line and any(name.startswith("Webhooks") for name in line)
    ]


# ---- the API


@pytest.mark.parametrize("carrier", sorted(CARRIERS))
def test_what_a_carrier_signed_is_queued_and_answered(
    here: Here, client: Client, carrier: str, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = sent(client, SAMPLES[carrier])
    assert (answer.status_code, answer.body) == (204 if carrier in ("twilio", "signalwire") else 200, b"")
    (message,) = here.queued()
    assert json.loads(message["Body"])["carrier"] == carrier
    said = capsys.readouterr().out
    (metric,) = counted(said)
    assert (metric["WebhooksAccepted"], metric["carrier"], metric["service"]) == ([1.0], carrier, "callmeter")
    for secret in ("7700900123", "2079460101", *secret_of(carrier).splitlines()):
        assert secret not in said


def test_events_of_no_interest_are_answered_and_not_queued(
    here: Here, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sent(client, VONAGE.changed(status="ringing")).status_code == 200
    assert here.queued() == []
    assert [name for metric in counted(capsys.readouterr().out) for name in metric if name.startswith("W")] == [
        "WebhooksIgnored"
    ]


@pytest.mark.parametrize("carrier", sorted(CARRIERS))
def test_what_is_not_signed_is_refused_and_counted(
    here: Here, client: Client, carrier: str, capsys: pytest.CaptureFixture[str]
) -> None:
    proof = next(name for name in SAMPLES[carrier].request(datetime.now(UTC)).headers if name != "content-type")
    wrong = {"authorization": "Basic d3Jvbmc6d3Jvbmc="} if proof == "authorization" else {proof: "1790000000"}
    assert problem(sent(client, SAMPLES[carrier], headers=wrong)) == (401, "not-signed")
    assert here.queued() == []
    by_reason, in_all = counted(capsys.readouterr().out)
    assert (by_reason["WebhooksRefused"], by_reason["carrier"], by_reason["service"]) == ([1.0], carrier, "callmeter")
    assert by_reason["reason"] in ("unsigned", "wrong-signature", "wrong-time")
    assert set(in_all) == {"WebhooksRefused", "service"}


def test_another_carriers_signature_is_none(here: Here, client: Client) -> None:
    assert problem(sent(client, SIGNALWIRE, path="/v1/webhooks/twilio")) == (401, "not-signed")
    assert here.queued() == []


def test_a_signed_body_that_is_not_understood_is_said_to_be_so(here: Here, client: Client) -> None:
    assert problem(sent(client, TWILIO.changed(CallSid=""))) == (400, "bad-request")
    assert here.queued() == []


def test_a_body_too_large_is_refused_before_and_after_it_is_packed(here: Here, client: Client) -> None:
    assert problem(sent(client, VONAGE.changed(text="x" * 2**20))) == (413, "too-large")
    assert problem(sent(client, telnyx("hangup", "10:00:00", client_state="x" * 2**16))) == (413, "too-large")
    noise = Random(1).randbytes(150_000).hex()  # noqa: S311 - test data
    assert problem(sent(client, VONAGE.changed(text=noise))) == (413, "too-large")
    assert here.queued() == []
    assert sent(client, VONAGE.changed(text="x" * 500_000)).status_code == 200


def test_a_carrier_that_is_not_set_up_is_not_there_as_one_that_does_not_exist(here: Here, client: Client) -> None:
    asked: list[str] = []

    def read(name: str) -> str:
        asked.append(name)
        raise Missing(name)

    here.keyring = Keyring(PREFIX, read)
    answers = [sent(client, SAMPLES[carrier]) for carrier in ("twilio", "twilio", "vonage")]
    answers.append(sent(client, TWILIO, path="/v1/webhooks/nobody"))
    assert {problem(answer) for answer in answers} == {(404, "not-found")}
    assert len({answer.body for answer in answers}) == 1
    assert asked == [f"{PREFIX}/twilio", f"{PREFIX}/vonage"]  # once, for a minute


def test_a_carrier_is_to_try_again_where_queue_or_secrets_are_away(
    here: Here, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **__: Any) -> str:
        raise Unreachable("it is away")

    monkeypatch.setattr(here, "keyring", Keyring(PREFIX, away))
    assert problem(sent(client, TWILIO)) == (503, "unreachable")
    monkeypatch.undo()
    here.sqs.delete_queue(QueueUrl=here.url)
    assert problem(sent(client, TWILIO)) == (503, "unreachable")


def test_without_a_configured_address_api_gateways_own_is_what_was_signed(here: Here, client: Client) -> None:
    configured = here.environment
    here.environment = configured.model_copy(update={"public_url": ""})
    try:
        post = Post("twilio", TWILIO.fields, FORM, url="https:///v1/webhooks/twilio")  # the test client has no domain
        assert sent(client, post, path="/v1/webhooks/twilio").status_code == 204
        assert problem(sent(client, TWILIO)) == (401, "not-signed")
    finally:
        here.environment = configured


def test_a_query_is_part_of_what_was_signed(client: Client) -> None:
    post = Post("twilio", TWILIO.fields, FORM, url=f"{BASE}twilio?site=north%20gate&a=1")
    assert sent(client, post).status_code == 204
    assert problem(sent(client, post, path="/v1/webhooks/twilio?site=north%20gate&a=2")) == (401, "not-signed")


# ---- secrets


def test_a_parameter_holds_a_secret_a_line_and_is_asked_for_again_after_a_minute() -> None:
    now, held = 0.0, {"/w/twilio": " one \n\ntwo\n", "/w/plivo": "\n"}
    asked: list[str] = []

    def read(name: str) -> str:
        asked.append(name)
        if name not in held:
            raise Missing(name)
        return held[name]

    keyring = Keyring("/w/", read, lambda: now)
    assert keyring.of("twilio") == ["one", "two"]
    for carrier in ("plivo", "vonage"):
        for _ in range(3):
            with pytest.raises(Missing):
                keyring.of(carrier)
    assert asked == ["/w/twilio", "/w/plivo", "/w/vonage"]
    held["/w/vonage"], now = "three", 61.0
    assert keyring.of("vonage") == ["three"]
    with pytest.raises(Missing):
        Keyring("", read).of("twilio")


# ---- the function


def test_a_batch_becomes_files_and_a_message_that_is_none_goes_back(here: Here, client: Client) -> None:
    for post in (TWILIO, TWILIO.changed(CallSid="CA2"), sipgate("newCall"), sipgate("hangup", cause="busy")):
        sent(client, post)
    here.webhooks.send("no webhook")
    messages = here.queued()
    (bad,) = [one["MessageId"] for one in messages if one["Body"] == "no webhook"]
    assert here.collect(client, messages) == [bad]
    assert sorted(here.calls()) == ["sipgate 4711", "twilio CA00000000000000000000000000000001", "twilio CA2"]
    assert [key.split("/")[1] for key in here.store.keys("inbox/")] == ["sipgate", "twilio"]


# ---- deaths

BATCH = [
    TWILIO,
    TWILIO.changed(CallSid="CA2", CallStatus="busy"),
    telnyx("initiated", "10:00:00", direction="outgoing"),
    telnyx("answered", "10:00:05"),
    telnyx("hangup", "10:01:06", hangup_cause="normal_clearing"),
    telnyx("hangup", "10:01:07", leg="never answered, as far as is known", hangup_cause="normal_clearing"),
    telnyx("initiated", "10:00:00", leg="busy", direction="outgoing"),
    telnyx("hangup", "10:00:20", leg="busy", hangup_cause="user_busy"),
]


@pytest.mark.parametrize("how", ["killed", "lost", "refused"])
def test_a_batch_whose_function_dies_at_any_write_loses_nothing_and_counts_nothing_twice(
    here: Here, client: Client, how: Literal["killed", "lost", "refused"]
) -> None:
    for post in BATCH:
        sent(client, post)
    queued = here.queued()
    here.faults.plan(0, how)
    assert here.collect(client, queued) == []
    writes = here.faults.count
    assert writes == 3 + 2 + 1  # legs, files, one that waits
    here.drain(client)
    expected = here.calls()
    assert len(expected) == 5
    for number in range(1, writes + 1):
        here.empty()
        for message in queued:
            here.webhooks.send(message["Body"])
        messages = here.queued()
        here.faults.plan(number, how)
        with suppress(Killed, Unreachable):
            here.collect(client, messages)
        here.faults.clear()
        assert here.collect(client, messages) == []  # SQS hands them out again
        here.drain(client)
        assert here.calls() == expected, f"write {number} {how}"


def test_a_whole_batch_delivered_again_much_later_changes_no_call(here: Here, client: Client) -> None:
    for post in BATCH:
        sent(client, post)
    queued = here.queued()
    here.collect(client, queued)
    here.drain(client)
    expected = here.calls()
    for first in range(0, len(queued), 3):
        here.collect(client, list(reversed(queued[first : first + 3])))
    here.drain(client)
    assert here.calls() == expected
