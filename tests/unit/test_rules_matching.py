"""Rules 3 and 4 of the design: who pays for a call, which way it goes, and which deck row prices it."""

from pathlib import Path

from callmeter.rating.stages import Intake
from rating_kit import HEADER, ME, MONDAY, Answer, calls, rate_in, rated, write_rates

LONDON = "+442071234567"


def lines(header: str, *rows: str) -> str:
    return "\n".join((header, *rows)) + "\n"


# ---- the account, by the calling side


def test_the_calling_number_finds_its_account(tmp_path: Path) -> None:
    accounts = "account_id,plan,numbers\nA1,basic,442079460001\nB1,basic,442079460002 442079460003\n"
    text = lines(HEADER, *(f"c{n},+44207946000{n},{LONDON},{MONDAY},60" for n in range(1, 5)))
    answer = rated(tmp_path, text, accounts=accounts)
    assert {row["call_id"]: row["account_id"] for row in answer.rows} == {"c1": "A1", "c2": "B1", "c3": "B1"}
    assert [(row["line"], row["reason"], row["detail"]) for row in answer.rejects] == [
        ("5", "unknown-account", 'from "442079460004"')
    ]


def test_the_account_code_counts_before_the_login_and_the_login_before_the_number(tmp_path: Path) -> None:
    accounts = """\
    account_id,plan,numbers,sip_logins
    A1,basic,442079460001,
    B1,basic,,bob
    C1,basic,,
    """
    text = lines(
        "call_id,from,to,start,duration,login,account_code",
        f"code,{ME},{LONDON},{MONDAY},60,bob,c1",  # whatever its case
        f"login,{ME},{LONDON},{MONDAY},60,Bob,",
        f"number,{ME},{LONDON},{MONDAY},60,,",
        f"unknown-code,{ME},{LONDON},{MONDAY},60,bob,nobody",
        f"unknown-both,{ME},{LONDON},{MONDAY},60,eve,nobody",
        f"login-as-caller,bob,{LONDON},{MONDAY},60,,",
    )
    answer = rated(tmp_path, text, accounts=accounts)
    assert {row["call_id"]: row["account_id"] for row in answer.rows} == {
        "code": "C1",
        "login": "B1",
        "number": "A1",
        "unknown-code": "B1",
        "unknown-both": "A1",
        "login-as-caller": "B1",
    }


def test_a_number_that_moves_is_its_new_accounts_from_local_midnight(tmp_path: Path) -> None:
    """London is an hour ahead of UTC on 17 October: the 17th begins there at 23:00 UTC on the 16th."""
    accounts = """\
    account_id,plan,numbers,valid_from,valid_to
    OLD,basic,442079460001,,2026-10-17
    NEW,basic,442079460001,2026-10-17,2026-10-19
    """
    text = calls(
        f"before {LONDON} 60 2026-10-16T22:59:59Z",
        f"after {LONDON} 60 2026-10-16T23:00:00Z",
        f"last {LONDON} 60 2026-10-18T22:59:59Z",
        f"nobody {LONDON} 60 2026-10-18T23:00:00Z",
    )
    answer = rated(tmp_path, text, accounts=accounts)
    assert {row["call_id"]: row["account_id"] for row in answer.rows} == {
        "before": "OLD",
        "after": "NEW",
        "last": "NEW",
    }
    assert answer.reasons == ["unknown-account"]


def test_an_account_may_change_plan_at_a_date(tmp_path: Path) -> None:
    accounts = """\
    account_id,plan,numbers,valid_from,valid_to
    A1,basic,442079460001,,2026-10-17
    A1,dear,442079460001,2026-10-17,
    """
    plans = '[plans.basic]\ndeck = "retail"\ncurrency = "GBP"\n[plans.dear]\ndeck = "dear"\ncurrency = "GBP"\n'
    text = calls(f"before {LONDON} 60 2026-10-16T12:00:00Z", f"after {LONDON} 60 2026-10-17T12:00:00Z")
    rates = write_rates(tmp_path, accounts=accounts, plans=plans, decks={"dear": "prefix,rate\n44,0.60\n"})
    answer = rate_in(tmp_path, rates, text)
    assert {row["call_id"]: row["charge"] for row in answer.rows} == {"before": "0.060000", "after": "0.600000"}


# ---- direction

DIRECTED = "call_id,from,to,start,duration,direction"
INBOUND_DECK = "prefix,rate,direction\n44,0.06,\n44800,0.03,inbound\n"
INBOUND_ACCOUNTS = "account_id,plan,numbers\nA1,basic,442079460001 448001234567\n"


def inbound(folder: Path) -> Answer:
    text = lines(
        DIRECTED,
        f"free,{LONDON},{ME},{MONDAY},60,inbound",
        f"freephone,{LONDON},+448001234567,{MONDAY},60,inbound",
        f"hidden,anonymous,{ME},{MONDAY},60,in",
        f"not-ours,{ME},{LONDON},{MONDAY},60,inbound",
        f"missed,{LONDON},{ME},{MONDAY},0,inbound",
    )
    return rated(folder, text, deck=INBOUND_DECK, accounts=INBOUND_ACCOUNTS)


def test_an_inbound_call_is_the_called_sides_and_costs_nothing_without_an_inbound_row(tmp_path: Path) -> None:
    answer = inbound(tmp_path)
    found = {row["call_id"]: (row["account_id"], row["direction"], row["charge"]) for row in answer.rows}
    assert found["free"] == ("A1", "inbound", "0.000000")
    assert found["hidden"] == ("A1", "inbound", "0.000000")
    assert [answer.call("free")[column] for column in ("prefix", "status", "billed_seconds")] == ["", "rated", "0"]


def test_an_inbound_call_is_priced_by_an_inbound_row_of_the_called_number(tmp_path: Path) -> None:
    answer = inbound(tmp_path)
    assert (answer.call("freephone")["prefix"], answer.call("freephone")["charge"]) == ("44800", "0.030000")


def test_an_inbound_call_to_nobodys_number_is_a_reject(tmp_path: Path) -> None:
    answer = inbound(tmp_path)
    assert [(reject["line"], reject["reason"], reject["detail"]) for reject in answer.rejects] == [
        ("5", "unknown-account", 'to "442071234567"')
    ]


def test_an_outbound_call_never_matches_an_inbound_row(tmp_path: Path) -> None:
    answer = rated(tmp_path, calls("c +448001111111"), deck=INBOUND_DECK)
    assert (answer.call("c")["prefix"], answer.call("c")["charge"]) == ("44", "0.060000")


def test_without_a_direction_a_call_to_ones_own_number_from_outside_is_inbound(tmp_path: Path) -> None:
    text = lines(
        HEADER, f"in,{LONDON},{ME},{MONDAY},60", f"out,{ME},{LONDON},{MONDAY},60", f"own,{ME},{ME},{MONDAY},60"
    )
    answer = rated(tmp_path, text)
    assert [row["direction"] for row in answer.rows] == ["inbound", "outbound", "outbound"]


def test_words_for_a_direction_and_one_nobody_knows(tmp_path: Path) -> None:
    out = ("o", "OUT", "outbound", "Outgoing", "", "transfer", "'; drop table accounts")
    text = lines(
        DIRECTED,
        *(f"o{n},{ME},{LONDON},{MONDAY},60,{word}" for n, word in enumerate(out)),
        *(
            f"i{n},{LONDON},{ME},{MONDAY},60,{word}"
            for n, word in enumerate(("i", "In", "incoming", "received", "transfer"))
        ),
        *(f"x{n},{ME},101,{MONDAY},60,{word}" for n, word in enumerate(("internal", "Local", "intern"))),
    )
    answer = rated(tmp_path, text)
    found = {row["call_id"][0] + row["direction"] for row in answer.rows}
    assert (found, len(answer.rows)) == ({"ooutbound", "iinbound", "xinternal"}, len(out) + 5 + 3)


def test_an_internal_call_costs_nothing_whatever_was_dialled(tmp_path: Path) -> None:
    text = lines(
        DIRECTED,
        f"extension,{ME},101,{MONDAY},60,internal",
        f"name,{ME},reception,{MONDAY},60,internal",
        f"number,{ME},{LONDON},{MONDAY},60,internal",
    )
    answer = rated(tmp_path, text)
    assert [(row["to_number"], row["charge"], row["status"], row["prefix"]) for row in answer.rows] == [
        ("101", "0.000000", "rated", ""),
        ("reception", "0.000000", "rated", ""),
        ("442071234567", "0.000000", "rated", ""),
    ]


# ---- the deck row


def test_the_longest_prefix_prices_a_call(tmp_path: Path) -> None:
    deck = "prefix,rate\n4,0.04\n44,0.44\n4420,0.20\n44207123456,0.11\n447,0.70\n"
    dialled = ("+442071234567", "+442071234568", "+442081234567", "+447700900123", "+441212345678", "+4930123456")
    answer = rated(tmp_path, calls(*(f"c{n} {to}" for n, to in enumerate(dialled))), deck=deck)
    assert [row["prefix"] for row in answer.rows] == ["44207123456", "44207123456", "4420", "447", "44", "4"]


def test_a_call_to_where_the_deck_has_no_row_is_a_reject_and_an_unanswered_one_is_not(tmp_path: Path) -> None:
    answer = rated(tmp_path, calls("answered +4930123456 1", "silent +4930123456 0"))
    assert [(reject["reason"], reject["detail"]) for reject in answer.rejects] == [
        ("no-rate", 'to "4930123456" in deck retail')
    ]
    assert [(row["status"], row["charge"], row["period"]) for row in answer.rows] == [
        ("unanswered", "0.000000", "2026-10")
    ]


def test_a_row_is_in_force_from_local_midnight_to_local_midnight(tmp_path: Path) -> None:
    """New York is at UTC-4 in October: the 10th begins at 04:00 UTC."""
    operator = 'country = "US"\ntimezone = "America/New_York"\ncurrency = "GBP"\n'
    deck = "prefix,rate,effective_from,effective_to\n44,0.01,,2026-10-10\n44,0.02,2026-10-10,2026-10-20\n4,0.09,,\n"
    text = calls(
        f"old {LONDON} 60 2026-10-10T03:59:59Z",
        f"new {LONDON} 60 2026-10-10T04:00:00Z",
        f"new2 {LONDON} 60 2026-10-20T03:59:59Z",
        f"shorter {LONDON} 60 2026-10-20T04:00:00Z",
    )
    answer = rated(tmp_path, text, operator=operator, deck=deck)
    assert [row["rate"] for row in answer.rows] == ["0.010000000", "0.020000000", "0.020000000", "0.090000000"]


def test_a_row_with_a_later_date_ends_an_open_one(tmp_path: Path) -> None:
    deck = "prefix,rate,effective_from,effective_to\n44,0.03,2026-10-12,2026-10-14\n44,0.01,,\n44,0.02,2026-10-10,\n"
    days = ("2026-10-09", "2026-10-11", "2026-10-13", "2026-10-15")
    answer = rated(tmp_path, calls(*(f"c{day} {LONDON} 60 {day}T12:00:00Z" for day in days)), deck=deck)
    assert [row["rate"] for row in answer.rows] == ["0.010000000", "0.020000000", "0.030000000"]
    assert answer.reasons == ["no-rate"]  # the open row of the 10th ended on the 12th, the last one on the 14th


def test_a_row_may_begin_within_a_day(tmp_path: Path) -> None:
    deck = "prefix,rate,effective_from\n44,0.01,\n44,0.02,2026-10-05 10:00\n"
    text = calls(f"old {LONDON} 60 2026-10-05T08:59:59Z", f"new {LONDON} 60 2026-10-05T09:00:00Z")
    assert [row["rate"] for row in rated(tmp_path, text, deck=deck).rows] == ["0.010000000", "0.020000000"]


# ---- times without an offset


def test_of_the_hour_that_comes_twice_the_first_counts(tmp_path: Path) -> None:
    """London's clocks go back on 25 October 2026 at 02:00 to 01:00, and went forward on 29 March at 01:00 to 02:00."""
    starts = ("2026-10-25 00:30:00", "2026-10-25 01:30:00", "2026-10-25 02:30:00", "2026-03-29 01:30:00")
    text = lines(HEADER, *(f"c{n},{ME},{LONDON},{start},60" for n, start in enumerate(starts)))
    assert [row["started_at"] for row in rated(tmp_path, text).rows] == [
        "2026-10-24T23:30:00Z",
        "2026-10-25T00:30:00Z",
        "2026-10-25T02:30:00Z",
        "2026-03-29T01:30:00Z",  # a time that never was counts with the offset before
    ]


def test_the_stated_zone_is_that_of_times_without_offset_only(tmp_path: Path) -> None:
    starts = ("2026-10-05 10:00:00", "2026-10-05T10:00:00Z", "2026-10-05T10:00:00+01:00")
    text = lines(HEADER, *(f"c{n},{ME},{LONDON},{start},60" for n, start in enumerate(starts)))
    answer = rated(tmp_path, text, intake=Intake(timezone="America/New_York"))
    assert [row["started_at"][11:16] for row in answer.rows] == ["14:00", "10:00", "09:00"]


# ---- every calling number an account of its own


def test_with_a_plan_every_calling_number_is_an_account(tmp_path: Path) -> None:
    plans = '[plans.basic]\ndeck = "retail"\ncurrency = "GBP"\n[[plans.basic.allowances]]\nname = "1"\n'
    plans += 'groups = ["uk"]\nminutes = 1\n'
    text = lines(
        HEADER,
        f"a,+442079460001,{LONDON},{MONDAY},60",
        f"b,+442079460002,{LONDON},{MONDAY},60",
        f"b2,+442079460002,{LONDON},{MONDAY},60",
        f"nobody,,{LONDON},{MONDAY},60",
    )
    deck = "prefix,rate,group\n44,0.06,uk\n"
    again = text.replace("b2", "b3")
    answer = rated(tmp_path, text, again, intake=Intake(plan="basic"), plans=plans, deck=deck)
    found = {row["call_id"]: (row["account_id"], row["free_seconds"]) for row in answer.rows}
    assert found == {
        "a": ("442079460001", "60"),
        "b": ("442079460002", "60"),
        "b2": ("442079460002", "0"),
        "b3": ("442079460002", "0"),
    }
    assert (answer.summary.duplicates, answer.reasons) == (2, ["unknown-account", "unknown-account"])


def test_with_a_plan_for_all_who_is_called_pays_for_a_call_that_came_in(tmp_path: Path) -> None:
    file = lines(
        f"{HEADER},direction",
        f"out,447700900001,{LONDON},{MONDAY},60,out",
        f"in,447700900002,{LONDON},{MONDAY},60,in",
    )
    deck = "prefix,rate,direction\n44,0.06,\n44,0.01,inbound\n"
    answer = rated(tmp_path, file, deck=deck, intake=Intake(plan="basic"))
    assert {row["call_id"]: (row["account_id"], row["charge"]) for row in answer.rows} == {
        "out": ("447700900001", "0.060000"),
        "in": (LONDON[1:], "0.010000"),
    }
