"""Time bands: named hours of named days by the operator's clock, and the rows of a deck that hold only then."""

from pathlib import Path
from typing import Any

import pytest

from callmeter.rating.stages import Intake
from rating_kit import HEADER, ME, OPERATOR, calls, problems, rated

UK = "+442071234567"
PEAK = '[bands.peak]\ndays = ["mon-fri"]\nhours = ["08:00-19:00"]\n'
HOLIDAYS = 'holidays = ["12-25", "2026-04-03"]\n'
DECK = "prefix,rate,band\n44,0.06,\n44,0.12,peak\n"


def operator(bands: str = PEAK, *, holidays: str = HOLIDAYS, zone: str = "Europe/London") -> str:
    return OPERATOR.replace("Europe/London", zone) + holidays + bands


def band(*, days: str = "", hours: str = "", name: str = "peak") -> str:
    """A table of one band; days and hours separated by blanks."""
    keys = {"days": days.split(), "hours": hours.split()}
    return f"[bands.{name}]\n" + "".join(f"{key} = {values!r}\n" for key, values in keys.items() if values)


def banded(
    folder: Path, *starts: str, bands: str = PEAK, deck: str = DECK, zone: str = "Europe/London", **kwargs: Any
) -> list[str]:
    """The rate of a call of a minute at each start, in order; "" where it had none."""
    text = calls(*(f"c{n:02} {UK} 60 {start}" for n, start in enumerate(starts)))
    answer = rated(folder, text, operator=operator(bands, zone=zone), deck=deck, **kwargs)
    by_id = {row["call_id"]: row["rate"].rstrip("0") for row in answer.rows}
    return [by_id.get(f"c{n:02}", "") for n in range(len(starts))]


# ---- which calls are in a band


def test_a_band_begins_and_ends_to_the_second_by_the_clock_on_the_wall(tmp_path: Path) -> None:
    """Monday 5 October 2026, London an hour ahead of UTC; Monday 2 November, London at UTC."""
    summer = ("2026-10-05T06:59:59Z", "2026-10-05T07:00:00Z", "2026-10-05T17:59:59Z", "2026-10-05T18:00:00Z")
    winter = ("2026-11-02T07:59:59Z", "2026-11-02T08:00:00Z", "2026-11-02T18:59:59Z", "2026-11-02T19:00:00Z")
    assert banded(tmp_path, *summer, *winter) == ["0.06", "0.12", "0.12", "0.06"] * 2


def test_the_calls_start_decides_however_long_it_lasts(tmp_path: Path) -> None:
    """An hour from a second before 19:00 is 60 x 0.12; an hour from a second before 08:00 is 60 x 0.06."""
    text = calls(f"evening {UK} 3600 2026-10-05T17:59:59Z", f"morning {UK} 3600 2026-10-05T06:59:59Z")
    answer = rated(tmp_path, text, operator=operator(), deck=DECK)
    assert (answer.call("evening")["charge"], answer.call("morning")["charge"]) == ("7.200000", "3.600000")


def test_the_clock_is_the_operators_not_the_accounts_nor_the_pbxs(tmp_path: Path) -> None:
    """08:30 and 19:30 in London: in New York, where account and PBX are, 03:30 and 14:30."""
    accounts = "account_id,plan,numbers,timezone\nA1,basic,442079460001,America/New_York\n"
    text = calls(f"in {UK} 60 2026-10-05T03:30:00", f"out {UK} 60 2026-10-05T14:30:00")
    intake = Intake(timezone="America/New_York")
    answer = rated(tmp_path, text, operator=operator(), deck=DECK, accounts=accounts, intake=intake)
    assert (answer.call("in")["charge"], answer.call("out")["charge"]) == ("0.120000", "0.060000")


@pytest.mark.parametrize(
    ("zone", "before", "eight"),
    [
        ("America/New_York", "2026-10-05T11:59:59Z", "2026-10-05T12:00:00Z"),
        ("Australia/Sydney", "2026-10-04T20:59:59Z", "2026-10-04T21:00:00Z"),
        ("Asia/Kolkata", "2026-10-05T02:29:59Z", "2026-10-05T02:30:00Z"),
    ],
)
def test_monday_eight_oclock_is_where_the_operator_is(tmp_path: Path, zone: str, before: str, eight: str) -> None:
    assert banded(tmp_path, before, eight, zone=zone) == ["0.06", "0.12"]


def test_a_band_has_its_days_only(tmp_path: Path) -> None:
    """Friday 9 to Monday 12 October 2026, at noon."""
    noons = (f"2026-10-{day:02}T12:00:00Z" for day in (9, 10, 11, 12))
    assert banded(tmp_path, *noons) == ["0.12", "0.06", "0.06", "0.12"]


def test_days_are_named_one_by_one_or_as_ranges(tmp_path: Path) -> None:
    """Monday to Sunday, 5 to 11 October 2026."""
    noons = (f"2026-10-{day:02}T12:00:00Z" for day in range(5, 12))
    found = banded(tmp_path, *noons, bands=band(days="mon-wed fri sun"))
    assert found == ["0.12", "0.12", "0.12", "0.06", "0.12", "0.06", "0.12"]


def test_a_public_holiday_is_none_of_the_weekdays(tmp_path: Path) -> None:
    """25 December was a Wednesday in 2024, a Thursday in 2025. 3 April: a Friday in 2026, a Thursday in 2025."""
    noons = ("2024-12-25", "2025-12-25", "2025-12-24", "2026-04-03", "2025-04-03", "2026-04-02")
    found = banded(tmp_path, *(f"{day}T12:00:00Z" for day in noons))
    assert found == ["0.06", "0.06", "0.12", "0.06", "0.12", "0.12"]


def test_a_holiday_lasts_from_local_midnight_to_local_midnight(tmp_path: Path) -> None:
    """3 April 2026 in London is 23:00 UTC on the 2nd to 23:00 UTC on the 3rd."""
    starts = ("2026-04-02T22:59:59Z", "2026-04-02T23:00:00Z", "2026-04-03T22:59:59Z", "2026-04-03T23:00:00Z")
    assert banded(tmp_path, *starts, bands=band(days="holiday")) == ["0.06", "0.12", "0.12", "0.06"]


def test_a_band_may_have_holidays_beside_weekdays(tmp_path: Path) -> None:
    noons = ("2026-04-03T12:00:00Z", "2026-04-04T12:00:00Z", "2026-04-02T12:00:00Z")
    assert banded(tmp_path, *noons, bands=band(days="sat-sun holiday")) == ["0.12", "0.12", "0.06"]


def test_a_band_without_days_has_every_day_and_holidays(tmp_path: Path) -> None:
    starts = (f"{day}T12:00:00Z" for day in ("2026-10-05", "2026-10-10", "2026-10-11", "2026-04-03"))
    assert banded(tmp_path, *starts, bands=band(hours="12:00-14:00")) == ["0.12"] * 4


def test_a_band_without_hours_has_the_whole_day(tmp_path: Path) -> None:
    """Saturday 10 October 2026 in London."""
    starts = ("2026-10-09T22:59:59Z", "2026-10-09T23:00:00Z", "2026-10-10T22:59:59Z", "2026-10-10T23:00:00Z")
    assert banded(tmp_path, *starts, bands=band(days="sat")) == ["0.06", "0.12", "0.12", "0.06"]


def test_a_band_may_end_at_twenty_four(tmp_path: Path) -> None:
    starts = ("2026-10-05T17:59:59Z", "2026-10-05T18:00:00Z", "2026-10-05T22:59:59Z", "2026-10-05T23:00:00Z")
    assert banded(tmp_path, *starts, bands=band(hours="19:00-24:00")) == ["0.06", "0.12", "0.12", "0.06"]


def test_hours_over_midnight_are_both_ends_of_the_same_day(tmp_path: Path) -> None:
    """Friday 9 October 2026, from midnight to 08:00 and from 19:00 to midnight; not Saturday's small hours."""
    inside = ("2026-10-08T23:00:00Z", "2026-10-09T06:59:59Z", "2026-10-09T18:00:00Z", "2026-10-09T22:59:59Z")
    outside = ("2026-10-08T22:59:59Z", "2026-10-09T07:00:00Z", "2026-10-09T17:59:59Z", "2026-10-09T23:00:00Z")
    found = banded(tmp_path, *inside, *outside, bands=band(days="fri", hours="19:00-08:00"))
    assert found == ["0.12"] * 4 + ["0.06"] * 4


def test_a_band_may_have_several_hours(tmp_path: Path) -> None:
    starts = (f"2026-11-02T{clock}:00Z" for clock in ("07:59", "08:00", "12:00", "12:59", "13:00", "18:00"))
    found = banded(tmp_path, *starts, bands=band(hours="08:00-12:00 13:00-18:00"))
    assert found == ["0.06", "0.12", "0.06", "0.06", "0.12", "0.06"]


def test_in_the_hour_that_comes_twice_the_wall_decides_both_times(tmp_path: Path) -> None:
    """London, 25 October 2026: 01:00 to 02:00 is 00:00Z to 01:00Z, and again 01:00Z to 02:00Z."""
    starts = ("2026-10-24T23:59:59Z", "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:59:59Z")
    found = banded(tmp_path, *starts, "2026-10-25T02:00:00Z", bands=band(days="sun", hours="01:00-02:00"))
    assert found == ["0.06", "0.12", "0.12", "0.12", "0.06"]


def test_a_band_in_the_hour_that_is_skipped_has_no_moment(tmp_path: Path) -> None:
    """London, 29 March 2026: after 00:59:59 comes 02:00:00, which is 01:00Z."""
    starts = ("2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z")
    assert banded(tmp_path, *starts, bands=band(hours="01:00-02:00")) == ["0.06", "0.06", "0.06"]
    assert banded(tmp_path, *starts, bands=band(hours="02:00-03:00")) == ["0.06", "0.12", "0.12"]


# ---- which row wins


def test_the_longest_prefix_goes_before_a_band(tmp_path: Path) -> None:
    """At peak, prefix 4420 without a band is nearer than 44 with one."""
    text = calls(f"london {UK}", "elsewhere +441212345678")
    answer = rated(tmp_path, text, operator=operator(), deck=DECK + "4420,0.03,\n")
    assert {row["call_id"]: row["prefix"] + " " + row["charge"] for row in answer.rows} == {
        "london": "4420 0.030000",
        "elsewhere": "44 0.120000",
    }


def test_out_of_its_band_a_row_is_as_if_it_were_not_there(tmp_path: Path) -> None:
    """Monday at noon, then Sunday at noon, when 4420 has no row: 44 has, 1 has none at all."""
    deck = "prefix,rate,band\n44,0.06,\n4420,0.12,peak\n1,0.02,peak\n"
    dialled = {"london": UK, "usa": "+12025550100"}
    starts = {"monday": "2026-10-05T12:00:00Z", "sunday": "2026-10-11T12:00:00Z"}
    text = calls(*(f"{name}-{day} {to} 60 {at}" for name, to in dialled.items() for day, at in starts.items()))
    answer = rated(tmp_path, text, operator=operator(), deck=deck)
    assert {row["call_id"]: row["prefix"] for row in answer.rows} == {
        "london-monday": "4420",
        "london-sunday": "44",
        "usa-monday": "1",
    }
    assert answer.reasons == ["no-rate"]


def test_several_bands_and_a_plain_row_stand_side_by_side(tmp_path: Path) -> None:
    bands = PEAK + band(name="night", days="mon-fri", hours="19:00-08:00")
    deck = DECK + "44,0.01,night\n"
    starts = ("2026-10-05T12:00:00Z", "2026-10-05T20:00:00Z", "2026-10-10T12:00:00Z")
    assert banded(tmp_path, *starts, bands=bands, deck=deck) == ["0.12", "0.01", "0.06"]


def test_dates_hold_for_each_band_by_itself(tmp_path: Path) -> None:
    """The later peak row ends the earlier one on the 12th, and leaves the plain row alone."""
    deck = "prefix,rate,band,effective_from\n44,0.06,,\n44,0.12,peak,\n44,0.20,peak,2026-10-12\n"
    starts = ("2026-10-09T12:00:00Z", "2026-10-09T20:00:00Z", "2026-10-12T12:00:00Z", "2026-10-12T20:00:00Z")
    assert banded(tmp_path, *starts, deck=deck) == ["0.12", "0.06", "0.2", "0.06"]


def test_when_a_banded_row_ends_the_plain_one_holds_at_peak_too(tmp_path: Path) -> None:
    deck = "prefix,rate,band,effective_to\n44,0.06,,\n44,0.12,peak,2026-10-12\n"
    assert banded(tmp_path, "2026-10-09T12:00:00Z", "2026-10-12T12:00:00Z", deck=deck) == ["0.12", "0.06"]


def test_inbound_rows_and_codes_have_bands_too(tmp_path: Path) -> None:
    deck = "prefix,rate,band,direction,group\n44800,0.01,,inbound,\n44800,0.03,peak,inbound,\n"
    deck += "118118,3,peak,,short\n118118,2,,,short\n"
    accounts = "account_id,plan,numbers\nA1,basic,442079460001 448001234567\n"
    rows = [
        f"{name}-{kind},{ends},{start},60,{way}"
        for name, start in (("peak", "2026-10-05T12:00:00Z"), ("off", "2026-10-11T12:00:00Z"))
        for kind, ends, way in (("in", f"{UK},+448001234567", "in"), ("code", f"{ME},118118", "out"))
    ]
    text = "\n".join((HEADER + ",direction", *rows))
    answer = rated(tmp_path, text, operator=operator(), deck=deck, accounts=accounts)
    assert {row["call_id"]: row["charge"] for row in answer.rows} == {
        "peak-in": "0.030000", "peak-code": "3.000000", "off-in": "0.010000", "off-code": "2.000000",
    }  # fmt: skip


@pytest.mark.parametrize("header", ["band", "Time Band", "timeslot", "Timing"])
def test_the_column_has_several_names(tmp_path: Path, header: str) -> None:
    assert banded(tmp_path, "2026-10-05T12:00:00Z", deck=DECK.replace("band", header)) == ["0.12"]


# ---- mistakes

OVERLAPPING = [
    (band(name="day", hours="08:00-19:00"), band(name="lunch", hours="12:00-13:00")),
    (band(name="day", hours="08:00-19:00"), band(name="lunch", hours="18:59-20:00")),
    (band(name="day", days="sat-sun"), band(name="lunch", days="sun holiday")),
    (band(name="day", days="holiday"), band(name="lunch")),
    (band(name="day", hours="19:00-08:00"), band(name="lunch", hours="07:59-09:00")),
]
APART = [
    (band(name="day", hours="08:00-19:00"), band(name="lunch", hours="19:00-08:00")),
    (band(name="day", days="mon-fri"), band(name="lunch", days="sat-sun holiday")),
    (band(name="day", days="mon-sun"), band(name="lunch", days="holiday")),
]
TWO = "prefix,rate,band\n44,0.06,day\n44,0.12,lunch\n"


@pytest.mark.parametrize("bands", OVERLAPPING)
def test_rows_of_bands_that_share_a_minute_are_an_error(tmp_path: Path, bands: tuple[str, str]) -> None:
    found = problems(tmp_path, operator=operator("".join(bands)), deck=TWO)
    assert [(problem.code, problem.line) for problem in found] == [("overlapping-rows", 3)]


@pytest.mark.parametrize("bands", APART)
def test_rows_of_bands_that_share_none_are_not(tmp_path: Path, bands: tuple[str, str]) -> None:
    assert problems(tmp_path, operator=operator("".join(bands)), deck=TWO) == []


@pytest.mark.parametrize(
    "deck",
    [
        "prefix,rate,band\n44,0.06,day\n442,0.12,lunch\n",
        "prefix,rate,band,direction\n44,0.06,day,\n44,0.12,lunch,inbound\n",
        "prefix,rate,band,effective_from,effective_to\n44,0.06,day,,2026-10-10\n44,0.12,lunch,2026-10-10,\n",
        "prefix,rate,band,from_prefix\n44,0.06,day,\n44,0.12,lunch,4420\n",
    ],
)
def test_bands_that_overlap_do_no_harm_in_rows_that_do_not_meet(tmp_path: Path, deck: str) -> None:
    assert problems(tmp_path, operator=operator("".join(OVERLAPPING[0])), deck=deck) == []


def test_two_rows_of_one_band_in_force_at_once_are_an_error(tmp_path: Path) -> None:
    found = problems(tmp_path, operator=operator(), deck=DECK + "44,0.20,peak\n")
    assert [(problem.code, problem.line) for problem in found] == [("overlapping-rows", 4)]


def test_a_band_that_the_operator_does_not_name_is_an_error(tmp_path: Path) -> None:
    found = problems(tmp_path, operator=operator(), deck=DECK + "49,0.20,evening\n")
    assert [problem.line for problem in found] == [4]
    assert "evening" in str(found[0])
