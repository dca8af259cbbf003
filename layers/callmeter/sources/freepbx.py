"""FreePBX's CDR export (Reports, CDR, "CSV file"), and older ones with fewer columns. Times are the PBX's local time.

Format: page.cdr.php of FreePBX/cdr. The export stops at its "Result Limit", 100 rows unless changed, without a sign.
"""

from callmeter.sources.base import Reading, Source, positions
from callmeter.sources.text import cells

_COLUMNS = (
    "calldate", "clid", "src", "dst", "dcontext", "channel", "dstchannel", "lastapp", "lastdata", "duration", "billsec",
    "disposition", "accountcode", "uniqueid", "did", "cnum", "outbound_cnum", "linkedid", "sequence",
)  # fmt: skip
_NEEDED = ("calldate", "src", "dst", "dcontext", "channel", "dstchannel", "billsec", "disposition")


def recognise(line_number: int, line: str) -> Reading | None:
    """The header of a FreePBX export, or None."""
    header = cells(line, ",")
    at = positions(header, {column: (column.replace("_", ""),) for column in _COLUMNS})
    if not all(at[column] for column in _NEEDED):
        return None
    return Reading("sources/freepbx", ",", line_number, at, len(header))


SOURCE = Source("freepbx", recognise, f"FreePBX's CDR export: a header with {', '.join(_NEEDED)}")
