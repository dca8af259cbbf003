"""The world's calling codes -> places with a prefix, a name, a group and a price band: what the sample decks price.

The prefixes come from the metadata of the phonenumbers package (ITU calling codes, national number
patterns); only the home country's ranges are listed by hand, as its operators know them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from random import Random
from re import fullmatch

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneNumberDesc

from callmeter.local.world import metadata, names

__all__ = ["Place", "home", "metadata", "places", "regions"]

# Regions (ISO 3166) by price band, from 1 (cheap) to 5 (dear).
_BANDS = {
    1: "AT AU BE CN CY CZ DE DK ES FR GR HK HU IE IL IN IT KR LU MX MY NL NO NZ PL PR PT RO SE SG US",
    2: (
        "AD AR AX BD BG BM BN BR CH CL CO CR DO EE FI FO GF GI GP GU HR ID IS JP KH KZ LA LT MC MN MO MP MQ MT PA PE "
        "PY RE RU SI SJ SK TH TR TW UY UZ VA VE VI VN ZA"
    ),
    3: (
        "AE AG AI AL AM AO AS AW BA BB BH BO BQ BS BT BW CW DM EC EG GD GE GH GT HN IQ IR JM JO KE KG KN KW KY LB LC "
        "LI LK MA ME MK MS MU NA NG NI NP OM PH PK PS QA RS SA SD SV SX SY SZ TC TJ TM TT UA UG VC VG YE"
    ),
    4: (
        "AF AZ BF BI BJ BY BZ CD CG CI CM CV DJ DZ ER ET FJ FM GA GL GM GN GQ GY HT LR LS LV LY MD MH ML MM MR MW MZ "
        "NC NE PF PM PW RW SC SM SN SR SS TD TG TZ XK ZM ZW"
    ),
    5: "AC CF CK CU FK GW IO KI KM KP MG MV NF NR NU PG SB SH SL SO ST TA TK TL TN TO TV VU WF WS",
}

# The home country: prefix, name, group, kind, band. More calls go here than to all others together.
_HOME = """
44|UK|uk-landline|landline|1
442|UK Geographic 02|uk-landline|landline|1
4420|UK London|uk-landline|landline|1
443|UK Wide 03|uk-landline|landline|1
4455|UK Corporate 055|uk-landline|landline|2
4456|UK VoIP 056|uk-landline|landline|2
441481|Guernsey|international|landline|2
441534|Jersey|international|landline|2
441624|Isle of Man|international|landline|2
447|UK Mobile|uk-mobile|mobile|1
4470|UK Personal 070|service|personal|3
4476|UK Pager 076|service|personal|4
447624|Isle of Man Mobile|international|mobile|3
447781|Guernsey Mobile|international|mobile|3
447797|Jersey Mobile|international|mobile|3
44500|UK Freephone 0500|toll-free|toll-free|1
44800|UK Freephone 0800|toll-free|toll-free|1
44808|UK Freephone 0808|toll-free|toll-free|1
44842|UK Service 0842|service|service|2
44843|UK Service 0843|service|late|2
44844|UK Service 0844|service|service|2
44845|UK Service 0845|service|service|1
44870|UK Service 0870|service|service|1
44871|UK Service 0871|service|late|2
44872|UK Service 0872|service|late|2
44873|UK Service 0873|service|late|2
449|UK Premium|premium|premium|2
44909|UK Premium 0909|premium|premium|3
44982|UK Premium 0982|premium|premium|4
4490987900|TV Vote: Song Contest|voting|voting|1
4490987901|TV Vote: Dance Floor|voting|voting|2
4490987902|TV Vote: Goal of the Month|voting|voting|3
4490987903|Charity Appeal|voting|voting|4
"""

# Networks without a country. A blank price that is not allowed either: nobody knows what 979 costs.
_NETWORKS = """
800|International Freephone|toll-free|toll-free|1
808|International Shared Cost|service|service|3
870|Inmarsat|satellite|satellite|5
8816|Iridium|satellite|satellite|5
8818|Globalstar|satellite|satellite|4
881|Satellite Networks|satellite|satellite|5
882|International Networks|satellite|satellite|5
88216|Thuraya|satellite|satellite|4
883|International Networks 883|satellite|satellite|4
979|International Premium|premium|unknown|5
"""

_ENDINGS = [f"{Random(seed).randrange(10**20):020d}" for seed in range(24)]  # noqa: S311 - sample data
_WITH_SPECIALS = ("US", "FR", "DE", "IE", "NL", "BE", "ES", "IT", "AU", "CH", "SE", "PL")


@dataclass(frozen=True)
class Place:
    """A place that decks have a row for. `kind` and `band` (1 cheap .. 5 dear) decide what decks ask for it."""

    prefix: str
    destination: str
    group: str
    kind: str
    band: int


@cache
def places() -> tuple[Place, ...]:
    """Every place, by prefix; no prefix twice."""
    found = {place.prefix: place for place in _abroad()}
    found |= {place.prefix: place for place in (*home(), *_listed(_NETWORKS))}
    return tuple(found[prefix] for prefix in sorted(found))


def home() -> tuple[Place, ...]:
    """The home country's places, as its operators know them."""
    return tuple(_listed(_HOME))


@cache
def regions() -> dict[str, tuple[int, str]]:
    """Region -> (price band, name)."""
    named = names() | {"US": "USA and Canada"}  # one price for all of it
    return {region: (band, named[region]) for band, of_band in _BANDS.items() for region in of_band.split()}


def _listed(table: str) -> Iterator[Place]:
    for line in table.split("\n"):
        if line:
            prefix, name, group, kind, band = line.split("|")
            yield Place(prefix, name, group, kind, int(band))


def _abroad() -> Iterator[Place]:
    for code, of_code in COUNTRY_CODE_TO_REGION_CODE.items():
        for region in of_code if code != 44 else ():
            if region in regions():
                yield from _of_region(str(code), region, main=region == of_code[0])


def _of_region(code: str, region: str, *, main: bool) -> Iterator[Place]:
    band, name = regions()[region]
    known = metadata(region)
    lengths = (3,) if code == "1" else (1, 2, 3, 4, 5)
    leads = [""] if main else _leading_digits(known.leading_digits or "", lengths)
    for lead in leads:
        yield Place(code + lead, name, "international", "landline", band)
    if main and code != "1":
        for start in _ranges(known.mobile, known.fixed_line):
            yield Place(code + start, f"{name} Mobile", "international", "mobile", band)
    if region in _WITH_SPECIALS:
        for start in _ranges(known.premium_rate, known.fixed_line):
            yield Place(code + start, f"{name} Premium", "premium", "premium", min(band + 3, 5))
        for start in _ranges(known.toll_free, known.fixed_line):
            yield Place(code + start, f"{name} Freephone", "toll-free", "toll-free", band)


def _leading_digits(pattern: str, lengths: tuple[int, ...]) -> list[str]:
    """The digit strings that `pattern` stands for: "787|939" is two of them."""
    candidates = (f"{number:0{length}d}" for length in lengths for number in range(10**length))
    return [digits for digits in candidates if fullmatch(pattern, digits)]


def _ranges(wanted: PhoneNumberDesc | None, other: PhoneNumberDesc | None) -> list[str]:
    """The shortest prefixes, up to three digits, whose numbers are mostly `wanted` and never `other`."""
    found: list[str] = []
    open_prefixes = [str(digit) for digit in range(10)] if wanted and wanted.national_number_pattern else []
    while wanted and open_prefixes:
        prefix = open_prefixes.pop(0)
        numbers = _samples(prefix, wanted)
        hits = sum(_is(wanted, number) for number in numbers)
        enough = 4 * hits >= len(numbers) * (3 if len(prefix) < 3 else 2)
        if enough and not any(_is(other, number) for number in numbers):
            found.append(prefix)
        elif hits and len(prefix) < 3:
            open_prefixes += [prefix + str(digit) for digit in range(10)]
    return found if len(found) <= 20 else []


def _samples(prefix: str, desc: PhoneNumberDesc) -> list[str]:
    """Numbers that begin with `prefix`, of the lengths the metadata allows; always the same ones."""
    lengths = [length for length in desc.possible_length if length > len(prefix)]
    return [(prefix + ending)[:length] for length in lengths for ending in _ENDINGS]


def _is(desc: PhoneNumberDesc | None, number: str) -> bool:
    pattern = desc.national_number_pattern if desc else None
    return bool(pattern and fullmatch(pattern, number))
