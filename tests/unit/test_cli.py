"""The command line: what it prints, and how it ends (0: files read, 1: not done, 2: usage or broken rates)."""

import re
import subprocess
import sys
from decimal import Decimal
from io import StringIO
from pathlib import Path

import duckdb
import pytest
from rich.console import Console

from callmeter.cli import shown
from callmeter.errors import REJECT_REASONS
from callmeter.model import RATED_COLUMNS
from cli_kit import Run
from rating_kit import HEADER, ME, MONDAY, calls, write, write_rates

UK = "+442071234567"
DECK = """\
prefix,rate,destination,group,connect_fee,first_increment,increment,per_call,allowed,late
44,0.06,UK,uk,0.05,60,1,,,
447,0.085,UK Mobile,mobile,,60,1,,,
449,1.50,UK Premium,premium,,,,yes,no,
4487,,UK Service,service,,,,,,yes
999,0.10,Police,emergency,,,,,,
"""
PLANS = """\
[plans.basic]
deck = "retail"
currency = "GBP"
[[plans.basic.allowances]]
name = "10 minutes"
groups = ["mobile", "premium"]
minutes = 10
"""


@pytest.fixture
def rates(tmp_path: Path) -> Path:
    return write_rates(tmp_path, deck=DECK, plans=PLANS)


# ---- rate

MIXED = "\n".join((
    HEADER,
    f"a,{ME},{UK},{MONDAY},61",
    f"a,{ME},{UK},{MONDAY},61",
    f"b,{ME},+449098790123,{MONDAY},60",
    f"c,{ME},+448712345678,{MONDAY},60",
    f"d,{ME},{UK},{MONDAY},0",
    f"e,{ME},{UK},{MONDAY}",
    f"f,{ME},{UK},never,60",
    f"g,{ME},{UK},{MONDAY},long",
    f"h,{ME},nowhere,{MONDAY},60",
    f"i,0123,{UK},{MONDAY},60",
    f"j,{ME},+4930123456,{MONDAY},60",
))  # fmt: skip


def test_rate_prints_one_object_that_accounts_for_every_row_and_reason(tmp_path: Path, rates: Path, run: Run) -> None:
    """61 s are 0.05 + 0.061; the premium call 1.50."""
    path, out, rejects = write(tmp_path / "calls.csv", MIXED), tmp_path / "out.csv", tmp_path / "rejects.csv"
    ended = run("rate", path, "--rates", rates, "--out", out, "--rejects", rejects, "--json")
    assert (ended.code, ended.err) == (0, "")
    facts = ended.json
    assert facts.pop("calls_per_second") > 0
    assert len(facts.pop("catalogue")) == 16
    assert facts == {
        "rows_in": 11, "rated": 4, "duplicates": 1, "rejected": 6,
        "reject_reasons": dict.fromkeys(sorted(REJECT_REASONS), 1),
        "late": 1, "barred": 1, "minutes": 3.02, "charge": {"GBP": "1.611"},
        "below_cost": 0, "margin": {}, "warnings": [],
    }  # fmt: skip
    assert out.read_text(encoding="utf-8").startswith(",".join(RATED_COLUMNS) + "\n")
    assert rejects.read_text(encoding="utf-8").count("\n") == 7


def test_rate_prints_the_same_for_people(tmp_path: Path, rates: Path, run: Run) -> None:
    ended = run("rate", write(tmp_path / "calls.csv", MIXED), "--rates", rates, "--out", tmp_path / "out.csv")
    words = ended.out.split()
    assert ended.code == 0
    assert " ".join(words[:8]) == "rows in 11 rated 4 duplicates 1 rejected"
    assert {"no-rate", "GBP", "1.611"} <= {word.strip(",") for word in words}


def test_rate_shows_the_reasons_with_a_line_each_and_what_to_do(tmp_path: Path, rates: Path, run: Run) -> None:
    """The most frequent reason comes first; nothing in a line can move the cursor."""
    text = f"{MIXED}\nk,{ME},+4930123457,{MONDAY},60\nl,{ME},\x1b[2J{'x' * 200},{MONDAY},60"
    path, rejects = write(tmp_path / "calls.csv", text), tmp_path / "rejects.csv"
    ended = run("rate", path, "--rates", rates, "--out", tmp_path / "out.csv", "--rejects", rejects)
    assert ended.code == 0
    lines = [line.strip() for line in ended.out.splitlines()]
    first = lines.index("Rejected, with the first line of each reason:") + 1
    assert lines[first : first + 6] == [
        "2  bad-number: the other end is not a phone number",
        'calls.csv:10: to "nowhere"',
        f"h,{ME},nowhere,{MONDAY},60",
        "To do: mend the number, or state its country with --country",
        "2  no-rate: the plan's deck has no row in force for this destination",
        'calls.csv:12: to "4930123456" in deck retail',
    ]
    assert "\x1b" not in ended.out
    assert f"callmeter rejects {rejects}" in ended.out.replace("\n", "")


def test_rate_writes_what_was_earned_per_carrier_and_destination(tmp_path: Path, run: Run) -> None:
    """Sold at 0.06 a minute: bought at 0.01 a gain of 0.05, at 0.10 a loss of 0.04; nobody knows cheapskate's price."""
    carriers = "".join(f'[carriers.{name}]\ndeck = "{name}"\ncurrency = "GBP"\n' for name in ("dear", "fair"))
    rates = write_rates(
        tmp_path,
        deck="prefix,destination,rate\n44,UK,0.06\n",
        decks={"dear": "prefix,rate\n44,0.10\n", "fair": "prefix,rate\n44,0.01\n"},
        carriers=carriers,
    )
    rows = (
        f"a,{ME},{UK},{MONDAY},60,fair", f"b,{ME},{UK},{MONDAY},120,FAIR", f"c,{ME},{UK},{MONDAY},60,dear",
        f"d,{ME},{UK},{MONDAY},60,cheapskate", f"e,{ME},{UK},{MONDAY},0,fair",
    )  # fmt: skip
    path = write(tmp_path / "calls.csv", "\n".join((f"{HEADER},carrier", *rows)))
    margins = tmp_path / "margins.csv"
    options = ("--rates", rates, "--out", tmp_path / "out.csv", "--margins", margins)
    facts = run("rate", path, *options, "--json").json
    assert (facts["below_cost"], facts["margin"]) == (1, {"GBP": "0.11"})
    assert margins.read_text(encoding="utf-8").splitlines() == [
        "carrier,destination,prefix,calls,seconds,charge,buy_charge,margin,currency,calls_below_cost",
        "dear,UK,44,1,60,0.060000,0.100000,-0.040000,GBP,1",
        "fair,UK,44,2,180,0.180000,0.030000,0.150000,GBP,0",
        "cheapskate,UK,44,1,60,0.060000,,,GBP,0",
    ]
    words = " ".join(run("rate", path, *options).out.split())
    assert "below cost 1 margin GBP 0.11" in words


def test_rate_says_nothing_of_margins_or_rejects_where_there_are_none(tmp_path: Path, rates: Path, run: Run) -> None:
    path = write(tmp_path / "calls.csv", calls(f"a {UK}"))
    ended = run("rate", path, "--rates", rates, "--out", tmp_path / "out.csv")
    assert "margin" not in ended.out
    assert "Rejected" not in ended.out


def test_progress_shows_the_share_of_the_work_that_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps of 5, 30, 30 and 35: at the first file 5 % are done, at the second, of the same name, 35 %; then 65 %."""
    written = StringIO()
    monkeypatch.setattr(shown, "err", Console(file=written, force_terminal=True, width=100))
    steps = [("the catalogue", 5.0), ("a.csv", 30.0), ("a.csv", 30.0), ("writing", 35.0)]
    with shown.progress(quiet=False, steps=steps) as progress:
        for name, _ in steps:
            progress(name)
    assert list(dict.fromkeys(re.findall(r"(\d+)%", written.getvalue()))) == ["0", "5", "35", "65"]


@pytest.mark.parametrize(("terminal", "quiet"), [(False, False), (True, True)])
def test_progress_shows_nothing_without_a_terminal_or_where_it_has_to_be_quiet(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, quiet: bool
) -> None:
    written = StringIO()
    monkeypatch.setattr(shown, "err", Console(file=written, force_terminal=terminal, width=100))
    with shown.progress(quiet=quiet, steps=[("one", 1.0)]) as progress:
        progress("one")
    assert written.getvalue().strip() == ""


def test_rate_writes_parquet_with_exact_types(tmp_path: Path, rates: Path, run: Run) -> None:
    out = tmp_path / "out.parquet"
    ended = run("rate", write(tmp_path / "calls.csv", MIXED), "--rates", rates, "--out", out)
    assert ended.code == 0
    with duckdb.connect() as con:
        rows = con.read_parquet(str(out))
        assert tuple(rows.columns) == RATED_COLUMNS
        types = dict(zip(rows.columns, map(str, rows.types), strict=True))
        assert (types["charge"], types["rate"], types["started_at"]) == ("DECIMAL(18,6)", "DECIMAL(18,9)", "TIMESTAMP")
        assert rows.order("line").project("call_id, charge").fetchall() == [
            ("a", Decimal("0.111")), ("b", Decimal("1.5")), ("c", None), ("d", 0),
        ]  # fmt: skip


def test_rate_with_a_plan_needs_no_accounts(tmp_path: Path, rates: Path, run: Run) -> None:
    (rates / "accounts.csv").unlink()
    path = write(tmp_path / "calls.csv", calls(f"a {UK} 61"))
    ended = run("rate", path, "--rates", rates, "--plan", "basic", "--out", tmp_path / "out.csv", "--json")
    assert (ended.code, ended.json["charge"]) == (0, {"GBP": "0.111"})


def test_rate_of_a_headers_only_file_reads_no_rows(tmp_path: Path, rates: Path, run: Run) -> None:
    path = write(tmp_path / "calls.csv", HEADER)
    ended = run("rate", path, "--rates", rates, "--out", tmp_path / "out.csv", "--json")
    assert (ended.code, ended.json["rows_in"], ended.json["charge"], ended.json["minutes"]) == (0, 0, {}, 0)
    assert (tmp_path / "out.csv").read_text(encoding="utf-8") == ",".join(RATED_COLUMNS) + "\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.csv"], "nowhere.csv: there is no such file"),
        (["calls.csv", "--out", "out.txt"], "out.txt: the name of an output ends in .parquet or .csv"),
        (["calls.csv", "--out", "nowhere/out.csv"], "nowhere: there is no such folder to write into"),
        (["calls.csv", "--out", "calls.csv"], "calls.csv: the output would overwrite a file that is read"),
        (["calls.csv", "--out", "rates/accounts.csv"], "accounts.csv: the output would overwrite a file that is read"),
        (["calls.csv", "--out", "rates/decks/retail.csv"], "the output would overwrite a file that is read"),
        (["calls.csv", "--rejects", "out.csv"], "rated calls, rejects and margins need a file each"),
        (["calls.csv", "--timezone", "Europe/Londn"], 'time zone "Europe/Londn" is not known'),
        (["calls.csv", "--country", "XX"], 'country "XX" is not known; write two letters such as GB, US or DE'),
        (["calls.csv", "--source", "3cy"], 'there is no source "3cy"; the sources are: '),
        (["calls.csv", "--plan", "gold"], 'there is no plan "gold"; the plans are: basic'),
        (["calls.csv", "--plan", "basic", "--accounts", "accounts.csv"], "--accounts and --plan exclude each other"),
        (["calls.csv", "--time-format", "%Q"], '--time-format "%Q" is not understood'),
        (["calls.csv", "--accounts", "accounts.csv"], "accounts.csv: the file is not there"),
        (["calls.csv", "--colour"], "No such option"),
        ([], "Missing argument"),
    ],
)
def test_rate_used_wrongly_ends_with_2_and_a_line_that_says_why(
    tmp_path: Path, rates: Path, run: Run, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "calls.csv", calls(f"a {UK}"))
    before = (rates / "accounts.csv").read_bytes(), (rates / "decks" / "retail.csv").read_bytes()
    out = [] if "--out" in arguments else ["--out", "out.csv"]
    ended = run("rate", *arguments, "--rates", "rates", *out)
    assert (ended.code, ended.out) == (2, "")
    assert message in " ".join(ended.err.split())
    assert not (tmp_path / "out.csv").exists()
    assert before == ((rates / "accounts.csv").read_bytes(), (rates / "decks" / "retail.csv").read_bytes())


def test_rate_of_what_is_no_csv_ends_with_1(tmp_path: Path, rates: Path, run: Run) -> None:
    good, bad = write(tmp_path / "calls.csv", calls(f"a {UK}")), write(tmp_path / "photo.csv", b"\x89PNG\r\n\x1a\n")
    ended = run("rate", good, bad, "--rates", rates, "--out", tmp_path / "out.csv", "--json")
    assert (ended.code, ended.err, ended.out) == (1, "callmeter: photo.csv is not CSV: it is a picture.\n", "")
    assert not (tmp_path / "out.csv").exists()


def test_rate_with_a_broken_catalogue_ends_with_2_and_writes_nothing(tmp_path: Path, rates: Path, run: Run) -> None:
    write(rates / "decks" / "retail.csv", DECK.replace("0.085", "0.0x85"))
    path = write(tmp_path / "calls.csv", calls(f"a {UK}"))
    ended = run("rate", path, "--rates", rates, "--out", tmp_path / "out.csv")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith('rates/decks/retail.csv:3:5: rate "0.0x85" is not a price')
    assert ended.err.endswith("the reference data is not used until this is mended.\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["calls.csv", "rates"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk that is always full here")
def test_rate_that_cannot_write_ends_with_1_and_leaves_nothing(tmp_path: Path, rates: Path, run: Run) -> None:
    path = write(tmp_path / "calls.csv", calls(f"a {UK}"))
    (tmp_path / ".out.csv.part").symlink_to("/dev/full")
    ended = run("rate", path, "--rates", rates, "--out", tmp_path / "out.csv", "--json")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith(f"callmeter: {tmp_path}/out.csv cannot be written: ")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["calls.csv", "rates"]


def test_many_problems_are_cut_short(tmp_path: Path, run: Run) -> None:
    deck = "prefix,rate\n" + "".join(f"{number},x\n" for number in range(100, 160))
    ended = run("rates", "check", "--rates", write_rates(tmp_path, deck=deck))
    assert ended.code == 2
    assert "… and 10 more" in ended.err


def test_a_problem_cannot_flood_the_screen_or_move_its_cursor(tmp_path: Path, run: Run) -> None:
    deck = f"prefix,rate\n44,\x1b[2J{'x' * 100_000}\n"
    ended = run("rates", "check", "--rates", write_rates(tmp_path, deck=deck))
    assert (ended.code, "\x1b" in ended.err) == (2, False)
    assert max(map(len, ended.err.splitlines())) < 2100


# ---- rates check


def test_rates_check_says_what_a_sound_folder_has(rates: Path, run: Run) -> None:
    ended = run("rates", "check", "--rates", rates)
    assert (ended.code, ended.err) == (0, "")
    assert "rates is sound: 5 deck rows, 1 plans, 1 accounts, catalogue" in " ".join(ended.out.split())


def test_rates_check_of_no_folder_is_a_usage_error(tmp_path: Path, run: Run) -> None:
    ended = run("rates", "check", "--rates", tmp_path / "nowhere")
    assert (ended.code, "is not a folder" in ended.err) == (2, True)


# ---- quote


def test_quote_says_what_a_call_costs_and_why(rates: Path, run: Run) -> None:
    """0.05 + 0.06 x 61 / 60 = 0.111."""
    ended = run("quote", "020 7123 4567", "--rates", rates, "--plan", "basic", "--seconds", 61, "--at", MONDAY)
    assert (ended.code, ended.err) == (0, "")
    assert [line.strip() for line in ended.out.splitlines()] == [
        "020 7123 4567 is 442071234567",
        "Monday 5 October 2026, 11:00 in Europe/London",
        "44 is the longest prefix in deck retail (line 2): UK, uk",
        "61 s in increments of 60/1, set by the deck: 61 s are billed",
        "0.05 + 0.06 x 61 / 60 = 0.111",
        "rounded half-up to 4 decimals: 0.1110 GBP",
        "0.111 GBP",
    ]


def test_quote_gives_one_object(rates: Path, run: Run) -> None:
    """0.085 x 61 / 60 = 0.0864166…"""
    ended = run(
        "quote", "+447700900123", "--rates", rates, "--plan", "basic", "--seconds", 61, "--at", MONDAY, "--json"
    )
    facts = ended.json
    steps = facts.pop("steps")
    assert facts == {
        "to_number": "447700900123", "from_number": "", "direction": "outbound", "deck": "retail", "line": 3,
        "band": "", "from_prefix": "", "max_charge": None, "destination": "UK Mobile", "prefix": "447",
        "group": "mobile", "rate": "0.085",
        "connect_fee": "0.00", "billed_seconds": 61, "charge": "0.0864", "currency": "GBP", "status": "rated",
        "barred": False,
    }  # fmt: skip
    assert "0.085 x 61 / 60 = 0.086416666…" in steps
    assert "allowance '10 minutes' may cover it: 10 minutes a period" in steps


@pytest.mark.parametrize(
    ("to", "seconds", "expected"),
    [
        ("+449098790123", 600, ("449", "rated", "1.5000", True)),
        ("+449098790123", 0, ("449", "unanswered", "0", False)),
        ("+448712345678", 60, ("4487", "late", None, False)),
        ("999", 60, ("999", "rated", "0.1000", False)),
    ],
)
def test_quote_knows_per_call_late_barred_and_code_rows(
    rates: Path, run: Run, to: str, seconds: int, expected: tuple[object, ...]
) -> None:
    facts = run("quote", to, "--rates", rates, "--plan", "basic", "--seconds", seconds, "--json").json
    assert tuple(facts[key] for key in ("prefix", "status", "charge", "barred")) == expected


def test_quote_says_when_a_price_is_to_follow(rates: Path, run: Run) -> None:
    ended = run("quote", "+448712345678", "--rates", rates, "--plan", "basic", "--seconds", 60)
    assert (ended.code, ended.out.splitlines()[-1]) == (0, "price to follow")


def test_quote_is_of_the_row_in_force_at_that_local_time(tmp_path: Path, run: Run) -> None:
    deck = "prefix,rate,effective_from\n44,0.01,\n44,0.02,2026-10-15\n"
    rates = write_rates(tmp_path, deck=deck)
    found = [
        run("quote", UK, "--rates", rates, "--plan", "basic", "--seconds", 60, "--at", at, "--json").json["charge"]
        for at in ("2026-10-14T22:59:59Z", "2026-10-14T23:00:00Z", "2026-10-14 23:59:59", "2026-10-15")
    ]
    assert found == ["0.0100", "0.0200", "0.0100", "0.0200"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nowhere", "--seconds", 60], 2, '"nowhere" is not a phone number; write it as +447700900123'),
        (["+4930123456", "--seconds", 60], 1, "deck retail has no row in force for +4930123456"),
        (["112", "--seconds", 60], 1, "deck retail has no row in force for 112"),
        ([UK, "--seconds", -1], 2, "--seconds cannot be negative"),
        ([UK, "--seconds", 2678401], 2, "--seconds cannot be over 2678400, 31 days"),
        ([UK, "--seconds", 60, "--from", "x"], 2, '--from "x" is not a phone number; write it as +442079460001'),
        ([UK, "--seconds", 60, "--direction", "up"], 2, "'up' is not one of 'out', 'in'"),
        ([UK, "--seconds", "many"], 2, "'many' is not a valid integer"),
        ([UK, "--seconds", 60, "--at", "soon"], 2, '--at "soon" is not a time; write it as 2026-10-05T10:00:00Z'),
        ([UK, "--seconds", 60, "--plan", "gold"], 2, 'there is no plan "gold"; the plans are: basic'),
        ([UK], 2, "Missing option '--seconds'"),
    ],
)
def test_quote_that_has_no_answer_says_why(
    rates: Path, run: Run, arguments: list[object], code: int, message: str
) -> None:
    ended = run("quote", "--rates", rates, "--plan", "basic", *arguments)
    assert (ended.code, ended.out) == (code, "")
    assert message in " ".join(ended.err.split())


# ---- the command itself


def test_every_reject_reason_is_produced_by_the_file_above(tmp_path: Path, rates: Path, run: Run) -> None:
    path = write(tmp_path / "calls.csv", MIXED)
    facts = run("rate", path, "--rates", rates, "--out", tmp_path / "out.csv", "--json").json
    assert set(facts["reject_reasons"]) == set(REJECT_REASONS)


def test_the_installed_command_ends_without_a_traceback(tmp_path: Path, rates: Path) -> None:
    command = Path(sys.executable).with_name("callmeter")
    ended = subprocess.run(  # noqa: S603 - our own command
        [command, "rate", tmp_path / "nowhere.csv", "--rates", rates, "--out", tmp_path / "out.csv"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == f"callmeter: {tmp_path}/nowhere.csv: there is no such file\n"
