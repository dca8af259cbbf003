"""Way "draft": the calls go onto the draft that UCRM's daily run made, once, and no draft is left behind."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from callmeter.errors import CallmeterError
from callmeter.model import Sent
from ucrm_desk import ADA, LINE, OFFICE, PRO, Desk, How, bill, operator

BILL = "ada-2026-10"
FIRST = date(2026, 11, 1)
AMEND = "PATCH /invoices/*"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with operator(tmp_path, way="draft") as desk:
        yield desk


def types(desk: Desk, at: int = 0) -> list[str]:
    return [item["type"] for item in desk.invoices[at]["items"]]


def test_the_calls_go_onto_ucrms_draft_which_the_next_run_approves(desk: Desk) -> None:
    desk.daily_run(FIRST)
    desk.add(bill("12.30", "0.05"))
    desk.run()
    assert (desk.states[BILL].state, desk.states[BILL].way, desk.states[BILL].invoice_id) == ("sent", "draft", 1)
    desk.run()
    state, (row,) = desk.states[BILL], desk.invoices
    assert (state.state, state.invoice_number, state.problem) == ("invoiced", "000001", "")
    assert types(desk) == ["service"] * 2 + ["other"] * 2  # October and November of two services
    assert row["totalUntaxed"] == Decimal("52.35")
    assert desk.look(BILL) == Sent(status="invoiced", invoice_id=1, number="000001", amount=Decimal("12.35"))
    assert len(desk.daily_run(date(2026, 12, 1))) == 1


def test_all_accounts_of_a_client_get_onto_one_draft(desk: Desk) -> None:
    desk.daily_run(FIRST)
    desk.add(bill("1.00"), bill("1.00", account="bob"), bill("2.00", account="c;d"))
    desk.run(2)
    assert len(desk.invoices) == 1
    assert sorted(price for _, price in desk.items) == [1, 1, 2]
    assert {state.state for state in desk.states.values()} == {"invoiced"}
    assert [desk.look(bill_id).amount for bill_id in desk.bills] == [1, 1, 2]
    assert not any(desk.look(bill_id).problem for bill_id in desk.bills)


def test_without_a_draft_a_bill_waits_for_days_and_then_gets_an_invoice_of_its_own(desk: Desk) -> None:
    desk.add(bill("12.35"))
    desk.run(2)
    assert (desk.states[BILL].state, desk.invoices) == ("sent", [])
    desk.days(4.9)
    desk.run()
    assert desk.invoices == []
    desk.days(0.2)
    desk.run()
    assert (desk.states[BILL].state, types(desk)) == ("invoiced", ["other"])
    assert "no draft of UCRM's came within 5 days" in desk.states[BILL].problem


def test_a_draft_that_comes_in_time_is_used(desk: Desk) -> None:
    desk.add(bill("12.35"))
    desk.run()
    desk.days(3)
    desk.daily_run(date(2026, 11, 5))
    desk.run(2)
    assert (desk.states[BILL].state, len(desk.invoices), desk.states[BILL].problem) == ("invoiced", 1, "")


def test_the_draft_with_the_accounts_service_comes_first(desk: Desk) -> None:
    desk.standin.books.change("services", OFFICE, {"invoicingSeparately": True})
    desk.daily_run(FIRST)
    assert [row["items"][0]["serviceId"] for row in desk.invoices] == [OFFICE, LINE]
    desk.add(bill("12.35"))
    desk.run()
    assert [row["items"][-1]["type"] for row in desk.invoices] == ["service", "other"]


@pytest.mark.parametrize("how", ["before", "after"])
@pytest.mark.parametrize("late", [False, True])
def test_a_run_cut_short_at_any_request_is_made_good_by_the_next(tmp_path: Path, how: How, late: bool) -> None:
    request = 0
    while True:
        request += 1
        with operator(tmp_path / str(request), way="draft", send=True) as desk:
            if late:
                desk.days(6)  # no draft: an invoice of its own
            else:
                desk.daily_run(FIRST)
            desk.add(bill("12.35"))
            desk.break_at(request, how)
            desk.run(2)
            if desk.wire.requests < request:
                break
            desk.connect()
            desk.run(2)
            assert desk.items == [("Line 0", Decimal("12.35"))], request
            assert (desk.states[BILL].state, len(desk.invoices)) == ("invoiced", 1)
            assert desk.invoices[0]["emailSentDate"] is not None
    assert request > 7


@pytest.mark.parametrize("kind", ["500", "500-after", "timeout-after", "429", "html", "html-after"])
@pytest.mark.parametrize("match", [AMEND, "PATCH /invoices/*/approve"])
def test_faults_of_ucrm_put_nothing_onto_a_draft_twice(desk: Desk, kind: str, match: str) -> None:
    desk.daily_run(FIRST)
    desk.fail(match, kind, times=2)
    desk.add(bill("12.35"))
    desk.run(6)
    assert desk.items == [("Line 0", Decimal("12.35"))]
    assert (desk.states[BILL].state, desk.states[BILL].problem) == ("invoiced", "")


def test_a_draft_that_takes_nothing_is_told(desk: Desk) -> None:
    desk.daily_run(FIRST)
    desk.fail(AMEND, "422")
    desk.add(bill("12.35"))
    desk.run()
    assert "422" in desk.states[BILL].problem
    desk.run(2)
    assert (desk.states[BILL].state, desk.states[BILL].problem) == ("invoiced", "")


def test_without_approving_the_draft_waits_for_a_person(tmp_path: Path) -> None:
    with operator(tmp_path, way="draft", approve=False) as desk:
        desk.daily_run(FIRST)
        desk.add(bill("12.35"))
        desk.run(3)
        assert (desk.states[BILL].state, desk.states[BILL].problem) == ("sent", "")
        desk.days(6)
        desk.run()
        assert "still waits to be approved; until then UCRM invoices none of the services" in desk.states[BILL].problem
        desk.standin.hand("approve", 1)
        desk.run()
        assert (desk.states[BILL].state, desk.states[BILL].invoice_number) == ("invoiced", "000001")


# ---- what differs between versions of UCRM


def test_where_a_patch_makes_an_invoice_of_the_draft_the_bill_is_invoiced(tmp_path: Path) -> None:
    with operator(tmp_path, way="draft", options={"_patchApprovesDraft": True}) as desk:
        desk.daily_run(FIRST)
        desk.add(bill("12.35"))
        desk.run()
        assert (desk.states[BILL].state, desk.states[BILL].invoice_number) == ("invoiced", "000001")


def test_where_a_patch_replaces_the_items_the_draft_is_not_approved(tmp_path: Path) -> None:
    with operator(tmp_path, way="draft", options={"_patchReplacesItems": True}) as desk:
        desk.daily_run(FIRST)
        desk.add(bill("12.35"))
        desk.run(3)
        assert desk.invoices[0]["status"] == 0
        assert "has no service on it any more" in desk.states[BILL].problem


def approved_before_the_patch(desk: Desk, monkeypatch: pytest.MonkeyPatch, *deeds: str) -> None:
    """A person is faster: between our look and our PATCH."""
    change = desk.invoicing._crm.api.change

    def slow(path: str, body: object = None) -> None:
        monkeypatch.undo()
        for deed in deeds:
            desk.standin.hand(deed, 1)
        change(path, body)  # type: ignore[arg-type]

    monkeypatch.setattr(desk.invoicing._crm.api, "change", slow)


def test_a_draft_approved_meanwhile_takes_the_calls_as_an_invoice(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.daily_run(FIRST)
    desk.add(bill("12.35"))
    approved_before_the_patch(desk, monkeypatch, "approve")
    desk.run()
    assert (desk.states[BILL].state, desk.items) == ("invoiced", [("Line 0", Decimal("12.35"))])


def test_a_draft_paid_meanwhile_is_none_any_more(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.daily_run(FIRST)
    desk.add(bill("12.35"))
    approved_before_the_patch(desk, monkeypatch, "approve", "pay")
    desk.run()
    assert (desk.states[BILL].state, desk.items, desk.states[BILL].problem) == ("sent", [], "")
    desk.days(6)
    desk.run()
    assert (desk.states[BILL].state, len(desk.invoices)) == ("invoiced", 2)


def test_a_draft_mailed_before_the_calls_came_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.daily_run(FIRST)
    desk.standin.books.change("invoices", 1, {"emailSentDate": "2026-11-01T10:00:00+0000"})
    desk.add(bill("12.35"))
    approved_before_the_patch(desk, monkeypatch, "approve")
    desk.run()
    assert "was mailed before the calls came onto it" in desk.states[BILL].problem


# ---- what people do


@pytest.mark.parametrize(
    ("deed", "fields", "amount", "told"),
    [
        ("edit-item", {"price": 3}, "4.05", '"Line 0" is 3.00 now, not 10.00'),
        ("delete-item", {}, "1.05", '"Line 0" (10.00) is not on it any more'),
    ],
)
def test_an_item_changed_by_hand_is_told(desk: Desk, deed: str, fields: dict[str, int], amount: str, told: str) -> None:
    desk.daily_run(FIRST)
    desk.add(bill("10.00", "1.05"))
    desk.run(2)
    item = next(item for item in desk.invoices[0]["items"] if item["label"] == "Line 0")
    desk.standin.hand(deed, item["id"], **fields)
    sent = desk.look(BILL)
    assert sent.amount == Decimal(amount)
    assert told in sent.problem


def test_a_deleted_draft_is_told_and_on_request_the_bill_goes_onto_the_next(desk: Desk) -> None:
    desk.daily_run(FIRST)
    desk.add(bill("12.35"))
    desk.run()
    desk.standin.hand("delete-invoice", 1)
    desk.run()
    assert desk.states[BILL].problem == "void deleted in UCRM"
    desk.daily_run(date(2026, 11, 3))
    desk.again(BILL)
    desk.run(2)
    assert desk.items == [("Line 0", Decimal("12.35"))]
    assert desk.states[BILL].state == "invoiced"


def test_a_void_invoice_is_told(desk: Desk) -> None:
    desk.daily_run(FIRST)
    desk.add(bill("12.35"))
    desk.run(2)
    desk.standin.hand("void", 1)
    assert desk.look(BILL).status == "void"


def test_clients_with_proforma_invoices_are_refused(desk: Desk) -> None:
    with pytest.raises(CallmeterError, match="gets proforma invoices"):
        desk.invoicing.way(bill("1.00", client=PRO))
    assert desk.invoicing.way(bill("1.00", client=ADA)) == "draft"
