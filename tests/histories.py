"""Half years of an operator's life, and what the bills must come to: the product, and plain Python beside it.

    with history(folder, setting) as here:
        for event in events:
            here.happen(event)     # files, withdrawals, other prices, moved numbers, reratings, bills; with trouble
        here.settle()              # months in which nothing happens any more
        here.problems()            # what the bills, all together, and the CRM are wrong about

What is wrong with one bill, or with what a run left out, fails at once. Three accounts: two are of one client of the
CRM and of one shard, the third has yen, which have no decimals; their periods begin on three days in three zones.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

import pytest

import reference
from bill_oracle import ZERO, Oracle, bill_problems, charges_of, crm_problems, final_problems, months_before
from callmeter import layout
from callmeter.errors import CallmeterError
from callmeter.jobs import rerate, send_bills
from callmeter.jobs.rate_file import Revision
from callmeter.jobs.reconcile import reconcile
from callmeter.jobs.statements import Statements
from callmeter.local.ucrm import seed
from callmeter.model import Bill, BillingRules
from pipeline_kit import How, Killed, World, call, csv_of, world

BEGINS = datetime(2026, 5, 20, 9, 0, tzinfo=UTC)
LONGEST = 10  # periods: look back so far, and nothing that happens is out of reach
FOREVER = datetime(2028, 1, 1, tzinfo=UTC)
METER, MOON = 7, "88100000001"
FIXED = ("442079460101", "442079460102", "442079460103")  # always of A1, A2 and A3
NUMBERS = (*FIXED, "442079460104", "442079460105", "442079460106")  # the last is nobody's at first
OTHERS = ("33199000001", "447700900123", "442079460999", "449012345678", "81355550123")
PREFIXES = ("44", "447", "33", "449", "81")
RATES = ("0.0125", "0.085", "0.333333", "2.71828", "0", "late", "absent")
DECKS, PLANS = ("retail", "yen"), ("basic", "pence", "yen")


class Account(NamedTuple):
    """One account: when its periods begin, and what it is in the CRM."""

    zone: str
    anchor_day: int
    currency: str
    client: int
    service: int


ACCOUNTS = {
    "A1": Account("Europe/London", 1, "GBP", 11, 21),
    "A2": Account("America/New_York", 15, "GBP", 11, 22),
    "A3": Account("Australia/Sydney", 31, "JPY", 12, 23),
}
CRM: dict[str, Any] = {
    "surcharges": [{"id": METER, "name": "Calls"}],
    "servicePlans": [{"id": 1, "name": "Line", "periods": [{"period": 1, "price": 10, "enabled": True}]}],
    "clients": [
        {"id": one.client, "clientType": 2, "companyName": account_id, "currencyCode": one.currency}
        for account_id, one in ACCOUNTS.items()
        if account_id != "A2"
    ],
    "services": [
        {"id": one.service, "clientId": one.client, "servicePlanPeriodId": 1, "activeFrom": "2026-05-01T00:00:00+0000",
         "invoicingPeriodType": 2}
        for one in ACCOUNTS.values()
    ],
}  # fmt: skip


class Trouble(NamedTuple):
    """The n-th write of a job goes wrong."""

    number: int
    how: How


class Again(NamedTuple):
    """Which calls are rated again: those of a period so many months back, of these accounts or of all."""

    months_back: int
    accounts: tuple[str, ...] | None


@dataclass(frozen=True)
class Setting:
    """How the operator bills."""

    way: Literal["invoice", "draft", "surcharge"]
    lines: Literal["bill", "group", "bundle", "number"]
    credits: Literal["carry", "credit-note"]
    minimum: bool
    negative_lines: bool
    with_services: bool
    look_back: int
    grace_hours: int
    finds_drafts: bool

    def operator_toml(self) -> str:
        minimum = "{GBP = 3.00, JPY = 150}" if self.minimum else "{}"
        return f"""
            country = "GB"
            timezone = "Europe/London"
            currency = "GBP"
            late_lookback = {self.look_back}
            grace_hours = {self.grace_hours}
            [billing]
            lines = "{self.lines}"
            credits = "{self.credits}"
            minimum = {minimum}
            negative_lines = {_toml(self.negative_lines)}
            [billing.ucrm]
            way = "{self.way}"
            with_services = {_toml(self.with_services)}
            {f"surcharge_id = {METER}" if self.way == "surcharge" else ""}
            """


def _toml(value: bool) -> str:
    return str(value).lower()


PLANS_TOML = """
[plans.basic]
deck = "retail"
currency = "GBP"
[[plans.basic.allowances]]
name = "Half an hour of landlines"
groups = ["landline"]
minutes = 30
[[plans.basic.allowances]]
name = "Ten minutes"
groups = ["landline", "mobile"]
minutes = 10
[plans.pence]
deck = "retail"
currency = "GBP"
billing = "per-minute"
charge_decimals = 2
rounding = "up"
[plans.yen]
deck = "yen"
currency = "JPY"
charge_decimals = 3
rounding = "down"
[[plans.yen.allowances]]
name = "Five minutes"
groups = ["mobile"]
minutes = 5
"""
DESTINATIONS = """prefix,destination,group
44,UK,landline
447,UK Mobile,mobile
33,France,far
449,Premium,premium
81,Japan,far
881,Moon,far
"""
INCREMENTS = {"44": "60/1", "447": "1/1", "33": "30/6", "449": "60/60", "81": "1/1", "881": "60/60"}
FEES = {"447": "0.05", "449": "0.3"}


@dataclass(frozen=True)
class Rates:
    """The reference data at one time. prices: (deck, prefix) -> from when ("" always) -> what is in its rate.

    owners: number -> (from when, whose), by time. plans: the accounts there are, each with its plan.
    """

    prices: Mapping[tuple[str, str], Mapping[str, str]]
    owners: Mapping[str, tuple[tuple[str, str], ...]]
    plans: Mapping[str, str]

    @classmethod
    def at_first(cls) -> "Rates":
        first = dict(zip(PREFIXES, ("0.0125", "0.085", "0.333333", "late", "absent"), strict=True))
        whose = ("A1", "A2", "A3", "A1", "A2", "")
        return cls(
            {(deck, prefix): {"": rate} for deck in DECKS for prefix, rate in first.items()},
            {number: (("", owner),) for number, owner in zip(NUMBERS, whose, strict=True)},
            {"A1": "basic", "A2": "pence", "A3": "yen"},
        )

    def priced(self, deck: str, prefix: str, rate: str, since: str) -> "Rates":
        return replace(self, prices={**self.prices, (deck, prefix): {**self.prices[deck, prefix], since: rate}})

    def moved(self, number: str, owner: str, since: str) -> "Rates":
        """The number is another's since then; since always where that is empty."""
        kept = tuple(one for one in self.owners[number] if one[0] < since)
        return replace(self, owners={**self.owners, number: (*kept, (since, owner))})

    def replanned(self, account_id: str, plan: str) -> "Rates":
        return replace(self, plans={**self.plans, account_id: plan}) if account_id in self.plans else self

    def without(self, account_id: str) -> "Rates":
        return replace(self, plans={one: plan for one, plan in self.plans.items() if one != account_id})

    def write(self, folder: Path, setting: Setting) -> Path:
        files = {
            "operator.toml": setting.operator_toml(),
            "plans.toml": PLANS_TOML,
            "destinations.csv": DESTINATIONS,
            "accounts.csv": "".join(self._accounts()),
            **{f"decks/{deck}.csv": "".join(self._deck(deck)) for deck in DECKS},
        }
        (folder / "decks").mkdir(parents=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
        return folder

    def _deck(self, deck: str) -> Iterator[str]:
        yield "prefix,rate,late,connect_fee,first_increment,effective_from\n"
        yield f"881,500,no,0,{INCREMENTS['881']},\n"
        for (name, prefix), since in self.prices.items():
            for day, rate in since.items():
                if name == deck and rate != "absent":
                    priced = f"{rate},no" if rate != "late" else ",yes"
                    yield f"{prefix},{priced},{FEES.get(prefix, '0')},{INCREMENTS[prefix]},{day}\n"

    def _accounts(self) -> Iterator[str]:
        yield "account_id,plan,currency,timezone,anchor_day,ucrm_client_id,ucrm_service_id,"
        yield "numbers,valid_from,valid_to\n"
        days = sorted({"", *(day for times in self.owners.values() for day, _ in times)})
        for account_id, plan in self.plans.items():
            who = ACCOUNTS[account_id]
            for first, last in zip(days, [*days[1:], ""], strict=True):
                numbers = " ".join(number for number in NUMBERS if self._owner(number, first) == account_id)
                yield f"{account_id},{plan},{who.currency},{who.zone},{who.anchor_day},{who.client},{who.service},"
                yield f"{numbers},{first},{last}\n"

    def _owner(self, number: str, day: str) -> str:
        return next((owner for since, owner in reversed(self.owners[number]) if since <= day), "")


@dataclass
class File:
    """A file of calls, and how it was rated: by numbers of catalogues."""

    name: str
    lines: tuple[str, ...]
    catalogues: list[int]  # of each line
    withdrawn: bool = False


@dataclass
class Truth:
    """What there is, by the reference: files as they came, each line rated by the catalogue that it was rated with."""

    catalogues: list[reference.Catalogue] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    priced: dict[tuple[str, int], reference.Rated | None] = field(default_factory=dict)

    def take(self, name: str, lines: tuple[str, ...]) -> None:
        """A file comes; the same one under another name is no other."""
        if all(file.lines != lines for file in self.files):
            self.files.append(File(name, lines, [len(self.catalogues) - 1] * len(lines)))

    def rate_again(self, period: str, accounts: tuple[str, ...] | None) -> None:
        """Lines that are calls of the period and accounts, before or after, take the newest catalogue.

        Only of files that have calls of the period, or rejects: those that `rerate` looks at.
        """
        newest = len(self.catalogues) - 1
        for file in self.files:
            found = self._of(file)
            if file.withdrawn or all(one and one.period != period for one in found):
                continue
            for at, before in enumerate(found):
                both = (before, self._rated(file.lines[at], newest))
                if any(one and one.period == period and _is_of(one, accounts) for one in both):
                    file.catalogues[at] = newest

    def outcome(self) -> reference.Outcome:
        """All calls as they are now, each once: the first by file and line."""
        calls: dict[tuple[str, str, str], reference.Rated] = {}
        for file in sorted(self.files, key=lambda one: one.name):
            for one in self._of(file) if not file.withdrawn else []:
                if one:
                    calls.setdefault((*one.key, one.call.call_id), one)
        return reference.Outcome(rated=reference._charged(list(calls.values()), self.catalogues[-1]))

    def _of(self, file: File) -> list[reference.Rated | None]:
        return [self._rated(line, number) for line, number in zip(file.lines, file.catalogues, strict=True)]

    def _rated(self, line: str, number: int) -> reference.Rated | None:
        """The call of a line by that catalogue, None where it is a reject."""
        if (line, number) not in self.priced:
            names = ("call_id", "from", "to", "start", "duration", "direction")
            cells, catalogue = dict(zip(names, line.split(","), strict=True)), self.catalogues[number]
            try:
                one = reference._call(cells, catalogue, catalogue.zone, FOREVER, "", 0)
                self.priced[line, number] = reference._priced(one, catalogue)
            except reference.RefusedRow:
                self.priced[line, number] = None
        return self.priced[line, number]


def _is_of(one: reference.Rated, accounts: tuple[str, ...] | None) -> bool:
    return accounts is None or one.call.account.account_id in accounts


@dataclass
class History:
    """The product, the truth beside it, and the time it is."""

    world: World
    folder: Path
    setting: Setting
    rates: Rates = field(default_factory=Rates.at_first)
    truth: Truth = field(default_factory=Truth)
    now: datetime = BEGINS
    bills: dict[str, Bill] = field(default_factory=dict)  # all that were ever seen

    def __post_init__(self) -> None:
        self.oracle = Oracle(self.setting.look_back)
        self.keys: list[str] = []
        self.world.standin.set_clock(self.now)
        self.publish(self.rates, None)

    # ---- what happens

    def happen(self, event: tuple[Any, ...]) -> None:
        self.to(self.now + timedelta(hours=7))
        match event:
            case ("file", calls, trouble):
                self.file([self._line(at, one) for at, one in enumerate(calls)], trouble)
            case ("copy", which, skip, calls, trouble) if self.truth.files:
                again = self._file(which).lines[skip:]
                self.file([*again, *(self._line(at, one) for at, one in enumerate(calls))], trouble)
            case ("withdraw", which, trouble) if self.truth.files:
                self.withdraw(which, trouble, gone=True)
            case ("restore", which, trouble) if self.truth.files:
                self.withdraw(which, trouble, gone=False)
            case ("price", deck, prefix, rate, days_back, again, trouble):
                since = "" if days_back is None or rate == "absent" else self._day(days_back)
                self.publish(self.rates.priced(deck, prefix, rate, since), again, trouble)
            case ("move", number, owner, days_back, again, trouble):
                since = "" if days_back is None else self._day(days_back)
                self.publish(self.rates.moved(number, owner, since), again, trouble)
            case ("plan", account_id, plan, again, trouble):
                self.publish(self.rates.replanned(account_id, plan), again, trouble)
            case ("leave", account_id, again, trouble) if self.setting.way != "surcharge":
                self.publish(self.rates.without(account_id), again, trouble)
            case ("crm", fault):
                self._fail(fault)
            case ("bill", days, trouble):
                self.to(self.now + timedelta(days=days))
                self.bill(trouble)
            case ("month", day, fault, trouble):
                self._fail(fault)
                following = self.now.replace(day=1) + timedelta(days=32)
                self.to(following.replace(day=day))
                self.bill(trouble)

    def to(self, when: datetime) -> None:
        """Let time pass; on the first of each month UCRM's own run makes its invoices."""
        while (first := (self.now.replace(day=1) + timedelta(days=32)).replace(day=1, hour=8)) <= when:
            self.now = first
            self.world.standin.set_clock(first)
            self.world.standin.run_day(first.date())
        self.now = when
        self.world.standin.set_clock(when)
        self.world.clock = when

    def file(self, lines: list[str], trouble: Trouble | None) -> None:
        name = f"{len(self.keys):03}.csv"
        if not lines:
            return
        key = self.world.drop(name, csv_of(lines))
        self.keys.append(key)
        self._repeat(lambda: self.world.rated(key, self.now), trouble)
        self.truth.take(name, tuple(lines))

    def withdraw(self, which: int, trouble: Trouble | None, *, gone: bool) -> None:
        file = self._file(which)
        change = rerate.withdrawn if gone else rerate.restored
        self._repeat(lambda: self._change([rerate.find(self.world.store, f"inbox/{file.name}")], change), trouble)
        file.withdrawn = gone

    def publish(self, rates: Rates, again: Again | None, trouble: Trouble | None = None) -> None:
        """Other reference data, and maybe calls rated again by them."""
        self.rates = rates
        folder = rates.write(self.folder / f"rates-{len(self.truth.catalogues)}", self.setting)
        published = self.world.publish(folder)
        assert not published.problems
        self.truth.catalogues.append(reference.read_catalogue(folder))
        if again is not None:
            period = months_before(f"{self.now:%Y-%m}", again.months_back)
            revision = Revision(catalogue=published.version, period=period, accounts=again.accounts)
            change = rerate.rerated(revision)
            self._repeat(lambda: self._change(rerate.candidates(self.world.store, period), change), trouble)
            self.truth.rate_again(period, again.accounts)

    def bill(self, trouble: Trouble | None = None) -> None:
        """A run of the hourly job; then a look at every bill that is new, and at what should be one."""
        as_of = self.now
        disturbed = self._disturbed(lambda: self.world.bill(as_of), trouble)
        self._follow(as_of, complete=not disturbed)

    def settle(self) -> None:
        """Nothing happens any more but time, and the last bills."""
        self.world.standin.faults.clear()
        if self.setting.way == "surcharge":  # what was charged twice while callmeter was away is used up by this
            at = f"{self.now - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
            self.file([call(f"moon{at}", own, MOON, at, 120) for own in FIXED], None)
        for month in range(12):
            for event in (("month", 2, None, None), ("bill", 1, None), ("bill", 6, None)):
                self.happen(event)
                if month and not self.world.bills.opened():
                    return
        raise AssertionError(f"bills that are never finished: {self._open()}")

    def _repeat(self, job: Callable[[], object], trouble: Trouble | None) -> None:
        """Do a job, and once more where it went wrong, as a queue or an operator does."""
        if self._disturbed(job, trouble):
            job()

    def _disturbed(self, job: Callable[[], object], trouble: Trouble | None) -> bool:
        """Do a job, its n-th write going wrong; whether it came to that."""
        if trouble is None:
            job()
            return False
        with self.world.failing(*trouble) as faults, suppress(Killed, CallmeterError):
            job()
        self.to(self.now + timedelta(hours=2))
        return faults.count >= trouble.number

    def _fail(self, fault: dict[str, Any] | None) -> None:
        """A failure of UCRM's to come, maybe."""
        if fault is not None:
            self.world.standin.faults.add(fault)

    def _change(self, files: Iterable[rerate.RatedFile], change: rerate.Change) -> None:
        """What `rerate` and `withdraw` do: first what an earlier run left undone, then what the preview says."""
        store, found = self.world.store, list(files)
        rerate.apply(store, [one for one in found if one.behind], lambda pin: pin, self._rate)
        found = rerate.read_files(store, [one.digest for one in found])
        rerate.apply(store, rerate.preview(store, found, change).files, change, self._rate)

    def _rate(self, key: str) -> object:
        return self.world.rated(key, self.now)

    def _line(self, at: int, one: tuple[Any, ...]) -> str:
        """A call from what was drawn."""
        twin, own, other, days_back, time, seconds, direction = one
        start = datetime.combine((self.now - timedelta(days=days_back + 1)).date(), time, UTC)
        call_id = f"c{len(self.keys)}-{at}" if twin is None else f"twin{twin}"
        return call(call_id, own, other, f"{start:%Y-%m-%dT%H:%M:%SZ}", seconds, direction)

    def _file(self, which: int) -> File:
        return self.truth.files[which % len(self.truth.files)]

    def _day(self, days_back: int) -> str:
        return (self.now - timedelta(days=days_back)).date().isoformat()

    # ---- what is looked at

    def _follow(self, as_of: datetime, *, complete: bool) -> None:
        """Every new bill charges what the oracle says; after a run that came to its end, nothing is left out."""
        charges = charges_of(self.truth.outcome())
        last = self._last_periods()
        for bill in self._new_bills():
            due = self.oracle.freeze(bill.account_id, bill.period, charges) + bill.carried_in
            assert bill.due == due, f"{bill.bill_id}: {bill.due} due, not {due}"
            self.bills[bill.bill_id] = bill
        billed = self.oracle.charged
        left = [
            f"{place}: {charges.get(place, ZERO)} now, {billed.get(place, ZERO)} billed"
            for place in sorted(charges.keys() | billed.keys())
            if charges.get(place, ZERO) != billed.get(place, ZERO) and self._should_be_billed(place, last, as_of)
        ]
        assert not (complete and left), f"left out on {as_of}: {left}"

    def _new_bills(self) -> list[Bill]:
        """The bills that were not there before, by period."""
        seen = {layout.bill(bill.period, bill.account_id) for bill in self.bills.values()}
        keys = [key for key in self.world.store.keys(layout.BILLS) if key not in seen]
        return [Bill.model_validate_json(self.world.store.get(key)) for key in keys]

    def _last_periods(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for bill in self.bills.values():
            found[bill.account_id] = max(bill.period, found.get(bill.account_id, ""))
        return found

    def _should_be_billed(self, place: tuple[str, str], last: Mapping[str, str], as_of: datetime) -> bool:
        """Whether a run at that time bills what is new of a period: the account's next bill, whose period has ended,
        looks at it. last: the periods of the accounts' bills before that run."""
        account_id, period = place
        oldest = months_before(f"{as_of:%Y-%m}", self.setting.look_back + 1)
        after_last = months_before(last[account_id], -1) if account_id in last else ""
        bill = max(period, oldest, after_last)
        in_reach = months_before(bill, self.setting.look_back) <= period
        return in_reach and (account_id in last or bill == period) and self._has_ended(account_id, bill, as_of)

    def _has_ended(self, account_id: str, period: str, as_of: datetime) -> bool:
        who = ACCOUNTS[account_id]
        year, month = map(int, months_before(period, -1).split("-"))
        following = date(year + month // 12, month % 12 + 1, 1)
        day = min(who.anchor_day, (following - timedelta(days=1)).day)
        ends = datetime(year, month, day, tzinfo=ZoneInfo(who.zone)).astimezone(UTC)
        return ends + timedelta(hours=self.setting.grace_hours) <= as_of

    def problems(self) -> list[str]:
        """What is wrong in the end."""
        bills = list(self.bills.values())
        charges = charges_of(self.truth.outcome())
        found = [f"{key} is another now" for key, bill in self.world.stored_bills().items() if self.bills[key] != bill]
        found += bill_problems(bills, self.oracle.owed())
        if self.setting.look_back == LONGEST:
            found += final_problems(bills, charges)
        states = {bill.bill_id: self.world.bills.read(bill.account_id, bill.period) for bill in bills}
        found += [f"{key}: {state}" for key, state in states.items() if not (state and state.finished)]
        invoicing = self.world.invoicing(self.billing_rules)
        differences = reconcile(self.world.store, self.world.bills, invoicing, BEGINS.date())
        return found + [str(one) for one in differences] + self._crm_problems(bills)

    @property
    def billing_rules(self) -> BillingRules:
        rules: dict[str, Any] = {"way": self.setting.way}
        if self.setting.way == "surcharge":
            rules["surcharge_id"] = METER
        return BillingRules.model_validate({"credits": self.setting.credits, "ucrm": rules})

    def _crm_problems(self, bills: list[Bill]) -> list[str]:
        """Every bill's lines once on invoices, or its amount on its service's surcharge, or a credit note."""
        invoices = [row for row in self.world.invoices() if row["status"] != 4]
        notes = self.world.standin.books.rows("creditNotes")
        held: dict[str, list[Decimal]] = {}
        for row in notes:
            held.setdefault(row["adminNotes"].splitlines()[0].removeprefix("callmeter bill "), []).append(row["total"])
        if self.setting.way == "surcharge":
            negative = [bill for bill in bills if bill.amount < 0]
            return crm_problems(negative, held) + self._meter_problems(bills, invoices)
        lines = {bill.bill_id: Counter((line.label, line.amount) for line in bill.lines) for bill in bills}
        found = []
        for row in invoices:
            items = Counter((item["label"], item["total"]) for item in row["items"] if item["type"] == "other")
            carried = [reference for one in row["attributes"] for reference in one["value"].split(";")]
            wanted = sum((lines.get(one, Counter()) for one in carried), Counter[tuple[str, Decimal]]())
            if items != wanted:
                found.append(f"invoice {row['id']} of {carried} has {items}, not {wanted}")
            for one in carried:
                held.setdefault(one, []).append(sum((line.amount for line in self.bills[one].lines), ZERO))
        return found + crm_problems(bills, held)

    def _meter_problems(self, bills: list[Bill], invoices: list[dict[str, Any]]) -> list[str]:
        found = []
        items = [item for row in invoices for item in row["items"] if item["type"] == "surcharge"]
        for account_id, who in ACCOUNTS.items():
            mark = f"({account_id}/{who.service})"
            charged = sum((item["total"] for item in items if mark in item["label"]), ZERO)
            due = sum((bill.amount for bill in bills if bill.account_id == account_id and bill.amount > 0), ZERO)
            if charged != due:
                found.append(f"{account_id}: the surcharge was charged {charged}, not {due}")
        return found

    def _open(self) -> list[str]:
        places = self.world.bills.opened()
        return [f"{account} {period}: {self.world.bills.read(account, period)}" for account, period in places]


class Receipts(Statements):
    """Statements that add up, but are not drawn."""

    def write(self, bill: Bill, invoice_number: str) -> str:
        key = layout.statement(bill.account_id, bill.period, "pdf")
        self._store.put(key, f"{self.statement(bill, invoice_number).due}".encode())
        return key


@contextmanager
def history(folder: Path, setting: Setting) -> Iterator[History]:
    """A new operator in May 2026."""
    with pytest.MonkeyPatch.context() as patch, world(folder, patch) as here:
        patch.setattr(send_bills, "Statements", Receipts)
        patch.setattr(os, "cpu_count", lambda: 1)  # threads of DuckDB: a few rows are done before two have started
        books = here.standin.books
        books.options |= {
            "approveAndSendInvoiceAutomatically": setting.way == "surcharge",
            "_attributeFindsDrafts": setting.finds_drafts,
        }
        seed.sow(books, CRM)
        for who in ACCOUNTS.values():
            books.change("services", who.service, {"_invoicedTo": "2026-05-31"})
        books.save()
        yield History(here, folder, setting)
