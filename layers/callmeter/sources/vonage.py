"""Vonage's (Nexmo's) voice calls: the Reports API's CSV and JSON, and final events of legs as JSON lines.

Format: Nexmo/api-specification, definitions/reports.yml (VOICE-CALL), the calls of the voice API, whose two ends are
objects, and the voice webhook reference of developer.vonage.com. Times are UTC or have their offset; numbers are E.164
digits without a plus; durations are seconds from the answer. A leg that was never answered ends with a status of its
own. Prices are Vonage's, in EUR: left out.
"""

from callmeter.sources.base import Columns, Head, Reading, Source

_COLUMNS: Columns = {
    "leg": ("callid", "$.uuid", "$.call_id"),
    "caller": ("$.from.number", "from", "$.from"),
    "called": ("$.to.number", "to", "$.to"),
    "began": ("datestart", "$.start_time", "$.date_start"),
    "told_at": ("$.timestamp", "$.callmeter.received_at"),
    "ended": ("dateend", "$.end_time", "$.date_end"),
    "seconds": ("duration", "$.duration"),
    "state": ("status", "$.status"),
    "direction": ("direction", "$.direction"),
}


def recognise(head: Head) -> Reading | None:
    """A report has date_start; an event the id of its conversation."""
    if head.records and "conversation_uuid" in head.records[0]:
        needed: tuple[str, ...] = ("leg", "state")
    elif head.records and "date_start" not in head.records[0]:
        return None
    else:
        needed = ("leg", "caller", "called", "began", "seconds", "state")
    return head.reading("sources/vonage", _COLUMNS, needed, timezone="UTC")


SOURCE = Source(
    "vonage",
    recognise,
    "Vonage's voice report, CSV or JSON, with call_id, from, to, date_start, duration and status; or final voice "
    "events as JSON lines, with uuid and conversation_uuid",
    also=("nexmo",),
)
