"""Telnyx' call events: JSON, one for each thing that happens to a leg.

call.hangup has no answer time, no duration and no direction (developers.telnyx.com, callbacks): they are learnt from
call.initiated and call.answered of the same call_leg_id. call.cost says how many seconds Telnyx billed, rounded by its
increments: it stands in where the answer was never told.

Signature: Ed25519 over `telnyx-timestamp|body`; the secret is the account's public key (base64), from the portal.
It does not cover the URL. Times more than five minutes off are refused; a replay within them is the same leg.
"""

from datetime import datetime

from callmeter.webhooks.base import Carrier, Event, Refused, Request, Secrets, Unparseable, leg_of, text_of
from callmeter.webhooks.legs import OUTBOUND_INBOUND
from callmeter.webhooks.proofs import need_recent, unbase64

# Legs that ended with one of these were never answered; normal_clearing, time_limit and unspecified do not say.
_UNANSWERED = frozenset(("call_rejected", "originator_cancel", "user_busy", "not_found", "no_answer", "timeout"))


def verify(request: Request, secrets: Secrets, now: datetime) -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    signature = unbase64(request.header("telnyx-signature-ed25519"))
    timestamp = request.header("telnyx-timestamp")
    need_recent(timestamp, now)
    for secret in secrets:
        try:
            key = Ed25519PublicKey.from_public_bytes(unbase64(secret) or b"")
            key.verify(signature or b"", timestamp.encode() + b"|" + request.body)
        except (ValueError, InvalidSignature):
            continue
        return
    raise Refused("wrong-signature")


def events(request: Request) -> list[Event]:
    """A leg's end, and what completes it."""
    record = request.record
    kind, at = text_of(record, "data", "event_type"), text_of(record, "data", "occurred_at")
    if kind not in ("call.initiated", "call.answered", "call.hangup", "call.cost"):
        return []
    leg = leg_of(record, "data", "payload", "call_leg_id")
    if not at:
        raise Unparseable("data.occurred_at is missing")
    payload = ("data", "payload")
    if kind == "call.initiated":
        direction = OUTBOUND_INBOUND.get(text_of(record, *payload, "direction"), "")
        ends = {name: text_of(record, *payload, name) for name in ("from", "to")}
        return [Event(leg, facts={"initiated_at": at, "direction": direction, **ends})]
    if kind == "call.answered":
        return [Event(leg, facts={"answered_at": at})]
    if kind == "call.cost":
        return [Event(leg, facts={"billed_seconds": text_of(record, *payload, "billed_duration_secs")})]
    unanswered = "yes" if text_of(record, *payload, "hangup_cause") in _UNANSWERED else ""
    return [Event(leg, record, {"ended_at": at, "unanswered": unanswered})]


TELNYX = Carrier("telnyx", "telnyx", verify, events, paired=True, largest_body=2**16)
