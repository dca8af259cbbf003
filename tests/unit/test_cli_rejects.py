"""`callmeter rejects`: what could not be rated, by reason, and what to add; once that is added, rating clears it."""

from pathlib import Path
from typing import Any

import pytest

from callmeter.errors import REJECT_REASONS
from callmeter.rating.rejects import FIXES
from cli_kit import Run
from rating_kit import HEADER, ME, MONDAY, write, write_rates

STRANGER = "442079460999"
DECK = "Target Prefix;Price;Target Name;group;effective_from\n44;0.06;UK;uk;\n4930;0.02;Berlin;;2027-01-01\n"
DESTINATIONS = "prefix,destination,group\n49,Germany,far\n4930,Berlin,far\n"
CALLS = "\n".join((
    HEADER,
    f"a,{ME},+442071234567,{MONDAY},60",
    f"b,{STRANGER},+442071234567,{MONDAY},60",
    f"c,{STRANGER},+442071234567,2026-10-05T10:01:00Z,60",
    f"d,reception,+442071234567,{MONDAY},60",
    f"e,{ME},+4940123456,{MONDAY},60",
    f"f,{ME},+4940123457,{MONDAY},60",
    f"g,{ME},+4930123456,{MONDAY},60",
    f"h,{ME},+33612345678,{MONDAY},60",
    f"i,{ME},112,{MONDAY},60",
    f"j,{ME},+442071234567,never,60",
))  # fmt: skip


@pytest.fixture
def rates(tmp_path: Path) -> Path:
    return write_rates(tmp_path, deck=DECK, destinations=DESTINATIONS)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "calls.csv", CALLS)


def rated(run: Run, path: Path, rates: Path, rejects: Path) -> Any:
    """Rate a file; what the command says of it."""
    out = rejects.parent / "out.parquet"
    return run("rate", path, "--rates", rates, "--out", out, "--rejects", rejects, "--json").json


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_rejects_are_listed_by_reason_with_a_line_each_and_what_to_do(
    tmp_path: Path, path: Path, rates: Path, run: Run, suffix: str
) -> None:
    rejects = tmp_path / f"rejects.{suffix}"
    rated(run, path, rates, rejects)
    ended = run("rejects", rejects)
    assert (ended.code, ended.err) == (0, "")
    assert ended.lines[:5] == [
        "9 rejected, with the first line of each reason:",
        "5  no-rate: the plan's deck has no row in force for this destination",
        'calls.csv:6: to "4940123456" in deck retail',
        f"e,{ME},+4940123456,{MONDAY},60",
        "To do: add the prefix to the deck",
    ]
    assert "3  unknown-account: no account has this number, login or code at the call's start" in ended.lines
    assert (
        "1  bad-time: the start is not a time, or not within reach (before 2000, or over a year ahead)" in ended.lines
    )


def test_the_files_of_calls_themselves_are_rated_and_nothing_is_written(
    tmp_path: Path, path: Path, rates: Path, run: Run
) -> None:
    rejects = tmp_path / "rejects.csv"
    rated(run, path, rates, rejects)
    from_rejects = run("rejects", rejects, "--rates", rates).out
    before = sorted(one.name for one in tmp_path.iterdir())
    assert run("rejects", path, "--rates", rates).out == from_rejects
    assert sorted(one.name for one in tmp_path.iterdir()) == before


def test_what_is_lacking_is_given_in_the_columns_of_the_files_that_lack_it(path: Path, rates: Path, run: Run) -> None:
    """The most calls first; a mobile of France is none of its landlines; 4930 has a row, which begins later."""
    lines = run("rejects", path, "--rates", rates).lines
    accounts = lines.index("To add to accounts.csv, with account and plan:")
    assert lines[accounts + 1 : accounts + 4] == ["account_id,plan,numbers", f",,+{STRANGER}", ",,"]
    deck = lines.index("To add to decks/retail.csv, with the rate:")
    assert lines[deck + 1 :] == [
        "Target Prefix;Price;Target Name;group;effective_from",
        "49;;Germany;;",
        "112;;;emergency;",
        "336;;France Mobile;;",
    ]
    assert [line.split()[:2] for line in lines if line.endswith(("not in force then", "123456"))] == [
        ["2", "49"],
        ["1", "4930"],
    ]


def test_once_what_was_lacking_is_added_rating_again_clears_it(
    tmp_path: Path, path: Path, rates: Path, run: Run
) -> None:
    """The rows as the command gives them, filled in; the row of 4930 begins earlier; the login gets a column."""
    accounts = write(rates / "accounts.csv", f"account_id,plan,numbers,sip_logins\nA1,basic,{ME},\n")
    found = run("rejects", path, "--rates", rates).lines
    at = found.index("To add to accounts.csv, with account and plan:")
    owners = [row.replace(",,", f"B{n},basic,", 1) for n, row in enumerate(found[at + 2 : at + 4])]
    accounts.write_text(accounts.read_text(encoding="utf-8") + "\n".join(owners) + "\n", encoding="utf-8")
    at = found.index("To add to decks/retail.csv, with the rate:")
    rows = [row.replace(";;", ";0.5;", 1) for row in found[at + 2 :]]
    write(rates / "decks" / "retail.csv", DECK.replace("2027", "2026") + "\n".join(rows) + "\n")
    facts = rated(run, path, rates, tmp_path / "rejects.csv")
    assert (facts["rated"], facts["reject_reasons"]) == (9, {"bad-time": 1})
    write(path, CALLS.replace("never", MONDAY))
    assert rated(run, path, rates, tmp_path / "rejects.csv")["rejected"] == 0
    assert run("rejects", tmp_path / "rejects.csv").out == "Nothing was rejected.\n"


def test_every_reject_of_one_reason_is_listed_on_demand(path: Path, rates: Path, run: Run) -> None:
    ended = run("rejects", path, "--rates", rates, "--reason", "unknown-account")
    assert ended.lines == [
        f'calls.csv:3: from "{STRANGER}"', f"b,{STRANGER},+442071234567,{MONDAY},60",
        f'calls.csv:4: from "{STRANGER}"', f"c,{STRANGER},+442071234567,2026-10-05T10:01:00Z,60",
        'calls.csv:5: from "reception"', f"d,reception,+442071234567,{MONDAY},60",
    ]  # fmt: skip


def test_rejects_as_one_object(path: Path, rates: Path, run: Run) -> None:
    facts = run("rejects", path, "--rates", rates, "--reason", "bad-time", "--json").json
    bad_time = {"file": "calls.csv", "line": 11, "detail": 'start "never"', "raw": CALLS.splitlines()[-1]}
    assert facts["rejected"] == 9
    assert [(one["reason"], one["rejected"]) for one in facts["reasons"]] == [
        ("no-rate", 5), ("unknown-account", 3), ("bad-time", 1),
    ]  # fmt: skip
    assert facts["reasons"][-1] == {
        "reason": "bad-time", "rejected": 1, "example": bad_time,
        "meaning": REJECT_REASONS["bad-time"], "fix": FIXES["bad-time"],
    }  # fmt: skip
    assert facts["unknown_accounts"] == [
        {"name": STRANGER, "side": "caller", "is_number": True, "calls": 2},
        {"name": "reception", "side": "caller", "is_number": False, "calls": 1},
    ]
    assert facts["without_rate"][0] == {
        "deck": "retail", "prefix": "49", "is_code": False, "destination": "Germany", "calls": 2,
        "example": "4940123456", "lines": [],
    }  # fmt: skip
    assert facts["rejects"] == [bad_time]


def test_without_rates_the_worlds_destinations_and_the_usual_columns_are_given(
    tmp_path: Path, path: Path, rates: Path, run: Run
) -> None:
    rejects = tmp_path / "rejects.csv"
    rated(run, path, rates, rejects)
    lines = run("rejects", rejects).lines
    assert lines[lines.index("To add to accounts.csv, with account and plan:") + 1 :][:3] == [
        "account_id,name,plan,numbers,sip_logins", f",,,+{STRANGER},", ",,,,reception",
    ]  # fmt: skip
    assert lines[lines.index("To add to decks/retail.csv, with the rate:") + 1 :] == [
        "prefix,destination,group,rate", "49,Germany,,", "112,,emergency,", "336,France Mobile,,",
    ]  # fmt: skip


def test_lines_of_any_bytes_come_back_from_a_file_of_rejects(tmp_path: Path, rates: Path, run: Run) -> None:
    odd = ('"', "a,b\0c", 'x,"y""z', "\x1b[31m,,,,,", "é€😀,,", "'=1+1'", "\\", "," * 9)
    path = write(tmp_path / "calls.csv", "\n".join((HEADER, *odd)).encode())
    for name in ("rejects.csv", "rejects.parquet"):
        facts = rated(run, path, rates, tmp_path / name)
        found = run("rejects", tmp_path / name, "--reason", "malformed-row", "--json").json
        assert found["rejected"] == facts["rejected"] == len(odd)
        shown = run("rejects", tmp_path / name, "--reason", "malformed-row")
        assert (shown.code, "\x1b" in shown.out) == (0, False)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nowhere.csv"], 2, "nowhere.csv: there is no such file"),
        (["calls.csv"], 2, "calls.csv is not what callmeter rate --rejects writes; to rate it, name the rates"),
        (["calls.csv", "rejects.csv", "--rates", "rates"], 2, "some of the files hold rejects, others calls"),
        (["rejects.csv", "--reason", "unlucky"], 2, "'unlucky' is not one of 'malformed-row'"),
        (["calls.csv", "--rates", "nowhere"], 2, "nowhere is not a folder"),
        (["calls.csv", "--rates", "rates", "--timezone", "Mars"], 2, 'time zone "Mars" is not known'),
        (["broken.csv"], 1, "broken.csv is not a file of rejects as callmeter rate writes it"),
        (["broken.parquet"], 1, "broken.parquet is not a file of rejects as callmeter rate writes it"),
        ([], 2, "Missing argument"),
    ],
)
@pytest.mark.usefixtures("path", "rates")
def test_rejects_that_cannot_be_listed_say_why(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "rejects.csv", "file,line,reason,detail,raw\n")
    write(tmp_path / "broken.csv", "file,line,reason,detail,raw\na,b,c,d,e\n")
    write(tmp_path / "broken.parquet", b"PAR1 and no more")
    ended = run("rejects", *arguments)
    assert (ended.code, ended.out) == (code, "")
    assert message in " ".join(ended.err.split())


def test_every_reason_has_something_to_do() -> None:
    assert FIXES.keys() == REJECT_REASONS.keys()
