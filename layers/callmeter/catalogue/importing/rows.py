"""The table's rows -> rows of a deck, every row accounted for.

Stages: sort out rows that say nothing (blank, titles, footers, repeated headers); decide for each kind of column how
its cells are written; read row by row.
"""

from collections.abc import Callable
from datetime import date
from fractions import Fraction
from functools import partial
from typing import TypeVar

from callmeter.catalogue.importing import dates, prefixes, prices
from callmeter.catalogue.importing.cells import Place, Seen, Unread, first_seen, squeezed
from callmeter.catalogue.importing.choices import Choices
from callmeter.catalogue.importing.headers import NANP_CODES, is_one_of
from callmeter.catalogue.importing.reader import CODE_GROUPS, PRICED, Reading, RowReader
from callmeter.catalogue.importing.sheets import Record
from callmeter.catalogue.importing.tables import Table, is_header
from callmeter.errors import BrokenCatalogue, Problem

T = TypeVar("T")


def read_rows(table: Table, choices: Choices, *, timezone: str, today: date, own: bool = False) -> Reading:
    """Read the table. own: a deck that was imported before, whose rows need no prefix. Raises BrokenCatalogue."""
    reading = Reading()
    reading.dropped["before header"] = [record.line for record in table.before]
    reading.dropped["header"] = [table.header.line] if table.header else []
    records = _with_content(table, reading)
    _decide(table, records, choices, timezone, reading)
    reader = RowReader(table, records, choices, reading, today=today, own=own)
    for record in records:
        reader.read(record)
    return reading


def _with_content(table: Table, reading: Reading) -> list[Record]:
    """The rows that state a price, or should; the others are sorted out by reason."""
    header = [squeezed(cell) for cell in table.header.cells] if table.header else []
    coded = [at for at in map(table.at, ("prefix", "country_code", "area_code")) if at is not None]
    priced = [column.index for column in table.columns if column.meaning in ("rate", "rate_first")]
    found: list[Record] = []
    titles: list[int] = []
    for record in table.rows:
        cells = record.cells
        if not any(cells):
            reading.dropped["blank"].append(record.line)
        elif _repeats(record, header):
            reading.dropped["repeated header"].append(record.line)
        elif _is_title(cells, coded, priced):
            titles.append(record.line)
        elif _has_its_cells(table, record, priced, reading):
            found.append(
                record if len(cells) >= table.width else Record(record.line, _padded(cells, table.width), record.raw)
            )
    last = max((record.line for record in found), default=0)
    reading.dropped["title"] = [line for line in titles if line < last]
    reading.dropped["footer"] = [line for line in titles if line >= last]
    return found


def _repeats(record: Record, header: list[str]) -> bool:
    if header:
        first = squeezed(record.cells[0])
        return first == header[0] and [squeezed(cell) for cell in record.cells] == header
    return is_header(record)


def _padded(cells: list[str], width: int) -> list[str]:
    return cells + [""] * (width - len(cells))


def _is_title(cells: list[str], coded: list[int], priced: list[int]) -> bool:
    """Whether a row has neither a price nor anything like a prefix: a section's title, or a note below the table."""
    if any(at < len(cells) and cells[at] for at in priced):
        return False
    if not coded:
        return sum(map(bool, cells)) == 1
    codes = [cells[at] for at in coded if at < len(cells) and cells[at]]
    return not any(_like_a_code(code) for code in codes)


def _like_a_code(text: str) -> bool:
    digits = sum(map(str.isdecimal, text))
    return digits > 0 and sum(map(str.isalpha, text.casefold().replace("x", ""))) < 2 and "%" not in text


def _has_its_cells(table: Table, record: Record, priced: list[int], reading: Reading) -> bool:
    """Whether the row has the cells of the header; a price that is not even an empty cell is a broken line."""
    cells = record.cells
    surplus = len(cells) > table.width and any(cells[table.width :])
    short = len(cells) < (max(priced, default=0) + 1 if table.header else table.width)
    if not surplus and not short:
        return True
    hint = "Quote a cell that holds the delimiter; a decimal comma needs another delimiter, or quotes."
    text = f"the line has {len(cells)} cells, the {'header' if table.header else 'stated columns'} {table.width}"
    reading.refuse(record, table.problem(record, min(len(cells), table.width) - 1, "malformed-row", text, hint))
    return False


def _decide(table: Table, records: list[Record], choices: Choices, timezone: str, reading: Reading) -> None:
    """How each kind of column is written. Raises BrokenCatalogue with all that cannot be decided."""
    problems: list[Problem] = []

    def decided(seen: Seen, decide: Callable[[], T]) -> T | None:
        try:
            return decide()
        except Unread as unread:
            where = unread.where or next(iter(seen.values()), Place(records[0], 0))
            problems.append(table.problem(where.record, where.column, unread.code, unread.text, unread.hint))
            return None

    money = [column.index for column in table.columns if column.meaning in ("rate", "rate_first", *PRICED)]
    seen = first_seen(records, *money)
    per = choices.per or Fraction(1)
    reading.price = (
        decided(seen, partial(prices.decide, seen, choices.decimal, per, rounded=choices.rounded)) or reading.price
    )
    dated = [at for at in map(table.at, ("effective_from", "effective_to")) if at is not None]
    days = first_seen(records, *dated)
    reading.date = decided(days, partial(dates.decide, days, choices.dates, timezone)) or reading.date
    head, tail = table.at("country_code"), table.at("area_code")
    whole = table.at("prefix")
    codes = _codes_of(table, records, whole if whole is not None else head)
    reading.joined = head is not None and bool(decided(codes, partial(_is_joined, records, head, tail, choices)))
    if head is not None and not reading.joined:
        codes = _codes_of(table, records, tail)
    judge = partial(
        prefixes.decide, codes, strip=choices.strip, international=choices.international, hyphens=choices.hyphens,
        blanks=choices.blanks, nanp=choices.nanp or _says_nanp(table),
    )  # fmt: skip
    reading.prefix = decided(codes, judge) or reading.prefix
    if problems:
        raise BrokenCatalogue(problems)


def _codes_of(table: Table, records: list[Record], at: int | None) -> Seen:
    """The distinct prefix cells, without those of rows that are dialled codes."""
    if at is None:
        return {}
    group = table.at("group")
    if group is not None:
        records = [record for record in records if record.cells[group].casefold() not in CODE_GROUPS]
    return first_seen(records, at)


def _says_nanp(table: Table) -> bool:
    return any(
        column.meaning in ("prefix", "country_code") and is_one_of(column.header, NANP_CODES)
        for column in table.columns
    )


def _is_joined(records: list[Record], head: int, tail: int | None, choices: Choices) -> bool:
    """Whether the second column goes after the first; not where all of it begins with the first. Raises Unread."""
    if choices.codes or tail is None:
        return choices.codes != "complete"
    pairs = [(record.cells[head].lstrip("+0"), record.cells[tail].lstrip("+0"), record) for record in records]
    pairs = [(country, area, record) for country, area, record in pairs if country and area]
    within = [record for country, area, record in pairs if area.startswith(country)]
    if len(within) * 4 <= len(pairs):
        return True
    if len(within) == len(pairs) and len({country for country, _, _ in pairs}) > 1:
        return False
    raise Unread(
        "ambiguous-codes", f"{len(within)} of {len(pairs)} codes begin with their country code: they may be whole",
        "State --codes complete (it is the whole prefix) or --codes joined (it follows the country code).",
        Place(within[0], tail),
    )  # fmt: skip
