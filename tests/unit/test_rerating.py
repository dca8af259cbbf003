"""Rating again on purpose: which files, what a preview says, what is left afterwards."""

import csv
import json
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from callmeter import layout
from callmeter.aws.operator import Deployment
from callmeter.cli.rerate import rerate as rerate_command
from callmeter.cli.rerate import simulate as simulate_command
from callmeter.cli.rerate import withdraw as withdraw_command
from callmeter.errors import BrokenCatalogue, CallmeterError, UsageError
from callmeter.jobs.rate_file import Pin, Revision, read_pin
from callmeter.jobs.rerate import (
    Preview,
    apply,
    candidates,
    find,
    preview,
    rerated,
    restored,
    standing,
    unfinished,
    withdrawn,
)
from rating_kit import PLANS, write_rates
from rerating_kit import Here, MemoryStore

A, B, NOBODY = "442079460001", "442079460002", "442079460003"
MOBILE, FRANCE = "447700900123", "33199000001"
PLANS_WITH_MINUTES = PLANS + '[[plans.basic.allowances]]\nname = "2 minutes"\ngroups = ["mobile"]\nminutes = 2\n'
OLD: dict[str, Any] = {
    "plans": PLANS_WITH_MINUTES,
    "deck": "prefix,rate,group\n44,0.06,\n447,0.60,mobile\n",
    "accounts": f"account_id,plan,numbers\nA1,basic,{A}\nB1,basic,{B}\n",
}
CALLS = [
    f"a1,{A},{MOBILE},2026-10-05T10:00:00Z,60",
    f"a2,{A},{MOBILE},2026-10-06T10:00:00Z,120",
    f"a3,{A},{FRANCE},2026-10-07T10:00:00Z,60",
    f"b1,{B},{MOBILE},2026-10-05T10:00:00Z,180",
    f"n1,{NOBODY},{MOBILE},2026-10-05T10:00:00Z,60",
    f"a4,{A},{MOBILE},2026-11-05T10:00:00Z,300",
]
EVERYTHING = Revision(catalogue="", period="2026-10")


def text(lines: list[str]) -> str:
    return "\n".join(("call_id,from,to,start,duration", *lines, ""))


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], str]:
    here = Here()
    here.publish(write_rates(tmp_path_factory.mktemp("old"), **OLD))
    digest = here.rate("october.csv", text(CALLS))
    return here.store.objects, digest


@pytest.fixture
def here(rated: tuple[dict[str, bytes], str]) -> Here:
    return Here(MemoryStore(rated[0]))


@pytest.fixture
def digest(rated: tuple[dict[str, bytes], str]) -> str:
    return rated[1]


def seen(here: Here, revision: Revision, out: Path | None = None) -> Preview:
    return preview(here.store, candidates(here.store, revision.period), rerated(revision), out=out)


def carry_out(here: Here, found: Preview, revision: Revision) -> None:
    done = apply(here.store, found.files, rerated(revision), here.rate_key)
    assert unfinished(here.store, done) == []


def newer(here: Here, folder: Path, **changed: Any) -> Revision:
    """Publish the old rates with changes; the revision that rates October with them."""
    return EVERYTHING.model_copy(update={"catalogue": here.publish(write_rates(folder, **{**OLD, **changed}))})


def test_a_preview_says_each_change_with_its_reason_and_the_charges_after_included_minutes(
    here: Here, tmp_path: Path
) -> None:
    accounts = f"account_id,plan,numbers\nA1,basic,{A}\nB1,basic,{NOBODY}\nC1,basic,{B}\n"
    deck = "prefix,rate,group\n44,0.06,\n447,0.30,mobile\n33,1,\n"
    revision = newer(here, tmp_path, accounts=accounts, deck=deck)
    found = seen(here, revision, tmp_path / "changes.csv")
    assert {(one.account_id, one.reason): (one.calls, one.before, one.after) for one in found.effects} == {
        ("A1", "repriced"): (2, Decimal("1.8"), Decimal("0.9")),  # 1 and 2 minutes at 0.60, at 0.30
        ("A1", "found"): (1, 0, 1),
        ("B1", "moved"): (1, Decimal("1.8"), 0),
        ("B1", "found"): (1, 0, Decimal("0.3")),
        ("C1", "moved"): (1, 0, Decimal("0.9")),
    }
    assert {one.account_id: (one.before, one.after) for one in found.settled} == {
        "A1": (Decimal("0.6"), Decimal("1.3")),  # 2 of 3 minutes are included; and France
        "B1": (Decimal("0.6"), 0),
        "C1": (0, Decimal("0.3")),
    }
    assert found.difference == {"GBP": Decimal("0.4")}
    rows = list(csv.DictReader((tmp_path / "changes.csv").open()))
    assert [(row["line"], row["reason"], row["status_before"]) for row in rows] == [
        ("2", "repriced", "rated"),
        ("3", "repriced", "rated"),
        ("4", "found", "no-rate"),
        ("5", "moved", "rated"),
        ("6", "found", "unknown-account"),
    ]


def test_a_preview_writes_nothing_to_the_bucket(here: Here, tmp_path: Path) -> None:
    revision = newer(here, tmp_path, deck="prefix,rate\n44,1\n")
    before = dict(here.store.objects)
    seen(here, revision)
    assert here.store.objects == before


def test_what_is_carried_out_is_what_the_preview_said(here: Here, digest: str, tmp_path: Path) -> None:
    revision = newer(here, tmp_path, deck="prefix,rate,group\n44,0.06,\n447,0.90,mobile\n")
    found = seen(here, revision)
    carry_out(here, found, revision)
    charges = {line: row["charge_nanos"] for line, row in here.lines(digest, tmp_path).items() if line in (2, 3, 7)}
    assert charges == {2: 900_000_000, 3: 1_800_000_000, 7: 3_000_000_000}  # November stays
    assert seen(here, revision).files == ()
    assert seen(here, revision).settled == ()


def test_other_minutes_included_change_the_period_though_no_call_has_another_price(here: Here, tmp_path: Path) -> None:
    revision = newer(here, tmp_path, plans=PLANS_WITH_MINUTES.replace("minutes = 2", "minutes = 3"))
    found = seen(here, revision)
    assert (found.changes, len(found.files)) == (0, 1)
    assert found.difference == {"GBP": Decimal("-1.2")}  # a minute of each account at 0.60


def test_with_accounts_only_their_calls_change_though_they_were_anothers(
    here: Here, digest: str, tmp_path: Path
) -> None:
    """A1 takes over B1's number; France has a price now, and the call of A1 to it becomes one."""
    accounts = f"account_id,plan,numbers\nA1,basic,{B}\nB1,basic,{A}\n"
    revision = newer(here, tmp_path, accounts=accounts, deck=OLD["deck"] + "33,1,\n")
    revision = revision.model_copy(update={"accounts": ("A1",)})
    before = here.lines(digest, tmp_path / "before")
    carry_out(here, seen(here, revision), revision)
    after = here.lines(digest, tmp_path / "after")
    assert after[5]["account_id"] == "A1"
    assert after[2]["account_id"] == "B1"
    assert after[4] == "no-rate", "it was nobody's, and is B1's now"
    assert {line for line in before if before[line] != after[line]} == {2, 3, 5}


def test_files_with_rejects_are_looked_at_unless_they_came_before_the_period(here: Here, tmp_path: Path) -> None:
    here.rate("nobody.csv", text([f"x,{NOBODY},{MOBILE},2026-10-05T10:00:00Z,60"]))
    revision = newer(here, tmp_path, accounts=f"account_id,plan,numbers\nA1,basic,{A} {NOBODY}\n")
    assert {one.pin.name for one in candidates(here.store, "2026-10")} == {"october.csv", "nobody.csv"}
    assert candidates(here.store, "2027-03") == []
    assert {one.pin.name for one in seen(here, revision).files} == {"october.csv", "nobody.csv"}


def test_a_file_that_is_gone_from_the_inbox_stays_as_it_is_and_is_named(here: Here, tmp_path: Path) -> None:
    revision = newer(here, tmp_path, deck="prefix,rate\n44,1\n")
    here.store.delete("inbox/october.csv")
    found = seen(here, revision)
    assert (found.files, found.absent) == ((), ("october.csv",))


def test_two_reratings_at_once_keep_both_revisions(here: Here, digest: str) -> None:
    """The other is written between this one's reading of the pin and its writing."""
    first, second = (Revision(catalogue=name, period="2026-10") for name in ("first", "second"))
    replace = here.store.replace

    def overtaken(key: str, body: bytes, expected: bytes) -> bool:
        here.store.replace = replace  # type: ignore[method-assign]
        pin = Pin.model_validate_json(expected)
        here.store.put(key, rerated(second)(pin).model_dump_json().encode())
        return replace(key, body, expected)

    here.store.replace = overtaken  # type: ignore[method-assign]
    apply(here.store, candidates(here.store, "2026-10"), rerated(first), lambda _: None)
    assert [one.catalogue for one in read_pin(here.store, digest).revisions] == ["second", "first"]


def test_the_same_rerating_twice_is_one(here: Here, digest: str) -> None:
    files = candidates(here.store, "2026-10")
    for _ in range(2):
        apply(here.store, files, rerated(EVERYTHING), lambda _: None)
    assert len(read_pin(here.store, digest).revisions) == 1
    assert [one.digest for one in unfinished(here.store, candidates(here.store, "2026-10"))] == [digest]


def test_a_pin_from_before_there_were_revisions_is_read() -> None:
    old = b'{"catalogue": "v1", "source": "", "name": "a.csv", "seen_at": "2026-11-01T12:00:00+00:00"}'
    assert Pin.model_validate_json(old).revisions == ()


def test_a_withdrawn_file_gives_nothing_and_restored_what_it_gave(here: Here, digest: str) -> None:
    before, manifest = here.outcome(), here.manifest(digest)
    file = find(here.store, "inbox/october.csv")
    found = preview(here.store, [file], withdrawn)
    assert {(one.reason, one.account_id, one.period): one.after for one in found.effects}.keys() == {
        ("withdrawn", "A1", "2026-10"),
        ("withdrawn", "A1", "2026-11"),
        ("withdrawn", "B1", "2026-10"),
    }
    apply(here.store, [file], withdrawn, here.rate_key)
    assert here.outcome() == {}
    assert (here.manifest(digest).withdrawn, here.manifest(digest).rows_in) == (True, 0)
    here.rate_key("inbox/october.csv")
    assert here.outcome() == {}, "dropped again, it stays withdrawn"
    assert standing(here.store)["files"]["withdrawn"] == 1

    file = find(here.store, digest[:8])
    assert preview(here.store, [file], restored).difference == {"GBP": -found.difference["GBP"]}
    apply(here.store, [file], restored, here.rate_key)
    assert here.outcome() == before
    assert here.manifest(digest) == manifest


def test_a_file_that_is_gone_can_be_withdrawn_by_the_key_it_had(here: Here) -> None:
    here.store.delete("inbox/october.csv")
    apply(here.store, [find(here.store, "inbox/october.csv")], withdrawn, here.rate_key)
    assert here.outcome() == {}


@pytest.mark.parametrize("name", ["inbox/november.csv", "0000000000", "abc"])
def test_a_file_that_was_never_rated_is_not_found(here: Here, name: str) -> None:
    with pytest.raises(UsageError, match="no such file was rated"):
        find(here.store, name)


# ---- the commands


@pytest.fixture
def deployed(here: Here, monkeypatch: pytest.MonkeyPatch) -> Here:
    stack = SimpleNamespace(store=here.store, rate=here.rate_key, given_up=lambda: 0)
    monkeypatch.setattr(Deployment, "named", lambda _: stack)
    return here


def test_rerate_asks_and_does_nothing_where_the_answer_is_no(deployed: Here, tmp_path: Path) -> None:
    newer(deployed, tmp_path, deck="prefix,rate\n44,1\n33,1\n")
    before = dict(deployed.store.objects)
    said = CliRunner().invoke(rerate_command, ["--period", "2026-10"], input="n\n")
    assert "0.60 → 1.00" in said.output
    assert "no-rate → rated" in said.output
    assert deployed.store.objects == before


def test_rerate_with_yes_says_what_the_next_bills_bring(deployed: Here, digest: str, tmp_path: Path) -> None:
    revision = newer(deployed, tmp_path, deck="prefix,rate,group\n44,0.06,\n447,0.90,mobile\n")
    said = CliRunner().invoke(rerate_command, ["--period", "2026-10", "--yes"])
    assert said.exit_code == 0, said.output
    assert "The next bills bring the difference: 0.60 GBP" in said.output  # a minute of each at 0.30 more
    assert read_pin(deployed.store, digest).revisions == (revision,)


def test_rerate_first_finishes_what_an_earlier_run_began(deployed: Here, digest: str, tmp_path: Path) -> None:
    revision = newer(deployed, tmp_path, deck="prefix,rate,group\n44,0.06,\n447,0.90,mobile\n")
    apply(deployed.store, candidates(deployed.store, "2026-10"), rerated(revision), lambda _: None)
    said = CliRunner().invoke(rerate_command, ["--period", "2026-10", "--json", "--yes"])
    assert said.exit_code == 0, said.output
    assert json.loads(said.stdout)["files_changed"] == 0
    assert deployed.manifest(digest).revisions == 1


def test_a_dry_run_as_json_says_all_and_does_nothing(deployed: Here, tmp_path: Path) -> None:
    newer(deployed, tmp_path, deck="prefix,rate,group\n44,0.06,\n447,0.90,mobile\n")
    before = dict(deployed.store.objects)
    said = CliRunner().invoke(rerate_command, ["--period", "2026-10", "--accounts", "A1", "--dry-run", "--json"])
    answer = json.loads(said.stdout)
    assert (answer["accounts"], answer["calls_changed"], answer["done"]) == (["A1"], 2, False)
    assert answer["difference"] == {"GBP": "0.30"}
    assert deployed.store.objects == before


def test_withdraw_and_restore_by_command(deployed: Here) -> None:
    before = deployed.outcome()
    for option, left in ((), {}), (("--restore",), before):
        said = CliRunner().invoke(withdraw_command, ["inbox/october.csv", "--yes", *option])
        assert said.exit_code == 0, said.output
        assert deployed.outcome() == left


def test_a_withdrawal_that_was_cut_short_is_finished_though_the_file_is_gone(deployed: Here, digest: str) -> None:
    pin = withdrawn(read_pin(deployed.store, digest))
    deployed.store.put(layout.pin(digest), pin.model_dump_json().encode())
    deployed.store.delete("inbox/october.csv")
    said = CliRunner().invoke(withdraw_command, ["inbox/october.csv", "--yes"])
    assert "Nothing changes." in said.output
    assert (deployed.outcome(), deployed.manifest(digest).withdrawn) == ({}, True)


def test_a_file_that_is_gone_makes_the_command_fail_with_its_name(deployed: Here, tmp_path: Path) -> None:
    newer(deployed, tmp_path, deck="prefix,rate\n44,1\n")
    deployed.store.delete("inbox/october.csv")
    said = CliRunner().invoke(rerate_command, ["--period", "2026-10", "--yes"])
    assert isinstance(said.exception, CallmeterError)
    assert "october.csv" in str(said.exception)


@pytest.mark.parametrize("options", [["--period", "October"], ["--period", "2026-10", "--json"]])
@pytest.mark.usefixtures("deployed")
def test_wrong_options_are_refused(options: list[str]) -> None:
    assert isinstance(CliRunner().invoke(rerate_command, options).exception, UsageError)


def test_standing_names_files_that_could_not_be_read(here: Here) -> None:
    here.rate("picture.csv", "nothing in here\nis a call\n")
    stands = standing(here.store)
    assert stands["files"] == {"inbox": 2, "seen": 2, "rated": 2, "unreadable": 1, "withdrawn": 0}
    assert list(stands["unreadable"]) == ["picture.csv"]


def test_simulate_says_what_a_period_would_have_cost_with_another_deck(deployed: Here, tmp_path: Path) -> None:
    dearer = tmp_path / "dearer.csv"
    dearer.write_text("prefix,rate,group\n44,0.06,\n447,0.90,mobile\n33,1,\n")
    before = dict(deployed.store.objects)
    asked = ["--deck", str(dearer), "--as", "retail", "--period", "2026-10", "--json"]
    answer = json.loads(CliRunner().invoke(simulate_command, asked).stdout)
    assert answer["difference"] == {"GBP": "1.60"}  # a minute of each at 0.30 more, and one to France
    assert deployed.store.objects == before


@pytest.mark.parametrize(("deck", "error"), [("prefix,rate\n44,cheap\n", BrokenCatalogue), ("", UsageError)])
@pytest.mark.usefixtures("deployed")
def test_simulate_refuses_a_broken_deck_and_one_that_replaces_none(
    tmp_path: Path, deck: str, error: type[Exception]
) -> None:
    path = tmp_path / ("retail.csv" if deck else "unknown.csv")
    path.write_text(deck)
    said = CliRunner().invoke(simulate_command, ["--deck", str(path), "--period", "2026-10"])
    assert isinstance(said.exception, error)
