"""Rule 13 of the design: what a call's carrier charges, in the account's money, and calls sold below that."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from rating_kit import HEADER, ME, MONDAY, OPERATOR, Answer, problems, rated

UK, MOBILE, USA = "+442071234567", "+447700900123", "+12025550100"
ROUTED = HEADER + ",carrier,direction"
CARRIERS = """\
[carriers.voxwave]
name = "VoxWave Wholesale"
trunks = ["voxwave-out", "VW backup"]
deck = "voxwave"
currency = "GBP"
"""
DECK = "prefix,rate\n44,0.06\n1,0.02\n"
BUY = "prefix,rate\n44,0.01\n447,0.03\n"
EUROS = CARRIERS.replace("GBP", "EUR")


def routed(*lines: str) -> str:
    """Calls of A1 from "ID TO SECONDS CARRIER [START [DIRECTION]]"."""
    rows = [ROUTED]
    for line in lines:
        call_id, to, seconds, carrier, *rest = line.split()
        start, direction = (*rest, *(MONDAY, "out")[len(rest) :])
        ends = f"{to},{ME}" if direction == "in" else f"{ME},{to}"
        rows.append(f"{call_id},{ends},{start},{seconds},{carrier},{direction}")
    return "\n".join(rows) + "\n"


def bought(folder: Path, *lines: str, buy: str = BUY, carriers: str = CARRIERS, **reference: Any) -> Answer:
    reference = {"deck": DECK, "decks": {"voxwave": buy}, "carriers": carriers} | reference
    return rated(folder, routed(*lines), **reference)


def costs(answer: Answer) -> dict[str, str]:
    return {row["call_id"]: row["buy_charge"] for row in answer.rows}


# ---- whose call it is


def test_a_carrier_is_known_by_its_trunks_and_its_own_key_whatever_their_case(tmp_path: Path) -> None:
    names = ("voxwave-out", "VoxWave-Out", "voxwave", "VOXWAVE", "mystery", "voxwave-in")
    rows = [f"c{n},{ME},{UK},{MONDAY},60,{name},out" for n, name in enumerate((*names, "vw BACKUP", ""))]
    answer = rated(tmp_path, "\n".join((ROUTED, *rows)), deck=DECK, decks={"voxwave": BUY}, carriers=CARRIERS)
    assert [(row["carrier"], row["buy_charge"]) for row in answer.rows] == [
        *[("voxwave", "0.010000")] * 4,
        ("mystery", ""),
        ("voxwave-in", ""),
        ("voxwave", "0.010000"),
        ("", ""),
    ]


def test_without_carriers_the_column_is_what_the_cdr_says(tmp_path: Path) -> None:
    answer = rated(tmp_path, routed(f"c {UK} 60 VW-Backup"), deck=DECK)
    assert [(row["carrier"], row["buy_charge"]) for row in answer.rows] == [("VW-Backup", "")]


@pytest.mark.parametrize("header", ["carrier", "Trunk", "gateway"])
def test_a_cdr_may_name_the_carrier_under_several_headers(tmp_path: Path, header: str) -> None:
    text = routed(f"c {UK} 60 voxwave-out").replace("carrier", header)
    answer = rated(tmp_path, text, deck=DECK, decks={"voxwave": BUY}, carriers=CARRIERS)
    assert costs(answer) == {"c": "0.010000"}


# ---- priced by the same rules, by its own deck


def test_the_carriers_deck_and_terms_price_the_call_whatever_the_plans_are(tmp_path: Path) -> None:
    """61 s: sold per second at 0.06, 0.061; bought per minute at 0.01 with a fee of 0.005, 0.025 or up 0.03."""
    buy = "prefix,rate,connect_fee\n44,0.01,0.005\n"
    terms = CARRIERS + 'billing = "per-minute"\ncharge_decimals = 2\nrounding = "up"\n'
    answer = bought(tmp_path, f"c {UK} 61 voxwave", buy=buy, carriers=terms)
    assert (answer.call("c")["charge"], costs(answer)) == ("0.061000", {"c": "0.030000"})


def test_a_carrier_that_says_nothing_bills_by_its_deck_and_rounds_half_up_to_four_decimals(tmp_path: Path) -> None:
    """31 s in 30/6 are 36 s: 0.0125 x 36 / 60 = 0.0075; at 0.00125, 0.00075, which is 0.0008."""
    buy = "prefix,rate,first_increment,increment\n44,0.0125,30,6\n447,0.00125,30,6\n"
    plans = '[plans.basic]\ndeck = "retail"\ncurrency = "GBP"\nbilling = "per-minute"\ncharge_decimals = 2\n'
    answer = bought(tmp_path, f"a {UK} 31 voxwave", f"b {MOBILE} 31 voxwave", buy=buy, plans=plans)
    assert costs(answer) == {"a": "0.007500", "b": "0.000800"}
    assert {row["billed_seconds"] for row in answer.rows} == {"60"}


def test_the_longest_prefix_of_the_carriers_deck_counts(tmp_path: Path) -> None:
    answer = bought(tmp_path, f"uk {UK} 60 voxwave", f"mobile {MOBILE} 60 voxwave")
    assert costs(answer) == {"uk": "0.010000", "mobile": "0.030000"}
    assert {row["prefix"] for row in answer.rows} == {"44"}


def test_per_call_prices_and_caps_hold_for_carriers_too(tmp_path: Path) -> None:
    buy = "prefix,rate,connect_fee,per_call,max_charge\n44,0.01,,,0.05\n447,0.20,0.01,yes,\n"
    answer = bought(tmp_path, f"capped {UK} 600 voxwave", f"percall {MOBILE} 600 voxwave", buy=buy)
    assert costs(answer) == {"capped": "0.050000", "percall": "0.210000"}


def test_dates_bands_and_callers_hold_for_carriers_too(tmp_path: Path) -> None:
    operator = OPERATOR + '[bands.peak]\ndays = ["mon-fri"]\n'
    buy = "prefix,rate,effective_from,band,from_prefix\n44,0.01,,,\n44,0.04,2026-10-09,,\n44,0.02,,peak,\n"
    buy += "447,0.03,,,33\n"
    answer = bought(
        tmp_path,
        f"monday {UK} 60 voxwave 2026-10-05T12:00:00Z",
        f"sunday {UK} 60 voxwave 2026-10-04T12:00:00Z",
        f"saturday {UK} 60 voxwave 2026-10-10T12:00:00Z",
        f"caller {MOBILE} 60 voxwave 2026-10-04T12:00:00Z",
        buy=buy,
        operator=operator,
    )
    wanted = {"monday": "0.020000", "sunday": "0.010000", "saturday": "0.040000", "caller": "0.010000"}
    assert costs(answer) == wanted


def test_an_unanswered_call_costs_nothing_there_either(tmp_path: Path) -> None:
    """Not even where the carrier has no rate."""
    answer = bought(tmp_path, f"c {UK} 0 voxwave", f"none {USA} 0 voxwave", buy="prefix,rate,connect_fee\n44,1,1\n")
    assert costs(answer) == {"c": "0.000000", "none": "0.000000"}


def test_an_inbound_call_costs_what_an_inbound_row_says_and_else_nothing(tmp_path: Path) -> None:
    lines = (f"c {UK} 60 voxwave {MONDAY} in",)
    assert costs(bought(tmp_path, *lines)) == {"c": "0.000000"}
    buy = "prefix,rate,direction\n44,0.01,\n4420,0.005,inbound\n"
    assert costs(bought(tmp_path, *lines, buy=buy)) == {"c": "0.005000"}


def test_an_internal_call_costs_nothing(tmp_path: Path) -> None:
    assert costs(bought(tmp_path, f"c {UK} 60 voxwave {MONDAY} internal")) == {"c": "0.000000"}


def test_where_the_carrier_has_no_price_nobody_knows_what_a_call_cost(tmp_path: Path) -> None:
    """No row for the USA, a late one for mobiles; the customer's price stands."""
    buy = "prefix,rate,late\n44,0.01,\n447,,yes\n"
    answer = bought(tmp_path, f"usa {USA} 60 voxwave", f"mobile {MOBILE} 60 voxwave", buy=buy)
    assert costs(answer) == {"usa": "", "mobile": ""}
    assert [row["charge"] for row in answer.rows] == ["0.020000", "0.060000"]


def test_a_late_call_has_a_buy_charge_all_the_same(tmp_path: Path) -> None:
    answer = bought(tmp_path, f"c {UK} 60 voxwave", deck="prefix,rate,late\n44,,yes\n")
    assert [(row["status"], row["charge"], row["buy_charge"]) for row in answer.rows] == [("late", "", "0.010000")]


def test_a_code_is_bought_by_the_carriers_own_row_for_it(tmp_path: Path) -> None:
    deck, buy = "prefix,rate,group\n118118,3,short\n", "prefix,rate,group\n118118,2,short\n11,0.50,other\n"
    assert costs(bought(tmp_path, "c 118118 60 voxwave", deck=deck, buy=buy)) == {"c": "2.000000"}


# ---- other money


def exchanged(folder: Path, fx: str, *starts: str, **reference: Any) -> list[str]:
    """The buy charge in pounds of a call of a minute that costs 0.03 euros, at each start."""
    lines = (f"c{n} {MOBILE} 60 voxwave {start}" for n, start in enumerate(starts or (MONDAY,)))
    answer = bought(folder, *lines, carriers=EUROS, fx="date,base,quote,rate\n" + fx, **reference)
    return [row["buy_charge"] for row in answer.rows]


def test_another_currency_is_converted_at_the_rate_of_the_day(tmp_path: Path) -> None:
    """0.03 x 0.85 = 0.0255."""
    assert exchanged(tmp_path, "2026-10-01,EUR,GBP,0.85\n") == ["0.025500"]


def test_a_rate_holds_from_local_midnight_until_the_next_one(tmp_path: Path) -> None:
    """The 5th begins in London at 23:00 UTC on the 4th; before the 1st there is no rate."""
    fx = "2026-10-05,EUR,GBP,0.9\n2026-10-01,EUR,GBP,0.8\n"
    starts = ("2026-09-30T22:59:59Z", "2026-09-30T23:00:00Z", "2026-10-04T22:59:59Z", "2026-10-04T23:00:00Z")
    assert exchanged(tmp_path, fx, *starts) == ["", "0.024000", "0.024000", "0.027000"]


def test_the_day_is_the_operators(tmp_path: Path) -> None:
    """In New York the 5th begins at 04:00 UTC."""
    operator = OPERATOR.replace("Europe/London", "America/New_York")
    fx = "2026-10-01,EUR,GBP,0.8\n2026-10-05,EUR,GBP,0.9\n"
    starts = ("2026-10-05T03:59:59Z", "2026-10-05T04:00:00Z")
    assert exchanged(tmp_path, fx, *starts, operator=operator) == ["0.024000", "0.027000"]


def test_the_pair_the_other_way_round_serves_as_well(tmp_path: Path) -> None:
    """0.03 / 1.2 = 0.025; 0.03 / 1.1 = 0.0272727…; 0.03 / 0.7 = 0.0428571…"""
    found = [exchanged(tmp_path, f"2026-10-01,GBP,EUR,{rate}\n") for rate in ("1.2", "1.1", "0.7")]
    assert found == [["0.025000"], ["0.027273"], ["0.042857"]]


def test_of_both_ways_round_the_later_counts_and_on_one_day_the_direct_one(tmp_path: Path) -> None:
    fx = "2026-10-01,EUR,GBP,0.8\n2026-10-03,GBP,EUR,1.2\n2026-10-05,GBP,EUR,1.5\n2026-10-05,EUR,GBP,0.9\n"
    starts = ("2026-10-02T12:00:00Z", "2026-10-03T12:00:00Z", "2026-10-05T12:00:00Z")
    assert exchanged(tmp_path, fx, *starts) == ["0.024000", "0.025000", "0.027000"]


def test_other_pairs_serve_for_nothing(tmp_path: Path) -> None:
    assert exchanged(tmp_path, "2026-10-01,EUR,USD,1.1\n2026-10-01,USD,GBP,0.8\n") == [""]


def test_without_exchange_rates_a_foreign_price_stays_unknown(tmp_path: Path) -> None:
    assert costs(bought(tmp_path, f"c {UK} 60 voxwave", carriers=EUROS)) == {"c": ""}


def test_what_costs_nothing_needs_no_exchange_rate(tmp_path: Path) -> None:
    lines = (f"unanswered {UK} 0 voxwave", f"free {UK} 60 voxwave", f"in {UK} 60 voxwave {MONDAY} in")
    answer = bought(tmp_path, *lines, carriers=EUROS, buy="prefix,rate\n44,0\n")
    assert costs(answer) == {"unanswered": "0.000000", "free": "0.000000", "in": "0.000000"}


def test_the_carriers_rounded_price_is_converted_and_rounded_half_up_to_six_decimals(tmp_path: Path) -> None:
    """0.00125 is 0.0013 by the carrier; x 0.0005 = 0.00000065, up to 0.000001; x 0.0003 = 0.00000039, down to 0."""
    buy = "prefix,rate\n447,0.00125\n"
    found = [exchanged(tmp_path, f"2026-10-01,EUR,GBP,{rate}\n", buy=buy) for rate in ("2", "0.0005", "0.0003")]
    assert found == [["0.002600"], ["0.000001"], ["0.000000"]]


def test_each_account_sees_its_own_currency(tmp_path: Path) -> None:
    """0.03 euros: 0.03 to the account in euros, 0.024 to that in pounds."""
    plans = '[plans.basic]\ndeck = "retail"\ncurrency = "GBP"\n[plans.euro]\ndeck = "euro"\ncurrency = "EUR"\n'
    accounts = "account_id,plan,numbers\nA1,basic,442079460001\nE1,euro,353123456\n"
    rows = [f"c{n},{caller},{MOBILE},{MONDAY},60,voxwave,out" for n, caller in enumerate((ME, "+353123456"))]
    answer = rated(
        tmp_path, "\n".join((ROUTED, *rows)), deck=DECK, decks={"euro": DECK, "voxwave": BUY},
        carriers=EUROS, plans=plans, accounts=accounts, fx="date,base,quote,rate\n2026-10-01,EUR,GBP,0.8\n",
    )  # fmt: skip
    assert {row["currency"]: row["buy_charge"] for row in answer.rows} == {"GBP": "0.024000", "EUR": "0.030000"}


# ---- below cost


def test_a_call_sold_for_less_than_it_costs_is_counted(tmp_path: Path) -> None:
    """Sold at 0.06: bought at 0.07 it is below cost, at 0.06 not, nor where nobody knows."""
    buy = "prefix,rate\n441,0.07\n442,0.06\n447,0.0601\n"
    answer = bought(
        tmp_path,
        *("dear +441212345678 60 voxwave", f"equal {UK} 60 voxwave", f"near {MOBILE} 60 voxwave"),
        *("dear2 +441212345678 60 mystery", f"unknown {USA} 60 voxwave"),
        buy=buy,
    )
    assert answer.summary.below_cost == 2


def test_allowances_are_no_loss(tmp_path: Path) -> None:
    """The price is 0.06 for what costs 0.01, though the customer has it free."""
    plans = '[plans.basic]\ndeck = "retail"\ncurrency = "GBP"\n[[plans.basic.allowances]]\n'
    plans += 'name = "uk"\ngroups = ["uk"]\nminutes = 60\n'
    answer = bought(tmp_path, f"c {UK} 60 voxwave", deck="prefix,rate,group\n44,0.06,uk\n", plans=plans)
    assert (answer.call("c")["charge"], answer.summary.below_cost) == ("0.000000", 0)


def test_inbound_calls_may_be_below_cost_and_internal_unanswered_and_late_ones_are_not(tmp_path: Path) -> None:
    deck = "prefix,rate,late\n44,0.06,\n447,,yes\n"
    buy = "prefix,rate,direction\n44,0.01,inbound\n44,0.90,\n"
    answer = bought(
        tmp_path,
        f"inbound {UK} 60 voxwave {MONDAY} in",
        f"missed {UK} 0 voxwave {MONDAY} in",
        f"internal {UK} 60 voxwave {MONDAY} internal",
        f"unanswered {UK} 0 voxwave",
        f"late {MOBILE} 60 voxwave",
        deck=deck,
        buy=buy,
    )
    assert answer.summary.below_cost == 1


def test_the_cap_counts_and_the_exchange_rate_too(tmp_path: Path) -> None:
    """Ten minutes: sold for at most 0.10, bought for 0.10 euros: 0.10 at par, 0.11 at 1.1."""
    deck, lines = "prefix,rate,max_charge\n44,0.06,0.10\n", (f"c {UK} 600 voxwave",)
    losses = {
        rate: bought(
            tmp_path, *lines, deck=deck, carriers=EUROS, fx=f"date,base,quote,rate\n2026-10-01,EUR,GBP,{rate}\n"
        ).summary.below_cost
        for rate in ("1", "1.1")
    }
    assert losses == {"1": 0, "1.1": 1}


def test_a_duplicate_is_counted_once(tmp_path: Path) -> None:
    answer = bought(tmp_path, *[f"c {UK} 60 voxwave"] * 3, buy="prefix,rate\n44,0.07\n")
    assert (answer.summary.below_cost, answer.summary.duplicates) == (1, 2)


def test_a_price_of_the_carriers_saves_no_call_without_one_of_ours(tmp_path: Path) -> None:
    answer = bought(tmp_path, "c +4930123456 60 voxwave", buy="prefix,rate\n49,0.01\n")
    assert answer.reasons == ["no-rate"]


# ---- sums


def test_buy_charges_of_many_calls_add_up_exactly(tmp_path: Path) -> None:
    """A thousand calls at 0.0001 are 0.1."""
    lines = (f"c{n} {UK} 60 voxwave" for n in range(1000))
    answer = bought(tmp_path, *lines, buy="prefix,rate\n44,0.0001\n")
    assert sum(Decimal(cost) for cost in costs(answer).values()) == Decimal("0.1")


# ---- mistakes


@pytest.mark.parametrize(
    "carriers",
    [
        CARRIERS.replace('deck = "voxwave"', 'deck = "nowhere"'),
        CARRIERS.replace('"GBP"', '"pounds"'),
        CARRIERS + '[carriers.other]\ndeck = "voxwave"\ncurrency = "GBP"\ntrunks = ["VOXWAVE-out"]\n',
        CARRIERS + "charge_decimals = 7\n",
    ],
)
def test_a_carrier_that_cannot_be_right_is_an_error(tmp_path: Path, carriers: str) -> None:
    assert problems(tmp_path, decks={"voxwave": BUY}, carriers=carriers)


@pytest.mark.parametrize(
    "row", ["2026-10-01,EUR,GBP,0", "2026-10-01,EUR,GBP,-1", "soon,EUR,GBP,1", "2026-10-01,EUR,GBP,"]
)
def test_an_exchange_rate_that_cannot_be_right_is_an_error(tmp_path: Path, row: str) -> None:
    fx = f"date,base,quote,rate\n2026-09-01,EUR,GBP,1\n{row}\n"
    found = problems(tmp_path, decks={"voxwave": BUY}, carriers=EUROS, fx=fx)
    assert [problem.line for problem in found] == [3]
