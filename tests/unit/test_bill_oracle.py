"""The oracle itself: it says what hand-worked histories come to, and finds what is wrong with bills."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from bill_oracle import Oracle, bill_problems, crm_problems, final_problems, months_before
from callmeter.model import Bill, BillLine

D = Decimal


def bill(period: str, due: str, amount: str, carried_in: str = "0", **changes: Any) -> Bill:
    facts: dict[str, Any] = {
        "bill_id": f"A-{period}",
        "account_id": "A",
        "account_name": "",
        "period": period,
        "currency": "GBP",
        "due": D(due),
        "amount": D(amount),
        "carried": D(due) - D(amount),
        "carried_in": D(carried_in),
        "lines": (BillLine(label="Calls", amount=D(amount)),),
        "ucrm_client_id": 1,
        "catalogue": "3f9c",
        "frozen_at": datetime(2026, 11, 2, tzinfo=UTC),
        "ledgers": {},
    }
    return Bill.model_validate({**facts, **changes})


def test_months_are_counted_over_the_year() -> None:
    assert [months_before("2027-02", back) for back in (0, 1, 2, 14)] == ["2027-02", "2027-01", "2026-12", "2025-12"]


def test_a_history_worked_by_hand() -> None:
    oracle = Oracle(look_back=1)
    # October: 1.0050. Bill: 1.01 (half-up), -0.0050 carried.
    assert oracle.freeze("A", "2026-10", {("A", "2026-10"): D("1.0050")}) == D("1.0050")
    # November: 2.0000; October's calls are dearer by 0.5 now.
    charges = {("A", "2026-10"): D("1.5050"), ("A", "2026-11"): D("2.0000")}
    assert oracle.freeze("A", "2026-11", charges) == D("2.5000")
    # December: nothing; a call of November is gone, and October's, no longer looked at, cost nothing any more.
    assert oracle.freeze("A", "2026-12", {("A", "2026-11"): D("0.7500")}) == D("-1.2500")
    assert oracle.owed() == {"A": D("2.2550")}  # 1.5050 + 0.7500
    bills = [
        bill("2026-10", "1.0050", "1.01"),
        bill("2026-11", "2.4950", "2.50", "-0.0050"),
        bill("2026-12", "-1.2550", "0", "-0.0050"),
    ]
    assert bill_problems(bills, oracle.owed()) == []


def test_bills_agree_with_the_final_calls_up_to_the_last_bill() -> None:
    charges = {("A", "2026-10"): D("1.0050"), ("A", "2026-11"): D("9.0000"), ("B", "2026-10"): D("3.0000")}
    assert final_problems([bill("2026-10", "1.0050", "1.01")], charges) == []
    assert final_problems([bill("2026-10", "1.0051", "1.01")], charges) == [
        "A: bills and what is carried come to 1.0051, not 1.0050"
    ]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (bill("2026-10", "1.00", "1.00", carried=D("0.01")), "A-2026-10: 1.00 and 0.01 carried are not the 1.00 due"),
        (bill("2026-10", "1.00", "1.000", lines=()), "A-2026-10: its lines do not come to 1.000"),
        (bill("2026-10", "1.005", "1.005"), "A-2026-10: 1.005 is not in whole minor units"),
        (bill("2026-10", "1.005", "1.00"), "A-2026-10: 1.00 is not 1.005 rounded"),
        (bill("2026-10", "1.00", "1.00", "0.01"), "A-2026-10: carries 0.01 in, and the bill before left 0"),
    ],
)
def test_a_bill_that_does_not_add_up_is_found(wrong: Bill, said: str) -> None:
    assert said in bill_problems([wrong], {"A": D("1.00")})


def test_an_account_without_its_bill_and_a_bill_too_many_are_found() -> None:
    assert bill_problems([], {"B": D("3.00")}) == ["B: bills and what is carried come to 0, not 3.00"]
    two = [bill("2026-10", "1.00", "1.00"), bill("2026-10", "1.00", "1.00")]
    assert "A-2026-10: a second bill of 2026-10" in bill_problems(two, {"A": D("2.00")})
    moved = [bill("2026-10", "1.00", "1.00"), bill("2026-11", "1.00", "1.00", currency="EUR")]
    assert bill_problems(moved, {"A": D("2.00")}) == ["A-2026-11: in EUR, the bills before in GBP"]


def test_what_the_crm_holds_is_each_bill_once() -> None:
    bills = [bill("2026-10", "1.00", "1.00"), bill("2026-11", "0.004", "0")]
    assert crm_problems(bills, {"A-2026-10": [D("1.00")]}) == []
    assert crm_problems(bills, {"A-2026-10": [], "A-2026-10~2": [D("1.00")]}) == []
    assert crm_problems(bills, {"A-2026-10": [D("1.00"), D("1.00")]}) == [
        "A-2026-10: the CRM holds 1.00 and 1.00, not 1.00"
    ]
    assert crm_problems(bills, {"A-2026-10": [D("1.00")], "A-2026-11": [D("0.01")], "X-2026-10": [D("1.00")]}) == [
        "A-2026-11: the CRM holds 0.01, not nothing",
        "X-2026-10: the CRM holds it, and no such bill was made",
    ]
    assert crm_problems(bills, {}) == ["A-2026-10: the CRM holds nothing, not 1.00"]
