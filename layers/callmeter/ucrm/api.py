"""Calls of the UCRM (UISP CRM) API: keys, JSON with exact numbers, and what a refusal means for the operator.

Reads are tried again with growing pauses while UCRM is busy or does not answer. Writes are sent once: whether
a write that got no answer was done is for the caller to look up.
Source: the API blueprint of UISP CRM (unmscrm.docs.apiary.io), copy of 2025-07-27.
"""

import ssl
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from callmeter.errors import CallmeterError, Missing, Unreachable
from callmeter.ucrm import exact_json

API_PATH = "/crm/api/v1.0"
PAGE_ROWS = 100
_BUSY = (408, 425, 429)
_NO_PROXY: dict[str, None] = {"all://127.0.0.1": None, "all://localhost": None}  # whatever HTTP_PROXY says
_EXCERPT = 300  # characters of an answer shown in an error

Shape = TypeVar("Shape")
Query = dict[str, str | int]


class RefusedError(CallmeterError):
    """UCRM understood a request and refused it (400, 422): sending it again gives the same."""


class UcrmApi:
    """One UCRM. `url` is its address, with or without /crm/api/v1.0 (UCRM 2.x: give …/api/v1.0).

    `verify` False takes a self-signed certificate as it is; better is a context that knows it.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        timeout_seconds: float = 20,
        tries: int = 4,
        first_pause_seconds: float = 0.5,
        verify: bool | ssl.SSLContext = True,
    ) -> None:
        address = url.rstrip("/")
        self.url = address if "/api/v" in address else address + API_PATH
        try:
            self._http = httpx.Client(
                headers={"X-Auth-App-Key": key, "Accept": "application/json"},
                timeout=timeout_seconds,
                verify=verify,
                mounts=_NO_PROXY,
            )
        except ValueError as wrong:
            raise CallmeterError(f"UCRM's app key cannot be sent as a header: {wrong}") from None
        self._reads = Retrying(
            retry=retry_if_exception_type(Unreachable),
            stop=stop_after_attempt(tries),
            wait=wait_exponential_jitter(multiplier=first_pause_seconds, max=10, jitter=first_pause_seconds),
            reraise=True,
        )

    def close(self) -> None:
        self._http.close()

    def read(self, shape: type[Shape], path: str, query: Query | None = None) -> Shape:
        """GET `path` as `shape`. Raises Missing (404), RefusedError, Unreachable after several tries."""
        return self._reads(lambda: self._send("GET", path, shape, query=query))

    def rows(self, shape: type[Shape], path: str, query: Query | None = None) -> Iterator[Shape]:
        """Every row of a list call, page by page: UCRM tells no total, so a short page is the last."""
        offset = 0
        while True:
            page = self.read(list[shape], path, {**(query or {}), "limit": PAGE_ROWS, "offset": offset})  # type: ignore[valid-type]
            yield from page
            if len(page) != PAGE_ROWS:
                return
            offset += len(page)

    def create(self, shape: type[Shape], path: str, body: dict[str, Any]) -> Shape:
        """POST `body`, once. Raises Missing, RefusedError, or Unreachable: then it may have been done."""
        return self._send("POST", path, shape, body=body)

    def _send(
        self,
        method: str,
        path: str,
        shape: type[Shape],
        *,
        query: Query | None = None,
        body: dict[str, Any] | None = None,
    ) -> Shape:
        content = None if body is None else exact_json.dumps(body).encode()
        headers = {} if content is None else {"Content-Type": "application/json"}
        what = f"{method} {path}"
        try:
            answer = self._http.request(method, self.url + path, params=query, content=content, headers=headers)
        except httpx.TransportError as broken:
            raise Unreachable(f"UCRM did not answer {what} at {self.url}: {_reason(broken)}") from broken
        except httpx.InvalidURL as wrong:
            raise CallmeterError(f"UCRM's address {self.url} is not a URL: {wrong}") from wrong
        _check(answer, what)
        return _as(shape, answer, what)


def _reason(broken: httpx.TransportError) -> str:
    return str(broken) or type(broken).__name__


def _check(answer: httpx.Response, what: str) -> None:
    """Raise what a status other than success means."""
    status = answer.status_code
    if answer.is_success:
        return
    if status >= 500 or status in _BUSY:
        raise Unreachable(f"UCRM answered {status} to {what}: {_message(answer)}. Trying again later may help.")
    if answer.is_redirect:
        target = answer.headers.get("Location", "elsewhere")
        raise CallmeterError(f"UCRM sends {what} on to {target}: give the address it is really at.")
    hints: dict[int, Callable[[str], CallmeterError]] = {
        401: lambda text: CallmeterError(f"{text} Check the app key: UCRM does not know it."),
        403: lambda text: CallmeterError(f"{text} Make an app key of type Write and use that."),
        404: Missing,
    }
    raise hints.get(status, RefusedError)(f"UCRM refused {what} ({status}): {_message(answer)}")


def _message(answer: httpx.Response) -> str:
    """UCRM's own words, with its message for each field; else the start of the answer."""
    try:
        body = exact_json.loads(answer.content)
    except ValueError:
        return repr(answer.text[:_EXCERPT])
    if not isinstance(body, dict) or "message" not in body:
        return repr(answer.text[:_EXCERPT])
    errors = body.get("errors")
    fields = errors.items() if isinstance(errors, dict) else ()
    details = [f"{name}: {' '.join(map(str, texts))}" for name, texts in fields if isinstance(texts, list)]
    return " ".join([str(body["message"]), *details])


def _as(shape: type[Shape], answer: httpx.Response, what: str) -> Shape:
    try:
        return TypeAdapter(shape).validate_python(exact_json.loads(answer.content))
    except ValidationError as wrong:
        first = wrong.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the answer"
        text = f"UCRM's answer to {what} is not as documented: {where}: {first['msg']}"
    except ValueError:
        text = f"UCRM's answer to {what} is not JSON: {answer.text[:_EXCERPT]!r}. Check its address."
    raise Unreachable(text)
