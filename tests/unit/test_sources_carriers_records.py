"""Carriers' JSON: answers of their APIs, and the lines of webhooks and pulls; samples and what they say, by hand."""

import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from callmeter.rating.engine import engine
from callmeter.sources import SOURCES, head_of
from callmeter.sources.documents import as_lines
from callmeter.sources.text import make_safe
from rating_kit import rate_paths, write, write_rates
from sources_kit import ODD, Reader

DATA = Path(__file__).parents[1] / "data"
SHARED = Path(__file__).parents[3] / "shared" / "data"
DECK = "prefix,rate\n44,0.06\n1,0.06\n49,0.06\n"
ACCOUNTS = "account_id,plan,numbers,sip_logins\nA1,basic,442079460001 12025550101 493023125001,alice\n"


@pytest.fixture(scope="module")
def read() -> Iterator[Reader]:
    with engine() as (con, work):
        yield Reader(con, work)


def jsonl(*records: dict[str, Any]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def record(path: str, number: int = 1) -> dict[str, Any]:
    """A record of a sample: of a document, an array or lines."""
    text = (DATA / path).read_text(encoding="utf-8")
    if path.endswith(".jsonl"):
        found: dict[str, Any] = json.loads(text.splitlines()[number - 1])
        return found
    document = json.loads(text)
    records = (
        document if isinstance(document, list) else next(one for one in document.values() if isinstance(one, list))
    )
    listed: dict[str, Any] = records[number - 1]
    return listed


FILES = {
    "twilio/calls.json": [
        "1 outbound 12025550101 12125550142 2026-10-05 10:00:00 61 answered",
        "2 inbound 442079460777 12025550101 2026-10-05 11:00:00 30 answered",
        "3 other-leg",  # to the app it rang
        "4 internal alice 12125550142 2026-10-05 12:00:00 60 answered",  # a SIP phone dials: its child, 5, is paid
        "5 outbound 12025550101 12125550142 2026-10-05 12:00:08 52 answered",
        "6 outbound 12025550101 12125550143 2026-10-05 13:00:00 0 unanswered",
        "7 no-call",  # it goes on
        "8 outbound 12025550101 12125550142 2026-10-05 15:00:00 10 answered",  # trunking-terminating
        "9 inbound 12125550142 12025550101 2026-10-05 16:00:00 10 answered",  # trunking-originating
    ],
    "twilio/callbacks.jsonl": [
        "1 outbound 12025550101 12125550142 2026-10-05 10:00:00 61 answered",  # ended 10:01:01; its Duration is minutes
        "2 outbound 12025550101 12125550143 2026-10-05 13:00:20 0 unanswered",
        "3 outbound 12025550101 12125550145 2026-10-05 17:00:00 20 answered",  # no Timestamp: by when it came
        "4 no-call",
    ],
    "signalwire/calls.json": [
        "1 outbound 12025550101 12125550142 2026-10-05 10:00:00 61 answered",
        "2 inbound 12125550142 12025550101 2026-10-05 11:00:00 0 unanswered",
        "3 outbound 12025550101 12125550142 2026-10-05 12:00:00 5 answered",
    ],
    "signalwire/callbacks.jsonl": ["1 outbound 12025550101 12125550142 2026-10-05 10:00:00 61 answered"],
    "telnyx/detail_records.json": [
        "1 outbound 12025550101 12125550142 2026-10-05 10:00:00 61 answered",  # call_sec, not billed_sec
        "2 inbound 442079460777 12025550101 2026-10-05 11:00:00 20 answered",
        "3 outbound 12025550101 12125550143 2026-10-05 12:00:00 0 unanswered",
        "4 no-call",  # a message
    ],
    "telnyx/hangups.jsonl": [
        "1 outbound 12025550101 12125550142 2026-10-05 10:00:00 61 answered",  # 60.9 from the answer
        "2 outbound 12025550101 12125550143 2026-10-05 12:00:00 0 unanswered",  # user_busy
        "3 bad-duration",  # normal_clearing, and nobody told of an answer
        "4 no-call",
        "5 inbound 12125550142 12025550101 2026-10-05 15:00:00 0 unanswered",  # as the leg's events say
    ],
    "vonage/records.json": ["1 outbound 442079460001 447700900123 2026-10-05 10:00:00 61 answered"],
    "vonage/events.jsonl": [
        "1 outbound 442079460001 447700900123 2026-10-05 10:00:00 61 answered",
        "2 outbound 442079460001 447700900124 2026-10-05 12:00:20 0 unanswered",  # busy
        "3 no-call",
        "4 internal 442079460001 bob 2026-10-05 14:00:00 10 answered",  # to a SIP address
    ],
    "bandwidth/calls.json": [
        "1 outbound 12025550101 12125550142 2026-10-05 10:00:00 62 answered",  # 61.001
        "2 no-call",  # it goes on
    ],
    "bandwidth/events.jsonl": [
        "1 outbound 12025550101 12125550142 2026-10-05 10:00:00 62 answered",
        "2 outbound 12025550101 12125550143 2026-10-05 12:00:00 0 unanswered",
        "3 no-call",
    ],
    "plivo/calls.json": [
        "1 outbound 12025550101 12125550142 2026-10-05 10:00:00 61 answered",  # 15:30+05:30; bill_duration
        "2 inbound 12125550142 12025550101 2026-10-05 11:00:00 0 unanswered",
        "3 internal alice 12125550142 2026-10-05 12:00:00 10 answered",
    ],
    "plivo/hangups.jsonl": [
        "1 outbound 12025550101 12125550142 2026-10-05 10:00:00 61 answered",  # came 10:01:05, Duration 65
        "2 outbound 12025550101 12125550143 2026-10-05 12:00:00 0 unanswered",
    ],
    "voipms/records.json": [
        "1 outbound 12025550101 12125550142 2026-10-05 10:00:00 61 answered",
        "2 inbound 12125550142 12025550101 2026-10-05 11:00:00 30 answered",
        "3 outbound 12025550101 442079460777 2026-10-05 12:00:00 0 unanswered",
        "4 internal 12025550101 4443 2026-10-05 13:00:00 9 answered",  # the echo test
    ],
    "sipgate/history.json": [
        "1 outbound 493023125001 493023125666 2026-10-05 10:00:00 61 answered",
        "2 inbound 493023125666 493023125001 2026-10-05 11:00:00 30 answered",
        "3 inbound anonymous 493023125001 2026-10-05 12:00:00 0 unanswered",
        "4 no-call",  # a message
        "5 outbound 493023125001 493023125667 2026-10-05 13:00:00 0 unanswered",
    ],
    "sipgate/hangups.jsonl": [
        "1 outbound 493023125001 493023125666 2026-10-05 10:00:00 61 answered",  # 60.8 between answer and hangup
        "2 outbound 493023125001 493023125667 2026-10-05 13:00:00 0 unanswered",
        "3 bad-duration",  # normalClearing, and nobody told of an answer
    ],
    "didww/streamed.jsonl": [
        "1 outbound 442079460001 447700900123 2026-10-05 10:00:00 61 answered",
        "2 outbound 442079460001 447700900124 2026-10-05 11:00:00 0 unanswered",
        "3 inbound 447700900123 442079460001 2026-10-05 12:00:00 9 answered",
    ],
}


@pytest.mark.parametrize("path", FILES)
def test_records_are_known_by_themselves_and_read_as_they_say(read: Reader, path: str) -> None:
    assert read.file(DATA / path) == FILES[path]
    assert (read.source.name, read.carriers) == (path.split("/")[0], {path.split("/")[0]})


def odd_ones(found: Any) -> Iterator[Any]:
    """A record again and again, each time with another odd value in one of its places."""
    if not isinstance(found, dict):
        yield from (*ODD, None, True, 1.5, 2**63, ["x"], {"a": 1})
        return
    for name, value in found.items():
        yield from (found | {name: other} for other in odd_ones(value))


@pytest.mark.parametrize("path", FILES)
def test_no_member_whatever_it_holds_spoils_more_than_its_line(read: Reader, path: str) -> None:
    good = record(path)
    odd = list(odd_ones(good))
    found = read.text(jsonl(good, *odd, good))
    assert len(found) == len(odd) + 2
    assert found[-1].split()[1:] == found[0].split()[1:]


def test_no_carrier_takes_a_file_for_its_own_that_is_anothers() -> None:
    carriers = {path.split("/")[0] for path in FILES} | {"vitelity", "flowroute"}
    with engine(allowed=[DATA]) as (con, work):
        for path in sorted(DATA.glob("*/*")):
            if path.is_file() and path.parent.name in SOURCES:
                head = head_of(as_lines(con, make_safe(path, work), work))
                taken = {name for name in carriers if SOURCES[name].recognise(head)}
                assert taken == {path.parent.name} & carriers, path.name


def test_optional_members_count_though_the_first_records_lack_them(read: Reader) -> None:
    unanswered = record("bandwidth/events.jsonl", 2)
    found = read.text(jsonl(*[unanswered] * 30, record("bandwidth/events.jsonl")))
    assert found[-1] == "31 outbound 12025550101 12125550142 2026-10-05 10:00:00 62 answered"


# ---- one call, reported several ways

WAYS = {
    "twilio": ("callbacks.jsonl", "calls.json", "console.csv"),
    "signalwire": ("callbacks.jsonl", "calls.json"),
    "telnyx": ("hangups.jsonl", "detail_records.json", "report.csv"),
    "vonage": ("events.jsonl", "records.json", "report.csv"),
    "bandwidth": ("events.jsonl", "calls.json"),
    "plivo": ("hangups.jsonl", "calls.json", "export.csv"),
    "sipgate": ("hangups.jsonl", "history.json", "history.csv"),
    "voipms": ("records.json", "portal.csv"),
}


def only_first(folder: Path, path: str) -> Path:
    """The first call of a sample, in its own form."""
    kept = folder / path.replace("/", "-")
    if path.endswith(".csv"):
        return write(kept, "\n".join((DATA / path).read_text(encoding="utf-8").splitlines()[:2]) + "\n")
    return write(kept.with_suffix(".jsonl"), jsonl(record(path)))


@pytest.mark.parametrize("carrier", WAYS)
def test_one_call_that_is_reported_several_ways_is_one_call(read: Reader, tmp_path: Path, carrier: str) -> None:
    calls, ids = set(), set()
    for name in WAYS[carrier]:
        [call] = read.text(only_first(tmp_path, f"{carrier}/{name}").read_bytes())
        calls.add(call.split(" ", 1)[1])
        ids.update(read.ids)
    assert (len(calls), len(ids)) == (1, 1)


def test_and_it_is_billed_once(tmp_path: Path) -> None:
    rates = write_rates(tmp_path, accounts=ACCOUNTS, deck=DECK)
    answer = rate_paths(tmp_path, rates, *(only_first(tmp_path, f"twilio/{name}") for name in WAYS["twilio"]))
    assert (answer.summary.rated, answer.summary.duplicates, answer.total) == (1, 2, Decimal("0.061"))


# ---- each one's own


def each(path: str, number: int, **values: Iterable[str]) -> str:
    """A record once for each of the values of a member."""
    [(name, texts)] = values.items()
    return jsonl(*(record(path, number) | {name: text} for text in texts))


def ends(calls: list[str]) -> set[str]:
    """The last two words of each call, or what else it is."""
    return {" ".join(call.split()[1:][-2:]) for call in calls}


def test_a_twilio_call_that_goes_on_is_no_row_yet(read: Reader) -> None:
    states = ("queued", "initiated", "ringing", "in-progress")
    assert ends(read.text(each("twilio/calls.json", 7, status=states))) == {"no-call"}


def test_a_twilio_callback_without_seconds_is_an_unanswered_call(read: Reader) -> None:
    states = ("busy", "failed", "no-answer", "canceled")
    assert ends(read.text(each("twilio/callbacks.jsonl", 2, CallStatus=states))) == {"0 unanswered"}


def test_a_completed_call_without_seconds_is_a_reject_not_a_free_call(read: Reader) -> None:
    callback = record("twilio/callbacks.jsonl")
    del callback["CallDuration"]
    assert read.text(jsonl(callback)) == ["1 bad-duration"]


def test_a_twilio_leg_to_an_app_without_a_parent_is_internal(read: Reader) -> None:
    [call] = read.text(jsonl(record("twilio/calls.json") | {"to": "client:alice", "direction": "outbound-api"}))
    assert call.startswith("1 internal 12025550101 client:alice ")


def hung_up(number: int, cause: str) -> dict[str, Any]:
    """A hangup of Telnyx with another cause."""
    event = record("telnyx/hangups.jsonl", number)
    event["data"]["payload"]["hangup_cause"] = cause
    return event


def test_a_telnyx_leg_whose_cause_says_so_was_never_answered(read: Reader) -> None:
    causes = ("call_rejected", "originator_cancel", "user_busy", "not_found", "no_answer", "timeout")
    assert ends(read.text(jsonl(*(hung_up(3, cause) for cause in causes)))) == {"0 unanswered"}


def test_a_telnyx_leg_that_was_answered_lasted_whatever_ended_it(read: Reader) -> None:
    assert read.text(jsonl(hung_up(1, "timeout"))) == FILES["telnyx/hangups.jsonl"][:1]


def test_other_records_of_telnyx_are_no_calls(read: Reader) -> None:
    kinds = ("messaging", "verify", "conference", "recording", "fax", "media-streaming")
    assert ends(read.text(each("telnyx/detail_records.json", 2, record_type=kinds))) == {"no-call"}


def test_a_vonage_leg_may_end_without_completed(read: Reader) -> None:
    states = ("busy", "cancelled", "unanswered", "rejected", "failed", "timeout")
    assert ends(read.text(each("vonage/events.jsonl", 2, status=states))) == {"0 unanswered"}


def test_a_leg_that_bandwidth_transferred_to_is_a_call_of_its_own(read: Reader) -> None:
    transferred = record("bandwidth/events.jsonl") | {"eventType": "transferDisconnect", "callId": "c-2"}
    del transferred["direction"]
    found = read.text(jsonl(record("bandwidth/events.jsonl"), transferred))
    assert [call.split()[1] for call in found] == ["outbound", "outbound"]
    assert read.ids == ["c-00000000-0001", "c-2"]


def test_what_voipms_was_asked_for_says_which_way_a_call_went(read: Reader) -> None:
    rows = [(2, "Office", "inbound"), (2, "Voicemail", "inbound"), (1, "x", "outbound"), (4, "Echo Test", "outbound")]
    found = read.text(jsonl(*(
        record("voipms/records.json", number) | {"description": description, "callmeter": {"direction": asked}}
        for number, description, asked in rows
    )))  # fmt: skip
    assert [call.split()[1] for call in found] == ["inbound", "inbound", "outbound", "internal"]


def test_a_streamed_record_of_didww_may_come_without_its_wrapping(read: Reader) -> None:
    [call] = read.text(jsonl(record("didww/streamed.jsonl", 3)["attributes"] | {"local_tag": "10-04336EB9"}))
    assert call == "1 inbound 447700900123 442079460001 2026-10-05 12:00:00 9 answered"
    assert read.ids == ["10-04336EB9"]


def test_a_broken_record_is_a_reject_of_its_own_line(read: Reader) -> None:
    line = jsonl(record("plivo/hangups.jsonl"))
    found = read.text(f"{line}{line[:80]}\n[]\n")
    assert found == [FILES["plivo/hangups.jsonl"][0], "2 malformed-row", "3 malformed-row"]


def test_vonages_list_of_calls_names_both_ends_by_objects(read: Reader) -> None:
    call = {
        "uuid": "0000000a-2962-41e7-baf4-90f63e25e439", "conversation_uuid": "CON-1", "status": "completed",
        "direction": "outbound", "duration": "2", "start_time": "2026-10-05T10:00:00.000Z",
        "from": {"type": "phone", "number": "442079460001"}, "to": {"type": "phone", "number": "447700900123"},
    }  # fmt: skip
    [found] = read.text(json.dumps({"count": 1, "_embedded": {"calls": [call]}}, indent=1))
    assert found == "1 outbound 442079460001 447700900123 2026-10-05 10:00:00 2 answered"
    assert (read.source.name, read.ids) == ("vonage", [call["uuid"]])


def test_plivos_billed_minutes_are_not_the_seconds_of_a_call(read: Reader) -> None:
    billed = record("plivo/hangups.jsonl") | {"Duration": "61", "BillDuration": "120"}
    without_times = {name: text for name, text in billed.items() if name not in ("AnswerTime", "EndTime")}
    found = read.text(jsonl(billed, without_times, billed | {"EndTime": "2026-10-05 15:30:45"}))
    assert [line.split()[-2] for line in found] == ["61", "61", "41"]


# ---- real records


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared sample files are not here")
@pytest.mark.parametrize(
    ("path", "call"),
    [
        ("carriers/plivo_call.json", "1 inbound 12025551111 19172592277 2022-06-28 14:09:04 11 answered"),
        ("webhooks/vonage_completed.json", "1 inbound 442079460000 447700900000 2020-01-01 12:00:00 2 answered"),
        ("webhooks/telnyx_call_hangup.json", "1 ? 35319605860 35319605860 2018-02-02 22:20:27 0 unanswered"),
    ],
)
def test_the_carriers_own_examples_are_read(read: Reader, path: str, call: str) -> None:
    assert read.file(SHARED / path) == [call]
