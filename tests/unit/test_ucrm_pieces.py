"""The arithmetic of billing into UCRM: prices with tax, what of a bill is on an invoice, the meter, due services."""

from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callmeter.model import BillLine
from callmeter.ucrm.answers import InvoiceItem, IssuedInvoice, Service, written
from callmeter.ucrm.due import is_due, period_after
from callmeter.ucrm.items import Priced, Taxing, on_invoice, priced
from callmeter.ucrm.meter import Charged, Share, outstanding, shares

CENTS = st.integers(1, 10**7).map(lambda cents: Decimal(cents) / 100)
CENT = Decimal("0.01")


# ---- items


@given(
    st.lists(CENTS, min_size=1, max_size=12),
    st.integers(1, 300).map(lambda tenths: Decimal(tenths) / 10),
    st.booleans(),
)
def test_taking_the_tax_off_the_prices_gives_the_bill_again(
    amounts: list[Decimal], rate: Decimal, credit: bool
) -> None:
    signed = [-amount if credit else amount for amount in amounts]
    lines = [BillLine(label=str(at), amount=amount) for at, amount in enumerate(signed)]
    gross = sum((item.price for item in priced(lines, "GBP", Taxing((4,), rate))), Decimal(0))
    tax = (gross * rate / (100 + rate)).quantize(CENT, ROUND_HALF_UP)
    assert gross - tax == sum(signed)


def item(label: str, total: str, number: int = 1) -> InvoiceItem:
    return InvoiceItem(id=number, label=label, total=Decimal(total))


WANTED = [Priced("Calls", Decimal("10.00"), Decimal("10.00")), Priced("Calls", Decimal("2.00"), Decimal("2.00"))]


@pytest.mark.parametrize(
    ("there", "amount", "changes"),
    [
        ([item("Calls", "2.00"), item("Rent", "5"), item("Calls", "10.00")], "12.00", []),
        ([item("Calls", "10.00"), item("Calls", "2.00"), item("Calls", "10.00")], "12.00", []),
        ([item("Calls", "9.00"), item("Calls", "10.00")], "19.00", ['"Calls" is 9.00 now, not 2.00']),
        ([item("Telephone", "2.00"), item("Calls", "10.00")], "10.00", ['"Calls" (2.00) is not on it any more']),
        ([], "0", ['"Calls" (10.00) is not on it any more', '"Calls" (2.00) is not on it any more']),
    ],
)
def test_what_of_a_bill_is_among_others_items(there: list[InvoiceItem], amount: str, changes: list[str]) -> None:
    assert on_invoice(WANTED, there, "GBP", Taxing()) == (Decimal(amount), changes)


def test_a_changed_item_counts_without_its_tax() -> None:
    amount, _ = on_invoice(
        [Priced("Calls", Decimal("12.00"), Decimal("10.00"))], [item("Calls", "6.00")], "GBP", Taxing((4,), Decimal(20))
    )
    assert amount == 5


@given(st.lists(st.text(min_size=1), min_size=1, max_size=4))
def test_references_that_share_an_invoice_are_read_as_they_were_written(references: list[str]) -> None:
    attribute = {"customAttributeId": 1, "key": "callmeterBill", "value": ";".join(map(written, references))}
    invoice = IssuedInvoice.model_validate(
        {"id": 1, "clientId": 1, "status": 1, "createdDate": "2026-11-01T00:00:00+0000", "totalUntaxed": 0,
         "currencyCode": "GBP", "attributes": [attribute]}
    )  # fmt: skip
    assert list(invoice.references) == references


# ---- the meter


def charged(*totals: Decimal | str, draft: bool = False) -> list[Charged]:
    return [Charged(at, f"{at:06}", draft, Decimal(total)) for at, total in enumerate(totals, 1)]


def told(share: Share) -> tuple[str, str, int | None]:
    """What is on numbered invoices, with drafts, and which invoice charged the last of it."""
    return str(share.numbered), str(share.charged), share.last.invoice_id if share.last else None


def test_what_is_charged_covers_the_oldest_bill_first() -> None:
    found = shares([Decimal(10), Decimal(5), Decimal(1)], charged("4", "8"))
    assert list(map(told, found)) == [("10", "10", 2), ("2", "2", None), ("0", "0", None)]


def test_a_draft_covers_what_numbered_invoices_leave() -> None:
    drafts = charged("10", draft=True)
    found = shares([Decimal(10), Decimal(5)], [*drafts, Charged(2, "000002", False, Decimal(10))])
    assert list(map(told, found)) == [("10", "10", 2), ("0", "5", 1)]


@given(st.lists(CENTS, max_size=8), st.lists(CENTS, max_size=8))
def test_shares_are_what_is_charged_as_far_as_there_are_bills(bills: list[Decimal], totals: list[Decimal]) -> None:
    found = shares(bills, charged(*totals))
    assert sum(share.charged for share in found) == min(sum(bills), sum(totals))
    assert [share.last is not None for share in found] == [
        share.charged == amount for share, amount in zip(found, bills, strict=True)
    ]
    left = outstanding(bills, charged(*totals))
    assert max(left, 0) == sum(bills) - sum(share.charged for share in found)


@given(
    st.lists(CENTS, min_size=1, max_size=6),
    st.lists(st.sampled_from(["none", "half", "once", "twice", "late", "void"]), max_size=20),
)
def test_whatever_runs_make_of_the_meter_the_bills_are_charged_in_the_end(
    bills: list[Decimal], runs: list[str]
) -> None:
    """Six months and more: a bill a run, the price read and set before each; then runs as they should be."""
    totals: list[Decimal] = []
    price = Decimal(0)
    for month, run in enumerate([*runs, *["once"] * (len(bills) + 1)]):
        due = bills[: month + 1]
        if run != "late":  # callmeter was not there to set it
            price = max(outstanding(due, charged(*totals)), Decimal(0))
        times = {"none": Decimal(0), "half": Decimal("0.5"), "twice": Decimal(2)}.get(run, Decimal(1))
        totals.append((price * times).quantize(CENT, ROUND_HALF_UP))
        if run == "void":
            totals[-1] = Decimal(0)
    left = outstanding(bills, charged(*totals))
    assert left <= 0
    if not {"twice", "late"} & set(runs):
        assert left == 0
        assert all(share.last for share in shares(bills, charged(*totals)))


# ---- due services


def service(**facts: object) -> Service:
    usual = {"id": 1, "clientId": 1, "status": 1, "invoicingPeriodType": 2, "invoicingPeriodStartDay": 1}
    return Service.model_validate({**usual, "servicePlanPeriod": 1, **facts})


def at(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("facts", "first_due"),
    [
        ({"invoicingStart": at("2026-11-01")}, "2026-11-01"),
        ({"lastInvoicedDate": at("2026-11-30"), "invoicingStart": at("2026-01-01")}, "2026-12-01"),
        ({"lastInvoicedDate": at("2026-11-30"), "nextInvoicingDayAdjustment": 5}, "2026-11-26"),
        ({"lastInvoicedDate": at("2026-11-30"), "invoicingPeriodType": 1}, "2027-01-01"),
        ({"invoicingStart": at("2026-11-20"), "invoicingPeriodType": 1}, "2026-12-01"),
        ({"lastInvoicedDate": at("2026-12-31"), "invoicingPeriodType": 1, "servicePlanPeriod": 3}, "2027-04-01"),
    ],
)
def test_a_service_is_due_from_the_day_on_that_ucrm_would_invoice_it(facts: dict[str, object], first_due: str) -> None:
    day = date.fromisoformat(first_due)
    assert is_due(service(**facts), day)
    assert not is_due(service(**facts), date.fromordinal(day.toordinal() - 1))


def test_a_service_without_dates_is_never_due() -> None:
    assert not is_due(service(), date(2100, 1, 1))


@pytest.mark.parametrize(
    ("starts_on", "start_day", "months", "expected"),
    [
        ("2026-01-31", 31, 1, "2026-02-28"),
        ("2026-02-28", 31, 1, "2026-03-31"),
        ("2026-11-15", 15, 12, "2027-11-15"),
        ("2026-11-10", 15, 3, "2026-11-15"),
        ("2026-12-20", 15, 3, "2027-01-15"),
    ],
)
def test_periods_begin_on_the_services_day(starts_on: str, start_day: int, months: int, expected: str) -> None:
    assert period_after(date.fromisoformat(starts_on), start_day, months) == date.fromisoformat(expected)
