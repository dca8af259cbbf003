"""The UCRM stand-in accepts what UCRM documents, refuses the rest, keeps its state and fails on request."""

import base64
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from callmeter.local.ucrm import API, UcrmStandin
from callmeter.local.ucrm.books import Books
from callmeter.ucrm import exact_json
from ucrm_kit import ITEM, KEY, READ_KEY, Ucrm

SEED: dict[str, Any] = {
    "organizations": [
        {"name": "Example Telecom", "currencyCode": "GBP", "invoiceNumberPrefix": "2026-"},
        {"name": "Example Japan", "currencyCode": "JPY"},
    ],
    "taxes": [{"id": 1, "name": "VAT", "rate": 20}, {"id": 2, "name": "Levy", "rate": Decimal("2.5")}],
    "clients": [
        {"id": 1001, "clientType": 2, "companyName": "Ada & Sons", "currencyCode": "GBP", "tax1Id": 1,
         "contacts": [{"email": "ada@example.com", "isBilling": True}]},
        {"id": 1002, "firstName": "Bo", "lastName": "Ek", "currencyCode": "JPY", "accountCredit": 500},
        {"id": 1003, "firstName": "Cy", "lastName": "Lead", "isLead": True},
        {"id": 1004, "firstName": "Di", "lastName": "Gone", "isArchived": True},
    ],
}  # fmt: skip


@pytest.fixture
def ucrm(tmp_path: Path) -> Iterator[Ucrm]:
    noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    with UcrmStandin(tmp_path / "ucrm.json", KEY, read_key=READ_KEY, seeds=SEED, clock=lambda: noon) as standin:
        yield Ucrm(standin)


def test_without_a_key_or_with_a_wrong_one_nothing_is_answered(ucrm: Ucrm) -> None:
    for headers in ({}, {"X-Auth-App-Key": "guess"}):
        answer = httpx.get(ucrm.standin.url + API + "/version", headers=headers, trust_env=False)
        assert answer.status_code == 401
        assert answer.json() == {"code": 401, "message": "User authentication failed."}


def test_the_read_key_reads_and_may_not_write(ucrm: Ucrm) -> None:
    reader = Ucrm(ucrm.standin, READ_KEY)
    assert reader.get("/version") == {"version": "4.5.33"}
    assert reader.refusal("POST", "/clients/1001/invoices", {"items": [ITEM]})[0] == 403


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/invoices/1/nothing", 404), ("GET", "/invoices/7", 404), ("GET", "/clients/x", 404),
     ("PUT", "/clients", 405), ("DELETE", "/clients/1001/invoices", 405), ("GET", "/clients/1001/invoices", 405)],
)  # fmt: skip
def test_unknown_paths_and_methods_are_told_as_json(ucrm: Ucrm, method: str, path: str, status: int) -> None:
    assert ucrm.refusal(method, path)[0] == status


def test_an_invoice_is_numbered_totalled_and_due_by_the_documented_rules(ucrm: Ucrm) -> None:
    items = [ITEM | {"tax1Id": 1}, {"label": "Voting", "price": Decimal("0.10"), "quantity": 3, "tax1Id": 1}]
    answer = ucrm.call("POST", "/clients/1001/invoices", {"items": items, "maturityDays": 30})
    invoice = exact_json.loads(answer.content)
    assert answer.status_code == 201
    assert answer.headers["Location"].endswith("/clients/invoices/1")
    # 12.35 + 3 x 0.10 = 12.65; 20 % of it is 2.53
    assert (invoice["subtotal"], invoice["totalUntaxed"]) == (Decimal("12.65"), Decimal("12.65"))
    assert invoice["taxes"] == [{"name": "VAT - 20%", "totalValue": Decimal("2.53")}]
    assert invoice["total"] == invoice["amountToPay"] == Decimal("15.18")
    assert (invoice["number"], invoice["status"], invoice["currencyCode"]) == ("2026-000001", 1, "GBP")
    assert invoice["createdDate"] == "2026-11-01T12:00:00+0000"
    assert invoice["dueDate"] == "2026-12-01T12:00:00+0000"
    assert [item["type"] for item in invoice["items"]] == ["other", "other"]
    assert ucrm.get("/invoices/1/items") == invoice["items"]
    assert ucrm.get("/invoices/1") == invoice
    assert (invoice["organizationName"], invoice["clientCompanyName"]) == ("Example Telecom", "Ada & Sons")
    assert not any(name.startswith("_") for name in invoice)


def test_numbers_are_exact_where_binary_floats_would_not_be(ucrm: Ucrm) -> None:
    tenths = [{"label": "a tenth", "price": Decimal("0.1")}] * 3
    assert '"subtotal":0.30,' in ucrm.call("POST", "/clients/1001/invoices", {"items": tenths}).text
    large = [{"label": "large", "price": Decimal("90071992547409.93")}]
    invoice = ucrm.post("/clients/1001/invoices", {"items": large})
    assert invoice["totalUntaxed"] == Decimal("90071992547409.93")


def test_discount_compound_tax_and_maturity_follow_the_settings(ucrm: Ucrm) -> None:
    ucrm.standin.books.tables["taxes"][2]["compound"] = True
    item = {"label": "Calls", "price": 100, "tax1Id": 1, "tax2Id": 2}
    invoice = ucrm.post("/clients/1001/invoices", {"items": [item], "discount": 10})
    # 100 - 10 = 90; 20 % of 90 = 18; 2.5 % of 108 = 2.70
    assert (invoice["totalDiscount"], invoice["totalUntaxed"]) == (Decimal("10.00"), Decimal("90.00"))
    assert [tax["totalValue"] for tax in invoice["taxes"]] == [Decimal("18.00"), Decimal("2.70")]
    assert invoice["total"] == Decimal("110.70")
    assert invoice["maturityDays"] == 14


def test_tax_inclusive_prices_hold_their_tax_and_take_only_one(ucrm: Ucrm) -> None:
    ucrm.standin.books.options["pricingMode"] = 2
    invoice = ucrm.post("/clients/1001/invoices", {"items": [{"label": "Calls", "price": 12, "tax1Id": 1}]})
    assert (invoice["total"], invoice["totalUntaxed"]) == (Decimal("12.00"), Decimal("10.00"))
    two = {"items": [ITEM | {"tax1Id": 1, "tax2Id": 2}]}
    assert ucrm.refusal("POST", "/clients/1001/invoices", two)[1].keys() == {"items[].tax2Id"}


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"items"}),
        ({"items": []}, {"items"}),
        ({"items": None}, {"items"}),
        ({"items": [{"price": 1}]}, {"items[].label"}),
        ({"items": [{"label": "Calls"}]}, {"items[].price"}),
        ({"items": [{"label": "", "price": None}]}, {"items[].label", "items[].price"}),
        ({"items": [{"label": "Calls", "price": "1.00"}]}, {"items[].price"}),
        ({"items": [{"label": "Calls", "price": True}]}, {"items[].price"}),
        ({"items": [{"label": 5, "price": 1}]}, {"items[].label"}),
        ({"items": [ITEM | {"tax1Id": 9}]}, {"items[].tax1Id"}),
        ({"items": [ITEM | {"tax1Id": Decimal("1.0")}]}, {"items[].tax1Id"}),
        ({"items": [ITEM | {"type": "other"}]}, {"items[].type"}),
        ({"items": [ITEM | {"serviceId": 3}]}, {"items[].serviceId"}),
        ({"items": [ITEM | {"serviceId": 3, "feeId": 4}]}, {"items[].serviceId", "items[].feeId"}),
        ({"items": ITEM}, {"items"}),
        ({"items": [ITEM], "status": 1}, {"status"}),
        ({"items": [ITEM], "dueDate": "2026-12-01T00:00:00+0000"}, {"dueDate"}),
        ({"items": [ITEM], "total": 1, "clientId": 1001}, {"total", "clientId"}),
        ({"items": [ITEM], "currencyCode": "GBP"}, {"currencyCode"}),
        ({"items": [ITEM], "draft": 1}, {"draft"}),
        ({"items": [ITEM], "number": 7}, {"number"}),
        ({"items": [ITEM], "maturityDays": "14"}, {"maturityDays"}),
        ({"items": [ITEM], "maturityDays": -1}, {"maturityDays"}),
        ({"items": [ITEM], "payAutomatically": True}, {"payAutomatically"}),
        ({"items": [ITEM], "invoiceTemplateId": 44}, {"invoiceTemplateId"}),
        ({"items": [ITEM], "attributes": [{"customAttributeId": 9, "value": "b"}]},
         {"attributes[].customAttributeId"}),
        ({"items": [ITEM], "attributes": [{"customAttributeId": 1, "value": 5}]}, {"attributes[].value"}),
    ],
)  # fmt: skip
def test_an_invoice_that_is_not_as_documented_is_refused(ucrm: Ucrm, body: Any, errors: set[str]) -> None:
    ucrm.attribute()
    status, told = ucrm.refusal("POST", "/clients/1001/invoices", body)
    assert (status, told.keys()) == (422, errors)
    assert ucrm.get("/invoices") == []


def test_the_messages_are_ucrms(ucrm: Ucrm) -> None:
    body = {"items": [{"label": "Calls", "price": "1"}], "isAutomated": True}
    _, errors = ucrm.refusal("POST", "/clients/1001/invoices", body)
    assert errors["isAutomated"] == ["This field is not allowed."]
    assert errors["items[].price"] == ["This value is not in valid type. Double expected."]


@pytest.mark.parametrize("text", ["2026-11-01", "2026-11-01T00:00:00Z", "2026-11-01T00:00:00+00:00", "soon"])
def test_a_date_in_another_form_is_a_bad_request(ucrm: Ucrm, text: str) -> None:
    body = {"items": [ITEM], "createdDate": text}
    assert ucrm.refusal("POST", "/clients/1001/invoices", body)[0] == 400


@pytest.mark.parametrize("raw", ["{", "[]", '"text"', '{"items": NaN}', "[" * 100_000])
def test_a_body_that_is_not_a_json_object_is_a_bad_request(ucrm: Ucrm, raw: str) -> None:
    answer = ucrm.http.post(API + "/clients/1001/invoices", content=raw)
    assert (answer.status_code, answer.json()["code"]) == (400, 400)


def test_archived_and_unknown_clients_are_not_found_and_leads_not_invoiced(ucrm: Ucrm) -> None:
    assert ucrm.refusal("POST", "/clients/1004/invoices", {"items": [ITEM]})[0] == 404
    assert ucrm.refusal("POST", "/clients/9/invoices", {"items": [ITEM]})[0] == 404
    assert ucrm.refusal("POST", "/clients/1003/invoices", {"items": [ITEM]})[0] == 422


def test_a_number_is_used_once_in_an_organization_and_the_series_steps_over_it(ucrm: Ucrm) -> None:
    ucrm.invoice(number="2026-000002")
    taken = {"items": [ITEM], "number": "2026-000002"}
    _, errors = ucrm.refusal("POST", "/clients/1001/invoices", taken)
    assert errors == {"number": ["This invoice number is already used."]}
    assert ucrm.invoice(client_id=1002, number="2026-000002")["number"] == "2026-000002"
    assert [ucrm.invoice()["number"] for _ in range(2)] == ["2026-000001", "2026-000003"]
    assert ucrm.get("/organizations/1/next-invoice-number") == {"invoiceNumber": "2026-000004"}


def test_credit_pays_an_invoice_unless_told_not_to(ucrm: Ucrm) -> None:
    kept = ucrm.invoice(client_id=1002, items=[{"label": "Calls", "price": 300}], applyCredit=False)
    assert (kept["status"], kept["amountToPay"]) == (1, 300)
    paid = ucrm.invoice(client_id=1002, items=[{"label": "Calls", "price": 300}])
    assert (paid["status"], paid["amountPaid"], paid["amountToPay"]) == (3, 300, 0)
    partly = ucrm.invoice(client_id=1002, items=[{"label": "Calls", "price": 300}])
    assert (partly["status"], partly["amountPaid"], partly["amountToPay"]) == (2, 200, 100)
    client = ucrm.get("/clients/1002")
    assert (client["accountCredit"], client["accountOutstanding"], client["accountBalance"]) == (0, 400, -400)


def test_a_draft_has_no_number_until_it_is_approved(ucrm: Ucrm) -> None:
    draft = ucrm.invoice(client_id=1002, items=[{"label": "Calls", "price": 300}], draft=True)
    assert (draft["number"], draft["status"], draft["amountPaid"]) == (None, 0, 0)
    assert ucrm.refusal("PATCH", "/invoices/1/send")[0] == 422
    assert ucrm.refusal("PATCH", "/invoices/1/void")[0] == 422
    approved = ucrm.call("PATCH", "/invoices/1/approve").json()
    assert (approved["number"], approved["status"]) == ("000001", 3)
    assert ucrm.refusal("PATCH", "/invoices/1/approve")[0] == 422


def test_a_void_invoice_keeps_its_number_and_attributes_and_gives_credit_back(ucrm: Ucrm) -> None:
    mark = ucrm.attribute()
    marks = [{"customAttributeId": mark["id"], "value": "b-1"}]
    ucrm.invoice(client_id=1002, items=[{"label": "Calls", "price": 300}], attributes=marks)
    answer = ucrm.call("PATCH", "/invoices/1/void")
    assert (answer.status_code, answer.content) == (200, b"")
    (found,) = ucrm.get("/invoices", customAttributeKey="callmeterBill", customAttributeValue="b-1")
    assert (found["status"], found["number"]) == (4, "000001")
    assert ucrm.get("/clients/1002")["accountCredit"] == 500
    assert ucrm.refusal("PATCH", "/invoices/1/void")[0] == 422


def test_an_invoice_is_sent_to_the_billing_contact_or_not_at_all(ucrm: Ucrm) -> None:
    ucrm.invoice()
    ucrm.invoice(client_id=1002)
    assert ucrm.call("PATCH", "/invoices/1/send").json()["emailSentDate"] == "2026-11-01T12:00:00+0000"
    assert ucrm.refusal("PATCH", "/invoices/2/send")[0] == 422


def test_invoices_are_listed_by_every_documented_filter(ucrm: Ucrm) -> None:
    mark = ucrm.attribute()
    for at, day in enumerate(("2026-09-30", "2026-10-01", "2026-10-31"), start=1):
        marks = [{"customAttributeId": mark["id"], "value": f"b-{at}"}]
        ucrm.invoice(createdDate=f"{day}T00:00:00+0000", attributes=marks)
    ucrm.invoice(client_id=1002, draft=True)

    def ids(**query: Any) -> list[int]:
        return [row["id"] for row in ucrm.get("/invoices", **query)]

    assert ids() == [1, 2, 3, 4]
    assert ids(direction="DESC") == [4, 3, 2, 1]
    assert ids(clientId=1002) == ids(organizationId=2) == ids(statuses_array=0) == [4]
    assert ids(statuses_array=["0", "1"], limit=2, offset=1) == [2, 3]
    assert ids(createdDateFrom="2026-10-01", createdDateTo="2026-10-31") == [2, 3]
    assert ids(number="2026-000002") == ids(customAttributeKey="callmeterBill", customAttributeValue="b-2") == [2]
    assert ids(query="ada", overdue=1) == [1, 2]
    assert ids(proforma=1) == []


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"customAttributeKey": "callmeterBill"}, 400),
        ({"customAttributeValue": "b-1"}, 400),
        ({"customAttributeKey": "nobodysKey", "customAttributeValue": "b-1"}, 422),
        ({"statuses": "1"}, 400),
        ({"statuses_array": "9"}, 400),
        ({"limit": "ten"}, 400),
        ({"offset": "-1"}, 400),
        ({"createdDateFrom": "2026-10-01T00:00:00+0000"}, 400),
        ({"createdDateTo": "2026-13-01"}, 400),
        ({"order": "total"}, 400),
        ({"direction": "down"}, 400),
        ({"query": "a"}, 400),
        ({"clientId": "9"}, 404),
    ],
)
def test_a_filter_that_is_not_as_documented_is_refused(ucrm: Ucrm, query: Any, status: int) -> None:
    ucrm.attribute()
    assert ucrm.refusal("GET", "/invoices", **query)[0] == status


def test_pages_join_to_the_whole_list(ucrm: Ucrm) -> None:
    for _ in range(7):
        ucrm.invoice()
    pages = [ucrm.get("/invoices", limit=3, offset=offset) for offset in (0, 3, 6, 9)]
    assert [len(page) for page in pages] == [3, 3, 1, 0]
    assert [row["id"] for page in pages for row in page] == [1, 2, 3, 4, 5, 6, 7]


def test_a_custom_attribute_gets_a_camel_case_key_and_its_name_once_a_type(ucrm: Ucrm) -> None:
    made = ucrm.attribute("Personal Code")
    assert (made["key"], made["type"], made["clientZoneVisible"]) == ("personalCode", "string", False)
    assert ucrm.attribute("Personal Code", owner="client")["id"] == 2
    again = {"name": "personal code", "attributeType": "invoice", "type": "string"}
    assert ucrm.refusal("POST", "/custom-attributes", again)[0] == 422
    assert [row["id"] for row in ucrm.get("/custom-attributes", attributeType="invoice")] == [1]
    for wrong in ({"name": ""}, {"attributeType": "quote"}, {"type": "text"}, {"key": "personalCode"}):
        body = {"name": "Other", "attributeType": "invoice", "type": "string", **wrong}
        assert ucrm.refusal("POST", "/custom-attributes", body)[0] == 422


def test_attributes_are_read_back_with_name_and_key_and_belong_to_their_owner(ucrm: Ucrm) -> None:
    of_invoices, of_clients = ucrm.attribute(), ucrm.attribute("SIP login", owner="client")
    value = {"customAttributeId": of_clients["id"], "value": "ada"}
    assert ucrm.refusal("POST", "/clients/1001/invoices", {"items": [ITEM], "attributes": [value]})[0] == 422
    invoice = ucrm.invoice(attributes=[{"customAttributeId": of_invoices["id"], "value": "b-1"}])
    assert invoice["attributes"] == [
        {"id": 1, "invoiceId": 1, "name": "Callmeter bill", "key": "callmeterBill",
         "clientZoneVisible": False, "value": "b-1", "customAttributeId": 1},
    ]  # fmt: skip
    assert ucrm.call("PATCH", "/clients/1001", {"attributes": [value]}).status_code == 200
    (found,) = ucrm.get("/clients", customAttributeKey="sipLogin", customAttributeValue="ada")
    assert found["id"] == 1001
    removed = {"attributes": [{"customAttributeId": of_clients["id"], "value": None}]}
    assert ucrm.call("PATCH", "/clients/1001", removed).json()["attributes"] == []


def test_clients_are_made_changed_archived_and_found(ucrm: Ucrm) -> None:
    made = ucrm.post("/clients", {"firstName": "Ed", "lastName": "New", "userIdent": "E-1", "password": "secret"})
    assert (made["id"], made["currencyCode"], made["isArchived"]) == (1005, "GBP", False)
    assert "secret" not in ucrm.standin.books.path.read_text()
    assert [row["id"] for row in ucrm.get("/clients", userIdent="E-1")] == [1005]
    assert [row["id"] for row in ucrm.get("/clients", query="ada")] == [1001]
    assert [row["id"] for row in ucrm.get("/clients", email="ada@example.com")] == [1001]
    assert [row["id"] for row in ucrm.get("/clients", lead=1)] == [1003]
    assert [row["id"] for row in ucrm.get("/clients", limit=2, order="client.id", direction="DESC")] == [
        1005,
        1003,
    ]
    assert ucrm.call("PATCH", "/clients/1005", {"lastName": "Newer"}).json()["lastName"] == "Newer"
    assert ucrm.call("PATCH", "/clients/1005/archive").status_code == 200
    assert [row["id"] for row in ucrm.get("/clients", isArchived=1)] == [1004, 1005]
    assert ucrm.get("/clients/1005")["isArchived"] is True
    assert ucrm.call("PATCH", "/clients/1005/restore").json()["isArchived"] is False


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"firstName", "lastName"}),
        ({"clientType": 2}, {"companyName"}),
        ({"clientType": 3, "companyName": "X"}, {"clientType"}),
        ({"firstName": "Ed", "lastName": "New", "accountBalance": 5}, {"accountBalance"}),
        ({"firstName": "Ed", "lastName": "New", "organizationId": 9}, {"organizationId"}),
        ({"firstName": "Ed", "lastName": "New", "tax2Id": 9}, {"tax2Id"}),
        ({"firstName": "Ed", "lastName": "New", "contacts": [{"mail": "x"}]}, {"contacts[].mail"}),
    ],
)
def test_a_client_that_is_not_as_documented_is_refused(ucrm: Ucrm, body: Any, errors: set[str]) -> None:
    assert ucrm.refusal("POST", "/clients", body)[1].keys() == errors


def test_documents_are_kept_listed_read_and_removed(ucrm: Ucrm) -> None:
    content = b"%PDF-1.7 statement"
    body = {"clientId": 1001, "name": "calls-2026-10.pdf", "file": base64.b64encode(content).decode()}
    made = ucrm.post("/documents", body)
    assert (made["id"], made["type"], made["size"]) == (1, "document", len(content))
    ucrm.post("/documents", body | {"clientId": 1002, "name": "roof.png"})
    assert [row["id"] for row in ucrm.get("/documents", clientId=1001)] == [1]
    assert [row["id"] for row in ucrm.get("/documents", types_array="image")] == [2]
    file = ucrm.call("GET", "/documents/1/file")
    assert (file.content, file.headers["Content-Type"]) == (content, "application/pdf")
    assert ucrm.call("DELETE", "/documents/1").status_code == 200
    assert ucrm.refusal("GET", "/documents/1/file")[0] == 404


@pytest.mark.parametrize(
    "wrong",
    [{"file": None}, {"file": "not base64!"}, {"name": ""}, {"clientId": 9}, {"templateId": 1}, {"size": 3}],
)
def test_a_document_that_is_not_as_documented_is_refused(ucrm: Ucrm, wrong: Any) -> None:
    body = {"clientId": 1001, "name": "calls.pdf", "file": "QQ==", **wrong}
    assert ucrm.refusal("POST", "/documents", body)[0] == 422


def test_the_client_log_takes_a_message_for_a_client(ucrm: Ucrm) -> None:
    made = ucrm.post("/client-logs", {"clientId": 1001, "message": "October billed"})
    assert made["createdDate"] == "2026-11-01T12:00:00+0000"
    assert ucrm.get("/client-logs", clientId=1001, createdDateFrom="2026-11-01") == [made]
    assert ucrm.get("/client-logs", clientId=1001, createdDateTo="2026-10-31") == []
    assert ucrm.refusal("POST", "/client-logs", {"clientId": 1001})[0] == 422
    assert ucrm.refusal("POST", "/client-logs", {"clientId": 9, "message": "x"})[0] == 422
    assert ucrm.refusal("GET", "/client-logs", clientId=9)[0] == 404


def test_organizations_currencies_taxes_and_options_are_read(ucrm: Ucrm) -> None:
    british, japanese = ucrm.get("/organizations")
    assert (british["name"], japanese["name"]) == ("Example Telecom", "Example Japan")
    assert ucrm.get(f"/currencies/{british['currencyId']}")["code"] == "GBP"
    assert [tax["rate"] for tax in ucrm.get("/taxes")] == [20, Decimal("2.5")]
    assert ucrm.get("/options")["pricingMode"] == 1


def test_a_restart_keeps_everything_and_seeds_nothing_twice(tmp_path: Path) -> None:
    state = tmp_path / "ucrm.json"
    with UcrmStandin(state, KEY, seeds=SEED) as standin:
        before = Ucrm(standin)
        before.attribute()
        before.invoice()
        body = {"clientId": 1001, "name": "calls.pdf", "file": "QQ=="}
        before.post("/documents", body)
        kept = standin.books.as_json()
    with UcrmStandin(state, KEY, seeds=SEED) as standin:
        after = Ucrm(standin)
        assert standin.books.as_json() == kept
        assert after.call("GET", "/documents/1/file").content == b"A"
        assert after.invoice()["number"] == "2026-000002"


def test_the_state_is_on_disk_before_the_answer_and_only_whole_files_are(ucrm: Ucrm, tmp_path: Path) -> None:
    ucrm.invoice()
    stored = Books(tmp_path / "ucrm.json")
    assert [row["number"] for row in stored.rows("invoices")] == ["2026-000001"]
    assert [path.name for path in tmp_path.iterdir()] == ["ucrm.json"]


def test_a_refused_change_leaves_no_trace(ucrm: Ucrm) -> None:
    before = ucrm.standin.books.as_json()
    ucrm.refusal("POST", "/clients/1001/invoices", {"items": [ITEM, {"label": "Calls"}]})
    assert ucrm.standin.books.as_json() == before


def test_a_change_that_cannot_be_saved_is_not_made(ucrm: Ucrm, monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(ucrm.standin.books, "save", full)
        assert ucrm.refusal("POST", "/clients/1001/invoices", {"items": [ITEM]})[0] == 500
    assert ucrm.get("/invoices") == []


@pytest.mark.parametrize(
    ("kind", "status", "done"),
    [
        ("timeout-before", None, 0),
        ("timeout-after", None, 1),
        ("500", 500, 0),
        ("500-after", 500, 1),
        ("429", 429, 0),
    ],
)
def test_it_fails_as_told_with_the_work_done_or_not(ucrm: Ucrm, kind: str, status: int | None, done: int) -> None:
    ucrm.fault("POST /clients/*/invoices", kind)
    if status is None:
        with pytest.raises(httpx.RemoteProtocolError):
            ucrm.invoice()
    else:
        assert ucrm.refusal("POST", "/clients/1001/invoices", {"items": [ITEM]})[0] == status
    assert len(ucrm.get("/invoices")) == done
    ucrm.invoice()
    assert len(ucrm.get("/invoices")) == done + 1


def test_a_fault_counts_down_over_the_calls_it_fits(ucrm: Ucrm) -> None:
    ucrm.fault("* /invoices", "429", times=2)
    assert ucrm.get("/version")
    assert [ucrm.call("GET", "/invoices").status_code for _ in range(3)] == [429, 429, 200]
    ucrm.fault("GET /invoices", "500")
    assert ucrm.http.get("/_standin/faults").json()["faults"][0]["kind"] == "500"
    ucrm.http.delete("/_standin/faults")
    assert ucrm.get("/invoices") == []
    for wrong in (
        {"match": "GET /", "kind": "402"},
        {"kind": "500"},
        ["500"],
        {"match": "x", "kind": "500", "x": 1},
    ):
        assert ucrm.http.post("/_standin/faults", json=wrong).status_code == 422


def test_invoices_of_many_callers_at_once_get_different_numbers(ucrm: Ucrm) -> None:
    threads = [threading.Thread(target=lambda: Ucrm(ucrm.standin).invoice()) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({row["number"] for row in ucrm.get("/invoices")}) == 8


def test_a_person_reads_the_invoices_on_a_page_that_runs_no_markup_of_theirs(ucrm: Ucrm) -> None:
    assert "No invoice" in ucrm.http.get("/").text
    ucrm.invoice(items=[{"label": "<script>alert(1)</script>", "price": Decimal("1234.5")}], draft=True)
    ucrm.invoice(notes="Thank you", attributes=[{"customAttributeId": ucrm.attribute()["id"], "value": "b-1"}])
    ucrm.post("/documents", {"clientId": 1001, "name": "calls.pdf", "file": "QQ=="})
    page = ucrm.http.get("/")
    assert page.headers["Content-Type"].startswith("text/html")
    for text in (
        "Ada &amp; Sons",
        "2026-000001",
        "1,234.50 GBP",
        "Calls to UK landlines",
        "Thank you",
        "calls.pdf",
    ):
        assert text in page.text
    assert "<script>" not in page.text
    assert ucrm.http.get("/_standin/documents/1").content == b"A"
    assert [row["client"] for row in ucrm.http.get("/_standin/invoices").json()] == ["Ada & Sons"] * 2
    assert ucrm.http.get("/_standin/state").json()["lastIds"]["invoices"] == 2
    assert ucrm.http.get("/_standin/other").status_code == 404


@pytest.mark.parametrize(
    "seeds",
    [{"customers": []}, [{"firstName": "No", "lastName": "Id"}], [{"id": 1, "firstName": "Half"}]],
)
def test_a_seed_that_cannot_be_is_refused(tmp_path: Path, seeds: Any) -> None:
    with pytest.raises(ValueError, match="seed"):
        UcrmStandin(tmp_path / "ucrm.json", KEY, seeds=seeds)


def test_it_runs_as_a_program_until_it_is_told_to_end(tmp_path: Path) -> None:
    seed = tmp_path / "clients.json"
    seed.write_text('[{"id": 1, "firstName": "Ada", "lastName": "One", "currencyCode": "EUR"}]')
    command = [sys.executable, "-m", "callmeter.local.ucrm", "--state", str(tmp_path / "state.json")]
    command += ["--key", KEY, "--seed", str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:  # noqa: S603
        assert program.stdout is not None
        url = program.stdout.readline().removeprefix("UCRM stand-in: ").strip()
        headers = {"X-Auth-App-Key": KEY}
        (client,) = httpx.get(url + API + "/clients", headers=headers, trust_env=False).json()
        assert client["currencyCode"] == "EUR"
        port = url.rpartition(":")[2]
        second = subprocess.run([*command, "--port", port], capture_output=True, text=True, check=False)  # noqa: S603
        assert second.returncode == 1
        assert f"cannot serve on port {port}" in second.stderr
        program.terminate()
    assert program.returncode == 0
