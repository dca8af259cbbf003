"""Calls of the UCRM (UISP CRM) API: keys, JSON with exact numbers, and what a refusal means for the operator.

Reads are tried again with growing pauses, those that UCRM asks for among them, while it is busy or does not answer.
Writes are sent once, unless UCRM says that it did nothing (429): whether a write that got no answer was done is for the
caller to look up. One UcrmApi serves several threads, each over a connection of its own.
Source: the API blueprint of UISP CRM (unmscrm.docs.apiary.io), copy of 2025-07-27.
"""

import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from callmeter.errors import CallmeterError, Missing, Unreachable
from callmeter.ucrm import exact_json

API_PATH = "/crm/api/v1.0"
PAGE_ROWS = 100
_SURELY_LAST = 10  # rows: a page with fewer is the last, whatever UCRM's largest page may be
_LONGEST_PAUSE = 30.0  # seconds
_BUSY = (408, 425)
_NO_PROXY: dict[str, None] = {"all://127.0.0.1": None, "all://localhost": None}  # whatever HTTP_PROXY says
_EXCERPT = 300  # characters of an answer shown in an error

Shape = TypeVar("Shape")
Query = dict[str, str | int]


class RefusedError(CallmeterError):
    """UCRM understood a request and refused it (400, 422): sending it again gives the same."""


class TooManyError(Unreachable):
    """UCRM asks for fewer calls (429): nothing was done. `pause_seconds` is what it asks for, else 0."""

    def __init__(self, text: str, pause_seconds: float) -> None:
        super().__init__(text)
        self.pause_seconds = pause_seconds


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
        backoff = wait_exponential_jitter(multiplier=first_pause_seconds, max=10, jitter=first_pause_seconds)

        def again(failure: type[Unreachable]) -> Retrying:
            return Retrying(
                retry=retry_if_exception_type(failure),
                stop=stop_after_attempt(tries),
                wait=lambda call: max(backoff(call), _asked_pause(call)),
                reraise=True,
            )

        self._reads, self._writes = again(Unreachable), again(TooManyError)

    def close(self) -> None:
        self._http.close()

    def read(self, shape: type[Shape], path: str, query: Query | None = None) -> Shape:
        """GET `path` as `shape`. Raises Missing (404), RefusedError, Unreachable after several tries."""
        return self._reads(lambda: _as(shape, self._send("GET", path, query=query)))

    def rows(self, shape: type[Shape], path: str, query: Query | None = None) -> Iterator[Shape]:
        """Every row of a list call, page by page.

        UCRM tells no total, and not how many rows it gives at most: only a page that is nearly empty is the last.
        """
        offset = 0
        while True:
            page = self.read(list[shape], path, {**(query or {}), "limit": PAGE_ROWS, "offset": offset})  # type: ignore[valid-type]
            yield from page
            if len(page) < min(PAGE_ROWS, _SURELY_LAST):
                return
            offset += len(page)

    def create(self, shape: type[Shape], path: str, body: dict[str, Any]) -> Shape:
        """POST `body`, once. Raises Missing, RefusedError, or Unreachable: then it may have been done."""
        return self._writes(lambda: _as(shape, self._send("POST", path, body=body)))

    def change(self, path: str, body: dict[str, Any] | None = None) -> None:
        """PATCH `path`, once: its fields, or without a body an action such as approve. Raises as `create`."""
        self._writes(lambda: self._send("PATCH", path, body=body))

    def remove(self, path: str) -> None:
        """DELETE `path`, once. Raises as `create`."""
        self._writes(lambda: self._send("DELETE", path))

    def _send(
        self, method: str, path: str, *, query: Query | None = None, body: dict[str, Any] | None = None
    ) -> httpx.Response:
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
        return answer


def _asked_pause(call: RetryCallState) -> float:
    """Seconds that UCRM asked us to wait, as far as that is bearable."""
    failure = call.outcome.exception() if call.outcome else None
    return min(failure.pause_seconds, _LONGEST_PAUSE) if isinstance(failure, TooManyError) else 0


def _retry_after(text: str) -> float:
    """Seconds in a Retry-After header, which has them, or a date (RFC 9110, 10.2.3); 0 where it has neither."""
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max((parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds(), 0)
    except (ValueError, TypeError):
        return 0


def _reason(broken: httpx.TransportError) -> str:
    return str(broken) or type(broken).__name__


def _check(answer: httpx.Response, what: str) -> None:
    """Raise what a status other than success means."""
    status = answer.status_code
    if answer.is_success:
        return
    if status == 429:
        pause = _retry_after(answer.headers.get("Retry-After", ""))
        raise TooManyError(f"UCRM answered 429 to {what}: {_message(answer)}. Trying again later may help.", pause)
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


@cache
def _reader(shape: Any) -> TypeAdapter[Any]:
    return TypeAdapter(shape)


def _as(shape: type[Shape], answer: httpx.Response) -> Shape:
    wanted: Any = shape
    what = f"{answer.request.method} {answer.request.url.path}"
    try:
        value: Shape = _reader(wanted).validate_python(exact_json.loads(answer.content))
        return value
    except ValidationError as wrong:
        first = wrong.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the answer"
        text = f"UCRM's answer to {what} is not as documented: {where}: {first['msg']}"
    except ValueError:
        text = f"UCRM's answer to {what} is not JSON: {answer.text[:_EXCERPT]!r}. Check its address."
    raise Unreachable(text)
