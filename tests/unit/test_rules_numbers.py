"""Rule 2 of the design: what was dialled becomes E.164 digits, or a code that only its own deck row matches."""

from pathlib import Path

import pytest

from callmeter.rating.stages import Intake
from rating_kit import HEADER, ME, MONDAY, Answer, calls, rated

WORLD = "prefix,rate\n" + "".join(f"{digit},0.06\n" for digit in "123456789")
DIALLED_IN = {
    "GB": {
        "+442071234567": "442071234567",
        "00442071234567": "442071234567",
        "442071234567": "442071234567",
        "02071234567": "442071234567",
        "020 7123 4567": "442071234567",
        "(020) 7123-4567": "442071234567",
        "+44.20.7123/4567": "442071234567",
        "+44 (0)20 7123 4567": "442071234567",
        "+44(0)2071234567": "442071234567",
        "0044 (0)20 7123 4567": "442071234567",
        "(0)20 7123 4567": "442071234567",
        "9#02071234567": "442071234567",
        "9#+442071234567": "442071234567",
        "12345#00442071234567": "442071234567",
        "%2B442071234567": "442071234567",
        "tel:+44-20-7123-4567": "442071234567",
        "tel:+44-20-7123-4567;ext=12": "442071234567",
        "sip:+442071234567@carrier.example;user=phone": "442071234567",
        "SIPS:02071234567@pbx.example:5061": "442071234567",
        "<sip:02071234567@pbx.example>": "442071234567",
        '"""Bob"" <+442071234567>"': "442071234567",
        "0049 30 123456": "4930123456",
        "+1 202 555 0100": "12025550100",
    },
    "US": {
        "+442071234567": "442071234567",
        "011442071234567": "442071234567",
        "011 44 20 7123 4567": "442071234567",
        "00442071234567": "442071234567",
        "2025550100": "12025550100",
        "12025550100": "12025550100",
        "(202) 555-0100": "12025550100",
        "1-202-555-0100": "12025550100",
        "442071234567": "442071234567",
    },
    "DE": {"030 123456": "4930123456", "0044 20 7123 4567": "442071234567", "4930123456": "4930123456"},
    "FR": {"06 12 34 56 78": "33612345678"},
    "AU": {"0011 44 20 7123 4567": "442071234567", "02 9374 4000": "61293744000"},
    "IT": {"06 1234 5678": "390612345678", "+39 06 1234 5678": "390612345678"},
    "DK": {"32 12 34 56": "4532123456"},
}
NO_NUMBERS = {
    "GB": ["anonymous", "VOICEMAIL", "+1800FLOWERS", "123456789012345678", "+999", "+0442071234567", "7", "12345#"],
    "US": ["5550100"],
}


@pytest.mark.parametrize("country", DIALLED_IN)
def test_a_number_is_the_same_however_it_was_dialled(tmp_path: Path, country: str) -> None:
    written = DIALLED_IN[country]
    lines = [f"c{n:02},+{ME},{text},{MONDAY},60" for n, text in enumerate(written)]
    answer = rated(tmp_path, "\n".join((HEADER, *lines)), intake=Intake(country=country), deck=WORLD)
    assert dict(zip(written, (row["to_number"] for row in answer.rows), strict=True)) == written


@pytest.mark.parametrize("country", NO_NUMBERS)
def test_what_is_no_number_is_a_reject(tmp_path: Path, country: str) -> None:
    lines = [f"c{n},+{ME},{text},{MONDAY},60" for n, text in enumerate(NO_NUMBERS[country])]
    answer = rated(tmp_path, "\n".join((HEADER, *lines)), intake=Intake(country=country), deck=WORLD)
    assert answer.reasons == ["bad-number"] * len(lines)
    assert [reject["detail"] for reject in answer.rejects] == [f'to "{text}"' for text in NO_NUMBERS[country]]


def test_the_callers_number_is_read_by_the_same_dial_plan(tmp_path: Path) -> None:
    forms = ("020 7946 0001", "+44 (0)20 7946 0001", "00442079460001", "sip:02079460001@pbx.example", "9#02079460001")
    lines = [f"c{n},{text},+442071234567,{MONDAY},60" for n, text in enumerate(forms)]
    answer = rated(tmp_path, "\n".join((HEADER, *lines)))
    assert [(row["account_id"], row["from_number"]) for row in answer.rows] == [("A1", ME)] * len(forms)


def test_an_accounts_own_numbers_may_be_written_as_they_are_dialled(tmp_path: Path) -> None:
    accounts = "account_id,plan,numbers\nA1,basic,+442079460001 02079460002 00442079460003\n"
    lines = [f"c{n},+44207946000{n},+442071234567,{MONDAY},60" for n in (1, 2, 3)]
    answer = rated(tmp_path, "\n".join((HEADER, *lines)), accounts=accounts)
    assert answer.ids == ["c1", "c2", "c3"]


# ---- codes

CODES = """\
prefix,rate,group
44,0.06,uk
9,0.40,other
99,0.50,satellite
999,0,emergency
118118,3.00,short
*97,0.07,feature
"""


@pytest.fixture(scope="module")
def coded(tmp_path_factory: pytest.TempPathFactory) -> Answer:
    folder = tmp_path_factory.mktemp("codes")
    dialled = (
        *("police 999", "world +99912345678", "directory 118118", "voicemail *97"),
        *("police2 112", "short 1181", "silent 112 0", "longer 9991"),
    )
    return rated(folder, calls(*dialled), deck=CODES)


def test_a_code_is_charged_by_its_own_row(coded: Answer) -> None:
    found = {name: (coded.call(name)["prefix"], coded.call(name)["charge"]) for name in ("directory", "voicemail")}
    assert found == {"directory": ("118118", "3.000000"), "voicemail": ("*97", "0.070000")}


def test_999_is_the_emergency_row_not_prefix_99_or_9(coded: Answer) -> None:
    assert (coded.call("police")["prefix"], coded.call("police")["charge"]) == ("999", "0.000000")


def test_a_number_that_begins_as_a_code_does_is_a_number(coded: Answer) -> None:
    assert (coded.call("world")["prefix"], coded.call("world")["charge"]) == ("99", "0.500000")


def test_a_code_without_a_row_of_its_own_has_no_rate(coded: Answer) -> None:
    found = {reject["line"]: reject["reason"] for reject in coded.rejects}
    assert found == {"6": "no-rate", "7": "no-rate", "9": "no-rate"}  # 112, 1181 and 9991


def test_an_unanswered_code_needs_no_row(coded: Answer) -> None:
    assert coded.call("silent")["status"] == "unanswered"


def test_without_a_code_row_999_matches_nothing(tmp_path: Path) -> None:
    deck = "prefix,rate,group\n9,0.40,other\n99,0.50,other\n999,0.60,other\n"
    answer = rated(tmp_path, calls("c 999"), deck=deck)
    assert answer.reasons == ["no-rate"]


def test_a_deck_row_is_a_code_by_its_destinations_group(tmp_path: Path) -> None:
    destinations = "prefix,destination,group\n999,Police,emergency\n91,India,far\n"
    answer = rated(tmp_path, calls("c 999"), deck="prefix,rate\n999,0\n91,0.2\n", destinations=destinations)
    assert [(row["prefix"], row["destination"], row["group"]) for row in answer.rows] == [
        ("999", "Police", "emergency")
    ]


def test_a_deck_may_name_a_code_by_its_destination(tmp_path: Path) -> None:
    destinations = "prefix,destination,group\n999,Police,emergency\n112,Police,emergency\n"
    answer = rated(tmp_path, calls("a 999", "b 112"), deck="destination,rate\nPolice,0.25\n", destinations=destinations)
    assert [(row["prefix"], row["charge"]) for row in answer.rows] == [("999", "0.250000"), ("112", "0.250000")]


def test_a_prefix_that_begins_as_a_code_does_is_no_part_of_it(tmp_path: Path) -> None:
    """911 is the police, +91 11 is Delhi: neither takes the other's name or group."""
    destinations = (
        "prefix,destination,group\n91,India,far\n911,Police,emergency\n1,USA,near\n112,Police too,emergency\n"
    )
    deck = "prefix,rate,group\n9111,0.20,\n112,0,emergency\n"
    answer = rated(tmp_path, calls("delhi +911123456789", "police 112"), deck=deck, destinations=destinations)
    found = {row["call_id"]: (row["destination"], row["group"]) for row in answer.rows}
    assert found == {"delhi": ("India", "far"), "police": ("Police too", "emergency")}
