"""What every way of billing has in common: the API, the attribute, documents and log, and all that UCRM knows."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from callmeter.errors import CallmeterError, Missing, Unreachable
from callmeter.local.ucrm import API
from callmeter.model import BillState, Sent
from callmeter.ucrm import api as ucrm_api
from callmeter.ucrm import exact_json
from callmeter.ucrm.answers import IssuedInvoice, LogEntry, Version
from callmeter.ucrm.api import UcrmApi
from callmeter.ucrm.client import UcrmInvoicing
from ucrm_desk import ADA, FAY, KEY, NO_TLS, READ_KEY, Desk, bill, operator

BILL = "ada-2026-10"
PDF = {"calls-2026-10.pdf": b"%PDF-1.7 \x00\xff", "calls-2026-10.csv": b"date,to"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with operator(tmp_path) as desk:
        yield desk


def api(url: str, key: str = KEY, **settings: Any) -> UcrmApi:
    return UcrmApi(url, key, **{"first_pause_seconds": 0, "tries": 2, "verify": NO_TLS, **settings})


def invoiced(desk: Desk, *amounts: str, **changes: Any) -> BillState:
    """The state of a bill that was sent."""
    one = bill(*amounts, **changes)
    desk.add(one)
    desk.run()
    return desk.states[one.bill_id]


# ---- the API


@pytest.mark.parametrize("kind", ["429", "500", "html", "timeout-before"])
def test_reads_are_tried_again_until_ucrm_answers(desk: Desk, kind: str) -> None:
    desk.fail("GET /version", kind)
    assert api(desk.standin.url).read(Version, "/version").version == "4.5.33"
    desk.fail("GET /version", kind, times=2)
    with pytest.raises(Unreachable):
        api(desk.standin.url).read(Version, "/version")


def test_a_write_is_sent_again_only_where_ucrm_says_that_it_did_nothing(desk: Desk) -> None:
    caller = api(desk.standin.url)
    body = {"clientId": ADA, "message": "hello"}
    desk.fail("POST /client-logs", "429")
    caller.create(LogEntry, "/client-logs", body)
    desk.fail("POST /client-logs", "500-after")
    with pytest.raises(Unreachable, match="500 to POST /client-logs"):
        caller.create(LogEntry, "/client-logs", body)
    assert len(desk.standin.books.rows("clientLogs")) == 2


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7), ("soon", 0), ("", 0), ("-3", 0), ("Mon, 01 Jan 2024 00:00:00 GMT", 0), ("Mon, 01 Jan 2024", 0)],
)
def test_ucrm_may_say_how_long_to_wait(header: str, seconds: int) -> None:
    assert ucrm_api._retry_after(header) == seconds


def test_a_pause_until_a_date_is_the_time_until_then() -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    assert 3500 < ucrm_api._retry_after(soon.strftime("%a, %d %b %Y %H:%M:%S GMT")) <= 3600


def test_the_pause_asked_for_is_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    caller = api(desk.standin.url)
    monkeypatch.setattr(caller._reads, "sleep", slept.append)
    desk.fail("GET /version", "429", retryAfterSeconds=9)
    caller.read(Version, "/version")
    assert slept == [9]


def test_an_answer_that_comes_too_late_is_a_timeout(desk: Desk) -> None:
    desk.fail("POST /client-logs", "timeout-after", delaySeconds=60)
    with pytest.raises(Unreachable, match="did not answer POST /client-logs"):
        api(desk.standin.url, timeout_seconds=0.2).create(
            LogEntry, "/client-logs", {"clientId": ADA, "message": "hello"}
        )


def test_a_key_that_is_wrong_or_may_only_read_is_told_with_what_to_do(desk: Desk) -> None:
    with pytest.raises(CallmeterError, match="Check the app key"):
        api(desk.standin.url, "guess").read(Version, "/version")
    reader = api(desk.standin.url, READ_KEY)
    assert reader.read(Version, "/version").version == "4.5.33"
    with pytest.raises(CallmeterError, match="app key of type Write"):
        reader.create(LogEntry, "/client-logs", {"clientId": ADA, "message": "hello"})


@pytest.mark.parametrize("largest", [None, 12])
def test_long_lists_are_read_page_by_page_however_long_a_page_may_be(desk: Desk, largest: int | None) -> None:
    desk.standin.books.options["_largestPage"] = largest
    row = {**BLANK_INVOICE, "clientId": ADA}
    for _ in range(130):
        desk.standin.books.add("invoices", row)
    rows = list(api(desk.standin.url).rows(IssuedInvoice, "/invoices", {"clientId": ADA}))
    assert [one.id for one in rows] == list(range(1, 131))


BLANK_INVOICE: dict[str, Any] = {
    "number": None, "status": 1, "proforma": False, "createdDate": "2026-11-01T00:00:00+0000", "items": [],
    "totalUntaxed": 0, "currencyCode": "GBP", "attributes": [], "_organizationId": 1, "amountToPay": 0,
    "dueDate": "2026-11-15T00:00:00+0000",
}  # fmt: skip


@pytest.mark.parametrize("suffix", ["", "/", API, API + "/"])
def test_the_address_is_taken_with_or_without_the_path(desk: Desk, suffix: str) -> None:
    assert api(desk.standin.url + suffix).read(Version, "/version").version == "4.5.33"


def test_an_address_where_nobody_answers_is_unreachable() -> None:
    with pytest.raises(Unreachable, match="did not answer GET"):
        api("http://127.0.0.1:9").read(Version, "/version")


# ---- the attribute


def test_the_attribute_is_made_once_and_found_by_later_senders(desk: Desk) -> None:
    invoiced(desk, "1.00")
    desk.connect()
    invoiced(desk, "1.00", account="bob")
    (row,) = desk.standin.books.rows("customAttributes")
    assert (row["name"], row["type"], row["attributeType"]) == ("Callmeter bill", "string", "invoice")
    assert row["clientZoneVisible"] is False


def test_an_attribute_made_by_someone_else_in_between_is_used(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    late = UcrmInvoicing(api(desk.standin.url), desk.rules)
    look = late._crm._read_attribute
    looks = iter([lambda: None, lambda: None, look])
    invoiced(desk, "1.00", account="bob")
    monkeypatch.setattr(late._crm, "_read_attribute", lambda: next(looks)())
    late.advance(bill("1.00"), BillState(**{**desk.states["bob-2026-10"].model_dump(), "bill_id": BILL}), [])
    assert len(desk.standin.books.rows("customAttributes")) == 1


def test_an_attribute_with_another_key_is_refused_as_bills_would_not_be_found_by_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callmeter.local.ucrm.attributes.camel_case", lambda _: "callmeterBill2")
    assert "the key callmeterBill2, not callmeterBill" in invoiced(desk, "1.00").problem


def test_clients_are_billed_side_by_side(desk: Desk) -> None:
    bills = [bill("1.00", account=f"a{number}", client=client) for number in range(6) for client in (ADA,)]
    bills += [bill("2.00", account=f"f{number}", client=FAY) for number in range(6)]
    state = BillState(bill_id="", account_id="", period="2026-10", amount=Decimal(1), currency="GBP", way="invoice")

    def send(number: int) -> Sent:
        one = bills[number]
        return desk.invoicing.advance(one, state.model_copy(update={"bill_id": one.bill_id}), [])

    with ThreadPoolExecutor(4) as pool:
        sent = list(pool.map(send, range(len(bills))))
    assert sorted(one.number for one in sent) == [f"{number:06}" for number in range(1, 13)]
    assert [one.amount for one in sent] == [1] * 6 + [2] * 6
    assert len(desk.standin.books.rows("customAttributes")) == 1


def test_a_bill_begun_for_another_destination_is_told(desk: Desk) -> None:
    state = invoiced(desk, "1.00").model_copy(update={"way": "whmcs"})
    with pytest.raises(CallmeterError, match='UCRM knows no way "whmcs"'):
        desk.invoicing.look(desk.bills[BILL], state, [])


def test_a_way_is_looked_at_where_a_bill_was_never_sent(desk: Desk) -> None:
    desk.add(bill("1.00"))
    assert desk.look(BILL) == Sent(status="absent")


# ---- documents and log


def test_statements_are_uploaded_once_by_name_and_the_log_has_one_line(desk: Desk) -> None:
    state = invoiced(desk, "12.35")
    for kind in ("timeout-after", "500"):
        desk.fail("POST /documents", kind)
        with pytest.raises(Unreachable):
            desk.invoicing.attach(desk.bills[BILL], state, PDF)
    desk.fail("POST /client-logs", "timeout-after")
    with pytest.raises(Unreachable):
        desk.invoicing.attach(desk.bills[BILL], state, PDF)
    desk.invoicing.attach(desk.bills[BILL], state, PDF)
    rows = desk.standin.books.rows("documents")
    assert sorted(row["name"] for row in rows) == sorted(PDF)
    content = httpx.get(f"{desk.standin.url}/_standin/documents/{rows[0]['id']}", trust_env=False).content
    assert content == PDF[rows[0]["name"]]
    assert [row["message"] for row in desk.standin.books.rows("clientLogs")] == [
        "Calls 2026-10 of account ada: 12.35 GBP on invoice 000001. Bill ada-2026-10."
    ]


def test_documents_and_log_are_left_where_the_rules_do_not_want_them(tmp_path: Path) -> None:
    with operator(tmp_path, documents=False, log=False) as desk:
        desk.invoicing.attach(bill("12.35"), invoiced(desk, "12.35"), PDF)
        assert desk.standin.books.rows("documents") == []
        assert desk.standin.books.rows("clientLogs") == []


def test_an_account_without_client_gets_nothing_attached_and_an_unknown_one_is_told(desk: Desk) -> None:
    state = invoiced(desk, "12.35")
    desk.invoicing.attach(bill("0", client=None), state, PDF)
    with pytest.raises(Missing, match="UCRM has no client 9"):
        desk.invoicing.attach(bill("0", client=9), state, PDF)


# ---- all that UCRM knows


def test_known_has_every_bill_of_an_invoice_a_draft_or_a_credit_note(desk: Desk) -> None:
    invoiced(desk, "1.00")
    invoiced(desk, "-2.00", account="credited")
    invoiced(desk, "3.00", account="voided")
    desk.standin.hand("void", 2)
    desk.connect(desk.rules.model_copy(update={"ucrm": desk.rules.ucrm.model_copy(update={"way": "draft"})}))
    desk.daily_run(date(2026, 11, 1))
    desk.add(bill("4.00", account="mixed"), bill("5.00", account="with"))
    desk.run()
    row = desk.invoices[0]
    desk.standin.books.add("invoices", {**row, "id": 9, "number": "9"})
    assert desk.invoicing.known(date(2026, 11, 1)) == {
        BILL: Sent(
            status="invoiced", invoice_id=1, number="000001", amount=Decimal("1.00"),
            problem="it is on invoice 000001 and invoice 9",
        ),
        "credited-2026-10": Sent(status="invoiced", invoice_id=1, number="CN000001", amount=Decimal("-2.00")),
        "voided-2026-10": Sent(status="void", invoice_id=2, number="000002", amount=Decimal("3.00")),
        "mixed-2026-10": Sent(status="placed", invoice_id=3),
        "with-2026-10": Sent(status="placed", invoice_id=3),
    }  # fmt: skip
    assert set(desk.invoicing.known(date(2026, 11, 5))) == {"mixed-2026-10", "with-2026-10"}


# ---- answers that are not UCRM's, and JSON


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
        with pytest.raises(CallmeterError) as error:
            api(url).read(Version, "/version")
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
