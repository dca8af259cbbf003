"""Way "invoice": each bill is one invoice in the end, whatever goes wrong; the operator hears what people changed."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from callmeter.errors import CallmeterError, Unreachable
from callmeter.local.ucrm.faults import KINDS
from callmeter.model import Bill, BillingRules, BillLine, Sent
from ucrm_desk import ADA, BO, EMI, FAY, FROZEN, GONE, LEAD, LINE, OFFICE, Desk, How, bill, operator

ISSUE = "POST /clients/*/invoices"
BILL = "ada-2026-10"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with operator(tmp_path) as desk:
        yield desk


def test_a_bill_becomes_a_numbered_invoice_that_is_found_by_its_bill(desk: Desk) -> None:
    desk.add(bill("12.30", "0.05"))
    desk.run()
    state = desk.states[BILL]
    assert (state.state, state.way, state.invoice_number, state.problem) == ("invoiced", "invoice", "000001", "")
    assert desk.look(BILL) == Sent(status="invoiced", invoice_id=1, number="000001", amount=Decimal("12.35"))
    (row,) = desk.invoices
    assert desk.items == [("Line 0", Decimal("12.30")), ("Line 1", Decimal("0.05"))]
    assert [(mark["key"], mark["value"]) for mark in row["attributes"]] == [("callmeterBill", BILL)]
    assert BILL in row["adminNotes"]
    assert row["notes"] is None


def test_prices_reach_ucrm_digit_for_digit(desk: Desk) -> None:
    desk.add(bill("0.10", "0.20", "90071992547409.93"))
    desk.run()
    assert [str(price) for _, price in desk.items] == ["0.10", "0.20", "90071992547409.93"]
    assert desk.look(BILL).amount == Decimal("90071992547410.23")


def test_yen_have_no_decimals(desk: Desk) -> None:
    desk.add(bill("120", "34", client=EMI, currency="JPY"))
    desk.run()
    assert desk.look(BILL).amount == 154


@pytest.mark.parametrize(
    ("taxes", "on_items", "total"),
    [
        ("client", (4, 5, None), "15.13"),  # 12.50 + 20 % 2.50 + 1 % 0.125, rounded to 0.13
        ("none", (None, None, None), "12.50"),
        ((5,), (5, None, None), "12.63"),
    ],
)
def test_items_name_the_taxes_that_the_rules_want(tmp_path: Path, taxes: Any, on_items: Any, total: str) -> None:
    with operator(tmp_path, taxes=taxes) as desk:
        desk.add(bill("10.00", "2.50", client=BO))
        desk.run()
        (row,) = desk.invoices
        found = [tuple(item[name] for name in ("tax1Id", "tax2Id", "tax3Id")) for item in row["items"]]
        assert (found, row["total"]) == ([on_items] * 2, Decimal(total))
        assert desk.look(BILL).amount == Decimal("12.50")


def test_credit_and_maturity_are_as_the_rules_say(tmp_path: Path) -> None:
    with operator(tmp_path, apply_credit=False, maturity_days=30) as desk:
        desk.add(bill("10.00", client=FAY))
        desk.run()
        desk.connect(desk.rules.model_copy(update={"ucrm": desk.rules.ucrm.model_copy(update={"apply_credit": True})}))
        desk.add(bill("10.00", client=FAY, period="2026-11"))
        desk.run()
        assert [(row["amountPaid"], row["maturityDays"]) for row in desk.invoices] == [(0, 30), (12, 30)]


def test_an_organization_has_rules_of_its_own(tmp_path: Path) -> None:
    with operator(tmp_path) as desk:
        organization = desk.standin.books.get("clients", ADA)["organizationId"]
        desk.connect(BillingRules.model_validate({"ucrm": {"organizations": {str(organization): {"draft": True}}}}))
        desk.add(bill("1.00"))
        desk.run()
        assert desk.invoices[0]["status"] == 0


# ---- what may go wrong


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"slow"}))
@pytest.mark.parametrize("times", [1, 3])
def test_whatever_goes_wrong_while_issuing_there_is_one_invoice_in_the_end(desk: Desk, kind: str, times: int) -> None:
    desk.fail(ISSUE, kind, times=times)
    desk.add(bill("12.35"))
    desk.run(5)
    assert [row["number"] for row in desk.invoices] == ["000001"]
    assert (desk.states[BILL].state, desk.states[BILL].problem) == ("invoiced", "")
    assert desk.told


@pytest.mark.parametrize("how", ["before", "after"])
@pytest.mark.parametrize("rules", [{}, {"draft": True}, {"send": True}, {"with_services": True, "send": True}])
def test_a_run_cut_short_at_any_request_is_made_good_by_the_next(
    tmp_path: Path, how: How, rules: dict[str, Any]
) -> None:
    request = 0
    while True:
        request += 1
        with operator(tmp_path / str(request), **rules) as desk:
            desk.standin.books.options["_attributeFindsDrafts"] = False
            desk.add(bill("12.35"))
            desk.break_at(request, how)
            desk.run()
            if desk.wire.requests < request:
                break
            desk.connect()
            desk.run(2)
            assert desk.items == [("Line 0", Decimal("12.35"))], request
            assert desk.states[BILL].state == ("sent" if "draft" in rules else "invoiced")
            assert len(desk.standin.books.rows("customAttributes")) == 1
    assert request > 6


def test_a_draft_waits_for_a_person_and_is_told_of_when_it_waits_long(tmp_path: Path) -> None:
    with operator(tmp_path, draft=True) as desk:
        desk.add(bill("12.35"))
        desk.run(2)
        assert (desk.states[BILL].state, desk.states[BILL].problem, len(desk.invoices)) == ("sent", "", 1)
        desk.days(6)
        desk.run()
        assert "draft 1: it still waits to be approved" in desk.states[BILL].problem
        desk.standin.hand("approve", 1)
        desk.run()
        assert (desk.states[BILL].state, desk.states[BILL].invoice_number) == ("invoiced", "000001")


def test_an_invoice_that_ucrm_made_a_draft_all_the_same_is_approved(desk: Desk) -> None:
    desk.fail(ISSUE, "timeout-after")
    desk.add(bill("12.35"))
    desk.run()
    desk.standin.books.change("invoices", 1, {"status": 0, "number": None})
    desk.run()
    assert (desk.states[BILL].state, len(desk.invoices)) == ("invoiced", 1)


def test_a_mailed_invoice_is_mailed_once(tmp_path: Path) -> None:
    with operator(tmp_path, send=True) as desk:
        desk.add(bill("1.00"), bill("2.00", client=FAY, account="fay"))
        desk.run()
        sent = [row["emailSentDate"] for row in desk.invoices]
        assert (sent[0] is not None, sent[1]) == (True, None)
        assert "invoice 000002 was not mailed" in desk.states["fay-2026-10"].problem
        assert desk.states["fay-2026-10"].state == "invoiced"


# ---- with services


def test_due_services_come_on_the_same_invoice(tmp_path: Path) -> None:
    with operator(tmp_path, with_services=True) as desk:
        desk.add(bill("12.35"))
        desk.run()
        (row,) = desk.invoices
        assert [item["serviceId"] for item in row["items"]] == [LINE, OFFICE, None]
        assert desk.look(BILL).amount == Decimal("12.35")
        assert desk.daily_run(date(2026, 10, 20)) == []  # nothing is left for UCRM's own run
        desk.add(bill("1.00", account="bob"), bill("2.00", account="cat"))
        desk.run()
        services = [[item["serviceId"] for item in row["items"]] for row in desk.invoices[1:]]
        assert services == [[LINE, OFFICE, None], [None]]  # November is due as well; then nothing is


def test_services_that_ucrm_does_not_take_leave_the_calls_alone(tmp_path: Path) -> None:
    with operator(tmp_path, with_services=True) as desk:
        desk.fail(ISSUE, "422")
        desk.add(bill("12.35"))
        desk.run()
        assert desk.items == [("Line 0", Decimal("12.35"))]
        assert "did not take the client's services" in desk.states[BILL].problem


def test_a_service_on_a_draft_stays_there(tmp_path: Path) -> None:
    with operator(tmp_path, with_services=True) as desk:
        desk.daily_run(date(2026, 11, 1))
        desk.add(bill("12.35"))
        desk.run()
        assert [item["type"] for item in desk.invoices[-1]["items"]] == ["other"]


# ---- what people do


def sent_bill(desk: Desk, *amounts: str) -> dict[str, Any]:
    desk.add(bill(*amounts))
    desk.run()
    return desk.invoices[-1]


@pytest.mark.parametrize(
    ("deed", "fields", "amount", "told"),
    [
        ("edit-item", {"price": 3}, "4.05", "it comes to 4.05 without tax, the bill to 11.05 GBP"),
        ("edit-item", {"label": "Telephone"}, "11.05", ""),
        ("delete-item", {}, "1.05", "it comes to 1.05"),
    ],
)
def test_an_item_changed_by_hand_is_told(desk: Desk, deed: str, fields: dict[str, Any], amount: str, told: str) -> None:
    row = sent_bill(desk, "10.00", "1.05")
    desk.standin.hand(deed, row["items"][0]["id"], **fields)
    sent = desk.look(BILL)
    assert (sent.status, sent.amount) == ("invoiced", Decimal(amount))
    assert told in sent.problem
    assert bool(told) == bool(sent.problem)


def test_a_void_invoice_is_told_and_only_sent_anew_when_asked_for(desk: Desk) -> None:
    sent_bill(desk, "10.00")
    desk.standin.hand("void", 1)
    assert desk.look(BILL) == Sent(status="void", invoice_id=1, number="000001")
    desk.run(2)
    assert len(desk.invoices) == 1
    desk.again(BILL)
    desk.run()
    assert [row["status"] for row in desk.invoices] == [4, 1]
    assert [a["value"] for a in desk.invoices[1]["attributes"]] == [f"{BILL}~2"]
    assert desk.states[BILL].invoice_number == "000002"


def test_an_invoice_voided_before_its_answer_came_is_void_and_not_sent_again(desk: Desk) -> None:
    desk.fail(ISSUE, "timeout-after")
    desk.add(bill("10.00"))
    desk.run()
    desk.standin.hand("void", 1)
    desk.run(2)
    assert len(desk.invoices) == 1
    assert desk.states[BILL].problem.startswith("void")


def test_a_draft_that_a_person_deleted_is_told_and_not_made_again(tmp_path: Path) -> None:
    with operator(tmp_path, draft=True) as desk:
        sent_bill(desk, "10.00")
        desk.standin.hand("delete-invoice", 1)
        desk.run(2)
        assert desk.invoices == []
        assert desk.states[BILL].problem == "void deleted in UCRM"


def test_an_invoice_whose_mark_was_removed_is_known_by_its_id(tmp_path: Path) -> None:
    with operator(tmp_path, draft=True) as desk:
        sent_bill(desk, "10.00")
        desk.standin.books.change("invoices", 1, {"attributes": []})
        desk.standin.hand("approve", 1)
        desk.run()
        assert (desk.states[BILL].state, len(desk.invoices)) == ("invoiced", 1)


def test_an_earlier_attempt_in_force_keeps_the_next_from_being_sent(desk: Desk) -> None:
    row = sent_bill(desk, "10.00")
    desk.standin.hand("void", 1)
    desk.again(BILL)
    desk.standin.books.change("invoices", 1, {"status": row["status"]})
    desk.run()
    assert len(desk.invoices) == 1
    assert "attempt 2 was not sent" in desk.states[BILL].problem


def test_two_invoices_in_force_are_told(desk: Desk) -> None:
    row = sent_bill(desk, "10.00")
    desk.standin.books.add("invoices", {**row, "id": 2, "number": "000002"})
    assert desk.look(BILL).problem == f"bill {BILL} is on invoice 000002 too: void all but one"


def test_bill_ids_are_matched_whole_and_with_their_case(desk: Desk) -> None:
    desk.add(bill("1.00", account="ada;b"), bill("2.00", account="ada"), bill("3.00", account="ADA"))
    desk.run()
    assert [desk.look(f"{account}-2026-10").amount for account in ("ada;b", "ada", "ADA")] == [1, 2, 3]


# ---- what is refused


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (bill("1.00", client=None), "account ada has no UCRM client"),
        (bill("1.00", client=9), "UCRM has no client 9. Correct ucrm_client_id of account ada"),
        (bill("1.00", client=LEAD), "client 1003 of account ada is a lead"),
        (bill("1.00", client=GONE), "client 1004 of account ada is archived"),
        (bill("1.00", currency="EUR"), "account ada is billed in EUR, but UCRM client 1001 in GBP"),
        (bill("0.00"), "there is nothing to send"),
        (bill("1.00", amount=Decimal("1.01")), "its lines add up to 1.00"),
        (bill("1.005", "1.005"), "more decimals than GBP has"),
        (bill("1.50", client=EMI, currency="JPY"), "more decimals than JPY has"),
    ],
)
def test_a_bill_that_cannot_be_invoiced_is_refused_before_anything_is_sent(desk: Desk, wrong: Bill, told: str) -> None:
    with pytest.raises(CallmeterError, match=told) as refused:
        desk.invoicing.way(wrong)
    assert not isinstance(refused.value, Unreachable)
    assert desk.standin.books.last_ids.get("invoices") is None
    assert desk.standin.books.rows("customAttributes") == []


def test_a_client_archived_after_its_way_was_chosen_gets_no_invoice(desk: Desk) -> None:
    desk.fail(ISSUE, "500")
    desk.add(bill("1.00"))
    desk.run()
    desk.standin.hand("archive-client", ADA)
    desk.run()
    assert "archived: restore it" in desk.states[BILL].problem
    assert desk.states[BILL].state == "sending"


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ({"taxes": (9,)}, "UCRM has no tax 9"),
        ({"taxes": (4, 5, 4, 5)}, "three taxes an item"),
    ],
)
def test_taxes_that_cannot_be_are_refused(tmp_path: Path, rules: dict[str, Any], told: str) -> None:
    with operator(tmp_path, **rules) as desk, pytest.raises(CallmeterError, match=told):
        desk.invoicing.way(bill("1.00"))


# ---- prices with tax


@pytest.mark.parametrize("amounts", [("12.35",), ("0.01", "0.02", "33.33"), ("1.11",) * 7, ("0.07", "0.07", "0.07")])
def test_where_prices_include_tax_the_amount_without_is_the_bills_to_the_cent(
    tmp_path: Path, amounts: tuple[str, ...]
) -> None:
    with operator(tmp_path, options={"pricingMode": 2}) as desk:
        desk.add(bill(*amounts, client=FAY))
        desk.run()
        (row,) = desk.invoices
        assert row["totalUntaxed"] == sum(map(Decimal, amounts))
        assert desk.states[BILL].problem == ""


def test_prices_with_two_taxes_or_another_sum_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with operator(tmp_path, options={"pricingMode": 2}) as desk:
        with pytest.raises(CallmeterError, match="2 taxes, but UCRM takes one tax an item"):
            desk.invoicing.way(bill("1.00", client=BO))

        def cheaper(*_: Any) -> dict[str, Any]:
            nothing = Decimal("0.00")
            return {"subtotal": nothing, "totalUntaxed": Decimal("0.99"), "total": nothing}

        monkeypatch.setattr("callmeter.local.ucrm.totals.of_invoice", cheaper)
        with pytest.raises(CallmeterError, match=r"of 1\.00, bill ada-2026-10, it would make 0\.99 without tax"):
            desk.invoicing.way(bill("1.00", client=FAY))
        assert desk.invoices == []


def test_a_refusal_is_told_in_ucrms_words(desk: Desk) -> None:
    desk.add(bill("1.00", lines=(BillLine(label="", amount=Decimal("1.00")),)))
    desk.run()
    assert "422" in desk.states[BILL].problem
    assert "items[].label: This value should not" in desk.states[BILL].problem
    assert desk.now == FROZEN
