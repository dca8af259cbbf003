"""Ledgers -> what statements list, account by account.

A ledger holds many accounts' calls, one account after the other. Bills come in about that order: so several accounts'
are read at once, and kept until they are asked for. One connection and one download per ledger serve a whole run.
"""

from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb

from callmeter import sql
from callmeter.errors import Missing
from callmeter.jobs.hiding import load_hiding
from callmeter.ports import CustomerSettings, Store
from callmeter.rating.engine import engine

_CALLS_AT_ONCE = 2_000
_PARTS_KEPT = 32


@dataclass(frozen=True)
class Listed:
    """One account's rows of statement_calls.sql, in order, and how many calls there are besides."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    unanswered_calls: int = 0
    free_inbound_calls: int = 0


@dataclass(frozen=True)
class _Ledger:
    """A ledger fetched: each part is (its accounts, in order)."""

    path: Path
    parts: list[list[str]]

    def part_of(self, account_id: str) -> int:
        """The part an account would be in."""
        return max(0, bisect_right([part[0] for part in self.parts], account_id) - 1)


class LedgerCalls:
    """Reads ledgers. Use `opened_ledgers` to make one."""

    def __init__(self, store: Store, settings: CustomerSettings, con: duckdb.DuckDBPyConnection, work: Path) -> None:
        self._store = store
        self._settings = settings
        self._con = con
        self._work = work
        self._ledgers: dict[str, _Ledger] = {}
        self._part = lru_cache(_PARTS_KEPT)(self._read_part)

    def of(self, ledger: str, account_id: str, *, hidden_by_default: bool) -> Listed:
        """What the account's statement lists of the ledger with that key. Raises Missing."""
        if ledger not in self._ledgers:
            self._ledgers[ledger] = self._fetched(ledger)
        part = self._ledgers[ledger].part_of(account_id)
        return self._part(ledger, part, hidden_by_default).get(account_id, Listed())

    def _fetched(self, key: str) -> _Ledger:
        paths = self._store.download([key], self._work / f"ledger-{len(self._ledgers)}")
        if not paths:
            raise Missing(f"{key} is gone from the bucket: restore it, then bill again")
        parts: list[list[str]] = []
        calls = _CALLS_AT_ONCE
        for row in sql.rows(self._con, "bills/statement_accounts", path=str(paths[0])):
            if calls >= _CALLS_AT_ONCE:
                parts.append([])
                calls = 0
            parts[-1].append(row["account_id"])
            calls += row["calls"]
        return _Ledger(paths[0], parts)

    def _read_part(self, ledger: str, part: int, hidden_by_default: bool) -> dict[str, Listed]:
        """account -> what its statement lists, for the accounts of one part."""
        fetched = self._ledgers[ledger]
        if not fetched.parts:
            return {}
        accounts = fetched.parts[part]
        load_hiding(self._con, self._settings, *accounts)
        sql.run(self._con, "bills/statement_rows", path=str(fetched.path), first=accounts[0], last=accounts[-1])
        besides = {row.pop("account_id"): row for row in sql.rows(self._con, "bills/unlisted")}
        rows = sql.rows(self._con, "bills/statement_calls", hidden_by_default=hidden_by_default)
        listed = {account: list(some) for account, some in groupby(rows, lambda row: str(row.pop("account_id")))}
        return {account: Listed(listed.get(account, []), **besides.get(account, {})) for account in accounts}


@contextmanager
def opened_ledgers(store: Store, settings: CustomerSettings) -> Iterator[LedgerCalls]:
    """Ledgers to read, until the end of the block."""
    with engine() as (con, work):
        yield LedgerCalls(store, settings, con, work)
