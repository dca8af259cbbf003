"""`callmeter rates check`, `diff` and `lcr` at the keyboard: what they print, and how they end."""

from functools import partial
from pathlib import Path

import pytest

from cli_kit import Run, runner
from rating_kit import OPERATOR, calls, write, write_rates

UK = "+442071234567"
DECK = "prefix,rate,destination\n44,0.06,UK\n447,0.6,[red]Mobile\n"
CARRIERS = '[carriers.vox]\ndeck = "vox"\ncurrency = "GBP"\n[carriers.far]\ndeck = "vox"\ncurrency = "GBP"\n'
ACCOUNTS = "account_id,plan,name,numbers\nA1,basic,Ann [b]Lee,442079460001\n"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `callmeter rates …`."""
    return partial(runner(monkeypatch, capsys), "rates")


@pytest.fixture
def rates(tmp_path: Path) -> Path:
    return write_rates(
        tmp_path, deck=DECK, decks={"vox": "prefix,rate\n44,0.01\n"}, carriers=CARRIERS, accounts=ACCOUNTS
    )


# ---- check


def test_check_prints_warnings_like_problems_and_ends_well(rates: Path, run: Run) -> None:
    ended = run("check", "--rates", rates)
    assert ended.code == 0
    assert ended.err == (
        "rates/decks/retail.csv:3:5: warning: prefix 447 at 0.60 is 10 times as dear as prefix 44 around it (line 2), "
        "at 0.06 [ten-times-dearer]\n    Look whether a digit or the decimal point slipped.\n"
    )
    assert f"{rates} is sound: 3 deck rows, 1 plans, 1 accounts" in ended.out
    assert ended.out.endswith("; 1 warning\n")


def test_check_strict_ends_badly_on_warnings_only(rates: Path, run: Run) -> None:
    assert run("check", "--rates", rates, "--strict").code == 2
    write(rates / "decks" / "retail.csv", "prefix,rate\n44,0.06\n")
    assert run("check", "--rates", rates, "--strict").code == 0


def test_check_json_has_warnings_and_counts(rates: Path, run: Run) -> None:
    said = run("check", "--rates", rates, "--json").json
    assert (said["sound"], said["errors"], said["warning_counts"]) == (True, [], {"ten-times-dearer": 1})
    assert (said["deck_rows"], said["plans"], said["accounts"], len(said["catalogue"])) == (3, 1, 1, 16)
    [warning] = said["warnings"]
    assert [warning[key] for key in ("file", "line", "column", "code")] == [
        "rates/decks/retail.csv", 3, 5, "ten-times-dearer",
    ]  # fmt: skip


def test_check_tells_every_error_at_once_in_words_and_json(rates: Path, run: Run) -> None:
    write(rates / "decks" / "retail.csv", "prefix,rate\n44,x\n")
    write(rates / "plans.toml", "[plans.basic]\n")
    write(rates / "operator.toml", OPERATOR.replace("GBP", "pounds"))
    ended = run("check", "--rates", rates)
    assert (ended.code, ended.out) == (2, "")
    for place in ("operator.toml:3:1", "plans.toml:1:1", "decks/retail.csv:2:4"):
        assert f"rates/{place}: " in ended.err
    ended = run("check", "--rates", rates, "--json")
    assert (ended.code, ended.json["sound"]) == (2, False)
    assert {problem["code"] for problem in ended.json["errors"]} == {"bad-value", "bad-rate"}


def test_check_all_tells_every_one(rates: Path, run: Run) -> None:
    rows = "".join(f"4{n},6\n" for n in range(41, 49))
    write(rates / "decks" / "retail.csv", f"prefix,rate\n44,0.06\n4,0.06\n{rows}")
    assert "and 3 more like the last" in run("check", "--rates", rates).err
    ended = run("check", "--rates", rates, "--all")
    assert (ended.err.count("warning:"), "more like" in ended.err) == (8, False)


# ---- lcr


def test_lcr_prints_carriers_in_order(rates: Path, run: Run) -> None:
    ended = run("lcr", UK, "--rates", rates, "--at", "2026-10-05T10:00:00Z")
    assert (ended.code, ended.err) == (0, "")
    lines = [" ".join(line.split()) for line in ended.out.splitlines()]
    assert lines[0] == "60 s to 442071234567 at 2026-10-05T10:00:00+00:00"
    assert lines[2:] == ["far 44 0.01 1/1 0.01 GBP 0.01", "vox 44 0.01 1/1 0.01 GBP 0.01"]


def test_lcr_json(rates: Path, run: Run) -> None:
    said = run("lcr", UK, "--rates", rates, "--seconds", "120", "--from", "02079460001", "--json").json
    assert [(one["carrier"], one["price"]) for one in said["carriers"]] == [("far", "0.02"), ("vox", "0.02")]


def test_lcr_of_no_number_is_a_usage_error_and_without_carriers_cannot_be_done(rates: Path, run: Run) -> None:
    assert run("lcr", "nowhere", "--rates", rates).code == 2
    (rates / "carriers.toml").unlink()
    assert run("lcr", UK, "--rates", rates).code == 1


# ---- diff


def test_diff_prints_changes_customers_and_what_calls_would_cost(tmp_path: Path, rates: Path, run: Run) -> None:
    new = write(tmp_path / "new.csv", "prefix,rate,destination\n44,0.08,UK\n447,0.6,Mobile\n")
    month = write(tmp_path / "month.csv", calls(f"a {UK} 600"))
    ended = run("diff", rates / "decks" / "retail.csv", new, "--rates", rates, "--calls", month)
    assert (ended.code, ended.err) == (0, "")
    words = " ".join(ended.out.split())
    assert "dearer 1" in words
    assert "retail 44 UK dearer 0.06 0.08 +33.3" in words
    assert "for 1 customer: Ann [b]Lee" in words
    assert "under the old prices: GBP 0.60 for 1 calls under the new prices: GBP 0.80 for 1 calls" in words
    assert "A1 Ann [b]Lee 0.60 0.80 +0.20 GBP" in words


def test_diff_json(tmp_path: Path, rates: Path, run: Run) -> None:
    new = write(tmp_path / "new.csv", "prefix,rate\n44,0.05\n")
    month = write(tmp_path / "month.csv", calls(f"a {UK} 600"))
    deck = rates / "decks" / "retail.csv"
    said = run("diff", deck, new, "--rates", rates, "--calls", month, "--calls", month, "--json").json
    assert said["summary"] == {"new": 0, "withdrawn": 0, "dearer": 0, "cheaper": 2, "terms": 0}
    assert [(one["prefix"], one["percent"]) for one in said["changes"]] == [("44", "-16.7"), ("447", "-91.7")]
    assert said["customers"] == [{"account_id": "A1", "name": "Ann [b]Lee"}]
    assert said["calls"]["difference"] == {"GBP": "-0.10"}
    assert "calls" not in run("diff", deck, new, "--json").json


def test_diff_of_the_same_says_so(rates: Path, run: Run) -> None:
    ended = run("diff", rates, rates)
    assert (ended.code, ended.out) == (0, "no call costs anything else\n")


def test_diff_shows_the_largest_changes_first_and_counts_the_rest(tmp_path: Path, run: Run) -> None:
    old = write(tmp_path / "old.csv", "prefix,rate\n" + "".join(f"{n},1\n" for n in range(10, 35)))
    new = write(tmp_path / "new.csv", "prefix,rate\n" + "".join(f"{n},{n}\n" for n in range(10, 35)))
    ended = run("diff", old, new)
    assert "… and 5 more; --all shows them" in ended.out
    assert ended.out.index(" 34 ") < ended.out.index(" 15 ")
    assert "more; --all" not in run("diff", old, new, "--all").out


@pytest.mark.parametrize(("old", "new", "code"), [("rates", "rates/decks/retail.csv", 2), ("nowhere", "rates", 2)])
def test_diff_of_what_does_not_compare_is_a_usage_error(
    tmp_path: Path, rates: Path, run: Run, old: str, new: str, code: int
) -> None:
    assert rates.parent == tmp_path
    assert run("diff", tmp_path / old, tmp_path / new).code == code
