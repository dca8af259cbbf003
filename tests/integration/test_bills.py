"""Billing as the operator meets it: operator.toml says how, calls change, and the CRM is what it is. Money by hand.

Statements are rendered elsewhere: here one is its bill's id and invoice number.

Rates: UK landline 0.01, UK mobile 0.085, France 0.016 a minute; four decimals. A1 has 2 minutes of UK landline free.
"""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import boto3
import duckdb
import pytest
from chalice.test import Client

import chalicelib.bill
import chalicelib.telemetry
from app import app
from callmeter import layout
from callmeter.aws import secrets
from callmeter.bills.files_out import OUTBOX
from callmeter.bills.glance import approvals
from callmeter.errors import CallmeterError, Missing, UsageError
from callmeter.jobs import bill_periods, catalogues, freeze_periods, rerate, send_bills
from callmeter.jobs.approving import waiting_bills
from callmeter.jobs.bill_periods import BillRun
from callmeter.jobs.rate_file import Revision
from callmeter.jobs.send_bills import LEASE_SECONDS, send_again
from callmeter.model import Bill, BillingRules, BillState, Sent
from callmeter.parts import Parts
from callmeter.ports import CustomerSettings, Store
from callmeter.whmcs.client import WhmcsInvoicing
from pipeline_kit import Killed, World, call, compiled, world
from rating_kit import OPERATOR, write_rates

D = Decimal
ONE, OTHER, A2, A3 = "442079460001", "442079460002", "442079460003", "442079460004"  # numbers; the first two are A1's
LANDLINE, MOBILE, FRANCE, SERVICE = "442071234567", "447700900123", "33123456789", "448712345678"
DECK = """\
prefix,rate,destination,group,late
44,0.01,UK,uk-landline,
447,0.085,UK Mobile,uk-mobile,
33,0.016,France,international,
4487,,UK Service,service,yes
"""
PLANS = """\
[plans.payg]
deck = "retail"
currency = "GBP"
[plans.bundle]
deck = "retail"
currency = "GBP"
[[plans.bundle.allowances]]
name = "2 minutes UK"
groups = ["uk-landline"]
minutes = 2
"""
ACCOUNTS = """\
account_id,plan,numbers,ucrm_client_id
A1,bundle,442079460001 442079460002,1
A2,payg,442079460003,2
"""


class PlainStatements:
    """jobs.statements.Statements, but cheap."""

    def __init__(self, store: Store, settings: CustomerSettings) -> None:  # noqa: ARG002
        self._store = store

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def write(self, bill: Bill, invoice_number: str) -> str:
        key = layout.statement(bill.account_id, bill.period, "pdf")
        self._store.put(key, f"{bill.bill_id} {invoice_number}".encode())
        return key

    def is_there(self, bill: Bill) -> bool:
        key = layout.statement(bill.account_id, bill.period, "pdf")
        return key in self._store.keys(key)

    def files(self, bill: Bill) -> Mapping[str, bytes]:
        return {f"{bill.bill_id}.pdf": self._store.get(layout.statement(bill.account_id, bill.period, "pdf"))}


@cache
def rates_of(operator: str, plans: str, deck: str, accounts: str) -> tuple[str, dict[str, bytes]]:
    with TemporaryDirectory() as folder:
        written: dict[str, Any] = {"operator": OPERATOR + operator, "plans": plans, "deck": deck, "accounts": accounts}
        return compiled(write_rates(Path(folder), decks={"euro": DECK}, **written))


def use(here: World, billing: str = "", *, plans: str = PLANS, deck: str = DECK, accounts: str = ACCOUNTS) -> str:
    """Put rates into force; their version. billing: what operator.toml says beside its three usual lines."""
    version, files = rates_of(billing, plans, deck, accounts)
    for name, body in files.items():
        here.store.put(layout.catalogue(version, name), body)
    here.store.put(layout.CURRENT, json.dumps({"version": version}).encode())
    here.begin_process()
    return version


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as folder:
        rates = write_rates(Path(folder), plans=PLANS, deck=DECK, accounts=ACCOUNTS)
        with world(tmp_path_factory.mktemp("world"), patch, rates) as here:
            patch.setattr(send_bills, "Statements", PlainStatements)
            patch.setattr(chalicelib.bill, "parts", lambda: here)
            patch.setattr(chalicelib.telemetry.metrics.provider, "namespace", "callmeter")
            here.empty = here.snapshot()
            yield here


@pytest.fixture
def here(shared: World) -> World:
    shared.standin.faults.clear()
    shared.restore(shared.empty)
    return shared


def minutes(call_id: str, count: int, to: str = MOBILE, day: str = "2026-10-05", own: str = ONE) -> str:
    """So many minutes, at ten."""
    return call(call_id, own, to, f"{day}T10:00:00Z", 60 * count)


def delivered(here: World, *lines: str, name: str = "") -> str:
    """Drop a file of these calls, and rate it; its key."""
    key = here.drop(name or f"{lines[0].partition(',')[0]}.csv", lines)
    here.rate(key)
    return key


def ended(period: str) -> datetime:
    """A day on which the period is over for everybody."""
    year, month = map(int, period.split("-"))
    return datetime(year + month // 12, month % 12 + 1, 20, 3, 0, tzinfo=UTC)


def run(here: World, period: str = "2026-10", **more: Any) -> BillRun:
    """The hourly job, on a day on which that period is over: in the CRM, too."""
    here.standin.set_clock(ended(period))
    return bill_periods.bill_periods(here.billing, ended(period), **more)


def bill_of(here: World, bill_id: str) -> Bill:
    return here.stored_bills()[bill_id]


def lines_of(bill: Bill) -> list[tuple[str, Decimal]]:
    return [(line.label, line.amount) for line in bill.lines]


def ledger_of(here: World, bill_id: str) -> dict[str, tuple[str | None, Decimal]]:
    """Call -> reason and difference, of one bill."""
    bill = bill_of(here, bill_id)
    with TemporaryDirectory() as folder, duckdb.connect() as con:
        (path,) = here.store.download([bill.ledger], Path(folder))
        rows = con.read_parquet(str(path), hive_partitioning=False).filter(f"account_id = '{bill.account_id}'")
        return {call_id: (why, difference) for call_id, why, difference in
                rows.select("call_id, reason, difference").fetchall()}  # fmt: skip


def rerated(here: World, period: str, version: str) -> None:
    """`callmeter rerate` of a period's files with that catalogue."""
    change = rerate.rerated(Revision(catalogue=version, period=period))
    rerate.apply(here.store, rerate.candidates(here.store, period), change, here.rate)


def withdraw(here: World, key: str) -> None:
    rerate.apply(here.store, [rerate.find(here.store, key)], rerate.withdrawn, here.rate)


def sent_again(here: World, account_id: str, period: str) -> BillState:
    """What --again does."""
    current = catalogues.describe(here.store, catalogues.current_version(here.store))
    return send_again(here.store, here.bills, here.invoicing(BillingRules()), current, account_id, period)


def states(run: BillRun) -> dict[str, str]:
    return {one.bill.bill_id: one.state.state if one.state else "" for one in run.bills}


def problem_of(run: BillRun) -> str:
    (one,) = run.bills
    return one.problem


def notes(here: World) -> list[dict[str, Any]]:
    return list(here.standin.books.as_json()["tables"]["creditNotes"])


# ---- lines

MIXED = [
    minutes("1", 5, LANDLINE),  # 2 of them free: 0.03
    minutes("2", 3, MOBILE, "2026-10-06"),  # 0.255
    minutes("3", 10, FRANCE, "2026-10-06", OTHER),  # 0.16
]


@pytest.mark.parametrize(
    ("kind", "lines"),
    [
        ("bill", [("Calls 2026-10", D("0.45"))]),  # 0.445
        ("group", [
            ("Calls: International", D("0.16")), ("Calls: UK landline", D("0.03")), ("Calls: UK mobile", D("0.26")),
        ]),
        ("bundle", [("Calls beyond 2 minutes UK", D("0.03")), ("Calls outside bundles", D("0.42"))]),
        ("number", [("Calls of +442079460001", D("0.29")), ("Calls of +442079460002", D("0.16"))]),
    ],
)  # fmt: skip
def test_a_line_is_a_bill_a_group_a_bundle_or_a_number(
    here: World, kind: str, lines: list[tuple[str, Decimal]]
) -> None:
    use(here, f'billing.lines = "{kind}"\n')
    delivered(here, *MIXED)
    run(here)
    bill = bill_of(here, "A1-2026-10")
    assert lines_of(bill) == lines
    assert (bill.amount, bill.due, bill.carried) == (D("0.45"), D("0.445"), D("-0.005"))
    (invoice,) = here.invoices()
    assert [(item["label"], D(item["total"])) for item in invoice["items"]] == lines


def test_corrections_have_a_line_per_period_after_the_calls_and_a_reason_each(here: World) -> None:
    use(here)
    delivered(
        here,
        minutes("a", 2, LANDLINE, "2026-10-05"),  # free
        minutes("b", 3, LANDLINE, "2026-10-07"),  # 0.03
        minutes("c", 5, SERVICE, "2026-10-08"),  # its price is to follow
        minutes("d", 10, FRANCE, "2026-10-09"),  # 0.16
    )
    wrong = delivered(here, minutes("e", 1, MOBILE, "2026-10-10"))  # 0.085
    run(here)
    assert bill_of(here, "A1-2026-10").due == D("0.275")
    delivered(here, minutes("f", 1, LANDLINE, "2026-10-04"), minutes("g", 1, MOBILE, "2026-10-11"))
    delivered(here, minutes("h", 2, MOBILE, "2026-09-11"), minutes("i", 1, MOBILE, "2026-11-05"))
    withdraw(here, wrong)
    rerated(
        here,
        "2026-10",
        use(here, deck=DECK.replace("4487,,", "4487,0.50,").replace(",yes", ",").replace("0.016", "0.02")),
    )
    run(here, "2026-11")
    assert ledger_of(here, "A1-2026-11") == {
        "a": ("allowance", D("0.01")),  # f was earlier, and took a minute of the two
        "c": ("priced", D("2.50")),
        "d": ("repriced", D("0.04")),
        "e": ("removed", D("-0.085")),
        "g": ("late-file", D("0.085")),
        "h": ("late-file", D("0.17")),
        "i": (None, D("0.085")),
    }
    assert lines_of(bill_of(here, "A1-2026-11")) == [  # 2.805 with the 0.005 of October taken off
        ("Calls: UK mobile", D("0.09")),
        ("Corrections 2026-09", D("0.17")),
        ("Corrections 2026-10", D("2.54")),
    ]
    assert here.invoiced() == {"A1-2026-10": D("0.28"), "A1-2026-11": D("2.80")}


def test_what_was_withdrawn_and_comes_back_is_a_late_file_again(here: World) -> None:
    use(here)
    key = delivered(here, minutes("a", 10))
    run(here)
    withdraw(here, key)
    run(here, "2026-11")
    rerate.apply(here.store, [rerate.find(here.store, key)], rerate.restored, here.rate)
    run(here, "2026-12")
    assert [ledger_of(here, f"A1-2026-{month}")["a"] for month in (10, 11, 12)] == [
        (None, D("0.85")), ("removed", D("-0.85")), ("late-file", D("0.85")),
    ]  # fmt: skip
    assert here.invoiced() == {"A1-2026-10": D("0.85")}  # the credit was carried, and used up


@pytest.mark.parametrize(
    ("wanted", "lines"),
    [
        ("false", [("Calls: UK mobile", D("0.68"))]),
        ("true", [("Calls: UK mobile", D("0.85")), ("Corrections 2026-10", D("-0.17"))]),
    ],
)
def test_lines_below_zero_are_taken_off_the_others_unless_they_are_wanted(
    here: World, wanted: str, lines: list[tuple[str, Decimal]]
) -> None:
    use(here, f"billing.negative_lines = {wanted}\n")
    key = delivered(here, minutes("1", 2))
    run(here)
    withdraw(here, key)
    delivered(here, minutes("2", 10, day="2026-11-05"))
    run(here, "2026-11")
    assert lines_of(bill_of(here, "A1-2026-11")) == lines


# ---- the minimum, credits, and what is carried

MINIMUM = 'billing.minimum.GBP = "1.00"\n'


def test_what_is_below_the_minimum_comes_with_the_bill_that_reaches_it(here: World) -> None:
    use(here, MINIMUM)
    delivered(here, minutes("1", 3))  # 0.255
    first = run(here)
    assert states(first) == {"A1-2026-10": "nothing-due"}
    assert here.store.keys(layout.statement("A1", "2026-10", "pdf"))
    assert run(here, "2026-11").bills == []
    delivered(here, minutes("2", 10, day="2026-12-05"))  # 0.85
    run(here, "2026-12")
    bill = bill_of(here, "A1-2026-12")
    assert (bill.carried_in, bill.due, bill.carried) == (D("0.255"), D("1.105"), D("-0.005"))
    assert lines_of(bill) == [("Calls: UK mobile", D("0.85")), ("Carried from the last bill", D("0.26"))]
    assert here.invoiced() == {"A1-2026-12": D("1.11")}


GONE = ACCOUNTS.replace("A1,bundle,442079460001 442079460002,1\n", "")
OVER = "account_id,plan,numbers,ucrm_client_id,valid_to\nA1,bundle,442079460001 442079460002,1,2026-11-10\n"


@pytest.mark.parametrize(("accounts", "last_period"), [(GONE, "2026-11"), (OVER, "2026-11"), (GONE, "2027-05")])
def test_an_account_that_leaves_is_billed_below_the_minimum_however_late_that_is_known(
    here: World, accounts: str, last_period: str
) -> None:
    use(here, MINIMUM)
    delivered(here, minutes("1", 3))
    run(here)
    use(here, MINIMUM, accounts=accounts)
    run(here, last_period)
    newest = max(here.stored_bills().values(), key=lambda bill: bill.period)
    assert (newest.due, newest.amount, newest.calls) == (D("0.255"), D("0.26"), 0)
    assert lines_of(newest) == [("Carried from the last bill", D("0.26"))]
    assert list(here.invoiced().values()) == [D("0.26")]
    assert run(here, "2027-08").bills == []  # half a penny is left, for good


def test_an_account_whose_calls_are_all_gone_gets_its_money_back_with_its_next_bills(here: World) -> None:
    use(here)
    key = delivered(here, minutes("1", 3))
    run(here)
    withdraw(here, key)
    assert here.places() == set()
    assert states(run(here, "2026-11")) == {"A1-2026-11": "nothing-due"}
    delivered(here, minutes("2", 1, day="2026-12-05"))
    delivered(here, minutes("3", 10, day="2027-01-05"))
    run(here, "2027-01")
    bills = here.stored_bills()
    assert [(bill.due, bill.amount, bill.carried) for bill in bills.values()] == [
        (D("0.255"), D("0.26"), D("-0.005")),
        (D("-0.26"), 0, D("-0.26")),
        (D("-0.175"), 0, D("-0.175")),
        (D("0.675"), D("0.68"), D("-0.005")),  # 0.85 - 0.175
    ]
    assert lines_of(bills["A1-2027-01"]) == [("Calls: UK mobile", D("0.68"))]
    assert here.invoiced() == {"A1-2026-10": D("0.26"), "A1-2027-01": D("0.68")}


@pytest.mark.parametrize("kind", ["timeout-after", "timeout-before"])
def test_a_credit_note_is_there_once_whatever_is_tried_again(here: World, kind: str) -> None:
    use(here, 'billing.credits = "credit-note"\n')
    key = delivered(here, minutes("1", 20))  # 1.70
    run(here)
    withdraw(here, key)
    here.standin.faults.add({"match": "POST /clients/*/credit-note", "kind": kind, "times": 1})
    assert problem_of(run(here, "2026-11"))
    here.begin_process()
    assert states(run(here, "2026-11")) == {"A1-2026-11": "invoiced"}
    assert run(here, "2026-11").bills == []
    (note,) = notes(here)
    assert abs(D(note["total"])) == D("1.70")
    assert lines_of(bill_of(here, "A1-2026-11")) == [("Calls 2026-11", D("-1.70"))]
    assert here.store.get(layout.statement("A1", "2026-11", "pdf")) == f"A1-2026-11 {note['number']}".encode()


def test_what_rounding_left_is_neither_credited_nor_invoiced_by_itself(here: World) -> None:
    use(here, 'billing.credits = "credit-note"\n')
    delivered(here, minutes("1", 3))  # 0.255: half a penny too much
    run(here)
    delivered(here, call("2", ONE, MOBILE, "2026-11-05T10:00:00Z", 60, "in"))  # costs nothing
    done = [run(here, period).bills for period in ("2026-11", "2026-12", "2027-01")]
    assert [[(one.bill.amount, one.bill.carried) for one in bills] for bills in done] == [[(D(0), D("-0.005"))], [], []]
    assert notes(here) == []


# ---- when


def test_each_account_is_billed_when_its_own_period_and_the_grace_time_are_over(here: World) -> None:
    rates = "account_id,plan,numbers,timezone,anchor_day,ucrm_client_id\n"
    rows = "A1,payg,442079460001,America/New_York,15,1\nA2,payg,442079460003,Pacific/Auckland,1,2\n"
    use(here, "grace_hours = 6\n", accounts=rates + rows)
    delivered(here, minutes("1", 1, day="2026-10-20"), minutes("2", 1, own=A2))
    over = {  # midnights: Auckland is 13 hours ahead of UTC in November, New York 5 behind
        "A2-2026-10": datetime(2026, 10, 31, 11, 0, tzinfo=UTC) + timedelta(hours=6),
        "A1-2026-10": datetime(2026, 11, 15, 5, 0, tzinfo=UTC) + timedelta(hours=6),
    }
    for bill_id, moment in over.items():
        early = bill_periods.bill_periods(here.billing, moment - timedelta(seconds=1))
        on_time = bill_periods.bill_periods(here.billing, moment)
        assert ([], [bill_id]) == ([*states(early)], [*states(on_time)])


def test_a_run_with_nothing_to_do_writes_nothing_and_reads_no_calls(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(here)
    delivered(here, *MIXED)
    run(here)
    monkeypatch.setattr(freeze_periods, "settled_shard", lambda *_: pytest.fail("the calls are read again"))
    here.faults.clear()
    for hours in range(3):
        assert bill_periods.bill_periods(here.billing, ended("2026-10") + timedelta(hours=hours)) == BillRun()
    assert here.faults.count == 0


def test_a_later_change_of_calls_is_looked_at_though_the_period_was_done(here: World) -> None:
    use(here)
    delivered(here, minutes("1", 1))
    run(here)
    delivered(here, *(minutes(str(n), 1, own=A2) for n in range(20)), name="late.csv")  # its first calls ever
    assert states(run(here)) == {"A2-2026-10": "invoiced"}


def test_a_longer_look_back_bills_nothing_again(here: World) -> None:
    use(here, "late_lookback = 0\n")
    for month in ("09", "10"):
        delivered(here, minutes(month, 10, day=f"2026-{month}-05"))
        run(here, f"2026-{month}")
    use(here, "late_lookback = 3\n")
    delivered(here, minutes("11", 10, day="2026-11-05"), minutes("late", 20, day="2026-09-06"))
    run(here, "2026-11")
    assert ledger_of(here, "A1-2026-11") == {"11": (None, D("0.85")), "late": ("late-file", D("1.70"))}
    assert here.invoiced() == {"A1-2026-09": D("0.85"), "A1-2026-10": D("0.85"), "A1-2026-11": D("2.55")}


def test_a_dry_run_of_two_periods_foretells_bills_lines_of_the_second_stand_on_the_first(here: World) -> None:
    use(here, MINIMUM)
    delivered(here, minutes("1", 3), minutes("2", 20, own=A2))
    delivered(here, minutes("3", 10, day="2026-11-05"), minutes("4", 1, day="2026-11-05", own=A2))
    before = here.facts()
    foretold = {row.bill_id: (row.due, row.amount, row.carried) for row in here.preview(ended("2026-11")).rows}
    assert here.facts().differences(before) == []
    run(here, "2026-11")
    bills = here.stored_bills().values()
    assert {bill.bill_id: (bill.due, bill.amount, bill.carried) for bill in bills} == foretold
    assert foretold["A1-2026-11"] == (D("1.105"), D("1.11"), D("-0.005"))
    assert foretold["A2-2026-11"] == (D("0.085"), D(0), D("0.085"))


# ---- currencies


def test_a_currency_that_is_not_the_clients_is_refused_before_anything_is_sent(here: World) -> None:
    use(here, accounts=ACCOUNTS.replace("A2,payg,442079460003,2", "A2,payg,442079460003,6"))  # client 6 pays in euros
    delivered(here, minutes("1", 1), minutes("2", 1, own=A2))
    for _ in range(2):
        done = {one.bill.bill_id: one for one in run(here).bills}
        assert "account A2 is billed in GBP, but UCRM client 6 in EUR" in done["A2-2026-10"].problem
        assert here.invoiced() == {"A1-2026-10": D("0.09")}
        assert here.bills.opened() == [("A2", "2026-10")]
    state = here.bills.read("A2", "2026-10")
    assert state
    assert (state.state, state.way, state.problem) == ("frozen", "", done["A2-2026-10"].problem)


IN_EUROS = ACCOUNTS.replace("A2,payg,442079460003,2", "A2,euro,442079460003,6")
EURO_PLANS = PLANS + '[plans.euro]\ndeck = "euro"\ncurrency = "EUR"\n'


def test_calls_in_two_currencies_are_told_by_every_run_until_they_are_in_one(here: World) -> None:
    use(here)
    delivered(here, minutes("1", 1), minutes("2", 1, own=A2))
    later = use(here, plans=EURO_PLANS, accounts=IN_EUROS)
    delivered(here, minutes("3", 1, day="2026-10-06", own=A2))
    for bills in ({"A1-2026-10": "invoiced"}, {}):
        done = run(here)
        assert states(done) == bills
        assert "account A2 is billed in EUR now, but has calls or bills in GBP up to 2026-10" in done.problems["A2"]
    rerated(here, "2026-10", later)
    assert states(run(here)) == {"A2-2026-10": "invoiced"}
    assert (bill_of(here, "A2-2026-10").currency, here.invoiced()["A2-2026-10"]) == ("EUR", D("0.17"))


def test_pence_that_were_carried_never_become_cents(here: World) -> None:
    use(here)
    delivered(here, minutes("1", 3, own=A2))
    run(here)
    use(here, plans=EURO_PLANS, accounts=IN_EUROS)
    delivered(here, minutes("2", 1, day="2026-11-06", own=A2))
    done = run(here, "2026-11")
    assert ([*done.problems], done.bills) == (["A2"], [])
    assert bill_of(here, "A2-2026-10").carried == D("-0.005")


# ---- a person's yes


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(app) as client:
        yield client


APPROVE = "billing.approve = true\n"


def test_nothing_goes_out_before_the_yes_and_what_was_remarkable_is_kept(
    here: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chalicelib.bill, "_LAST_MS", 0)  # the test client's functions have three seconds
    use(here, APPROVE)
    delivered(here, minutes("1", 1), minutes("2", 9, SERVICE), minutes("3", 2, own=A2))
    asked = {"as_of": ended("2026-10").isoformat()}
    for _ in range(2):
        answer = client.lambda_.invoke("bill", asked).payload
        assert (answer["bills"], answer["stuck"], here.invoices()) == (2, 0, [])
    delivered(here, minutes("4", 1, day="2026-11-05"))
    found, waiting = waiting_bills(here.store, here.bills)
    assert waiting == {"A1-2026-10", "A2-2026-10"}
    remarks = {row.bill_id: [remark.code for remark in row.remarks] for row in approvals(found).rows}
    assert remarks == {"A1-2026-10": ["late-calls", "first-bill"], "A2-2026-10": ["first-bill"]}
    client.lambda_.invoke("bill", {**asked, "approve": ["A2-2026-10"]})
    assert here.invoiced() == {"A2-2026-10": D("0.17")}
    assert waiting_bills(here.store, here.bills)[1] == {"A1-2026-10"}
    with pytest.raises(Missing, match="no bill waits"):
        waiting_bills(here.store, here.bills, "2026-09")
    run(here, "2026-10", approve=["*"])
    assert here.invoiced() == {"A2-2026-10": D("0.17"), "A1-2026-10": D("0.09")}
    with pytest.raises(Missing, match="no bill waits"):
        waiting_bills(here.store, here.bills)


def test_bills_whose_report_was_lost_are_still_shown_to_be_approved(here: World) -> None:
    use(here, APPROVE)
    delivered(here, minutes("1", 1))
    run(here)  # keeps no report
    found, waiting = waiting_bills(here.store, here.bills)
    assert ([(row.bill_id, row.amount) for row in found.rows], waiting) == ([("A1-2026-10", D("0.09"))], {"A1-2026-10"})


def test_a_yes_is_kept_while_the_crm_is_away(here: World) -> None:
    use(here, APPROVE)
    delivered(here, minutes("1", 1))
    run(here)
    here.standin.faults.add({"match": "GET /clients/*", "kind": "500", "times": 99})
    assert "UCRM answered 500" in problem_of(run(here, "2026-10", approve=["A1-2026-10"]))
    here.standin.faults.clear()
    assert states(run(here)) == {"A1-2026-10": "invoiced"}


def test_what_comes_to_nothing_needs_no_yes(here: World) -> None:
    use(here, APPROVE)
    delivered(here, call("1", ONE, MOBILE, "2026-10-05T10:00:00Z", 0))
    assert states(run(here)) == {"A1-2026-10": "nothing-due"}


# ---- sent anew


def test_a_bill_whose_invoice_is_void_is_sent_anew_when_that_is_asked_for(here: World) -> None:
    use(here)
    delivered(here, minutes("1", 1))
    here.standin.faults.add({"match": "POST /clients/*/invoices", "kind": "timeout-after", "times": 1})
    run(here)
    (first,) = here.invoices()
    here.standin.hand("void", first["id"])
    told = problem_of(run(here))
    assert f"invoice {first['number']} is void: nobody pays bill A1-2026-10" in told
    assert "callmeter bill --again A1 --period 2026-10" in told
    assert run(here).bills == []  # told, and not made again by itself
    again = sent_again(here, "A1", "2026-10")
    assert again.reference == "A1-2026-10~2"
    assert states(run(here)) == {"A1-2026-10": "invoiced"}
    first, second = here.invoices()
    assert [row["attributes"][0]["value"] for row in (first, second)] == ["A1-2026-10", "A1-2026-10~2"]
    assert here.store.get(layout.statement("A1", "2026-10", "pdf")) == f"A1-2026-10 {second['number']}".encode()
    assert run(here).bills == []


def test_a_bill_whose_invoice_is_in_force_is_not_sent_anew(here: World) -> None:
    use(here)
    delivered(here, minutes("1", 1))
    run(here)
    before = here.facts()
    with pytest.raises(CallmeterError, match=r"A1-2026-10 is invoiced in the CRM, invoice \d+: void that first"):
        sent_again(here, "A1", "2026-10")
    with pytest.raises(Missing):
        sent_again(here, "A1", "2026-09")
    assert here.facts().differences(before) == []


# ---- cut short, or not alone


def test_a_client_that_another_run_works_on_is_left_told_and_done_later(here: World) -> None:
    use(here)
    delivered(here, minutes("1", 1), minutes("2", 1, own=A2))
    assert here.leases.take("client#1", "another run", here.clock, LEASE_SECONDS)
    done = {one.bill.bill_id: one.problem for one in run(here).bills}
    assert done == {"A1-2026-10": "another run is at work on client 1; look again later", "A2-2026-10": ""}
    assert here.bills.opened() == [("A1", "2026-10")]
    here.clock += timedelta(seconds=LEASE_SECONDS)
    assert states(run(here)) == {"A1-2026-10": "invoiced"}


@pytest.mark.parametrize(
    ("looks", "invoices", "left"),
    [
        ([False], 0, 2),
        ([True, False, True, True, False], 1, 1),  # the first client is done
        ([True, False], 1, 2),  # the first client has its invoice, and no statement
        ([True, True, True, False], 2, 2),  # both have, and one a statement that it has not got
    ],
)
def test_what_the_time_does_not_suffice_for_is_done_by_the_next_run(
    here: World, looks: list[bool], invoices: int, left: int
) -> None:
    use(here)
    delivered(here, minutes("1", 1), minutes("2", 1, own=A2))
    clock = iter(looks)
    cut = run(here, has_time=lambda: next(clock, False))
    assert (len(here.invoices()), cut.unfinished) == (invoices, left)
    rest = run(here)
    assert (len(rest.bills), len(here.invoices()), rest.unfinished) == (left, 2, 0)
    assert sorted(documents(here)) == ["A1-2026-10.pdf", "A2-2026-10.pdf"]
    assert here.bills.opened() == []


def test_bills_that_were_noted_and_never_made_are_forgotten_once_they_cannot_be_made_any_more(here: World) -> None:
    use(here)
    key = delivered(here, minutes("1", 1))
    with here.failing(1, "killed"), pytest.raises(Killed):
        run(here)
    assert (here.bills.opened(), here.stored_bills()) == ([("A1", "2026-10")], {})
    withdraw(here, key)
    assert run(here, "2026-11").bills == []
    assert here.bills.opened() == [("A1", "2026-10")]
    run(here, "2027-03")
    assert here.bills.opened() == []


# ---- documents and the log


def documents(here: World) -> list[str]:
    return [row["name"] for row in here.standin.books.as_json()["tables"]["documents"]]


def logged(here: World) -> list[str]:
    return [row["message"] for row in here.standin.books.as_json()["tables"]["clientLogs"]]


@pytest.mark.parametrize(
    ("match", "kind"), [("POST /documents", "timeout-after"), ("POST /client-logs", "timeout-after")]
)
def test_the_client_has_the_statement_and_the_line_in_its_log_once(here: World, match: str, kind: str) -> None:
    use(here)
    delivered(here, minutes("1", 1))
    here.standin.faults.add({"match": match, "kind": kind, "times": 1})
    (stuck,) = run(here).bills
    assert stuck.problem
    assert stuck.state
    assert (stuck.state.state, stuck.state.attached, here.bills.opened()) == ("invoiced", False, [("A1", "2026-10")])
    here.begin_process()
    assert problem_of(run(here)) == ""
    assert run(here).bills == []
    assert (documents(here), len(logged(here)), len(here.invoices())) == (["A1-2026-10.pdf"], 1, 1)
    assert "Calls 2026-10 of account A1: 0.09 GBP on invoice" in logged(here)[0]


def test_a_statement_that_is_gone_from_the_bucket_is_made_again(here: World) -> None:
    use(here)
    delivered(here, minutes("1", 1), minutes("2", 1, own=A2))
    here.standin.faults.add({"match": "POST /documents", "kind": "500", "times": 99})
    run(here)
    here.standin.faults.clear()
    here.store.delete(layout.statement("A1", "2026-10", "pdf"))
    done = {one.bill.bill_id: one.problem for one in run(here).bills}
    assert done == {"A1-2026-10": "", "A2-2026-10": ""}
    assert sorted(documents(here)) == ["A1-2026-10.pdf", "A2-2026-10.pdf"]


# ---- clients


def test_each_account_of_a_client_has_its_own_invoice(here: World) -> None:
    use(here, accounts=ACCOUNTS + "A3,payg,442079460004,1\n")
    delivered(here, minutes("1", 1), minutes("3", 2, own=A3))
    run(here)
    assert here.invoiced() == {"A1-2026-10": D("0.09"), "A3-2026-10": D("0.17")}
    assert {row["clientId"] for row in here.invoices()} == {1}
    assert sorted(documents(here)) == ["A1-2026-10.pdf", "A3-2026-10.pdf"]


def test_the_bill_of_an_account_without_client_waits_until_it_has_one(here: World) -> None:
    use(here, accounts=ACCOUNTS + "A3,payg,442079460004,\n")
    delivered(here, minutes("1", 1), minutes("3", 2, own=A3))
    for _ in range(2):
        done = {one.bill.bill_id: one.problem for one in run(here).bills}
        assert done["A3-2026-10"] == "account A3 has no UCRM client: give it ucrm_client_id in accounts.csv."
        assert here.invoiced() == {"A1-2026-10": D("0.09")}
    use(here, accounts=ACCOUNTS + "A3,payg,442079460004,3\n")
    assert states(run(here)) == {"A3-2026-10": "invoiced"}
    assert [row["clientId"] for row in here.invoices()] == [1, 3]
    assert run(here).bills == []


# ---- where bills go


def test_another_way_in_operator_toml_leaves_bills_on_theirs_that_are_being_sent(here: World) -> None:
    use(here, 'billing.ucrm.way = "draft"\n')
    delivered(here, minutes("1", 1))
    assert states(run(here)) == {"A1-2026-10": "sent"}  # it waits for a draft of UCRM's
    use(here, 'billing.ucrm.way = "invoice"\n')
    delivered(here, minutes("2", 2, own=A2))
    done = {one.bill.bill_id: one.state for one in run(here).bills}
    assert {bill_id: (state.way, state.state) for bill_id, state in done.items() if state} == {
        "A1-2026-10": ("draft", "sent"),
        "A2-2026-10": ("invoice", "invoiced"),
    }
    assert here.invoiced() == {"A2-2026-10": D("0.17")}


class Unsure:
    """Invoicing that finds after a while that nothing was made: the bill is begun anew."""

    def __init__(self) -> None:
        self.ways = 0
        self.answers = [Sent(status="placed"), Sent(status="absent"), Sent(status="invoiced", number="7")]

    def way(self, bill: Bill) -> str:  # noqa: ARG002
        self.ways += 1
        return f"try {self.ways}"

    def advance(self, bill: Bill, state: BillState, others: object) -> Sent:  # noqa: ARG002
        return self.answers.pop(0)

    def attach(self, bill: Bill, state: BillState, files: object) -> None: ...


def test_a_bill_that_is_surely_nowhere_chooses_its_way_again(here: World) -> None:
    use(here)
    delivered(here, minutes("1", 1))
    unsure: Any = Unsure()
    here.billing = dataclasses.replace(here.billing, invoicing=lambda _: unsure)
    ways = []
    for _ in range(3):
        (one,) = run(here).bills
        assert one.state
        ways.append((one.state.reference, one.state.way))
    assert one.state
    assert one.state.invoice_number == "7"
    assert ways == [("A1-2026-10", "try 1"), ("A1-2026-10~2", "try 1"), ("A1-2026-10~2", "try 2")]


def test_bills_go_into_files_where_operator_toml_says_so(here: World) -> None:
    use(here, 'billing.destination = "files"\n', accounts=ACCOUNTS + "A3,payg,442079460004,\n")
    delivered(here, minutes("1", 10), minutes("3", 2, own=A3))
    here.billing = dataclasses.replace(here.billing, invoicing=Parts(here.environment).invoicing)
    assert states(run(here)) == {"A1-2026-10": "invoiced", "A3-2026-10": "invoiced"}
    assert here.store.keys(OUTBOX) == [
        f"{OUTBOX}period=2026-10/{name}" for name in ("A1.csv", "A1.json", "A3.csv", "A3.json")
    ]
    assert json.loads(here.store.get(f"{OUTBOX}period=2026-10/A1.json"))["amount"] == "0.85"
    assert here.store.get(layout.statement("A1", "2026-10", "pdf")) == b"A1-2026-10 A1-2026-10"
    assert (here.invoices(), here.bills.opened(), run(here).bills) == ([], [], [])


def test_whmcs_needs_its_address_and_credentials(here: World) -> None:
    rules = BillingRules(destination="whmcs")
    with pytest.raises(UsageError, match="knows no WHMCS: deploy it with WhmcsUrl="):
        Parts(here.environment).invoicing(rules)
    known = here.environment.model_copy(update={"whmcs_url": "https://whmcs.example", "whmcs_key_parameter": "/w"})
    parameters = boto3.client("ssm")
    for value, works in (
        ("no JSON", False),
        ('{"identifier": "i"}', False),
        ('{"identifier": "i", "secret": "s"}', True),
    ):
        parameters.put_parameter(Name="/w", Value=value, Type="SecureString", Overwrite=True)
        secrets._secrets.cache_clear()
        if works:
            assert isinstance(Parts(known).invoicing(rules), WhmcsInvoicing)
        else:
            with pytest.raises(UsageError, match="parameter /w is to hold JSON"):
                Parts(known).invoicing(rules)
