"""The stand-in's memory: tables of rows, kept in one JSON file that is whole at every moment.

`save` writes a new file beside the old one, flushes it to the disk and renames it over the old one, so that
a kill at any point leaves the state before the request or after it. Documents' files lie
in a folder beside it.
Rows are what the API shows; names that start with an underscore are the stand-in's own and never shown.
"""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from callmeter.local.ucrm.fields import DATE_FORMAT, Row, not_found
from callmeter.ucrm import exact_json

_TABLES = (
    "organizations", "currencies", "taxes", "clients",
    "customAttributes", "invoices", "documents", "clientLogs",
)  # fmt: skip


class Books:
    """All tables. `clock` gives the time of every date the stand-in sets."""

    def __init__(self, path: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.path = path
        self.files = path.with_name(path.name + ".files")
        self._clock = clock
        self.load()

    def load(self) -> None:
        """What the state file says; empty tables where there is none. Raises ValueError for a broken file."""
        stored = exact_json.loads(self.path.read_bytes()) if self.path.exists() else {}
        tables = stored.get("tables", {})
        self.tables: dict[str, dict[int, Row]] = {
            name: {row["id"]: row for row in tables.get(name, [])} for name in _TABLES
        }
        self.last_ids: dict[str, int] = stored.get("lastIds", {})
        self.options: Row = {"pricingMode": 1, "invoiceMaturityDays": 14} | stored.get("options", {})

    def as_json(self) -> Row:
        tables = {name: list(rows.values()) for name, rows in self.tables.items()}
        return {"lastIds": self.last_ids, "options": self.options, "tables": tables}

    def save(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self.path, exact_json.dumps(self.as_json()).encode())

    def now(self) -> str:
        """The time as UCRM writes it: 2016-09-12T00:00:00+0000."""
        return self._clock().strftime(DATE_FORMAT)

    def next_id(self, kind: str) -> int:
        self.last_ids[kind] = self.last_ids.get(kind, 0) + 1
        return self.last_ids[kind]

    def add(self, table: str, row: Row) -> Row:
        """Keep `row` under the id it has, or else the table's next."""
        number = row.get("id") or self.next_id(table)
        self.last_ids[table] = max(self.last_ids.get(table, 0), number)
        self.tables[table][number] = {"id": number, **row}
        return self.tables[table][number]

    def get(self, table: str, number: int) -> Row:
        """The row with this id. Raises RefusalError 404."""
        row = self.tables[table].get(number)
        if row is None:
            raise not_found()
        return row

    def has(self, table: str, number: object) -> bool:
        return number in self.tables[table]

    def rows(self, table: str) -> list[Row]:
        return list(self.tables[table].values())


def write_whole(path: Path, content: bytes) -> None:
    """Write `path` so that it holds the old content or the new, never a part."""
    fresh = path.with_name(path.name + ".new")
    with fresh.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def shown(row: Row) -> Row:
    """`row` as the API shows it: without the stand-in's own fields."""
    return {name: _shown(value) for name, value in row.items() if not name.startswith("_")}


def _shown(value: Any) -> Any:
    if isinstance(value, dict):
        return shown(value)
    return [_shown(part) for part in value] if isinstance(value, list) else value
