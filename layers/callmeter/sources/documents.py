"""Documents -> lines: JSON documents, arrays and XML CDRs become JSON records, one a line; others stay as they are.

DuckDB does it, so that nothing is held that is larger than it has to be, and a hostile file has nothing to run: XML is
cut by regular expressions, and of its entities only the five predefined and the numeric ones are known.
"""

import re
from mmap import ACCESS_READ, mmap
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import duckdb

from callmeter import sql
from callmeter.errors import UnreadableFile
from callmeter.sources.text import TextFile, first_lines, make_safe

_FIRST_LINES = 5
_RECORD_BYTES = 64 * 1024 * 1024  # the largest document that is read

_XML_BEGINS = "<cdr[ >]"
_XML = re.compile(rb"<cdr[\s>]")
_XML_IN_RECORDS = re.compile(rb'^[ \t]*\{\s*"xml"\s*:', re.MULTILINE)

# FreeSWITCH's own: each has an end of its own, so that a broken one need not spoil those around it.
_LEG_BEGINS = r'^\{|\{\s*"core-uuid"'
_LEG = re.compile(rb'"core-uuid"')


def as_lines(con: duckdb.DuckDBPyConnection, text: TextFile, work: Path) -> TextFile:
    """The file as lines that are records each; a copy in the scratch folder `work` where it is a document.

    A broken XML CDR, or a broken record of FreeSWITCH, becomes a line that is no record. Raises UnreadableFile where
    another document is broken: no part of it can be told to be whole.
    """
    start = next((line.lstrip()[:1] for _, line in first_lines(text, 1)), "")
    if start == "<" and _contains(text, _XML):
        return _written(con, text, work, ("lines", "documents/texts", "documents/xml_records"), begins=_XML_BEGINS)
    if start == "[":
        return _written(con, text, work, ("documents/json_array",))
    if start == "{" and _contains(text, _XML_IN_RECORDS):
        return _written(con, text, work, ("lines", "documents/texts_in_records", "documents/xml_records"))
    if start == "{" and not _is_records(con, text):
        return _documents(con, text, work)
    return make_safe(text.path, work, text.name) if start == "{" and not text.regular else text


def _documents(con: duckdb.DuckDBPyConnection, text: TextFile, work: Path) -> TextFile:
    try:
        return _written(con, text, work, ("documents/json_documents",))
    except UnreadableFile:
        if not _contains(text, _LEG):
            raise
    return _written(con, text, work, ("lines", "documents/texts", "documents/text_records"), begins=_LEG_BEGINS)


def _is_records(con: duckdb.DuckDBPyConnection, text: TextFile) -> bool:
    """Whether a file that begins with a brace has a whole JSON record on its first line, and no list of them in it; or
    most of its first lines are such, though the very first is broken."""
    lines = [line for _, line in first_lines(text, _FIRST_LINES)]
    whole = [bool(sql.rows(con, "documents/is_record", line=line)[0]["is_record"]) for line in lines]
    return whole[0] or sum(whole) * 2 > len(whole)


def _contains(text: TextFile, wanted: re.Pattern[bytes]) -> bool:
    with text.path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        return wanted.search(content) is not None


def _written(
    con: duckdb.DuckDBPyConnection, text: TextFile, work: Path, stages: tuple[str, ...], **values: Any
) -> TextFile:
    """What document stages find in a file, written as lines."""
    with NamedTemporaryFile("wb", dir=work, suffix=".jsonl", delete=False) as lines:
        path = Path(lines.name)
    try:
        for stage in stages:
            sql.run(con, stage, path=str(text.path.resolve()), largest=_RECORD_BYTES, **values)
        sql.run(con, "documents/written", path=str(path))
    except duckdb.Error as error:
        path.unlink()
        what = str(error).splitlines()[0]
        raise UnreadableFile(
            f"{text.name}: the document cannot be read, it may be cut off; fetch or export it again. ({what})"
        ) from None
    return make_safe(path, work, text.name, in_place=True)
