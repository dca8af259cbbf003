"""Frozen bills -> invoices -> statements -> the client's documents. The second half of what `bill` does.

Every open bill goes through the same steps, each found again and not repeated if the run is cut short:

    frozen -> (approved, by a person) -> way chosen -> sending -> looked up, sent -> sent, or invoiced
           -> statement PDF, CSV and JSON -> the client's documents and log -> closed

One writer per client: its bills go one after the other, under a lease. A lease lasts longer than any run can, so
whoever holds it once it is over is not running any more.
"""

import uuid
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from callmeter import layout
from callmeter.catalogue.compile import Catalogue
from callmeter.errors import CallmeterError, Missing
from callmeter.jobs.statements import Statements
from callmeter.model import Bill, BillState, Sent
from callmeter.ports import Bills, CustomerSettings, Invoicing, Leases, Store

LEASE_SECONDS = 16 * 60  # Lambda ends a run after 15 minutes


@dataclass(frozen=True)
class Billed:
    """What became of one bill. `problem` says why it is not finished, or what the operator should know of it."""

    bill: Bill
    state: BillState | None
    problem: str = ""


@dataclass(frozen=True)
class Sender:
    """Takes open bills as far as they go.

    approve: bills that wait for a person's yes and have it now, by id; "*" is all of them. threads: clients at once; 1
    does all in this thread. has_time: asked before each client; what is left then is for the next run. oldest: bills
    of periods before it, noted and not there, were never made and will not be.
    """

    store: Store
    bills: Bills
    leases: Leases
    settings: CustomerSettings
    invoicing: Invoicing
    current: Catalogue
    clock: Callable[[], datetime]
    approve: Collection[str] = ()
    threads: int = 4
    has_time: Callable[[], bool] = lambda: True
    oldest: str = ""

    def run(self, *, only: str = "", progress: Callable[[str], None] = lambda _: None) -> Iterator[Billed]:
        """Finish what can be finished; every bill that was worked on, as it stands then. only: those of that period."""
        owner = uuid.uuid4().hex
        places = [place for place in self.bills.opened() if only in ("", place[1])]
        with Statements(self.store, self.settings) as statements, _workers(self.threads) as submit:
            clients = self._by_client([submit(self._load, *place) for place in places])
            sending = [submit(self._send, owner, client, bills) for client, bills in clients.items()]
            attaching = []
            for sent in as_completed(sending):
                billed = [self._with_statement(statements, one) for one in sent.result()]
                if ready := [one for one in billed if _wants_attaching(one)]:
                    attaching.append(submit(self._attach, owner, ready, statements))
                yield from (self._closed(one, progress) for one in billed if not _wants_attaching(one))
            for attached in as_completed(attaching):
                yield from (self._closed(one, progress) for one in attached.result())

    def _load(self, account_id: str, period: str) -> Bill | None:
        """The bill, None where it is not made yet: its freeze was cut short, or is at work now."""
        try:
            return read_bill(self.store, self.current, account_id, period)
        except Missing:
            if period < self.oldest:
                self.bills.close(account_id, period)
            return None

    @staticmethod
    def _by_client(loading: list["Future[Bill | None]"]) -> dict[str, list[Bill]]:
        """Client -> its bills, oldest first."""
        bills = [bill for each in loading if (bill := each.result())]
        found: dict[str, list[Bill]] = {}
        for bill in sorted(bills, key=lambda bill: (bill.period, bill.account_id)):
            found.setdefault(_client_of(bill), []).append(bill)
        return found

    @contextmanager
    def _only_writer(self, owner: str, client: str) -> Iterator[bool]:
        """Whether nobody else writes for this client meanwhile."""
        taken = self.leases.take(f"client#{client}", owner, self.clock(), LEASE_SECONDS)
        try:
            yield taken
        finally:
            if taken:
                self.leases.give_back(f"client#{client}", owner)

    def _send(self, owner: str, client: str, bills: list[Bill]) -> list[Billed]:
        """Send one client's bills; none where the time is up."""
        if not self.has_time():
            return []
        with self._only_writer(owner, client) as alone:
            if not alone:
                return [
                    Billed(bill, None, f"another run is at work on client {client}; look again later") for bill in bills
                ]
            return [self._sent(bill) for bill in bills]

    def _sent(self, bill: Bill) -> Billed:
        """Take the bill as far towards its invoice as it goes now, keeping every step before the next."""
        state, others = _states(self.bills, bill)
        try:
            for step in (self._approved, self._started):
                if state.state in ("frozen", "approved") and (after := step(bill, state)) != state:
                    state = after
                    self.bills.write(state)
            if state.state in ("sending", "sent"):
                state = _after(state, self.invoicing.advance(bill, state, others))
                self.bills.write(state)
        except CallmeterError as error:
            return self._stuck(bill, state, error)
        return _told(bill, state)

    def _approved(self, bill: Bill, state: BillState) -> BillState:
        """With the person's yes, where there is one: it is not asked for again, whatever goes wrong then."""
        has_yes = "*" in self.approve or bill.bill_id in self.approve
        return state.model_copy(update={"state": "approved"}) if bill.amount and has_yes else state

    def _started(self, bill: Bill, state: BillState) -> BillState:
        """The state of a bill that is about to be sent; as it is where it waits for a person."""
        if not bill.amount:
            return state.model_copy(update={"state": "nothing-due", "problem": ""})
        if self.current.operator.billing.approve and state.state != "approved":
            return state
        return state.model_copy(update={"state": "sending", "way": self.invoicing.way(bill), "problem": ""})

    def _stuck(self, bill: Bill, state: BillState, error: CallmeterError) -> Billed:
        """The bill stays as it is, with what is in its way."""
        if state.problem != str(error):
            state = state.model_copy(update={"problem": str(error)})
            self.bills.write(state)
        return _told(bill, state)

    def _with_statement(self, statements: Statements, billed: Billed) -> Billed:
        """Render the statement of a bill that is invoiced, or has nothing to be; again where somebody removed it."""
        bill, state = billed.bill, billed.state
        if state is None or state.state not in ("invoiced", "nothing-due") or not self.has_time():
            return billed
        try:
            if not state.statement:
                key = statements.write(bill, state.invoice_number)
                update: dict[str, object] = {"statement": key, "problem": ""}
                if state.state == "nothing-due" and not bill.calls:
                    update["attached"] = True  # nothing in it that the client would look for
                state = state.model_copy(update=update)
                self.bills.write(state)
            elif not state.attached and not statements.is_there(bill):
                statements.write(bill, state.invoice_number)
        except CallmeterError as error:
            return self._stuck(bill, state, error)
        return _told(bill, state)

    def _attach(self, owner: str, ready: list[Billed], statements: Statements) -> list[Billed]:
        """Give one client its statements."""
        if not self.has_time():
            return ready
        with self._only_writer(owner, _client_of(ready[0].bill)) as alone:
            return [self._attached(billed, statements) if alone else billed for billed in ready]

    def _attached(self, billed: Billed, statements: Statements) -> Billed:
        bill, state = billed.bill, billed.state
        assert state
        try:
            self.invoicing.attach(bill, state, statements.files(bill))
        except CallmeterError as error:
            return self._stuck(bill, state, error)
        state = state.model_copy(update={"attached": True, "problem": ""})
        self.bills.write(state)
        return _told(bill, state)

    def _closed(self, billed: Billed, progress: Callable[[str], None]) -> Billed:
        """Note that nothing is left to do, where it is so."""
        if billed.state and billed.state.finished:
            self.bills.close(billed.bill.account_id, billed.bill.period)
        progress(billed.bill.bill_id)
        return billed


def read_bill(store: Store, current: Catalogue, account_id: str, period: str) -> Bill:
    """A bill that was frozen; of an account that had no client then, with the one it has now. Raises Missing."""
    bill = Bill.model_validate_json(store.get(layout.bill(period, account_id)))
    account = current.accounts.get(account_id)
    if bill.ucrm_client_id is not None or account is None:
        return bill
    clients = account.model_dump(include={"ucrm_client_id", "ucrm_service_id"})
    return bill.model_copy(update=clients)


def send_again(
    store: Store, bills: Bills, invoicing: Invoicing, current: Catalogue, account_id: str, period: str
) -> BillState:
    """Let a bill be sent anew, under another reference, by the next run: its invoice is void or gone.

    Raises Missing where there is no such bill, CallmeterError where the CRM still has it.
    """
    bill = read_bill(store, current, account_id, period)
    state, others = _states(bills, bill)
    sent = invoicing.look(bill, state, others)
    if sent.status not in ("void", "absent"):
        raise CallmeterError(
            f"bill {bill.bill_id} is {sent.status} in the CRM, {_where(sent)}: void that first, if it is wrong"
        )
    again = frozen(bill).model_copy(update={"state": "approved", "attempt": state.attempt + 1})
    bills.open([(account_id, period)])
    bills.write(again)
    return again


def frozen(bill: Bill) -> BillState:
    """The first state of a bill."""
    return BillState(
        bill_id=bill.bill_id,
        account_id=bill.account_id,
        period=bill.period,
        amount=bill.amount,
        currency=bill.currency,
    )


def _states(bills: Bills, bill: Bill) -> tuple[BillState, list[BillState]]:
    """How far the bill has come, and the account's other bills, newest first."""
    states = bills.of_account(bill.account_id)
    state = next((one for one in states if one.period == bill.period), frozen(bill))
    return state, [one for one in states if one.period != bill.period]


def _client_of(bill: Bill) -> str:
    """Whose bills one writer sends: the client's, or the account's where it has none."""
    return bill.account_id if bill.ucrm_client_id is None else str(bill.ucrm_client_id)


def _after(state: BillState, sent: Sent) -> BillState:
    """The state of a bill after the CRM said where it stands. Surely absent: another attempt is begun, its way too."""
    remark = sent.problem
    if sent.status == "void":
        remark = (
            f"{_where(sent)} is {remark or 'void'}: nobody pays bill {state.bill_id}. If that is not wanted, send it "
            f"anew: callmeter bill --again {state.account_id} --period {state.period}"
        )
    return state.model_copy(
        update={
            "state": {"invoiced": "invoiced", "void": "invoiced", "absent": "approved"}.get(sent.status, "sent"),
            "attempt": state.attempt + (sent.status == "absent"),
            "invoice_id": sent.invoice_id,
            "invoice_number": sent.number,
            "problem": "",
            "remark": remark,
        }
    )


def _wants_attaching(billed: Billed) -> bool:
    return billed.state is not None and bool(billed.state.statement) and not billed.state.attached


def _told(bill: Bill, state: BillState) -> Billed:
    return Billed(bill, state, state.problem or state.remark)


def _where(sent: Sent) -> str:
    return f"invoice {sent.number or sent.invoice_id or 'without number'}"


@contextmanager
def _workers(threads: int) -> Iterator[Callable[..., "Future[Any]"]]:
    """What runs a call: at once in this thread, or beside others in so many."""
    if threads > 1:
        with ThreadPoolExecutor(threads) as pool:
            yield pool.submit
        return

    def at_once(work: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        done: Future[Any] = Future()
        done.set_result(work(*arguments))
        return done

    yield at_once
