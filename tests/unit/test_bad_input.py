"""Files that are damaged, hostile or no CSV at all: a clear error, or a reject a line; nothing lost, the rest rated."""

import gzip
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from callmeter.errors import UnreadableFile
from callmeter.rating.stages import Intake
from callmeter.sources import text as text_module
from callmeter.sources.text import digest_of, make_safe
from rating_kit import HEADER, ME, MONDAY, Answer, rate_in, rated, write_rates

UK = "442071234567"


def call(number: int, *, to: str = UK, start: str = MONDAY, seconds: object = 60) -> str:
    return f"c{number},{ME},{to},{start},{seconds}"


def lines(*rows: str) -> str:
    return "\n".join((HEADER, *rows)) + "\n"


def check_rest(answer: Answer, rejected: dict[str, str]) -> None:
    """The rejects are `rejected` (line -> reason); calls 1 and 9 around them are rated."""
    assert {reject["line"]: reject["reason"] for reject in answer.rejects} == rejected
    assert {"c1", "c9"} <= set(answer.ids)


# ---- no CSV at all


def zipped() -> bytes:
    content = BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("calls.csv", lines(call(1)))
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "calls1.csv is not CSV: it is a picture."),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "calls1.csv is not CSV: it is a picture."),
        (zipped(), "it is a ZIP archive or an Excel workbook; save the sheet as CSV"),
        (gzip.compress(b"%PDF-1.7"), "it is a PDF; export the calls as CSV"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "it is a PDF; export the calls as CSV"),
        (b"PAR1\x15\x04", "it is a Parquet file; export the calls as CSV"),
        (b"", "calls1.csv: the file is empty; export the calls again."),
        (b"\n\r\n  \n\n", "calls1.csv: the file is empty; export the calls again."),
        (b"\xef\xbb\xbf", "calls1.csv: the file is empty; export the calls again."),
        (bytes(range(256)) * 40, "this is not a file of calls that callmeter knows"),
        (b"\0" * 5000, "this is not a file of calls that callmeter knows"),
        (b"x" * 3_000_000, "this is not a file of calls that callmeter knows"),
        (b'"' * 400_000 + b"\n1,2\n", "this is not a file of calls that callmeter knows"),
    ],
    ids=(
        "png",
        "jpeg",
        "zip",
        "gzip",
        "pdf",
        "parquet",
        "empty",
        "blank",
        "mark",
        "bytes",
        "nuls",
        "one line",
        "quotes",
    ),
)
def test_what_is_no_csv_is_refused_in_a_few_words(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(UnreadableFile) as raised:
        rated(tmp_path, content)
    assert message in str(raised.value)
    assert len(str(raised.value)) < 1500
    assert not (tmp_path / "out.csv").exists()


def test_a_file_of_headers_only_has_no_rows(tmp_path: Path) -> None:
    rates = write_rates(tmp_path)
    for content in (HEADER, f"{HEADER}\r\n\r\n", f"\ufeff{HEADER}\n".encode(), "calldate,src,dst,billsec"):
        answer = rate_in(tmp_path, rates, content)
        assert (answer.summary.rows_in, answer.rows, answer.rejects) == (0, [], [])


def test_a_line_of_blanks_is_no_row_however_long(tmp_path: Path) -> None:
    blanks = ("  ", " " * 40, "\t" * 40, " \t" * 20)
    answer = rated(tmp_path, lines(call(1), *blanks, call(9)).encode())
    assert (answer.summary.rows_in, answer.rejects) == (2, [])
    check_rest(answer, {})


# ---- encodings and line ends


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "cp1252"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_a_file_reads_alike_in_every_encoding_and_with_every_line_end(
    tmp_path: Path, encoding: str, line_end: str
) -> None:
    content = lines(call(1), call(2, to="Café"), call(9)).replace("\n", line_end).encode(encoding)
    answer = rated(tmp_path, content)
    check_rest(answer, {"3": "bad-number"})
    assert answer.rejects[0]["raw"] == call(2, to="Café")
    assert answer.call("c9")["line"] == "4"


def test_utf_16_with_a_big_endian_mark(tmp_path: Path) -> None:
    assert rated(tmp_path, b"\xfe\xff" + lines(call(1)).encode("utf-16-be")).ids == ["c1"]


def test_one_line_in_another_encoding_is_read_as_windows_1252(tmp_path: Path) -> None:
    content = lines(call(1), call(2, to="Gdańsk"), "LATIN", call(9)).encode()
    content = content.replace(b"LATIN", call(3, to="Zürich €5").encode("cp1252"))
    answer = rated(tmp_path, content)
    assert [reject["detail"] for reject in answer.rejects] == ['to "Gdańsk"', 'to "Zürich €5"']
    check_rest(answer, {"3": "bad-number", "4": "bad-number"})


def test_a_lone_carriage_return_within_a_line_is_a_blank(tmp_path: Path) -> None:
    answer = rated(tmp_path, lines(call(1), call(2, to="02071\r234567"), call(9)))
    assert answer.ids == ["c1", "c2", "c9"]


# ---- single lines


def test_a_file_cut_in_mid_line_loses_only_that_line(tmp_path: Path) -> None:
    half = call(3)[:31]
    answer = rated(tmp_path, lines(call(1), call(9)) + half)
    check_rest(answer, {"4": "malformed-row"})
    assert answer.rejects[0]["detail"] == "the line has 4 fields, the header 5"
    assert answer.rejects[0]["raw"] == half


def test_nul_bytes_spoil_their_line_only(tmp_path: Path) -> None:
    answer = rated(tmp_path, lines(call(1), call(2) + "\0\0", call(9)))
    check_rest(answer, {"3": "malformed-row"})
    assert answer.rejects[0]["detail"] == "the line has NUL bytes"


@pytest.mark.parametrize("stray", ['"c2,', 'c2",', '"c2",x"y,'])
def test_a_stray_quote_spoils_its_line_only(tmp_path: Path, stray: str) -> None:
    bad = call(2).replace("c2,", stray)
    answer = rated(tmp_path, lines(call(1), bad, call(9), call(4)))
    check_rest(answer, {"3": "malformed-row"})
    assert (answer.rejects[0]["raw"], answer.ids) == (bad, ["c1", "c9", "c4"])


def test_quoted_cells_may_hold_delimiters_and_quotes(tmp_path: Path) -> None:
    row = f'"c2, ""the second""","{ME}", "{UK}" ,{MONDAY},"60"'
    assert rated(tmp_path, lines(call(1), row, call(9))).ids == ["c1", 'c2, "the second"', "c9"]


def test_too_many_or_too_few_cells_make_a_reject_and_empty_ones_at_the_end_do_not(tmp_path: Path) -> None:
    answer = rated(tmp_path, lines(call(1), call(2) + ",surplus", call(3)[:-3], call(4) + ",, ,", ",,,,", call(9)))
    check_rest(answer, {"3": "malformed-row", "4": "malformed-row", "6": "bad-time"})
    assert "c4" in answer.ids


def test_a_line_of_several_megabytes_spoils_itself_only(tmp_path: Path) -> None:
    answer = rated(tmp_path, lines(call(1), call(2) + "x" * 3_000_000, call(9)))
    check_rest(answer, {"3": "malformed-row"})
    assert answer.rejects[0]["detail"] == "the line is over a megabyte long; the rest of it is left out here"
    assert answer.rejects[0]["raw"].startswith(call(2) + "xxx")


def test_a_line_of_100_megabytes_spoils_itself_only(tmp_path: Path) -> None:
    content = f"{HEADER}\n{call(1)}\n".encode() + b"y" * 100_000_000 + f"\n{call(9)}\n".encode()
    check_rest(rated(tmp_path, content), {"3": "malformed-row"})


@pytest.mark.parametrize("length", [999_950, 1_000_000, 1_000_050])
def test_lines_around_a_megabyte_are_counted_once(tmp_path: Path, length: int) -> None:
    answer = rated(tmp_path, lines(call(1), "é" * length, call(9)))
    check_rest(answer, {"3": "malformed-row"})


# ---- single cells


def test_impossible_durations_and_times_are_rejects(tmp_path: Path) -> None:
    answer = rated(
        tmp_path,
        lines(
            call(1),
            call(2, seconds=-1),
            call(3, seconds=10**12),
            call(4, seconds=10**11),
            call(5, start="1970-01-01T00:00:00Z"),
            call(6, start="2099-01-01T00:00:00Z"),
            call(7, to="letters"),
            call(8, to=""),
            call(9),
        ),
    )
    check_rest(
        answer,
        {"3": "bad-duration", "4": "bad-duration", "5": "bad-duration", "6": "bad-time", "7": "bad-time"}
        | {"8": "bad-number", "9": "bad-number"},
    )
    assert [reject["detail"] for reject in answer.rejects][:3] == [
        'duration "-1"', 'duration "1000000000000"', 'duration "100000000000"',
    ]  # fmt: skip


def test_the_first_reason_in_order_is_given(tmp_path: Path) -> None:
    row = "c2,nobody,nowhere,never,-1"
    mended = (row, row.replace("never", MONDAY), f"c2,nobody,nowhere,{MONDAY},60", f"c2,nobody,{UK},{MONDAY},60")
    answer = rated(tmp_path, lines(row + '"', *mended))
    assert answer.reasons == ["malformed-row", "bad-time", "bad-duration", "bad-number", "unknown-account"]


HOSTILE = (
    *(
        "'; drop table accounts; --",
        "=HYPERLINK(1)",
        "@SUM(1+1)",
        "${HOME}",
        "{}",
        "{0}",
        "{to}",
        "%s%n",
        "$plan",
        "\\N",
    ),
    *("../../etc/passwd", "<script>alert(1)</script>", "\u202e123", "\u2028", "🙂", "NULL", "{unclosed", "}}"),
)


@pytest.mark.parametrize("column", range(5))
def test_hostile_cells_are_text_and_nothing_else(tmp_path: Path, column: int) -> None:
    rows = [call(1)]
    for number, cell in enumerate(HOSTILE):
        cells = call(100 + number, seconds=60 + number).split(",")
        cells[column] = f'"{cell}"'
        rows.append(",".join(cells))
    answer = rated(tmp_path, lines(*rows, call(9)), intake=Intake(plan="basic") if column == 1 else None)
    assert {"c1", "c9"} <= set(answer.ids)
    if column == 0:
        assert answer.ids[1:-1] == list(HOSTILE)
    elif column == 1:
        assert answer.reasons == ["unknown-account"]  # "@SUM(1+1)" is nobody at a host
    else:
        assert [reject["raw"] for reject in answer.rejects] == rows[1:]
        assert all(cell in reject["detail"] for cell, reject in zip(HOSTILE, answer.rejects, strict=True))


def test_hostile_names_of_places_and_accounts_are_text_and_nothing_else(tmp_path: Path) -> None:
    accounts = 'account_id,plan,numbers,name\n"\'; drop table calls; --",basic,442079460001,${x}\n'
    deck = 'prefix,rate,destination,group\n44,0.06,"{} <b>""UK""</b>",{0}\n'
    [row] = rated(tmp_path, lines(call(1)), accounts=accounts, deck=deck).rows
    assert [row[name] for name in ("account_id", "destination", "group")] == [
        "'; drop table calls; --", '{} <b>"UK"</b>', "{0}",
    ]  # fmt: skip


# ---- blocks: a large file is read piece by piece


@pytest.mark.parametrize(
    ("line_end", "block"),
    # of a carriage return, the first block shows whether it is a line end by itself
    [*(("\n", block) for block in (1, 7, 64, 1000)), *((end, block) for end in ("\r\n", "\r") for block in (64, 1000))],
)
def test_lines_survive_being_cut_at_any_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int, line_end: str
) -> None:
    rows = ["", HEADER, call(1), "", "é" * 50, call(2), "", ""]
    original = tmp_path / "calls.csv"
    original.write_bytes(line_end.join(rows).encode())
    monkeypatch.setattr(text_module, "BLOCK", block)
    safe = make_safe(original, tmp_path)
    assert safe.path.read_text(encoding="utf-8").split("\n")[: len(rows) - 1] == rows[:-1]


@pytest.mark.parametrize("block", [5, 64])
def test_a_long_line_survives_being_cut_at_any_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(text_module, "BLOCK", block)
    monkeypatch.setattr(text_module, "LONGEST_LINE", 100)
    monkeypatch.setattr(text_module, "_KEPT", 400)
    original = tmp_path / "calls.csv"
    original.write_text("\n".join(("first", "x" * 90, "y" * 1000, "z" * 101, "last")), encoding="utf-8")
    safe = make_safe(original, tmp_path).path.read_text(encoding="utf-8")
    assert safe == "\n".join(("first", "x" * 90, "y" * 100, "z" * 100, "last")) + "\n"


def test_a_file_of_lone_carriage_returns_may_be_long(tmp_path: Path) -> None:
    rows = [call(number) for number in range(60_000)]
    original = tmp_path / "calls.csv"
    original.write_text("\r".join((HEADER, *rows)), encoding="utf-8", newline="")
    assert make_safe(original, tmp_path).path.read_bytes().count(b"\n") == 60_001


def test_the_digest_is_that_of_the_file_as_it_came(tmp_path: Path) -> None:
    from hashlib import sha256

    for number, content in enumerate((b"\xef\xbb\xbfa\r\nb", "a\nb".encode("utf-16"), b"", b"\x1f\r")):
        original = tmp_path / f"{number}.csv"
        original.write_bytes(content)
        assert digest_of(original) == sha256(content).hexdigest()
