"""Runs the `.sql` files of this folder: one statement each, parameters by name, no string-built SQL.

macros.sql alone has many statements. To make all of its macros would take longer than to rate a small file: a
connection gets those that a stage names when it first comes to that.
"""

import re
from functools import cache
from importlib.resources import files
from typing import Any
from weakref import WeakKeyDictionary

import duckdb

_PARAMETER = re.compile(r"\$([a-z_][a-z0-9_]*)")
_VARIABLE = re.compile(r"getvariable\('([a-z_]+)'\)")  # stands in for a parameter in a view, which can have none
_COMMENT = re.compile(r"--[^\n]*")
_MACRO = re.compile(r"^(?=create or replace macro ([a-z0-9_]+)\()", re.MULTILINE)
_CALL = re.compile(r"\b([a-z][a-z0-9_]*)\(")

_made: "WeakKeyDictionary[duckdb.DuckDBPyConnection, set[str]]" = WeakKeyDictionary()


@cache
def text(name: str) -> str:
    """The SQL of `name`.sql, e.g. text("catalogue/deck_rows")."""
    return files(__package__).joinpath(f"{name}.sql").read_text(encoding="utf-8")


@cache
def _code(name: str) -> str:
    return _COMMENT.sub("", text(name))


@cache
def _parameters(name: str) -> frozenset[str]:
    return frozenset(_PARAMETER.findall(_code(name)))


@cache
def _variables(name: str) -> frozenset[str]:
    return frozenset(_VARIABLE.findall(_code(name)))


@cache
def _macros() -> dict[str, str]:
    """The statement that makes each macro, by its name; what it is made of comes before it."""
    pieces = _MACRO.split(_code("macros"))[1:]
    return dict(zip(pieces[::2], pieces[1::2], strict=True))


@cache
def _with_parts(macro: str) -> frozenset[str]:
    """A macro and all that it is made of."""
    called = {one for one in _CALL.findall(_macros()[macro]) if one in _macros() and one != macro}
    return frozenset({macro}.union(*map(_with_parts, called)))


@cache
def _macros_of(name: str) -> frozenset[str]:
    return frozenset().union(*(_with_parts(one) for one in _CALL.findall(_code(name)) if one in _macros()))


def need(con: duckdb.DuckDBPyConnection, *macros: str) -> None:
    """Make these macros, for what is no stage."""
    _make(con, frozenset().union(*map(_with_parts, macros)))


def _make(con: duckdb.DuckDBPyConnection, wanted: frozenset[str]) -> None:
    made = _made.setdefault(con, set())
    if wanted <= made:
        return
    for macro, statement in _macros().items():
        if macro in wanted and macro not in made:
            con.execute(statement)
    made |= wanted


def run(con: duckdb.DuckDBPyConnection, name: str, **values: Any) -> duckdb.DuckDBPyConnection:
    """Execute stage `name` with those of `values` that it names; its result is on the returned connection."""
    _make(con, _macros_of(name))
    for key in _variables(name):
        con.execute(f'set variable "{key}" = $value', {"value": values[key]})
    wanted = {key: values[key] for key in _parameters(name)}
    return con.execute(text(name), wanted) if wanted else con.execute(text(name))


def rows(con: duckdb.DuckDBPyConnection, name: str, **values: Any) -> list[dict[str, Any]]:
    """The result of query `name` as dicts, one per row: for small answers only."""
    answer = run(con, name, **values)
    names = [column[0] for column in answer.description or ()]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
