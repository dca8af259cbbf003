"""Twilio's calls: records of the Calls API and BulkExport, the console's CSV, status callbacks as JSON lines.

Format: twilio.com/docs/voice/api/call-resource, /docs/usage/bulkexport/day and the parameters of status callbacks. Ids
are CA and 32 hex digits. Times are UTC, RFC 2822 or ISO 8601; durations seconds, but for the callbacks' `Duration`,
which is minutes. Twilio's own price is left out: a buy deck prices calls.
"""

import re

from callmeter.sources.base import Columns, Head, Reading, Source

_CELLS: Columns = {
    "sid": ("callsid", "sid"),
    "parent": ("parentcallsid", "parentsid"),
    "caller": ("from", "fromformatted"),
    "called": ("to", "toformatted"),
    "state": ("callstatus", "status"),
    "direction": ("direction",),
    "began": ("starttime", "startdate", "startedat", "datecreated", "date"),
    "seconds": ("callduration", "durationseconds", "durationsec", "duration"),
    "ended": (),
}
_MEMBERS: Columns = {
    "sid": ("$.CallSid", "$.sid"),
    "parent": ("$.ParentCallSid", "$.parent_call_sid", "$.parentCallSid"),
    "caller": ("$.From", "$.from"),
    "called": ("$.To", "$.to"),
    "state": ("$.CallStatus", "$.status"),
    "direction": ("$.Direction", "$.direction"),
    "began": ("$.start_time", "$.startTime", "$.date_created", "$.dateCreated"),
    "seconds": ("$.CallDuration", "$.duration"),
    "ended": ("$.Timestamp", "$.callmeter.received_at"),
}
_TWILIO_ID = re.compile(r"\bCA[0-9a-fA-F]{32}\b")
_SIGNALWIRE_ID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE)


def recognise(head: Head) -> Reading | None:
    """Twilio's names, and its kind of id."""
    return _shaped(head, "twilio") if head.stated or _has_id(head, _TWILIO_ID) else None


def recognise_signalwire(head: Head) -> Reading | None:
    """The same names with ids that are UUIDs."""
    known = _has_id(head, _SIGNALWIRE_ID) and not _has_id(head, _TWILIO_ID)
    return _shaped(head, "signalwire") if head.stated or known else None


def _shaped(head: Head, carrier: str) -> Reading | None:
    """How to read records, callbacks or cells of Twilio's names; None where they are not."""
    return head.reading(
        "sources/twilio",
        _MEMBERS if head.records else _CELLS,
        ("sid", "state") if head.records else ("sid", "caller", "called", "state"),
        timezone="UTC",
        values={"carrier": carrier},
        notes=(
            "calls that <Dial> forwards keep their first caller's number, and count for whoever has that",
            "legs to SIP addresses and apps cost customers nothing: they never are on the telephone network",
        ),
    )


def _has_id(head: Head, kind: re.Pattern[str]) -> bool:
    """Whether any line has such an id."""
    return any(kind.search(line) for _, line in head.lines)


SOURCE = Source(
    "twilio",
    recognise,
    "Twilio's calls: CSV or JSON with Call Sid (CA…), From, To and Status, or status callbacks as JSON lines",
)
