"""The CRM's customers become rows of accounts.csv: by time, all or nothing, and never by what a list left out."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from callmeter.customers.planning import FEW_ENDS, Plan, TooManyEnds, plan
from callmeter.customers.subscription import Customers, Subscription
from callmeter.customers.table import as_bytes, read_table, with_accounts
from callmeter.customers.written import logins_of, numbers_of
from callmeter.errors import BrokenCatalogue, CallmeterError, Unreachable
from callmeter.jobs import sync
from sync_kit import DENTIST, HAND_MADE, HEADER, NOW, TODAY, Crm, dentist, shelf


def planned(rows: str, *subscriptions: Subscription, today: date = TODAY, **more: Any) -> Plan:
    return plan(read_table((HEADER + rows).encode()), Crm(list(subscriptions), **more), today)


def after(rows: str, *subscriptions: Subscription, today: date = TODAY, **more: Any) -> str:
    """The rows of the file that comes of it, without the header; to be the same when it is planned again."""
    table = read_table((HEADER + rows).encode())
    done = with_accounts(table, planned(rows, *subscriptions, today=today, **more).accounts)
    again = plan(done, Crm(list(subscriptions), **more), today)
    assert (again.accounts, again.changes) == ({}, [])
    text = as_bytes(done).decode()
    assert text.startswith(HEADER)
    return text.removeprefix(HEADER)


# ---- what changes, from when


def test_what_is_as_the_crm_says_stays_to_the_byte() -> None:
    assert planned(HAND_MADE + DENTIST, dentist()) == Plan()


def test_a_new_account_begins_with_its_service() -> None:
    assert after(HAND_MADE, dentist(anchor_day="")) == HAND_MADE + DENTIST.replace(",GBP,,1,1,7", ",GBP,,,1,7").replace(
        ",442079460101", ",+442079460101"
    )


def test_a_changed_number_ends_the_row_today_and_begins_another() -> None:
    assert after(DENTIST, dentist(numbers=("+442079460102",))) == DENTIST.replace("-01,\n", "-01,2026-11-20\n") + (
        'S7,"Harbour, Dental",payg,+442079460102,desk,GBP,,1,1,7,phone@harbour.example,2026-11-20,\n'
    )


def test_changes_of_one_day_do_not_pile_up_and_taking_one_back_leaves_nothing() -> None:
    changed = after(DENTIST, dentist(plan="family"))
    again = after(changed, dentist(plan="family", sip_logins=("desk", "surgery")))
    assert again.count("\n") == changed.count("\n") == 2
    assert ",family,442079460101,desk surgery," in again
    assert after(again, dentist()) == DENTIST


def test_a_name_is_another_in_all_rows_and_begins_none() -> None:
    changed = after(after(DENTIST, dentist(plan="family")), dentist(plan="family", name="Harbour"), today=TODAY)
    assert [line.split(",")[:2] for line in changed.splitlines()] == [["S7", "Harbour"]] * 2


def test_what_periods_follow_is_changed_with_a_warning() -> None:
    changes = planned(DENTIST, dentist(timezone="America/New_York", anchor_day="15")).changes
    assert [(one.what, one.before, one.after, one.careful) for one in changes] == [
        ("timezone", "", "America/New_York", True),
        ("anchor_day", "1", "15", True),
    ]


def test_an_account_keeps_its_currency() -> None:
    refused = planned(DENTIST, dentist(currency="EUR", plan="euro"))
    assert refused.accounts == {}
    assert "an account keeps its currency" in refused.problems[0].text


def test_a_crm_that_names_no_numbers_takes_none_away_unless_it_says_none() -> None:
    assert planned(DENTIST, dentist(numbers=None, sip_logins=None)).accounts == {}
    assert planned(DENTIST, dentist(numbers=None)).accounts == {}
    assert ",payg,,desk," in after(DENTIST, dentist(numbers=()))


def test_a_service_that_ended_ends_its_account_with_the_day_after_its_last() -> None:
    over = dentist(state="ended", ends=date(2026, 11, 16))
    assert after(DENTIST, over) == DENTIST.replace("-01,\n", "-01,2026-11-16\n")
    assert after(DENTIST, dentist(state="ended")) == DENTIST.replace("-01,\n", "-01,2026-11-20\n")
    assert after(DENTIST.replace("-01,\n", "-01,2026-11-03\n"), over).endswith(",2026-11-03\n")
    assert after("", over) == ""


def test_an_end_that_is_planned_is_kept_moved_and_taken_back() -> None:
    ending = after(DENTIST, dentist(ends=date(2026, 12, 1)))
    assert ending.endswith(",2026-10-01,2026-12-01\n")
    assert after(ending, dentist(ends=date(2026, 12, 24))).endswith(",2026-12-24\n")
    assert after(ending, dentist()) == DENTIST
    assert after(ending, dentist(ends=date(2026, 12, 1)), today=date(2026, 12, 3)) == ending


def test_an_account_runs_again_from_the_day_its_service_does() -> None:
    ended = DENTIST.replace("-01,\n", "-01,2026-11-03\n")
    assert after(ended, dentist()) == ended + DENTIST.replace("2026-10-01", "2026-11-20")
    assert after(DENTIST.replace("-01,\n", "-01,2026-11-20\n"), dentist()) == DENTIST


def test_an_account_that_has_not_begun_moves_with_its_service_and_goes_with_it() -> None:
    coming = after("", dentist(starts=date(2026, 12, 1)))
    assert after(coming, dentist(starts=date(2026, 12, 24))).endswith(",2026-12-24,\n")
    assert after(coming, dentist(state="ended")) == ""
    assert after(coming, dentist(state="pending")) == coming


def test_a_suspended_service_is_rated_and_said_to_be() -> None:
    said = planned(DENTIST, dentist(suspended=True))
    assert said.accounts == {}
    assert [(one.account_id, "suspended" in one.text) for one in said.notes] == [("S7", True)]


def test_a_number_that_moves_ends_with_one_account_and_begins_with_the_other() -> None:
    other = dentist(client_id=2, service_id=8, name="Other", sip_logins=())
    rows = after(DENTIST, dentist(numbers=None), other)  # its field is empty now
    assert ",payg,,desk,GBP,,1,1,7,phone@harbour.example,2026-11-20," in rows
    assert "S8,Other,payg,+442079460101,,GBP,,1,2,8,phone@harbour.example,2026-11-20,\n" in rows


# ---- which account it is


def test_accounts_are_found_by_service_then_by_client_then_by_the_id_written_there() -> None:
    by_client = DENTIST.replace("S7,", "C1001,").replace(",1,7,", ",1,,")
    assert after(by_client, dentist()) == DENTIST.replace("S7,", "C1001,")
    assert after(HAND_MADE, dentist(account_id="C1", numbers=None, sip_logins=None)).startswith("C1,")
    assert planned(DENTIST.replace("S7,", "X,"), dentist()).accounts == {}


def test_two_services_of_a_client_are_not_guessed_to_be_its_one_account() -> None:
    by_client = DENTIST.replace("S7,", "C1001,").replace(",1,7,", ",1,,")
    refused = planned(by_client, dentist(), dentist(service_id=8, numbers=("+442079460102",), sip_logins=()))
    assert refused.accounts == {}
    assert len(refused.problems) == 2
    named = after(by_client, dentist(account_id="C1001"), dentist(service_id=8, numbers=("020",), sip_logins=()))
    assert [line.split(",")[0] for line in named.splitlines()] == ["C1001", "S8"]


def test_an_account_that_two_services_claim_is_left_as_it_was() -> None:
    refused = planned(DENTIST, dentist(), dentist(service_id=8, account_id="S7"))
    assert (refused.accounts, len(refused.problems)) == ({}, 1)
    successor = dentist(service_id=8, account_id="S7")
    assert ",1,8," in after(DENTIST, dentist(state="ended"), successor)


def test_the_id_of_another_account_is_not_taken_for_a_new_one() -> None:
    assert planned(HAND_MADE.replace("C1,", "S7,"), dentist()).accounts == {}
    assert planned(HAND_MADE, dentist(service_id=None, state="ended")).accounts == {}


# ---- what nobody says anything about


def test_rows_made_by_hand_stay_and_what_no_list_has_is_asked_for() -> None:
    crm = Crm()
    table = read_table((HEADER + HAND_MADE + DENTIST).encode())
    kept = plan(table, crm, TODAY)
    assert (kept.accounts, crm.asked) == ({}, 1)
    assert kept.notes[0].text.endswith("no call plan for them: S7")


def test_an_account_ends_where_the_crm_says_so_of_it_alone() -> None:
    gone = {(1, 7)}
    assert after(HAND_MADE + DENTIST, over=gone) == HAND_MADE + DENTIST.replace("-01,\n", "-01,2026-11-20\n")


def many(count: int) -> str:
    return "".join(DENTIST.replace("S7,", f"S{n},").replace(",1,7,", f",1,{n},") for n in range(1, count + 1))


@pytest.mark.parametrize(("running", "ending", "refused"), [
    (10, FEW_ENDS, False), (10, FEW_ENDS + 1, True), (40, 8, False), (40, 9, True), (2, 2, True), (1, 1, False),
])  # fmt: skip
def test_so_many_accounts_do_not_end_in_one_go(running: int, ending: int, refused: bool) -> None:
    table = read_table((HEADER + many(running)).encode())
    over: set[tuple[int | None, int | None]] = {(1, n) for n in range(1, ending + 1)}
    assert len(plan(table, Crm(over=over), TODAY, force=True).accounts) == ending
    if refused:
        with pytest.raises(TooManyEnds, match="nothing is changed"):
            plan(table, Crm(over=over), TODAY)
    else:
        assert len(plan(table, Crm(over=over), TODAY).accounts) == ending


def test_a_crm_that_has_everything_over_is_asked_for_a_few_and_no_more() -> None:
    crm = Crm(over={(1, n) for n in range(1, 101)})
    with pytest.raises(TooManyEnds):
        plan(read_table((HEADER + many(100)).encode()), crm, TODAY)
    assert crm.asked == 21  # a fifth of 100, and one


# ---- the file


def test_the_file_keeps_its_delimiter_line_ends_and_gets_columns_it_needs() -> None:
    table = read_table(b"\xef\xbb\xbfAccount_ID;plan;numbers\r\nC1;payg;442079460999\r\n\r\nC2;payg;")
    done = with_accounts(table, plan(table, Crm([dentist(email="")]), TODAY).accounts)
    assert as_bytes(done).decode("utf-8-sig").split("\r\n") == [
        "Account_ID;plan;numbers;name;sip_logins;currency;anchor_day;ucrm_client_id;ucrm_service_id;valid_from",
        "C1;payg;442079460999", "", "C2;payg;",
        "S7;payg;+442079460101;Harbour, Dental;desk;GBP;1;1;7;2026-10-01", "",
    ]  # fmt: skip


def test_a_date_that_is_none_is_told_with_its_line() -> None:
    with pytest.raises(BrokenCatalogue, match=r"rates/accounts\.csv:3:1: valid_from is not a date"):
        read_table((HEADER + HAND_MADE + DENTIST.replace("2026-10-01", "soon")).encode())


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("+44 20 7946 0101, 020 7946 0102", ("+442079460101", "02079460102")),
        ("442079460101 442079460102", ("442079460101", "442079460102")),
        ("+44 20 7946 0101 +44 (20) 7946-0102", ("+442079460101", "+442079460102")),
        ("020 7946 0101\n020 7946 0102; 020 7946 0101", ("02079460101", "02079460102")),
        ("  ", ()),
        ("see contract", ("seecontract",)),
    ],
)
def test_numbers_are_read_as_people_write_them(text: str, numbers: tuple[str, ...]) -> None:
    assert numbers_of(text) == numbers
    assert logins_of(" desk, surgery;desk") == ("desk", "surgery")


# ---- the job


def test_a_sync_writes_once_and_a_second_changes_nothing() -> None:
    store = shelf(HEADER + HAND_MADE)
    done = sync.sync(store, Crm([dentist()]), NOW)
    assert [change.what for change in done.plan.changes] == ["new account"]
    written = store.objects[sync.ACCOUNTS]
    assert written.startswith((HEADER + HAND_MADE).encode())
    again = sync.sync(store, Crm([dentist()]), NOW)
    assert (again.changes, again.plan.changes, store.objects[sync.ACCOUNTS]) == (False, [], written)


def test_without_a_file_there_is_one_afterwards() -> None:
    store = shelf(None)
    sync.sync(store, Crm([dentist()]), NOW)
    assert store.objects[sync.ACCOUNTS].decode().splitlines()[1].startswith('S7,"Harbour, Dental",payg')


def test_today_is_the_operators() -> None:
    store = shelf(HEADER + DENTIST)
    store.objects["rates/operator.toml"] = store.objects["rates/operator.toml"].replace(b"Europe/London", b"Asia/Tokyo")
    late = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)  # 0:30 of the 21st in Tokyo
    prepared = sync.prepare(store, Crm([dentist(plan="family")]), late)
    assert b"2026-11-21" in prepared.after


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"plan": "platinum"}, 'there is no plan "platinum"'),
        ({"numbers": ("seecontract",)}, '"seecontract" is not a phone number'),
        ({"numbers": ("02079460999",)}, "number 442079460999 belongs to the account on line 2"),
        ({"timezone": "Europe/Nowhere"}, 'time zone "Europe/Nowhere" is not known'),
        ({"anchor_day": "32"}, "anchor_day"),
        ({"currency": "EUR"}, "the account's currency EUR is not its plan's"),
    ],
)
def test_an_account_that_the_catalogue_refuses_is_left_out_and_the_others_go_on(
    wrong: dict[str, Any], told: str
) -> None:
    good = dentist(client_id=2, service_id=8, name="Good", numbers=("+442079460108",), sip_logins=())
    prepared = sync.prepare(shelf(HEADER + HAND_MADE), Crm([dentist(**wrong), good]), NOW)
    assert list(prepared.plan.accounts) == ["S8"]
    assert [remark.account_id for remark in prepared.plan.problems] == ["S7"]
    assert told in prepared.plan.problems[0].text


def test_a_number_that_two_claim_stays_where_it_was() -> None:
    """The older account changes its plan at the same time: that goes on."""
    store = shelf(HEADER + DENTIST)
    thief = dentist(client_id=2, service_id=8, name="New", sip_logins=())
    prepared = sync.prepare(store, Crm([dentist(plan="family"), thief]), NOW)
    assert list(prepared.plan.accounts) == ["S7"]
    assert prepared.plan.problems[0].account_id == "S8"


def test_rates_that_are_broken_without_it_are_not_made_worse() -> None:
    store = shelf(HEADER + DENTIST)
    store.objects["rates/decks/retail.csv"] = b"prefix,rate\n44,free\n"
    with pytest.raises(BrokenCatalogue, match="decks/retail"):
        sync.sync(store, Crm([dentist(plan="family")]), NOW)
    assert store.objects[sync.ACCOUNTS] == (HEADER + DENTIST).encode()


def test_what_somebody_else_wrote_meanwhile_is_kept() -> None:
    store = shelf(HEADER + DENTIST)
    prepared = sync.prepare(store, Crm([dentist(plan="family")]), NOW)
    store.objects[sync.ACCOUNTS] += HAND_MADE.encode()
    assert not sync.commit(store, prepared)
    done = sync.sync(store, Crm([dentist(plan="family")]), NOW)
    assert HAND_MADE.encode() in done.after
    assert store.objects[sync.ACCOUNTS] == done.after


def test_only_what_was_agreed_to_is_written() -> None:
    store = shelf(HEADER + DENTIST)
    agreed = sync.prepare(store, Crm([dentist(plan="family")]), NOW).digest
    with pytest.raises(CallmeterError, match="look at the changes again"):
        sync.sync(store, Crm([dentist(name="Another")]), NOW, agreed=agreed)
    assert store.objects[sync.ACCOUNTS] == (HEADER + DENTIST).encode()
    assert sync.sync(store, Crm([dentist(plan="family")]), NOW, agreed=agreed).changes


def test_a_crm_that_does_not_answer_changes_nothing() -> None:
    class Away(Crm):
        def read(self, timezone: str) -> Customers:  # noqa: ARG002
            raise Unreachable("UCRM answered 502")

        def is_over(self, client_id: int | None, service_id: int | None) -> bool:  # noqa: ARG002
            raise Unreachable("UCRM answered 502")

    store = shelf(HEADER + DENTIST)
    before = dict(store.objects)
    with pytest.raises(Unreachable):
        sync.sync(store, Away(), NOW)
    with pytest.raises(Unreachable):
        sync.prepare(store, Away(), NOW)
    assert store.objects == before
