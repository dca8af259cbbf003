"""sipgate's history: items of its API, their CSV, and hangup events of sipgate.io as JSON lines.

Format: sipgate-io/sipgateio-node, lib/history/history.types.ts and lib/webhook/webhook.types.ts. Times of the API have
their offset; the header of the CSV is not published: it is read by the API's names and by German and English words. An
event has no times at all: `callmeter` beside it says when it came, and when the call was answered. Whatever is no call,
messages and faxes, is left out.
"""

from callmeter.sources.base import Columns, Head, Reading, Source, plain
from callmeter.sources.text import cells

_COLUMNS: Columns = {
    "id": ("callid", "$.callId"),
    "entry": ("id", "$.id"),
    "caller": ("source", "from", "von", "quelle", "anrufer", "absender", "caller", "vonnummer", "$.source", "$.from",
               "$.callmeter.from"),
    "called": ("target", "to", "nach", "an", "ziel", "angerufener", "empfänger", "callee", "zielnummer", "$.target",
               "$.to", "$.callmeter.to"),
    "began": ("created", "datumuhrzeit", "zeitpunkt", "datum", "datetime", "date", "timestamp", "$.created",
              "$.callmeter.initiated_at", "$.callmeter.answered_at", "$.callmeter.received_at"),
    "time": ("uhrzeit", "zeit", "time"),
    "answered_at": ("$.callmeter.answered_at",),
    "ended_at": ("$.callmeter.received_at",),
    "seconds": ("duration", "dauer", "gesprächsdauer", "dauerins", "dauersekunden", "durationseconds", "$.duration"),
    "direction": ("direction", "richtung", "$.direction", "$.callmeter.direction"),
    "state": ("callstatus", "status", "ergebnis", "$.callStatus"),
    "kind": ("type", "typ", "art", "ereignis", "$.type"),
    "event": ("$.event",),
    "cause": ("$.cause",),
    "unanswered": ("$.callmeter.unanswered",),
}  # fmt: skip
_EVENT_NOTES = ("events of sipgate have no times: a call begins and ends when its events came, a second or so off",)
_CSV_NOTES = (
    "sipgate does not publish the header of this file: look whether each column is understood as it should be",
)


def recognise(head: Head) -> Reading | None:
    """An event, an item of the history, or a table of items: with type and direction."""
    if not head.records:
        return _table(head)
    first = head.records[0]
    if {"event", "callId"} <= first.keys():
        return head.reading("sources/sipgate", _COLUMNS, (), timezone="UTC", notes=_EVENT_NOTES)
    if {"source", "target", "created", "type"} <= first.keys():
        return head.reading("sources/sipgate", _COLUMNS, (), timezone="UTC")
    return None


def _table(head: Head) -> Reading | None:
    """A header of the API's names, or German; or any that has what is needed, where it is said to be sipgate's."""
    needed = ("caller", "called", "began", "seconds", *(() if head.stated else ("direction", "kind")))
    found = head.reading("sources/sipgate", _COLUMNS, needed, notes=_CSV_NOTES)
    names = {plain(cell) for cell in cells(found.header, found.delimiter)} if found else set()
    return found if head.stated or "richtung" in names or {"created", "source", "target"} <= names else None


SOURCE = Source(
    "sipgate",
    recognise,
    "sipgate's history: JSON items with source, target, created, type and direction, CSV with these or German names "
    "(Datum, Richtung, Typ, Von, Nach, Dauer), or hangup events as JSON lines",
)
