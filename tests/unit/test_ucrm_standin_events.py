"""The UCRM stand-in's webhooks, logins, people and failures; and that its file is whole and cheap to write."""

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from callmeter.local.ucrm import API, UcrmStandin
from callmeter.local.ucrm.books import Books
from callmeter.ucrm import exact_json
from ucrm_kit import ITEM, KEY, Ucrm

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
SEED: dict[str, Any] = {
    "clients": [{"id": 1001, "firstName": "Ada", "lastName": "One", "currencyCode": "GBP"}],
    "servicePlans": [{"id": 1, "name": "Line", "periods": [{"period": 1, "price": 30, "enabled": True}]}],
    "users": [{"id": 7, "username": "admin", "firstName": "Eve"}],
    "sessions": [
        {"id": 1, "php": "p1", "nms": "n1", "username": "ada", "clientId": 1001},
        {"id": 2, "php": "p2", "nms": "n2", "username": "admin"},
    ],
}


@pytest.fixture
def ucrm(tmp_path: Path) -> Iterator[Ucrm]:
    with UcrmStandin(tmp_path / "ucrm.json", KEY, seeds=SEED, clock=lambda: NOON) as standin:
        yield Ucrm(standin)


@pytest.fixture
def told(ucrm: Ucrm) -> Iterator[list[Any]]:
    """The bodies of the webhooks so far; the receiver answers 500 to each."""
    bodies: list[Any] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(exact_json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_error(500)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    ucrm.standin.tell(f"http://127.0.0.1:{server.server_address[1]}/hook")
    yield bodies
    server.shutdown()
    server.server_close()


def names(ucrm: Ucrm, told: list[Any]) -> list[str]:
    ucrm.standin.postman.wait()
    return [body["eventName"] for body in told]


def test_an_event_is_told_once_with_the_entity_and_can_be_asked_for(ucrm: Ucrm, told: list[Any]) -> None:
    ucrm.invoice()
    ucrm.patch("/invoices/1", {"notes": "Thank you."})
    assert names(ucrm, told) == ["invoice.add", "invoice.edit"]  # one try each, whatever comes back
    added, edited = told
    assert (added["changeType"], added["entity"], added["entityId"]) == ("insert", "invoice", 1)
    assert added["extraData"]["entity"]["number"] == "000001"
    assert (edited["extraData"]["entity"]["notes"], edited["extraData"]["entityBeforeEdit"]["notes"]) == (
        "Thank you.",
        None,
    )
    kept = {name: added[name] for name in ("uuid", "changeType", "entity", "entityId")}
    assert ucrm.get(f"/webhook-events/{added['uuid']}") == kept
    assert ucrm.refusal("GET", "/webhook-events/" + "0" * 36)[0] == 404


def test_each_change_has_its_event_and_a_refused_one_has_none(ucrm: Ucrm, told: list[Any]) -> None:
    ucrm.invoice(draft=True)
    ucrm.refusal("PATCH", "/invoices/1/void")
    ucrm.patch("/invoices/1/approve")
    ucrm.delete("/invoices/1")
    service = ucrm.post("/clients/1001/services", {"servicePlanPeriodId": 1})["id"]
    ucrm.patch(f"/clients/services/{service}", {"note": "x"})
    ucrm.patch(f"/clients/services/{service}/suspend")
    ucrm.patch(f"/clients/services/{service}/cancel-suspend")
    ucrm.patch(f"/clients/services/{service}/end")
    client = ucrm.post("/clients", {"firstName": "Bo", "lastName": "Two"})["id"]
    ucrm.patch(f"/clients/{client}", {"note": "x"})
    ucrm.patch(f"/clients/{client}/archive")
    ucrm.delete(f"/clients/{client}")
    ucrm.standin.hand("test-webhook", 0)
    assert names(ucrm, told) == [
        "invoice.add_draft", "invoice.draft_approved", "invoice.delete",
        "service.add", "service.edit", "service.suspend", "service.suspend_cancel", "service.end",
        "client.add", "client.edit", "client.archive", "client.delete", "test",
    ]  # fmt: skip


def test_the_daily_run_tells_of_drafts_approvals_and_once_of_what_is_overdue(ucrm: Ucrm, told: list[Any]) -> None:
    ucrm.post("/clients/1001/services", {"servicePlanPeriodId": 1, "sendEmailsAutomatically": True})
    run = ucrm.http.post("/_standin/daily-run", json={"date": "2026-12-01"}).json()
    assert [invoice["number"] for invoice in run] == ["000001"]
    for day in (15, 16, 17):
        ucrm.standin.run_day(date(2026, 12, day))
    assert names(ucrm, told) == ["service.add", "invoice.add_draft", "invoice.draft_approved", "invoice.overdue"]


def test_nobody_listening_no_event_is_kept(ucrm: Ucrm) -> None:
    ucrm.invoice()
    assert ucrm.standin.books.rows("webhookEvents") == []
    assert ucrm.http.post("/_standin/webhooks", json={"urls": ["http://127.0.0.1:9/"]}).json()["urls"]
    ucrm.invoice()
    ucrm.standin.postman.wait()
    assert len(ucrm.standin.books.rows("webhookEvents")) == 1


@pytest.mark.parametrize(
    ("cookie", "status", "client_id"),
    [
        ("nms-crm-php-session-id=p1; nms-session=n1", 200, 1001),
        ("other=x; nms-session=n2; nms-crm-php-session-id=p2", 200, None),
        ("nms-crm-php-session-id=p1; nms-session=n2", 403, None),
        ("nms-session=n1", 403, None),
        ("", 403, None),
    ],
)
def test_the_current_user_is_told_by_both_cookies(ucrm: Ucrm, cookie: str, status: int, client_id: int | None) -> None:
    answer = ucrm.http.get("/crm/current-user", headers={"Cookie": cookie})
    assert answer.status_code == status
    if status == 200:
        user = answer.json()
        assert (user["clientId"], user["isClient"]) == (client_id, client_id is not None)
        assert not any(name.startswith("_") for name in user)


def test_the_user_behind_the_key_is_the_first_admin(ucrm: Ucrm) -> None:
    assert ucrm.get("/users/admins/me") == ucrm.get("/users/admins")[0] == ucrm.get("/users/admins/7")
    ucrm.standin.books.remove("users", 7)
    assert ucrm.refusal("GET", "/users/admins/me")[0] == 404  # [APIB]


def test_the_clock_is_set_and_runs_again(ucrm: Ucrm) -> None:
    now = {"now": "2027-02-03T04:05:06+0000"}
    assert ucrm.http.post("/_standin/clock", json=now).json() == now
    assert ucrm.invoice()["createdDate"] == now["now"]
    ucrm.http.post("/_standin/clock", json={"now": None})
    assert ucrm.invoice()["createdDate"] == "2026-11-01T12:00:00+0000"
    assert ucrm.http.post("/_standin/clock", json={"now": "soon"}).status_code == 422


def test_a_person_does_by_hand_what_programs_may_not(ucrm: Ucrm) -> None:
    item = ucrm.invoice()["items"][0]["id"]
    ucrm.post("/documents", {"clientId": 1001, "name": "calls.pdf", "file": "QQ=="})
    hands = (f"edit-item/{item}", {"price": 1}), ("rename-document/1", {"name": "old.pdf"}), ("pay/1", {"amount": 1})
    for what, body in hands:
        assert ucrm.http.post(f"/_standin/hands/{what}", json=body).status_code == 200
    assert (ucrm.get("/invoices/1")["status"], ucrm.get("/documents/1")["name"]) == (3, "old.pdf")
    ucrm.standin.hand("delete-item", item)  # though it is paid
    ucrm.standin.hand("void", 1)
    ucrm.standin.hand("delete-document", 1)
    ucrm.standin.hand("delete-invoice", 1)
    ucrm.standin.hand("archive-client", 1001)
    assert (ucrm.get("/invoices"), ucrm.get("/clients")) == ([], [])
    assert ucrm.http.post("/_standin/hands/sing/1", json={}).status_code == 404
    assert ucrm.http.post("/_standin/hands/void/9", json={}).status_code == 404


@pytest.mark.parametrize(
    ("fault", "status", "done"),
    [
        ({"kind": "422"}, 422, 0),
        ({"kind": "html"}, 502, 0),
        ({"kind": "html-after"}, 502, 1),
        ({"kind": "slow", "delaySeconds": 0.01}, 201, 1),
        ({"kind": "500", "skip": 1}, 201, 1),
    ],
)
def test_it_also_fails_in_these_ways(ucrm: Ucrm, fault: Any, status: int, done: int) -> None:
    ucrm.standin.faults.add({"match": "POST /clients/*/invoices", **fault})
    answer = ucrm.call("POST", "/clients/1001/invoices", {"items": [ITEM]})
    assert (answer.status_code, len(ucrm.get("/invoices"))) == (status, done)
    if status == 502:
        assert answer.headers["Content-Type"] == "text/html"
        assert b"Bad Gateway" in answer.content


def test_too_many_requests_may_say_when_to_come_back(ucrm: Ucrm) -> None:
    ucrm.standin.faults.add({"match": "GET /version", "kind": "429", "retryAfterSeconds": 3})
    assert ucrm.call("GET", "/version").headers["Retry-After"] == "3"


def test_a_change_adds_to_the_file_and_one_cut_short_is_as_if_it_had_not_been(ucrm: Ucrm, tmp_path: Path) -> None:
    file = tmp_path / "ucrm.json"
    ucrm.invoice()
    before, state = file.read_bytes(), exact_json.dumps(ucrm.standin.books.as_json())
    ucrm.invoice()
    after = file.read_bytes()
    assert after.startswith(before)
    file.write_bytes(after[:-1])
    books = Books(file)
    assert exact_json.dumps(books.as_json()) == state
    assert [row["id"] for row in books.find("invoices", "client", 1001)] == [1]


def test_a_state_is_restored_whole(ucrm: Ucrm) -> None:
    state = exact_json.loads(exact_json.dumps(ucrm.standin.books.as_json()))
    ucrm.invoice()
    ucrm.standin.books.restore(state)
    assert ucrm.get("/invoices", clientId=1001) == []
    assert ucrm.invoice()["number"] == "000001"


def test_a_refused_change_leaves_file_indexes_and_ids_as_they_were(ucrm: Ucrm, tmp_path: Path) -> None:
    ucrm.invoice()
    before = (tmp_path / "ucrm.json").read_bytes()
    assert ucrm.http.post(API + "/clients/1001/invoices", content="{").status_code == 400
    assert ucrm.refusal("POST", "/clients/1001/invoices", {"items": [{"serviceId": 1}]})[0] == 422
    assert (tmp_path / "ucrm.json").read_bytes() == before
    assert ucrm.invoice()["items"][0]["id"] == 2
