"""`callmeter sources`: what is understood of a file before anything is rated, and a mapping for what is not."""

import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from callmeter.rating.stages import Intake
from callmeter.sources import SOURCES
from callmeter.sources.guessing import propose
from callmeter.sources.text import make_safe
from callmeter.sources.trying import Trial, try_file
from cli_kit import Run
from rating_kit import HEADER, ME, MONDAY, rate_in, write, write_rates

UK = "442079460123"
NOW = datetime(2026, 12, 1, tzinfo=UTC)
LOCAL = f"{HEADER}\nc1,020 7946 0001,{UK},2026-10-05 11:00:00,61\nc2,101,{UK},2026-10-05 11:01:00,0\n"
UNKNOWN = (
    "Acme Telecom;;;;;;\nMonthly report;;;;;;\n"
    "Nr;Wann;Teilnehmer;Gegenstelle;Verbindung (Sek.);Betrag;Art\n"
    "1;24.11.2026 09:15:00;02079460001;02079460123;61;0,10;ausgehend\n"
    "2;24.11.2026 09:17:10;02079460001;0049301234567;120;0,40;ausgehend\n"
    "3;24.11.2026 09:20:00;02079460123;02079460001;30;0,00;eingehend\n"
)


def tried(folder: Path, text: str, *, rates: Path | None = None, **intake: str) -> Trial:
    return try_file(write(folder / "calls.csv", text), rates=rates, intake=Intake(**intake), now=NOW)


def says(trial: Trial, words: str) -> bool:
    return any(words in sentence for sentence in trial.uncertain)


# ---- list


def test_every_source_is_listed_with_what_it_is_known_by(run: Run) -> None:
    listed = run("sources", "list", "--json").json["sources"]
    assert [(one["name"], one["expects"]) for one in listed] == [(s.name, s.expects) for s in SOURCES.values()]
    printed = run("sources", "list")
    assert printed.code == 0
    assert all(re.search(rf"^{name}  ", printed.out, re.MULTILINE) for name in SOURCES)


def test_sources_of_ones_own_are_listed_too(tmp_path: Path, run: Run) -> None:
    rates = write_rates(tmp_path)
    (rates / "sources").mkdir()
    write(rates / "sources" / "hall.toml", 'reads = "asterisk"\n')
    assert ("hall", "asterisk") in [
        (one["name"], one["reads"]) for one in run("sources", "list", "--rates", rates, "--json").json["sources"]
    ]


# ---- try: a file that is known


def test_calls_are_shown_beside_their_lines(tmp_path: Path) -> None:
    trial = tried(tmp_path, LOCAL, country="GB", timezone="Europe/London")
    assert trial.source == "csv"
    first, second = trial.calls
    assert first.raw == "c1,020 7946 0001,442079460123,2026-10-05 11:00:00,61"
    assert (first.line, first.call_id, first.from_number, first.to_number) == (2, "c1", ME, UK)
    assert (f"{first.started_at}", f"{first.local}") == ("2026-10-05 10:00:00", "2026-10-05 11:00:00")
    assert (first.seconds, first.answered, second.answered) == (61, True, False)
    assert trial.columns["from"] == "column 2"


def test_what_was_assumed_is_uncertain_and_what_was_stated_is_not(tmp_path: Path) -> None:
    assumed = tried(tmp_path, LOCAL)
    assert (assumed.timezone.value, assumed.timezone.sure) == ("UTC", False)
    assert (assumed.country.value, assumed.country.sure) == ("GB", False)
    assert says(assumed, "the times say no zone; they are taken as of UTC")
    assert says(assumed, "national numbers are taken as of GB")
    assert tomllib.loads(assumed.suggestion) == {
        "reads": "csv", "timezone": "UTC", "country": "GB", "direction": {"rule": "by-number"},
    }  # fmt: skip
    stated = tried(tmp_path, LOCAL, country="GB", timezone="Europe/London")
    assert not says(stated, "zone")
    assert not says(stated, "national numbers")


def test_nothing_is_uncertain_about_zone_and_country_where_the_file_needs_none(tmp_path: Path) -> None:
    text = f"{HEADER},direction\nc1,+{ME},+{UK},{MONDAY},61,out\n"
    trial = tried(tmp_path, text)
    assert (trial.timezone.whence, trial.country.whence) == ("not needed", "not needed")
    assert (trial.uncertain, trial.suggestion) == ((), "")


def test_the_country_is_guessed_by_the_numbers(tmp_path: Path) -> None:
    assert tried(tmp_path, f"{HEADER}\nc1,02079460001,+4930123456,{MONDAY},61\n").country.value == "DE"
    assert tried(tmp_path, f"{HEADER}\nc1,2025550143,(202) 555-0178,{MONDAY},61\n").country.value == "US"


def test_a_rates_folder_gives_country_zone_and_own_sources(tmp_path: Path) -> None:
    rates = write_rates(tmp_path)
    trial = tried(tmp_path, LOCAL, rates=rates)
    assert (trial.timezone.value, trial.timezone.whence) == ("Europe/London", "the operator's")
    (rates / "sources").mkdir()
    write(rates / "sources" / "hall.toml", 'reads = "csv"\ntimezone = "Europe/Paris"\ncountry = "FR"\n')
    mapped = tried(tmp_path, LOCAL, rates=rates, source="hall")
    assert (mapped.source, mapped.timezone.value, mapped.timezone.sure, mapped.suggestion) == (
        "hall", "Europe/Paris", True, "",
    )  # fmt: skip


def test_rows_are_counted_by_kind(tmp_path: Path) -> None:
    rows = [
        f"c1,{ME},{UK},{MONDAY},61,out", f"c2,{ME},{UK},{MONDAY},0,out", f"c3,{UK},{ME},{MONDAY},61,in",
        f"c4,101,102,{MONDAY},61,internal", f"c5,anonymous,{UK},{MONDAY},61,?", f"c5,{ME},999,2027-01-01T00:00:00Z,61,",
        f"c6,{ME},{UK},never,61,out", f"c7,{ME},{UK},{MONDAY},61",
    ]  # fmt: skip
    trial = tried(tmp_path, "\n".join((f"{HEADER},direction", *rows)))
    expected = {
        "rows_in": 8, "calls": 6, "outbound": 2, "inbound": 1, "internal": 1, "direction_not_stated": 2,
        "unanswered": 1, "caller_without_number": 1, "called_a_code": 1, "rejected": 2, "in_the_future": 1,
        "repeated_identity": 1,
    }  # fmt: skip
    assert {name: trial.counts[name] for name in expected} == expected
    assert [(one.reason, one.rejected, one.example.line) for one in trial.reasons] == [
        ("bad-time", 1, 8), ("malformed-row", 1, 9),
    ]  # fmt: skip
    assert says(trial, "1 calls lie in the future")


def test_signs_of_a_cut_off_file_are_told(tmp_path: Path) -> None:
    assert says(tried(tmp_path, f"{HEADER}\nc1,{ME},{UK},{MONDAY},61\nc2,{ME},{UK}"), "the last line has no end")


def test_calls_in_the_hour_that_daylight_saving_repeats_are_told(tmp_path: Path) -> None:
    text = f"{HEADER}\nc1,{ME},{UK},2026-10-25 01:30:00,61\n"
    trial = tried(tmp_path, text, timezone="Europe/London")
    assert trial.counts["in_the_repeated_hour"] == 1
    assert says(trial, "1 calls began in the hour that daylight saving repeats")


def test_the_ids_of_asterisk_contradict_a_wrong_zone(tmp_path: Path) -> None:
    """1791194400 is 10:00 UTC; the row says 11:00."""
    row = (
        '"","101","07700900123","from-internal","","PJSIP/101-00000001","PJSIP/acme-00000002","Dial","",'
        '"2026-10-05 11:00:00","2026-10-05 11:00:05","2026-10-05 11:01:00",60,55,"ANSWERED",'
        '"DOCUMENTATION","1791194400.1",""\n'
    )
    assert tried(tmp_path, row, timezone="UTC").source == "asterisk"
    assert says(tried(tmp_path, row, timezone="UTC"), "UTC+01:00, not of UTC")
    assert not says(tried(tmp_path, row, timezone="Europe/London"), "UTC+01:00")


# ---- try: a file that nothing knows


def test_a_mapping_is_proposed_for_an_unknown_file_and_reads_it_once_saved(tmp_path: Path) -> None:
    trial = tried(tmp_path, UNKNOWN, country="GB", timezone="Europe/London")
    assert (trial.proposed, trial.suggested_name, trial.counts["calls"]) == (True, "calls", 3)
    assert tomllib.loads(trial.suggestion)["columns"] == {
        "from": "Teilnehmer", "to": "Gegenstelle", "start": "Wann", "duration": "Verbindung (Sek.)", "direction": "Art",
    }  # fmt: skip
    rates = write_rates(tmp_path)
    (rates / "sources").mkdir()
    write(rates / "sources" / "calls.toml", trial.suggestion)
    answer = rate_in(tmp_path, rates, UNKNOWN, intake=Intake(plan="basic"))
    assert [(row["source"], row["duration_seconds"], row["direction"]) for row in answer.rows] == [
        ("calls", "61", "outbound"), ("calls", "30", "inbound"),
    ]  # fmt: skip
    assert answer.reasons == ["no-rate"]  # Germany is in no deck of this test


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        (
            "2026-11-24,09:15:00,101,02079460123,00:01:01,x9-1\n2026-11-24,09:18:00,102,0049301234567,00:00:31,x9-2\n",
            {"from": 3, "to": 4, "start": [1, 2], "duration": 5},
        ),
        (
            "Ref,Stamp,Line,Remote,Talk,Outcome\n"
            "7001,11/24/2026 1:05:00 PM,(202) 555-0143,(202) 555-0178,1:05,Answered\n"
            "7002,11/24/2026 1:15:00 PM,(202) 555-0143,(202) 555-0179,0:00,No Answer\n",
            {"call_id": "Ref", "from": "Line", "to": "Remote", "start": "Stamp", "duration": "Talk",
             "disposition": "Outcome"},
        ),
        (
            '{"call":{"guid":"a1","party-a":{"n":"+442079460001"},"b":"+442079460123"},"t0":1795512900123,"secs":61.2}\n'
            '{"call":{"guid":"a2","party-a":{"n":"+442079460001"},"b":"+442079460123"},"t0":1795512990123,"secs":0}\n',
            {"call_id": "$.call.guid", "from": '$.call."party-a".n', "to": "$.call.b", "start": "$.t0",
             "duration": "$.secs"},
        ),
        (  # a header that is there twice, and one without letters: their positions
            "#|#|Zeit|Zeit|Min|Trunk\n"
            "02079460001|02079460123|2026-11-24 09:15:00|2026-11-24 09:16:01|1.5|acme\n"
            "02079460001|02079460123|2026-11-24 09:25:00|2026-11-24 09:26:01|2|acme\n",
            {"from": 1, "to": 2, "start": 3, "duration": "Min", "carrier": "Trunk"},
        ),
    ],
)  # fmt: skip
def test_columns_are_guessed_by_what_stands_in_them(tmp_path: Path, text: str, columns: dict[str, object]) -> None:
    proposal = propose(make_safe(write(tmp_path / "calls.txt", text), tmp_path))
    assert proposal is not None
    found = tomllib.loads(proposal.toml)
    assert found["columns"] == columns
    assert found.get("duration_unit", "seconds") == ("minutes" if "Min" in columns.values() else "seconds")
    assert tried(tmp_path, text).counts["calls"] == 2


@pytest.mark.parametrize("text", ["a,b,c\n1,2,3\n", "hello\n", '{"a": 1}\n', "x" * 5000 + "\n", "a,b,c,d\n" * 30])
def test_what_is_no_table_of_calls_is_refused(tmp_path: Path, run: Run, text: str) -> None:
    ended = run("sources", "try", write(tmp_path / "calls.csv", text))
    assert (ended.code, ended.out) == (1, "")
    assert "this is not a file of calls that callmeter knows" in ended.err


# ---- the command


def test_the_command_prints_calls_doubts_and_what_would_settle_them(tmp_path: Path, run: Run) -> None:
    ended = run("sources", "try", write(tmp_path / "calls.csv", LOCAL), "--lines", 1)
    assert ended.code == 0
    for line in (
        "calls.csv: csv",
        "zone of times: UTC (assumed)",
        "2: c1,020 7946 0001,442079460123,2026-10-05 11:00:00,61",
        "-> direction by number: from 442079460001 to 442079460123, 61 s",
        "2026-10-05 11:00:00 UTC, 11:00:00 local; identity c1",
        "To settle it: save this as rates/sources/csv.toml, mended:",
        'reads = "csv"',
        "Then: callmeter sources try calls.csv --rates rates --source csv",
    ):
        assert line in ended.lines
    assert "3: c2" not in ended.out


def test_the_command_prints_a_proposal_and_ends_with_1(tmp_path: Path, run: Run) -> None:
    ended = run("sources", "try", write(tmp_path / "acme-2026.csv", UNKNOWN))
    assert ended.code == 1
    assert "acme-2026.csv: not a file that callmeter knows; read by a guess at its columns" in ended.lines
    assert "A start: save this as rates/sources/acme.toml, mended:" in ended.lines
    assert 'duration = "Verbindung (Sek.)"' in ended.lines


def test_one_json_object_for_scripts(tmp_path: Path, run: Run) -> None:
    answer = run("sources", "try", write(tmp_path / "calls.csv", LOCAL), "--json").json
    assert answer["source"] == "csv"
    assert answer["calls"][0]["started_at"] == "2026-10-05T11:00:00Z"
    assert answer["timezone"] == {"value": "UTC", "whence": "assumed", "sure": False}
    assert answer["counts"]["calls"] == 2
    assert answer["proposed"] is False


def test_nothing_in_a_file_reaches_the_terminal_as_a_command(tmp_path: Path, run: Run) -> None:
    text = f"{HEADER},login\nc1\x1b[31m,{ME},[bold]x,{MONDAY},61,\x07[red]\n"
    ended = run("sources", "try", write(tmp_path / "calls.csv", text))
    assert "\x1b" not in ended.out
    assert "[bold]x" in ended.out


def test_wrong_usage_is_told(tmp_path: Path, run: Run) -> None:
    path = write(tmp_path / "calls.csv", LOCAL)
    assert run("sources", "try", tmp_path / "none.csv").code == 2
    assert "there is no source" in run("sources", "try", path, "--source", "nope").err
    assert "time zone" in run("sources", "try", path, "--timezone", "Mars").err
    assert "country" in run("sources", "try", path, "--country", "ZZ").err
