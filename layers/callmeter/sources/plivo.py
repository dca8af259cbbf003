"""Plivo's calls: call objects of its API, the console's CSV, hangup callbacks as JSON lines.

Format: plivo.com/docs/voice, the call object and the hangup_url callback. Numbers are E.164 digits without a plus. The
real seconds are bill_duration (BillDuration); billed_duration is rounded, call_duration (Duration) counts the ringing.
Times are in the zone of the account's console, with an offset in most records: where a callback's have none, it began
its Duration before it came.
"""

from callmeter.sources.base import Columns, Head, Reading, Source

_COLUMNS: Columns = {
    "leg": ("calluuid", "$.CallUUID", "$.call_uuid"),
    "parent": ("parentcalluuid", "$.parent_call_uuid"),
    "caller": ("fromnumber", "from", "$.From", "$.from_number"),
    "called": ("tonumber", "to", "$.To", "$.to_number"),
    "began": ("initiationtime", "starttime", "calltime", "$.initiation_time", "$.StartTime"),
    "came_at": ("$.callmeter.received_at",),
    "answered_at": ("answertime", "$.answer_time", "$.AnswerTime"),
    "ended_at": ("endtime", "$.end_time", "$.EndTime"),
    "seconds": ("billduration", "$.BillDuration", "$.bill_duration"),
    "whole": ("callduration", "duration", "$.Duration", "$.call_duration"),
    "state": ("callstatus", "status", "$.CallStatus", "$.call_state"),
    "direction": ("calldirection", "direction", "$.Direction", "$.call_direction"),
    "event": ("$.Event",),
}


def recognise(head: Head) -> Reading | None:
    """Plivo's names."""
    return head.reading(
        "sources/plivo",
        _COLUMNS,
        ("leg", "caller", "called", *(() if head.stated else ("direction" if head.records else "seconds",))),
        notes=("Plivo's times are in the zone of the account's console; where they have no offset, state that zone",),
    )


SOURCE = Source(
    "plivo",
    recognise,
    "Plivo's calls: CSV or JSON with call_uuid, from_number, to_number and bill_duration, or hangup callbacks as JSON "
    "lines",
)
