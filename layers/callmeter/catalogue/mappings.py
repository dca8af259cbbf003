"""rates/sources/NAME.toml -> Mappings, with every problem and its line."""

import re
from pathlib import Path

import duckdb
from pydantic import ValidationError

from callmeter import sql
from callmeter.catalogue.files import is_zone, place_of, read_toml, toml_problems
from callmeter.dialplan import dial_plan
from callmeter.errors import BrokenCatalogue, Problem, UsageError
from callmeter.sources import SOURCES, source_named
from callmeter.sources.mapping import NAME, Mapping


def mapping_files(rates: Path) -> list[Path]:
    """The mapping files of a rates folder."""
    return sorted((rates / "sources").glob("*.toml"))


def read_mappings(con: duckdb.DuckDBPyConnection, rates: Path) -> dict[str, Mapping]:
    """The mappings of a rates folder by name. Raises BrokenCatalogue with the problems of all of them."""
    found, problems = {}, []
    for path in mapping_files(rates):
        try:
            found[path.stem] = read_mapping(con, path, f"{rates.name}/sources/{path.name}")
        except BrokenCatalogue as broken:
            problems += broken.problems
    if problems:
        raise BrokenCatalogue(problems)
    return found


def read_mapping(con: duckdb.DuckDBPyConnection, path: Path, name: str) -> Mapping:
    """Read one mapping. name: how its file is called in problems. Raises BrokenCatalogue."""
    text, content = read_toml(path, name)
    try:
        mapping = Mapping.model_validate({**content, "source": path.stem})
    except ValidationError as error:
        raise BrokenCatalogue(toml_problems(error, text, name, (), Mapping)) from None
    problems = [
        Problem(name, *place_of(text, (key,)), code, wrong, hint) for key, code, wrong, hint in _wrong(con, mapping)
    ]
    if problems:
        raise BrokenCatalogue(problems)
    return mapping


def _wrong(con: duckdb.DuckDBPyConnection, mapping: Mapping) -> list[tuple[str, str, str, str]]:
    """What the model alone cannot tell: (key, code, what is wrong, what to do)."""
    wrong = []
    kind, own = source_named(mapping.reads), source_named(mapping.source)
    if not re.fullmatch(NAME, mapping.source):
        hint = "Call it by small letters, digits, - and _: it is the name of a folder of the inbox."
        wrong.append(("", "bad-name", f'"{mapping.source}" is no name for a source', hint))
    if mapping.reads and not kind:
        wrong.append(
            ("reads", "unknown-source", f'there is no kind "{mapping.reads}"', f"The kinds are: {', '.join(SOURCES)}.")
        )
    elif own and own != kind:
        hint = f'Say reads = "{own.name}" to give that kind your settings, or rename the file.'
        wrong.append(("reads", "bad-name", f'"{mapping.source}" is a kind of its own', hint))
    if mapping.timezone and not is_zone(mapping.timezone):
        wrong.append(
            (
                "timezone",
                "bad-timezone",
                f'time zone "{mapping.timezone}" is not known',
                "Write one such as Europe/London.",
            )
        )
    try:
        dial_plan(mapping.country or "GB")
    except UsageError as error:
        wrong.append(("country", "bad-country", str(error), ""))
    try:
        sql.run(con, "time_format", time_format=mapping.time_format or None)
    except duckdb.Error:
        hint = 'Write it as "%d/%m/%Y %H:%M:%S".'
        wrong.append(("time_format", "bad-time-format", f'"{mapping.time_format}" is not understood', hint))
    try:
        sql.run(con, "mapping/expression", expression=mapping.not_calls)
    except duckdb.Error as error:
        hint = 'Write a regular expression of RE2, such as "^Total".'
        wrong.append(
            ("not_calls", "bad-expression", str(error).splitlines()[0].removeprefix("Invalid Input Error: "), hint)
        )
    return wrong
