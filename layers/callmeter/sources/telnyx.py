"""Telnyx' calls: detail records, CSV of CDR reports, and call.hangup events as JSON lines.

Format: developers.telnyx.com: detail records (call-control, sip-trunking, webrtc), CDR reports and their fields, and
the call.hangup callback. A detail record's call_sec is the real duration, its billed_sec rounded; a report has the time
of the answer, of the end, and the rounded billable_time. call.hangup has neither answer nor duration: `callmeter`
beside it says what earlier events of the leg did. A leg that may have been answered, but nobody told when, has no
duration: it is rejected as bad-duration, and counts when its detail record comes.
"""

from dataclasses import replace

from callmeter.sources.base import Columns, Head, Reading, Source, plain

_COLUMNS: Columns = {
    "leg": ("calllegid", "telnyxlegid", "legid", "calluuid", "uuid", "$.data.payload.call_leg_id", "$.telnyx_leg_id",
            "$.call_leg_id", "$.leg_id", "$.id", "sipcallid"),
    "caller": ("originationnumber", "originatingnumber", "cli", "$.data.payload.from", "$.callmeter.from", "$.cli"),
    "called": ("terminatingnumber", "terminationnumber", "destinationnumber", "cld", "$.data.payload.to",
               "$.callmeter.to", "$.cld", "$.dest_number"),
    "began_utc": ("starttimestamputc",),
    "began": ("starttimestamp", "starttime", "startedat", "$.data.payload.start_time", "$.callmeter.initiated_at",
              "$.callmeter.answered_at", "$.started_at", "$.start_time"),
    "answered_at": ("answertimestamp", "answertime", "answeredat", "$.callmeter.answered_at"),
    "ended_at": ("endtimestamp", "endtime", "finishedat", "$.data.occurred_at", "$.data.payload.end_time"),
    "seconds": ("callsec", "callduration", "calldurationsec", "durationsec", "duration", "$.call_sec"),
    "billed": ("billabletime", "billedsec", "billedduration", "$.billed_sec"),
    "direction": ("direction", "calltype", "$.callmeter.direction", "$.data.payload.direction", "$.direction"),
    "cause": ("$.data.payload.hangup_cause",),
    "unanswered": ("$.callmeter.unanswered",),
    "event": ("$.data.event_type",),
    "kind": ("recordtype", "$.record_type"),
    "login": ("authusername", "sipusername", "$.auth_username"),
}  # fmt: skip
_LOOSE: Columns = {  # where it is said to be Telnyx'
    "caller": (*_COLUMNS["caller"], "from", "fromnumber", "callernumber"),
    "called": (*_COLUMNS["called"], "to", "tonumber", "callednumber"),
}
_EVENT_NOTE = "a leg whose answer nobody told of is rejected as bad-duration, until its detail record comes"
_REPORT_ZONE = "report times other than Start Timestamp (UTC) are in the zone that the report was asked for"


def recognise(head: Head) -> Reading | None:
    """An event, a detail record or a report, each by names that only Telnyx has."""
    return _events(head) if head.records else _report(head)


def _events(head: Head) -> Reading | None:
    first = head.records[0]
    data = first.get("data")
    is_event = isinstance(data, dict) and str(data.get("event_type", "")).startswith("call.")
    is_record = "record_type" in first and "cli" in first and "cld" in first
    notes = (_EVENT_NOTE,) if is_event else ()
    return head.reading("sources/telnyx", _COLUMNS, (), timezone="UTC", notes=notes) if is_event or is_record else None


def _report(head: Head) -> Reading | None:
    """Of a report either the answer and the end, or some seconds have to be there."""
    columns = {**_COLUMNS, **_LOOSE} if head.stated else _COLUMNS
    enough = (("answered_at", "ended_at", "direction"), ("began", "seconds", "billed"), ("began_utc", "billed"))
    readings = (head.reading("sources/telnyx", columns, ("caller", "called", *needed)) for needed in enough)
    found = next((reading for reading in readings if reading), None)
    if not found:
        return None
    is_utc = found.positions["began_utc"] or "startedat" in plain(found.header)
    return replace(found, timezone="UTC") if is_utc else replace(found, notes=(_REPORT_ZONE,))


SOURCE = Source(
    "telnyx",
    recognise,
    "Telnyx' calls: CSV with Origination Number, Terminating Number, Start, Answer and End Timestamp and Direction; "
    "detail records with cli, cld, call_sec and record_type; call.hangup events as JSON lines",
)
