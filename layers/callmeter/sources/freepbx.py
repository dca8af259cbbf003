"""FreePBX's CDR export (Reports, CDR, "CSV file"), and older ones with fewer columns. Times are the PBX's local time.

Format: page.cdr.php of FreePBX/cdr. The export stops at its "Result Limit", 100 rows unless changed, without a sign.
"""

from callmeter.sources.base import Head, Reading, Source

_COLUMNS = (
    "calldate", "clid", "src", "dst", "dcontext", "channel", "dstchannel", "lastapp", "lastdata", "duration", "billsec",
    "disposition", "accountcode", "uniqueid", "did", "cnum", "outbound_cnum", "linkedid", "sequence",
)  # fmt: skip
_NEEDED = ("calldate", "src", "dst", "dcontext", "channel", "dstchannel", "billsec", "disposition")


_RESULT_LIMITS = frozenset({100})


def recognise(head: Head) -> Reading | None:
    """The header of a FreePBX export, or None."""
    columns = {column: (column.replace("_", ""),) for column in _COLUMNS}
    return head.reading("sources/freepbx", columns, _NEEDED, cut_at=_RESULT_LIMITS)


SOURCE = Source("freepbx", recognise, f"FreePBX's CDR export: a header with {', '.join(_NEEDED)}")
