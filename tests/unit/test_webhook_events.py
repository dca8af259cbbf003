"""What each carrier's webhooks tell, and what becomes of events of one leg: in any order, twice, late, or missing."""

import json
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callmeter.sources import SOURCES
from callmeter.webhooks import carriers
from callmeter.webhooks.base import Unparseable, json_line
from callmeter.webhooks.carriers import CARRIERS
from callmeter.webhooks.collecting import WAITS, Received, understand
from webhook_kit import (
    BANDWIDTH,
    FORM,
    FREESWITCH_CDR,
    FUSIONPBX,
    JSON,
    NOW,
    PBX,
    PLIVO,
    SAMPLES,
    TWILIO,
    VONAGE,
    Collecting,
    Post,
    message,
    sipgate,
    telnyx,
)


def kinds(post: Post) -> list[str]:
    """ended, or the facts, of each event."""
    events = CARRIERS[post.carrier].events(post.request(NOW))
    return ["ended" if one.record is not None else ",".join(sorted(one.facts)) for one in events]


@pytest.mark.parametrize("carrier", sorted(CARRIERS))
def test_the_page_of_webhooks_says_of_every_carrier_what_a_call_is_made_of(carrier: str) -> None:
    page = Path(__file__).resolve().parents[2] / "infra" / "webhooks.md"
    assert f"`{carrier}`" in page.read_text(encoding="utf-8")
    assert f"    {carrier} " in (carriers.__doc__ or "")
    assert CARRIERS[carrier].inbox in {**SOURCES, "csv": None}


# ---- one post


@pytest.mark.parametrize("carrier", sorted(set(SAMPLES) - {"telnyx", "sipgate"}))
def test_the_end_of_a_call_is_a_line_of_the_carriers_own_words(carrier: str) -> None:
    here, post = Collecting(), SAMPLES[carrier]
    collected = here.post(post)
    (key,) = here.store.files
    folder = "csv" if carrier == "pbx" else carrier
    assert key.startswith(f"inbox/{folder}/webhook-complete-20261124T010203Z-")
    assert key.endswith(".jsonl")
    assert collected.files == [key]
    (line,) = here.lines()
    assert line.pop("callmeter") == {"received_at": "2026-11-24T01:02:03.123Z"}
    own = {"freeswitch": FREESWITCH_CDR, "fusionpbx": {"xml": FUSIONPBX.fields["cdr"]}}
    assert line == own.get(carrier, post.fields)


@pytest.mark.parametrize(
    "post",
    [
        TWILIO.changed(CallStatus="ringing"),
        TWILIO.changed(CallStatus="in-progress"),
        PLIVO.changed(CallStatus="ringing", Event="StartApp"),
        PLIVO.changed(Event="Redirect"),
        VONAGE.changed(status="answered"),
        BANDWIDTH.changed(eventType="answer"),
        telnyx("bridged", "10:00:05"),
        telnyx("machine.detection.ended", "10:00:05"),
        sipgate("dtmf", dtmf="1"),
        replace(PBX, fields={"type": "call.started", "data": PBX.fields}),
    ],
)
def test_other_events_are_of_no_interest(post: Post) -> None:
    assert kinds(post) == []


@pytest.mark.parametrize(
    "post",
    [
        *(
            TWILIO.changed(CallStatus=status, CallDuration="0")
            for status in ("busy", "failed", "no-answer", "canceled")
        ),
        *(PLIVO.changed(CallStatus=status) for status in ("busy", "failed", "timeout", "no-answer")),
        *(VONAGE.changed(status=status) for status in ("busy", "cancelled", "unanswered", "rejected", "timeout")),
        BANDWIDTH.changed(answerTime=None, cause="timeout"),
        BANDWIDTH.changed(eventType="transferDisconnect"),
        replace(PBX, fields={"type": "call.ended", "timestamp": "2026-10-05T10:01:01Z", "data": PBX.fields}),
    ],
)
def test_missed_calls_and_other_ends_are_calls(post: Post) -> None:
    assert kinds(post) == ["ended"]


def test_events_of_paired_carriers_tell_what_they_know() -> None:
    assert kinds(telnyx("initiated", "10:00:00", direction="outgoing")) == ["direction,from,initiated_at,to"]
    assert kinds(telnyx("answered", "10:00:05")) == ["answered_at"]
    assert kinds(telnyx("cost", "10:02:00", billed_duration_secs=60)) == ["billed_seconds"]
    assert kinds(sipgate("newCall")) == ["direction,from,initiated_at,to"]
    assert kinds(sipgate("answer", user="Alice")) == ["answered_at"]


@pytest.mark.parametrize(
    ("post", "kind"),
    [
        (replace(TWILIO, raw=b"CallStatus=completed"), FORM),
        (replace(TWILIO, raw=b"CallSid=%ff&CallStatus=completed"), FORM),
        (replace(VONAGE, raw=b"{"), JSON),
        (replace(VONAGE, raw=b"[]"), JSON),
        (replace(VONAGE, raw=b'{"status": "completed"}'), JSON),
        (replace(VONAGE, raw=b'{"status": "completed", "uuid": {}}'), JSON),
        (replace(VONAGE, raw=b'{"uuid": "u", "status": NaN}'), JSON),
        (replace(VONAGE, raw=b'{"a":' * 100_000), JSON),
        (replace(BANDWIDTH, raw=b"\xff"), JSON),
        (replace(telnyx("hangup", "10:00:00"), raw=b'{"data": {"event_type": "call.hangup"}}'), JSON),
        (telnyx("hangup", "10:00:00", leg=""), JSON),
        (telnyx("hangup", "10:00:00", leg="x" * 201), JSON),
        (sipgate("hangup", leg=""), FORM),
        (replace(FUSIONPBX, raw=b"cdr=%3Cother%2F%3E"), FORM),
        (replace(FUSIONPBX, raw=b"cdr=%7B%7D"), FORM),
        (replace(FUSIONPBX, raw=b" "), FORM),
        (replace(FUSIONPBX, raw=b"cdr=abcde"), FORM),
        (replace(PBX, raw=b'{"type": "call.ended", "data": 1}'), JSON),
        (PBX.changed(call_id=""), JSON),
    ],
)
def test_a_body_that_is_not_what_the_carrier_documents_is_not_parsed(post: Post, kind: str) -> None:
    with pytest.raises(Unparseable):
        CARRIERS[post.carrier].events(replace(post, kind=kind).request(NOW))


DOCUMENTS = {"{": json.dumps(FREESWITCH_CDR), "<": "<?xml version='1.0'?>\n<cdr><variables><a>1%2B2 + 3</a></cdr>"}


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=["json", "xml"])
@pytest.mark.parametrize(
    "kind",
    [
        "application/x-www-form-urlencoded",
        "application/x-www-form-base64-encoded",
        "application/x-www-form-plaintext",
        "application/json",
        "text/xml; charset=utf-8",
    ],
)
def test_freeswitch_posts_its_document_in_five_ways(document: str, kind: str) -> None:
    encoded = b64encode(document.encode() + b"\0").decode()
    body = {
        "application/x-www-form-urlencoded": f"cdr={quote(document, safe='')}",
        "application/x-www-form-base64-encoded": f"cdr={encoded[:72]}\n{encoded[72:]}",
        "application/x-www-form-plaintext": f"cdr={document}",
    }.get(kind, document)
    for said in (kind, FORM):  # as curl says where disable-100-continue is set, whatever the body is
        (event,) = CARRIERS["freeswitch"].events(Post("freeswitch", {}, said, body.encode()).request(NOW))
        assert event.record == ({"xml": document} if document.startswith("<") else FREESWITCH_CDR)


def test_numbers_stay_as_they_were_written() -> None:
    body = b'{"uuid":"u","status":"completed","price":0.10,"rate":1e-2,"big":123456789012345678901234567890}'
    (event,) = CARRIERS["vonage"].events(replace(VONAGE, raw=body).request(NOW))
    assert event.record
    assert json_line(event.record).endswith('"price":"0.10","rate":"1e-2","big":123456789012345678901234567890}')


# ---- batches


def test_a_batch_is_a_file_for_each_carrier_and_the_same_batch_the_same_files() -> None:
    here = Collecting()
    posts = [TWILIO, VONAGE, TWILIO.changed(CallSid="CA2"), TWILIO]
    here.post(*posts)
    files = dict(here.store.files)
    assert sorted(body.count(b"\n") for body in files.values()) == [1, 2]  # the one that came twice is one line
    here.post(*reversed(posts))
    assert here.store.files == files


def test_a_message_that_is_no_webhook_is_left_to_the_queue_and_holds_up_no_other() -> None:
    good = message(TWILIO)
    bad = [
        "", "[]", "{}", good.replace("twilio", "nobody"), good.replace("T0", "x"),
        good.replace('"body": "', '"body": "A'), message(replace(VONAGE, raw=b"{")),
    ]  # fmt: skip
    told, others = understand({str(n): text for n, text in enumerate([good, *bad])})
    assert [one.received.carrier for one in told] == ["twilio"]
    assert others == [str(n) for n in range(1, len(bad) + 1)]


@given(st.binary(max_size=300), st.text(max_size=40), st.integers(0, 5))
def test_a_message_holds_a_webhook_whole(body: bytes, content_type: str, waits: int) -> None:
    received = Received("twilio", NOW.replace(microsecond=123000), content_type, body, waits)
    assert Received.read(received.message()) == received


# ---- pairing

INITIATED = telnyx("initiated", "10:00:00", direction="outgoing")
ANSWERED = telnyx("answered", "10:00:05")
HANGUP = telnyx("hangup", "10:01:06", hangup_cause="normal_clearing")
COST = telnyx("cost", "10:01:09", billed_duration_secs="120")
TOLD = {
    "received_at": "2026-11-24T01:02:03.123Z",
    "initiated_at": "2026-10-05T10:00:00.521992Z",
    "answered_at": "2026-10-05T10:00:05.521992Z",
    "direction": "outbound",
    "from": "+442079460101",
    "to": "+447700900123",
}


@pytest.mark.parametrize("order", list(permutations((INITIATED, ANSWERED, HANGUP, COST))))
def test_a_telnyx_call_is_the_same_whatever_the_order_of_its_events(order: tuple[Post, ...]) -> None:
    together, apart = Collecting(), Collecting()
    together.post(*order)
    for post in order:
        apart.post(post)
    for here in (together, apart):
        assert here.lines("partial") == []
        assert here.calls() == {"leg-1": {**HANGUP.fields, "callmeter": TOLD}}
        here.later()
        assert here.calls() == {"leg-1": {**HANGUP.fields, "callmeter": TOLD}}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from((INITIATED, ANSWERED, HANGUP, COST)), min_size=4, max_size=12).filter(
        lambda posts: {INITIATED.body, ANSWERED.body, HANGUP.body} <= {post.body for post in posts}
    ),
    st.data(),
)
def test_events_that_come_twice_late_and_in_any_batches_leave_one_call(posts: list[Post], data: st.DataObject) -> None:
    here = Collecting()
    while posts:
        size = data.draw(st.integers(1, len(posts)))
        here.post(*posts[:size])
        posts = posts[size:]
        if data.draw(st.booleans()):
            here.later()
    here.later()
    assert here.calls() == {"leg-1": {**HANGUP.fields, "callmeter": TOLD}}


def test_an_answer_that_comes_after_the_waiting_puts_the_call_right() -> None:
    here = Collecting()
    here.post(INITIATED, HANGUP)
    assert here.lines() == []
    assert [delay for _, delay in here.delayed] == [120]
    here.later()
    assert [line["callmeter"].get("answered_at") for line in here.lines("partial")] == [None]
    here.post(ANSWERED, at=NOW + timedelta(hours=5))
    assert here.calls() == {"leg-1": {**HANGUP.fields, "callmeter": TOLD}}
    assert len(here.lines()) == 2


def test_a_leg_waits_so_often_and_no_more() -> None:
    here = Collecting()
    here.post(HANGUP, HANGUP)
    deliveries = 0
    while here.delayed:
        assert len(here.delayed) == 1  # one notice, however often its end was told
        (text, _), here.delayed = here.delayed[0], []
        here.deliver(text)
        deliveries += 1
    assert deliveries == WAITS
    assert len(here.lines("partial")) == 1


@pytest.mark.parametrize(
    "cause", ["call_rejected", "originator_cancel", "user_busy", "not_found", "no_answer", "timeout"]
)
def test_a_leg_that_surely_was_not_answered_waits_for_no_answer(cause: str) -> None:
    here = Collecting()
    here.post(INITIATED, telnyx("hangup", "10:00:20", hangup_cause=cause))
    assert here.delayed == []
    (line,) = here.lines("complete")
    assert line["callmeter"] == {
        **{name: text for name, text in TOLD.items() if name != "answered_at"}, "unanswered": "yes",
    }  # fmt: skip


def test_where_the_answer_was_never_told_of_the_bill_of_the_leg_stands_in() -> None:
    here = Collecting()
    here.post(INITIATED, HANGUP, telnyx("cost", "10:01:09", billed_duration_secs=60))
    here.later()
    (line,) = here.lines("partial")
    assert line["callmeter"]["answered_at"] == "2026-10-05T10:00:06.521Z"
    other = Collecting()
    other.post(INITIATED, HANGUP, telnyx("cost", "10:01:09", billed_duration_secs=0))
    (line,) = other.lines("complete")
    assert line["callmeter"]["unanswered"] == "yes"
    assert "answered_at" not in line["callmeter"]


@pytest.mark.parametrize("seconds", ["-1", "1.5", "x", "9" * 30])
def test_a_bill_that_is_no_number_of_seconds_stands_in_for_nothing(seconds: str) -> None:
    here = Collecting()
    here.post(INITIATED, HANGUP, telnyx("cost", "10:01:09", billed_duration_secs=seconds))
    here.later()
    (line,) = here.lines("partial")
    assert "answered_at" not in line["callmeter"]


def test_a_sipgate_call_has_the_times_its_events_came_at() -> None:
    here = Collecting()
    for seconds, post in (
        (0, sipgate("newCall")),
        (5, sipgate("answer")),
        (66, sipgate("hangup", cause="normalClearing")),
    ):
        here.post(post, at=NOW + timedelta(seconds=seconds))
    (line,) = here.lines("complete")
    assert line["callmeter"] == {
        "received_at": "2026-11-24T01:03:09.123Z",
        "initiated_at": "2026-11-24T01:02:03.123Z",
        "answered_at": "2026-11-24T01:02:08.123Z",
        "direction": "outbound",
        "from": "442079460101",
        "to": "447700900123",
    }
    assert line["cause"] == "normalClearing"


def test_legs_of_different_carriers_and_ids_do_not_meet() -> None:
    here = Collecting()
    here.post(INITIATED, telnyx("answered", "10:00:05", leg="leg-2"), sipgate("answer", leg="leg-1"), HANGUP)
    assert here.lines() == []
    assert len(here.delayed) == 1
