"""Rules 1, 5, 6, 8 and 9 of the design: billed seconds, charges, late prices, calls that were not allowed."""

from decimal import Decimal
from pathlib import Path

import pytest

from rating_kit import HEADER, ME, MONDAY, Answer, calls, rate_in, rated, write_rates

UK = "+442071234567"


def plan(**settings: object) -> str:
    lines = "".join(f"{key} = {value!r}\n".replace("'", '"') for key, value in settings.items())
    return f'[plans.basic]\ndeck = "retail"\ncurrency = "GBP"\n{lines}'


def durations(*seconds: object) -> str:
    return calls(*(f"s{n}-{text} {UK} {text}" for n, text in enumerate(seconds)))


def billed(answer: Answer) -> list[int]:
    return [int(row["billed_seconds"]) for row in answer.rows]


def charges(answer: Answer) -> list[str]:
    return [f"{Decimal(row['charge']):f}" for row in answer.rows]


# ---- billed seconds


@pytest.mark.parametrize(
    ("increments", "seconds", "expected"),
    [
        ("60,60", (1, 59, 60, 61, 120, 121), [60, 60, 60, 120, 120, 180]),
        ("60,1", (1, 60, 61, 3599), [60, 60, 61, 3599]),
        ("30,6", (1, 30, 31, 36, 37), [30, 30, 36, 36, 42]),
        ("1,1", (1, 59, 61), [1, 59, 61]),
        ("0,60", (1, 60, 61), [60, 60, 120]),  # nothing first: whole further ones only
        ("0,7", (1, 7, 8, 14, 15), [7, 7, 14, 14, 21]),
        ("60,", (1, 61), [60, 120]),  # a lone value counts for both
        (",6", (1, 7), [6, 12]),
        (",", (1, 7), [1, 7]),  # per second unless said
    ],
)
def test_billed_seconds_are_the_first_increment_and_whole_further_ones(
    tmp_path: Path, increments: str, seconds: tuple[int, ...], expected: list[int]
) -> None:
    deck = f"prefix,rate,first_increment,increment\n44,0.06,{increments}\n"
    assert billed(rated(tmp_path, durations(*seconds), deck=deck)) == expected


@pytest.mark.parametrize(
    ("billing", "expected"),
    [("deck", [30, 36, 66]), ("per-minute", [60, 60, 120]), ("per-second", [1, 31, 61])],
)
def test_a_plan_may_bill_by_its_own_increments(tmp_path: Path, billing: str, expected: list[int]) -> None:
    deck = "prefix,rate,first_increment,increment\n44,0.06,30,6\n"
    answer = rated(tmp_path, durations(1, 31, 61), deck=deck, plans=plan(billing=billing))
    assert billed(answer) == expected
    assert len({(row["first_increment"], row["increment"]) for row in answer.rows}) == 1


def test_a_fraction_of_a_second_is_a_second(tmp_path: Path) -> None:
    answer = rated(tmp_path, durations("0.2", "59.4", "60.0", "60.000001", ".5", "7."), deck="prefix,rate\n44,0.06\n")
    assert [row["duration_seconds"] for row in answer.rows] == ["1", "60", "60", "61", "1", "7"]
    assert billed(answer) == [1, 60, 60, 61, 1, 7]


def test_an_unanswered_or_zero_second_call_costs_nothing_connect_fee_included(tmp_path: Path) -> None:
    deck = "prefix,rate,connect_fee,per_call\n44,0.06,0.50,\n449,1.50,0.10,yes\n"
    unanswered = ("NO ANSWER", "busy", "Failed", "no-answer", "CANCEL")
    text = "\n".join((
        HEADER + ",disposition",
        f"zero,{ME},{UK},{MONDAY},0,ANSWERED",
        f"zero-premium,{ME},+449098790123,{MONDAY},0.0,",
        *(f"n{n},{ME},{UK},{MONDAY},30,{word}" for n, word in enumerate(unanswered)),
        f"answered,{ME},{UK},{MONDAY},60,Answered",
    ))  # fmt: skip
    answer = rated(tmp_path, text, deck=deck)
    assert charges(answer) == ["0.000000"] * 7 + ["0.560000"]
    assert billed(answer) == [0] * 7 + [60]
    assert [row["status"] for row in answer.rows] == ["unanswered"] * 7 + ["rated"]


# ---- charges


def test_the_charge_is_connect_fee_and_rate_by_the_minute(tmp_path: Path) -> None:
    """0.05 + 0.0123456 x 61 / 60 = 0.06255136."""
    deck = "prefix,rate,connect_fee\n44,0.0123456,0.05\n"
    assert charges(rated(tmp_path, durations(61), deck=deck)) == ["0.062600"]


def test_a_charge_is_rounded_once_and_call_by_call(tmp_path: Path) -> None:
    """0.00005 + 0.00005 = 0.0001: each half rounded by itself would make 0.0002. Three calls are 0.0003."""
    deck = "prefix,rate,connect_fee\n441,0.00005,0.00005\n442,0.00005,\n"
    answer = rated(tmp_path, calls("fee +441212345678", "a +442071234567", "b +442071234567"), deck=deck)
    assert charges(answer) == ["0.000100"] * 3
    assert answer.summary.charge == {"GBP": Decimal("0.0003")}


@pytest.mark.parametrize(
    ("rounding", "decimals", "expected"),
    [
        # 0.0125 a minute: 6 s are 0.00125, 7 s 0.00145833…, 60 s 0.0125
        ("half-up", 4, ["0.001300", "0.001500", "0.012500"]),
        ("up", 4, ["0.001300", "0.001500", "0.012500"]),
        ("down", 4, ["0.001200", "0.001400", "0.012500"]),
        ("half-up", 2, ["0.000000", "0.000000", "0.010000"]),
        ("up", 2, ["0.010000", "0.010000", "0.020000"]),
        ("half-up", 6, ["0.001250", "0.001458", "0.012500"]),
        ("up", 6, ["0.001250", "0.001459", "0.012500"]),
        ("half-up", 0, ["0.000000", "0.000000", "0.000000"]),
        ("up", 0, ["1.000000", "1.000000", "1.000000"]),
    ],
)
def test_the_plan_says_to_how_many_decimals_and_which_way(
    tmp_path: Path, rounding: str, decimals: int, expected: list[str]
) -> None:
    plans = plan(rounding=rounding, charge_decimals=decimals)
    answer = rated(tmp_path, durations(6, 7, 60), deck="prefix,rate\n44,0.0125\n", plans=plans)
    assert charges(answer) == expected


@pytest.mark.parametrize(
    ("rounding", "expected"),
    [("half-up", [0, 0, 1, 1, 1]), ("up", [1, 1, 1, 1, 1]), ("down", [0, 0, 0, 0, 1])],
)
def test_rounding_turns_at_the_very_last_nano(tmp_path: Path, rounding: str, expected: list[int]) -> None:
    """A second at these rates is 1, 29999, 30000, 59999 and 60000 sixty-thousandths of a millionth."""
    rates = ("0.000000001", "0.000029999", "0.00003", "0.000059999", "0.00006")
    deck = "prefix,rate\n" + "".join(f"44{n},{rate}\n" for n, rate in enumerate(rates, start=1))
    text = calls(*(f"c{n} +44{n}12345678 1" for n in range(1, 6)))
    answer = rated(tmp_path, text, deck=deck, plans=plan(rounding=rounding, charge_decimals=6))
    assert [int(Decimal(charge) * 10**6) for charge in charges(answer)] == expected


def test_a_plan_that_says_nothing_rounds_half_up_to_four_decimals(tmp_path: Path) -> None:
    assert charges(rated(tmp_path, durations(6), deck="prefix,rate\n44,0.0125\n")) == ["0.001300"]


def test_money_is_exact_to_the_ninth_decimal_of_a_rate(tmp_path: Path) -> None:
    """0.123456789 x 59 / 60 = 0.12139917585; 200000 x 31 days of minutes = 8928000000; 0.1 + 0.2 is 0.3."""
    deck = "prefix,rate,connect_fee\n441,0.123456789,\n442,200000,\n447,0.2,0.1\n448,0.000000001,\n"
    text = calls("a +441212345678 59", "b +442071234567 2678400", "c +447700900123 60", "d +448001234567 60")
    answer = rated(tmp_path, text, deck=deck, plans=plan(charge_decimals=6))
    assert charges(answer) == ["0.121399", "8928000000.000000", "0.300000", "0.000000"]
    assert [row["rate"] for row in answer.rows][::3] == ["0.123456789", "0.000000001"]


def test_a_per_call_row_charges_rate_and_connect_fee_once_whatever_the_length(tmp_path: Path) -> None:
    deck = "prefix,rate,connect_fee,first_increment,per_call\n44,1.50,0.25,60,yes\n"
    answer = rated(tmp_path, durations(1, 60, 3600, 0), deck=deck, plans=plan(billing="per-minute"))
    assert charges(answer) == ["1.750000", "1.750000", "1.750000", "0.000000"]


def test_charges_are_in_the_currency_of_the_plan(tmp_path: Path) -> None:
    plans = '[plans.basic]\ndeck = "retail"\ncurrency = "GBP"\n[plans.euro]\ndeck = "euro"\ncurrency = "EUR"\n'
    accounts = "account_id,plan,numbers\nA1,basic,442079460001\nE1,euro,353123456\n"
    text = "\n".join(
        (HEADER, f"g,{ME},{UK},{MONDAY},60", f"e,353123456,{UK},{MONDAY},60", f"e2,353123456,{UK},{MONDAY},90")
    )
    rates = write_rates(tmp_path, plans=plans, accounts=accounts, decks={"euro": "prefix,rate\n44,0.10\n"})
    answer = rate_in(tmp_path, rates, text)
    assert [row["currency"] for row in answer.rows] == ["GBP", "EUR", "EUR"]
    assert answer.summary.charge == {"EUR": Decimal("0.25"), "GBP": Decimal("0.06")}
    assert answer.summary.minutes == Decimal("3.50")


def test_totals_over_a_thousand_million_are_still_exact(tmp_path: Path) -> None:
    answer = rated(tmp_path, durations(*[2678400] * 3), deck="prefix,rate\n44,200000\n")
    assert answer.summary.charge == {"GBP": Decimal(3 * 8928000000)}


# ---- late prices, and what was not allowed

FLAGGED = """\
prefix,rate,late,allowed,connect_fee,per_call
44,0.06,,,,
44871,,yes,,,
44872,0.10,yes,,0.10,
449,1.50,,no,,yes
4498,,,no,,
4499,,yes,no,,
"""


@pytest.fixture(scope="module")
def flagged(tmp_path_factory: pytest.TempPathFactory) -> Answer:
    text = calls(
        *("late +448712345678", "late-priced +448722345678", "premium +449098790123", "blank +449812345678"),
        *("both +449912345678", "silent-late +448712345678 0", "silent-barred +449098790123 0", f"plain {UK}"),
    )
    return rated(tmp_path_factory.mktemp("flagged"), text, deck=FLAGGED)


def test_a_late_call_has_no_charge_yet_whatever_its_row_says(flagged: Answer) -> None:
    rows = [flagged.call(call_id) for call_id in ("late", "late-priced")]
    shown = [(row["status"], row["charge"], row["billed_seconds"], row["free_seconds"], row["barred"]) for row in rows]
    assert shown == [("late", "", "", "", "false")] * 2
    assert flagged.summary.late == 4  # with the two that were not allowed and have no rate


def test_a_call_that_was_not_allowed_is_charged_and_flagged(flagged: Answer) -> None:
    row = flagged.call("premium")
    assert (row["status"], row["charge"], row["barred"]) == ("rated", "1.500000", "true")


def test_a_call_that_was_not_allowed_and_has_no_rate_waits_for_it_and_is_flagged(flagged: Answer) -> None:
    rows = [flagged.call(call_id) for call_id in ("blank", "both")]
    assert [(row["status"], row["charge"], row["barred"]) for row in rows] == [("late", "", "true")] * 2


def test_an_unanswered_call_is_neither_late_nor_flagged(flagged: Answer) -> None:
    rows = [flagged.call(call_id) for call_id in ("silent-late", "silent-barred")]
    assert [(row["status"], row["charge"], row["barred"]) for row in rows] == [("unanswered", "0.000000", "false")] * 2
    assert flagged.summary.barred == 3
