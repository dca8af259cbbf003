"""A new operator's first minutes: a folder that works as it is, completion, and exit codes as documented."""

import csv
import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from callmeter.catalogue.files import is_zone, read_operator, read_plans
from callmeter.catalogue.starting import countries, currency_of, neighbours, zone_of
from callmeter.cli import start
from callmeter.local.world import names
from callmeter.rating.rate import Summary, rate_files
from cli_kit import Run

ROOT = Path(__file__).resolve().parents[2]
FILES = {
    "operator.toml", "plans.toml", "destinations.csv", "decks/retail.csv", "accounts.csv", "calls-example.csv",
    "carriers.toml.example", "fx.csv.example",
}  # fmt: skip
TRIED = countries() if os.environ.get("CALLMETER_LONG") else ["AU", "BR", "DE", "GB", "JP", "SG", "US"]


def rated(folder: Path, out: Path) -> Summary:
    """The example calls, rated with the folder."""
    return rate_files([folder / "calls-example.csv"], rates=folder, out=out)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("country", TRIED)
def test_a_new_folder_rates_its_example_calls(run: Run, tmp_path: Path, country: str) -> None:
    ended = run("init", tmp_path / "rates", "--country", country, "--yes")
    assert (ended.code, ended.err) == (0, "")
    assert "is made, and sound" in ended.out
    summary = rated(tmp_path / "rates", tmp_path / "rated.csv")
    assert (summary.rejected, summary.duplicates, summary.barred, summary.late) == (0, 0, 0, 0)
    assert summary.rated == summary.rows_in >= 10
    assert {row["currency"] for row in rows(tmp_path / "rated.csv")} == {currency_of(country)}
    assert {row["direction"] for row in rows(tmp_path / "rated.csv")} == {"inbound", "outbound"}
    assert any(int(row["free_seconds"]) for row in rows(tmp_path / "rated.csv"))


def test_the_folder_has_every_file_and_says_what_to_do_next(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "my rates"
    ended = run("init", folder, "--country", "gb", "--name", 'Smith & "Sons" {Ltd}', "--yes")
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == FILES
    assert f"callmeter rate            '{folder}'/calls-example.csv --rates '{folder}' --out rated.csv" in ended.out
    assert f"make run                  RATES='{folder}' CALLS='{folder}'/calls-example.csv" in ended.out
    operator = read_operator(folder / "operator.toml", "operator.toml")
    assert (operator.country, operator.name, operator.timezone) == ("GB", 'Smith & "Sons" {Ltd}', "Europe/London")
    plans = read_plans(folder / "plans.toml", "plans.toml", frozenset(["retail"]))
    assert plans["standard"].allowances[0].groups == ("uk-landline",)


def test_every_price_of_the_deck_is_marked_as_an_example(run: Run, tmp_path: Path) -> None:
    run("init", tmp_path / "rates", "--country", "DE", "--yes")
    deck = rows(tmp_path / "rates" / "decks" / "retail.csv")
    priced = [row for row in deck if row["rate"] not in ("", "0")]
    assert len(priced) > 20
    assert all("EXAMPLE" in row["note"] for row in priced)
    assert all(row["allowed"] == "no" for row in deck if "Premium" in row["destination"])
    assert {row["prefix"] for row in deck if row["group"] == "emergency"} == {"110", "112"}
    assert {"Germany", "Germany Mobile", "Czechia"} <= {row["destination"] for row in deck}


def test_the_questions_offer_what_is_usual_in_the_country(tmp_path: Path) -> None:
    answers = "xx\nau\nBondi Telecom\n\nMars/Olympus\nAustralia/Perth\n"
    ended = CliRunner().invoke(start.init, [str(tmp_path / "rates")], input=answers)
    assert ended.exit_code == 0, ended.output
    assert 'country "xx" is not known' in ended.output
    assert "Currency [AUD]" in ended.output
    assert "Time zone [Australia/Sydney]" in ended.output
    assert 'time zone "Mars/Olympus" is not known' in ended.output
    operator = read_operator(tmp_path / "rates" / "operator.toml", "operator.toml")
    assert (operator.name, operator.currency, operator.timezone) == ("Bondi Telecom", "AUD", "Australia/Perth")


def test_json_asks_nothing_and_says_what_was_made(run: Run, tmp_path: Path) -> None:
    ended = run("init", tmp_path / "rates", "--country", "JP", "--json")
    made = json.loads(ended.out)
    assert set(made["files"]) == FILES
    assert (made["currency"], made["timezone"]) == ("JPY", "Asia/Tokyo")


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ((), "the country must be given"),
        (("--country", "XX"), 'country "XX" is not known'),
        (("--country", "GB", "--currency", "pounds"), 'currency "pounds" is none'),
        (("--country", "GB", "--timezone", "London"), 'time zone "London" is not known'),
        (("--country", "GB", "--name", "two\nlines"), "the name must be one line of text"),
    ],
)
def test_flags_that_cannot_be_are_refused(run: Run, tmp_path: Path, options: tuple[str, ...], complaint: str) -> None:
    ended = run("init", tmp_path / "rates", "--yes", *options)
    assert ended.code == 2
    assert complaint in ended.err
    assert not (tmp_path / "rates").exists()


def test_a_folder_that_is_not_empty_is_left_alone(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    ended = run("init", tmp_path, "--country", "GB", "--yes")
    assert (ended.code, "is not empty" in ended.err) == (2, True)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_every_country_has_a_currency_a_zone_and_neighbours() -> None:
    assert countries() == sorted(names())
    for country in countries():
        assert len(currency_of(country)) == 3
        assert is_zone(zone_of(country))
        assert len(neighbours(country)) == 5
    assert set(neighbours("DE")) & {"CH", "CZ", "DK", "FR", "LU"}
    assert {"CA", "MX"} <= set(neighbours("US"))


# completion


@pytest.mark.parametrize(("shell", "word"), [("bash", "complete"), ("zsh", "compdef"), ("fish", "complete")])
def test_completion_prints_the_script_of_the_shell(run: Run, shell: str, word: str) -> None:
    ended = run("completion", shell)
    assert ended.code == 0
    assert word in ended.out
    assert "_CALLMETER_COMPLETE" in ended.out


def test_the_script_s_question_is_answered() -> None:
    asked = os.environ | {"_CALLMETER_COMPLETE": "bash_complete", "COMP_WORDS": "callmeter ini", "COMP_CWORD": "1"}
    program = "import sys; sys.argv = ['callmeter']; from callmeter.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", program], env=asked, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.stdout.strip() == "plain,init"


# exit codes


def test_exit_codes_are_what_is_documented(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", StringIO(""))
    (tmp_path / "file").write_text("")
    assert run("init", tmp_path / "rates", "--country", "GB", "--yes").code == 0
    assert run("init", tmp_path / "file" / "rates", "--country", "GB", "--yes").code == 1
    assert run("init", tmp_path / "other").code == 130  # the question has no answer
    assert run("init").code == 2
    assert run("nonsense").code == 2
    (tmp_path / "rates" / "plans.toml").write_text("")
    assert run("rates", "check", "--rates", tmp_path / "rates").code == 2

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(click.Group, "invoke", interrupted)
    assert run("init", tmp_path / "other").code == 130
    assert set(start.EXIT_CODES) == {0, 1, 2, 130}


def test_exit_codes_are_in_the_readme_and_the_help(run: Run) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    told = run("--help").out
    for code, meaning in start.EXIT_CODES.items():
        assert f"| {code} | {meaning} |" in readme
        assert f"{code:<4} {meaning}" in told
