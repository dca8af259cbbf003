"""FusionPBX: the export by its columns' names, the table, and what its FreeSWITCH posts: the same calls in each."""

import csv
import io
import json
from pathlib import Path

import pytest

from callmeter.errors import UnreadableFile
from callmeter.rating.stages import Intake
from callmeter.sources import recognise
from callmeter.sources.text import make_safe
from rating_kit import Answer, rate_paths, rated, write_rates

DATA = Path(__file__).resolve().parents[1] / "data" / "fusionpbx"
ACCOUNTS = "account_id,plan,numbers,sip_logins\nA1,basic,442079460001,a1.example.com\nB1,basic,,b1.example.com\n"
LEG = "a1c0ffee-0000-4000-8000-00000000000{}"
FACTS = ("account_id", "direction", "to_number", "started_at", "duration_seconds", "status", "charge")

CALLS = {
    LEG.format(1): ["A1", "outbound", "442079460999", "2026-10-05T10:00:00Z", "61", "rated", "0.061000"],
    LEG.format(2): ["A1", "inbound", "442079460001", "2026-10-05T10:10:00Z", "30", "rated", "0.000000"],
    LEG.format(3): ["A1", "internal", "1002", "2026-10-05T10:20:00Z", "40", "rated", "0.000000"],
    LEG.format(4): ["A1", "outbound", "447700900456", "2026-10-05T10:30:00Z", "0", "unanswered", "0.000000"],
    LEG.format(5): ["A1", "internal", "*97", "2026-10-05T10:40:00Z", "25", "rated", "0.000000"],
}

CELLS = {
    "domain_uuid": "d", "start_stamp": "2026-10-05 11:00:00", "start_epoch": "1791194400",
    "hangup_cause": "NORMAL_CLEARING", "duration": "66", "billmsec": "60540", "record_path": "", "uuid": LEG.format(1),
    "bridge_uuid": "b", "direction": "outbound", "billsec": "61", "caller_id_name": "Ann",
    "caller_id_number": "02079460001", "caller_destination": "", "source_number": "02079460001",
    "destination_number": "02079460999", "leg": "a", "accountcode": "", "answer_stamp": "2026-10-05 11:00:05",
    "cc_side": "", "last_app": "bridge", "last_arg": "", "domain_name": "a1.example.com",
}  # fmt: skip


def export(*rows: dict[str, str], without: tuple[str, ...] = ()) -> str:
    """An export as FusionPBX writes it: every cell in quotes, those inside as they are."""
    names = [name for name in CELLS if name not in without]
    lines = [names, *([(CELLS | row)[name] for name in names] for row in rows)]
    return "".join(",".join(f'"{cell}"' for cell in line) + "\n" for line in lines)


def read(folder: Path, *rows: dict[str, str], without: tuple[str, ...] = (), **intake: str) -> Answer:
    return rated(folder, export(*rows, without=without), intake=Intake(**intake), accounts=ACCOUNTS)


def facts(answer: Answer) -> dict[str, list[str]]:
    return {call["call_id"]: [call[name] for name in FACTS] for call in answer.rows}


# ---- the samples


@pytest.mark.parametrize("path", sorted(DATA.iterdir()), ids=lambda path: path.name)
def test_a_call_reads_the_same_in_every_format(tmp_path: Path, path: Path) -> None:
    answer = rate_paths(tmp_path, write_rates(tmp_path, accounts=ACCOUNTS), path)
    assert facts(answer) == CALLS
    assert answer.rejects == []
    assert {call["source"] for call in answer.rows} == {"fusionpbx"}


def test_one_call_exported_pulled_and_posted_is_billed_once(tmp_path: Path) -> None:
    names = ("export_5.csv", "v_xml_cdr.csv", "webhook.jsonl", "xml_cdr.xml")
    answer = rate_paths(tmp_path, write_rates(tmp_path, accounts=ACCOUNTS), *(DATA / name for name in names))
    # five calls four times; a B leg in export and table, and the leg of a queue's agent in the export
    assert (answer.summary.rated, answer.summary.duplicates) == (5, 15 + 3)
    assert facts(answer) == CALLS


# ---- columns


@pytest.mark.parametrize(
    "without",
    [
        ("start_stamp",),
        ("start_epoch",),
        ("billsec", "duration"),
        ("billmsec",),
        ("answer_stamp",),
        ("caller_id_number",),
        ("source_number", "caller_destination", "hangup_cause", "bridge_uuid", "leg", "cc_side", "domain_name"),
    ],
)
def test_columns_that_a_reader_may_not_see_are_not_needed(tmp_path: Path, without: tuple[str, ...]) -> None:
    [call] = read(tmp_path, {}, without=without).rows
    assert [call[name] for name in FACTS] == CALLS[LEG.format(1)]


@pytest.mark.parametrize("without", [("uuid",), ("destination_number",), ("billsec", "billmsec"),
                                     ("start_stamp", "start_epoch")])  # fmt: skip
def test_an_export_that_lacks_what_a_call_needs_is_refused(tmp_path: Path, without: tuple[str, ...]) -> None:
    with pytest.raises(UnreadableFile, match="FusionPBX' CDR export"):
        read(tmp_path, {}, without=without, source="fusionpbx")


def test_columns_may_come_in_any_order_and_as_plain_csv(tmp_path: Path) -> None:
    names = sorted(CELLS)
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows([names, [(CELLS | {"caller_id_name": 'A "x"; y'})[one] for one in names]])
    [call] = rated(tmp_path, text.getvalue(), accounts=ACCOUNTS).rows
    assert [call[name] for name in FACTS] == CALLS[LEG.format(1)]


def test_quotes_inside_of_a_name_are_not_doubled_and_move_nothing(tmp_path: Path) -> None:
    names = ('O"Hara', '"Ann" Lee', "Lee, Ann", "")
    answer = read(tmp_path, *({"caller_id_name": name, "uuid": LEG.format(n)} for n, name in enumerate(names)))
    assert list(facts(answer).values()) == [CALLS[LEG.format(1)]] * 4


def test_the_epoch_counts_before_the_stamp_and_the_stamps_offset_before_the_zone(tmp_path: Path) -> None:
    late = {"start_stamp": "2026-10-05 23:00:00"}
    assert read(tmp_path, late).rows[0]["started_at"] == "2026-10-05T10:00:00Z"
    offset = {"start_stamp": "2026-10-05 06:00:00-04"}
    assert read(tmp_path, offset, without=("start_epoch",)).rows[0]["started_at"] == "2026-10-05T10:00:00Z"
    local = read(tmp_path, {}, without=("start_epoch",), timezone="Europe/Berlin")
    assert local.rows[0]["started_at"] == "2026-10-05T09:00:00Z"


# ---- what a row is


DIRECTIONS: list[tuple[dict[str, str], str]] = [
    ({"direction": "outbound"}, "outbound"),
    ({"direction": "local", "destination_number": "1002"}, "internal"),
    ({"direction": "outbound", "destination_number": "*9902"}, "internal"),
    ({"direction": "", "destination_number": "1002", "caller_id_number": "1001"}, "internal"),
    ({"destination_number": "1002", "last_app": "voicemail", "bridge_uuid": ""}, "internal"),
    ({"direction": "", "last_arg": "sofia/gateway/5e7c/442079460999"}, "outbound"),
]


def test_only_what_went_out_by_a_trunk_is_charged(tmp_path: Path) -> None:
    answer = read(tmp_path, *(cells | {"uuid": LEG.format(n)} for n, (cells, _) in enumerate(DIRECTIONS)))
    assert [call["direction"] for call in answer.rows] == [direction for _, direction in DIRECTIONS]
    for call in answer.rows:
        assert call["charge"] == ("0.061000" if call["direction"] == "outbound" else "0.000000")


def test_a_call_into_the_voicemail_from_outside_is_inbound(tmp_path: Path) -> None:
    [call] = read(tmp_path, {"direction": "inbound", "caller_id_number": "07700900123", "destination_number": "*991001",
                             "caller_destination": "02079460001", "last_app": "voicemail"}).rows  # fmt: skip
    assert (call["account_id"], call["direction"], call["to_number"]) == ("A1", "inbound", "442079460001")


def test_a_call_nobody_answered_is_free_however_that_is_written(tmp_path: Path) -> None:
    stamps = ("", "1970-01-01 01:00:00", "1970-01-01 00:00:00+00", "1969-12-31 19:00:00-05")
    unanswered = {"billsec": "0", "billmsec": "0"}
    rows = [unanswered | {"answer_stamp": stamp, "uuid": LEG.format(n)} for n, stamp in enumerate(stamps)]
    for call in read(tmp_path, *rows).rows:
        assert (call["status"], call["direction"], call["charge"]) == ("unanswered", "outbound", "0.000000")


def test_b_legs_and_a_queues_agents_are_no_calls_of_their_own(tmp_path: Path) -> None:
    b_leg, agent = (
        {"leg": "b", "uuid": LEG.format(2)},
        {"cc_side": "agent", "uuid": LEG.format(3), "direction": "inbound"},
    )
    answer = read(tmp_path, {}, b_leg, agent, {"leg": "a", "cc_side": "member", "uuid": LEG.format(4)})
    assert (answer.ids, answer.summary.duplicates) == ([LEG.format(1), LEG.format(4)], 2)


def test_an_account_is_found_by_its_code_then_its_domain(tmp_path: Path) -> None:
    answer = read(
        tmp_path,
        {"accountcode": "B1"},
        {"uuid": LEG.format(2), "domain_name": "B1.example.com"},
        {"uuid": LEG.format(3), "domain_name": "other.example.com"},
        {"uuid": LEG.format(4), "domain_name": "other.example.com", "caller_id_number": "1001", "source_number": ""},
        {"uuid": LEG.format(5), "domain_name": "b1.example.com", "direction": "inbound",
         "caller_destination": "02079460777"},
    )  # fmt: skip
    assert [call["account_id"] for call in answer.rows] == ["B1", "B1", "A1", "B1"]  # the third by its number
    assert answer.reasons == ["unknown-account"]


def test_the_same_extension_of_two_domains_is_two_customers(tmp_path: Path) -> None:
    inbound = {
        "direction": "inbound",
        "caller_id_number": "07700900123",
        "caller_destination": "",
        "destination_number": "1001",
    }
    answer = read(tmp_path, inbound, inbound | {"uuid": LEG.format(2), "domain_name": "b1.example.com"})
    assert [call["account_id"] for call in answer.rows] == ["A1", "B1"]


def test_bad_rows_are_rejects_of_their_own(tmp_path: Path) -> None:
    text = export(
        {}, {"start_epoch": "x"}, {"billmsec": "", "billsec": "1:x"}, {"destination_number": ""}, {"direction": "?"}
    )
    answer = rated(tmp_path, text + text.splitlines()[1][:50] + "\n" + text.splitlines()[0] + "\n", accounts=ACCOUNTS)
    assert answer.reasons == ["bad-time", "bad-duration", "bad-number", "malformed-row"]
    assert (answer.summary.rated, answer.summary.duplicates) == (1, 1)  # the header that comes again is no row


# ---- which source


def test_documents_are_fusionpbxs_where_its_dial_plan_left_a_trace_or_its_sender_says_so(tmp_path: Path) -> None:
    leg = {"uuid": LEG.format(1), "start_epoch": "1791194400", "billsec": "0", "sip_auth_username": "1001"}
    plain, own = ({"variables": leg | more, "callflow": []} for more in ({}, {"domain_uuid": "d"}))
    for records, stated, name in (
        ([plain], "", "freeswitch"),
        ([plain], "fusionpbx", "fusionpbx"),
        ([plain, own], "", "fusionpbx"),
        ([own], "freeswitch", "freeswitch"),
    ):
        path = tmp_path / "legs.jsonl"
        path.write_text("".join(json.dumps(one) + "\n" for one in records), encoding="utf-8")
        assert recognise(make_safe(path, tmp_path, in_place=True), stated)[0].name == name


def test_a_table_of_freeswitch_is_not_fusionpbxs(tmp_path: Path) -> None:
    answer = rated(tmp_path, export({}, without=("domain_uuid", "caller_destination")), accounts=ACCOUNTS)
    assert {call["source"] for call in answer.rows} <= {"freeswitch"}
