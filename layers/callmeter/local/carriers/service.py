"""What the stand-ins share: an HTTP server of threads, requests taken apart, failures on request."""

import base64
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

Row = dict[str, Any]
_LARGEST_BODY = 2**20


@dataclass(frozen=True)
class Request:
    """A request: query and form by name, the last of several counts."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    @property
    def login(self) -> tuple[str, str]:
        """User and password of basic authentication; empty where there is none."""
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        user, _, password = base64.b64decode(token).decode().partition(":") if kind == "Basic" else ("", "", "")
        return user, password

    @property
    def bearer(self) -> str:
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        return token if kind == "Bearer" else ""


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})


def answer(body: Any, status: int = 200) -> Answer:
    """A JSON answer."""
    return Answer(status, json.dumps(body).encode())


@dataclass(frozen=True)
class Fault:
    """What goes wrong with a request: a status, or the answer cut in its middle, or the connection closed."""

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    closed: bool = False


class Standin:
    """One server within `with`. calls: what there is to be asked for, as the carrier writes it; tests add to it."""

    def __init__(self) -> None:
        self.calls: list[Row] = []
        self.requests: list[Request] = []
        self.lock = threading.Lock()
        self._faults: list[Fault] = []
        self._server = _Server(("127.0.0.1", 0), self)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def fail(self, *faults: Fault) -> None:
        """The next requests fail so, one each."""
        self._faults += faults

    def work(self, request: Request) -> Answer:
        """What is answered to a request that nothing goes wrong with."""
        raise NotImplementedError

    def handle(self, request: Request) -> Answer | None:
        """The answer; None: the connection is closed without one."""
        with self.lock:
            self.requests.append(request)
            fault = self._faults.pop(0) if self._faults else Fault()
            if fault.closed:
                return None
            if fault.status:
                return Answer(fault.status, b"<h1>Sorry</h1>", {"Content-Type": "text/html", **fault.headers})
            given = self.work(request)
            return Answer(given.status, given.body[: len(given.body) // 2], given.headers) if fault.cut else given


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], standin: Standin) -> None:
        self.standin = standin
        super().__init__(address, _Handler)

    def handle_error(self, *_: object) -> None:
        """A connection that broke: its caller knows."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(min(length, _LARGEST_BODY))
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        given = self.server.standin.handle(Request(self.command, parts.path, query, dict(self.headers), body))
        if given is None:
            self.close_connection = True
            return
        self.send_response(given.status)
        for name, value in given.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(given.body)))
        self.end_headers()
        self.wfile.write(given.body)
