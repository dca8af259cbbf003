"""Bandwidth's voice callbacks: JSON; `disconnect` has every time of its leg, and prices a call alone.

Format: dev.bandwidth.com, voice webhooks. answerTime is missing where the leg was never answered. A leg that was
transferred to tells of its own end by `transferDisconnect`.

Authenticity: HTTP basic with the credentials set on the application; a secret is `user:password`.
"""

from callmeter.webhooks.base import Carrier, Event, Request, leg_of, text_of
from callmeter.webhooks.proofs import basic

_FINAL = frozenset(("disconnect", "transferDisconnect"))


def events(request: Request) -> list[Event]:
    """A leg that has ended, answered or not."""
    record = request.record
    return [Event(leg_of(record, "callId"), record)] if text_of(record, "eventType") in _FINAL else []


BANDWIDTH = Carrier("bandwidth", "bandwidth", basic, events)
