"""The plain-Python reference against calls worked out by hand."""

import csv
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import reference

ACCEPT = Path(__file__).resolve().parents[3] / "shared" / "accept"

OPERATOR = 'country = "GB"\ntimezone = "Europe/London"\ncurrency = "GBP"\n'
PLANS = """
[plans.basic]
deck = "basic"
currency = "GBP"

[plans.bundle]
deck = "basic"
currency = "GBP"
[[plans.bundle.allowances]]
name = "one minute of anything"
groups = ["fixed", "mobile"]
minutes = 1
[[plans.bundle.allowances]]
name = "one minute of mobile"
groups = ["mobile"]
minutes = 1
"""
DESTINATIONS = "prefix,destination,group\n44,UK,fixed\n447,UK Mobile,mobile\n448,UK Service,service\n"
DECK = """\
prefix,rate,connect_fee,first_increment,increment,direction,late,effective_from,effective_to
44,0.06,0.05,,,,,,
447,0.12,0.05,,,,,,
448,,,,,,yes,,
4480,0.03,,,,inbound,,,
4412,0.30,,,,,,,
4412,0.60,,,,,,2026-10-10,2026-10-20
"""
ACCOUNTS = """\
account_id,name,plan,numbers,anchor_day,valid_from,valid_to
B1,Basic,basic,442079460001 448081570001,1,,
V1,Bundle,bundle,442079460002,1,,
O1,Old,basic,442079460003,1,,2026-10-10
N1,New,basic,442079460003,1,2026-10-10,
"""


@pytest.fixture
def catalogue(tmp_path: Path) -> reference.Catalogue:
    (tmp_path / "decks").mkdir()
    (tmp_path / "operator.toml").write_text(OPERATOR)
    (tmp_path / "plans.toml").write_text(PLANS)
    (tmp_path / "destinations.csv").write_text(DESTINATIONS)
    (tmp_path / "decks" / "basic.csv").write_text(DECK)
    (tmp_path / "accounts.csv").write_text(ACCOUNTS)
    return reference.read_catalogue(tmp_path)


def rate(catalogue: reference.Catalogue, folder: Path, *lines: str) -> reference.Outcome:
    path = folder / "calls.csv"
    path.write_text("\n".join(("call_id,from,to,start,duration,direction", *lines)) + "\n")
    return reference.rate([path], catalogue)


@pytest.mark.skipif(not ACCEPT.is_dir(), reason="the calls worked out by hand are not here")
def test_the_reference_alone_reproduces_the_calls_worked_out_by_hand() -> None:
    catalogue = reference.read_catalogue(ACCEPT / "rates", ACCEPT / "accounts.csv")
    outcome = reference.rate([ACCEPT / "calls.csv"], catalogue, timezone="UTC")
    assert (outcome.rows_in, len(outcome.rated), outcome.duplicates) == (28, 25, 1)
    assert outcome.reject_reasons == {"no-rate": 1, "unknown-account": 1}
    got = {one.call.call_id: _as_expected(one) for one in outcome.rated}
    with (ACCEPT / "expected.csv").open(newline="") as file:
        rows = {row["call_id"]: row for row in csv.DictReader(file)}
    assert sorted(got) == sorted(rows)
    for call_id, row in rows.items():
        wanted = {column: row[column] for column in got[call_id] if row[column]}
        wanted |= {"charge": str(Decimal(row["charge"]).normalize())} if row["charge"] else {}
        assert {column: got[call_id][column] for column in wanted} == wanted, row["why"]
        assert bool(row["charge"]) == bool(got[call_id]["charge"])


def _as_expected(one: reference.Rated) -> dict[str, str]:
    """A rated call in the columns and spelling of expected.csv."""
    return {
        "account_id": one.key[0],
        "prefix": one.prefix,
        "billed_seconds": str(one.billed_seconds),
        "free_seconds": str(one.free_seconds),
        "charge": "" if one.charge is None else str(one.charge.normalize()),
        "status": one.status,
        "barred": str(one.barred).lower(),
        "period": one.period,
    }


def test_allowances_are_used_in_order_of_start_and_then_of_call_id(
    catalogue: reference.Catalogue, tmp_path: Path
) -> None:
    outcome = rate(
        catalogue,
        tmp_path,
        "b,442079460002,447700900001,2026-10-05T10:00:00Z,100,out",
        "a,442079460002,442079460999,2026-10-05T10:00:00Z,40,out",
        "0,442079460002,442079460999,2026-10-05T11:00:00Z,30,out",
    )
    # a: 40 of the first minute. b: its other 20, then all 60 of the second; 20 s at 0.12 and the connect fee:
    # 0.05 + 0.12 x 20 / 60 = 0.09. 0, though first by id: nothing is left, 0.05 + 0.06 x 30 / 60 = 0.08.
    found = {one.call.call_id: (one.free_seconds, one.charge) for one in outcome.rated}
    assert found == {"a": (40, Decimal(0)), "b": (80, Decimal("0.09")), "0": (0, Decimal("0.08"))}


def test_a_later_row_ends_an_open_one_for_good(catalogue: reference.Catalogue, tmp_path: Path) -> None:
    starts = ("2026-10-09T22:59:59Z", "2026-10-09T23:00:00Z", "2026-10-19T23:00:00Z")
    calls = [f"{n},442079460001,441214960000,{start},60,out" for n, start in enumerate(starts)]
    outcome = rate(catalogue, tmp_path, *calls)
    # Midnight in London is 23:00Z. After the dated row ends, only prefix 44 is left: 0.05 + 0.06.
    found = [(one.prefix, one.charge) for one in outcome.rated]
    assert found == [("4412", Decimal("0.30")), ("4412", Decimal("0.60")), ("44", Decimal("0.11"))]


def test_a_number_belongs_to_whoever_has_it_at_the_start_of_the_call(
    catalogue: reference.Catalogue, tmp_path: Path
) -> None:
    starts = ("2026-10-09T22:59:59Z", "2026-10-09T23:00:00Z")
    calls = [f"{n},442079460003,442079460999,{start},60,out" for n, start in enumerate(starts)]
    assert [one.key[0] for one in rate(catalogue, tmp_path, *calls).rated] == ["O1", "N1"]


def test_inbound_calls_cost_only_where_the_deck_has_an_inbound_row(
    catalogue: reference.Catalogue, tmp_path: Path
) -> None:
    outcome = rate(
        catalogue,
        tmp_path,
        "freephone,447700900001,448081570001,2026-10-05T10:00:00Z,120,in",
        "local,anonymous,442079460001,2026-10-05T10:00:00Z,120,in",
        "guessed,447700900001,442079460001,2026-10-05T10:00:00Z,0,",
    )
    found = [(one.call.direction, one.prefix, one.charge, one.status) for one in outcome.rated]
    assert found == [
        ("inbound", "4480", Decimal("0.06"), "rated"),
        ("inbound", "", Decimal(0), "rated"),
        ("inbound", "", Decimal(0), "unanswered"),
    ]


def test_the_first_reason_in_the_list_is_the_reason(catalogue: reference.Catalogue, tmp_path: Path) -> None:
    outcome = rate(
        catalogue,
        tmp_path,
        "1,nobody,letters,never,-1,out,surplus",
        "2,nobody,letters,never,-1,out",
        "3,nobody,letters,2026-10-05T10:00:00Z,-1,out",
        "4,nobody,letters,2026-10-05T10:00:00Z,1,out",
        "5,nobody,999000000000,2026-10-05T10:00:00Z,1,out",
        "6,442079460001,999000000000,2026-10-05T10:00:00Z,1,out",
        "7,442079460001,999000000000,2026-10-05T10:00:00Z,0,out",
        "8,442079460001,44712345678,2026-10-05T10:00:00Z,2678400.5,out",
    )
    assert [reject.reason for reject in outcome.rejects] == [
        *("malformed-row", "bad-time", "bad-duration", "bad-number", "unknown-account", "no-rate"),
        "bad-duration",
    ]
    assert [one.status for one in outcome.rated] == ["unanswered"]


def test_the_first_of_two_rows_with_one_identity_counts(catalogue: reference.Catalogue, tmp_path: Path) -> None:
    outcome = rate(
        catalogue,
        tmp_path,
        "a,442079460001,letters,2026-10-05T10:00:00Z,60,out",
        "a,442079460001,442079460999,2026-10-05T10:00:00Z,60,out",
        "a,442079460001,442079460999,2026-10-05T10:00:00Z,90,out",
        "a,442079460002,442079460999,2026-10-05T10:00:00Z,90,out",
        ",020 7946 0001,+44 (0)20 7946 0999,2026-10-05T11:00:00Z,60,out",
        ",00442079460001,442079460999,2026-10-05T12:00:00+01:00,0:01:00,out",
    )
    assert (outcome.rows_in, outcome.duplicates, outcome.reject_reasons) == (6, 2, {"bad-number": 1})
    assert [(one.key[0], one.call.duration_seconds) for one in outcome.rated] == [
        ("B1", 60),
        ("V1", 90),
        ("B1", 60),
    ]


def test_a_late_call_has_no_charge_and_no_part_in_the_total(catalogue: reference.Catalogue, tmp_path: Path) -> None:
    outcome = rate(catalogue, tmp_path, "a,442079460001,448714960001,2026-10-05T10:00:00Z,60,out")
    total = reference.totals(outcome)["B1", "2026-10"]
    assert (outcome.rated[0].charge, total.charge, total.late_calls, total.groups) == (
        None,
        Decimal(0),
        1,
        {},
    )


@pytest.mark.parametrize(
    ("start", "zone", "anchor", "label"),
    [
        ("2026-10-31T22:59:59", "Europe/Berlin", 1, "2026-10"),
        ("2026-10-31T23:00:00", "Europe/Berlin", 1, "2026-11"),
        ("2026-10-31T03:59:59", "America/New_York", 31, "2026-09"),
        ("2026-10-31T04:00:00", "America/New_York", 31, "2026-10"),
        ("2026-11-29T12:00:00", "America/New_York", 31, "2026-10"),
        ("2026-11-30T12:00:00", "America/New_York", 31, "2026-11"),
        ("2026-02-28T00:00:00", "Europe/London", 30, "2026-02"),
        ("2026-01-14T00:00:00", "Europe/London", 15, "2025-12"),
    ],
)
def test_a_period_is_named_for_the_month_it_begins_in(start: str, zone: str, anchor: int, label: str) -> None:
    at = datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert reference.period_of(at, ZoneInfo(zone), anchor) == label


@pytest.mark.parametrize(
    ("exact", "decimals", "rounding", "wanted"),
    [
        (Fraction(5, 1000), 2, "half-up", "0.01"),
        (Fraction(-5, 1000), 2, "half-up", "0.00"),
        (Fraction(1, 1000000), 2, "up", "0.01"),
        (Fraction(9999, 1000000), 2, "down", "0.00"),
        (Fraction(3, 2), 0, "half-up", "2"),
    ],
)
def test_charges_are_rounded_once_as_the_plan_says(exact: Fraction, decimals: int, rounding: str, wanted: str) -> None:
    assert str(reference.rounded(exact, decimals, rounding)) == wanted


def test_bills_carry_what_rounding_left_and_lines_add_up(catalogue: reference.Catalogue, tmp_path: Path) -> None:
    outcome = rate(
        catalogue,
        tmp_path,
        "a,442079460001,442079460999,2026-10-05T10:00:00Z,4,out",  # 0.05 + 0.06 x 4 / 60 = 0.054
        "b,442079460001,447700900001,2026-10-05T10:05:00Z,5,out",  # 0.05 + 0.12 x 5 / 60 = 0.06
        "c,442079460001,442079460999,2026-11-05T10:00:00Z,1,out",  # 0.05 + 0.06 / 60 = 0.051
    )
    october, november = reference.bills(outcome)
    assert (october.due, october.amount, october.carried) == (
        Decimal("0.114"),
        Decimal("0.11"),
        Decimal("0.004"),
    )
    assert october.lines == {"fixed": Decimal("0.05"), "mobile": Decimal("0.06")}
    # 0.051 + 0.004 carried = 0.055, half-up 0.06: the only line takes the cent.
    assert (november.due, november.amount, november.carried) == (
        Decimal("0.055"),
        Decimal("0.06"),
        Decimal("-0.005"),
    )
    assert november.lines == {"fixed": Decimal("0.06")}


# ---- bands, caps, callers, codes, carriers

RULES = {
    "operator.toml": """\
country = "GB"
timezone = "Europe/London"
currency = "GBP"
holidays = ["12-25", "2026-04-03"]
[bands.peak]
days = ["mon-fri"]
hours = ["08:00-19:00"]
[bands.night]
days = ["fri", "holiday"]
hours = ["19:00-08:00"]
""",
    "plans.toml": '[plans.basic]\ndeck = "retail"\ncurrency = "GBP"\n',
    "accounts.csv": "account_id,plan,numbers,sip_logins\nA1,basic,442079460001 12025550100,bob\n",
    "destinations.csv": "prefix,destination,group\n44,UK,uk\n999,Police,emergency\n",
    "decks/retail.csv": """\
prefix,rate,group,band,from_prefix,max_charge,connect_fee,effective_from
44,0.06,,,,,,
44,0.12,,peak,,,,
44,0.01,,night,,,,
4420,0.05,,,,,,
4477,0.10,,,4420,,,
4477,0.11,,,44,,,
4477,0.12,,,,,,
4477,0.20,,peak,,,,
4478,0.50,,,,2.00,0.30,
4479,0.30,,peak,,,,
1,0.02,,,,,,
1,0.03,,,,,,2026-10-10
1,0.04,,,44,,,
118118,3,short,,,,,
999,0,,,,,,
*97,0.07,feature,,,,,
""",
    "decks/wave.csv": """\
prefix,rate,first_increment,direction,max_charge
44,0.05,60,,
447,,,,
1,1,60,,0.04
442,0.02,,inbound,
""",
    "carriers.toml": '[carriers.wave]\ntrunks = ["Wave-Out"]\ndeck = "wave"\ncurrency = "USD"\nrounding = "up"\n',
    "fx.csv": """\
date,base,quote,rate
2026-10-01,USD,GBP,0.8
2026-10-09,GBP,USD,1.3
2026-10-12,USD,GBP,0.7
2026-10-12,GBP,USD,2
""",
}


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> reference.Catalogue:
    folder = tmp_path_factory.mktemp("rules")
    (folder / "decks").mkdir()
    for name, text in RULES.items():
        (folder / name).write_text(text)
    return reference.read_catalogue(folder)


def one(rules: reference.Catalogue, folder: Path, to: str, start: str, others: dict[str, str]) -> reference.Rated:
    """The one call: a minute from A1's number in London, or as `others` have it."""
    row = {"call_id": "a", "from": "442079460001", "to": to, "start": start, "duration": "60"} | others
    path = folder / "calls.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        writer.writeheader()
        writer.writerow(row)
    [rated] = reference.rate([path], rules).rated
    return rated


@pytest.mark.parametrize(
    ("start", "rate"),
    [
        ("2026-10-05T06:59:59Z", "0.06"),  # Monday 07:59:59 in London
        ("2026-10-05T07:00:00Z", "0.12"),  # 08:00: peak
        ("2026-10-05T17:59:59Z", "0.12"),
        ("2026-10-05T18:00:00Z", "0.06"),  # 19:00; the night is Friday's and holidays'
        ("2026-10-09T18:00:00Z", "0.01"),  # Friday 19:00
        ("2026-10-09T22:59:59Z", "0.01"),  # Friday 23:59:59
        ("2026-10-09T23:00:00Z", "0.06"),  # Saturday 00:00
        ("2026-10-08T23:00:00Z", "0.01"),  # Friday 00:00
        ("2026-04-03T09:00:00Z", "0.06"),  # a Friday, but a holiday: no peak
        ("2026-04-03T20:00:00Z", "0.01"),  # and a night
        ("2025-12-25T12:00:00Z", "0.06"),
        ("2026-10-30T08:00:00Z", "0.12"),  # Friday 08:00 in winter
        ("2026-10-30T07:59:59Z", "0.01"),  # Friday 07:59:59 in winter
    ],
)
def test_the_band_at_the_calls_start_chooses_the_row(
    rules: reference.Catalogue, tmp_path: Path, start: str, rate: str
) -> None:
    row = one(rules, tmp_path, "441212345678", start, {}).row
    assert row is not None
    assert row.rate == Decimal(rate)


@pytest.mark.parametrize(
    ("to", "caller", "start", "rate"),
    [
        ("442071234567", "442079460001", "2026-10-05T12:00:00Z", "0.05"),  # 4420 before 44 at peak
        ("447712345678", "442079460001", "2026-10-11T12:00:00Z", "0.10"),  # callers of 4420 before those of 44
        ("447712345678", "12025550100", "2026-10-11T12:00:00Z", "0.12"),
        ("447712345678", "442079460001", "2026-10-05T12:00:00Z", "0.20"),  # peak before any caller
        ("447712345678", "bob", "2026-10-11T12:00:00Z", "0.12"),
        ("447912345678", "442079460001", "2026-10-05T12:00:00Z", "0.30"),
        ("447912345678", "442079460001", "2026-10-11T12:00:00Z", "0.06"),  # 4479 at peak only, else 44
        ("12025550199", "12025550100", "2026-10-09T12:00:00Z", "0.02"),
        ("12025550199", "12025550100", "2026-10-10T12:00:00Z", "0.03"),  # a later date ends its own chain
        ("12025550199", "442079460001", "2026-10-10T12:00:00Z", "0.04"),
        ("999", "442079460001", "2026-10-10T12:00:00Z", "0"),
        ("118118", "442079460001", "2026-10-10T12:00:00Z", "3"),
        ("*97", "442079460001", "2026-10-10T12:00:00Z", "0.07"),
    ],
)
def test_prefix_then_band_then_caller_choose_the_row(
    rules: reference.Catalogue, tmp_path: Path, to: str, caller: str, start: str, rate: str
) -> None:
    row = one(rules, tmp_path, to, start, {"from": caller}).row
    assert row is not None
    assert row.rate == Decimal(rate)


def test_no_code_is_a_prefix_and_no_prefix_a_code(rules: reference.Catalogue, tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    dialled = ("9991", "44", "112", "999123456789")
    rows = [f"c{n},442079460001,{to},2026-10-05T10:00:00Z,60" for n, to in enumerate(dialled)]
    path.write_text("\n".join(("call_id,from,to,start,duration", *rows)) + "\n")
    assert reference.rate([path], rules).reject_reasons == {"no-rate": 4}


@pytest.mark.parametrize(("seconds", "charge"), [(60, "0.8"), (204, "2"), (205, "2"), (203, "1.9917")])
def test_a_cap_holds_for_rate_and_connect_fee_together(
    rules: reference.Catalogue, tmp_path: Path, seconds: int, charge: str
) -> None:
    """0.30 + 0.50 x 204 / 60 = 2.00; 203 s: 1.99166…"""
    capped = one(rules, tmp_path, "447812345678", "2026-10-11T12:00:00Z", {"duration": str(seconds)})
    assert capped.charge == Decimal(charge)


@pytest.mark.parametrize(
    ("cells", "start", "carrier", "bought", "below"),
    [
        # 1 s is 60 s at 0.05 dollars: at 0.8; by the later 1 / 1.3 = 0.0384615…; at 0.7, not 1 / 2, on one day
        ({"carrier": "WAVE-out"}, "2026-10-04T12:00:00Z", "wave", "0.04", True),
        ({"carrier": "wave"}, "2026-10-10T12:00:00Z", "wave", "0.038462", True),
        ({"carrier": "Wave"}, "2026-10-11T23:00:00Z", "wave", "0.035", True),
        ({"carrier": "wave"}, "2026-09-30T22:59:59Z", "wave", None, False),
        ({"carrier": "other"}, "2026-10-04T12:00:00Z", "other", None, False),
        ({"carrier": "wave", "to": "447012345678"}, "2026-10-04T12:00:00Z", "wave", None, False),  # no price
        ({"carrier": "wave", "to": "999"}, "2026-10-04T12:00:00Z", "wave", None, False),  # no row
        ({"carrier": "wave", "to": "12025550199"}, "2026-10-04T12:00:00Z", "wave", "0.032", True),  # capped
        ({"carrier": "wave", "duration": "0"}, "2026-10-04T12:00:00Z", "wave", "0", False),
        ({"carrier": "wave", "direction": "internal"}, "2026-10-04T12:00:00Z", "wave", "0", False),
    ],
)
def test_the_carriers_price_comes_in_the_accounts_money(
    rules: reference.Catalogue,
    tmp_path: Path,
    cells: dict[str, str],
    start: str,
    carrier: str,
    bought: str | None,
    below: bool,
) -> None:
    rated = one(rules, tmp_path, "441212345678", start, {"duration": "1"} | cells)
    wanted = None if bought is None else Decimal(bought)
    assert (rated.call.carrier, rated.buy_charge, rated.below_cost) == (carrier, wanted, below)


def test_inbound_calls_are_bought_by_inbound_rows(rules: reference.Catalogue, tmp_path: Path) -> None:
    """60 s at 0.02 x 0.8; to the number in the USA there is none."""
    ends = {"to": "442079460001", "from": "anonymous", "carrier": "wave", "direction": "in"}
    start = "2026-10-04T12:00:00Z"
    assert one(rules, tmp_path, "", start, ends).buy_charge == Decimal("0.016")
    assert one(rules, tmp_path, "", start, ends | {"to": "12025550100"}).buy_charge == Decimal(0)


@pytest.mark.parametrize(
    ("country", "written", "number"),
    [
        ("GB", "9#+44 20 7946 0001", "442079460001"),
        ("GB", "9#020 7946 0001", "442079460001"),
        ("GB", "sip:+442079460001@host;user=phone", "442079460001"),
        ("GB", '"Name, of" <sip:02079460001@host:5060>', "442079460001"),
        ("GB", "%2B442079460001", "442079460001"),
        ("GB", "(0)20 7946 0001", "442079460001"),
        ("GB", "0044 (0)20 7946 0001", "442079460001"),
        ("GB", "999", ""),
        ("GB", "anonymous", ""),
        ("US", "011442079460001", "442079460001"),
        ("US", "2025550100", "12025550100"),
        ("US", "1 (202) 555-0100", "12025550100"),
        ("US", "5550100", ""),
        ("AU", "0011 44 20 7946 0001", "442079460001"),
    ],
)
def test_numbers_are_read_in_all_their_forms(country: str, written: str, number: str) -> None:
    assert reference.e164(written, country) == number
