"""What calls would have cost under a new deck: their files, rated twice by the rater itself."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from callmeter import sql
from callmeter.catalogue.comparing import Comparison, deck_name
from callmeter.errors import UsageError
from callmeter.model import RATED_COLUMNS
from callmeter.money import plain
from callmeter.rating.rate import Summary, rate_files
from callmeter.rating.stages import Intake


@dataclass(frozen=True)
class Customer:
    """What a customer's calls cost under either deck."""

    account_id: str
    name: str
    currency: str
    old: Decimal
    new: Decimal
    difference: Decimal


@dataclass(frozen=True)
class Repriced:
    """Both ratings of the same files, and each customer's difference, the biggest first."""

    old: Summary
    new: Summary
    customers: list[Customer]


def reprice(
    con: duckdb.DuckDBPyConnection,
    compared: Comparison,
    calls: Sequence[Path],
    old: Path,
    new: Path,
    work: Path,
    *,
    at: datetime,
    rates: Path | None = None,
    intake: Intake | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Repriced:
    """Rate `calls` under the old and the new reference data of a comparison that was just made in `con`.

    The old deck holds by its dates. The new one holds as it stands once all its rows have begun, from `at` on at the
    earliest: what begins next month is asked what it would have made of last month. Raises UsageError and what
    rate_files raises.
    """
    _refuse_rated(calls)
    folders = _folders(con, old, new, work, at=at, rates=rates)
    summaries = {}
    for side, folder in folders.items():
        out = work / f"{side}.parquet"
        progress(f"rating under the {side} prices")
        summaries[side] = rate_files(calls, rates=folder, out=out, intake=intake)
        con.read_parquet(str(out)).create_view(f"{side}_calls", replace=True)
    names = {
        account_id: one.name for account_id, one in (compared.catalogue.accounts if compared.catalogue else {}).items()
    }
    customers = [
        Customer(name=names.get(row["account_id"], ""), **row) for row in sql.rows(con, "catalogue/diff_customers")
    ]
    return Repriced(summaries["old"], summaries["new"], customers)


def repriced_json(answer: Repriced) -> dict[str, Any]:
    """The answer for scripts; money as strings."""

    def side(summary: Summary) -> dict[str, Any]:
        return {
            "charge": {currency: plain(charge) for currency, charge in summary.charge.items()},
            "rated": summary.rated,
            "rejected": summary.rejected,
            "reject_reasons": summary.reject_reasons,
            "late": summary.late,
        }

    differences: dict[str, Decimal] = {}
    for one in answer.customers:
        differences[one.currency] = differences.get(one.currency, Decimal(0)) + one.difference
    return {
        "old": side(answer.old),
        "new": side(answer.new),
        "difference": {currency: plain(amount) for currency, amount in sorted(differences.items())},
        "customers": [
            {name: plain(value) if isinstance(value, Decimal) else value for name, value in vars(one).items()}
            for one in answer.customers
        ],
    }


def _refuse_rated(calls: Sequence[Path]) -> None:
    """Only the files as the PBX wrote them can be rated again, allowances and rejects included."""
    header = ",".join(RATED_COLUMNS[:4]).encode()
    for path in calls:
        if not path.is_file():
            raise UsageError(f"{path}: there is no such file")
        with path.open("rb") as content:
            head = content.read(len(header))
        if head.startswith(b"PAR1") or head == header:
            raise UsageError(f"{path} holds rated calls; give the files of calls that they were rated from")


def _folders(
    con: duckdb.DuckDBPyConnection, old: Path, new: Path, work: Path, *, at: datetime, rates: Path | None
) -> dict[str, Path]:
    """A rates folder for each side: that of the new one with its decks in full force."""
    instant = at.astimezone(UTC).replace(tzinfo=None)
    if old.is_dir():
        folders = {"old": _copied(old, work / "old"), "new": _copied(new, work / "new")}
        for side, other in (("old", new), ("new", old)):
            if not (folders[side] / "accounts.csv").exists() and (other / "accounts.csv").exists():
                shutil.copy(other / "accounts.csv", folders[side])
        decks = [deck.stem for deck in (new / "decks").glob("*.csv")]
    elif rates is None:
        raise UsageError("--calls needs --rates: the folder with the plans and accounts that use the deck")
    else:
        name = deck_name(old, new, rates)
        if not (rates / "decks" / f"{name}.csv").exists():
            raise UsageError(f"no deck in {rates / 'decks'} is called {old.stem} or {new.stem}; name one of them so")
        folders = {"old": _copied(rates, work / "old"), "new": _copied(rates, work / "new")}
        shutil.copy(old, folders["old"] / "decks" / f"{name}.csv")
        decks = [name]
    for deck in decks:
        latest = sql.rows(con, "catalogue/diff_latest", deck=deck, instant=instant)[0]["latest"]
        sql.run(con, "catalogue/diff_in_force", deck=deck, latest=latest or instant)
        target = folders["new"] / "decks" / f"{deck}.csv"
        con.table("deck_in_force").write_csv(str(target), header=True)
    return folders


def _copied(rates: Path, folder: Path) -> Path:
    """A copy of the reference files of `rates` below `folder`, in a folder of the same name."""
    copy = folder / (rates.resolve().name or "rates")
    (copy / "decks").mkdir(parents=True)
    for path in (*rates.glob("*.toml"), *rates.glob("*.csv"), *(rates / "decks").glob("*.csv")):
        shutil.copy(path, copy / path.relative_to(rates))
    return copy
