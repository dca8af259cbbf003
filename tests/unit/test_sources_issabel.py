"""Issabel's and Elastix' CDR report, whose columns are known by what is in them, and their database's table."""

from pathlib import Path

import pytest

from callmeter.rating.stages import Intake
from callmeter.sources import issabel
from callmeter.sources.base import Head
from rating_kit import Answer, rate_paths, rated, write_rates

DATA = Path(__file__).parents[1] / "data" / "issabel"
ACCOUNTS = "account_id,plan,numbers,sip_logins\nA1,basic,442079460001,101 102\n"
HEADER = "Date,Source,Ring Group,Destination,Src. Channel,Account Code,Dst. Channel,Status,Duration"
OUT = ["outbound", "101", "442079460123", "2026-10-05T08:00:00Z"]


def row(duration: str = "61s", status: str = "ANSWERED") -> str:
    cells = ("2026-10-05 09:00:00", "101", "", "02079460123", "SIP/101-0000001", "", "SIP/acme-00000002")
    return ",".join(f'"{cell}"' for cell in (*cells, status, duration))


def read(folder: Path, *rows: str, header: str = HEADER) -> Answer:
    return rated(folder, "\n".join((header, *rows)) + "\n", accounts=ACCOUNTS)


def lines(answer: Answer) -> list[list[str]]:
    names = ("direction", "from_number", "to_number", "started_at", "duration_seconds", "status")
    return [[call[name] for name in names] for call in answer.rows]


FORMS = {
    "CDRReport.csv": [
        [*OUT, "61", "rated"],
        ["outbound", "101", "447700900123", "2026-10-05T08:05:00Z", "0", "unanswered"],
        ["inbound", "447700900456", "101", "2026-10-05T08:10:00Z", "45", "rated"],
        ["internal", "101", "102", "2026-10-05T08:15:00Z", "7384", "rated"],  # 2h 3m 4s
    ],
    "CDRReport-es.csv": [
        [*OUT, "75", "rated"],
        ["outbound", "101", "447700900123", "2026-10-05T08:05:00Z", "0", "unanswered"],
        ["inbound", "447700900456", "600", "2026-10-05T08:10:00Z", "45", "rated"],
    ],
}


@pytest.mark.parametrize("name", FORMS)
def test_each_form_is_recognised_and_read(tmp_path: Path, name: str) -> None:
    answer = rate_paths(tmp_path, write_rates(tmp_path, accounts=ACCOUNTS), DATA / name)
    assert lines(answer) == FORMS[name]
    assert {call["source"] for call in answer.rows} == {"issabel"}
    assert answer.rejects == []


def test_durations_are_read_as_the_report_writes_them(tmp_path: Path) -> None:
    written = {
        "61": "61", "45s": "45", "1m 5s": "65", "1m6s": "66", "1h 0m 1s": "3601", "3700s (1h 1m 40s)": "3700",
    }  # fmt: skip
    answer = read(tmp_path, *(row(duration) for duration in written))
    assert lines(answer) == [[*OUT, seconds, "rated"] for seconds in written.values()]


@pytest.mark.parametrize(
    "header",
    [
        "Datum,Quelle,Ring Group,Bestimmungsort,Ursprungskanal,Account Code,Zielkanal,Status,Dauer",
        "Дата,Источник,Группа,Назначение,Канал,Код,Канал назн.,Статус,Длительность",
    ],
)
def test_the_header_is_in_any_language(tmp_path: Path, header: str) -> None:
    assert lines(read(tmp_path, row(), header=header)) == [[*OUT, "61", "rated"]]


def test_a_queues_seconds_are_not_billed_where_nobody_answered(tmp_path: Path) -> None:
    words = ("NO ANSWER", "<font color='red'>BUSY</font>", "FAILED", "OCUPADO", "NÃO ATENDIDA")
    answer = read(tmp_path, *(row(f"{seconds}s", word) for seconds, word in enumerate(words, start=15)))
    assert [line[-1] for line in lines(answer)] == ["unanswered"] * len(words)


def test_words_that_are_not_known_leave_it_to_the_seconds(tmp_path: Path) -> None:
    answer = read(tmp_path, row("15s", "ОТВЕЧЕН"), row("0s", "ОТВЕЧЕН"))
    assert [line[-1] for line in lines(answer)] == ["rated", "unanswered"]


def test_the_uniqueid_is_part_of_a_calls_identity(tmp_path: Path) -> None:
    header = HEADER + ",UniqueID"
    answer = read(
        tmp_path, row() + ',"1791187200.1"', row() + ',"1791187200.2"', row() + ',"1791187200.2"', header=header
    )
    assert (answer.summary.rated, answer.summary.duplicates) == (2, 1)


def test_what_the_report_leaves_open_is_said() -> None:
    reading = issabel.recognise(Head("CDRReport.csv", ((1, HEADER), (2, row()))))
    assert reading
    assert "which way a call went is told by its channels alone" in reading.notes[0]


def test_elastix_is_another_name_for_it_and_its_table_is_read_too(tmp_path: Path) -> None:
    table = (
        "calldate,clid,src,dst,dcontext,channel,dstchannel,lastapp,lastdata,duration,billsec,disposition,amaflags,"
        "accountcode,uniqueid,userfield\n"
        '2026-10-05 09:00:00,"""Anna"" <101>",101,02079460123,from-internal,SIP/101-00000001,SIP/acme-00000002,Dial,'
        '"SIP/acme/02079460123,300",67,61,ANSWERED,3,,1791187200.1,\n'
    )
    answer = rated(tmp_path, table, intake=Intake(source="Elastix"), accounts=ACCOUNTS)
    assert lines(answer) == [[*OUT, "61", "rated"]]
    assert answer.rows[0]["source"] == "issabel"


def test_a_cell_that_is_none_spoils_its_own_row_only(tmp_path: Path) -> None:
    answer = read(tmp_path, row(), row("long"), row().replace("2026-10-05", "yesterday"), "Total,1")
    assert len(answer.rows) == 1
    assert answer.reasons == ["bad-duration", "bad-time", "malformed-row"]
