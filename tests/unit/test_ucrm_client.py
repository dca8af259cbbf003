"""Bills become UCRM invoices once, exactly, or not at all. Against the stand-in, over HTTP."""

import json
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from callmeter.errors import CallmeterError, Missing, Unreachable
from callmeter.local.ucrm import API, UcrmStandin
from callmeter.local.ucrm.faults import KINDS
from callmeter.model import Bill, BillLine, Invoice
from callmeter.ports import Invoicing
from callmeter.ucrm import api, exact_json
from callmeter.ucrm.client import UcrmInvoicing

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # plain HTTP only: reading no certificates is faster
KEY, READ_KEY = "write-key", "read-key"
SEED: dict[str, Any] = {
    "taxes": [{"id": 4, "name": "VAT", "rate": 20}, {"id": 5, "name": "Levy", "rate": 1}],
    "clients": [
        {"id": 1001, "clientType": 2, "companyName": "Ada Ltd", "currencyCode": "GBP"},
        {"id": 1002, "firstName": "Bo", "lastName": "Ek", "currencyCode": "GBP", "tax1Id": 4, "tax3Id": 5},
        {"id": 1003, "firstName": "Cy", "lastName": "Lead", "isLead": True},
        {"id": 1004, "firstName": "Di", "lastName": "Gone", "isArchived": True},
        {"id": 1005, "firstName": "Emi", "lastName": "Ito", "currencyCode": "JPY"},
        {"id": 1006, "firstName": "Fay", "lastName": "Kay", "currencyCode": "GBP", "accountCredit": 100},
    ],
}
ISSUE = "POST /clients/*/invoices"


def bill(*amounts: str, client: int | None = 1001, bill_id: str = "b-1", **changes: Any) -> Bill:
    """A bill with a line for each amount."""
    lines = tuple(BillLine(label=f"Line {at}", amount=Decimal(amount)) for at, amount in enumerate(amounts))
    amount = sum((line.amount for line in lines), Decimal(0))
    facts: dict[str, Any] = {
        "bill_id": bill_id,
        "account_id": "ada",
        "account_name": "Ada Ltd",
        "period": "2026-10",
        "currency": "GBP",
        "due": amount + Decimal("0.0012"),
        "amount": amount,
        "carried": Decimal("0.0012"),
        "lines": lines,
        "ucrm_client_id": client,
        "catalogue": "3f9c",
        "frozen_at": datetime(2026, 11, 2, tzinfo=UTC),
        "ledger": "ledgers/ada/2026-10.parquet",
    }
    return Bill(**{**facts, **changes})


@pytest.fixture
def standin(tmp_path: Path) -> Iterator[UcrmStandin]:
    with UcrmStandin(tmp_path / "ucrm.json", KEY, read_key=READ_KEY, seeds=SEED) as standin:
        yield standin


@pytest.fixture
def invoicing(standin: UcrmStandin) -> Iterator[UcrmInvoicing]:
    with connect(standin.url) as invoicing:
        yield invoicing


def connect(url: str, key: str = KEY, **settings: Any) -> UcrmInvoicing:
    return UcrmInvoicing(url, key, **{"first_pause_seconds": 0, "verify": NO_TLS, **settings})


def invoices(standin: UcrmStandin) -> list[dict[str, Any]]:
    return standin.books.rows("invoices")


def fail(standin: UcrmStandin, match: str, kind: str, times: int = 1) -> None:
    standin.faults.add({"match": match, "kind": kind, "times": times})


def find_or_issue(invoicing: Invoicing, what: Bill, tries: int) -> Invoice:
    """What the bill job does, with the runs it may take."""
    for _ in range(tries - 1):
        try:
            return invoicing.find(what.bill_id) or invoicing.issue(what)
        except Unreachable:
            continue
    return invoicing.find(what.bill_id) or invoicing.issue(what)


def test_a_bill_becomes_a_numbered_invoice_that_is_found_by_its_bill(
    invoicing: UcrmInvoicing, standin: UcrmStandin
) -> None:
    assert invoicing.find("b-1") is None
    issued = invoicing.issue(bill("12.30", "0.05"))
    assert issued == Invoice(invoice_id=1, number="000001", total_untaxed=Decimal("12.35"))
    assert invoicing.find("b-1") == issued
    assert invoicing.find("b-2") is None
    (row,) = invoices(standin)
    assert [(item["label"], item["price"], item["quantity"]) for item in row["items"]] == [
        ("Line 0", Decimal("12.30"), 1),
        ("Line 1", Decimal("0.05"), 1),
    ]
    assert [(mark["key"], mark["value"]) for mark in row["attributes"]] == [("callmeterBill", "b-1")]
    assert row["status"] == 1
    assert "b-1" in row["adminNotes"]
    assert "b-1" not in row["notes"]


def test_prices_reach_ucrm_digit_for_digit(invoicing: UcrmInvoicing, standin: UcrmStandin) -> None:
    invoicing.issue(bill("0.10", "0.20", "90071992547409.93"))
    stored = standin.books.path.read_text()
    assert all(f'"price":{price},' in stored for price in ("0.10", "0.20", "90071992547409.93"))
    found = invoicing.find("b-1")
    assert found is not None
    assert found.total_untaxed == Decimal("90071992547410.23")


def test_a_line_may_be_a_credit_as_long_as_something_is_due(invoicing: UcrmInvoicing) -> None:
    assert invoicing.issue(bill("12.00", "-2.50")).total_untaxed == Decimal("9.50")


def test_yen_have_no_decimals(invoicing: UcrmInvoicing) -> None:
    assert invoicing.issue(bill("120", "34", client=1005, currency="JPY")).total_untaxed == 154


def test_the_clients_own_taxes_are_put_on_every_item(invoicing: UcrmInvoicing, standin: UcrmStandin) -> None:
    issued = invoicing.issue(bill("10.00", "2.50", client=1002))
    assert issued.total_untaxed == Decimal("12.50")
    (row,) = invoices(standin)
    assert [(item["tax1Id"], item["tax2Id"], item["tax3Id"]) for item in row["items"]] == [(4, None, 5)] * 2
    assert row["total"] == Decimal("15.13")  # 12.50 + 20 % 2.50 + 1 % 0.125, rounded to 0.13


def test_credit_is_used_or_kept_as_the_operator_chose(standin: UcrmStandin) -> None:
    with connect(standin.url, apply_credit=False) as keeping, connect(standin.url) as using:
        keeping.issue(bill("10.00", client=1006))
        using.issue(bill("10.00", client=1006, bill_id="b-2"))
    assert [row["amountPaid"] for row in invoices(standin)] == [0, 10]


def test_a_void_invoice_is_found_and_told_as_void(invoicing: UcrmInvoicing, standin: UcrmStandin) -> None:
    invoicing.issue(bill("1.00"))
    httpx.patch(f"{standin.url}{API}/invoices/1/void", headers={"X-Auth-App-Key": KEY}, trust_env=False)
    found = invoicing.find("b-1")
    assert found is not None
    assert (found.invoice_id, found.void) == (1, True)
    invoicing.issue(bill("1.00"))
    found = invoicing.find("b-1")
    assert found is not None
    assert (found.invoice_id, found.void) == (2, False)


def test_two_invoices_in_force_for_one_bill_are_a_clear_error(invoicing: UcrmInvoicing) -> None:
    invoicing.issue(bill("1.00"))
    invoicing.issue(bill("1.00"))
    with pytest.raises(CallmeterError, match=r"several invoices for bill b-1: 000001, 000002\. Void all but one"):
        invoicing.find("b-1")


def test_bill_ids_are_matched_whole_and_with_their_case(invoicing: UcrmInvoicing) -> None:
    invoicing.issue(bill("1.00", bill_id="b-10"))
    assert invoicing.find("b-1") is None
    assert invoicing.find("B-10") is None


def test_the_attribute_is_made_once_and_found_by_later_senders(invoicing: UcrmInvoicing, standin: UcrmStandin) -> None:
    invoicing.issue(bill("1.00"))
    with connect(standin.url) as other:
        other.issue(bill("1.00", bill_id="b-2"))
    (row,) = standin.books.rows("customAttributes")
    assert (row["name"], row["type"], row["attributeType"]) == ("Callmeter bill", "string", "invoice")
    assert row["clientZoneVisible"] is False


def test_an_attribute_made_by_someone_else_in_between_is_used(
    invoicing: UcrmInvoicing, standin: UcrmStandin, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = invoicing._find_attribute
    looks = iter([lambda: None, look])
    with connect(standin.url) as other:
        other.issue(bill("1.00"))
    monkeypatch.setattr(invoicing, "_find_attribute", lambda: next(looks)())
    invoicing.issue(bill("1.00", bill_id="b-2"))
    assert len(standin.books.rows("customAttributes")) == 1


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("times", [1, 3])
def test_whatever_goes_wrong_while_issuing_there_is_one_invoice_in_the_end(
    invoicing: UcrmInvoicing, standin: UcrmStandin, kind: str, times: int
) -> None:
    fail(standin, ISSUE, kind, times)
    invoice = find_or_issue(invoicing, bill("12.35"), tries=4)
    assert invoice.total_untaxed == Decimal("12.35")
    assert [row["number"] for row in invoices(standin)] == ["000001"]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_failures_of_any_call_leave_one_invoice_and_one_attribute(
    invoicing: UcrmInvoicing, standin: UcrmStandin, kind: str
) -> None:
    fail(standin, "* /custom-attributes", kind, 5)
    fail(standin, "GET /clients/*", kind, 2)
    fail(standin, "GET /invoices", kind, 2)
    fail(standin, ISSUE, kind, 1)
    find_or_issue(invoicing, bill("12.35"), tries=8)
    assert (len(invoices(standin)), len(standin.books.rows("customAttributes"))) == (1, 1)


def test_an_invoice_that_may_have_been_issued_is_never_sent_again_by_itself(
    invoicing: UcrmInvoicing, standin: UcrmStandin
) -> None:
    fail(standin, ISSUE, "timeout-after")
    with pytest.raises(Unreachable, match="did not answer POST /clients/1001/invoices"):
        invoicing.issue(bill("12.35"))
    assert len(invoices(standin)) == 1


def test_an_answer_that_comes_too_late_is_a_timeout(standin: UcrmStandin) -> None:
    standin.faults.add({"match": ISSUE, "kind": "timeout-after", "delaySeconds": 60})
    with connect(standin.url, timeout_seconds=0.2) as impatient:
        with pytest.raises(Unreachable):
            impatient.issue(bill("12.35"))
        found = impatient.find("b-1")
    assert found is not None


def test_reads_are_tried_again_until_ucrm_answers(invoicing: UcrmInvoicing, standin: UcrmStandin) -> None:
    for kind in ("429", "500", "timeout-before"):
        fail(standin, "GET /version", kind)
    assert invoicing.version() == "4.5.33"
    fail(standin, "GET /version", "429", times=4)
    with pytest.raises(Unreachable, match=r"429 to GET /version: Too Many Requests\.. Trying again later"):
        invoicing.version()


def test_a_restarted_ucrm_still_finds_the_bill(tmp_path: Path) -> None:
    with UcrmStandin(tmp_path / "u.json", KEY, seeds=SEED) as standin, connect(standin.url) as invoicing:
        issued = invoicing.issue(bill("12.35"))
    with UcrmStandin(tmp_path / "u.json", KEY) as standin, connect(standin.url) as invoicing:
        assert invoicing.find("b-1") == issued


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (bill("1.00", client=None), "account ada has no UCRM client"),
        (bill("1.00", client=9), "UCRM has no client 9. Correct ucrm_client_id of account ada"),
        (bill("1.00", client=1003), "client 1003 of account ada is a lead"),
        (bill("1.00", client=1004), "client 1004 of account ada is archived"),
        (bill("1.00", currency="EUR"), "account ada is billed in EUR, but UCRM client 1001 in GBP"),
        (bill("0.00"), "only above 0 is invoiced"),
        (bill("1.00", "-2.00"), "only above 0 is invoiced"),
        (bill("1.00", amount=Decimal("1.01")), "its lines add up to 1.00"),
        (bill("1.005", "1.005"), "more decimals than GBP has"),
        (bill("1.50", client=1005, currency="JPY"), "more decimals than JPY has"),
    ],
)
def test_a_bill_that_cannot_be_invoiced_is_refused_before_anything_is_sent(
    invoicing: UcrmInvoicing, standin: UcrmStandin, wrong: Bill, told: str
) -> None:
    with pytest.raises(CallmeterError, match=told) as refused:
        invoicing.issue(wrong)
    assert not isinstance(refused.value, Unreachable)
    assert standin.books.last_ids.get("invoices") is None
    assert standin.books.rows("customAttributes") == []


def test_prices_that_would_include_tax_are_refused_where_the_client_has_a_tax(
    invoicing: UcrmInvoicing, standin: UcrmStandin
) -> None:
    standin.books.options["pricingMode"] = 2
    with pytest.raises(CallmeterError, match="tax exclusive pricing"):
        invoicing.issue(bill("1.00", client=1002))
    assert invoicing.issue(bill("1.00")).total_untaxed == Decimal("1.00")


def test_an_invoice_that_comes_to_another_amount_is_a_clear_error(
    invoicing: UcrmInvoicing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cheaper(*_: Any) -> dict[str, Any]:
        nothing = Decimal("0.00")
        return {"subtotal": nothing, "totalUntaxed": Decimal("12.34"), "total": nothing}

    monkeypatch.setattr("callmeter.local.ucrm.totals.of_invoice", cheaper)
    with pytest.raises(CallmeterError, match=r"invoice 000001 for bill b-1 comes to 12.34 GBP .* not to 12.35 GBP"):
        invoicing.issue(bill("12.35"))


def test_a_refused_invoice_is_told_in_ucrms_words(invoicing: UcrmInvoicing) -> None:
    with pytest.raises(CallmeterError, match=r"422.*Validation failed\. items\[\]\.label: This value should not"):
        invoicing.issue(bill("1.00", lines=(BillLine(label="", amount=Decimal("1.00")),)))


def test_a_key_that_is_wrong_or_may_only_read_is_told_with_what_to_do(standin: UcrmStandin) -> None:
    with connect(standin.url, "guess") as stranger, pytest.raises(CallmeterError, match="Check the app key"):
        stranger.find("b-1")
    with connect(standin.url, READ_KEY) as reader:
        assert reader.find("b-1") is None
        with pytest.raises(CallmeterError, match="app key of type Write"):
            reader.issue(bill("1.00"))


def test_long_lists_are_read_page_by_page(
    invoicing: UcrmInvoicing, standin: UcrmStandin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "PAGE_ROWS", 2)
    for at in range(5):
        invoicing.put_document(1001, f"calls-{at}.pdf", b"%PDF")
    assert [invoicing.put_document(1001, f"calls-{at}.pdf", b"%PDF") for at in range(5)] == [1, 2, 3, 4, 5]
    assert len(standin.books.rows("documents")) == 5


def test_a_statement_is_uploaded_once_a_client_and_name(invoicing: UcrmInvoicing, standin: UcrmStandin) -> None:
    content = b"%PDF-1.7 \x00\xff"
    fail(standin, "POST /documents", "timeout-after")
    with pytest.raises(Unreachable):
        invoicing.put_document(1001, "calls-2026-10.pdf", content)
    assert invoicing.put_document(1001, "calls-2026-10.pdf", content) == 1
    assert invoicing.put_document(1002, "calls-2026-10.pdf", content) == 2
    file = httpx.get(f"{standin.url}/_standin/documents/1", trust_env=False)
    assert file.content == content


def test_a_message_is_logged_once(invoicing: UcrmInvoicing, standin: UcrmStandin) -> None:
    for message in ("October billed", "October billed", "November billed"):
        invoicing.log(1001, message)
    logged = [row["message"] for row in standin.books.rows("clientLogs")]
    assert logged == ["October billed", "November billed"]
    with pytest.raises(Missing):
        invoicing.log(9, "nobody")


@pytest.mark.parametrize("suffix", ["", "/", API, API + "/"])
def test_the_address_is_taken_with_or_without_the_path(standin: UcrmStandin, suffix: str) -> None:
    with connect(standin.url + suffix) as invoicing:
        assert invoicing.version() == "4.5.33"


def test_an_address_where_nobody_answers_is_unreachable() -> None:
    with (
        connect("http://127.0.0.1:9", tries=2) as nobody,
        pytest.raises(Unreachable, match="did not answer GET"),
    ):
        nobody.version()


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (200, "<html>Sign in</html>", "is not JSON"),
        (200, "[]", "not as documented"),
        (301, "", "sends GET /version on to https://crm.example/"),
        (502, "<h1>Bad gateway</h1>", "502 to GET /version: '<h1>Bad gateway</h1>'"),
        (418, '"teapot"', "418"),
    ],
)
def test_answers_that_are_not_ucrms_are_told_as_what_they_are(status: int, body: str, told: str) -> None:
    class Odd(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Location", "https://crm.example/")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with HTTPServer(("127.0.0.1", 0), Odd) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        with connect(url, tries=2) as invoicing, pytest.raises(CallmeterError) as error:
            invoicing.version()
        server.shutdown()
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("0.1"), "0.1"),
        (Decimal("1.50"), "1.50"),
        (Decimal("1E+3"), "1000"),
        (Decimal("-0.000000001"), "-0.000000001"),
        ({"a": [True, None, 3, "ü\n"]}, '{"a":[true,null,3,"\\u00fc\\n"]}'),
    ],
)
def test_exact_json_writes_the_digits_it_was_given(value: Any, text: str) -> None:
    assert exact_json.dumps(value) == text
    assert exact_json.loads(text) == value
    json.loads(text)


@pytest.mark.parametrize("value", [0.1, Decimal("NaN"), Decimal("Infinity"), object(), {1, 2}])
def test_exact_json_writes_nothing_that_is_not_exact(value: Any) -> None:
    with pytest.raises(TypeError):
        exact_json.dumps([value])


def test_exact_json_reads_no_numbers_beyond_json() -> None:
    with pytest.raises(ValueError, match="NaN"):
        exact_json.loads('{"price": NaN}')
