"""Events of one leg -> its call, whatever their order. For carriers whose last event cannot price a call.

What is known of a leg is a few sets of facts, and every event only adds to them: the order of events, and how often
each comes, leave no trace. Of times the earliest counts.

    initiated_at, answered_at, ended_at   ISO 8601, UTC
    direction, from, to                   as the first event says; outbound or inbound
    unanswered                            "yes": the way it ended says that it never was
    billed_seconds                        the carrier's, rounded; where the answer was not told of
    arrived_at                            when its end came here
    record                                the carrier's own of its end: the first that came

A leg is complete once it has begun and ended, and was answered or surely was not. Then nothing that still may come
makes another call of it. An earlier word on it may stand in the inbox, `partial`: the complete one goes before it by
name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from callmeter.webhooks.base import Event, instant, json_line, json_object

OUTBOUND_INBOUND = {"outgoing": "outbound", "out": "outbound", "incoming": "inbound", "in": "inbound"}
KEPT = timedelta(days=3)
_TOLD = ("initiated_at", "answered_at", "direction", "from", "to")

Facts = Mapping[str, frozenset[str]]


class Legs(Protocol):
    """What is known of legs."""

    def add(
        self, carrier: str, leg: str, facts: Mapping[str, set[str]], record: str, keep_until: datetime
    ) -> tuple[Facts, str]:
        """Add to the facts, and keep the record (JSON, "" for none) where there is none; all that is known then."""
        ...


@dataclass(frozen=True)
class Leg:
    """All that is known of a leg that may have ended."""

    facts: Facts
    record: str

    @property
    def has_ended(self) -> bool:
        return bool(self.record)

    @property
    def is_complete(self) -> bool:
        settled = self._first("answered_at") or self._first("unanswered") or self._first("billed_seconds") == "0"
        return bool(self.has_ended and self._first("initiated_at") and settled)

    def line(self) -> str:
        """The carrier's record, and what was learnt of its leg."""
        learnt = {name: self._first(name) for name in _TOLD}
        learnt["answered_at"] = learnt["answered_at"] or self._answered_by_the_bill()
        if not learnt["answered_at"] and self.is_complete:
            learnt["unanswered"] = "yes"
        told = {"received_at": self._first("arrived_at"), **{name: text for name, text in learnt.items() if text}}
        record: dict[str, Any] = json_object(self.record)
        return json_line({**record, "callmeter": told})

    def _first(self, fact: str) -> str:
        return min(self.facts.get(fact, frozenset()), default="")

    def _answered_by_the_bill(self) -> str:
        """When a leg that was billed must have been answered, by the carrier's rounded seconds."""
        seconds, ended_at = self._first("billed_seconds"), self._first("ended_at")
        if not seconds.isdecimal() or not int(seconds) or int(seconds) > 10**7:
            return ""
        try:
            return instant(datetime.fromisoformat(ended_at) - timedelta(seconds=int(seconds)))
        except ValueError:
            return ""


def facts_of(event: Event, arrived_at: str) -> dict[str, str]:
    """What an event adds."""
    ended = {"arrived_at": arrived_at} if event.record is not None else {}
    return {name: text for name, text in {**event.facts, **ended}.items() if text}
