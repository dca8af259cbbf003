"""Runs the `.sql` files of this folder: one statement each, parameters by name, no string-built SQL."""

import re
from functools import cache
from importlib.resources import files
from typing import Any

import duckdb

_PARAMETER = re.compile(r"\$([a-z_][a-z0-9_]*)")
_VARIABLE = re.compile(r"getvariable\('([a-z_]+)'\)")  # stands in for a parameter in a view, which can have none
_COMMENT = re.compile(r"--[^\n]*")


@cache
def text(name: str) -> str:
    """The SQL of `name`.sql, e.g. text("catalogue/deck_rows")."""
    return files(__package__).joinpath(f"{name}.sql").read_text(encoding="utf-8")


@cache
def _parameters(name: str) -> frozenset[str]:
    return frozenset(_PARAMETER.findall(_COMMENT.sub("", text(name))))


@cache
def _variables(name: str) -> frozenset[str]:
    return frozenset(_VARIABLE.findall(_COMMENT.sub("", text(name))))


def run(con: duckdb.DuckDBPyConnection, name: str, **values: Any) -> duckdb.DuckDBPyConnection:
    """Execute stage `name` with those of `values` that it names; its result is on the returned connection."""
    for key in _variables(name):
        con.execute(f'set variable "{key}" = $value', {"value": values[key]})
    wanted = {key: values[key] for key in _parameters(name)}
    return con.execute(text(name), wanted) if wanted else con.execute(text(name))


def rows(con: duckdb.DuckDBPyConnection, name: str, **values: Any) -> list[dict[str, Any]]:
    """The result of query `name` as dicts, one per row: for small answers only."""
    answer = run(con, name, **values)
    names = [column[0] for column in answer.description or ()]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
