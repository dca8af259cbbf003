"""A folder of reference files -> one immutable, validated catalogue.

Stages: operator, plans, carriers, exchange rates, sources -> destinations -> decks -> accounts -> relations in DuckDB.
All problems of all files are reported at once; nothing of a broken folder is used. A compiled catalogue is a folder of
Parquet files with `catalogue.json`, named by its version: the digest of every file it was made from.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from callmeter import sql
from callmeter.catalogue.accounts import column_at, read_accounts
from callmeter.catalogue.bands import holidays, spans
from callmeter.catalogue.decks import read_deck, read_destinations
from callmeter.catalogue.exchange import read_exchange
from callmeter.catalogue.files import read_carriers, read_operator, read_plans, trunks_of
from callmeter.catalogue.mappings import mapping_files, read_mappings
from callmeter.dialplan import dial_plan
from callmeter.errors import BrokenCatalogue, Problem, UsageError
from callmeter.model import Account, Carrier, Operator, Plan
from callmeter.sources import NO_MAPPINGS, Mappings
from callmeter.sources.mapping import Mapping as SourceMapping

Content = TypeVar("Content")

MOST_DECKS = 900  # so many have room in the integers that prefixes are found by: sql/catalogue/marks.sql
FORMAT = "2"  # part of every version: another meaning of the same files is another catalogue
TABLES = (
    "deck_rows", "destinations", "plans", "allowances", "accounts", "account_keys", "bands", "holidays", "carriers",
    "exchange", "tariffs", "marks", "code_slots", "slot_rows",
)  # fmt: skip
FILES = (*(f"{table}.parquet" for table in TABLES), "accounts.json", "catalogue.json")  # the last says it is whole
_LAYOUT = ("tariffs", "slots", "code_slots", "marks", "slot_rows")  # deck_rows -> what calls are matched with
# What accounts are read by where operator.toml is broken: enough to find what is wrong with them by themselves.
_ANY_OPERATOR = Operator(country="GB", timezone="UTC", currency="XXX")


@dataclass(frozen=True)
class Catalogue:
    """The reference data in force: its relations are tables of the connection it was compiled or opened in."""

    version: str
    operator: Operator
    plans: dict[str, Plan]
    accounts: Mapping[str, Account]  # by account id; the row that is valid last
    mappings: Mappings = field(default_factory=dict)  # sources of the operator's own, by name


class _SavedAccounts(Mapping[str, Account]):
    """The accounts of a saved catalogue, read when one is asked for: rating needs none of twenty thousand."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @cached_property
    def _saved(self) -> dict[str, Any]:
        return dict(json.loads(self._path.read_text(encoding="utf-8")))

    def __getitem__(self, account_id: str) -> Account:
        return Account.model_validate(self._saved[account_id])

    def __iter__(self) -> Iterator[str]:
        return iter(self._saved)

    def __len__(self) -> int:
        return len(self._saved)


def compile_catalogue(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    work: Path,
    *,
    accounts: Path | None = None,
    plan: str = "",
    accountless: bool = False,
) -> Catalogue:
    """Read and check `folder`, and fill the catalogue's relations in `con`. Raises BrokenCatalogue, UsageError.

    accounts: the accounts file, if not accounts.csv of the folder. plan: no accounts file; every calling number
    is an account of its own on this plan. accountless: no accounts at all, for what asks about prices only.
    """
    if not folder.is_dir():
        raise UsageError(
            f"{folder} is not a folder; --rates names the folder with operator.toml, plans.toml and decks/"
        )
    decks = sorted((folder / "decks").glob("*.csv"))
    names = frozenset(deck.stem for deck in decks)
    found = _Findings()
    operator = found.read(lambda: read_operator(folder / "operator.toml", _shown(folder, "operator.toml")))
    plans = found.read(lambda: read_plans(folder / "plans.toml", _shown(folder, "plans.toml"), names))
    if plan and plans is not None and plan not in plans:
        raise UsageError(f'there is no plan "{plan}"; the plans are: {", ".join(sorted(plans))}')
    carriers = found.read(lambda: read_carriers(folder / "carriers.toml", _shown(folder, "carriers.toml"), names))
    rates = found.read(lambda: read_exchange(folder / "fx.csv", _shown(folder, "fx.csv")))
    mappings = found.read(lambda: read_mappings(con, folder))
    sql.run(con, "catalogue/tables")
    _read_decks(con, folder, work, decks, operator, plans, carriers, found)
    files = [folder / name for name in ("operator.toml", "plans.toml", "carriers.toml", "fx.csv", "destinations.csv")]
    files += decks
    if operator and operator.billing.look.logo:
        files.append(folder / operator.billing.look.logo)
    files += mapping_files(folder)
    by_line: dict[int, Account] | None = {}
    if not (plan or accountless):
        path = accounts or folder / "accounts.csv"
        files.append(path)
        by_line = _read_accounts(path, operator, plans, found)
    version = _version(files, plan)
    if operator and by_line is not None:
        _fill(con, version, operator, plans or {}, by_line)
        if not (plan or accountless):
            found.read(lambda: _refuse_clashes(con, operator, path))
    if found.problems or operator is None or plans is None or by_line is None:
        raise BrokenCatalogue(found.problems)
    _fill_carriers(con, operator, carriers or {}, rates or [])
    if len(decks) > MOST_DECKS:
        raise UsageError(f"{folder} has {len(decks)} decks; it can have {MOST_DECKS}: take some out")
    for stage in _LAYOUT:
        sql.run(con, f"catalogue/{stage}")
    return Catalogue(
        version,
        operator,
        plans,
        {
            account.account_id: account
            for account in sorted(by_line.values(), key=lambda one: str(one.valid_from or ""))
        },
        mappings or NO_MAPPINGS,
    )


def save_catalogue(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, folder: Path) -> list[Path]:
    """Write the compiled catalogue into `folder`; the files written, catalogue.json last."""
    folder.mkdir(parents=True, exist_ok=True)
    for table in TABLES:
        con.table(table).write_parquet(str(folder / f"{table}.parquet"))
    content = {
        "version": catalogue.version,
        "operator": catalogue.operator.model_dump(mode="json"),
        "plans": [plan.model_dump(mode="json") for plan in catalogue.plans.values()],
        "mappings": [
            mapping.model_dump(mode="json", by_alias=True, exclude_unset=True)
            for mapping in catalogue.mappings.values()
        ],
    }
    accounts = {key: account.model_dump(mode="json") for key, account in catalogue.accounts.items()}
    (folder / "accounts.json").write_text(json.dumps(accounts, sort_keys=True), encoding="utf-8")
    (folder / "catalogue.json").write_text(json.dumps(content, sort_keys=True), encoding="utf-8")
    return [folder / name for name in FILES]


def read_catalogue(folder: Path) -> Catalogue:
    """What a compiled catalogue says of operator, plans, accounts and sources; without its relations."""
    content = json.loads((folder / "catalogue.json").read_text(encoding="utf-8"))
    plans = [Plan.model_validate(plan) for plan in content["plans"]]
    mappings = [SourceMapping.model_validate(mapping) for mapping in content.get("mappings", [])]
    return Catalogue(
        content["version"],
        Operator.model_validate(content["operator"]),
        {plan.plan: plan for plan in plans},
        _SavedAccounts(folder / "accounts.json"),
        {mapping.source: mapping for mapping in mappings},
    )


def open_catalogue(con: duckdb.DuckDBPyConnection, folder: Path) -> Catalogue:
    """Open a compiled catalogue: its relations become views of `con`. `folder` has to stay as long as `con` does."""
    for table in TABLES:
        con.read_parquet(str(folder / f"{table}.parquet")).create_view(table)
    return read_catalogue(folder)


class _Findings:
    """The problems of all files, so that one that is broken hides none of another's."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def read(self, read: Callable[[], Content], *, unsure: frozenset[str] = frozenset()) -> Content | None:
        """What `read` gives; None where it found problems. unsure: codes that say nothing: another file is broken."""
        try:
            return read()
        except BrokenCatalogue as error:
            self.problems += [problem for problem in error.problems if problem.code not in unsure]
            return None


def _read_decks(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    work: Path,
    decks: list[Path],
    operator: Operator | None,
    plans: dict[str, Plan] | None,
    carriers: dict[str, Carrier] | None,
    found: _Findings,
) -> None:
    """Bands, destinations and every deck; the problems of all of them together."""
    unsure: set[str] = set()
    if operator:
        fill_bands(con, operator)
    else:
        sql.run(con, "catalogue/band_overlaps")
        unsure.add("unknown-band")
    before = len(found.problems)
    if (folder / "destinations.csv").exists():
        path = folder / "destinations.csv"
        found.read(lambda: read_destinations(con, path, _shown(folder, "destinations.csv"), work))
        if len(found.problems) > before:
            unsure |= {"unknown-destination", "bad-prefix"}
    users: list[Plan | Carrier] = [*(plans or {}).values(), *(carriers or {}).values()]
    before = len(found.problems)
    for deck in decks:
        currency = next((one.currency for one in users if one.deck == deck.stem), operator.currency if operator else "")
        read = partial(
            read_deck, con, deck, _shown(folder, "decks", deck.name), work,
            currency=currency, timezone=operator.timezone if operator else "UTC",
        )  # fmt: skip
        found.read(read, unsure=frozenset(unsure))
    if len(found.problems) == before and plans is not None and carriers is not None:
        found.read(lambda: _refuse_currencies(con, folder, plans, carriers))


def _refuse_currencies(
    con: duckdb.DuckDBPyConnection, folder: Path, plans: dict[str, Plan], carriers: dict[str, Carrier]
) -> None:
    """Refuse deck rows in another currency than those who use the deck."""
    differing = sql.rows(con, "catalogue/currency_clashes", plans=_plan_rows(plans), carriers=_carrier_rows(carriers))
    if differing:
        raise BrokenCatalogue([
            Problem(_shown(folder, "decks", f"{row['deck']}.csv"), row["line"], 1, "currency-differs",
                    f"the row is in {row['currency']}, but {row['user']} is in {row['user_currency']}",
                    "A deck is in the currency of the plans and carriers that use it.")
            for row in differing
        ])  # fmt: skip


def _read_accounts(
    path: Path, operator: Operator | None, plans: dict[str, Plan] | None, found: _Findings
) -> dict[int, Account] | None:
    """The accounts by line. What they are measured against may be broken itself: then it is not held against them."""
    unsure = frozenset({"unknown-plan"} if plans is None else ())
    name = _shown(path.parent, path.name)
    return found.read(lambda: read_accounts(path, name, operator or _ANY_OPERATOR, plans or {}), unsure=unsure)


def _fill(
    con: duckdb.DuckDBPyConnection,
    version: str,
    operator: Operator,
    plans: dict[str, Plan],
    accounts: dict[int, Account],
) -> None:
    sql.run(con, "catalogue/plans", plans=_plan_rows(plans))
    allowances = [
        {"catalogue": version, "plan": key, "position": position, **allowance.model_dump(mode="json")}
        for key, plan in plans.items()
        for position, allowance in enumerate(plan.allowances, start=1)
    ]
    sql.run(con, "catalogue/allowances", allowances=json.dumps(allowances))
    texts = [{"account_row": line, **account.model_dump(mode="json")} for line, account in accounts.items()]
    sql.run(con, "catalogue/account_texts", accounts=json.dumps(texts))
    sql.run(con, "catalogue/accounts", timezone=operator.timezone)
    sql.run(con, "catalogue/account_keys", **dial_plan(operator.country).parameters())


def fill_bands(con: duckdb.DuckDBPyConnection, operator: Operator) -> None:
    """The operator's bands and holidays, which decks are read by. The relations must be there, empty."""
    sql.run(con, "catalogue/bands", bands=json.dumps(spans(operator)))
    sql.run(con, "catalogue/holidays", holidays=json.dumps(holidays(operator)))
    sql.run(con, "catalogue/band_overlaps")


def _fill_carriers(
    con: duckdb.DuckDBPyConnection, operator: Operator, carriers: dict[str, Carrier], rates: list[dict[str, Any]]
) -> None:
    sql.run(con, "catalogue/carriers", carriers=_carrier_rows(carriers))
    sql.run(con, "catalogue/exchange", rates=json.dumps(rates), timezone=operator.timezone)


def _plan_rows(plans: dict[str, Plan]) -> str:
    return json.dumps([{"plan": plan.plan, **_terms(plan)} for plan in plans.values()])


def _carrier_rows(carriers: dict[str, Carrier]) -> str:
    """The carriers, once for each of their names in CDRs."""
    return json.dumps([
        {"trunk": trunk, "carrier": carrier.carrier, **_terms(carrier)}
        for carrier in carriers.values()
        for trunk in sorted(trunks_of(carrier))
    ])  # fmt: skip


def _terms(buyer: Plan | Carrier) -> dict[str, Any]:
    """How calls are charged: what plans and carriers have in common."""
    terms = buyer.model_dump(mode="json", include={"deck", "currency", "billing", "rounding"})
    return {**terms, "charge_step": 10 ** (9 - buyer.charge_decimals)}


def _refuse_clashes(con: duckdb.DuckDBPyConnection, operator: Operator, path: Path) -> None:
    """Refuse numbers that are none, and keys that two rows hold at once."""
    name = _shown(path.parent, path.name)

    def problem(line: int, column: str, code: str, text: str, hint: str) -> Problem:
        return Problem(name, line, column_at(path, name, line, column), code, text, hint)

    problems = [
        problem(
            row["account_row"],
            "numbers",
            "bad-number",
            f'"{row["number"]}" is not a phone number',
            "Write it as +442079460001, without blanks.",
        )
        for row in sql.rows(con, "catalogue/bad_keys", **dial_plan(operator.country).parameters())
    ] + [
        problem(
            row["account_row"],
            {"number": "numbers", "login": "sip_logins", "code": "account_id"}[row["kind"]],
            "number-twice",
            f"{row['kind']} {row['key']} belongs to the account on line {row['earlier_row']} at the same time",
            "Give one of them a valid_to, the other a valid_from, or take it out of one.",
        )
        for row in sql.rows(con, "catalogue/key_clashes")
    ]
    if problems:
        raise BrokenCatalogue(problems)


def _version(files: list[Path], plan: str) -> str:
    """Digest of names and contents: 16 hex digits."""
    digest = hashlib.sha256(f"{FORMAT}\0{plan}".encode())
    for path in files:
        if path.exists():
            content = hashlib.sha256(path.read_bytes()).digest()
            digest.update(f"\0{path.name}\0".encode() + content)
    return digest.hexdigest()[:16]


def _shown(folder: Path, *parts: str) -> str:
    """How a file is named in problems: with the last folder, rates/decks/retail.csv."""
    return "/".join((folder.name, *parts))
