"""FusionPBX: its CDR export, its table v_xml_cdr as CSV, and the XML and JSON CDRs that its FreeSWITCH posts.

The export's columns follow what its reader is permitted to see: only their names count. Every cell stands in quotes,
and those inside are left as they are. start_epoch is UTC; stamps are local time in 4.x, and have an offset in 5.x. A
domain is a customer: an account is found by accountcode, else by domain_name, as its SIP login or its id. Formats:
app/xml_cdr/xml_cdr_export.php, xml_cdr_inc.php and app_config.php of fusionpbx/fusionpbx (4.4.1, 5.5).
"""

import re

from callmeter.sources import freeswitch
from callmeter.sources.base import Head, Reading, Source

_SIGNS = ("domain_uuid", "call_direction")  # variables that FusionPBX' dial plan sets
_COLUMNS = freeswitch.TABLE | {"call_direction": ("direction",), "channel_direction": ()}
_NEEDED = ("uuid", "destination_number")
_OWN_COLUMN = re.compile(r"\b(domain_uuid|xml_cdr_uuid|caller_destination)\b", re.IGNORECASE)


def recognise(head: Head) -> Reading | None:
    """CDR documents with FusionPBX' variables, or an export by its header."""
    documents = freeswitch.of_documents(head, tenants=True, signs=() if head.stated else _SIGNS)
    if documents:
        return documents
    table = freeswitch.of_table(head, _COLUMNS, _NEEDED, tenants=True)
    return table if table and _OWN_COLUMN.search(table.header) else None


SOURCE = Source(
    "fusionpbx",
    recognise,
    "FusionPBX' CDR export or table v_xml_cdr: a header with xml_cdr_uuid (or uuid and domain_uuid), "
    "destination_number, start_epoch (or start_stamp) and billmsec (or billsec); or XML or JSON CDRs of its FreeSWITCH",
)
