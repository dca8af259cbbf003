"""Webhooks as calls: what was told by halves, twice or another way is billed once, by the best that is known of it."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from itertools import permutations

import pytest

from pipeline_kit import World, world
from webhook_kit import NOW, PBX, TWILIO, Collecting, Post, telnyx

# payg, UK mobile: 0.0850 a minute, 60/1. 61 s: 61 / 60 x 0.085 = 0.086416…, 0.0864
MINUTE_AND_ONE = Decimal("0.0864")
INITIATED = telnyx("initiated", "10:00:00", direction="outgoing")
ANSWERED = telnyx("answered", "10:00:05")
HANGUP = telnyx("hangup", "10:01:06", hangup_cause="normal_clearing")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch, world(tmp_path_factory.mktemp("world"), patch) as here:
        here.empty = here.snapshot()
        yield here


@pytest.fixture
def here(shared: World) -> World:
    shared.restore(shared.empty)
    return shared


def files(*batches: tuple[Post, ...]) -> dict[str, bytes]:
    """What batches leave in the inbox; between them, all that waits has its turn."""
    collecting = Collecting()
    for hours, posts in enumerate(batches):
        collecting.post(*posts, at=NOW + timedelta(hours=hours))
        collecting.later()
    return {key.removeprefix("inbox/"): body for key, body in collecting.store.files.items()}


def billed(here: World) -> tuple[int, Decimal]:
    """Calls and charge of the dentist."""
    total = here.account_totals().get(("C1001", "2026-10"))
    return (total.calls, total.charge) if total else (0, Decimal(0))


def test_a_late_answer_puts_right_what_was_told_without_it_whichever_file_is_rated_first(here: World) -> None:
    told = files((INITIATED, HANGUP), (ANSWERED,))
    assert [name.split("-")[1] for name in sorted(told)] == ["complete", "partial"]
    for order in permutations(told):
        here.restore(here.empty)
        for name in order:
            here.deliver(here.drop(name, told[name]))
        assert billed(here) == (1, MINUTE_AND_ONE)


def test_calls_told_twice_over_are_billed_once(here: World) -> None:
    told = files((TWILIO, INITIATED, HANGUP, ANSWERED), (HANGUP, TWILIO), (ANSWERED, TWILIO))
    assert len(told) > 2
    here.deliver(*(here.drop(name, body) for name, body in told.items()))
    assert billed(here) == (2, 2 * MINUTE_AND_ONE)


def test_missed_calls_come_through_and_cost_nothing(here: World) -> None:
    missed = TWILIO.changed(CallStatus="no-answer", CallDuration="0")
    busy = telnyx("hangup", "10:00:20", hangup_cause="user_busy")
    for name, body in files((missed, INITIATED, busy)).items():
        manifest = here.rated(here.drop(name, body))
        assert (manifest.rows_in, manifest.rejected) == (1, 0)
    here.total_all()
    assert billed(here) == (2, Decimal(0))


def test_a_pbx_of_ones_own_tells_calls_by_the_names_of_the_generic_csv(here: World) -> None:
    ((name, body),) = files((PBX, PBX.changed(call_id="p2", duration="0:01:01"))).items()
    manifest = here.rated(here.drop(name, body))
    assert (manifest.source, manifest.rows_in, manifest.rejected) == ("csv", 2, 0)
    here.total_all()
    assert billed(here) == (2, 2 * MINUTE_AND_ONE)
