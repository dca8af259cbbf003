"""rates/fx.csv -> exchange rates. Columns date,base,quote,rate: one base is worth `rate` quote from that day on."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from callmeter.catalogue.accounts import numbered_lines
from callmeter.errors import BrokenCatalogue, Problem
from callmeter.sources.text import cells, column_of, delimiter_of

_COLUMNS = ("date", "base", "quote", "rate")
_LARGEST = Decimal(1_000_000_000)


def read_exchange(path: Path, name: str) -> list[dict[str, Any]]:
    """The file's rows as {date, base, quote, rate_nanos}; none where there is no file. Raises BrokenCatalogue."""
    lines = numbered_lines(path, name) if path.is_file() else []
    if not lines:
        return []
    (first, raw_header), *rows = lines
    delimiter = delimiter_of(raw_header)
    header = [cell.lower() for cell in cells(raw_header, delimiter)]
    missing = [column for column in _COLUMNS if column not in header]
    if missing:
        hint = f"The columns are: {', '.join(_COLUMNS)}."
        raise BrokenCatalogue([
            Problem(name, first, 1, "missing-column", f"there is no column {column}", hint) for column in missing
        ])  # fmt: skip
    problems: list[Problem] = []
    found: dict[tuple[str, str, str], int] = {}
    rates = []
    for line, raw in rows:
        row = dict(zip(header, cells(raw, delimiter), strict=False))
        wrong = [column for column in _COLUMNS if not _CHECKS[column](row.get(column, ""))]
        problems += [
            Problem(name, line, column_of(raw, delimiter, header.index(column) + 1), f"bad-{column}",
                    f'{column} "{row.get(column, "")}" is not {_MEANT[column][0]}', f"Write it as {_MEANT[column][1]}.")
            for column in wrong
        ]  # fmt: skip
        if wrong:
            continue
        earlier = found.setdefault((row["date"], row["base"], row["quote"]), line)
        if earlier != line:
            problems.append(
                Problem(name, line, 1, "twice", f"this pair has a rate for {row['date']} on line {earlier} already")
            )
        rates.append(
            {column: row[column] for column in _COLUMNS[:3]} | {"rate_nanos": int(Decimal(row["rate"]).scaleb(9))}
        )
    if problems:
        raise BrokenCatalogue(problems)
    return rates


def _is_date(cell: str) -> bool:
    try:
        return bool(re.fullmatch(r"\d{4}-\d{2}-\d{2}", cell)) and bool(date.fromisoformat(cell))
    except ValueError:
        return False


def _is_currency(cell: str) -> bool:
    return bool(re.fullmatch(r"[A-Z]{3}", cell))


def _is_rate(cell: str) -> bool:
    return bool(re.fullmatch(r"\d{1,10}(\.\d{1,9})?", cell)) and 0 < Decimal(cell) <= _LARGEST


_CHECKS: dict[str, Callable[[str], bool]] = {
    "date": _is_date, "base": _is_currency, "quote": _is_currency, "rate": _is_rate,
}  # fmt: skip
_MEANT = {
    "date": ("a date", "2026-10-15"),
    "base": ("three capital letters", "USD"),
    "quote": ("three capital letters", "GBP"),
    "rate": ("a rate over 0 of up to 9 decimals", "0.7912"),
}
