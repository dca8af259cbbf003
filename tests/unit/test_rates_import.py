"""Decks as they really come: each oddity read as meant, or refused with its place; nothing guessed silently."""

import codecs
import csv
from datetime import date
from fractions import Fraction
from io import StringIO
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from callmeter.catalogue.compile import compile_catalogue
from callmeter.catalogue.decks import DECK_HEADERS
from callmeter.catalogue.importing import Choices, Import, alias_table, deck_text, facts, understand, write_deck
from callmeter.catalogue.importing.headers import ALIASES, recognised
from callmeter.catalogue.importing.increments import increments
from callmeter.catalogue.importing.prefixes import covering
from callmeter.errors import BrokenCatalogue, Problem, UnreadableFile, UsageError
from callmeter.rating.engine import engine
from rating_kit import write_rates

ROOT = Path(__file__).parents[2]
DECKS = ROOT.parent / "shared" / "data" / "decks"
TODAY = date(2026, 9, 16)
Row = dict[str, str]

needs_decks = pytest.mark.skipif(not DECKS.is_dir(), reason="the real decks are not here")


def read(path: Path, *, existing: Path | None = None, amend: bool = False, **stated: Any) -> Import:
    """The file understood; every row of it is accounted for, once."""
    found = understand(
        path, path.name, Choices(**stated), timezone="Europe/London", today=TODAY, existing=existing, amend=amend
    )
    lines = [line for dropped in found.dropped.values() for line in dropped]
    assert found.rows_in == found.imported + len(lines)
    assert len(lines) == len(set(lines))
    return found


def given(folder: Path, content: str | bytes, **stated: Any) -> Import:
    path = folder / "deck.csv"
    path.write_bytes(content if isinstance(content, bytes) else dedent(content).lstrip("\n").encode())
    return read(path, **stated)


def deck(found: Import) -> list[Row]:
    """The rows as written, without blanks."""
    return [
        {name: cell for name, cell in row.items() if cell} for row in csv.DictReader(StringIO(deck_text(found.rows)))
    ]


def prefixes(found: Import) -> list[str]:
    return [row["prefix"] for row in deck(found)]


def rates_of(found: Import) -> dict[str, str]:
    return {row["prefix"]: row.get("rate", "") for row in deck(found)}


def problems(folder: Path, content: str | bytes, **stated: Any) -> list[Problem]:
    with pytest.raises(BrokenCatalogue) as refused:
        given(folder, content, **stated)
    return refused.value.problems


def refused(folder: Path, content: str | bytes, **stated: Any) -> Problem:
    [problem] = problems(folder, content, **stated)
    return problem


def prefix_column(*cells: str) -> str:
    """A deck with these prefix cells, each quoted, at prices of their own."""
    return "Code\tRate\n" + "".join(f'"{cell}"\t0.0{n}\n' for n, cell in enumerate(cells, start=1))


def rate_column(*cells: str) -> str:
    return "Code;Rate\n" + "".join(f"44{n};{cell}\n" for n, cell in enumerate(cells))


def reads_back(folder: Path, found: Import) -> int:
    """The written deck passes the reader of decks; how many rows it has there."""
    plans = f'[plans.basic]\ndeck = "retail"\ncurrency = "{found.currency or "GBP"}"\n'
    rates = write_rates(folder, plans=plans)
    write_deck(found.rows, rates / "decks" / "retail.csv")
    with engine() as (con, work):
        compile_catalogue(con, rates, work)
        return len(con.table("deck_rows"))


# ---- real decks


@needs_decks
def test_a_carriers_notice_gives_the_codes_prices_and_dates_that_its_upload_has(tmp_path: Path) -> None:
    notice = read(DECKS / "tcxc_acme_rate_notice.csv")
    upload = read(DECKS / "tcxc_acme_expected_upload.csv")
    # 447400-447409 is one prefix here and ten codes there; ASAP there is a date that has come here.
    expected = {row.prefix if not row.prefix.startswith("44740") else "44740": row for row in upload.rows}
    ours = {row.prefix: row for row in notice.rows}
    assert len(upload.rows) == 25
    assert ours.keys() == expected.keys()
    for prefix, row in ours.items():
        other = expected[prefix]
        assert (row.rate, row.first_increment, row.increment) == (other.rate, other.first_increment, other.increment)
        if other.effective_from:
            assert row.effective_from == other.effective_from
        else:
            assert row.effective_from <= TODAY.isoformat()
    assert ours["234805"].effective_to == expected["234805"].effective_to == "2026-09-20"
    assert ours["49152"].destination == "Germany Mobile - Vodafone"
    assert (notice.currency, facts(notice)["dates"]) == ("USD", "day/month/year")
    assert (notice.rows_in, notice.imported) == (17, 8)
    assert {reason: len(lines) for reason, lines in notice.dropped.items()} == {
        "before header": 6, "header": 1, "blank": 1, "footer": 1,
    }  # fmt: skip
    assert reads_back(tmp_path, notice) == 16


@needs_decks
def test_a_connection_charge_like_the_rate_in_every_row_is_warned_of_loudly(tmp_path: Path) -> None:
    found = read(DECKS / "ivozprovider_prices_sample.csv")
    assert len(found.rows) == found.imported == 4743
    assert deck(found)[0] == {
        "prefix": "9377", "destination": "Afghanistan", "rate": "0.273", "connect_fee": "0.273", "first_increment": "1",
        "increment": "1",
    }  # fmt: skip
    assert any("CONNECTION CHARGE EQUALS THE RATE IN EVERY ROW" in warning for warning in found.warnings)
    assert reads_back(tmp_path, found) == 4743
    without = read(DECKS / "ivozprovider_prices_sample.csv", mapped={"Connection charge": "ignore"})
    assert "connect_fee" not in deck(without)[0]
    assert without.warnings == []


@needs_decks
def test_area_code_and_exchange_get_the_1_before_them(tmp_path: Path) -> None:
    found = read(DECKS / "npanxx_rates_excerpt.csv")
    assert deck(found)[:2] == [{"prefix": "1201200", "rate": "0.004356"}, {"prefix": "1201201", "rate": "0.011301"}]
    assert list(found.table.left_out) == ["Wireless", "Land Line"]
    assert reads_back(tmp_path, found) == 2999


@needs_decks
def test_an_011_that_lost_its_0_is_asked_for_and_not_guessed(tmp_path: Path) -> None:
    path = DECKS / "a2billing_import_sample.csv"
    with pytest.raises(BrokenCatalogue) as refusal:
        read(path)
    [problem] = refusal.value.problems
    assert (problem.line, problem.column, problem.code) == (2, 1, "lost-zero")
    assert "--strip 11" in problem.hint
    found = read(path, strip="11")
    assert rates_of(found) == {"9370": "0.8135", "93": "0.7866", "35538": "0.7076"}
    assert found.table.left_out == {"buyrate": '"rate initial" is the rate'}
    assert deck(found)[0]["first_increment"] == deck(found)[0]["increment"] == "30"
    assert reads_back(tmp_path, found) == 3


@needs_decks
@pytest.mark.parametrize(
    ("name", "rates"),
    [
        ("astpp_originationrates_sample.csv", {"1": "0.01", "44": "0.05"}),
        ("astpp_terminationrates_sample.csv", {"1": "0.05", "44": "0.06"}),
    ],
)
def test_astpps_samples_are_read(tmp_path: Path, name: str, rates: dict[str, str]) -> None:
    found = read(DECKS / name)
    assert rates_of(found) == rates
    assert [(row["first_increment"], row["increment"], row["connect_fee"]) for row in deck(found)] == [
        ("30", "60", "0"), ("30", "30", "0"),
    ] or name.startswith("astpp_term")  # fmt: skip
    assert found.currency == "USD"
    assert reads_back(tmp_path, found) == 2


@needs_decks
def test_a_file_without_a_header_takes_its_columns_as_stated_and_refuses_shifted_lines() -> None:
    path = DECKS / "comdif_fusionpbx_billing_sample.csv"
    with pytest.raises(BrokenCatalogue) as refusal:
        read(path)
    assert "--columns" in refusal.value.problems[0].hint
    columns = ("prefix", "destination", "", "", "", "rate", "")
    with pytest.raises(BrokenCatalogue) as refusal:
        read(path, columns=columns, per=Fraction(10000))
    assert [(problem.line, problem.code) for problem in refusal.value.problems] == [
        (2, "malformed-row"), (3, "malformed-row"),
    ]  # fmt: skip
    found = read(path, columns=columns, per=Fraction(10000), skip_bad=True)
    assert deck(found) == [{"prefix": "336", "destination": "France-mobile-06", "rate": "0.02"}]
    assert found.dropped == {"not understood": [2, 3]}


@needs_decks
@pytest.mark.parametrize("name", ["astpp_outbound_routes_excerpt.sql", "interconn_call_rates.sql"])
def test_an_sql_dump_is_called_what_it_is(name: str) -> None:
    with pytest.raises(UnreadableFile, match="is an SQL dump; export the table as CSV"):
        read(DECKS / name)


@needs_decks
@pytest.mark.parametrize("path", sorted((DECKS / "cgrates_oldtutorial").glob("*.csv")), ids=lambda path: path.name)
def test_tables_that_are_no_deck_are_refused_with_what_they_lack(path: Path) -> None:
    with pytest.raises(BrokenCatalogue) as refusal:
        read(path)
    assert refusal.value.problems[0].code in ("no-header", "bad-rate")


# ---- the file: encoding, delimiter, where the table is


PLAIN = "Code;Land;Preis\n49;Österreich;0,05\n43;Köln;0,5\n"


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (PLAIN.encode(), "UTF-8"),
        (codecs.BOM_UTF8 + PLAIN.encode(), "UTF-8 with byte order mark"),
        (PLAIN.encode("latin-1"), "Windows-1252 (Latin-1)"),
        (PLAIN.encode("utf-16"), "UTF-16"),
        (PLAIN.encode("utf-16-le"), "UTF-16"),
        (PLAIN.encode("utf-16-be"), "UTF-16"),
        (PLAIN.encode().replace(b"K\xc3\xb6ln", b"K\xf6ln"), "UTF-8, but 1 lines in Windows-1252"),
        (PLAIN.replace("\n", "\r\n").encode(), "UTF-8"),
        (PLAIN.replace("\n", "\r").encode(), "UTF-8"),
    ],
)
def test_any_encoding_and_line_end_gives_the_same_deck(tmp_path: Path, content: bytes, encoding: str) -> None:
    found = given(tmp_path, content)
    assert found.table.sheet.encoding == encoding
    assert deck(found) == [
        {"prefix": "49", "destination": "Österreich", "rate": "0.05"},
        {"prefix": "43", "destination": "Köln", "rate": "0.5"},
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    found = given(tmp_path, "Code,Destination,Rate\n44,UK,0.01\n".replace(",", delimiter))
    assert found.table.delimiter == delimiter
    assert rates_of(found) == {"44": "0.01"}


def test_the_table_is_found_between_notes_titles_repeated_headers_and_footers(tmp_path: Path) -> None:
    found = given(
        tmp_path,
        """
        ACME Carrier;;
        Price list;no. 7;
        ;;
        Code;Destination;Rate
        EUROPE;;
        44;UK;0.01

        Code;Destination;Rate
        49;Germany;0.02
        ASIA;;
        86;China;0.03
        Prices may change.;;
        """,
    )
    assert rates_of(found) == {"44": "0.01", "49": "0.02", "86": "0.03"}
    assert found.dropped == {
        "before header": [1, 2, 3], "header": [4], "title": [5, 10], "blank": [7], "repeated header": [8],
        "footer": [12],
    }  # fmt: skip


def test_a_line_break_in_quotes_stays_in_its_cell_and_lines_below_keep_their_numbers(tmp_path: Path) -> None:
    content = 'Code,Name,Rate\n"441\n442",UK,0.01\n49,Germany,x\n'
    assert refused(tmp_path, content).line == 4
    found = given(tmp_path, content, skip_bad=True)
    assert prefixes(found) == ["441", "442"]


def test_a_quote_that_never_closes_spoils_no_other_line(tmp_path: Path) -> None:
    found = given(tmp_path, 'Code,Name,Rate\n44,"UK,0.01\n49,5" pipe,0.02\n33,France,0.03\n')
    assert rates_of(found) == {"44": "0.01", "49": "0.02", "33": "0.03"}


def test_a_line_with_more_cells_than_the_header_is_refused(tmp_path: Path) -> None:
    problem = refused(tmp_path, "Code,Name,Rate\n44,UK,0,05\n")
    assert (problem.line, problem.code) == (2, "malformed-row")
    assert "4 cells" in problem.text


def test_a_line_that_ends_before_its_price_is_not_taken_for_a_blocked_one(tmp_path: Path) -> None:
    assert refused(tmp_path, "Code,Name,Rate\n44,UK\n49,Germany,0.1\n").code == "malformed-row"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\n \n", "the file is empty"),
        (b"%PDF-1.7 ...", "it is a PDF"),
        (b"\x1f\x8b\x08", "compressed with gzip"),
        (b"<html><table><tr><td>Code</td></tr></table>", "a web page or XML"),
        (b"PK\x03\x04 not really", "damaged, protected by a password, or no workbook"),
    ],
)
def test_what_is_no_deck_is_called_by_its_name(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(UnreadableFile, match=message):
        given(tmp_path, content)


def test_without_a_price_column_the_nearest_line_is_named(tmp_path: Path) -> None:
    problem = refused(tmp_path, "Company X\n\nDial Codes,Destination,Tariff EUR 2026\n44,UK,0.01\n")
    assert (problem.line, problem.code) == (3, "no-header")
    assert '"Tariff EUR 2026"' in problem.text
    assert "--columns" in problem.hint


# ---- columns


def test_every_alias_is_understood_as_the_column_it_stands_for() -> None:
    for meaning, names in ALIASES.items():
        for name in names:
            assert recognised(name.upper()) == (meaning, ""), name
    for name in ALIASES["rate"]:
        assert name in alias_table()


@pytest.mark.parametrize(
    ("header", "meaning"),
    [
        ("Code", "prefix"), ("Dial Code", "prefix"), ("Dial Code(s)", "prefix"), ("Dial Prefix", "prefix"),
        ("Complete Code", "prefix"), ("NPANXX", "prefix"), ("pattern", "prefix"), ("Area Code", "area_code"),
        ("Country Code", "country_code"), ("Price", "rate"), ("Rate/Min", "rate"), ("Cost / Min (USD)", "rate"),
        ("USD/min", "rate"), ("Per minute charge", "rate"), ("Rate (€/min)", "rate"),
        ("Connection charge", "connect_fee"), ("Connection Cost (USD)", "connect_fee"),
        ("Initial Increment", "first_increment"), ("Interval 1", "first_increment"), ("Increment", "increment"),
        ("Interval N", "increment"), ("Billing", "increments"), ("Charge period", "increments"),
        ("Effective", "effective_from"), ("Valid from", "effective_from"), ("Change", "status"),
        ("Discontinued", "discontinued"), ("Forbidden", "forbidden"), ("Price 1", "rate_first"), ("Price N", "rate"),
        ("Network", "network"), ("timeband", "band"), ("maxcost", "max_charge"), ("anumberprefix", "from_prefix"),
        ("origin prefix", "from_prefix"), ("Wireless", ""),
    ],
)  # fmt: skip
def test_headers_of_real_decks_are_understood(header: str, meaning: str) -> None:
    assert recognised(header)[0] == meaning


def test_every_header_that_the_deck_reader_knows_means_the_same_here() -> None:
    both = {"first_increment": {"first_increment", "increments"}, "destination": {"destination", "country"}}
    for column, headers in DECK_HEADERS.items():
        for header in headers:
            assert recognised(header)[0] in both.get(column, {column}), header


@pytest.mark.parametrize("path", sorted((ROOT / "rates" / "decks").glob("*.csv")), ids=lambda path: path.name)
def test_a_deck_of_ours_comes_through_whole(path: Path) -> None:
    found = read(path)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(found.rows) == found.imported == len(rows)
    assert [row.prefix for row in found.rows] == [
        row.get("prefix") or row.get("TargetPrefix") or row["digits"] for row in rows
    ]


def test_a_new_rate_wins_over_the_current_one_and_that_is_said(tmp_path: Path) -> None:
    found = given(tmp_path, "Code,Current Rate,New Rate\n44,0.01,0.02\n")
    assert rates_of(found) == {"44": "0.02"}
    assert found.notices[0] == '"New Rate" and "Current Rate" both mean rate: "New Rate" is taken'


def test_two_prices_that_differ_are_refused_until_one_is_stated(tmp_path: Path) -> None:
    content = "Code,Rate,Price\n44,0.01,0.02\n"
    problem = refused(tmp_path, content)
    assert problem.code == "ambiguous-columns"
    assert rates_of(given(tmp_path, content, mapped={"Price": "rate", "Rate": "ignore"})) == {"44": "0.02"}
    assert rates_of(given(tmp_path, content, mapped={"#2": "ignore"})) == {"44": "0.02"}


def test_two_price_columns_that_always_agree_are_fine(tmp_path: Path) -> None:
    assert rates_of(given(tmp_path, "Code,Rate,Price\n44,0.01,0.01\n")) == {"44": "0.01"}


def test_interstate_and_intrastate_prices_are_asked_for(tmp_path: Path) -> None:
    content = "NPANXX,Interstate,Intrastate\n201200,0.01,0.02\n"
    assert refused(tmp_path, content).code == "ambiguous-columns"
    found = given(tmp_path, content, mapped={"Intrastate": "rate"})
    assert rates_of(found) == {"1201200": "0.02"}


def test_a_first_price_must_be_the_later_one(tmp_path: Path) -> None:
    assert rates_of(given(tmp_path, "Prefix,Price 1,Price N\n44,0.010,0.01\n")) == {"44": "0.01"}
    problem = refused(tmp_path, "Prefix,Price 1,Price N\n44,0.5,0.01\n")
    assert (problem.line, problem.column, problem.code) == (2, 4, "two-prices")


def test_a_map_to_a_column_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match='no column "Prix"; the columns are: "Code", "Rate"'):
        given(tmp_path, "Code,Rate\n44,0.01\n", mapped={"Prix": "rate"})


def test_grace_time_that_is_not_nought_is_refused(tmp_path: Path) -> None:
    assert rates_of(given(tmp_path, "Code,Rate,Grace Time\n44,0.01,0\n")) == {"44": "0.01"}
    assert refused(tmp_path, "Code,Rate,Grace Time\n44,0.01,3\n").code == "unsupported-charge"


def test_stated_columns_need_no_header_and_skip_one_that_is_there(tmp_path: Path) -> None:
    columns = ("prefix", "destination", "", "rate")
    found = given(tmp_path, "44;UK;x;0,01\n49;Germany;y;0,02\n", columns=columns)
    assert rates_of(found) == {"44": "0.01", "49": "0.02"}
    assert found.table.delimiter == ";"
    found = given(tmp_path, "Code;Name;?;Rate\n44;UK;x;0,01\n", columns=columns)
    assert found.dropped == {"repeated header": [1]}
    with pytest.raises(UsageError, match='"colour" is no column'):
        given(tmp_path, "44;UK;x;0,01\n", columns=("prefix", "colour", "", "rate"))


# ---- prefixes


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["+44", "+33"], ["44", "33"]),
        (["0044", "0033"], ["44", "33"]),
        (["01144", "01133"], ["44", "33"]),
        (["49152, 49162; 49172|49173/49174"], ["49152", "49162", "49172", "49173", "49174"]),
        (["441\n442"], ["441", "442"]),
        (["4477-4479"], ["4477", "4478", "4479"]),
        (["447400-447409"], ["44740"]),
        (["447408-447421"], ["447408", "447409", "44741", "447420", "447421"]),
        (["447400\u2013447409", "33"], ["44740", "33"]),
        (["49152, 49172-49174"], ["49152", "49172", "49173", "49174"]),
        (["93-70", "355-38"], ["9370", "35538"]),
        (["82-01"], ["8201"]),
        (["61 38,39"], ["6138", "6139"]),
        (["336 07, 336 08"], ["33607", "33608"]),
        (["44 7400 1"], ["4474001"]),
        (["8480000xx", "44XX"], ["8480000", "44"]),
        (["^9375.*", "^937.*", "^93"], ["9375", "937", "93"]),
        (["_9375."], ["9375"]),
        (["'4477", '=""4478""'], ["4477", "4478"]),
        (["441,442,443"], ["441", "442", "443"]),
        (["(44) 20"], None),
        (["4.47E+11"], None),
        (["44.5"], None),
        (["447,400"], None),
        (["49152 49162"], None),
        (["61 38,6139"], None),
        (["020"], None),
        (["1234#44"], None),
        (["4479-4477"], None),
        (["447400-447409", "93-70"], None),
        (["*any"], None),
        (["^44(7|8).*"], None),
        (["44123456789012345"], None),
        (["1142", "44"], None),
        (["44", "01133"], None),
    ],
)
def test_prefix_cells(tmp_path: Path, cells: list[str], expected: list[str] | None) -> None:
    content = prefix_column(*cells)
    if expected is None:
        problem = refused(tmp_path, content)
        assert problem.line == 1 + len(cells) - (cells[0].startswith(("1142", "4474")) and len(cells) > 1)
        assert problem.hint
    else:
        assert prefixes(given(tmp_path, content)) == expected


@pytest.mark.parametrize(
    ("cells", "stated", "expected"),
    [
        (["1234#44", "1234#33"], {"strip": "1234#"}, ["44", "33"]),
        (["44", "01133"], {"international": "011"}, ["44", "33"]),
        (["49152 49162"], {"blanks": "list"}, ["49152", "49162"]),
        (["49152 49162"], {"blanks": "joint"}, ["4915249162"]),
        (["447400-447409"], {"hyphens": "joint"}, ["447400447409"]),
        (["49172-74"], {"hyphens": "range"}, ["49172", "49173", "49174"]),
        (["201200", "1201201", "212"], {"nanp": True}, ["1201200", "1201201", "1212"]),
    ],
)
def test_what_the_operator_states_of_prefixes_is_done(
    tmp_path: Path, cells: list[str], stated: dict[str, Any], expected: list[str]
) -> None:
    assert prefixes(given(tmp_path, prefix_column(*cells), **stated)) == expected


def test_a_range_leaves_a_shorter_prefix_of_the_file_to_its_own_row(tmp_path: Path) -> None:
    found = given(tmp_path, "Code,Rate\n447400-447409,0.01\n44740,0.05\n")
    assert prefixes(found) == [f"44740{n}" for n in range(10)] + ["44740"]


def test_a_range_is_the_fewest_prefixes_that_hold_exactly_its_numbers() -> None:
    for first, last in (("000", "999"), ("100", "200"), ("123", "987"), ("555", "555"), ("009", "101")):
        found = covering(first, last, frozenset(), "")
        held = {number for number in range(1000) if any(f"{number:03}".startswith(prefix) for prefix in found)}
        assert held == set(range(int(first), int(last) + 1))
        parents = [prefix[:-1] for prefix in found if len(prefix) > 1]
        assert all(parents.count(parent) < 10 for parent in parents)


def test_country_code_and_area_codes_in_two_columns_are_joined(tmp_path: Path) -> None:
    found = given(tmp_path, 'Country Code,Area Code,Rate\n44,,0.01\n44,"20, 121-123",0.02\n39,06,0.03\n+1,242,0.04\n')
    assert prefixes(found) == ["44", "4420", "44121", "44122", "44123", "3906", "1242"]
    assert "country code and area code are joined" in found.notices


def test_a_code_that_holds_its_country_code_is_not_joined_again(tmp_path: Path) -> None:
    content = "Country Code,Code,Rate\n44,4420,0.01\n49,4930,0.02\n33,,0.03\n"
    assert prefixes(given(tmp_path, content)) == ["4420", "4930", "33"]
    one_country = "Country Code,Code,Rate\n7,727,0.01\n7,7,0.02\n"
    assert refused(tmp_path, one_country).code == "ambiguous-codes"
    assert prefixes(given(tmp_path, one_country, codes="joined")) == ["7727", "77"]
    assert prefixes(given(tmp_path, one_country, codes="complete")) == ["727", "7"]


def test_codes_that_hold_their_country_code_only_now_and_then_are_asked_about(tmp_path: Path) -> None:
    content = "Country Code,Code,Rate\n44,4420,0.01\n49,4930,0.02\n33,1,0.03\n"
    assert refused(tmp_path, content).text == "2 of 3 codes begin with their country code: they may be whole"


def test_letters_in_the_country_code_column_are_no_part_of_the_prefix(tmp_path: Path) -> None:
    found = given(tmp_path, "Country Code,Prefix,Rate\nGB,44,0.01\n")
    assert prefixes(found) == ["44"]
    assert "Country Code" in found.table.left_out


def test_short_codes_keep_their_form_where_the_group_says_so(tmp_path: Path) -> None:
    found = given(tmp_path, "prefix,group,rate\n999,emergency,0\n*97,feature,0\n112,short,0\n44,uk,0.01\n")
    assert prefixes(found) == ["999", "*97", "112", "44"]


# ---- prices


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["0.0123", "1"], ["0.0123", "1"]),
        (["0,0123", "1,5"], ["0.0123", "1.5"]),
        (["1.234,56", "0,5"], ["1234.56", "0.5"]),
        (["1,234.56", "0.5"], ["1234.56", "0.5"]),
        (["1,234", "0.5"], ["1234", "0.5"]),
        (["1,234", "0,5"], ["1.234", "0.5"]),
        (["1.234"], ["1.234"]),
        (["$0.01", "$ 0.02"], ["0.01", "0.02"]),
        (["€0,01", "0,02 €"], ["0.01", "0.02"]),
        (["USD 0.01", "0.02 USD"], ["0.01", "0.02"]),
        (["0.05/min", "0.06 per minute"], ["0.05", "0.06"]),
        (["1e-05", "2.5E-3"], ["0.00001", "0.0025"]),
        (["1 234.5", "1'000.25"], ["1234.5", "1000.25"]),
        ([".05", "5."], ["0.05", "5"]),
        (["0.31135104", "0.123456789000"], ["0.31135104", "0.123456789"]),
        (["0.010", "0.00"], ["0.01", "0"]),
    ],
)
def test_price_cells(tmp_path: Path, cells: list[str], expected: list[str]) -> None:
    found = given(tmp_path, rate_column(*cells))
    assert list(rates_of(found).values()) == expected
    assert reads_back(tmp_path, found) == len(expected)


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        (["0.05", "0,05"], "mixed-decimals"),
        (["1,234"], "ambiguous-decimals"),
        (["0.1234567891"], "too-many-decimals"),
        (["abc"], "bad-rate"),
        (["-0.05"], "bad-rate"),
        (["(0.05)"], "bad-rate"),
        (["0.05%"], "bad-rate"),
        (["1.2.3"], "bad-rate"),
        (["200001"], "bad-rate"),
        (["0.05 0.06"], "bad-rate"),
        (["#REF!"], "bad-rate"),
    ],
)
def test_prices_that_are_none_are_refused_with_their_place(tmp_path: Path, cells: list[str], code: str) -> None:
    problem = refused(tmp_path, rate_column(*cells))
    assert (problem.line, problem.column, problem.code) == (1 + len(cells), 5, code)


def test_blank_is_not_allowed_nought_is_free_and_words_are_listed(tmp_path: Path) -> None:
    found = given(tmp_path, "Code,Rate\n44,\n45,0\n46,TBA\n47,N/A\n48,blocked\n49,-\n33,0.01\n34,free\n")
    rows = {row["prefix"]: row for row in deck(found)}
    assert [rows[prefix].get("allowed") for prefix in ("44", "47", "48", "49")] == ["no"] * 4
    assert all("rate" not in rows[prefix] for prefix in ("44", "46", "47", "48", "49"))
    assert (rows["45"]["rate"], rows["34"]["rate"], rows["46"]["late"]) == ("0", "0", "yes")
    assert "1 prices are blank: not allowed" in found.notices
    assert '1 prices are "TBA": price to follow (late)' in found.notices
    said = facts(found)
    assert (said["not_allowed"], said["free"], said["late"]) == (4, 2, 1)
    assert reads_back(tmp_path, found) == 8


def test_prices_in_cents_are_divided_only_where_that_is_stated(tmp_path: Path) -> None:
    problem = refused(tmp_path, "Code,Rate (cents)\n44,2.5\n")
    assert (problem.code, problem.line, problem.column) == ("other-unit", 1, 6)
    found = given(tmp_path, "Code,Rate (cents)\n44,2.5\n", per=Fraction(100))
    assert rates_of(found) == {"44": "0.025"}
    assert "prices are divided by 100" in found.notices
    found = given(tmp_path, "Code,Price in US cents\n44,2.5\n", per=Fraction(1))
    assert rates_of(found) == {"44": "2.5"}
    assert rates_of(given(tmp_path, "Code,Rate per second\n44,0.001\n", per=Fraction(1, 60))) == {"44": "0.06"}
    found = given(tmp_path, "Code,Rate\n44,200\n33,1000\n")
    assert any("whole number" in warning for warning in found.warnings)


def test_more_than_nine_decimals_are_rounded_only_where_that_is_stated(tmp_path: Path) -> None:
    found = given(tmp_path, rate_column("0.1234567885", "0.5"), rounded=True)
    assert list(rates_of(found).values()) == ["0.123456789", "0.5"]
    assert "1 prices are rounded half-up to 9 decimals" in found.notices


@pytest.mark.parametrize(
    "content",
    [
        "Code,Rate,Currency\n44,0.01,usd\n",
        "Currency: USD\n\nCode,Rate\n44,0.01\n",
        "Code,Rate (USD)\n44,0.01\n",
        "Code,Rate\n44,0.01 USD\n",
        "Code,Rate\n44,0.01\nAll prices in USD.\n",
    ],
)
def test_the_currency_is_found_wherever_it_is_stated(tmp_path: Path, content: str) -> None:
    assert deck(given(tmp_path, content)) == [{"prefix": "44", "rate": "0.01", "currency": "USD"}]
    problem = refused(tmp_path, content, currency="EUR")
    assert problem.code == "conflicting-currency"
    assert "--currency" in problem.text


def test_a_currency_of_notes_that_are_not_about_prices_says_nothing(tmp_path: Path) -> None:
    found = given(tmp_path, "ACME CAD department\nCode,Rate\n44,0.01\n", currency="EUR")
    assert found.currency == "EUR"


# ---- increments


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("60/1", ("60", "1")), ("60-1", ("60", "1")), ("60+60", ("60", "60")), ("60:1", ("60", "1")),
        ("60 / 1", ("60", "1")), ("30/6", ("30", "6")), ("60", ("60", "60")), ("60s/1s", ("60", "1")),
        ("1 sec", ("1", "1")), ("per second", ("1", "1")), ("per minute", ("60", "60")), ("1/1/1", ("1", "1")),
        ("60/60/60", ("60", "60")), ("60/1/1", ("60", "1")), ("30/6/6", ("30", "6")), ("0/60", ("0", "60")),
        ("", ("", "")),
    ],
)  # fmt: skip
def test_increments_in_one_cell(cell: str, expected: tuple[str, str]) -> None:
    assert increments("", cell, "", "") == expected


@pytest.mark.parametrize(
    "cell", ["60/60/1", "30/30/6", "60/0", "0", "x", "60/", "1/2/3/4", "2026-01-01", "01-Jan", "99999"]
)
def test_increments_that_could_be_two_things_or_none_are_refused(tmp_path: Path, cell: str) -> None:
    problem = refused(tmp_path, f"Code,Rate,Billing\n44,0.01,{cell}\n")
    assert (problem.line, problem.column, problem.code) == (2, 9, "bad-increment")


def test_increments_in_two_columns_and_a_minimum(tmp_path: Path) -> None:
    found = given(tmp_path, "Code,Rate,Min Time,Interval 1,Interval N\n44,0.01,30,6,6\n45,0.01,1,60,1\n")
    assert [(row["first_increment"], row["increment"]) for row in deck(found)] == [("30", "6"), ("60", "1")]
    assert refused(tmp_path, "Code,Rate,Min Time,Interval 1,Interval N\n44,0.01,60,1,60\n").code == "bad-increment"


# ---- dates and what changes


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["16/09/2026", "03/04/2026"], ["2026-09-16", "2026-04-03"]),
        (["09/16/2026", "03/04/2026"], ["2026-09-16", "2026-03-04"]),
        (["16.09.2026"], ["2026-09-16"]),
        (["16-09-26"], ["2026-09-16"]),
        (["2026-09-16", "2026/9/7"], ["2026-09-16", "2026-09-07"]),
        (["20260916"], ["2026-09-16"]),
        (["16-Sep-26", "1 October 2026"], ["2026-09-16", "2026-10-01"]),
        (["Sep 16, 2026"], ["2026-09-16"]),
        (["46281"], ["2026-09-16"]),
        (["46281.5"], ["2026-09-16 12:00"]),
        (["2026-09-16 00:00:00", "2026-09-16T14:30"], ["2026-09-16", "2026-09-16 14:30"]),
        (["16/09/2026 2:30 PM"], ["2026-09-16 14:30"]),
        (["2026-09-16T00:00:00Z"], ["2026-09-16 01:00"]),
        (["2026-12-16 00:00:00+00"], ["2026-12-16"]),
        (["ASAP", "immediate", "", "16/09/2026"], ["", "", "", "2026-09-16"]),
        (["03/03/2026"], ["2026-03-03"]),
    ],
)
def test_date_cells(tmp_path: Path, cells: list[str], expected: list[str]) -> None:
    rows = "".join(f"44{n}\t0.01\t{cell}\n" for n, cell in enumerate(cells))
    found = given(tmp_path, "Code\tRate\tEffective\n" + rows)
    assert [row.get("effective_from", "") for row in deck(found)] == expected
    assert reads_back(tmp_path, found) == len(cells)


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        (["03/04/2026", "05/06/2026"], "ambiguous-dates"),
        (["16/09/2026", "09/16/2026"], "mixed-dates"),
        (["2026-03-04", "16/09/2026"], "mixed-dates"),
        (["31/02/2026"], "bad-date"),
        (["soon"], "bad-date"),
        (["32/13/2026"], "bad-date"),
    ],
)
def test_dates_that_could_be_two_things_or_none_are_refused(tmp_path: Path, cells: list[str], code: str) -> None:
    rows = "".join(f"44{n},0.01,{cell}\n" for n, cell in enumerate(cells))
    problem = refused(tmp_path, "Code,Rate,Effective\n" + rows)
    assert (problem.code, problem.column) == (code, 10)


def test_ambiguous_dates_are_read_as_stated(tmp_path: Path) -> None:
    content = "Code,Rate,Effective\n44,0.01,03/04/2027\n"
    assert deck(given(tmp_path, content, dates="dmy"))[0]["effective_from"] == "2027-04-03"
    assert deck(given(tmp_path, content, dates="mdy"))[0]["effective_from"] == "2027-03-04"


def test_an_end_is_the_first_day_without_the_price_unless_stated(tmp_path: Path) -> None:
    content = "Code,Rate,Valid from,Valid to\n44,0.01,2026-01-01,2026-12-31\n33,0.01,2026-01-01,2026-12-31 23:59:59\n"
    found = given(tmp_path, content)
    assert [row["effective_to"] for row in deck(found)] == ["2026-12-31", "2027-01-01"]
    assert any("--last-day" in warning for warning in found.warnings)
    found = given(tmp_path, content.splitlines()[0] + "\n" + content.splitlines()[1] + "\n", last_day=True)
    assert deck(found)[0]["effective_to"] == "2027-01-01"


def test_an_end_in_the_year_9999_is_none(tmp_path: Path) -> None:
    content = "Code,Rate,End Date\n44,0.01,9999-12-31\n"
    assert "effective_to" not in deck(given(tmp_path, content, last_day=True))[0]


def test_closed_codes_end_on_their_date_and_those_closed_already_are_dropped(tmp_path: Path) -> None:
    found = given(
        tmp_path,
        """
        Code,Rate,Effective,Change
        441,0.01,2026-10-01,Closed
        442,0.01,2026-10-01,New
        443,0.01,2026-09-01,Deleted
        444,0.01,,Removed
        445,0.01,2026-10-01,Blocked
        446,0.01,2026-10-01,Unchanged
        """,
    )
    assert [(row["prefix"], row.get("effective_from"), row.get("effective_to")) for row in deck(found)] == [
        ("441", None, "2026-10-01"), ("442", "2026-10-01", None), ("445", None, "2026-10-01"),
        ("446", "2026-10-01", None),
    ]  # fmt: skip
    assert found.dropped["closed"] == [4, 5]


def test_a_change_that_is_not_known_is_refused(tmp_path: Path) -> None:
    problem = refused(tmp_path, "Code,Rate,Change\n44,0.01,D\n")
    assert (problem.line, problem.column, problem.code) == (2, 9, "bad-status")


def test_forbidden_and_discontinued_columns(tmp_path: Path) -> None:
    found = given(
        tmp_path,
        "Prefix,Price 1,Price N,Forbidden,Discontinued,Effective from\n"
        "44,1.5,1.5,1,0,ASAP\n45,1.5,1.5,0,1,2026-12-01\n",
    )
    assert deck(found) == [
        {"prefix": "44", "rate": "1.5", "allowed": "no"}, {"prefix": "45", "rate": "1.5", "effective_to": "2026-12-01"},
    ]  # fmt: skip


def test_a_date_above_the_table_is_pointed_at_and_taken_where_stated(tmp_path: Path) -> None:
    content = "Effective date: 01/10/2026\nCode,Rate\n44,0.01\n"
    assert any("state --effective" in warning for warning in given(tmp_path, content).warnings)
    found = given(tmp_path, content, effective=date(2026, 10, 1))
    assert deck(found)[0]["effective_from"] == "2026-10-01"


# ---- the same prefix twice


def test_a_row_that_says_the_same_is_dropped_and_counted(tmp_path: Path) -> None:
    found = given(tmp_path, "Code,Rate\n44,0.01\n44,0.010\n33,0.02\n")
    assert rates_of(found) == {"44": "0.01", "33": "0.02"}
    assert found.dropped["duplicate"] == [3]


def test_two_prices_for_one_prefix_are_refused_with_both_lines(tmp_path: Path) -> None:
    problem = refused(tmp_path, "Code,Rate\n44,0.01\n33,0.02\n44,0.03\n")
    assert (problem.line, problem.code) == (4, "overlapping-rows")
    assert problem.text == "prefix 44 has two prices at once, 0.01 and 0.03: lines 2 and 4"
    found = given(tmp_path, "Code,Rate\n44,0.01\n33,0.02\n44,0.03\n", skip_bad=True)
    assert rates_of(found) == {"33": "0.02"}
    assert found.dropped["not understood"] == [2, 4]


def test_two_prices_that_dates_keep_apart_are_both_taken(tmp_path: Path) -> None:
    header = "Code,Rate,Effective from,Effective to\n"
    content = header + "44,0.01,2026-01-01,\n44,0.03,2026-10-01,\n33,0.01,,2026-10-01\n33,0.02,2026-10-01,\n"
    assert reads_back(tmp_path, given(tmp_path, content)) == 4
    overlap = header + "44,0.01,2026-01-01,2026-11-01\n44,0.03,2026-10-01,\n"
    assert refused(tmp_path, overlap).code == "overlapping-rows"


def test_every_problem_is_said_at_once(tmp_path: Path) -> None:
    found = problems(tmp_path, "Code,Rate,Billing\nabc,x,1/1\n44,y,z\n33,0.01,1\n")
    assert [(one.line, one.column, one.code) for one in found] == [
        (2, 1, "bad-prefix"), (2, 5, "bad-rate"), (3, 4, "bad-rate"), (3, 6, "bad-increment"),
    ]  # fmt: skip


# ---- bands, callers, caps, directions


def test_peak_and_off_peak_columns_make_a_row_for_each_band(tmp_path: Path) -> None:
    found = given(tmp_path, "Code,Peak Rate,Off-Peak Rate,Weekend\n44,0.03,0.02,0.01\n")
    assert [(row["band"], row["rate"]) for row in deck(found)] == [
        ("peak", "0.03"),
        ("offpeak", "0.02"),
        ("weekend", "0.01"),
    ]
    assert facts(found)["bands"] == ["offpeak", "peak", "weekend"]
    stated = given(tmp_path, "Code,Peak Rate,Rate\n44,0.03,0.02\n", bands={"Peak Rate": "busy"})
    assert [(row.get("band"), row["rate"]) for row in deck(stated)] == [("busy", "0.03"), (None, "0.02")]


def test_rows_by_time_slot_get_their_band(tmp_path: Path) -> None:
    found = given(tmp_path, "Code,Rate,time_slot\n39,0.02,flat\n39848,0.04,peak\n39848,0.02,off_peak\n")
    assert [row.get("band") for row in deck(found)] == [None, "peak", "offpeak"]


def test_caps_callers_and_directions_are_kept(tmp_path: Path) -> None:
    found = given(
        tmp_path, "prefix,rate,max_charge,from_prefix,direction\n44,0.02,0.5,+4420,outbound\n44,0.01,,,inbound\n"
    )
    assert deck(found) == [
        {"prefix": "44", "rate": "0.02", "max_charge": "0.5", "from_prefix": "4420"},
        {"prefix": "44", "rate": "0.01", "direction": "inbound"},
    ]


def test_names_without_prefixes_make_a_deck_by_name(tmp_path: Path) -> None:
    found = given(tmp_path, 'traffic_direction,rate\n"Albania, mobile",0.41942400\nAlbania,0.15883776\n')
    assert deck(found) == [
        {"destination": "Albania, mobile", "rate": "0.419424"}, {"destination": "Albania", "rate": "0.15883776"},
    ]  # fmt: skip
    assert any("destinations.csv" in warning for warning in found.warnings)


# ---- a deck that is there already


EXISTING = "prefix,rate,effective_from\n44,0.01,\n33,0.02,\n49,0.03,2027-01-01\n"


def amended(folder: Path, content: str) -> dict[str, list[tuple[str, ...]]]:
    (folder / "there.csv").write_text(EXISTING, encoding="utf-8")
    found = given(folder, content, existing=folder / "there.csv", amend=True)
    rows: dict[str, list[tuple[str, ...]]] = {}
    for row in found.rows:
        rows.setdefault(row.prefix, []).append((row.rate, row.effective_from, row.effective_to))
    return rows


def test_an_amendment_wins_from_its_date_and_what_it_does_not_name_stays(tmp_path: Path) -> None:
    rows = amended(
        tmp_path, "Code,Rate,Effective,Change\n44,0.05,2026-10-01,Increase\n33,,2026-11-01,Closed\n39,0.07,,New\n"
    )
    assert rows == {
        "44": [("0.01", "", "2026-10-01"), ("0.05", "2026-10-01", "")],
        "33": [("0.02", "", "2026-11-01")],
        "49": [("0.03", "2027-01-01", "")],
        "39": [("0.07", "", "")],
    }


def test_an_amendment_without_a_date_takes_the_place_of_the_row(tmp_path: Path) -> None:
    assert amended(tmp_path, "Code,Rate\n44,0.05\n")["44"] == [("0.05", "", "")]


def test_an_amendment_takes_later_rows_of_its_prefix_away(tmp_path: Path) -> None:
    assert amended(tmp_path, "Code,Rate,Effective\n49,0.05,2026-10-01\n")["49"] == [("0.05", "2026-10-01", "")]
    assert "49" not in amended(tmp_path, "Code,Rate,Effective,Change\n49,,2026-10-01,Closed\n33,0.02,,Unchanged\n")


def test_a_replacement_says_what_changes(tmp_path: Path) -> None:
    (tmp_path / "there.csv").write_text(EXISTING, encoding="utf-8")
    found = given(tmp_path, "Code,Rate\n44,0.01\n33,0.05\n39,0.07\n", existing=tmp_path / "there.csv")
    assert found.changes == {"new": 1, "changed": 1, "unchanged": 1, "withdrawn": 1}
    assert prefixes(found) == ["44", "33", "39"]
