"""from_prefix: rows that hold only for calls from numbers that begin so."""

from pathlib import Path
from typing import Any

import pytest

from rating_kit import HEADER, MONDAY, OPERATOR, problems, rated

UK = "+442071234567"
ACCOUNTS = """\
account_id,plan,numbers,sip_logins
A1,basic,442079460001 447700900001 12025550100 33142685300,bob
"""
LONDON, MOBILE, USA, PARIS = "442079460001", "447700900001", "12025550100", "33142685300"
DECK = "prefix,rate,from_prefix\n44,0.06,\n44,0.02,44\n44,0.01,+447\n"


def priced(folder: Path, callers: tuple[str, ...], deck: str, *, to: str = UK, **kwargs: Any) -> list[str]:
    """The rate of a minute from each caller, in order; "" where there was none."""
    rows = [f"c{n:02},{caller},{to},{MONDAY},60" for n, caller in enumerate(callers)]
    answer = rated(folder, "\n".join((HEADER, *rows)), deck=deck, accounts=ACCOUNTS, **kwargs)
    by_id = {row["call_id"]: row["rate"].rstrip("0").rstrip(".") for row in answer.rows}
    return [by_id.get(f"c{n:02}", "") for n in range(len(callers))]


def test_a_row_for_some_callers_goes_before_one_for_any_and_the_longest_first(tmp_path: Path) -> None:
    assert priced(tmp_path, (LONDON, MOBILE, USA, PARIS), DECK) == ["0.02", "0.01", "0.06", "0.06"]


def test_for_other_callers_a_row_is_as_if_it_were_not_there(tmp_path: Path) -> None:
    """Only British callers have 4420, so that the others' longest prefix is 44; only Americans have a rate to 49."""
    deck = "prefix,rate,from_prefix\n44,0.06,\n4420,0.02,44\n49,0.05,1\n"
    assert priced(tmp_path, (LONDON, USA), deck) == ["0.02", "0.06"]
    assert priced(tmp_path, (LONDON, USA), deck, to="+4930123456") == ["", "0.05"]


def test_the_longest_prefix_of_the_called_number_goes_before_that_of_the_caller(tmp_path: Path) -> None:
    deck = "prefix,rate,from_prefix\n44,0.01,442079460001\n4420,0.06,\n"
    assert priced(tmp_path, (LONDON,), deck) == ["0.06"]


def test_a_band_goes_before_a_caller(tmp_path: Path) -> None:
    """A Monday: the band holds. Where caller and band both fit, that row is first."""
    operator = OPERATOR + '[bands.peak]\ndays = ["mon-fri"]\n'
    deck = "prefix,rate,from_prefix,band\n44,0.06,,\n44,0.02,442079,\n44,0.12,,peak\n"
    assert priced(tmp_path, (LONDON, USA), deck, operator=operator) == ["0.12", "0.12"]
    both = deck + "44,0.09,44,peak\n"
    assert priced(tmp_path, (LONDON, USA), both, operator=operator) == ["0.09", "0.12"]


def test_a_caller_is_compared_as_e164_however_it_is_written(tmp_path: Path) -> None:
    written = ("020 7946 0001", "+44 (0)20 7946 0001", "0044 20 7946 0001", "sip:02079460001@pbx.example")
    assert priced(tmp_path, written, DECK) == ["0.02"] * 4


def test_who_is_no_number_matches_rows_for_any_caller_only(tmp_path: Path) -> None:
    """A login, extension 4420 and nobody's name, all of bob's; 4420 is no E.164 number, though it begins with 44."""
    rows = [f"{caller},{caller},{UK},{MONDAY},60,bob" for caller in ("bob", "4420", "anonymous")]
    text = "\n".join((HEADER + ",login", *rows))
    answer = rated(tmp_path, text, deck=DECK + "442,0.01,4\n", accounts=ACCOUNTS)
    assert {row["call_id"]: (row["prefix"], row["charge"]) for row in answer.rows} == {
        "bob": ("44", "0.060000"), "4420": ("44", "0.060000"), "anonymous": ("44", "0.060000"),
    }  # fmt: skip


def test_inbound_calls_are_priced_by_who_calls(tmp_path: Path) -> None:
    """A toll-free number that costs more from mobiles."""
    deck = "prefix,rate,direction,from_prefix\n44,0.02,inbound,\n44,0.10,inbound,447\n"
    callers = ("+441632960000", "+447911123456", "anonymous")
    rows = [f"c{n},{caller},{LONDON},{MONDAY},60,in" for n, caller in enumerate(callers)]
    answer = rated(tmp_path, "\n".join((HEADER + ",direction", *rows)), deck=deck, accounts=ACCOUNTS)
    assert [row["charge"] for row in answer.rows] == ["0.020000", "0.100000", "0.020000"]


def test_codes_may_be_priced_by_who_calls(tmp_path: Path) -> None:
    deck = "prefix,rate,group,from_prefix\n118118,3,short,\n118118,5,short,447\n"
    assert priced(tmp_path, (LONDON, MOBILE), deck, to="118118") == ["3", "5"]


def test_dates_hold_for_each_callers_rows_by_themselves(tmp_path: Path) -> None:
    """The later row for callers of 44 ends the earlier one, and leaves the row for any caller alone."""
    deck = "prefix,rate,from_prefix,effective_from\n44,0.06,,\n44,0.02,44,\n44,0.03,44,2026-10-05\n"
    assert priced(tmp_path, (LONDON, USA), deck) == ["0.03", "0.06"]


def test_two_rows_for_one_caller_in_force_at_once_are_an_error(tmp_path: Path) -> None:
    found = problems(tmp_path, deck=DECK + "44,0.05,+44\n")
    assert [(problem.code, problem.line) for problem in found] == [("overlapping-rows", 5)]


@pytest.mark.parametrize("written", ["bob", "0x44"])
def test_a_caller_that_is_no_beginning_of_a_number_is_an_error(tmp_path: Path, written: str) -> None:
    found = problems(tmp_path, deck=f"prefix,rate,from_prefix\n44,0.06,\n44,0.02,{written}\n")
    assert [problem.line for problem in found] == [3]


@pytest.mark.parametrize("header", ["From Prefix", "originprefix", "caller_prefix", "fromcode", "A-Number Prefix"])
def test_the_column_has_several_names(tmp_path: Path, header: str) -> None:
    assert priced(tmp_path, (LONDON, USA), DECK.replace("from_prefix", header)) == ["0.02", "0.06"]
