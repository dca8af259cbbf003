"""The stand-in's memory: tables of rows, kept in one file that is whole at every moment.

The file's first line is a state as JSON; each further line is what one request changed. A kill at any point leaves
the state before the request or after it: a last line cut short is not read. `load` writes it all as one line again.
Documents' files lie in a folder beside it.
Rows are what the API shows; names that start with an underscore are the stand-in's own and never shown. A row is
written by `add`, `change` and `remove` only, which keep the indexes, and what to go back to.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from callmeter.local.ucrm.fields import DATE_FORMAT, Row, not_found
from callmeter.ucrm import exact_json

_TABLES = (
    "organizations", "currencies", "taxes", "clients", "customAttributes", "invoices", "documents", "clientLogs",
    "servicePlans", "services", "surcharges", "serviceSurcharges", "suspensionReasons", "fees", "products",
    "creditNotes", "users", "sessions", "webhookEvents",
)  # fmt: skip

# UCRM's settings, as GET /options shows them, where billing depends on them; the blueprint's names.
_OPTIONS: Row = {
    "pricingMode": 1, "invoiceMaturityDays": 14, "appTimezone": "UTC", "appLocale": "en_GB",
    "automaticBillingEnabled": True, "approveAndSendInvoiceAutomatically": False, "generateProformaInvoices": False,
    "invoicePeriodStartDay": 1, "invoiceTimeHour": 10, "invoicingPeriodType": 1, "serviceInvoicingDayAdjustment": 0,
    "billingCycleType": 0, "stopInvoicing": False, "setupFeeInvoiceLabel": "Setup fee", "setupFeeTaxable": False,
    "earlyTerminationFeeInvoiceLabel": "Early termination fee", "earlyTerminationFeeTaxable": False,
}  # fmt: skip

# What is not known of UCRM, or differs between its versions: which way the stand-in takes it. Never shown.
_WAYS: Row = {
    "_patchReplacesItems": False,  # PATCH of an invoice: its items are added to those there, or replace them
    "_patchApprovesDraft": False,  # UCRM 2.x: a PATCH makes a draft an unpaid invoice
    "_draftByDefault": False,  # POST of an invoice without `draft`
    "_attributeFindsDrafts": True,  # whether customAttributeKey and -Value find drafts
    "_negativePrices": True,  # whether an invoice item may have a price below zero
    "_approveSends": False,  # whether approving also mails the invoice
    "_addsTaxes": False,  # whether an item without taxes gets its client's
    "_surchargeFollowsService": True,  # whether a surcharge item's quantity is its service item's; else 1
    "_largestPage": None,  # rows of a list call at most, whatever `limit` says
    "_webhooks": [],  # addresses that get every event
}

Keys = Iterable[tuple[Any, ...]]


def _attribute_keys(row: Row) -> Keys:
    return (("attribute", value["key"], value["value"]) for value in row["attributes"])


def _client_keys(row: Row) -> Keys:
    yield from (("contact", contact["id"]) for contact in row["contacts"])
    yield from _attribute_keys(row)


def _invoice_keys(row: Row) -> Keys:
    yield "client", row["clientId"]
    if row["number"]:
        yield "number", row["_organizationId"], row.get("proforma"), row["number"]
    for item in row["items"]:
        yield "item", item["id"]
        for name in ("serviceId", "serviceSurchargeId", "feeId"):
            if item.get(name) is not None:
                yield name, item[name]
    yield from _attribute_keys({"attributes": row.get("attributes", [])})


def _service_keys(row: Row) -> Keys:
    yield "client", row["clientId"]
    yield from _attribute_keys(row)


def _of_client(row: Row) -> Keys:
    return (("client", row["clientId"]),)


_INDEXED: dict[str, Callable[[Row], Keys]] = {
    "clients": _client_keys,
    "invoices": _invoice_keys,
    "creditNotes": _invoice_keys,
    "services": _service_keys,
    "serviceSurcharges": lambda row: (("service", row["serviceId"]),),
    "fees": _of_client,
    "documents": _of_client,
    "clientLogs": _of_client,
    "webhookEvents": lambda row: (("uuid", row["uuid"]),),
}


class Books:
    """All tables. `clock` gives the time of every date the stand-in sets; it may be set anew at any time.

    `outbox` has the webhook bodies of the request at work.
    """

    def __init__(self, path: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.path = path
        self.files = path.with_name(path.name + ".files")
        self.clock = clock
        self.load()

    def load(self) -> None:
        """What the state file says; empty tables where there is none. Raises ValueError for a broken file."""
        lines = self.path.read_bytes().split(b"\n") if self.path.exists() else [b"{}"]
        state = exact_json.loads(lines[0])
        tables = state.get("tables", {})
        self.tables: dict[str, dict[int, Row]] = {
            name: {row["id"]: row for row in tables.get(name, [])} for name in _TABLES
        }
        self.last_ids: dict[str, int] = state.get("lastIds", {})
        self.options: Row = _OPTIONS | _WAYS | state.get("options", {})
        for line in lines[1:]:
            self._replay(line)
        self._index: dict[tuple[Any, ...], set[int]] = {}
        for name, rows in self.tables.items():
            for row in rows.values():
                self._enter(name, row)
        if len(lines) > 1:
            self._write_state()
        self._begin()

    def _replay(self, line: bytes) -> None:
        try:
            change = exact_json.loads(line)
        except ValueError:
            return  # cut short: never answered
        self.last_ids, self.options = change["lastIds"], change["options"]
        for name, number, row in change["rows"]:
            if row is None:
                self.tables[name].pop(number, None)
            else:
                self.tables[name][number] = row

    def _begin(self) -> None:
        """From here on `undo` goes back to now."""
        self._before: dict[tuple[str, int], Row | None] = {}
        self._kept_ids, self._kept_options = dict(self.last_ids), dict(self.options)
        self.outbox: list[Row] = []

    def as_json(self) -> Row:
        tables = {name: list(rows.values()) for name, rows in self.tables.items()}
        return {"lastIds": self.last_ids, "options": self.options, "tables": tables}

    def restore(self, state: Row) -> None:
        """Be as `as_json` told."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self.path, exact_json.dumps(state).encode())
        self.load()

    def save(self) -> None:
        """Keep what has changed since the last time. Raises OSError: then `undo`."""
        if self._before or self._kept_ids != self.last_ids or self._kept_options != self.options:
            if self.path.exists():
                self._append()
            else:
                self._write_state()
        outbox = self.outbox
        self._begin()
        self.outbox = outbox

    def _append(self) -> None:
        rows = [[name, number, self.tables[name].get(number)] for name, number in self._before]
        change = {"lastIds": self.last_ids, "options": self.options, "rows": rows}
        line = b"\n" + exact_json.dumps(change).encode()
        with self.path.open("r+b", buffering=0) as file:
            end = file.seek(0, os.SEEK_END)
            try:
                if file.write(line) != len(line):
                    raise OSError("the disk is full")
            except OSError:
                file.truncate(end)
                raise

    def _write_state(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self.path, exact_json.dumps(self.as_json()).encode())

    def undo(self) -> None:
        """Forget what has changed since the last `save`; options stay."""
        for (name, number), row in self._before.items():
            self._put(name, number, row)
        self.last_ids = self._kept_ids
        self._begin()

    def now(self) -> str:
        """The time as UCRM writes it: 2016-09-12T00:00:00+0000."""
        return self.clock().strftime(DATE_FORMAT)

    def today(self) -> date:
        return self.clock().date()

    @contextmanager
    def at(self, moment: datetime) -> Iterator[None]:
        """With the clock standing at `moment`."""
        clock, self.clock = self.clock, lambda: moment
        try:
            yield
        finally:
            self.clock = clock

    def next_id(self, kind: str) -> int:
        self.last_ids[kind] = self.last_ids.get(kind, 0) + 1
        return self.last_ids[kind]

    def add(self, table: str, row: Row) -> Row:
        """Keep `row` under the id it has, or else the table's next."""
        number = row.get("id") or self.next_id(table)
        self.last_ids[table] = max(self.last_ids.get(table, 0), number)
        return self._write(table, number, {"id": number, **row})

    def change(self, table: str, number: int, changes: Row) -> Row:
        """The row with these fields anew. Lists and objects in it are replaced, never altered in place."""
        return self._write(table, number, self.get(table, number) | changes)

    def remove(self, table: str, number: int) -> None:
        self.get(table, number)
        self._write(table, number, None)

    def _write(self, table: str, number: int, row: Row | None) -> Row:
        self._before.setdefault((table, number), self.tables[table].get(number))
        self._put(table, number, row)
        return row or {}

    def _put(self, table: str, number: int, row: Row | None) -> None:
        if (old := self.tables[table].get(number)) is not None:
            for key in _INDEXED.get(table, _no_keys)(old):
                self._index.get((table, *key), set()).discard(number)
        if row is None:
            self.tables[table].pop(number, None)
        else:
            self.tables[table][number] = row
            self._enter(table, row)

    def _enter(self, table: str, row: Row) -> None:
        for key in _INDEXED.get(table, _no_keys)(row):
            self._index.setdefault((table, *key), set()).add(row["id"])

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

    def find(self, table: str, *key: Any) -> list[Row]:
        """The rows with this index key, such as ("client", 1001) or ("attribute", key, value), by id."""
        return [self.tables[table][number] for number in sorted(self._index.get((table, *key), ()))]


def _no_keys(_: Row) -> Keys:
    return ()


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
