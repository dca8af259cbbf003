"""Sheets of rows -> the one table among them: its header, its columns and what each means.

The header is the first row that names both what is called (a prefix, codes, or a destination) and a price. Lines
before it are the carrier's notes. Two columns of one meaning are settled by rules that are shown, or refused.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from callmeter.catalogue.importing.cells import shown, squeezed
from callmeter.catalogue.importing.choices import Choices
from callmeter.catalogue.importing.headers import (
    ALIASES,
    IGNORED,
    LESSER_RATES,
    NEW_RATES,
    WHOLE_CODES,
    Column,
    is_one_of,
    rank,
    recognised,
)  # fmt: skip
from callmeter.catalogue.importing.sheets import Record, Sheet, problem_at
from callmeter.errors import BrokenCatalogue, Problem, UsageError

_SEARCHED = 400  # rows in which the header must come
_PLACES = frozenset({"prefix", "country_code", "area_code", "npa", "destination", "country"})
_PRICES = frozenset({"rate", "rate_first", "rate_choice"})
_STATED = (*ALIASES, IGNORED)


@dataclass(frozen=True)
class Table:
    """The table of a file. header: its row, None where the columns were stated. before: rows above it. rows: below it.

    columns: those with a meaning, one each (several "rate" only with bands). left_out: headers without one, with why.
    """

    sheet: Sheet
    delimiter: str
    header: Record | None
    width: int
    columns: list[Column]
    before: list[Record]
    rows: list[Record]
    left_out: dict[str, str]
    notices: list[str]

    def problem(self, record: Record, index: int, code: str, text: str, hint: str = "") -> Problem:
        return problem_at(self.sheet, self.delimiter, record, index, code, text, hint)

    def at(self, meaning: str) -> int | None:
        """Where the column of that meaning stands; None where there is none, or several."""
        found = [column.index for column in self.columns if column.meaning == meaning and not column.band]
        return found[0] if found else None


@dataclass(frozen=True)
class _Found:
    sheet: Sheet
    delimiter: str
    header: Record
    columns: list[Column]


def find_table(sheets: list[Sheet], choices: Choices) -> Table:
    """The table of a file. Raises UsageError, BrokenCatalogue where there is none, or more than one."""
    sheets = _asked(sheets, choices.sheet)
    if choices.columns:
        return _settled(_stated(sheets, choices), choices)
    found = [one for one in (_find(sheet, choices) for sheet in sheets) if one]
    if not found:
        raise BrokenCatalogue([_no_header(sheets[0], choices)])
    if len(found) > 1:
        names = ", ".join(f'"{one.sheet.name}"' for one in found)
        raise UsageError(f"{len(found)} sheets have a table of rates: {names}; choose one with --sheet NAME")
    one = found[0]
    unknown = [name for name in choices.mapped if not any(_is(name, column) for column in one.columns)]
    if unknown:
        headers = ", ".join(f'"{column.header}"' for column in one.columns)
        raise UsageError(f'--map: there is no column "{unknown[0]}"; the columns are: {headers}')
    records = one.sheet.records(one.delimiter)
    at = next(n for n, record in enumerate(records) if record.line == one.header.line)
    header = records[at]
    width = len(header.cells)
    table = Table(one.sheet, one.delimiter, header, width, one.columns, records[:at], records[at + 1 :], {}, [])
    return _settled(table, choices)


def is_header(record: Record) -> bool:
    """Whether a row names what is called and a price, as headers do."""
    meanings = {recognised(cell)[0] for cell in record.cells if cell}
    return bool(meanings & _PLACES and meanings & _PRICES) and not any(cell.isdecimal() for cell in record.cells)


def _asked(sheets: list[Sheet], name: str) -> list[Sheet]:
    if not name:
        return sheets
    chosen = [sheet for sheet in sheets if sheet.name.casefold() == name.casefold()]
    if not chosen:
        names = ", ".join(f'"{sheet.name}"' for sheet in sheets if sheet.name) or "none: it is no workbook"
        raise UsageError(f'there is no sheet "{name}"; the sheets are: {names}')
    return chosen


def _find(sheet: Sheet, choices: Choices) -> _Found | None:
    """The header of a sheet, by the delimiter that makes most of it."""
    found: list[tuple[int, int, _Found]] = []
    for delimiter in sheet.delimiters:
        for record in sheet.records(delimiter, _SEARCHED):
            columns = _columns(record, choices)
            meanings = {column.meaning for column in columns}
            plain = not any(cell.replace(".", "").isdecimal() for cell in record.cells)
            if plain and meanings & _PLACES and meanings & _PRICES:
                known = sum(bool(column.meaning) for column in columns)
                found.append((known, len(found), _Found(sheet, delimiter, record, columns)))
                break
    return max(found, key=lambda one: (one[0], -one[1]))[2] if found else None


def _columns(record: Record, choices: Choices) -> list[Column]:
    """A header's columns that have a name, with what they mean; blank where that is not known."""
    columns = []
    for index, cell in enumerate(record.cells):
        column = Column(index, " ".join(cell.split()), *recognised(cell))
        meaning = next((to for name, to in choices.mapped.items() if _is(name, column)), None)
        band = next((to for name, to in choices.bands.items() if _is(name, column)), None)
        if meaning is not None:
            column = replace(column, meaning=meaning, band="")
        if band is not None:
            column = replace(column, meaning="rate", band=band)
        if cell or meaning:
            columns.append(column)
    return columns


def _is(name: str, column: Column) -> bool:
    if name.startswith("#") and name[1:].isdecimal():
        return int(name[1:]) == column.index + 1
    return name == column.header or (bool(squeezed(name)) and squeezed(name) == squeezed(column.header))


def _stated(sheets: list[Sheet], choices: Choices) -> Table:
    """The table of a file without a header, its columns as --columns has them."""
    columns = []
    for index, name in enumerate(choices.columns):
        meaning, band = (name, "") if name in _STATED else recognised(name)
        if name and not meaning:
            known = ", ".join(ALIASES)
            raise UsageError(f'--columns: "{name}" is no column; they are: {known}, or blank to leave one out')
        band = next((to for key, to in choices.bands.items() if _is(key, Column(index, name, meaning))), band)
        if name:
            columns.append(Column(index, name, "rate" if band else meaning, band))
    meanings = {column.meaning for column in columns}
    if not (meanings & _PLACES and meanings & _PRICES):
        raise UsageError("--columns: name at least prefix (or destination) and rate, such as prefix,destination,,rate")
    if len(sheets) > 1:
        names = ", ".join(f'"{sheet.name}"' for sheet in sheets)
        raise UsageError(f"--columns: the workbook has the sheets {names}; choose one with --sheet NAME")
    width = len(choices.columns)
    fits = {
        delimiter: sum(len(record.cells) == width for record in sheets[0].records(delimiter, _SEARCHED))
        for delimiter in sheets[0].delimiters
    }
    delimiter = max(fits, key=lambda one: fits[one])
    return Table(sheets[0], delimiter, None, width, columns, [], sheets[0].records(delimiter), {}, [])


def _settled(table: Table, choices: Choices) -> Table:
    """The table with one column for each meaning; the others are left out, and it is said why."""
    left_out = {
        column.header: "not known" if not column.meaning else "as stated"
        for column in table.columns
        if column.meaning in ("", IGNORED)
    }
    columns = [column for column in table.columns if column.meaning not in ("", IGNORED)]
    padded = [
        record
        if len(record.cells) >= table.width
        else record._replace(cells=record.cells + [""] * (table.width - len(record.cells)))
        for record in table.rows
    ]
    notices: list[str] = []
    columns = _one_rate(table, columns, padded, choices, left_out, notices)
    for meaning in dict.fromkeys(column.meaning for column in columns):
        if meaning in ("rate", "unsupported"):
            continue
        same = sorted(
            (column for column in columns if column.meaning == meaning), key=lambda one: _preference(one, choices)
        )
        for other in same[1:]:
            left_out[other.header] = f'"{same[0].header}" has the same meaning'
            notices.append(f'"{same[0].header}" and "{other.header}" both mean {meaning}: "{same[0].header}" is taken')
            columns.remove(other)
    columns = _one_prefix(table, columns, padded, left_out)
    return replace(table, columns=columns, left_out=left_out, notices=notices)


def _preference(column: Column, choices: Choices) -> tuple[bool, int]:
    """What was stated comes first, then the better name."""
    return not any(_is(name, column) for name in choices.mapped), rank(column.meaning, column.header)


def _one_rate(
    table: Table,
    columns: list[Column],
    rows: list[Record],
    choices: Choices,
    left_out: dict[str, str],
    notices: list[str],
) -> list[Column]:
    """One column for the rate, or one for each band. Raises BrokenCatalogue where several could be it."""
    chosen = [one for one in columns if one.meaning == "rate_choice"]
    rates = [one for one in columns if one.meaning == "rate" and not one.band]
    first = [one for one in columns if one.meaning == "rate_first"]
    banded = [one for one in columns if one.meaning == "rate" and one.band]
    if not rates and first:
        columns = [replace(one, meaning="rate") if one is first[0] else one for one in columns]
        rates = [one for one in columns if one.meaning == "rate" and not one.band]
    if (chosen and not rates and not banded) or len({one.band for one in banded}) < len(banded):
        raise BrokenCatalogue([_ambiguous(table, chosen or banded)])
    for one in chosen:
        left_out[one.header] = "another kind of rate"
    mapped = [one for one in rates if any(_is(name, one) for name in choices.mapped)]
    best = mapped or [one for one in rates if is_one_of(one.header, NEW_RATES)]
    best = best or [one for one in rates if not is_one_of(one.header, LESSER_RATES)] or rates
    if len(best) > 1 and any(
        len({record.cells[one.index] for one in best}) > 1 for record in rows if record.cells != _header_cells(table)
    ):
        raise BrokenCatalogue([_ambiguous(table, best)])
    for other in [one for one in rates if one not in best[:1]]:
        left_out[other.header] = f'"{best[0].header}" is the rate'
        notices.append(f'"{best[0].header}" and "{other.header}" both mean rate: "{best[0].header}" is taken')
    kept = {id(one) for one in (*best[:1], *banded)}
    return [one for one in columns if one.meaning not in ("rate", "rate_choice") or id(one) in kept]


def _header_cells(table: Table) -> list[str]:
    return table.header.cells if table.header else []


def _ambiguous(table: Table, columns: list[Column]) -> Problem:
    names = " and ".join(f'"{one.header}"' for one in columns)
    record = table.header or table.rows[0]
    return table.problem(
        record, columns[-1].index, "ambiguous-columns", f"{names} could each be the rate",
        f'State which: --map "{columns[0].header}=rate" --map "{columns[-1].header}=ignore".',
    )  # fmt: skip


def _one_prefix(table: Table, columns: list[Column], rows: list[Record], left_out: dict[str, str]) -> list[Column]:
    """The prefix in one column, or in two that are joined: "country_code" and "area_code"."""
    by_meaning = {one.meaning: one for one in columns}
    whole, country, area = by_meaning.get("prefix"), by_meaning.get("country_code"), by_meaning.get("area_code")
    dropped: list[Column] = []
    renamed: dict[str, str] = {}
    if "npa" in by_meaning and "nxx" in by_meaning and not whole:
        renamed = {"npa": "country_code", "nxx": "area_code"}
        dropped = [one for one in (country, area) if one]
    elif "npa" in by_meaning and not whole:
        renamed = {"npa": "prefix"}
    elif whole and (country or area):
        digits = country and any(record.cells[country.index].lstrip("+").isdecimal() for record in rows)
        if is_one_of(whole.header, WHOLE_CODES) or (country and not digits and not area):
            dropped = [one for one in (country, area) if one]
        elif country and not area:
            renamed = {"prefix": "area_code"}
        else:
            raise BrokenCatalogue([_ambiguous_codes(table, [one for one in (whole, country, area) if one])])
    elif country and not area:
        renamed = {"country_code": "prefix"}
    elif area and not country:
        renamed = {"area_code": "prefix"}
    dropped += [one for one in columns if one.meaning in ("npa", "nxx") and one.meaning not in renamed]
    for one in dropped:
        left_out[one.header] = "the prefix is whole without it"
    return [replace(one, meaning=renamed.get(one.meaning, one.meaning)) for one in columns if one not in dropped]


def _ambiguous_codes(table: Table, columns: list[Column]) -> Problem:
    names = " and ".join(f'"{one.header}"' for one in columns)
    return table.problem(
        table.header or table.rows[0], columns[-1].index, "ambiguous-columns",
        f"{names} could each be the prefix, or a part of it",
        f'State which: --map "{columns[0].header}=prefix" --map "{columns[-1].header}=ignore".',
    )  # fmt: skip


def _no_header(sheet: Sheet, choices: Choices) -> Problem:
    """Says what was looked for, and which line came nearest."""
    nearest: tuple[int, Record, str, list[Column]] | None = None
    for delimiter in sheet.delimiters:
        for record in sheet.records(delimiter, _SEARCHED):
            columns = _columns(record, choices)
            known = sum(bool(one.meaning) for one in columns)
            if len(columns) > 1 and (nearest is None or known > nearest[0]):
                nearest = known, record, delimiter, columns
    hint = (
        'State the columns of a file without a header: --columns "prefix,destination,,rate"; or one: --map "NAME=rate".'
    )
    if nearest is None:
        return Problem(sheet.file, 1, 1, "no-header", "no line has more than one cell, so there is no table", hint)
    known, record, delimiter, columns = nearest
    if not known:
        cells = _quoted(one.header for one in columns)
        text = f"no line names the columns: there must be a prefix (or destination) and a rate; the first has {cells}"
        return problem_at(sheet, delimiter, record, 0, "no-header", text, hint)
    meanings = {one.meaning for one in columns}
    missing = "a prefix or destination" if meanings & _PRICES else "a rate"
    others = _quoted(one.header for one in columns if not one.meaning) or "none"
    text = (
        f"no line names both a prefix (or destination) and a rate; the nearest lacks {missing}: not known are {others}"
    )
    return problem_at(sheet, delimiter, record, 0, "no-header", text, hint)


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{shown(name)}"' for name in list(names)[:8])
