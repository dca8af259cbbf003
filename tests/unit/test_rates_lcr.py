"""`rates lcr`: what each carrier asks for a call, cheapest first; the same as the rater makes of that call."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from callmeter.catalogue.lcr import LeastCost, as_json, least_cost
from callmeter.errors import Missing, UsageError
from rating_kit import HEADER, ME, OPERATOR, rate_in, write_rates

MOBILE = "+447700900123"
MONDAY = datetime(2026, 10, 5, 10, 0, tzinfo=UTC)  # 11:00 in London
BANDS = '[bands.peak]\ndays = ["mon-fri"]\nhours = ["08:00-19:00"]\n'
CARRIERS = """\
[carriers.alpha]
deck = "alpha"
currency = "GBP"
[carriers.beta]
deck = "beta"
currency = "USD"
billing = "per-minute"
charge_decimals = 2
rounding = "up"
[carriers.gamma]
deck = "gamma"
currency = "EUR"
[carriers.delta]
deck = "delta"
currency = "GBP"
"""
FX = "date,base,quote,rate\n2026-01-01,USD,GBP,0.75\n2026-01-01,GBP,EUR,1.15\n"
DECKS = {
    "alpha": "prefix,rate,band,destination,connect_fee\n44,0.01,,UK,\n447,0.02,,Mobile,0.001\n447,0.05,peak,Mobile,\n",
    "beta": "prefix,rate,first_increment,increment,max_charge\n44,0.012,,,\n447,0.031,30,6,0.05\n",
    "gamma": "prefix,rate,effective_from,from_prefix\n447,0.09,,\n447,0.03,2026-10-06,\n4477,0.021,,4420\n",
    "delta": "prefix,rate,per_call,late,allowed\n1,0.02,,,\n4478,,,yes,\n4479,0.02,,,no\n4476,0.04,yes,,\n",
}


def folder(path: Path, **reference: Any) -> Path:
    settings: dict[str, Any] = {"operator": OPERATOR + BANDS, "decks": DECKS, "carriers": CARRIERS, "fx": FX}
    return write_rates(path, **(settings | reference))


def prices(answer: LeastCost) -> list[tuple[str, str]]:
    return [(one.carrier, one.reason or str(one.converted)) for one in answer.offers]


def test_carriers_come_by_their_price_in_the_operators_money(tmp_path: Path) -> None:
    """61 s on a peak Monday. alpha: 0.05 x 61 / 60 = 0.0508. beta: 2 minutes at 0.031 = 0.062, capped at 0.05 USD,
    x 0.75 = 0.0375 GBP. gamma: 0.09 x 61 / 60 = 0.0915 EUR, / 1.15 = 0.079565. delta has no row for 4477."""
    answer = least_cost(MOBILE, rates=folder(tmp_path), at=MONDAY, seconds=61)
    assert prices(answer) == [
        ("beta", "0.037500"), ("alpha", "0.050800"), ("gamma", "0.079565"), ("delta", "no row in force for it"),
    ]  # fmt: skip
    beta = answer.offers[0]
    assert (beta.prefix, beta.rate, beta.currency, beta.price) == ("447", Decimal("0.031"), "USD", Decimal("0.05"))
    assert (beta.first_increment, beta.increment) == (60, 60)
    assert answer.offers[1].destination == "Mobile"
    assert answer.offers[1].band == "peak"


def test_band_date_and_caller_decide_as_they_do_for_calls(tmp_path: Path) -> None:
    rates = folder(tmp_path)
    evening = least_cost(MOBILE, rates=rates, at=MONDAY.replace(hour=18))
    assert dict(prices(evening))["alpha"] == "0.021000"  # 0.001 + 0.02
    tomorrow = least_cost(MOBILE, rates=rates, at=MONDAY.replace(day=6))
    assert dict(prices(tomorrow))["gamma"] == "0.026087"  # 0.03 / 1.15
    londoner = least_cost(MOBILE, rates=rates, at=MONDAY, caller="020 7946 0001")
    assert dict(prices(londoner))["gamma"] == "0.018261"  # 0.021 / 1.15
    holiday = folder(tmp_path, operator='holidays = ["10-05"]\n' + OPERATOR + BANDS)
    assert dict(prices(least_cost(MOBILE, rates=holiday, at=MONDAY)))["alpha"] == "0.021000"


CALLED = ("+447700900123", "+447800900123", "+447900900123", "+447600900123", "+12025550100", "+442071234567")
STARTS = ("2026-10-05T06:59:59Z", "2026-10-05T10:00:00Z", "2026-10-05T23:00:00Z", "2026-10-11T10:00:00Z")


@pytest.mark.parametrize("seconds", [1, 59, 61, 3600])
def test_every_price_is_what_the_rater_makes_of_a_call_by_that_carrier(tmp_path: Path, seconds: int) -> None:
    """Late, no row or no exchange rate: the rater has no buy_charge. What is not allowed costs money all the same."""
    rates = folder(tmp_path, deck="prefix,rate\n44,1\n1,1\n")
    carriers = ("alpha", "beta", "gamma", "delta")
    cases = [(to, start, carrier) for to in CALLED for start in STARTS for carrier in carriers]
    lines = [f"{n},{ME},{to},{start},{seconds},{carrier}" for n, (to, start, carrier) in enumerate(cases)]
    rated = rate_in(tmp_path, rates, "\n".join((HEADER + ",carrier", *lines)))
    by_rater = {case: rated.call(str(n))["buy_charge"] for n, case in enumerate(cases)}
    by_lcr = {
        (to, start, offer.carrier): "" if offer.converted is None else str(offer.converted)
        for to in CALLED
        for start in STARTS
        for offer in least_cost(to, rates=rates, at=datetime.fromisoformat(start), seconds=seconds, caller=ME).offers
    }
    assert by_lcr == by_rater


def test_what_cannot_be_used_comes_last_with_its_reason(tmp_path: Path) -> None:
    rates = folder(tmp_path, fx="date,base,quote,rate\n2026-10-06,USD,GBP,0.75\n")
    late = least_cost("+447800900123", rates=rates, at=MONDAY)
    assert prices(late) == [
        ("alpha", "0.050000"),
        ("beta", "no exchange rate from USD to GBP in force"),
        ("delta", "price to follow"),
        ("gamma", "no exchange rate from EUR to GBP in force"),
    ]
    barred = least_cost("+447900900123", rates=rates, at=MONDAY)
    assert dict(prices(barred))["delta"] == "not allowed"


def test_a_code_is_matched_whole(tmp_path: Path) -> None:
    decks = DECKS | {"alpha": "prefix,rate,group\n999,0.10,emergency\n99,0.01,\n"}
    answer = least_cost("999", rates=folder(tmp_path, decks=decks), at=MONDAY)
    assert (answer.to_number, answer.offers[0].prefix, answer.offers[0].price) == ("999", "999", Decimal("0.1"))


def test_accounts_are_not_needed(tmp_path: Path) -> None:
    rates = folder(tmp_path)
    (rates / "accounts.csv").unlink()
    assert len(least_cost(MOBILE, rates=rates, at=MONDAY).offers) == 4


def test_json_has_money_as_text(tmp_path: Path) -> None:
    said = as_json(least_cost(MOBILE, rates=folder(tmp_path), at=MONDAY))
    assert {name: said[name] for name in ("to_number", "at", "seconds", "currency")} == {
        "to_number": "447700900123", "at": "2026-10-05T10:00:00Z", "seconds": 60, "currency": "GBP",
    }  # fmt: skip
    assert said["carriers"][0] == {
        "carrier": "beta", "reason": "", "deck": "beta", "currency": "USD", "prefix": "447", "destination": "",
        "band": None, "line": 3, "per": "minute", "rate": "0.031", "connect_fee": "0.00", "max_charge": "0.05",
        "first_increment": 60, "increment": 60, "price": "0.04", "converted": "0.03",
    }  # fmt: skip


@pytest.mark.parametrize(("to", "seconds"), [("nowhere", 60), (MOBILE, 0), (MOBILE, 31 * 86_400 + 1)])
def test_what_is_no_call_is_refused(tmp_path: Path, to: str, seconds: int) -> None:
    with pytest.raises(UsageError):
        least_cost(to, rates=folder(tmp_path), at=MONDAY, seconds=seconds)


def test_without_carriers_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(Missing, match=r"carriers\.toml"):
        least_cost(MOBILE, rates=write_rates(tmp_path), at=MONDAY)
