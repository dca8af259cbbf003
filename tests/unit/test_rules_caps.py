"""max_charge: the most that a call may cost, connect fee and all, before it is rounded."""

from decimal import Decimal
from pathlib import Path

import pytest

from rating_kit import HEADER, ME, MONDAY, Answer, calls, rated

UK = "+442071234567"


def plan(**settings: object) -> str:
    lines = "".join(f"{key} = {value!r}\n".replace("'", '"') for key, value in settings.items())
    return f'[plans.basic]\ndeck = "retail"\ncurrency = "GBP"\n{lines}'


def lasting(*seconds: int) -> str:
    return calls(*(f"c{n} {UK} {text}" for n, text in enumerate(seconds)))


def charges(answer: Answer) -> list[str]:
    return [f"{Decimal(row['charge']):f}" for row in answer.rows]


def test_a_call_costs_its_price_up_to_the_cap_and_no_more(tmp_path: Path) -> None:
    """At 0.50 a minute 240 s are 2.00; 239 s are 1.99166…"""
    answer = rated(tmp_path, lasting(60, 239, 240, 241, 36000), deck="prefix,rate,max_charge\n44,0.50,2.00\n")
    assert charges(answer) == ["0.500000", "1.991700", "2.000000", "2.000000", "2.000000"]


def test_a_blank_cap_is_none_and_a_zero_makes_a_call_free(tmp_path: Path) -> None:
    deck = "prefix,rate,connect_fee,max_charge\n441,0.50,0.10,\n442,0.50,0.10,0\n447,0.50,0.10,0.00\n"
    text = calls("none +441212345678 6000", "zero +442071234567 6000", "noughts +447700900123 1")
    assert charges(rated(tmp_path, text, deck=deck)) == ["50.100000", "0.000000", "0.000000"]


def test_the_connect_fee_counts_towards_the_cap(tmp_path: Path) -> None:
    """0.30 + 0.50 x 60 / 60 = 0.80; of two minutes 1.30."""
    answer = rated(tmp_path, lasting(60, 120), deck="prefix,rate,connect_fee,max_charge\n44,0.50,0.30,1\n")
    assert charges(answer) == ["0.800000", "1.000000"]


def test_a_price_per_call_is_capped_too(tmp_path: Path) -> None:
    deck = "prefix,rate,connect_fee,per_call,max_charge\n44,1.50,0.25,yes,1.60\n"
    assert charges(rated(tmp_path, lasting(1, 3600), deck=deck)) == ["1.600000", "1.600000"]


@pytest.mark.parametrize(
    ("rounding", "decimals", "cap", "expected"),
    [
        ("half-up", 2, "2.345", "2.350000"),
        ("up", 2, "2.341", "2.350000"),
        ("down", 2, "2.349", "2.340000"),
        ("half-up", 4, "0.00125", "0.001300"),
        ("up", 4, "0.000000001", "0.000100"),
        ("down", 6, "0.000000999", "0.000000"),
    ],
)
def test_the_capped_price_is_rounded_once_by_the_plan(
    tmp_path: Path, rounding: str, decimals: int, cap: str, expected: str
) -> None:
    deck = f"prefix,rate,max_charge\n44,9,{cap}\n"
    answer = rated(tmp_path, lasting(60), deck=deck, plans=plan(rounding=rounding, charge_decimals=decimals))
    assert charges(answer) == [expected]


def test_what_an_allowance_leaves_over_is_capped(tmp_path: Path) -> None:
    """Two free minutes, 0.50 a minute, at most 1.00: of 180 s one minute is left, of 600 s eight or ten."""
    allowance = '[[plans.basic.allowances]]\nname = "two"\ngroups = ["uk"]\nminutes = 2\n'
    deck = "prefix,rate,group,connect_fee,max_charge\n44,0.50,uk,0.20,1.00\n"
    for seconds, free, charge in ((120, "120", "0.000000"), (180, "120", "0.700000"), (600, "120", "1.000000")):
        answer = rated(tmp_path, lasting(seconds), deck=deck, plans=plan() + allowance)
        assert [(row["free_seconds"], row["charge"]) for row in answer.rows] == [(free, charge)]


def test_a_cap_changes_neither_billed_seconds_nor_what_an_allowance_covers(tmp_path: Path) -> None:
    """Three free minutes; the first call takes two of them although it would have cost nothing."""
    allowance = '[[plans.basic.allowances]]\nname = "three"\ngroups = ["uk"]\nminutes = 3\n'
    deck = "prefix,rate,group,max_charge\n44,0.50,uk,0\n447,0.50,uk,\n"
    text = calls(f"capped {UK} 120 2026-10-05T10:00:00Z", "mobile +447700900123 120 2026-10-05T11:00:00Z")
    answer = rated(tmp_path, text, deck=deck, plans=plan() + allowance)
    shown = [(row["billed_seconds"], row["free_seconds"], row["charge"]) for row in answer.rows]
    assert shown == [("120", "120", "0.000000"), ("120", "60", "0.500000")]


def test_a_late_price_stays_late_whatever_its_cap(tmp_path: Path) -> None:
    answer = rated(tmp_path, lasting(60), deck="prefix,rate,late,max_charge\n44,,yes,0\n")
    assert [(row["status"], row["charge"]) for row in answer.rows] == [("late", "")]


def test_inbound_calls_and_calls_not_allowed_are_capped(tmp_path: Path) -> None:
    deck = "prefix,rate,direction,allowed,max_charge\n44,0.50,inbound,,0.70\n449,2.00,,no,3.00\n"
    rows = [f"in,{UK},{ME},{MONDAY},600,in", f"barred,{ME},+449098790123,{MONDAY},600,out"]
    answer = rated(tmp_path, "\n".join((HEADER + ",direction", *rows)), deck=deck)
    assert charges(answer) == ["0.700000", "3.000000"]
    assert answer.call("barred")["barred"] == "true"


@pytest.mark.parametrize("header", ["max_charge", "Max Charge", "maxcost", "price_cap"])
def test_the_column_has_several_names(tmp_path: Path, header: str) -> None:
    assert charges(rated(tmp_path, lasting(600), deck=f"prefix,rate,{header}\n44,0.50,2\n")) == ["2.000000"]


@pytest.mark.parametrize("decimals", [0, 4, 6])
def test_calls_at_any_price_are_capped_exactly(tmp_path: Path, decimals: int) -> None:
    """Dear rates take the slow way through the arithmetic: 100000 a minute for 31 days, and 1 s more than the cap."""
    deck = "prefix,rate,connect_fee,max_charge\n441,100000,50000,99999.5\n442,60000,,1000.000000001\n"
    text = calls("long +441212345678 2678400", "second +442071234567 1", "two +442071234567 2")
    answer = rated(tmp_path, text, deck=deck, plans=plan(charge_decimals=decimals, rounding="down"))
    capped = "99999.500000" if decimals else "99999.000000"
    assert charges(answer) == [capped, "1000.000000", "1000.000000"]
