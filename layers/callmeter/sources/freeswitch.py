"""FreeSWITCH: lines of mod_cdr_csv in every template it ships, their tables with a header, and JSON and XML CDRs.

A template is told by what its cells hold: two times, two durations and a hangup cause in a row. Stamps are the server's
local time without a zone, so state the zone; epochs, which documents and some tables have, are UTC and count first.
Every cell stands in quotes, and those inside are left as they are. Formats: conf/vanilla/autoload_configs/
cdr_csv.conf.xml, cdr_pg_csv.conf.xml, cdr_sqlite.conf.xml and src/switch_ivr.c of signalwire/freeswitch.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from callmeter.sources.base import Columns, Head, Reading, Source

STAGE = "sources/freeswitch"

# As the columns of tables and exports are called; no two fields may stand in one column.
TABLE: dict[str, tuple[str, ...]] = {
    "uuid": ("xmlcdruuid", "uuid"),
    "peer": ("bleguuid",),
    "originator": ("originatingleguuid",),
    "leg": ("leg",),
    "channel_direction": ("direction",),
    "call_direction": ("calldirection",),
    "caller_id_number": ("calleridnumber",),
    "other_number": ("sourcenumber", "outboundcalleridnumber", "effectivecalleridnumber"),
    "destination_number": ("destinationnumber",),
    "caller_destination": ("callerdestination",),
    "context": ("context",),
    "start_epoch": ("startepoch", "startuepoch"),
    "start_stamp": ("startstamp", "starttimestamp", "starttime", "start"),
    "end_stamp": ("endstamp", "endtimestamp"),
    "answer_epoch": ("answerepoch", "answeruepoch"),
    "answer_stamp": ("answerstamp", "answertimestamp", "answertime"),
    "duration": ("duration",),
    "billsec": ("billsec",),
    "billmsec": ("billmsec",),
    "billusec": ("billusec",),
    "accountcode": ("accountcode",),
    "domain_name": ("domainname",),
    "user": ("sipauthusername", "username"),
    "channel": ("channelname",),
    "bridge_channel": ("bridgechannel",),
    "bridged": ("bridgeuuid",),
    "last_app": ("lastapp",),
    "last_arg": ("lastarg",),
    "gateway": ("sipgatewayname", "gateway", "carriername", "lcrcarrier"),
    "cc_side": ("ccside",),
    "hangup_cause": ("hangupcause",),
    # What only documents have.
    "first_destination": (),
    "called_user": (),
    "dialled_number": (),
    "provider_prefix": (),
    "inbound_gateway": (),
}

_STARTS = {"start_epoch", "start_stamp"}
_ANSWERS = {"answer_epoch", "answer_stamp"}
_DURATIONS = {"billsec", "billmsec", "billusec"}

_PROFILE = ("$.callflow[0].caller_profile", "$.callflow.caller_profile")  # the newest; older modules write just one


def _variable(*names: str) -> tuple[str, ...]:
    return tuple(f"$.variables.{name}" for name in names)


def _profile(name: str) -> tuple[str, ...]:
    return tuple(f"{profile}.{name}" for profile in _PROFILE)


DOCUMENT: dict[str, tuple[str, ...]] = {
    **{column: _variable(column) for column in (
        "call_direction", "caller_destination", "start_stamp", "end_stamp", "answer_stamp", "duration",
        "billsec", "billmsec", "billusec", "accountcode", "domain_name", "bridge_channel", "last_app", "last_arg",
        "cc_side", "hangup_cause", "provider_prefix",
    )},
    "uuid": (*_variable("uuid"), *_profile("uuid")),
    "peer": (),
    "originator": (*_variable("originating_leg_uuid", "originator"), *_profile(
        "originator.originator_caller_profiles[0].uuid"
    )),
    "leg": (),
    "channel_direction": (*_variable("direction"), "$.channel_data.direction"),
    "caller_id_number": (*_profile("caller_id_number"), *_variable("caller_id_number"), *_profile("ani")),
    "other_number": _variable("outbound_caller_id_number", "effective_caller_id_number"),
    "destination_number": (*_profile("destination_number"), *_variable("destination_number")),
    "first_destination": ("$.callflow[#-1].caller_profile.destination_number",),
    "called_user": _variable("sip_to_user", "sip_req_user"),
    "dialled_number": _variable("last_sent_callee_id_number", "lcr_query_digits"),
    "context": (*_profile("context"), *_variable("user_context")),
    "start_epoch": _variable("start_epoch", "start_uepoch"),
    "answer_epoch": _variable("answer_epoch", "answer_uepoch"),
    "user": _variable("sip_auth_username", "user_name"),
    "channel": (*_variable("channel_name"), *_profile("chan_name")),
    "bridged": _variable("bridge_uuid", "last_bridge_to"),
    "gateway": _variable("sip_gateway_name", "lcr_carrier"),
    "inbound_gateway": _variable("sip_gateway"),
}  # fmt: skip

_LEG = {"uuid", "start_epoch", "start_stamp"}  # one of them shows that variables are those of a leg
_STAMP = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}")
_CAUSE = re.compile(r"[A-Z0-9_]{3,}")  # of hanging up
_DISPOSITIONS = {"ANSWERED", "BUSY", "FAILED", "CONGESTION", "CANCEL", "UNKNOWN"}  # what Asterisk has in its place
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_AROUND = re.compile(r'^\s*(INSERT INTO .{0,80}? VALUES *[(])? *"|"? *[)]? *;?\s*$', re.IGNORECASE)
_BARE = re.compile(r'" *, *(-?[0-9.]+|NULL|) *,')
_BETWEEN = re.compile('" *, *"')
_NO_CALLS = r"^\s*--"  # a comment between SQL lines


def recognise(head: Head) -> Reading | None:
    """CDR documents, a table with a header, or the lines of a template."""
    return of_documents(head, tenants=False) or _of_table(head) or _of_template(head)


def of_documents(head: Head, *, tenants: bool, signs: Sequence[str] = ()) -> Reading | None:
    """How to read JSON records that are CDRs; where signs are given, one of the records has one of these variables."""
    legs = [variables for record in head.records if (variables := _variables(record)) is not None]
    if not legs or (signs and not any(sign in variables for variables in legs for sign in signs)):
        return None
    return Reading(STAGE, paths=DOCUMENT, values={"has_answer": False, "tenants": tenants})


def of_table(head: Head, columns: Columns, needed: Sequence[str], *, tenants: bool) -> Reading | None:
    """How to read a table of legs by its header: what is needed, a start and a duration."""
    reading = head.reading(STAGE, columns, needed)
    if reading is None or not reading.positions:
        return None
    there = {column for column, at in reading.positions.items() if at}
    if not all(there & one_of for one_of in (_STARTS, _DURATIONS)):
        return None
    quoting: Literal["every", "csv"] = "every" if reading.header.lstrip().startswith('"') else "csv"
    return replace(reading, quoting=quoting, values={"has_answer": bool(there & _ANSWERS), "tenants": tenants})


def _variables(record: dict[str, Any]) -> dict[str, Any] | None:
    variables = record.get("variables")
    return variables if isinstance(variables, dict) and _LEG & variables.keys() else None


def _of_table(head: Head) -> Reading | None:
    return of_table(head, TABLE, ("uuid", "caller_id_number", "destination_number", "hangup_cause"), tenants=False)


def _of_template(head: Head) -> Reading | None:
    for _, line in head.lines:
        row = _cells(line)
        at = _asterisk(row) or _opencdrrate(row) or _example(row)
        if at:
            positions = {column: at.get(column) for column in TABLE}
            return Reading(
                STAGE,
                positions=positions,
                width=len(row),
                quoting="every",
                not_calls=_NO_CALLS,
                ends_lines=True,
                notes=(
                    "the lines do not say which way a call went: its context, its numbers and where it was sent to do",
                ),
                values={"has_answer": True, "tenants": False},
            )
    return None


def _cells(line: str) -> list[str]:
    """The cells of a line of a template, without the SQL statement around them: fields_quoted.sql's twin."""
    text = _AROUND.sub("", line)
    for _ in range(2):
        text = _BARE.sub(r'","\1",', text)
    return [cell.strip() for cell in _BETWEEN.split(text)]


def _is_tail(row: Sequence[str], start: int) -> bool:
    """Whether start, answer and end stamps, two durations and a cause begin at this place (from 1)."""
    if len(row) < start + 5:
        return False
    began, answered, ended, duration, billsec, cause = row[start - 1 : start + 5]
    return bool(
        _STAMP.fullmatch(began)
        and (not answered or _STAMP.fullmatch(answered))
        and (not ended or _STAMP.fullmatch(ended))
        and duration.isdigit()
        and billsec.isdigit()
        and _CAUSE.fullmatch(cause)
        and cause not in _DISPOSITIONS
    )


def _asterisk(row: Sequence[str]) -> dict[str, int] | None:
    """The template `asterisk`: the columns of Asterisk's own Master.csv, with causes for dispositions."""
    if not _is_tail(row, 10) or len(row) < 17:
        return None
    names = ("accountcode", "caller_id_number", "destination_number", "context", "", "channel", "bridge_channel",
             "last_app", "last_arg", "start_stamp", "answer_stamp", "", "duration", "billsec", "hangup_cause", "",
             "uuid")  # fmt: skip
    return {name: place for place, name in enumerate(names, start=1) if name}


def _opencdrrate(row: Sequence[str]) -> dict[str, int] | None:
    """The template `opencdrrate`, which has no start: a call counts from its answer, else from its end."""
    if len(row) != 13 or not _UUID.fullmatch(row[0]) or row[2] not in ("inbound", "outbound") or not row[7].isdigit():
        return None
    names = ("uuid", "peer", "channel_direction", "caller_id_number", "destination_number", "answer_stamp", "end_stamp",
             "billsec", "accountcode", "", "", "", "gateway")  # fmt: skip
    at = {name: place for place, name in enumerate(names, start=1) if name}
    return at if _STAMP.fullmatch(row[6]) else None


def _example(row: Sequence[str]) -> dict[str, int] | None:
    """The other templates, whichever fields stand around: number, number and context before the times, ids behind."""
    start = next((at for at in range(4, len(row)) if _is_tail(row, at)), 0)
    if not start or len(row) < start + 6:
        return None
    names = ("caller_id_number", "destination_number", "context", "start_stamp", "answer_stamp", "", "duration",
             "billsec", "hangup_cause", "uuid", "peer", "accountcode")  # fmt: skip
    return {name: place for place, name in enumerate(names, start=start - 3) if name and place <= len(row)}


SOURCE = Source(
    "freeswitch",
    recognise,
    "FreeSWITCH's CDRs: lines of mod_cdr_csv, where start_stamp, answer_stamp, end_stamp, duration, billsec and "
    "hangup_cause stand in a row; a table with caller_id_number, destination_number, start_stamp, billsec, "
    "hangup_cause and uuid; or JSON or XML CDRs with variables",
)
