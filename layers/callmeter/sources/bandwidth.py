"""Bandwidth's calls: billing detail records (BDR) as CSV, calls of the voice API, disconnect events as JSON lines.

Format: support.bandwidth.com, Billing Detail Record field descriptions (times UTC, `2026/09/12 10:03:05 AM`,
durations rounded up to 6 seconds); dev.bandwidth.com, voice webhooks and calls (times to the millisecond, answerTime
missing where nobody answered). The ids of a BDR are not those of the voice API: take one of the two for a number.
"""

from callmeter.sources.base import Columns, Head, Reading, Source

_COLUMNS: Columns = {
    "leg": ("callid", "bdrid", "$.callId"),
    "caller": ("callsource", "$.from"),
    "called": ("calldestination", "$.to"),
    "began": ("callstartdatetime", "$.startTime", "$.enqueuedTime", "$.eventTime"),
    "answered_at": ("$.answerTime",),
    "ended": ("callenddatetime", "$.endTime"),
    "rounded": ("duration",),
    "kind": ("calltype",),
    "direction": ("$.direction",),
    "event": ("$.eventType",),
    "state": ("$.state",),
}
_NOTES = (
    "a billing detail record has its duration in steps of 6 seconds; the seconds between its start and its end count "
    "where they are within such a step",
    "billing detail records and the voice API have other ids for one call: send one of them only",
)


def recognise(head: Head) -> Reading | None:
    """The BDR's own names, or the voice API's."""
    if head.records and not {"eventType", "accountId"} & head.records[0].keys():
        return None
    needed = ("leg", "caller", "called") if head.records else ("caller", "called", "began", "rounded")
    notes = () if head.records else _NOTES
    return head.reading("sources/bandwidth", _COLUMNS, needed, timezone="UTC", country="US", notes=notes)


SOURCE = Source(
    "bandwidth",
    recognise,
    "Bandwidth's BDR, CSV with CallStartDateTime, CallSource, CallDestination and Duration; calls or disconnect events "
    "of the voice API, JSON with callId, from, to and direction",
)
