"""The stand-in's HTTP service: keys, JSON, failures on request, and a page for people.

    /crm/api/v1.0/…            the API; every call needs X-Auth-App-Key
    /crm/current-user          who is logged in, by UISP's cookies, for a plugin's pages
    /                          the invoices as a page
    /_standin/invoices         the invoices as JSON
    /_standin/state            everything kept
    /_standin/documents/ID     a document's file
    /_standin/faults           failures to come: GET, POST, DELETE; see faults.py
    /_standin/hands/WHAT/ID    POST: what a person does in UCRM; see hands.py
    /_standin/daily-run        POST {"date"}: UCRM's own run of that day; see daily_run.py
    /_standin/clock            POST {"now"}: the time from now on; null: the time it is
    /_standin/webhooks         POST {"urls"}: who is told of events; see events.py

One request is worked on at a time. A change is saved before it is answered; where it cannot be, it is undone.
"""

import hmac
import re
import socket
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from callmeter.local.ucrm import daily_run, documents, hands, page, routes, seed, users
from callmeter.local.ucrm.books import Books, shown
from callmeter.local.ucrm.events import Postman
from callmeter.local.ucrm.faults import Fault, Faults
from callmeter.local.ucrm.fields import Query, RefusalError, Row, instant
from callmeter.local.ucrm.routes import Answer
from callmeter.ucrm import exact_json

API = "/crm/api/v1.0"
_LARGEST_BODY = 64 * 2**20
_PROXY_PAGE = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"

Done = TypeVar("Done")


class UcrmStandin:
    """The stand-in on 127.0.0.1, served by threads of this process between `start` and `stop`.

    `state` is its file; `key` the write key, `read_key` one that may only read; `port` 0 takes a free one;
    `seeds` as in seed.py. Raises OSError where the port is in use, ValueError for a broken state or seed.
    """

    def __init__(
        self,
        state: Path,
        key: str,
        *,
        read_key: str | None = None,
        port: int = 0,
        seeds: Any = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.books = Books(state, clock)
        self.faults = Faults()
        self.postman = Postman()
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self._clock = clock
        self._keys = {"write": key, "read": read_key}
        if seeds is not None:
            seed.sow(self.books, seeds)
            self.books.save()
        self._server = _Server(("127.0.0.1", port), self)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> "UcrmStandin":
        self._thread.daemon = True
        self._thread.start()
        return self

    def stop(self) -> None:
        """Finish the request at work, close every connection, free the port."""
        self.stopping.set()
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        with self.lock:
            self._server.server_close()
            self._server.hang_up()

    def __enter__(self) -> "UcrmStandin":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def authorize(self, method: str, key: str | None) -> None:
        """Raises RefusalError: 401 for no key or a wrong one, 403 for a change with the read key."""
        if key is not None and self._is("write", key):
            return
        if key is None or not self._is("read", key):
            raise RefusalError(401, "User authentication failed.")
        if method != "GET":
            raise RefusalError(403, "The app key does not have write permission.")

    def _is(self, kind: str, key: str) -> bool:
        known = self._keys[kind]
        return known is not None and hmac.compare_digest(known.encode(), key.encode())

    def work(self, method: str, path: str, query: dict[str, list[str]], body: Any) -> Answer:
        """Perform one API call and keep what it changed."""
        endpoint, number = routes.find(method, path)
        call = routes.Call(self.books, number, Query(query, self.books.options["_largestPage"]), body)
        return endpoint(call) if method == "GET" else self._kept(lambda: endpoint(call))

    def _kept(self, work: Callable[[], Done]) -> Done:
        """Do `work`; keep all of what it changed and tell of it, or nothing."""
        try:
            done = work()
            self.books.save()
        except BaseException:
            self.books.undo()
            raise
        self.postman.send(self.books.options["_webhooks"], self.books.outbox)
        self.books.outbox = []
        return done

    def run_day(self, day: date) -> list[Row]:
        """UCRM's own run of `day`: the invoices it makes."""
        with self.lock:
            return self._kept(lambda: daily_run.run_day(self.books, day))

    def hand(self, what: str, number: int, **fields: Any) -> None:
        """Let a person do something in UCRM, such as hand("void", 5) or hand("edit-item", 7, price=3)."""
        with self.lock:
            self._kept(lambda: hands.do(self.books, what, number, fields))

    def set_clock(self, now: datetime | None) -> None:
        """Let it be `now` from now on; None: what the clock says that the stand-in was made with."""
        self.books.clock = self._clock if now is None else lambda: now

    def tell(self, *urls: str) -> None:
        """Post every event from now on to these addresses; `postman.wait()` waits for what is on its way."""
        with self.lock:
            self.books.options["_webhooks"] = list(urls)
            self.books.save()

    def standin_page(self, method: str, path: str, body: Any) -> Answer:
        """What is not UCRM's: the page, the JSON views, the failures to come, and what a person or time does."""
        what = f"{method} {path}"
        if what == "GET /":
            return Answer(content=page.invoices_page(self.books).encode(), media_type="text/html; charset=utf-8")
        if what == "GET /_standin/invoices":
            return Answer(content=[_with_client(self.books, row) for row in self.books.rows("invoices")])
        if what == "GET /_standin/state":
            return Answer(content=self.books.as_json())
        if found := re.fullmatch(r"GET /_standin/documents/(\d{1,18})", what):
            media_type, content = documents.document_file(self.books, int(found[1]))
            return Answer(content=content, media_type=media_type)
        if path == "/_standin/faults":
            return self._faults(method, body)
        if method == "POST" and isinstance(body, dict):
            return self._happen(path, body)
        raise RefusalError(404, f"No route found for {what}.")

    def _happen(self, path: str, body: Row) -> Answer:
        """A person's deed, UCRM's daily run, another time, other webhooks."""
        try:
            if found := re.fullmatch(r"/_standin/hands/([a-z-]+)/(\d{1,18})", path):
                self._kept(lambda: hands.do(self.books, found[1], int(found[2]), body))
                return Answer()
            if path == "/_standin/daily-run":
                day = date.fromisoformat(body["date"])
                made = self._kept(lambda: daily_run.run_day(self.books, day))
                return Answer(content=[shown(row) for row in made])
            if path == "/_standin/clock":
                self.set_clock(None if body["now"] is None else instant(body["now"]))
                return Answer(content={"now": self.books.now()})
            if path == "/_standin/webhooks":
                self.books.options["_webhooks"] = [str(url) for url in body["urls"]]
                self.books.save()
                return Answer(content={"urls": self.books.options["_webhooks"]})
        except (KeyError, TypeError, ValueError) as wrong:
            raise RefusalError(422, f"The stand-in does not understand this: {wrong!r}") from wrong
        raise RefusalError(404, f"No route found for POST {path}.")

    def _faults(self, method: str, body: Any) -> Answer:
        if method == "DELETE":
            return Answer(content=self.faults.clear())
        if method != "POST":
            return Answer(content=self.faults.as_json())
        try:
            return Answer(201, self.faults.add(body))
        except (ValueError, TypeError) as wrong:
            raise RefusalError(422, str(wrong)) from wrong


def _with_client(books: Books, row: dict[str, Any]) -> dict[str, Any]:
    return {"client": page.client_name(books.get("clients", row["clientId"])), **shown(row)}


class _Server(ThreadingHTTPServer):
    """Threads that end with the process; knows its open connections, so that `stop` can close them."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], standin: UcrmStandin) -> None:
        self.standin = standin
        self.connections: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def handle_error(self, *_: object) -> None:
        """A connection that broke: its caller knows."""

    def hang_up(self) -> None:
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                self.connections.discard(connection)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        self.server.connections.add(self.request)
        super().setup()

    def finish(self) -> None:
        self.server.connections.discard(self.request)
        super().finish()

    def log_message(self, *_: object) -> None:
        """Quiet: the page and the state file show what happened."""

    def _handle(self) -> None:
        standin = self.server.standin
        address = urlsplit(self.path)
        try:
            raw = self._read()
            if address.path == "/crm/current-user":
                with standin.lock:
                    row = users.current_user(standin.books, self.headers.get("Cookie"))
                self._answer(Answer(content=shown(row)))
                return
            if not address.path.startswith(API + "/"):
                with standin.lock:
                    self._answer(standin.standin_page(self.command, address.path, _json(raw)))
                return
            standin.authorize(self.command, self.headers.get("X-Auth-App-Key"))
            self._call(address.path.removeprefix(API), parse_qs(address.query, keep_blank_values=True), raw)
        except RefusalError as refused:
            self._answer(Answer(refused.code, refused.body()))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815 -- http.server's names

    def _call(self, path: str, query: dict[str, list[str]], raw: bytes) -> None:
        standin = self.server.standin
        with standin.lock:
            if standin.stopping.is_set():
                self._drop()
                return
            fault = standin.faults.take(self.command, path)
            if fault is None or fault.works:
                try:
                    answer = standin.work(self.command, path, query, _json(raw))
                except RefusalError:
                    raise
                except Exception:  # noqa: BLE001 -- whatever went wrong, UCRM answers 500
                    answer = Answer(500, {"code": 500, "message": "Error occurred."})
        if fault is not None and fault.delay_seconds:
            standin.stopping.wait(fault.delay_seconds)
        if fault is None or fault.kind == "slow":
            self._answer(answer)
        else:
            self._fail(fault)

    def _fail(self, fault: Fault) -> None:
        kind = fault.kind.removesuffix("-after")
        if kind.startswith("timeout"):
            self._drop()
        elif kind == "html":
            self._answer(Answer(502, _PROXY_PAGE, "text/html"))
        elif kind == "422":
            self._answer(Answer(422, {"code": 422, "message": "Validation failed.", "errors": {}}))
        elif kind == "429":
            content = {"code": 429, "message": "Too Many Requests."}
            self._answer(Answer(429, content, retry_after_seconds=fault.retry_after_seconds))
        else:
            self._answer(Answer(500, {"code": 500, "message": "Error occurred."}))

    def _drop(self) -> None:
        self.close_connection = True

    def _read(self) -> bytes:
        """The body. Raises RefusalError where its length is not said or too large."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdigit() or int(length) > _LARGEST_BODY:
            self.close_connection = True
            raise RefusalError(400, "Send a body with its Content-Length, 64 MiB at most.")
        return self.rfile.read(int(length))

    def _answer(self, answer: Answer) -> None:
        raw = answer.content
        if not isinstance(raw, bytes):
            raw = b"" if raw is None else exact_json.dumps(raw).encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.media_type)
        self.send_header("Content-Length", str(len(raw)))
        if answer.retry_after_seconds is not None:
            self.send_header("Retry-After", str(answer.retry_after_seconds))
        if answer.location:
            self.send_header("Location", API + answer.location)
        self.end_headers()
        self.wfile.write(raw)


def _json(raw: bytes) -> Any:
    try:
        return exact_json.loads(raw) if raw else {}
    except (ValueError, RecursionError):
        raise RefusalError(400, "Invalid json message received.") from None
