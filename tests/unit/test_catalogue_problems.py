"""What is wrong in reference files is told with file, line, column, a stable code, and what to do about it."""

import re
from importlib.resources import files
from pathlib import Path

import pytest

from callmeter.errors import BrokenCatalogue
from rating_kit import OPERATOR, PLANS, problems, rate_in, write_rates

COLUMNS = (
    *("prefix", "rate", "destination", "group", "connect_fee", "first_increment", "increment", "per_call", "allowed"),
    *("late", "direction", "effective_from", "effective_to", "currency", "max_charge", "band", "from_prefix"),
)
DECK = "rates/decks/retail.csv"


def deck(*rows: dict[str, str]) -> str:
    filled = [{"prefix": "44", "rate": "0.06"} | row for row in rows]
    return "\n".join((",".join(COLUMNS), *(",".join(row.get(name, "") for name in COLUMNS) for row in filled))) + "\n"


def told(folder: Path, **reference: str | bytes | None) -> list[str]:
    """The problems as they are printed, hints in parentheses."""
    return [re.sub(r"\n +(.*)", r" (\1)", str(problem)) for problem in problems(folder, **reference)]


NO_PRICE = "is not a price of up to 9 decimals, 200000 at most"
WRITE_PRICE = "Write digits with a decimal point, such as 0.085."
WRITE_PREFIX = "Write digits of the number with country code, such as 4420."
NO_PREFIX = "is not 1 to 15 digits, the first from 1 to 9"
NO_CODE = "is not an emergency, short or feature code"
WRITE_CODE = "Write it as it is dialled: digits, * and #."
NO_SECONDS = "are not whole seconds: the first from 0, the next from 1, both up to 86400"
WRITE_SECONDS = "Write seconds such as 60, or first and next such as 60/1."
WRITE_DATE = "Write it as 2026-10-15."

# cells of one deck row -> column, code, text, hint
IN_A_DECK: list[tuple[dict[str, str], int, str, str, str]] = [
    ({"prefix": ""}, 1, "bad-prefix", "the prefix is empty", WRITE_PREFIX),
    ({"prefix": "44x"}, 1, "bad-prefix", f'prefix "44x" {NO_PREFIX}', WRITE_PREFIX),
    ({"prefix": "0044"}, 1, "bad-prefix", f'prefix "0044" {NO_PREFIX}', WRITE_PREFIX),
    ({"prefix": "1234567890123456"}, 1, "bad-prefix", f'prefix "1234567890123456" {NO_PREFIX}', WRITE_PREFIX),
    ({"prefix": "4{}"}, 1, "bad-prefix", f'prefix "4{{}}" {NO_PREFIX}', WRITE_PREFIX),
    (
        {"prefix": "", "destination": "Atlantis"}, 7, "unknown-destination",
        'destination "Atlantis" is not in destinations.csv', "Add its prefixes there, or give the row a prefix.",
    ),
    ({"prefix": "call", "group": "emergency"}, 1, "bad-code", f'"call" {NO_CODE}', WRITE_CODE),
    ({"prefix": "9", "group": "Short"}, 1, "bad-code", f'"9" {NO_CODE}', WRITE_CODE),
    ({"prefix": "", "group": "feature"}, 1, "bad-code", f'"" {NO_CODE}', WRITE_CODE),
    ({"rate": '"0,085"'}, 4, "bad-rate", f'rate "0,085" {NO_PRICE}', "Write 0.085."),
    ({"rate": "free"}, 4, "bad-rate", f'rate "free" {NO_PRICE}', WRITE_PRICE),
    ({"rate": "0.0000000001"}, 4, "bad-rate", f'rate "0.0000000001" {NO_PRICE}', WRITE_PRICE),
    ({"rate": "-1"}, 4, "bad-rate", f'rate "-1" {NO_PRICE}', WRITE_PRICE),
    ({"rate": "200000.1"}, 4, "bad-rate", f'rate "200000.1" {NO_PRICE}', WRITE_PRICE),
    ({"rate": "1e9"}, 4, "bad-rate", f'rate "1e9" {NO_PRICE}', WRITE_PRICE),
    ({"rate": "${x}"}, 4, "bad-rate", f'rate "${{x}}" {NO_PRICE}', WRITE_PRICE),
    (
        {"rate": ""}, 4, "no-rate", "the rate is empty",
        "Write a rate; only a late row, or one that is not allowed, may do without.",
    ),
    (
        {"max_charge": "x"}, len(COLUMNS) + 4, "bad-max-charge", f'max charge "x" {NO_PRICE}',
        "Write digits with a decimal point, such as 0.60.",
    ),
    (
        {"band": "peak"}, len(COLUMNS) + 5, "unknown-band", 'there is no band "peak" in operator.toml',
        "Add it there as [bands.NAME] with days and hours, or take the band out of the row.",
    ),
    (
        {"from_prefix": "0044"}, len(COLUMNS) + 6, "bad-from-prefix",
        'caller\'s prefix "0044" is not 1 to 15 digits, the first from 1 to 9',
        "Write digits of the caller's number with country code, such as 4420.",
    ),
    (
        {"connect_fee": "x"}, 11, "bad-connect-fee", f'connect fee "x" {NO_PRICE}',
        "Write digits with a decimal point, such as 0.05.",
    ),
    ({"first_increment": "60/0"}, 12, "bad-increment", f'increments "60/0" {NO_SECONDS}', WRITE_SECONDS),
    ({"first_increment": "60/1/1"}, 12, "bad-increment", f'increments "60/1/1" {NO_SECONDS}', WRITE_SECONDS),
    ({"first_increment": "-1"}, 12, "bad-increment", f'increments "-1" {NO_SECONDS}', WRITE_SECONDS),
    ({"first_increment": "86401"}, 12, "bad-increment", f'increments "86401" {NO_SECONDS}', WRITE_SECONDS),
    (
        {"first_increment": "60", "increment": "0"}, 12, "bad-increment",
        f'increments "60 and 0" {NO_SECONDS}', WRITE_SECONDS,
    ),
    ({"increment": "1.5"}, 13, "bad-increment", f'increments "1.5" {NO_SECONDS}', WRITE_SECONDS),
    ({"per_call": "maybe"}, 14, "bad-truth", 'per_call "maybe" is neither yes nor no', "Write yes or no."),
    ({"allowed": "2"}, 15, "bad-truth", 'allowed "2" is neither yes nor no', "Write yes or no."),
    ({"late": "?"}, 16, "bad-truth", 'late "?" is neither yes nor no', "Write yes or no."),
    (
        {"direction": "up"}, 17, "bad-direction", 'direction "up" is neither outbound nor inbound',
        "Write outbound or inbound.",
    ),
    ({"effective_from": "15/10/2026"}, 18, "bad-date", '"15/10/2026" is not a date', WRITE_DATE),
    ({"effective_to": "2026-02-30"}, 19, "bad-date", '"2026-02-30" is not a date', WRITE_DATE),
    (
        {"effective_from": "2026-10-15", "effective_to": "2026-10-15"}, 29, "empty-span",
        "effective_to is not after effective_from, so the row is never in force",
        "Write a later date, or take the row out.",
    ),
    ({"currency": "gbp"}, 20, "bad-currency", 'currency "gbp" is not three capital letters', "Write it as EUR."),
]  # fmt: skip


@pytest.mark.parametrize(("cells", "column", "code", "text", "hint"), IN_A_DECK)
def test_a_bad_cell_of_a_deck(
    tmp_path: Path, cells: dict[str, str], column: int, code: str, text: str, hint: str
) -> None:
    assert told(tmp_path, deck=deck(cells)) == [f"{DECK}:2:{column}: {text} [{code}] ({hint})"]


CSV_AGAIN = "Write the line as CSV again."
OVERLAP = "Take one out, or give them dates that do not overlap."
OF_A_DECK: dict[str, list[str]] = {
    "": [f"{DECK}:1:1: the file is empty [empty-file] (Write a header and rows.)"],
    "\n \n": [f"{DECK}:1:1: the file is empty [empty-file] (Write a header and rows.)"],
    "prefix,destination\n44,UK\n": [
        f"{DECK}:1:1: there is no column rate [missing-column] (It may be called: price, rate, ratepermin, "
        "rateperminute, pricepermin, priceperminute, costpermin.)"
    ],
    "prefix,rate,conect_fee,latebil\n44,0.06,,\n": [
        f'{DECK}:1:13: there is no such column as "conect_fee" [unknown-column] (Did you mean connect_fee?)',
        f'{DECK}:1:24: there is no such column as "latebil" [unknown-column] (Did you mean latebill?)',
    ],
    'prefix,rate,destination\n44,0.06,"UK\n49,0,02,Germany\n': [
        f"{DECK}:2:1: a quote is opened and not closed [malformed-row] ({CSV_AGAIN})",
        f"{DECK}:3:1: the line has 4 fields, the header 3 [malformed-row] ({CSV_AGAIN})",
    ],
    "destination,rate\nAtlantis,0.06\n": [
        f'{DECK}:2:1: destination "Atlantis" is not in destinations.csv [unknown-destination] '
        "(Add its prefixes there, or give the row a prefix.)"
    ],
    "prefix,rate\n49,0.02\n44,0.06\n+44,0.07\n": [
        f"{DECK}:4:1: prefix 44 has two rows in force at once: lines 3 and 4 [overlapping-rows] ({OVERLAP})"
    ],
    "rate,prefix,effective_from,effective_to\n1,44,2026-01-01,2026-03-01\n2,44,2026-02-01,\n": [
        f"{DECK}:3:3: prefix 44 has two rows in force at once: lines 2 and 3 [overlapping-rows] ({OVERLAP})"
    ],
    "prefix,rate,direction\n44,0.06,local\n44,0.07,outbound\n44,0.08,inbound\n": [
        f"{DECK}:3:1: prefix 44 has two rows in force at once: lines 2 and 3 [overlapping-rows] ({OVERLAP})"
    ],
}


@pytest.mark.parametrize("content", OF_A_DECK)
def test_a_deck_that_is_wrong_as_a_whole(tmp_path: Path, content: str) -> None:
    assert told(tmp_path, deck=content) == OF_A_DECK[content]


def test_every_problem_of_every_deck_is_told_at_once(tmp_path: Path) -> None:
    rates = write_rates(
        tmp_path, deck=deck({"rate": "x", "late": "y!"}, {"prefix": "z"}), decks={"other": "prefix,rate\n1,\n"}
    )
    with pytest.raises(BrokenCatalogue) as raised:
        rate_in(tmp_path, rates, "")
    places = [(problem.file[12:], problem.line, problem.code) for problem in raised.value.problems]
    assert places == [
        ("other.csv", 2, "no-rate"), ("retail.csv", 2, "bad-rate"), ("retail.csv", 2, "bad-truth"),
        ("retail.csv", 3, "bad-prefix"),
    ]  # fmt: skip


def test_a_deck_in_another_currency_than_its_plan(tmp_path: Path) -> None:
    plans = '[plans.basic]\ndeck = "retail"\ncurrency = "EUR"\n'
    assert told(tmp_path, plans=plans, deck=deck({}, {"prefix": "45", "currency": "GBP"})) == [
        f"{DECK}:3:1: the row is in GBP, but plan basic is in EUR [currency-differs] "
        "(A deck is in the currency of the plans and carriers that use it.)"
    ]


def test_destinations(tmp_path: Path) -> None:
    content = 'prefix,destination\n,UK\n44,\n4x,UK\n44,UK again\n4420,"London\n4421,A,b\n'
    assert told(tmp_path, destinations=content) == [
        f'rates/destinations.csv:2:1: prefix "" is not 1 to 15 digits [bad-prefix] ({WRITE_PREFIX})',
        "rates/destinations.csv:3:4: the destination has no name [no-name] (Write its name, such as UK Mobile.)",
        f'rates/destinations.csv:4:1: prefix "4x" is not 1 to 15 digits [bad-prefix] ({WRITE_PREFIX})',
        "rates/destinations.csv:5:1: prefix 44 stands on line 3 already [twice] (Take one out.)",
        f"rates/destinations.csv:6:1: a quote is opened and not closed [malformed-row] ({CSV_AGAIN})",
        f"rates/destinations.csv:7:1: the line has 3 fields, the header 2 [malformed-row] ({CSV_AGAIN})",
    ]


ACCOUNT_COLUMNS = (
    "The columns are: account_id, name, plan, numbers, sip_logins, currency, timezone, anchor_day, ucrm_client_id, "
    "ucrm_service_id, email, language, valid_from, valid_to."
)
TWICE = "Give one of them a valid_to, the other a valid_from, or take it out of one."
OF_ACCOUNTS: list[tuple[str | bytes | None, list[str]]] = [
    (None, ["rates/accounts.csv: the file is not there [missing-file]"]),
    ("", ["1:1: the file is empty [empty-file] (Write a header and rows.)"]),
    ("numbers,account_id\n1,A1\n", [f"1:1: there is no column plan [missing-column] ({ACCOUNT_COLUMNS})"]),
    (
        "account_id,plan,colour\nA1,basic,red\n",
        [f'1:17: there is no such column as "colour" [unknown-column] ({ACCOUNT_COLUMNS})'],
    ),
    (
        'account_id,plan,name\nA1,basic,"Bob\nB1,basic,Bo, Jr\n',
        [
            f"2:1: a quote is opened and not closed [malformed-row] ({CSV_AGAIN})",
            f"3:1: the line has 4 fields, the header 3 [malformed-row] ({CSV_AGAIN})",
        ],
    ),
    (
        "account_id,plan\nA1,gold\n\nB1,\n",
        [
            '2:4: there is no plan "gold" [unknown-plan] (The plans are: basic.)',
            '4:4: there is no plan "" [unknown-plan] (The plans are: basic.)',
        ],
    ),
    (
        "account_id,plan,anchor_day,currency,valid_from\nA1,basic,32,pounds,1/2/2026\n",
        [
            "2:13: currency: String should match pattern '^[A-Z]{3}$' [bad-value] "
            "(Write three capital letters such as GBP.)",
            "2:10: anchor_day: Input should be less than or equal to 31 [bad-value] "
            "(Write the day of the month on which its period begins, 1 to 31.)",
            "2:20: valid_from: Input should be a valid date or datetime, input is too short [bad-value] "
            f"({WRITE_DATE})",
        ],
    ),
    (
        "account_id,plan,timezone\nA1,basic,Europe/Londn\n",
        ['2:10: time zone "Europe/Londn" is not known [bad-timezone] (Write one such as Europe/London.)'],
    ),
    (
        "account_id,plan,currency\nA1,basic,EUR\n",
        [
            "2:10: the account's currency EUR is not its plan's, GBP [currency-differs] "
            "(Write GBP, or choose a plan in EUR.)"
        ],
    ),
    (
        "account_id,plan,valid_from,valid_to\nA1,basic,2026-10-15,2026-10-15\n",
        ["2:21: valid_to is not after valid_from [empty-span] (Write a later date.)"],
    ),
    (
        "account_id,plan,anchor_day,valid_from\nA1,basic,1,\nA1,basic,15,2026-10-15\n",
        [
            "3:1: A1 has another anchor_day here than on line 2 [account-differs] "
            "(Rows of one account may differ in numbers, logins, plan and dates only.)"
        ],
    ),
    (
        "account_id,plan,numbers\nA1,basic,442079460001 101\n",
        ['2:10: "101" is not a phone number [bad-number] (Write it as +442079460001, without blanks.)'],
    ),
    (
        "account_id,plan,numbers,sip_logins\nA1,basic,442079460001,bob\nB1,basic,02079460001,Bob\na1,basic,,\n",
        [
            f"3:22: login bob belongs to the account on line 2 at the same time [number-twice] ({TWICE})",
            f"3:10: number 442079460001 belongs to the account on line 2 at the same time [number-twice] ({TWICE})",
            f"4:1: code a1 belongs to the account on line 2 at the same time [number-twice] ({TWICE})",
        ],
    ),
    (b"account_id,plan,name\nA1,basic,Caf\xe9\n", ["2:13: this is not UTF-8 [bad-encoding] (Save the file as UTF-8.)"]),
]


@pytest.mark.parametrize(("content", "expected"), OF_ACCOUNTS)
def test_accounts(tmp_path: Path, content: str | bytes | None, expected: list[str]) -> None:
    whole = [line if line.startswith("rates/") else f"rates/accounts.csv:{line}" for line in expected]
    assert told(tmp_path, accounts=content) == whole


OF_THE_OPERATOR: list[tuple[str | bytes, list[str]]] = [
    ('country = "GB"\ncurrency = "GBP\n', ["2:16: Illegal character '\\n' [bad-toml] (Mend the line as TOML.)"]),
    (
        OPERATOR.replace("GBP", "pounds"),
        [
            "3:1: currency: String should match pattern '^[A-Z]{3}$' [bad-value] "
            '(Write three capital letters such as "GBP".)'
        ],
    ),
    (
        OPERATOR.replace("London", "Londn"),
        ['2:1: time zone "Europe/Londn" is not known [bad-timezone] (Write one such as Europe/London.)'],
    ),
    (
        OPERATOR.replace('GB"', 'ZZ"'),
        ['1:1: country "ZZ" is not known; write two letters such as GB, US or DE [bad-country]'],
    ),
    (
        f'{OPERATOR}curency = "EUR"\n',
        [
            '4:1: there is no such key as "curency" [unknown-key] (The keys are: country, timezone, currency, name, '
            "address, email, late_lookback, grace_hours, hide_digits, holidays, bands, billing.)"
        ],
    ),
    (
        f'{OPERATOR}name = "Caf\xe9"\n'.encode("cp1252"),
        ["4:12: this is not UTF-8 [bad-encoding] (Save the file as UTF-8.)"],
    ),
]


@pytest.mark.parametrize(("content", "expected"), OF_THE_OPERATOR)
def test_the_operator(tmp_path: Path, content: str, expected: list[str]) -> None:
    assert told(tmp_path, operator=content) == [f"rates/operator.toml:{line}" for line in expected]


PLAN_KEYS = (
    "The keys are: name, deck, currency, billing, charge_decimals, rounding, monthly_limit, blocked_groups, allowances."
)
OF_PLANS: dict[str, list[str]] = {
    "": ["1:1: there is no plan [no-plan] (Write one as [plans.NAME].)"],
    f'[other]\ndeck = "retail"\n{PLANS}': [
        '1:1: "other" stands outside [plans.NAME] [unknown-key] (Move it into a plan.)'
    ],
    f'[plans]\ndeck = "retail"\n{PLANS}': [
        '2:1: "deck" stands outside [plans.NAME] [unknown-key] (Move it into a plan.)'
    ],
    PLANS.replace("retail", "gold"): ['2:1: there is no deck "gold" [unknown-deck] (The decks are: retail.)'],
    f'{PLANS}rounding = "bank"\ncolour = "red"\n': [
        "4:1: plans.basic.rounding: Input should be 'half-up', 'up' or 'down' [bad-value] "
        '(Write "half-up", "up" or "down".)',
        f'5:1: there is no such key as "colour" [unknown-key] ({PLAN_KEYS})',
    ],
    f'{PLANS}[[plans.basic.allowances]]\nname = "a"\ngroups = []\nminutes = 5\n': [
        "6:1: plans.basic.allowances.0.groups: Tuple should have at least 1 item after validation, not 0 [bad-value] "
        '(Write at least one, as ["uk-landline"].)'
    ],
    '[plans.basic]\ncurrency = "GBP"\n': [
        "1:1: plans.basic.deck: Field required [bad-value] (Write the name of a file in decks/, without .csv.)"
    ],
}


@pytest.mark.parametrize("content", OF_PLANS)
def test_plans(tmp_path: Path, content: str) -> None:
    assert told(tmp_path, plans=content) == [f"rates/plans.toml:{line}" for line in OF_PLANS[content]]


def test_every_problem_that_sql_can_find_in_a_deck_is_tested_here() -> None:
    tested = {code for _, _, code, _, _ in IN_A_DECK} | {"malformed-row", "overlapping-rows"}
    folder = files("callmeter.sql").joinpath("catalogue")
    found = re.findall(
        r"'([a-z-]+)' as code",
        "".join(
            folder.joinpath(name).read_text(encoding="utf-8") for name in ("deck_problems.sql", "deck_overlaps.sql")
        ),
    )
    assert set(found) == tested
