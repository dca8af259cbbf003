"""Any bytes -> lines of UTF-8 text that DuckDB reads as they are.

A physical line is a row, so nothing in a file can spoil more than its own line: line ends become LF, a byte
order mark goes, UTF-16 is decoded, single lines that are no UTF-8 are read as Windows-1252, the one byte the
reader needs for itself becomes a space, and a line over a megabyte is cut there.
"""

import codecs
import csv
import gzip
import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, BinaryIO

from callmeter.errors import UnreadableFile

BLOCK = 16 * 1024 * 1024
LONGEST_LINE = 1_000_000
LARGEST_UNPACKED = 2 * 1024**3  # bytes of a file that comes compressed
_KEPT = 4 * LONGEST_LINE  # bytes of a line that does not end: enough for its first million characters

_GZIP = b"\x1f\x8b"
_DOCUMENTS = (b"[", b"{", b"<")
_MAGIC = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook; save the sheet as CSV",
    b"%PDF": "a PDF; export the calls as CSV",
    b"PAR1": "a Parquet file; export the calls as CSV",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
}


@dataclass(frozen=True)
class TextFile:
    """A file that is safe to read by lines.

    path: the original where that is safe as it is, else a copy. name: the original's, for people. lines: how many there
    are. quoted, spaced: whether there is a quote, or a blank, anywhere. regular: no NUL byte, and no line too long.
    ended: the last line has an end, too.
    """

    path: Path
    name: str
    lines: int = 0
    quoted: bool = False
    spaced: bool = False
    regular: bool = True
    ended: bool = True


def make_safe(original: Path, folder: Path, name: str = "", *, in_place: bool = False) -> TextFile:
    """A safe form of `original`, a copy in `folder` where need be. Raises UnreadableFile for what is no text at all.

    in_place: the original itself will do, where nothing in it has to be mended.
    """
    name = name or original.name
    with original.open("rb") as source:
        if source.read(2) == _GZIP:
            return make_safe(_unpacked(original, folder, name), folder, name, in_place=in_place)
        ended = _is_ended(source)
        source.seek(0)
        head = source.read(4096)
        source.seek(0)
        encoding = _encoding(head, name)
        if in_place and encoding == "utf-8" and not head.startswith(codecs.BOM_UTF8):
            text = _looked_through(source, original, name)
            if text and (text.regular or head.lstrip()[:1] in _DOCUMENTS):  # sources/documents.py makes records of it
                return replace(text, ended=ended)
            source.seek(0)
        with NamedTemporaryFile("wb", dir=folder, suffix=".txt", delete=False) as safe:
            _copy(source, safe, encoding)
    with Path(safe.name).open("rb") as copy:
        text = _looked_through(copy, Path(safe.name), name) or TextFile(Path(safe.name), name, regular=False)
    return replace(text, ended=ended)


def _unpacked(original: Path, folder: Path, name: str) -> Path:
    """A copy of a gzip file in `folder`, unpacked: a rotated file, or a carrier's export."""
    with NamedTemporaryFile("wb", dir=folder, suffix=".unpacked", delete=False) as copy:
        try:
            with gzip.open(original, "rb") as packed:
                for block in iter(lambda: packed.read(BLOCK), b""):
                    copy.write(block)
                    if copy.tell() > LARGEST_UNPACKED:
                        raise UnreadableFile(
                            f"{name} unpacks to more than {LARGEST_UNPACKED // 1024**3} GB; send it in parts."
                        )
        except (EOFError, OSError, zlib.error) as error:
            raise UnreadableFile(f"{name} is a broken or cut-off gzip file ({error}); fetch it again.") from None
    unpacked = Path(copy.name)
    with unpacked.open("rb") as content:
        if content.read(2) == _GZIP:
            raise UnreadableFile(f"{name} is compressed twice; unpack it first.")
    return unpacked


def _is_ended(source: BinaryIO) -> bool:
    """Whether the last line of a file has a line end."""
    size = source.seek(0, 2)
    source.seek(max(0, size - 2))
    return source.read().rstrip(b"\0")[-1:] in (b"", b"\n", b"\r")


def pieces(text: TextFile, folder: Path, size: int) -> Iterator[tuple[int, TextFile]]:
    """A large text cut at line ends into pieces of about `size` bytes, one at a time, with the number of lines before.

    A text of one piece is itself; others are copies in `folder`, which are gone when the next is asked for.
    """
    length = text.path.stat().st_size
    if length <= size:
        yield 0, text
        return
    before = start = 0
    with text.path.open("rb") as source:
        while start < length:
            source.seek(min(start + size, length))
            source.readline()
            end = min(source.tell(), length)
            source.seek(start)
            piece = _piece(source, end - start, folder, text)
            yield before, piece
            before, start = before + piece.lines, end
            piece.path.unlink()


def _piece(source: BinaryIO, length: int, folder: Path, text: TextFile) -> TextFile:
    lines, last = 0, b"\n"
    with NamedTemporaryFile("wb", dir=folder, suffix=".txt", delete=False) as copy:
        while length > 0:
            block = source.read(min(BLOCK, length))
            copy.write(block)
            length, last, lines = length - len(block), block[-1:], lines + block.count(b"\n")
    return replace(text, path=Path(copy.name), lines=lines + (last != b"\n"))


def _looked_through(source: BinaryIO, path: Path, name: str) -> TextFile | None:
    """What is in a file of clean UTF-8 text; None where something has to be mended first."""
    lines, quoted, spaced, regular, last = 0, False, False, True, b"\n"
    decoder = codecs.getincrementaldecoder("utf-8")()
    since_line_end = 0
    for block in iter(lambda: source.read(BLOCK), b""):
        if b"\r" in block or b"\x1f" in block or not _continues(decoder, block):
            return None
        lines += block.count(b"\n")
        quoted = quoted or b'"' in block
        spaced = spaced or b" " in block or b"\t" in block
        first_end = block.find(b"\n")
        too_long = (
            _has_long_line(block) or since_line_end + (len(block) if first_end < 0 else first_end) >= LONGEST_LINE
        )
        regular = regular and b"\0" not in block and not too_long
        since_line_end = len(block) - block.rfind(b"\n") - 1 if first_end >= 0 else since_line_end + len(block)
        last = block[-1:]
    return TextFile(path, name, lines + (last != b"\n"), quoted, spaced, regular) if _ended(decoder) else None


def _continues(decoder: codecs.IncrementalDecoder, block: bytes) -> bool:
    try:
        if not block.isascii() or decoder.getstate()[0]:
            decoder.decode(block)
    except UnicodeDecodeError:
        return False
    return True


def _ended(decoder: codecs.IncrementalDecoder) -> bool:
    return not decoder.getstate()[0]


def digest_of(path: Path) -> str:
    """SHA-256 of a file as it came, in hex: what its calls are keyed by."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def first_lines(text: TextFile, limit: int) -> list[tuple[int, str]]:
    """Number and text of the first `limit` lines that are not blank."""
    with text.path.open("rb") as lines:
        filled = ((number, line) for number, line in enumerate(lines, start=1) if line.strip())
        return [(number, line.decode("utf-8", "replace").rstrip("\n")) for number, line in islice(filled, limit)]


def first_line(text: TextFile) -> tuple[int, str]:
    """Number and text of the first line that is not blank; (0, "") where there is none."""
    return next(iter(first_lines(text, 1)), (0, ""))


def cells(line: str, delimiter: str) -> list[str]:
    """One line's cells, unquoted and trimmed; a line that Python's reader cannot cut is one cell."""
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return [line.strip()]


def delimiter_of(line: str) -> str:
    """The delimiter a header line uses: the most frequent of comma, semicolon, tab and bar; a comma if none."""
    return max(",;\t|", key=line.count)


def column_of(raw: str, delimiter: str, index: int) -> int:
    """Where cell `index` (from 1) of the line begins, as a character position from 1."""
    inside, cell = False, 1
    for position, character in enumerate(raw, start=1):
        if cell == index:
            return position
        if character == '"':
            inside = not inside
        elif character == delimiter and not inside:
            cell += 1
    return len(raw) + 1


def _encoding(head: bytes, name: str) -> str:
    for magic, what in _MAGIC.items():
        if head.startswith(magic):
            raise UnreadableFile(f"{name} is not CSV: it is {what}.")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    for offset, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        every_other = head[offset:400:2]
        if len(head) >= 4 and every_other.count(0) > len(every_other) * 0.8:
            return encoding
    return "utf-8"


def _copy(source: BinaryIO, safe: IO[bytes], encoding: str) -> None:
    if encoding != "utf-8":
        text = source.read().decode(encoding, "replace").lstrip("\ufeff")
        safe.write(_clean((text if "\n" in text else text.replace("\r", "\n")).encode()))
        return
    rest, lone_cr = b"", False
    for number, block in enumerate(iter(lambda: source.read(BLOCK), b"")):
        if number == 0:
            block = block.removeprefix(codecs.BOM_UTF8)
            lone_cr = b"\r" in block and b"\n" not in block
        rest += block.replace(b"\r", b"\n") if lone_cr else block
        end = rest.rfind(b"\n") + 1
        if end:
            safe.write(_clean(rest[: end - 1]) + b"\n")
        rest = rest[end : end + _KEPT]
    if rest:
        safe.write(_clean(rest) + b"\n")


def _clean(block: bytes) -> bytes:
    """The block as UTF-8 with LF line ends, short lines, and no unit separators."""
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n").removesuffix(b"\r").replace(b"\r", b" ")
    if b"\x1f" in block:
        block = block.replace(b"\x1f", b" ")
    if not _is_utf8(block):
        block = b"\n".join(_decoded(line) for line in block.split(b"\n"))
    if _has_long_line(block):
        block = b"\n".join(_cut(line) for line in block.split(b"\n"))
    return block


def _is_utf8(block: bytes) -> bool:
    try:
        block.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _decoded(line: bytes) -> bytes:
    return line if _is_utf8(line) else line.decode("cp1252", "replace").encode()


def _has_long_line(block: bytes) -> bool:
    start = 0
    while len(block) - start > LONGEST_LINE:
        end = block.rfind(b"\n", start, start + LONGEST_LINE)
        if end < start:
            return True
        start = end + 1
    return False


def _cut(line: bytes) -> bytes:
    """A long line's first megabyte, still UTF-8; SQL calls a line of that length malformed."""
    if len(line) < LONGEST_LINE:
        return line
    text = line[:_KEPT].decode("utf-8", "replace")
    return text[:LONGEST_LINE].ljust(LONGEST_LINE, ".").encode()
