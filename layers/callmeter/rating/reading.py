"""A file of calls -> `calls_read`, one row per line in the file's order: whole facts, or the reason why not.

Two ways lead there. Nearly every file is regular, and DuckDB's own CSV reader cuts it, side by side and into the
columns that its source asks for. Lines that are not as their header says, and whole files that have something odd about
them (no header, a quote that does not end, blank lines), are cut with care instead, as lines: see sql/fields.sql. JSON
records are one a line, and cut by paths. A physical line is a row in all of them, so that line numbers hold and nothing
in one line can spoil another.
"""

from typing import Any

import duckdb
from duckdb import (
    CaseExpression,
    ColumnExpression,
    ConstantExpression,
    Expression,
    FunctionExpression,
    StarExpression,
)

from callmeter import sql
from callmeter.sources.base import Reading
from callmeter.sources.text import TextFile, cells

_SURPLUS = "surplus"  # the column behind the last one; it is not null where a line has too many cells


def read_calls(con: duckdb.DuckDBPyConnection, text: TextFile, reading: Reading, values: dict[str, Any]) -> None:
    """Fill `calls_read`. values: how numbers and times are to be understood, as sql/normalised.sql names them."""
    values = {"header": reading.header, "not_calls": reading.not_calls or None, **values, **reading.values}
    if reading.paths:
        _cut_records(con, text, reading, values)
    elif _may_be_regular(text, reading) and _cut(con, text, reading, values):
        sql.run(con, "irregular_lines", skip=reading.skip)
        if len(con.table("irregular_lines")):
            _cut_with_care(con, text, reading, values, every=False)
    else:
        sql.run(con, "irregular_none")
        _cut_with_care(con, text, reading, values, every=True)


def _may_be_regular(text: TextFile, reading: Reading) -> bool:
    """Whether DuckDB's reader may cut a file; lines that are no calls have to be looked at whole."""
    return bool(reading.width) and reading.quoting == "csv" and text.regular and not reading.not_calls


def keep_lines(con: duckdb.DuckDBPyConnection, text: TextFile) -> None:
    """Make `lines` of a text file: what it says, line by line."""
    sql.run(con, "lines", path=str(text.path.resolve()))


def read_lines(con: duckdb.DuckDBPyConnection, text: TextFile, delimiter: str, skip: int, *, width: int = 0) -> None:
    """Make `lines` and `fields` of a text file; its first `skip` lines are left out of `fields`."""
    sql.run(con, "irregular_none")
    keep_lines(con, text)
    sql.run(con, "fields", delimiter=delimiter, skip=skip, width=width, every=True, before=0, header="", not_calls=None)


def _cut(con: duckdb.DuckDBPyConnection, text: TextFile, reading: Reading, values: dict[str, Any]) -> bool:
    """Let DuckDB cut the file; False, and nothing done, where it is not one row per line."""
    names = _names(reading)
    sql.run(
        con,
        "cut",
        path=str(text.path.resolve()),
        columns=dict.fromkeys((*names, _SURPLUS), "VARCHAR"),
        skip=reading.skip,
        delimiter=reading.delimiter,
        quote='"' if text.quoted else "",
    )
    sql.need(con, "trimmed_cell")
    cells = {name: _cell(name, spaced=text.spaced) if at else _nothing() for name, at in reading.positions.items()}
    con.view("cut").select(
        *(cell.alias(name) for name, cell in cells.items()),
        _irregular(names, reading, quoted=text.quoted).alias("irregular"),
        ConstantExpression(None).cast("INTEGER").alias("line"),
        _nothing().alias("malformed"),
    ).create_view("named_fields", replace=True)
    try:
        for stage in (reading.stage, *reading.then, "normalised", "calls_read"):
            sql.run(con, stage, **values)
    except duckdb.Error:
        return False  # a quote that is not closed, or stands where none may; bytes that are no text
    return len(con.table("calls_read")) == text.lines - reading.skip


def _cut_records(con: duckdb.DuckDBPyConnection, text: TextFile, reading: Reading, values: dict[str, Any]) -> None:
    """Cut JSON records, one a line, into the fields that the source asks for."""
    keep_lines(con, text)
    wanted = [path for paths in reading.paths.values() for path in paths]
    sql.run(con, "json_fields", paths=wanted, before=values["before"])
    found = iter(range(1, len(wanted) + 1))
    named = {name: _first_of([_listed(next(found)) for _ in paths]) for name, paths in reading.paths.items()}
    con.view("fields").select(
        StarExpression(),
        *(cell.alias(name) for name, cell in named.items()),
        ConstantExpression(False).alias("irregular"),
    ).create_view("named_fields", replace=True)
    for stage in (reading.stage, *reading.then, "normalised", "calls_read"):
        sql.run(con, stage, **values)


def _cut_with_care(
    con: duckdb.DuckDBPyConnection, text: TextFile, reading: Reading, values: dict[str, Any], *, every: bool
) -> None:
    """Cut `every` line, or those that `calls_read` calls irregular, and put what they are into calls_read."""
    keep_lines(con, text)
    sql.run(
        con,
        {"csv": "fields", "every": "fields_quoted", "none": "fields_bare"}[reading.quoting],
        **values | {"delimiter": reading.delimiter, "width": reading.width, "every": every},
    )
    named = {name: _listed(at) if at else _nothing() for name, at in reading.positions.items()}
    con.view("fields").select(
        StarExpression(),
        *(cell.alias(name) for name, cell in named.items()),
        ConstantExpression(False).alias("irregular"),
    ).create_view("named_fields", replace=True)
    for stage in (reading.stage, *reading.then, "normalised", "calls_read" if every else "calls_read_more"):
        sql.run(con, stage, **values)


def _names(reading: Reading) -> list[str]:
    """A name for each column of the file: the field's where the source asks for it, else its number."""
    wanted = {at: name for name, at in reading.positions.items() if at}
    return [wanted.get(at, f"column {at}") for at in range(1, reading.width + 1)]


def _irregular(names: list[str], reading: Reading, *, quoted: bool) -> Expression:
    """Whether a row has too few cells or too many, a quote inside of one, or is the header once more."""
    found = _column(names[-1]).isnull() | ColumnExpression(_SURPLUS).isnotnull()
    if reading.header:
        header = cells(reading.header, reading.delimiter)
        first, name = min((at, name) for name, at in reading.positions.items() if at)
        found = found | (_column(name) == ConstantExpression(header[first - 1]))
    if quoted:
        for name, at in reading.positions.items():
            found = found | FunctionExpression("contains", _column(name), ConstantExpression('"')) if at else found
    return found


def _first_of(texts: list[Expression]) -> Expression:
    """The first that is there and not blank."""
    found = _nothing()
    for text in reversed(texts):
        found = CaseExpression((text.isnotnull() & (text != ConstantExpression(""))), text).otherwise(found)
    return found


def _listed(at: int) -> Expression:
    """The cell at this place of the list, from 1; null beyond its end."""
    return FunctionExpression("list_extract", ColumnExpression("cells"), ConstantExpression(at))


def _column(name: str) -> Expression:
    return ColumnExpression(name)


def _cell(name: str, *, spaced: bool) -> Expression:
    cell = _column(name)
    return FunctionExpression("trimmed_cell", cell) if spaced else cell


def _nothing() -> Expression:
    return ConstantExpression(None).cast("VARCHAR")
