"""A rates folder, accounts and calls from short strings, rated, and the answer as dicts: what rating tests share."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from textwrap import dedent
from typing import Any

from callmeter.errors import BrokenCatalogue, Problem
from callmeter.rating.rate import Summary, rate_files
from callmeter.rating.stages import Intake

OPERATOR = 'country = "GB"\ntimezone = "Europe/London"\ncurrency = "GBP"\n'
PLANS = '[plans.basic]\ndeck = "retail"\ncurrency = "GBP"\n'
DECK = "prefix,rate\n44,0.06\n"
ACCOUNTS = "account_id,plan,numbers\nA1,basic,442079460001\n"
ME = "442079460001"  # A1's number
HEADER = "call_id,from,to,start,duration"
MONDAY = "2026-10-05T10:00:00Z"


@dataclass(frozen=True)
class Answer:
    """What rating gave: the summary, and the rows of both outputs as their CSV has them."""

    summary: Summary
    rows: list[dict[str, str]]
    rejects: list[dict[str, str]]

    def call(self, call_id: str) -> dict[str, str]:
        """The one row of that call."""
        [row] = [row for row in self.rows if row["call_id"] == call_id]
        return row

    def charge(self, call_id: str) -> Decimal | None:
        """The call's charge; None where the price is to follow."""
        text = self.call(call_id)["charge"]
        return Decimal(text) if text else None

    @property
    def ids(self) -> list[str]:
        return [row["call_id"] for row in self.rows]

    @property
    def reasons(self) -> list[str]:
        return [reject["reason"] for reject in self.rejects]

    @property
    def total(self) -> Decimal:
        return sum((Decimal(row["charge"]) for row in self.rows if row["charge"]), Decimal(0))


def write_rates(
    folder: Path,
    *,
    operator: str = OPERATOR,
    plans: str = PLANS,
    deck: str | bytes = DECK,
    decks: Mapping[str, str | bytes] | None = None,
    destinations: str | bytes | None = None,
    accounts: str | bytes | None = ACCOUNTS,
    carriers: str | bytes | None = None,
    fx: str | bytes | None = None,
) -> Path:
    """Write a rates folder below `folder`; `deck` is decks/retail.csv, `decks` are others by name."""
    rates = folder / "rates"
    (rates / "decks").mkdir(parents=True, exist_ok=True)
    files = {"operator.toml": operator, "plans.toml": plans, "decks/retail.csv": deck}
    files |= {f"decks/{name}.csv": content for name, content in (decks or {}).items()}
    files |= {"destinations.csv": destinations} if destinations is not None else {}
    files |= {"accounts.csv": accounts} if accounts is not None else {}
    files |= {"carriers.toml": carriers} if carriers is not None else {}
    files |= {"fx.csv": fx} if fx is not None else {}
    for name, content in files.items():
        write(rates / name, content)
    return rates


def write(path: Path, content: str | bytes) -> Path:
    """Write text (indentation taken off) or bytes as they are."""
    path.write_bytes(content if isinstance(content, bytes) else dedent(content).encode())
    return path


def calls(*lines: str) -> str:
    """A generic CSV of A1's calls from "ID TO [SECONDS [START]]": 60 seconds on a Monday unless said."""
    rows = [HEADER]
    for line in lines:
        call_id, to, *rest = line.split()
        seconds, start = (*rest, *("60", MONDAY)[len(rest) :])
        rows.append(f"{call_id},{ME},{to},{start},{seconds}")
    return "\n".join(rows) + "\n"


def rate_in(folder: Path, rates: Path, *files: str | bytes, intake: Intake | None = None) -> Answer:
    """Rate calls1.csv, calls2.csv, … with the content of `files`."""
    paths = [write(folder / f"calls{n}.csv", content) for n, content in enumerate(files, start=1)]
    return rate_paths(folder, rates, *paths, intake=intake)


def rate_paths(folder: Path, rates: Path, *paths: Path, intake: Intake | None = None) -> Answer:
    """Rate files that are there; every row of them is accounted for."""
    out, rejects = folder / "out.csv", folder / "rejects.csv"
    summary = rate_files(paths, rates=rates, out=out, rejects=rejects, intake=intake)
    assert summary.rows_in == summary.rated + summary.duplicates + summary.rejected
    answer = Answer(summary, _table(out), _table(rejects))
    assert (summary.rated, summary.rejected) == (len(answer.rows), len(answer.rejects))
    return answer


def rated(folder: Path, *files: str | bytes, intake: Intake | None = None, **reference: Any) -> Answer:
    """Rate `files` with the rates folder that `reference` describes (see write_rates)."""
    return rate_in(folder, write_rates(folder, **reference), *files, intake=intake)


def problems(folder: Path, **reference: Any) -> list[Problem]:
    """What is wrong with the rates folder that `reference` describes; nothing is written for a call of it."""
    rates = write_rates(folder, **reference)
    try:
        rate_in(folder, rates, calls("c 441"))
    except BrokenCatalogue as error:
        assert not (folder / "out.csv").exists()
        return error.problems
    return []


def _table(path: Path) -> list[dict[str, str]]:
    csv.field_size_limit(10_000_000)
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
