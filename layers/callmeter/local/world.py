"""The world's numbers -> destinations.csv: every country, its mobile, premium, freephone and other ranges.

    python -m callmeter.local.world DE my-rates/destinations.csv

Source: the metadata of Google's libphonenumber (Apache 2.0), as the package phonenumberslite has it: for each country
a pattern of all numbers of each kind, after the ITU's and the regulators' numbering plans. The patterns are turned
into the fewest prefixes that say of each possible number what phonenumbers.number_type says of it. Names of countries:
ISO 3166, shortened as carriers write them. Satellite and other networks without a country: ITU-T E.164 and E.164.1.

Groups. "de" is the operator's own country, in lower case ("uk" for GB):

    de-landline, de-mobile    at home; de-national where the plan does not tell mobiles from landlines (USA, Canada, …)
    international             abroad: landlines, and numbers that may be either
    international-mobile      abroad: mobiles
    toll-free                 freephone, everywhere
    service                   shared cost, personal numbers, pagers
    premium, satellite

VoIP, company-wide and voicemail numbers have names of their own, and their country's landline group.
"""

import csv
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from io import StringIO
from pathlib import Path

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

from callmeter.errors import UsageError
from callmeter.local.patterns import Claim, Label, Naming, parse, prefixes, spelled, tree

HEADER = "prefix,destination,group"

_NAMES = """
AC Ascension Island|AD Andorra|AE United Arab Emirates|AF Afghanistan|AG Antigua and Barbuda|AI Anguilla|AL Albania
AM Armenia|AO Angola|AR Argentina|AS American Samoa|AT Austria|AU Australia|AW Aruba|AX Aland Islands|AZ Azerbaijan
BA Bosnia and Herzegovina|BB Barbados|BD Bangladesh|BE Belgium|BF Burkina Faso|BG Bulgaria|BH Bahrain|BI Burundi
BJ Benin|BL Saint Barthelemy|BM Bermuda|BN Brunei|BO Bolivia|BQ Bonaire|BR Brazil|BS Bahamas|BT Bhutan|BW Botswana
BY Belarus|BZ Belize|CA Canada|CC Cocos Islands|CD Congo DR|CF Central African Republic|CG Congo|CH Switzerland
CI Ivory Coast|CK Cook Islands|CL Chile|CM Cameroon|CN China|CO Colombia|CR Costa Rica|CU Cuba|CV Cape Verde
CW Curacao|CX Christmas Island|CY Cyprus|CZ Czechia|DE Germany|DJ Djibouti|DK Denmark|DM Dominica
DO Dominican Republic|DZ Algeria|EC Ecuador|EE Estonia|EG Egypt|EH Western Sahara|ER Eritrea|ES Spain|ET Ethiopia
FI Finland|FJ Fiji|FK Falkland Islands|FM Micronesia|FO Faroe Islands|FR France|GA Gabon|GB UK|GD Grenada|GE Georgia
GF French Guiana|GG Guernsey|GH Ghana|GI Gibraltar|GL Greenland|GM Gambia|GN Guinea|GP Guadeloupe
GQ Equatorial Guinea|GR Greece|GT Guatemala|GU Guam|GW Guinea-Bissau|GY Guyana|HK Hong Kong|HN Honduras|HR Croatia
HT Haiti|HU Hungary|ID Indonesia|IE Ireland|IL Israel|IM Isle of Man|IN India|IO Diego Garcia|IQ Iraq|IR Iran
IS Iceland|IT Italy|JE Jersey|JM Jamaica|JO Jordan|JP Japan|KE Kenya|KG Kyrgyzstan|KH Cambodia|KI Kiribati|KM Comoros
KN Saint Kitts and Nevis|KP North Korea|KR South Korea|KW Kuwait|KY Cayman Islands|KZ Kazakhstan|LA Laos|LB Lebanon
LC Saint Lucia|LI Liechtenstein|LK Sri Lanka|LR Liberia|LS Lesotho|LT Lithuania|LU Luxembourg|LV Latvia|LY Libya
MA Morocco|MC Monaco|MD Moldova|ME Montenegro|MF Saint Martin|MG Madagascar|MH Marshall Islands|MK North Macedonia
ML Mali|MM Myanmar|MN Mongolia|MO Macao|MP Northern Mariana Islands|MQ Martinique|MR Mauritania|MS Montserrat|MT Malta
MU Mauritius|MV Maldives|MW Malawi|MX Mexico|MY Malaysia|MZ Mozambique|NA Namibia|NC New Caledonia|NE Niger
NF Norfolk Island|NG Nigeria|NI Nicaragua|NL Netherlands|NO Norway|NP Nepal|NR Nauru|NU Niue|NZ New Zealand|OM Oman
PA Panama|PE Peru|PF French Polynesia|PG Papua New Guinea|PH Philippines|PK Pakistan|PL Poland
PM Saint Pierre and Miquelon|PR Puerto Rico|PS Palestine|PT Portugal|PW Palau|PY Paraguay|QA Qatar|RE Reunion
RO Romania|RS Serbia|RU Russia|RW Rwanda|SA Saudi Arabia|SB Solomon Islands|SC Seychelles|SD Sudan|SE Sweden
SG Singapore|SH Saint Helena|SI Slovenia|SJ Svalbard|SK Slovakia|SL Sierra Leone|SM San Marino|SN Senegal|SO Somalia
SR Suriname|SS South Sudan|ST Sao Tome and Principe|SV El Salvador|SX Sint Maarten|SY Syria|SZ Eswatini
TA Tristan da Cunha|TC Turks and Caicos|TD Chad|TG Togo|TH Thailand|TJ Tajikistan|TK Tokelau|TL Timor-Leste
TM Turkmenistan|TN Tunisia|TO Tonga|TR Turkey|TT Trinidad and Tobago|TV Tuvalu|TW Taiwan|TZ Tanzania|UA Ukraine
UG Uganda|US USA|UY Uruguay|UZ Uzbekistan|VA Vatican City|VC Saint Vincent|VE Venezuela|VG British Virgin Islands
VI US Virgin Islands|VN Vietnam|VU Vanuatu|WF Wallis and Futuna|WS Samoa|XK Kosovo|YE Yemen|YT Mayotte
ZA South Africa|ZM Zambia|ZW Zimbabwe
"""

# Kinds of number as the metadata names them, in the order in which phonenumbers.number_type asks: what the place is
# called after its country's name, and its group ("" for the country's landline group).
_KINDS = {
    "premium_rate": ("Premium", "premium"),
    "toll_free": ("Freephone", "toll-free"),
    "shared_cost": ("Shared Cost", "service"),
    "voip": ("VoIP", ""),
    "personal_number": ("Personal", "service"),
    "pager": ("Pager", "service"),
    "uan": ("Corporate", ""),
    "voicemail": ("Voicemail", ""),
    "fixed_line": ("", ""),
    "mobile": ("Mobile", "mobile"),
}

# Territories that are called at the prices of the country whose plan they share.
_PART_OF = {
    "AX": "FI", "BL": "GP", "CC": "AU", "CX": "AU", "EH": "MA", "MF": "GP", "SJ": "NO", "TA": "SH", "VA": "IT",
}  # fmt: skip

# Where a longer number begins with a whole shorter one: the dear kinds first, then the more special ones.
_FIRST = ("Premium", "Mobile", "Personal", "Freephone", "Shared Cost", "Corporate", "VoIP", "Pager", "", "Voicemail")

# Territories of whose patterns only these are about numbers of their own; the others are those of the whole plan.
_OF_ITS_OWN = {
    "EH": ("fixed_line",),
    "GG": ("fixed_line", "mobile"),
    "IM": ("fixed_line", "mobile"),
    "JE": ("fixed_line", "mobile"),
}

# Its patterns have numbers of the other countries of its plan, too.
_ASKED_LAST = ("MA",)

# 1800 and 1900 reach, or are reached from, several countries: their names say so.
_NORTH_AMERICA = "USA and Canada"
_SHARED_KINDS = ("toll_free", "premium_rate", "personal_number")

_NETWORKS = """
800|International Freephone|toll-free
808|International Shared Cost|service
870|Inmarsat|satellite
878|Universal Personal Numbers|service
881|Satellite Networks|satellite
8816|Iridium|satellite
8817|Iridium|satellite
8818|Globalstar|satellite
8819|Globalstar|satellite
882|International Networks|satellite
88216|Thuraya|satellite
883|International Networks 883|satellite
888|Disaster Relief|service
979|International Premium|premium
"""


@dataclass(frozen=True)
class Destination:
    """One row of destinations.csv; numbers that begin with `prefix` go there, unless a longer prefix says more."""

    prefix: str
    destination: str
    group: str


@cache
def names() -> dict[str, str]:
    """Region (ISO 3166, two letters; AC, TA and XK as commonly used) -> its English name."""
    entries = (entry.partition(" ") for entry in _NAMES.replace("\n", "|").split("|") if entry)
    return {region: name for region, _, name in entries}


@cache
def world(home: str) -> tuple[Destination, ...]:
    """Every destination, by prefix, as an operator in the country `home` groups them. Raises UsageError."""
    if home not in names():
        raise UsageError(f'country "{home}" is not known; write two letters such as GB, US or DE')
    network_rows = (Destination(*line.split("|")) for line in _NETWORKS.split("\n") if line)
    found = [row for code in COUNTRY_CODE_TO_REGION_CODE for row in _of_code(code, home)]
    return tuple(sorted([*found, *network_rows], key=lambda row: row.prefix))


def titles(country: str) -> frozenset[str]:
    """The names that numbers of a country may have, of its territories' too."""
    shared = [_title("US", kind) for kind in _SHARED_KINDS] if metadata(country).country_code == 1 else []
    regions = [region for region in names() if _country(region) == _country(country)]
    return frozenset([*shared, *(_title(region, kind) for region in regions for kind in _KINDS)])


def landline_group(home: str) -> str:
    """The group of the country's own landlines, or of all its ordinary numbers where its plan tells no mobiles."""
    country = _country(home)
    known, key = metadata(country), "uk" if country == "GB" else country.lower()
    patterns = [desc.national_number_pattern if desc else None for desc in (known.fixed_line, known.mobile)]
    return f"{key}-national" if patterns[0] == patterns[1] else f"{key}-landline"


def mobile_group(home: str) -> str:
    """The group of the country's own mobiles; that of all its ordinary numbers where its plan tells no mobiles."""
    return landline_group(home).replace("-landline", "-mobile")


def metadata(region: str) -> PhoneMetadata:
    """What the phonenumbers package knows of a region. Raises UsageError where it knows nothing."""
    known = PhoneMetadata.metadata_for_region(region)
    if known is None:
        raise UsageError(f'country "{region}" is not known; write two letters such as GB, US or DE')
    return known


def as_csv(rows: Iterable[Destination]) -> str:
    """destinations.csv."""
    text = StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER.split(","))
    writer.writerows((row.prefix, row.destination, row.group) for row in rows)
    return text.getvalue()


def _of_code(code: int, home: str) -> Iterator[Destination]:
    """The destinations of one calling code; none for a network's, which has no country."""
    regions = [region for region in COUNTRY_CODE_TO_REGION_CODE[code] if region in names()]
    if not regions:
        return
    claims = [claim for region in sorted(regions, key=_ASKED_LAST.count) for claim in _claims(region)]
    groups = {_title(region, kind): _group(region, kind, home) for region in regions for kind in _KINDS}
    grown = tree(claims, Naming(_named, _rank))
    guests = (region for region in regions[1:] if not metadata(region).leading_digits)
    narrow = frozenset(_title(region, kind) for region in guests for kind in _KINDS)
    for prefix, title in prefixes(grown, _roots(regions), narrow).items():
        yield Destination(f"{code}{prefix}", title, groups[title])


def _roots(regions: Sequence[str]) -> dict[str, str]:
    """Prefix -> country whose own it is: a row that names the country itself, for decks with a single price for it."""
    leads = {region: metadata(region).leading_digits for region in regions[1:]}
    led = {lead: names()[region] for region, pattern in leads.items() if pattern for lead in spelled(parse(pattern))}
    return {"": names()[regions[0]], **led}


def _claims(region: str) -> Iterator[Claim]:
    """The region's patterns, in the order in which phonenumbers.number_type asks for them."""
    known = metadata(region)
    lead = parse(known.leading_digits) if known.leading_digits else None
    for kind in _OF_ITS_OWN.get(region, _KINDS):
        desc = getattr(known, kind)
        if desc and desc.national_number_pattern:
            yield Claim((region, kind), parse(desc.national_number_pattern), lead)


def _named(labels: Sequence[Label]) -> str:
    """What a number with these labels is called: the first one counts. What may be a landline counts as one."""
    region, kind = labels[0]
    return _title(region, kind)


def _rank(title: str) -> int:
    """Where the kind of a destination's name stands in the order of _FIRST."""
    return _FIRST.index(next((kind for kind in _FIRST if kind and title.endswith(f" {kind}")), ""))


def _title(region: str, kind: str) -> str:
    title = _KINDS[kind][0]
    everywhere = kind in _SHARED_KINDS and region == "US"
    return f"{_NORTH_AMERICA if everywhere else names()[region]} {title}".strip()


def _group(region: str, kind: str, home: str) -> str:
    group = _KINDS[kind][1]
    if group not in ("", "mobile"):
        return group
    if _country(region) == _country(home):
        return mobile_group(home) if group else landline_group(home)
    return "international-mobile" if group else "international"


def _country(region: str) -> str:
    return _PART_OF.get(region, region)


def main() -> None:
    """Write the destinations of an operator in the country named. Exit 2 where the arguments make no sense."""
    parser = ArgumentParser(prog="python -m callmeter.local.world", description="Write destinations.csv.")
    parser.add_argument("country", type=str.upper, help="the operator's own: GB, US, DE")
    parser.add_argument("file", type=Path, help="where to write: my-rates/destinations.csv")
    asked = parser.parse_args()
    try:
        asked.file.write_text(as_csv(world(asked.country)), encoding="utf-8", newline="")
    except (OSError, UsageError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
