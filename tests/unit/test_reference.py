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
