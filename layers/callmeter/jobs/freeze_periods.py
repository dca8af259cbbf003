"""Periods that ended -> frozen bills, shard by shard, older periods first. The first half of what `bill` does.

Written in this order, each found again if the run is cut short:

    open (the bills are going to be worked on) -> ledger, one for all -> bills/… (each the commit of its bill: written
    once, by whoever comes first) -> frozen/… (nothing to do here until there are other calls)
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from callmeter import layout, sql
from callmeter.bills.freeze import (
    Candidate,
    Freezing,
    Window,
    difference,
    freeze,
    read_calls_now,
    read_ledgers,
    save_ledger,
)
from callmeter.bills.glance import Figures, read_figures
from callmeter.catalogue.compile import Catalogue
from callmeter.errors import Missing
from callmeter.jobs import catalogues
from callmeter.jobs.shards import Objects, calls_by_shard, settled_shard
from callmeter.model import Account, Bill
from callmeter.money import minor_unit
from callmeter.periods import labelled, period_at, previous
from callmeter.ports import Bills, Store


@dataclass(frozen=True)
class Frozen:
    """What one shard and period came to: its new bills, accounts that could not be billed and why, and figures."""

    bills: list[Bill] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)
    figures: Figures | None = None  # where somebody is going to look at them
    overtaken: bool = False  # another run made one of these bills meanwhile


@dataclass(frozen=True)
class Freezer:
    """Freezes what had ended, grace time included, at `as_of` (aware). dry_run: writes nothing."""

    store: Store
    bills: Bills
    current: Catalogue
    as_of: datetime
    shards: int
    only: str = ""  # the periods of that label alone
    dry_run: bool = False
    threads: int = 16

    def run(self) -> Iterator[Frozen]:
        """Freeze shard by shard. An account with a later bill keeps that order: what is new of its older periods
        comes with its next bill. That need not have calls of its own."""
        history = _History(self.store, self.shards, self.threads)
        calls = calls_by_shard(self.store)
        for shard in sorted(calls.keys() | history.shards()):
            objects = calls.get(shard, {})
            wanted = {window: _inputs(window, objects) for window in self._windows(objects, history.of_shard(shard))}
            todo = {window: inputs for window, inputs in wanted.items() if not self._is_done(shard, window, inputs)}
            if todo:
                yield from self._shard(shard, todo, list(objects), history)

    @property
    def oldest(self) -> str:
        """The oldest period that may still be frozen."""
        return back(f"{self.as_of:%Y-%m}", self.current.operator.late_lookback + 1)

    def _windows(self, with_calls: Collection[str], billed: Mapping[str, str]) -> Iterator[Window]:
        """The periods that may have ended for somebody, and have calls in their window, or follow a bill."""
        for period in _labels(self.oldest, self.as_of):
            window = Window(back(period, self.current.operator.late_lookback), period)
            wanted = self.only in ("", period) and self._may_have_ended(period)
            some_calls = any(window.first_period <= one <= period for one in with_calls)
            if wanted and (some_calls or any(self._may_follow(*last, window) for last in billed.items())):
                yield window

    def _shard(
        self, shard: str, todo: Mapping[Window, bytes], with_calls: list[str], history: "_History"
    ) -> Iterator[Frozen]:
        """Freeze windows, each given with its inputs as they were before any call was read: what comes in between is
        for the next run."""
        windows = list(todo)
        first, last = windows[0].first_period, windows[-1].period
        with settled_shard(self.store, shard, [one for one in with_calls if first <= one <= last]) as (con, work):
            read_calls_now(con)
            for window in windows:
                candidates, waiting = self._candidates(con, shard, window, history)
                found = self._freeze(con, work, shard, window, candidates, history)
                yield found
                if found.overtaken:  # later bills would take back what only the other run has read
                    return
                if not (waiting or found.problems or self.dry_run):
                    self.store.put(layout.frozen(window.period, shard), todo[window], "application/json")

    def _candidates(
        self, con: duckdb.DuckDBPyConnection, shard: str, window: Window, history: "_History"
    ) -> tuple[list[Candidate], bool]:
        """The accounts to be billed now, and whether others are waiting for the end of their period.

        Those with calls in the window, and those that once were billed for some: they may all be gone. Those that left,
        and have money carried that no other bill will come for.
        """
        rows = sql.rows(con, "bills/accounts_with_calls", period=window.period, first_period=window.first_period)
        with_calls = {row["account_id"]: row for row in rows}
        billed = {one for one, last in history.of_shard(shard).items() if self._may_follow(one, last, window)}
        history.fetch(one for one in billed if history.last_period(one) < window.first_period)
        billed -= {one for one in billed if not history.matters(one, window)}
        due, waiting = [], False
        for account_id in sorted(with_calls.keys() | billed):
            row = with_calls.get(account_id)
            last_period = history.last_period(account_id)
            if last_period >= window.period or not (last_period or (row and row["has_calls"])):
                continue
            account = self._account(account_id, row["catalogue"] if row else "", history)
            if self._has_ended(account, window.period):
                due.append(account)
            else:
                waiting = True
        history.fetch(account.account_id for account in due)
        return [
            Candidate(
                account,
                history.last_bill(account.account_id, window),
                leaves=self._has_left(account.account_id, window.period),
            )
            for account in due
        ], waiting

    def _account(self, account_id: str, catalogue: str, history: "_History") -> Account:
        """The account as it is now; one that is gone as it was when `catalogue` rated its last call, or last billed."""
        if account_id in self.current.accounts:
            return self.current.accounts[account_id]
        if catalogue:
            return catalogues.describe(self.store, catalogue).accounts[account_id]
        facts = history.bill(account_id).model_dump(include=set(Account.model_fields))
        return Account(**facts, name=history.bill(account_id).account_name, plan="")

    def _may_follow(self, account_id: str, last_period: str, window: Window) -> bool:
        """Whether a bill may have to follow the account's last one though there is no call."""
        in_reach = last_period >= window.first_period
        return last_period < window.period and (in_reach or self._has_left(account_id, window.period))

    def _has_left(self, account_id: str, period: str) -> bool:
        """Whether the account is in the catalogue no more, or is over by the period's end."""
        account = self.current.accounts.get(account_id)
        if account is None or account.valid_to is None:
            return account is None
        ends_at = labelled(period, account.timezone, account.anchor_day).ends_at
        return account.valid_to <= ends_at.astimezone(ZoneInfo(account.timezone)).date()

    def _may_have_ended(self, period: str) -> bool:
        """Whether the period has ended for anybody: the first to end are those of the first, farthest east."""
        return labelled(period, "Etc/GMT-14", 1).ends_at + self._grace <= self.as_of

    def _has_ended(self, account: Account, period: str) -> bool:
        return labelled(period, account.timezone, account.anchor_day).ends_at + self._grace <= self.as_of

    @property
    def _grace(self) -> timedelta:
        return timedelta(hours=self.current.operator.grace_hours)

    def _is_done(self, shard: str, window: Window, inputs: bytes) -> bool:
        """Whether all of the shard's accounts were frozen for the period when it had the same calls as now."""
        try:
            return self.store.get(layout.frozen(window.period, shard)) == inputs
        except Missing:
            return False

    def _freeze(
        self,
        con: duckdb.DuckDBPyConnection,
        work: Path,
        shard: str,
        window: Window,
        candidates: list[Candidate],
        history: "_History",
    ) -> Frozen:
        """Freeze one shard's bills of one period. The bill that counts is the one stored."""
        if not candidates:
            return Frozen()
        read_ledgers(con, history.ledgers(candidates, window, work))
        difference(con, candidates, window)
        path = work / f"ledger-{window.period}.parquet"
        save_ledger(con, path)
        content = path.read_bytes()
        key = layout.ledger(window.period, shard, hashlib.sha256(content).hexdigest()[:16])
        made = Freezing(window, self.current.operator.billing, self.current.version, self.as_of, key)
        bills, problems = freeze(con, candidates, made)
        figures = self._figures(con, window, candidates)
        if self.dry_run:
            history.add(bills, {key: path})
        elif bills:
            self.bills.open((bill.account_id, bill.period) for bill in bills)
            self.store.put(key, content)
            stored = self._commit(bills)
            history.add(stored, {key: path})
            return Frozen(stored, problems, figures, overtaken=stored != bills)
        return Frozen(bills, problems, figures)

    def _figures(self, con: duckdb.DuckDBPyConnection, window: Window, candidates: list[Candidate]) -> Figures | None:
        """What a person is shown before bills go out, where one is asked."""
        if not (self.dry_run or self.current.operator.billing.approve):
            return None
        accounts = [one.account for one in candidates]
        return read_figures(con, window.period, accounts, self.current.operator.timezone)

    def _commit(self, bills: list[Bill]) -> list[Bill]:
        """Store each bill, unless it is there; the bills as they are stored."""

        def stored(bill: Bill) -> Bill:
            key = layout.bill(bill.period, bill.account_id)
            if self.store.put_if_absent(key, bill.model_dump_json().encode()):
                return bill
            return Bill.model_validate_json(self.store.get(key))

        with ThreadPoolExecutor(self.threads) as pool:
            return list(pool.map(stored, bills))


class _History:
    """The last bill of every account: those in the bucket, and those that this run made.

    In a dry run the ledgers that this run made are nowhere but here.
    """

    def __init__(self, store: Store, shards: int, threads: int) -> None:
        self._store = store
        self._threads = threads
        self._bills: dict[str, Bill] = {}
        self._ledgers: dict[str, Path] = {}
        self._last: dict[str, dict[str, str]] = {}  # shard -> account -> period
        self._periods: dict[str, list[str]] = {}  # account -> those it has bills of
        self._shards = shards
        for key in store.keys(layout.BILLS):  # sorted by period
            self._note(layout.account_of_bill(key), layout.period_of_bill(key))

    def _note(self, account_id: str, period: str) -> None:
        self._last.setdefault(self._shard(account_id), {})[account_id] = period
        self._periods.setdefault(account_id, []).append(period)

    def _shard(self, account_id: str) -> str:
        return layout.shard_of(account_id, self._shards)

    def shards(self) -> Set[str]:
        """The shards that have bills."""
        return self._last.keys()

    def of_shard(self, shard: str) -> Mapping[str, str]:
        """account -> the label of its newest bill."""
        return self._last.get(shard, {})

    def last_period(self, account_id: str) -> str:
        """The label of the account's newest bill; "" where it has none."""
        return self.of_shard(self._shard(account_id)).get(account_id, "")

    def fetch(self, accounts: Iterable[str]) -> None:
        """Read the newest bill of each, side by side."""
        missing = [one for one in accounts if one not in self._bills and self.last_period(one)]
        with ThreadPoolExecutor(self._threads) as pool:
            for bill in pool.map(self._read, missing):
                self._bills[bill.account_id] = bill

    def bill(self, account_id: str) -> Bill:
        """The account's newest bill."""
        if account_id not in self._bills:
            self._bills[account_id] = self._read(account_id)
        return self._bills[account_id]

    def last_bill(self, account_id: str, window: Window) -> Bill | None:
        """The account's newest bill, with the ledgers of all its bills in the window: one made when the operator looked
        back less far does not name them all."""
        if not self.last_period(account_id):
            return None
        bill = self.bill(account_id)
        unnamed = [one for one in self._periods[account_id] if one >= window.first_period and one not in bill.ledgers]
        older = {period: self._read(account_id, period).ledger for period in unnamed}
        return bill.model_copy(update={"ledgers": older | bill.ledgers}) if older else bill

    def matters(self, account_id: str, window: Window) -> bool:
        """Whether the account's newest bill is in the window, or left something to invoice."""
        if self.last_period(account_id) >= window.first_period:
            return True
        bill = self.bill(account_id)
        return abs(bill.carried) >= minor_unit(bill.currency)

    def _read(self, account_id: str, period: str = "") -> Bill:
        """A bill of the account, the newest unless said."""
        key = layout.bill(period or self.last_period(account_id), account_id)
        return Bill.model_validate_json(self._store.get(key))

    def ledgers(self, candidates: list[Candidate], window: Window, folder: Path) -> dict[str, Path]:
        """The ledgers of the candidates' bills in the window, as files: by key."""
        keys = sorted({key for one in candidates for key in one.ledgers(window).values()})
        missing = [key for key in keys if key not in self._ledgers]
        place = folder / f"ledgers-{window.period}"
        paths = self._store.download(missing, place)
        if len(paths) < len(missing):
            raise Missing(f"a ledger is gone from the bucket: one of {', '.join(missing)}; restore it, then bill again")
        self._ledgers |= zip(missing, paths, strict=True)
        return {key: self._ledgers[key] for key in keys}

    def add(self, bills: list[Bill], ledgers: Mapping[str, Path]) -> None:
        """Bills that were made just now, with their ledgers."""
        for bill in bills:
            self._note(bill.account_id, bill.period)
            self._bills[bill.account_id] = bill
        self._ledgers |= ledgers


def _inputs(window: Window, calls: Mapping[str, Objects]) -> bytes:
    """What a shard's bills of the period are made of, as a digest. calls: the shard's, by period."""
    found = [
        one for period, objects in calls.items() if window.first_period <= period <= window.period for one in objects
    ]
    return json.dumps({"calls": hashlib.sha256(json.dumps(found).encode()).hexdigest()}).encode()


def _labels(first: str, until: datetime) -> Iterator[str]:
    """The labels from `first` on, as far as that of `until`."""
    period = labelled(first, "UTC", 1)
    while period.starts_at <= until:
        yield period.label
        period = period_at(period.ends_at, "UTC", 1)


def back(period: str, periods: int) -> str:
    """The label so many periods earlier."""
    at = labelled(period, "UTC", 1)
    for _ in range(periods):
        at = previous(at, "UTC", 1)
    return at.label
