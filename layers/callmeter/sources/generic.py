"""Any CSV with a header line that names the caller, the called number, the start and the duration.

Headers are understood whatever their case, blanks and underscores: `call_id,from,to,start,duration`,
`From number,To number,Call initiated,Duration`, `src,dst,calldate,billsec`. Durations are seconds or H:MM:SS;
times ISO 8601, epoch seconds (or milli- or microseconds), or a stated format.
"""

from callmeter.sources.base import Head, Reading, Source

HEADERS: dict[str, tuple[str, ...]] = {
    "call_id": ("callid", "id", "uniqueid", "uuid", "calluuid", "callsid", "cdrid", "recordid"),
    "from": ("from", "fromnumber", "src", "source", "caller", "callernumber", "callingnumber", "callerid",
             "calleridnumber", "ani", "anumber", "origin", "originnumber"),
    "to": ("to", "tonumber", "dst", "destinationnumber", "called", "callednumber", "callee", "dialednumber",
           "diallednumber", "dnis", "bnumber", "destination"),
    "start": ("start", "callinitiated", "calldate", "starttime", "startedat", "startstamp", "startepoch",
              "calltime", "datetime", "timestamp", "date", "time"),
    "duration": ("billsec", "billseconds", "durationseconds", "duration", "seconds", "callduration", "length"),
    "disposition": ("disposition", "status", "callstatus", "result"),
    "direction": ("direction", "calldirection", "type", "calltype"),
    "login": ("siplogin", "login", "sipuser", "username", "user"),
    "code": ("accountcode", "accountid", "account"),
    "carrier": ("carrier", "trunk", "gateway"),
}  # fmt: skip
NEEDED = ("from", "to", "start", "duration")


def recognise(head: Head) -> Reading | None:
    """A header, or JSON records, with the four things that a call needs; else None."""
    return head.reading("sources/generic", HEADERS, NEEDED)


SOURCE = Source(
    "csv",
    recognise,
    "a header that names caller, called number, start and duration, such as call_id,from,to,start,duration; "
    "understood are " + "; ".join(f"{column}: {', '.join(HEADERS[column])}" for column in NEEDED),
)
