"""Reconciling says what differs between UCRM and the bills, each with what to do, and nothing where all is well."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from click.testing import CliRunner

from callmeter import layout
from callmeter.cli.ucrm import ucrm
from callmeter.errors import Unreachable
from callmeter.jobs.reconcile import Difference, reconcile
from callmeter.model import BillState
from callmeter.ports import Bills, Store
from ucrm_desk import KEY, LINE, METER, Desk, bill, operator

BILL = "ada-2026-10"
SINCE = date(2026, 11, 1)


class Kept:
    """A desk's bills as a store and the states of them."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def keys(self, prefix: str) -> list[str]:
        assert prefix == layout.BILLS
        return sorted(layout.bill(one.period, one.account_id) for one in self.desk.bills.values())

    def get(self, key: str) -> bytes:
        found = [one for one in self.desk.bills.values() if layout.bill(one.period, one.account_id) == key]
        return found[0].model_dump_json().encode()

    def read(self, account_id: str, period: str) -> BillState | None:
        return self.desk.states.get(f"{account_id}-{period}")

    def of_account(self, account_id: str) -> list[BillState]:
        return [one for one in self.desk.states.values() if one.account_id == account_id]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with operator(tmp_path) as desk:
        yield desk


def differences(desk: Desk) -> list[Difference]:
    kept = Kept(desk)
    return reconcile(cast(Store, kept), cast(Bills, kept), desk.invoicing, SINCE)


def what(desk: Desk) -> list[tuple[str, str]]:
    return [(one.bill_id, one.what) for one in differences(desk)]


def test_nothing_differs_where_all_is_well(desk: Desk) -> None:
    desk.add(bill("1.00"), bill("-2.00", account="credited"), bill("3.00", account="waiting"))
    desk.run()
    desk.add(bill("4.00", account="frozen"))
    before = desk.wire.requests
    assert differences(desk) == []
    assert desk.wire.requests - before == 3  # a few reads for all


@pytest.mark.parametrize(
    ("deed", "fields", "expected", "theirs"),
    [
        ("void", {}, "void", "void 000001"),
        ("edit-item", {"price": 3}, "changed", "invoiced 3.00 000001: invoice 000001: it comes to 3.00 without tax"),
        ("delete-invoice", {}, "void", "void id 1: deleted in UCRM"),
    ],
)
def test_what_a_person_did_is_told(desk: Desk, deed: str, fields: dict[str, Any], expected: str, theirs: str) -> None:
    desk.add(bill("10.00"))
    desk.run()
    desk.standin.hand(deed, 1, **fields)
    (found,) = differences(desk)
    assert (found.bill_id, found.account_id, found.what) == (BILL, "ada", expected)
    assert found.ours == "invoiced 10.00 GBP 000001"
    assert found.theirs.startswith(theirs)
    assert found.hint.endswith("callmeter bill --again ada --period 2026-10")


def test_doubled_renumbered_and_unknown_invoices_are_told(desk: Desk) -> None:
    desk.add(bill("1.00"), bill("2.00", account="bob"), bill("3.00", account="nobody"))
    desk.run()
    row = desk.invoices[0]
    desk.standin.books.add("invoices", {**row, "id": 9, "number": "9"})
    desk.standin.books.change("invoices", 2, {"number": "77"})
    del desk.bills["nobody-2026-10"]
    assert what(desk) == [(BILL, "problem"), ("bob-2026-10", "renumbered"), ("nobody-2026-10", "unknown")]


def test_a_bill_on_a_mixed_invoice_is_looked_at_closely(tmp_path: Path) -> None:
    with operator(tmp_path, with_services=True) as desk:
        desk.add(bill("10.00"))
        desk.run()
        assert differences(desk) == []
        item = next(item for item in desk.invoices[0]["items"] if item["type"] == "other")
        desk.standin.hand("delete-item", item["id"])
        assert what(desk) == [(BILL, "changed")]


def test_a_bill_that_ucrm_has_before_its_state_says_so_is_told(desk: Desk) -> None:
    desk.add(bill("1.00"))
    desk.run()
    desk.states[BILL] = desk.states[BILL].model_copy(update={"state": "frozen", "way": ""})
    assert what(desk) == [(BILL, "unexpected")]
    desk.states[BILL] = desk.states[BILL].model_copy(update={"state": "sending", "way": "invoice"})
    assert what(desk) == []


def test_a_bill_sent_anew_is_as_it_should_be_while_the_first_is_void(desk: Desk) -> None:
    desk.add(bill("1.00"))
    desk.run()
    desk.standin.hand("void", 1)
    desk.again(BILL)
    desk.run()
    assert differences(desk) == []
    desk.standin.books.change("invoices", 1, {"status": 1})
    assert what(desk) == [(BILL, "problem")]


def test_a_meter_that_lost_its_invoice_is_told(tmp_path: Path) -> None:
    automatic = {"approveAndSendInvoiceAutomatically": True}
    with operator(tmp_path, way="surcharge", surcharge_id=METER, options=automatic) as desk:
        desk.standin.books.change("services", LINE, {"_invoicedTo": "2026-10-31"})
        desk.add(bill("10.00"))
        desk.run()
        desk.daily_run(SINCE)
        desk.run()
        assert (desk.states[BILL].state, differences(desk)) == ("invoiced", [])
        desk.standin.hand("void", 1)
        (found,) = differences(desk)
        assert (found.what, "UCRM charged 0.00 of 10.00 GBP" in found.theirs) == ("missing", True)


def test_a_bill_that_cannot_be_read_is_one_difference_and_the_others_go_on(desk: Desk) -> None:
    desk.add(bill("1.00"), bill("2.00", account="bob"))
    desk.run()
    for number in (1, 2):
        desk.standin.hand("void", number)
    desk.fail("GET /clients/*", "500")
    assert what(desk) == [(BILL, "unread"), ("bob-2026-10", "void")]
    desk.fail("GET /invoices", "500")
    with pytest.raises(Unreachable):
        differences(desk)


def test_bills_of_long_ago_are_not_asked_for(desk: Desk) -> None:
    desk.add(bill("1.00", period="2026-08"))
    desk.run()
    desk.standin.hand("void", 1)
    assert differences(desk) == []


def test_the_command_prints_what_differs_and_fails_then(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    deployment = SimpleNamespace(store=Kept(desk), bills=Kept(desk), ucrm=(desk.standin.url, KEY))
    catalogue = SimpleNamespace(operator=SimpleNamespace(billing=desk.rules))
    monkeypatch.setattr("callmeter.cli.ucrm._deployment", lambda _: deployment)
    monkeypatch.setattr("callmeter.jobs.catalogues.current_version", lambda _: "3f9c")
    monkeypatch.setattr("callmeter.jobs.catalogues.describe", lambda *_: catalogue)
    desk.add(bill("1.00"))
    desk.run()
    command = ["reconcile", "--since", "2026-11-01"]
    assert CliRunner().invoke(ucrm, command).exception is None
    desk.standin.hand("void", 1)
    for form in ([], ["--json"]):
        done = CliRunner().invoke(ucrm, [*command, *form])
        assert "1 of UCRM's invoices and the bills differ" in str(done.exception)
