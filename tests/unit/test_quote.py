"""A price explained: which row holds, the clock and the calendar, caps, callers, what the plan adds."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from callmeter.errors import Missing
from callmeter.rating.quote import Quote, quote
from rating_kit import OPERATOR, PLANS, write_rates

UK = "020 7123 4567"
BANDS = """\
holidays = ["12-25", "2026-04-03"]
[bands.peak]
days = ["mon-fri"]
hours = ["08:00-19:00"]
"""
DECK = """\
prefix,destination,rate,band,max_charge,from_prefix,effective_from,direction,connect_fee
44,UK,0.06,,,,,,
44,UK,0.12,peak,0.50,,,,
4420,London,0.01,,,442079,,,
4420,London,0.03,,,,2027-01-01,,
44800,Freephone,0.02,,,,,inbound,0.01
"""


def ask(folder: Path, to: str = UK, *, at: str = "2026-10-06T08:30:00+01:00", deck: str = DECK, **more: str) -> Quote:
    """A quote of two minutes, on a Tuesday at half past eight in London unless said."""
    plans = more.pop("plans", PLANS)
    rates = write_rates(folder, operator=OPERATOR + BANDS, deck=deck, accounts=None, plans=plans)
    return quote(to, rates=rates, plan="basic", seconds=120, at=datetime.fromisoformat(at), **more)


def test_every_step_from_the_number_to_the_price_can_be_read_aloud(tmp_path: Path) -> None:
    """0.12 x 120 / 60 = 0.24, below the cap of 0.50."""
    assert ask(tmp_path, caller="02071112222").explanation.steps == (
        "020 7123 4567 is 442071234567",
        "the caller, 02071112222, is 442071112222",
        "Tuesday 6 October 2026, 08:30 in Europe/London: in band peak",
        "4420 (line 4) does not hold: it is for callers from 442079",
        "4420 (line 5) does not hold: it begins on 2027-01-01",
        "the row for band peak (line 3) goes before one without a band",
        "44 is the longest prefix in deck retail (line 3): UK",
        "120 s in increments of 1/1, set by the deck: 120 s are billed",
        "0.12 x 120 / 60 = 0.24",
        "rounded half-up to 4 decimals: 0.2400 GBP",
    )


@pytest.mark.parametrize(
    ("at", "said", "line"),
    [
        ("2026-10-06T07:59:59+01:00", "Tuesday 6 October 2026, 07:59:59 in Europe/London: in no band", 2),
        ("2026-10-06T18:00:00Z", "Tuesday 6 October 2026, 19:00 in Europe/London: in no band", 2),
        ("2026-10-10T12:00:00Z", "Saturday 10 October 2026, 13:00 in Europe/London: in no band", 2),
        ("2026-12-25T12:00:00Z", "Friday 25 December 2026, 12:00 in Europe/London: a public holiday, in no band", 2),
        ("2026-04-03T12:00:00Z", "Friday 3 April 2026, 13:00 in Europe/London: a public holiday, in no band", 2),
        ("2028-04-03T12:00:00Z", "Monday 3 April 2028, 13:00 in Europe/London: in band peak", 5),
    ],
)
def test_the_operators_clock_and_calendar_say_which_band_is_on(tmp_path: Path, at: str, said: str, line: int) -> None:
    answer = ask(tmp_path, at=at)
    assert said in answer.explanation.steps
    assert answer.row
    assert answer.row.line == line


def test_a_row_for_the_caller_is_used_and_said(tmp_path: Path) -> None:
    answer = ask(tmp_path, caller="+44 20 7946 0001")
    assert answer.row
    assert (answer.row.line, answer.explanation.charge) == (4, Decimal("0.0200"))
    assert "the row for callers from 442079 (line 4) goes before one for all callers" in answer.explanation.steps


def test_without_a_caller_rows_for_some_callers_do_not_hold(tmp_path: Path) -> None:
    steps = ask(tmp_path).explanation.steps
    assert "4420 (line 4) does not hold: it is for callers from 442079, and no caller was given" in steps


def test_a_price_over_the_cap_is_the_cap_rounded(tmp_path: Path) -> None:
    """0.50 is the most, of 10 x 2 = 20; rounded to no decimals half-up it is 1."""
    deck = "prefix,rate,max_charge\n44,10,0.50\n"
    answer = ask(tmp_path, deck=deck, plans=PLANS + "charge_decimals = 0\n")
    assert answer.explanation.steps[-3:] == (
        "10.00 x 120 / 60 = 20.00",
        "a call there costs 0.50 at most",
        "rounded half-up to 0 decimals: 1 GBP",
    )


def test_a_cap_of_nothing_makes_a_call_free(tmp_path: Path) -> None:
    deck = "prefix,rate,max_charge,per_call\n44,10,0,yes\n"
    assert ask(tmp_path, deck=deck).explanation.charge == 0


def test_a_row_in_force_for_some_time_says_from_when_to_when(tmp_path: Path) -> None:
    deck = "prefix,rate,effective_from,effective_to\n44,1,2026-01-01,2027-01-01\n"
    assert "line 2 is in force from 2026-01-01 until 2027-01-01" in ask(tmp_path, deck=deck).explanation.steps


def test_where_no_row_holds_each_says_why(tmp_path: Path) -> None:
    deck = (
        "prefix,rate,band,effective_to\n44,1,peak,\n44,1,,2026-01-01\n442,1,,2026-01-01\n4420,1,peak,\n44207,1,peak,\n"
    )
    with pytest.raises(Missing) as raised:
        ask(tmp_path, deck=deck, at="2026-10-10T12:00:00Z")
    assert str(raised.value).splitlines() == [
        f"deck retail has no row in force for {UK} at 2026-10-10T12:00:00+00:00; add its prefix to the deck",
        "  44207 (line 6) does not hold: it is for band peak",
        "  4420 (line 5) does not hold: it is for band peak",
        "  442 (line 4) does not hold: it ended on 2026-01-01",
        "  and 2 more rows do not hold",
    ]


def test_being_called_costs_nothing_unless_there_is_an_inbound_row(tmp_path: Path) -> None:
    """0.01 + 0.02 x 120 / 60 = 0.05."""
    free, charged = (ask(tmp_path, to, direction="inbound") for to in (UK, "+448001234567"))
    assert free.row is None
    assert (free.explanation.charge, free.explanation.status) == (Decimal(0), "rated")
    assert free.explanation.steps[-1] == "deck retail has no inbound row for it: being called costs nothing"
    assert charged.explanation.charge == Decimal("0.05")


def test_a_code_is_matched_whole(tmp_path: Path) -> None:
    deck = "prefix,rate,destination,group\n9,5,Nine,\n999,0,Police,emergency\n"
    steps = ask(tmp_path, "999", deck=deck).explanation.steps
    assert steps[0] == "999 is the code 999"
    assert "999 is a code, matched whole, in deck retail (line 3): Police, emergency" in steps


def test_what_the_plan_blocks_or_may_cover_is_said(tmp_path: Path) -> None:
    deck = "prefix,rate,group,connect_fee\n44,1,uk,0.1\n"
    plan = 'blocked_groups = ["uk"]\n[[plans.basic.allowances]]\nname = "UK"\ngroups = ["uk"]\nminutes = 9\n'
    steps = ask(tmp_path, deck=deck, plans=PLANS + plan).explanation.steps
    assert steps[-2:] == (
        "the plan blocks calls to uk: one that happened anyway is charged",
        "allowance 'UK' may cover it, the connect fee only where it covers the whole call: 9 minutes a period",
    )
