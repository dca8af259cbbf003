"""Requests to carriers: spaced, tried again, never redirected, and no credentials or numbers in any error.

Tried again with growing pauses: no answer, 408, 425, 429 and 5xx; after as long as Retry-After says where it does, and
not at all where that is too long to wait for: the next run asks anew. An address that is link-local is refused, so that
nobody is sent to ask a machine's own metadata.
"""

import email.utils
import ipaddress
import json
import logging
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from callmeter.errors import CallmeterError, Unreachable
from callmeter.pulls.port import Credentials, Patience
from callmeter.pulls.settings import WebPull

logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs addresses
_BUSY = (408, 425, 429)
_LONGEST_WAIT = 60  # seconds that a server may ask us to wait
_MESSAGES = ("message", "detail", "title", "error_description", "error")  # where servers say what went wrong
_EXCERPT = 200  # characters of a message shown in an error
_NO_PROXY: dict[str, None] = {"all://127.0.0.1": None, "all://localhost": None}  # whatever HTTP_PROXY says
_METADATA = ipaddress.ip_address("fd00:ec2::254")  # link-local's like, but not of that range


class Busy(Unreachable):
    """Try again; after_seconds: not before, where the server said so."""

    def __init__(self, text: str, after_seconds: float | None = None) -> None:
        super().__init__(text)
        self.after_seconds = after_seconds


class Web:
    """One server. spacing_seconds: at least so long from one request to the next."""

    def __init__(
        self,
        pull: WebPull,
        patience: Patience,
        *,
        login: Credentials | None = None,
        headers: dict[str, str] | None = None,
        spacing_seconds: float = 0.2,
        timeout_seconds: float = 60,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        refuse_link_local(urlsplit(pull.url).hostname or "")
        self.url = pull.url.rstrip("/")
        self._patience = patience
        self._spacing = spacing_seconds
        self._clock = clock
        self._next_at = clock()
        self._http = httpx.Client(
            timeout=timeout_seconds,
            verify=pull.tls_context() or False,
            mounts=_NO_PROXY,
            follow_redirects=False,
            auth=(login.user, login.password) if login else None,
            headers=headers,
        )

    def get(self, path: str, params: dict[str, str] | None = None) -> bytes:
        """The answer's body. Raises Unreachable after several tries, CallmeterError where it is refused."""
        return self._tried(lambda: self._http.get(self._address(path), params=params), path)

    def post(self, path: str, form: dict[str, str]) -> bytes:
        """The same for a form; for reads only: it may be sent more than once."""
        return self._tried(lambda: self._http.post(self._address(path), data=form), path)

    def post_json(self, path: str, body: Any, headers: dict[str, str] | None = None) -> bytes:
        """The same for a JSON document."""
        return self._tried(lambda: self._http.post(self._address(path), json=body, headers=headers), path)

    def _address(self, path: str) -> str:
        return self.url + path

    def _tried(self, send: Callable[[], httpx.Response], path: str) -> bytes:
        place = f"{urlsplit(self.url).hostname}{urlsplit(self.url).path}{path.partition('?')[0]}"

        def once() -> bytes:
            self._space()
            try:
                return _checked(send(), place)
            except httpx.TransportError as broken:
                raise Busy(f"{place} did not answer: {str(broken) or type(broken).__name__}") from broken
            except httpx.HTTPError as broken:  # such as a body that is not compressed as it says
                raise Busy(f"{place}: the answer cannot be read: {type(broken).__name__}") from broken

        return retrying(self._patience)(once)

    def _space(self) -> None:
        """Wait for the time of the next request."""
        if (early := self._next_at - self._clock()) > 0:
            self._patience.sleep(early)
        self._next_at = self._clock() + self._spacing


def retrying(patience: Patience) -> Retrying:
    """Tries of what raises Busy: with growing random pauses, or those it is told."""
    growing = wait_random_exponential(multiplier=patience.first_pause_seconds, max=60)

    def wait(state: RetryCallState) -> float:
        asked = _asked(state)
        return growing(state) if asked is None else asked

    def stop(state: RetryCallState) -> bool:
        return (
            stop_after_attempt(patience.tries)(state)
            or not patience.has_time()
            or (_asked(state) or 0) > _LONGEST_WAIT
        )  # fmt: skip

    return Retrying(retry=retry_if_exception_type(Busy), wait=wait, stop=stop, sleep=patience.sleep, reraise=True)


def _asked(state: RetryCallState) -> float | None:
    """How long the server asked us to stay away."""
    error = state.outcome.exception() if state.outcome else None
    return error.after_seconds if isinstance(error, Busy) else None


def _checked(answer: httpx.Response, place: str) -> bytes:
    """The body of an answer that is one. Raises Busy, or CallmeterError with the server's own words."""
    if answer.is_success:
        return answer.content
    said = f"{place} answered {answer.status_code}{_message(answer)}"
    if answer.is_redirect:
        raise CallmeterError(f"{place} sends us on to another address: give the one it is really at.")
    if answer.status_code in _BUSY or answer.status_code >= 500:
        raise Busy(said, _retry_after(answer.headers.get("Retry-After", "")))
    if answer.status_code in (401, 403):
        raise CallmeterError(f"{said}. Check the secret, and what its owner may read.")
    raise CallmeterError(f"{said}.")


def _message(answer: httpx.Response) -> str:
    """What a JSON answer says went wrong: its own fields for that, nothing else of it."""
    try:
        body = json.loads(answer.content)
    except ValueError:
        return ""
    if isinstance(body, dict) and isinstance(body.get("errors"), list) and body["errors"]:
        body = body["errors"][0]
    if not isinstance(body, dict):
        return ""
    found = next((body[name] for name in _MESSAGES if isinstance(body.get(name), str)), "")
    return f": {found[:_EXCERPT]}" if found else ""


def _retry_after(value: str) -> float | None:
    """Seconds of a Retry-After header, which is a number or a date. RFC 9110, 10.2.3."""
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        at = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (at - datetime.now(UTC)).total_seconds()) if at.tzinfo else None


def refuse_link_local(host: str) -> None:
    """Raises CallmeterError for a host that is, or is called by its name, at a link-local address."""
    try:
        found = {str(each[4][0]).partition("%")[0] for each in socket.getaddrinfo(host, None)}
    except OSError:
        return  # who asks will find that it is not there
    for address in map(ipaddress.ip_address, found):
        mapped = getattr(address, "ipv4_mapped", None) or address
        if mapped.is_link_local or mapped == _METADATA:
            raise CallmeterError(f"{host} is a link-local address: calls are not asked for there.")
