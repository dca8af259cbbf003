"""The names carriers and PBXs give their columns -> what each column means here; the one table of aliases.

Names are compared by letters and digits alone, in any case: "Rate/Min", "rate_min" and "RATE MIN" are one. A currency
in a header ("Cost / Min (USD)") and brackets ("Increment (sec)") are set aside. Sources: the decks and manuals of
A2Billing, ASTPP, CGRateS, Freeside, FusionPBX, IVOZ Provider, Jerasoft, Kazoo, TelecomsXChange and VOS3000.
"""

import re
from dataclasses import dataclass
from functools import cache

from callmeter.catalogue.importing import currencies
from callmeter.catalogue.importing.cells import squeezed

IGNORED = "ignore"

# Meaning -> names, the one that counts first where a file has several.
ALIASES: dict[str, tuple[str, ...]] = {
    "prefix": (
        "prefix", "prefixes", "complete code", "full code", "dial code", "dial codes", "dialcode list", "dial prefix",
        "dial prefixes", "dialing code", "dialing codes", "dialling code", "dialling codes", "dialed digits",
        "dial string", "digits", "target prefix", "destination prefix", "destination code", "destination codes",
        "dest code", "dest prefix", "dst code", "dst prefix", "b number prefix", "number prefix", "area prefix",
        "rate prefix", "route prefix", "breakout code", "breakouts", "code", "codes", "pattern", "patterns", "e164",
        "e164 prefix", "e164 code", "npanxx", "npa-nxx", "npanxxx", "lrn prefix", "isd code", "international code",
        "phone code", "phone prefix", "country and area code", "country code area code", "vorwahl", "vorwahlen",
        "rufnummer", "préfixe", "préfixes", "indicatif", "prefijo", "prefijos", "código", "prefisso", "prefissi",
        "prefixo",
    ),
    "country_code": (
        "country code", "country codes", "countrycode", "cc", "ctry code", "cntry code", "country dial code",
        "country prefix", "intl code", "ländervorwahl", "indicatif pays",
    ),
    "area_code": (
        "area code", "area codes", "city code", "city codes", "region code", "ndc", "national code", "network code",
        "local code", "operator code", "mobile code", "sub code", "area", "ortsvorwahl",
    ),
    "npa": ("npa",),
    "nxx": ("nxx",),
    "destination": (
        "destination", "destinations", "destination name", "target name", "target pattern name", "target", "dest",
        "dest name", "destination description", "code name", "zone", "zone name", "route", "route name", "rate name",
        "location", "location name", "name", "description", "destination network", "traffic direction", "comment",
        "region", "call type", "call destination", "breakout name", "ziel", "zielname", "destino", "destinazione",
        "zona", "bezeichnung",
    ),
    "country": ("country", "country name", "countries", "land", "pays", "país", "paese", "nation"),
    "network": (
        "network", "network name", "operator", "operator name", "mobile operator", "carrier name", "breakout",
        "sub destination", "area name", "city", "city name", "netz", "réseau", "red", "operador",
    ),
    "rate": (
        "new rate", "new price", "new rate per minute", "price n", "rate n", "next price", "rate", "rates",
        "rate per min", "rate per minute", "rate min", "per minute rate", "minute rate", "rate cost", "price",
        "prices", "price per min", "price per minute", "price min", "minute price", "per minute price",
        "per minute charge", "charge per minute", "charge per min", "minute charge", "per minute", "per min",
        "sell rate", "selling rate", "sell price", "retail rate", "rate initial", "cost per min", "cost per minute",
        "cost min", "per minute cost", "cost", "charge", "tariff", "standard rate", "standard price", "usage rate",
        "termination rate", "voice rate", "call rate", "rate per call minute", "amount", "current rate",
        "current price", "present rate", "buy rate", "buyrate", "buying rate", "buy price", "preis",
        "preis pro minute", "minutenpreis", "tarif", "prix", "prix minute", "prix par minute", "precio",
        "precio por minuto", "precio minuto", "tarifa", "prezzo", "prezzo al minuto", "tariffa", "preço",
    ),
    "rate_first": ("price 1", "rate 1", "first price", "initial price"),
    "rate_choice": (
        "interstate", "intrastate", "inter", "intra", "interstate rate", "intrastate rate", "inter rate",
        "intra rate", "rate inter", "rate intra", "interrate", "intrarate", "indeterminate", "indeterminate rate",
        "ij rate", "ijrate", "cli rate", "non cli rate", "cli", "non cli", "noncli rate", "rate cli", "rate non cli",
        "local rate",
    ),
    "group": ("group", "class", "destination group"),
    "connect_fee": (
        "connect fee", "connection fee", "connection charge", "connection cost", "connect charge", "connect cost",
        "connect rate", "connection rate", "connection price", "setup fee", "setup charge", "set up fee",
        "setup cost", "setup price", "setup", "call setup", "call setup fee", "flag fall", "flagfall", "surcharge",
        "rate surcharge", "per call charge", "per call fee", "call attempt fee", "verbindungsgebühr",
        "frais de connexion", "establecimiento", "scatto alla risposta",
    ),
    "first_increment": (
        "first increment", "initial increment", "initial interval", "first interval", "interval 1", "increment 1",
        "connect increment", "init block", "initblock", "initial block", "initial period", "first period",
        "initial billing increment", "first pulse", "initial seconds", "initial", "initial time",
    ),
    "increments": (
        "billing", "billing increment", "billing increments", "increments", "billing interval", "billing intervals",
        "intervals", "billing block", "billing blocks", "billingblock", "billing terms", "billing type",
        "billing unit", "billing cycle", "billing pulse", "pulse", "charge period", "charging period",
        "charge interval", "charging interval", "granularity", "rounding", "inc", "incr", "interval",
        "duration increment", "billing step", "step", "taktung", "takt", "charge increment",
    ),
    "increment": (
        "increment", "next increment", "additional increment", "subsequent increment", "talk increment", "interval n",
        "increment n", "next interval", "additional interval", "subsequent interval", "next block", "rate increment",
        "call increment", "secondary increment", "second increment", "subsequent period", "next period",
        "recurring increment", "add inc", "additional", "subsequent", "billable units",
        "subsequent billing increment", "next pulse",
    ),
    "minimum": (
        "minimum", "min time", "minimum time", "min duration", "minimum duration", "call minimum", "rate minimum",
        "min inc", "minimum seconds", "minimal time",
    ),
    "per_call": ("per call", "bill per call"),
    "allowed": ("allowed", "enabled"),
    "forbidden": ("forbidden", "barred", "blocked", "not allowed"),
    "discontinued": ("discontinued", "closed", "deleted", "withdrawn"),
    "late": ("late", "late bill"),
    "direction": ("direction", "lcr direction", "call direction"),
    "effective_from": (
        "effective from", "effective date", "effective", "eff date", "effective date from", "effective as of",
        "effective start date", "rate effective date", "new rate effective date", "valid from", "valid as of",
        "date start", "start date", "startdate", "date from", "from date", "start", "starts", "starting date",
        "activation date", "activation time", "in force from", "implementation date", "date effective", "date",
        "gültig ab", "valable à partir du", "fecha", "válido desde", "valido dal",
    ),
    "effective_to": (
        "effective to", "effective until", "effective till", "effective end date", "valid to", "valid until",
        "valid till", "date end", "end date", "enddate", "expiry", "expiry date", "expiration", "expiration date",
        "expires", "expire date", "stop date", "date to", "to date", "end", "discontinue date", "discontinued date",
        "gültig bis",
    ),
    "currency": ("currency", "currency code", "cur", "curr", "ccy", "währung", "devise", "moneda", "valuta"),
    "band": (
        "band", "time band", "timeband", "time slot", "timeslot", "timing", "time profile", "time class",
        "time period", "time of day", "rate period", "day type",
    ),
    "max_charge": ("max charge", "max cost", "maximum charge", "maximum cost", "price cap", "charge cap"),
    "from_prefix": (
        "from prefix", "from code", "origin prefix", "origin code", "origination prefix", "origination code",
        "caller prefix", "source prefix", "source code", "src code", "src prefix", "a number prefix",
    ),
    "status": (
        "change", "changes", "change type", "change status", "change code", "rate change", "price change", "status",
        "rate status", "action", "change indicator", "trend",
    ),
    "unsupported": (
        "grace time", "grace period", "grace", "free seconds", "included seconds", "no charge time", "nocharge time",
        "rate nocharge time", "disconnect charge", "disconnection charge", "minimum charge", "min charge",
        "minimum price", "post call surcharge", "post call charge",
    ),
}  # fmt: skip

# Several prices by time of day, a column each: the band's name -> names of the column; "rate" and the like may follow.
BAND_ALIASES: dict[str, tuple[str, ...]] = {
    "peak": ("peak", "peak time", "peak hours"),
    "offpeak": ("off peak", "off peak time", "offpeak hours", "economy"),
    "day": ("day", "daytime"),
    "evening": ("evening",),
    "night": ("night",),
    "weekend": ("weekend", "week end"),
    "holiday": ("holiday", "holidays"),
}
_BAND_ENDS = (
    "",
    "rate",
    "price",
    "cost",
    "charge",
    "ratepermin",
    "rateperminute",
    "ratemin",
    "permin",
    "perminute",
    "pricepermin",
)

# Prices that are chosen only where no other column states one: what was, and what is paid rather than charged.
LESSER_RATES = frozenset(
    map(
        squeezed,
        ("current rate", "current price", "present rate", "buy rate", "buying rate", "buy price", "cost", "rate cost"),
    )
)
NEW_RATES = frozenset(map(squeezed, ("new rate", "new price", "new rate per minute")))
WHOLE_CODES = frozenset(
    map(squeezed, ("complete code", "full code", "country and area code", "country code area code", "e164"))
)
NANP_CODES = frozenset(map(squeezed, ("npanxx", "npa-nxx", "npanxxx", "npa", "lrn prefix")))

MEANINGS = {
    "prefix": "prefix",
    "country_code": "first part of the prefix",
    "area_code": "second part of the prefix",
    "npa": "first part of the prefix, after a 1",
    "nxx": "second part of the prefix",
    "destination": "destination",
    "country": "destination",
    "network": "destination, after the country",
    "rate": "rate",
    "rate_first": "rate of the first interval",
    "rate_choice": "a rate, if stated with --map",
    "group": "group",
    "connect_fee": "connect_fee",
    "first_increment": "first_increment",
    "increments": "first_increment and increment",
    "increment": "increment",
    "minimum": "least seconds billed",
    "per_call": "per_call",
    "allowed": "allowed",
    "forbidden": "allowed, the other way round",
    "discontinued": "withdrawn from its date",
    "late": "late",
    "direction": "direction",
    "effective_from": "effective_from",
    "effective_to": "effective_to",
    "currency": "currency",
    "band": "band",
    "max_charge": "max_charge",
    "from_prefix": "from_prefix",
    "status": "withdrawn from its date, if it says so",
    "unsupported": "refused where not 0: callmeter has no such charge",
}


@dataclass(frozen=True)
class Column:
    """A column of the file: its place from 0, its header, what it means, and for prices by time its band."""

    index: int
    header: str
    meaning: str
    band: str = ""


def recognised(header: str) -> tuple[str, str]:
    """What a header means, and the band it is for; blanks where it is not known."""
    for name in _readings(header):
        meaning = _meanings().get(name)
        if meaning:
            return meaning
    plain = currencies.without(header)
    return (
        ("rate", "") if plain != header and re.fullmatch(r"\W*(per|/|p\.)?\s*min(ute)?s?\W*", plain, re.I) else ("", "")
    )


def rank(meaning: str, header: str) -> int:
    """How good a name for its meaning a header is: 0 is the best."""
    names = [squeezed(alias) for alias in ALIASES[meaning]]
    return next((names.index(name) for name in _readings(header) if name in names), len(names))


def is_one_of(header: str, names: frozenset[str]) -> bool:
    return any(name in names for name in _readings(header))


def alias_table() -> str:
    """The table of aliases as Markdown, for people."""
    rows = [f"| {MEANINGS[meaning]} | {', '.join(names)} |" for meaning, names in ALIASES.items()]
    rows += [
        f"| rate in band {band} | {', '.join(f'{name} (rate)' for name in names)} |"
        for band, names in BAND_ALIASES.items()
    ]
    return "\n".join(["| meaning | names of the column |", "|---|---|", *rows])


def _readings(header: str) -> tuple[str, ...]:
    """The header squeezed, as it stands and with currency, brackets and # set aside."""
    bare = re.sub(r"\([^)]*\)|\[[^]]*\]", " ", header)
    plain = currencies.without(bare)
    unit = re.sub(
        r"(\bin\s+)?\b(us|euro?)?\s*(cents?|cts?|pence)\b|¢|(\bper\b|/)\s*sec(ond)?\b", " ", plain, flags=re.I
    )
    texts = (header, currencies.without(header), bare, plain, unit)
    return tuple(dict.fromkeys(squeezed(text) for text in texts if squeezed(text)))


@cache
def _meanings() -> dict[str, tuple[str, str]]:
    """Squeezed name -> meaning and band."""
    known = {
        squeezed(name) + end: ("rate", band)
        for band, names in BAND_ALIASES.items()
        for name in names
        for end in _BAND_ENDS
    }
    known |= {squeezed(name): (meaning, "") for meaning, names in ALIASES.items() for name in names}
    return known
