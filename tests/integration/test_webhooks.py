"""Webhooks through the deployed stack, from a carrier's POST to the totals: a burst, some twice, and functions dying.

CALLMETER_LONG=1: 5,000 webhooks instead of a few hundred; it prints how long they took.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from threading import Thread

import httpx
import pytest

from callmeter import layout
from callmeter.aws.operator import Deployment
from callmeter.local.stack import LocalStack
from webhook_kit import PBX, TWILIO, Post, secret_of, telnyx

RATES = Path(__file__).resolve().parents[2] / "rates"
LONG = bool(os.environ.get("CALLMETER_LONG"))
BURST = 5000 if LONG else 200
PATIENCE_SECONDS = 120 + BURST // 10
THREADS, KILLED = 8, 6
# Of rates/accounts.csv: who calls by which carrier, and the period that 5 October is in.
ACCOUNTS = {"twilio": ("C1001", "2026-10"), "telnyx": ("C1002", "2026-09"), "pbx": ("C1003", "2026-09")}
NUMBERS = {"twilio": "+442079460101", "telnyx": "+442079460217", "pbx": "+441134960301"}


def eventually(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true() and time.monotonic() < deadline:
        time.sleep(0.2)
    return true()


@dataclass
class Here:
    """A stack of its own, so that its functions may be killed."""

    stack: LocalStack
    deployment: Deployment

    def calls(self) -> dict[str, int]:
        """Carrier -> calls in the totals of its account."""
        found = {}
        for carrier, (account, period) in ACCOUNTS.items():
            shard = layout.shard_of(account, int(self.deployment.outputs["ShardCount"]))
            total = self.deployment.totals.read(period, shard, account)
            found[carrier] = total.calls if total else 0
        return found

    def come_to(self, calls: dict[str, int]) -> bool:
        """Whether the totals say so, and still do once nothing is left to be done."""
        return eventually(lambda: self.stack.unfinished() == 0 and self.calls() == calls) and self.calls() == calls

    def post(self, client: httpx.Client, post: Post) -> int:
        """As a carrier sends it; the status."""
        request = post.request(datetime.now(UTC))
        url = f"{self.stack.api_url}v1/webhooks/{post.carrier}"
        return client.post(url, headers=dict(request.headers), content=request.body).status_code

    def workers(self) -> list[int]:
        """Processes that functions run in."""
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:  # it has ended
                continue
            if int(fields[1]) == self.stack.process_id:
                found.append(int(stat.parent.name))
        return sorted(found)


@pytest.fixture(scope="module")
def here() -> Iterator[Here]:
    with LocalStack(retry_seconds=15) as stack:
        deployment = Deployment(stack.session, stack.outputs, stack.endpoint_url)
        ssm = stack.session.client("ssm", endpoint_url=stack.endpoint_url)
        for carrier in ACCOUNTS:
            name = f"/callmeter/webhooks/{carrier}"
            ssm.put_parameter(Name=name, Value=secret_of(carrier), Type="SecureString")
        for path in RATES.rglob("*.*"):
            deployment.store.upload(path, layout.RATES + path.relative_to(RATES).as_posix())
        assert eventually(lambda: layout.CURRENT in deployment.store.keys("catalogue/") and stack.unfinished() == 0)
        yield Here(stack, deployment)


def legs(name: str, count: int) -> list[Post]:
    """So many calls, as their webhooks: half by Twilio, a quarter each by Telnyx (three events) and a PBX."""
    posts = []
    for n in range(count):
        at = datetime(2026, 10, 5, 10, tzinfo=UTC) + timedelta(seconds=n)
        if n % 4 < 2:
            posts.append(TWILIO.changed(CallSid=f"{name}{n}", From=NUMBERS["twilio"]))
        elif n % 4 == 2:
            ends = {"from": NUMBERS["telnyx"], "leg": f"{name}{n}"}
            posts.append(telnyx("initiated", f"{at:%H:%M:%S}", direction="outgoing", **ends))
            posts.append(telnyx("answered", f"{at + timedelta(seconds=5):%H:%M:%S}", **ends))
            posts.append(telnyx("hangup", f"{at + timedelta(seconds=66):%H:%M:%S}", **ends))
        else:
            posts.append(PBX.changed(call_id=f"{name}{n}", start=at.isoformat(), **{"from": NUMBERS["pbx"]}))
    return posts


def counted(posts: Sequence[Post]) -> dict[str, int]:
    """Calls by carrier: Telnyx tells of each three times."""
    told = [post.carrier for post in posts]
    return {carrier: told.count(carrier) // (3 if carrier == "telnyx" else 1) for carrier in ACCOUNTS}


def test_of_a_burst_every_call_is_in_the_totals_once_and_none_is_refused(here: Here) -> None:
    posts = legs("burst", BURST * 2 // 3)
    expected, random = counted(posts), Random(1)  # noqa: S311 - test data
    posts += random.sample(posts, BURST - len(posts)) if len(posts) < BURST else []
    random.shuffle(posts)
    began = time.monotonic()
    with httpx.Client(trust_env=False, timeout=60) as client, ThreadPoolExecutor(THREADS) as pool:
        statuses = list(pool.map(lambda post: here.post(client, post), posts))
    answered = time.monotonic()
    assert len(posts) == BURST
    assert set(statuses) == {200, 204}
    assert here.come_to(expected), here.calls()
    assert here.deployment.given_up() == 0
    if LONG:
        done = time.monotonic()
        files = here.deployment.store.keys(layout.INBOX)
        print(  # noqa: T201
            f"\n{len(posts)} webhooks answered in {answered - began:.1f} s, {sum(expected.values())} calls totalled "
            f"{done - answered:.1f} s later, {len(files)} files"
        )


def test_calls_survive_functions_that_are_killed_while_they_come(here: Here) -> None:
    before = here.calls()
    posts = legs("killed", BURST // 4)

    def kill() -> None:
        random = Random(2)  # noqa: S311 - test data
        for _ in range(KILLED):
            time.sleep(0.7)
            with suppress(ProcessLookupError, IndexError):  # it has ended; there is none
                os.kill(random.choice(here.workers()), signal.SIGKILL)

    def insist(post: Post) -> None:
        """Try again what was not taken, as carriers do."""
        statuses = (here.post(client, post) for _ in range(50))
        assert any(status in (200, 204) for status in statuses)

    killer = Thread(target=kill)
    killer.start()
    with httpx.Client(trust_env=False, timeout=60) as client, ThreadPoolExecutor(4) as pool:
        list(pool.map(insist, posts))
    killer.join()
    expected = {carrier: before[carrier] + count for carrier, count in counted(posts).items()}
    assert here.come_to(expected), here.calls()
    assert here.deployment.given_up() == 0


def test_strangers_find_nothing_and_the_unsigned_are_refused(here: Here) -> None:
    before = here.calls()
    with httpx.Client(trust_env=False, timeout=60) as client:
        for path, status in (("vonage", 404), ("nobody", 404), ("pbx", 401), ("telnyx", 401), ("twilio", 401)):
            answer = client.post(f"{here.stack.api_url}v1/webhooks/{path}", json={})
            assert answer.status_code == status
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert answer.json().keys() == {"type", "title", "status", "code"}
    assert here.calls() == before
