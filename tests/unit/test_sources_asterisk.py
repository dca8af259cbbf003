"""Asterisk's CDRs, in every form: who called whom, which way, and what makes a row a call of its own."""

from pathlib import Path

import pytest

from callmeter.errors import UnreadableFile
from callmeter.rating.stages import Intake
from callmeter.sources import asterisk
from callmeter.sources.base import Head
from rating_kit import Answer, rate_paths, rated, write_rates

ACCOUNTS = "account_id,plan,numbers,sip_logins\nA1,basic,442079460001,alice bob 101\nB1,basic,442079460002,carol\n"
LAB = Path(__file__).resolve().parents[3] / "shared" / "data" / "asterisk" / "cdr_custom_master_lab.csv"
DATA = Path(__file__).parents[1] / "data" / "asterisk"
CELLS = {
    "accountcode": "", "src": "02079460001", "dst": "02071234567", "dcontext": "from-internal",
    "clid": '""Alice, A"" <02079460001>', "channel": "PJSIP/alice-00000012", "dstchannel": "PJSIP/acme-00000013",
    "lastapp": "Dial", "lastdata": "PJSIP/02071234567@acme,60,tT", "start": "2026-10-05 11:00:00",
    "answer": "2026-10-05 11:00:05", "end": "2026-10-05 11:01:06", "duration": "66", "billsec": "61",
    "disposition": "ANSWERED", "amaflags": "DOCUMENTATION",
}  # fmt: skip


def row(*trailing: str, **cells: str) -> str:
    """A line of Master.csv: quoted but for numbers and an answer that never was; `trailing` as they stand."""
    filled = CELLS | cells
    bare = ("duration", "billsec", *(["answer"] if not filled["answer"] else []))
    quoted = [cell if name in bare else f'"{cell}"' for name, cell in filled.items()]
    return ",".join((*quoted, *trailing))


def head(*lines: str) -> Head:
    return Head("Master.csv", tuple(enumerate(lines, start=1)))


def read(folder: Path, *rows: str, **intake: str) -> Answer:
    return rated(folder, "\n".join(rows) + "\n", intake=Intake(**intake), accounts=ACCOUNTS)


TRAILING = {
    16: (),
    17: ('"1791194400.12"',),
    18: ('"1791194400.12"', '"a, note"'),
    19: ('"peer"', '"1791194400.12"', "7"),
    20: ('"pbx-1-1791194400.12"', '"peer"', '"1791194400.12"', "7"),
    21: ('"1791194400.12"', '"note"', '"peer"', '"1791194400.12"', "7"),
}


@pytest.mark.parametrize("columns", TRAILING)
def test_a_line_has_16_to_21_columns(tmp_path: Path, columns: int) -> None:
    line = row(*TRAILING[columns])
    answer = read(tmp_path, line, line)
    [call] = answer.rows
    assert answer.summary.duplicates == 1
    assert [call[name] for name in ("account_id", "source", "direction", "from_number", "to_number", "carrier")] == [
        "A1", "asterisk", "outbound", "442079460001", "442071234567", "acme",
    ]  # fmt: skip
    assert [call[name] for name in ("started_at", "duration_seconds", "charge", "status")] == [
        "2026-10-05T10:00:00Z", "61", "0.061000", "rated",
    ]  # fmt: skip


def test_a_call_is_known_by_its_uniqueid_linkedid_and_sequence(tmp_path: Path) -> None:
    answer = read(tmp_path, row(*TRAILING[21]), row(*TRAILING[20]))
    assert answer.ids == ["1791194400.12-1791194400.12-7", "pbx-1-1791194400.12-1791194400.12-7"]


def test_rows_of_one_uniqueid_are_calls_of_their_own(tmp_path: Path) -> None:
    """A queue tries one phone after the other on the same channel; without sequence the facts tell them apart."""
    again = ('"1791194400.12"', '"note"', '"peer"', '"1791194400.12"', "8")
    assert len(read(tmp_path, row(*TRAILING[21]), row(*again), row(*again)).rows) == 2
    later = {"dstchannel": "PJSIP/acme-00000014", "start": "2026-10-05 11:05:00"}
    assert len(read(tmp_path, row(*TRAILING[18]), row(*TRAILING[18], **later), row(*TRAILING[17])).rows) == 2


def test_the_same_line_in_the_accounts_own_file_is_a_duplicate(tmp_path: Path) -> None:
    """Asterisk writes each line to Master.csv and again to ACCOUNTCODE.csv."""
    (tmp_path / "A1.csv").write_text(row(*TRAILING[18], accountcode="A1") + "\n", encoding="utf-8")
    (tmp_path / "Master.csv").write_text(row(*TRAILING[18], accountcode="A1") + "\n", encoding="utf-8")
    rates = write_rates(tmp_path, accounts=ACCOUNTS)
    answer = rate_paths(tmp_path, rates, tmp_path / "Master.csv", tmp_path / "A1.csv")
    assert (answer.summary.rated, answer.summary.duplicates) == (1, 1)


def test_the_account_is_that_of_the_code_else_the_login_else_the_number(tmp_path: Path) -> None:
    answer = read(
        tmp_path,
        row(accountcode="b1"),
        row(channel="SIP/carol-0000001a"),
        row(channel="Local/carol@from-internal-00000003;2"),
        row(channel="PJSIP/unknown-0000001a", src="+44 20 7946 0002"),
        row(accountcode="sales", channel="IAX2/alice-1234567", src="100"),
        row(channel="PJSIP/unknown-0000001a", src="100"),
    )
    assert [call["account_id"] for call in answer.rows] == ["B1", "B1", "B1", "B1", "A1"]
    assert [(reject["reason"], reject["detail"]) for reject in answer.rejects] == [
        ("unknown-account", 'from "unknown"')
    ]


# ---- answered, and which way

NOT_ANSWERED = {"answer": "", "billsec": "0"}
TRUNK = {"dcontext": "from-trunk", "channel": "PJSIP/acme-00000012", "src": "07700900123", "dst": "02079460001"}


def test_only_an_answered_row_with_seconds_costs_anything(tmp_path: Path) -> None:
    cases = [
        {"disposition": "NO ANSWER", **NOT_ANSWERED},
        {"disposition": "BUSY", **NOT_ANSWERED},
        {"disposition": "FAILED", **NOT_ANSWERED},
        {"disposition": "CONGESTION", **NOT_ANSWERED},
        {"disposition": "CANCEL", **NOT_ANSWERED},
        {"disposition": "UNKNOWN", **NOT_ANSWERED},
        {"disposition": "ANSWERED", "billsec": "0"},
        {"disposition": "NO ANSWER", "billsec": "15"},  # a queue took the call, nobody else
        {"disposition": "NO ANSWER", "dstchannel": "", **NOT_ANSWERED},
        {"disposition": "FAILED", "dst": "04930123456", "dstchannel": "", **NOT_ANSWERED},  # no rate there either
    ]
    answer = read(tmp_path, *(row(**cells, start=f"2026-10-05 11:00:{n:02}") for n, cells in enumerate(cases)))
    names = ("direction", "status", "billed_seconds", "charge")
    free = ["outbound", "unanswered", "0", "0.000000"]
    assert [[call[name] for name in names] for call in answer.rows] == [free] * len(cases)


def test_a_call_from_a_trunk_is_inbound_and_the_called_sides(tmp_path: Path) -> None:
    contexts = ("from-trunk", "from-pstn", "from-trunk-pjsip-acme", "from-did-direct", "ext-did-0002")
    line = TRUNK | {"dstchannel": "PJSIP/alice-00000013"}
    answer = read(
        tmp_path,
        *(row(**line | {"dcontext": name, "start": f"2026-10-05 11:00:{n:02}"}) for n, name in enumerate(contexts)),
    )
    names = ("account_id", "direction", "from_number", "to_number", "charge", "carrier")
    taken = ["A1", "inbound", "447700900123", "442079460001", "0.000000", "acme"]
    assert [[call[name] for name in names] for call in answer.rows] == [taken] * len(contexts)


def test_an_inbound_call_to_an_extension_is_the_account_of_the_phone_that_rang(tmp_path: Path) -> None:
    [call] = read(tmp_path, row(**(TRUNK | {"dst": "600", "dstchannel": "PJSIP/carol-00000013"}))).rows
    assert (call["account_id"], call["direction"], call["to_number"]) == ("B1", "inbound", "600")


def test_an_answered_call_that_never_left_the_pbx_is_internal_and_costs_nothing(tmp_path: Path) -> None:
    cases = [
        {"src": "101", "dst": "102", "dstchannel": "PJSIP/102-00000013"},  # an extension that is nobody's login
        {"dst": "600", "dstchannel": "PJSIP/bob-00000013"},  # a ring group, taken by the same account
        {"dst": "600", "dstchannel": "Local/bob@from-queue-00000003;1"},
        {"dst": "02071234567", "dstchannel": "PJSIP/bob-00000013"},
        {"dst": "*97", "dstchannel": "", "lastapp": "VoiceMailMain"},
        {"dst": "vmu101", "dstchannel": "", "lastapp": "VoiceMail"},
        {"dst": "s", "dstchannel": "", "lastapp": "Playback"},
    ]
    answer = read(tmp_path, *(row(**cells) for cells in cases))
    names = ("account_id", "direction", "status", "charge")
    free = ["A1", "internal", "rated", "0.000000"]
    assert [[call[name] for name in names] for call in answer.rows] == [free] * len(cases)


def test_a_call_to_another_accounts_phone_is_not_internal(tmp_path: Path) -> None:
    [call] = read(tmp_path, row(dst="02079460002", dstchannel="PJSIP/carol-00000013")).rows
    assert (call["account_id"], call["direction"], call["charge"]) == ("A1", "outbound", "0.061000")


def test_times_are_those_of_the_stated_zone(tmp_path: Path) -> None:
    """The sample configuration that Asterisk ships writes UTC, the program by itself local time."""
    assert read(tmp_path, row()).rows[0]["started_at"] == "2026-10-05T10:00:00Z"
    assert read(tmp_path, row(), timezone="UTC").rows[0]["started_at"] == "2026-10-05T11:00:00Z"


# ---- bad lines, and files that only look alike


def test_a_half_line_spoils_only_itself_even_the_first(tmp_path: Path) -> None:
    half = row()[40:]
    answer = read(tmp_path, half, row(), row(dst="02071234568")[:-30], row(dst="02071234569"))
    assert [call["to_number"] for call in answer.rows] == ["442071234567", "442071234569"]
    assert [(reject["line"], reject["reason"], reject["raw"]) for reject in answer.rejects] == [
        ("1", "malformed-row", half), ("3", "malformed-row", row(dst="02071234568")[:-30]),
    ]  # fmt: skip


def test_a_line_with_another_number_of_columns_is_a_reject(tmp_path: Path) -> None:
    answer = read(tmp_path, row(), row(*TRAILING[21], "one more"))
    assert [reject["detail"] for reject in answer.rejects] == ["the line has more than 21 fields"]


def test_freeswitchs_asterisk_template_is_not_taken_for_master_csv(tmp_path: Path) -> None:
    """The same 18 columns with hangup causes for dispositions: every call would look unanswered."""
    with pytest.raises(UnreadableFile, match=r"Asterisk's Master.csv: 16 to 21 columns"):
        read(tmp_path, row(*TRAILING[18], disposition="NORMAL_CLEARING"), source="asterisk")


def test_a_line_is_recognised_by_start_seconds_and_disposition() -> None:
    assert asterisk.recognise(head(row())) is not None
    for cells in ({"start": "yesterday"}, {"billsec": "x"}, {"duration": ""}, {"disposition": "NORMAL_CLEARING"}):
        assert asterisk.recognise(head(row(**cells))) is None
    assert asterisk.recognise(head("call_id,from,to,start,duration")) is None


# ---- the other forms


def facts(call: dict[str, str]) -> list[str]:
    return [
        call[name] for name in ("direction", "from_number", "to_number", "started_at", "duration_seconds", "status")
    ]


OUT = ["outbound", "442079460001", "442079460123", "2026-10-05T08:00:00Z", "61", "rated"]
FORMS = {
    "Master.csv": [
        OUT,
        ["outbound", "442079460001", "447700900123", "2026-10-05T08:05:00Z", "0", "unanswered"],
        ["inbound", "447700900456", "442079460001", "2026-10-05T08:10:00Z", "45", "rated"],
        ["internal", "101", "*97", "2026-10-05T08:20:00Z", "30", "rated"],
        ["internal", "101", "102", "2026-10-05T08:25:00Z", "57", "rated"],
        [
            "outbound",
            "442079460001",
            "447700900789",
            "2026-10-05T08:30:00Z",
            "120",
            "rated",
        ],  # sent on by the number called
    ],
    "cdr_custom.csv": [
        OUT,
        ["internal", "101", "102", "2026-10-05T08:02:00Z", "0", "unanswered"],
        ["inbound", "447700900456", "442079460001", "2026-10-05T08:10:00Z", "46", "rated"],  # 45.25 seconds
    ],
    "cdr_custom.jsonl": [  # epoch times: exact; 61.25 seconds; dispositions as numbers
        ["outbound", "442079460001", "442079460123", "2026-10-05T08:00:00Z", "62", "rated"],
        ["outbound", "101", "447700900123", "2026-10-05T08:05:00Z", "0", "unanswered"],
    ],
    "cdr_adaptive.csv": [OUT, ["outbound", "101", "447700900123", "2026-10-05T08:25:00Z", "30", "rated"]],
}


@pytest.mark.parametrize("name", FORMS)
def test_each_form_is_recognised_and_read(tmp_path: Path, name: str) -> None:
    answer = rate_paths(tmp_path, write_rates(tmp_path, accounts=ACCOUNTS), DATA / name)
    assert [facts(call) for call in answer.rows] == FORMS[name]
    assert {call["source"] for call in answer.rows} == {"asterisk"}
    assert answer.rejects == []


def test_a_call_is_one_whether_master_csv_has_it_or_a_table(tmp_path: Path) -> None:
    rates = write_rates(tmp_path, accounts=ACCOUNTS)
    answer = rate_paths(tmp_path, rates, DATA / "Master.csv", DATA / "cdr_adaptive.csv", DATA / "cdr_custom.jsonl")
    assert (answer.summary.rated, answer.summary.duplicates) == (6, 4)


def test_a_column_for_the_carrier_is_believed(tmp_path: Path) -> None:
    answer = rate_paths(tmp_path, write_rates(tmp_path, accounts=ACCOUNTS), DATA / "cdr_adaptive.csv")
    assert [call["carrier"] for call in answer.rows] == ["wholesale-1", "wholesale-2"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_cdr_custom_has_any_delimiter_and_no_sequence_in_older_versions(delimiter: str) -> None:
    order = ["clid", *list(CELLS)[1:4], *list(CELLS)[5:], "accountcode"]
    line = [f'"{CELLS[name]}"' for name in order] + ['"1791194400.12"', '""', "7"]
    for columns in (15, 18, 19):
        reading = asterisk.recognise(head(delimiter.join(line[:columns])))
        assert reading
        assert (reading.delimiter, reading.positions["start"], reading.positions["uniqueid"]) == (delimiter, 9, 17)
    assert asterisk.recognise(head(delimiter.join(line[:14]))) is None


def test_a_table_may_be_tab_separated_with_mysqls_nulls(tmp_path: Path) -> None:
    header = [
        "id",
        "Start",
        "clid",
        "Src",
        "Dst",
        "Channel",
        "DstChannel",
        "billsec",
        "Disposition",
        "uniqueid",
        "accountcode",
    ]
    values = ["1", "2026-10-05 11:00:00", '"Alice" <101>', "02079460001", "02071234567", "SIP/alice-5f30"]
    values += ["SIP/acme-9153", "61", "ANSWERED", "\\N", "NULL"]
    [call] = read(tmp_path, "\t".join(header), "\t".join(values)).rows
    assert (call["source"], facts(call)[:3]) == ("asterisk", ["outbound", "442079460001", "442071234567"])


def test_cdr_events_of_the_manager_are_read_by_their_names(tmp_path: Path) -> None:
    event = (
        '{"event":"Cdr","accountcode":"","source":"02079460001","destination":"02071234567","destinationcontext":'
        '"from-internal","callerid":"<02079460001>","channel":"PJSIP/alice-00000001","destinationchannel":'
        '"PJSIP/acme-00000002","lastapplication":"Dial","lastdata":"PJSIP/02071234567@acme","starttime":'
        '"2026-10-05 11:00:00","answertime":"2026-10-05 11:00:05","endtime":"2026-10-05 11:01:06","duration":"66",'
        '"billableseconds":"61","disposition":"ANSWERED","amaflags":"DOCUMENTATION","uniqueid":"1791194400.1"}'
    )
    [call] = read(tmp_path, event).rows
    assert facts(call) == ["outbound", "442079460001", "442071234567", "2026-10-05T10:00:00Z", "61", "rated"]


@pytest.mark.skipif(not LAB.exists(), reason="the sample is not here")
def test_the_lab_sample_is_ten_calls_between_two_phones(tmp_path: Path) -> None:
    """By hand: start - 3 h (the ids' epochs say UTC+3), billsec and disposition of each line."""
    accounts = "account_id,plan,numbers,sip_logins\nA1,basic,442079460001,client1 client2\n"
    rates = write_rates(tmp_path, accounts=accounts)
    answer = rate_paths(tmp_path, rates, LAB, intake=Intake(timezone="Africa/Nairobi"))
    assert [facts(call)[1:5] for call in answer.rows] == [
        ["client1", "6789", "2023-07-25T22:51:32Z", "13"],
        ["client2", "1234", "2023-07-25T22:52:11Z", "0"],
        ["client2", "1234", "2023-07-25T22:54:19Z", "13"],
        ["client1", "6789", "2023-07-25T23:18:26Z", "18"],
        ["client2", "1234", "2023-07-25T23:23:06Z", "0"],
        ["client1", "6789", "2023-07-25T23:23:35Z", "8"],
        ["client1", "6789", "2023-07-25T23:35:51Z", "8"],
        ["client1", "6789", "2023-07-25T23:39:21Z", "7"],
        ["client1", "6789", "2023-07-25T23:45:39Z", "3"],
        ["client1", "6789", "2023-07-25T23:53:44Z", "0"],
    ]  # fmt: skip
    assert {call["direction"] for call in answer.rows} == {"internal"}
    assert [call["status"] for call in answer.rows].count("unanswered") == 3


# ---- which way, by the channels


def test_a_call_of_somebody_who_is_no_extension_is_inbound(tmp_path: Path) -> None:
    line = {"accountcode": "A1", "src": "07700900123", "dstchannel": "SIP/101-00000002", "lastdata": "SIP/101,20,t"}
    answer = read(
        tmp_path,
        # A registered line that is named by its number; a context of the operator's own; a line card.
        row(**line | {"dcontext": "lines", "channel": "SIP/02079460001-00000001", "dst": "02079460001"}),
        row(**line | {"dcontext": "city-pstn", "channel": "SIP/55-00000001", "dst": "02079460001"}),
        row(**line | {"dcontext": "city2", "channel": "SIP/movistar-0000001a", "dst": "101"}),
        row(**line | {"dcontext": "pots", "channel": "DAHDI/i1/07700900123-4", "dst": "101"}),
        # Nothing rings there: the PBX itself took the call.
        row(**line | {"dcontext": "ivr-1", "channel": "SIP/movistar-0000001a", "dst": "600", "dstchannel": ""}),
    )
    assert [facts(call)[:3] for call in answer.rows] == [
        ["inbound", "447700900123", called] for called in ("442079460001", "442079460001", "101", "101", "600")
    ]


def test_what_no_trunk_carried_is_internal(tmp_path: Path) -> None:
    cases: list[dict[str, str]] = [
        {"dst": "102", "dstchannel": "PJSIP/bo-00000002", "lastdata": "PJSIP/bo,20"},
        {"dst": "102", "dstchannel": "PJSIP/bo-00000002", "lastdata": "PJSIP/bo/sip:bo@192.0.2.7:5060,20"},
        {"dst": "102", "dstchannel": "PJSIP/bo-00000002", "lastdata": "PJSIP/al&PJSIP/bo&PJSIP/cy,20"},
        {"dst": "600", "dstchannel": "SIP/103-00000002", "lastapp": "Queue", "lastdata": "600,t"},
        {"dst": "600", "dstchannel": "Local/07700900555@from-queue-00000003;1", "lastdata": "600,t"},
        {"dst": "101", "dstchannel": "PJSIP/acme-00000002", "lastapp": "VoiceMail", "lastdata": "101@default,u"},
        {"dst": "*72", "dstchannel": "", "lastapp": "Read"},
        {"dst": "s", "dstchannel": "", "disposition": "FAILED", "billsec": "0"},
        {"dst": "107", "dstchannel": "", "lastapp": "Congestion", "disposition": "FAILED", "billsec": "0"},
        {"dst": "02079460001", "dstchannel": "", "channel": "PJSIP/101-00000001", "dcontext": "default", "src": "101"},
    ]
    answer = read(tmp_path, *(row(**cells, start=f"2026-10-05 11:00:{n:02}") for n, cells in enumerate(cases)))
    assert [(call["direction"], call["charge"]) for call in answer.rows] == [("internal", "0.000000")] * len(cases)


def test_a_number_that_was_sent_to_a_trunk_is_an_outbound_call(tmp_path: Path) -> None:
    cases: list[dict[str, str]] = [
        {
            "dstchannel": "SIP/211553-00000002",
            "lastdata": "SIP/02071234567@211553,60",
        },  # a trunk with a number for a name
        {"dstchannel": "DAHDI/i1/02071234567-4", "lastdata": "DAHDI/g0/02071234567"},
        {"dstchannel": "DAHDI/1-1", "lastdata": "DAHDI/g0/02071234567"},
        {"dst": "s", "dcontext": "macro-dialout-trunk", "lastdata": "PJSIP/acme/02071234567,300"},
        {"channel": "Local/02071234567@from-internal-00000003;2"},
        {"dcontext": "to-pstn"},
    ]
    answer = read(tmp_path, *(row(**cells) for cells in cases))
    sent = ["outbound", "442079460001", "442071234567"]
    assert [facts(call)[:3] for call in answer.rows] == [sent] * len(cases)


def test_a_call_that_is_sent_on_is_paid_by_the_number_that_was_called(tmp_path: Path) -> None:
    [call] = read(tmp_path, row(**TRUNK | {"lastdata": "PJSIP/02071234567@acme,60"})).rows
    assert (call["account_id"], facts(call)[:3]) == ("A1", ["outbound", "442079460001", "442071234567"])
    delivered = TRUNK | {"dstchannel": "PJSIP/customer-00000013", "lastdata": "PJSIP/442079460001@customer,60"}
    assert read(tmp_path, row(**delivered)).rows[0]["direction"] == "inbound"


def test_the_name_in_a_channel_is_the_login(tmp_path: Path) -> None:
    """carol-anne is nobody's login: the number decides."""
    carols = (
        "SIP/carol-5f30",
        "SIP/carol-b7a1c2d0<ZOMBIE>",
        "IAX2/carol-14597",
        "PJSIP/carol",
        "SIP/carol@pbx2-0000001a",
    )
    answer = read(tmp_path, *(row(channel=channel) for channel in (*carols, "SIP/carol-anne-0000001a")))
    assert [call["account_id"] for call in answer.rows] == [*["B1"] * len(carols), "A1"]


# ---- what the file says of its times


def test_ids_tell_that_times_are_not_those_of_the_zone() -> None:
    line = row('"1791194400.12"')  # 10:00 UTC
    assert asterisk.zone_seems(head(line), "Europe/London") == ""
    assert "those of UTC+01:00, not of UTC:" in asterisk.zone_seems(head(line), "UTC")
    assert asterisk.zone_seems(head(row()), "UTC") == ""
    assert asterisk.zone_seems(head(line, row('"1791194400.13"', start="2026-10-05 10:00:00")), "UTC") == ""
    assert asterisk.zone_seems(head("call_id,from,to,start,duration"), "UTC") == ""


def test_the_repeated_hour_is_told_apart_by_the_id(tmp_path: Path) -> None:
    """02:30 to 03:00 summer time, and again winter time, in Berlin on 2026-10-25: 1792888200 is 00:30 UTC."""
    start = {"start": "2026-10-25 02:30:00"}
    answer = read(tmp_path, row('"1792888200.1"', **start), row('"1792891800.2"', **start), timezone="Europe/Berlin")
    assert [call["started_at"] for call in answer.rows] == ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"]
