"""A pull through the deployed stack, with the rights of its role: from a carrier's API to the totals, once."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from callmeter import layout
from callmeter.aws.operator import Deployment
from callmeter.local.carriers import TwilioStandin
from callmeter.local.stack import LocalStack
from pull_kit import ACCOUNT, twilio_call

RATES = Path(__file__).resolve().parents[2] / "rates"
DENTIST = "C1001", "+442079460101"
PATIENCE_SECONDS = 60
AT = datetime.now(UTC).replace(minute=30) - timedelta(days=1)


def eventually(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true() and time.monotonic() < deadline:
        time.sleep(0.1)
    return true()


@pytest.fixture
def deployment(stack: LocalStack) -> Deployment:
    return Deployment(stack.session, stack.outputs, stack.endpoint_url)


@pytest.fixture
def standin(deployment: Deployment) -> Iterator[TwilioStandin]:
    with TwilioStandin(ACCOUNT, "secret", most=2) as standin:
        text = f'[pulls.voice]\nkind = "twilio"\naccount = "{ACCOUNT}"\nurl = "{standin.url}"\ntls = "off"\n'
        lost = text.replace("voice", "lost")
        for path in RATES.rglob("*.*"):
            deployment.store.upload(path, layout.RATES + path.relative_to(RATES).as_posix())
        deployment.store.put(layout.RATES + "pulls.toml", (text + lost).encode())
        assert eventually(lambda: layout.CURRENT in deployment.store.keys("catalogue/"))
        ssm = deployment.session.client("ssm", endpoint_url=deployment.endpoint_url)
        ssm.put_parameter(Name="/callmeter/pulls/voice", Value="secret", Type="SecureString")
        yield standin


def calls(deployment: Deployment) -> int:
    """How many the dentist has been counted."""
    account = DENTIST[0]
    shard = layout.shard_of(account, int(deployment.outputs["ShardCount"]))
    total = deployment.totals.read(f"{AT.astimezone(ZoneInfo('Europe/London')):%Y-%m}", shard, account)
    return total.calls if total else 0


def test_what_is_pulled_is_counted_once_however_often_it_is_asked_for(
    deployment: Deployment, standin: TwilioStandin
) -> None:
    own = {"from": DENTIST[1]}
    standin.calls = [twilio_call(number, AT + timedelta(seconds=number), **own) for number in range(5)]
    first = deployment.invoke("pull", {"source": "aws.events", "time": "2026-11-23T14:00:00Z"})["pulls"]
    assert [(one["name"], one["records"], one["problems"]) for one in first] == [
        ("voice", 5, []),
        (
            "lost",
            0,
            ["parameter /callmeter/pulls/lost is not there: put it with aws ssm put-parameter --type SecureString"],
        ),
    ]
    assert eventually(lambda: calls(deployment) == 5)
    files = deployment.store.keys("inbox/twilio/")
    again = deployment.invoke("pull", {"pulls": ["voice"]})["pulls"]
    assert [(one["records"], one["files"], one["unchanged"]) for one in again] == [(5, 0, len(files))]
    standin.calls.append(twilio_call(9, AT + timedelta(seconds=9), **own))
    deployment.invoke("pull", {"pulls": ["voice"]})
    assert eventually(lambda: calls(deployment) == 6)
    (not_due,) = deployment.invoke("pull", {"source": "aws.events"})["pulls"]
    assert not_due["name"] == "lost"
