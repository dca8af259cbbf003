"""Bills below zero are credit notes of UCRM's, each once."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from callmeter.errors import CallmeterError
from callmeter.local.ucrm.faults import KINDS
from callmeter.model import BillState, Sent
from ucrm_desk import FAY, Desk, How, bill, operator

BILL = "ada-2026-10"
ISSUE = "POST /clients/*/credit-note"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with operator(tmp_path, way="draft") as desk:
        yield desk


def notes(desk: Desk) -> list[Decimal]:
    return [row["totalUntaxed"] for row in desk.standin.books.rows("creditNotes")]


def credited(desk: Desk, *amounts: str) -> BillState:
    desk.add(bill(*amounts))
    desk.run()
    return desk.states[BILL]


def test_a_bill_below_zero_is_a_credit_note_whatever_the_way(desk: Desk) -> None:
    state = credited(desk, "-2.50")
    assert (state.state, state.way, state.invoice_number, state.problem) == ("invoiced", "credit-note", "CN000001", "")
    assert desk.look(BILL) == Sent(status="invoiced", invoice_id=1, number="CN000001", amount=Decimal("-2.50"))
    assert desk.invoices == []


def test_where_prices_include_tax_the_credit_without_is_the_bills_to_the_cent(tmp_path: Path) -> None:
    with operator(tmp_path, options={"pricingMode": 2}) as desk:
        desk.add(bill("-1.11", "-0.02", "-33.33", client=FAY))
        desk.run()
        assert notes(desk) == [Decimal("-34.46")]
        assert desk.states[BILL].problem == ""


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"slow"}))
def test_whatever_goes_wrong_there_is_one_credit_note_in_the_end(desk: Desk, kind: str) -> None:
    desk.fail(ISSUE, kind, times=2)
    desk.add(bill("-2.50"))
    desk.run(4)
    assert (notes(desk), desk.states[BILL].state) == ([Decimal("-2.50")], "invoiced")


@pytest.mark.parametrize("how", ["before", "after"])
@pytest.mark.parametrize("request_", range(1, 6))
def test_a_run_cut_short_at_any_request_is_made_good_by_the_next(desk: Desk, how: How, request_: int) -> None:
    desk.add(bill("-2.50"))
    desk.break_at(request_, how)
    desk.run()
    desk.connect()
    desk.run()
    assert (notes(desk), desk.states[BILL].state) == ([Decimal("-2.50")], "invoiced")


def test_bills_that_begin_alike_are_not_taken_for_one_another(desk: Desk) -> None:
    desk.add(bill("-2.50", bill_id="ada-1"), bill("-1.00", bill_id="ada-10"))
    desk.run()
    assert [desk.look(bill_id).amount for bill_id in ("ada-1", "ada-10")] == [Decimal("-2.50"), Decimal("-1.00")]


def test_admin_notes_may_be_written_on_by_a_person(desk: Desk) -> None:
    credited(desk, "-2.50")
    row = desk.standin.books.rows("creditNotes")[0]
    desk.standin.books.change("creditNotes", 1, {"adminNotes": "Sorry!\n" + row["adminNotes"]})
    assert desk.look(BILL).status == "invoiced"
    desk.standin.books.change("creditNotes", 1, {"adminNotes": "Sorry!"})
    assert desk.look(BILL).status == "invoiced"  # by its id


def test_a_changed_a_second_and_a_deleted_credit_note_are_told(desk: Desk) -> None:
    credited(desk, "-2.50")
    row = desk.standin.books.rows("creditNotes")[0]
    desk.standin.books.change("creditNotes", 1, {"totalUntaxed": Decimal("-1")})
    assert "comes to -1.00 GBP without tax, the bill to -2.50 GBP" in desk.look(BILL).problem
    desk.standin.books.add("creditNotes", {**row, "id": 2, "number": "CN000002"})
    assert "has credit note CN000002 too: delete all but one" in desk.look(BILL).problem
    for number in (1, 2):
        desk.standin.books.remove("creditNotes", number)
    assert desk.look(BILL) == Sent(status="void", invoice_id=1, problem="deleted in UCRM")
    desk.again(BILL)
    desk.run()
    assert notes(desk) == [Decimal("-2.50")]


def test_a_credit_with_a_line_above_zero_is_refused(desk: Desk) -> None:
    with pytest.raises(CallmeterError, match='its line "Line 0" is above zero'):
        desk.invoicing.way(bill("1.00", "-2.50"))
