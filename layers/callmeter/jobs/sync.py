"""The CRM's customers -> rates/accounts.csv, by way of a plan that a person may look at first.

    prepare   reads the file, plans, and has the catalogue's compiler check the result; writes nothing
    commit    puts the file, where it still is the one that was read
    sync      both, again where somebody else wrote the file meanwhile

The published file is compiled and put in force by the publish function, as whenever rates/ changes.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from callmeter import layout, sql
from callmeter.catalogue.compile import compile_catalogue
from callmeter.catalogue.files import read_operator
from callmeter.customers.planning import Plan, plan
from callmeter.customers.subscription import Customers, CustomerSource
from callmeter.customers.table import NAME, Table, as_bytes, line_of, read_table, with_accounts
from callmeter.errors import BrokenCatalogue, CallmeterError, Missing, Problem
from callmeter.jobs import catalogues
from callmeter.model import Operator
from callmeter.ports import Store
from callmeter.rating.engine import engine

ACCOUNTS = layout.RATES + "accounts.csv"
_TRIES = 5


@dataclass(frozen=True)
class Prepared:
    """The file as it is (None: there is none) and is to be, and the plan that leads there."""

    before: bytes | None
    after: bytes
    plan: Plan

    @property
    def changes(self) -> bool:
        return self.before != self.after

    @property
    def digest(self) -> str:
        """What a person agrees to: this file, after that one."""
        return hashlib.sha256(b"\0".join((self.before or b"", self.after))).hexdigest()[:16]


def sync(store: Store, source: CustomerSource, now: datetime, *, force: bool = False, agreed: str = "") -> Prepared:
    """Bring the file to what the CRM says. agreed: the digest of what may be written, nothing else; "": anything.

    Raises Unreachable and TooManyEnds with nothing written, BrokenCatalogue where rates/ is broken without it.
    """
    customers = source.read(operator_of(store).timezone)
    for _ in range(_TRIES):
        prepared = prepare(store, customers, now, force=force)
        if agreed and prepared.digest != agreed:
            raise CallmeterError("The customers or accounts.csv have changed since: look at the changes again.")
        if commit(store, prepared):
            return prepared
    raise CallmeterError(f"{ACCOUNTS} is written by others all the time: nothing is changed. Try again later.")


def prepare(store: Store, customers: Customers, now: datetime, *, force: bool = False) -> Prepared:
    """What `commit` would write. Accounts that the compiler does not take are left as they were, with its words."""
    files = catalogues.read_rates(store)
    before = files.get(ACCOUNTS)
    table = read_table(before or b"")
    planned = plan(table, customers, now.astimezone(ZoneInfo(_operator(files).timezone)).date(), force=force)
    while planned.accounts:
        after = with_accounts(table, planned.accounts)
        guilty = _refused({**files, ACCOUNTS: as_bytes(after)}, after, planned)
        if not guilty:
            return Prepared(before, as_bytes(after), planned)
        planned = planned.without(guilty)
    return Prepared(before, before or b"", planned)


def commit(store: Store, prepared: Prepared) -> bool:
    """Put the file; False where it is no longer the one that was read."""
    if not prepared.changes:
        return True
    if prepared.before is None:
        return store.put_if_absent(ACCOUNTS, prepared.after)
    return store.replace(ACCOUNTS, prepared.after, prepared.before)


def clients_with_accounts(store: Store) -> frozenset[int]:
    """The CRM's ids of clients who have an account. None where there is no accounts.csv."""
    try:
        rows = read_table(store.get(ACCOUNTS)).rows
    except Missing:
        return frozenset()
    ids = (row.cells.get("ucrm_client_id", "") for row in rows)
    return frozenset(int(client_id) for client_id in ids if client_id.isascii() and client_id.isdigit())


def operator_of(store: Store) -> Operator:
    """The operator of rates/. Raises Missing, BrokenCatalogue."""
    return _operator(catalogues.read_rates(store))


def _operator(files: Mapping[str, bytes]) -> Operator:
    if layout.RATES + "operator.toml" not in files:
        raise Missing("there is no rates/operator.toml yet: put operator.toml, plans.toml, decks/ into rates/")
    with engine() as (_, work):
        folder = _folder(files, work)
        return read_operator(folder / "operator.toml", "rates/operator.toml")


def _refused(files: Mapping[str, bytes], table: Table, planned: Plan) -> dict[str, str]:
    """The changed accounts that the compiler does not take, and why; none where it takes the whole.

    Raises BrokenCatalogue where something else is broken.
    """
    with engine() as (con, work):
        try:
            compile_catalogue(con, _folder(files, work), work)
        except BrokenCatalogue as broken:
            problems = broken.problems
        else:
            return {}
        account_on = line_of(table)
        guilty: dict[str, str] = {}
        for problem in problems:
            lines = [problem.line] if problem.file == NAME else []
            if problem.code == "number-twice":
                lines += [
                    row["earlier_row"]
                    for row in sql.rows(con, "catalogue/key_clashes")
                    if row["account_row"] == problem.line
                ]
            guilty |= _blamed(problem, {account_on[line] for line in lines if line in account_on}, planned)
    if not guilty:
        raise BrokenCatalogue(problems)
    return guilty


def _blamed(problem: Problem, account_ids: set[str], planned: Plan) -> dict[str, str]:
    """Which of the accounts a problem names are left as they were, and why: of two, the one that changes its keys."""
    changed = [key for key in sorted(account_ids) if key in planned.accounts]
    blamed = [key for key in changed if planned.has_other_keys(key)] or changed
    others = {key: ", ".join(sorted(account_ids - {key})) for key in blamed}
    return {
        key: f"left as it was: {problem.text}" + (f" ({others[key]})" if others[key] else "") + f" [{problem.code}]"
        for key in blamed
    }


def _folder(files: Mapping[str, bytes], work: Path) -> Path:
    folder = work / "rates"
    folder.mkdir()
    for key, content in files.items():
        catalogues.place(key, content, folder)
    return folder
