"""The sample month and the sample rates: the same every time, and with everything they promise."""

import csv
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

import reference
from callmeter.local.sample import write_bench, write_rates, write_sample

RATES = Path(__file__).resolve().parents[2] / "rates"
CALLS = 5000


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "calls.csv"
    write_sample(path, calls=CALLS)
    return path


@pytest.fixture(scope="module")
def outcome(month: Path) -> reference.Outcome:
    return reference.rate([month], reference.read_catalogue(RATES))


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_one_seed_gives_one_file(month: Path, tmp_path: Path) -> None:
    write_sample(tmp_path / "again.csv", calls=CALLS)
    write_sample(tmp_path / "other.csv", calls=CALLS, seed=2)
    assert (tmp_path / "again.csv").read_bytes() == month.read_bytes()
    assert (tmp_path / "other.csv").read_bytes() != month.read_bytes()


def test_the_command_writes_the_same_as_the_function(month: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "callmeter.local.sample", "--out", str(tmp_path / "calls.csv")]
    subprocess.run([*command, "--calls", str(CALLS)], check=True)  # noqa: S603 - our own command
    assert (tmp_path / "calls.csv").read_bytes() == month.read_bytes()


def test_the_committed_rates_are_what_the_generator_writes(tmp_path: Path) -> None:
    write_rates(tmp_path)
    written = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.csv"))
    assert written == sorted(path.relative_to(RATES) for path in RATES.rglob("*.csv"))
    for name in written:
        assert (tmp_path / name).read_bytes() == (RATES / name).read_bytes(), f"rates/{name} is out of date"


def test_the_retail_deck_has_every_kind_of_row() -> None:
    deck = rows(RATES / "decks" / "retail.csv")
    assert len({row["TargetName"] for row in deck}) >= 200
    assert len({row["TargetPrefix"] for row in deck}) == len(deck)
    assert {"60", "60/1", "1", "30/6", "6"} <= {row["billingblock"] for row in deck}
    assert any(row["billpercall"] == "yes" for row in deck)
    assert any(row["latebill"] == "yes" and not row["Price"] for row in deck)
    assert any(row["allowed"] == "no" and row["Price"] for row in deck)
    assert any(row["allowed"] == "no" and not row["Price"] for row in deck)
    assert any(len(row["Price"].partition(".")[2]) == 8 for row in deck)


def test_a_deck_changes_prices_within_the_month() -> None:
    deck = rows(RATES / "decks" / "business.csv")
    assert any(row["effective_to"].startswith("2026-10-") for row in deck)
    assert any(row["effective_from"].startswith("2026-10-") for row in deck)
    assert any(row["connect_fee"] for row in deck)
    assert any(row["direction"] == "inbound" for row in deck)


def test_there_are_eight_customers_of_different_plans_zones_and_anchor_days() -> None:
    accounts = rows(RATES / "accounts.csv")
    assert [account["ucrm_client_id"] for account in accounts] == [str(n) for n in range(1, 9)]
    assert len({account["plan"] for account in accounts}) >= 4
    assert len({account["timezone"] for account in accounts}) >= 4
    assert {"1", "15", "31"} <= {account["anchor_day"] for account in accounts}


def test_every_row_is_accounted_for(outcome: reference.Outcome) -> None:
    assert outcome.rows_in == CALLS
    assert outcome.rows_in == len(outcome.rated) + outcome.duplicates + len(outcome.rejects)
    assert outcome.duplicates == 40


def test_a_handful_of_rejects_of_each_reason(outcome: reference.Outcome) -> None:
    thrice = dict.fromkeys(("malformed-row", "bad-time", "bad-duration"), 3)
    twice = dict.fromkeys(("bad-number", "unknown-account", "no-rate"), 2)
    assert outcome.reject_reasons == thrice | twice
    assert all(reject.raw.startswith("x-") for reject in outcome.rejects)


def test_every_customer_calls_and_is_called(outcome: reference.Outcome) -> None:
    for direction in ("outbound", "inbound"):
        callers = {one.key[0] for one in outcome.rated if one.call.direction == direction}
        assert len(callers) == 8
    outbound = sum(one.call.direction == "outbound" for one in outcome.rated)
    assert 0.6 < outbound / len(outcome.rated) < 0.8


def test_calls_of_every_status_and_kind(outcome: reference.Outcome) -> None:
    statuses = Counter((one.call.direction, one.status) for one in outcome.rated)
    assert statuses["outbound", "unanswered"] > 100
    assert statuses["inbound", "unanswered"] > 100  # missed
    assert statuses["outbound", "late"] >= 10
    assert sum(bool(one.row and one.row.per_call) for one in outcome.rated) >= 20
    assert sum(one.barred for one in outcome.rated) >= 50
    assert sum(one.call.direction == "inbound" and bool(one.charge) for one in outcome.rated) >= 10
    assert sum(one.call.from_number == "anonymous" for one in outcome.rated) >= 5


def test_several_allowances_run_out_in_mid_call(outcome: reference.Outcome) -> None:
    split = {(one.key, one.group) for one in outcome.rated if 0 < one.free_seconds < one.billed_seconds}
    assert len(split) >= 4


def test_a_hacked_account_calls_dear_numbers_all_weekend(outcome: reference.Outcome) -> None:
    nights = [
        one
        for one in outcome.rated
        if one.key[0] == "C1008" and one.call.started_at.day in (16, 17, 18) and one.call.started_at.hour < 5
    ]
    assert len(nights) > 300
    assert sum(one.charge or 0 for one in nights) > Decimal(1000)
    assert {"satellite", "premium", "international"} <= {one.group for one in nights}


def test_calls_lie_on_both_sides_of_midnights_and_clock_changes(outcome: reference.Outcome) -> None:
    starts = {f"{one.call.started_at:%d %H:%M:%S}" for one in outcome.rated}
    assert {"14 22:59:59", "14 23:00:00"} <= starts  # 15 October begins in London
    assert {"31 12:59:59", "27 13:00:00"} <= starts  # Sydney
    assert {"25 00:40:00", "25 01:00:00", "25 01:25:00"} <= starts  # the hour that comes twice in London
    assert {"03 15:40:00", "03 16:00:00"} <= starts  # the hour that Sydney skips
    assert len({one.key for one in outcome.rated}) == 13


def test_other_sizes_and_months_are_as_whole(tmp_path: Path) -> None:
    write_sample(tmp_path / "small.csv", calls=400, month="2027-02", seed=9)
    outcome = reference.rate([tmp_path / "small.csv"], reference.read_catalogue(RATES))
    assert (outcome.rows_in, outcome.duplicates, len(outcome.rejects)) == (400, 3, 15)
    with pytest.raises(ValueError, match="at least 300"):
        write_sample(tmp_path / "tiny.csv", calls=10)


def test_the_benchmark_files_rate_without_rejects(tmp_path: Path) -> None:
    write_bench(tmp_path / "calls.csv", tmp_path / "rates", calls=2000, prefixes=3000, seed=4)
    outcome = reference.rate([tmp_path / "calls.csv"], reference.read_catalogue(tmp_path / "rates"))
    assert (outcome.rows_in, outcome.duplicates, outcome.rejects) == (2000, 0, [])
    assert len(rows(tmp_path / "rates" / "decks" / "bench.csv")) == 3000
    assert len({one.prefix for one in outcome.rated}) > 1000
    write_bench(tmp_path / "again.csv", tmp_path / "rates", calls=2000, prefixes=3000, seed=4)
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "calls.csv").read_bytes()
    assert len({one.call.call_id for one in outcome.rated}) == 2000
