"""UCRM's own daily run in the stand-in: which periods of which services it bills, when, and on what invoices.

Unless said otherwise a rule is what UCRM 2.x did, [2X] in the facts; settings by their names in the API blueprint.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from callmeter.local.ucrm import UcrmStandin
from callmeter.local.ucrm.spans import Span, Terms, due, upcoming
from ucrm_kit import KEY

OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
MONTHLY = Terms(start=OCTOBER, start_day=1, months=1, forward=False)
_PLAN = {"id": 1, "name": "Line", "periods": [{"period": 1, "price": 30, "enabled": True}]}
_SEED: dict[str, Any] = {
    "servicePlans": [_PLAN],
    "surcharges": [{"id": 1, "name": "Call charges", "priceMonth1": 2}],
    "clients": [
        {"id": 1001, "firstName": "Ada", "lastName": "One", "contacts": [{"email": "a@example.com", "isBilling": True}]}
    ],
}

Make = Callable[..., UcrmStandin]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A stand-in with these services of one client, from October on; its other seeds by name."""

    def made(*services: Any, **seeds: Any) -> UcrmStandin:
        rows = [
            {"id": number, "clientId": 1001, "servicePlanPeriodId": 1, "activeFrom": "2026-10-01T00:00:00+0000", **one}
            for number, one in enumerate(services, start=1)
        ]
        clock = datetime(2026, 10, 1, 12, tzinfo=UTC)
        return UcrmStandin(tmp_path / "u.json", KEY, seeds={**_SEED, "services": rows, **seeds}, clock=lambda: clock)

    return made


def billed(invoice: Any) -> list[tuple[Any, ...]]:
    return [(item["type"], item["serviceId"], item["quantity"], item["total"]) for item in invoice["items"]]


def days(first: str, last: str, quantity: str = "1") -> Span:
    return Span(date.fromisoformat(first), date.fromisoformat(last), Decimal(quantity))


@pytest.mark.parametrize(
    ("changes", "spans"),
    [
        ({}, [days("2026-10-01", "2026-10-31"), days("2026-11-01", "2026-11-30")]),
        # from the 15th: 17 of October's 31 days, alone or with November
        ({"start": date(2026, 10, 15)},
         [days("2026-10-15", "2026-10-31", "0.548387096774194"), days("2026-11-01", "2026-11-30")]),
        ({"start": date(2026, 10, 15), "prorated_separately": False},
         [days("2026-10-15", "2026-11-30", "1.548387096774194"), days("2026-12-01", "2026-12-31")]),
        ({"start": date(2026, 10, 16), "thirty_day_months": True},
         [days("2026-10-16", "2026-10-31", "0.533333333333333"), days("2026-11-01", "2026-11-30")]),
        # a start day of 31 is the month's last
        ({"start": date(2027, 1, 31), "start_day": 31},
         [days("2027-01-31", "2027-02-27"), days("2027-02-28", "2027-03-30")]),
        # before the 20th: 19 of the 30 days from 20 September to 19 October
        ({"start_day": 20}, [days("2026-10-01", "2026-10-19", "0.633333333333333"), days("2026-10-20", "2026-11-19")]),
        ({"months": 3}, [days("2026-10-01", "2026-12-31"), days("2027-01-01", "2027-03-31")]),
        # ended on 10 November: 10 of 30 days
        ({"ends": date(2026, 11, 10)},
         [days("2026-10-01", "2026-10-31"), days("2026-11-01", "2026-11-10", "0.333333333333333")]),
        ({"ends": date(2026, 9, 30)}, []),
    ],
)  # fmt: skip
def test_periods_follow_each_other_from_the_start_day_on(changes: Any, spans: list[Span]) -> None:
    terms = Terms(**{**vars(MONTHLY), **changes})
    first_two = [span for _, span in zip(range(2), upcoming(terms, None), strict=False)]
    assert first_two == spans


@pytest.mark.parametrize(
    ("changes", "first_day"),
    [
        ({}, date(2026, 11, 1)),  # backward: when the period is over
        ({"forward": True}, date(2026, 10, 1)),  # forward: when it begins
        ({"adjustment": 5}, date(2026, 10, 27)),
        ({"forward": True, "adjustment": 5}, date(2026, 9, 26)),
        ({"ends": date(2026, 10, 10)}, date(2026, 10, 11)),
    ],
)
def test_a_period_is_due_as_its_service_is_billed(changes: Any, first_day: date) -> None:
    terms = Terms(**{**vars(MONTHLY), **changes})
    assert due(terms, None, first_day - timedelta(days=1)) == []
    assert len(due(terms, None, first_day)) == 1


def test_missed_whole_periods_are_one_and_parts_are_not() -> None:
    terms = Terms(**{**vars(MONTHLY), "start": date(2026, 8, 16), "ends": date(2026, 11, 15)})
    assert due(terms, None, date(2026, 12, 1)) == [
        days("2026-08-16", "2026-08-31", "0.516129032258065"),
        days("2026-09-01", "2026-10-31", "2"),
        days("2026-11-01", "2026-11-15", "0.5"),
    ]


def test_due_services_share_an_invoice_but_for_those_invoiced_separately(make: Make) -> None:
    standin = make({}, {"invoicingSeparately": True}, {"price": 5})
    first, second = standin.run_day(NOVEMBER)
    assert (billed(first), billed(second)) == ([("service", 2, 1, 30)], [("service", 1, 1, 30), ("service", 3, 1, 5)])
    assert (first["status"], first["number"], first["createdDate"]) == (0, None, "2026-11-01T10:00:00+0000")


def test_a_service_brings_its_surcharges_and_all_fees_not_yet_invoiced_come_last(make: Make) -> None:
    fee = {"id": 1, "clientId": 1001, "price": 3, "invoiceLabel": "Late fee"}
    meter = {"id": 1, "serviceId": 1, "surchargeId": 1, "price": Decimal("4.56"), "invoiceLabel": "Calls 2026-10"}
    standin = make({}, fees=[fee], serviceSurcharges=[meter])
    (invoice,) = standin.run_day(NOVEMBER)
    assert billed(invoice) == [
        ("service", 1, 1, 30), ("surcharge", 1, 1, Decimal("4.56")), ("fee", None, 1, 3),
    ]  # fmt: skip
    assert (invoice["items"][1]["label"], invoice["items"][1]["serviceSurchargeId"]) == ("Calls 2026-10", 1)
    assert standin.books.get("fees", 1)["invoiced"] is True


@pytest.mark.parametrize(("follows", "quantities"), [(True, ["0.5", "2"]), (False, ["1", "1"])])
def test_a_surcharges_quantity_follows_its_service(make: Make, follows: bool, quantities: list[str]) -> None:
    meter = {"id": 1, "serviceId": 1, "surchargeId": 1, "price": 10}
    standin = make({"activeFrom": "2026-09-16T00:00:00+0000"}, serviceSurcharges=[meter])
    standin.books.options["_surchargeFollowsService"] = follows
    (invoice,) = standin.run_day(date(2026, 12, 1))
    meters = [item["quantity"] for item in invoice["items"] if item["type"] == "surcharge"]
    assert meters == [Decimal(quantity) for quantity in quantities]


def test_a_service_on_a_draft_is_left_out_until_it_is_approved(make: Make) -> None:
    standin = make({})
    (draft,) = standin.run_day(NOVEMBER)
    assert standin.run_day(date(2026, 12, 1)) == []
    standin.hand("approve", draft["id"])
    (caught_up,) = standin.run_day(date(2027, 1, 1))
    assert billed(caught_up) == [("service", 1, 2, 60)]


def test_a_deleted_draft_is_made_again(make: Make) -> None:
    standin = make({})
    (draft,) = standin.run_day(NOVEMBER)
    standin.hand("delete-invoice", draft["id"])
    assert [billed(invoice) for invoice in standin.run_day(NOVEMBER)] == [billed(draft)]
    assert standin.run_day(NOVEMBER) == []


@pytest.mark.parametrize(
    ("option", "services", "status"),
    [
        (False, [{}], 0),
        (True, [{}], 1),
        (False, [{"sendEmailsAutomatically": True}], 1),
        (True, [{"sendEmailsAutomatically": False}], 0),
        (True, [{}, {"sendEmailsAutomatically": False}], 0),  # one of them waits: all do
        (False, [{"sendEmailsAutomatically": True}, {}], 0),
    ],
)
def test_it_is_approved_at_once_where_all_its_services_are_sent_automatically(
    make: Make, option: bool, services: list[Any], status: int
) -> None:
    standin = make(*services)
    standin.books.options["approveAndSendInvoiceAutomatically"] = option
    (invoice,) = standin.run_day(NOVEMBER)
    assert (invoice["status"], invoice["number"]) == (status, "000001" if status else None)
    assert (invoice["emailSentDate"] is not None) == bool(status)


@pytest.mark.parametrize(("uses", "paid"), [((True, True), 60), ((True, False), 0)])
def test_credit_pays_it_where_every_service_uses_credit(make: Make, uses: tuple[bool, bool], paid: int) -> None:
    client = {"id": 1001, "firstName": "Ada", "lastName": "One", "accountCredit": 100}
    standin = make(*({"useCreditAutomatically": use} for use in uses), clients=[client])
    standin.books.options["approveAndSendInvoiceAutomatically"] = True
    assert standin.run_day(NOVEMBER)[0]["amountPaid"] == paid


def test_who_is_not_billed(make: Make) -> None:
    standin = make({"isQuoted": True}, {"activeTo": "2026-09-30T00:00:00+0000"}, {})
    standin.books.options["automaticBillingEnabled"] = False
    assert standin.run_day(NOVEMBER) == []
    standin.books.options["automaticBillingEnabled"] = True
    standin.hand("archive-client", 1001)
    assert standin.run_day(NOVEMBER) == []


def test_a_period_suspended_through_is_skipped_where_that_is_set(make: Make) -> None:
    standin = make({})
    standin.books.change("services", 1, {"suspensionPeriods": [
        {"id": 1, "startDate": "2026-10-01T00:00:00+0000", "endDate": "2026-11-02T00:00:00+0000", "_reason": None}
    ]})  # fmt: skip
    standin.books.options["stopInvoicing"] = True
    assert standin.run_day(NOVEMBER) == []
    (invoice,) = standin.run_day(date(2026, 12, 1))
    assert billed(invoice) == [("service", 1, 1, 30)]  # November only


def test_discounts_and_catalogue_prices_are_taken_as_set(make: Make) -> None:
    discount = {"discountType": 1, "discountValue": 10, "discountTo": "2026-10-31T00:00:00+0000"}
    standin = make(discount, serviceSurcharges=[{"id": 1, "serviceId": 1, "surchargeId": 1}])
    standin.books.options["approveAndSendInvoiceAutomatically"] = True
    october, november = standin.run_day(NOVEMBER)[0], standin.run_day(date(2026, 12, 1))[0]
    assert (october["items"][0]["discountTotal"], october["total"], november["total"]) == (3, 29, 32)


def test_a_proforma_is_made_for_clients_that_get_them(make: Make) -> None:
    standin = make({})
    standin.books.change("clients", 1001, {"generateProformaInvoices": True})
    (invoice,) = standin.run_day(NOVEMBER)
    standin.hand("approve", invoice["id"])
    assert (invoice["proforma"], standin.books.get("invoices", 1)["number"]) == (True, "P000001")
