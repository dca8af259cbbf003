"""`callmeter sync` as a person runs it: a look first, then the question, then what was looked at and nothing else."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from click.testing import CliRunner
from moto import mock_aws

import callmeter.aws.operator
import callmeter.aws.sync
from callmeter.aws.operator import Deployment
from callmeter.aws.sync import SyncDeployment
from callmeter.cli.sync import sync
from callmeter.errors import CallmeterError, UsageError

CHANGE = {
    "account_id": "S7", "name": "Harbour", "what": "anchor_day", "before": "1", "after": "15", "since": "",
    "careful": True,
}  # fmt: skip
NOTHING: dict[str, Any] = {"digest": "d0", "changes": [], "problems": [], "notes": []}
SEEN = {**NOTHING, "digest": "d1", "changes": [CHANGE], "notes": [{"account_id": "S8", "text": "suspended"}]}


class Stack:
    """A deployed stack that answers `answer`, and notes what it was asked."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def preview(self, *, force: bool) -> dict[str, Any]:
        self.asked.append(f"preview {force}")
        return self.answer

    def apply(self, digest: str, *, force: bool) -> dict[str, Any]:
        self.asked.append(f"apply {digest} {force}")
        return self.answer

    def set_up(self) -> tuple[list[str], str]:
        return ["Call plan (service)"], "https://calls.example/v1/webhooks/ucrm/abc"


def run(monkeypatch: pytest.MonkeyPatch, stack: Stack, *arguments: str, says: str = "") -> tuple[Any, str]:
    monkeypatch.setattr(callmeter.aws.operator.Deployment, "named", lambda name: name)
    monkeypatch.setattr(callmeter.aws.sync, "SyncDeployment", lambda _: stack)
    done = CliRunner().invoke(sync, list(arguments), input=says)
    return done, done.output


@pytest.mark.parametrize(
    ("arguments", "says", "asked"),
    [
        (["--dry-run"], "", ["preview False"]),
        ([], "n\n", ["preview False"]),
        ([], "y\n", ["preview False", "apply d1 False"]),
        (["--yes", "--force"], "", ["preview True", "apply d1 True"]),
    ],
)
def test_nothing_is_done_without_a_yes(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], says: str, asked: list[str]
) -> None:
    stack = Stack(SEEN)
    run(monkeypatch, stack, *arguments, says=says)
    assert stack.asked == asked


def test_what_does_not_change_is_not_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    stack = Stack(NOTHING)
    assert run(monkeypatch, stack)[0].exit_code == 0
    assert stack.asked == ["preview False"]


def test_accounts_that_are_not_synchronised_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = {"account_id": "S9", "text": "left as it was"}
    done, _ = run(monkeypatch, Stack({**NOTHING, "problems": [problem]}), "--dry-run")
    assert isinstance(done.exception, CallmeterError)


def test_json_asks_no_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(run(monkeypatch, Stack(SEEN), "--json")[0].exception, UsageError)
    assert json.loads(run(monkeypatch, Stack(SEEN), "--json", "--dry-run")[1]) == SEEN
    assert json.loads(run(monkeypatch, Stack(SEEN), "--json", "--setup")[1])["defined"] == ["Call plan (service)"]


@pytest.fixture
def session() -> Iterator[boto3.Session]:
    with mock_aws():
        yield boto3.Session(region_name="eu-west-1")


def test_the_webhooks_secret_is_made_once_and_stays(session: boto3.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    outputs = {"PageUrl": "https://calls.example/", "WebhookSecretParameterName": "/callmeter/webhook-secret"}
    stack = SyncDeployment(Deployment(session, outputs))
    monkeypatch.setattr(SyncDeployment, "_invoke", lambda *_: {"defined": []})
    (_, address), again = stack.set_up(), stack.set_up()
    assert again == ([], address)
    base, _, secret = address.rpartition("/")
    assert base == "https://calls.example/v1/webhooks/ucrm"
    assert len(secret) > 40
