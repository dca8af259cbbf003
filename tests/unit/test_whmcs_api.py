"""What WHMCS answers, and what that means; and that the stand-in refuses what the documentation says is refused."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest

from callmeter.errors import CallmeterError, Unreachable
from callmeter.local.whmcs import WhmcsStandin
from callmeter.whmcs.answers import AddedItem, ClientAnswer, Clock, CreditLog, Invoice, InvoicePage
from callmeter.whmcs.api import RefusedError, WhmcsApi

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # plain HTTP only: reading no certificates is faster
NOW = datetime(2026, 11, 2, 3, 10)  # noqa: DTZ001 -- WHMCS' wall clock
ITEM = {"clientid": "1", "description": "Calls", "amount": "1.50", "unit": "quantity", "invoiceaction": "nextcron"}


@pytest.fixture
def standin() -> Iterator[WhmcsStandin]:
    with WhmcsStandin("id", "secret", lambda: NOW) as one:
        one.books.add_client()
        yield one


def api(url: str, identifier: str = "id", secret: str = "secret", **options: Any) -> WhmcsApi:  # noqa: S107
    return WhmcsApi(url, identifier, secret, first_pause_seconds=0, tries=2, verify=NO_TLS, **options)


def ask(standin: WhmcsStandin, **fields: str) -> dict[str, Any]:
    """What the stand-in answers to a form as it is."""
    form = {"identifier": "id", "secret": "secret", "responsetype": "json", **fields}
    answer = httpx.post(standin.url + "/includes/api.php", data=form, verify=NO_TLS, trust_env=False)
    body: dict[str, Any] = answer.json()
    return body


@contextmanager
def answering(status: int, body: str, **headers: str) -> Iterator[str]:
    """A server that always says the same; its address."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


# ---- the client


@pytest.mark.parametrize("path", ["", "/", "/includes/api.php"])
def test_the_address_may_be_given_with_or_without_the_path(standin: WhmcsStandin, path: str) -> None:
    assert api(standin.url + path).read(Clock, "GetAutomationLog").now == NOW


@pytest.mark.parametrize(
    ("credentials", "said"),
    [
        ({"identifier": "other"}, "Invalid or missing credentials. Check the API credential's identifier and secret"),
        ({"secret": "other"}, "Authentication Failed. Check the API credential's"),
    ],
)
def test_wrong_credentials_are_said_to_be_so(standin: WhmcsStandin, credentials: dict[str, str], said: str) -> None:
    with pytest.raises(RefusedError, match=said):
        api(standin.url, **credentials).read(Clock, "GetAutomationLog")


def test_an_address_that_is_not_allowed_needs_the_access_key() -> None:
    with WhmcsStandin("id", "secret", lambda: NOW, allowed=False, access_key="let-me-in") as standin:
        with pytest.raises(RefusedError, match=r"\(403\): Invalid IP 127.0.0.1. Allow this address in WHMCS"):
            api(standin.url).read(Clock, "GetAutomationLog")
        assert api(standin.url, access_key="let-me-in").read(Clock, "GetAutomationLog").now == NOW


def test_an_amount_goes_out_with_the_digits_it_has(standin: WhmcsStandin) -> None:
    fields: dict[str, str | Decimal] = {**ITEM, "amount": Decimal("1E+2")}
    added = api(standin.url).write(AddedItem, "AddBillableItem", **fields)
    assert standin.books.items[added.billableid]["amount"] == Decimal(100)


def test_a_read_is_repeated_and_a_write_is_not(standin: WhmcsStandin) -> None:
    one = api(standin.url)
    standin.fail("GetAutomationLog", "timeout-before")
    assert one.read(Clock, "GetAutomationLog").last_cron is None
    standin.fail("AddBillableItem", "500")
    with pytest.raises(Unreachable, match="answered 500 to AddBillableItem"):
        one.write(AddedItem, "AddBillableItem", **ITEM)
    assert standin.books.items == {}


@pytest.mark.parametrize(
    ("status", "body", "headers", "kind", "said"),
    [
        (200, "<h1>Hello</h1>", {}, Unreachable, "is not JSON: '<h1>Hello</h1>'. Check its address"),
        (200, "[]", {}, Unreachable, "is not JSON"),
        (200, '{"result": "success"}', {}, Unreachable, "not as documented .8.2 or newer.: currentDatetime"),
        (503, "", {}, Unreachable, "answered 503"),
        (429, "{}", {}, Unreachable, "answered 429"),
        (301, "", {"Location": "https://other.example/"}, CallmeterError, "on to https://other.example/: give"),
        (200, '{"result": "error", "message": "Invalid Permissions: x"}', {}, RefusedError, "role this action"),
        (200, "{}", {}, RefusedError, "refused GetAutomationLog"),
    ],
)
def test_an_answer_that_is_none_says_so(
    status: int, body: str, headers: dict[str, str], kind: type[CallmeterError], said: str
) -> None:
    with answering(status, body, **headers) as url, pytest.raises(kind, match=said):
        api(url).read(Clock, "GetAutomationLog")


def test_nobody_at_the_address_is_unreachable() -> None:
    with pytest.raises(Unreachable, match="did not answer GetAutomationLog at http://127"):
        api("http://127.0.0.1:1").read(Clock, "GetAutomationLog")


def test_no_secret_is_in_an_error(standin: WhmcsStandin) -> None:
    with pytest.raises(CallmeterError) as refused:
        api(standin.url, secret="hush-hush", access_key="key-key").read(Clock, "GetAutomationLog")  # noqa: S106
    assert not [word for word in ("hush-hush", "key-key") if word in str(refused.value)]


# ---- what it reads: the documentation's own examples, in the forms that they come in


def test_lists_are_read_whether_filled_empty_or_not_there() -> None:
    row = {"id": "1", "date": "2016-01-01", "status": "Unpaid"}
    page = InvoicePage.model_validate({"totalresults": "1", "invoices": {"invoice": [row]}})
    assert [found.id for found in page.invoices] == [1]
    none: tuple[dict[str, Any], ...] = (
        {"invoices": ""}, {"invoices": []}, {"invoices": None}, {"invoices": {"invoice": ""}}, {},
    )  # fmt: skip
    for empty in none:
        assert InvoicePage.model_validate({"totalresults": 0, **empty}).invoices == ()


def test_texts_are_read_without_entities_and_days_that_are_none_as_none() -> None:
    item = {"type": "Item", "description": "Calls &amp; &#039;more&#039;", "amount": "15.95"}
    invoice = Invoice.model_validate(
        {"invoiceid": 7, "invoicenum": None, "date": "0000-00-00", "status": "CANCELLED", "items": {"item": [item]}}
    )
    assert (invoice.number, invoice.date, invoice.is_void, invoice.is_draft) == ("7", None, True, False)
    assert (invoice.items[0].description, invoice.items[0].amount) == ("Calls & 'more'", Decimal("15.95"))


# ---- the stand-in. Origin of each: developers.whmcs.com/api-reference, under the action's name


@pytest.mark.parametrize(
    ("action", "fields", "said"),
    [
        ("AddBillableItem", {**ITEM, "clientid": "9"}, "Client ID not Found"),
        ("AddBillableItem", {**ITEM, "description": ""}, "You must provide a description"),
        ("AddBillableItem", {**ITEM, "unit": ""}, "Invalid Unit, please specify either 'hours' or 'quantity'"),
        ("AddBillableItem", {**ITEM, "unit": "minutes"}, "Invalid Unit, please specify either 'hours' or 'quantity'"),
        ("AddBillableItem", {**ITEM, "invoiceaction": "soon"}, "Invalid Invoice Action"),
        ("AddBillableItem", {**ITEM, "amount": "ten"}, "amount is not money"),
        ("AddBillableItem", {**ITEM, "amount": "1.005"}, "amount is not money"),
        ("AddBillableItem", {**ITEM, "hours": "1"}, "Unknown parameter hours"),
        ("AddCredit", {"clientid": "9", "description": "x", "amount": "1"}, "Client ID Not Found"),
        ("AddCredit", {"clientid": "1", "description": "x"}, "No Amount Provided"),
        ("GetInvoice", {"invoiceid": "4"}, "Invoice ID Not Found"),
        ("GetInvoices", {"orderby": "colour"}, "Invalid Order"),
        ("GetInvoices", {"limitnum": "all"}, "limitnum is not a number"),
        ("GetClientsDetails", {}, "Either clientid Or email Is Required"),
        ("GetClientsDetails", {"clientid": "9"}, "Client Not Found"),
        ("GetCredits", {"clientid": "9"}, "Client ID Not Found"),
        ("GetBillableItems", {}, "Command Not Found"),
    ],
)
def test_the_standin_refuses_what_whmcs_refuses(
    standin: WhmcsStandin, action: str, fields: dict[str, str], said: str
) -> None:
    answer = ask(standin, action=action, **fields)
    assert answer["result"] == "error"
    assert answer["message"].startswith(said)
    assert (standin.books.items, standin.books.credits) == ({}, [])


def test_the_standin_takes_username_and_password_too(standin: WhmcsStandin) -> None:
    form = {"username": "id", "password": "secret", "action": "GetInvoices", "responsetype": "json"}
    answer = httpx.post(standin.url + "/includes/api.php", data=form, verify=NO_TLS, trust_env=False)
    assert answer.json()["result"] == "success"


def test_the_standin_answers_json_only_where_it_is_asked_for(standin: WhmcsStandin) -> None:
    assert ask(standin, action="GetInvoices", responsetype="xml")["result"] == "error"


def test_the_standins_cron_invoices_what_is_due_and_leaves_the_rest(standin: WhmcsStandin) -> None:
    books = standin.books
    other = books.add_client()
    for action in ("nextcron", "nextinvoice", "noinvoice"):
        ask(standin, action="AddBillableItem", **{**ITEM, "invoiceaction": action, "description": action})
        ask(standin, action="AddBillableItem", **{**ITEM, "invoiceaction": action, "clientid": str(other)})
    books.add_service(other, "Hosted PBX", Decimal("20.00"))
    books.run_cron()
    books.run_cron()
    found = {invoice["userid"]: len(invoice["items"]) for invoice in books.invoices.values()}
    assert found == {1: 1, other: 3}
    page = api(standin.url).read(InvoicePage, "GetInvoices", userid=other, limitnum=1)
    assert (page.totalresults, page.invoices[0].date) == (1, NOW.date())
    assert api(standin.url).read(Clock, "GetAutomationLog").last_cron == NOW


def test_the_standin_lists_credits_and_clients(standin: WhmcsStandin) -> None:
    one = api(standin.url)
    assert one.read(CreditLog, "GetCredits", clientid=1).credits == ()
    assert ask(standin, action="AddCredit", clientid="1", description="a & b", amount="2.50")["newbalance"] == "2.50"
    assert one.read(CreditLog, "GetCredits", clientid=1).credits[0].description == "a & b"
    assert one.read(ClientAnswer, "GetClientsDetails", clientid=1).client.currency_code == "GBP"
