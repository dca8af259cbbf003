"""Months of bills, runs cut short anywhere, UCRM's own runs and faults, in any order: every line once, in each way."""

from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ucrm_desk import LINE, METER, OFFICE, Desk, bill, operator

CUTS = st.tuples(st.just("cut"), st.integers(1, 9), st.sampled_from(["before", "after"]))
FAULTS = st.tuples(st.just("fault"), st.sampled_from(["500", "500-after", "timeout-after", "429", "422"]))
EVENTS = st.lists(
    st.one_of(CUTS, FAULTS, st.sampled_from([("bill",), ("other",), ("run",), ("ucrm",), ("days",), ("approve",)])),
    min_size=3,
    max_size=14,
)
ACCOUNTS = {"bill": "ada", "other": "bob"}


class History:
    """A desk, and how many months UCRM's run has had."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.months = 0
        for service in (LINE, OFFICE):
            desk.standin.books.change("services", service, {"_invoicedTo": "2026-10-31"})

    def happen(self, event: tuple[Any, ...]) -> None:
        match event:
            case ("cut", request, how):
                self.desk.break_at(request, how)
                self.desk.run()
                self.desk.connect()
            case ("fault", kind):
                self.desk.fail("POST /clients/*/invoices", kind)
                self.desk.fail("PATCH /invoices/*", kind)
            case ("run",):
                self.desk.run()
            case ("ucrm",):
                self.ucrm_run()
            case ("days",):
                self.desk.days(3)
            case ("approve",):
                for row in [row for row in self.desk.invoices if row["status"] == 0]:
                    self.desk.standin.hand("approve", row["id"])
            case (kind,):
                self.bill(ACCOUNTS[kind])

    def bill(self, account: str) -> None:
        number = sum(one.account_id == account for one in self.desk.bills.values())
        amount = f"{len(self.desk.bills) + 1}.{number + 10}"
        self.desk.add(bill(amount, "0.05", account=account, period=f"2026-{number + 1:02}", frozen_at=self.desk.now))

    def ucrm_run(self) -> None:
        self.months += 1
        self.desk.daily_run(date(2026 + (9 + self.months) // 12, (9 + self.months) % 12 + 1, 1))

    def settle(self) -> None:
        """From now on all goes well."""
        self.desk.standin.faults.clear()
        self.desk.connect()
        for _ in range(3):
            self.desk.run(2)
            self.desk.days(6)
            self.ucrm_run()
        self.desk.run(2)

    @property
    def states(self) -> set[str]:
        return {one.state for one in self.desk.states.values()}


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(["invoice", "draft"]), EVENTS)
@example("draft", [("ucrm",), ("bill",), ("other",), ("cut", 5, "after"), ("approve",), ("run",), ("bill",)])
def test_every_line_is_on_one_invoice_in_the_end(way: str, events: list[tuple[Any, ...]]) -> None:
    with TemporaryDirectory() as folder, operator(Path(folder), way=way) as desk:
        history = History(desk)
        for event in events:
            history.happen(event)
        history.settle()
        wanted = Counter((line.label, line.amount) for one in desk.bills.values() for line in one.lines)
        assert Counter(desk.items) == wanted
        assert history.states <= {"invoiced"}
        assert all(desk.look(bill_id).amount == one.amount for bill_id, one in desk.bills.items())


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(EVENTS)
@example([("bill",), ("run",), ("ucrm",), ("ucrm",), ("bill",), ("cut", 4, "after"), ("ucrm",), ("other",)])
def test_a_meters_charges_are_the_bills_in_the_end(events: list[tuple[Any, ...]]) -> None:
    automatic = {"approveAndSendInvoiceAutomatically": True}
    settings_: dict[str, Any] = {"way": "surcharge", "surcharge_id": METER, "options": automatic}
    with TemporaryDirectory() as folder, operator(Path(folder), **settings_) as desk:
        history = History(desk)
        for event in events:
            history.happen(event)
        history.settle()
        desk.add(*(bill("1000.00", account=account, period="2027-12") for account in ACCOUNTS.values()))
        history.settle()  # what was charged too much, where callmeter was away, is used up by then
        for account in ACCOUNTS.values():
            due = sum((one.amount for one in desk.bills.values() if one.account_id == account), Decimal(0))
            assert charged(desk, account) == due
        assert history.states == {"invoiced"}


def charged(desk: Desk, account: str) -> Decimal:
    items = [item for row in desk.invoices for item in row["items"] if item["type"] == "surcharge"]
    return sum((item["total"] for item in items if f"({account}/{LINE})" in item["label"]), Decimal(0))
