"""VoIP.ms' call detail records: records of its API (getCDR), and the portal's CSV.

Format: getCDR as stancarney/govoipms has it, v1/cdr.go. `seconds` is the answered time, `duration` the same as
HH:MM:SS; numbers are of the North American plan; `account` is the main account or a sub account (100000_office), which
is the login of calls. Records of the API are in the offset that was asked for: ask for 0, UTC. The portal's CSV is in
the zone of the account. Rates and totals are VoIP.ms' own: left out.
"""

from callmeter.sources.base import Columns, Head, Reading, Source

_COLUMNS: Columns = {
    "id": ("uniqueid", "uniquecallid", "callid", "$.uniqueid"),
    "began": ("date", "datetime", "calldate", "$.date"),
    "caller": ("callerid", "calleridnumber", "$.callerid"),
    "called": ("destination", "destinationnumber", "$.destination"),
    "description": ("description", "calltype", "type", "$.description"),
    "account": ("account", "subaccount", "$.account"),
    "state": ("disposition", "$.disposition"),
    "seconds": ("seconds", "durationseconds", "$.seconds"),
    "duration": ("duration", "$.duration"),
    "asked": ("$.callmeter.direction",),
}
_NEEDED = ("began", "caller", "called", "description", "account", "state")
_API_NOTE = "times are taken as UTC: getCDR has to be asked with timezone=0"
_PORTAL_NOTE = "the portal writes times in the zone of the account, without saying which: state it"


def recognise(head: Head) -> Reading | None:
    """The names of a getCDR record, in JSON or as headers."""
    needed = ("began", "caller", "called") if head.stated else _NEEDED
    zone, note = ("UTC", _API_NOTE) if head.records else ("", _PORTAL_NOTE)
    return head.reading("sources/voipms", _COLUMNS, needed, timezone=zone, country="US", notes=(note,))


SOURCE = Source(
    "voipms",
    recognise,
    "VoIP.ms' call detail records: CSV or JSON with Date, CallerID, Destination, Description, Account and Disposition",
)
