"""FreeSWITCH: every template it ships, tables with a header, JSON and XML CDRs: the same calls in each."""

import json
from pathlib import Path
from typing import Any

import pytest

from callmeter.errors import UnreadableFile
from callmeter.rating.stages import Intake
from rating_kit import Answer, rate_paths, rated, write_rates

DATA = Path(__file__).resolve().parents[1] / "data" / "freeswitch"
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "freeswitch" / "json_cdr_full.json"
ACCOUNTS = "account_id,plan,numbers,sip_logins\nA1,basic,442079460001,1001 1002\nB1,basic,442079460002,2001\n"
LEG = "a1c0ffee-0000-4000-8000-00000000000{}"
TEMPLATES = ("example", "sql", "snom", "linksys", "pg", "sqlite", "asterisk", "table")
FACTS = ("account_id", "direction", "to_number", "started_at", "duration_seconds", "status", "charge")

CALLS = {  # of the samples: 61 s, 30 s, 40 s, not answered, and a look into the voicemail
    LEG.format(1): ["A1", "outbound", "442079460999", "2026-10-05T10:00:00Z", "61", "rated", "0.061000"],
    LEG.format(2): ["A1", "inbound", "442079460001", "2026-10-05T10:10:00Z", "30", "rated", "0.000000"],
    LEG.format(3): ["A1", "internal", "1002", "2026-10-05T10:20:00Z", "40", "rated", "0.000000"],
    LEG.format(4): ["A1", "outbound", "447700900456", "2026-10-05T10:30:00Z", "0", "unanswered", "0.000000"],
    LEG.format(5): ["A1", "internal", "*97", "2026-10-05T10:40:00Z", "25", "rated", "0.000000"],
}


def facts(answer: Answer) -> dict[str, list[str]]:
    return {call["call_id"]: [call[name] for name in FACTS] for call in answer.rows}


def read(folder: Path, *files: str, **intake: str) -> Answer:
    return rated(folder, *files, intake=Intake(**intake), accounts=ACCOUNTS)


def read_sample(folder: Path, *names: str) -> Answer:
    return rate_paths(folder, write_rates(folder, accounts=ACCOUNTS), *(DATA / name for name in names))


# ---- the samples


@pytest.mark.parametrize(
    "name", [*(f"{one}.csv" for one in TEMPLATES), "json_cdr.json", "json_cdr.jsonl", "xml_cdr.xml"]
)
def test_a_call_reads_the_same_in_every_format(tmp_path: Path, name: str) -> None:
    answer = read_sample(tmp_path, name)
    assert facts(answer) == CALLS
    assert answer.rejects == []
    assert {call["source"] for call in answer.rows} == {"freeswitch"}
    tells_gateway = name.startswith(("asterisk", "json", "xml"))
    assert answer.call(LEG.format(1))["carrier"] == ("acme" if tells_gateway else "")


def test_opencdrrate_has_no_start_so_a_call_counts_from_its_answer_else_its_end(tmp_path: Path) -> None:
    answer = read_sample(tmp_path, "opencdrrate.csv")
    starts = ["2026-10-05T10:00:05Z", "2026-10-05T10:10:03Z", "2026-10-05T10:20:04Z", "2026-10-05T10:30:20Z"]
    assert [call["started_at"] for call in answer.rows][:4] == starts
    for call_id, call in CALLS.items():
        row = facts(answer)[call_id]
        assert [*row[:3], *row[4:]] == [*call[:3], *call[4:]]


def test_one_call_in_csv_json_and_xml_is_billed_once(tmp_path: Path) -> None:
    answer = read_sample(tmp_path, "example.csv", "json_cdr.json", "json_cdr.jsonl", "xml_cdr.xml")
    # each of the three kinds of documents has the five calls again, and the B leg of the first
    assert (answer.summary.rated, answer.summary.duplicates) == (5, 18)
    assert facts(answer) == CALLS


@pytest.mark.skipif(not SHARED.exists(), reason="the sample is not here")
def test_the_lab_call_of_the_json_sample_is_as_its_variables_say(tmp_path: Path) -> None:
    """start_epoch 1515666344, billusec 67539896, from 1001 to user/1002: an extension calls another."""
    rates = write_rates(tmp_path, accounts="account_id,plan,sip_logins\nA1,basic,1001\n")
    answer = rate_paths(tmp_path, rates, SHARED)
    [call] = answer.rows
    assert (answer.summary.rows_in, answer.summary.rejected) == (1, 0)
    names = ("call_id", "from_number", "to_number", "direction", "started_at", "duration_seconds", "charge")
    assert [call[name] for name in names] == [
        "3da8bf84-c133-4959-9e24-e72875cb33a1", "1001", "1002", "internal", "2018-01-11T10:25:44Z", "68", "0.000000",
    ]  # fmt: skip


# ---- lines of templates

CELLS = {
    "name": "Ann", "from": "1001", "to": "02079460999", "context": "default", "start": "2026-10-05 11:00:00",
    "answer": "2026-10-05 11:00:05", "end": "2026-10-05 11:01:06", "duration": "66", "billsec": "61",
    "cause": "NORMAL_CLEARING", "uuid": LEG.format(1), "bleg": "", "account": "", "read": "PCMA", "write": "PCMA",
}  # fmt: skip


def row(**cells: str) -> str:
    return ",".join(f'"{cell}"' for cell in (CELLS | cells).values())


def read_rows(folder: Path, *rows: str, **intake: str) -> Answer:
    return read(folder, "\n".join(rows) + "\n", **intake)


def test_quotes_and_commas_in_a_name_move_no_cell(tmp_path: Path) -> None:
    names = ('O"Hara', '"Ann"', "Ann, Sales", '", ann', 'a"b"c', "12,13", "")
    answer = read_rows(tmp_path, *(row(name=name, uuid=LEG.format(n)) for n, name in enumerate(names)))
    assert [(call["to_number"], call["duration_seconds"]) for call in answer.rows] == [("442079460999", "61")] * 7


def test_a_name_that_forges_cells_spoils_its_own_line_only(tmp_path: Path) -> None:
    forged = row(name='x","1001","1001","default')
    answer = read_rows(tmp_path, row(), forged, row(uuid=LEG.format(2)))
    assert len(answer.rows) == 2
    assert [(reject["line"], reject["reason"]) for reject in answer.rejects] == [("2", "malformed-row")]


def test_normal_clearing_does_not_say_that_somebody_answered(tmp_path: Path) -> None:
    [call] = read_rows(tmp_path, row(answer="", billsec="0")).rows
    assert (call["direction"], call["status"], call["charge"]) == ("outbound", "unanswered", "0.000000")


def test_an_answer_in_1970_is_none(tmp_path: Path) -> None:
    """Old versions write the epoch for an answer that never was, and count billsec from there."""
    answers = ("1970-01-01 01:00:00", "1969-12-31 19:00:00")
    rows = [row(answer=answer, billsec="1791194466", uuid=LEG.format(n)) for n, answer in enumerate(answers)]
    for call in read_rows(tmp_path, *rows).rows:
        assert (call["status"], call["duration_seconds"]) == ("unanswered", "0")


def test_every_spelling_of_a_number_ends_as_one_or_as_a_reject(tmp_path: Path) -> None:
    """A fraudster probes: the same number with every prefix there is."""
    dialled = ("0034910123456", "+34910123456", "34910123456", "00034910123456")
    rows = [row(to=to, answer="", billsec="0", uuid=LEG.format(n)) for n, to in enumerate(dialled)]
    answer = read_rows(tmp_path, *rows, country="ES")
    assert {call["to_number"] for call in answer.rows} == {"34910123456"}
    assert answer.reasons == ["bad-number"]


def test_times_are_local_and_the_hour_that_comes_twice_is_told_of(tmp_path: Path) -> None:
    answer = read_rows(tmp_path, row(start="2026-10-25 01:30:00"), timezone="Europe/London")
    assert answer.rows[0]["started_at"] == "2026-10-25T00:30:00Z"
    assert any("the hour that daylight saving repeats" in warning for warning in answer.summary.warnings)
    assert read_rows(tmp_path, row(), timezone="UTC").rows[0]["started_at"] == "2026-10-05T11:00:00Z"


DIRECTIONS: list[tuple[dict[str, str], str]] = [
    ({}, "outbound"),
    ({"to": "999"}, "outbound"),
    ({"to": "118500"}, "outbound"),
    ({"to": "*6702079460999"}, "outbound"),
    ({"to": "1002"}, "internal"),
    ({"to": "*98"}, "internal"),
    ({"to": "voicemail"}, "internal"),
    ({"from": "+447700900123", "to": "02079460001", "context": "public"}, "inbound"),
    ({"from": "+447700900123", "to": "1001"}, "inbound"),  # from outside, passed on to the phone
]


def test_context_and_numbers_say_which_way_a_call_went(tmp_path: Path) -> None:
    deck = "prefix,rate,group\n44,0.06,\n999,0,emergency\n118500,1,short\n"
    rows = [row(**cells, uuid=LEG.format(n)) for n, (cells, _) in enumerate(DIRECTIONS)]
    answer = rated(tmp_path, "\n".join(rows) + "\n", deck=deck, accounts=ACCOUNTS)
    assert [call["direction"] for call in answer.rows] == [direction for _, direction in DIRECTIONS]
    assert {call["account_id"] for call in answer.rows} == {"A1"}
    assert answer.call(LEG.format(3))["to_number"] == "442079460999"


def test_a_number_is_charged_by_the_code_then_by_the_extension(tmp_path: Path) -> None:
    answer = read_rows(
        tmp_path,
        row(account="b1"),
        row(**{"from": "2001"}, uuid=LEG.format(2)),
        row(account="sales", uuid=LEG.format(3)),
        row(**{"from": "3001"}, uuid=LEG.format(4)),
    )
    assert [call["account_id"] for call in answer.rows] == ["B1", "B1", "A1"]
    assert answer.reasons == ["unknown-account"]


# ---- legs


def test_the_b_leg_beside_its_a_leg_is_the_same_call(tmp_path: Path) -> None:
    a = row(uuid=LEG.format(1), bleg=LEG.format(2))
    b = row(uuid=LEG.format(2), bleg=LEG.format(1), start="2026-10-05 11:00:01", duration="65")
    for rows in ((a, b), (b, a)):
        answer = read_rows(tmp_path, *rows)
        assert (answer.ids, answer.summary.duplicates) == ([LEG.format(1)], 1)


def test_legs_of_a_table_are_told_apart_too(tmp_path: Path) -> None:
    header = "caller_id_number,destination_number,start_stamp,answer_stamp,duration,billsec,hangup_cause,uuid,bleg_uuid"
    leg = "1001,02079460999,2026-10-05 11:00:00,2026-10-05 11:00:05,{},61,NORMAL_CLEARING,{},{}"
    pair = leg.format(65, LEG.format(2), LEG.format(1)), leg.format(66, LEG.format(1), LEG.format(2))
    answer = read_rows(tmp_path, header, *pair)
    assert (answer.ids, answer.summary.duplicates) == ([LEG.format(1)], 1)


def test_of_two_legs_of_one_second_the_longer_is_the_a_leg(tmp_path: Path) -> None:
    a = row(uuid=LEG.format(1), bleg=LEG.format(2))
    b = row(uuid=LEG.format(2), bleg=LEG.format(1), duration="65", billsec="60")
    assert read_rows(tmp_path, b, a).ids == [LEG.format(1)]
    assert len(read_rows(tmp_path, b, b.replace('"65"', '"66"').replace(LEG.format(2), LEG.format(3), 1)).ids) == 2


def test_a_b_leg_that_only_its_a_leg_names_is_the_same_call_too(tmp_path: Path) -> None:
    answer = read_rows(tmp_path, row(uuid=LEG.format(2)), row(uuid=LEG.format(1), bleg=LEG.format(2)))
    assert (answer.ids, answer.summary.duplicates) == ([LEG.format(1)], 1)


def test_a_file_of_b_legs_alone_has_calls(tmp_path: Path) -> None:
    answer = read_rows(tmp_path, *(row(uuid=LEG.format(n), bleg=LEG.format(n + 4)) for n in (1, 2)))
    assert (answer.summary.rated, answer.summary.duplicates) == (2, 0)


def test_the_line_of_the_accounts_own_file_is_a_duplicate(tmp_path: Path) -> None:
    answer = read(tmp_path, row(account="A1") + "\n", row(account="A1") + "\n")
    assert (answer.summary.rated, answer.summary.duplicates) == (1, 1)


# ---- bad lines, and files that only look alike


def test_bad_cells_are_rejects_of_their_own_line(tmp_path: Path) -> None:
    answer = read_rows(
        tmp_path,
        row(),
        row(uuid=LEG.format(2), start="yesterday"),
        row(uuid=LEG.format(3), billsec="-5"),
        row(uuid=LEG.format(4), billsec="x"),
        row(uuid=LEG.format(5), to=""),
        row(uuid=LEG.format(6))[:-30],
        "",
        "what is this",
    )
    assert answer.summary.rated == 1
    assert answer.reasons == [
        "bad-time", "bad-duration", "bad-duration", "bad-number", "malformed-row", "malformed-row",
    ]  # fmt: skip


def test_half_a_last_line_is_told_of(tmp_path: Path) -> None:
    answer = read(tmp_path, f"{row()}\n{row(uuid=LEG.format(2))[:60]}")
    assert any("the last line has no end" in warning for warning in answer.summary.warnings)
    assert (answer.summary.rated, answer.reasons) == (1, ["malformed-row"])


def test_the_first_line_may_be_half_a_line(tmp_path: Path) -> None:
    answer = read_rows(tmp_path, row()[50:], row())
    assert (answer.ids, answer.reasons) == ([LEG.format(1)], ["malformed-row"])


def test_asterisks_own_master_csv_is_not_freeswitchs(tmp_path: Path) -> None:
    line = '"","1001","02079460999","from-internal","""A"" <1001>","SIP/1001-00000001","SIP/acme-00000002","Dial","x",'
    line += '"2026-10-05 11:00:00","2026-10-05 11:00:05","2026-10-05 11:01:06",66,61,"ANSWERED","DOCUMENTATION"\n'
    assert read(tmp_path, line).rows[0]["source"] == "asterisk"
    with pytest.raises(UnreadableFile, match=r"FreeSWITCH's CDRs: lines of mod_cdr_csv"):
        read(tmp_path, line, source="freeswitch")


# ---- documents


def document(variables: dict[str, str] | None = None, profile: dict[str, Any] | None = None, *older: str) -> str:
    """A JSON CDR: a customer's phone calls out by a gateway. older: what was dialled before it was passed on."""
    own = {
        "uuid": LEG.format(1), "direction": "inbound", "sip_auth_username": "1001",
        "channel_name": "sofia/internal/1001", "start_epoch": "1791194400", "start_stamp": "2026-10-05 06:00:00",
        "answer_epoch": "1791194405", "duration": "66", "billsec": "60", "billmsec": "60540",
        "billusec": "60540123", "hangup_cause": "NORMAL_CLEARING", "last_app": "bridge",
        "last_arg": "{a=b}sofia/gateway/acme/442079460999", "bridge_uuid": LEG.format(2),
    }  # fmt: skip
    newest = {"caller_id_number": "1001", "destination_number": "02079460999", "context": "default"} | (profile or {})
    flow = [{"caller_profile": newest}, *({"caller_profile": {"destination_number": one}} for one in older)]
    kept = {name: text for name, text in (own | (variables or {})).items() if text}
    return json.dumps({"core-uuid": "c", "channel_data": {}, "variables": kept, "callflow": flow})


def read_document(folder: Path, *documents: str) -> Answer:
    return read(folder, "\n".join(documents) + "\n", source="freeswitch")


INBOUND = {"sip_auth_username": "", "channel_name": "sofia/external/+447700900123%40198.51.100.7",
           "last_arg": "user/1001@pbx.example.com", "sip_to_user": "02079460001"}  # fmt: skip


def test_a_customers_call_goes_out_though_its_channel_came_in(tmp_path: Path) -> None:
    """Epochs are UTC and count before stamps; 60.540123 seconds are 61."""
    [call] = read_document(tmp_path, document()).rows
    names = ("account_id", "direction", "started_at", "duration_seconds", "charge", "carrier")
    assert [call[name] for name in names] == ["A1", "outbound", "2026-10-05T10:00:00Z", "61", "0.061000", "acme"]


DURATIONS: list[tuple[dict[str, str], str]] = [
    ({"billusec": "61000001"}, "62"),
    ({"billusec": "61000000"}, "61"),
    ({"billusec": "400000", "billmsec": "400", "billsec": "0"}, "1"),
    ({"billusec": "", "billmsec": "61001"}, "62"),
    ({"billusec": "", "billmsec": ""}, "60"),
    ({"billusec": "?", "billmsec": "61000"}, "61"),
]


def test_the_finest_duration_counts_and_is_rounded_up(tmp_path: Path) -> None:
    documents = [document(cells | {"uuid": LEG.format(n)}) for n, (cells, _) in enumerate(DURATIONS)]
    answer = read_document(tmp_path, *documents)
    assert [call["duration_seconds"] for call in answer.rows] == [seconds for _, seconds in DURATIONS]
    assert {call["status"] for call in answer.rows} == {"rated"}


def test_without_an_answer_nothing_is_charged_whatever_the_cause(tmp_path: Path) -> None:
    unanswered = {"answer_epoch": "0", "billusec": "0", "billmsec": "0", "billsec": "0"}
    [call] = read_document(tmp_path, document(unanswered)).rows
    assert (call["status"], call["direction"]) == ("unanswered", "outbound")


def test_an_inbound_call_is_to_the_number_that_was_dialled_not_to_the_phone(tmp_path: Path) -> None:
    profile = {"caller_id_number": "+447700900123", "destination_number": "1001"}
    passed_on: tuple[tuple[str, ...], ...] = (("02079460002",), ("s", "02079460002"), ())
    documents = [document(INBOUND | {"uuid": LEG.format(n)}, profile, *older) for n, older in enumerate(passed_on)]
    answer = read_document(tmp_path, *documents)
    assert [call["account_id"] for call in answer.rows] == ["B1", "B1", "A1"]
    assert {(call["direction"], call["charge"]) for call in answer.rows} == {("inbound", "0.000000")}


WAYS: list[tuple[dict[str, str], dict[str, str], str]] = [
    ({"last_arg": "user/1002@pbx.example.com"}, {"destination_number": "1002"}, "internal"),
    ({"last_app": "voicemail", "last_arg": "", "bridge_uuid": ""}, {"destination_number": "1002"}, "internal"),
    ({"last_app": "conference", "last_arg": "", "bridge_uuid": ""}, {"destination_number": "3000"}, "internal"),
    ({"last_app": "echo", "last_arg": "", "bridge_uuid": ""}, {"destination_number": "02079460999"}, "internal"),
    ({"last_arg": "sofia/external/02079460999@192.0.2.1"}, {}, "outbound"),
    ({"last_arg": "", "lcr_carrier": "acme"}, {}, "outbound"),
    ({"last_arg": "", "bridge_channel": "sofia/external/02079460999"}, {}, "outbound"),
    ({"call_direction": "local"}, {}, "internal"),
    (INBOUND | {"last_app": "voicemail", "bridge_uuid": ""}, {"destination_number": "1001"}, "inbound"),
]


def test_where_a_leg_came_from_and_was_sent_to_says_which_way_it_went(tmp_path: Path) -> None:
    documents = [document(leg | {"uuid": LEG.format(n)}, profile) for n, (leg, profile, _) in enumerate(WAYS)]
    answer = read_document(tmp_path, *documents)
    assert [call["direction"] for call in answer.rows] == [direction for _, _, direction in WAYS]
    for call in answer.rows:
        assert call["charge"] == ("0.061000" if call["direction"] == "outbound" else "0.000000")


def test_a_fax_that_the_switch_sends_itself_goes_out(tmp_path: Path) -> None:
    """One leg only: the switch calls by its gateway, and runs an application on it."""
    fax = {"direction": "outbound", "channel_name": "sofia/external/02079460999", "last_app": "txfax",
           "last_arg": "fax.tif", "bridge_uuid": "", "sip_gateway_name": "acme", "accountcode": "A1"}  # fmt: skip
    [call] = read_document(tmp_path, document(fax | {"sip_auth_username": ""})).rows
    assert [call[name] for name in ("account_id", "direction", "charge", "carrier")] == [
        "A1", "outbound", "0.061000", "acme",
    ]  # fmt: skip


def test_click_to_call_is_to_the_number_the_gateway_was_given(tmp_path: Path) -> None:
    [call] = read_document(tmp_path, document({"direction": "outbound"}, {"destination_number": "1001"})).rows
    assert (call["direction"], call["to_number"]) == ("outbound", "442079460999")


@pytest.mark.parametrize(
    "b_leg",
    [
        document({"uuid": LEG.format(2), "originating_leg_uuid": LEG.format(1)}),
        document({"uuid": LEG.format(2), "originator": LEG.format(1)}),
        document({"uuid": LEG.format(2)}, {"originator": {"originator_caller_profiles": [{"uuid": LEG.format(1)}]}}),
    ],
)
def test_a_b_leg_says_so_itself_and_is_no_call_of_its_own(tmp_path: Path, b_leg: str) -> None:
    answer = read_document(tmp_path, b_leg, document())
    assert (answer.ids, answer.summary.duplicates) == ([LEG.format(1)], 1)
    assert read_document(tmp_path, b_leg).summary.duplicates == 1  # its A leg comes in another file


def test_values_may_be_encoded_or_not_and_what_is_badly_encoded_stays(tmp_path: Path) -> None:
    answer = read_document(
        tmp_path,
        document({"accountcode": "A%31", "sip_auth_username": ""}),
        document({"uuid": LEG.format(2), "last_arg": "sofia%2Fgateway%2Fbeta%2F442079460999"}),
        document({"uuid": LEG.format(3), "accountcode": "100%ff", "caller_id": "%zz%"}),
        document({"uuid": LEG.format(4)}, {"destination_number": "%2B442079460999"}),
    )
    assert [call["account_id"] for call in answer.rows] == ["A1"] * 4
    assert answer.call(LEG.format(2))["carrier"] == "beta"
    assert {call["to_number"] for call in answer.rows} == {"442079460999"}


def test_an_older_document_has_its_id_and_its_one_profile_elsewhere(tmp_path: Path) -> None:
    record = json.loads(document({"uuid": ""}, {"uuid": LEG.format(7)}))
    record["callflow"] = record["callflow"][0]
    answer = read_document(tmp_path, json.dumps(record))
    assert answer.ids == [LEG.format(7)]


def test_a_provider_prefix_is_no_part_of_the_number(tmp_path: Path) -> None:
    prefixed = document({"provider_prefix": "9915"}, {"destination_number": "991502079460999"})
    assert read_document(tmp_path, prefixed).rows[0]["to_number"] == "442079460999"


def test_bad_values_in_a_document_are_its_own_reject(tmp_path: Path) -> None:
    answer = read_document(
        tmp_path,
        document(),
        document({"uuid": LEG.format(2), "start_epoch": "soon"}),
        document({"uuid": LEG.format(3), "billusec": "-1", "billmsec": "", "billsec": "x"}),
        document()[:-40],
        '{"variables": 5}',
    )
    assert answer.summary.rated == 1
    assert answer.reasons == ["bad-time", "bad-duration", "malformed-row", "bad-time"]
