"""`rates diff`: which prices change, as calls would feel it; for whom; and what calls would have cost."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from callmeter.catalogue.comparing import Change, Comparison, change_json, compare
from callmeter.catalogue.repricing import Repriced, reprice, repriced_json
from callmeter.errors import BrokenCatalogue, UsageError
from callmeter.rating.engine import engine
from rating_kit import HEADER, MONDAY, OPERATOR, PLANS, calls, rate_in, write, write_rates

NOW = datetime(2026, 10, 5, 10, 0, tzinfo=UTC)
BANDS = (
    '[bands.peak]\ndays = ["mon-fri"]\nhours = ["08:00-19:00"]\n'
    '[bands.off]\ndays = ["mon-fri"]\nhours = ["19:00-08:00"]\n[bands.weekend]\ndays = ["sat", "sun", "holiday"]\n'
)
UK = "+442071234567"


def compared(folder: Path, old: str, new: str, **reference: Any) -> Comparison:
    rates = write_rates(folder, deck=old, **reference)
    new_path = write(folder / "new.csv", new)
    with engine() as (con, work):
        return compare(con, rates / "decks" / "retail.csv", new_path, work, rates=rates, at=NOW)


def told(folder: Path, old: str, new: str, **reference: Any) -> list[str]:
    return [line_of(change) for change in compared(folder, old, new, **reference).changes]


def line_of(change: Change) -> str:
    """kind prefix old>new, and which calls and from when where that is said."""
    rates = ">".join("" if side is None else str(side["rate"]).rstrip("0") for side in (change.old, change.new))
    only = "".join(f" {name}={value}" for name in ("band", "callers", "since") if (value := getattr(change, name)))
    return f"{change.kind} {change.prefix} {rates}{only}"


# ---- by effect


def test_each_kind_of_change(tmp_path: Path) -> None:
    old = "prefix,rate,increment,allowed\n1,0.01,1,\n33,0.02,1,\n34,0.03,1,\n44,0.06,60,\n45,0.07,1,\n46,0.08,1,\n"
    new = "prefix,rate,increment,allowed\n1,0.01,1,\n33,0.025,1,\n34,0.02,1,\n44,0.06,1,\n46,0.08,1,no\n47,0.09,1,\n"
    result = compared(tmp_path, old, new)
    assert [line_of(change) for change in result.changes] == [
        "dearer 33 0.02>0.025", "cheaper 34 0.03>0.02", "terms 44 0.06>0.06", "withdrawn 45 0.07>",
        "terms 46 0.08>0.08", "new 47 >0.09",
    ]  # fmt: skip
    assert result.counts == {"new": 1, "withdrawn": 1, "dearer": 1, "cheaper": 1, "terms": 2}
    assert [change.percent for change in result.changes[:3]] == [Decimal("25.0"), Decimal("-33.3"), Decimal("0.0")]
    assert result.changes[2].differing == {"first_increment": (60, 1), "increment": (60, 1)}
    assert result.changes[4].differing == {"allowed": (True, False)}
    assert [change.old_line for change in result.changes] == [3, 4, 5, 6, 7, None]


def test_the_same_prices_in_another_order_and_dress_are_no_change(tmp_path: Path) -> None:
    old = "prefix,rate,increment\n44,0.06,60\n1,0.1,1\n"
    assert told(tmp_path, old, "rate,increment,prefix\n0.10,1/1,+1\n0.0600,60/60,44\n") == []


def test_a_finer_prefix_at_its_parents_price_is_no_change(tmp_path: Path) -> None:
    old = "prefix,rate\n44,0.06\n447,0.08\n4479,0.08\n"
    new = "prefix,rate\n44,0.06\n442,0.06\n447,0.08\n4475,0.09\n"
    assert told(tmp_path, old, new) == ["dearer 4475 0.08>0.09"]


def test_a_prefix_that_is_split_up_whole_has_no_price_of_its_own(tmp_path: Path) -> None:
    split = "".join(f"447{n},0.08\n" for n in range(10) if n != 3) + "".join(f"4473{n},0.08\n" for n in range(10))
    assert told(tmp_path, "prefix,rate\n447,0.08\n", f"prefix,rate\n{split}") == []
    assert told(tmp_path, "prefix,rate\n447,0.08\n", "prefix,rate\n" + split.removesuffix("44739,0.08\n")) == [
        "withdrawn 447 0.08>"
    ]


def test_a_withdrawn_prefix_falls_to_the_one_around_it(tmp_path: Path) -> None:
    old = "prefix,rate\n44,0.06\n447,0.08\n449,0.06\n"
    assert told(tmp_path, old, "prefix,rate\n44,0.06\n") == ["cheaper 447 0.08>0.06"]


def test_what_begins_later_is_a_change_from_then_on(tmp_path: Path) -> None:
    """Old: 0.06 until the end of November. New: 0.07 from November on."""
    old = "prefix,rate,effective_to\n44,0.06,2026-12-01\n"
    new = "prefix,rate,effective_from\n44,0.06,\n44,0.07,2026-11-01\n"
    assert told(tmp_path, old, new) == ["dearer 44 0.06>0.07 since=2026-11-01", "new 44 >0.07 since=2026-12-01"]


def test_what_was_over_before_is_no_change(tmp_path: Path) -> None:
    old = "prefix,rate,effective_from,effective_to\n44,0.06,,\n447,0.08,2026-01-01,2026-10-05\n"
    assert told(tmp_path, old, "prefix,rate,effective_from\n44,0.06,2026-09-01\n") == []


def test_bands_that_say_the_same_in_other_words_are_no_change(tmp_path: Path) -> None:
    new = "prefix,rate,band\n44,0.06,peak\n44,0.06,off\n44,0.06,weekend\n"
    assert told(tmp_path, "prefix,rate\n44,0.06\n", new, operator=OPERATOR + BANDS) == []


def test_a_band_changes_calls_of_its_time_only(tmp_path: Path) -> None:
    old = "prefix,rate,band\n44,0.06,\n44,0.12,peak\n"
    new = "prefix,rate,band\n44,0.06,\n44,0.13,peak\n447,0.06,\n"
    assert told(tmp_path, old, new, operator=OPERATOR + BANDS) == [
        "dearer 44 0.12>0.13 band=peak", "cheaper 447 0.12>0.06 band=peak",
    ]  # fmt: skip


def test_callers_of_their_own(tmp_path: Path) -> None:
    old = "prefix,rate,from_prefix\n44,0.06,\n44,0.02,44\n"
    new = "prefix,rate,from_prefix\n44,0.06,\n44,0.03,44\n44,0.02,4420\n"
    assert told(tmp_path, old, new) == ["dearer 44 0.02>0.03 callers=44"]


def test_codes_and_inbound_rows_are_compared_by_themselves(tmp_path: Path) -> None:
    old = "prefix,rate,group,direction\n9,0.5,,\n911,0.1,emergency,\n44,0.01,,inbound\n44,0.06,,\n"
    new = "prefix,rate,group,direction\n9,0.5,,\n911,0.2,emergency,\n44,0.02,,inbound\n44,0.06,,\n"
    changes = compared(tmp_path, old, new).changes
    assert [(one.prefix, one.direction, one.kind) for one in changes] == [
        ("911", "outbound", "dearer"), ("44", "inbound", "dearer"),
    ]  # fmt: skip


def test_decks_without_a_folder(tmp_path: Path) -> None:
    old = write(tmp_path / "a.csv", "prefix,rate\n44,0.06\n")
    new = write(tmp_path / "b.csv", "prefix,rate\n44,0.07\n")
    with engine() as (con, work):
        result = compare(con, old, new, work, at=NOW)
    assert [line_of(change) for change in result.changes] == ["dearer 44 0.06>0.07"]
    assert (result.customers, result.decks) == ({}, ("a",))


def test_two_folders_are_compared_deck_by_deck(tmp_path: Path) -> None:
    plans = PLANS + '[plans.gold]\ndeck = "gold"\ncurrency = "GBP"\n'
    accounts = "account_id,plan,name\nA1,basic,Ann\nB1,gold,Bob\n"
    decks = {"gold": "prefix,rate\n44,0.05\n"}
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    old = write_rates(tmp_path / "one", plans=plans, accounts=accounts, decks=decks)
    new = write_rates(tmp_path / "two", plans=plans, accounts=accounts, decks={"gold": "prefix,rate\n44,0.04\n"})
    with engine() as (con, work):
        result = compare(con, old, new, work, at=NOW)
    assert [(one.deck, one.prefix, one.kind) for one in result.changes] == [("gold", "44", "cheaper")]
    assert result.customers == {"B1": "Bob"}


def test_customers_are_those_whose_plan_uses_the_deck(tmp_path: Path) -> None:
    plans = PLANS + '[plans.gold]\ndeck = "gold"\ncurrency = "GBP"\n'
    accounts = "account_id,plan,name\nA1,basic,Ann\nB1,gold,Bob\nC1,basic,Cy\n"
    settings: dict[str, Any] = {"plans": plans, "accounts": accounts, "decks": {"gold": "prefix,rate\n44,1\n"}}
    assert compared(tmp_path, "prefix,rate\n44,0.06\n", "prefix,rate\n44,0.07\n", **settings).customers == {
        "A1": "Ann", "C1": "Cy",
    }  # fmt: skip
    assert compared(tmp_path, "prefix,rate\n44,0.06\n", "prefix,rate\n44,0.06\n", **settings).customers == {}


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    rates = write_rates(tmp_path)
    euros = write(tmp_path / "euro.csv", "prefix,rate,currency\n44,0.07,EUR\n")
    broken = write(tmp_path / "broken.csv", "prefix,rate\n44,x\n")
    with engine() as (con, work):
        with pytest.raises(UsageError, match="EUR and GBP"):
            compare(con, rates / "decks" / "retail.csv", euros, work, rates=rates, at=NOW)
        with pytest.raises(UsageError, match="two decks, or two"):
            compare(con, rates, euros, work, at=NOW)
        with pytest.raises(BrokenCatalogue):
            compare(con, euros, broken, work, at=NOW)


def test_json_has_money_as_text(tmp_path: Path) -> None:
    [change] = compared(tmp_path, "prefix,rate,destination\n44,0.06,UK\n", "prefix,rate\n44,0.075\n").changes
    said = change_json(change)
    assert said["new"] == {
        "rate": "0.075", "connect_fee": "0.00", "first_increment": 1, "increment": 1, "per_call": False,
        "allowed": True, "late": False, "max_charge": None, "group": "",
    }  # fmt: skip
    assert (said["destination"], said["percent"], said["since"], said["new_line"]) == ("UK", "25.0", None, 2)


# ---- what calls would have cost

TWO = "account_id,plan,name,numbers\nA1,basic,Ann,442079460001\nB1,basic,Bob,442079460002\n"


def repriced(folder: Path, text: str, old: str, new: str, **reference: Any) -> Repriced:
    rates = write_rates(folder, deck=old, accounts=TWO, **reference)
    deck, path = rates / "decks" / "retail.csv", write(folder / "month.csv", text)
    new_path = write(folder / "new.csv", new)
    with engine() as (con, work):
        result = compare(con, deck, new_path, work, rates=rates, at=NOW)
        return reprice(con, result, [path], deck, new_path, work, at=NOW, rates=rates)


def test_calls_are_rated_under_both_and_customers_come_by_what_it_makes(tmp_path: Path) -> None:
    """Ann: 2 minutes at 0.06, then 0.05. Bob: 10 minutes to a mobile at 0.08, then 0.10."""
    text = calls(f"a {UK} 120") + f"b,442079460002,+447700900123,{MONDAY},600\n"
    old, new = "prefix,rate\n44,0.06\n447,0.08\n", "prefix,rate\n44,0.05\n447,0.1\n"
    answer = repriced(tmp_path, text, old, new)
    assert [(one.name, one.old, one.new, one.difference) for one in answer.customers] == [
        ("Bob", Decimal("0.8"), Decimal("1"), Decimal("0.2")),
        ("Ann", Decimal("0.12"), Decimal("0.1"), Decimal("-0.02")),
    ]
    said = repriced_json(answer)
    assert (said["old"]["charge"], said["new"]["charge"]) == ({"GBP": "0.92"}, {"GBP": "1.10"})
    assert said["difference"] == {"GBP": "0.18"}
    assert said["customers"][0]["difference"] == "0.20"


def test_it_is_to_the_cent_what_the_rater_says_of_either_deck(tmp_path: Path) -> None:
    plans = f'{PLANS}[[plans.basic.allowances]]\nname = "2"\ngroups = ["uk"]\nminutes = 2\n'
    text = calls(*(f"c{n} +44{20 + n % 9}71234567 {7 * n + 1}" for n in range(60)))
    decks = [
        "prefix,rate,group,connect_fee,increment\n44,0.061,uk,0.01,6\n4423,0.09,,,\n",
        "prefix,rate,group,connect_fee,increment\n44,0.059,uk,0.02,60\n4425,0.4,uk,,1\n",
    ]
    answer = repriced(tmp_path, text, *decks, plans=plans)
    alone = [rate_in(tmp_path, write_rates(tmp_path, deck=deck, plans=plans), text).total for deck in decks]
    [ann] = answer.customers
    assert [ann.old, ann.new] == alone


def test_a_deck_that_begins_next_month_is_asked_what_it_would_have_made(tmp_path: Path) -> None:
    new = "prefix,rate,effective_from\n44,0.06,\n44,0.12,2026-12-01\n"
    answer = repriced(tmp_path, calls(f"a {UK}"), "prefix,rate\n44,0.06\n", new)
    assert (answer.old.charge, answer.new.charge) == ({"GBP": Decimal("0.06")}, {"GBP": Decimal("0.12")})


def test_calls_that_would_no_longer_go_anywhere_are_counted(tmp_path: Path) -> None:
    text = calls(f"a {UK}", "b +12025550100")
    answer = repriced(tmp_path, text, "prefix,rate\n44,0.06\n1,0.02\n", "prefix,rate\n44,0.06\n")
    said = repriced_json(answer)
    assert (said["old"]["rejected"], said["new"]["reject_reasons"]) == (0, {"no-rate": 1})


def test_every_column_of_a_deck_reaches_the_second_rating(tmp_path: Path) -> None:
    """On itself nothing differs: bands, callers, caps, per-call prices, codes, late, barred and inbound rows."""
    deck = (
        "prefix,rate,band,from_prefix,max_charge,per_call,group,late,allowed,direction,destination,connect_fee,increment\n"
        '44,0.06,,,,,uk,,,,"UK, all",0.01,60/6\n44,0.12,peak,,0.2,,,,,,,,\n442,0.03,,4420,,,,,,,,,\n'
        "448,0.5,,,,yes,,,,,,,\n"
        "999,0.1,,,,,emergency,,,,,,\n4487,,,,,,,yes,,,,,\n4490,,,,,,,,no,,,,\n4491,1.123456789,,,,,,,no,,,,\n"
        "44207946,0.01,,,,,,,,inbound,,,\n"
    )
    numbers = (UK, "+441132345678", "+448012345678", "999", "+448712345678", "+449012345678", "+449112345678")
    lines = calls(*(f"{n}-{s} {to} {s}" for n, to in enumerate(numbers) for s in (0, 1, 61, 900)))
    text = lines + f"in,+491711234567,442079460001,{MONDAY},60\n"
    answer = repriced(tmp_path, text, deck, deck, operator=OPERATOR + BANDS)
    assert answer.old.charge == answer.new.charge
    assert (answer.old.late, answer.old.barred, answer.old.rejected) == (
        answer.new.late, answer.new.barred, answer.new.rejected,
    )  # fmt: skip
    assert answer.old.late == 6
    assert {one.difference for one in answer.customers} == {0}


def test_two_folders_rate_calls_with_their_own_plans(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    old = write_rates(tmp_path / "one")
    new = write_rates(tmp_path / "two", plans=PLANS + 'billing = "per-minute"\n', accounts=None)
    path = write(tmp_path / "calls.csv", calls(f"a {UK} 61"))
    with engine() as (con, work):
        result = compare(con, old, new, work, at=NOW)
        answer = reprice(con, result, [path], old, new, work, at=NOW)
    assert result.changes == []
    assert [(one.old, one.new) for one in answer.customers] == [(Decimal("0.061"), Decimal("0.12"))]


@pytest.mark.parametrize("head", [b"PAR1", b"call_id,account_id,source,direction,from_number\n"])
def test_rated_calls_cannot_be_rated_again(tmp_path: Path, head: bytes) -> None:
    rates, path = write_rates(tmp_path), write(tmp_path / "rated", head)
    deck = rates / "decks" / "retail.csv"
    with engine() as (con, work):
        result = compare(con, deck, deck, work, rates=rates, at=NOW)
        with pytest.raises(UsageError, match="holds rated calls"):
            reprice(con, result, [path], deck, deck, work, at=NOW, rates=rates)


def test_calls_need_to_know_which_deck_it_is(tmp_path: Path) -> None:
    rates, path = write_rates(tmp_path), write(tmp_path / "calls.csv", HEADER + "\n")
    old, new = (write(tmp_path / f"{name}.csv", "prefix,rate\n44,0.06\n") for name in ("a", "b"))
    with engine() as (con, work):
        result = compare(con, old, new, work, rates=rates, at=NOW)
        with pytest.raises(UsageError, match="is called a or b"):
            reprice(con, result, [path], old, new, work, at=NOW, rates=rates)
        with pytest.raises(UsageError, match="--rates"):
            reprice(con, result, [path], old, new, work, at=NOW)


@pytest.mark.parametrize("seed", range(6))
def test_wherever_the_rater_differs_a_change_says_so_and_nowhere_else(tmp_path: Path, seed: int) -> None:
    """Random decks with bands, dates and callers; each call's rate under either, against the change of its longest
    prefix in force of either deck."""
    chance = random.Random(seed)  # noqa: S311
    decks = [_random_deck(chance) for _ in range(2)]
    settings: dict[str, Any] = {"operator": OPERATOR + BANDS, "accounts": CALLERS}
    result = compared(tmp_path, *decks, **settings)
    starts = [NOW + timedelta(hours=chance.randrange(24 * 90)) for _ in range(40)]
    dialled = [f"+44{chance.choice('12')}{chance.choice('12')}{chance.choice('12')}1234567" for _ in starts]
    lines = [
        f"{n},{chance.choice(('442079460001', '491711234567'))},{to},{start:%Y-%m-%dT%H:%M:%SZ},60"
        for n, (to, start) in enumerate(zip(dialled, starts, strict=True))
    ]
    text = "\n".join((HEADER, *lines)) + "\n"
    rates = [_rates(tmp_path, deck, text, settings) for deck in decks]
    changed = {change.prefix for change in result.changes}
    for n, to in enumerate(dialled):
        old, new = (side.get(str(n)) for side in rates)
        heads = {to[1:digits] for digits in range(2, len(to))}
        assert old == new or heads & changed, (decks, lines[n], old, new)
        certain = [one for one in result.changes if one.prefix == to[1:6] and not (one.band or one.callers)]
        day = starts[n].astimezone(ZoneInfo("Europe/London")).date().isoformat()
        if len(certain) == 1 and (certain[0].since or "") <= day and not _reverts(decks):
            assert old != new, (decks, lines[n], old, new)


CALLERS = "account_id,plan,numbers\nA1,basic,442079460001\nB1,basic,491711234567\n"


def _random_deck(chance: random.Random) -> str:
    rows = {("44", "", "", ""): "0.01"}
    for _ in range(8):
        prefix = "44" + "".join(chance.choice("12") for _ in range(chance.randrange(4)))
        key = (prefix, chance.choice(("", "", "peak", "off")), chance.choice(("", "", "44")), chance.choice(("", DATE)))
        rows[key] = chance.choice(("0.01", "0.02", "0.03"))
    lines = (f"{prefix},{rate},{band},{caller},{date}" for (prefix, band, caller, date), rate in rows.items())
    return "prefix,rate,band,from_prefix,effective_from\n" + "\n".join(lines) + "\n"


DATE = "2026-11-15"


def _reverts(decks: list[str]) -> bool:
    """Whether a change may be over again: where rows begin later."""
    return any(DATE in deck for deck in decks)


def _rates(folder: Path, deck: str, text: str, settings: dict[str, Any]) -> dict[str, str]:
    answer = rate_in(folder, write_rates(folder, deck=deck, **settings), text)
    return {row["call_id"]: row["rate"] for row in answer.rows}
