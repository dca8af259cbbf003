"""A large file is rated piece by piece: the same calls, rejects and line numbers as in one."""

from pathlib import Path

import pytest

from callmeter.rating import stages
from callmeter.sources.text import make_safe, pieces
from rating_kit import HEADER, ME, MONDAY, Answer, rated

LINES = [
    HEADER,
    *(f"c{n},{ME},44790012{n:04d},{MONDAY},{n % 90}" for n in range(60)),
    f"c7,{ME},447900120007,{MONDAY},7",  # a duplicate of an earlier piece's
    f"bad,{ME},447900120001,yesterday,60",
    f"short,{ME}",
    f"nowhere,{ME},4420,{MONDAY},60",
    f'quoted,{ME},"447900120001",{MONDAY},60',
    "",
    f"last,{ME},447900120001,{MONDAY},61",
]


def rated_by(folder: Path, size: int, monkeypatch: pytest.MonkeyPatch, lines: list[str]) -> Answer:
    monkeypatch.setattr(stages, "PIECE", size)
    folder.mkdir()
    return rated(folder, "\n".join(lines))


@pytest.mark.parametrize("size", [1, 40, 333, 1500])
def test_a_file_in_pieces_is_rated_as_in_one(tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = rated_by(tmp_path / "whole", 10**9, monkeypatch, LINES)
    cut = rated_by(tmp_path / "cut", size, monkeypatch, LINES)
    assert cut.rows == whole.rows
    assert cut.rejects == whole.rejects
    assert [reject["line"] for reject in whole.rejects] == ["63", "64", "65"]
    assert (whole.summary.rows_in, whole.summary.duplicates) == (66, 1)


@pytest.mark.parametrize("ending", ["", "\n", "\n\n"])
def test_pieces_are_the_file_line_by_line(tmp_path: Path, ending: str) -> None:
    content = "\n".join(f"line {n}" * (n % 7) for n in range(500)) + ending
    (tmp_path / "calls.csv").write_text(content, encoding="utf-8")
    text = make_safe(tmp_path / "calls.csv", tmp_path, in_place=True)
    read, counted = "", 0
    for before, piece in pieces(text, tmp_path, 100):
        part = piece.path.read_text(encoding="utf-8")
        assert before == counted == read.count("\n")
        assert piece.lines == len(part.splitlines())
        read, counted = read + part, counted + piece.lines
    assert read == content
    assert [path.name for path in tmp_path.iterdir()] == ["calls.csv"]


def test_one_field_too_many_is_a_malformed_row_unless_it_is_blank(tmp_path: Path) -> None:
    lines = [HEADER, *(f"c{n},{ME},447900120001,{MONDAY},60{more}" for n, more in enumerate(("", ",x", ",", ",, ,y")))]
    answer = rated(tmp_path, "\n".join(lines))
    assert (answer.ids, answer.reasons) == (["c0", "c2"], ["malformed-row"] * 2)
    answer = rated(tmp_path, "\n".join(lines[:4]))
    assert (answer.ids, [reject["line"] for reject in answer.rejects]) == (["c0", "c2"], ["3"])
