"""Random catalogues, calls and revisions: rating again against rating afresh, line by line.

CALLMETER_LONG=1 runs many times as many.
"""

import os
from itertools import product
from pathlib import Path
from random import Random

import pytest

from callmeter import layout
from callmeter.jobs.rate_file import Pin, Revision
from rating_kit import OPERATOR, write_rates
from rerating_kit import Here, Killed, MemoryStore

LONG = bool(os.environ.get("CALLMETER_LONG"))
SEEDS = range(60 if LONG else 2)
NUMBERS = tuple(f"44207946{n:04}" for n in range(8))
OTHERS = ("447700900123", "442079460999", "33199000001", "99912345678", "not a number")
PLANS = '[plans.one]\ndeck = "retail"\ncurrency = "GBP"\n[plans.two]\ndeck = "other"\ncurrency = "GBP"\n'


def accounts(random: Random) -> str:
    """Four accounts that share the numbers out, but for one that nobody has."""
    numbers = random.sample(NUMBERS, 7)
    rows = [
        f"A{n},{random.choice(('one', 'two'))},{' '.join(numbers[n::4])},{random.choice((1, 1, 15))}" for n in range(4)
    ]
    return "\n".join(("account_id,plan,numbers,anchor_day", *rows, ""))


def deck(random: Random) -> str:
    rows = [
        f"{prefix},{random.randrange(1, 100) / 1000},{random.choice(('no', 'no', 'yes'))}"
        for prefix in ("44", "447", "33")
        if random.random() < 0.8
    ]
    return "\n".join(("prefix,rate,late", "1,0.01,no", *rows, ""))


def calls(random: Random) -> str:
    rows = [
        f"c{n},{random.choice(NUMBERS)},{random.choice(OTHERS)},"
        f"2026-{random.choice((9, 10, 10, 11)):02}-{random.randrange(1, 31):02}T10:00:00Z,{random.randrange(0, 300)}"
        for n in range(60)
    ]
    return "\n".join(("call_id,from,to,start,duration", *rows, "half a line", ""))


class Case:
    """Two catalogues, and one file rated with the first alone, and with the second alone."""

    def __init__(self, folder: Path, seed: int) -> None:
        random = Random(seed)  # noqa: S311 - test data
        self.random, self.folder, self.text = random, folder, calls(random)
        rates = [
            write_rates(
                folder / name,
                operator=OPERATOR,
                plans=PLANS,
                deck=deck(random),
                decks={"other": deck(random)},
                accounts=accounts(random),
            )
            for name in ("before", "after")
        ]
        self.old, self.new = Here(), Here()
        self.old_version, self.new_version = self.old.publish(rates[0]), self.new.publish(rates[1])
        self.digest = self.old.rate("calls.csv", self.text)
        self.new.rate("calls.csv", self.text)
        self.old.publish(rates[1])  # the file stays with the first

    def again(self) -> Here:
        """The file as it was rated first."""
        return Here(MemoryStore(self.old.store.objects))

    def revise(self, here: Here, *revisions: Revision) -> None:
        """Put revisions into the file's pin."""
        pin = Pin.model_validate_json(here.store.get(layout.pin(self.digest)))
        pin = pin.model_copy(update={"revisions": (*pin.revisions, *revisions)})
        here.store.put(layout.pin(self.digest), pin.model_dump_json().encode())

    def periods(self) -> list[str]:
        keys = {**self.old.outcome(), **self.new.outcome()}
        return sorted({place[0] for key in keys if (place := layout.period_and_shard(key))})


@pytest.fixture(scope="module", params=SEEDS)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    return Case(tmp_path_factory.mktemp("case"), request.param)


def test_rating_everything_again_gives_what_rating_it_afresh_gives(case: Case) -> None:
    here = case.again()
    for period in case.periods():
        case.revise(here, Revision(catalogue=case.new_version, period=period))
    here.rate_key("inbox/calls.csv")
    assert here.outcome() == case.new.outcome()
    assert here.manifest(case.digest).rows_in == 61


def test_only_calls_of_the_period_and_accounts_change(case: Case) -> None:
    old, new = (here.lines(case.digest, case.folder / "lines") for here in (case.old, case.new))
    asked = list(product(case.periods(), (("A1",), ("A0", "A3"))))
    for period, named in asked if LONG else case.random.sample(asked, 2):
        here = case.again()
        case.revise(here, Revision(catalogue=case.new_version, period=period, accounts=named))
        here.rate_key("inbox/calls.csv")
        wanted = {
            line: new[line]
            if any(isinstance(one, dict) and one["period"] == period and one["account_id"] in named for one in both)
            else old[line]
            for line, both in {line: (old[line], new[line]) for line in old}.items()
        }
        assert here.lines(case.digest, case.folder / "lines") == wanted
        made = here.manifest(case.digest)
        assert sorted(made.objects) == sorted(here.outcome())
        assert made.rows_in == made.priced + made.rejected == 61


def test_a_rerating_killed_after_any_write_and_run_again_leaves_what_an_undisturbed_one_leaves(case: Case) -> None:
    ready = case.again()
    case.revise(ready, Revision(catalogue=case.new_version, period=case.periods()[1]))
    done = Here(MemoryStore(ready.store.objects))
    done.rate_key("inbox/calls.csv")
    writes = range(1, done.store.writes)
    for last in writes if LONG else case.random.sample(writes, 2):
        here = Here(MemoryStore(ready.store.objects))
        here.store.last = last
        with pytest.raises(Killed):
            here.rate_key("inbox/calls.csv")
        here.store.last = 0
        here.rate_key("inbox/calls.csv")
        assert here.store.objects == done.store.objects


def test_a_slow_run_with_an_older_pin_leaves_nothing_of_it(case: Case) -> None:
    """The pin is revised, and the file rated, while a run that read the old pin is still writing."""
    here, other = case.again(), case.again()
    revision = Revision(catalogue=case.new_version, period=case.periods()[1])
    case.revise(other, revision)
    other.rate_key("inbox/calls.csv")

    class Slow(MemoryStore):
        overtaken = False

        def upload(self, path: Path, key: str) -> None:
            if not self.overtaken:
                self.overtaken = True
                self.objects = dict(other.store.objects)
            super().upload(path, key)

    here.store = Slow(here.store.objects)
    here.rate_key("inbox/calls.csv")
    assert here.outcome() == other.outcome()
    assert here.manifest(case.digest).revisions == 1
