"""`callmeter bill`: what it asks of the deployed stack, what it prints, and how it ends."""

import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
import pytest

from callmeter import layout
from callmeter.aws.operator import Deployment
from callmeter.bills.glance import Glance, glance
from callmeter.errors import CallmeterError
from callmeter.model import Bill, BillState
from cli_kit import Ended, Run
from rerating_kit import MemoryStore
from ucrm_desk import bill

AS_OF = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)


class NotedBills:
    """The port Bills, as far as it is read: open bills and their states."""

    def __init__(self) -> None:
        self.states: dict[tuple[str, str], BillState | None] = {}

    def opened(self) -> list[tuple[str, str]]:
        return sorted(self.states, key=lambda place: place[1])

    def read(self, account_id: str, period: str) -> BillState | None:
        return self.states[account_id, period]


class FakeDeployment:
    """A stack that says what it is told to say, and keeps what it was asked."""

    def __init__(self) -> None:
        self.store, self.bills = MemoryStore(), NotedBills()
        self.asked: list[dict[str, Any]] = []
        self.answer: dict[str, Any] = {"as_of": AS_OF.isoformat(), "bills": [], "problems": {}}
        self.glance = glance([bill("12.34"), bill("5.00", account="bo", client=None)], [], {"no-rate": 3}, AS_OF)

    def bill(
        self, *, period: str, approve: Sequence[str], again: str, progress: Callable[[int], None]
    ) -> dict[str, Any]:
        self.asked.append({"period": period, "approve": list(approve), "again": again})
        progress(0)
        return self.answer

    def bill_preview(self, *, period: str) -> bytes:
        self.asked.append({"preview": period})
        return self.glance.model_dump_json(exclude_defaults=True).encode()

    def waits(self, one: Bill) -> None:
        """There is this bill, and nobody has said yes."""
        self.store.put(layout.bill(one.period, one.account_id), one.model_dump_json().encode())
        self.bills.states[one.account_id, one.period] = None


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> FakeDeployment:
    fake = FakeDeployment()
    monkeypatch.setattr(Deployment, "named", lambda _: fake)
    return fake


@pytest.fixture
def waiting(stack: FakeDeployment) -> FakeDeployment:
    """Three bills wait for a yes; one more has it, one comes to nothing."""
    for account in ("ada", "bo", "cy"):
        stack.waits(bill("12.34", account=account))
    stack.waits(bill("1.00", account="di"))
    stack.bills.states["di", "2026-10"] = BillState(
        bill_id="di-2026-10", account_id="di", period="2026-10", amount=Decimal(1), currency="GBP", state="approved"
    )
    stack.waits(bill(account="emi"))
    return stack


def done(bill_id: str, problem: str = "") -> dict[str, Any]:
    """A bill as a run's report has it."""
    return {
        "account_id": "ada", "account_name": "Ada Ltd", "period": "2026-10", "bill_id": bill_id, "currency": "GBP",
        "due": "12.3412", "amount": "12.34", "carried": "0.0012", "lines": 1, "calls": 1234, "state": "invoiced",
        "invoice_number": "2026-0007", "statement": "statements/ada/2026-10.pdf", "problem": problem,
    }  # fmt: skip


# ---- a run


def test_a_run_prints_what_became_of_each_bill(stack: FakeDeployment, run: Run) -> None:
    stack.answer["bills"] = [done("ada-2026-10")]
    ended = run("bill")
    assert (ended.code, stack.asked) == (0, [{"period": "", "approve": [], "again": ""}])
    assert ended.out.split()[-10:] == [
        "ada",
        "Ada",
        "Ltd",
        "2026-10",
        "1,234",
        "12.34",
        "GBP",
        "0.0012",
        "2026-0007",
        "invoiced",
    ]


def test_a_run_as_one_object(stack: FakeDeployment, run: Run) -> None:
    stack.answer["bills"] = [done("ada-2026-10")]
    assert run("bill", "--json").json == stack.answer


def test_what_is_not_finished_is_told_and_ends_with_1(stack: FakeDeployment, run: Run) -> None:
    stack.answer |= {
        "bills": [done("ada-2026-10", "UCRM answered 500"), done("ada-2026-09")],
        "problems": {"bo": "account bo is billed in EUR now"},
    }
    ended = run("bill", "--period", "2026-10")
    assert (ended.code, stack.asked[0]["period"]) == (1, "2026-10")
    assert "UCRM answered 500" in ended.err
    assert "account bo is billed in EUR now" in ended.err


def test_again_asks_for_one_bill_to_be_sent_anew(stack: FakeDeployment, run: Run) -> None:
    assert run("bill", "--again", "ada", "--period", "2026-10").code == 0
    assert stack.asked == [{"period": "2026-10", "approve": [], "again": "ada"}]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--period", "2026-13"], '--period "2026-13" is not a period; write it as 2026-10'),
        (["--period", "October"], '--period "October" is not a period'),
        (["--again", "ada"], "--again ada needs --period"),
        (["--bills", "ada-2026-10"], "--bills and --yes say which bills --approve is for"),
        (["--yes"], "--bills and --yes say which bills --approve is for"),
    ],
)
def test_what_cannot_be_asked_ends_with_2_before_anything_is_done(
    stack: FakeDeployment,
    run: Run,
    arguments: list[str],
    message: str,
) -> None:
    ended = run("bill", *arguments)
    assert (ended.code, ended.out, stack.asked) == (2, "", [])
    assert message in " ".join(ended.err.split())


def test_a_run_that_failed_ends_with_1(stack: FakeDeployment, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(**_: Any) -> dict[str, Any]:
        raise CallmeterError("bill failed: invoice 7 is in force: void that first")

    monkeypatch.setattr(stack, "bill", failing)
    ended = run("bill", "--again", "ada", "--period", "2026-10")
    assert (ended.code, "void that first" in ended.err) == (1, True)


# ---- a dry run


def test_a_dry_run_shows_what_would_be_billed_and_writes_a_page(
    stack: FakeDeployment,
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = run("bill", "--dry-run", "--period", "2026-10")
    assert (ended.code, stack.asked) == (0, [{"preview": "2026-10"}])
    for shown in ("12.34", "no-crm-client", "no-rate", "bills-2026-10.html"):
        assert shown in ended.out
    assert "12.34" in (tmp_path / "bills-2026-10.html").read_text(encoding="utf-8")


@pytest.mark.usefixtures("stack")
def test_a_dry_runs_page_goes_where_it_is_wanted(run: Run, tmp_path: Path) -> None:
    ended = run("bill", "--dry-run", "--html", tmp_path / "look.html")
    assert (ended.code, (tmp_path / "look.html").is_file()) == (0, True)


def test_a_dry_run_as_json_is_the_whole_glance_and_writes_no_page(
    stack: FakeDeployment,
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = run("bill", "--dry-run", "--json")
    assert (ended.code, ended.err, [*tmp_path.iterdir()]) == (0, "", [])
    assert Glance.model_validate(ended.json) == stack.glance


# ---- a person's yes


def answered(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(click, "confirm", lambda *_, **__: text == "y")


def test_a_yes_is_for_the_bills_that_were_shown(
    waiting: FakeDeployment,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answered(monkeypatch, "y")
    ended = run("bill", "--approve")
    assert ended.code == 0
    assert "Send 3 bills of 2026-10, together 37.02 GBP?" in ended.err
    assert waiting.asked == [{"period": "", "approve": ["ada-2026-10", "bo-2026-10", "cy-2026-10"], "again": ""}]


def test_a_no_sends_nothing(waiting: FakeDeployment, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    answered(monkeypatch, "n")
    assert (run("bill", "--approve").code, waiting.asked) == (0, [])


def test_nobody_there_to_say_yes_is_no_yes(waiting: FakeDeployment, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed:
        def readline(self, *_: object) -> str:
            return ""

        def isatty(self) -> bool:
            return False

    monkeypatch.setattr(sys, "stdin", Closed())
    ended = run("bill", "--approve")
    assert (ended.code != 0, waiting.asked) == (True, [])


def test_some_bills_are_approved_by_their_ids_without_being_asked(waiting: FakeDeployment, run: Run) -> None:
    ended = run("bill", "--approve", "--bills", "cy-2026-10, ada-2026-10", "--yes", "--json")
    assert (ended.code, ended.json) == (0, waiting.answer)
    assert "bo" not in ended.err.split()
    assert waiting.asked[0]["approve"] == ["ada-2026-10", "cy-2026-10"]


@pytest.mark.parametrize("bill_id", ["zoe-2026-10", "di-2026-10", "emi-2026-10"])
def test_an_id_that_does_not_wait_is_refused(waiting: FakeDeployment, run: Run, bill_id: str) -> None:
    ended = run("bill", "--approve", "--bills", f"ada-2026-10,{bill_id}", "--yes")
    assert (ended.code, waiting.asked) == (2, [])
    assert f"{bill_id}: no bill of that id waits for approval" in ended.err


def test_nothing_waits_for_a_yes(stack: FakeDeployment, run: Run) -> None:
    ended: Ended = run("bill", "--approve", "--yes")
    assert (ended.code, stack.asked) == (1, [])
    assert "no bill waits for approval" in ended.err
