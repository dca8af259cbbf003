"""Bills become billable items in WHMCS once, exactly, or not at all. Against the stand-in, over HTTP."""

import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import httpx
import pytest

from callmeter.errors import CallmeterError, Unreachable
from callmeter.local.whmcs import WhmcsStandin
from callmeter.local.whmcs.books import Row
from callmeter.local.whmcs.service import Fault
from callmeter.model import Bill, BillLine, BillState, Sent, WhmcsRules
from callmeter.ports import Invoicing
from callmeter.whmcs.client import WhmcsInvoicing
from callmeter.whmcs.texts import description_of, mark_of, references_in

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # plain HTTP only: reading no certificates is faster
FAULTS: tuple[Fault, ...] = ("timeout-before", "timeout-after", "500", "500-after")
SINCE = date(2026, 11, 1)
AMOUNT = Decimal("12.34")


class Here:
    """WHMCS, its time, and what is kept of one bill. `process` is the one at work; `kept` its state as stored."""

    def __init__(self, **rules: Any) -> None:
        self.now = datetime(2026, 11, 2, 3, 10)  # noqa: DTZ001 -- WHMCS' wall clock
        self.standin = WhmcsStandin("id", "secret", lambda: self.now)
        self.client = self.standin.books.add_client()
        self.rules = WhmcsRules(**rules)
        self.bill = bill(self.client)
        self.begin_process()
        self.begin()

    def begin(self, attempt: int = 1) -> None:
        self.kept = BillState(
            bill_id=self.bill.bill_id,
            account_id=self.bill.account_id,
            period=self.bill.period,
            amount=self.bill.amount,
            currency=self.bill.currency,
            attempt=attempt,
        )

    def begin_process(self) -> None:
        """What a process knows is gone with it."""
        self.process = WhmcsInvoicing(
            self.standin.url,
            "id",
            "secret",
            self.rules,
            first_pause_seconds=0,
            tries=2,
            verify=NO_TLS,
            monotonic=lambda: self.now.timestamp(),
        )

    def run(self) -> BillState:
        """What the job does with an open bill. Nothing is kept of what fails."""
        self.choose_if_new()
        if self.kept.state in ("sending", "sent"):
            self.after(self.process.advance(self.bill, self.kept, []))
        return self.kept

    def choose(self) -> None:
        self.kept = self.kept.model_copy(update={"state": "sending", "way": self.process.way(self.bill)})

    def choose_if_new(self) -> None:
        if self.kept.state in ("frozen", "approved"):
            self.choose()

    def after(self, sent: Sent) -> None:
        states = {"invoiced": "invoiced", "void": "invoiced", "absent": "approved"}
        self.kept = self.kept.model_copy(
            update={
                "state": states.get(sent.status, "sent"),
                "invoice_id": sent.invoice_id,
                "invoice_number": sent.number,
                "problem": sent.problem,
            }
        )

    def tried(self) -> BillState:
        """`run`, whatever it meets."""
        try:
            return self.run()
        except CallmeterError as error:
            self.kept = self.kept.model_copy(update={"problem": str(error)})
            return self.kept

    def days_pass(self, days: int = 1) -> None:
        """Each with its daily cron; what it makes is done hours later."""
        for _ in range(days):
            self.now += timedelta(days=1)
            self.standin.books.run_cron()
            self.now += timedelta(hours=3)

    def look(self) -> Sent:
        return self.process.look(self.bill, self.kept, [])

    @property
    def items(self) -> list[Row]:
        return list(self.standin.books.items.values())

    @property
    def invoices(self) -> list[Row]:
        return list(self.standin.books.invoices.values())


def bill(client: int | None, amount: Decimal = AMOUNT, **changes: Any) -> Bill:
    facts: dict[str, Any] = {
        "bill_id": "C1001-2026-10",
        "account_id": "C1001",
        "account_name": "Ada Ltd",
        "period": "2026-10",
        "currency": "GBP",
        "due": amount,
        "amount": amount,
        "carried": Decimal(0),
        "lines": (BillLine(label="Calls 2026-10", amount=amount),),
        "ucrm_client_id": client,
        "catalogue": "3f9c",
        "frozen_at": datetime(2026, 11, 2, tzinfo=UTC),
        "ledgers": {"2026-10": "ledgers/period=2026-10/shard=03-aa.parquet"},
    }
    return Bill.model_validate({**facts, **changes})


@pytest.fixture
def here() -> Iterator[Here]:
    one = Here()
    with one.standin:
        yield one


@pytest.fixture
def make() -> Iterator[Callable[..., Here]]:
    """More than one, or with other rules."""
    made: list[Here] = []

    def begin(**rules: Any) -> Here:
        one = Here(**rules)
        one.standin.__enter__()
        made.append(one)
        return one

    yield begin
    for one in made:
        one.standin.__exit__()


# ---- when all goes well


def test_a_bill_is_one_item_that_the_daily_cron_invoices(here: Here) -> None:
    port: Invoicing = here.process
    assert port.way(here.bill).startswith("nextcron since 2026-11-02 03:10:00 by ")
    assert here.run().state == "sent"
    (item,) = here.items
    assert (item["client"], item["amount"], item["action"]) == (here.client, AMOUNT, "nextcron")
    assert item["description"] == "Calls 2026-10\n[callmeter C1001-2026-10]"
    here.days_pass()
    assert here.run().state == "invoiced"
    assert (here.kept.invoice_id, here.kept.invoice_number, here.kept.problem) == (1, "1", "")
    assert here.look().amount == AMOUNT
    assert here.process.known(SINCE)["C1001-2026-10"].amount == AMOUNT


def test_no_two_ways_are_the_same(here: Here) -> None:
    assert here.process.way(here.bill) != here.process.way(here.bill)


def test_until_the_cron_has_run_no_invoice_is_asked_for(here: Here) -> None:
    here.run()
    here.standin.fail("GetInvoices", "500", 9)
    assert here.run().state == "sent"
    assert len(here.items) == 1


def test_the_number_of_an_invoice_is_its_own_where_it_has_one(here: Here) -> None:
    here.run()
    here.days_pass()
    here.invoices[0]["invoicenum"] = "2026-0007"
    assert here.run().invoice_number == "2026-0007"


def test_an_item_on_a_draft_has_no_number_yet(here: Here) -> None:
    here.run()
    here.days_pass()
    here.invoices[0]["status"] = "Draft"
    assert (here.run().state, here.kept.invoice_id, here.kept.invoice_number) == ("sent", 1, "")
    here.invoices[0]["status"] = "Unpaid"
    assert here.run().state == "invoiced"


def test_an_item_may_wait_for_the_clients_next_invoice_for_services(make: Callable[..., Here]) -> None:
    here = make(invoice_action="nextinvoice")
    here.run()
    here.days_pass(3)
    assert (here.run().state, here.kept.problem) == ("sent", "")
    here.standin.books.add_service(here.client, "Hosted PBX", Decimal("20.00"))
    here.days_pass()
    assert here.run().state == "invoiced"
    assert len(here.invoices) == 1


def test_several_lines_are_one_text_with_their_amounts() -> None:
    lines = (
        BillLine(label="Calls: UK mobile", amount=Decimal("10.00")),
        BillLine(label="Calls: France", amount=Decimal("2.34")),
    )
    assert description_of(bill(1, lines=lines), "C1001-2026-10~2").split("\n") == [
        "Calls: UK mobile: £10.00",
        "Calls: France: £2.34",
        "[callmeter C1001-2026-10~2]",
    ]


def test_a_text_of_very_many_lines_still_has_its_reference() -> None:
    lines = tuple(BillLine(label=f"Calls of +44207946{n:04}", amount=Decimal("0.01")) for n in range(1234))
    text = description_of(bill(1, lines=lines), "C1001-2026-10")
    assert len(text) < 10_000
    assert references_in([text]) == {"C1001-2026-10"}


@pytest.mark.parametrize("reference", ["a b-2026-10", "Ü&<x>]-2026-10", "x[callmeter y]-2026-10~3", "1%20-2026-10"])
def test_a_reference_is_found_again_whatever_the_account_is_called(reference: str, here: Here) -> None:
    assert references_in([f"Calls\n{mark_of(reference)}"]) == {reference}
    here.bill = bill(here.client, bill_id=reference)
    here.begin()
    here.run()
    here.days_pass()
    assert here.run().state == "invoiced"


# ---- what is refused, before anything is sent


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ucrm_client_id": None}, "has no client"),
        ({"ucrm_client_id": 99}, "Client Not Found"),
        ({"currency": "EUR"}, "is in EUR, but WHMCS client 1 pays in GBP"),
        ({"amount": Decimal("1.234")}, "two decimals"),
        ({"amount": Decimal("-5.00")}, "is a credit of 5.00 GBP"),
    ],
)
def test_what_whmcs_cannot_take_is_refused(here: Here, changes: dict[str, Any], said: str) -> None:
    here.bill = bill(here.client, **changes)
    with pytest.raises(CallmeterError, match=said):
        here.run()
    assert (here.kept.state, here.items) == ("frozen", [])


def test_a_closed_client_is_refused(here: Here) -> None:
    here.standin.books.clients[here.client]["status"] = "Closed"
    with pytest.raises(CallmeterError, match="is closed"):
        here.run()


def test_a_refused_item_is_tried_again_once_it_can_be(here: Here) -> None:
    here.choose()
    client = here.standin.books.clients.pop(here.client)
    with pytest.raises(CallmeterError, match="Client ID not Found"):
        here.run()
    here.standin.books.clients[here.client] = client
    assert here.run().state == "sent"
    assert len(here.items) == 1


# ---- crashes and lost answers


@pytest.mark.parametrize("fault", FAULTS)
def test_a_lost_answer_is_cleared_up_by_the_cron_and_the_item_is_there_once(here: Here, fault: Fault) -> None:
    here.standin.fail("AddBillableItem", fault)
    made = fault.endswith("-after")
    with pytest.raises(Unreachable):
        here.run()
    for _ in range(3):
        with pytest.raises(Unreachable, match="not sent again before"):
            here.run()
    assert len(here.items) == made
    here.days_pass()
    assert here.tried().state == ("invoiced" if made else "approved")
    here.run()
    here.days_pass()
    assert here.run().state == "invoiced"
    assert len(here.items) == len(here.invoices) == 1


def test_a_lost_answer_to_a_second_try_waits_for_the_next_cron_too(here: Here) -> None:
    here.standin.fail("AddBillableItem", "timeout-before")
    here.tried()
    here.days_pass()
    here.run()
    here.standin.fail("AddBillableItem", "timeout-after")
    here.tried()
    here.begin_process()
    assert (here.tried().state, len(here.items)) == ("sending", 1)
    here.days_pass()
    assert (here.tried().state, len(here.items)) == ("invoiced", 1)


def test_a_process_killed_before_it_sent_is_as_good_as_a_lost_answer(here: Here) -> None:
    here.choose()
    here.begin_process()
    assert here.tried().state == "sending"
    here.days_pass()
    assert here.tried().state == "approved"
    assert here.run().state == "sent"
    assert len(here.items) == 1


def test_a_process_killed_before_its_way_was_kept_costs_nothing(here: Here) -> None:
    here.process.way(here.bill)
    here.begin_process()
    assert here.run().state == "sent"
    assert len(here.items) == 1


def test_a_process_that_chose_the_way_long_ago_does_not_send(here: Here) -> None:
    here.choose()
    here.now += timedelta(minutes=16)
    with pytest.raises(Unreachable):
        here.run()
    assert here.items == []


def test_a_process_whose_way_was_not_kept_does_not_send_after_another_tried(here: Here) -> None:
    first = here.process
    first.way(here.bill)  # keeping it failed
    here.begin_process()
    here.standin.fail("AddBillableItem", "timeout-after")
    here.tried()
    here.process = first
    assert here.tried().state == "sending"
    assert len(here.items) == 1


@pytest.mark.parametrize("action", ["GetClientsDetails", "GetAutomationLog", "GetInvoices"])
def test_reads_that_fail_are_repeated_and_leave_the_first_try_open(here: Here, action: str) -> None:
    here.standin.fail(action, "500", 2)
    with pytest.raises(Unreachable):
        here.run()
    assert here.run().state == "sent"
    here.standin.fail(action, "timeout-before")
    here.days_pass()
    assert here.run().state == "invoiced"
    assert len(here.items) == 1


def test_a_cron_that_is_still_at_work_proves_nothing(here: Here) -> None:
    here.standin.fail("AddBillableItem", "timeout-before")
    here.tried()
    here.now += timedelta(days=1)
    here.standin.books.last_cron = here.now
    here.now += timedelta(minutes=90)
    assert here.tried().state == "sending"


def test_a_cron_soon_after_the_try_proves_nothing(here: Here) -> None:
    here.standin.fail("AddBillableItem", "timeout-before")
    here.tried()
    here.now += timedelta(minutes=30)
    here.standin.books.last_cron = here.now
    here.now += timedelta(hours=12)
    assert here.tried().state == "sending"


@pytest.mark.parametrize("seed", range(12))
def test_whatever_happens_the_client_pays_once(make: Callable[..., Here], seed: int) -> None:
    """Runs, crashes, lost answers and days in any order; then enough of both for everything to settle."""
    here, chance = make(), Random(seed)  # noqa: S311
    events: list[Callable[[], object]] = [
        here.tried, here.tried, here.begin_process, here.days_pass, lambda: here.process.way(here.bill),
        here.choose_if_new,
        lambda: here.standin.fail("AddBillableItem", chance.choice(FAULTS)),
        lambda: here.standin.fail("GetInvoices", chance.choice(FAULTS), 2),
    ]  # fmt: skip
    for _ in range(25):
        try:
            chance.choice(events)()
        except CallmeterError:
            continue
        assert len(here.items) <= 1
    here.standin.clear_faults()
    for _ in range(3):
        here.days_pass()
        here.tried()
    assert here.kept.state == "invoiced"
    assert [line["amount"] for invoice in here.invoices for line in invoice["items"]] == [AMOUNT]


# ---- what people do in WHMCS


def invoiced(here: Here) -> Row:
    """The invoice of a bill that came through."""
    here.run()
    here.days_pass()
    here.run()
    return here.invoices[0]


def test_an_amount_changed_by_hand_is_told(here: Here) -> None:
    invoiced(here)["items"][0]["amount"] = Decimal("10.00")
    sent = here.look()
    assert (sent.status, sent.amount) == ("invoiced", Decimal("10.00"))
    assert "stands on invoices 1 with 10.00 instead of 12.34" in sent.problem


def test_a_line_doubled_by_hand_is_told(here: Here) -> None:
    here.standin.books.add_invoice(here.client, list(invoiced(here)["items"]))
    assert "on invoices 1, 2 with 24.68 instead of 12.34" in here.look().problem
    assert here.process.known(SINCE)["C1001-2026-10"].amount == Decimal("24.68")


def test_a_line_split_in_two_is_as_good_as_one(here: Here) -> None:
    invoice = invoiced(here)
    line = invoice["items"][0]
    invoice["items"] = [line | {"amount": Decimal("12.00")}, line | {"amount": Decimal("0.34")}]
    assert here.look().problem == ""


def test_a_line_that_moved_to_another_invoice_is_found_there(here: Here) -> None:
    lines = list(invoiced(here)["items"])
    here.standin.books.invoices.clear()
    moved = here.standin.books.add_invoice(here.client, lines)
    moved["id"] = 9
    here.standin.books.invoices = {9: moved}
    assert (here.look().invoice_id, here.look().problem) == (9, "")


def test_a_cancelled_invoice_is_void_and_the_bill_can_go_out_anew(here: Here) -> None:
    invoiced(here)["status"] = "Cancelled"
    assert here.look().status == "void"
    assert here.process.known(SINCE)["C1001-2026-10"].status == "void"
    here.begin(attempt=2)
    here.run()
    here.days_pass()
    assert (here.run().state, here.kept.invoice_id) == ("invoiced", 2)
    assert here.look().amount == AMOUNT
    assert set(here.process.known(SINCE)) == {"C1001-2026-10", "C1001-2026-10~2"}


def test_a_bill_whose_earlier_invoice_lives_after_all_goes_out_no_second_time(here: Here) -> None:
    invoiced(here)
    here.begin(attempt=2)
    assert (here.run().state, here.kept.invoice_id) == ("invoiced", 1)
    assert len(here.items) == 1


def test_an_item_deleted_in_whmcs_is_told_and_not_sent_again_by_itself(here: Here) -> None:
    here.run()
    here.standin.books.items.clear()
    assert here.look().status == "placed"
    here.days_pass()
    assert (here.run().state, here.items) == ("sent", [])
    assert "deleted, or changed by hand? If it is not to be paid otherwise: callmeter bill --again" in here.kept.problem
    assert here.look().status == "absent"


def test_a_line_deleted_from_its_invoice_is_told(here: Here) -> None:
    invoiced(here)["items"].clear()
    assert here.look().status == "absent"
    assert "is not on the client's invoices" in here.look().problem
    assert here.process.known(SINCE) == {}


def test_after_a_lost_answer_a_line_that_lost_its_reference_is_for_a_person_to_judge(here: Here) -> None:
    here.standin.fail("AddBillableItem", "timeout-after")
    here.tried()
    here.days_pass()
    here.invoices[0]["items"][0]["description"] = "Calls in October"
    assert here.tried().state == "sending"
    assert "invoice 1 has a line of 12.34 that may be it" in here.kept.problem
    assert len(here.items) == 1


def test_after_a_lost_answer_an_item_for_the_next_invoice_is_for_a_person_to_judge(make: Callable[..., Here]) -> None:
    here = make(invoice_action="nextinvoice")
    here.standin.fail("AddBillableItem", "timeout-before")
    here.tried()
    here.days_pass()
    with pytest.raises(Unreachable):
        here.look()
    here.standin.books.add_service(here.client, "Hosted PBX", Decimal("20.00"))
    here.days_pass()
    assert here.tried().state == "sending"
    assert "Look under Billable Items of client 1" in here.kept.problem
    assert here.look().status == "absent"


# ---- credits


def credit(here: Here) -> None:
    here.bill = bill(here.client, Decimal("-5.00"))
    here.begin()


@pytest.mark.parametrize("fault", [None, *FAULTS])
def test_a_credit_goes_to_the_clients_credit_once(make: Callable[..., Here], fault: Fault | None) -> None:
    here = make(credits="client-credit")
    credit(here)
    if fault:
        here.standin.fail("AddCredit", fault)
    here.tried()
    here.begin_process()
    assert here.tried().state == "invoiced"
    assert (here.kept.invoice_number, here.kept.problem) == ("credit 1", "")
    assert [row["amount"] for row in here.standin.books.credits] == [Decimal("5.00")]
    assert here.look().amount == Decimal("-5.00")


def test_a_credit_that_cannot_be_found_again_is_told_and_not_given_twice(make: Callable[..., Here]) -> None:
    here = make(credits="client-credit")
    credit(here)
    here.run()
    here.standin.books.credits[0]["description"] = "Sorry!"
    here.kept = here.kept.model_copy(update={"state": "sent"})
    assert here.run().state == "sent"
    assert "is not in the client's credit log" in here.kept.problem
    assert len(here.standin.books.credits) == 1


def test_a_credit_changed_by_hand_is_told(make: Callable[..., Here]) -> None:
    here = make(credits="client-credit")
    credit(here)
    here.run()
    here.standin.books.credits[0]["amount"] = Decimal("50.00")
    assert "stands in the client's credit log with -50.00 instead of -5.00" in here.look().problem
    here.standin.books.credits.clear()
    assert here.look().status == "absent"


# ---- many invoices


def test_old_invoices_are_not_read_and_none_of_many_is_missed(here: Here) -> None:
    here.now -= timedelta(days=300)
    for _ in range(300):
        here.standin.books.add_invoice(here.client, [])
    here.now += timedelta(days=300)
    here.run()
    here.days_pass()
    for _ in range(300):
        here.standin.books.add_invoice(here.client, [])
    reads: list[httpx.Request] = []
    here.process._api._http.event_hooks["request"].append(reads.append)
    assert here.run().invoice_id == 301
    assert len(reads) < 310
