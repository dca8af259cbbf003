"""UISP CRM's plugin under php-cli: between UCRM's stand-in, which says who is logged in, and callmeter's real API.

browser (httpx) ──cookies──► php -S, infra/ucrm/plugin ──cookies──► stand-in: /crm/current-user
                                      └──signed──► bridge ──► the Chalice application, on a made-up portal
"""

import json
import re
import shutil
import subprocess
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from chalice.test import Client
from infra.package import package_plugin

import chalicelib.operator_status
from app import app
from callmeter.catalogue.compile import Catalogue
from callmeter.errors import Missing
from callmeter.jobs import catalogues
from callmeter.local.ucrm import UcrmStandin
from callmeter.model import Account, AccountTotal, BillState, Operator
from callmeter.portal.tokens import open_session

PLUGIN = Path(__file__).parents[2] / "infra" / "ucrm" / "plugin"
SECRET = "known to tests only, thirty-two bytes or more"  # noqa: S105
EVIL = '<script>alert("x")</script>'
NOBODY_CALLS = "http://127.0.0.1:9"
PHP = shutil.which("php")

pytestmark = pytest.mark.skipif(PHP is None, reason="php is not installed")

ADMIN = {
    "permissions": {"billing/invoices": "view"},
    "specialPermissions": {"special/view_financial_information": "allow"},
}
USERS: dict[str, dict[str, Any]] = {
    "admin-1": ADMIN,
    "helper-1": {**ADMIN, "permissions": {"billing/invoices": "denied"}},
    "one-1": {"clientId": 1},
    "two-1": {"clientId": 2},
    "none-1": {"clientId": 3},
}
SESSIONS = [
    {"id": number, "nms": name, "php": f"php-{name}", **user} for number, (name, user) in enumerate(USERS.items(), 1)
]


def account(account_id: str, client_id: int, name: str) -> Account:
    return Account(
        account_id=account_id,
        name=name,
        plan="payg",
        numbers=("442079460101",),
        currency="GBP",
        timezone="Europe/London",
        ucrm_client_id=client_id,
    )


ACCOUNTS = [account("S11", 1, "Ada Ltd"), account("S21/a&b", 2, EVIL), account("S22", 2, "Bob & Sons")]
TOTAL = AccountTotal(
    account_id="S11",
    period="2026-10",
    currency="GBP",
    charge=Decimal("1234.5"),
    calls=12345,
    answered_calls=12000,
    late_calls=3,
    billed_seconds=61,
    free_seconds=0,
)
STATE = BillState(
    bill_id="S11-2026-09",
    account_id="S11",
    period="2026-09",
    amount=Decimal("12.5"),
    currency="GBP",
    problem=f"UCRM says {EVIL}",
)


@dataclass
class Parts:
    """What the operator's API works on."""

    link_secret: str = SECRET
    environment: Any = field(default_factory=lambda: SimpleNamespace(shards=1))
    settings: Any = None

    @property
    def store(self) -> Any:
        def get(key: str) -> bytes:
            raise Missing(key)

        def download(_: list[str], folder: Path) -> list[Path]:
            (folder / "aa.json").write_text(json.dumps({"reject_reasons": {"no-rate": 1500}}))
            return [folder / "aa.json"]

        return SimpleNamespace(get=get, keys=lambda _: ["rejects/source=csv/aa.parquet"], download=download)

    @property
    def totals(self) -> Any:
        return SimpleNamespace(of_shard=lambda period, _: [TOTAL.model_copy(update={"period": period})])

    @property
    def bills(self) -> Any:
        return SimpleNamespace(opened=lambda: [("S11", "2026-09")], read=lambda *_: STATE)


class Bridge(BaseHTTPRequestHandler):
    """Hands requests to the Chalice application, as API Gateway does."""

    client: Client
    lock = threading.Lock()

    def do_GET(self) -> None:
        with self.lock:
            answer = self.client.http.get(self.path.removeprefix("/page"), headers=dict(self.headers))
        self.send_response(answer.status_code)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def callmeter_url() -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch, Client(app) as client:
        patch.setattr(chalicelib.operator_status, "parts", Parts)
        patch.setattr(catalogues, "current_version", lambda _: "3f9c")
        operator = Operator(country="GB", timezone="Europe/London", currency="GBP", name="Lighthouse")
        in_force = Catalogue("3f9c", operator, {}, {one.account_id: one for one in ACCOUNTS})
        patch.setattr(catalogues, "describe", lambda *_: in_force)
        patch.setattr(Bridge, "client", client, raising=False)
        server = ThreadingHTTPServer(("127.0.0.1", 0), Bridge)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/page/"
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def crm_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    seeds = {"sessions": SESSIONS}
    with UcrmStandin(tmp_path_factory.mktemp("crm") / "crm.json", "key", seeds=seeds) as standin:
        yield f"{standin.url}/crm/"


@dataclass
class Plugin:
    """The plugin as it is installed, and its public page."""

    folder: Path
    url: str

    def configure(self, *, crm: str, page: str, secret: str = SECRET) -> None:
        (self.folder / "ucrm.json").write_text(json.dumps({"ucrmLocalUrl": crm, "pluginAppKey": "app-key-of-plugin"}))
        (self.folder / "data" / "config.json").write_text(json.dumps({"pageUrl": page, "linkSecret": f" {secret}\n"}))

    def open(self, session: str = "", query: str = "", cookies: str = "") -> httpx.Response:
        """GET the page as the browser of that session."""
        header = cookies or (f"nms-session={session}; nms-crm-php-session-id=php-{session}; other=1" if session else "")
        with httpx.Client(trust_env=False, timeout=30) as browser:
            return browser.get(f"{self.url}{query}", headers={"Cookie": header} if header else {})

    def run(self, name: str) -> int:
        assert PHP
        return subprocess.run([PHP, str(self.folder / name)], check=False, timeout=60).returncode  # noqa: S603

    def log(self) -> str:
        path = self.folder / "data" / "plugin.log"
        return path.read_text() if path.is_file() else ""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plugin]:
    """The packaged plugin unpacked as the CRM does, served by php -S."""
    assert PHP
    folder = tmp_path_factory.mktemp("plugin")
    package_plugin(folder)
    with zipfile.ZipFile(folder / "callmeter-plugin.zip") as archive:
        archive.extractall(folder / "callmeter")
    (folder / "callmeter" / "data").mkdir()
    with (folder / "php.log").open("w+") as log:
        command = [PHP, "-S", "127.0.0.1:0", "-t", str(folder / "callmeter")]
        server = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603
        try:
            yield Plugin(folder / "callmeter", f"http://127.0.0.1:{_port(folder / 'php.log')}/public.php")
        finally:
            server.terminate()
            server.wait()


def _port(log: Path) -> int:
    """The port that php -S says it took."""
    for _ in range(500):
        if found := re.search(r"http://127\.0\.0\.1:([0-9]+)\) started", log.read_text()):
            return int(found[1])
        time.sleep(0.02)
    raise AssertionError(f"php -S did not start: {log.read_text()}")


@pytest.fixture
def plugin(installed: Plugin, crm_url: str, callmeter_url: str) -> Plugin:
    """The plugin, set up as it should be, its log empty."""
    installed.configure(crm=crm_url, page=callmeter_url)
    (installed.folder / "data" / "plugin.log").unlink(missing_ok=True)
    return installed


def account_behind(answer: httpx.Response, page: str) -> str:
    """The account that the address which the browser is sent to opens a session of."""
    assert answer.status_code == 303
    address, _, token = answer.headers["Location"].partition("#link=")
    assert address == page
    return open_session(token, SECRET, datetime.now(UTC)).account_id


# ---- clients


def test_a_client_is_sent_to_the_call_page_signed_in(plugin: Plugin, callmeter_url: str) -> None:
    answer = plugin.open("one-1")
    assert account_behind(answer, callmeter_url) == "S11"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_a_client_of_two_accounts_chooses_one(plugin: Plugin, callmeter_url: str) -> None:
    page = plugin.open("two-1")
    assert page.status_code == 200
    assert EVIL not in page.text
    assert "&lt;script&gt;" in page.text
    assert "Bob &amp; Sons" in page.text
    assert re.findall('href="([^"]*)"', page.text) == ["?account=S21%2Fa%26b", "?account=S22"]
    assert account_behind(plugin.open("two-1", "?account=S21%2Fa%26b"), callmeter_url) == "S21/a&b"
    assert account_behind(plugin.open("two-1", "?account=S22"), callmeter_url) == "S22"


@pytest.mark.parametrize("query", ["?account=S11", "?account=", "?account[]=S22", "?account=S22%00", "?account=s22"])
def test_no_address_opens_another_clients_account(plugin: Plugin, query: str) -> None:
    answer = plugin.open("two-1", query)
    assert answer.status_code == 404
    assert "Location" not in answer.headers


def test_parameters_that_the_crm_adds_are_not_believed(plugin: Plugin, callmeter_url: str) -> None:
    answer = plugin.open("one-1", "?_clientId=2&clientId=2&isClient=false")
    assert account_behind(answer, callmeter_url) == "S11"


def test_a_client_without_an_account_is_told_so(plugin: Plugin) -> None:
    answer = plugin.open("none-1")
    assert answer.status_code == 404
    assert "no telephone account" in answer.text


# ---- nobody, and those who pretend


@pytest.mark.parametrize(
    "cookies",
    [
        "",
        "nms-session=stranger",
        "nms-session=; nms-crm-php-session-id=; PHPSESSID=",
        "nms-session[]=one-1; nms-crm-php-session-id[]=php-one-1",
        "nms-session=one-1%0d%0aX-Auth-App-Key: key; nms-crm-php-session-id=php-one-1",
        "nms-session=one; nms-crm-php-session-id=php-one-1",
    ],
)
def test_whoever_is_not_logged_in_is_refused(plugin: Plugin, cookies: str) -> None:
    answer = plugin.open(cookies=cookies)
    assert answer.status_code == 403
    assert "Please log in" in answer.text
    assert "Location" not in answer.headers


def test_pages_let_in_no_script_and_say_nothing_secret(plugin: Plugin) -> None:
    for answer in (plugin.open(), plugin.open("two-1"), plugin.open("admin-1"), plugin.open("helper-1")):
        policy = answer.headers["Content-Security-Policy"]
        nonce = re.search("style-src 'nonce-([0-9a-f]{32})'", policy)
        assert nonce
        assert f'<style nonce="{nonce[1]}">' in answer.text
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'self'" in policy
        assert "<script" not in answer.text
        for secret in (SECRET, "app-key-of-plugin"):
            assert secret not in answer.text + str(answer.headers)


# ---- admins


def test_an_admin_sees_figures_bills_rejects_and_rates(plugin: Plugin) -> None:
    page = plugin.open("admin-1")
    assert page.status_code == 200
    text = re.sub("<[^>]*>", "|", page.text)
    assert "1,234.50 GBP" in text
    assert "12,345" in text
    assert "|2|" in text  # 61 seconds are two minutes begun
    assert "Not finished: 1, frozen: 1, with a problem: 1" in text
    assert "12.50 GBP" in text
    assert "|no-rate||1,500|" in text
    assert "version 3f9c, with 3 accounts" in text
    assert EVIL not in page.text


def test_an_admin_without_the_right_to_see_money_sees_none(plugin: Plugin) -> None:
    answer = plugin.open("helper-1")
    assert answer.status_code == 403
    assert "GBP" not in answer.text


# ---- what does not work


def test_where_callmeter_does_not_answer_the_client_is_asked_to_come_back_and_the_admin_told(
    plugin: Plugin, crm_url: str
) -> None:
    plugin.configure(crm=crm_url, page=f"{NOBODY_CALLS}/")
    client, admin = plugin.open("one-1"), plugin.open("admin-1")
    assert (client.status_code, admin.status_code) == (503, 503)
    assert "try again" in client.text
    assert "127.0.0.1" not in client.text
    assert "127.0.0.1 does not answer" in admin.text
    assert "127.0.0.1 does not answer" in plugin.log()


def test_where_the_crm_does_not_answer_nobody_gets_in(plugin: Plugin, callmeter_url: str) -> None:
    plugin.configure(crm=f"{NOBODY_CALLS}/crm/", page=callmeter_url)
    answer = plugin.open("one-1")
    assert answer.status_code == 503
    assert "Location" not in answer.headers
    plugin.configure(crm=f"{callmeter_url}no-crm/", page=callmeter_url)  # answers, but is no CRM
    assert plugin.open("one-1").status_code in (403, 503)


def test_another_secret_than_callmeters_is_noticed(plugin: Plugin, crm_url: str, callmeter_url: str) -> None:
    wrong = SECRET[::-1]
    plugin.configure(crm=crm_url, page=callmeter_url, secret=wrong)
    assert plugin.open("one-1").status_code == 503
    admin = plugin.open("admin-1")
    assert "does not accept the link secret" in admin.text
    assert wrong not in admin.text + plugin.log()


@pytest.mark.parametrize(
    ("page", "secret", "told"),
    [
        ("", SECRET, "not an address"),
        ("calls.example.net", SECRET, "not an address"),
        ("http://calls.example.net/", SECRET, "https://"),
        ("https://calls.example.net/#x", SECRET, "not an address"),
        ("https://calls.example.net/", "short", "too short"),
    ],
)
def test_settings_that_cannot_be_are_told_to_the_admin_and_the_log(
    plugin: Plugin, crm_url: str, page: str, secret: str, told: str
) -> None:
    plugin.configure(crm=crm_url, page=page, secret=secret)
    assert told in plugin.open("admin-1").text
    assert plugin.open("one-1").status_code == 503
    assert plugin.run("hook_configure.php") == 0
    assert told in plugin.log()


def test_a_run_by_the_schedule_says_that_all_is_well(plugin: Plugin, crm_url: str) -> None:
    assert plugin.run("hook_install.php") == 0
    assert "Installed." in plugin.log()
    assert plugin.run("main.php") == 0
    assert "callmeter answers: rates 3f9c, 3 accounts." in plugin.log()
    plugin.configure(crm=crm_url, page=f"{NOBODY_CALLS}/")
    assert plugin.run("main.php") == 1


def test_the_log_keeps_its_newest_lines(plugin: Plugin) -> None:
    (plugin.folder / "data" / "plugin.log").write_text("old\n" * 500)
    plugin.run("main.php")
    lines = plugin.log().splitlines()
    assert len(lines) == 200
    assert "callmeter answers" in lines[-1]


# ---- the package


def test_the_package_is_what_the_crm_takes(tmp_path: Path) -> None:
    package_plugin(tmp_path)
    with zipfile.ZipFile(tmp_path / "callmeter-plugin.zip") as archive:
        names = archive.namelist()
        manifest = json.loads(archive.read("manifest.json"))
    assert {"manifest.json", "main.php", "public.php", "hook_install.php", "hook_configure.php"} <= set(names)
    # Reserved for the CRM (UCRM-plugins, docs/file-structure.md), and kept over updates.
    assert not {"ucrm.json", ".ucrm-plugin-running", ".ucrm-plugin-execution-requested"} & set(names)
    assert not [name for name in names if name.startswith("data/")]
    assert manifest["version"] == "1"
    assert re.fullmatch("[a-z0-9_-]+", manifest["information"]["name"])
    assert {one["type"]: one["target"] for one in manifest["menu"]} == {"client": "blank", "admin": "iframe"}
    assert [one["key"] for one in manifest["configuration"]] == ["pageUrl", "linkSecret"]
