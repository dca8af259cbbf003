"""What UCRM says of customers, read from the stand-in; and what is done where its answers do not fit together."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from callmeter.customers.planning import plan
from callmeter.customers.subscription import NotSetUp, Subscription
from callmeter.customers.table import read_table
from callmeter.errors import CallmeterError, Unreachable
from callmeter.local.ucrm import UcrmStandin
from callmeter.ucrm.api import UcrmApi
from callmeter.ucrm.customers import ATTRIBUTES, UcrmCustomers

KEY = "write-key"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MIDNIGHT = "T00:00:00+0000"
SEEDS = {
    "organizations": [{"name": "Lighthouse", "currencyCode": "GBP", "locale": "en_GB"}],
    "servicePlans": [{"id": 1, "name": "Calls", "periods": [{"period": 1, "price": 10, "enabled": True}]}],
    "clients": [
        {"id": 1, "clientType": 2, "companyName": "Harbour", "firstName": "Ada", "lastName": "Low", "contacts": [
            {"email": "desk@harbour.example"}, {"email": "bills@harbour.example", "isBilling": True}]},
        {"id": 2, "firstName": "Ben", "lastName": "Okafor"},
        {"id": 3, "clientType": 2, "companyName": "Gone Ltd"},
    ],
    "services": [
        {"id": number, "clientId": client, "servicePlanPeriodId": 1, "activeFrom": "2026-10-01" + MIDNIGHT}
        for number, client in ((7, 1), (8, 2), (9, 3))
    ],
}  # fmt: skip


@pytest.fixture
def standin(tmp_path: Path) -> Iterator[UcrmStandin]:
    with UcrmStandin(tmp_path / "crm.json", KEY, seeds=SEEDS, clock=lambda: NOW) as standin:
        yield standin


@pytest.fixture
def api(standin: UcrmStandin) -> Iterator[UcrmApi]:
    api = UcrmApi(standin.url, KEY, first_pause_seconds=0, tries=2)
    yield api
    api.close()


@pytest.fixture
def crm(api: UcrmApi) -> UcrmCustomers:
    """UCRM with the attributes defined."""
    customers = UcrmCustomers(api)
    customers.set_up()
    return customers


def write(api: UcrmApi, owner: str, number: int, **texts: str | None) -> None:
    """Fill in attributes, by key, as a person does."""
    path = {"service": "/clients/services/", "client": "/clients/"}[owner]
    defined = api.read(list[dict[str, Any]], "/custom-attributes", {"attributeType": owner})
    by_key = {one["key"]: one["id"] for one in defined}
    values = [{"customAttributeId": by_key[key], "value": text} for key, text in texts.items()]
    api.change(f"{path}{number}", {"attributes": values})


def read(crm: UcrmCustomers) -> dict[int | None, Subscription]:
    return {one.service_id: one for one in crm.read("Europe/London").subscriptions}


def test_what_callmeter_reads_is_defined_once(api: UcrmApi) -> None:
    customers = UcrmCustomers(api)
    with pytest.raises(NotSetUp, match="callmeter sync --setup"):
        customers.read("Europe/London")
    assert len(customers.set_up()) == 2 * len(ATTRIBUTES)
    assert customers.set_up() == []
    assert customers.read("Europe/London").subscriptions == []


def test_an_attribute_that_got_another_key_is_told(api: UcrmApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ATTRIBUTES, "Call plan", "callPlan2")
    with pytest.raises(CallmeterError, match='"Call plan" the key callPlan, not callPlan2'):
        UcrmCustomers(api).set_up()


def test_a_service_with_a_call_plan_is_an_account(api: UcrmApi, crm: UcrmCustomers) -> None:
    write(api, "service", 7, callPlan=" payg ", phoneNumbers="+44 20 7946 0101, 020 7946 0102", sipLogins="desk")
    write(api, "client", 1, callPlan="family", callAnchorDay="15", callTimeZone="Europe/Berlin", sipLogins="other")
    assert read(crm) == {
        7: Subscription(
            client_id=1, service_id=7, name="Harbour", email="bills@harbour.example", currency="GBP", locale="en",
            plan="payg", numbers=("+442079460101", "02079460102"), sip_logins=("desk",), timezone="Europe/Berlin",
            anchor_day="15", starts=date(2026, 10, 1),
        )
    }  # fmt: skip


def test_a_client_with_a_call_plan_is_an_account_where_no_service_is(api: UcrmApi, crm: UcrmCustomers) -> None:
    write(api, "client", 2, callPlan="payg", callmeterAccount="C1002", callLanguage="DE")
    (one,) = read(crm).values()
    assert (one.client_id, one.service_id, one.account_id, one.language) == (2, None, "C1002", "de")
    assert (one.name, one.email, one.starts, one.state) == ("Ben Okafor", "", date(2026, 11, 20), "live")


def test_suspended_services_stay_and_ended_ones_have_their_last_day(api: UcrmApi, crm: UcrmCustomers) -> None:
    for number in (7, 8, 9):
        write(api, "service", number, callPlan="payg")
    api.change("/clients/services/7/suspend", {"suspensionReasonId": None})
    api.change("/clients/services/8/end")  # the current day is not invoiced any more: yesterday was the last
    api.change("/clients/3/archive")
    found = read(crm)
    assert (found[7].state, found[7].suspended) == ("live", True)
    assert (found[8].state, found[8].ends) == ("ended", date(2026, 11, 20))
    assert found[9].state == "ended"


def test_a_planned_end_is_the_day_after_the_last_and_no_plan_is_an_end(api: UcrmApi, crm: UcrmCustomers) -> None:
    write(api, "service", 7, callPlan="payg")
    write(api, "service", 8, callPlan="None", phoneNumbers="NONE")
    api.change("/clients/services/7", {"activeTo": "2026-12-31" + MIDNIGHT})
    found = read(crm)
    assert (found[7].state, found[7].ends) == ("live", date(2027, 1, 1))
    assert (found[8].state, found[8].numbers, found[8].sip_logins) == ("ended", (), None)


def test_a_day_is_as_written_at_midnight_and_else_the_operators(api: UcrmApi, crm: UcrmCustomers) -> None:
    write(api, "service", 7, callPlan="payg")
    api.change("/clients/services/7", {"activeTo": "2026-12-31T00:00:00+0100"})
    assert read(crm)[7].ends == date(2027, 1, 1)
    api.change("/clients/services/7", {"activeTo": "2026-12-30T23:00:00+0000"})
    (berlin,) = crm.read("Europe/Berlin").subscriptions
    assert berlin.ends == date(2027, 1, 1)


def test_what_a_list_lacks_is_asked_for_by_itself(api: UcrmApi, crm: UcrmCustomers) -> None:
    api.remove("/clients/services/8")
    api.change("/clients/3/archive")
    customers = crm.read("Europe/London")
    over = {case: customers.is_over(*case) for case in ((1, 7), (2, 8), (3, 9), (1, None), (3, None))}
    assert over == {(1, 7): False, (2, 8): True, (3, 9): True, (1, None): False, (3, None): True}


def test_a_client_of_another_ucrm_is_not_taken_for_one_who_has_left(crm: UcrmCustomers) -> None:
    customers = crm.read("Europe/London")
    assert not any(customers.is_over(*case) for case in ((99, None), (99, 98), (None, 98)))


# ---- answers that cannot be relied on


def fault(standin: UcrmStandin, path: str, kind: str, times: int = 99, **more: Any) -> None:
    standin.faults.add({"match": f"GET {path}", "kind": kind, "times": times, **more})


@pytest.mark.parametrize("path", ["/clients", "/clients/services", "/custom-attributes", "/organizations"])
@pytest.mark.parametrize("kind", ["500", "html", "timeout-before", "429"])
def test_a_page_that_fails_fails_the_whole_reading(
    standin: UcrmStandin, crm: UcrmCustomers, path: str, kind: str
) -> None:
    fault(standin, path, kind)
    with pytest.raises(Unreachable):
        crm.read("Europe/London")


def test_a_service_that_a_list_left_out_ends_no_account(
    api: UcrmApi, crm: UcrmCustomers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list is short, without any sign of it; asked for by itself the service is there: nothing changes."""
    write(api, "service", 7, callPlan="payg", sipLogins="desk")
    rows = api.rows

    def short(shape: Any, path: str, query: Any = None) -> Any:
        return iter([]) if path == "/clients/services" else rows(shape, path, query)

    answers = api.read

    def nothing_after(shape: Any, path: str, query: Any = None) -> Any:
        return [] if path == "/clients/services" else answers(shape, path, query)

    monkeypatch.setattr(api, "rows", short)
    monkeypatch.setattr(api, "read", nothing_after)
    table = read_table(b"account_id,plan,ucrm_client_id,ucrm_service_id\nS7,payg,1,7\n")
    with pytest.raises(Unreachable, match="lacks service 7, which is there: nothing is changed"):
        plan(table, crm.read("Europe/London"), NOW.date())


def test_pages_that_end_too_early_are_noticed(
    api: UcrmApi, crm: UcrmCustomers, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = api.rows
    monkeypatch.setattr(api, "rows", lambda *asked: list(rows(*asked))[:1])
    with pytest.raises(Unreachable, match="do not fit together"):
        crm.read("Europe/London")


def test_a_row_that_two_pages_have_is_read_again(
    api: UcrmApi, crm: UcrmCustomers, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(api, "service", 7, callPlan="payg")
    rows, asked = api.rows, []

    def shifting(shape: Any, path: str, query: Any = None) -> Any:
        found = list(rows(shape, path, query))
        asked.append(path)
        return [found[0], *found[:-1]] if asked.count("/clients/services") == 1 else found

    monkeypatch.setattr(api, "rows", shifting)
    assert list(read(crm)) == [7]


def test_overdue_invoices_are_those_that_are_not_paid(standin: UcrmStandin, api: UcrmApi, crm: UcrmCustomers) -> None:
    body = {
        "items": [{"label": "Calls", "price": Decimal("12.5")}],
        "createdDate": "2026-10-01" + MIDNIGHT,
        "maturityDays": 14,
    }
    first, second = (api.create(dict[str, Any], f"/clients/{client}/invoices", body)["id"] for client in (1, 2))
    api.create(dict[str, Any], "/clients/1/invoices", body | {"maturityDays": 100})
    standin.hand("pay", second)
    (one,) = crm.overdue()
    assert (one.invoice_id, one.client_id, one.amount_to_pay, one.currency) == (first, 1, Decimal("12.5"), "GBP")
    assert one.due_at.date() == date(2026, 10, 15)


def test_an_event_is_true_where_ucrm_knows_of_it(standin: UcrmStandin, api: UcrmApi, crm: UcrmCustomers) -> None:
    standin.books.options["_webhooks"] = ["http://127.0.0.1:9/"]
    write(api, "service", 7, callPlan="payg")
    (event,) = standin.books.rows("webhookEvents")
    assert crm.happened(event["uuid"])
    assert not crm.happened("2c6984d7-03ae-4e48-a212-7b99378837a2")
    assert not crm.happened("../clients/1")
