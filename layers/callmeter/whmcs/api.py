"""Calls of the WHMCS API: credentials, exact amounts, and what a refusal means for the operator.

Reads are tried again with growing pauses while WHMCS is busy or does not answer. Writes are sent once: whether a write
that got no answer was done is for the caller to find out. A redirect is never followed.
Source: developers.whmcs.com, api/authentication, api/access-control, api-reference.
"""

import ssl
from decimal import Decimal
from typing import Any, TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from callmeter.errors import CallmeterError, Unreachable
from callmeter.ucrm import exact_json

API_PATH = "/includes/api.php"
_BUSY = (408, 425, 429)
_NO_PROXY: dict[str, None] = {"all://127.0.0.1": None, "all://localhost": None}  # whatever HTTP_PROXY says
_EXCERPT = 300  # characters of an answer shown in an error

# How WHMCS' messages begin (seen in use, not documented), and what to do.
_HINTS = {
    "Invalid IP": "Allow this address in WHMCS (General Settings, Security, API IP Access Restriction), or give the "
    "access key of its configuration.php.",
    "Authentication Failed": "Check the API credential's identifier and secret.",
    "Invalid or missing credentials": "Check the API credential's identifier and secret.",
    "Invalid Permissions": "Give the API credential's role this action.",
}

Shape = TypeVar("Shape")
Value = str | int | Decimal


class RefusedError(CallmeterError):
    """WHMCS understood a request and refused it: nothing was done."""


class WhmcsApi:
    """One WHMCS. `url` is its address, with or without /includes/api.php.

    access_key: of configuration.php, where the caller's IP is not allowed. `verify` False takes a self-signed
    certificate as it is; better is a context that knows it.
    """

    def __init__(
        self,
        url: str,
        identifier: str,
        secret: str,
        *,
        access_key: str = "",
        timeout_seconds: float = 30,
        tries: int = 4,
        first_pause_seconds: float = 0.5,
        verify: bool | ssl.SSLContext = True,
    ) -> None:
        address = url.rstrip("/")
        self.url = address if address.endswith(".php") else address + API_PATH
        self._credentials = {"identifier": identifier, "secret": secret, "responsetype": "json"}
        if access_key:
            self._credentials["accesskey"] = access_key
        self._http = httpx.Client(timeout=timeout_seconds, verify=verify, mounts=_NO_PROXY, follow_redirects=False)
        self._reads = Retrying(
            retry=retry_if_exception_type(Unreachable),
            stop=stop_after_attempt(tries),
            wait=wait_exponential_jitter(multiplier=first_pause_seconds, max=10, jitter=first_pause_seconds),
            reraise=True,
        )

    def close(self) -> None:
        self._http.close()

    def read(self, shape: type[Shape], action: str, **fields: Value) -> Shape:
        """What `action`, which changes nothing, says. Raises RefusedError, Unreachable after several tries."""
        return self._reads(lambda: self._send(shape, action, fields))

    def write(self, shape: type[Shape], action: str, **fields: Value) -> Shape:
        """Do `action`, once. Raises RefusedError, or Unreachable: then it may have been done."""
        return self._send(shape, action, fields)

    def _send(self, shape: type[Shape], action: str, fields: dict[str, Value]) -> Shape:
        texts = {name: f"{value:f}" if isinstance(value, Decimal) else str(value) for name, value in fields.items()}
        try:
            answer = self._http.post(self.url, data={**self._credentials, "action": action, **texts})
        except httpx.TransportError as broken:
            reason = str(broken) or type(broken).__name__
            raise Unreachable(f"WHMCS did not answer {action} at {self.url}: {reason}") from broken
        except httpx.InvalidURL as wrong:
            raise CallmeterError(f"WHMCS' address {self.url} is not a URL: {wrong}") from wrong
        return _as(shape, _checked(answer, action), action)


def _checked(answer: httpx.Response, action: str) -> dict[str, Any]:
    """The answer's object. Raises what a refusal, or an answer that is none, means."""
    if answer.is_redirect:
        target = answer.headers.get("Location", "elsewhere")
        raise CallmeterError(f"WHMCS sends {action} on to {target}: give the address it is really at.")
    if answer.status_code >= 500 or answer.status_code in _BUSY:
        raise Unreachable(f"WHMCS answered {answer.status_code} to {action}: {answer.text[:_EXCERPT]!r}")
    try:
        body = exact_json.loads(answer.content)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Unreachable(f"WHMCS' answer to {action} is not JSON: {answer.text[:_EXCERPT]!r}. Check its address.")
    if answer.is_success and body.get("result", body.get("status")) == "success":
        return body
    message = str(body.get("message", answer.text[:_EXCERPT]))
    hint = next((f" {hint}" for start, hint in _HINTS.items() if message.startswith(start)), "")
    raise RefusedError(f"WHMCS refused {action} ({answer.status_code}): {message}.{hint}")


def _as(shape: type[Shape], body: dict[str, Any], action: str) -> Shape:
    try:
        return TypeAdapter(shape).validate_python(body)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the answer"
        raise Unreachable(
            f"WHMCS' answer to {action} is not as documented (8.2 or newer): {where}: {first['msg']}"
        ) from None
