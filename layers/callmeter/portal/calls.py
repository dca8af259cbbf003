"""A customer's calls: a page of them, newest first, or all of a period as CSV. Numbers as the customer sees them."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from callmeter import layout, sql
from callmeter.errors import UsageError
from callmeter.jobs.hiding import load_hiding
from callmeter.jobs.shards import settled_shard
from callmeter.money import plain
from callmeter.portal.account import Portal, account_of

LONGEST_PAGE = 200
SHOW = ("all", "out", "in", "missed")


@dataclass(frozen=True)
class Wanted:
    """Which calls are asked for. show: all, out, in or missed. q: part of a number or place."""

    period: str
    show: str = "all"
    q: str = ""

    def parameters(self, account_id: str) -> dict[str, Any]:
        """The filter as SQL parameters; a number is looked for by its digits, without leading zeros."""
        digits = "".join(character for character in self.q if character.isdigit()).lstrip("0")
        words = any(character.isalpha() for character in self.q)
        return {**asdict(self), "account_id": account_id, "digits": "" if words else digits}


def page(portal: Portal, account_id: str, wanted: Wanted, *, limit: int = 50, cursor: str = "") -> dict[str, Any]:
    """GET /v1/me/calls: `limit` calls from the cursor on, the next cursor, and the total of all that match."""
    after = _read_cursor(cursor)
    limit = max(1, min(limit, LONGEST_PAGE))
    with _shown(portal, account_id, wanted) as (con, _work):
        total = sql.rows(con, "portal/total")[0]
        calls = sql.rows(con, "portal/page", **after, limit=limit + 1)
    more = len(calls) > limit
    calls = calls[:limit]
    return {
        "calls": [_call(call) for call in calls],
        "next": _cursor(calls[-1]) if more else None,
        "total": {**total, "charge": plain(total["charge"])},
    }


def as_csv(portal: Portal, account_id: str, wanted: Wanted) -> bytes:
    """Every call that matches, newest first, as CSV (UTF-8, header)."""
    with _shown(portal, account_id, wanted) as (con, work):
        path = work / "calls.csv"
        sql.run(con, "portal/export")
        con.table("export").write_csv(str(path), header=True)
        return path.read_bytes()


@contextmanager
def _shown(portal: Portal, account_id: str, wanted: Wanted) -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    """A connection with `wanted_calls`: the account's calls that match, as the customer may see them."""
    if wanted.show not in SHOW:
        raise UsageError(f'show is one of {", ".join(SHOW)}, not "{wanted.show}"')
    catalogue, account = account_of(portal, account_id)
    shard = layout.shard_of(account_id, portal.shards)
    with settled_shard(portal.store, shard, [wanted.period]) as (con, work):
        load_hiding(con, portal.settings, account_id)
        sql.run(
            con,
            "portal/wanted_calls",
            **wanted.parameters(account_id),
            hidden_by_default=catalogue.operator.hide_digits,
            timezone=account.timezone,
        )
        yield con, work


def _call(row: dict[str, Any]) -> dict[str, Any]:
    call = {key: value for key, value in row.items() if key != "sort_at"}
    for money in ("rate", "connect_fee", "charge"):
        call[money] = None if row[money] is None else plain(row[money])
    return call


def _cursor(row: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps([row["started_at"], row["call_id"]]).encode()).decode()


def _read_cursor(cursor: str) -> dict[str, Any]:
    if not cursor:
        return {"after_start": None, "after_id": None}
    try:
        start, call_id = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        instant = datetime.fromisoformat(start).replace(tzinfo=None)
        return {"after_start": instant.isoformat(), "after_id": call_id.encode().decode()}  # refuses half characters
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise UsageError("the cursor is not one of ours: begin again without it") from None
