"""The server that gives the page and the API one address on this machine."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from callmeter.errors import CallmeterError
from callmeter.local.front import SECURITY_HEADERS, Front


class Echo(BaseHTTPRequestHandler):
    """Answers what it was asked; has no opinion."""

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        said = f"{self.command} {self.path} {self.headers.get('Authorization')} {self.headers.get('Cookie')} "
        self.send_response(202)
        self.send_header("Content-Type", "application/problem+json")
        self.send_header("Server-Timing", "none of the client's business")
        self.end_headers()
        self.wfile.write(said.encode() + body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def api() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/stage/"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def front(tmp_path: Path, api: str) -> Iterator[Front]:
    page = tmp_path / "page"
    page.mkdir()
    (page / "index.html").write_text("<p>calls</p>")
    (page / "app.js").write_text("1")
    (tmp_path / "secret.txt").write_text("not for the world")
    with Front(page, api) as running:
        yield running


def test_the_page_is_served_at_the_root_with_every_security_header(front: Front) -> None:
    answer = httpx.get(front.url)
    assert (answer.status_code, answer.text) == (200, "<p>calls</p>")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert SECURITY_HEADERS.items() <= {name: answer.headers.get(name) for name in SECURITY_HEADERS}.items()


def test_a_script_is_served_as_a_script(front: Front) -> None:
    assert httpx.get(front.url + "app.js?v=1").headers["Content-Type"] == "text/javascript; charset=utf-8"


@pytest.mark.parametrize("path", ["..%2fsecret.txt", "%2e%2e/secret.txt", "nothing.html", "v1", "%00"])
def test_nothing_outside_the_page_is_served(front: Front, path: str) -> None:
    answer = httpx.get(front.url + path)
    assert (answer.status_code, answer.text) == (404, "not found\n")


def test_the_api_gets_path_query_sign_in_and_body_but_no_cookies(front: Front) -> None:
    headers = {"Authorization": "Bearer T", "Cookie": "a=b"}
    answer = httpx.put(front.url + "v1/me/settings?a=1&a=2", content=b'{"x": 1}', headers=headers)
    assert answer.status_code == 202
    assert answer.text == 'PUT /stage/v1/me/settings?a=1&a=2 Bearer T None {"x": 1}'
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "Server-Timing" not in answer.headers
    assert answer.headers["X-Frame-Options"] == "DENY"


def test_the_page_takes_no_writes(front: Front) -> None:
    assert httpx.put(front.url + "index.html", content=b"x").status_code == 405


def test_a_request_too_large_is_refused_unread(front: Front) -> None:
    assert httpx.put(front.url + "v1/me/settings", content=b"x" * 1_000_001).status_code == 413


def test_an_api_that_is_not_there_is_a_bad_gateway(tmp_path: Path) -> None:
    with Front(tmp_path, "http://127.0.0.1:9/") as front:
        assert httpx.get(front.url + "v1/me").status_code == 502


def test_a_port_in_use_is_one_clear_line(front: Front, tmp_path: Path) -> None:
    port = httpx.URL(front.url).port
    with pytest.raises(CallmeterError, match=rf"^Port {port} of this machine is in use by something else: "):
        Front(tmp_path, "http://127.0.0.1:9/", port or 0)
