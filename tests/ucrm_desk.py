"""UCRM's stand-in with customers, and an operator who sends bills to it as the bill job does, run after run.

    with operator(tmp_path, way="draft") as desk:
        desk.add(bill("12.35"))
        desk.run()                      # one run: each open bill a step on; what goes wrong stays for the next
        desk.daily_run(...)             # UCRM's own
        desk.states["ada-2026-10"]      # how far it has come

`desk.break_at(n, how)` makes the n-th request (from 1) go wrong: "before" it is done, or "after".
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import httpx

from callmeter.errors import CallmeterError
from callmeter.local.ucrm import UcrmStandin
from callmeter.model import Bill, BillingRules, BillLine, BillState, Sent, UcrmSettings
from callmeter.ucrm.api import UcrmApi
from callmeter.ucrm.client import UcrmInvoicing

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # plain HTTP only: reading no certificates is faster
KEY, READ_KEY = "write-key", "read-key"
FROZEN = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)
ADA, BO, LEAD, GONE, EMI, FAY, PRO = 1001, 1002, 1003, 1004, 1005, 1006, 1007
LINE, OFFICE = 71, 72  # Ada's services
METER = 7
SEED: dict[str, Any] = {
    "taxes": [{"id": 4, "name": "VAT", "rate": 20}, {"id": 5, "name": "Levy", "rate": 1}],
    "surcharges": [{"id": METER, "name": "Calls"}, {"id": 8, "name": "Public IP", "priceMonth1": 3}],
    "servicePlans": [{"id": 1, "name": "Line", "periods": [{"period": 1, "price": 10, "enabled": True}]}],
    "clients": [
        {"id": ADA, "clientType": 2, "companyName": "Ada Ltd", "currencyCode": "GBP",
         "contacts": [{"email": "ada@example.com", "isBilling": True}]},
        {"id": BO, "firstName": "Bo", "lastName": "Ek", "currencyCode": "GBP", "tax1Id": 4, "tax3Id": 5},
        {"id": LEAD, "firstName": "Cy", "lastName": "Lead", "isLead": True},
        {"id": GONE, "firstName": "Di", "lastName": "Gone", "isArchived": True},
        {"id": EMI, "firstName": "Emi", "lastName": "Ito", "currencyCode": "JPY"},
        {"id": FAY, "firstName": "Fay", "lastName": "Kay", "currencyCode": "GBP", "tax1Id": 4, "accountCredit": 100},
        {"id": PRO, "firstName": "Gus", "lastName": "Law", "currencyCode": "GBP", "generateProformaInvoices": True},
    ],
    "services": [
        {"id": number, "clientId": ADA, "servicePlanPeriodId": 1, "activeFrom": "2026-10-01T00:00:00+0000",
         "invoicingPeriodType": 2}
        for number in (LINE, OFFICE)
    ],
}  # fmt: skip

How = Literal["before", "after"]


def bill(
    *amounts: str, client: int | None = ADA, account: str = "ada", period: str = "2026-10", **changes: Any
) -> Bill:
    """A bill with a line for each amount."""
    lines = tuple(BillLine(label=f"Line {at}", amount=Decimal(amount)) for at, amount in enumerate(amounts))
    amount = sum((line.amount for line in lines), Decimal(0))
    facts: dict[str, Any] = {
        "bill_id": f"{account}-{period}",
        "account_id": account,
        "account_name": account.title(),
        "period": period,
        "currency": "GBP",
        "due": amount + Decimal("0.0012"),
        "amount": amount,
        "carried": Decimal("0.0012"),
        "lines": lines,
        "calls": 123,
        "ucrm_client_id": client,
        "ucrm_service_id": LINE if client == ADA else None,
        "catalogue": "3f9c",
        "frozen_at": FROZEN,
        "ledgers": {period: f"ledgers/{account}/{period}.parquet"},
    }
    return Bill(**{**facts, **changes})


@dataclass
class Wire:
    """The client's connection, which breaks at one request."""

    http: Any
    requests: int = 0
    break_at: int = 0
    how: How = "before"

    def request(self, *arguments: Any, **named: Any) -> Any:
        self.requests += 1
        broken = self.requests == self.break_at
        if broken and self.how == "before":
            raise httpx.ConnectError("cut")
        answer = self.http.request(*arguments, **named)
        if broken:
            raise httpx.ReadTimeout("cut")
        return answer

    def close(self) -> None:
        self.http.close()


@dataclass
class Desk:
    """The operator's side: bills, how far each has come, and the time it is."""

    standin: UcrmStandin
    rules: BillingRules
    now: datetime = FROZEN
    bills: dict[str, Bill] = field(default_factory=dict)
    states: dict[str, BillState] = field(default_factory=dict)
    wires: list[Wire] = field(default_factory=list)
    told: list[str] = field(default_factory=list)  # what runs could not do

    def __post_init__(self) -> None:
        self.standin.set_clock(self.now)
        self.connect()

    def connect(self, rules: BillingRules | None = None) -> UcrmInvoicing:
        """Begin a process that knows nothing of UCRM yet."""
        self.rules = rules or self.rules
        api = UcrmApi(self.standin.url, KEY, first_pause_seconds=0, tries=1, verify=NO_TLS)
        self.wire = Wire(api._http)
        api._http = self.wire  # type: ignore[assignment]
        self.wires.append(self.wire)
        self.invoicing = UcrmInvoicing(api, self.rules, clock=lambda: self.now)
        return self.invoicing

    def close(self) -> None:
        for wire in self.wires:
            wire.close()

    def break_at(self, request: int, how: How) -> None:
        self.wire.break_at, self.wire.how = self.wire.requests + request, how

    def add(self, *bills: Bill) -> None:
        for one in bills:
            self.bills[one.bill_id] = one
            self.states[one.bill_id] = BillState(
                bill_id=one.bill_id,
                account_id=one.account_id,
                period=one.period,
                amount=one.amount,
                currency=one.currency,
            )

    def run(self, times: int = 1) -> None:
        """So many runs of bill: each open bill goes a step on, and keeps what is in its way."""
        for _ in range(times):
            for bill_id, one in sorted(self.bills.items(), key=lambda item: (item[1].period, item[0])):
                if self.states[bill_id].state != "invoiced":
                    try:
                        self._step(one)
                    except CallmeterError as error:
                        self._keep(bill_id, problem=str(error))
                        self.told.append(str(error))

    def _step(self, one: Bill) -> None:
        state = self.states[one.bill_id]
        if state.state == "frozen":
            state = self._keep(one.bill_id, way=self.invoicing.way(one), state="sending")
        sent = self.invoicing.advance(one, state, self.others(one))
        after = {"invoiced": "invoiced", "void": "invoiced", "absent": "sending"}.get(sent.status, "sent")
        self._keep(
            one.bill_id,
            state=after,
            invoice_id=sent.invoice_id,
            invoice_number=sent.number,
            problem=f"{sent.status} {sent.problem}" if sent.status == "void" else sent.problem,
        )

    def _keep(self, bill_id: str, **changes: Any) -> BillState:
        self.states[bill_id] = self.states[bill_id].model_copy(update=changes)
        return self.states[bill_id]

    def others(self, one: Bill) -> list[BillState]:
        """The account's other bills, newest first."""
        states = [state for key, state in self.states.items() if key != one.bill_id]
        same = [state for state in states if state.account_id == one.account_id]
        return sorted(same, key=lambda state: state.period, reverse=True)

    def look(self, bill_id: str) -> Sent:
        one = self.bills[bill_id]
        return self.invoicing.look(one, self.states[bill_id], self.others(one))

    def again(self, bill_id: str) -> None:
        """Send a bill anew, as an operator asks for."""
        state = self.states[bill_id]
        assert self.look(bill_id).status in ("void", "absent")
        self.add(self.bills[bill_id])
        self._keep(bill_id, attempt=state.attempt + 1)

    def days(self, days: float) -> None:
        """Let time pass."""
        self.now += timedelta(days=days)
        self.standin.set_clock(self.now)

    def daily_run(self, day: date) -> list[dict[str, Any]]:
        return self.standin.run_day(day)

    def fail(self, match: str, kind: str, **more: Any) -> None:
        self.standin.faults.add({"match": match, "kind": kind, **more})

    @property
    def invoices(self) -> list[dict[str, Any]]:
        return self.standin.books.rows("invoices")

    @property
    def items(self) -> list[tuple[str, Decimal]]:
        """The free items on invoices in force, label and total."""
        rows = [row for row in self.invoices if row["status"] != 4]
        return [(item["label"], item["total"]) for row in rows for item in row["items"] if item["type"] == "other"]


@contextmanager
def operator(folder: Path, *, options: dict[str, Any] | None = None, **rules: Any) -> Iterator[Desk]:
    """A desk at a stand-in; `rules` are those of [billing.ucrm], `options` UCRM's."""
    folder.mkdir(exist_ok=True)
    seed = {**SEED, "options": options or {}}
    with UcrmStandin(folder / "ucrm.json", KEY, read_key=READ_KEY, seeds=seed, clock=lambda: FROZEN) as standin:
        desk = Desk(standin, BillingRules(credits="credit-note", ucrm=UcrmSettings(**rules)))
        try:
            yield desk
        finally:
            desk.close()
