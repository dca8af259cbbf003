"""An operator's own rates folder to begin with: what `callmeter init` writes, as texts.

A plan, a deck by destination names with example prices for the own country and its neighbours, two example customers
and a few calls of theirs. Currencies: ISO 4217. Time zones, and how near countries are: zone.tab of the IANA time zone
database (package tzdata). Emergency numbers, example numbers: libphonenumber (package phonenumberslite).
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from importlib.resources import files as package_files
from io import StringIO
from math import acos, cos, radians, sin
from re import findall, fullmatch
from typing import TYPE_CHECKING

from phonenumbers import PhoneMetadata

if TYPE_CHECKING:
    from callmeter.local.world import Destination

NEIGHBOURS = 5

_CURRENCIES = {
    "AUD": "AU CC CX KI NF NR TV",
    "CHF": "CH LI",
    "DKK": "DK FO GL",
    "EUR": "AD AT AX BE BG BL CY DE EE ES FI FR GF GP GR HR IE IT LT LU LV MC ME MF MQ MT NL PM PT RE SI SK SM VA XK "
    "YT",
    "GBP": "GB GG IM JE",
    "ILS": "IL PS",
    "MAD": "EH MA",
    "NOK": "NO SJ",
    "NZD": "CK NU NZ TK",
    "SHP": "AC SH TA",
    "USD": "AS BQ EC FM GU IO MH MP PR PW SV TC TL US VG VI",
    "XAF": "CF CG CM GA GQ TD",
    "XCD": "AG AI DM GD KN LC MS VC",
    "XCG": "CW SX",
    "XOF": "BF BJ CI GW ML NE SN TG",
    "XPF": "NC PF WF",
}
_CURRENCIES_OF_ONE = """
AE AED|AF AFN|AL ALL|AM AMD|AO AOA|AR ARS|AW AWG|AZ AZN|BA BAM|BB BBD|BD BDT|BH BHD|BI BIF|BM BMD|BN BND|BO BOB
BR BRL|BS BSD|BT BTN|BW BWP|BY BYN|BZ BZD|CA CAD|CD CDF|CL CLP|CN CNY|CO COP|CR CRC|CU CUP|CV CVE|CZ CZK|DJ DJF
DO DOP|DZ DZD|EG EGP|ER ERN|ET ETB|FJ FJD|FK FKP|GE GEL|GH GHS|GI GIP|GM GMD|GN GNF|GT GTQ|GY GYD|HK HKD|HN HNL
HT HTG|HU HUF|ID IDR|IN INR|IQ IQD|IR IRR|IS ISK|JM JMD|JO JOD|JP JPY|KE KES|KG KGS|KH KHR|KM KMF|KP KPW|KR KRW
KW KWD|KY KYD|KZ KZT|LA LAK|LB LBP|LK LKR|LR LRD|LS LSL|LY LYD|MD MDL|MG MGA|MK MKD|MM MMK|MN MNT|MO MOP|MR MRU
MU MUR|MV MVR|MW MWK|MX MXN|MY MYR|MZ MZN|NA NAD|NG NGN|NI NIO|NP NPR|OM OMR|PA PAB|PE PEN|PG PGK|PH PHP|PK PKR
PL PLN|PY PYG|QA QAR|RO RON|RS RSD|RU RUB|RW RWF|SA SAR|SB SBD|SC SCR|SD SDG|SE SEK|SG SGD|SL SLE|SO SOS|SR SRD
SS SSP|ST STN|SY SYP|SZ SZL|TH THB|TJ TJS|TM TMT|TN TND|TO TOP|TR TRY|TT TTD|TW TWD|TZ TZS|UA UAH|UG UGX|UY UYU
UZ UZS|VE VES|VN VND|VU VUV|WS WST|YE YER|ZA ZAR|ZM ZMW|ZW ZWG
"""
# Currencies without a minor unit: example prices are a hundred times as high.
_WHOLE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"

# Where the zone that most people of a country live in is not the first one listed, or none is.
_ZONES = {
    "AC": "Atlantic/St_Helena", "AU": "Australia/Sydney", "BR": "America/Sao_Paulo", "CA": "America/Toronto",
    "FM": "Pacific/Pohnpei", "RU": "Europe/Moscow", "TA": "Atlantic/St_Helena", "UA": "Europe/Kyiv",
    "UZ": "Asia/Tashkent", "XK": "Europe/Belgrade",
}  # fmt: skip

_NOTE = "EXAMPLE PRICE: put yours here"
_PRICES = {"toll-free": "0", "service": "0.15", "international": "0.04", "international-mobile": "0.18"}
_REFUSED = ("premium", "satellite")  # blocked in the plan, and not allowed in the deck

_OPERATOR = """\
# Who bills, and the defaults that hold for everybody.
country = {country}                 # how national numbers are read
timezone = {timezone}     # dates of decks, periods and statements, where an account has no zone of its own
currency = {currency}

name = {name}
address = []                   # lines on statements: ["12 Quayside", "Whitford AB1 2CD"]
email = ""                     # on statements, for questions

late_lookback = 3              # periods in which late files, late prices and corrections still count
grace_hours = 24               # wait after a period's end before its bill
hide_digits = false            # whether called numbers are hidden; customers change it for themselves

# Prices that depend on the hour: name the bands here, and write a band's name into the deck's column "band".
# A call belongs to the band in which it starts; a row without a band holds where no row of a band does.
# holidays = ["12-25", "{year}-04-03"]   # every year, or one date; a holiday is none of the weekdays
# [bands.peak]
# days = ["mon-fri"]                    # mon tue wed thu fri sat sun, and holiday; every day where left out
# hours = ["08:00-19:00"]               # from, inclusive; to, exclusive; all day where left out
"""

_PLANS = """\
# What customers buy. A deck is a file in decks/; the groups are those of destinations.csv.

[plans.standard]
name = "Standard"              # as customers read it
deck = "retail"                # decks/retail.csv
currency = {currency}
billing = "deck"               # the deck's increments; or "per-minute", "per-second"
charge_decimals = 4            # each call's charge is rounded once, to so many decimals
rounding = "half-up"           # or "up", "down"
monthly_limit = {limit}
blocked_groups = ["premium", "satellite"]

[[plans.standard.allowances]]  # minutes that are included in every period
name = {allowance}
groups = {groups}
minutes = 100
"""

_CARRIERS = """\
# Who carries your calls, and what they take for it: rename this file to carriers.toml, and put the carrier's prices
# into decks/voxwave.csv. Then each call has its buy_charge, and calls below cost are flagged.

[carriers.voxwave]
name = "VoxWave Wholesale"
trunks = ["voxwave-out", "vw-backup"]  # names of it in the calls' carrier field
deck = "voxwave"
currency = "{foreign}"               # where it is not a customer's: rates of exchange in fx.csv
billing = "deck"
"""

_FX = """\
date,base,quote,rate
{day},{foreign},{currency},{rate}
"""


@dataclass(frozen=True)
class Start:
    """What an operator says of itself. `country`: ISO 3166; `currency`: ISO 4217; `timezone`: IANA."""

    country: str
    name: str
    currency: str
    timezone: str


@dataclass(frozen=True)
class Atlas:
    """The world as an operator sees it.

    destinations: all of them. own: names of the own country's. near: names of each neighbour's, the nearest first.
    """

    destinations: "Mapping[str, Destination]"  # by prefix
    own: frozenset[str]
    near: Sequence[frozenset[str]]

    def find(self, number: str) -> "Destination | None":
        """Where the E.164 digits `number` go."""
        heads = (number[:n] for n in range(len(number), 0, -1))
        return next((self.destinations[head] for head in heads if head in self.destinations), None)


def countries() -> list[str]:
    """Every country that an operator can be in."""
    return sorted(_currencies())


def currency_of(country: str) -> str:
    """The currency of a country; USD where it has none of its own."""
    return _currencies().get(country, "USD")


def zone_of(country: str) -> str:
    """The time zone in which most people of a country live; UTC where that is not known."""
    return _ZONES.get(country) or next((zone for _, _, zone in _cities().get(country, ())), "UTC")


def neighbours(country: str) -> list[str]:
    """The nearest countries, measured between their time zones' cities; the nearest first."""
    here = _cities().get(country, ())
    found = []
    for other in countries():
        ways = [_angle(a, b) for a in here for b in _cities().get(other, ())]
        if ways and other != country:
            found.append((min(ways), other))
    return [other for _, other in sorted(found)[:NEIGHBOURS]]


def starting_files(start: Start, atlas: Atlas, destinations_csv: str, today: date) -> dict[str, str]:
    """File name -> text, of a folder that is sound as it is. The example calls are of the month before `today`."""
    in_toml = {key: json.dumps(value, ensure_ascii=False) for key, value in vars(start).items()}
    home = atlas.find(own_numbers(start.country)[0])
    landline = home.group if home else "international"
    title = "100 minutes to landlines" if landline.endswith("-landline") else "100 minutes"
    foreign = "EUR" if start.currency == "USD" else "USD"
    return {
        "operator.toml": _OPERATOR.format(**in_toml, year=today.year),
        "plans.toml": _PLANS.format(
            currency=in_toml["currency"],
            limit=json.dumps(_price("50.00", start)),
            allowance=json.dumps(title),
            groups=json.dumps([landline]),
        ),
        "destinations.csv": destinations_csv,
        "decks/retail.csv": _csv(_deck(start, atlas)),
        "accounts.csv": _csv(_accounts(start)),
        "calls-example.csv": _csv(_calls(start, atlas, today)),
        "carriers.toml.example": _CARRIERS.format(foreign=foreign),
        "fx.csv.example": _FX.format(
            day=f"{today.year}-01-01", foreign=foreign, currency=start.currency, rate=_price("0.90", start)
        ),
    }


def own_numbers(country: str) -> tuple[str, str]:
    """Two E.164 numbers of the country, for examples; the country's own example number is left to be called."""
    example = _examples(country)[0]
    return f"{example[:-1]}{(int(example[-1]) + 1) % 10}", f"{example[:-1]}{(int(example[-1]) + 2) % 10}"


def _deck(start: Start, atlas: Atlas) -> Iterator[Sequence[str]]:
    """Rows by destination: the own country's, its neighbours', those nobody should call by mistake; emergency."""
    yield "prefix", "destination", "rate", "connect_fee", "first_increment", "increment", "group", "allowed", "note"
    group_of = {row.destination: row.group for row in atlas.destinations.values()}
    networks = {name for name, group in group_of.items() if group == "satellite" or name.startswith("International ")}
    written: set[str] = set()
    for names in (atlas.own, *atlas.near, networks):
        for name in sorted((names & group_of.keys()) - written):
            group = group_of[name]
            if group in _REFUSED:
                yield "", name, "", "", "", "", "", "no", "not allowed: nobody calls it by mistake"
            else:
                abroad = group == "toll-free" and names not in (atlas.own, networks)  # their freephone is not free
                yield "", name, _rate("international" if abroad else group, start), "0", "60", "1", "", "yes", _NOTE
        written |= names
    for number in _emergency_numbers(start.country):
        yield number, "Emergency", "0", "0", "1", "1", "emergency", "yes", "free"


def _accounts(start: Start) -> Iterator[Sequence[str]]:
    yield (
        *("account_id", "name", "plan", "numbers", "sip_logins", "currency", "timezone", "anchor_day"),
        *("ucrm_client_id", "ucrm_service_id", "email", "valid_from", "valid_to"),
    )
    first, second = (f"+{number}" for number in own_numbers(start.country))
    yield "C1001", "Example Bakery", "standard", first, "bakery", "", "", "1", "1", "", "bakery@example.com", "", ""
    yield "C1002", "Example Dental", "standard", second, "dental", "", "", "15", "2", "", "dental@example.com", "", ""


def _calls(start: Start, atlas: Atlas, today: date) -> Iterator[Sequence[object]]:
    """A few calls of both customers: at home, to mobiles, abroad, some unanswered, one that comes in."""
    yield "call_id", "from", "to", "start", "duration"
    own = own_numbers(start.country)
    priced = {row[1] for row in _deck(start, atlas) if row[7] == "yes"}
    day = today.replace(day=1) - timedelta(days=28)  # of the month before, and not its last week
    called = _called(start.country, atlas, priced)
    for n, number in enumerate(called):
        at = f"{day + timedelta(days=n % 20)}T10:{n:02}:00"
        yield f"e{n + 1}", f"+{own[n % 2]}", f"+{number}", at, (185, 61, 600, 42, 0, 1250)[n % 6]
    yield "e0", f"+{called[0]}", f"+{own[1]}", f"{day}T11:00:00", 95


def _called(country: str, atlas: Atlas, priced: set[str]) -> list[str]:
    """Numbers at home and in the countries around, one for each destination that is `priced`."""
    by_place: dict[str, str] = {}
    for region in (country, *neighbours(country)):
        for number in _examples(region):
            found = atlas.find(number)
            if found and found.destination in priced:
                by_place.setdefault(found.destination, number)
    return list(by_place.values())


def _examples(country: str) -> list[str]:
    """The country's example numbers, E.164 digits: landline, mobile, freephone, as far as there are."""
    known = PhoneMetadata.metadata_for_region(country)
    if known is None:
        return []
    kinds = (known.fixed_line, known.mobile, known.toll_free)
    return [f"{known.country_code}{desc.example_number}" for desc in kinds if desc and desc.example_number]


def _emergency_numbers(country: str) -> list[str]:
    known = PhoneMetadata.short_metadata_for_region(country)
    pattern = known.emergency.national_number_pattern if known and known.emergency else None
    return [str(number) for number in range(100, 10_000) if pattern and fullmatch(pattern, str(number))]


def _rate(group: str, start: Start) -> str:
    """An example price of a minute."""
    return _price(_PRICES.get(group) or ("0.09" if group.endswith("-mobile") else "0.02"), start)


def _price(amount: str, start: Start) -> str:
    """`amount` of a currency like the euro, in the operator's."""
    return str(int(Decimal(amount) * 100)) if start.currency in _WHOLE.split() else amount


def _csv(rows: Iterable[Sequence[object]]) -> str:
    text = StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


@cache
def _currencies() -> dict[str, str]:
    shared = {country: currency for currency, of_it in _CURRENCIES.items() for country in of_it.split()}
    entries = _CURRENCIES_OF_ONE.replace("\n", "|").split("|")
    return shared | dict(entry.split(" ", 1) for entry in entries if entry)


@cache
def _cities() -> dict[str, list[tuple[float, float, str]]]:
    """Country -> latitude and longitude, in radians, of its time zones' cities, and the zones' names."""
    found: dict[str, list[tuple[float, float, str]]] = {}
    for line in package_files("tzdata.zoneinfo").joinpath("zone.tab").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            country, place, zone = line.split("\t")[:3]
            latitude, longitude = (_radians(angle) for angle in findall(r"[+-]\d+", place))
            found.setdefault(country, []).append((latitude, longitude, zone))
    by_zone = {city[2]: city for cities in found.values() for city in cities}
    return {country: [by_zone[zone]] for country, zone in _ZONES.items()} | found


def _radians(angle: str) -> float:
    """An angle written as ±DDMM, ±DDDMM, ±DDMMSS or ±DDDMMSS."""
    digits = angle[1:]
    whole = 2 if len(digits) in (4, 6) else 3
    degrees = int(digits[:whole]) + int(digits[whole : whole + 2]) / 60
    return radians(-degrees if angle[0] == "-" else degrees)


def _angle(a: tuple[float, float, str], b: tuple[float, float, str]) -> float:
    """How far apart two places on the earth are."""
    along = sin(a[0]) * sin(b[0]) + cos(a[0]) * cos(b[0]) * cos(a[1] - b[1])
    return acos(max(-1.0, min(1.0, along)))
