"""Any PBX that can sign a POST: calls with the names that the generic CSV has, by the Standard Webhooks scheme.

    {"call_id": "…", "from": "…", "to": "…", "start": "2026-11-24T10:00:00Z", "duration": 61, "direction": "out", …}

one object, or {"type": "call.ended", "timestamp": …, "data": {…}} with the call in it; other types are of no interest.

Signature: standardwebhooks.com, HMAC-SHA256 over `webhook-id.webhook-timestamp.body`; a secret is `whsec_…`. It does
not cover the URL. Times more than five minutes off are refused; a replay within them is the same call by its call_id.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from callmeter.webhooks.base import Carrier, Event, Request, Secrets, Unparseable, leg_of, text_of
from callmeter.webhooks.proofs import need, need_recent


def verify(request: Request, secrets: Secrets, now: datetime) -> None:
    message, given = request.header("webhook-id"), request.header("webhook-signature")
    at = need_recent(request.header("webhook-timestamp"), now)
    need(_signatures(request.body, message, at, secrets), given.split(" "))


def events(request: Request) -> list[Event]:
    """The call."""
    record: dict[str, Any] = request.record
    if "type" in record and "data" in record:
        if text_of(record, "type") != "call.ended":
            return []
        record = record["data"]
        if not isinstance(record, dict):
            raise Unparseable("data is not an object")
    return [Event(leg_of(record, "call_id"), record)]


def _signatures(body: bytes, message: str, at: datetime, secrets: Secrets) -> Iterator[str]:
    from standardwebhooks import Webhook
    from standardwebhooks.webhooks import EmptyWebhookSecretError

    for secret in secrets:
        try:
            yield Webhook(secret).sign(message, at, body.decode())
        except (ValueError, EmptyWebhookSecretError):  # bytes that are no text, or a secret that is none
            continue


PBX = Carrier("pbx", "csv", verify, events)
