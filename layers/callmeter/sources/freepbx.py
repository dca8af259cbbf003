"""FreePBX's CDRs: its export (Reports, CDR, "CSV file"), asteriskcdrdb as CSV, and what its GraphQL API answers.

Format: page.cdr.php, install.php and Api/Gql/Cdr.php of FreePBX/cdr. Times are the PBX's local time; `timestamp`, where
there is one, is exact. The export stops at its "Result Limit", 100 rows unless changed, without a sign.
"""

from dataclasses import replace

from callmeter.sources import asterisk
from callmeter.sources.base import Head, Reading, Source

_COLUMNS = asterisk.COLUMNS | {"start": ("calldate",)}
_NEEDED = (*asterisk.NEEDED, "dcontext")
_RESULT_LIMITS = frozenset({100})
_NO_HEADER = "There is no header: columns behind userfield differ from table to table, and are not read but for ids."


def recognise(head: Head) -> Reading | None:
    """By a header or members with calldate, which only tables have; else by lines in the table's order."""
    if asterisk.by_names(head):
        found = asterisk.by_names(head, _COLUMNS, _NEEDED)
        pulled = found and (found.positions.get("timestamp") or found.paths.get("timestamp"))
        return found if pulled or not found else replace(found, cut_at=_RESULT_LIMITS)
    return asterisk.by_layout(head, (asterisk.TABLE,), cut_at=_RESULT_LIMITS, notes=(_NO_HEADER,))


SOURCE = Source(
    "freepbx",
    recognise,
    "FreePBX's CDR export: a header with calldate, src, dst, dcontext, channel, dstchannel, billsec, disposition",
)
