"""Files as they arrive: compressed, cut off, put together of several, with an hour that is there twice."""

import gzip
from pathlib import Path

import pytest

from callmeter.errors import UnreadableFile
from callmeter.rating.stages import Intake
from callmeter.sources import text
from rating_kit import HEADER, ME, MONDAY, rate_in, rated, write_rates

TO = "447700900123"
ROW = f"c1,{ME},{TO},{MONDAY},60"
LOCAL = f"c1,{ME},{TO},2026-10-25 01:30:00,60"  # British clocks went back at 02:00 that night

PBX_HEADER = "calldate,clid,src,dst,dcontext,channel,dstchannel,lastapp,duration,billsec,disposition,uniqueid"
PBX_ROW = f",{ME},{TO},from-internal,PJSIP/101-0000000a,PJSIP/trunk-0000000b,Dial,9,7,ANSWERED"


def test_a_compressed_file_is_the_file_in_it(tmp_path: Path) -> None:
    content = f"{HEADER}\n{ROW}\n".encode()
    packed = rated(tmp_path, gzip.compress(content))
    assert (packed.summary.rows_in, packed.ids) == (1, ["c1"])
    assert packed.rows == rated(tmp_path, content).rows


def test_a_compressed_file_that_is_cut_off_is_refused_whole(tmp_path: Path) -> None:
    packed = gzip.compress("\n".join([HEADER, *(f"c{n}{ROW[2:]}" for n in range(2000))]).encode())
    for broken in (packed[: len(packed) // 2], packed[:-4], packed[:12]):
        with pytest.raises(UnreadableFile, match="broken or cut-off gzip file"):
            rated(tmp_path, broken)


def test_a_compressed_file_that_grows_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "LARGEST_UNPACKED", 10_000)
    monkeypatch.setattr(text, "BLOCK", 1024)
    with pytest.raises(UnreadableFile, match="unpacks to more than"):
        rated(tmp_path, gzip.compress(b"x" * 1_000_000))
    with pytest.raises(UnreadableFile, match="compressed twice"):
        rated(tmp_path, gzip.compress(gzip.compress(f"{HEADER}\n{ROW}\n".encode())))


def test_a_header_that_comes_again_is_no_call(tmp_path: Path) -> None:
    other = ROW.replace("c1", "c2")
    plain = rated(tmp_path, f"{HEADER}\n{ROW}\n{HEADER}\n{other}\n{HEADER}\n")
    assert (plain.summary.rows_in, plain.ids, plain.rejects) == (2, ["c1", "c2"], [])
    assert [row["line"] for row in plain.rows] == ["2", "4"]
    careful = rated(tmp_path, f'{HEADER}\n{ROW}\n{HEADER}\n{other},"one"two"\n{HEADER}\n')
    assert (careful.summary.rows_in, careful.ids, careful.reasons) == (2, ["c1"], ["malformed-row"])


def test_lines_above_the_header_are_left_out_where_they_are_no_rows(tmp_path: Path) -> None:
    title = "Call report\nACME Ltd;;;;\n\n"
    answer = rated(tmp_path, f"{title}{HEADER}\n{ROW}\n")
    assert (answer.summary.rows_in, answer.ids, answer.rows[0]["line"]) == (1, ["c1"], "5")
    with pytest.raises(UnreadableFile):  # rows with a header of their own are not left out without a word
        rated(tmp_path, f"who,whom,when,how long,why\na,b,c,d,e\n{HEADER}\n{ROW}\n")


def test_half_a_last_line_is_a_reject_and_told_of(tmp_path: Path) -> None:
    whole = rated(tmp_path, f"{HEADER}\n{ROW}\n{ROW.replace('c1', 'c2')}")
    assert (whole.summary.rated, whole.summary.warnings) == (2, ())
    half = rated(tmp_path, f"{HEADER}\n{ROW}\nc2,{ME},447700")
    assert (half.summary.rated, half.reasons) == (1, ["malformed-row"])
    [warning] = half.summary.warnings
    assert warning.startswith("calls1.csv: the last line has no end")
    ended = rated(tmp_path, f"{HEADER}\n{ROW}\nc2,{ME},447700\n")
    assert (ended.reasons, ended.summary.warnings) == (["malformed-row"], ())


@pytest.mark.parametrize(("rows", "told"), [(99, 0), (100, 1), (101, 0)])
def test_an_export_of_exactly_its_limit_is_told_of(tmp_path: Path, rows: int, told: int) -> None:
    lines = [f"2026-10-05 11:{n // 60:02}:{n % 60:02},{PBX_ROW},1791194400.{n}" for n in range(rows)]
    answer = rated(tmp_path, "\n".join([PBX_HEADER, *lines]) + "\n")
    assert answer.summary.rows_in == rows
    assert len(answer.summary.warnings) == told
    assert all("exactly 100 rows is where this export ends" in one for one in answer.summary.warnings)


def test_the_hour_that_comes_twice_counts_as_the_first_and_is_told_of(tmp_path: Path) -> None:
    answer = rated(tmp_path, f"{HEADER}\n{LOCAL}\nc2{LOCAL[2:].replace('25', '24')}\n")
    assert answer.call("c1")["started_at"] == "2026-10-25T00:30:00Z"
    [warning] = answer.summary.warnings
    assert "1 calls began in the hour that daylight saving repeats" in warning
    for row in (
        LOCAL.replace("01:30:00", "01:30:00Z"),
        LOCAL.replace("01:30:00", "00:59:59"),
        LOCAL.replace("01:", "02:"),
    ):
        assert rated(tmp_path, f"{HEADER}\n{row}\n").summary.warnings == ()
    utc = rate_in(tmp_path, write_rates(tmp_path), f"{HEADER}\n{LOCAL}\n", intake=Intake(timezone="UTC"))
    assert utc.summary.warnings == ()


@pytest.mark.parametrize(
    ("epoch", "start"), [(1792888200, "2026-10-25T00:30:00Z"), (1792891800, "2026-10-25T01:30:00Z")]
)
def test_an_id_that_holds_a_time_tells_the_hour_apart_that_comes_twice(tmp_path: Path, epoch: int, start: str) -> None:
    row = f"2026-10-25 01:30:00,{PBX_ROW},{epoch}.7"
    answer = rated(tmp_path, f"{PBX_HEADER}\n{row}\n")
    assert (answer.rows[0]["started_at"], answer.summary.warnings) == (start, ())


def test_a_broken_first_record_spoils_none_of_the_others(tmp_path: Path) -> None:
    record = f'{{"call_id": "c%d", "from": "{ME}", "to": "{TO}", "start": "{MONDAY}", "duration": 60}}'
    answer = rated(tmp_path, "\n".join(['{"call_id": "c0", "from": "44', record % 1, record % 2, ""]))
    assert (answer.ids, answer.reasons) == (["c1", "c2"], ["malformed-row"])


def test_an_answer_of_over_a_megabyte_on_one_line_is_read(tmp_path: Path) -> None:
    record = f'{{"call_id": "c%d", "from": "{ME}", "to": "{TO}", "start": "{MONDAY}", "duration": 60, "x": "%s"}}'
    answer = rated(tmp_path, "[" + ", ".join(record % (n, "y" * 1000) for n in range(1200)) + "]")
    assert (answer.summary.rows_in, answer.summary.rated) == (1200, 1200)
