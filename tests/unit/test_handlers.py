"""The functions as Lambda and API Gateway call them: what goes back, what is answered, and in which shape."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import jwt
import pytest
from chalice.test import Client, HTTPResponse

import chalicelib.bill
import chalicelib.portal
import chalicelib.publish
import chalicelib.rate
import chalicelib.telemetry
import chalicelib.total
from app import app
from callmeter import layout
from callmeter.bills.glance import Glance
from callmeter.catalogue.compile import FILES
from callmeter.errors import Missing, Unreachable
from callmeter.jobs.rate_file import rate_file
from callmeter.portal import account
from callmeter.portal.tokens import sign_link
from pipeline_kit import DENTIST, ENDED, FAMILY, LANDLINE, LINK_SECRET, MOBILE, RATES, TABLE, World, call, world

pytestmark = pytest.mark.usefixtures("here")

S3_TEST = json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "callmeter-data"})
CALLS = [
    call("1", DENTIST, MOBILE, "2026-10-05T10:00:00Z", 60),
    call("2", DENTIST, LANDLINE, "2026-10-05T11:00:00Z", 60),
    call("3", FAMILY, LANDLINE, "2026-10-20T10:00:00Z", 60),
]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A billed October, and the functions working on it."""
    with pytest.MonkeyPatch.context() as patch, world(tmp_path_factory.mktemp("world"), patch) as here:
        for module in (chalicelib.bill, chalicelib.portal, chalicelib.publish, chalicelib.rate, chalicelib.total):
            patch.setattr(module, "parts", lambda: here)
        patch.setattr(chalicelib.telemetry.metrics.provider, "namespace", "callmeter")  # infra/ sets it
        here.deliver(here.drop("october.csv", CALLS))
        here.bill()
        here.empty = here.snapshot()
        yield here


@pytest.fixture
def here(shared: World) -> World:
    shared.restore(shared.empty)
    return shared


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(app) as client:
        yield client


def message(identifier: str, *keys: str, event: str = "ObjectCreated:Put", body: str = "") -> dict[str, Any]:
    """A message of a queue that S3 notifies."""
    records = [{"eventName": event, "s3": {"object": {"key": quote_plus(key, safe="/")}}} for key in keys]
    return {
        "messageId": identifier,
        "receiptHandle": "r",
        "body": body or json.dumps({"Records": records}),
        "attributes": {},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:1:q",
        "awsRegion": "eu-west-1",
    }


def went_back(client: Client, function: str, *messages: dict[str, Any]) -> list[str]:
    """The messages that a function sends back to its queue."""
    answer = client.lambda_.invoke(function, {"Records": list(messages)}).payload
    assert answer.keys() == {"batchItemFailures"}
    return [one["itemIdentifier"] for one in answer["batchItemFailures"]]


# ---- queues


def test_of_three_files_only_the_one_that_failed_goes_back(
    here: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [here.drop(f"{name}.csv", [call(name, DENTIST, MOBILE, "2026-10-07T10:00:00Z", 60)]) for name in "abc"]

    def failing(store: Any, key: str, **more: Any) -> Any:
        if key == keys[1]:
            raise Unreachable("S3 is away")
        return rate_file(store, key, **more)

    monkeypatch.setattr(chalicelib.rate, "rate_file", failing)
    assert went_back(client, "rate", *(message(key, key) for key in keys)) == [keys[1]]
    assert len(here.store.keys("manifests/")) == 3
    monkeypatch.undo()
    monkeypatch.setattr(chalicelib.rate, "parts", lambda: here)
    assert went_back(client, "rate", message(keys[1], keys[1])) == []
    assert len(here.store.keys("manifests/")) == 4


def test_a_file_that_cannot_be_read_is_not_tried_again(here: World, client: Client) -> None:
    key = here.drop("holiday photo (1).csv", b"\xff\xd8\xff\xe0")
    assert went_back(client, "rate", message("m", key), message("n", "inbox/gone.csv")) == []
    manifests = [json.loads(here.store.get(key)) for key in here.store.keys("manifests/")]
    assert [one["unreadable"] for one in manifests if one["unreadable"]] == [
        "holiday photo (1).csv is not CSV: it is a picture."
    ]


@pytest.mark.parametrize("function", ["rate", "total", "publish"])
def test_the_test_message_of_s3_is_taken(here: World, client: Client, function: str) -> None:
    before = here.facts()
    assert went_back(client, function, message("test", body=S3_TEST)) == []
    assert here.facts().differences(before) == []


@pytest.mark.parametrize("body", ["no JSON", "[]", '{"Records": [{"s3": {}}]}'])
@pytest.mark.parametrize("function", ["rate", "total", "publish"])
def test_a_message_that_is_no_notification_goes_back_and_holds_up_no_other(
    here: World, client: Client, function: str, body: str
) -> None:
    keys = {"rate": "inbox/october.csv", "total": here.store.keys(layout.CALLS)[0], "publish": "rates/operator.toml"}
    good = message("good", keys[function])
    assert went_back(client, function, good, message("bad", body=body)) == ["bad"]


def test_a_batch_totals_each_shard_and_period_once(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    totalled: list[tuple[str, str]] = []

    def total_shard(_store: Any, _totals: Any, period: str, shard: str) -> list[Any]:
        totalled.append((period, shard))
        return []

    monkeypatch.setattr(chalicelib.total, "total_shard", total_shard)
    one, other = "calls/period=2026-10/shard=01/", "calls/period=2026-11/shard=01/"
    messages = [
        message("1", f"{one}a.parquet"),
        message("2", f"{one}b.parquet", event="ObjectRemoved:Delete"),
        message("3", f"{one}a.parquet", f"{other}a.parquet"),
        message("4", "calls/elsewhere"),
    ]
    assert went_back(client, "total", *messages) == []
    assert sorted(totalled) == [("2026-10", "01"), ("2026-11", "01")]


def test_messages_of_a_shard_that_failed_go_back_and_those_of_others_do_not(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(_store: Any, _totals: Any, period: str, _shard: str) -> list[Any]:
        if period == "2026-11":
            raise Unreachable("the table is away")
        return []

    monkeypatch.setattr(chalicelib.total, "total_shard", failing)
    one, other = "calls/period=2026-10/shard=01/", "calls/period=2026-11/shard=01/"
    messages = [message("1", f"{one}a"), message("2", f"{other}a"), message("3", f"{one}b", f"{other}b")]
    assert went_back(client, "total", *messages) == ["2", "3"]


def test_rates_are_published_once_for_a_whole_batch_and_a_broken_one_is_no_failure(here: World, client: Client) -> None:
    for path in RATES.rglob("*"):
        if path.is_file():
            here.store.put(layout.RATES + path.relative_to(RATES).as_posix(), path.read_bytes())
    messages = [message(str(n), key) for n, key in enumerate(here.store.keys(layout.RATES))]
    with here.failing(0, "killed") as faults:
        assert went_back(client, "publish", *messages) == []
    assert faults.count == len([*FILES, "the pointer", "no refusal"])
    here.store.put("rates/operator.toml", b"country = 1")
    assert went_back(client, "publish", message("m", "rates/operator.toml")) == []
    assert here.store.keys(layout.REFUSED) == [layout.REFUSED]


def test_the_schedule_bills_as_of_its_own_time(here: World, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chalicelib.bill, "_LAST_MS", 0)  # the test client's functions have three seconds
    for key in (*here.store.keys(layout.BILLS), *here.store.keys(layout.STATEMENTS), *here.store.keys("frozen/")):
        here.store.delete(key)
    for account_id in ("C1001", "C1002"):
        here.dynamodb.delete_item(TableName=TABLE, Key={"pk": {"S": f"bill#{account_id}"}, "sk": {"S": "2026-10"}})
    scheduled = {"version": "0", "source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
    early = client.lambda_.invoke("bill", {**scheduled, "time": "2026-11-01T23:00:00Z"}).payload
    assert (early["bills"], early["report"]) == (0, "")
    dry = client.lambda_.invoke("bill", {"as_of": ENDED.isoformat(), "dry_run": True}).payload
    foretold = Glance.model_validate_json(here.store.get(dry["report"]))
    assert {row.bill_id: row.amount for row in foretold.rows} == {"C1001-2026-10": Decimal("0.10"), "C1002-2026-10": 0}
    done = client.lambda_.invoke("bill", {**scheduled, "time": "2026-11-20T03:00:00Z"}).payload
    assert (done["bills"], done["stuck"], done["unfinished"]) == (2, 0, 0)
    report = json.loads(here.store.get(done["report"]))
    assert [(one["bill_id"], one["amount"], one["state"], one["problem"]) for one in report["bills"]] == [
        ("C1001-2026-10", "0.10", "invoiced", ""),  # 0.085 + 0.01
        ("C1002-2026-10", "0.00", "nothing-due", ""),
    ]
    assert len(here.invoices()) == 1
    json.dumps(done)


# ---- the portal


class Portal:
    """The API as the call page uses it. `token` is a session's."""

    def __init__(self, client: Client, token: str = "") -> None:
        self.client, self.token = client, token

    def ask(self, path: str, method: str = "GET", body: Any = None, **query: str) -> HTTPResponse:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        content = b"" if body is None else json.dumps(body).encode()
        target = path + (f"?{urlencode(query, quote_via=quote)}" if query else "")
        return self.client.http.request(
            method, target, headers={**headers, "Content-Type": "application/json"}, body=content
        )

    def get(self, path: str, **query: str) -> Any:
        answer = self.ask(path, **query)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json"), answer.body
        assert answer.headers["Cache-Control"] == "no-store"
        return answer.json_body

    def refused(self, status: int, code: str, path: str, method: str = "GET", body: Any = None, **query: str) -> str:
        """The detail of the problem that is answered; its shape is the same for all."""
        answer = self.ask(path, method, body, **query)
        assert answer.headers["Content-Type"] == "application/problem+json"
        problem = json.loads(answer.body)
        assert list(problem) == ["type", "title", "status", "detail", "code"]
        assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code), problem
        return str(problem["detail"])


@pytest.fixture
def portal(client: Client) -> Portal:
    link = sign_link("C1001", LINK_SECRET, datetime.now(UTC))
    return Portal(client, Portal(client).ask("/v1/session", "POST", {"link": link}).json_body["token"])


ROUTES = ("/v1/me", "/v1/me/calls", "/v1/me/statements/2026-10", "/v1/me/settings")


def test_a_link_opens_a_session_that_opens_the_account(client: Client) -> None:
    link = sign_link("C1001", LINK_SECRET, datetime.now(UTC))
    session = Portal(client).ask("/v1/session", "POST", {"link": link}).json_body
    assert session["account_id"] == "C1001"
    assert session["expires_at"].endswith("Z")
    me = Portal(client, session["token"]).get("/v1/me", period="2026-10")
    assert (me["account_id"], me["spend"], me["calls"]) == ("C1001", "0.095", 2)
    assert me["statements"] == [
        {"period": "2026-10", "currency": "GBP", "amount": "0.10", "invoice_number": "000001", "state": "invoiced"}
    ]


def forged() -> dict[str, str]:
    """Tokens that open nothing."""
    now = int(datetime.now(UTC).timestamp())
    claims = {"sub": "C1001", "aud": "callmeter-session", "iat": now, "exp": now + 600}
    return {
        "nothing": "",
        "nonsense": "a.b.c",
        "a link": sign_link("C1001", LINK_SECRET, datetime.now(UTC)),
        "another key": jwt.encode(claims, "another secret, just as long as the first", algorithm="HS256"),
        "expired": jwt.encode({**claims, "iat": now - 900, "exp": now - 300}, LINK_SECRET, algorithm="HS256"),
        "no algorithm": jwt.encode(claims, "", algorithm="none"),
        "another audience": jwt.encode({**claims, "aud": "elsewhere"}, LINK_SECRET, algorithm="HS256"),
    }


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("kind", list(forged()))
def test_nobody_gets_anything_without_a_session(client: Client, path: str, kind: str) -> None:
    detail = Portal(client, forged()[kind]).refused(401, "not-signed-in", path, period="?", format="?")
    assert detail == "you are not signed in: open the page by a new link"


def test_settings_cannot_be_changed_without_a_session(here: World, client: Client) -> None:
    body = {"hide_digits": True, "monthly_limit": None}
    Portal(client).refused(401, "not-signed-in", "/v1/me/settings", "PUT", body)
    assert here.settings.hide_digits("C1001") == []


@pytest.mark.parametrize(
    "body", [None, [], {}, {"link": 5}, {"link": "x" * 5000}, {"link": "x", "more": 1}, {"token": "x"}]
)
def test_a_sign_in_of_another_shape_is_a_bad_request(client: Client, body: Any) -> None:
    Portal(client).refused(400, "bad-request", "/v1/session", "POST", body)


def test_a_session_cannot_be_opened_by_a_session(portal: Portal) -> None:
    portal.refused(401, "not-signed-in", "/v1/session", "POST", {"link": portal.token})


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v1/me", {"period": "2026-13"}),
        ("/v1/me", {"period": "0000-01"}),
        ("/v1/me", {"period": "9999-12"}),
        ("/v1/me", {"period": "２０２６-10"}),  # noqa: RUF001 - digits, but not ours
        ("/v1/me/calls", {"period": "../2026"}),
        ("/v1/me/calls", {"show": "everything"}),
        ("/v1/me/calls", {"limit": "ten"}),
        ("/v1/me/calls", {"limit": "²"}),
        ("/v1/me/calls", {"limit": "-1"}),
        ("/v1/me/calls", {"cursor": "nonsense"}),
        ("/v1/me/calls", {"cursor": "NQ=="}),  # 5
        ("/v1/me/calls", {"cursor": "WyJ4IiwgInkiXQ=="}),  # ["x", "y"]
        ("/v1/me/calls", {"cursor": "WzEsIDJd"}),  # [1, 2]
        ("/v1/me/calls", {"cursor": "W1tb" * 1000}),  # [[[…
        ("/v1/me/calls", {"cursor": "WyIyMDI2LTEwLTA1VDExOjAwOjAwWiIsICJcdWQ4MDAiXQ=="}),  # half a character
        ("/v1/me/calls", {"cursor": "WyIyMDI2LTEwLTA1VDExOjAwOjAwWiIsIDVd"}),  # a number for an id
        ("/v1/me/statements/2026-10", {"format": "xml"}),
        ("/v1/me/statements/october", {}),
    ],
)
def test_what_is_not_understood_is_a_bad_request(portal: Portal, path: str, query: dict[str, str]) -> None:
    portal.refused(400, "bad-request", path, **query)


@pytest.mark.parametrize("q", ["\0", "'; drop table x; --", "%", "_", "\ud7ff\ufffd", "Ω" * 200, "+", "0"])
def test_any_text_can_be_searched_for(portal: Portal, q: str) -> None:
    assert portal.get("/v1/me/calls", period="2026-10", q=q)["total"]["calls"] in (0, 2)


def test_a_statement_that_is_not_there_is_not_found(portal: Portal) -> None:
    assert portal.refused(404, "not-found", "/v1/me/statements/2026-09") == "there is no statement of 2026-09 yet"
    link = portal.get("/v1/me/statements/2026-10", format="csv")
    assert link["expires_in"] == 300
    assert "statements/C1001/2026-10.csv?" in link["url"]


def test_an_account_that_is_gone_is_not_found(client: Client) -> None:
    link = sign_link("C9999", LINK_SECRET, datetime.now(UTC))
    token = Portal(client).ask("/v1/session", "POST", {"link": link}).json_body["token"]
    assert "does not exist any more" in Portal(client, token).refused(404, "not-found", "/v1/me")


def test_calls_are_paged_filtered_and_exported(portal: Portal) -> None:
    first = portal.get("/v1/me/calls", period="2026-10", limit="1")
    assert [one["call_id"] for one in first["calls"]] == ["2"]
    assert first["total"] == {"calls": 2, "billed_seconds": 120, "charge": "0.095"}
    second = portal.get("/v1/me/calls", period="2026-10", limit="1", cursor=first["next"])
    assert [one["call_id"] for one in second["calls"]] == ["1"]
    assert second["next"] is None
    assert portal.get("/v1/me/calls", period="2026-10", show="in")["total"]["calls"] == 0
    assert portal.get("/v1/me/calls", period="2026-10", q="07700 900123")["total"]["charge"] == "0.085"
    export = portal.ask("/v1/me/calls", period="2026-10", format="csv")
    assert export.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert export.headers["Content-Disposition"] == 'attachment; filename="calls-2026-10.csv"'
    assert len(export.body.decode().splitlines()) == 3


def test_settings_are_kept_and_count_from_now_on(here: World, portal: Portal) -> None:
    assert portal.get("/v1/me/settings") == {"hide_digits": False, "monthly_limit": None}
    wanted = {"hide_digits": True, "monthly_limit": "50.00"}
    answer = portal.ask("/v1/me/settings", "PUT", wanted)
    assert (answer.status_code, answer.json_body) == (200, wanted)
    me = portal.get("/v1/me", period="2026-10")
    assert (me["hide_digits"], me["limit"]) == (True, "50.00")
    ((since, hidden),) = here.settings.hide_digits("C1001")
    assert hidden
    assert abs(since - datetime.now(UTC)) < timedelta(minutes=1)
    assert all("x" not in one["to_number"] for one in portal.get("/v1/me/calls", period="2026-10")["calls"])


@pytest.mark.parametrize("limit", ["100.01", "1000000", "-1", "0.001", "NaN", "Infinity", "a lot", True, [], {}])
def test_a_limit_above_the_plans_or_that_is_none_is_refused(here: World, portal: Portal, limit: Any) -> None:
    body = {"hide_digits": True, "monthly_limit": limit}
    portal.refused(400, "bad-request", "/v1/me/settings", "PUT", body)
    assert here.settings.hide_digits("C1001") == []


@pytest.mark.parametrize("body", [None, {}, {"hide_digits": True}, {"monthly_limit": None}, {"hide_digits": "maybe"}])
def test_settings_are_changed_whole(here: World, portal: Portal, body: Any) -> None:
    portal.refused(400, "bad-request", "/v1/me/settings", "PUT", body)
    assert here.settings.hide_digits("C1001") == []


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Unreachable("reading s3://callmeter-data/calls: AccessDenied"), 503, "unreachable"),
        (Missing("s3://callmeter-data/catalogue/current.json"), 500, "failed"),
        (RuntimeError("s3://callmeter-data/"), 500, "failed"),
    ],
)
def test_what_goes_wrong_inside_is_told_without_its_detail(
    portal: Portal, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, code: str
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(account, "overview", fail)
    assert "s3://" not in portal.refused(status, code, "/v1/me")


def test_no_route_answers_for_another_account(client: Client) -> None:
    link = sign_link("C1002", LINK_SECRET, datetime.now(UTC))
    token = Portal(client).ask("/v1/session", "POST", {"link": link}).json_body["token"]
    other = Portal(client, token)
    everything = [
        other.get("/v1/me", period="2026-10", account_id="C1001"),
        other.get("/v1/me/calls", period="2026-10", account_id="C1001"),
        other.ask("/v1/me/calls", period="2026-10", format="csv").body.decode(),
        other.get("/v1/me/statements/2026-10", account_id="C1001"),
    ]
    assert "C1001" not in json.dumps(everything)
    assert DENTIST not in json.dumps(everything)
    assert everything[1]["total"]["calls"] == 1
