"""Reference files -> one immutable catalogue: what is understood, what its version says, what survives saving it."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from callmeter.catalogue.compile import TABLES, Catalogue, compile_catalogue, open_catalogue, save_catalogue
from callmeter.errors import BrokenCatalogue, UsageError
from callmeter.rating.engine import engine
from rating_kit import ACCOUNTS, DECK, OPERATOR, PLANS, calls, rated, write, write_rates

DESTINATIONS = "prefix,destination,group\n44,UK,uk\n447,UK Mobile,mobile\n4478,UK Mobile,mobile\n49,Germany,far\n"


@contextmanager
def compiled(folder: Path, **reference: Any) -> Iterator[tuple[duckdb.DuckDBPyConnection, Catalogue]]:
    rates = write_rates(folder, **reference)
    with engine(allowed=[folder]) as (con, work):
        yield con, compile_catalogue(con, rates, work)


def deck_rows(con: duckdb.DuckDBPyConnection, *columns: str) -> list[tuple[Any, ...]]:
    quoted = ", ".join(f'"{column}"' for column in columns)
    return con.table("deck_rows").order("line, prefix").project(quoted).fetchall()


def version(folder: Path, **reference: Any) -> str:
    with compiled(folder, **reference) as (_, catalogue):
        return catalogue.version


# ---- decks

SHAPES = {
    "ours": (
        "prefix,rate,destination,first_increment,increment,per_call,allowed,late,direction,effective_from,effective_to,"
        "currency\n447,0.085,UK Mobile,60,1,no,yes,no,outbound,2026-01-01,2027-01-01,GBP\n"
    ),
    "as users asked": (
        "TargetName,TargetPrefix,Price,billingblock,billpercall,allowed,latebill,direction,effective_from,effective_to,"
        "currency\nUK Mobile,447,0.085,60/1,no,yes,no,,2026-01-01,2027-01-01,GBP\n"
    ),
    "as users asked, in the plural": (
        "latebill,allowed,billpercall,billingblocks,Price,TargetPrefix,TargetName,valid from,valid-to\n"
        "0,1,0,60/1,0.085,447,UK Mobile,2026-01-01,2027-01-01\n"
    ),
    "FusionPBX LCR": (
        "digits,rate,connect_increment,talk_increment,lcr_direction,date_start,date_end,currency,destination\n"
        "447,8.5e-2,60,1,outbound,2026-01-01 00:00:00,2027-01-01 00:00:00,GBP,UK Mobile\n"
    ),
    "a carrier's": (
        "\ufeffCode;Country;Rate per min;Initial Increment;Next_Increment;Effective Date;End-Date;Comment\r\n"
        "+447;UK Mobile;0.0850;60;1;2026-01-01;2027-01-01;whatever\r\n"
    ),
    "tab separated": (
        "rate\tprefix\tdestination\tbillingblock\tstart date\tend date\n"
        ".085\t447\tUK Mobile\t60/1\t2026-01-01\t2027-01-01\n"
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_deck_may_have_the_headers_that_carriers_and_pbxs_use(tmp_path: Path, shape: str) -> None:
    with compiled(tmp_path, deck=SHAPES[shape].encode()) as (con, _):
        columns = ("prefix", "rate_nanos", "destination", "first_increment", "increment", "per_call", "allowed", "late")
        assert deck_rows(con, *columns) == [("447", 85_000_000, "UK Mobile", 60, 1, False, True, False)]
        [(direction, starts_at, ends_at, currency)] = deck_rows(con, "direction", "starts_at", "ends_at", "currency")
        assert (direction, str(starts_at), str(ends_at), currency) == (
            "outbound", "2026-01-01 00:00:00", "2027-01-01 00:00:00", "GBP",
        )  # fmt: skip


@pytest.mark.parametrize(
    ("yes", "no"), [("yes", "no"), ("true", "false"), ("1", "0"), ("YES", "No"), ("t", "F"), ("y", "n")]
)
def test_truth_is_written_in_many_ways(tmp_path: Path, yes: str, no: str) -> None:
    deck = f"prefix,rate,per_call,allowed,late\n1,1,{yes},{yes},{yes}\n2,1,{no},{no},{no}\n3,1,,,\n"
    with compiled(tmp_path, deck=deck) as (con, _):
        assert deck_rows(con, "per_call", "allowed", "late") == [
            (True, True, True), (False, False, False), (False, True, False),
        ]  # fmt: skip


def test_rates_are_read_exactly(tmp_path: Path) -> None:
    cells = {"0.123456789": 123456789, "12": 12_000_000_000, "5.": 5_000_000_000, ".5": 500_000_000, "0": 0}
    cells |= {"0.1234567890000": 123456789, "200000": 200_000_000_000_000, "1e-05": 10_000, "1.5E-3": 1_500_000}
    cells |= {" 0.01 ": 10_000_000, '"0.02"': 20_000_000}
    deck = "prefix,rate\n" + "".join(f"{n + 10},{cell}\n" for n, cell in enumerate(cells))
    with compiled(tmp_path, deck=deck) as (con, _):
        assert [nanos for (nanos,) in deck_rows(con, "rate_nanos")] == list(cells.values())


def test_a_deck_may_name_destinations_instead_of_prefixes(tmp_path: Path) -> None:
    deck = "destination,rate\nUK,0.01\nuk mobile,0.08\n"
    with compiled(tmp_path, deck=deck, destinations=DESTINATIONS) as (con, _):
        assert deck_rows(con, "prefix", "rate_nanos", "group", "line") == [
            ("44", 10_000_000, "uk", 2), ("447", 80_000_000, "mobile", 3), ("4478", 80_000_000, "mobile", 3),
        ]  # fmt: skip


def test_a_row_without_a_prefix_goes_by_its_name_in_a_deck_that_has_both(tmp_path: Path) -> None:
    deck = "prefix,destination,rate\n44,UK,0.01\n,Germany,0.02\n"
    with compiled(tmp_path, deck=deck, destinations=DESTINATIONS) as (con, _):
        assert deck_rows(con, "prefix", "rate_nanos") == [("44", 10_000_000), ("49", 20_000_000)]


def test_names_and_groups_left_out_come_from_the_destinations(tmp_path: Path) -> None:
    deck = "prefix,rate,destination,group\n4420,1,,\n4477,1,,special\n441,1,Germany,\n33,1,,\n33612,1,Elsewhere,\n"
    with compiled(tmp_path, deck=deck, destinations=DESTINATIONS) as (con, _):
        assert deck_rows(con, "prefix", "destination", "group") == [
            ("4420", "UK", "uk"),  # by the longest prefix
            ("4477", "UK Mobile", "special"),  # its own group stands
            ("441", "Germany", "far"),  # by name before prefix
            ("33", "", ""),
            ("33612", "Elsewhere", ""),
        ]


def test_one_name_with_two_groups_goes_by_prefix(tmp_path: Path) -> None:
    destinations = "prefix,destination,group\n44,UK,uk\n449,UK,premium\n"
    with compiled(tmp_path, deck="destination,rate\nUK,1\n", destinations=destinations) as (con, _):
        assert deck_rows(con, "prefix", "group") == [("44", "uk"), ("449", "premium")]


def test_a_rates_folder_needs_no_destinations(tmp_path: Path) -> None:
    answer = rated(tmp_path, calls("c +442071234567"), destinations=None)
    assert [(row["destination"], row["group"], row["charge"]) for row in answer.rows] == [("", "", "0.060000")]


def test_columns_nobody_knows_are_left_alone(tmp_path: Path) -> None:
    with compiled(tmp_path, deck="prefix,rate,codec,notes,rates\n44,0.06,g711,keep,x\n") as (con, _):
        assert deck_rows(con, "prefix", "rate_nanos") == [("44", 60_000_000)]


def test_a_row_may_be_shorter_than_the_header(tmp_path: Path) -> None:
    with compiled(tmp_path, deck="prefix,rate,destination,group\n44,0.06\n49,0.02,,,,\n") as (con, _):
        assert deck_rows(con, "prefix") == [("44",), ("49",)]


# ---- operator, plans and accounts


def test_what_a_plan_leaves_out_has_the_designs_defaults(tmp_path: Path) -> None:
    with compiled(tmp_path) as (_, catalogue):
        plan = catalogue.plans["basic"]
        assert (plan.billing, plan.charge_decimals, plan.rounding, plan.monthly_limit) == ("deck", 4, "half-up", None)
        assert (plan.allowances, plan.blocked_groups) == ((), ())


def test_a_plan_says_everything_of_the_design(tmp_path: Path) -> None:
    plans = """\
    [plans.basic]
    name = "Basic"
    deck = "retail"
    currency = "GBP"
    billing = "per-minute"
    charge_decimals = 2
    rounding = "up"
    monthly_limit = 50.00
    blocked_groups = ["premium"]

    [[plans.basic.allowances]]
    name = "240 minutes"
    groups = ["uk", "mobile"]
    minutes = 240
    """
    with compiled(tmp_path, plans=plans) as (_, catalogue):
        plan = catalogue.plans["basic"]
        assert (plan.name, plan.monthly_limit, plan.blocked_groups) == ("Basic", Decimal("50.00"), ("premium",))
        assert (plan.allowances[0].groups, plan.allowances[0].minutes) == (("uk", "mobile"), 240)


def test_accounts_may_come_from_a_spreadsheet(tmp_path: Path) -> None:
    """Byte order mark, CRLF, semicolons, quotes, blank lines, columns in any order and case."""
    accounts = (
        '\ufeffPlan;Numbers;Account_ID;Name\r\nbasic;"442079460001  442079460002";A1;"Smith; ""Jr"""\r\n;;;\r\n\r\n'
    )
    with compiled(tmp_path, accounts=accounts.encode()) as (_, catalogue):
        [account] = catalogue.accounts.values()
        assert (account.account_id, account.name) == ("A1", 'Smith; "Jr"')
        assert account.numbers == ("442079460001", "442079460002")
        assert (account.currency, account.timezone, account.anchor_day) == ("GBP", "Europe/London", 1)


def test_of_an_account_with_several_rows_the_last_one_speaks(tmp_path: Path) -> None:
    accounts = """\
    account_id,plan,name,numbers,valid_from,valid_to
    A1,basic,New name,442079460001,2026-10-17,
    A1,basic,Old name,442079460001,,2026-10-17
    """
    with compiled(tmp_path, accounts=accounts) as (_, catalogue):
        assert catalogue.accounts["A1"].name == "New name"


def test_rows_of_one_account_may_hold_the_same_number(tmp_path: Path) -> None:
    """Not a contradiction, and no call twice: the row that began earlier keeps it."""
    accounts = "account_id,plan,numbers,valid_from\nA1,basic,442079460001,\nA1,basic,442079460001,2026-10-01\n"
    answer = rated(tmp_path, calls("c +442071234567"), accounts=accounts)
    assert (answer.ids, answer.summary.rows_in) == (["c"], 1)


def test_what_is_not_a_rates_folder_is_a_usage_error(tmp_path: Path) -> None:
    with engine() as (con, work), pytest.raises(UsageError, match="is not a folder"):
        compile_catalogue(con, tmp_path / "nowhere", work)


def test_a_plan_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with engine() as (con, work), pytest.raises(UsageError, match=r'there is no plan "gold"; the plans are: basic'):
        compile_catalogue(con, write_rates(tmp_path), work, plan="gold")


# ---- versions


def test_the_version_changes_with_any_content(tmp_path: Path) -> None:
    changes: list[dict[str, Any]] = [
        {},
        {"operator": f'{OPERATOR}name = "Us"\n'},
        {"plans": f"{PLANS}charge_decimals = 3\n"},
        {"deck": f"{DECK}45,0.06\n"},
        {"accounts": f"{ACCOUNTS}B1,basic,\n"},
        {"destinations": DESTINATIONS},
        {"decks": {"unused": DECK}},
    ]
    versions = [version(tmp_path / str(n), **change) for n, change in enumerate(changes)]
    assert len(set(versions)) == len(changes)


def test_the_version_does_not_change_with_place_or_time(tmp_path: Path) -> None:
    assert version(tmp_path / "one") == version(tmp_path / "two") == version(tmp_path / "one")


def test_the_version_is_that_of_the_accounts_used(tmp_path: Path) -> None:
    rates = write_rates(tmp_path)
    other = write(tmp_path / "accounts.csv", f"{ACCOUNTS}B1,basic,\n")
    found = set()
    for accounts in (None, other):
        with engine() as (con, work):
            found.add(compile_catalogue(con, rates, work, accounts=accounts).version)
    with engine() as (con, work):
        found.add(compile_catalogue(con, rates, work, plan="basic").version)
    assert len(found) == 3


# ---- saved and opened

FX = "date,base,quote,rate\n2026-01-01,GBP,USD,1.25\n"


def test_a_saved_catalogue_opens_as_it_was(tmp_path: Path) -> None:
    plans = f'{PLANS}monthly_limit = 12.50\n[[plans.basic.allowances]]\nname = "a"\ngroups = ["uk"]\nminutes = 5\n'
    accounts = "account_id,plan,name,numbers,valid_from\nA1,basic,Café,442079460001,2026-10-01\n"
    operator = f'{OPERATOR}holidays = ["12-25"]\n[bands.night]\nhours = ["22:00-06:00"]\n'
    decks = {"bought": "prefix,rate,group\n44,0.01,\n999,0,emergency\n"}
    reference = {
        "plans": plans,
        "accounts": accounts,
        "destinations": DESTINATIONS,
        "operator": operator,
        "decks": decks,
    }
    reference |= {"operator": operator, "carriers": '[carriers.c]\ndeck = "bought"\ncurrency = "USD"\n', "fx": FX}
    with compiled(tmp_path, **reference) as (con, catalogue):
        written = save_catalogue(con, catalogue, tmp_path / "saved")
        before = {table: con.table(table).fetchall() for table in TABLES}
        types = {table: con.table(table).types for table in TABLES}
    assert written[-1].name == "catalogue.json"
    with engine(allowed=[tmp_path / "saved"]) as (con, _):
        opened = open_catalogue(con, tmp_path / "saved")
        assert {table: con.table(table).fetchall() for table in TABLES} == before
        assert {table: con.table(table).types for table in TABLES} == types
    assert opened == catalogue
    assert [table for table in TABLES if not before[table]] == []


def test_the_same_files_are_saved_as_the_same_bytes(tmp_path: Path) -> None:
    contents = []
    for name in ("one", "two"):
        with compiled(tmp_path, destinations=DESTINATIONS) as (con, catalogue):
            contents.append([path.read_bytes() for path in save_catalogue(con, catalogue, tmp_path / name)])
    assert contents[0] == contents[1]


def test_a_broken_catalogue_leaves_no_half_of_it(tmp_path: Path) -> None:
    with pytest.raises(BrokenCatalogue) as raised, compiled(tmp_path, deck="prefix,rate\n44,x\n"):
        pass
    assert [problem.code for problem in raised.value.problems] == ["bad-rate"]
    assert "retail.csv:2:4: rate" in str(raised.value)
