"""Each kind of pull against a stand-in that keeps to the documented API: what is asked, what comes, what is refused."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from callmeter.errors import CallmeterError, Unreachable
from callmeter.local.carriers import (
    FreepbxStandin,
    SipgateStandin,
    TelnyxStandin,
    TwilioStandin,
    VitelityStandin,
    VoipMsStandin,
)
from callmeter.local.carriers.service import Fault
from callmeter.pulls import freepbx, telnyx
from callmeter.pulls.kinds import fetcher
from callmeter.pulls.port import Credentials, Window, days
from callmeter.pulls.records import hour_of
from callmeter.pulls.settings import WebPull
from callmeter.pulls.web import Web, refuse_link_local
from pull_kit import (
    ACCOUNT,
    DAY,
    NOW,
    Slept,
    asking,
    freepbx_row,
    hours,
    patience,
    settings,
    sipgate_entry,
    telnyx_record,
    told,
    twilio_call,
    vitelity_call,
    voipms_call,
)

AT = datetime(2026, 11, 23, 10, 0, 4, tzinfo=UTC)
BEFORE = AT - timedelta(days=1)
PROJECT = "00000000-0000-4000-8000-000000000000"
ANYBODY = Credentials("", "secret")


# ---- Twilio


def test_twilio_gives_every_call_of_the_day_page_by_page() -> None:
    with TwilioStandin(ACCOUNT, "secret", most=3) as standin:
        standin.calls = [twilio_call(number, AT + timedelta(minutes=number)) for number in range(8)]
        standin.calls.append(twilio_call(9, BEFORE))
        asks = asking("twilio", standin.url, account=ACCOUNT)
        assert {call["sid"] for call in told(asks)} == {f"CA{number:032x}" for number in range(8)}
        assert len(standin.requests) == 3
        assert told(asks)[0] in standin.calls  # the record is as Twilio writes it
        assert hours(list(asks.fetch(DAY))) == ["2026-11-23T10"]


def test_twilio_calls_under_way_are_left_out_until_they_end() -> None:
    with TwilioStandin(ACCOUNT, "secret") as standin:
        standin.calls = [twilio_call(1, AT, status="in-progress", duration=None), twilio_call(2, AT, status="busy")]
        assert [call["status"] for call in told(asking("twilio", standin.url, account=ACCOUNT))] == ["busy"]


def test_signalwire_is_asked_below_its_own_path() -> None:
    with TwilioStandin(PROJECT, "secret", most=1, prefix="/api/laml") as standin:
        standin.calls = [twilio_call(1, AT, duration=86, price=-0.005), twilio_call(2, AT)]
        assert len(told(asking("signalwire", standin.url, account=PROJECT))) == 2


def test_an_api_key_of_twilio_is_a_user_of_its_own() -> None:
    with TwilioStandin(ACCOUNT, "secret") as standin:
        asks = asking("twilio", standin.url, '{"user": "SK1", "password": "word"}', account=ACCOUNT)
        with pytest.raises(CallmeterError, match=r"answered 401: Authenticate\. Check the secret"):
            told(asks)
        assert standin.requests[0].login == ("SK1", "word")


def test_a_next_page_elsewhere_or_again_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    with TwilioStandin(ACCOUNT, "secret") as standin:
        asks = asking("twilio", standin.url, account=ACCOUNT)
        for following in ("https://elsewhere.example/", "@elsewhere.example/", f"{standin._list}.json?Page=1"):
            page = {"calls": [], "next_page_uri": following}
            monkeypatch.setattr(asks._web, "get", lambda *_, page=page: json.dumps(page).encode())  # type: ignore[attr-defined]
            with pytest.raises(CallmeterError, match="names a next page that is none of its calls"):
                told(asks)


@pytest.mark.parametrize(
    "query",
    [{"StartTime": "23-11-2026"}, {"StartTime": "2026-11-23", "PageSize": "1001"}, {"Start": "2026-11-23"}, {}],
)
def test_the_stand_in_of_twilio_refuses_what_is_not_documented(query: dict[str, str]) -> None:
    with TwilioStandin(ACCOUNT, "secret") as standin:
        url = f"{standin.url}/2010-04-01/Accounts/{ACCOUNT}/Calls.json"
        assert httpx.get(url, params=query, auth=(ACCOUNT, "secret"), trust_env=False).status_code == 400


# ---- Telnyx


def test_telnyx_gives_the_records_of_each_type_page_by_page() -> None:
    with TelnyxStandin("secret", lambda: NOW) as standin:
        standin.calls = [telnyx_record(number, AT + timedelta(seconds=number)) for number in range(120)]
        standin.calls += [telnyx_record(500, AT, record_type="call-control"), telnyx_record(501, BEFORE)]
        standin.calls += [telnyx_record(502, AT, finished_at=None)]
        asks = telnyx.DetailRecords(_telnyx(standin.url), ANYBODY, patience(), now=lambda: NOW)
        assert len(told(asks)) == 121
        assert [one["id"] for one in told(asks, Window(DAY.starts_at - timedelta(days=1), DAY.starts_at))] == [
            "record-501"
        ]
        assert told(asks, Window(DAY.starts_at - timedelta(days=9), DAY.starts_at - timedelta(days=8))) == []
        asked = [
            one.query.get("filter[date_range]", one.query.get("filter[created_at][gte]")) for one in standin.requests
        ]
        assert set(asked) == {"today", "yesterday", "2026-11-14"}


def test_telnyx_pages_that_shift_are_read_without_a_record_twice() -> None:
    with TelnyxStandin("secret", lambda: NOW) as standin:
        standin.calls = [telnyx_record(number, AT + timedelta(seconds=number)) for number in range(60)]
        asks = telnyx.DetailRecords(_telnyx(standin.url), ANYBODY, patience(), now=lambda: NOW)
        records = asks.fetch(DAY)
        first = [json.loads(next(records).line)["id"] for _ in range(50)]
        standin.calls.append(telnyx_record(99, AT + timedelta(hours=1)))
        rest = [json.loads(one.line)["id"] for one in records]
        assert sorted(first + rest) == sorted(f"record-{number}" for number in range(60))


def test_telnyx_that_sends_less_than_it_tells_of_is_asked_again_later() -> None:
    with TelnyxStandin("secret", lambda: NOW) as standin:
        standin.calls = [telnyx_record(number, AT) for number in range(60)]
        asks = telnyx.DetailRecords(_telnyx(standin.url), ANYBODY, patience(), now=lambda: NOW)
        records = asks.fetch(DAY)
        next(records)
        standin.calls.clear()
        with pytest.raises(Unreachable, match="told of 60 records and sent 50"):
            list(records)


def _telnyx(url: str) -> telnyx.TelnyxPull:
    pull = settings("telnyx", url + "/v2")
    assert isinstance(pull, telnyx.TelnyxPull)
    return pull


# ---- VoIP.ms


def test_voipms_calls_come_once_with_the_direction_they_were_asked_by() -> None:
    with VoipMsStandin("me", "secret") as standin:
        standin.calls = [voipms_call(1, AT), voipms_call(2, AT, type="incoming"), voipms_call(3, AT, type="other")]
        standin.calls += [voipms_call(4, AT, disposition="NO ANSWER"), voipms_call(5, BEFORE)]
        found = told(asking("voipms", standin.url, user="me"))
        known = {call["uniqueid"]: call.get("callmeter", {}).get("direction") for call in found}
        assert known == {"1": "outbound", "4": "outbound", "2": "inbound", "3": None}
        assert {one.form["timezone"] for one in standin.requests} == {"0"}
        assert all(one.method == "POST" and not one.query for one in standin.requests)


def test_an_answer_of_voipms_that_is_cut_off_is_asked_for_in_parts() -> None:
    with VoipMsStandin("me", "secret", most=3) as standin:
        standin.calls = [voipms_call(number, AT) for number in range(3)]
        standin.calls += [voipms_call(number, AT, disposition="BUSY") for number in range(3, 6)]
        assert len(told(asking("voipms", standin.url, user="me"))) == 6
        standin.calls += [voipms_call(7, AT)]
        with pytest.raises(Unreachable, match=r"voip\.ms's answer is not whole, or no JSON"):
            told(asking("voipms", standin.url, user="me"))


def test_a_day_without_calls_is_no_failure_of_voipms() -> None:
    with VoipMsStandin("me", "secret") as standin:
        assert told(asking("voipms", standin.url, user="me")) == []


def test_what_voipms_refuses_is_said_with_what_to_do() -> None:
    with VoipMsStandin("me", "secret", allowed=False) as standin, pytest.raises(CallmeterError) as refused:
        told(asking("voipms", standin.url, user="me"))
    assert str(refused.value).startswith("voip.ms answered ip_not_enabled to getCDR. Allow this machine's address")
    with VoipMsStandin("me", "other") as standin, pytest.raises(CallmeterError, match="invalid_credentials") as refused:
        told(asking("voipms", standin.url, user="me"))
    assert "secret" not in str(refused.value)


# ---- Vitelity


@pytest.mark.parametrize("inclusive", [True, False])
def test_vitelity_days_come_whole_and_twins_are_two_calls(inclusive: bool) -> None:
    with VitelityStandin("me", "secret", inclusive=inclusive) as standin:
        starts = (AT, AT, AT + timedelta(hours=1), BEFORE, AT + timedelta(days=1))
        standin.calls = [vitelity_call(at) for at in starts]
        asks = asking("vitelity", standin.url, user="me", timezone="America/New_York")
        (today,) = asks.windows(NOW, NOW)
        records = list(asks.fetch(today))
        today_only = [one for one in records if one.hour.startswith("2026-11-23")]
        assert [one.line for one in today_only] == [call["line"].encode() for call in standin.calls[:3]]
        assert hours(today_only) == ["2026-11-23T10", "2026-11-23T11"]
        assert len(records) == 3 + inclusive
        form = standin.requests[0].form
        assert (form["startdate"], form["enddate"]) == ("11-23-2026", "11-24-2026")
        assert asks.header == b"Date,Source,Destination,Seconds,CallerID,Disposition,Cost\n"


def test_vitelity_words_are_understood() -> None:
    with VitelityStandin("me", "secret") as standin:
        assert list(asking("vitelity", standin.url, user="me", timezone="UTC").fetch(DAY)) == []
        with pytest.raises(CallmeterError, match=r"answered invalidauth to getcdr\. Check user"):
            list(asking("vitelity", standin.url, "other", user="me", timezone="UTC").fetch(DAY))
        for line, said in (("2026-11-23 10:00:00,1,2", "it has 3 fields"), ('"' + "x" * 200_000, "it has [01] fields")):
            standin.calls = [{"line": line, "day": "2026-11-23"}]
            with pytest.raises(CallmeterError, match=said):
                list(asking("vitelity", standin.url, user="me", timezone="UTC").fetch(DAY))


def test_a_vitelity_answer_that_is_cut_off_gives_nothing() -> None:
    with VitelityStandin("me", "secret") as standin:
        standin.calls = [vitelity_call(AT)]
        standin.fail(Fault(cut=True))
        with pytest.raises(Unreachable, match="vitelity's answer is not whole"):
            list(asking("vitelity", standin.url, user="me", timezone="UTC").fetch(DAY))


# ---- sipgate


def test_sipgate_gives_the_calls_of_the_day_page_by_page() -> None:
    with SipgateStandin("token-1", "secret") as standin:
        standin.calls = [sipgate_entry(number, AT + timedelta(seconds=number)) for number in range(130)]
        standin.calls += [sipgate_entry(900, AT, type="SMS"), sipgate_entry(901, BEFORE)]
        found = told(asking("sipgate", standin.url + "/v2", user="token-1"))
        assert sorted(int(one["id"]) for one in found) == list(range(130))
        assert len(standin.requests) == 2


# ---- FreePBX


def test_freepbx_gives_a_whole_day_of_its_own_clock_in_a_stable_order() -> None:
    with FreepbxStandin("client", "secret") as standin:
        standin.calls = [freepbx_row(number, AT + timedelta(seconds=number)) for number in range(40)]
        standin.calls += [freepbx_row(99, BEFORE)]
        asks = asking("freepbx", standin.url, user="client", timezone="Europe/London")
        (today,) = asks.windows(NOW, NOW)
        first, second = told(asks, today), told(asks, today)
        assert first == second
        assert [int(row["sequence"]) for row in first] == list(range(40))
        assert len([one for one in standin.requests if one.path.endswith("/token")]) == 1
        assert set(first[0]) == set(freepbx._FIELDS)


def test_a_day_as_large_as_the_page_is_not_taken_for_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(freepbx, "_MOST", 5)
    with FreepbxStandin("client", "secret") as standin:
        standin.calls = [freepbx_row(number, AT) for number in range(7)]
        with pytest.raises(CallmeterError, match="has 5 calls or more on 2026-11-23: read its database"):
            told(asking("freepbx", standin.url, user="client", timezone="Europe/London"))


def test_what_freepbx_refuses_is_said_in_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    with FreepbxStandin("client", "secret") as standin:
        asks = asking("freepbx", standin.url, user="client", timezone="Europe/London")
        monkeypatch.setattr(freepbx, "_FIELDS", ("uniqueid", "colour"))
        with pytest.raises(CallmeterError, match='refused the query: Unknown argument or field "colour"; its cdr'):
            told(asks)
        wrong = asking("freepbx", standin.url, "other", user="client", timezone="Europe/London")
        with pytest.raises(CallmeterError, match=r"/admin/api/api/token answered 401: Client authentication failed"):
            told(wrong)


def test_the_stand_in_of_freepbx_pages_five_rows_and_wants_both_dates() -> None:
    with FreepbxStandin("client", "secret") as standin:
        standin.calls = [freepbx_row(number, AT) for number in range(9)]
        form = {"grant_type": "client_credentials", "client_id": "client", "client_secret": "secret"}
        with httpx.Client(base_url=f"{standin.url}/admin/api/api", trust_env=False) as client:
            token = client.post("/token", data=form).json()["access_token"]

            def asked(arguments: str) -> dict[str, object]:
                query = f"{{ fetchAllCdrs({arguments}) {{ status cdrs {{ uniqueid }} }} }}"
                answer = client.post("/gql", json={"query": query}, headers={"Authorization": f"Bearer {token}"})
                found: dict[str, object] = answer.json()["data"]["fetchAllCdrs"]
                return found

            assert len(str(asked('startDate: "2026-11-23", endDate: "2026-11-23"')["cdrs"]).split("}")) == 6
            assert asked('first: 9, startDate: "2026-11-23"')["message"] == "End Date is required..!!"
            assert asked('startDate: "23/11/2026", endDate: "2026-11-23"')["status"] is False


# ---- requests


def test_a_busy_carrier_is_asked_again_after_as_long_as_it_says() -> None:
    slept = Slept()
    with TwilioStandin(ACCOUNT, "secret") as standin:
        standin.calls = [twilio_call(1, AT)]
        standin.fail(Fault(429, {"Retry-After": "7"}), Fault(closed=True), Fault(503), Fault(408))
        assert len(told(asking("twilio", standin.url, sleep=slept, account=ACCOUNT))) == 1
        assert len(standin.requests) == 5
    assert 7 in slept.seconds


def test_a_carrier_that_wants_to_be_left_alone_for_long_is() -> None:
    slept = Slept()
    later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    with TwilioStandin(ACCOUNT, "secret") as standin:
        standin.fail(Fault(429, {"Retry-After": later}))
        with pytest.raises(Unreachable, match="answered 429"):
            told(asking("twilio", standin.url, sleep=slept, account=ACCOUNT))
        assert len(standin.requests) == 1


def test_a_carrier_that_stays_down_is_given_up_and_no_error_tells_a_secret() -> None:
    with VoipMsStandin("me", "hunter2") as standin:
        standin.fail(*[Fault(500)] * 5)
        with pytest.raises(Unreachable) as down:
            told(asking("voipms", standin.url, "hunter2", user="me"))
        assert str(down.value) == "127.0.0.1/api/v1/rest.php answered 500"
        assert len(standin.requests) == 5


def test_without_time_nothing_is_tried_again() -> None:
    with TwilioStandin(ACCOUNT, "secret") as standin:
        standin.fail(Fault(500))
        pull = settings("twilio", standin.url, account=ACCOUNT)
        with pytest.raises(Unreachable):
            told(fetcher(pull, "secret", patience(has_time=lambda: False)))
        assert len(standin.requests) == 1


def test_requests_keep_their_distance() -> None:
    slept = Slept()
    with VoipMsStandin("me", "secret") as standin:
        pull = settings("voipms", standin.url)
        assert isinstance(pull, WebPull)
        web = Web(pull, patience(slept), spacing_seconds=2, clock=lambda: 0)
        for _ in range(3):
            web.post("/api/v1/rest.php", {})
    assert slept.seconds == [2, 2]


def test_an_answer_that_sends_elsewhere_is_not_followed() -> None:
    with TwilioStandin(ACCOUNT, "secret") as standin:
        standin.fail(Fault(302, {"Location": "http://169.254.169.254/"}))
        with pytest.raises(CallmeterError, match="sends us on to another address"):
            told(asking("twilio", standin.url, account=ACCOUNT))


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "169.254.170.2", "fe80::1", "::ffff:169.254.169.254", "fd00:ec2::254"]
)
def test_no_machine_is_asked_for_its_own_metadata(host: str) -> None:
    with pytest.raises(CallmeterError, match="is a link-local address"):
        refuse_link_local(host)


def test_other_hosts_are_asked() -> None:
    refuse_link_local("127.0.0.1")
    refuse_link_local("nowhere.invalid")


# ---- whatever is answered

NAMES = st.sampled_from((
    "calls", "next_page_uri", "status", "data", "meta", "total_pages", "total_results", "cdr", "items", "totalCount",
    "errors", "message", "fetchAllCdrs", "cdrs", "access_token", "start_time", "date", "id", "uniqueid",
))  # fmt: skip
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.floats(allow_nan=False), st.text(max_size=5),
    st.sampled_from(("success", "completed", "no_cdr", "2026-11-23 10:00:00")),
)  # fmt: skip
DOCUMENTS = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
)  # fmt: skip
BODIES = DOCUMENTS.map(lambda document: json.dumps(document).encode()) | st.binary(max_size=40)
ASKED: dict[str, dict[str, Any]] = {
    "twilio": {"account": ACCOUNT}, "telnyx": {}, "voipms": {}, "sipgate": {}, "vitelity": {"timezone": "UTC"},
    "freepbx": {"timezone": "UTC"},
}  # fmt: skip


class Answering:
    """A carrier that answers the same to everything, and not for ever."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._left = 20

    def get(self, *_: object) -> bytes:
        self._left -= 1
        if not self._left:
            raise Unreachable("that was enough")
        return self._body

    post = post_json = get


@pytest.mark.parametrize("kind", ASKED)
@given(body=BODIES)
@hypothesis_settings(max_examples=60)
def test_whatever_a_carrier_answers_is_records_or_an_error_of_ours(kind: str, body: bytes) -> None:
    asks = asking(kind, "http://127.0.0.1:9", **ASKED[kind])
    asks._web = Answering(body)  # type: ignore[attr-defined]
    try:
        records = list(asks.fetch(DAY))
    except CallmeterError:
        return
    assert all(one.hour == "" or len(one.hour) == 13 for one in records)
    assert all(b"\n" not in one.line for one in records)


# ---- days and hours


def test_days_are_those_of_the_zone_however_long_they_are() -> None:
    since = datetime(2026, 10, 31, 12, tzinfo=UTC)
    found = list(days(since, since + timedelta(days=2), "America/New_York"))
    assert [window.label for window in found] == ["2026-10-31", "2026-11-01", "2026-11-02"]
    lengths = [(window.ends_at.astimezone(UTC) - window.starts_at.astimezone(UTC)) for window in found]
    assert [length / timedelta(hours=1) for length in lengths] == [24, 25, 24]


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2026-11-23 10:00:04", "2026-11-23T10"),
        ("2026-11-23T10:00:04.123Z", "2026-11-23T10"),
        ("11/23/2026 10:00:04", "2026-11-23T10"),
        ("Mon, 23 Nov 2026 10:00:04 +0000", "2026-11-23T10"),
        ("Mon, 23 Nov 2026 10:00:04 +0200", "2026-11-23T08"),
        ("../../etc", ""),
        ("", ""),
        (None, ""),
        (1795428004, ""),
    ],
)
def test_the_hour_of_a_start_is_read_as_carriers_write_it(text: object, hour: str) -> None:
    assert hour_of(text) == hour
