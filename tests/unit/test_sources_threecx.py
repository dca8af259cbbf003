"""3CX: cdr.log in the orders that are known and below a header, its reports, and what of them is a call."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from callmeter.errors import UnreadableFile
from callmeter.rating.stages import Intake
from rating_kit import Answer, rate_paths, rated, write_rates

DATA = Path(__file__).parents[1] / "data" / "3cx"
V20 = Path(__file__).resolve().parents[3] / "shared" / "data" / "3cx" / "v20_line.txt"
ACCOUNTS = "account_id,plan,numbers,sip_logins\nA1,basic,442079460001,101 102\nB1,basic,442079460002,800\n"
NAMES = (
    "historyid,callid,duration,time-start,time-answered,time-end,reason-terminated,from-no,to-no,from-dn,to-dn,dial-no,"
    "reason-changed,final-number,final-dn,bill-code,bill-rate,bill-cost,bill-name,chain,from-type,to-type,final-type,"
    "from-dispname,to-dispname,final-dispname,missed-queue-calls"
)
ORDER = NAMES.split(",")
CALL = {
    "historyid": "4101", "callid": "00000180A1B2C3D4_201", "duration": "00:01:01",
    "time-start": "2026/10/05 08:00:00", "time-answered": "2026/10/05 08:00:06", "time-end": "2026/10/05 08:01:07",
    "reason-terminated": "TerminatedByDst", "from-no": "Ext.101", "to-no": "02079460123", "from-dn": "101",
    "to-dn": "10000", "dial-no": "02079460123", "chain": "Chain: Ext.101;02079460123;", "from-type": "Extension",
    "to-type": "Line", "from-dispname": "Anna", "to-dispname": "acme",
}  # fmt: skip
OUT = ["outbound", "101", "442079460123", "2026-10-05T08:00:00Z", "61", "rated"]


def record(order: list[str] = ORDER, /, **cells: str) -> str:
    """A line of cdr.log; names of fields with _ for -."""
    filled = CALL | {name.replace("_", "-"): cell for name, cell in cells.items()}
    return "Call " + ",".join(filled.get(name, "") for name in order)


def records(cases: Iterable[dict[str, str]]) -> list[str]:
    """A line for each, with a callid of its own."""
    return [record(**cells, callid=f"0A_{number}") for number, cells in enumerate(cases)]


def read(folder: Path, *rows: str, **intake: str) -> Answer:
    return rated(folder, "\r\n".join(rows) + "\r\n", intake=Intake(**intake), accounts=ACCOUNTS)


def lines(answer: Answer) -> list[list[str]]:
    names = ("direction", "from_number", "to_number", "started_at", "duration_seconds", "status")
    return [[call[name] for name in names] for call in answer.rows]


FORMS = {
    "cdr.log": [
        OUT,  # a comma in a name
        ["outbound", "101", "447700900123", "2026-10-05T08:05:00Z", "0", "unanswered"],
        ["inbound", "447700900456", "800", "2026-10-05T08:10:00Z", "45", "rated"],
        ["internal", "101", "102", "2026-10-05T08:25:00Z", "57", "rated"],
        [
            "outbound",
            "101",
            "447700900789",
            "2026-10-05T08:30:00Z",
            "120",
            "rated",
        ],  # sent on; duration had the ringing
        ["internal", "101", "*999", "2026-10-05T08:35:00Z", "30", "rated"],
    ],
    "cdr-20-fields.log": [OUT, ["inbound", "447700900456", "101", "2026-10-05T08:10:00Z", "45", "rated"]],
    "call_reports.csv": [
        OUT,
        ["outbound", "101", "447700900123", "2026-10-05T08:05:00Z", "0", "unanswered"],
        ["inbound", "447700900456", "800", "2026-10-05T08:10:00Z", "45", "rated"],
        ["internal", "101", "102", "2026-10-05T08:25:00Z", "57", "rated"],
    ],
    "call_log_de.csv": [
        OUT,
        ["outbound", "101", "447700900123", "2026-10-25T09:05:00Z", "0", "unanswered"],
        ["inbound", "447700900456", "101", "2026-10-25T09:10:00Z", "45", "rated"],
    ],
    "call_report_details.csv": [OUT, ["inbound", "447700900456", "101", "2026-10-05T08:10:00Z", "45", "rated"]],
}


@pytest.mark.parametrize("name", FORMS)
def test_each_form_is_recognised_and_read(tmp_path: Path, name: str) -> None:
    """Totals, groups and titles are no rows at all."""
    answer = rate_paths(tmp_path, write_rates(tmp_path, accounts=ACCOUNTS), DATA / name)
    assert lines(answer) == FORMS[name]
    assert {call["source"] for call in answer.rows} == {"3cx"}
    assert answer.summary.rows_in == len(FORMS[name])


@pytest.mark.skipif(not V20.exists(), reason="the sample is not here")
def test_the_v20_sample_is_an_inbound_call_that_a_queue_gave_to_an_agent(tmp_path: Path) -> None:
    accounts = "account_id,plan,numbers,sip_logins\nA1,basic,442079460001,10013\n"
    answer = rate_paths(tmp_path, write_rates(tmp_path, accounts=accounts), V20)
    assert lines(answer) == [["inbound", "070XXXXXXX", "80002", "2024-04-30T06:27:28Z", "490", "rated"]]
    assert [answer.rows[0][name] for name in ("call_id", "carrier")] == ["89d3af2d8f010000_3456", "10020"]


# ---- cdr.log: its orders


SHORT = ORDER[:20]  # no kinds of ends: numbers tell
NO_BILL = [*ORDER[:15], *ORDER[19:26]]
KINDS_LAST = [*ORDER[:20], "missed-queue-calls", *ORDER[23:26], *ORDER[20:23]]


@pytest.mark.parametrize("order", [ORDER, SHORT, NO_BILL, KINDS_LAST, ORDER[:15]])
def test_fields_behind_the_first_fifteen_may_be_missing_or_elsewhere(tmp_path: Path, order: list[str]) -> None:
    answer = read(tmp_path, record(order), record(order, callid="B_2", from_dispname="Hill, Anna, Dr"))
    assert lines(answer) == [OUT, OUT]


def test_the_call_prefix_may_be_missing(tmp_path: Path) -> None:
    assert lines(read(tmp_path, record().removeprefix("Call "))) == [OUT]


def test_a_header_above_names_fields_in_any_order(tmp_path: Path) -> None:
    order = ["time-start", "time-end", "time-answered", "to-no", "from-no", "duration", "from-type", "to-type"]
    header = ",".join(order)
    assert lines(read(tmp_path, header, record(order), header)) == [OUT]


def test_an_order_that_is_not_known_is_refused_with_what_would_help(tmp_path: Path) -> None:
    order = ["to-no", "from-no", "duration", "time-start"]
    with pytest.raises(UnreadableFile, match="below a header that names them"):
        read(tmp_path, record(order), source="3cx")


# ---- what a call is, which way it went, how long


def test_the_kinds_of_the_ends_say_which_way_a_call_went(tmp_path: Path) -> None:
    outbound = ["outbound", "101", "442079460123"]
    cases: list[tuple[dict[str, str], list[str]]] = [
        ({"from_type": "extension", "to_type": "external_line"}, outbound),
        ({"to_type": "Provider"}, outbound),
        ({"to_no": "Ext.10000"}, outbound),  # then what was dialled is the number
        ({"to_type": "Queue", "to_no": "Ext.800", "to_dn": "800"}, ["internal", "101", "800"]),
        ({"to_type": "IVR", "to_no": "Ext.801"}, ["internal", "101", "801"]),
        ({"to_type": "VMail", "to_no": "Ext.999"}, ["internal", "101", "999"]),
        # Dialled out, then the caller passed it to a colleague: the far end is still outside.
        ({"reason_changed": "ReplacedSrc", "final_number": "Ext.102", "final_type": "Extension"}, outbound),
        # Called a colleague, whose phone sent the call on to a mobile.
        (
            {"to_no": "Ext.102", "to_type": "Extension", "final_number": "07700900789", "final_type": "Line"},
            ["outbound", "101", "447700900789"],
        ),
        (
            {"from_no": "07700900456", "from_type": "Line", "to_no": "Ext.101", "to_dn": "101", "to_type": "Extension"},
            ["inbound", "447700900456", "101"],
        ),
    ]
    answer = read(tmp_path, *records(cells for cells, _ in cases))
    assert [line[:3] for line in lines(answer)] == [expected for _, expected in cases]
    assert {call["account_id"] for call in answer.rows} == {"A1"}


def test_the_account_of_an_inbound_call_is_that_of_who_answered(tmp_path: Path) -> None:
    line = {"from_no": "07700900456", "from_type": "Line", "to_no": "Ext.700", "to_dn": "700", "to_type": "Queue"}
    [call] = read(tmp_path, record(**line, final_number="Ext.800", final_dn="800", final_type="Extension")).rows
    assert (call["account_id"], call["direction"]) == ("B1", "inbound")


def test_seconds_count_from_the_answer(tmp_path: Path) -> None:
    cases: list[tuple[dict[str, str], str]] = [
        ({}, "61"),
        ({"duration": "00:01:00"}, "60"),  # its own figure: both times are cut to whole seconds
        ({"duration": "00:01:07"}, "61"),  # with the ringing
        ({"duration": ""}, "61"),
        ({"time_end": ""}, "61"),
        ({"time_answered": "", "duration": "00:01:07"}, "0"),
        (
            {"time_answered": "2026/10/05 00:00:06", "time_end": "2026/10/06 02:00:06", "duration": "1.02:00:00"},
            "93600",
        ),
    ]
    answer = read(tmp_path, *records(cells for cells, _ in cases))
    assert [line[4] for line in lines(answer)] == [seconds for _, seconds in cases]


def test_only_the_time_of_the_answer_says_that_there_was_one(tmp_path: Path) -> None:
    reasons = ("TerminatedBySrc", "dst_participant_terminated", "NoAnswerTimeout")
    cases = [{"reason_terminated": reason} for reason in reasons]
    answer = read(tmp_path, *records([*cases, *(case | {"time_answered": ""} for case in cases)]))
    assert [line[-1] for line in lines(answer)] == ["rated"] * 3 + ["unanswered"] * 3


def test_times_are_utc_unless_a_zone_is_stated(tmp_path: Path) -> None:
    assert read(tmp_path, record(), timezone="Europe/Berlin").rows[0]["started_at"] == "2026-10-05T06:00:00Z"


def test_a_call_is_known_by_its_callid_and_transfers_have_their_own(tmp_path: Path) -> None:
    answer = read(tmp_path, record(), record(), record(callid="00000180A1B2C3D4_202"))
    assert answer.ids == ["00000180A1B2C3D4_201", "00000180A1B2C3D4_202"]
    assert answer.summary.duplicates == 1


def test_other_lines_are_no_calls_and_broken_ones_are_rejects(tmp_path: Path) -> None:
    answer = read(
        tmp_path,
        record(),
        "Rec 12,x",
        ",".join(ORDER),
        record()[:60],
        record(time_start="soon"),
        record(time_end="later"),
    )
    assert (answer.summary.rows_in, answer.summary.rated, answer.summary.duplicates) == (4, 1, 1)
    assert answer.reasons == ["malformed-row", "bad-time"]


# ---- reports


def report(*rows: str, header: str = "Call Time,Caller ID,Destination,Status,Ringing,Talking,Totals,Reason") -> str:
    return "\n".join((header, *rows)) + "\n"


def test_an_older_call_log_tells_the_way_by_extensions(tmp_path: Path) -> None:
    rows = (
        "10/25/2026 9:00:00 AM,Anna Hill (101),02079460123,Answered,00:00:06,00:01:01,,",
        "10/25/2026 1:05:00 PM,07700900456,Bo Lee (102),Answered,00:00:04,00:00:45,,",
        "10/25/2026 1:06:00 PM,Anna Hill (101),Bo Lee (102),Unanswered,00:00:20,00:00:00,,",
        "Totals,,,,00:00:30,00:01:46,,",
    )
    assert lines(rated(tmp_path, report(*rows), accounts=ACCOUNTS)) == [
        ["outbound", "101", "442079460123", "2026-10-25T09:00:00Z", "61", "rated"],
        ["inbound", "447700900456", "102", "2026-10-25T13:05:00Z", "45", "rated"],
        ["internal", "101", "102", "2026-10-25T13:06:00Z", "0", "unanswered"],
    ]


@pytest.mark.parametrize(
    "header",
    [
        "Hora de la llamada,Identificador de la llamada,Destino,Estado,Timbrando,Hablando,Totales,Motivo",
        "Heure de l'appel,ID appelant,Destination,Statut,Sonnerie,Conversation,Totaux,Raison",
        "Ora chiamata,ID chiamante,Destinazione,Stato,Squillo,Conversazione,Totali,Motivo",
        "Hora da chamada,Identificador de chamada,Destino,Status,Tocando,Falando,Totais,Motivo",
    ],
)
def test_headers_are_understood_in_other_languages(tmp_path: Path, header: str) -> None:
    row = "2026-10-05 09:00:00,Anna Hill (101),02079460123,x,00:00:06,00:01:01,,"
    assert lines(rated(tmp_path, report(row, header=header), accounts=ACCOUNTS)) == [OUT]


def test_rows_of_one_call_id_are_told_apart(tmp_path: Path) -> None:
    header = "Call Time,Call ID,From,To,Direction,Status,Ringing,Talking,Cost"
    rows = (
        "2026-10-05 09:00:00,7,07700900456,Support (800),Inbound,Answered,00:00:04,00:00:10,0",
        "2026-10-05 09:00:14,7,07700900456,Anna Hill (101),Inbound,Answered,00:00:04,00:00:30,0",
    )
    answer = rated(tmp_path, report(*rows, rows[1], header=header), accounts=ACCOUNTS)
    assert (answer.summary.rated, answer.summary.duplicates) == (2, 1)
