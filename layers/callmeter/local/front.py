"""One address for the call page and its API on this machine, as CloudFront gives them on AWS.

GET /FILE comes from the page's folder, /v1/… goes to the API; both with the headers CloudFront adds.
"""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

import httpx

from callmeter.errors import CallmeterError

# The same as PageHeaders in infra/page.yaml (without its HTTPS-only header); a test compares them.
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}
CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
LARGEST_BODY = 1_000_000  # bytes of a request
FORWARDED = ("Accept", "Authorization", "Content-Type", "If-Match", "If-None-Match")
PASSED_BACK = ("Content-Type", "Content-Disposition", "Cache-Control", "ETag", "Location", "Retry-After")


def content_type(name: str) -> str:
    return CONTENT_TYPES.get(Path(name).suffix.lower(), "application/octet-stream")


class Front:
    """Serves from a thread of its own until closed. Port 0 takes a free one.

    Raises `CallmeterError` where the port is taken.
    """

    def __init__(self, page: Path, api_url: str, port: int = 0) -> None:
        handler = type(
            "Handler",
            (_Handler,),
            {"page": page.resolve(), "api": httpx.Client(base_url=api_url, timeout=35, trust_env=False)},
        )
        try:
            self._server = _Server(("127.0.0.1", port), handler)
        except OSError as error:
            raise _taken(port) from error
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def check_port(port: int) -> None:
    """Raise `CallmeterError` where the port is taken, before anything slow is started for it."""
    try:
        _Server(("127.0.0.1", port), BaseHTTPRequestHandler).server_close()
    except OSError as error:
        raise _taken(port) from error


def _taken(port: int) -> CallmeterError:
    return CallmeterError(f"Port {port} of this machine is in use by something else: end that, or choose another port.")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True


class _Handler(BaseHTTPRequestHandler):
    page: Path
    api: httpx.Client
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_GET(self) -> None:
        if self._is_api():
            self._forward()
        else:
            self._file()

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_PUT(self) -> None:
        if self._is_api():
            self._forward()
        else:
            self._answer(405, b"method not allowed\n", {"Content-Type": "text/plain"})

    def do_POST(self) -> None:
        self.do_PUT()

    def _is_api(self) -> bool:
        return urlsplit(self.path).path.startswith("/v1/")

    def _file(self) -> None:
        asked = unquote(urlsplit(self.path).path).removeprefix("/") or "index.html"
        # Looked up among what is there, never built from what was asked: nothing else can be reached.
        files = {path.relative_to(self.page).as_posix(): path for path in self.page.rglob("*") if path.is_file()}
        path = files.get(asked)
        if not path:
            self._answer(404, b"not found\n", {"Content-Type": "text/plain"})
            return
        self._answer(200, path.read_bytes(), {"Content-Type": content_type(path.name), "Cache-Control": "no-cache"})

    def _forward(self) -> None:
        size = self.headers.get("Content-Length") or "0"
        if not size.isdigit() or int(size) > LARGEST_BODY or "Transfer-Encoding" in self.headers:
            self.close_connection = True  # the body stays unread
            self._answer(413, b"request too large\n", {"Content-Type": "text/plain"})
            return
        body = self.rfile.read(int(size))
        headers = {name: self.headers[name] for name in FORWARDED if name in self.headers}
        try:
            answer = self.api.request(self.command, self.path.removeprefix("/"), content=body, headers=headers)
        except httpx.HTTPError as error:
            self._answer(502, f"the API did not answer: {error}\n".encode(), {"Content-Type": "text/plain"})
            return
        passed = {name: answer.headers[name] for name in PASSED_BACK if name in answer.headers}
        self._answer(answer.status_code, answer.content, passed)

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, **SECURITY_HEADERS}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name it has there)
        """Say nothing: the terminal belongs to the command that runs this."""
