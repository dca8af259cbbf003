"""A file as a carrier sends it -> sheets of rows of text cells, whatever its encoding, line ends or workbook format.

Text: UTF-8 (with or without byte order mark), UTF-16, or Windows-1252 line by line; a quoted cell may hold line
breaks. A quote that never closes spoils its own line only. Workbooks (xlsx, xlsb, xls, ods) are read by calamine: it
is typed, reads all four, and takes a second for 200,000 rows where openpyxl takes fifteen. It is imported for a
workbook only. A number in a workbook has the 15 digits that the spreadsheet shows of it.
"""

import codecs
import csv
import re
import struct
import zipfile
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import NamedTuple

from callmeter.errors import Problem, UnreadableFile
from callmeter.sources.text import column_of

DELIMITERS = (",", ";", "\t", "|")
LARGEST = 512 * 1024 * 1024  # bytes, unpacked
_LONGEST_LINE = 100_000
_MOST_LINES = 100  # that one quoted cell may run over
_BLANKS = " \t\r\n\v\f\u00a0\u202f\u200b\ufeff"

_NO_DECK = {
    b"\x1f\x8b": "compressed with gzip; unpack it first",
    b"%PDF": "a PDF; ask for the deck as CSV or xlsx, or export it",
    b"PAR1": "a Parquet file; export the deck as CSV",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"{\\rtf": "a text document; save the table as CSV",
}
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_SQL = re.compile(
    r"^\s*(CREATE TABLE|INSERT INTO|COPY \S+ ?\(.*FROM stdin|SET \w+ ?=|DROP TABLE|--.*\b(dump|Type: TABLE))",
    re.I | re.M,
)
_WEB = re.compile(r"^\s*(<!doctype|<html|<table|<\?xml)", re.I)


class Record(NamedTuple):
    """One row of a sheet: the line it begins on, its cells trimmed, and its text (blank in a workbook)."""

    line: int
    cells: list[str]
    raw: str


@dataclass(frozen=True)
class Sheet:
    """A sheet before it is known how it is cut. file: how problems name it; encoding: how it was read."""

    file: str
    name: str
    encoding: str
    lines: list[str]
    grid: list[list[str]] | None = None

    @property
    def delimiters(self) -> tuple[str, ...]:
        """What may separate its cells; a workbook's are apart already."""
        return DELIMITERS if self.grid is None else ("",)

    def records(self, delimiter: str, limit: int | None = None) -> list[Record]:
        """The rows, blank ones included; `limit` lines of them at most."""
        if self.grid is not None:
            return [Record(line, cells, "") for line, cells in enumerate(self.grid[:limit], start=1)]
        return _cut(self.lines[:limit], delimiter)


def problem_at(sheet: Sheet, delimiter: str, record: Record, index: int, code: str, text: str, hint: str) -> Problem:
    """A problem with the cell `index` (from 0): its line, and where it begins there (in a workbook, its column)."""
    if sheet.grid is not None:
        return Problem(sheet.file, record.line, index + 1, code, text, hint)
    position = column_of(record.raw, delimiter, index + 1)
    before = record.raw[: position - 1]
    return Problem(sheet.file, record.line + before.count("\n"), len(before.rpartition("\n")[2]) + 1, code, text, hint)


def open_sheets(path: Path, name: str) -> list[Sheet]:
    """The sheets of a file; one where it is text. Raises UnreadableFile for what can hold no deck."""
    if path.stat().st_size > LARGEST:
        raise UnreadableFile(f"{name} is larger than {LARGEST // 1024**2} MB; cut it into parts.")
    content = path.read_bytes()
    if content.startswith(_WORKBOOKS):
        return _workbook(path, name)
    for magic, what in _NO_DECK.items():
        if content.startswith(magic):
            raise UnreadableFile(f"{name} is no rate deck: it is {what}.")
    text, encoding = _decoded(content)
    head = text[:20_000]
    if _SQL.search(head):
        raise UnreadableFile(f"{name} is an SQL dump; export the table as CSV, and import that.")
    if _WEB.match(head):
        raise UnreadableFile(f"{name} is a web page or XML; open it in a spreadsheet and save it as CSV or xlsx.")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", " ").split("\n")
    if not lines[-1].strip():
        lines.pop()
    if not any(line.strip(_BLANKS) for line in lines):
        raise UnreadableFile(f"{name}: the file is empty; ask for the deck again.")
    return [Sheet(name, "", encoding, lines)]


def _decoded(content: bytes) -> tuple[str, str]:
    """The text, and the encoding's name for people."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace"), "UTF-16"
    for offset, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        every_other = content[offset:400:2]
        if len(content) >= 4 and every_other.count(0) > len(every_other) * 0.8:
            return content.decode(encoding, "replace"), "UTF-16"
    marked = content.startswith(codecs.BOM_UTF8)
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        return content.decode("utf-8"), "UTF-8 with byte order mark" if marked else "UTF-8"
    except UnicodeDecodeError:
        lines = [_decoded_line(line) for line in content.split(b"\n")]
    foreign = sum(foreign for _, foreign in lines)
    mixed = any(not foreign and not line.isascii() for line, foreign in lines)
    name = f"UTF-8, but {foreign} lines in Windows-1252" if mixed else "Windows-1252 (Latin-1)"
    return "\n".join(line for line, _ in lines), name


def _decoded_line(line: bytes) -> tuple[str, bool]:
    """The line, and whether it was no UTF-8."""
    try:
        return line.decode("utf-8"), False
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace"), True


def _cut(lines: list[str], delimiter: str) -> list[Record]:
    records: list[Record] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        if '"' not in line or len(line) > _LONGEST_LINE:
            records.append(Record(at + 1, [cell.strip(_BLANKS) for cell in line.split(delimiter)], line))
            at += 1
            continue
        raw, cells = _quoted(lines, at, delimiter)
        records.append(Record(at + 1, [cell.strip(_BLANKS) for cell in cells], raw))
        at += raw.count("\n") + 1
    return records


def _quoted(lines: list[str], at: int, delimiter: str) -> tuple[str, list[str]]:
    """The row that begins at line `at` (from 0), over as many lines as its quotes take; its text and cells."""
    raw = lines[at]
    after = at + 1
    while raw.count('"') % 2 and after < min(len(lines), at + _MOST_LINES) and len(raw) < _LONGEST_LINE:
        raw += "\n" + lines[after]
        after += 1
    if raw.count('"') % 2 == 0:
        try:
            [cells] = csv.reader([raw], delimiter=delimiter, strict="\n" in raw)
        except (csv.Error, ValueError):
            pass
        else:
            return raw, cells
    return lines[at], [cell.strip('"') for cell in lines[at].split(delimiter)]


def _workbook(path: Path, name: str) -> list[Sheet]:
    """The sheets of a workbook that hold anything."""
    from python_calamine import CalamineError, CalamineWorkbook

    damaged = UnreadableFile(
        f"{name} is damaged, protected by a password, or no workbook; save it as xlsx or CSV again."
    )
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                if sum(part.file_size for part in archive.infolist()) > LARGEST:
                    raise UnreadableFile(f"{name} unpacks to over {LARGEST // 1024**2} MB; save the sheet as CSV.")
        book = CalamineWorkbook.from_path(path)
        grids = {
            sheet: [
                [_text(cell) for cell in row] for row in book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
            ]
            for sheet in book.sheet_names
        }
    except (CalamineError, zipfile.BadZipFile, OSError, ValueError, OverflowError, NotImplementedError, struct.error):
        raise damaged from None
    sheets = [
        Sheet(f"{name}[{sheet}]", sheet, "workbook", [], grid)
        for sheet, grid in grids.items()
        if any(any(row) for row in grid)
    ]
    if not sheets:
        raise UnreadableFile(f"{name}: every sheet is empty; ask for the deck again.")
    return sheets


def _text(cell: object) -> str:
    """A workbook's cell as text: numbers with 15 digits, dates as ISO 8601."""
    if isinstance(cell, str):
        return cell.strip(_BLANKS)
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else f"{cell:.15g}"
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ", "seconds")
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)
