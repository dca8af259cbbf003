"""The stand-in's HTTP service: one path, forms in, JSON out, failures on request.

Credentials, the IP allow-list and its access key are checked as documented; without responsetype=json the answer would
be XML, which the stand-in does not speak: it refuses. One request is worked on at a time.
"""

import hmac
import json
import threading
from collections.abc import Callable
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import parse_qsl

from callmeter.local.whmcs.actions import Fields, RefusalError, perform
from callmeter.local.whmcs.books import Books, Row

PATH = "/includes/api.php"
_LARGEST_BODY = 2**20

# The work is done, or not, and then the connection is closed without an answer, or 500 is answered.
Fault = Literal["timeout-before", "timeout-after", "500", "500-after"]


class WhmcsStandin:
    """WHMCS on 127.0.0.1, in memory, served by threads of this process within `with`.

    allowed: whether 127.0.0.1 is on the IP allow-list; else calls need `access_key`.
    """

    def __init__(
        self,
        identifier: str,
        secret: str,
        clock: Callable[[], datetime],
        *,
        allowed: bool = True,
        access_key: str = "",
    ) -> None:
        self.books = Books(clock)
        self.allowed = allowed
        self.lock = threading.Lock()
        self._known = (identifier, secret, access_key)
        self._faults: list[tuple[str, Fault]] = []
        self._server = _Server(("127.0.0.1", 0), self)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "WhmcsStandin":
        self._thread.daemon = True
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def fail(self, action: str, fault: Fault, times: int = 1) -> None:
        """The next so many calls of `action` fail so."""
        self._faults += [(action, fault)] * times

    def clear_faults(self) -> None:
        self._faults.clear()

    def take_fault(self, action: str) -> Fault | None:
        for planned in self._faults:
            if planned[0] == action:
                self._faults.remove(planned)
                return planned[1]
        return None

    def work(self, fields: Fields) -> tuple[int, Row]:
        """Status and answer of a call."""
        secrets = {name: fields.pop(name, "") for name in ("identifier", "username", "secret", "password", "accesskey")}
        try:
            self._authorize(secrets)
        except RefusalError as refused:
            return 403, {"result": "error", "message": str(refused)}
        if fields.pop("responsetype", "") != "json":
            return 200, {"result": "error", "message": "this stand-in answers responsetype=json only"}
        try:
            return 200, perform(self.books, fields)
        except RefusalError as refused:
            return 200, {"result": "error", "message": str(refused)}

    def _authorize(self, secrets: Fields) -> None:
        """developers.whmcs.com/api/authentication and api/access-control; the messages are believed."""
        identifier, secret, access_key = self._known
        if not self.allowed and not (access_key and hmac.compare_digest(secrets["accesskey"], access_key)):
            raise RefusalError("Invalid IP 127.0.0.1")
        if (secrets["identifier"] or secrets["username"]) != identifier:
            raise RefusalError("Invalid or missing credentials")
        if not hmac.compare_digest(secrets["secret"] or secrets["password"], secret):
            raise RefusalError("Authentication Failed")


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], standin: WhmcsStandin) -> None:
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

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if self.path != PATH or not length.isdigit() or int(length) > _LARGEST_BODY:
            self.close_connection = True
            self._answer(404, b"<h1>Not Found</h1>", "text/html")
            return
        fields = dict(parse_qsl(self.rfile.read(int(length)).decode(), keep_blank_values=True))
        standin = self.server.standin
        with standin.lock:
            fault = standin.take_fault(fields.get("action", ""))
            if fault is None or fault.endswith("-after"):
                status, body = standin.work(fields)
        if fault is None:
            self._answer(status, json.dumps(body).encode(), "application/json")
        elif fault.startswith("timeout"):
            self.close_connection = True
        else:
            self._answer(500, b"<h1>Oops!</h1>", "text/html")

    def _answer(self, status: int, body: bytes, media_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
