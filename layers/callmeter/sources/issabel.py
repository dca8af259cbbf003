"""Issabel's and Elastix' calls: the CDR report's CSV, whose header is in any language, and asteriskcdrdb as CSV.

Format: modules/cdrreport/index.php of IssabelFoundation/reports; the database's is FreePBX's with fewer columns. The
report prints billsec as 45s, 75s (1m 15s), 1m 5s, or bare seconds. Times are the PBX's local time.
"""

import re

from callmeter.sources import asterisk, freepbx
from callmeter.sources.base import Head, Reading, Source

_SECONDS = re.compile(r"\d+(s( ?\(.*\))?)?|(\d+h ?)?(\d+m ?)?\d+s", re.IGNORECASE)
_REPORT = asterisk.Layout(
    "start src ringgroup dst channel accountcode dstchannel disposition billsec tail_1 tail_2 c12 c13 c14 c15 c16 "
    "c17 c18 c19 c20",
    fewest=9,
    seconds=_SECONDS,
    translated=True,
)
_ROW_LIMITS = frozenset({1000, 10_000, 20_000, 50_000, 100_000})
_NOTE = (
    "The report has neither contexts nor what was dialled through a trunk, and its columns behind UniqueID can be "
    "shifted: which way a call went is told by its channels alone. The database says more: export asteriskcdrdb."
)


def recognise(head: Head) -> Reading | None:
    """The report's columns, by what is in them; else the database's."""
    return asterisk.by_layout(head, (_REPORT,), cut_at=_ROW_LIMITS, notes=(_NOTE,)) or freepbx.recognise(head)


SOURCE = Source(
    "issabel",
    recognise,
    "Issabel's CDR report: date, source, ring group, destination, channel, account code, channel, status, duration",
    also=("elastix",),
)
