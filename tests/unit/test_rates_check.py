"""`rates check`: every problem of every file at once, and what is sound and yet hardly meant."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from callmeter.catalogue.compile import compile_catalogue
from callmeter.catalogue.warnings import Warnings, find_warnings
from callmeter.errors import BrokenCatalogue
from callmeter.rating.engine import engine
from rating_kit import OPERATOR, PLANS, write_rates

NOW = datetime(2026, 10, 5, 10, 0, tzinfo=UTC)
CARRIERS = '[carriers.vox]\ndeck = "vox"\ncurrency = "USD"\n'


def warned(folder: Path, *, shown: int = 5, **reference: Any) -> Warnings:
    rates = write_rates(folder, **reference)
    with engine() as (con, work):
        catalogue = compile_catalogue(con, rates, work)
        return find_warnings(con, catalogue, rates, work, accounts=rates / "accounts.csv", at=NOW, shown=shown)


def told(folder: Path, **reference: Any) -> list[str]:
    """Place, code and text of each warning."""
    return [
        f"{one.file[6:]}:{one.line}:{one.column} {one.code}: {one.text}" for one in warned(folder, **reference).told
    ]


# ---- problems of all files at once


def test_problems_of_every_file_are_told_together(tmp_path: Path) -> None:
    rates = write_rates(
        tmp_path,
        operator=OPERATOR + "colour = 1\n",
        plans='[plans.basic]\ndeck = "gold"\ncurrency = "GBP"\n',
        deck="prefix,rate,band\n44,x,night\n",
        destinations="prefix,destination\n4x,UK\n",
        accounts="account_id,plan,anchor_day\nA1,basic\nB1,basic,1,2\n",
        carriers='[carriers.vox]\ndeck = "silver"\ncurrency = "USD"\n',
        fx="date,base,quote,rate\n2026-01-01,USD,GBP,0\n",
    )
    with engine() as (con, work), pytest.raises(BrokenCatalogue) as broken:
        compile_catalogue(con, rates, work)
    assert [(problem.file[6:], problem.line, problem.code) for problem in broken.value.problems] == [
        ("operator.toml", 4, "unknown-key"),
        ("plans.toml", 2, "unknown-deck"),
        ("carriers.toml", 2, "unknown-deck"),
        ("fx.csv", 2, "bad-rate"),
        ("destinations.csv", 2, "bad-prefix"),
        ("decks/retail.csv", 2, "bad-rate"),
        ("accounts.csv", 3, "malformed-row"),
    ]


def test_a_broken_file_blames_no_other(tmp_path: Path) -> None:
    """Without operator no band is known, without plans no plan, without destinations no name: that is not told."""
    rates = write_rates(
        tmp_path,
        operator='country = "GB"\n',
        plans="[plans.basic]\n",
        deck="prefix,rate,band,destination\n44,0.1,peak,\n,0.2,,Atlantis\n",
        destinations="prefix,destination\n1,\n",
    )
    with engine() as (con, work), pytest.raises(BrokenCatalogue) as broken:
        compile_catalogue(con, rates, work)
    assert {problem.file for problem in broken.value.problems} == {
        "rates/operator.toml", "rates/plans.toml", "rates/destinations.csv",
    }  # fmt: skip


def test_numbers_that_are_none_are_told_beside_a_broken_deck(tmp_path: Path) -> None:
    rates = write_rates(tmp_path, deck="prefix,rate\n44,x\n", accounts="account_id,plan,numbers\nA1,basic,12\n")
    with engine() as (con, work), pytest.raises(BrokenCatalogue) as broken:
        compile_catalogue(con, rates, work)
    assert [problem.code for problem in broken.value.problems] == ["bad-rate", "bad-number"]


# ---- warnings


def test_a_plain_folder_has_none(tmp_path: Path) -> None:
    assert told(tmp_path, destinations="prefix,destination\n44,UK\n447,Mobile\n") == []


def test_ten_times_dearer_than_the_prefix_around(tmp_path: Path) -> None:
    deck = "rate,prefix\n0.05,44\n0.49,441\n0.5,442\n5,4420\n50,44203\n0.60,47\n"
    assert told(tmp_path, deck=deck) == [
        "decks/retail.csv:4:1 ten-times-dearer: prefix 442 at 0.50 is 10 times as dear as prefix 44 around it "
        "(line 2), at 0.05",
        "decks/retail.csv:5:1 ten-times-dearer: prefix 4420 at 5.00 is 10 times as dear as prefix 442 around it "
        "(line 4), at 0.50",
        "decks/retail.csv:6:1 ten-times-dearer: prefix 44203 at 50.00 is 10 times as dear as prefix 4420 around it "
        "(line 5), at 5.00",
    ]


def test_ten_times_cheaper_and_free_may_be_slips(tmp_path: Path) -> None:
    deck = "prefix,rate\n44,0.05\n441,0.005\n442,0.0051\n443,0\n"
    assert [line.split()[0:2] for line in told(tmp_path, deck=deck)] == [
        ["decks/retail.csv:5:5", "free-below-priced:"], ["decks/retail.csv:3:5", "ten-times-cheaper:"],
    ]  # fmt: skip


def test_groups_that_are_meant_to_be_dear_or_free_and_rows_per_call_are_no_slips(tmp_path: Path) -> None:
    deck = (
        "prefix,rate,group,per_call,late,allowed\n44,0.05,,,,\n449,1.50,premium,,,\n4480,0,toll-free,,,\n"
        "4487,5,,yes,,\n4484,,,,yes,\n4470,9,,,,no\n"
    )
    assert told(tmp_path, deck=deck) == []


def test_many_of_a_kind_are_counted_and_the_worst_told(tmp_path: Path) -> None:
    rows = "".join(f"44{n},{n}\n" for n in range(10, 40))
    found = warned(tmp_path, deck=f"prefix,rate\n44,0.05\n{rows}", shown=2)
    assert [(one.line, one.text.split(" at ")[0]) for one in found.told] == [
        (31, "prefix 4438"), (32, "prefix 4439"), (0, "and 28 more like the last"),
    ]  # fmt: skip
    assert found.counts == {"ten-times-dearer": 30}


def test_destinations_without_a_rate_are_summarised(tmp_path: Path) -> None:
    """France is reached through a finer row, UK Mobile through the one around it; 33 alone is no row for Monaco."""
    destinations = (
        "prefix,destination,group\n44,UK,\n447,UK Mobile,\n33,France,\n377,Monaco,\n49,Germany,\n491,Germany,\n"
        "999,Police,emergency\n112,SOS,emergency\n1,USA,\n1242,Bahamas,\n"
    )
    deck = "prefix,rate,group\n44,0.1,\n331,0.1,\n999,0,emergency\n11,0.1,\n1242,0.2,\n"
    [line] = told(tmp_path, deck=deck, destinations=destinations)
    assert line == (
        "decks/retail.csv:1:1 no-rate: 3 of 9 destinations have no row, as plan basic needs: "
        "SOS (112), Monaco (377), Germany (49)"
    )


def test_a_row_that_is_over_reaches_nothing(tmp_path: Path) -> None:
    deck = "prefix,rate,effective_to\n44,0.1,\n33,0.1,2026-10-01\n"
    [line] = told(tmp_path, deck=deck, destinations="prefix,destination\n33,France\n44,UK\n")
    assert line.endswith("1 of 2 destinations have no row, as plan basic needs: France (33)")


def test_a_dated_row_that_falls_back_to_a_cheaper_prefix(tmp_path: Path) -> None:
    deck = (
        "prefix,rate,effective_from,effective_to\n44,0.05,,\n447,0.08,2026-11-01,\n448,0.08,,2026-12-01\n"
        "441,0.08,,2026-11-01\n441,0.09,2026-11-01,\n442,0.04,2026-11-01,\n443,0.08,2026-01-01,\n"
    )
    assert told(tmp_path, deck=deck) == [
        "decks/retail.csv:3:10 cheaper-fallback: prefix 447 costs 0.08 from 2026-11-01: until then its calls match "
        "prefix 44 (line 2), at 0.05",
        "decks/retail.csv:4:11 cheaper-fallback: prefix 448 costs 0.08 until 2026-12-01: after that its calls match "
        "prefix 44 (line 2), at 0.05",
    ]


def test_a_connect_fee_that_is_the_rate_in_every_row(tmp_path: Path) -> None:
    deck = "prefix,rate,connect_fee\n44,0.05,0.05\n47,0.06,0.06\n48,0,\n"
    assert told(tmp_path, deck=deck) == [
        "decks/retail.csv:2:9 fee-is-rate: the connect fee is the rate in all of 2 rows that have a price"
    ]
    assert told(tmp_path, deck=deck + "49,0.06,0.05\n") == []


def test_prefixes_sold_for_less_than_every_carrier_asks(tmp_path: Path) -> None:
    """0.08 USD are 0.06 GBP. 447: bought at 0.09 x 0.75 = 0.0675, or 0.07; 4479 at 0.0675 too."""
    carriers = CARRIERS + '[carriers.pound]\ndeck = "pound"\ncurrency = "GBP"\n'
    decks = {"vox": "prefix,rate\n44,0.08\n447,0.09\n1,0.01\n", "pound": "prefix,rate\n447,0.07\n4479,0.5\n"}
    deck = "prefix,rate\n44,0.06\n447,0.065\n4479,0.4\n1,0.02\n33,0.01\n"
    fx = "date,base,quote,rate\n2026-01-01,USD,GBP,0.75\n"
    found = told(tmp_path, deck=deck, decks=decks, carriers=carriers, fx=fx)
    assert found == [
        "decks/retail.csv:3:5 below-cost: a minute to prefix 447 is sold at 0.065 GBP, but vox asks 0.09 USD, "
        "that is 0.0675 GBP"
    ]
    finer = {"vox": "prefix,rate\n44,0.08\n4475,0.09\n", "pound": "prefix,rate\n4475,0.5\n"}
    [line] = told(tmp_path, deck="prefix,rate\n44,0.06\n", decks=finer, carriers=carriers, fx=fx)
    assert line.startswith("decks/retail.csv:2:4 below-cost: a minute to prefix 4475 is sold at 0.06 GBP, but vox asks")


def test_a_carrier_without_an_exchange_rate(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"decks": {"vox": "prefix,rate\n44,0.08\n"}, "carriers": "# who\n" + CARRIERS}
    text = "carriers.toml:2:1 no-exchange-rate: vox charges in USD, and no exchange rate to GBP is in force"
    assert told(tmp_path, **settings) == [text]
    assert told(tmp_path, **settings, fx="date,base,quote,rate\n2026-12-01,USD,GBP,0.75\n") == [text]
    assert told(tmp_path, **settings, fx="date,base,quote,rate\n2026-01-01,GBP,USD,1.3\n") == [
        "decks/retail.csv:2:4 below-cost: a minute to prefix 44 is sold at 0.06 GBP, but vox asks 0.08 USD, "
        "that is 0.061538 GBP"
    ]


def test_what_is_named_and_never_used(tmp_path: Path) -> None:
    plans = f'{PLANS}[[plans.basic.allowances]]\nname = "60"\ngroups = ["uk", "uk-moble"]\nminutes = 60\n'
    operator = f'{OPERATOR}[bands.peak]\ndays = ["mon"]\n[bands.night]\nhours = ["22:00-06:00"]\n'
    deck = "prefix,rate,group,band\n44,0.06,uk,peak\n"
    assert told(tmp_path, plans=plans, operator=operator, deck=deck, decks={"old": "prefix,rate\n1,1\n"}) == [
        "decks/old.csv:1:1 unused-deck: no plan and no carrier uses deck old",
        "operator.toml:6:1 unused-band: no deck row has the band night",
        'plans.toml:4:1 unused-group: allowance "60" is for group uk-moble, which no row of deck retail has',
    ]


def test_full_numbers_that_are_read_as_national_ones(tmp_path: Path) -> None:
    """In Italy a national number may have 10 digits and begin with 39, as the full one of 8 digits does."""
    operator = OPERATOR.replace("GB", "IT", 1)
    accounts = "account_id,plan,numbers\nA1,basic,+393331234567 3331234567\nB1,basic,3902123456\n"
    deck = "prefix,rate\n39,0.06\n"
    assert told(tmp_path, operator=operator, accounts=accounts, deck=deck) == [
        'accounts.csv:3:10 read-as-national: "3902123456" is read as a national number: +393902123456'
    ]


def test_inbound_rows_and_codes_are_no_prefixes_around(tmp_path: Path) -> None:
    deck = "prefix,rate,direction,group\n44,0.05,inbound,\n442,5,,\n9,0.01,,\n999,5,,emergency\n"
    assert told(tmp_path, deck=deck) == []
