"""Whatever the CRM says from day to day: the past stays, spans never overlap, and saying it twice changes nothing."""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from callmeter.customers.planning import plan
from callmeter.customers.spans import TIMED
from callmeter.customers.subscription import Subscription
from callmeter.customers.table import Table, as_bytes, end_of, read_table, start_of, with_accounts
from sync_kit import HAND_MADE, HEADER, TODAY, Crm

DAYS = st.integers(-40, 40).map(lambda days: TODAY + timedelta(days=days))
KEYS = st.sampled_from([None, (), ("1",), ("2",), ("1", "2")])


@st.composite
def said(draw: st.DrawFn, service_id: int) -> Subscription | None:
    """What the CRM says of one service on one day; None where it says nothing."""
    if draw(st.integers(0, 9)) == 0:
        return None
    return Subscription(
        client_id=1,
        service_id=service_id,
        name=draw(st.sampled_from(["Ada", "Low"])),
        plan=draw(st.sampled_from(["payg", "family"])),
        numbers=draw(KEYS),
        sip_logins=draw(KEYS),
        state=draw(st.sampled_from(["live", "live", "live", "pending", "ended"])),
        starts=draw(st.none() | DAYS),
        ends=draw(st.none() | DAYS),
    )


def says(draw: st.DrawFn) -> list[Subscription]:
    return [one for one in (draw(said(7)), draw(said(8))) if one]


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[date, list[Subscription]]]:
    """Days in order, some twice, and what is said on each."""
    steps = draw(st.lists(st.integers(0, 12), min_size=1, max_size=8))
    days = [TODAY + timedelta(days=sum(steps[:at])) for at in range(len(steps))]
    return [(day, says(draw)) for day in days]


def on(table: Table, day: date) -> dict[str, tuple[str, ...]]:
    """account -> plan, numbers and logins in force on a day. Raises where two rows are."""
    found: dict[str, tuple[str, ...]] = {}
    for row in table.rows:
        if start_of(row.cells) <= day < end_of(row.cells):
            assert row.account_id not in found
            found[row.account_id] = tuple(row.cells.get(column, "") for column in TIMED)
    return found


@settings(max_examples=150, deadline=None)
@given(histories())
def test_a_history_of_what_the_crm_said(history: list[tuple[date, list[Subscription]]]) -> None:
    table = read_table((HEADER + HAND_MADE).encode())
    for today, subscriptions in history:
        before = table
        planned = plan(table, Crm(subscriptions), today, force=True)
        table = read_table(as_bytes(with_accounts(table, planned.accounts)))
        again = plan(table, Crm(subscriptions), today, force=True)
        assert (again.accounts, again.changes) == ({}, [])
        assert bool(planned.accounts) == bool(planned.changes)
        for day in (today - timedelta(days=days) for days in range(1, 50)):
            was, now = on(before, day), on(table, day)
            new = now.keys() - was.keys()
            assert {key: now[key] for key in now.keys() - new} == {key: was[key] for key in was.keys() & now.keys()}
            assert not {key for key in new if key in before.by_account()}  # but for accounts that begin in the past
        assert as_bytes(table).decode().startswith(HEADER + HAND_MADE)
        for ahead in (0, 1, 5, 30, 100):
            on(table, today + timedelta(days=ahead))
