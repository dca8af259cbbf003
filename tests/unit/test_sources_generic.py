"""Any CSV with a header: which headers, times and durations are understood, and what is said where none is."""

from pathlib import Path

import pytest

from callmeter.errors import UnreadableFile, UsageError
from callmeter.rating.stages import Intake
from callmeter.sources import SOURCES, generic
from callmeter.sources.base import Head
from callmeter.sources.generic import DURATIONS, HEADERS, NEEDED, SHOWN_NAMES
from rating_kit import HEADER, ME, MONDAY, rate_paths, rated, write_rates

UK = "442071234567"
ONE_CALL = ("A1", "csv", ME, UK, "2026-10-05T10:00:00Z", "61")


def facts(row: dict[str, str]) -> tuple[str, ...]:
    names = ("account_id", "source", "from_number", "to_number", "started_at", "duration_seconds")
    return tuple(row[name] for name in names)


# ---- headers


@pytest.mark.parametrize(
    "text",
    [
        f"call_id,from,to,start,duration\nc1,+{ME},+{UK},{MONDAY},61\n",
        f"From number,To number,Call initiated,Duration\n{ME},{UK},2026-10-05 11:00:00,00:01:01\n",
        "src,dst,calldate,billsec\n02079460001,02071234567,2026-10-05 11:00:00,61\n",
        f"FROM_NUMBER;TO-NUMBER;Start Time;Seconds\n{ME};{UK};{MONDAY};61\n",
        f"start\tduration\tto\tfrom\tnotes\n{MONDAY}\t61\t{UK}\t{ME}\twhatever, really\n",
        f"Caller|Callee|Started at|Call duration|Price\n{ME}|{UK}|{MONDAY}|61|9.99\n",
        f'"uuid","caller_id_number","destination_number","start_stamp","billsec","duration"\n'
        f'"c1","{ME}","{UK}","{MONDAY}","61","75"\n',
        f"\ufeffid,ani,dnis,start_epoch,billseconds\r\nc1,{ME},{UK},1791194400,61\r\n",
    ],
)
def test_headers_are_understood_whatever_their_case_blanks_and_order(tmp_path: Path, text: str) -> None:
    answer = rated(tmp_path, text)
    assert [facts(row) for row in answer.rows] == [ONE_CALL]


@pytest.mark.parametrize("column", NEEDED)
def test_every_alias_of_a_needed_column_is_understood(column: str) -> None:
    cells = {"from": ME, "to": UK, "start": MONDAY, "duration": "61"}
    for alias in (*HEADERS[column], *DURATIONS["seconds"]) if column == "duration" else HEADERS[column]:
        named = {alias if name == column else name: cell for name, cell in cells.items()}
        reading = generic.recognise(Head("calls.csv", ((1, ",".join(named)), (2, ",".join(named.values())))))
        assert reading is not None, alias
        assert [reading.positions[name] for name in NEEDED] == [1, 2, 3, 4], alias
        assert reading.stage == "sources/generic"


def test_no_name_stands_for_two_facts() -> None:
    """Two facts cannot be read from one column."""
    names = [name for aliases in HEADERS.values() for name in aliases]
    names += [name for unit in DURATIONS for name in DURATIONS[unit] if name not in HEADERS["duration"]]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("header", "row", "expected"),
    [
        (  # ringing is no talk
            "ID,Time,Call From,Call To,Call Duration,Ring Duration,Talk Duration,Status,Trunk",
            f"c1,{MONDAY},{ME},{UK},75,14,61,ANSWERED,acme",
            "61",
        ),
        (
            "Direction,From,To,Ext,Date,Time,Action,Action Result,Duration",
            f"Outgoing,{ME},{UK},101,Mon 10/26/2026,10:00 AM,VoIP Call,Call connected,0:01:01",
            "61",
        ),
        (
            "CallType,StartTime,StopTime,CallDuration,BillDuration,CallMinimum,BasePrice,ANI,DNIS",
            f"TERM,{MONDAY},{MONDAY},61,120,60,0.01,{ME},{UK}",  # rounded by the carrier
            "61",
        ),
        (
            "Call ID,UPN,Caller ID,Call Type,Destination Dialed,Destination Number,Start Time,Duration Seconds",
            f"c1,alice@example.com,{ME},user_out,Somewhere,+{UK},{MONDAY},61",
            "61",
        ),
        (
            "cdrRecordType,dateTimeOrigination,callingPartyNumber,finalCalledPartyNumber,duration",
            f"1,1791194400,{ME},{UK},61",
            "61",
        ),
    ],
)
def test_exports_of_other_systems_are_understood(tmp_path: Path, header: str, row: str, expected: str) -> None:
    answer = rated(tmp_path, f"{header}\n{row}\n")
    [call] = answer.rows
    assert (call["source"], call["from_number"], call["to_number"]) == ("csv", ME, UK)
    assert call["duration_seconds"] == expected


def test_the_answered_time_counts_before_the_whole_one(tmp_path: Path) -> None:
    """`billsec` is what is billed, `duration` beside it includes ringing."""
    answer = rated(tmp_path, f"from,to,start,duration,billsec\n{ME},{UK},{MONDAY},75,61\n")
    assert answer.rows[0]["duration_seconds"] == "61"


def test_carrier_login_and_code_are_taken_from_their_columns(tmp_path: Path) -> None:
    accounts = "account_id,plan,sip_logins\nA1,basic,alice\nB1,basic,\n"
    text = (
        f"from,to,start,duration,trunk,user,account code\n101,{UK},{MONDAY},61,acme,Alice,\n101,{UK},{MONDAY},62,,,b1\n"
    )
    answer = rated(tmp_path, text, accounts=accounts)
    assert [(row["account_id"], row["carrier"]) for row in answer.rows] == [("A1", "acme"), ("B1", "")]


def test_an_unknown_header_is_an_error_that_lists_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile) as raised:
        rated(tmp_path, "\nwho,whom,when,how long\n1,2,3,4\n")
    text = str(raised.value)
    assert text.startswith(
        "calls1.csv:2:1: this is not a file of calls that callmeter knows; its first line is: 'who,whom"
    )
    assert f"Looked for: {', '.join(SOURCES)}\n" in text
    assert all(alias in text for column in NEEDED for alias in HEADERS[column][:SHOWN_NAMES])
    assert not (tmp_path / "out.csv").exists()


def test_a_header_without_one_needed_column_is_not_enough(tmp_path: Path) -> None:
    for column in NEEDED:
        header = ",".join(name for name in NEEDED if name != column)
        with pytest.raises(UnreadableFile, match="a header that names caller, called number, start and duration"):
            rated(tmp_path, f"{header}\n1,2,3\n")


def test_the_stated_source_is_the_only_one_looked_for(tmp_path: Path) -> None:
    text = f"{HEADER}\nc1,{ME},{UK},{MONDAY},61\n"
    assert rated(tmp_path, text, intake=Intake(source="csv")).ids == ["c1"]
    with pytest.raises(UnreadableFile) as raised:
        rated(tmp_path, text, intake=Intake(source="freepbx"))
    assert "FreePBX's CDR export" in str(raised.value)
    assert "Master.csv" not in str(raised.value)


def test_a_source_that_does_not_exist_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r'there is no source "3cy"; the sources are: .*freepbx, .*csv'):
        rated(tmp_path, HEADER, intake=Intake(source="3cy"))


# ---- times

TIMES = {
    "2026-10-05T10:00:00Z": "10:00:00",
    "2026-10-05 10:00:00Z": "10:00:00",
    "2026-10-05T10:00:00.999Z": "10:00:00",
    "2026-10-05T10:00Z": "10:00:00",
    "2026-10-05T10:00:00+01:00": "09:00:00",
    "2026-10-05T10:00:00+0100": "09:00:00",
    "2026-10-05T10:00:00+01": "09:00:00",
    "2026-10-05 10:00:00 +0100": "09:00:00",
    "2026-10-05 10:00:00.5 -05:30": "15:30:00",
    "2026-10-05T10:00+05:45": "04:15:00",
    "2026-10-05 10:00:00 UTC": "10:00:00",
    "2026-10-05 10:00:00 gmt": "10:00:00",
    "2026-10-05 10:00:00": "14:00:00",  # in New York
    "2026-10-05T10:00:00.25": "14:00:00",
    "2026-10-05 10:00": "14:00:00",
    "1791194400": "10:00:00",
    "1791194400.75": "10:00:00",
    "1791194400999": "10:00:00",
    "1791194400999999": "10:00:00",
}
NO_TIMES = (
    *("yesterday", "2026-10-05", "10:00:00", "05/10/2026 10:00:00", "2026-13-05 10:00:00", "2026-10-05 25:00:00"),
    *("2026-10-05 10:00:00 EST", "2026-10-05 10:00:00 Europe/Berlin"),
    *(
        "2026-10-05T10:00:00+99:00",
        "2026-10-05T10:00:00+01:60",
        "20261005",
        "99999999999999999",
        "infinity",
        "epoch",
        "Z",
        "{}",
    ),
    *("294246-12-31 10:00:00", "0044-03-15 (BC) 10:00:00", "1999-12-31T23:59:59Z", "2099-01-01T00:00:00Z", "0", "-1"),
)


def test_times_are_iso_8601_with_or_without_offset_or_epochs(tmp_path: Path) -> None:
    lines = [f"c{n:02},{ME},{UK},{text},61" for n, text in enumerate(TIMES)]
    answer = rated(tmp_path, "\n".join((HEADER, *lines)), intake=Intake(timezone="America/New_York"))
    found = dict(zip(TIMES, (row["started_at"] for row in answer.rows), strict=True))
    assert found == {text: f"2026-10-05T{time}Z" for text, time in TIMES.items()}


def test_what_is_no_time_or_out_of_reach_is_a_reject(tmp_path: Path) -> None:
    lines = [f"c{n},{ME},{UK},{text},61" for n, text in enumerate(NO_TIMES)]
    answer = rated(tmp_path, "\n".join((HEADER, *lines, f"good,{ME},{UK},{MONDAY},61")))
    assert answer.ids == ["good"]
    assert [(row["reason"], row["detail"]) for row in answer.rejects] == [
        ("bad-time", f'start "{text}"') for text in NO_TIMES
    ]


@pytest.mark.parametrize(
    ("time_format", "text", "expected"),
    [
        ("%d/%m/%Y %H:%M:%S", "05/10/2026 10:00:00", "2026-10-05T09:00:00Z"),
        ("%m/%d/%y %I:%M %p", "10/05/26 10:00 PM", "2026-10-05T21:00:00Z"),
        ("%Y%m%d%H%M%S", "20261005100000", "2026-10-05T09:00:00Z"),
        ("%Y-%m-%d %H:%M:%S %z", "2026-10-05 10:00:00 -0500", "2026-10-05T15:00:00Z"),
    ],
)
def test_times_may_have_a_stated_format(tmp_path: Path, time_format: str, text: str, expected: str) -> None:
    content = f"{HEADER}\nc1,{ME},{UK},{text},61\nc2,{ME},{UK},{MONDAY},61\n"
    answer = rated(tmp_path, content, intake=Intake(time_format=time_format))
    assert [row["started_at"] for row in answer.rows] == [expected]
    assert answer.reasons == ["bad-time"]  # the other is not of that format


@pytest.mark.parametrize("time_format", ["%Q", "%", "{}%y%"])
def test_a_format_nobody_understands_is_a_usage_error(tmp_path: Path, time_format: str) -> None:
    with pytest.raises(UsageError, match="is not understood; write it as"):
        rated(tmp_path, HEADER, intake=Intake(time_format=time_format))


# ---- durations


def test_durations_are_seconds_or_hours_minutes_and_seconds(tmp_path: Path) -> None:
    durations = {
        "0": 0, "61": 61, "61.2": 62, "0:00:07": 7, "1:02:03": 3723, "00:01:01": 61, "01:01": 61, "75:30": 4530,
        "0:00:59.001": 60, "744:00:00": 2678400, "2678400": 2678400, "007": 7,
    }  # fmt: skip
    lines = [f"c{n:02},{ME},{UK},{MONDAY},{text}" for n, text in enumerate(durations)]
    answer = rated(tmp_path, "\n".join((HEADER, *lines)))
    assert [int(row["duration_seconds"]) for row in answer.rows] == list(durations.values())


def test_what_is_no_duration_is_a_reject(tmp_path: Path) -> None:
    durations = (
        *("-1", "", "soon", "1:75", "1:2:75", "1e3", "61s", "1:", ":30", "."),
        *("2678401", "99999999999", "999999999999", "1000000000000", "9" * 50, "9999:59:59", "0x10", "{}"),
    )
    lines = [f"c{n},{ME},{UK},{MONDAY},{text}" for n, text in enumerate(durations)]
    answer = rated(tmp_path, "\n".join((HEADER, *lines, f"good,{ME},{UK},{MONDAY},61")))
    assert answer.ids == ["good"]
    assert [(row["reason"], row["detail"]) for row in answer.rejects] == [
        ("bad-duration", f'duration "{text}"') for text in durations
    ]


# ---- other forms and languages

DATA = Path(__file__).parent.parent / "data" / "csv"


def shape(row: dict[str, str]) -> tuple[str, ...]:
    names = ("from_number", "to_number", "started_at", "duration_seconds", "direction", "status")
    return tuple(row[name] for name in names)


def test_a_german_export_with_a_title_and_date_and_time_apart(tmp_path: Path) -> None:
    answer = rate_paths(tmp_path, write_rates(tmp_path), DATA / "german_portal.csv", intake=Intake(source="csv"))
    assert [shape(row) for row in answer.rows] == [
        (ME, "442079460123", "2026-11-24T09:15:00Z", "61", "outbound", "rated"),
        (ME, "442079460199", "2026-11-24T09:17:00Z", "0", "outbound", "unanswered"),
        ("442079460123", ME, "2026-11-24T09:20:30Z", "125", "inbound", "rated"),
    ]


def test_an_american_export_with_minutes_and_am_and_pm(tmp_path: Path) -> None:
    """1.5 minutes are 90 seconds, 0.10 are 6; the 24th tells that the month comes first."""
    intake = Intake(country="US", timezone="America/New_York", plan="basic")
    deck = "prefix,rate\n1,0.01\n44,0.02\n"
    answer = rate_paths(tmp_path, write_rates(tmp_path, deck=deck), DATA / "us_portal.csv", intake=intake)
    assert [(row["call_id"], *shape(row)) for row in answer.rows] == [
        ("R-1", "12025550143", "12025550178", "2026-11-24T14:05:00Z", "90", "outbound", "rated"),
        ("R-2", "12025550143", "442079460123", "2026-11-24T18:05:00Z", "6", "outbound", "rated"),
        ("R-3", "12025550143", "911", "2026-11-25T05:30:00Z", "0", "outbound", "unanswered"),
    ]


def test_json_records_have_the_same_names(tmp_path: Path) -> None:
    accounts = f"account_id,plan,numbers,sip_logins\nA1,basic,{ME},alice\n"
    answer = rate_paths(tmp_path, write_rates(tmp_path, accounts=accounts), DATA / "webhook.jsonl")
    assert [(row["call_id"], row["account_id"], *shape(row)[1:]) for row in answer.rows] == [
        ("w-1", "A1", "442079460123", "2026-11-24T09:15:00Z", "61", "outbound", "rated"),
        ("w-2", "A1", "442079460123", "2026-11-24T09:20:00Z", "0", "outbound", "unanswered"),
    ]


@pytest.mark.parametrize(
    ("header", "cell", "seconds"),
    [
        ("Duration (min)", "1.37", "83"),  # 82.2 seconds, rounded up
        ("Minutes", "2", "120"),
        ("Dauer (Min.)", "1,5", "90"),
        ("Duration (ms)", "67540", "68"),
        ("billmsec", "1000", "1"),
        ("Duration (s)", "61", "61"),
        ("Duration (hh:mm:ss)", "0:01:01", "61"),
        ("Durée (secondes)", "61", "61"),
        ("Duración", "00:01:01", "61"),
        ("Durata", "61,4", "62"),
        ("Duration (min)", "1:05", "65"),  # a colon says it better than the header
    ],
)
def test_the_unit_of_durations_is_what_the_header_says(tmp_path: Path, header: str, cell: str, seconds: str) -> None:
    answer = rated(tmp_path, f"from;to;start;{header}\n{ME};{UK};{MONDAY};{cell}\n")
    assert [row["duration_seconds"] for row in answer.rows] == [seconds]


def test_durations_may_be_spelled(tmp_path: Path) -> None:
    found = {"45s": "45", "1m 5s": "65", "2h 3m 4s": "7384", "5 min": "300", "1 min 5 sec": "65"}
    lines = [f"{n},{ME},{UK},05.10.2026 11:00,{text}" for n, text in enumerate(found)]
    answer = rated(tmp_path, "\n".join((HEADER, *lines, f"x,{ME},{UK},05.10.2026 11:00,5 apples")))
    assert [row["duration_seconds"] for row in answer.rows] == list(found.values())
    assert answer.reasons == ["bad-duration"]


@pytest.mark.parametrize(
    "start",
    [
        *("05.10.2026 11:00:00", "5.10.26 11:00", "2026/10/05 11:00:00", "20261005110000", "20261005 11:00:00"),
        *("05-Oct-2026 11:00:00", "Mon, 5 Oct 2026 10:00:00 +0000", "Oct 5, 2026 11:00:00 AM", "2026-10-05 11:00 AM"),
        *("5. Oct", "05.10.2026, 11:00:00"),
    ],
)
def test_times_of_other_forms_are_read_where_they_can_mean_one_thing_only(tmp_path: Path, start: str) -> None:
    answer = rated(tmp_path, f'from,to,start,duration\n{ME},{UK},"{start}",61\n')
    found = [row["started_at"] for row in answer.rows]
    assert found == ([] if start == "5. Oct" else ["2026-10-05T10:00:00Z"])


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        (("05/10/2026", "25/10/2026"), ["2026-10-05", "2026-10-25"]),
        (("10/05/2026", "10/25/2026"), ["2026-10-05", "2026-10-25"]),
        (("05/10/2026", "06/10/2026"), []),  # nothing tells: no guess is made about money
        (("25/10/2026", "10/25/2026"), ["2026-10-25"]),  # the first that tells holds
    ],
)
def test_a_day_after_the_12th_tells_the_order_of_day_and_month(
    tmp_path: Path, dates: tuple[str, ...], expected: list[str]
) -> None:
    lines = [f"{n},{ME},{UK},{date} 11:00:00,61" for n, date in enumerate(dates)]
    answer = rated(tmp_path, "\n".join((HEADER, *lines)))
    assert [row["started_at"][:10] for row in answer.rows] == expected
    assert len(answer.rejects) == len(dates) - len(expected)


def test_a_telling_day_counts_wherever_in_the_file_it_stands(tmp_path: Path) -> None:
    lines = [f"{n},{ME},{UK},05/10/2026 11:{n:02}:00,61" for n in range(40)]
    answer = rated(tmp_path, "\n".join((HEADER, *lines, f"z,{ME},{UK},25/10/2026 11:00:00,61")))
    assert {row["started_at"][:10] for row in answer.rows} == {"2026-10-05", "2026-10-25"}
    assert answer.summary.rated == 41


def test_directions_and_dispositions_in_other_languages(tmp_path: Path) -> None:
    rows = [
        *("ausgehend,Angenommen", "sortant,Répondu", "saliente,Contestada", "in uscita,Risposto", "outgoing,ok"),
        *("ausgehend,besetzt", "sortant,Sans réponse", "saliente,NO CONTESTADA", "in uscita,non risposto"),
    ]
    lines = [f"{n},{ME},{UK},{MONDAY},61,{row}" for n, row in enumerate(rows)]
    answer = rated(tmp_path, "\n".join((f"{HEADER},direction,disposition", *lines)))
    assert [row["direction"] for row in answer.rows] == ["outbound"] * 9
    assert [row["status"] for row in answer.rows] == ["rated"] * 5 + ["unanswered"] * 4


def test_a_local_call_costs_money_where_the_column_tells_kinds_of_calls(tmp_path: Path) -> None:
    """As a direction, `local` never left the PBX; as a type of call it is the one next to `national`."""
    lines = f"c1,{ME},{UK},{MONDAY},61,local\n"
    assert rated(tmp_path, f"{HEADER},direction\n{lines}").call("c1")["direction"] == "internal"
    assert rated(tmp_path, f"{HEADER},call type\n{lines}").call("c1")["direction"] == "outbound"


def test_text_messages_are_no_calls(tmp_path: Path) -> None:
    answer = rated(tmp_path, f"{HEADER},type\nc1,{ME},{UK},{MONDAY},61,voice\nc2,{ME},{UK},{MONDAY},1,SMS\n")
    assert (answer.ids, answer.summary.rows_in) == (["c1"], 1)


def test_a_header_may_say_that_its_times_are_utc(tmp_path: Path) -> None:
    answer = rated(tmp_path, f"from,to,Start time (UTC),duration\n{ME},{UK},2026-10-05 10:00:00,61\n")
    assert [facts(row) for row in answer.rows] == [ONE_CALL]
