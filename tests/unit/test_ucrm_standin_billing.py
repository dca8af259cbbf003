"""The UCRM stand-in's services, surcharges, drafts, items and credit notes, each refusal with its origin.

Origins: [APIB] the API blueprint, [2X] behaviour reported of UCRM 2.x, [FIELD-B] who posted 64,000 invoices by the API.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from callmeter.local.ucrm import UcrmStandin
from ucrm_kit import ITEM, KEY, Ucrm

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
MONTHLY = {"period": 1, "price": 30, "enabled": True}
SEED: dict[str, Any] = {
    "taxes": [{"id": 1, "name": "VAT", "rate": 20}],
    "customAttributes": [
        {"id": 1, "name": "Callmeter bill", "attributeType": "invoice", "type": "string"},
        {"id": 2, "name": "Call plan", "attributeType": "service", "type": "string"},
    ],
    "products": [{"id": 1, "name": "Telephone", "price": 40, "unit": "pcs", "taxable": True}],
    "surcharges": [{"id": 1, "name": "Call charges", "priceMonth1": 2, "priceMonth3": 6}],
    "suspensionReasons": [{"id": 1, "name": "Overdue"}],
    "clients": [
        {"id": 1001, "firstName": "Ada", "lastName": "One", "currencyCode": "GBP", "tax1Id": 1,
         "contacts": [{"email": "ada@example.com", "isBilling": True}]},
        {"id": 1002, "firstName": "Bo", "lastName": "Two", "currencyCode": "GBP", "accountCredit": 10},
        {"id": 1003, "firstName": "Cy", "lastName": "Lead", "currencyCode": "GBP", "isLead": True},
        {"id": 1004, "firstName": "Di", "lastName": "Gone", "currencyCode": "GBP", "isArchived": True},
    ],
    "servicePlans": [
        {"id": 1, "name": "Line", "servicePlanType": "General", "taxable": True, "periods": [MONTHLY]},
        {"id": 2, "name": "Quarter", "setupFee": 25, "periods": [{"period": 3, "price": 80, "enabled": True}]},
    ],
    "services": [{"id": 1, "clientId": 1001, "servicePlanPeriodId": 1, "activeFrom": "2026-10-01T00:00:00+0000"}],
    "serviceSurcharges": [{"id": 1, "serviceId": 1, "surchargeId": 1}],
    "fees": [{"id": 1, "clientId": 1001, "price": 3, "invoiceLabel": "Late fee"}],
}  # fmt: skip
SERVICE = {"servicePlanPeriodId": 1}


@pytest.fixture
def ucrm(tmp_path: Path) -> Iterator[Ucrm]:
    with UcrmStandin(tmp_path / "ucrm.json", KEY, seeds=SEED, clock=lambda: NOON) as standin:
        yield Ucrm(standin)


def mark(value: str = "b-1") -> Any:
    return [{"customAttributeId": 1, "value": value}]


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"servicePlanPeriodId"}),  # [APIB] required
        (SERVICE | {"servicePlanPeriodId": 2}, {"servicePlanPeriodId"}),  # that period is not enabled
        (SERVICE | {"servicePlanPeriodId": 99}, {"servicePlanPeriodId"}),
        (SERVICE | {"servicePlanId": 1}, {"servicePlanId"}),  # [FIELD-B] recurring: 422
        (SERVICE | {"status": 1}, {"status"}),  # [FIELD-B]
        (SERVICE | {"contractType": 1}, {"contractType"}),  # [FIELD-B]
        (SERVICE | {"invoicingPeriodType": 3}, {"invoicingPeriodType"}),  # [APIB] 1 or 2
        (SERVICE | {"invoicingPeriodStartDay": 30}, {"invoicingPeriodStartDay"}),  # [APIB] 1-28 and 31
        (SERVICE | {"nextInvoicingDayAdjustment": 731}, {"nextInvoicingDayAdjustment"}),
        (SERVICE | {"tax1Id": 9}, {"tax1Id"}),
        (SERVICE | {"contractLengthType": 2}, {"contractEndDate"}),  # [APIB] required of a closed contract
        (SERVICE | {"price": "30"}, {"price"}),  # [2X] nothing is cast
        (SERVICE | {"attributes": mark()}, {"attributes[].customAttributeId"}),  # an invoice's
    ],
)
def test_a_service_that_is_not_as_documented_is_refused(ucrm: Ucrm, body: Any, errors: set[str]) -> None:
    status, told = ucrm.refusal("POST", "/clients/1001/services", body)
    assert (status, told.keys()) == (422, errors)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/clients/1004/services", SERVICE, 404),  # archived
        ("POST", "/clients/1001/services", SERVICE | {"activeFrom": "2026-10-01"}, 400),  # [FIELD-B]
        ("PATCH", "/clients/services/1", {"invoicingStart": "2026-10-01T00:00:00+0000"}, 422),  # [APIB] not in update
        ("PATCH", "/clients/services/1", {"tax1Id": 1}, 422),  # [APIB] not in update
        ("PATCH", "/clients/services/9", {}, 404),
        ("PATCH", "/clients/services/1/cancel-suspend", None, 422),
        ("PATCH", "/clients/services/1/suspend", {"suspensionReasonId": 9}, 422),
        ("GET", "/clients/1001/services", None, 405),  # [APIB] filter by clientId instead
        ("POST", "/clients/services/1/service-surcharges", {}, 422),  # [APIB] surchargeId is required
        ("POST", "/clients/services/1/service-surcharges", {"surchargeId": 9}, 422),
        ("POST", "/clients/services/1/service-surcharges", {"surchargeId": 1, "quantity": 1}, 422),  # has none
        ("POST", "/clients/services/1/service-surcharges", {"surchargeId": 1, "attributes": mark()}, 422),  # has none
        ("POST", "/clients/services/9/service-surcharges", {"surchargeId": 1}, 404),
        ("POST", "/fees", {"clientId": 1001}, 405),  # [APIB] only UCRM makes fees
        ("POST", "/surcharges", {"priceMonth1": 1}, 422),
        ("POST", "/service-plans", {"name": "Odd", "periods": [{"period": 2}]}, 422),  # [APIB] 1, 3, 6, 12, 24
        ("PATCH", "/taxes/1", {"rate": 5}, 405),  # [APIB] none
        ("POST", "/products", {"name": "Free"}, 422),
    ],
)
def test_what_services_and_their_like_do_not_take_is_refused(
    ucrm: Ucrm, method: str, path: str, body: Any, status: int
) -> None:
    assert ucrm.refusal(method, path, body)[0] == status


def test_a_service_is_read_with_its_plan_price_and_surcharges(ucrm: Ucrm) -> None:
    read = ucrm.get("/clients/services/1")
    assert (read["status"], read["price"], read["hasIndividualPrice"], read["lastInvoicedDate"]) == (1, 30, False, None)
    assert (read["servicePlanName"], read["servicePlanPeriod"], read["currencyCode"]) == ("Line", 1, "GBP")
    # (30 + 20 %) + 2
    assert (read["totalPrice"], read["surcharges"][0]["surchargeId"]) == (38, 1)
    changed = ucrm.patch(
        "/clients/services/1", {"price": 12, "attributes": [{"customAttributeId": 2, "value": "gold"}]}
    )
    assert (changed["price"], changed["hasIndividualPrice"]) == (12, True)
    assert ucrm.patch("/clients/services/1", {"price": None})["price"] == 30

    def ids(**query: Any) -> list[int]:
        return [row["id"] for row in ucrm.get("/clients/services", **query)]

    assert ids(customAttributeKey="callPlan", customAttributeValue="gold") == ids(clientId=1001) == [1]
    assert ids(clientId=1002) == ids(statuses_array=[0, 2, 3]) == ids(organizationId=1, prepaid=1) == []
    assert ucrm.refusal("GET", "/clients/services", customAttributeKey="callPlan")[0] == 400


def test_a_service_is_prepared_active_suspended_and_ended(ucrm: Ucrm) -> None:
    later = ucrm.post("/clients/1003/services", SERVICE | {"activeFrom": "2026-12-01T00:00:00+0000"})
    assert later["status"] == 0
    assert ucrm.get("/clients/1003")["isLead"] is False  # [APIB] a lead with a service is a client
    ucrm.patch("/clients/services/1/suspend", {"suspensionReasonId": 1})
    suspended = ucrm.get("/clients/services/1")
    assert (suspended["status"], suspended["suspensionReasonId"]) == (3, 1)
    assert ucrm.get("/clients/1001")["hasSuspendedService"] is True
    ucrm.patch("/clients/services/1/cancel-suspend")
    assert ucrm.get("/clients/services/1")["suspensionPeriods"][0]["endDate"] == "2026-11-01T12:00:00+0000"
    ended = ucrm.patch("/clients/services/1/end")
    assert (ended["status"], ended["activeTo"]) == (2, "2026-10-31T00:00:00+0000")  # today is not invoiced [APIB]
    quoted = ucrm.post("/clients/1002/services", SERVICE | {"isQuoted": True})
    assert quoted["status"] == 7
    assert ucrm.patch(f"/clients/services/{quoted['id']}/activate-quoted")["status"] == 1


def test_a_surcharges_price_is_set_and_not_while_a_change_is_pending(ucrm: Ucrm) -> None:
    path = "/clients/services/service-surcharges/1"
    assert ucrm.patch(path, {"price": Decimal("4.56")})["price"] == Decimal("4.56")
    assert ucrm.get("/clients/services/1/service-surcharges") == [ucrm.get(path)]
    ucrm.standin.hand("defer-change", 1)
    assert ucrm.refusal("PATCH", path, {"price": 1})[0] == 404  # [2X]
    ucrm.standin.hand("defer-change", 1, pending=False)
    ucrm.delete("/surcharges/1")
    assert ucrm.refusal("POST", "/clients/services/1/service-surcharges", {"surchargeId": 1})[0] == 422
    ucrm.delete(path)
    assert ucrm.get("/clients/services/1")["surcharges"] == []


def test_a_setup_fee_waits_for_the_next_invoice_and_only_until_then_can_be_deleted(ucrm: Ucrm) -> None:
    ucrm.post("/clients/1002/services", {"servicePlanPeriodId": 7})
    (fee,) = ucrm.get("/fees", clientId=1002, type=2, invoiced=0)
    assert (fee["price"], fee["invoiceLabel"], fee["invoiced"]) == (25, "Setup fee", False)
    assert [row["id"] for row in ucrm.get("/clients", uninvoicedFeeTypes_array=2)] == [1002]
    invoice = ucrm.invoice(1002, items=[{"feeId": fee["id"]}])
    assert [(item["type"], item["total"]) for item in invoice["items"]] == [("fee", 25)]
    assert ucrm.refusal("DELETE", f"/fees/{fee['id']}")[0] == 400  # [APIB]
    again = {"items": [{"feeId": fee["id"]}]}
    assert ucrm.refusal("POST", "/clients/1002/invoices", again)[1].keys() == {"items[].feeId"}  # [APIB]
    ucrm.delete(f"/invoices/{invoice['id']}")
    ucrm.delete(f"/fees/{fee['id']}")


def test_a_service_on_an_invoice_bills_its_next_period_with_its_surcharges(ucrm: Ucrm) -> None:
    preview = ucrm.call("POST", "/clients/1001/invoice-preview", {"items": [{"serviceId": 1}]})
    assert (preview.status_code, preview.json()["id"], ucrm.get("/invoices")) == (200, None, [])
    invoice = ucrm.invoice(items=[{"serviceId": 1}, {"productId": 1, "quantity": 2}, ITEM])
    told = [(item["type"], item["quantity"], item["total"], item["tax1Id"]) for item in invoice["items"]]
    assert told == [("service", 1, 30, 1), ("surcharge", 1, 2, None), ("product", 2, 80, 1),
                    ("other", 1, Decimal("12.35"), None)]  # fmt: skip
    assert invoice["items"][1]["serviceSurchargeId"] == 1
    # 124.35 and 20 % of 110
    assert (invoice["totalUntaxed"], invoice["total"]) == (Decimal("124.35"), Decimal("146.35"))
    assert ucrm.get("/clients/services/1")["lastInvoicedDate"] == "2026-10-31T00:00:00+0000"
    assert not any(name.startswith("_") for item in invoice["items"] for name in item)
    ucrm.patch("/invoices/1/void")
    assert ucrm.get("/clients/services/1")["lastInvoicedDate"] is None


@pytest.mark.parametrize(
    ("item", "errors"),
    [
        ({"serviceId": 9}, {"items[].serviceId"}),
        ({"serviceId": 1, "quantity": 2}, {"items[].quantity"}),  # [APIB] must be empty
        ({"feeId": 1, "quantity": 1}, {"items[].quantity"}),  # [APIB]
        ({"feeId": 9}, {"items[].feeId"}),
        ({"productId": 9}, {"items[].productId"}),
        ({"productId": 1, "serviceId": 1}, {"items[].productId", "items[].serviceId"}),  # [APIB] at most one
    ],
)
def test_an_item_for_something_that_cannot_be_billed_is_refused(ucrm: Ucrm, item: Any, errors: set[str]) -> None:
    assert ucrm.refusal("POST", "/clients/1001/invoices", {"items": [item]})[1].keys() == errors
    of_another = {"items": [{"serviceId": 1}]}
    assert ucrm.refusal("POST", "/clients/1002/invoices", of_another)[1].keys() == {"items[].serviceId"}


def test_a_patch_adds_its_items_each_time_it_is_sent(ucrm: Ucrm) -> None:
    ucrm.invoice(draft=True)
    body = {"items": [ITEM | {"label": "Corrections"}], "attributes": mark()}
    once, twice = ucrm.patch("/invoices/1", body), ucrm.patch("/invoices/1", body)
    assert [len(row["items"]) for row in (once, twice)] == [2, 3]  # [APIB: new items are made so; 2X]
    assert (twice["status"], twice["number"], twice["totalUntaxed"]) == (0, None, Decimal("37.05"))
    (found,) = ucrm.get("/invoices", customAttributeKey="callmeterBill", customAttributeValue="b-1", statuses_array=0)
    assert found["id"] == 1
    assert ucrm.patch("/invoices/1", {"number": "2026-7"})["status"] == 1  # [APIB] a number approves a draft
    removed = {"attributes": [{"customAttributeId": 1, "value": None}]}
    assert ucrm.patch("/invoices/1", removed)["attributes"] == []  # [APIB]


def test_all_of_a_patch_is_kept_or_none_of_it(ucrm: Ucrm) -> None:
    ucrm.invoice(draft=True)
    before = ucrm.get("/invoices/1")
    for wrong in (
        {"items": [ITEM, {"label": "no price"}], "attributes": mark()},
        {"items": [ITEM], "attributes": [{"customAttributeId": 2, "value": "a service's"}]},
        {"items": [ITEM], "draft": False},  # [APIB] not in an update
        {"items": [ITEM], "applyCredit": False},
        {"items": before["items"]},  # the list as read back has fields that cannot be written
    ):
        assert ucrm.refusal("PATCH", "/invoices/1", wrong)[0] == 422
    assert ucrm.get("/invoices/1") == before


@pytest.mark.parametrize("what", ["pay", "void"])
def test_a_paid_or_void_invoice_is_not_edited(ucrm: Ucrm, what: str) -> None:
    item_id = ucrm.invoice()["items"][0]["id"]
    ucrm.patch("/invoices/1", {"notes": "An unpaid one is."})
    ucrm.standin.hand(what, 1)
    answer = ucrm.call("PATCH", "/invoices/1", {"items": [ITEM]})
    told = {"code": 422, "message": "Only unpaid or zero invoice can be edited.", "errors": {}}
    assert answer.json() == told  # [2X]
    assert ucrm.refusal("PATCH", f"/invoices/items/{item_id}", {"price": 1})[0] == 422
    assert ucrm.refusal("DELETE", f"/invoices/items/{item_id}")[0] == 422


def test_a_paid_invoice_of_nothing_can_be_edited(ucrm: Ucrm) -> None:
    free = ucrm.invoice(items=[ITEM | {"price": 0}])
    assert free["status"] == 3
    assert ucrm.patch("/invoices/1", {"items": [ITEM]})["status"] == 1  # [2X]


def test_items_are_read_changed_and_deleted_one_by_one(ucrm: Ucrm) -> None:
    ucrm.invoice(draft=True, items=[{"serviceId": 1}, {"productId": 1}, ITEM])
    of_service, of_surcharge, product, free = [item["id"] for item in ucrm.get("/invoices/1/items")]
    changed = ucrm.patch(f"/invoices/items/{free}", {"price": 5, "quantity": 2})
    assert (changed["total"], ucrm.get("/invoices/1")["subtotal"]) == (10, 82)
    assert ucrm.get(f"/invoices/items/{free}") == changed
    assert ucrm.patch(f"/invoices/items/{product}", {"label": "Phone"})["label"] == "Phone"
    for number, body in ((product, {"price": 1}), (of_service, {"label": "x"}), (of_surcharge, {"price": 0})):
        assert ucrm.refusal("PATCH", f"/invoices/items/{number}", body)[0] == 422  # [APIB]
    ucrm.standin.hand("edit-item", of_surcharge, price=Decimal("1.50"))  # a person may
    assert ucrm.get(f"/invoices/items/{of_surcharge}")["total"] == Decimal("1.50")
    ucrm.delete(f"/invoices/items/{of_service}")
    ucrm.delete(f"/invoices/items/{of_surcharge}")
    assert ucrm.get("/clients/services/1")["lastInvoicedDate"] is None
    assert ucrm.refusal("GET", f"/invoices/items/{of_service}")[0] == 404


def test_a_deleted_invoice_gives_credit_and_period_back_and_its_number_does_not_return(ucrm: Ucrm) -> None:
    ucrm.invoice(1002)
    assert ucrm.get("/clients/1002")["accountCredit"] == 0
    ucrm.delete("/invoices/1")
    assert ucrm.get("/clients/1002")["accountCredit"] == 10
    assert ucrm.refusal("GET", "/invoices/1")[0] == 404
    assert ucrm.invoice()["number"] == "000002"


def test_a_credit_note_is_numbered_and_gives_credit_until_it_is_used(ucrm: Ucrm) -> None:
    body = {"items": [{"label": "Calls of 2026-09", "price": Decimal("-2.50"), "tax1Id": 1}], "adminNotes": "b-2"}
    note = ucrm.post("/clients/1001/credit-note", body)
    assert (note["number"], note["totalUntaxed"], note["total"]) == ("CN000001", Decimal("-2.50"), Decimal("-3.00"))
    assert ucrm.get("/clients/1001")["accountCredit"] == 3
    assert ucrm.get("/credit-notes", clientId=1001, createdDateFrom="2026-11-01") == [note]
    assert ucrm.get("/credit-notes", clientId=1002) == ucrm.get("/credit-notes", number="CN2") == []
    assert len(ucrm.patch("/credit-notes/1", {"notes": "Sorry.", "items": body["items"]})["items"]) == 2
    assert ucrm.patch("/credit-notes/1/send")["emailSentDate"]
    ucrm.delete("/credit-notes/1")
    assert ucrm.get("/clients/1001")["accountCredit"] == 0
    ucrm.post("/clients/1001/credit-note", body)
    ucrm.invoice()
    assert ucrm.refusal("DELETE", "/credit-notes/2")[0] == 422


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"items"}),
        ({"items": [{"label": "Calls", "price": 1}]}, {"items[].price"}),  # [APIB] its example is below zero
        ({"items": [{"label": "Calls"}]}, {"items[].price"}),
        ({"items": [{"label": "Calls", "price": -1, "serviceId": 1}]}, {"items[].serviceId"}),  # [APIB] none
        ({"items": [{"label": "Calls", "price": -1}], "number": "CN7"}, {"number"}),  # [APIB] none on create
        ({"items": [{"label": "Calls", "price": -1}], "attributes": mark()}, {"attributes"}),  # [APIB] none
        ({"items": [{"label": "Calls", "price": -1, "tax1Id": 7}]}, {"items[].tax1Id"}),
    ],
)
def test_a_credit_note_that_is_not_as_documented_is_refused(ucrm: Ucrm, body: Any, errors: set[str]) -> None:
    assert ucrm.refusal("POST", "/clients/1001/credit-note", body)[1].keys() == errors


def test_what_is_not_known_of_ucrm_can_be_had_either_way(ucrm: Ucrm) -> None:
    """Section 9 of the facts: each of these is an option."""
    options = ucrm.standin.books.options
    ucrm.invoice(draft=True, attributes=mark())
    options["_patchReplacesItems"] = True
    assert len(ucrm.patch("/invoices/1", {"items": [ITEM]})["items"]) == 1
    options["_attributeFindsDrafts"] = False
    assert ucrm.get("/invoices", customAttributeKey="callmeterBill", customAttributeValue="b-1") == []
    options["_patchApprovesDraft"] = options["_approveSends"] = True
    unpaid = ucrm.patch("/invoices/1", {"notes": "2.x"})
    assert (unpaid["status"], unpaid["number"], unpaid["emailSentDate"]) == (1, "000001", "2026-11-01T12:00:00+0000")
    options["_draftByDefault"] = options["_addsTaxes"] = True
    draft = ucrm.invoice()
    assert (draft["status"], draft["items"][0]["tax1Id"]) == (0, 1)
    assert ucrm.invoice(items=[ITEM, ITEM | {"price": -1}])["total"] == Decimal("13.62")
    options["_negativePrices"] = False
    minus = {"items": [ITEM | {"price": -1}]}
    assert ucrm.refusal("POST", "/clients/1001/invoices", minus)[1].keys() == {"items[].price"}
    options["_largestPage"] = 1
    assert len(ucrm.get("/invoices", limit=100)) == len(ucrm.get("/invoices")) == 1
    assert not any(name.startswith("_") for name in ucrm.get("/options"))


def test_contacts_are_listed_added_changed_and_removed(ucrm: Ucrm) -> None:
    made = ucrm.post("/clients/1002/contacts", {"email": "bo@example.com", "types": [{"name": "Home"}]})
    assert ucrm.get("/clients/1002/contacts") == ucrm.get("/clients/1002")["contacts"] == [made]
    changed = ucrm.patch(f"/clients/contacts/{made['id']}", {"isBilling": True})
    assert changed == ucrm.get(f"/clients/contacts/{made['id']}") == made | {"isBilling": True}
    assert ucrm.refusal("POST", "/clients/1002/contacts", {"mail": "bo@example.com"})[0] == 422
    ucrm.delete(f"/clients/contacts/{made['id']}")
    assert ucrm.refusal("GET", f"/clients/contacts/{made['id']}")[0] == 404


def test_an_attributes_definition_is_renamed_and_removed_with_its_values(ucrm: Ucrm) -> None:
    ucrm.invoice(attributes=mark())
    assert ucrm.patch("/custom-attributes/1", {"name": "Bill"})["key"] == "callmeterBill"
    assert ucrm.refusal("PATCH", "/custom-attributes/1", {"type": "integer"})[0] == 422
    ucrm.delete("/custom-attributes/1")
    assert ucrm.get("/invoices/1")["attributes"] == []
