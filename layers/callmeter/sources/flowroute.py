"""Flowroute's CDR export, CSV. Times are UTC; numbers are of the North American plan or E.164 digits.

What it has is told by support.flowroute.com (Call Detail Record Reports) and developer.flowroute.com (cdrexports); the
header itself is not printed there: columns are looked for by the names that such things have, and a file counts as
Flowroute's where it also has something of Flowroute's own: aliases of numbers, X-Tags, fees for names and funds.
"""

from callmeter.sources.base import Columns, Head, Reading, Source

_COLUMNS: Columns = {
    "leg": ("callid", "id", "cdrid", "uuid", "sipcallid"),
    "caller": ("callerid", "calleridnumber", "callernumber", "from", "fromnumber", "source", "sourcenumber", "ani",
               "src", "originatingnumber", "callingnumber"),
    "called": ("destinationnumber", "destination", "to", "tonumber", "dnis", "dst", "callednumber", "terminatingnumber",
               "dialednumber"),
    "began": ("callstarttime", "starttime", "startcalltime", "callstart", "start", "startdate", "datetime", "date",
              "timestamp"),
    "seconds": ("duration", "durationseconds", "durationsec", "durationsecs", "callduration", "rawduration",
                "connectedduration", "seconds"),
    "direction": ("direction", "calldirection", "type", "calltype"),
    "state": ("status", "callstatus", "disposition", "result"),
}  # fmt: skip
_OWN: Columns = {"sign": (
    "numberalias", "didalias", "cnamfee", "cnamlookupfee", "cnamlookupfees", "usf", "usffee", "usffees", "ccrf",
    "ccrffee", "xtag", "customxtag", "xtags", "callerip",
)}  # fmt: skip


def recognise(head: Head) -> Reading | None:
    """Cells with the four things of a call, and one that is Flowroute's own where nobody says that it is."""
    if head.records:
        return None
    return head.reading(
        "sources/flowroute",
        {**_COLUMNS, **_OWN},
        ("caller", "called", "began", "seconds", *(() if head.stated else ("sign",))),
        timezone="UTC",
        country="US",
        notes=("Flowroute does not publish the names of its columns: look whether each is understood as it should be",),
    )


SOURCE = Source(
    "flowroute",
    recognise,
    "Flowroute's CDR export: CSV with caller ID, destination, start and duration, and a column such as Number Alias, "
    "CNAM Lookup Fee, USF Fee, CCRF or Caller IP",
)
