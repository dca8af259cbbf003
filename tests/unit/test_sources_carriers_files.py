"""Carriers' CSV exports: each sample file of tests/data, whose calls were worked out by hand from its lines."""

import csv
import io
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from callmeter.rating.engine import engine
from rating_kit import rate_paths, rated, write_rates
from sources_kit import ODD, Reader

DATA = Path(__file__).parents[1] / "data"
SHARED = Path(__file__).parents[3] / "shared" / "data"
DECK = "prefix,rate\n44,0.06\n1,0.06\n49,0.06\n"
ACCOUNTS = "account_id,plan,numbers,sip_logins\nA1,basic,442079460001 12025550101 493023125001,100000_office\n"


@pytest.fixture(scope="module")
def read() -> Iterator[Reader]:
    with engine() as (con, work):
        yield Reader(con, work)


def lines_of(path: str) -> list[str]:
    return (DATA / path).read_text(encoding="utf-8").splitlines()


FILES = {
    "twilio/console.csv": [
        "2 outbound 12025550101 12125550142 2026-10-05 10:00:00 61 answered",
        "3 inbound 442079460777 12025550101 2026-10-05 11:00:00 30 answered",  # 07:00 EDT
        "4 outbound 12025550101 12125550143 2026-10-05 13:00:00 0 unanswered",
    ],
    "telnyx/report.csv": [
        "2 outbound 12025550101 12125550142 2026-10-05 10:00:00 61 answered",  # 05:00:04 to 05:01:05; 120 were billed
        "3 inbound 442079460777 12025550101 2026-10-05 11:00:00 20 answered",
        "4 outbound 12025550101 12125550143 2026-10-05 12:00:00 0 unanswered",
    ],
    "vonage/report.csv": [
        "2 outbound 442079460001 447700900123 2026-10-05 10:00:00 61 answered",
        "3 inbound 447700900123 442079460001 2026-10-05 11:00:00 30 answered",  # 12:00+0100
        "4 outbound 442079460001 447700900124 2026-10-05 12:00:00 0 unanswered",
    ],
    "bandwidth/bdr.csv": [
        "2 outbound 12025550101 12125550142 2026-10-05 10:00:00 61 answered",  # 66 in steps of 6, ended after 61
        "3 inbound 12125550142 12025550101 2026-10-05 21:12:46 30 answered",
        "4 outbound 12025550101 442079460777 2026-10-05 00:00:00 60 answered",  # an end that is none: Duration counts
        "5 ? 12125550142 12025550101 2026-10-05 13:00:00 12 answered",  # TOLL-FREE is either way
    ],
    "plivo/export.csv": [
        "2 outbound 12025550101 12125550142 2026-10-05 10:00:00 61 answered",
        "3 inbound 12125550142 12025550101 2026-10-05 11:00:00 0 unanswered",
    ],
    "flowroute/export.csv": [
        "2 outbound 12025550101 12125550142 2026-10-05 10:00:00 61 answered",
        "3 inbound 12125550142 12025550101 2026-10-05 11:00:00 30 answered",
        "4 outbound 12025550101 442079460777 2026-10-05 12:00:00 0 unanswered",
    ],
    "voipms/portal.csv": [
        "2 outbound 12025550101 12125550142 2026-10-05 10:00:00 61 answered",
        "3 outbound 12025550101 12125550143 2026-10-05 14:00:00 90001 answered",  # 25:00:01
    ],
    "vitelity/getcdr.csv": [
        "2 ? 12025550101 12125550142 2026-10-05 10:00:00 61 answered",
        "3 ? 12125550142 12025550101 2026-10-05 11:00:00 30 answered",
        "4 ? 12025550101 442079460777 2026-10-05 12:00:00 18 answered",
        "5 ? 12025550101 442079460777 2026-10-05 12:00:00 18 answered",
        "6 ? 12025550101 12125550143 2026-10-05 13:00:00 0 unanswered",
    ],
    "vitelity/addsub.csv": [
        "1 ? 12025550101 12125550142 2026-10-05 10:00:00 61 answered",
        "2 ? 0000000000 442079460777 2026-10-05 14:00:00 20 answered",
    ],
    "sipgate/history.csv": [
        "2 outbound 493023125001 493023125666 2026-10-05 10:00:00 61 answered",
        "3 no-call",
    ],
    "sipgate/ereignisse.csv": [
        "2 outbound 493023125001 493023125666 2026-10-05 12:00:00 61 answered",
        "3 inbound 493023125666 493023125001 2026-10-05 13:00:00 30 answered",
        "4 inbound 493023125666 493023125001 2026-10-05 14:00:00 0 unanswered",
        "5 no-call",  # a fax
    ],
    "didww/inbound_2017.csv": [
        "2 inbound 4 442079460001 2026-10-05 10:00:00 0 unanswered",
        "3 inbound - 442079460001 2026-10-05 10:10:00 54 answered",
        "4 inbound - 442079460001 2026-10-05 10:10:00 54 answered",
    ],
    "didww/inbound_2026.csv": [
        "2 inbound 447700900123 442079460001 2026-10-05 10:00:00 0 unanswered",  # attempt 1
        "3 inbound 447700900123 442079460001 2026-10-05 10:00:00 61 answered",  # attempt 2
    ],
    "didww/outbound.csv": [
        "2 outbound 442079460001 447700900123 2026-10-05 10:00:00 61 answered",
        "3 outbound 442079460001 447700900124 2026-10-05 11:00:00 0 unanswered",
    ],
}


@pytest.mark.parametrize("path", FILES)
def test_an_export_is_known_by_itself_and_read_as_its_lines_say(read: Reader, path: str) -> None:
    assert read.file(DATA / path) == FILES[path]
    assert (read.source.name, read.carriers) == (path.split("/")[0], {path.split("/")[0]})


@pytest.mark.parametrize("path", [path for path in FILES if path != "vitelity/addsub.csv"])
def test_columns_may_stand_in_any_order_as_any_program_saves_them(read: Reader, path: str) -> None:
    text = (DATA / path).read_text(encoding="utf-8")
    table = list(csv.reader(io.StringIO(text), delimiter=";" if path.endswith("ereignisse.csv") else ","))
    turned = io.StringIO()
    csv.writer(turned, delimiter="\t", lineterminator="\n").writerows(row[::-1] for row in table)
    header, _, rows = turned.getvalue().partition("\n")
    header = header.upper()
    together = f"{header}\n{rows}{header}\n"  # as where a second file, without calls, was put behind
    assert read.text(b"\xef\xbb\xbf" + together.replace("\n", "\r\n").encode()) == FILES[path]


@pytest.mark.parametrize("path", FILES)
def test_no_cell_whatever_it_holds_spoils_more_than_its_line(read: Reader, path: str) -> None:
    delimiter = ";" if path.endswith("ereignisse.csv") else ","
    *header, row = csv.reader(lines_of(path)[: 1 + (path != "vitelity/addsub.csv")], delimiter=delimiter)
    odd = [[*row[:at], value, *row[at + 1 :]] for at in range(len(row)) for value in ODD]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows([*header, row, *odd, row])
    last = lines_of(path)[len(header)]
    found = read.text(f"{text.getvalue()}{last.replace('2026', '20x6')}\n{last[: len(last) // 4]}\n")
    assert len(found) == len(odd) + 4
    assert found[-3].split()[1:] == found[0].split()[1:]
    assert [line.split()[1] for line in found[-2:]] == ["bad-time", "malformed-row"]


def test_where_a_file_does_not_say_which_way_a_call_went_the_numbers_do(tmp_path: Path) -> None:
    rates = write_rates(tmp_path, accounts=ACCOUNTS, deck=DECK)
    files = ("bandwidth/bdr.csv", "vitelity/getcdr.csv", "vitelity/addsub.csv")
    answer = rate_paths(tmp_path, rates, *(DATA / path for path in files))
    toll_free = answer.call("58337677154")
    assert (toll_free["direction"], toll_free["charge"]) == ("inbound", "0.000000")
    vitelity = [call for call in answer.rows if call["source"] == "vitelity"]
    ways = {call["line"]: call["direction"] for call in vitelity if call["file"] == "getcdr.csv"}
    assert ways == {"3": "inbound", "4": "outbound", "5": "outbound", "6": "outbound"}
    by_sub_account = next(call for call in vitelity if call["from_number"] == "0000000000")
    assert (by_sub_account["account_id"], by_sub_account["charge"]) == ("A1", "0.020000")
    assert answer.summary.duplicates == 1  # the first call of addsub.csv is that of getcdr.csv
    # 0.06 a minute: 0.001 a second of those that went out
    assert answer.total == Decimal("0.121") + Decimal("0.097") + Decimal("0.020")


# ---- vitelity: neither ids nor directions


def test_equal_rows_of_vitelity_are_calls_of_their_own_and_the_same_ones_in_the_next_file(read: Reader) -> None:
    header, *rows = lines_of("vitelity/getcdr.csv")
    read.text("\n".join([header, *rows, ""]))
    ids = read.ids
    assert len(set(ids)) == 5
    read.text("\n".join([header, *rows[2:4], rows[2], ""]))
    assert read.ids[:2] == ids[2:4]
    assert read.ids[2] not in ids


def test_a_row_of_vitelity_is_the_same_call_in_either_form_and_at_any_later_cost(read: Reader) -> None:
    header, row = lines_of("vitelity/getcdr.csv")[:2]
    read.text(f"{header}\n{row}\n")
    ids = read.ids
    read.text("10/05/2026 10:00:00,2025550101,2125550142,61,Someone,ANSWERED,0.9999,100000_office\n")
    assert read.ids == ids


def test_vitelitys_answer_as_it_came_is_read_without_its_frame(read: Reader) -> None:
    rows = lines_of("vitelity/getcdr.csv")[1:]
    calls = [line.split(" ", 1)[1] for line in FILES["vitelity/getcdr.csv"]]
    for answer in ("x[[" + "\n".join(rows) + "[[x\n", "\n".join(["x[[", *rows, "[[x", ""])):
        assert [line.split(" ", 1)[1] for line in read.text(answer)] == calls


def test_the_sub_account_pays_only_where_the_number_called_cannot_be_ours(tmp_path: Path) -> None:
    row = "2026-10-05 10:00:00,2125550142,2025550101,61,x,ANSWERED,0.01,100000_office\n"
    [call] = rated(tmp_path, row, accounts=ACCOUNTS, deck=DECK).rows
    assert (call["direction"], call["charge"]) == ("inbound", "0.000000")


# ---- each one's own


def test_a_report_of_telnyx_has_the_rounded_seconds_at_least(read: Reader) -> None:
    header = "Origination Number,Terminating Number,Start Timestamp (UTC),Billable Time"
    call = "+12025550101,+12125550142,2026-10-05 10:00:00,120"
    assert read.text(f"{header}\n{call}\n") == ["2 ? 12025550101 12125550142 2026-10-05 10:00:00 120 answered"]
    header, _, _, unanswered = lines_of("telnyx/report.csv")
    assert read.text(f"{header}\n{unanswered.replace(',0,0,0,', ',,,,')}\n")[0].endswith(" 0 unanswered")


def test_the_twins_of_a_didww_export_are_told_apart(read: Reader) -> None:
    read.file(DATA / "didww/inbound_2017.csv")
    assert len(set(read.ids)) == 3


@pytest.mark.parametrize(
    ("path", "word", "other"),
    [("bandwidth/bdr.csv", "INTERSTATE", "SMS"), ("voipms/portal.csv", "USA & Canada", "Fax")],
)
def test_messages_and_faxes_are_no_calls(read: Reader, path: str, word: str, other: str) -> None:
    header, call = lines_of(path)[:2]
    assert read.text(f"{header}\n{call}\n{call.replace(word, other)}\n") == [FILES[path][0], "3 no-call"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("twilio/console.csv", "Completed"),
        ("voipms/portal.csv", "ANSWERED"),
        ("vitelity/getcdr.csv", "ANSWERED"),
        ("vonage/report.csv", "completed"),
        ("flowroute/export.csv", "Completed"),
    ],
)
def test_a_status_nobody_knows_does_not_make_a_call_free(read: Reader, path: str, status: str) -> None:
    header, call = lines_of(path)[:2]
    assert read.text(f"{header}\n{call.replace(status, 'Done')}\n") == FILES[path][:1]


def test_files_that_say_nothing_of_their_carrier_are_read_where_their_sender_does(read: Reader) -> None:
    text = "Caller ID,Destination,Start,Duration\n2025550101,2125550142,2026-10-05 10:00:00,61\n"
    assert read.text(text, source="flowroute", timezone="Asia/Tokyo") == [
        "2 ? 12025550101 12125550142 2026-10-05 10:00:00 61 answered"
    ]
    text = "Date,From,To,Duration\n2026-10-05 12:00:00,+493023125001,+493023125666,00:01:01\n"
    assert read.text(text, source="sipgate", timezone="Europe/Berlin") == [
        "2 ? 493023125001 493023125666 2026-10-05 10:00:00 61 answered"
    ]


def test_twilios_times_are_understood_however_they_are_written(read: Reader) -> None:
    header, call = lines_of("twilio/console.csv")[:2]
    written = (
        "Mon, 05 Oct 2026 12:00:00 +0200",
        "Oct 05 2026 03:00:00 GMT-0700",
        "2026-10-05 06:00:00 EDT",
        "10:00:00 UTC 2026-10-05",
        "2026-10-05 10:00:00+00:00",
        "2026-10-05 10:00:00",
    )
    rows = [call.replace("2026-10-05 10:00:00 UTC", time) for time in written]
    found = read.text("\n".join([header, *rows, ""]), timezone="Asia/Tokyo")
    assert {line.split(" ", 1)[1] for line in found} == {FILES["twilio/console.csv"][0].split(" ", 1)[1]}


# ---- real files


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared sample files are not here")
def test_didwws_own_example_is_read_row_by_row(read: Reader) -> None:
    assert read.file(SHARED / "carriers" / "didww_inbound_2017_sample.csv") == [
        "2 inbound 4 97286259404 2017-06-26 01:11:42 0 unanswered",
        "3 inbound - 97286259413 2017-06-17 08:50:47 54 answered",
        "4 inbound - 97286259407 2017-06-12 14:23:25 16 answered",
        "5 inbound 4 97286259404 2017-06-05 12:58:41 0 unanswered",
    ]
