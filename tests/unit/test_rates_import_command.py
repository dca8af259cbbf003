"""`callmeter rates import`: shows before it writes, asks, never overwrites unasked, and says what it left out."""

import json
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from callmeter.catalogue.importing.headers import ALIASES
from callmeter.cli import main, shown
from callmeter.cli.importing import import_deck
from rating_kit import OPERATOR

DECK = "Price list\nDial Code,Destination,Rate/Min,Extra\n44,UK,0.01,x\n447,UK mobile,,x\n"


@pytest.fixture
def rates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A rates folder without decks beside acme.csv, which the commands run in."""
    (tmp_path / "rates").mkdir()
    (tmp_path / "rates" / "operator.toml").write_text(OPERATOR, encoding="utf-8")
    (tmp_path / "acme.csv").write_text(DECK, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "rates"


def deck(rates: Path) -> Path:
    return rates / "decks" / "acme.csv"


def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *args: str) -> tuple[int, str, str]:
    """Exit code, output and messages of `callmeter rates import ARGS`."""
    monkeypatch.setattr(sys, "argv", ["callmeter", "rates", "import", *args])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    return int(str(ended.value.code)), said.out, said.err


def answered(answer: str, *args: str) -> Result:
    return CliRunner().invoke(import_deck, args, input=answer)


def test_it_shows_what_it_understood_and_writes_when_told_so(rates: Path) -> None:
    with shown.out.capture() as capture:
        result = answered("y\n", "acme.csv", "--as", "acme")
    assert result.exit_code == 0
    said = capture.get()
    for part in (
        "UTF-8", "delimiter ,", "header: line 2", "Dial Code", "prefix", "left out: not known", "before header",
        "1 prices are blank: not allowed", "rates/decks/acme.csv is written.",
    ):  # fmt: skip
        assert part in said
    assert deck(rates).read_text(encoding="utf-8") == (
        "prefix,destination,rate,allowed\n44,UK,0.01,\n447,UK mobile,,no\n"
    )
    assert [path.name for path in deck(rates).parent.iterdir()] == ["acme.csv"]


def test_a_no_writes_nothing(rates: Path) -> None:
    assert answered("n\n", "acme.csv", "--as", "acme").exit_code == 1
    assert not deck(rates).exists()


def test_a_dry_run_writes_nothing_and_json_is_one_object(
    rates: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, _ = run(capsys, monkeypatch, "acme.csv", "--as", "acme", "--dry-run", "--json")
    said = json.loads(out)
    assert (code, said["written"], deck(rates).exists()) == (0, False, False)
    assert (said["rows_in"], said["imported"], said["dropped"]) == (4, 2, {"before header": 1, "header": 1})
    assert said["columns"][0] == {"header": "Dial Code", "meaning": "prefix", "example": "44"}
    assert run(capsys, monkeypatch, "acme.csv", "--as", "acme", "--json")[0] == 2


def test_a_deck_that_is_there_is_replaced_or_amended_only_when_stated(
    rates: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    deck(rates).parent.mkdir()
    deck(rates).write_text("prefix,rate\n33,0.05\n44,0.02\n", encoding="utf-8")
    before = deck(rates).read_text(encoding="utf-8")
    code, _, said = run(capsys, monkeypatch, "acme.csv", "--as", "acme", "--yes")
    assert (code, deck(rates).read_text(encoding="utf-8")) == (2, before)
    assert "--replace" in said
    assert "--amend" in said
    code, out, _ = run(capsys, monkeypatch, "acme.csv", "--as", "acme", "--yes", "--json", "--amend")
    assert json.loads(out)["changes"] == {"new": 1, "changed": 1, "unchanged": 1, "withdrawn": 0}
    assert deck(rates).read_text(encoding="utf-8") == (
        "prefix,destination,rate,allowed\n33,,0.05,\n44,UK,0.01,\n447,UK mobile,,no\n"
    )
    code, out, _ = run(capsys, monkeypatch, "acme.csv", "--as", "acme", "--yes", "--json", "--force")
    assert (code, json.loads(out)["changes"]["withdrawn"]) == (0, 1)
    assert "33" not in deck(rates).read_text(encoding="utf-8")


def test_a_deck_with_problems_is_refused_with_places_and_hints(
    rates: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("bad.csv").write_text("Code,Rate\n4.47E+11,0.01\n44,0.02\n", encoding="utf-8")
    code, _, said = run(capsys, monkeypatch, "bad.csv", "--as", "acme", "--yes")
    assert (code, deck(rates).exists()) == (2, False)
    assert 'bad.csv:2:1: "4.47E+11" is a rounded number, not a prefix [bad-prefix]' in said
    code, out, _ = run(capsys, monkeypatch, "bad.csv", "--as", "acme", "--yes", "--json", "--skip-bad")
    said_of = json.loads(out)
    assert (code, said_of["dropped"]["not understood"], len(said_of["problems"])) == (0, 1, 1)


def test_bands_that_the_operator_does_not_have_are_named(
    rates: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("bands.csv").write_text("Code,Peak Rate,Off-Peak Rate\n44,0.02,0.01\n", encoding="utf-8")
    args = ("bands.csv", "--as", "acme", "--dry-run", "--json")
    said = json.loads(run(capsys, monkeypatch, *args)[1])
    assert said["warnings"] == ["operator.toml must have [bands.offpeak]: the deck names offpeak, peak."]
    (rates / "operator.toml").write_text(
        OPERATOR + '[bands.peak]\nhours = ["08:00-19:00"]\n[bands.offpeak]\nhours = ["19:00-08:00"]\n', encoding="utf-8"
    )
    assert json.loads(run(capsys, monkeypatch, *args)[1])["warnings"] == []


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--as", "a/b"], "is no name for a deck"),
        (["--as", "acme.csv"], "is no name for a deck"),
        (["--as", "acme", "--map", "Rate"], "names no column"),
        (["--as", "acme", "--map", "Extra=colour"], 'there is no column "colour"'),
        (["--as", "acme", "--per", "0"], "is no divisor"),
        (["--as", "acme", "--per", "x"], "is no divisor"),
        (["--as", "acme", "--currency", "euro"], "is not a currency"),
        (["--as", "acme", "--amend"], "there is no deck"),
        (["--as", "acme", "--amend", "--replace"], "exclude each other"),
        (["--as", "acme", "--band", "Rate=9 to 5"], "is no name for a band"),
    ],
)
def test_options_that_cannot_be_are_usage_errors(
    rates: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, args: list[str], message: str
) -> None:
    code, _, said = run(capsys, monkeypatch, "acme.csv", "--yes", *args)
    assert (code, deck(rates).exists()) == (2, False)
    assert message in said


def test_the_table_of_aliases_is_printed() -> None:
    said = CliRunner().invoke(import_deck, ["--aliases"])
    assert said.exit_code == 0
    for names in ALIASES.values():
        assert ", ".join(names) in said.output


def test_every_option_says_what_it_is_for() -> None:
    assert all(option.help for option in import_deck.params if isinstance(option, click.Option))
