"""What is pulled, rated: asked twice with an overlap, every call counts once, with its direction, start and seconds."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from callmeter.local.carriers import (
    FreepbxStandin,
    SipgateStandin,
    Standin,
    TelnyxStandin,
    TwilioStandin,
    VitelityStandin,
    VoipMsStandin,
)
from callmeter.pulls.kinds import fetcher
from callmeter.pulls.run import run_pull
from callmeter.rating.stages import Intake
from pull_kit import (
    ACCOUNT,
    Cursors,
    Inbox,
    Leases,
    freepbx_row,
    patience,
    settings,
    sipgate_entry,
    telnyx_record,
    twilio_call,
    vitelity_call,
    voipms_call,
)
from rating_kit import Answer, rate_paths, write, write_rates

NOW = datetime.now(UTC).replace(minute=30, second=0, microsecond=0)
FIRST, SECOND, LATER = (NOW - timedelta(hours=hours) for hours in (9, 2, 1))
PLANS = '[plans.basic]\ndeck = "retail"\ncurrency = "GBP"\n'
PROJECT = "00000000-0000-4000-8000-000000000000"
DECK = "prefix,rate\n1,0.06\n44,0.06\n49,0.06\n"


def pulled_twice(kind: str, standin: Standin, call: Callable[[int, datetime], dict[str, Any]], **keys: Any) -> Inbox:
    """Two calls, then an hour later those and a third; all in one inbox."""
    path = {"telnyx": "/v2", "sipgate": "/v2"}.get(kind, "")
    pull = settings(kind, standin.url + path, look_back="1d", **keys)
    inbox, cursors = Inbox(), Cursors()
    standin.calls = [call(1, FIRST), call(2, SECOND)]
    for now in (NOW - timedelta(hours=1), NOW):
        asks = fetcher(pull, "secret", patience())
        done = run_pull(pull, lambda asks=asks: asks, inbox, cursors, Leases(), "me", now, anyway=True)  # type: ignore[misc]
        assert done
        assert not done.problems
        standin.calls.append(call(3, LATER))
    return inbox


def rated(folder: Path, inbox: Inbox, source: str, timezone: str = "UTC") -> Answer:
    paths = [write(folder / key.rpartition("/")[2], body) for key, body in inbox.files.items()]
    rates = write_rates(folder, plans=PLANS, deck=DECK, accounts=None)
    return rate_paths(folder, rates, *paths, intake=Intake(source=source, timezone=timezone, plan="basic"))


def starts(answer: Answer) -> list[str]:
    return sorted(row["started_at"][:19] for row in answer.rows)


def at(*instants: datetime) -> list[str]:
    return sorted(f"{each:%Y-%m-%dT%H:%M:%S}" for each in instants)


KINDS: dict[str, tuple[Callable[[], Standin], Callable[[int, datetime], dict[str, Any]], dict[str, Any]]] = {
    "twilio": (lambda: TwilioStandin(ACCOUNT, "secret"), twilio_call, {"account": ACCOUNT}),
    "signalwire": (
        lambda: TwilioStandin(PROJECT, "secret", prefix="/api/laml"),
        lambda number, at: twilio_call(number, at, duration=86, price=-0.005, direction="outbound-api"),
        {"account": PROJECT},
    ),
    "telnyx": (
        lambda: TelnyxStandin("secret", lambda: datetime.now(UTC)),
        lambda number, at: telnyx_record(number, at, telnyx_leg_id=f"leg-{number}"),
        {},
    ),
    "voipms": (lambda: VoipMsStandin("me", "secret"), voipms_call, {"user": "me"}),
    "vitelity": (
        lambda: VitelityStandin("me", "secret"),
        lambda _, at: vitelity_call(at, 86),
        {"user": "me", "timezone": "UTC"},
    ),
    "sipgate": (lambda: SipgateStandin("me", "secret"), sipgate_entry, {"user": "me"}),
    "freepbx": (lambda: FreepbxStandin("me", "secret"), freepbx_row, {"user": "me", "timezone": "UTC"}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_call_that_is_pulled_twice_counts_once(kind: str, tmp_path: Path) -> None:
    make, call, keys = KINDS[kind]
    with make() as standin:
        inbox = pulled_twice(kind, standin, call, **keys)
    answer = rated(tmp_path, inbox, kind)
    assert answer.rejects == []
    assert starts(answer) == at(FIRST, SECOND, LATER)
    assert {row["duration_seconds"] for row in answer.rows} == {"86"}
    assert {row["direction"] for row in answer.rows} == {"outbound"}
    assert {row["status"] for row in answer.rows} == {"rated"}


def test_two_vitelity_calls_that_are_equal_in_everything_are_two_however_often_they_are_pulled(tmp_path: Path) -> None:
    make, _, keys = KINDS["vitelity"]
    with make() as standin:
        inbox = pulled_twice(
            "vitelity", standin, lambda _, at: vitelity_call(at if at == LATER else SECOND, 86), **keys
        )
    assert starts(rated(tmp_path, inbox, "vitelity")) == at(SECOND, SECOND, LATER)


def test_a_call_that_is_priced_late_is_another_file_and_the_same_call(tmp_path: Path) -> None:
    with TwilioStandin(ACCOUNT, "secret") as standin:
        inbox = pulled_twice("twilio", standin, lambda number, at: twilio_call(number, at, price=None), account=ACCOUNT)
        before = len(inbox.files)
        priced = [call | {"price": "-0.01500"} for call in standin.calls]
        inbox.files |= pulled_twice("twilio", standin, lambda number, _: priced[number - 1], account=ACCOUNT).files
    assert len(inbox.files) > before
    assert starts(rated(tmp_path, inbox, "twilio")) == at(FIRST, SECOND, LATER)


def test_a_call_told_by_webhook_pull_and_nightly_file_counts_once_and_the_webhook_last(tmp_path: Path) -> None:
    told = twilio_call(1, FIRST)
    ended = f"{FIRST + timedelta(seconds=87):%a, %d %b %Y %H:%M:%S} +0000"
    hook = {
        "CallSid": told["sid"], "From": told["from"], "To": told["to"], "CallStatus": "completed", "CallDuration": "87",
        "Direction": "outbound-dial", "Timestamp": ended, "callmeter": {"received_at": f"{NOW:%Y-%m-%dT%H:%M:%SZ}"},
    }  # fmt: skip
    nightly = (
        '"From","To","Direction","Duration","Start Time","Status","Price","Call Sid"\n'
        f'"{told["from"]}","{told["to"]}","Outgoing Dial","86","{FIRST:%Y-%m-%d %H:%M:%S} UTC","Completed","",'
        f'"{told["sid"]}"\n'
    )
    with TwilioStandin(ACCOUNT, "secret") as standin:
        inbox = pulled_twice("twilio", standin, twilio_call, account=ACCOUNT)
    inbox.files["inbox/twilio/webhook-complete-2026.jsonl"] = json.dumps(hook).encode() + b"\n"
    for name in ("nightly.csv", "z-nightly.csv"):
        files = inbox.files | {f"inbox/twilio/{name}": nightly.encode()}
        answer = rated(tmp_path, Inbox(files), "twilio")
        assert answer.rejects == []
        assert starts(answer) == at(FIRST, SECOND, LATER)
        assert {row["duration_seconds"] for row in answer.rows} == {"86"}
        assert answer.summary.duplicates >= 2
