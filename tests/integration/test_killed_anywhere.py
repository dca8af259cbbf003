"""Kill a job after any write, lose its answer, or refuse it: run again, and all is as if nothing had been.

Each job starts from what the one before it left, fails at its n-th write, and is run once more from its start, as
its event would be delivered again. Killed before write n is the same as killed after write n - 1: a process leaves
nothing behind but its writes. Compared are all objects byte for byte (statements too), the table but for sequence
numbers, and every invoice and item in the CRM with its number.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from callmeter.errors import CallmeterError
from pipeline_kit import (
    DENTIST,
    FAMILY,
    FRANCE,
    LANDLINE,
    MOBILE,
    VOTING,
    Facts,
    How,
    Killed,
    Snapshot,
    World,
    call,
    world,
)

OF_THE_DENTIST = [
    call("a1", DENTIST, MOBILE, "2026-10-05T10:00:00Z", 125),
    call("a2", DENTIST, LANDLINE, "2026-10-06T10:00:00Z", 0),
    call("a2", DENTIST, LANDLINE, "2026-10-06T10:00:00Z", 0),
    call("a3", DENTIST, "99912345678", "2026-10-06T10:00:00Z", 61),
]
# Another shard, and two periods: an allowance used up in the first, a late price in the second.
OF_THE_FAMILY = [
    call("b1", FAMILY, MOBILE, "2026-10-03T10:00:00Z", 3541),
    call("b2", FAMILY, MOBILE, "2026-10-04T10:00:00Z", 100),
    call("b3", FAMILY, FRANCE, "2026-10-16T10:00:00Z", 200),
    call("b4", FAMILY, VOTING, "2026-10-16T11:00:00Z", 200),
]

JOBS: dict[str, Callable[[World], object]] = {
    "rate": lambda here: [here.rate(key) for key in here.store.keys("inbox/")],
    "total": lambda here: here.total_all(),
    "bill": lambda here: here.bill(),
}


@dataclass(frozen=True)
class Stage:
    """What a job finds and leaves, and how often it writes, where nothing goes wrong."""

    before: Snapshot
    writes: int
    after: Facts


@dataclass
class Path:
    """A world and the stages of one file's path through it."""

    here: World
    stages: dict[str, Stage] = field(default_factory=dict)

    def go(self, lines: list[str]) -> "Path":
        self.here.drop("october.csv", lines)
        for name, job in JOBS.items():
            before = self.here.snapshot()
            with self.here.failing(0, "killed") as faults:
                job(self.here)
            self.stages[name] = Stage(before, faults.count, self.here.facts())
        return self

    def check(self, name: str, how: How) -> None:
        """Fail at every write of a job in turn, run it again, and compare."""
        stage, job = self.stages[name], JOBS[name]
        for number in range(1, stage.writes + 1):
            self.here.restore(stage.before)
            with self.here.failing(number, how), suppress(Killed, CallmeterError):
                job(self.here)
            job(self.here)
            assert self.here.facts().differences(stage.after) == [], f"{name}, write {number} {how}"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch, world(tmp_path_factory.mktemp("world"), patch) as here:
        here.empty = here.snapshot()
        yield here


@pytest.fixture(scope="module")
def both(here: World) -> Path:
    here.restore(here.empty)
    return Path(here).go([*OF_THE_DENTIST, *OF_THE_FAMILY])


@pytest.fixture(scope="module")
def dentist(here: World) -> Path:
    here.restore(here.empty)
    return Path(here).go(OF_THE_DENTIST)


@pytest.fixture(scope="module")
def family(here: World) -> Path:
    here.restore(here.empty)
    return Path(here).go(OF_THE_FAMILY)


def test_the_path_that_is_disturbed_below_ends_with_these_invoices(both: Path) -> None:
    both.here.restore(both.stages["bill"].before)
    assert {bill_id: done.problem for bill_id, done in both.here.bill().items()} == {
        "C1001-2026-10": "",
        "C1002-2026-09": "",
        "C1002-2026-10": "",
    }
    assert both.here.invoiced() == {
        "C1001-2026-10": Decimal("0.18"),  # 125 s (60/1) at 0.085 = 0.177083 -> 0.1771
        "C1002-2026-09": Decimal("0.17"),  # 60 minutes free; 120 s at 0.085
        "C1002-2026-10": Decimal("0.07"),  # 240 s at 0.01604375 = 0.064175, up
    }
    assert both.here.facts().differences(both.stages["bill"].after) == []
    assert {name: stage.writes for name, stage in both.stages.items()} == {"rate": 6, "total": 6, "bill": 54}


@pytest.mark.parametrize("name", ["rate", "total"])
def test_a_job_killed_after_any_write_and_run_again_leaves_what_an_undisturbed_one_leaves(
    both: Path, name: str
) -> None:
    both.check(name, "killed")


def test_billing_killed_after_any_write_and_run_again_sends_what_undisturbed_billing_sends(family: Path) -> None:
    family.check("bill", "killed")


@pytest.mark.parametrize("name", JOBS)
@pytest.mark.parametrize("how", ["lost", "refused"])
def test_a_job_with_any_one_write_failing_and_run_again_leaves_what_an_undisturbed_one_leaves(
    dentist: Path, name: str, how: How
) -> None:
    dentist.check(name, how)


@pytest.mark.parametrize("done", ["rate", "total", "bill"])
def test_everything_delivered_again_after_any_job_changes_nothing(both: Path, done: str) -> None:
    both.here.restore(both.stages["bill"].before)
    both.here.bill()
    for name in list(JOBS)[list(JOBS).index(done) :]:
        JOBS[name](both.here)
    assert both.here.facts().differences(both.stages["bill"].after) == []
