"""The world's calling codes -> places with a prefix, a name, a group and a price band.

The prefixes come from the metadata of the phonenumbers package (ITU calling codes, national number
patterns); only the home country's ranges are listed by hand, as its operators know them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from random import Random
from re import fullmatch

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumberDesc

# Region (ISO 3166), price band from 1 (cheap) to 5 (dear), name.
_REGIONS = """
AC 5 Ascension Island|AD 2 Andorra|AE 3 United Arab Emirates|AF 4 Afghanistan|AG 3 Antigua and Barbuda
AI 3 Anguilla|AL 3 Albania|AM 3 Armenia|AO 3 Angola|AR 2 Argentina|AS 3 American Samoa|AT 1 Austria
AU 1 Australia|AW 3 Aruba|AX 2 Aland Islands|AZ 4 Azerbaijan|BA 3 Bosnia and Herzegovina|BB 3 Barbados
BD 2 Bangladesh|BE 1 Belgium|BF 4 Burkina Faso|BG 2 Bulgaria|BH 3 Bahrain|BI 4 Burundi|BJ 4 Benin
BM 2 Bermuda|BN 2 Brunei|BO 3 Bolivia|BQ 3 Bonaire|BR 2 Brazil|BS 3 Bahamas|BT 3 Bhutan|BW 3 Botswana
BY 4 Belarus|BZ 4 Belize|CD 4 Congo DR|CF 5 Central African Republic|CG 4 Congo|CH 2 Switzerland
CI 4 Ivory Coast|CK 5 Cook Islands|CL 2 Chile|CM 4 Cameroon|CN 1 China|CO 2 Colombia|CR 2 Costa Rica
CU 5 Cuba|CV 4 Cape Verde|CW 3 Curacao|CY 1 Cyprus|CZ 1 Czechia|DE 1 Germany|DJ 4 Djibouti|DK 1 Denmark
DM 3 Dominica|DO 2 Dominican Republic|DZ 4 Algeria|EC 3 Ecuador|EE 2 Estonia|EG 3 Egypt|ER 4 Eritrea
ES 1 Spain|ET 4 Ethiopia|FI 2 Finland|FJ 4 Fiji|FK 5 Falkland Islands|FM 4 Micronesia|FO 2 Faroe Islands
FR 1 France|GA 4 Gabon|GD 3 Grenada|GE 3 Georgia|GF 2 French Guiana|GH 3 Ghana|GI 2 Gibraltar|GL 4 Greenland
GM 4 Gambia|GN 4 Guinea|GP 2 Guadeloupe|GQ 4 Equatorial Guinea|GR 1 Greece|GT 3 Guatemala|GU 2 Guam
GW 5 Guinea-Bissau|GY 4 Guyana|HK 1 Hong Kong|HN 3 Honduras|HR 2 Croatia|HT 4 Haiti|HU 1 Hungary
ID 2 Indonesia|IE 1 Ireland|IL 1 Israel|IN 1 India|IO 5 Diego Garcia|IQ 3 Iraq|IR 3 Iran|IS 2 Iceland
IT 1 Italy|JM 3 Jamaica|JO 3 Jordan|JP 2 Japan|KE 3 Kenya|KG 3 Kyrgyzstan|KH 2 Cambodia|KI 5 Kiribati
KM 5 Comoros|KN 3 Saint Kitts and Nevis|KP 5 North Korea|KR 1 South Korea|KW 3 Kuwait|KY 3 Cayman Islands
KZ 2 Kazakhstan|LA 2 Laos|LB 3 Lebanon|LC 3 Saint Lucia|LI 3 Liechtenstein|LK 3 Sri Lanka|LR 4 Liberia
LS 4 Lesotho|LT 2 Lithuania|LU 1 Luxembourg|LV 4 Latvia|LY 4 Libya|MA 3 Morocco|MC 2 Monaco|MD 4 Moldova
ME 3 Montenegro|MG 5 Madagascar|MH 4 Marshall Islands|MK 3 North Macedonia|ML 4 Mali|MM 4 Myanmar
MN 2 Mongolia|MO 2 Macao|MP 2 Northern Mariana Islands|MQ 2 Martinique|MR 4 Mauritania|MS 3 Montserrat
MT 2 Malta|MU 3 Mauritius|MV 5 Maldives|MW 4 Malawi|MX 1 Mexico|MY 1 Malaysia|MZ 4 Mozambique|NA 3 Namibia
NC 4 New Caledonia|NE 4 Niger|NF 5 Norfolk Island|NG 3 Nigeria|NI 3 Nicaragua|NL 1 Netherlands|NO 1 Norway
NP 3 Nepal|NR 5 Nauru|NU 5 Niue|NZ 1 New Zealand|OM 3 Oman|PA 2 Panama|PE 2 Peru|PF 4 French Polynesia
PG 5 Papua New Guinea|PH 3 Philippines|PK 3 Pakistan|PL 1 Poland|PM 4 Saint Pierre and Miquelon
PR 1 Puerto Rico|PS 3 Palestine|PT 1 Portugal|PW 4 Palau|PY 2 Paraguay|QA 3 Qatar|RE 2 Reunion|RO 1 Romania
RS 3 Serbia|RU 2 Russia|RW 4 Rwanda|SA 3 Saudi Arabia|SB 5 Solomon Islands|SC 4 Seychelles|SD 3 Sudan
SE 1 Sweden|SG 1 Singapore|SH 5 Saint Helena|SI 2 Slovenia|SJ 2 Svalbard|SK 2 Slovakia|SL 5 Sierra Leone
SM 4 San Marino|SN 4 Senegal|SO 5 Somalia|SR 4 Suriname|SS 4 South Sudan|ST 5 Sao Tome and Principe
SV 3 El Salvador|SX 3 Sint Maarten|SY 3 Syria|SZ 3 Eswatini|TA 5 Tristan da Cunha|TC 3 Turks and Caicos
TD 4 Chad|TG 4 Togo|TH 2 Thailand|TJ 3 Tajikistan|TK 5 Tokelau|TL 5 Timor-Leste|TM 3 Turkmenistan
TN 5 Tunisia|TO 5 Tonga|TR 2 Turkey|TT 3 Trinidad and Tobago|TV 5 Tuvalu|TW 2 Taiwan|TZ 4 Tanzania
UA 3 Ukraine|UG 3 Uganda|US 1 USA and Canada|UY 2 Uruguay|UZ 2 Uzbekistan|VA 2 Vatican City
VC 3 Saint Vincent|VE 2 Venezuela|VG 3 British Virgin Islands|VI 2 US Virgin Islands|VN 2 Vietnam
VU 5 Vanuatu|WF 5 Wallis and Futuna|WS 5 Samoa|XK 4 Kosovo|YE 3 Yemen|ZA 2 South Africa|ZM 4 Zambia
ZW 4 Zimbabwe
"""

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
    """One row of destinations.csv. `kind` and `band` (1 cheap .. 5 dear) decide what decks ask for it."""

    prefix: str
    destination: str
    group: str
    kind: str
    band: int


@cache
def places() -> tuple[Place, ...]:
    """Every place, by prefix; no prefix twice."""
    found = {place.prefix: place for place in _abroad()}
    found |= {place.prefix: place for place in (*_listed(_HOME), *_listed(_NETWORKS))}
    return tuple(found[prefix] for prefix in sorted(found))


@cache
def regions() -> dict[str, tuple[int, str]]:
    """Region -> (price band, name)."""
    words = (entry.split(" ", 2) for entry in _REGIONS.replace("\n", "|").split("|") if entry)
    return {region: (int(band), name) for region, band, name in words}


def metadata(region: str) -> PhoneMetadata:
    """What the phonenumbers package knows of a region. Raises LookupError where it knows nothing."""
    known = PhoneMetadata.metadata_for_region(region)
    if known is None:
        raise LookupError(f"no phone metadata for region {region}")
    return known


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
