"""Random half years of an operator's life: in the end the bills are what the calls cost, and the CRM has each once.

Files come late, come twice and are withdrawn; prices change, arrive late and are corrected; numbers move; calls are
rated again; jobs are killed at any write; UCRM fails. CALLMETER_LONG=1 runs many times as many.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from callmeter.jobs import freeze_periods
from callmeter.jobs.shards import settled_shard
from histories import (
    ACCOUNTS,
    DECKS,
    FIXED,
    LONGEST,
    NUMBERS,
    OTHERS,
    PREFIXES,
    RATES,
    Again,
    Setting,
    Trouble,
    history,
)

LONG = bool(os.environ.get("CALLMETER_LONG"))
HISTORIES = 100 if LONG else 1  # in each way
Events = st.SearchStrategy[tuple[Any, ...]]

SETTINGS = st.builds(
    Setting,
    way=st.just("invoice"),
    lines=st.sampled_from(("group", "bill", "bundle", "number")),
    credits=st.sampled_from(("carry", "credit-note")),
    minimum=st.booleans(),
    negative_lines=st.booleans(),
    with_services=st.booleans(),
    look_back=st.sampled_from((LONGEST, 1, 2, 3)),
    grace_hours=st.sampled_from((24, 0)),
    finds_drafts=st.booleans(),
)
CALLS = st.lists(
    st.tuples(
        st.sampled_from((None, None, None, None, 0, 1)),
        st.sampled_from(NUMBERS),
        st.sampled_from(OTHERS),
        st.sampled_from((0, 1, 5, 10, 20, 35, 50, 70, 100)),
        st.sampled_from((time(10), time(0), time(4), time(13), time(14), time(23), time(22, 59, 59))),
        st.sampled_from((61, 1, 0, 59, 600, 1799, 3600, 7)),
        st.sampled_from(("out", "out", "out", "in")),
    ),
    min_size=1,
    max_size=8,
)


def trouble(writes: int) -> st.SearchStrategy[Trouble | None]:
    """None half of the time; else one write of so many goes wrong."""
    wrong = st.builds(Trouble, st.integers(1, writes), st.sampled_from(("killed", "lost", "refused")))
    return st.one_of(st.none(), wrong)


AGAIN = st.one_of(st.none(), st.builds(Again, st.integers(0, 4), st.sampled_from((None, ("A1",), ("A2", "A3")))))
SINCE = st.sampled_from((None, 0, 10, 40))
FAULTS = st.fixed_dictionaries(
    {
        "match": st.sampled_from(("POST /clients/*/invoices", "PATCH /invoices/*", "* /*/*/*/*", "* /*/*", "POST /*")),
        "kind": st.sampled_from(("timeout-after", "500-after", "timeout-before", "500", "429", "422")),
        "times": st.integers(1, 2),
        "skip": st.sampled_from((0, 0, 1, 3)),
    }
)
CHANGES: list[Events] = [
    st.tuples(
        st.just("price"),
        st.sampled_from(DECKS),
        st.sampled_from(PREFIXES),
        st.sampled_from(RATES),
        SINCE,
        AGAIN,
        trouble(12),
    ),
    st.tuples(
        st.just("move"), st.sampled_from(NUMBERS[3:]), st.sampled_from((*ACCOUNTS, "")), SINCE, AGAIN, trouble(12)
    ),
    st.tuples(st.just("plan"), st.sampled_from(("A1", "A2")), st.sampled_from(("basic", "pence")), AGAIN, trouble(12)),
    st.tuples(st.just("leave"), st.just("A3"), AGAIN, trouble(12)),
]
FILE: Events = st.tuples(st.just("file"), CALLS, trouble(6))
FILES: list[Events] = [
    st.tuples(st.just("withdraw"), st.integers(0, 20), trouble(6)),
    st.tuples(st.just("copy"), st.integers(0, 20), st.integers(0, 3), CALLS, trouble(6)),
    FILE,
    st.tuples(st.just("restore"), st.integers(0, 20), trouble(6)),
]
BILLS: list[Events] = [
    st.tuples(st.just("bill"), st.sampled_from((0, 1, 7)), trouble(25)),
    st.tuples(st.just("crm"), FAULTS),
]
MONTHS = st.lists(
    st.tuples(
        FILE,
        st.lists(st.one_of(*FILES, *CHANGES, *BILLS), min_size=1, max_size=3),
        st.tuples(st.just("month"), st.integers(1, 28), st.one_of(FAULTS, st.none()), trouble(25)),
    ),
    min_size=6,
    max_size=6,
).filter(lambda months: sum(len(events) for _, events, _ in months) > 7)  # the first drawn would be the dullest


def talk(*own: str, days_back: int = 20, to: str = OTHERS[1]) -> tuple[Any, ...]:
    """A file with a call of ten minutes from each of these numbers."""
    return "file", [(None, number, to, days_back, time(10), 600, "out") for number in own], None


PLAIN = Setting(
    way="invoice", lines="group", credits="carry", minimum=False, negative_lines=False, with_services=False,
    look_back=3, grace_hours=24, finds_drafts=True,
)  # fmt: skip


def live(setting: Setting, months: list[tuple[Any, ...]]) -> None:
    with TemporaryDirectory() as folder, history(Path(folder), setting) as here:
        for first, events, billing in months:
            for event in (first, *events, billing):
                here.happen(event)
        here.settle()
        assert here.problems() == []


@pytest.mark.parametrize("way", ["invoice", "draft", "surcharge"])
@settings(
    max_examples=HISTORIES,
    phases=(Phase.explicit, Phase.generate),  # a smaller history that fails too takes long to find
    deadline=None,
    derandomize=not LONG,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(SETTINGS, MONTHS)
def test_all_bills_of_any_history_come_to_what_its_calls_cost_and_the_crm_has_each_once(
    way: Any, setting: Setting, months: list[tuple[Any, ...]]
) -> None:
    live(replace(setting, way=way), months)


def test_what_a_freeze_that_was_killed_wrote_for_others_is_no_bill() -> None:
    """Killed between the bills of two accounts; before the second's is made, it has one call more."""
    live(
        PLAIN,
        [
            (talk(*FIXED[:2]), [], ("month", 28, None, Trouble(3, "killed"))),
            (talk(FIXED[1], days_back=65), [], ("month", 28, None, None)),
        ],
    )


def test_calls_that_an_account_without_a_bill_gets_by_a_rerating_are_billed() -> None:
    """They lie in an object that was there when the shard was done with the period, under the same key."""
    found = "move", NUMBERS[5], "A2", None, Again(2, None), None
    live(
        PLAIN,
        [
            (talk(FIXED[0], NUMBERS[5]), [], ("month", 28, None, None)),
            (found, [], ("month", 28, None, None)),
        ],
    )


@contextmanager
def overtaken(by: Callable[[], object]) -> Iterator[None]:
    """While the next run has read the calls of a shard, and made nothing of them yet, something happens."""

    @contextmanager
    def read(*shard: Any) -> Iterator[Any]:
        with settled_shard(*shard) as settled:
            patch.undo()
            by()
            yield settled

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(freeze_periods, "settled_shard", read)
        yield


def test_a_file_that_comes_while_a_shard_is_read_is_billed_by_the_next_run() -> None:
    """Its account has no other call and no bill: no later bill would look at it again."""
    with TemporaryDirectory() as folder, history(Path(folder), PLAIN) as here:
        here.happen(talk(FIXED[0]))
        here.to(datetime(2026, 6, 28, tzinfo=UTC))
        with overtaken(lambda: here.happen(talk(FIXED[1], days_back=60))):
            here.world.bill(here.now)
        here.bill()
        assert {bill.account_id for bill in here.bills.values()} == {"A1", "A2"}


def test_of_two_runs_at_once_the_bill_that_is_made_first_counts() -> None:
    """The second has a call that the first, which is slower, has not."""
    with TemporaryDirectory() as folder, history(Path(folder), PLAIN) as here:
        here.happen(talk(FIXED[0]))
        here.to(datetime(2026, 6, 28, tzinfo=UTC))

        def second_run() -> None:
            here.happen(talk(FIXED[0], days_back=60))
            here.bill()

        with overtaken(second_run):
            here.world.bill(here.now)
        here.settle()
        assert here.problems() == []
