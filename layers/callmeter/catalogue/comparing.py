"""Two decks, or two rates folders -> which prices change, as calls would feel it.

Not rows are compared but what calls match: a longer prefix that costs what the shorter one around it did is no change,
and a row that begins later is a change from then on. The questions are sets in sql/catalogue/diff_*.sql.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from callmeter import sql
from callmeter.catalogue.compile import Catalogue, compile_catalogue
from callmeter.catalogue.decks import read_deck
from callmeter.errors import UsageError
from callmeter.money import NANOS, plain

KINDS = ("new", "withdrawn", "dearer", "cheaper", "terms")
_STAGES = ("times", "prefixes", "related", "cases", "effects")
_MONEY = {"rate_nanos": "rate", "connect_fee_nanos": "connect_fee", "max_charge_nanos": "max_charge"}


@dataclass(frozen=True)
class Change:
    """What calls to a prefix pay before and after; None where they match nothing.

    kind: one of KINDS; "terms" are increments, fees and the like at the same rate. band, callers: which calls, where
    it is not all. since: the local day from which on; None where it is so already. percent: of the rate.
    """

    deck: str
    prefix: str
    direction: str
    destination: str
    kind: str
    band: str | None
    callers: str | None
    since: str | None
    old: dict[str, Any] | None
    new: dict[str, Any] | None
    old_line: int | None
    new_line: int | None
    percent: Decimal | None = None

    @property
    def differing(self) -> dict[str, tuple[Any, Any]]:
        """Terms that differ: old and new value by name."""
        if self.old is None or self.new is None:
            return {}
        return {name: (self.old[name], self.new[name]) for name in self.old if self.old[name] != self.new[name]}


@dataclass(frozen=True)
class Comparison:
    """Every change, and the customers whose plan uses a deck that changes: account id -> name."""

    changes: list[Change]
    customers: dict[str, str]
    decks: tuple[str, ...]
    catalogue: Catalogue | None = None
    counts: dict[str, int] = field(default_factory=dict)


def compare(
    con: duckdb.DuckDBPyConnection, old: Path, new: Path, work: Path, *, rates: Path | None = None, at: datetime
) -> Comparison:
    """Compare two decks, or two rates folders, from the instant `at` (aware) on; leaves `diff_rows` in `con`.

    rates: whose operator, destinations and accounts hold for lone decks. Raises BrokenCatalogue, UsageError.
    """
    if old.is_dir() != new.is_dir():
        raise UsageError("compare two decks, or two rates folders")
    catalogue = _read_folders(con, old, new, work) if old.is_dir() else _read_decks(con, old, new, work, rates)
    _refuse_currencies(con)
    timezone = catalogue.operator.timezone if catalogue else "UTC"
    values = {"instant": at.astimezone(UTC).replace(tzinfo=None), "timezone": timezone}
    for stage in _STAGES:
        sql.run(con, f"catalogue/diff_{stage}", **values)
    changes = [_change(row) for row in sql.rows(con, "catalogue/diff_changes", **values)]
    decks = tuple(sorted({change.deck for change in changes}))
    counted = Counter(change.kind for change in changes)
    return Comparison(
        changes, _customers(catalogue, decks), decks, catalogue, {kind: counted[kind] for kind in KINDS}
    )  # fmt: skip


def deck_name(old: Path, new: Path, rates: Path | None) -> str:
    """Which deck of `rates` two lone decks are: the one that has the name of either."""
    known = {deck.stem for deck in (rates / "decks").glob("*.csv")} if rates else set()
    return next((path.stem for path in (old, new) if path.stem in known), old.stem)


def change_json(change: Change) -> dict[str, Any]:
    """A change for scripts; money as strings."""
    terms = {side: _terms_json(getattr(change, side)) for side in ("old", "new")}
    percent = None if change.percent is None else str(change.percent)
    return {**vars(change), **terms, "percent": percent}


def _terms_json(terms: dict[str, Any] | None) -> dict[str, Any] | None:
    if terms is None:
        return None
    return {name: plain(value) if isinstance(value, Decimal) else value for name, value in terms.items()}


def _read_folders(con: duckdb.DuckDBPyConnection, old: Path, new: Path, work: Path) -> Catalogue:
    """Both folders' rows; the catalogue of the new one."""
    catalogue = compile_catalogue(con, old, work, accountless=not (old / "accounts.csv").exists())
    _begin(con)
    _keep(con, "old")
    catalogue = compile_catalogue(con, new, work, accountless=not (new / "accounts.csv").exists())
    _keep(con, "new")
    return catalogue


def _read_decks(
    con: duckdb.DuckDBPyConnection, old: Path, new: Path, work: Path, rates: Path | None
) -> Catalogue | None:
    """Both decks' rows, read as a deck of `rates` where there is such a folder; its catalogue."""
    name = deck_name(old, new, rates)
    catalogue, currency, timezone = None, "", "UTC"
    if rates:
        catalogue = compile_catalogue(con, rates, work, accountless=not (rates / "accounts.csv").exists())
        timezone = catalogue.operator.timezone
        used = sql.rows(con, "catalogue/diff_deck_currency", deck=name)
        currency = used[0]["currency"] if used else catalogue.operator.currency
    else:
        for stage in ("tables", "band_overlaps"):
            sql.run(con, f"catalogue/{stage}")
    _begin(con)
    for side, path in (("old", old), ("new", new)):
        sql.run(con, "catalogue/diff_no_rows")
        read_deck(con, path, str(path), work, currency=currency, timezone=timezone)
        _keep(con, side, deck=name)
    return catalogue


def _begin(con: duckdb.DuckDBPyConnection) -> None:
    for stage in ("diff_rows_table", "diff_bands_table"):
        sql.run(con, f"catalogue/{stage}")


def _keep(con: duckdb.DuckDBPyConnection, side: str, deck: str | None = None) -> None:
    for stage in ("diff_rows", "diff_bands"):
        sql.run(con, f"catalogue/{stage}", side=side, deck=deck)


def _refuse_currencies(con: duckdb.DuckDBPyConnection) -> None:
    for row in sql.rows(con, "catalogue/diff_currencies"):
        if len(row["currencies"] or ()) > 1:
            raise UsageError(f"deck {row['deck']} is in {' and '.join(row['currencies'])}: such prices do not compare")


def _change(row: dict[str, Any]) -> Change:
    old, new = _terms(row.pop("old_terms")), _terms(row.pop("new_terms"))
    return Change(callers=row.pop("from"), old=old, new=new, percent=_percent(old, new), **row)


def _terms(said: dict[str, Any] | None) -> dict[str, Any] | None:
    """A row's terms, money as decimals."""
    if said is None:
        return None
    return {
        _MONEY.get(name, name): Decimal(value).scaleb(-9) if name in _MONEY and value is not None else value
        for name, value in said.items()
    }


def _percent(old: dict[str, Any] | None, new: dict[str, Any] | None) -> Decimal | None:
    """How much dearer the rate is, to a tenth; None where that says nothing."""
    if old is None or new is None or not old["rate"] or new["rate"] is None or old["per_call"] != new["per_call"]:
        return None
    before, after = int(old["rate"] * NANOS), int(new["rate"] * NANOS)
    return (Decimal(after - before) * 100 / before).quantize(Decimal("0.1"))


def _customers(catalogue: Catalogue | None, decks: tuple[str, ...]) -> dict[str, str]:
    """Who is on a plan that uses one of `decks`."""
    if catalogue is None:
        return {}
    return {
        account.account_id: account.name
        for account in sorted(catalogue.accounts.values(), key=lambda one: one.account_id)
        if catalogue.plans[account.plan].deck in decks
    }
