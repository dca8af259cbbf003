"""Twilio's and SignalWire's status callbacks: a form (or JSON) that ends a leg, with its duration but not its start.

Fields: CallSid, CallStatus, CallDuration, Timestamp, From, To, Direction, ParentCallSid … (twilio.com/docs/voice and
SignalWire's compatibility API). The start is Timestamp less CallDuration, which the source works out.

Signature: base64 of HMAC-SHA1 over the URL and every field of the form, sorted, name and value without a mark between
(twilio.com/docs/usage/webhooks/webhooks-security): it can only be checked on the decoded form. Twilio signs the URL now
with its port, now without: both are tried. JSON: Twilio's URL carries the body's SHA-256; SignalWire signs URL and
body, in hex. There is no time in it: a replay is the same call by its CallSid, and costs nothing.
"""

from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from urllib.parse import parse_qs

from callmeter.webhooks.base import Carrier, Event, Request, Secrets, leg_of, text_of
from callmeter.webhooks.proofs import hmac_base64, hmac_hex, need

_FINAL = frozenset(("completed", "busy", "failed", "no-answer", "canceled"))
_PORTS = {"https": 443, "http": 80}


def verify_twilio(request: Request, secrets: Secrets, _now: datetime) -> None:
    given = request.header("x-twilio-signature")
    text = _fields(request)
    if request.is_json:
        need([sha256(request.body).hexdigest()], parse_qs(request.url_parts.query).get("bodySHA256", []))
        text = ""
    need((hmac_base64(secret, url + text, "sha1") for secret in secrets for url in _urls(request)), [given])


def verify_signalwire(request: Request, secrets: Secrets, _now: datetime) -> None:
    given = request.header("x-signalwire-signature", "x-twilio-signature")
    if request.is_json:
        signed = (url.encode() + request.body for url in _urls(request))
        need((hmac_hex(secret, text, "sha1") for text in signed for secret in secrets), [given])
        return
    text = _fields(request)
    need((hmac_base64(secret, url + text, "sha1") for secret in secrets for url in _urls(request)), [given])


def events(request: Request) -> list[Event]:
    """A leg that has ended, answered or not."""
    record = request.record
    leg = leg_of(record, "CallSid")
    return [Event(leg, record)] if text_of(record, "CallStatus") in _FINAL else []


def _fields(request: Request) -> str:
    """The form as it is signed; of a repeated field each value once."""
    return "" if request.is_json else "".join(name + value for name, value in sorted(set(request.form)))


def _urls(request: Request) -> Iterator[str]:
    """The URL with its port, and without."""
    parts = request.url_parts
    host, _, port = parts.netloc.partition(":")
    yield parts._replace(netloc=host).geturl()
    yield parts._replace(netloc=f"{host}:{port or _PORTS.get(parts.scheme, 443)}").geturl()


TWILIO = Carrier("twilio", "twilio", verify_twilio, events, answer=204)
SIGNALWIRE = Carrier("signalwire", "signalwire", verify_signalwire, events, answer=204)
