"""`callmeter local` as it is: a month through the deployed functions, and every figure of it found again everywhere."""

import csv
import io
import json
import os
import pty
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from playwright.sync_api import expect, sync_playwright
from rich.console import Console

import reference
from callmeter import layout
from callmeter.bills.words import group_title
from callmeter.local.front import SECURITY_HEADERS
from callmeter.local.month import Month, Running, check_inputs, run_month, running, sign_in_link
from callmeter.local.sample import write_sample
from callmeter.model import AccountTotal, Bill
from callmeter.money import plain
from callmeter.portal.tokens import sign_link

RATES = Path(__file__).resolve().parents[2] / "rates"
CALLMETER = Path(sys.executable).parent / "callmeter"
CHROMIUM = Path("/usr/bin/chromium")
PATIENCE_SECONDS = 120
LATER = datetime(2026, 12, 20, tzinfo=UTC)  # every period of the sample has ended

# ---------------------------------------------------------------- the sample month


@dataclass(frozen=True)
class Billed:
    """The system after the sample month, with its page."""

    here: Running
    month: Month
    sample: Path
    page_url: str

    def session(self, account_id: str) -> httpx.Client:
        """A customer who followed a sign-in link."""
        link = sign_in_link(self.here, self.page_url, account_id).partition("#link=")[2]
        opened = httpx.post(f"{self.page_url}v1/session", json={"link": link}, timeout=60).raise_for_status().json()
        assert opened["account_id"] == account_id
        return httpx.Client(base_url=self.page_url, headers={"Authorization": f"Bearer {opened['token']}"}, timeout=60)

    def bills(self) -> dict[tuple[str, str], Bill]:
        store = self.here.deployment.store
        bills = [Bill.model_validate_json(store.get(key)) for key in store.keys(layout.BILLS)]
        return {(bill.account_id, bill.period): bill for bill in bills}

    def totals(self) -> dict[tuple[str, str], AccountTotal]:
        """The stored totals, as they are now."""
        store, totals = self.here.deployment.store, self.here.deployment.totals
        places = {layout.period_and_shard(key) for key in store.keys(layout.CALLS)} - {None}
        found = {}
        for period, shard in (place for place in places if place):
            for account_id in totals.accounts(period, shard):
                found[account_id, period] = totals.read(period, shard, account_id)
        return {key: total for key, total in found.items() if total and total.calls}

    def invoices(self) -> list[dict[str, Any]]:
        return list(self.here.ucrm.books.rows("invoices"))


@pytest.fixture(scope="module")
def billed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Billed]:
    sample = tmp_path_factory.mktemp("sample") / "sample-month.csv"
    write_sample(sample)
    console = Console(quiet=True)
    with running(RATES, check_inputs(RATES, []), console) as here, here.stack.front() as front:
        yield Billed(here, run_month(here, [sample]), sample, front.url)


@pytest.fixture(scope="module")
def expected(billed: Billed) -> reference.Outcome:
    """The same month by the independent implementation."""
    return reference.rate([billed.sample], reference.read_catalogue(RATES))


def test_every_line_is_accounted_for(billed: Billed, expected: reference.Outcome) -> None:
    month = billed.month
    assert month.rows_in == 5000 == month.rated + month.duplicates + month.rejected
    assert (month.rated, month.duplicates) == (len(expected.rated), expected.duplicates)
    assert month.reject_reasons == expected.reject_reasons
    assert month.unreadable == []
    assert [bill["problem"] for bill in month.bills if bill["problem"]] == []


def test_totals_are_those_of_the_reference_to_the_last_digit(billed: Billed, expected: reference.Outcome) -> None:
    assert {
        key: (total.currency, total.charge, total.calls, total.late_calls, total.free_seconds)
        for key, total in billed.totals().items()
    } == {
        key: (total.currency, total.charge, total.calls, total.late_calls, total.free_seconds)
        for key, total in reference.totals(expected).items()
    }


def test_bills_are_those_of_the_reference_to_the_cent(billed: Billed, expected: reference.Outcome) -> None:
    assert {
        key: (bill.currency, bill.due, bill.amount, bill.carried, {line.label: line.amount for line in bill.lines})
        for key, bill in billed.bills().items()
    } == {
        (bill.account_id, bill.period): (
            bill.currency,
            bill.due,
            bill.amount,
            bill.carried,
            {f"Calls: {group_title(group)}": amount for group, amount in bill.lines.items() if amount},
        )
        for bill in reference.bills(expected)
    }


def test_statement_total_page_and_list_of_calls_say_the_same_figure(billed: Billed) -> None:
    totals = billed.totals()
    assert totals.keys() == billed.bills().keys()
    for account_id in {account_id for account_id, _ in totals}:
        with billed.session(account_id) as session:
            for period in [period for one, period in totals if one == account_id]:
                figures = figures_of(session, period)
                assert set(figures.values()) == {totals[account_id, period].charge}, (account_id, period, figures)


def figures_of(session: httpx.Client, period: str) -> dict[str, Decimal]:
    """What a period costs, wherever a customer can read it."""
    link = session.get(f"v1/me/statements/{period}", params={"format": "csv"}).raise_for_status().json()["url"]
    statement = csv.DictReader(io.StringIO(httpx.get(link).raise_for_status().text))
    export = session.get("v1/me/calls", params={"period": period, "format": "csv"}).raise_for_status()
    listed = session.get("v1/me/calls", params={"period": period, "limit": 1}).raise_for_status().json()
    me = session.get("v1/me", params={"period": period}).raise_for_status().json()
    return {
        "statement": sum((Decimal(row["charge"] or 0) for row in statement if row["period"] == period), Decimal(0)),
        "export": sum((Decimal(row["charge"] or 0) for row in csv.DictReader(io.StringIO(export.text))), Decimal(0)),
        "total of the list": Decimal(listed["total"]["charge"]),
        "spend": Decimal(me["spend"]),
    }


def test_the_pages_of_the_list_of_calls_add_up_to_its_total(billed: Billed) -> None:
    asked, calls = {"period": "2026-10", "limit": "150"}, []
    with billed.session("C1001") as session:
        while True:
            listed = session.get("v1/me/calls", params=asked).raise_for_status().json()
            calls += listed["calls"]
            if not listed["next"]:
                break
            asked["cursor"] = listed["next"]
    assert len({call["call_id"] for call in calls}) == len(calls) == listed["total"]["calls"] > 300
    assert sum(Decimal(call["charge"] or 0) for call in calls) == Decimal(listed["total"]["charge"])
    assert calls == sorted(calls, key=lambda call: (call["started_at"], call["call_id"]), reverse=True)


def test_invoices_add_up_to_the_bills(billed: Billed) -> None:
    invoiced = {row["attributes"][0]["value"]: row for row in billed.invoices()}
    assert len(invoiced) == len(billed.invoices())
    due = {bill.bill_id: bill for bill in billed.bills().values() if bill.amount}
    assert invoiced.keys() == due.keys()
    for bill_id, bill in due.items():
        row = invoiced[bill_id]
        items = [(item["label"], Decimal(item["price"])) for item in row["items"]]
        assert items == [(line.label, line.amount) for line in bill.lines]
        assert (Decimal(row["total"]), row["currencyCode"]) == (bill.amount, bill.currency)
        assert row["clientId"] == bill.ucrm_client_id


def test_the_same_file_again_under_another_name_changes_no_total_and_no_bill(billed: Billed) -> None:
    store, before = billed.here.deployment.store, (billed.totals(), billed.bills(), billed.invoices())
    keys = store.keys("calls/")
    rated_before = runs(billed.here, "Rate")
    store.upload(billed.sample, "inbox/again/sample-again.csv")
    eventually(lambda: runs(billed.here, "Rate") > rated_before and billed.here.stack.unfinished() == 0)
    answer = billed.here.deployment.bill(as_of=LATER)
    assert [bill["problem"] for bill in answer["bills"] if bill["problem"]] == []
    assert (billed.totals(), billed.bills(), billed.invoices()) == before
    assert store.keys("calls/") == keys
    assert len(store.keys("manifests/")) == 1


def runs(here: Running, function: str) -> int:
    """How often a function has ended."""
    logs: Any = here.stack.session.client("logs", endpoint_url=here.stack.endpoint_url)
    cloudformation = here.stack.session.client("cloudformation", endpoint_url=here.stack.endpoint_url)
    group = cloudformation.describe_stack_resource(StackName="callmeter", LogicalResourceId=f"{function}Logs")
    name = group["StackResourceDetail"]["PhysicalResourceId"]
    events = logs.filter_log_events(logGroupName=name)["events"]
    return sum(event["message"].startswith("REPORT ") for event in events)


def eventually(true: Callable[[], bool]) -> None:
    """Wait for something that happens elsewhere."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)


# ---------------------------------------------------------------- the page and its API


def test_the_page_is_served_with_its_security_headers(billed: Billed) -> None:
    for path in ("", "page.js", "v1/me"):
        headers = httpx.get(billed.page_url + path, timeout=60).headers
        assert {name: headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS


def forged(billed: Billed) -> dict[str, str]:
    """Tokens for C1001 that open nothing."""
    secret, now = billed.here.deployment.link_secret, datetime.now(UTC)
    claims = {
        "sub": "C1001",
        "aud": "callmeter-session",
        "iat": int(now.timestamp()) - 900,
        "exp": int((now + timedelta(hours=1)).timestamp()),
    }
    return {
        "none": "",
        "wrong": jwt.encode(claims, "somebody else's secret, 32 bytes or more", algorithm="HS256"),
        "expired": jwt.encode({**claims, "exp": int(now.timestamp()) - 300}, secret, algorithm="HS256"),
        "another audience": sign_link("C1001", secret, now),
        "no algorithm": jwt.encode(claims, "", algorithm="none"),
    }


@pytest.mark.parametrize("path", ["v1/me", "v1/me/calls", "v1/me/statements/2026-10", "v1/me/settings"])
def test_no_token_but_the_customers_own_reaches_anything(billed: Billed, path: str) -> None:
    for kind, token in forged(billed).items():
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = httpx.get(billed.page_url + path, headers=headers, timeout=60)
        assert answer.status_code == 401, kind
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["code"] == "not-signed-in"


def test_a_customer_reaches_no_other_customers_calls(billed: Billed) -> None:
    own = {call["call_id"] for call in all_calls(billed, "C1003")}
    other = {call["call_id"] for call in all_calls(billed, "C1001")}
    assert own
    assert other
    assert not own & other


def all_calls(billed: Billed, account_id: str) -> list[dict[str, Any]]:
    with billed.session(account_id) as session:
        asked = {"period": "2026-10", "account_id": "C1001", "limit": "200"}
        return list(session.get("v1/me/calls", params=asked).raise_for_status().json()["calls"])


@pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium here")
def test_a_browser_signs_in_shows_the_spend_pages_through_calls_and_downloads_them(billed: Billed) -> None:
    total = billed.totals()["C1001", "2026-10"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = browser.new_page(locale="en-GB")
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
        page.goto(sign_in_link(billed.here, billed.page_url, "C1001"))
        expect(page.locator("body")).to_contain_text("Harbour Dental Practice", timeout=60_000)
        expect(page.locator("#spend")).to_contain_text(f"£{plain(total.charge)}")
        rows = page.locator("#days .call")
        expect(rows).to_have_count(50, timeout=60_000)
        page.get_by_role("button", name="Show more calls").click()
        expect(rows).to_have_count(100, timeout=60_000)
        with page.expect_download() as downloading:
            page.locator("#export").click()
        exported = list(csv.DictReader(io.StringIO(downloading.value.path().read_text(encoding="utf-8"))))
        assert len(exported) == total.calls
        assert problems == []
        browser.close()


# ---------------------------------------------------------------- the command

CALLS = """call_id,from,to,start,duration,direction
1,+442079460101,+447700900123,2026-10-05T10:00:00Z,125,out
2,+442079460101,+447700900123,2026-10-05T11:00:00Z,60,out
2,+442079460101,+447700900123,2026-10-05T11:00:00Z,60,out
3,+441632960999,+447700900123,2026-10-05T12:00:00Z,60,out
"""


@dataclass(frozen=True)
class Machine:
    """A folder to run the command in; all that it starts is known by its temporary folder."""

    folder: Path

    @property
    def temporary(self) -> Path:
        return self.folder / "tmp"

    def start(self, *arguments: str | Path, **more: Any) -> "subprocess.Popen[bytes]":
        self.temporary.mkdir(exist_ok=True)
        command = [str(CALLMETER), "local", *map(str, arguments)]
        environment = {**os.environ, "TMPDIR": str(self.temporary), "TERM": "xterm", "COLUMNS": "200"}
        return subprocess.Popen(  # noqa: S603
            command, cwd=self.folder, env=environment, start_new_session=True, preexec_fn=_heeds_ctrl_c, **more
        )

    def run(self, *arguments: str | Path) -> tuple[int, str, str]:
        """Exit code, output and errors."""
        child = self.start(*arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        output, errors = child.communicate(timeout=PATIENCE_SECONDS)
        return child.returncode, output.decode(), errors.decode()

    def is_clean(self) -> bool:
        """Nothing it started is left: no process, no temporary file."""
        return not list(self.temporary.iterdir()) and not self.processes()

    def processes(self) -> list[str]:
        return [line for line in _command_lines() if str(self.temporary) in line]


def _command_lines() -> Iterator[str]:
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield place.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it has just ended


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "calls.csv").write_text(CALLS)
    return Machine(tmp_path)


def test_once_with_json_prints_one_object_and_leaves_nothing_running(machine: Machine) -> None:
    code, output, errors = machine.run("calls.csv", "--rates", RATES, "--once", "--json")
    assert code == 0, errors
    facts = json.loads(output)
    assert Decimal(str(facts.pop("minutes"))) == Decimal("3.08")  # 185 s
    assert facts | {"seconds": 0} == {
        "rows_in": 4,
        "rated": 2,
        "duplicates": 1,
        "rejected": 1,
        "reject_reasons": {"unknown-account": 1},
        "charge": {"GBP": "0.2621"},  # 125 s (60/1) at 0.085 = 0.1771, and 0.085
        "bills": 1,
        "items_sent": 1,
        "seconds": 0,
    }
    assert [path.name for path in (machine.folder / ".local" / "statements").iterdir()] == ["C1001-2026-10.pdf"]
    assert machine.is_clean()


def test_a_file_that_is_missing_is_one_clear_line(machine: Machine) -> None:
    code, output, errors = machine.run("gone.csv", "--rates", RATES, "--once")
    assert (code, output) == (2, "")
    assert errors == "callmeter: gone.csv: there is no such file\n"
    assert machine.is_clean()


def test_a_file_that_is_no_file_of_calls_is_refused_before_anything_starts(machine: Machine) -> None:
    (machine.folder / "bad.csv").write_text("colour,shape\nred,round\n")
    code, output, errors = machine.run("calls.csv", "bad.csv", "--rates", RATES, "--once")
    assert (code, output) == (1, "")
    assert errors.startswith("callmeter: bad.csv:1:1: this is not a file of calls that callmeter knows")
    assert "Traceback" not in errors
    assert machine.is_clean()


def test_broken_rates_are_refused_with_place_and_reason(machine: Machine) -> None:
    rates = Path(shutil.copytree(RATES, machine.folder / "rates"))
    deck = rates / "decks" / "retail.csv"
    deck.write_text(deck.read_text().replace("UK Mobile,447,0.0850,", "UK Mobile,447,cheap,"))
    code, output, errors = machine.run("calls.csv", "--rates", "rates", "--once")
    assert (code, output) == (2, "")
    assert errors.startswith("rates/decks/retail.csv:788:")
    assert errors.endswith("callmeter: the reference data is not used until this is mended.\n")
    assert machine.is_clean()


def test_a_rates_folder_that_is_missing_is_one_clear_line(machine: Machine) -> None:
    code, output, errors = machine.run("calls.csv", "--once")
    assert (code, output) == (2, "")
    assert errors.startswith("callmeter: rates is not a folder")
    assert errors.count("\n") == 1
    assert machine.is_clean()


def test_a_port_in_use_is_one_clear_line_and_leaves_nothing_running(machine: Machine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, output, errors = machine.run("calls.csv", "--rates", RATES, "--once", "--port", str(port))
    assert (code, output) == (1, "")
    assert errors.startswith(f"callmeter: Port {port} of this machine is in use")
    assert errors.count("\n") == 1
    assert machine.is_clean()


def _heeds_ctrl_c() -> None:
    """As a terminal starts it: a test run in the background has interrupts ignored, and so would its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Terminal:
    """A pseudo-terminal in which a command runs."""

    def __init__(self, machine: Machine, *arguments: str | Path) -> None:
        self._own, its = pty.openpty()
        self.child = machine.start(*arguments, stdin=its, stdout=its, stderr=its)
        os.close(its)
        self.text = ""

    def wait_for(self, wanted: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while wanted not in self.text:
            assert time.monotonic() < deadline, self.text
            assert self._read(1), self.text

    def interrupt(self) -> int:
        """Ctrl-C, which reaches the whole group; the exit code."""
        os.killpg(self.child.pid, signal.SIGINT)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self._read(1):
            assert time.monotonic() < deadline, self.text
        return self.child.wait(PATIENCE_SECONDS)

    def _read(self, seconds: float) -> bool:
        """Take what was printed; False where nothing can come any more."""
        if not select.select([self._own], [], [], seconds)[0]:
            return self.child.poll() is None
        try:
            printed = os.read(self._own, 65536)
        except OSError:  # all that had the terminal open have ended
            return False
        self.text += printed.decode(errors="replace")
        return bool(printed)


def test_ctrl_c_while_it_serves_ends_everything_it_started(machine: Machine) -> None:
    terminal = Terminal(machine, "calls.csv", "--rates", RATES)
    terminal.wait_for("Ctrl-C ends it all.")
    url = terminal.text.partition("http://")[2].partition("/")[0]
    assert httpx.get(f"http://{url}/").status_code == 200
    assert machine.processes()
    assert terminal.interrupt() == 0
    assert "Traceback" not in terminal.text
    assert machine.is_clean()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://{url}/")


def test_ctrl_c_while_it_starts_ends_everything_it_started(machine: Machine) -> None:
    terminal = Terminal(machine, "calls.csv", "--rates", RATES)
    eventually(lambda: bool(machine.processes()))
    assert terminal.interrupt() == 130
    assert "Traceback" not in terminal.text
    assert machine.is_clean()
