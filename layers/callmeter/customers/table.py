"""accounts.csv as rows. A row that nobody changes keeps its bytes; see catalogue/accounts.py for the columns."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from callmeter.errors import BrokenCatalogue, Problem
from callmeter.model import Account
from callmeter.sources.text import cells as cells_of
from callmeter.sources.text import delimiter_of

NAME = "rates/accounts.csv"
Cells = dict[str, str]
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")


@dataclass(frozen=True)
class Row:
    """One line: its cells by column, and the line itself with its end where it is to stay as it is."""

    cells: Cells
    raw: str = ""

    @property
    def account_id(self) -> str:
        return self.cells.get("account_id", "")


@dataclass(frozen=True)
class Table:
    """The whole file. header: its columns in lower case, and the line. Blank lines are rows without cells."""

    columns: tuple[str, ...]
    header: str
    rows: tuple[Row, ...]

    def by_account(self) -> dict[str, list[Cells]]:
        """The rows of each account, as they stand."""
        found: dict[str, list[Cells]] = {}
        for row in self.rows:
            if row.account_id:
                found.setdefault(row.account_id, []).append(row.cells)
        return found


def read_table(body: bytes) -> Table:
    """The rows of accounts.csv; a table with all columns and no rows where `body` is empty. Raises BrokenCatalogue."""
    try:
        lines = _LINE.findall(body.decode("utf-8"))
    except UnicodeDecodeError:
        raise BrokenCatalogue([Problem(NAME, 0, 0, "bad-encoding", "this is not UTF-8", "Save it as UTF-8.")]) from None
    first = next((at for at, line in enumerate(lines) if line.strip("\ufeff \t\r\n")), None)
    if first is None:
        columns = tuple(Account.model_fields)
        return Table(columns, ",".join(columns) + "\n", ())
    header = "".join(lines[: first + 1])
    delimiter = delimiter_of(lines[first])
    columns = tuple(cell.lower() for cell in cells_of(lines[first].removeprefix("\ufeff").strip("\r\n"), delimiter))
    rows = [Row(_row(columns, line, delimiter), line) for line in lines[first + 1 :]]
    problems = [
        Problem(NAME, number, 1, "bad-value", f"{column} is not a date", "Write it as 2026-10-15.")
        for number, row in enumerate(rows, start=first + 2)
        for column in ("valid_from", "valid_to")
        if not _is_day(row.cells.get(column, ""))
    ]
    if problems:
        raise BrokenCatalogue(problems)
    return Table(columns, header, tuple(rows))


def with_accounts(table: Table, changed: Mapping[str, Sequence[Cells]]) -> Table:
    """The table with these accounts' rows instead of theirs: in the place of their first, new accounts at the end."""
    before = table.by_account()
    kept: dict[str, list[Row]] = {account_id: [] for account_id in changed}
    for row in table.rows:
        if row.account_id in changed:
            kept[row.account_id].append(row)
    rows: list[Row] = []
    placed: set[str] = set()
    for row in table.rows:
        if row.account_id not in changed:
            rows.append(row)
        elif row.account_id not in placed:
            placed.add(row.account_id)
            rows += _rows(changed[row.account_id], kept[row.account_id])
    for account_id in changed:
        if account_id not in before:
            rows += _rows(changed[account_id], [])
    needed = {column for row in rows if not row.raw for column, cell in row.cells.items() if cell}
    more = tuple(column for column in Account.model_fields if column in needed - set(table.columns))
    return Table((*table.columns, *more), _widened(table.header, more), tuple(rows))


def as_bytes(table: Table) -> bytes:
    """The file; rows that changed are written with the file's own delimiter and line ends."""
    delimiter, end = delimiter_of(table.header), "\r\n" if table.header.endswith("\r\n") else "\n"
    lines = [table.header, *(row.raw or _line(row.cells, table.columns, delimiter) for row in table.rows)]
    ended = [line if line.endswith(("\n", "\r")) else line + end for line in lines[:-1]]
    last = lines[-1]
    return "".join([*ended, last if table.rows and table.rows[-1].raw else last.rstrip("\r\n") + end]).encode()


def line_of(table: Table) -> dict[int, str]:
    """Line number -> the account on it."""
    before = len(_LINE.findall(table.header))
    return {number: row.account_id for number, row in enumerate(table.rows, start=before + 1) if row.account_id}


def start_of(cells: Cells) -> date:
    """The first day of a row; long ago where it says none."""
    return _day(cells.get("valid_from", ""), date.min)


def end_of(cells: Cells) -> date:
    """The first day after a row; far off where it says none."""
    return _day(cells.get("valid_to", ""), date.max)


def in_force(rows: Sequence[Cells], today: date) -> Cells | None:
    """The row that holds today, else the next, else the last; None where there are none."""
    ordered = sorted(rows, key=start_of)
    return next((row for row in ordered if end_of(row) > today), ordered[-1] if ordered else None)


def _rows(wanted: Sequence[Cells], before: Sequence[Row]) -> list[Row]:
    """`wanted` as rows, those that are as they were with the line they were on."""
    left = list(before)
    rows = []
    for cells in wanted:
        same = next((row for row in left if row.cells == cells), None)
        if same:
            left.remove(same)
        rows.append(same or Row(cells))
    return rows


def _row(columns: tuple[str, ...], line: str, delimiter: str) -> Cells:
    found = zip(columns, cells_of(line.strip("\r\n"), delimiter), strict=False)
    return {column: cell for column, cell in found if column and cell}


def _line(cells: Cells, columns: tuple[str, ...], delimiter: str) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="").writerow([cells.get(column, "") for column in columns])
    return text.getvalue()


def _widened(header: str, columns: tuple[str, ...]) -> str:
    text = header.rstrip("\r\n")
    return "".join([text, *(delimiter_of(header) + column for column in columns), header[len(text) :]])


def _is_day(text: str) -> bool:
    try:
        return not text or bool(date.fromisoformat(text))
    except ValueError:
        return False


def _day(text: str, otherwise: date) -> date:
    return date.fromisoformat(text) if text else otherwise
