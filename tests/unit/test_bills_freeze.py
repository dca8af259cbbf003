"""What is invoiced of what is due, and its lines: pure functions of bills/freeze.py. Money by hand."""

from decimal import Decimal
from typing import Any

import pytest

from callmeter.bills.freeze import Candidate, Window, amount_of, lines_of, without_negatives
from callmeter.model import Account, Bill, BillingRules
from ucrm_desk import bill

D = Decimal
MINIMUM = BillingRules(minimum={"GBP": D("5.00")})
NOTES = BillingRules(credits="credit-note")


@pytest.mark.parametrize(
    ("due", "currency", "amount"),
    [
        ("0.004999", "GBP", "0.00"),
        ("0.005", "GBP", "0.01"),
        ("12.344999", "GBP", "12.34"),
        ("0.5", "JPY", "1"),
        ("1.0005", "KWD", "1.001"),
        ("-3.00", "GBP", "0"),  # carried
    ],
)
def test_what_is_due_is_rounded_once_half_up_to_the_minor_unit(due: str, currency: str, amount: str) -> None:
    assert amount_of(D(due), currency, BillingRules()) == D(amount)


@pytest.mark.parametrize(
    ("due", "amount"),
    [("-0.005", "0"), ("-0.009999", "0"), ("-0.01", "-0.01"), ("-3.005", "-3.01"), ("0.005", "0.01")],
)
def test_a_credit_note_is_of_a_minor_unit_at_least(due: str, amount: str) -> None:
    assert amount_of(D(due), "GBP", NOTES) == D(amount)


@pytest.mark.parametrize(
    ("due", "leaves", "amount"),
    [
        ("4.994", False, "0"),
        ("4.995", False, "5.00"),  # as it would be invoiced
        ("4.994", True, "4.99"),
        ("-1.00", True, "0"),
    ],
)
def test_below_the_minimum_nothing_is_invoiced_unless_the_account_leaves(due: str, leaves: bool, amount: str) -> None:
    assert amount_of(D(due), "GBP", MINIMUM, leaves=leaves) == D(amount)


def test_the_minimum_of_one_currency_is_none_of_another() -> None:
    assert amount_of(D("0.10"), "EUR", MINIMUM) == D("0.10")


# ---- lines


def lines(
    *dues: str, carried_in: str = "0", amount: str, currency: str = "GBP", language: str = "en", **rules: Any
) -> list[tuple[str, str]]:
    """Lines of groups a, b, c, … of which so much is due."""
    parts = [
        {"kind": "group", "name": f"group-{letter}", "due": D(due)} for letter, due in zip("abc", dues, strict=False)
    ]
    found = lines_of(parts, D(carried_in), D(amount), currency, BillingRules(**rules), language, "2026-10")
    assert sum((line.amount for line in found), D(0)) == D(amount)
    return [(line.label.removeprefix("Calls: Group "), str(line.amount)) for line in found]


def test_units_left_by_rounding_go_to_the_largest_remainders_the_earlier_line_first() -> None:
    assert lines("0.335", "0.335", "0.335", amount="1.01") == [("a", "0.34"), ("b", "0.34"), ("c", "0.33")]
    assert lines("0.331", "0.338", "0.335", amount="1.00") == [("a", "0.33"), ("b", "0.34"), ("c", "0.33")]


def test_a_line_that_rounds_to_nothing_is_left_out() -> None:
    assert lines("1.00", "0.001", amount="1.00") == [("a", "1.00")]


def test_less_than_a_unit_carried_in_rides_on_the_largest_line() -> None:
    assert lines("0.10", "2.00", carried_in="-0.004", amount="2.10") == [("a", "0.10"), ("b", "2.00")]
    assert lines("0.10", "2.00", carried_in="-0.005", amount="2.10") == [("a", "0.10"), ("b", "2.00")]
    assert lines("0.106", "2.00", carried_in="0.004", amount="2.11") == [("a", "0.11"), ("b", "2.00")]


def test_a_unit_or_more_carried_in_is_a_line_of_its_own() -> None:
    assert lines("2.00", carried_in="0.01", amount="2.01") == [("a", "2.00"), ("Carried from the last bill", "0.01")]
    assert lines(carried_in="4.50", amount="4.50") == [("Carried from the last bill", "4.50")]
    assert lines("200", carried_in="1", amount="201", currency="JPY") == [
        ("a", "200"), ("Carried from the last bill", "1"),
    ]  # fmt: skip


def test_a_credit_is_one_line() -> None:
    assert lines("-2.00", "-1.00", carried_in="0.50", amount="-2.50", credits="credit-note") == [
        ("Calls 2026-10", "-2.50")
    ]


def test_nothing_to_invoice_has_no_lines() -> None:
    assert lines("0.004", amount="0") == lines("4.00", amount="0") == []


def test_lines_below_zero_stay_where_the_crm_takes_them() -> None:
    assert lines("3.00", "-1.00", amount="2.00", negative_lines=True) == [("a", "3.00"), ("b", "-1.00")]
    assert lines("3.00", "-1.00", amount="2.00") == [("a", "2.00")]


def test_labels_are_in_the_bills_language_and_corrections_name_their_period() -> None:
    parts: list[dict[str, Any]] = [
        {"kind": "bundle", "name": None, "due": D(1)},
        {"kind": "correction", "name": "2026-08", "due": D(2)},
    ]
    found = {
        language: [line.label for line in lines_of(parts, D(0), D(3), "GBP", BillingRules(), language, "2026-10")]
        for language in ("en", "de")
    }
    assert found["en"] == ["Calls outside bundles", "Corrections 2026-08"]
    assert found["de"] != found["en"]
    assert "2026-08" in found["de"][1]


@pytest.mark.parametrize(
    ("shares", "kept"),
    [
        (["1.00", "-0.40"], ["0.60", "0.00"]),
        (["1.00", "-0.40", "0.80"], ["0.60", "0", "0.80"]),  # off the largest
        (["1.00", "-1.50", "0.80"], ["0", "0", "0.30"]),  # then the next
        (["0.50", "0.50", "-0.50"], ["0", "0.50", "0"]),  # the earlier of equals
        (["-1.00", "1.00"], ["0", "0"]),
        ([], []),
    ],
)
def test_what_is_below_zero_is_taken_off_the_largest_then_the_next(shares: list[str], kept: list[str]) -> None:
    found = without_negatives([D(share) for share in shares])
    assert found == [D(share) for share in kept]
    assert sum(found) == sum(D(share) for share in shares)


# ---- what a bill looks back at


def candidate(last: Bill | None) -> Candidate:
    return Candidate(Account(account_id="ada", plan="payg", currency="GBP", timezone="Europe/London"), last)


def test_a_candidate_names_the_ledgers_that_its_window_reaches() -> None:
    ledgers = {f"2026-{month:02}": f"ledger-{month}" for month in (7, 8, 10)}
    known = candidate(bill("1.00", ledgers=ledgers, carried=D("0.40")))
    assert known.ledgers(Window("2026-08", "2026-11")) == {"2026-08": "ledger-8", "2026-10": "ledger-10"}
    assert known.carried == D("0.40")


def test_a_candidate_without_bills_has_nothing_behind_it() -> None:
    assert candidate(None).ledgers(Window("2026-08", "2026-11")) == {}
    assert candidate(None).carried == 0
