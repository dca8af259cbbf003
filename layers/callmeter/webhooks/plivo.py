"""Plivo's hangup callback: a form with Duration and BillDuration, and in most accounts the times.

Format: plivo.com/docs/voice. The same form, with other states, asks what to do with a call: of no interest here.

Signature: version 3, HMAC-SHA256 with the auth token over URL, sorted query, sorted fields and nonce, base64
(plivo/plivo-python, utils/signature_v3.py). Version 2 leaves out the fields and is not taken. There is no time in it: a
replay is the same call by its CallUUID.
"""

from datetime import datetime
from urllib.parse import parse_qsl

from callmeter.webhooks.base import Carrier, Event, Request, Secrets, leg_of, text_of
from callmeter.webhooks.proofs import hmac_base64, need

_FINAL = frozenset(("completed", "busy", "failed", "timeout", "no-answer", "cancel", "canceled"))


def verify(request: Request, secrets: Secrets, _now: datetime) -> None:
    given = request.header("x-plivo-signature-v3")
    text = f"{signed_url(request)}.{request.header('x-plivo-signature-v3-nonce')}"
    need((hmac_base64(secret, text, "sha256") for secret in secrets), given.split(","))


def events(request: Request) -> list[Event]:
    """A leg that has ended, answered or not."""
    record = request.record
    leg = leg_of(record, "CallUUID")
    is_end = text_of(record, "CallStatus") in _FINAL and text_of(record, "Event") in ("", "Hangup")
    return [Event(leg, record)] if is_end else []


def signed_url(request: Request) -> str:
    """URL, query and fields as they are signed: the `?` and `.` between them depend on which of them there are."""
    parts = request.url_parts
    query = "&".join(f"{name}={value}" for name, value in sorted(parse_qsl(parts.query, keep_blank_values=True)))
    fields = "".join(name + value for name, value in sorted(request.form))
    base = f"{parts.scheme}://{parts.netloc}{parts.path}"
    if fields:
        return f"{base}?{query}{'.' if query else ''}{fields}"
    return f"{base}?{query}" if query else base


PLIVO = Carrier("plivo", "plivo", verify, events)
