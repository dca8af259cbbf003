"""Asterisk's Master.csv, 16 to 21 columns: who called whom, which way, and what makes a row a call of its own."""

from pathlib import Path

import pytest

from callmeter.errors import UnreadableFile
from callmeter.rating.stages import Intake
from callmeter.sources import asterisk
from rating_kit import Answer, rate_paths, rated, write_rates

ACCOUNTS = "account_id,plan,numbers,sip_logins\nA1,basic,442079460001,alice bob 101\nB1,basic,442079460002,carol\n"
SAMPLE = Path(__file__).resolve().parents[3] / "shared" / "data" / "asterisk" / "cdr_custom_master_lab.csv"
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


@pytest.mark.parametrize(
    "cells",
    [
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
    ],
)
def test_only_an_answered_row_with_seconds_costs_anything(tmp_path: Path, cells: dict[str, str]) -> None:
    [call] = read(tmp_path, row(**cells)).rows
    assert [call[name] for name in ("direction", "status", "billed_seconds", "charge")] == [
        "outbound", "unanswered", "0", "0.000000",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "context", ["from-trunk", "from-pstn", "from-trunk-pjsip-acme", "from-did-direct", "ext-did-0002"]
)
def test_a_call_from_a_trunk_is_inbound_and_the_called_sides(tmp_path: Path, context: str) -> None:
    [call] = read(tmp_path, row(**(TRUNK | {"dcontext": context, "dstchannel": "PJSIP/alice-00000013"}))).rows
    assert [call[name] for name in ("account_id", "direction", "from_number", "to_number", "charge", "carrier")] == [
        "A1", "inbound", "447700900123", "442079460001", "0.000000", "acme",
    ]  # fmt: skip


def test_an_inbound_call_to_an_extension_is_the_account_of_the_phone_that_rang(tmp_path: Path) -> None:
    [call] = read(tmp_path, row(**(TRUNK | {"dst": "600", "dstchannel": "PJSIP/carol-00000013"}))).rows
    assert (call["account_id"], call["direction"], call["to_number"]) == ("B1", "inbound", "600")


@pytest.mark.parametrize(
    "cells",
    [
        {"src": "101", "dst": "102", "dstchannel": "PJSIP/102-00000013"},  # an extension that is nobody's login
        {"dst": "600", "dstchannel": "PJSIP/bob-00000013"},  # a ring group, taken by the same account
        {"dst": "600", "dstchannel": "Local/bob@from-queue-00000003;1"},
        {"dst": "02071234567", "dstchannel": "PJSIP/bob-00000013"},
        {"dst": "*97", "dstchannel": "", "lastapp": "VoiceMailMain"},
        {"dst": "vmu101", "dstchannel": "", "lastapp": "VoiceMail"},
        {"dst": "s", "dstchannel": "", "lastapp": "Playback"},
    ],
)
def test_an_answered_call_that_never_left_the_pbx_is_internal_and_costs_nothing(
    tmp_path: Path, cells: dict[str, str]
) -> None:
    [call] = read(tmp_path, row(**cells)).rows
    assert [call[name] for name in ("account_id", "direction", "status", "charge")] == [
        "A1", "internal", "rated", "0.000000",
    ]  # fmt: skip


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
    assert [reject["detail"] for reject in answer.rejects] == ["the line has 22 fields, Master.csv has 16 to 21"]


def test_freeswitchs_asterisk_template_is_not_taken_for_master_csv(tmp_path: Path) -> None:
    """The same 18 columns with hangup causes for dispositions: every call would look unanswered."""
    with pytest.raises(UnreadableFile, match=r"Asterisk's Master.csv: 16 to 21 columns"):
        read(tmp_path, row(*TRAILING[18], disposition="NORMAL_CLEARING"))


def test_cdr_custom_is_not_taken_for_master_csv(tmp_path: Path) -> None:
    line = '"""Alice"" <101>","101","02071234567","from-internal","PJSIP/101-1","PJSIP/acme-2","Dial","x",'
    line += '"2026-10-05 11:00:00","2026-10-05 11:00:05","2026-10-05 11:01:06","66","61","ANSWERED","DOCUMENTATION",'
    with pytest.raises(UnreadableFile):
        read(tmp_path, line + '"","1791194400.12","",0')


@pytest.mark.skipif(not SAMPLE.exists(), reason="the sample is not here")
def test_the_cdr_custom_sample_is_refused_with_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="this is not a file of calls that callmeter knows"):
        rate_paths(tmp_path, write_rates(tmp_path), SAMPLE)


def test_a_line_is_recognised_by_start_seconds_and_disposition() -> None:
    assert asterisk.recognise(1, row()) is not None
    for cells in ({"start": "yesterday"}, {"billsec": "x"}, {"duration": ""}, {"disposition": "NORMAL_CLEARING"}):
        assert asterisk.recognise(1, row(**cells)) is None
    assert asterisk.recognise(1, "call_id,from,to,start,duration") is None
