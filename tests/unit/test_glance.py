"""Month-end at a glance: what an account is remarked for, in which order, and what the terminal shows of it."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from callmeter import sql
from callmeter.bills.glance import (
    MEANINGS,
    AccountFigures,
    DayFigures,
    Figures,
    Glance,
    GroupFigures,
    Row,
    approvals,
    glance,
    noteworthy,
    read_figures,
)
from callmeter.model import Account, Bill
from callmeter.rating.engine import engine

NOW = datetime(2026, 11, 2, 6, tzinfo=UTC)
PERIODS = ("2026-07", "2026-08", "2026-09", "2026-10")
USUAL = {"2026-07": "10", "2026-08": "10", "2026-09": "10"}


def of(period: str, charge: str = "10", **facts: Any) -> AccountFigures:
    """A1's figures of a period: 30 calls, all answered, unless said."""
    known: dict[str, Any] = {
        "account_id": "A1", "account_name": "Northwind", "currency": "GBP", "calls": 30, "answered_calls": 30,
        "late_calls": 0, "barred_calls": 0, "margin": None, "margin_calls": 0, "corrections": Decimal(0),
    }  # fmt: skip
    return AccountFigures(**{**known, "period": period, "charge": Decimal(charge), **facts})


def figures(*accounts: AccountFigures, period: str = "2026-10", **more: Any) -> Figures:
    return Figures(period=period, accounts=accounts, **{"groups": (), "days": (), **more})


def a_bill(amount: str = "10", period: str = "2026-10", **facts: Any) -> Bill:
    """A1's bill; there were others before it, and it has a client, unless said."""
    known: dict[str, Any] = {
        "bill_id": f"A1-{period}", "account_id": "A1", "account_name": "Northwind", "currency": "GBP",
        "due": Decimal(amount), "carried": Decimal(0), "lines": (), "ucrm_client_id": 7, "catalogue": "c",
        "frozen_at": NOW, "ledgers": dict.fromkeys(PERIODS, "l"),
    }  # fmt: skip
    return Bill(**{**known, "period": period, "amount": Decimal(amount), **facts})


def remarks(found: Glance) -> dict[str, str]:
    [row] = found.rows
    return {remark.code: remark.text for remark in row.remarks}


def judged(before: Mapping[str, str], bill: Bill | None, now: AccountFigures | None) -> Glance:
    accounts = [of(period, charge) for period, charge in before.items()] + ([now] if now else [])
    return glance([bill] if bill else [], [figures(*accounts)], {}, NOW)


def test_an_account_as_usual_has_no_remark() -> None:
    found = judged(USUAL, a_bill("11"), of("2026-10", "11"))
    assert remarks(found) == {}
    [row] = found.rows
    assert (row.before, row.usual, row.change) == (Decimal(10), Decimal(10), Decimal(1))


@pytest.mark.parametrize(
    ("before", "charge", "expected"),
    [
        (USUAL, "30", "3.0 times the usual"),
        (USUAL, "29.99", None),  # not 3 times
        ({"2026-09": "0.50"}, "20.49", None),  # 41 times, but not 20.00 more
        ({"2026-09": "0.50"}, "20.50", "41.0 times the usual"),
        ({"2026-09": "0"}, "20", "usually nothing"),
        ({}, "500", None),  # nothing to compare with
        ({"2026-07": "10", "2026-08": "10", "2026-09": "90"}, "30", "3.0 times the usual"),  # the median, not the mean
        ({"2026-07": "10"}, "30", "usually nothing"),  # no calls in August and September
    ],
)
def test_spend_has_jumped_at_three_times_the_usual_and_twenty_more(
    before: dict[str, str], charge: str, expected: str | None
) -> None:
    found = judged(before, a_bill(charge), of("2026-10", charge))
    assert remarks(found).get("spend-jump") == expected


def test_the_least_jump_is_in_the_currencys_own_unit() -> None:
    before, now = (of(period, charge, currency="JPY") for period, charge in (("2026-09", "500"), ("2026-10", "2400")))
    bill = a_bill("2400", currency="JPY")
    assert not remarks(glance([bill], [figures(before, now)], {}, NOW))  # 1900 more; 2000 would be a jump


def test_a_busy_account_without_a_bill_has_a_row_of_its_own() -> None:
    found = judged(USUAL, None, None)
    assert remarks(found) == {"gone-quiet": "usually 10.00 in 30 calls"}
    assert (found.rows[0].bill_id, found.rows[0].account_name) == ("", "Northwind")


def test_a_small_account_that_makes_no_calls_is_not_missed() -> None:
    quiet = [of(period, "4.99", answered_calls=19) for period in PERIODS[:3]]
    assert glance([], [figures(*quiet)], {}, NOW).rows == ()


def test_an_account_whose_included_minutes_cover_all_goes_quiet_by_its_calls() -> None:
    before = dict.fromkeys(PERIODS[:3], "0")
    assert "gone-quiet" not in remarks(judged(before, a_bill("0"), of("2026-10", "0")))
    assert "gone-quiet" in remarks(judged(before, a_bill("0"), of("2026-10", "0", calls=3, answered_calls=0)))


def test_calls_whose_price_is_to_follow_are_not_quiet() -> None:
    found = judged(USUAL, a_bill("0"), of("2026-10", "0", late_calls=2))
    assert remarks(found) == {"late-calls": "2 calls"}


@pytest.mark.parametrize(
    ("bill", "facts", "expected"),
    [
        ({"ucrm_client_id": None}, {}, {"no-crm-client": ""}),
        ({"ledgers": {"2026-10": "l"}}, {}, {"first-bill": ""}),
        ({"due": Decimal("4.20"), "amount": Decimal(0)}, {}, {"below-minimum": "4.20 carried"}),
        ({"due": Decimal("0.004"), "amount": Decimal(0)}, {}, {}),  # what rounding leaves
        ({"due": Decimal("-4.20"), "amount": Decimal(0)}, {}, {"credit": "4.20, carried"}),
        ({"due": Decimal("-4.20"), "amount": Decimal("-4.20")}, {}, {"credit": "4.20, a credit note"}),
        ({}, {"barred_calls": 1}, {"barred-calls": "1 call"}),
        ({}, {"margin": Decimal("-0.005"), "margin_calls": 9}, {"margin-below-zero": "-0.01 on 9 calls"}),
        ({}, {"margin": Decimal("-0.0049"), "margin_calls": 9}, {}),
    ],
)
def test_each_remark_says_what_it_is_about(
    bill: dict[str, Any], facts: dict[str, Any], expected: dict[str, str]
) -> None:
    found = judged(USUAL, a_bill().model_copy(update=bill), of("2026-10", **facts))
    assert remarks(found) == expected


def test_bills_that_go_into_files_need_no_client() -> None:
    bill = a_bill(ucrm_client_id=None)
    accounts = figures(*(of(period) for period in PERIODS))
    assert not remarks(glance([bill], [accounts], {}, NOW, needs_client=False))


def test_an_account_that_cannot_be_billed_comes_first_with_the_reason() -> None:
    other = a_bill(account_id="A2", bill_id="A2-2026-10", ucrm_client_id=None)
    accounts = figures(of("2026-10"), of("2026-10", account_id="A2"))
    found = glance([other], [accounts], {}, NOW, problems={"A1": "two currencies"})
    assert [row.account_id for row in found.rows] == ["A1", "A2"]
    assert found.rows[0].remarks[0].text == "two currencies"


def test_each_bill_of_a_run_has_its_own_corrections() -> None:
    # September's bill corrects August by 1, October's corrects August by 2 and September by 4.
    september = figures(of("2026-08", corrections=Decimal(1)), of("2026-09"), period="2026-09")
    october = figures(of("2026-08", corrections=Decimal(2)), of("2026-09", corrections=Decimal(4)), of("2026-10"))
    found = glance([a_bill(period="2026-09"), a_bill(period="2026-10")], [october, september], {}, NOW)
    assert {row.period: row.corrections for row in found.rows} == {"2026-09": Decimal(1), "2026-10": Decimal(6)}
    assert found.periods == ("2026-09", "2026-10")


def test_shards_add_up_and_nothing_is_lost_on_the_way_through_json() -> None:
    group = GroupFigures(currency="GBP", group="uk", calls=2, charge=Decimal("1.5"), before=Decimal(1), margin=None)
    day = DayFigures(currency="GBP", day=date(2026, 10, 3), calls=2, charge=Decimal("1.5"))
    one = figures(of("2026-10"), groups=(group,), days=(day,))
    other_group = group.model_copy(update={"margin": Decimal("0.25")})
    other = figures(of("2026-10", account_id="A2"), groups=(other_group,), days=(day,))
    bills = [a_bill(), a_bill("2.34", account_id="A2", bill_id="A2-2026-10", due=Decimal("2.341"))]
    found = glance(bills, [one, other], {"no-rate": 3}, NOW)
    assert Glance.model_validate_json(found.model_dump_json()) == found
    assert (found.groups[0].charge, found.groups[0].margin) == (Decimal(3), Decimal("0.25"))
    assert (found.days[0].calls, found.days[0].charge) == (4, Decimal(3))
    assert (found.totals[0].bills, found.totals[0].amount) == (2, Decimal("12.34"))


def crowd() -> Glance:
    """100 accounts with late calls, 2 that went quiet, 3 as usual."""
    accounts: list[AccountFigures] = []
    for number in range(105):
        account_id = f"A{number:03}"
        accounts.append(of("2026-09", account_id=account_id))
        if number >= 2:
            accounts.append(of("2026-10", account_id=account_id, late_calls=int(number >= 5)))
    bills = [a_bill(account_id=f"A{number:03}", bill_id=f"A{number:03}-2026-10") for number in range(2, 105)]
    return glance(bills, [figures(*accounts)], {"unknown-account": 12}, NOW)


def test_no_remark_crowds_out_the_others() -> None:
    found = crowd()
    codes = [row.remarks[0].code for row in noteworthy(found.rows, 10)]
    assert codes == ["gone-quiet"] * 2 + ["late-calls"] * 8
    assert len(noteworthy(found.rows, 1000)) == 102


def shown(found: Glance, width: int) -> str:
    from callmeter.cli.glance import show

    console = Console(file=StringIO(), width=width, highlight=False)
    show(found, console)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [80, 140])
def test_the_terminal_shows_the_worst_and_counts_the_rest(width: int) -> None:
    text = shown(crowd(), width)
    assert "… and 72 with remarks, 3 without remarks" in text
    assert all(len(line.rstrip()) <= width for line in text.splitlines())
    assert text.index("A000") < text.index("A005")
    assert "unknown-account" in text
    assert "late-calls" in text.rpartition("in all")[2]  # what it means stands below


def test_names_are_shown_as_they_are_and_move_no_cursor() -> None:
    bill = a_bill(account_name="[red]A\x1b[2JB")
    assert "[red]A�[2JB" in shown(glance([bill], [figures(of("2026-10"))], {}, NOW), 140)


def test_a_run_without_bills_says_so() -> None:
    assert "Nothing is to be billed." in shown(glance([], [], {}, NOW), 80)


def test_a_yes_is_asked_for_the_bills_that_are_sent() -> None:
    from callmeter.cli.glance import show_approvals

    rows = [
        a_bill("10.50"), a_bill("0", account_id="A2", bill_id="A2-2026-10"),
        a_bill("3", account_id="A3", bill_id="A3-2026-10", currency="EUR"),
    ]  # fmt: skip
    found = glance(rows, [figures(of("2026-10", barred_calls=2))], {"no-rate": 4}, NOW)
    asked = approvals(found)
    assert asked.question == "Send 2 bills of 2026-10, together 3.00 EUR and 10.50 GBP?"
    assert asked.cautions[0].startswith("barred-calls: 1 bill;")
    assert asked.cautions[-1].startswith("unrated: 4 rows")
    assert [row.bill_id for row in approvals(found, {"A3-2026-10"}).rows] == ["A3-2026-10"]
    assert approvals(found, ()).question == "No bill waits for approval."
    console = Console(file=StringIO(), width=100, highlight=False)
    show_approvals(asked, console)
    assert isinstance(console.file, StringIO)
    assert console.file.getvalue().rstrip().endswith(asked.question)


def test_every_remark_has_its_meaning() -> None:
    row = Row(account_id="A1", period="2026-10", currency="GBP")
    assert not row.has_warning
    assert all(text and text[0].islower() for text in MEANINGS.values())


CALLS = """
create temp table calls_now as
select
    account_id, period, 'GBP' as currency, status, direction, charge::decimal(28, 9) as charge,
    buy_nanos::bigint as buy_charge_nanos, free::integer as free_seconds, barred, grp as "group",
    started_at::timestamp as started_at
from (values
    ('A1', '2026-10', 'rated', 'outbound', 1.25, 500000000, 0, false, 'uk', '2026-10-05 10:00:00'),
    ('A1', '2026-10', 'rated', 'outbound', 0.75, 1000000000, 0, true, 'premium', '2026-10-05 23:30:00'),
    ('A1', '2026-10', 'rated', 'outbound', 0.10, 900000000, 60, false, 'uk', '2026-10-06 10:00:00'),
    ('A1', '2026-10', 'rated', 'outbound', 0.50, null, 0, false, 'uk', '2026-10-06 10:00:00'),
    ('A1', '2026-10', 'unanswered', 'outbound', 0, null, 0, false, 'uk', '2026-10-06 10:00:00'),
    ('A1', '2026-10', 'late', 'outbound', null, 100000000, null, false, 'uk', '2026-10-06 10:00:00'),
    ('A1', '2026-09', 'rated', 'outbound', 3, null, 0, false, 'uk', '2026-09-05 10:00:00'),
    ('A1', '2026-11', 'rated', 'outbound', 8, null, 0, false, 'uk', '2026-11-05 10:00:00'),
    ('A9', '2026-10', 'rated', 'outbound', 9, null, 0, false, 'uk', '2026-10-05 10:00:00')
) as calls(account_id, period, status, direction, charge, buy_nanos, free, barred, grp, started_at)
"""
LEDGER = """
create temp table ledger as
select * from (values
    ('A1', '2026-10', '2026-10', 'GBP', 2.60), ('A1', '2026-10', '2026-09', 'GBP', -0.30),
    ('A1', '2026-10', '2026-09', 'GBP', 0.10), ('A1', '2026-10', '2026-08', 'GBP', 0.05)
) as ledger(account_id, bill_period, call_period, currency, difference)
"""


def test_figures_are_of_the_accounts_that_are_frozen_and_exact() -> None:
    account = Account(account_id="A1", name="Northwind", plan="p", currency="GBP", timezone="Europe/London")
    with engine() as (con, _):
        con.execute(CALLS)
        con.execute(LEDGER)
        sql.run(con, "bills/freezing", accounts=json.dumps([{"account_id": "A1", "currency": "GBP", "ledgers": {}}]))
        found = read_figures(con, "2026-10", [account], "Europe/London")
    august, september, october = found.accounts
    assert (august.period, august.calls, august.corrections) == ("2026-08", 0, Decimal("0.05"))
    assert (september.charge, september.corrections, september.margin) == (Decimal(3), Decimal("-0.20"), None)
    assert (october.calls, october.answered_calls, october.late_calls, october.barred_calls) == (6, 5, 1, 1)
    assert (october.charge, october.corrections, october.account_name) == (Decimal("2.60"), Decimal(0), "Northwind")
    # 1.25 - 0.50 and 0.75 - 1.00; not the call with included minutes, nor those with one price alone.
    assert (october.margin, october.margin_calls) == (Decimal("0.50"), 2)
    premium, uk = found.groups
    assert (premium.group, premium.charge, premium.before, premium.margin) == (
        "premium", Decimal("0.75"), Decimal(0), Decimal("-0.25"),
    )  # fmt: skip
    assert (uk.calls, uk.charge, uk.before, uk.margin) == (4, Decimal("1.85"), Decimal(3), Decimal("0.75"))
    # 23:30 UTC is the next day in London's summer.
    assert [(one.day.day, one.calls, one.charge) for one in found.days] == [
        (5, 1, Decimal("1.25")), (6, 4, Decimal("1.35")),
    ]  # fmt: skip


def test_the_report_is_named_after_the_period(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from callmeter.cli.glance import save_page

    monkeypatch.chdir(tmp_path)
    assert save_page(crowd()) == Path("bills-2026-10.html")
    assert "Bills of 2026-10" in save_page(crowd(), tmp_path / "mine.html").read_text(encoding="utf-8")
