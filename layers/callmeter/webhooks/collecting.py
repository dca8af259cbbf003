"""Queued webhooks -> small files of calls in the inbox, one for each carrier and batch.

Nothing is lost wherever this dies: a message leaves the queue only after all that came of it is written, and each write
may be made again. Facts of legs are sets that are added to; a file is named by its content; a second notice of a leg
that waits costs nothing, and neither does a call that stands in two files (design 3.10).

    1 facts of each leg are added, and all that is known comes back
    2 legs that are complete, and those that have waited enough, become lines; others wait: a delayed message
    3 files are written, then delayed messages sent
    4 the batch is gone from the queue

Names order the inbox: what was pulled goes before `webhook-complete-…`, and that before `webhook-partial-…`.
"""

import base64
import binascii
import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, Protocol

from callmeter import layout
from callmeter.errors import CallmeterError
from callmeter.ports import Store
from callmeter.webhooks.base import Carrier, Event, Request, instant, json_line
from callmeter.webhooks.carriers import CARRIERS
from callmeter.webhooks.legs import KEPT, Leg, Legs, facts_of

LARGEST_MESSAGE = 180_000  # characters; a queue takes 256 KiB
WAITS = 2  # how often a leg that is not complete waits for its other events
_LARGEST_BODY = 4 * 2**20  # unpacked

Fullness = Literal["complete", "partial"]


class Queue(Protocol):
    """Where verified webhooks wait."""

    def send(self, message: str, delay_seconds: int = 0) -> None: ...


@dataclass(frozen=True)
class Received:
    """A verified webhook in the queue. waits: how often its leg has waited already."""

    carrier: str
    received_at: datetime
    content_type: str
    body: bytes
    waits: int = 0

    @classmethod
    def of(cls, carrier: Carrier, request: Request) -> "Received":
        return cls(carrier.name, request.received_at, request.headers.get("content-type", ""), request.body)

    @classmethod
    def read(cls, message: str) -> "Received":
        """Raises ValueError, LookupError or TypeError."""
        said = json.loads(message)
        try:
            body = zlib.decompressobj().decompress(base64.b64decode(said["body"], validate=True), _LARGEST_BODY)
        except (zlib.error, binascii.Error) as error:
            raise ValueError(f"the body of a message cannot be unpacked: {error}") from None
        at = datetime.fromisoformat(said["received_at"])
        return cls(str(said["carrier"]), at, str(said["content_type"]), body, int(said["waits"]))

    def message(self) -> str:
        return json.dumps(
            {
                "carrier": self.carrier,
                "received_at": instant(self.received_at),
                "content_type": self.content_type,
                "waits": self.waits,
                "body": base64.b64encode(zlib.compress(self.body)).decode(),
            }
        )

    def events(self) -> list[Event]:
        """Raises CallmeterError, LookupError, RecursionError."""
        request = Request("", {"content-type": self.content_type}, self.body, self.received_at)
        return CARRIERS[self.carrier].events(request)


@dataclass(frozen=True)
class Told:
    """A message of the queue, and what it tells."""

    received: Received
    events: list[Event]


@dataclass
class Collected:
    """What became of a batch: lines of calls by carrier and fullness, files, and legs that wait."""

    lines: dict[tuple[str, Fullness], dict[str, str]] = field(default_factory=dict)  # line -> when it came
    files: list[str] = field(default_factory=list)
    waiting: list[Received] = field(default_factory=list)

    def add(self, carrier: str, fullness: Fullness, line: str, arrived_at: str) -> None:
        self.lines.setdefault((carrier, fullness), {}).setdefault(line, arrived_at)


def understand(messages: Mapping[str, str]) -> tuple[list[Told], list[str]]:
    """Message id -> body: what they tell, and the ids of those that cannot be understood."""
    told, others = [], []
    for identifier, body in messages.items():
        try:
            received = Received.read(body)
            told.append(Told(received, received.events()))
        except (CallmeterError, ValueError, LookupError, TypeError, RecursionError):
            others.append(identifier)
    return told, others


def collect(
    batch: Sequence[Told], store: Store, legs: Legs, queue: Queue, *, wait_seconds: int, threads: int = 1
) -> Collected:
    """Write what a batch tells. Raises Unreachable: then the whole batch is to come again."""
    collected = Collected()
    paired: dict[tuple[str, str], list[tuple[Received, Event]]] = {}
    for one in batch:
        for event in one.events:
            if CARRIERS[one.received.carrier].paired:
                paired.setdefault((one.received.carrier, event.leg), []).append((one.received, event))
            elif event.record is not None:
                arrived_at = instant(one.received.received_at)
                line = json_line({**event.record, "callmeter": {"received_at": arrived_at}})
                collected.add(one.received.carrier, "complete", line, arrived_at)
    with ThreadPoolExecutor(threads) as pool:
        known = list(pool.map(lambda item: _known(legs, *item), paired.items()))
    for (carrier, _), leg, events in zip(paired, known, paired.values(), strict=True):
        _settle(collected, carrier, leg, events)
    _write(collected, store)
    for received in collected.waiting:
        queue.send(replace(received, waits=received.waits + 1).message(), wait_seconds)
    return collected


def _known(legs: Legs, name: tuple[str, str], events: list[tuple[Received, Event]]) -> Leg:
    """Add what these events tell of a leg; all that is known of it."""
    facts: dict[str, set[str]] = {}
    for received, event in events:
        for fact, text in facts_of(event, instant(received.received_at)).items():
            facts.setdefault(fact, set()).add(text)
    records = (json_line(event.record) for _, event in events if event.record is not None)
    newest = max(received.received_at for received, _ in events)
    return Leg(*legs.add(*name, facts, next(records, ""), newest + KEPT))


def _settle(collected: Collected, carrier: str, leg: Leg, events: list[tuple[Received, Event]]) -> None:
    """A line for a leg whose call is known, or has been waited for enough; else its end waits."""
    ends = [received for received, event in events if event.record is not None]
    arrived_at = instant(events[0][0].received_at)
    if leg.is_complete:
        collected.add(carrier, "complete", leg.line(), arrived_at)
    elif ends:
        longest = max(ends, key=lambda received: received.waits)
        if longest.waits < WAITS:
            collected.waiting.append(longest)
        else:
            collected.add(carrier, "partial", leg.line(), arrived_at)


def _write(collected: Collected, store: Store) -> None:
    """A file of each carrier and fullness, its lines in the order they came; the same lines always have one name."""
    for (carrier, fullness), lines in sorted(collected.lines.items()):
        ordered = sorted(lines, key=lambda line: (lines[line], line))
        body = "".join(f"{line}\n" for line in ordered).encode()
        since, digest = lines[ordered[0]], hashlib.sha256(body).hexdigest()
        stamp = since[:19].replace("-", "").replace(":", "")
        key = f"{layout.INBOX}{CARRIERS[carrier].inbox}/webhook-{fullness}-{stamp}Z-{digest[:24]}.jsonl"
        store.put_if_absent(key, body)
        collected.files.append(key)
