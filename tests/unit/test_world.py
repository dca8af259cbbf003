"""The world's destinations: each number goes where phonenumbers, asked number by number, says it does."""

import csv
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumber, PhoneNumberType, number_type, region_code_for_number

from callmeter.errors import UsageError
from callmeter.local.patterns import Claim, Label, Naming, Row, parse, prefixes, tree
from callmeter.local.world import Destination, as_csv, metadata, names, titles, world

ROOT = Path(__file__).resolve().parents[2]
TYPES = {
    "premium_rate": "Premium", "toll_free": "Freephone", "shared_cost": "Shared Cost", "voip": "VoIP",
    "personal_number": "Personal", "pager": "Pager", "uan": "Corporate", "voicemail": "Voicemail",
    "fixed_line": "", "mobile": "Mobile",
}  # fmt: skip
KIND_OF = {
    PhoneNumberType.PREMIUM_RATE: "Premium",
    PhoneNumberType.TOLL_FREE: "Freephone",
    PhoneNumberType.SHARED_COST: "Shared Cost",
    PhoneNumberType.VOIP: "VoIP",
    PhoneNumberType.PERSONAL_NUMBER: "Personal",
    PhoneNumberType.PAGER: "Pager",
    PhoneNumberType.UAN: "Corporate",
    PhoneNumberType.VOICEMAIL: "Voicemail",
    PhoneNumberType.FIXED_LINE: "",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "",
    PhoneNumberType.MOBILE: "Mobile",
}
GROUPS = {"international", "international-mobile", "toll-free", "service", "premium", "satellite"}


def place(number: str, home: str = "GB") -> Destination:
    """The row with the longest prefix of `number`."""
    rows = {row.prefix: row for row in world(home)}
    return next(rows[number[:n]] for n in range(len(number), 0, -1) if number[:n] in rows)


def expected(country_code: int, national: str) -> str | None:
    """What phonenumbers says of one number, in the words of destinations.csv; None where it says nothing."""
    if country_code == 212 and national.startswith(("5288", "5289")):
        return "Western Sahara"  # phonenumbers finds Morocco first, whose pattern has these numbers, too
    zeros = len(national) - len(national.lstrip("0"))
    number = PhoneNumber(
        country_code=country_code, national_number=int(national), italian_leading_zero=zeros > 0 or None,
        number_of_leading_zeros=zeros or None,
    )  # fmt: skip
    region, kind = region_code_for_number(number), number_type(number)
    if region is None or kind not in KIND_OF:
        return None
    shared = region == "US" and KIND_OF[kind] in ("Freephone", "Premium", "Personal")
    return f"{'USA and Canada' if shared else names()[region]} {KIND_OF[kind]}".strip()


def examples() -> Iterator[tuple[int, str]]:
    """phonenumbers' own example number of every region and kind."""
    for region in names():
        known = metadata(region)
        descs = (getattr(known, kind) for kind in TYPES)
        yield from ((int(known.country_code or 0), one.example_number) for one in descs if one and one.example_number)


def drawn(random: Random, row: Row) -> str:
    """A number of a pattern."""
    number = ""
    for piece in row:
        for _ in range(random.randint(piece.least, piece.most)):
            number += random.choice(sorted(piece.digits)) if piece.digits else drawn(random, random.choice(piece.rows))
    return number


def any_numbers(seed: int) -> Iterator[tuple[int, str]]:
    """Two numbers of each region's and kind's pattern."""
    random = Random(seed)  # noqa: S311 - any numbers will do
    for region in names():
        known = metadata(region)
        for kind in TYPES:
            desc = getattr(known, kind)
            if desc and desc.national_number_pattern:
                rows = sorted(parse(desc.national_number_pattern), key=written)
                yield from ((int(known.country_code or 0), drawn(random, random.choice(rows))) for _ in range(2))


def written(row: Row) -> str:
    return "".join(f"{sorted(one.digits)}({'|'.join(map(written, one.rows))}){one.least},{one.most}" for one in row)


def shares(numbers: Iterator[tuple[int, str]]) -> tuple[float, float]:
    """Shares of numbers whose place is the right one, and whose country at least is."""
    wanted = [(f"{code}{number}", expected(code, number)) for code, number in numbers]
    pairs = [(place(number).destination, name) for number, name in wanted if name]
    assert len(pairs) > 1000
    right = sum(found == name for found, name in pairs)
    at_home = sum(country(found) == country(name) for found, name in pairs)
    return right / len(pairs), at_home / len(pairs)


def country(name: str) -> str:
    return re.sub(f" ({'|'.join(kind for kind in TYPES.values() if kind)})$", "", name)


def test_examples_of_every_country_and_kind_are_found_there() -> None:
    right, at_home = shares(examples())
    print(f"example numbers: {right:.2%} of the right kind, {at_home:.2%} in the right country")  # noqa: T201
    # The rest are whole numbers with which longer ones of another kind begin: no prefix tells those apart.
    assert right > 0.98
    assert at_home == 1


@pytest.mark.parametrize("seed", range(3))
def test_any_numbers_go_where_their_patterns_say(seed: int) -> None:
    right, at_home = shares(any_numbers(seed))
    assert right > 0.98
    assert at_home > 0.998


# Numbers of plans that several countries share, and of networks without a country.
@pytest.mark.parametrize(
    ("number", "destination", "group"),
    [
        ("442079460123", "UK", "uk-landline"),
        ("447700900123", "UK Mobile", "uk-mobile"),
        ("447624123456", "Isle of Man Mobile", "international-mobile"),
        ("441534123456", "Jersey", "international"),
        ("447781123456", "Guernsey Mobile", "international-mobile"),
        ("448001234567", "UK Freephone", "toll-free"),
        ("449012345678", "UK Premium", "premium"),
        ("12125550123", "USA", "international"),
        ("14165550123", "Canada", "international"),
        ("18765230123", "Jamaica", "international"),
        ("18005550123", "USA and Canada Freephone", "toll-free"),
        ("77710009998", "Kazakhstan Mobile", "international-mobile"),
        ("79123456789", "Russia Mobile", "international-mobile"),
        ("390669812345", "Vatican City", "international"),
        ("390212345678", "Italy", "international"),
        ("4779123456", "Svalbard", "international"),
        ("35818123456", "Aland Islands", "international"),
        ("212528812345", "Western Sahara", "international"),
        ("262269601234", "Mayotte", "international"),
        ("262262161234", "Reunion", "international"),
        ("59994151234", "Curacao", "international"),
        ("5997151234", "Bonaire", "international"),
        ("61891621234", "Cocos Islands", "international"),
        ("870773111632", "Inmarsat", "satellite"),
        ("881631234567", "Iridium", "satellite"),
        ("882161234567", "Thuraya", "satellite"),
        ("979123456789", "International Premium", "premium"),
    ],
)
def test_a_known_number_goes_to_its_country(number: str, destination: str, group: str) -> None:
    found = place(number)
    assert (found.destination, found.group) == (destination, group)


@pytest.mark.parametrize(
    ("home", "number", "group"),
    [
        ("DE", "4930123456", "de-landline"),
        ("DE", "4915123456789", "de-mobile"),
        ("US", "12125550123", "us-national"),  # its numbers do not tell mobiles
        ("US", "14165550123", "international"),
        ("FI", "35818123456", "fi-landline"),  # a territory is home, too
        ("AX", "35818123456", "fi-landline"),
        ("AU", "61891621234", "au-landline"),
    ],
)
def test_the_operator_s_own_country_has_groups_of_its_own(home: str, number: str, group: str) -> None:
    assert place(number, home).group == group


@pytest.mark.parametrize("home", ["GB", "US", "IN", "JM", "GG"])
def test_every_row_is_needed_and_of_a_known_group(home: str) -> None:
    rows = world(home)
    assert 5_000 < len(rows) < 25_000
    assert len({row.prefix for row in rows}) == len(rows)
    own = {row.group for row in rows} - GROUPS
    assert own
    assert all(group.partition("-")[2] in ("landline", "mobile", "national") for group in own)
    of_name: dict[str, set[str]] = {}
    for row in rows:
        of_name.setdefault(row.destination, set()).add(row.group)
    assert all(len(groups) == 1 for groups in of_name.values())  # a deck may name a place without its prefixes
    assert titles(home) & of_name.keys()


def test_every_country_is_there_under_its_own_name() -> None:
    assert set(names().values()) <= {row.destination for row in world("GB")}
    with pytest.raises(UsageError, match='country "XX" is not known'):
        world("XX")


def test_the_sample_s_destinations_are_the_world_s(tmp_path: Path) -> None:
    """Whole: the sample only puts names of its own over the home country's."""
    script = [sys.executable, "-m", "callmeter.local.world", "gb", str(tmp_path / "world.csv")]
    subprocess.run(script, check=True)  # noqa: S603 - our own script
    assert (tmp_path / "world.csv").read_text() == as_csv(world("GB"))
    with (ROOT / "rates" / "destinations.csv").open(encoding="utf-8", newline="") as file:
        sample = [Destination(**row) for row in csv.DictReader(file)]
    abroad = [row for row in world("GB") if not row.prefix.startswith("44")]
    assert [row for row in sample if not row.prefix.startswith("44")] == abroad


def test_the_script_refuses_what_is_no_country(tmp_path: Path) -> None:
    script = [sys.executable, "-m", "callmeter.local.world", "XX", str(tmp_path / "world.csv")]
    ended = subprocess.run(script, check=False, capture_output=True, text=True)  # noqa: S603 - our own script
    assert (ended.returncode, 'country "XX" is not known' in ended.stderr) == (2, True)


# patterns, against trying every number


def patterns() -> st.SearchStrategy[str]:
    """Patterns of numbers with exactly three digits."""
    one = st.sampled_from(["\\d", "[13-5]", "2", "0", "[0-9]", "(?:1|[4-6])"])
    two = st.one_of(one.map(lambda piece: piece + "{2}"), st.sampled_from(["(?:1[23]|2\\d)", "(?:0\\d|71)", "\\d\\d"]))
    three = st.one_of(st.tuples(one, two), st.tuples(two, one), st.just(("[89]?", "7\\d\\d"))).map("".join)
    return st.lists(three.filter(lambda pattern: "?7" not in pattern), min_size=1, max_size=3).map("|".join)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(patterns(), min_size=1, max_size=4))
def test_the_longest_prefix_names_the_first_pattern_that_fits(claimed: list[str]) -> None:
    claims = [Claim((str(n),), parse(pattern)) for n, pattern in enumerate(claimed)]
    found = prefixes(tree(claims, Naming(first, len)), {"": "root"})
    for number in (f"{n:03}" for n in range(1000)):
        fitting = next((str(n) for n, pattern in enumerate(claimed) if re.fullmatch(pattern, number)), None)
        longest = next(found[number[:n]] for n in range(3, -1, -1) if number[:n] in found)
        assert fitting in (None, longest), number


def first(labels: Sequence[Label]) -> str:
    return labels[0][0]


def test_prefixes_of_equal_neighbours_are_one() -> None:
    claims = [Claim(("mobile",), parse("7[0-57-9]\\d{3}")), Claim(("pager",), parse("76\\d{3}"))]
    assert prefixes(tree(claims, Naming(first, len)), {"": "land"}) == {"": "land", "7": "mobile", "76": "pager"}


def test_a_narrow_name_does_not_spread_over_numbers_that_nobody_has() -> None:
    claims = [
        Claim(("uk",), parse("7[01]\\d")),
        Claim(("jersey",), parse("7[378]\\d")),
        Claim(("land",), parse("2\\d\\d")),
    ]
    found = prefixes(tree(claims, Naming(first, len)), {"": "land"}, frozenset(["jersey"]))
    assert found == {"": "land", "7": "uk", "73": "jersey", "77": "jersey", "78": "jersey"}


@pytest.mark.parametrize("pattern", ["7[", "(?:1", "a", "7)", "[1-", "7+"])
def test_a_pattern_of_another_kind_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        parse(pattern)
