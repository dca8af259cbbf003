"""Any CSV with a header: which headers, times and durations are understood, and what is said where none is."""

from pathlib import Path

import pytest

from callmeter.errors import UnreadableFile, UsageError
from callmeter.rating.stages import Intake
from callmeter.sources import SOURCES
from callmeter.sources.generic import HEADERS, NEEDED
from rating_kit import HEADER, ME, MONDAY, rate_in, rated, write_rates

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
def test_every_alias_of_a_needed_column_is_understood(tmp_path: Path, column: str) -> None:
    cells = {"from": ME, "to": UK, "start": MONDAY, "duration": "61"}
    rates = write_rates(tmp_path)
    files = []
    for alias in HEADERS[column]:
        named = {alias if name == column else name: cell for name, cell in cells.items()}
        files.append(",".join(named) + "\n" + ",".join(named.values()) + "\n")
    answer = rate_in(tmp_path, rates, *files)
    assert (answer.summary.rated, answer.summary.duplicates) == (1, len(files) - 1)


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
    assert all(f"  {name}: " in text for name in SOURCES)
    assert all(alias in text for column in NEEDED for alias in HEADERS[column])
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
    with pytest.raises(UsageError, match='there is no source "3cy"; the sources are: freepbx, asterisk, csv'):
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
    *("2026-10-05 10:00:00 PM", "2026-10-05 10:00 PM", "2026-10-05 10:00:00 EST", "2026-10-05 10:00:00 Europe/Berlin"),
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
