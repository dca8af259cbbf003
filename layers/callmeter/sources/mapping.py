"""rates/sources/NAME.toml: how the files of one PBX or carrier are read, in the words of its operator.

Either the settings of a kind that callmeter knows:

    reads = "asterisk"
    timezone = "Europe/London"       times are local to the PBX
    identity_prefix = "office-"      two PBXs may give the same ids

or the columns of any file of cells or JSON records:

    timezone = "Europe/Berlin"
    duration_unit = "minutes"
    [columns]
    from = "Caller"                  a header, a position such as 3, or a JSON path such as "$.call.from"
    to = "Called"
    start = ["Date", "Time"]         date and time of day may be two columns
    duration = "Minutes"

catalogue/mappings.py reads and checks them; they are part of the catalogue, so that a file is read the same way again.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from callmeter.model import Fact
from callmeter.sources.base import Head, Reading, Source, plain, positions
from callmeter.sources.generic import FACTORS, FIELDS, NEEDED, mapped_values
from callmeter.sources.text import cells, delimiter_of

NAME = r"^[a-z0-9][a-z0-9_-]{0,39}$"  # it names a folder of the inbox
_JSON_PATH = re.compile(r'\$(\.[A-Za-z_][A-Za-z0-9_]*|\."[^"\\]+")+')
_WITH_COLUMNS = (
    "delimiter", "header", "skip_lines", "duration_unit", "decimal_comma", "day_first", "filled", "answered",
)  # fmt: skip
_ADJUSTING = ("mapping/before_gone", "mapping/before", "mapping/adjusted")  # raw_calls, adjusted


def _column(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("a column is a header in quotes, a position such as 3, or a JSON path such as '$.call.from'")
    if isinstance(value, int) and not 1 <= value <= 2000:
        raise ValueError("positions count from 1")
    if isinstance(value, str) and value.startswith("$.") and not _JSON_PATH.fullmatch(value):
        raise ValueError('a JSON path is written as $.call.from; other letters than a-z need quotes: $."caller-id"')
    if isinstance(value, str) and not value.startswith("$.") and (not plain(value) or len(value) > 200):
        raise ValueError("a header needs letters or digits; write the column's position instead")
    return value


def _start(value: Any) -> Any:
    columns = value if isinstance(value, list | tuple) else [value]
    if not 1 <= len(columns) <= 2:
        raise ValueError('the start is one column, or two: ["Date", "Time"]')
    return tuple(_column(one) for one in columns)


def _words(value: Any) -> Any:
    return tuple(str(one).strip().lower() for one in value) if isinstance(value, list | tuple) else value


Column = Annotated[int | str, BeforeValidator(_column)]
Start = Annotated[tuple[int | str, ...], BeforeValidator(_start)]
Words = Annotated[tuple[str, ...], BeforeValidator(_words), Field(max_length=100)]
FieldName = Literal["call_id", "from", "to", "start", "duration", "disposition", "direction", "login", "carrier"]


class MappedColumns(Fact):
    """[columns]: where each fact of a call stands."""

    call_id: Column | None = None
    caller: Column = Field(alias="from")
    to: Column
    start: Start
    duration: Column
    disposition: Column | None = None
    direction: Column | None = None
    login: Column | None = None
    account: Column | None = None
    carrier: Column | None = None

    def by_field(self) -> dict[str, int | str]:
        """Column by field, as sql/sources/mapped.sql names those; the start may be two."""
        named = self.model_dump(by_alias=True, exclude_none=True)
        named["code"] = named.pop("account", None)
        start = named.pop("start")
        named |= dict(zip(("start", "start_2"), start, strict=False))
        return {field: column for field, column in named.items() if column is not None}


class DirectionRule(Fact):
    """[direction]: what the words in the column mean, and the rule where it says nothing."""

    rule: Literal["by-number", "outbound", "inbound"] = "by-number"
    outbound: Words = ()
    inbound: Words = ()
    internal: Words = ()


class AnsweredRule(Fact):
    """[answered]: which dispositions mean that somebody answered (yes) or nobody (no)."""

    yes: Words = ()
    no: Words = ()


class Mapping(Fact):
    """rates/sources/NAME.toml; `source` is the NAME."""

    source: str
    reads: str = ""  # the kind whose settings these are
    timezone: str = ""  # of times without offset; the operator's unless said
    country: Annotated[str, Field(pattern=r"^([A-Z]{2})?$")] = ""  # of national numbers; the operator's unless said
    time_format: Annotated[str, Field(max_length=100)] = ""  # strptime
    identity_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{0,40}$")] = ""
    strip_prefix: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[0-9*#+]{1,12}$")], ...], Field(max_length=20)
    ] = ()  # before the called number: 9, 9#, 00112233
    direction: DirectionRule = DirectionRule()
    not_calls: Annotated[str, Field(max_length=500)] = ""  # a regular expression of lines that are no calls
    columns: MappedColumns | None = None
    delimiter: Annotated[str, Field(pattern=r'^([^"\r\n\x1f])?$')] = ""  # guessed unless said
    header: bool = True
    skip_lines: Annotated[int, Field(ge=0, le=1000)] = 0  # above the header, or the first call
    duration_unit: Literal["seconds", "minutes", "milliseconds"] = "seconds"
    decimal_comma: bool = False  # 1.234,5
    day_first: bool | None = None  # of 03/04/2026
    filled: FieldName | None = None  # rows without it are no calls
    answered: AnsweredRule = AnsweredRule()

    @model_validator(mode="after")
    def _agrees(self) -> "Mapping":
        if bool(self.reads) == bool(self.columns):
            raise ValueError('write either reads = "KIND", or [columns] with from, to, start and duration')
        if self.columns is None:
            self._refuse_what_needs_columns()
            return self
        by_field = self.columns.by_field()
        if len(set(by_field.values())) < len(by_field):
            raise ValueError("two fields have the same column; each needs its own")
        if not self.header and not all(isinstance(column, int) for column in by_field.values()):
            raise ValueError("without a header columns are positions, such as from = 3")
        if self.filled and self.filled not in by_field:
            raise ValueError(f'filled = "{self.filled}" needs that field in [columns]')
        return self

    def _refuse_what_needs_columns(self) -> None:
        stray = [key for key in _WITH_COLUMNS if key in self.model_fields_set]
        stray += [f"direction.{key}" for key in self.direction.model_fields_set - {"rule"}]
        if stray:
            raise ValueError(f'{stray[0]} goes with [columns] only; reads = "{self.reads}" knows its files')

    @property
    def is_distinct(self) -> bool:
        """Whether files of it are known by the names of their columns, so that nobody has to state the source."""
        return (
            self.columns is not None
            and self.header
            and all(isinstance(column, str) for column in self.columns.by_field().values())
        )


def source_of(mapping: Mapping, kinds: Sequence[Source]) -> Source:
    """The source that a mapping makes: one of `kinds` with its settings, or files with its columns."""
    if not mapping.reads:
        return Source(mapping.source, lambda head: _adjusted(mapping, _by_columns(mapping, head)), _expects(mapping))
    kind = next(one for one in kinds if plain(mapping.reads) in (plain(one.name), *one.also))
    return Source(mapping.source, lambda head: _adjusted(mapping, kind.recognise(head)), kind.expects)


def _adjusted(mapping: Mapping, reading: Reading | None) -> Reading | None:
    """The reading with the mapping's settings."""
    if reading is None:
        return None
    if mapping.columns is None and mapping.not_calls:
        lines = "|".join(f"(?:{pattern})" for pattern in (reading.not_calls, mapping.not_calls) if pattern)
        reading = replace(reading, not_calls=lines)
    prefixes = "|".join(re.escape(one) for one in sorted(mapping.strip_prefix, key=len, reverse=True))
    changes = mapping.identity_prefix or prefixes or mapping.direction.rule != "by-number"
    rule = None if mapping.direction.rule == "by-number" else mapping.direction.rule
    return replace(
        reading,
        timezone=mapping.timezone or reading.timezone,
        country=mapping.country or reading.country,
        time_format=mapping.time_format or reading.time_format,
        then=(*reading.then, *_ADJUSTING) if changes else reading.then,
        values=reading.values
        | {"identity_prefix": mapping.identity_prefix, "strip_prefix": prefixes or None, "direction_rule": rule},
    )


def _by_columns(mapping: Mapping, head: Head) -> Reading | None:
    """How to read a file with the mapping's columns; None where it lacks one."""
    assert mapping.columns is not None
    named = mapping.columns.by_field()
    more: dict[str, Any] = {"values": _values(mapping), "not_calls": mapping.not_calls}
    if head.records:
        columns = {field: (_alias(named[field]),) if field in named else () for field in FIELDS}
        return head.reading("sources/mapped", columns, NEEDED, **more)
    for number, line in head.lines:
        if number <= mapping.skip_lines:
            continue
        delimiter = mapping.delimiter or delimiter_of(line)
        row = cells(line, delimiter)
        at = _found(row, named)
        if at and not mapping.header:
            return Reading("sources/mapped", delimiter, mapping.skip_lines, at, **more)
        if at:
            return Reading("sources/mapped", delimiter, number, at, len(row), header=line, **more)
    return None


def _found(row: list[str], named: dict[str, int | str]) -> dict[str, int | None] | None:
    """Where every field of the mapping stands in a header, or a row; None where one is missing."""
    names = {field: (_alias(column),) for field, column in named.items() if isinstance(column, str)}
    at: dict[str, int | None] = positions(row, names)
    at |= {field: column if column <= len(row) else None for field, column in named.items() if isinstance(column, int)}
    if None in at.values() or len(set(at.values())) < len(at):
        return None
    return dict.fromkeys(FIELDS) | at


def _alias(column: int | str) -> str:
    """A column as Head.reading asks for it."""
    return column if isinstance(column, str) and column.startswith("$.") else plain(str(column))


def _values(mapping: Mapping) -> dict[str, Any]:
    """The parameters of sql/sources/mapped.sql."""
    return mapped_values(
        factor=FACTORS[mapping.duration_unit],
        day_first=mapping.day_first,
        decimal_comma=mapping.decimal_comma,
        must_be_filled=mapping.filled,
        answered_words=list(mapping.answered.yes) or None,
        unanswered_words=list(mapping.answered.no) or None,
        outbound_words=list(mapping.direction.outbound) or None,
        inbound_words=list(mapping.direction.inbound) or None,
        internal_words=list(mapping.direction.internal) or None,
    )


def _expects(mapping: Mapping) -> str:
    assert mapping.columns is not None
    columns = ", ".join(str(column) for column in mapping.columns.by_field().values())
    return f"the columns that sources/{mapping.source}.toml names: {columns}"
