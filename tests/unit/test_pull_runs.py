"""A run of a pull: which files it writes, how its cursor moves, and what a kill or a failure leaves behind."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

import chalicelib.pull
import chalicelib.telemetry
from callmeter.aws.cursors import DynamoCursors
from callmeter.errors import Missing, Unreachable
from callmeter.local.carriers import TwilioStandin
from callmeter.local.carriers.service import Fault
from callmeter.pulls.port import Fetcher, Record, Window, days
from callmeter.pulls.run import Cursor, Pulled, is_due, run_pull
from callmeter.pulls.settings import Pull
from pull_kit import ACCOUNT, NOW, Cursors, Inbox, Leases, asking, settings, twilio_call


@dataclass
class Carrier:
    """One that knows calls by their start; broken: days that it cannot tell of."""

    calls: list[datetime] = field(default_factory=list)
    broken: tuple[str, ...] = ()
    suffix: str = ".jsonl"
    header: bytes = b""
    asked: list[str] = field(default_factory=list)

    def windows(self, since: datetime, until: datetime) -> Iterator[Window]:
        return days(since, until, "UTC")

    def fetch(self, window: Window) -> Iterator[Record]:
        self.asked.append(window.label)
        for at in self.calls:
            if window.starts_at <= at < window.ends_at:
                yield Record(f"{at:%Y-%m-%dT%H}", json.dumps({"at": at.isoformat()}).encode())
        if window.label in self.broken:
            raise Unreachable("the line is dead")


@dataclass
class Here:
    """A pull with everything around it."""

    carrier: Carrier = field(default_factory=Carrier)
    inbox: Inbox = field(default_factory=Inbox)
    cursors: Cursors = field(default_factory=Cursors)
    leases: Leases = field(default_factory=Leases)
    pull: Pull = field(default_factory=lambda: settings("telnyx", look_back="2d"))

    def run(self, now: datetime = NOW, **other: Any) -> Pulled | None:
        return run_pull(
            self.pull, self._make, self.inbox, self.cursors, self.leases, "me", now, **({"anyway": True} | other)
        )

    def _make(self) -> Fetcher:
        return self.carrier

    @property
    def calls_there(self) -> set[str]:
        return {json.loads(line)["at"] for line in self.inbox.lines}


@pytest.fixture
def here() -> Here:
    return Here(Carrier([NOW - timedelta(hours=hours) for hours in (1, 1.5, 20, 40)]))


# ---- files and cursor


def test_calls_become_a_file_for_each_hour_and_the_cursor_moves_to_now(here: Here) -> None:
    done = here.run()
    assert done == Pulled("test", "telnyx", records=4, files=3)
    assert [key.rpartition("-")[0] for key in sorted(here.inbox.files)] == [
        "inbox/telnyx/pull-2026-11-21T22",
        "inbox/telnyx/pull-2026-11-22T18",
        "inbox/telnyx/pull-2026-11-23T13",
    ]
    assert here.cursors.read("test") == Cursor(NOW)


def test_what_did_not_change_is_no_new_file(here: Here) -> None:
    here.run()
    later = NOW + timedelta(hours=1)
    here.carrier.calls.append(later - timedelta(minutes=5))
    assert here.run(later) == Pulled("test", "telnyx", records=5, files=1, unchanged=3)


def test_the_order_that_a_carrier_tells_calls_in_makes_no_new_file(here: Here) -> None:
    here.run()
    here.carrier.calls.reverse()
    assert here.run() == Pulled("test", "telnyx", records=4, unchanged=3)


def test_a_call_that_appears_late_is_found_within_the_look_back(here: Here) -> None:
    here.run()
    late = NOW - timedelta(hours=30)
    here.carrier.calls.append(late)
    here.run(NOW + timedelta(hours=1))
    assert late.isoformat() in here.calls_there


def test_a_header_stands_on_every_file(here: Here) -> None:
    here.carrier.header, here.carrier.suffix = b"at\n", ".csv"
    here.run()
    assert all(body.startswith(b"at\n") and key.endswith(".csv") for key, body in here.inbox.files.items())


def test_a_pull_is_due_again_after_its_time_or_with_a_pass_left_to_finish() -> None:
    pull = settings("telnyx", every="1h")
    assert is_due(pull, Cursor(), NOW)
    assert not is_due(pull, Cursor(NOW), NOW + timedelta(minutes=45))
    assert is_due(pull, Cursor(NOW), NOW + timedelta(minutes=59))
    assert is_due(pull, Cursor(NOW, NOW - timedelta(days=1)), NOW + timedelta(minutes=1))


def test_what_is_not_due_is_not_asked(here: Here) -> None:
    here.run()
    here.carrier.asked.clear()
    assert here.run(NOW + timedelta(minutes=5), anyway=False) is None
    assert here.carrier.asked == []


def test_two_runs_never_work_side_by_side(here: Here) -> None:
    here.leases.take("pull#test", "another", NOW, 900)
    assert here.run() is None
    assert here.inbox.files == {}


def test_asking_from_a_day_on_leaves_the_cursor_as_it_is(here: Here) -> None:
    here.run()
    here.carrier.asked.clear()
    here.run(since=NOW - timedelta(days=5))
    assert here.carrier.asked[0] == "2026-11-18"
    assert here.cursors.read("test") == Cursor(NOW)


# ---- failures


def test_a_day_that_fails_is_told_of_and_asked_again_while_the_others_come(here: Here) -> None:
    here.carrier.broken = ("2026-11-22",)
    done = here.run()
    assert done
    assert done.problems == ["2026-11-22: the line is dead"]
    assert len(here.calls_there) == 3
    assert here.cursors.read("test") == Cursor(None, datetime.fromisoformat("2026-11-22T00:00:00Z"))
    here.carrier.broken = ()
    here.carrier.asked.clear()
    here.run()
    assert here.carrier.asked == ["2026-11-22", "2026-11-23"]
    assert len(here.calls_there) == 4
    assert here.cursors.read("test") == Cursor(NOW)


def test_a_carrier_that_is_down_is_not_asked_for_every_day(here: Here) -> None:
    here.carrier.broken = ("2026-11-21", "2026-11-22", "2026-11-23")
    done = here.run(since=NOW - timedelta(days=30))
    assert done
    here.carrier.asked.clear()
    done = here.run()
    assert done
    assert len(done.problems) == 2
    assert here.carrier.asked == ["2026-11-21", "2026-11-22"]


def test_a_secret_that_is_not_there_is_a_problem_of_that_pull(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: Here) -> Fetcher:
        raise Missing("parameter /callmeter/pulls/test is not there")

    monkeypatch.setattr(Here, "_make", missing)
    done = here.run()
    assert done
    assert done.problems == ["parameter /callmeter/pulls/test is not there"]
    assert here.leases.taken == {}


def test_without_time_the_next_run_goes_on_where_this_one_stopped(here: Here) -> None:
    time_left = iter([True, True, False])
    done = here.run(has_time=lambda: next(time_left))
    assert done
    assert done.unfinished
    here.carrier.asked.clear()
    assert here.run(NOW + timedelta(minutes=15), anyway=False)
    assert here.carrier.asked == ["2026-11-23"]
    assert here.cursors.read("test").resume_at is None


@given(starts=st.lists(st.integers(0, 70 * 60), max_size=12), killed_at=st.lists(st.integers(1, 12), max_size=4))
def test_killed_at_any_write_and_run_again_every_call_is_there_once(starts: list[int], killed_at: list[int]) -> None:
    here = Here(Carrier([NOW - timedelta(minutes=minutes) for minutes in starts]))
    here.pull = settings("telnyx", look_back="3d")
    for number in killed_at:
        here.inbox.fails_at = here.inbox.puts + number
        try:
            here.run()
        except SystemExit:
            here.leases.taken.clear()  # its time is over
    here.inbox.fails_at = 0
    here.run()
    assert sorted(line for line in here.inbox.lines) == sorted(
        json.dumps({"at": at.isoformat()}).encode() for at in here.carrier.calls
    )
    assert here.cursors.read("test") == Cursor(NOW)


def test_an_answer_that_breaks_off_in_the_middle_writes_nothing() -> None:
    inbox = Inbox()
    with TwilioStandin(ACCOUNT, "secret", most=2) as standin:
        standin.calls = [twilio_call(number, NOW - timedelta(minutes=number)) for number in range(5)]
        standin.fail(Fault(), Fault(cut=True))
        pull = settings("twilio", standin.url, account=ACCOUNT, look_back="1h")
        asks = asking("twilio", standin.url, account=ACCOUNT)
        arguments = (pull, lambda: asks, inbox, Cursors(), Leases(), "me", NOW)
        done = run_pull(*arguments)
        assert done
        assert done.problems
        assert inbox.files == {}
        assert run_pull(*arguments)
        assert len(inbox.lines) == 5


# ---- the cursor's table


@pytest.fixture
def table() -> Iterator[DynamoCursors]:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-west-1")
        client.create_table(
            TableName="callmeter",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        yield DynamoCursors(client, "callmeter")


def test_the_stored_cursor_goes_forward_only(table: DynamoCursors) -> None:
    assert table.read("test") == Cursor()
    table.write("test", Cursor(None, NOW - timedelta(days=1)))
    assert table.read("test") == Cursor(None, NOW - timedelta(days=1))
    table.write("test", Cursor(NOW))
    table.write("test", Cursor(NOW - timedelta(hours=1), NOW - timedelta(days=1)))
    assert table.read("test") == Cursor(NOW)
    table.write("test", Cursor(NOW, NOW - timedelta(days=1)))
    assert table.read("test") == Cursor(NOW, NOW - timedelta(days=1))
    assert table.read("other") == Cursor()


# ---- the function


class Context:
    """What Lambda tells a function of its run."""

    function_name = "pull"
    memory_limit_in_mb = 1024
    invoked_function_arn = "arn:aws:lambda:eu-west-1:1:function:pull"
    aws_request_id = "run-1"

    def get_remaining_time_in_millis(self) -> int:
        return 900_000


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The function's outside world. secrets: by parameter."""
    secrets = {"/pulls/good": "secret", "/pulls/odd": "secret"}

    def secret(name: str) -> str:
        if name not in secrets:
            raise Missing(f"parameter {name} is not there")
        return secrets[name]

    found = SimpleNamespace(
        store=Store(), cursors=Cursors(), leases=Leases(), environment=SimpleNamespace(pull_secrets="/pulls/"),
        secret=secret,
    )  # fmt: skip
    monkeypatch.setattr(chalicelib.pull, "parts", lambda: found)
    monkeypatch.setattr(chalicelib.telemetry.metrics.provider, "namespace", "callmeter")
    return found


@dataclass
class Store(Inbox):
    def get(self, key: str) -> bytes:
        if key not in self.files:
            raise Missing(f"{key} is not there")
        return self.files[key]


def test_one_pull_that_fails_leaves_the_others_alone(
    parts: SimpleNamespace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with TwilioStandin(ACCOUNT, "secret") as standin:
        standin.calls = [twilio_call(1, datetime.now(NOW.tzinfo) - timedelta(days=1))]
        for name in ("good", "lost", "odd"):
            text = f'[pulls.{name}]\nkind = "twilio"\naccount = "{ACCOUNT}"\nurl = "{standin.url}"\ntls = "off"\n'
            parts.store.files["rates/pulls.toml"] = parts.store.files.get("rates/pulls.toml", b"") + text.encode()
        monkeypatch.setattr(chalicelib.pull, "_fetcher", odd_breaks)
        answer = chalicelib.pull.pull({"source": "aws.events"}, Context())
    assert [(one["name"], one["records"], bool(one["problems"])) for one in answer["pulls"]] == [
        ("good", 1, False), ("lost", 0, True), ("odd", 0, True),
    ]  # fmt: skip
    assert answer["pulls"][1]["problems"] == ["parameter /pulls/lost is not there"]
    out = capsys.readouterr().out
    assert '"PullProblems":[1.0,1.0]' in out.replace(" ", "")
    assert '"pull":"lost"' in out.replace(" ", "")
    assert "+447700900123" not in out


def odd_breaks(pull: Pull, secret: str, _: object) -> Fetcher:
    if pull.name == "odd":
        raise KeyError("a slip of ours")
    return asking("twilio", getattr(pull, "url", ""), secret, account=ACCOUNT)


def test_without_a_file_nobody_is_asked_and_a_broken_one_is_told_of(
    parts: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert chalicelib.pull.pull({}, Context()) == {"pulls": []}
    parts.store.files["rates/pulls.toml"] = b"[pulls.x]\nkind = 'fax'\n"
    assert "does not match" in chalicelib.pull.pull({}, Context())["problems"][0]
    assert "PullProblems" in capsys.readouterr().out


def test_by_hand_the_named_pulls_are_asked_due_or_not(parts: SimpleNamespace) -> None:
    with TwilioStandin(ACCOUNT, "secret") as standin:
        text = f'kind = "twilio"\naccount = "{ACCOUNT}"\nurl = "{standin.url}"\ntls = "off"\nsecret = "/pulls/good"\n'
        parts.store.files["rates/pulls.toml"] = f"[pulls.one]\n{text}[pulls.two]\n{text}".encode()
        assert len(chalicelib.pull.pull({"source": "aws.events"}, Context())["pulls"]) == 2
        assert chalicelib.pull.pull({"source": "aws.events"}, Context())["pulls"] == []
        by_hand = chalicelib.pull.pull({"pulls": ["two"]}, Context())["pulls"]
        assert [one["name"] for one in by_hand] == ["two"]
