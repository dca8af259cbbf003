"""Rules 10 to 12 of the design: what a call is, which period it belongs to, and that no row is lost."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from callmeter.model import RATED_COLUMNS
from callmeter.periods import labelled, period_at, periods_between, previous
from rating_kit import HEADER, ME, MONDAY, calls, rate_in, rate_paths, rated, write, write_rates

UK = "+442071234567"


def lines(header: str, *rows: str) -> str:
    return "\n".join((header, *rows)) + "\n"


# ---- identity


def test_the_same_id_counts_once_per_account_whichever_file_it_came_in(tmp_path: Path) -> None:
    accounts = "account_id,plan,numbers\nA1,basic,442079460001\nB1,basic,442079460002\n"
    first = lines(HEADER, f"x,{ME},{UK},{MONDAY},60", f"x,442079460002,{UK},{MONDAY},60", f"y,{ME},{UK},{MONDAY},60")
    second = lines(HEADER, f"y,{ME},{UK},{MONDAY},60", f"x,{ME},{UK},{MONDAY},60", f"z,{ME},{UK},{MONDAY},60")
    answer = rated(tmp_path, first, second, accounts=accounts)
    assert sorted((row["account_id"], row["call_id"]) for row in answer.rows) == [
        ("A1", "x"), ("A1", "y"), ("A1", "z"), ("B1", "x"),
    ]  # fmt: skip
    assert answer.summary.duplicates == 2


def test_of_calls_with_one_id_the_first_by_file_and_line_stays(tmp_path: Path) -> None:
    answer = rated(tmp_path, calls(f"x {UK} 60", f"x {UK} 120"), calls(f"x {UK} 180"))
    assert [(row["duration_seconds"], row["file"], row["line"]) for row in answer.rows] == [("60", "calls1.csv", "2")]
    assert answer.summary.duplicates == 2


def test_a_call_without_an_id_is_known_by_its_numbers_start_and_duration(tmp_path: Path) -> None:
    """However they are written: the same second, the same number, the same whole duration."""
    text = lines(
        "from,to,start,duration",
        f"{ME},{UK},{MONDAY},60",
        "020 7946 0001,020 7123 4567,2026-10-05T11:00:00.4+01:00,59.2",
        f"{ME},{UK},{MONDAY},61",
        f"{ME},{UK},2026-10-05T10:00:01Z,60",
        f"{ME},+442071234568,{MONDAY},60",
    )
    answer = rated(tmp_path, text)
    assert (answer.summary.rated, answer.summary.duplicates) == (4, 1)
    assert len({row["call_id"] for row in answer.rows}) == 4


def test_a_file_given_twice_counts_once(tmp_path: Path) -> None:
    rates = write_rates(tmp_path)
    path = write(tmp_path / "calls.csv", calls(f"a {UK}", f"b {UK}", "c +4930123456"))
    answer = rate_paths(tmp_path, rates, path, path)
    assert (answer.ids, answer.summary.duplicates, answer.reasons) == (["a", "b"], 2, ["no-rate"] * 2)


def test_two_files_of_one_name_are_two_files(tmp_path: Path) -> None:
    """A growing Master.csv, fetched every day: its lines stand in the same places of a file of the same name."""
    rates = write_rates(tmp_path)
    paths = []
    for day, rows in (("monday", [f"a {UK}"]), ("tuesday", [f"a {UK}", f"b {UK}"])):
        (tmp_path / day).mkdir()
        paths.append(write(tmp_path / day / "Master.csv", calls(*rows)))
    answer = rate_paths(tmp_path, rates, *paths)
    assert (answer.ids, answer.summary.duplicates, answer.total) == (["a", "b"], 1, Decimal("0.12"))


# ---- periods


@pytest.mark.parametrize(
    ("anchor_day", "starts"),
    [
        (1, {"2026-09": "2026-09-30T22:59:59Z", "2026-10": "2026-09-30T23:00:00Z"}),
        (15, {"2026-09": "2026-10-14T22:59:59Z", "2026-10": "2026-10-14T23:00:00Z"}),
        # past a month's end: its last day; 31 January, 28 February, 31 March at UTC, 30 April at UTC+1
        (31, {"2026-01": "2026-02-27T23:59:59Z", "2026-02": "2026-02-28T00:00:00Z", "2026-03": "2026-04-29T22:59:59Z"}),
        (30, {"2026-01": "2026-02-27T23:59:59Z", "2026-02": "2026-02-28T00:00:00Z", "2026-03": "2026-03-29T23:00:00Z"}),
        (29, {"2026-01": "2026-02-27T23:59:59Z", "2026-02": "2026-03-28T23:59:59Z", "2026-03": "2026-03-29T00:00:00Z"}),
        (28, {"2025-12": "2026-01-27T23:59:59Z", "2026-01": "2026-01-28T00:00:00Z", "2026-02": "2026-02-28T00:00:00Z"}),
    ],
)
def test_a_period_begins_on_the_anchor_day_at_local_midnight(
    tmp_path: Path, anchor_day: int, starts: dict[str, str]
) -> None:
    accounts = f"account_id,plan,numbers,anchor_day\nA1,basic,442079460001,{anchor_day}\n"
    text = calls(*(f"{label} {UK} 60 {start}" for label, start in starts.items()))
    answer = rated(tmp_path, text, accounts=accounts)
    assert {row["call_id"]: row["period"] for row in answer.rows} == {label: label for label in starts}


def test_a_leap_years_february_has_29_days(tmp_path: Path) -> None:
    accounts = "account_id,plan,numbers,anchor_day\nA1,basic,442079460001,30\n"
    text = calls(f"a {UK} 60 2024-02-28T23:59:59Z", f"b {UK} 60 2024-02-29T00:00:00Z")
    assert [row["period"] for row in rated(tmp_path, text, accounts=accounts).rows] == ["2024-01", "2024-02"]


def test_a_period_is_that_of_the_accounts_own_zone(tmp_path: Path) -> None:
    """1 October begins in Sydney at 14:00 UTC on the 30th, in New York at 04:00 UTC on the 1st."""
    accounts = """\
    account_id,plan,numbers,timezone
    A1,basic,442079460001,Australia/Sydney
    B1,basic,442079460002,America/New_York
    """
    starts = {
        "a1": "2026-09-30T13:59:59Z",
        "a2": "2026-09-30T14:00:00Z",
        "b1": "2026-10-01T03:59:59Z",
        "b2": "2026-10-01T04:00:00Z",
    }
    rows = (f"{name},44207946000{1 + (name[0] == 'b')},{UK},{start},60" for name, start in starts.items())
    answer = rated(tmp_path, lines(HEADER, *rows), accounts=accounts)
    assert {row["call_id"]: row["period"] for row in answer.rows} == {
        "a1": "2026-09", "a2": "2026-10", "b1": "2026-09", "b2": "2026-10",
    }  # fmt: skip


def test_midnight_that_comes_twice_or_never_begins_a_period_once() -> None:
    """Havana's clocks go back at 01:00 to 00:00 on 1 November 2026; Cairo's skip 24 April 2026 from 00:00 to 01:00."""
    assert labelled("2026-11", "America/Havana", 1).starts_at == datetime(2026, 11, 1, 4, tzinfo=UTC)
    assert labelled("2026-04", "Africa/Cairo", 24).starts_at == datetime(2026, 4, 23, 22, tzinfo=UTC)


@pytest.mark.parametrize("zone", ["Europe/London", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu"])
@pytest.mark.parametrize("anchor_day", [1, 15, 29, 30, 31])
def test_periods_follow_each_other_without_gap_or_overlap(zone: str, anchor_day: int) -> None:
    first, last = datetime(2024, 1, 1, tzinfo=UTC), datetime(2026, 12, 31, tzinfo=UTC)
    periods = list(periods_between(first, last, zone, anchor_day))
    assert periods[0].starts_at <= first < periods[0].ends_at
    assert periods[-1].starts_at <= last < periods[-1].ends_at
    for earlier, later in pairwise(periods):
        assert earlier.ends_at == later.starts_at
        assert previous(later, zone, anchor_day) == earlier
        assert period_at(later.starts_at, zone, anchor_day) == later
        assert later.label == f"{later.starts_at.astimezone(ZoneInfo(zone)):%Y-%m}"


# ---- every row accounted for


def test_a_reject_keeps_its_line_its_reason_and_its_place_and_is_gone_when_the_catalogue_is_mended(
    tmp_path: Path,
) -> None:
    row = f'c1,{ME},"+49 30 123456",{MONDAY},60'
    text = lines(HEADER, f"c0,{ME},{UK},{MONDAY},60", row)
    answer = rated(tmp_path, text)
    assert answer.rejects == [
        {"file": "calls1.csv", "line": "3", "reason": "no-rate", "detail": 'to "4930123456" in deck retail', "raw": row}
    ]
    mended = rated(tmp_path, text, deck="prefix,rate\n44,0.06\n49,0.02\n")
    assert (mended.ids, mended.rejects) == (["c0", "c1"], [])


def test_blank_lines_are_no_rows_and_keep_the_line_numbers_right(tmp_path: Path) -> None:
    text = f"\n\n{HEADER}\n\nc1,{ME},{UK},{MONDAY},60\n   \n\nc2,{ME},nowhere,{MONDAY},60\n\n"
    answer = rated(tmp_path, text)
    assert (answer.summary.rows_in, answer.call("c1")["line"], answer.rejects[0]["line"]) == (2, "5", "8")


def test_a_rated_call_has_the_columns_of_the_design_in_their_order(tmp_path: Path) -> None:
    answer = rated(tmp_path, calls(f"c {UK} 61"), deck="prefix,rate,destination,group\n44,0.06,UK,uk\n")
    assert tuple(answer.rows[0]) == RATED_COLUMNS
    assert list(answer.rows[0].values()) == [
        "c", "A1", "csv", "outbound", ME, "442071234567", "2026-10-05T10:00:00Z", "61", "61", "0", "UK", "uk", "44",
        "retail", "0.060000000", "0.000000000", "1", "1", "0.061000", "GBP", "rated", "false", "", "", "2026-10",
        answer.summary.catalogue, "calls1.csv", "2",
    ]  # fmt: skip


def test_the_same_calls_in_two_files_come_to_the_same_as_in_one(tmp_path: Path) -> None:
    rows = [f"c{n},{ME},{UK},2026-10-0{1 + n % 5}T10:00:00Z,{n * 7}" for n in range(20)]
    rates = write_rates(tmp_path)
    whole = rate_in(tmp_path, rates, lines(HEADER, *rows))
    halves = rate_in(tmp_path, rates, lines(HEADER, *rows[:9]), lines(HEADER, *rows[9:]))
    assert whole.total == halves.total > 0
    assert sorted(whole.ids) == sorted(halves.ids)
