"""Way "surcharge": a meter on the service, and in the end UCRM has charged what the bills come to."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from callmeter.errors import CallmeterError
from callmeter.model import Bill, Sent
from ucrm_desk import ADA, FAY, LINE, METER, OFFICE, Desk, How, bill, operator

BILL, NEXT = "ada-2026-10", "ada-2026-11"
METERS = "POST /clients/services/*/service-surcharges"
TURN = "PATCH /clients/services/service-surcharges/*"


AUTOMATIC = {"approveAndSendInvoiceAutomatically": True}


@contextmanager
def at_month_end(folder: Path, **more: Any) -> Iterator[Desk]:
    """The services were invoiced up to now; December's period is the next. UCRM approves its invoices itself."""
    settings = {"way": "surcharge", "surcharge_id": METER, "options": AUTOMATIC, **more}
    with operator(folder, **settings) as desk:
        for service in (LINE, OFFICE):
            desk.standin.books.change("services", service, {"_invoicedTo": "2026-11-30"})
        yield desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with at_month_end(tmp_path) as desk:
        yield desk


def meters(desk: Desk) -> list[Any]:
    return [(row["invoiceLabel"], row["price"]) for row in desk.standin.books.rows("serviceSurcharges")]


def charged(desk: Desk) -> Any:
    """What invoices in force say for the meter."""
    rows = [row for row in desk.invoices if row["status"] != 4]
    return sum((item["total"] for row in rows for item in row["items"] if item["type"] == "surcharge"), Decimal(0))


def test_the_meter_is_charged_by_ucrms_run_and_turned_back(desk: Desk) -> None:
    desk.add(bill("12.35"))
    desk.run(2)
    assert (desk.states[BILL].state, desk.states[BILL].way) == ("sent", f"surcharge {LINE}")
    assert meters(desk) == [(f"Calls 2026-10: 123 (ada/{LINE})", Decimal("12.35"))]
    desk.daily_run(date(2026, 12, 1))
    desk.run()
    state = desk.states[BILL]
    assert (state.state, state.invoice_id, state.invoice_number, state.problem) == ("invoiced", 1, "000001", "")
    assert (meters(desk)[0][1], charged(desk)) == (0, Decimal("12.35"))
    assert desk.look(BILL) == Sent(status="invoiced", invoice_id=1, number="000001", amount=Decimal("12.35"))


def test_bills_of_several_months_come_onto_one_meter_oldest_first(desk: Desk) -> None:
    desk.add(bill("10.00"), bill("5.00", period="2026-11"))
    desk.run(2)
    assert meters(desk) == [(f"Calls 2026-11: 123 (ada/{LINE})", Decimal("15.00"))]
    desk.daily_run(date(2026, 12, 1))
    desk.run()
    assert [state.state for state in desk.states.values()] == ["invoiced"] * 2
    assert charged(desk) == 15


def test_a_run_that_came_too_early_leaves_the_calls_to_the_next(desk: Desk) -> None:
    desk.daily_run(date(2026, 12, 1))
    desk.add(bill("12.35"))
    desk.run()
    assert desk.states[BILL].state == "sent"
    desk.daily_run(date(2027, 1, 1))
    desk.run()
    assert (desk.states[BILL].state, desk.states[BILL].invoice_number, charged(desk)) == (
        "invoiced", "000002", Decimal("12.35"),
    )  # fmt: skip


def test_a_draft_is_waited_for(tmp_path: Path) -> None:
    with at_month_end(tmp_path, options={}) as desk:
        desk.add(bill("12.35"))
        desk.run()
        desk.daily_run(date(2026, 12, 1))
        desk.run()
        assert (desk.states[BILL].state, desk.states[BILL].invoice_id, meters(desk)[0][1]) == ("sent", 1, 0)
        desk.standin.hand("approve", 1)
        desk.run()
        assert (desk.states[BILL].state, desk.states[BILL].invoice_number) == ("invoiced", "000001")


@pytest.mark.parametrize("how", ["before", "after"])
def test_a_run_cut_short_at_any_request_is_made_good_by_the_next(tmp_path: Path, how: How) -> None:
    request = 0
    while True:
        request += 1
        with at_month_end(tmp_path / str(request)) as desk:
            desk.add(bill("12.35"))
            desk.break_at(request, how)
            desk.run()
            cut = desk.wire.requests >= request
            if cut:
                desk.run()  # the run after the crash, before UCRM's own
            desk.daily_run(date(2026, 12, 1))
            desk.run()
            if not cut and desk.wire.requests < request:
                break
            desk.connect()
            desk.run(2)
            assert (desk.states[BILL].state, charged(desk)) == ("invoiced", Decimal("12.35")), request
            assert [price for _, price in meters(desk)] == [0]
    assert request > 10


@pytest.mark.parametrize("kind", ["500", "500-after", "timeout-after", "429", "422", "html-after"])
@pytest.mark.parametrize("match", [METERS, TURN])
def test_faults_of_ucrm_make_one_meter_and_one_charge(desk: Desk, kind: str, match: str) -> None:
    desk.fail(match, kind, times=2)
    desk.add(bill("12.35"))
    desk.run(4)
    desk.daily_run(date(2026, 12, 1))
    desk.run(4)
    assert (desk.states[BILL].state, charged(desk), len(meters(desk))) == ("invoiced", Decimal("12.35"), 1)


# ---- what UCRM does with a surcharge


def test_a_meter_that_was_charged_twice_is_told_and_used_up_by_the_next_bills(desk: Desk) -> None:
    desk.add(bill("10.00"))
    desk.run()
    desk.daily_run(date(2026, 12, 1))
    desk.daily_run(date(2027, 1, 1))  # callmeter was away meanwhile
    desk.run()
    assert (desk.states[BILL].state, charged(desk)) == ("invoiced", 20)
    assert "UCRM charged 10.00 GBP more than the bills come to" in desk.states[BILL].problem
    desk.add(bill("4.00", period="2026-11"))
    desk.run()
    assert (desk.states[NEXT].state, meters(desk)[0][1]) == ("invoiced", 0)
    assert "6.00 GBP more" in desk.states[NEXT].problem
    desk.add(bill("7.00", period="2026-12"))
    desk.run()
    assert meters(desk)[0][1] == 1  # 10 + 4 + 7 - 20
    desk.daily_run(date(2027, 2, 1))
    desk.run()
    assert ({one.state for one in desk.states.values()}, charged(desk)) == ({"invoiced"}, 21)


def test_a_catch_up_of_two_periods_is_found_and_used_up(desk: Desk) -> None:
    desk.add(bill("10.00"))
    desk.run()
    desk.daily_run(date(2027, 1, 1))  # December and January at once
    desk.run()
    assert charged(desk) == 20
    assert "10.00 GBP more" in desk.states[BILL].problem


def test_a_prorated_charge_leaves_the_rest_on_the_meter(desk: Desk) -> None:
    desk.standin.books.change("services", LINE, {"_invoicedTo": None, "invoicingStart": "2026-12-16T00:00:00+0000"})
    desk.add(bill("10.00"))
    desk.run()
    desk.daily_run(date(2026, 12, 16))
    desk.run()
    part = charged(desk)
    assert 0 < part < 10
    assert meters(desk)[0][1] == 10 - part
    assert f"UCRM charged {part} of 10.00 GBP" in desk.states[BILL].problem
    desk.daily_run(date(2027, 1, 1))
    desk.run()
    assert (desk.states[BILL].state, desk.states[BILL].problem, charged(desk)) == ("invoiced", "", 10)


def test_a_run_between_our_look_and_our_change_is_seen_at_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.add(bill("10.00"))
    desk.run()
    desk.add(bill("5.00", period="2026-11"))
    change = desk.invoicing._crm.api.change

    def slow(path: str, body: object = None) -> None:
        monkeypatch.undo()
        desk.daily_run(date(2026, 12, 1))
        change(path, body)  # type: ignore[arg-type]

    monkeypatch.setattr(desk.invoicing._crm.api, "change", slow)
    desk.run()
    assert meters(desk)[0][1] == 5
    desk.daily_run(date(2027, 1, 1))
    desk.run()
    assert ([one.state for one in desk.states.values()], charged(desk)) == (["invoiced"] * 2, 15)


# ---- what people do


def billed(desk: Desk, *amounts: str) -> dict[str, Any]:
    desk.add(bill(*amounts))
    desk.run()
    desk.daily_run(date(2026, 12, 1))
    desk.run()
    return desk.invoices[-1]


def test_a_void_invoice_is_told_and_charged_again_with_the_next_bill(desk: Desk) -> None:
    billed(desk, "10.00")
    desk.standin.hand("void", 1)
    sent = desk.look(BILL)
    assert (sent.status, sent.amount) == ("absent", Decimal(0))
    assert "UCRM charged 0.00 of 10.00 GBP" in sent.problem
    desk.add(bill("5.00", period="2026-11"))
    desk.run()
    assert meters(desk)[0][1] == 15


def test_a_void_invoice_is_charged_again_when_asked_for(desk: Desk) -> None:
    billed(desk, "10.00")
    desk.standin.hand("void", 1)
    desk.again(BILL)
    desk.run()
    assert meters(desk)[0][1] == 10


@pytest.mark.parametrize(("price", "left"), [(4, 7), (12, 0)])
def test_an_edited_charge_is_told_and_made_up_for(desk: Desk, price: int, left: int) -> None:
    row = billed(desk, "10.00")
    item = next(item for item in row["items"] if item["type"] == "surcharge")
    desk.standin.books.change("invoices", 1, {"items": [{**item, "total": Decimal(price)}]})
    assert desk.look(BILL).problem
    desk.add(bill("1.00", period="2026-11"))
    desk.run()
    assert meters(desk)[0][1] == left  # of the 11.00 that both bills come to


def test_a_meter_that_was_removed_is_made_again_and_what_it_charged_still_counts(desk: Desk) -> None:
    billed(desk, "10.00")
    desk.standin.books.remove("serviceSurcharges", 1)
    desk.add(bill("5.00", period="2026-11"))
    desk.run()
    assert [price for _, price in meters(desk)] == [5]


def test_a_second_meter_says_nothing(desk: Desk) -> None:
    desk.add(bill("10.00"))
    desk.run()
    desk.standin.books.add("serviceSurcharges", {**desk.standin.books.rows("serviceSurcharges")[0], "id": 2})
    desk.run()
    assert [price for _, price in meters(desk)] == [10, 0]


def test_a_surcharge_that_may_be_the_meter_is_for_a_person_to_tell(desk: Desk) -> None:
    desk.add(bill("10.00"))
    desk.run()
    desk.standin.books.change("serviceSurcharges", 1, {"invoiceLabel": "Telephone"})
    desk.run()
    assert f'end its label with "(ada/{LINE})"' in desk.states[BILL].problem
    assert len(meters(desk)) == 1


def test_two_accounts_of_one_service_have_a_meter_each(desk: Desk) -> None:
    desk.add(bill("10.00"), bill("3.00", account="bob", ucrm_service_id=LINE))
    desk.run()
    desk.daily_run(date(2026, 12, 1))
    desk.run()
    assert charged(desk) == 13
    assert {one.state for one in desk.states.values()} == {"invoiced"}


def test_a_bill_stays_with_the_service_that_it_began_with(desk: Desk) -> None:
    desk.add(bill("10.00"))
    desk.run()
    desk.add(bill("5.00", period="2026-11", ucrm_service_id=OFFICE))
    desk.run(2)
    assert [price for _, price in meters(desk)] == [10, 5]
    desk.daily_run(date(2026, 12, 1))
    desk.run()
    assert ([one.state for one in desk.states.values()], charged(desk)) == (["invoiced"] * 2, 15)


def test_a_service_that_ended_meanwhile_is_told(desk: Desk) -> None:
    desk.add(bill("10.00"))
    desk.run()
    desk.standin.books.change("services", LINE, {"activeTo": "2026-10-31T00:00:00+0000"})
    desk.run()
    assert f"service {LINE} has ended" in desk.states[BILL].problem


def test_a_service_with_a_change_pending_is_told_and_charged_later(desk: Desk) -> None:
    desk.standin.hand("defer-change", LINE)
    desk.add(bill("10.00"))
    desk.run()
    assert "Editing is not allowed" in desk.states[BILL].problem
    desk.standin.hand("defer-change", LINE, pending=False)
    desk.run()
    assert meters(desk)[0][1] == 10


# ---- what is refused


@pytest.mark.parametrize(
    ("rules", "wrong", "told"),
    [
        ({}, bill("1.00", ucrm_service_id=None), "account ada has no UCRM service"),
        ({}, bill("1.00", ucrm_service_id=99), "UCRM has no service 99"),
        ({}, bill("1.00", client=FAY, ucrm_service_id=LINE), "service 71 is of UCRM client 1001, not of"),
        ({}, bill("1.00", account="a" * 60), "too long to label"),
        ({"surcharge_id": None}, bill("1.00"), "surcharge_id .* is missing"),
        ({"surcharge_id": 99}, bill("1.00"), "UCRM has no surcharge 99"),
        ({"taxes": (4,)}, bill("1.00"), "takes no taxes of its own"),
    ],
)
def test_what_cannot_be_charged_is_refused(tmp_path: Path, rules: dict[str, Any], wrong: Bill, told: str) -> None:
    with at_month_end(tmp_path, **rules) as desk, pytest.raises(CallmeterError, match=told):
        desk.invoicing.way(wrong)


def test_prices_with_tax_and_proforma_invoices_are_refused(tmp_path: Path) -> None:
    with at_month_end(tmp_path, options={"pricingMode": 2}) as desk:
        with pytest.raises(CallmeterError, match="UCRM's prices include tax"):
            desk.invoicing.way(bill("1.00"))
        desk.standin.books.change("clients", ADA, {"generateProformaInvoices": True})
        with pytest.raises(CallmeterError, match="gets proforma invoices"):
            desk.invoicing.way(bill("1.00"))
