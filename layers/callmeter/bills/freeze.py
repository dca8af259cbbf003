"""An account's calls -> its bill of one period, frozen. A bill is a difference: what the calls say now, minus what
was billed before. Design 2 and 3.14.

In: the connection of a settled shard, with the ledgers of the account's earlier bills. Out: a Bill, and the ledger
that says call by call what it bills.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb

from callmeter import sql
from callmeter.bills.statement import group_title
from callmeter.model import Account, AllowanceUse, Bill, BillLine
from callmeter.money import round_to_minor, split_by_largest_remainder

_ZERO = Decimal(0)


@dataclass(frozen=True)
class Window:
    """The periods a bill looks at: its own, and those before it that may still change. Labels."""

    first_period: str
    period: str


def load_ledgers(con: duckdb.DuckDBPyConnection, ledgers: list[Path]) -> None:
    """Open earlier bills' ledgers, for the bills that follow."""
    sql.run(con, "bills/ledger_table")
    for path in ledgers:
        con.read_parquet(str(path), hive_partitioning=False).insert_into("ledger_rows")
    sql.run(con, "bills/billed_before")


def difference(con: duckdb.DuckDBPyConnection, account: Account, window: Window) -> None:
    """Make `ledger`: the bill call by call."""
    sql.run(
        con,
        "bills/difference",
        account_id=account.account_id,
        period=window.period,
        first_period=window.first_period,
        currency=account.currency,
    )


def freeze(
    con: duckdb.DuckDBPyConnection,
    account: Account,
    period: str,
    *,
    carried_in: Decimal,
    catalogue: str,
    frozen_at: datetime,
    ledger: str,
) -> Bill:
    """The bill that `ledger` (the relation) comes to; `ledger` (the argument) is where it will be stored.

    Nothing to invoice, or a credit, is an amount of 0: what is due is carried to the next bill.
    """
    parts = {row["group"]: row["due"] for row in sql.rows(con, "bills/lines")}
    due = sum(parts.values(), _ZERO) + carried_in
    amount = max(round_to_minor(due, account.currency), _ZERO)
    return Bill(
        bill_id=f"{account.account_id}-{period}",
        account_id=account.account_id,
        account_name=account.name,
        period=period,
        currency=account.currency,
        due=due,
        amount=amount,
        carried=due - amount,
        lines=_lines(parts, carried_in, amount, account.currency) if amount else (),
        carried_in=carried_in,
        calls=sql.rows(con, "bills/calls", period=period)[0]["calls"],
        allowances=tuple(
            AllowanceUse(name=row["name"], minutes=row["minutes"], used_seconds=row["used_seconds"])
            for row in sql.rows(con, "bills/allowances", account_id=account.account_id, period=period)
        ),
        timezone=account.timezone,
        anchor_day=account.anchor_day,
        ucrm_client_id=account.ucrm_client_id,
        catalogue=catalogue,
        frozen_at=frozen_at,
        ledger=ledger,
    )


def _lines(parts: dict[str, Decimal], carried_in: Decimal, amount: Decimal, currency: str) -> tuple[BillLine, ...]:
    """A line per group, adding up to `amount`; what was carried in rides on the largest."""
    groups = sorted(parts)
    exact = [parts[group] for group in groups] or [_ZERO]
    exact[exact.index(max(exact))] += carried_in
    shares = split_by_largest_remainder(amount, exact, currency)
    titles = [f"Calls: {group_title(group)}" for group in groups] or ["Calls"]
    return tuple(BillLine(label=title, amount=share) for title, share in zip(titles, shares, strict=True) if share)
