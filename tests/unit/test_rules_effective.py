"""When and for whom: dates on the days the clocks change, numbers that move, ways of calling and of dialling."""

from pathlib import Path

import pytest

from rating_kit import HEADER, ME, MONDAY, OPERATOR, Answer, calls, rate_in, rated, write_rates

UK = "+442071234567"

# zone, local day, the instant at which it begins: the days of both changes of the clock and the days after them
MIDNIGHTS = [
    ("Europe/London", "2026-03-29", "2026-03-29T00:00:00Z"),
    ("Europe/London", "2026-03-30", "2026-03-29T23:00:00Z"),
    ("Europe/London", "2026-10-25", "2026-10-24T23:00:00Z"),
    ("Europe/London", "2026-10-26", "2026-10-26T00:00:00Z"),
    ("America/New_York", "2026-03-08", "2026-03-08T05:00:00Z"),
    ("America/New_York", "2026-03-09", "2026-03-09T04:00:00Z"),
    ("America/New_York", "2026-11-01", "2026-11-01T04:00:00Z"),
    ("America/New_York", "2026-11-02", "2026-11-02T05:00:00Z"),
    ("Australia/Sydney", "2026-04-05", "2026-04-04T13:00:00Z"),
    ("Australia/Sydney", "2026-04-06", "2026-04-05T14:00:00Z"),
    ("Australia/Sydney", "2026-10-04", "2026-10-03T14:00:00Z"),
    ("Australia/Sydney", "2026-10-05", "2026-10-04T13:00:00Z"),
    ("Asia/Kolkata", "2026-10-25", "2026-10-24T18:30:00Z"),
    ("Africa/Cairo", "2026-04-24", "2026-04-23T22:00:00Z"),  # midnight is skipped: the day begins at 01:00
    ("America/Havana", "2026-11-01", "2026-11-01T04:00:00Z"),  # midnight comes twice: the first counts
]


def operator(zone: str) -> str:
    return OPERATOR.replace("Europe/London", zone)


def second_before(instant: str) -> str:
    """The instant a second before one at a full minute."""
    hour, minute = int(instant[11:13]), int(instant[14:16])
    day, minutes = int(instant[8:10]), (hour * 60 + minute - 1) % 1440
    return f"{instant[:8]}{day - (hour + minute == 0):02}T{minutes // 60:02}:{minutes % 60:02}:59Z"


# ---- dates of deck rows


@pytest.mark.parametrize(("zone", "day", "begins"), MIDNIGHTS)
def test_a_price_changes_as_the_operators_day_begins(tmp_path: Path, zone: str, day: str, begins: str) -> None:
    text = calls(f"old {UK} 60 {second_before(begins)}", f"new {UK} 60 {begins}")
    for deck in (
        f"prefix,rate,effective_from\n44,0.01,\n44,0.02,{day}\n",
        f"prefix,rate,effective_to\n44,0.01,{day}\n4,0.02,\n",
    ):
        answer = rated(tmp_path, text, operator=operator(zone), deck=deck)
        assert (answer.call("old")["charge"], answer.call("new")["charge"]) == ("0.010000", "0.020000")


def test_the_zone_of_account_and_pbx_changes_no_price(tmp_path: Path) -> None:
    """In Sydney, where the customer is, the 10th begins ten hours before it does in London."""
    accounts = "account_id,plan,numbers,timezone\nA1,basic,442079460001,Australia/Sydney\n"
    deck = "prefix,rate,effective_from\n44,0.01,\n44,0.02,2026-10-10\n"
    text = calls(f"old {UK} 60 2026-10-09T22:59:59Z", f"new {UK} 60 2026-10-09T23:00:00Z")
    answer = rated(tmp_path, text, deck=deck, accounts=accounts)
    assert (answer.call("old")["charge"], answer.call("new")["charge"]) == ("0.010000", "0.020000")


def test_the_start_decides_though_the_price_changes_during_the_call(tmp_path: Path) -> None:
    deck = "prefix,rate,effective_from\n44,0.01,\n44,0.02,2026-10-10\n"
    answer = rated(tmp_path, calls(f"c {UK} 7200 2026-10-09T22:59:59Z"), deck=deck)
    assert answer.call("c")["charge"] == "1.200000"  # 120 minutes at the old price


def test_between_two_dated_rows_a_shorter_prefix_serves(tmp_path: Path) -> None:
    deck = "prefix,rate,effective_from,effective_to\n4,0.09,,\n44,0.01,,2026-10-10\n44,0.02,2026-10-12,\n"
    days = ("2026-10-09", "2026-10-10", "2026-10-11", "2026-10-12")
    answer = rated(tmp_path, calls(*(f"c{day} {UK} 60 {day}T12:00:00Z" for day in days)), deck=deck)
    assert [row["prefix"] for row in answer.rows] == ["44", "4", "4", "44"]


# ---- numbers and logins that move


@pytest.mark.parametrize(("zone", "day", "begins"), MIDNIGHTS)
def test_a_number_moves_as_the_operators_day_begins(tmp_path: Path, zone: str, day: str, begins: str) -> None:
    accounts = f"account_id,plan,numbers,valid_from,valid_to\nOLD,basic,{ME},,{day}\nNEW,basic,{ME},{day},\n"
    text = calls(f"before {UK} 60 {second_before(begins)}", f"after {UK} 60 {begins}")
    answer = rated(tmp_path, text, operator=operator(zone), accounts=accounts)
    assert (answer.call("before")["account_id"], answer.call("after")["account_id"]) == ("OLD", "NEW")


MOVING = """\
account_id,plan,numbers,sip_logins,timezone,valid_from,valid_to
OLD,basic,442079460001,bob,Australia/Sydney,,2026-10-17
NEW,basic,442079460001,bob,America/New_York,2026-10-17,
"""
BEFORE, AFTER = "2026-10-16T22:59:59Z", "2026-10-16T23:00:00Z"


def test_calls_to_a_number_and_from_a_login_go_with_it_by_the_operators_midnight(tmp_path: Path) -> None:
    """17 October begins in London at 23:00 UTC on the 16th, wherever the customers are."""
    rows = [
        f"{name}-{way},{ends},{start},60,{way},{login}"
        for name, start in (("before", BEFORE), ("after", AFTER))
        for way, ends, login in (("in", f"{UK},{ME}", ""), ("out", f"anonymous,{UK}", "bob"))
    ]
    answer = rated(tmp_path, "\n".join((HEADER + ",direction,login", *rows)), accounts=MOVING)
    assert {row["call_id"]: row["account_id"] for row in answer.rows} == {
        "before-in": "OLD", "before-out": "OLD", "after-in": "NEW", "after-out": "NEW",
    }  # fmt: skip


def test_who_takes_over_a_number_takes_over_no_used_minutes(tmp_path: Path) -> None:
    """One free minute each; the first customer's second call, and the next one's, are charged."""
    plans = '[plans.basic]\ndeck = "retail"\ncurrency = "GBP"\n[[plans.basic.allowances]]\n'
    plans += 'name = "uk"\ngroups = ["uk"]\nminutes = 1\n'
    starts = ("2026-10-16T10:00:00Z", "2026-10-16T11:00:00Z", "2026-10-17T10:00:00Z", "2026-10-17T11:00:00Z")
    text = calls(*(f"c{n} {UK} 60 {start}" for n, start in enumerate(starts)))
    answer = rated(tmp_path, text, accounts=MOVING, plans=plans, deck="prefix,rate,group\n44,0.06,uk\n")
    assert [(row["account_id"], row["free_seconds"]) for row in answer.rows] == [
        ("OLD", "60"), ("OLD", "0"), ("NEW", "60"), ("NEW", "0"),
    ]  # fmt: skip


def test_the_same_id_before_and_after_a_move_is_two_calls(tmp_path: Path) -> None:
    """An identity counts once per account."""
    answer = rated(tmp_path, calls(f"x {UK} 60 {BEFORE}", f"x {UK} 60 {AFTER}"), accounts=MOVING)
    assert ([row["account_id"] for row in answer.rows], answer.summary.duplicates) == (["OLD", "NEW"], 0)


def test_before_and_after_its_time_an_account_has_no_calls(tmp_path: Path) -> None:
    accounts = f"account_id,plan,numbers,valid_from,valid_to\nA1,basic,{ME},2026-10-10,2026-10-12\n"
    starts = ("2026-10-09T22:59:59Z", "2026-10-09T23:00:00Z", "2026-10-11T22:59:59Z", "2026-10-11T23:00:00Z")
    answer = rated(tmp_path, calls(*(f"c{n} {UK} 60 {at}" for n, at in enumerate(starts))), accounts=accounts)
    assert (answer.ids, answer.reasons) == (["c1", "c2"], ["unknown-account"] * 2)


# ---- ways of calling

WAYS = HEADER + ",direction"
TOLL_FREE = """\
prefix,rate,direction,group,effective_from,connect_fee
44,0.06,,uk,,
44800,0.00,,freephone,,
44800,0.03,inbound,toll-free,,0.01
44800,0.04,inbound,toll-free,2026-10-10,0.01
"""
OWNERS = "account_id,plan,numbers\nA1,basic,442079460001 448001234567\nB1,basic,442079460002\n"


@pytest.fixture(scope="module")
def ways(tmp_path_factory: pytest.TempPathFactory) -> Answer:
    rows = [
        f"toll-free,+442071234567,+448001234567,{MONDAY},90,in",
        "later,+442071234567,+448001234567,2026-10-10T12:00:00Z,90,in",
        f"hidden,anonymous,08001234567,{MONDAY},60,in",
        f"missed,+442071234567,+448001234567,{MONDAY},0,in",
        f"to-freephone,{ME},+448009999999,{MONDAY},600,out",
        f"own-toll-free,{ME},+448001234567,{MONDAY},60,out",
        f"extension,{ME},201,{MONDAY},600,internal",
        f"own-number,{ME},+448001234567,{MONDAY},600,internal",
        f"colleague,{ME},442079460002,{MONDAY},60,out",
        f"plain,+442071234567,{ME},{MONDAY},600,in",
        f"from-colleague,442079460002,{ME},{MONDAY},60,in",
    ]
    return rated(tmp_path_factory.mktemp("ways"), "\n".join((WAYS, *rows)), deck=TOLL_FREE, accounts=OWNERS)


@pytest.mark.parametrize(
    ("call_id", "account", "charge"),
    [
        ("toll-free", "A1", "0.055000"),  # 0.01 + 0.03 x 90 / 60
        ("later", "A1", "0.070000"),  # 0.01 + 0.04 x 90 / 60
        ("hidden", "A1", "0.040000"),
        ("missed", "A1", "0.000000"),
        ("to-freephone", "A1", "0.000000"),
        ("own-toll-free", "A1", "0.000000"),  # outbound: the caller's side, the outbound row
        ("extension", "A1", "0.000000"),
        ("own-number", "A1", "0.000000"),
        ("colleague", "A1", "0.060000"),  # another account's number is a number like any other
        ("plain", "A1", "0.000000"),
        ("from-colleague", "A1", "0.000000"),  # inbound: the called side, though the caller is a customer too
    ],
)
def test_every_way_of_calling_has_its_side_and_its_row(ways: Answer, call_id: str, account: str, charge: str) -> None:
    assert (ways.call(call_id)["account_id"], ways.call(call_id)["charge"]) == (account, charge)


def test_inbound_minutes_use_an_allowance_for_their_group(tmp_path: Path) -> None:
    """One free minute: of 90 s half a minute is left, 0.01 + 0.03 x 30 / 60."""
    plans = '[plans.basic]\ndeck = "retail"\ncurrency = "GBP"\n[[plans.basic.allowances]]\n'
    plans += 'name = "in"\ngroups = ["toll-free"]\nminutes = 1\n'
    text = "\n".join((WAYS, f"c,{UK},+448001234567,{MONDAY},90,in"))
    answer = rated(tmp_path, text, deck=TOLL_FREE, accounts=OWNERS, plans=plans)
    assert (answer.call("c")["free_seconds"], answer.call("c")["charge"]) == ("60", "0.025000")


def test_an_internal_call_uses_no_allowance(tmp_path: Path) -> None:
    plans = '[plans.basic]\ndeck = "retail"\ncurrency = "GBP"\n[[plans.basic.allowances]]\n'
    plans += 'name = "uk"\ngroups = ["uk"]\nminutes = 1\n'
    rows = [f"a,{ME},{UK},2026-10-05T10:00:00Z,60,internal", f"b,{ME},{UK},2026-10-05T11:00:00Z,60,out"]
    answer = rated(tmp_path, "\n".join((WAYS, *rows)), deck=TOLL_FREE, plans=plans)
    assert {row["call_id"]: row["free_seconds"] for row in answer.rows} == {"a": "0", "b": "60"}


# ---- allowances across files


def test_allowances_go_by_start_through_files_in_any_order_and_copies_take_none(tmp_path: Path) -> None:
    """Three free minutes over four calls of 60, 90, 60 and 60 s, cut over three files, one of them sent twice."""
    plans = '[plans.basic]\ndeck = "retail"\ncurrency = "GBP"\n[[plans.basic.allowances]]\n'
    plans += 'name = "uk"\ngroups = ["uk"]\nminutes = 3\n'
    rates = write_rates(tmp_path, plans=plans, deck="prefix,rate,group\n44,0.06,uk\n")
    first = calls(f"c1 {UK} 60 2026-10-05T10:00:00Z", f"c4 {UK} 60 2026-10-05T13:00:00Z")
    second = calls(f"c2 {UK} 90 2026-10-05T11:00:00Z")
    third = calls(f"c3 {UK} 60 2026-10-05T12:00:00Z", f"c1 {UK} 60 2026-10-05T10:00:00Z")
    for files in ((first, second, third), (third, second, first), (second, first, second, third, first)):
        answer = rate_in(tmp_path, rates, *files)
        free = {row["call_id"]: row["free_seconds"] for row in answer.rows}
        assert free == {"c1": "60", "c2": "90", "c3": "30", "c4": "0"}
        assert answer.summary.charge["GBP"] * 1000 == 90  # 30 s and 60 s at 0.06 a minute


# ---- every form of a number, in one place

FORMS = {
    "+442071234567": "442071234567",
    "00442071234567": "442071234567",
    "020 7123 4567": "442071234567",
    "+44 (0)20 7123 4567": "442071234567",
    "9#+442071234567": "442071234567",
    "9#02071234567": "442071234567",
    "sip:+442071234567@carrier.example;user=phone": "442071234567",
    '"""Bob"" <sip:+442071234567@carrier.example>"': "442071234567",
    "999": "999",
    "*97": "*97",
    "118118": "118118",
}
CODES = "prefix,rate,group\n44,0.06,uk\n999,0,emergency\n*97,0,feature\n118118,3,short\n"


def test_every_form_of_a_called_number_is_read(tmp_path: Path) -> None:
    rows = [f"c{n:02},{ME},{written},{MONDAY},60" for n, written in enumerate(FORMS)]
    answer = rated(tmp_path, "\n".join((HEADER, *rows)), deck=CODES)
    assert [row["to_number"] for row in answer.rows] == list(FORMS.values())


@pytest.mark.parametrize("written", ["2025550100", "12025550100", "+12025550100", "0111 202 555 0100", "202-555-0100"])
def test_american_numbers_are_read_by_the_american_dial_plan(tmp_path: Path, written: str) -> None:
    american = 'country = "US"\ntimezone = "America/New_York"\ncurrency = "GBP"\n'
    rows = [f"c,{ME},{written},{MONDAY},60"]
    answer = rated(tmp_path, "\n".join((HEADER, *rows)), operator=american, deck="prefix,rate\n1,0.02\n")
    assert [row["to_number"] for row in answer.rows] == ["12025550100"]


def test_an_anonymous_caller_is_known_by_its_login(tmp_path: Path) -> None:
    accounts = f"account_id,plan,numbers,sip_logins\nA1,basic,{ME},alice\n"
    rows = [f"c{n},{caller},{UK},{MONDAY},60,Alice" for n, caller in enumerate(("anonymous", "", "101"))]
    answer = rated(tmp_path, "\n".join((HEADER + ",sip_login", *rows)), accounts=accounts)
    assert [(row["account_id"], row["from_number"]) for row in answer.rows] == [
        ("A1", "anonymous"), ("A1", ""), ("A1", "101"),
    ]  # fmt: skip
