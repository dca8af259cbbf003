"""DIDWW's calls: exports of inbound and outbound call records of every version, and CDR streaming's JSON lines.

Format: doc.didww.com: get CSV file of export (API 2017-09-18, 2026-04-16, 2026-11-19), call logs of the user panel,
and CDR streaming (did-cdr, termination-cdr). Which columns an export has depends on the version that it was asked with,
so they are read by name; times are UTC; numbers are E.164 digits without a plus. Exports have no id: rows that are
equal in everything are calls of their own, numbered in the file. Streamed records have one: send calls one way only.
"""

from dataclasses import replace

from callmeter.sources.base import Columns, Head, Reading, Source

_COLUMNS: Columns = {
    "id": ("id", "cdrid", "uuid", "$.id", "$.attributes.call_id", "$.local_tag"),
    "kind": ("$.type",),
    "began": ("datetimestartutc", "timestartutc", "datetimeutc", "datetimestart", "timestart",
              "$.attributes.time_start", "$.time_start"),
    "caller": ("sourcenumber", "source", "cli", "clinumber", "$.attributes.original_src_number",
               "$.attributes.src_number", "$.src_number"),
    "did": ("destinationdid", "didnumber", "did", "$.attributes.did_number", "$.did_number"),
    "called": ("destinationnumber", "destination", "$.attributes.dst_number", "$.dst_number"),
    "seconds": ("durationsec", "durationsecs", "durationseconds", "duration", "$.attributes.duration", "$.duration"),
    "code": ("disconnectcode", "$.attributes.disconnect_code", "$.attributes.internal_disconnect_code"),
    "attempt": ("attempt", "$.attributes.routing_attempt", "$.routing_attempt"),
}  # fmt: skip
_NOTES = ("DIDWW's exports have no id, its streamed records have: send calls one way only",)


def recognise(head: Head) -> Reading | None:
    """The names of an export's header or of a streamed record. Lines are cut with care, as equal ones are numbered."""
    if head.records:
        first = head.records[0]
        streamed = (
            first.get("type") in ("inbound-cdr", "outbound-cdr")
            or {"time_start", "time_connect", "dst_number"} <= first.keys()
        )
        return _reading(head, ()) if streamed else None
    found = _reading(head, ("began", "caller", "seconds", "code", "did")) or _reading(
        head, ("began", "caller", "seconds", "code", "called")
    )
    return replace(found, width=0) if found else None


def _reading(head: Head, needed: tuple[str, ...]) -> Reading | None:
    return head.reading("sources/didww", _COLUMNS, needed, timezone="UTC", notes=_NOTES)


SOURCE = Source(
    "didww",
    recognise,
    "DIDWW's call records: CSV with Date/Time Start (UTC), Source, Destination DID or Destination, Duration and "
    "Disconnect Code, or streamed records as JSON lines",
)
