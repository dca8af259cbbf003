"""Any CSV, or JSON records, whose names tell the caller, the called number, the start and the duration.

Names are understood whatever their case, blanks and underscores: `call_id,from,to,start,duration`,
`From number,To number,Call initiated,Duration`, `src,dst,calldate,billsec`, and in German, French, Spanish, Italian and
Portuguese. Durations are seconds or H:MM:SS, in minutes or milliseconds where the name says so. Times are ISO 8601,
epoch seconds (or milli- or microseconds), a stated format, or what `iso_time` in sql/macros.sql reads.
"""

from dataclasses import replace
from typing import Any

from callmeter.sources.base import Columns, Head, Reading, Source
from callmeter.sources.looks import is_clock, is_date, is_iso_time, slashed_dates
from callmeter.sources.samples import day_first, samples

HEADERS: dict[str, tuple[str, ...]] = {
    "call_id": ("callid", "id", "uniqueid", "uuid", "calluuid", "callsid", "cdrid", "recordid", "callreference",
                "reference", "sessionid", "anrufid", "gesprächsid", "idllamada", "idappel", "idchiamata"),
    "from": ("from", "fromnumber", "src", "source", "caller", "callernumber", "callingnumber", "callerid",
             "calleridnumber", "ani", "anumber", "origin", "originnumber", "fromno", "sourcenumber", "srcnumber",
             "callerno", "callingparty", "callingpartynumber", "originatingnumber", "aparty", "apartynumber", "cli",
             "clinumber", "anrufer", "anrufernummer", "rufnummeranrufer", "quelle", "quellnummer", "von", "appelant",
             "numéroappelant", "numeroappelant", "origine", "origen", "númeroorigen", "numeroorigen", "llamante",
             "chiamante", "numerochiamante", "origem", "númeroorigem", "callfrom", "callingid", "clid", "de", "da",
             "rufnummer", "extension", "nebenstelle"),
    "to": ("to", "tonumber", "dst", "destinationnumber", "called", "callednumber", "callee", "dialednumber",
           "diallednumber", "dnis", "bnumber", "tono", "dstnumber", "destnumber", "destno", "calledparty",
           "calledpartynumber", "terminatingnumber", "dialed", "dialled", "dialeddigits", "dialleddigits", "bparty",
           "bpartynumber", "cld", "angerufener", "angerufenenummer", "gewähltenummer", "zielnummer", "zielrufnummer",
           "ziel", "nach", "appelé", "appele", "numéroappelé", "numeroappele", "numérocomposé", "destinataire",
           "númerodestino", "numerodestino", "llamado", "chiamato", "numerochiamato", "numerocomposto", "callto",
           "calleenumber", "calleeid", "calleeno", "numberdialed", "numberdialled", "dialedno", "calledstation",
           "finalcalledpartynumber", "receiver", "recipient", "destination", "destino", "destinazione", "an", "à",
           "para", "a"),
    "start": ("start", "callinitiated", "calldate", "starttime", "startedat", "startstamp", "startepoch",
              "calltime", "datetime", "timestamp", "callstart", "callstarttime", "callstarted", "started",
              "startdatetime", "dateandtime", "datetimeofcall", "calldatetime", "calldateandtime", "starttimestamp",
              "begin", "begintime", "setuptime", "connecttime", "initiated", "initiatedat", "createdat", "beginn",
              "startzeit", "anrufbeginn", "gesprächsbeginn", "zeitpunkt", "anrufzeit", "datumuhrzeit", "datumzeit",
              "datumundzeit", "datumunduhrzeit", "début", "debut", "dateheure", "dateetheure", "datedébut",
              "horodatage", "datetimeorigination", "starteddatetime", "timestarted", "callbegin", "callinitiatedat",
              "inicio", "início", "fechahora", "fechayhora", "inizio", "dataora", "dataeora", "datahora", "dataehora",
              "date", "datum", "fecha", "data", "time", "zeit"),
    "duration": ("billsec", "billseconds", "durationseconds", "duration", "seconds", "callduration", "length"),
    "disposition": ("disposition", "status", "callstatus", "result", "callresult", "ergebnis", "statut", "état",
                    "estado", "stato", "resultado", "hangupcause"),
    "direction": ("direction", "calldirection", "richtung", "anrufrichtung", "sens", "dirección", "direccion",
                  "sentido", "direzione", "direção"),
    "call_type": ("type", "calltype", "typ", "anruftyp", "tipo", "typedappel"),
    "login": ("siplogin", "login", "sipuser", "username", "user", "sipusername", "benutzer", "utilisateur", "usuario"),
    "code": ("accountcode", "accountid", "account", "customerid", "kundennummer"),
    "carrier": ("carrier", "trunk", "gateway", "trunkname", "provider"),
}  # fmt: skip
SHOWN_NAMES = 14  # of each field, in messages
NEEDED = ("from", "to", "start", "duration")
FIELDS = (*HEADERS, "start_2")  # what sql/sources/mapped.sql reads; the start may be in two columns

_TALKS = ("talktime", "talkduration", "talkingtime", "talking", "conversationtime", "gesprächsdauer", "gespraechsdauer",
          "answeredduration")  # fmt: skip
_LENGTHS = (
    "duration", "callduration", "length", "calllength", "sessiontime", "dauer", "anrufdauer", "verbindungsdauer",
    "durée", "duree", "duréeappel", "duréedappel", "duración", "duracion", "durata", "duratachiamata",
    "duração", "duracao", "usedquantity",
    "billedduration", "billduration", "billableduration",  # as carriers round them: the last choice
)  # fmt: skip
_UNITS: dict[str, tuple[str, ...]] = {
    "seconds": ("", "s", "sec", "secs", "second", "seconds", "insec", "inseconds", "sek", "sekunden", "insekunden",
                "secondes", "ensecondes", "seg", "segundos", "ensegundos", "secondi", "insecondi", "hhmmss", "hmmss",
                "mmss", "hms"),
    "minutes": ("m", "min", "mins", "minute", "minutes", "inmin", "inminutes", "minuten", "inminuten", "enminutes",
                "minutos", "enminutos", "minuti", "inminuti"),
    "milliseconds": ("ms", "msec", "millis", "milliseconds", "inms", "inmilliseconds", "millisekunden", "millisecondes",
                     "milisegundos", "millisecondi"),
}  # fmt: skip
_EXACT = {"seconds": ("billsec", "billseconds"), "minutes": (), "milliseconds": ("billmsec",)}
_BARE = {
    "seconds": (*HEADERS["duration"], "secs", "sekunden", "secondes", "segundos", "secondi"),
    "minutes": ("minutes", "mins", "minuten", "minutos", "minuti"),
    "milliseconds": ("milliseconds", "millis", "mduration"),
}
_ROUNDED = {
    "seconds": ("billedseconds", "billedsec", "billableseconds"), "minutes": ("billedminutes",), "milliseconds": ()
}  # fmt: skip


def _duration_names(unit: str) -> tuple[str, ...]:
    """How files call durations in a unit: exact and since the answer first, as the carrier rounds them last."""
    talks, lengths = ([f"{name}{end}" for name in names for end in _UNITS[unit]] for names in (_TALKS, _LENGTHS))
    return tuple(dict.fromkeys((*_EXACT[unit], *talks, *_BARE[unit], *lengths, *_ROUNDED[unit])))


DURATIONS = {unit: _duration_names(unit) for unit in _UNITS}
FACTORS = {"seconds": "1", "minutes": "60", "milliseconds": "0.001"}  # seconds in a unit, as decimal text

_DATES = ("date", "calldate", "startdate", "datum", "fecha", "data", "jour", "startdatum", "datedappel")
_CLOCKS = ("time", "calltime", "starttime", "timeofday", "uhrzeit", "zeit", "startzeit", "heure", "hora", "ora",
           "heuredappel", "horainicio")  # fmt: skip
_UTC = ("utc", "gmt")


def recognise(head: Head) -> Reading | None:
    """A header, or JSON records, with the four things that a call needs; else None."""
    for unit, names in DURATIONS.items():
        columns = HEADERS | {"duration": names}
        reading = _in_two_columns(head, columns, unit) or _in_one_column(head, columns, unit)
        if reading:
            return reading
    return None


def _in_two_columns(head: Head, columns: Columns, unit: str) -> Reading | None:
    """A reading of files with the date in one column and the time of day in another."""
    reading = _read(head, {**columns, "start": _DATES, "start_2": _CLOCKS}, unit, "start_2")
    if not reading:
        return None
    found = _sampled(head, reading)
    split = found["start"] and all(map(is_date, found["start"])) and all(map(is_clock, found["start_2"]))
    return reading if split else None


def _in_one_column(head: Head, columns: Columns, unit: str) -> Reading | None:
    in_utc = tuple(f"{name}{zone}" for zone in _UTC for name in columns["start"])
    stated = _read(head, {**columns, "start": in_utc, "start_2": ()}, unit, timezone="UTC")
    return stated or _read(head, {**columns, "start_2": ()}, unit)


def _read(head: Head, columns: Columns, unit: str, *more_needed: str, timezone: str = "") -> Reading | None:
    """A reading by these names; of the fast stage where the first rows are of the usual forms."""
    reading = head.reading("sources/generic", columns, (*NEEDED, *more_needed), timezone=timezone)
    if not reading:
        return None
    found = _sampled(head, reading)
    notes = tuple(_notes(found, unit))
    usual = all(map(is_iso_time, found.get("start", ()))) and not any("," in text for text in found.get("duration", ()))
    if usual and unit == "seconds" and not more_needed:
        return replace(reading, notes=notes)
    # Where the first rows do not tell whether the day comes first, all of them have to be looked at together.
    slashed = slashed_dates(found["start"])
    day_comes_first, sure = day_first((date, None) for date in slashed)
    undecided = bool(slashed) and not sure
    return replace(
        reading,
        stage="sources/mapped",
        notes=notes,
        width=0 if undecided else reading.width,
        values=mapped_values(factor=FACTORS[unit], day_first=day_comes_first if slashed and sure else None),
    )


def _sampled(head: Head, reading: Reading) -> dict[str, list[str]]:
    """What the first rows have in each field, blanks left out."""
    rows = samples(head, reading)
    return {field: [row[field] for row in rows if row.get(field)] for field in FIELDS}


def mapped_values(**values: Any) -> dict[str, Any]:
    """The parameters of sql/sources/mapped.sql: those given, and what they are where nothing is said."""
    return {
        "factor": "1",
        "day_first": None,
        "decimal_comma": False,
        "must_be_filled": None,
        "answered_words": None,
        "unanswered_words": None,
        "outbound_words": None,
        "inbound_words": None,
        "internal_words": None,
    } | values


def _notes(found: dict[str, list[str]], unit: str) -> list[str]:
    """What is uncertain about a file of these first rows."""
    notes = []
    durations = found.get("duration", [])
    if unit != "seconds":
        notes.append(
            f"the header says that durations are {unit}: what was cut off when they were written is not billed"
        )
    elif any("." in text and ":" not in text for text in durations):
        notes.append(
            "durations have decimals: they are taken as seconds; if they are minutes, say so in a mapping file"
        )
    elif any(text.count(":") == 1 for text in durations):
        notes.append("durations such as 1:05 are taken as minutes and seconds")
    slashed = slashed_dates(found["start"])
    if slashed:
        day_comes_first, sure = day_first((date, None) for date in slashed)
        notes.append(
            f"dates such as {slashed[0]}: "
            + (
                f"the {'day' if day_comes_first else 'month'} comes first, as one of the first rows shows"
                if sure
                else "whether day or month comes first is told by a day after the 12th; without one the rows are "
                "rejected: state --time-format, or day_first in a mapping file"
            )
        )
    return notes


SOURCE = Source(
    "csv",
    recognise,
    "a header that names caller, called number, start and duration, such as call_id,from,to,start,duration; "
    "understood are "
    + "; ".join(f"{column}: {', '.join(HEADERS[column][:SHOWN_NAMES])}" for column in NEEDED)
    + "; the like in German, French, Spanish, Italian and Portuguese; the duration with its unit, as Duration (min); "
    "date and time in two columns",
    ("generic",),
)
