"""Periods that ended -> frozen bills -> invoices -> statements. What runs every day.

Each bill goes through the same steps, each found again and not repeated if the run is cut short:

    ledger -> bills/… (the commit: written once, by whoever comes first) -> state frozen
           -> invoice found by bill id, or issued -> state sent -> statement PDF and CSV -> state with statement

Only one run at a time may send (the template's reserved concurrency): looking up and issuing are two calls.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from callmeter import layout, sql
from callmeter.bills.freeze import Window, difference, freeze, load_ledgers
from callmeter.catalogue.compile import Catalogue
from callmeter.errors import CallmeterError
from callmeter.jobs import catalogues
from callmeter.jobs.shards import periods_with_calls, settled_shard
from callmeter.jobs.statements import write_statement
from callmeter.model import Account, Bill, BillState
from callmeter.periods import labelled, period_at, previous
from callmeter.ports import Bills, CustomerSettings, Invoicing, Store


@dataclass(frozen=True)
class Billing:
    """The outside world, as billing needs it."""

    store: Store
    bills: Bills
    settings: CustomerSettings
    invoicing: Invoicing


@dataclass(frozen=True)
class Billed:
    """What became of one bill. `problem` says why it is not finished, where it is not."""

    bill: Bill
    state: BillState | None
    problem: str = ""


def bill_periods(
    billing: Billing,
    as_of: datetime,
    *,
    period: str = "",
    dry_run: bool = False,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Billed]:
    """Freeze every period that had ended, grace time included, at `as_of` (aware), and finish every frozen bill.

    period: only the periods of that label. dry_run: say what would be billed, and write nothing.
    A bill that cannot be finished is reported with its problem; the others go on.
    """
    store = billing.store
    current = catalogues.describe(store, catalogues.current_version(store))
    oldest = _back(f"{as_of:%Y-%m}", current.operator.late_lookback + 1)
    fresh = list(_freeze_ended(store, current, as_of, oldest, period, dry_run=dry_run))
    if dry_run:
        return [Billed(bill, None) for bill in fresh]
    results = []
    for key in store.keys(layout.BILLS):
        bill_period = layout.period_of_bill(key)
        if bill_period < oldest or (period and bill_period != period):
            continue
        bill = Bill.model_validate_json(store.get(key))
        progress(f"{bill.account_id} {bill.period}")
        results.append(_finished(billing, current, bill))
    return results


class _History:
    """The bills that accounts have, oldest first: those in the bucket, and those that this run made.

    In a dry run the ledgers that this run made are nowhere but here.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._periods: dict[str, list[str]] = {}
        self._made: dict[tuple[str, str], Bill] = {}
        self._ledgers: dict[str, bytes] = {}
        for key in store.keys(layout.BILLS):  # sorted by period
            self._periods.setdefault(layout.account_of_bill(key), []).append(layout.period_of_bill(key))

    def last_period(self, account_id: str) -> str:
        """The label of the account's newest bill; "" where it has none."""
        return self._periods.get(account_id, [""])[-1]

    def since(self, account_id: str, first_period: str) -> list[Bill]:
        """The account's bills of these periods, and its last one."""
        periods = self._periods.get(account_id, [])
        return [self._bill(account_id, one) for one in periods if one >= first_period or one == periods[-1]]

    def ledgers(self, bills: list[Bill], folder: Path) -> list[Path]:
        """The ledgers of these bills, as files in `folder`."""
        stored = [bill.ledger for bill in bills if bill.ledger not in self._ledgers]
        paths = self._store.download(stored, folder)
        for number, bill in enumerate(bills):
            if bill.ledger in self._ledgers:
                paths.append(folder / f"made-{number}.parquet")
                paths[-1].write_bytes(self._ledgers[bill.ledger])
        return paths

    def add(self, bill: Bill, unwritten_ledger: bytes | None = None) -> None:
        self._periods.setdefault(bill.account_id, []).append(bill.period)
        self._made[bill.account_id, bill.period] = bill
        if unwritten_ledger is not None:
            self._ledgers[bill.ledger] = unwritten_ledger

    def _bill(self, account_id: str, period: str) -> Bill:
        made = self._made.get((account_id, period))
        return made or Bill.model_validate_json(self._store.get(layout.bill(period, account_id)))


def _freeze_ended(
    store: Store, current: Catalogue, as_of: datetime, oldest: str, only: str, *, dry_run: bool
) -> Iterator[Bill]:
    """Freeze what has ended and is not frozen, shard by shard, older periods first; the new bills.

    An account with a later bill keeps that order: what is new of its older periods comes with its next bill. That
    need not have calls of its own: a period without any is billed where something of an earlier one is due.
    """
    history = _History(store)
    lookback, grace_hours = current.operator.late_lookback, current.operator.grace_hours
    for shard, with_calls in periods_with_calls(store).items():
        for period in _labels(max(with_calls[0], oldest), as_of):
            window = Window(_back(period, lookback), period)
            in_window = [one for one in with_calls if window.first_period <= one <= period]
            if not in_window or (only and period != only) or not _may_have_ended(period, as_of, grace_hours):
                continue
            with settled_shard(store, shard, in_window) as (con, work):
                for account, has_calls in _accounts(store, con, current, period):
                    last = history.last_period(account.account_id)
                    is_next = last < period and (has_calls or last)
                    if is_next and _has_ended(account, period, as_of, grace_hours):
                        bill = _freeze(store, con, work, current, account, window, history, as_of, dry_run=dry_run)
                        if bill:
                            yield bill


def _labels(first: str, as_of: datetime) -> Iterator[str]:
    """The labels from `first` on, as far as that of `as_of`."""
    period = labelled(first, "UTC", 1)
    while period.starts_at <= as_of:
        yield period.label
        period = period_at(period.ends_at, "UTC", 1)


def _may_have_ended(period: str, as_of: datetime, grace_hours: int) -> bool:
    """Whether the period has ended for anybody: the first to end are those of the first, farthest east."""
    return labelled(period, "Etc/GMT-14", 1).ends_at + timedelta(hours=grace_hours) <= as_of


def _accounts(
    store: Store, con: duckdb.DuckDBPyConnection, current: Catalogue, period: str
) -> list[tuple[Account, bool]]:
    """The accounts with calls at hand, as they are now, one that is gone as it last was; and if any are of `period`."""
    last = {row["account_id"]: row for row in sql.rows(con, "bills/accounts_with_calls")}  # sorted by period
    return [
        (
            current.accounts.get(account_id) or catalogues.describe(store, row["catalogue"]).accounts[account_id],
            row["period"] == period,
        )
        for account_id, row in last.items()
    ]


def _has_ended(account: Account, period: str, as_of: datetime, grace_hours: int) -> bool:
    end = labelled(period, account.timezone, account.anchor_day).ends_at
    return end + timedelta(hours=grace_hours) <= as_of


def _back(period: str, periods: int) -> str:
    """The label so many periods earlier."""
    at = labelled(period, "UTC", 1)
    for _ in range(periods):
        at = previous(at, "UTC", 1)
    return at.label


def _freeze(
    store: Store,
    con: duckdb.DuckDBPyConnection,
    work: Path,
    current: Catalogue,
    account: Account,
    window: Window,
    history: _History,
    as_of: datetime,
    *,
    dry_run: bool,
) -> Bill | None:
    """Freeze one bill: its ledger first, then the bill itself, once. The bill that counts is the one stored.

    None where there is nothing to bill: no call of the period, and no other charge of an earlier one than before.
    """
    earlier = history.since(account.account_id, window.first_period)
    with TemporaryDirectory(dir=work) as folder:
        recent = [bill for bill in earlier if bill.period >= window.first_period]
        load_ledgers(con, history.ledgers(recent, Path(folder)))
        difference(con, account, window)
        if not con.table("ledger").limit(1).fetchall():
            return None
        path = Path(folder) / "ledger.parquet"
        con.table("ledger").write_parquet(str(path), compression="zstd")
        content = path.read_bytes()
    key = layout.ledger(window.period, account.account_id, hashlib.sha256(content).hexdigest()[:16])
    bill = freeze(
        con,
        account,
        window.period,
        carried_in=earlier[-1].carried if earlier else Decimal(0),
        catalogue=current.version,
        frozen_at=as_of,
        ledger=key,
    )
    if dry_run:
        history.add(bill, content)
        return bill
    store.put(key, content)
    bill_key = layout.bill(window.period, account.account_id)
    if not store.put_if_absent(bill_key, bill.model_dump_json().encode()):
        bill = Bill.model_validate_json(store.get(bill_key))
    history.add(bill)
    return bill


def _finished(billing: Billing, current: Catalogue, bill: Bill) -> Billed:
    """Take a frozen bill through what is left to do."""
    state = billing.bills.read(bill.account_id, bill.period)
    try:
        if state is None:
            state = _state(bill, "frozen")
            billing.bills.write(state)
        if state.state == "frozen":
            state = _send(billing, bill)
            billing.bills.write(state)
        if not state.statement:
            key = write_statement(billing.store, billing.settings, current.operator, bill, state.invoice_number)
            state = state.model_copy(update={"statement": key})
            billing.bills.write(state)
    except CallmeterError as error:
        return Billed(bill, state, str(error))
    return Billed(bill, state)


def _send(billing: Billing, bill: Bill) -> BillState:
    """The bill's invoice: found by its bill id, or issued. Nothing is sent where nothing is due."""
    if not bill.amount:
        return _state(bill, "nothing-due")
    invoice = billing.invoicing.find(bill.bill_id) or billing.invoicing.issue(bill)
    if invoice.total_untaxed != bill.amount and not invoice.void:
        raise CallmeterError(
            f"invoice {invoice.number} of bill {bill.bill_id} says {invoice.total_untaxed} {bill.currency}, the bill "
            f"{bill.amount}: somebody changed it in the CRM; put it right there, or void it"
        )
    return _state(bill, "sent").model_copy(update={"invoice_id": invoice.invoice_id, "invoice_number": invoice.number})


def _state(bill: Bill, state: str) -> BillState:
    return BillState.model_validate(
        {
            "bill_id": bill.bill_id,
            "account_id": bill.account_id,
            "period": bill.period,
            "amount": bill.amount,
            "currency": bill.currency,
            "state": state,
        }
    )
