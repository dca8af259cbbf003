"""Accounts' calls -> their bills of one period, frozen. A bill is a difference: what the calls say now, minus what was
billed before. Design 2 and 3.14.

In: the connection of a settled shard, with the ledgers of the accounts' earlier bills. Out: a Bill per account, and the
relation `ledger`, which says call by call what they bill. Sets, not accounts: one pass for all that are frozen at once.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from callmeter import sql
from callmeter.bills.words import line_label
from callmeter.model import Account, AllowanceUse, Bill, BillingRules, BillLine
from callmeter.money import minor_unit, round_to_minor, split_by_largest_remainder

_ZERO = Decimal(0)
_ROWS_TOGETHER = 10_000  # of a ledger: few enough that one account's are found without reading all


@dataclass(frozen=True)
class Window:
    """The periods a bill looks at: its own, and those before it that may still change. Labels."""

    first_period: str
    period: str


@dataclass(frozen=True)
class Candidate:
    """An account that may be billed: as it is now, and its last bill. `leaves`: it is in no catalogue any more."""

    account: Account
    last: Bill | None
    leaves: bool = False

    @property
    def carried(self) -> Decimal:
        """What the last bill left."""
        return self.last.carried if self.last else _ZERO

    def ledgers(self, window: Window) -> dict[str, str]:
        """period -> the ledger of the account's bill of it, as far as the window reaches."""
        made = self.last.ledgers if self.last else {}
        return {period: key for period, key in made.items() if period >= window.first_period}


def read_calls_now(con: duckdb.DuckDBPyConnection) -> None:
    """Make calls_now of a settled shard, and an empty ledger_rows: once per shard, before any `difference`."""
    for stage in ("bills/calls_now", "bills/ledger_table"):
        sql.run(con, stage)


def read_ledgers(con: duckdb.DuckDBPyConnection, ledgers: Mapping[str, Path]) -> None:
    """Open earlier bills' ledgers, by key; those that are open already stay as they are."""
    opened = {row["ledger"] for row in sql.rows(con, "bills/ledger_keys")}
    for key, path in ledgers.items():
        if key not in opened:
            sql.run(con, "bills/ledger_read", ledger=key, path=str(path))


def difference(con: duckdb.DuckDBPyConnection, candidates: Sequence[Candidate], window: Window) -> None:
    """Make `ledger`: the candidates' bills call by call. Their earlier ledgers are open."""
    accounts = [
        {
            "account_id": one.account.account_id,
            "currency": one.account.currency,
            "ledgers": one.ledgers(window),
        }
        for one in candidates
    ]
    sql.run(con, "bills/freezing", accounts=json.dumps(accounts))
    sql.run(con, "bills/billed_before")
    sql.run(con, "bills/difference", period=window.period, first_period=window.first_period)


def save_ledger(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Write `ledger` as Parquet, account by account; the same rows give the same bytes."""
    con.table("ledger").write_parquet(str(path), compression="zstd", row_group_size=_ROWS_TOGETHER)


@dataclass(frozen=True)
class Freezing:
    """What all bills of one freeze have in common. `ledger` is where the relation of that name will be stored."""

    window: Window
    rules: BillingRules
    catalogue: str
    frozen_at: datetime
    ledger: str


def freeze(
    con: duckdb.DuckDBPyConnection, candidates: Sequence[Candidate], freezing: Freezing
) -> tuple[list[Bill], dict[str, str]]:
    """The bills that `ledger` comes to, and account -> why it has none though something is due.

    An account has one where a call of its own period is, where something of an earlier one changed, or where what was
    carried can be invoiced now; what rounding left is no reason for a bill. Nothing to invoice is an amount of 0: what
    is due is carried to the next bill.
    """
    period = freezing.window.period
    facts = {row["account_id"]: row for row in sql.rows(con, "bills/bill_facts")}
    parts = _by_account(sql.rows(con, "bills/lines", lines=freezing.rules.lines))
    allowances = _by_account(sql.rows(con, "bills/allowances", period=period))
    bills, problems = [], {}
    for one in candidates:
        account_id = one.account.account_id
        found = facts.get(account_id)
        if found and found["other_currencies"]:
            problems[account_id] = _other_currency(one.account, found["other_currencies"], period)
            continue
        bill = _bill(one, freezing, parts.get(account_id, []), allowances.get(account_id, []), found)
        if not found and (not bill.amount or abs(one.carried) < minor_unit(bill.currency)):
            continue
        if one.carried and one.last and one.last.currency != bill.currency:
            problems[account_id] = _other_currency(one.account, [one.last.currency], period)
        else:
            bills.append(bill)
    return bills, problems


def _by_account(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["account_id"], []).append(row)
    return found


def _other_currency(account: Account, currencies: list[str], period: str) -> str:
    return (
        f"account {account.account_id} is billed in {account.currency} now, but has calls or bills in "
        f"{', '.join(sorted(currencies))} up to {period}: rate them again (callmeter rerate --period {period} "
        f"--accounts {account.account_id}), or give the account its old currency back and open a new account"
    )


def _bill(
    one: Candidate,
    freezing: Freezing,
    parts: list[dict[str, Any]],
    allowances: list[dict[str, Any]],
    facts: dict[str, Any] | None,
) -> Bill:
    account, rules, period = one.account, freezing.rules, freezing.window.period
    due = sum((part["due"] for part in parts), _ZERO) + one.carried
    amount = amount_of(due, account.currency, rules, leaves=one.leaves)
    language = account.language or rules.language
    return Bill(
        bill_id=f"{account.account_id}-{period}",
        account_id=account.account_id,
        account_name=account.name,
        period=period,
        currency=account.currency,
        due=due,
        amount=amount,
        carried=due - amount,
        lines=lines_of(parts, one.carried, amount, account.currency, rules, language, period),
        carried_in=one.carried,
        calls=facts["calls"] if facts else 0,
        allowances=tuple(
            AllowanceUse(name=row["name"], minutes=row["minutes"], used_seconds=row["used_seconds"])
            for row in allowances
        ),
        timezone=account.timezone,
        anchor_day=account.anchor_day,
        language=language,
        ucrm_client_id=account.ucrm_client_id,
        ucrm_service_id=account.ucrm_service_id,
        catalogue=freezing.catalogue,
        frozen_at=freezing.frozen_at,
        ledgers={**one.ledgers(freezing.window), period: freezing.ledger},
    )


def amount_of(due: Decimal, currency: str, rules: BillingRules, *, leaves: bool = False) -> Decimal:
    """What is invoiced of what is due: rounded half-up to the minor unit, once. Design 3.14.

    Nothing below the operator's minimum, unless the account leaves. Below zero only where credit notes are wanted, and
    of a minor unit at least: half of one, left by rounding up, would be credited and invoiced in turn for ever.
    """
    amount = round_to_minor(due, currency)
    if amount < 0:
        return amount if rules.credits == "credit-note" and due <= -minor_unit(currency) else _ZERO
    return amount if leaves or amount >= rules.minimum.get(currency, _ZERO) else _ZERO


def lines_of(
    parts: list[dict[str, Any]],
    carried_in: Decimal,
    amount: Decimal,
    currency: str,
    rules: BillingRules,
    language: str,
    period: str,
) -> tuple[BillLine, ...]:
    """The bill's lines, adding up to `amount`. parts: kind, name and exact `due` each.

    What was carried in is a line of its own, or, less than a minor unit, rides on the largest. A credit is one line.
    """
    if not amount:
        return ()
    if amount < 0:
        return (BillLine(label=line_label(language, "bill", "", period), amount=amount),)
    labelled = [(_label(part, language, period), part["due"]) for part in parts]
    if abs(carried_in) >= minor_unit(currency) or not labelled:
        labelled.append((line_label(language, "carried", "", period), carried_in))
        carried_in = _ZERO
    exact = [due for _, due in labelled]
    exact[exact.index(max(exact))] += carried_in
    shares = split_by_largest_remainder(amount, exact, currency)
    if not rules.negative_lines:
        shares = without_negatives(shares)
    return tuple(
        BillLine(label=label, amount=share) for (label, _), share in zip(labelled, shares, strict=True) if share
    )


def _label(part: dict[str, Any], language: str, period: str) -> str:
    """A line's label; a correction's names the period it belongs to."""
    name = part["name"] or ""
    return line_label(language, part["kind"], name, name if part["kind"] == "correction" else period)


def without_negatives(shares: list[Decimal]) -> list[Decimal]:
    """The same sum (0 or more) with no share below zero: what is missing is taken off the largest, then the next."""
    missing = -sum((share for share in shares if share < 0), _ZERO)
    kept = [max(share, _ZERO) for share in shares]
    for place in sorted(range(len(kept)), key=lambda i: (-kept[i], i)):
        taken = min(kept[place], missing)
        kept[place] -= taken
        missing -= taken
    return kept
