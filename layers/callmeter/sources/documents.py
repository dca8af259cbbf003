"""Documents -> lines: a JSON document or array becomes JSON records, one a line; other texts stay as they are.

DuckDB does it, so that nothing is held that is larger than it has to be, and a hostile file has nothing to run.
"""

from pathlib import Path
from tempfile import NamedTemporaryFile

import duckdb

from callmeter import sql
from callmeter.errors import UnreadableFile
from callmeter.sources.text import TextFile, first_lines, make_safe

_RECORD_BYTES = 64 * 1024 * 1024  # the largest document that is read


def as_lines(con: duckdb.DuckDBPyConnection, text: TextFile, work: Path) -> TextFile:
    """The file as lines that are records each; a copy in the scratch folder `work` where it is a document.

    Raises UnreadableFile where a document is broken: no part of it can be told to be whole.
    """
    start = next((line.lstrip()[:1] for _, line in first_lines(text, 1)), "")
    if start == "[":
        return _written(con, text, work, "documents/json_array")
    if start == "{" and not _is_records(con, text):
        return _written(con, text, work, "documents/json_documents")
    return text


def _is_records(con: duckdb.DuckDBPyConnection, text: TextFile) -> bool:
    """Whether a file that begins with a brace has a whole JSON record on its first line, and no list of them in it."""
    [(_, line)] = first_lines(text, 1)
    return bool(sql.rows(con, "documents/is_record", line=line)[0]["is_record"])


def _written(con: duckdb.DuckDBPyConnection, text: TextFile, work: Path, stage: str) -> TextFile:
    """What a document stage finds in a file, written as lines."""
    with NamedTemporaryFile("wb", dir=work, suffix=".jsonl", delete=False) as lines:
        path = Path(lines.name)
    try:
        sql.run(con, stage, path=str(text.path.resolve()), largest=_RECORD_BYTES)
        sql.run(con, "documents/written", path=str(path))
    except duckdb.Error as error:
        path.unlink()
        what = str(error).splitlines()[0]
        raise UnreadableFile(
            f"{text.name}: the document cannot be read, it may be cut off; fetch or export it again. ({what})"
        ) from None
    return make_safe(path, work, text.name, in_place=True)
