"""FreePBX's CDR export, by the names of its columns: today's 26 and older ones."""

import csv
import io
from pathlib import Path

import pytest

from callmeter.errors import UnreadableFile
from callmeter.rating.stages import Intake
from callmeter.sources.samples import day_first
from rating_kit import Answer, rate_paths, rated, write_rates

DATA = Path(__file__).parents[1] / "data" / "freepbx"
ACCOUNTS = "account_id,plan,numbers,sip_logins\nA1,basic,442079460001,101 102\nB1,basic,442079460002,201\n"
COLUMNS = [
    *("calldate", "clid", "src", "dst", "dcontext", "channel", "dstchannel", "lastapp", "lastdata", "duration"),
    *("billsec", "disposition", "amaflags", "accountcode", "uniqueid", "userfield", "did", "cnum", "cnam"),
    *("outbound_cnum", "outbound_cnam", "dst_cnam", "recordingfile", "linkedid", "peeraccount", "sequence"),
]
ELASTIX = COLUMNS[:16]
ISSABEL = [*ELASTIX, "recordingfile", "cnum", "cnam", "outbound_cnum", "outbound_cnam", "dst_cnam", "did"]
OUTBOUND = {
    "calldate": "2026-10-05 11:00:00", "clid": '"Alice, A" <101>', "src": "101", "dst": "02071234567",
    "dcontext": "from-internal", "channel": "PJSIP/101-00000012", "dstchannel": "PJSIP/acme-00000013",
    "lastapp": "Dial", "lastdata": "PJSIP/02071234567@acme,300,Tb(func-apply-sipheaders^s^1)", "duration": "66",
    "billsec": "61", "disposition": "ANSWERED", "amaflags": "3", "uniqueid": "1791194400.12", "cnum": "101",
    "cnam": "Alice", "outbound_cnum": "02079460001", "linkedid": "1791194400.12", "sequence": "7",
}  # fmt: skip
INBOUND = OUTBOUND | {
    "src": "07700900123", "dst": "600", "dcontext": "ext-queues", "channel": "PJSIP/acme-00000012",
    "dstchannel": "Local/101@from-queue-00000003;1", "did": "02079460001", "cnum": "07700900123", "outbound_cnum": "",
}  # fmt: skip


def export(*rows: dict[str, str], columns: list[str] = COLUMNS) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def read(folder: Path, *rows: dict[str, str], columns: list[str] = COLUMNS, **intake: str) -> Answer:
    return rated(folder, export(*rows, columns=columns), intake=Intake(**intake), accounts=ACCOUNTS)


def facts(call: dict[str, str]) -> list[str]:
    return [call[name] for name in ("account_id", "direction", "from_number", "to_number", "charge")]


@pytest.mark.parametrize("columns", [COLUMNS, ISSABEL, [*COLUMNS[:17]], ELASTIX, list(reversed(COLUMNS))])
def test_an_outbound_call_is_read_by_column_names(tmp_path: Path, columns: list[str]) -> None:
    [call] = read(tmp_path, OUTBOUND, columns=columns).rows
    caller = "442079460001" if "outbound_cnum" in columns else "101"
    assert facts(call) == ["A1", "outbound", caller, "442071234567", "0.061000"]
    assert [call[name] for name in ("source", "started_at", "duration_seconds", "carrier")] == [
        "freepbx", "2026-10-05T10:00:00Z", "61", "acme",
    ]  # fmt: skip


def test_the_account_is_that_of_the_code_else_the_login_else_the_number_sent(tmp_path: Path) -> None:
    unknown = {"channel": "PJSIP/999-00000012"}
    rows = (
        {"accountcode": "B1"},
        {"channel": "SIP/201-00000012"},
        unknown | {"outbound_cnum": "+442079460002"},
        unknown | {"outbound_cnum": "", "src": "02079460002"},
        unknown | {"outbound_cnum": "", "src": "301", "cnum": "301"},
    )
    answer = read(tmp_path, *(OUTBOUND | cells | {"sequence": str(n)} for n, cells in enumerate(rows)))
    assert [call["account_id"] for call in answer.rows] == ["B1", "B1", "B1", "B1"]
    assert answer.reasons == ["unknown-account"]


def test_a_row_with_a_did_is_inbound_to_that_number(tmp_path: Path) -> None:
    [call] = read(tmp_path, INBOUND).rows
    assert facts(call) == ["A1", "inbound", "447700900123", "442079460001", "0.000000"]
    assert call["carrier"] == "acme"


def test_an_inbound_call_is_inbound_by_its_context_too(tmp_path: Path) -> None:
    [call] = read(tmp_path, INBOUND | {"did": "", "dcontext": "from-trunk", "dst": "02079460002"}).rows
    assert facts(call)[:2] == ["B1", "inbound"]


def test_extensions_voicemail_and_the_echo_test_are_internal_though_answered(tmp_path: Path) -> None:
    cases = [
        {"dst": "102", "dstchannel": "PJSIP/102-00000013", "dcontext": "from-internal"},
        {"dst": "600", "dstchannel": "PJSIP/102-00000013", "dcontext": "ext-group"},
        {"dst": "*97", "dstchannel": "", "lastapp": "VoiceMail", "dcontext": "from-internal"},
        {"dst": "vmu102", "dstchannel": "", "lastapp": "VoiceMail", "dcontext": "ext-local"},
        {"dst": "*43", "dstchannel": "", "lastapp": "Echo"},
    ]
    rows = (OUTBOUND | {"outbound_cnum": "", "sequence": str(n)} | cells for n, cells in enumerate(cases))
    answer = read(tmp_path, *rows)
    names = ("account_id", "direction", "status", "charge")
    free = ["A1", "internal", "rated", "0.000000"]
    assert [[call[name] for name in names] for call in answer.rows] == [free] * len(cases)


def test_a_row_that_was_not_answered_costs_nothing(tmp_path: Path) -> None:
    cases = [
        {"disposition": "NO ANSWER", "billsec": "0"},
        {"disposition": "BUSY", "billsec": "0"},
        {"disposition": "FAILED", "billsec": "0", "dstchannel": ""},
        {"disposition": "ANSWERED", "billsec": "0"},
        {"disposition": "NO ANSWER", "billsec": "15", "lastapp": "Queue"},
    ]
    answer = read(tmp_path, *(OUTBOUND | {"sequence": str(n)} | cells for n, cells in enumerate(cases)))
    free = ("unanswered", "0.000000", "0")
    assert [(call["status"], call["charge"], call["billed_seconds"]) for call in answer.rows] == [free] * len(cases)


def test_a_call_nobody_took_from_a_queue_is_a_missed_inbound_one(tmp_path: Path) -> None:
    [call] = read(tmp_path, INBOUND | {"disposition": "NO ANSWER", "billsec": "15"}).rows
    assert (call["account_id"], call["direction"], call["status"]) == ("A1", "inbound", "unanswered")


# ---- identity


def test_rows_of_one_uniqueid_are_calls_of_their_own_by_sequence(tmp_path: Path) -> None:
    answer = read(tmp_path, OUTBOUND, OUTBOUND | {"sequence": "9"}, OUTBOUND)
    assert answer.ids == ["1791194400.12-1791194400.12-7", "1791194400.12-1791194400.12-9"]
    assert answer.summary.duplicates == 1


@pytest.mark.parametrize("missing", [{"uniqueid": ""}, {"linkedid": ""}, {"sequence": ""}])
def test_without_a_whole_id_the_facts_tell_rows_apart(tmp_path: Path, missing: dict[str, str]) -> None:
    one = OUTBOUND | missing
    answer = read(tmp_path, one, one | {"dstchannel": "PJSIP/acme-00000099"}, one | {"billsec": "62"}, one)
    assert (answer.summary.rated, answer.summary.duplicates) == (3, 1)


def test_the_same_call_in_the_export_and_in_master_csv_is_one(tmp_path: Path) -> None:
    master = (
        '"","101","02071234567","from-internal","""A"" <101>","PJSIP/101-00000012","PJSIP/acme-00000013","Dial","x",'
        '"2026-10-05 11:00:00","2026-10-05 11:00:05","2026-10-05 11:01:06",66,61,"ANSWERED","DOCUMENTATION",'
        '"1791194400.12","","","1791194400.12",7\n'
    )
    answer = rated(tmp_path, export(OUTBOUND), master, accounts=ACCOUNTS)
    assert (answer.summary.rated, answer.summary.duplicates) == (1, 1)


# ---- bad rows


def test_a_row_of_another_length_is_a_reject_and_the_others_are_read(tmp_path: Path) -> None:
    whole = export(OUTBOUND, OUTBOUND | {"sequence": "8"}).splitlines()
    answer = rated(tmp_path, "\n".join((*whole, whole[-1][:90])), accounts=ACCOUNTS)
    assert len(answer.rows) == 2
    assert [(reject["line"], reject["reason"]) for reject in answer.rejects] == [("4", "malformed-row")]


def test_a_header_that_lacks_what_a_call_needs_is_not_freepbxs(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"FreePBX's CDR export: a header with calldate, src, dst"):
        read(tmp_path, OUTBOUND, columns=[name for name in COLUMNS if name != "dstchannel"], source="freepbx")


# ---- the other ways out of a FreePBX


def lines(answer: Answer) -> list[list[str]]:
    names = ("direction", "from_number", "to_number", "started_at", "duration_seconds", "status")
    return [[call[name] for name in names] for call in answer.rows]


OUT = ["outbound", "442079460001", "442079460123", "2026-10-05T08:00:00Z", "61", "rated"]
FORMS = {
    "cdr__1791195000pbx.csv": [
        ["inbound", "447700900456", "442079460001", "2026-10-05T08:40:00Z", "0", "unanswered"],  # a queue's first try
        ["inbound", "447700900456", "442079460001", "2026-10-05T08:40:00Z", "60", "rated"],
        OUT,
        ["internal", "101", "*43", "2026-10-05T07:55:00Z", "20", "rated"],  # a Hebrew name: the number is not its own
    ],
    "asteriskcdrdb.csv": [  # no header: the number that was sent is not known
        ["outbound", "101", *OUT[2:]],
        ["internal", "101", "*97", "2026-10-05T08:20:00Z", "30", "rated"],
        ["internal", "101", "pbdirectory", "2026-10-05T08:22:00Z", "8", "rated"],
    ],
    "fetchAllCdrs.json": [OUT, ["inbound", "447700900456", "442079460001", "2026-10-05T08:10:00Z", "45", "rated"]],
}


@pytest.mark.parametrize("name", FORMS)
def test_each_form_is_recognised_and_read(tmp_path: Path, name: str) -> None:
    answer = rate_paths(tmp_path, write_rates(tmp_path, accounts=ACCOUNTS), DATA / name)
    assert lines(answer) == FORMS[name]
    assert {call["source"] for call in answer.rows} == {"freepbx"}
    assert answer.rejects == []


def test_an_exact_time_beats_the_local_one_and_the_call_stays_the_same(tmp_path: Path) -> None:
    """A pull has the epoch of calldate beside it: no zone is needed."""
    names = [*COLUMNS, "timestamp"]
    pulled = export(OUTBOUND | {"timestamp": "1791194400"}, columns=names)
    answer = rated(tmp_path, export(OUTBOUND), pulled, accounts=ACCOUNTS)
    assert (answer.summary.rated, answer.summary.duplicates) == (1, 1)
    [call] = rated(tmp_path, pulled, accounts=ACCOUNTS, intake=Intake(timezone="America/New_York")).rows
    assert call["started_at"] == "2026-10-05T10:00:00Z"


def test_an_export_of_exactly_100_rows_is_said_to_be_cut(tmp_path: Path) -> None:
    rows = [OUTBOUND | {"sequence": str(n)} for n in range(101)]
    assert "exactly 100 rows is where this export ends" in read(tmp_path, *rows[:100]).summary.warnings[0]
    assert read(tmp_path, *rows).summary.warnings == ()
    pulled = [row | {"timestamp": "1791194400"} for row in rows[:100]]  # not by the page that has the limit
    assert read(tmp_path, *pulled, columns=[*COLUMNS, "timestamp"]).summary.warnings == ()


def test_without_number_or_extension_the_caller_id_tells_who_called(tmp_path: Path) -> None:
    one = OUTBOUND | {"src": "", "cnum": "", "outbound_cnum": "", "channel": "", "clid": '"Alice" <02079460002>'}
    [call] = read(tmp_path, one).rows
    assert facts(call)[:3] == ["B1", "outbound", "442079460002"]


def test_dates_that_a_spreadsheet_wrote_are_told_by_days_over_12_or_ids(tmp_path: Path) -> None:
    for start, uniqueid in (
        ("9/10/2026 11:00", "1791540000.1"), ("10/9/2026 11:00:00 AM", "1791540000.1"), ("9.10.26 11:00:00", ""),
    ):  # fmt: skip
        [call] = read(tmp_path, OUTBOUND | {"calldate": start, "uniqueid": uniqueid}).rows
        assert call["started_at"] == "2026-10-09T10:00:00Z"


def test_the_order_of_day_and_month_is_sure_by_days_over_12_or_epochs() -> None:
    assert day_first([("9/10/2026 11:00", None)]) == (True, False)
    assert day_first([("9/10/2026 11:00", None), ("10/25/2026 11:00", None)]) == (False, True)
    assert day_first([("9/10/26 11:00", None), ("25/10/26 11:00", None)]) == (True, True)
    assert day_first([("10/9/2026 11:00", 1791540000)]) == (False, True)
    assert day_first([("10/10/2026 11:00", 1791540000), ("", None)]) == (True, False)
    assert day_first([("2026-10-09 11:00:00", None)]) == (True, True)
