"""3CX: cdr.log, its CDR output to files or sockets, and the reports of its console as CSV.

Formats: www.3cx.com/docs/cdr-call-data-records (names of the fields; which of them, and in what order, is the
administrator's choice; there is no header, no quoting, and "Call " stands before the first), FS/cdr/cx3.pm of
freeside/Freeside (the older report, with rows of kind "CallDetail 0"), and the call log of version 20. cdr.log has UTC,
as far as anyone saw; reports have the time of whoever looked at them.
"""

import re
from dataclasses import replace
from typing import Any

from callmeter.sources.base import Head, Reading, Source, plain
from callmeter.sources.samples import UNSURE, day_first, samples
from callmeter.sources.text import cells

_FIRST = (
    "historyid callid duration timestart timeanswered timeend reasonterminated fromno tono fromdn todn dialno "
    "reasonchanged finalnumber finaldn"
)
_ORDERS = (
    _FIRST,
    "timestart dialno fromdn duration timeanswered timeend reasonterminated reasonchanged missedqueuecalls fromno tono "
    "todn finalnumber finaldn",
)
_FIELDS = (*_FIRST.split(), "fromtype", "totype", "finaltype")
_FIRST_FIELDS = frozenset(_FIRST.split())
_HEADER_NEEDED = {"duration", "timestart", "timeanswered", "timeend", "fromno", "tono"}
_LONGEST_ORDER = 60  # fields

_TIME = re.compile(r"\d{4}[/-]\d\d[/-]\d\d[ T]\d\d?:\d\d:\d\d(\.\d+)?")
_DURATION = re.compile(r"(\d+\.)?\d+:\d\d:\d\d(\.\d+)?|\d*")
_PREFIX = re.compile(r"^\s*call\s+", re.IGNORECASE)
_UNSURE_ZONE = "The file does not say whose time its times are: UTC is taken, as 3CX was seen to write."
_UNSURE_REPORT = "The times of a report are those of whoever made it, and a call that was passed on is in several rows."

_REPORT = {
    "kind": (),
    "call_id": ("callid", "callhistoryid", "historyid", "anrufid", "idchiamata"),
    "from": ("callerid", "from", "caller", "source", "anruferid", "anrufer", "von", "identificadordelallamada",
             "iddelllamante", "iddellamada", "llamante", "origen", "de", "idappelant", "iddelappelant", "appelant",
             "idchiamante", "chiamante", "da", "identificadordechamada", "iddochamador", "origem"),
    "to": ("destination", "to", "callee", "ziel", "an", "nach", "destino", "para", "a", "destinazione", "vers", "à"),
    "start": ("calltime", "starttime", "datetime", "date", "anrufzeit", "zeit", "zeitpunkt", "horadelallamada",
              "horadellamada", "heuredelappel", "heuredappel", "orachiamata", "oradellachiamata", "orariochiamata",
              "horadachamada", "horáriodachamada"),
    "talking": ("talking", "talktime", "talkingtime", "gespräch", "gesprächszeit", "gesprächsdauer", "sprechzeit",
                "imgespräch", "hablando", "enconversación", "conversación", "tiempodeconversación", "conversation",
                "encommunication", "tempsdeconversation", "duréedeconversation", "conversazione", "inconversazione",
                "tempodiconversazione", "falando", "conversando", "emconversa", "conversa", "tempodeconversação"),
    "direction": ("direction", "richtung", "dirección", "sens", "direzione", "direção"),
    "status": ("status", "estado", "statut", "état", "stato"),
}  # fmt: skip
_OLD_REPORT = {"kind": 1, "call_id": 2, "from": 4, "to": 5, "start": 6, "talking": 7, "direction": None, "status": 9}


def recognise(head: Head) -> Reading | None:
    """cdr.log by a line that is a record of it, or by a header somebody put above; else either report."""
    return _log(head) or _old_report(head) or _report(head)


def _log(head: Head) -> Reading | None:
    """cdr.log, whose records are in one of the orders that are known, or in that of a header."""
    for number, line in head.lines:
        for delimiter in ",\t|;":
            row = [cell.strip() for cell in _PREFIX.sub("", line).split(delimiter)]
            names = [plain(cell) for cell in row]
            if set(names) >= _HEADER_NEEDED:
                return _log_reading(delimiter, names, skip=number)
            for order in _ORDERS:
                if _is_record(row, order.split()):
                    return _log_reading(delimiter, order.split())
    return None


def _log_reading(delimiter: str, names: list[str], skip: int = 0) -> Reading:
    places: dict[str, int | None] = {name: names.index(name) + 1 if name in names else None for name in _FIELDS}
    return Reading(
        "sources/threecx",
        delimiter,
        skip,
        positions=places,
        quoting="none",
        timezone="UTC",
        notes=(_UNSURE_ZONE,),
        values={
            "fewest": len(_FIRST_FIELDS & {*names}),
            "rest": max(names.index(name) for name in _FIRST_FIELDS & {*names}) + 1,
        },
    )


def _is_record(row: list[str], order: list[str]) -> bool:
    """Whether cells are a record in that order: times, a duration, and names without blanks for why it ended."""
    if not len(order) <= len(row) <= _LONGEST_ORDER:
        return False
    cell = dict(zip(order, row, strict=False))
    return bool(
        _TIME.fullmatch(cell["timestart"])
        and all(not cell[name] or _TIME.fullmatch(cell[name]) for name in ("timeanswered", "timeend"))
        and _DURATION.fullmatch(cell["duration"])
        and re.fullmatch(r"\w*", cell["reasonterminated"])
        and cell.get("historyid", "0").isdigit()
    )


def _old_report(head: Head) -> Reading | None:
    """The report with rows of several kinds, below a header."""
    kinds = [(number, cells(line, ",")[:1]) for number, line in head.lines]
    first = next((number for number, kind in kinds if kind and kind[0].startswith("CallDetail ")), 0)
    if not first:
        return None
    found = Reading("sources/threecx_report", positions=dict(_OLD_REPORT), skip=1, notes=(_UNSURE_REPORT,))
    return _dated(head, replace(found, skip=0 if first == head.lines[0][0] else head.lines[0][0]))


def _report(head: Head) -> Reading | None:
    """The call log by its header, in the languages that are known."""
    needed = ("from", "to", "start", "talking")
    found = head.reading("sources/threecx_report", _REPORT, needed, notes=(_UNSURE_REPORT,))
    return found and _dated(head, replace(found, width=0))


def _dated(head: Head, reading: Reading) -> Reading:
    first, sure = day_first((row["start"], None) for row in samples(head, reading))
    notes = reading.notes if sure else (*reading.notes, UNSURE)
    values: dict[str, Any] = {"day_first": first}
    return replace(reading, values=values, notes=notes)


SOURCE = Source(
    "3cx",
    recognise,
    "3CX's cdr.log, with its fields in the order of 3CX's documentation or below a header that names them; "
    "or a call log with Call Time, Caller ID (or From), Destination (or To), Talking",
    also=("threecx",),
)
