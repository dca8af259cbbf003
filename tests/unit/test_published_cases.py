"""Rating cases that other projects publish, in tests, samples, manuals and bug reports, worked by our rules.

Taken where the rules agree, or where a report says what its author held to be right; each names its origin. Prices
are in GBP here whatever they were there.
"""

from decimal import Decimal
from pathlib import Path

import pytest

from rating_kit import HEADER, ME, OPERATOR, Answer, calls, rated

USA, GERMANY, UK = "+12025550100", "+4986517174963", "+442071234567"


def plan(*, decimals: int = 4, rounding: str = "half-up", free_minutes: int = 0) -> str:
    text = f'[plans.basic]\ndeck = "retail"\ncurrency = "GBP"\ncharge_decimals = {decimals}\nrounding = "{rounding}"\n'
    allowance = f'[[plans.basic.allowances]]\nname = "free"\ngroups = ["free"]\nminutes = {free_minutes}\n'
    return text + allowance * (free_minutes > 0)


def charged(answer: Answer) -> list[Decimal]:
    return [Decimal(row["charge"]) for row in answer.rows]


def priced(folder: Path, row: str, *seconds: object, plans: str = "", to: str = USA) -> list[Decimal]:
    """The charges of calls of so many seconds at "RATE,CONNECT_FEE,FIRST_INCREMENT,INCREMENT,MAX_CHARGE"."""
    deck = "prefix,group,rate,connect_fee,first_increment,increment,max_charge\n"
    deck += "".join(f"{prefix},free,{row}\n" for prefix in ("1", "44", "49"))
    text = calls(*(f"c{n:02} {to} {text}" for n, text in enumerate(seconds)))
    return charged(rated(folder, text, deck=deck, plans=plans or plan()))


def money(*amounts: str) -> list[Decimal]:
    return [Decimal(amount) for amount in amounts]


# ---- increments


def test_thirty_and_six(tmp_path: Path) -> None:
    """cgrates/cgrates#118, 0.006 a minute: 32 s are 36, 57 s are 60, 75 s are 78."""
    assert priced(tmp_path, "0.006,0,30,6,", 32, 57, 75) == money("0.0036", "0.006", "0.0078")


def test_thirty_and_six_of_a_provider(tmp_path: Path) -> None:
    """magnussolution/magnusbilling7, wiki/en/price_calculation.rst: 45 s at 0.05 in 30/6 are 48 s."""
    assert priced(tmp_path, "0.05,0,30,6,", 45) == money("0.04")


def test_thirty_and_sixty(tmp_path: Path) -> None:
    """ASTPP's sample of origination rates: USA 0.01 in 30/60, UK 0.05 in 30/30."""
    assert priced(tmp_path, "0.01,0,30,60,", 1, 30, 31, 90, 91) == money("0.005", "0.005", "0.015", "0.015", "0.025")
    assert priced(tmp_path, "0.05,0,30,30,", 30, 31, to=UK) == money("0.025", "0.05")


def test_sixty_and_sixty(tmp_path: Path) -> None:
    """felixb/callmeter#97, 0.03 a minute: 1 s and 60 s cost 0.03, 61 s 0.06; five short calls and 2:06 are 0.24."""
    assert priced(tmp_path, "0.03,0,60,60,", 1, 60, 61) == money("0.03", "0.03", "0.06")
    assert sum(priced(tmp_path, "0.03,0,60,60,", 5, 20, 31, 47, 59, "2:06")) == Decimal("0.24")


def test_further_increments_count_from_the_end_of_the_first(tmp_path: Path) -> None:
    """felixb/callmeter#72, 90/60 at 0.06: 91 s are 150 and 151 s are 210, not 120 and 180."""
    assert priced(tmp_path, "0.06,0,90,60,", 90, 91, 150, 151) == money("0.09", "0.15", "0.15", "0.21")


def test_blocks_of_half_a_minute(tmp_path: Path) -> None:
    """telecmi/telecmi_dashboard_track#41: 0.39 for 30 s, so that from 31 s to 60 s it is 0.78."""
    assert priced(tmp_path, "0.78,0,30,30,", 30, 31, 60) == money("0.39", "0.78", "0.78")


def test_a_first_block_is_due_whole(tmp_path: Path) -> None:
    """Star2Billing/a2billing#22: a first block of 60 s at 0.04 costs 0.04 after 15 s."""
    assert priced(tmp_path, "0.04,0,60,1,", 15) == money("0.04")


def test_six_seconds_and_a_tenth_are_two_blocks_of_six(tmp_path: Path) -> None:
    """magnussolution/magnusbilling#592; and aplisay/llm-agent#185: 61 s are 66."""
    assert priced(tmp_path, "0.10,0,6,6,", "6", "6.1", "61") == money("0.01", "0.02", "0.11")


def test_a_fraction_of_a_second_is_a_second_and_three_are_three(tmp_path: Path) -> None:
    """mwolff44/pk-sbc#166: a call of 3 s and some milliseconds is billed as 4; by our rule so, and 3.0 as 3."""
    assert priced(tmp_path, "0.60,0,1,1,", "3", "3.0", "3.001", "3.999") == money("0.03", "0.03", "0.04", "0.04")


@pytest.mark.parametrize(("granularity", "seconds"), [("1", 61), ("6", 66), ("30", 90), ("60", 120)])
def test_granularities(tmp_path: Path, granularity: str, seconds: int) -> None:
    """Freeside, the choices of rate_detail.sec_granularity: a call of 61 s at 0.60; an exact multiple adds no block."""
    found = priced(tmp_path, f"0.60,0,{granularity},{granularity},", 61, 120)
    assert found == [Decimal(seconds) / 100, Decimal("1.2")]


def test_a_granularity_of_nothing_is_a_price_per_call(tmp_path: Path) -> None:
    """Freeside: granularity 0."""
    answer = rated(tmp_path, calls(f"a {USA} 1", f"b {USA} 3600"), deck="prefix,rate,per_call\n1,0.60,yes\n")
    assert charged(answer) == money("0.6", "0.6")


# ---- rounding once


def test_ten_minutes_at_five_cents_are_fifty_cents(tmp_path: Path) -> None:
    """irontec/ivozprovider#692: rounded second by second it came to 0.4980."""
    assert priced(tmp_path, "0.05,0,1,1,", 600, plans=plan(rounding="up")) == money("0.50")


def test_three_minutes_at_ten_cents_are_thirty_cents(tmp_path: Path) -> None:
    """cgrates/cgrates, engine/calldesc_test.go, TestGetCostRounding: the test has 0.3001 and says it should be 0.3."""
    assert priced(tmp_path, "0.1,0,1,1,", 180) == money("0.3")


def test_a_rate_by_the_second(tmp_path: Path) -> None:
    """cgrates/cgrates, general_tests/costs1_test.go: 1 a second, 90 s cost 90, none cost nothing."""
    assert priced(tmp_path, "60,0,1,1,", 90, 0, to=GERMANY, plans=plan(rounding="up")) == money("90", "0")


LONG = {
    7200: "768", 6361: "678.51", 5624: "599.89", 5282: "563.41", 4901: "522.77", 4781: "509.97",
    4332: "462.08", 4112: "438.61", 4105: "437.87", 4100: "437.33", 4079: "435.09",
}  # fmt: skip


def test_long_calls_cost_what_they_should(tmp_path: Path) -> None:
    """inextrix/ASTPP#276: its column of costs at 6.40 a minute; over 4500 s its customers paid 1."""
    assert priced(tmp_path, "6.40,0,1,1,", *LONG, plans=plan(decimals=2)) == money(*LONG.values())


# ---- a highest price


def test_a_highest_cost(tmp_path: Path) -> None:
    """cgrates oldtutorial, DR_1007_MAXCOST_FREE: a cent a second, at most 0.62."""
    found = priced(tmp_path, "0.60,0,1,1,0.62", 1, 61, 62, 63, 3600, plans=plan(rounding="up"))
    assert found == money("0.01", "0.61", "0.62", "0.62", "0.62")


def test_a_cent_a_minute(tmp_path: Path) -> None:
    """cgrates oldtutorial, RT_1CNT: 60/60 at 0.01."""
    assert priced(tmp_path, "0.01,0,60,60,", 1, 60, 61, 121, plans=plan(rounding="up")) == money(
        "0.01", "0.01", "0.02", "0.03"
    )


# ---- free seconds


def test_free_seconds_are_not_charged(tmp_path: Path) -> None:
    """Star2Billing/a2billing#26: 300 s free, 0.14 a minute, a call of 420 s costs two minutes, and its connect fee."""
    assert priced(tmp_path, "0.14,0,60,60,", 420, plans=plan(free_minutes=5)) == money("0.28")
    assert priced(tmp_path, "0.14,0.05,60,60,", 420, plans=plan(free_minutes=5)) == money("0.33")


def test_a_call_that_ends_with_the_free_seconds_has_no_connect_fee(tmp_path: Path) -> None:
    """The boundary of a2billing#26, and cgrates/cgrates#181: free minutes were charged the connect fee."""
    found = [priced(tmp_path, "0.14,0.05,60,60,", s, plans=plan(free_minutes=5)) for s in (300, 301, 299)]
    assert found == [money("0"), money("0.19"), money("0")]


def test_calls_that_failed_take_no_free_minutes(tmp_path: Path) -> None:
    """Star2Billing/a2billing#9."""
    assert priced(tmp_path, "0.14,0,60,60,", *[0] * 9, 300, plans=plan(free_minutes=5)) == money(*["0"] * 10)


# ---- which price


def test_a_dearer_longer_prefix_wins_on_both_sides(tmp_path: Path) -> None:
    """inextrix/ASTPP#273: +1 at 0.01, +1234 at 0.20, a call to +1234567890123."""
    deck = "prefix,rate\n1,0.01\n1234,0.20\n"
    carriers = '[carriers.one]\ndeck = "one"\ncurrency = "GBP"\n'
    text = f"{HEADER},carrier\nc,{ME},+1234567890123,2026-10-05T10:00:00Z,60,one\n"
    answer = rated(tmp_path, text, deck=deck, decks={"one": deck}, carriers=carriers)
    assert [(row["charge"], row["buy_charge"]) for row in answer.rows] == [("0.200000", "0.200000")]


def test_a_sample_that_sells_below_cost(tmp_path: Path) -> None:
    """ASTPP's samples: USA sold at 0.01 and bought at 0.05, UK sold at 0.05 and bought at 0.06."""
    sell = "Code,Destination,Rate,First Increment,Increment\n1,USA,0.01,30,60\n44,UK,0.05,30,30\n"
    buy = "Code,Destination,Rate,First Increment,Increment\n1,USA,0.05,30,60\n44,UK,0.06,30,60\n"
    rows = [f"{name},{ME},{to},2026-10-05T10:00:00Z,31,one" for name, to in (("usa", USA), ("uk", UK))]
    answer = rated(
        tmp_path, "\n".join((HEADER + ",carrier", *rows)), deck=sell, decks={"one": buy},
        carriers='[carriers.one]\ndeck = "one"\ncurrency = "GBP"\n',
    )  # fmt: skip
    # 31 s in 30/60 are 90 s; in 30/30, as the UK is sold, 60 s.
    found = {row["call_id"]: (Decimal(row["charge"]), Decimal(row["buy_charge"])) for row in answer.rows}
    assert found == {
        "usa": (Decimal("0.015"), Decimal("0.075")),
        "uk": (Decimal("0.05"), Decimal("0.09")),
    }
    assert answer.summary.below_cost == 2


def test_a_toll_free_number_that_costs_by_who_calls(tmp_path: Path) -> None:
    """inextrix/ASTPP#354: calls from 55329 at 1.00 a minute, from 5532 at 0.50."""
    deck = "prefix,rate,direction,from_prefix\n55,0.50,inbound,5532\n55,1.00,inbound,55329\n"
    accounts = "account_id,plan,numbers\nA1,basic,558001234567\n"
    rows = [
        f"c{n},{caller},+558001234567,2026-10-05T10:00:00Z,60"
        for n, caller in enumerate(("+55329912345678", "+553232123456"))
    ]
    answer = rated(tmp_path, "\n".join((HEADER, *rows)), deck=deck, accounts=accounts)
    assert charged(answer) == money("1", "0.5")


def test_a_lcr_table(tmp_path: Path) -> None:
    """FusionPBX's LCR table: its columns, first and further increments, and prices that change by date."""
    deck = "digits,rate,connect_increment,talk_increment,lcr_direction,date_start,date_end,currency\n"
    deck += "1,0.02,60,6,outbound,2026-01-01,2026-10-10,GBP\n1,0.03,60,6,outbound,2026-10-10,,GBP\n"
    deck += "1800,0.05,1,1,inbound,,,GBP\n"
    text = calls(
        *(f"c{n} {USA} {s} 2026-10-05T10:00:00Z" for n, s in enumerate((30, 61, 66))),
        f"d {USA} 67 2026-10-10T10:00:00Z",
    )
    # 60, 66 and 66 s at 0.02, 72 s at 0.03
    assert charged(rated(tmp_path, text, deck=deck)) == money("0.02", "0.022", "0.022", "0.036")


def test_a_connection_charge_equal_to_the_rate_is_a_minute_more(tmp_path: Path) -> None:
    """irontec/ivozprovider's sample of prices: +9377 at 0.273 and 0.273, per second."""
    assert priced(tmp_path, "0.273,0.273,1,1,", 60, 90) == money("0.546", "0.6825")


# ---- when

PEAK = """\
[bands.peak]
days = ["mon-fri"]
hours = ["08:00-19:00"]
[bands.off-peak]
days = ["mon-fri"]
hours = ["19:00-08:00"]
[bands.weekend]
days = ["sat-sun"]
"""
TUTORIAL = """\
prefix,rate,connect_fee,first_increment,increment,band
49,0.40,0.80,30,30,peak
49,0.10,0.20,60,60,off-peak
49,0.10,0.20,60,60,weekend
"""


@pytest.mark.parametrize(
    ("start", "seconds", "charge"),
    [
        ("2026-10-05T10:00:00Z", 30, "1.00"),  # Monday, RT_40CNT: 0.80 + 0.20
        ("2026-10-05T10:00:00Z", 31, "1.20"),
        ("2026-10-05T08:00:00Z", 60, "1.20"),
        ("2026-10-05T07:59:59Z", 60, "0.30"),  # RT_10CNT: 0.20 + 0.10
        ("2026-10-05T19:00:00Z", 1, "0.30"),
        ("2026-10-10T10:00:00Z", 60, "0.30"),
    ],
)
def test_peak_and_off_peak_within_the_first_minute(tmp_path: Path, start: str, seconds: int, charge: str) -> None:
    """cgrates oldtutorial, DR_FS_40CNT at peak, DR_FS_10CNT else; after a minute its price changes, ours does not."""
    operator = OPERATOR.replace("Europe/London", "UTC") + PEAK
    answer = rated(tmp_path, calls(f"c {GERMANY} {seconds} {start}"), operator=operator, deck=TUTORIAL)
    assert charged(answer) == money(charge)


@pytest.mark.parametrize(
    ("band", "start", "holds"),
    [
        # cgrates/cgrates, engine/rateinterval_test.go
        ('days = ["mon-fri"]\nhours = ["18:00-24:00"]', "2012-02-27T23:59:59Z", True),
        ('days = ["wed"]', "2012-02-01T23:00:00Z", True),
        ('days = ["wed"]', "2012-02-02T23:00:00Z", False),
        ('days = ["wed", "thu"]', "2012-02-02T23:00:00Z", True),
        ('hours = ["14:30-15:00"]', "2012-02-10T14:30:01Z", True),
        ('hours = ["14:30-15:00"]', "2012-01-10T14:29:00Z", False),
        ('hours = ["14:30-15:00"]', "2012-01-10T14:59:00Z", True),
        ('hours = ["14:30-15:00"]', "2012-01-10T15:01:00Z", False),
        ('days = ["wed", "thu"]\nhours = ["14:30-15:00"]', "2012-02-01T15:00:00Z", False),
        # engine/calldesc_test.go, TestCalldescHolliday: 1 May 2015, a Friday, is a holiday and no weekday
        ('days = ["mon-fri"]', "2015-05-01T13:30:00Z", False),
        ('days = ["holiday"]', "2015-05-01T13:30:00Z", True),
    ],
)
def test_times_of_a_band(tmp_path: Path, band: str, start: str, holds: bool) -> None:
    operator = OPERATOR.replace("Europe/London", "UTC") + f'holidays = ["05-01"]\n[bands.one]\n{band}\n'
    deck = "prefix,rate,band\n1,1,\n1,2,one\n"
    answer = rated(tmp_path, calls(f"c {USA} 60 {start}"), operator=operator, deck=deck)
    assert charged(answer) == money("2" if holds else "1")


def test_a_call_over_the_border_of_a_band_keeps_the_price_it_began_with(tmp_path: Path) -> None:
    """cgrates, TestSplitSpansWeekend: Friday 24 April 2015, 07:59:04 to 08:02:00, there split at 08:00, here not."""
    operator = OPERATOR.replace("Europe/London", "UTC") + PEAK
    answer = rated(tmp_path, calls(f"c {GERMANY} 176 2015-04-24T07:59:04Z"), operator=operator, deck=TUTORIAL)
    assert charged(answer) == money("0.50")  # 0.20 + three minutes at 0.10
