"""A folder of reference files -> one immutable, validated catalogue.

Stages: operator -> destinations -> decks and plans -> accounts -> relations in DuckDB. Every stage reports all
its problems at once; nothing of a broken folder is used. A compiled catalogue is a folder of Parquet files with
`catalogue.json`, named by its version: the digest of every file it was made from.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from callmeter import sql
from callmeter.catalogue.accounts import column_at, read_accounts
from callmeter.catalogue.bands import holidays, spans
from callmeter.catalogue.decks import read_deck, read_destinations
from callmeter.catalogue.exchange import read_exchange
from callmeter.catalogue.files import read_carriers, read_operator, read_plans, trunks_of
from callmeter.dialplan import dial_plan
from callmeter.errors import BrokenCatalogue, Problem, UsageError
from callmeter.model import Account, Carrier, Operator, Plan

FORMAT = "2"  # part of every version: another meaning of the same files is another catalogue
TABLES = (
    "deck_rows", "destinations", "plans", "allowances", "accounts", "account_keys", "bands", "holidays", "carriers", "exchange",
    "tariffs", "number_slots", "code_slots", "slot_rows",
)  # fmt: skip
_LAYOUT = ("tariffs", "slots", "code_slots", "number_slots", "slot_rows")  # deck_rows -> what calls are matched with


@dataclass(frozen=True)
class Catalogue:
    """The reference data in force: its relations are tables of the connection it was compiled or opened in."""

    version: str
    operator: Operator
    plans: dict[str, Plan]
    accounts: dict[str, Account]  # by account id; the row that is valid last


def compile_catalogue(
    con: duckdb.DuckDBPyConnection, folder: Path, work: Path, *, accounts: Path | None = None, plan: str = ""
) -> Catalogue:
    """Read and check `folder`, and fill the catalogue's relations in `con`. Raises BrokenCatalogue, UsageError.

    accounts: the accounts file, if not accounts.csv of the folder. plan: no accounts file; every calling number
    is an account of its own on this plan.
    """
    if not folder.is_dir():
        raise UsageError(
            f"{folder} is not a folder; --rates names the folder with operator.toml, plans.toml and decks/"
        )
    decks = sorted((folder / "decks").glob("*.csv"))
    operator = read_operator(folder / "operator.toml", _shown(folder, "operator.toml"))
    names = frozenset(deck.stem for deck in decks)
    plans = read_plans(folder / "plans.toml", _shown(folder, "plans.toml"), names)
    if plan and plan not in plans:
        raise UsageError(f'there is no plan "{plan}"; the plans are: {", ".join(sorted(plans))}')
    carriers = read_carriers(folder / "carriers.toml", _shown(folder, "carriers.toml"), names)
    rates = read_exchange(folder / "fx.csv", _shown(folder, "fx.csv"))
    sql.run(con, "catalogue/tables")
    _fill_bands(con, operator)
    _read_decks(con, folder, work, decks, operator, plans, carriers)
    _fill_carriers(con, operator, carriers, rates)
    for stage in _LAYOUT:
        sql.run(con, f"catalogue/{stage}")
    files = [folder / name for name in ("operator.toml", "plans.toml", "carriers.toml", "fx.csv", "destinations.csv")]
    files += decks
    by_line: dict[int, Account] = {}
    if not plan:
        accounts = accounts or folder / "accounts.csv"
        files.append(accounts)
        by_line = read_accounts(accounts, _shown(accounts.parent, accounts.name), operator, plans)
    version = _version(files, plan)
    _fill(con, version, operator, plans, by_line)
    _refuse_clashes(con, operator, None if plan else accounts)
    return Catalogue(
        version,
        operator,
        plans,
        {
            account.account_id: account
            for account in sorted(by_line.values(), key=lambda one: str(one.valid_from or ""))
        },
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
        "accounts": [account.model_dump(mode="json") for account in catalogue.accounts.values()],
    }
    (folder / "catalogue.json").write_text(json.dumps(content, sort_keys=True), encoding="utf-8")
    return [*(folder / f"{table}.parquet" for table in TABLES), folder / "catalogue.json"]


def read_catalogue(folder: Path) -> Catalogue:
    """What a compiled catalogue says of operator, plans and accounts; without its relations."""
    content = json.loads((folder / "catalogue.json").read_text(encoding="utf-8"))
    plans = [Plan.model_validate(plan) for plan in content["plans"]]
    accounts = [Account.model_validate(account) for account in content["accounts"]]
    return Catalogue(
        content["version"],
        Operator.model_validate(content["operator"]),
        {plan.plan: plan for plan in plans},
        {account.account_id: account for account in accounts},
    )


def open_catalogue(con: duckdb.DuckDBPyConnection, folder: Path) -> Catalogue:
    """Open a compiled catalogue: its relations become tables of `con`."""
    sql.run(con, "catalogue/tables")
    for table in TABLES:
        con.read_parquet(str(folder / f"{table}.parquet")).insert_into(table)
    return read_catalogue(folder)


def _read_decks(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    work: Path,
    decks: list[Path],
    operator: Operator,
    plans: dict[str, Plan],
    carriers: dict[str, Carrier],
) -> None:
    """Destinations and every deck; the problems of all decks together."""
    if (folder / "destinations.csv").exists():
        read_destinations(con, folder / "destinations.csv", _shown(folder, "destinations.csv"), work)
    problems: list[Problem] = []
    for deck in decks:
        users = [one for one in (*plans.values(), *carriers.values()) if one.deck == deck.stem]
        currency = users[0].currency if users else operator.currency
        try:
            read_deck(
                con,
                deck,
                _shown(folder, "decks", deck.name),
                work,
                currency=currency,
                timezone=operator.timezone,
            )
        except BrokenCatalogue as error:
            problems += error.problems
    if problems:
        raise BrokenCatalogue(problems)
    differing = sql.rows(con, "catalogue/currency_clashes", plans=_plan_rows(plans), carriers=_carrier_rows(carriers))
    if differing:
        raise BrokenCatalogue([
            Problem(_shown(folder, "decks", f"{row['deck']}.csv"), row["line"], 1, "currency-differs",
                    f"the row is in {row['currency']}, but {row['user']} is in {row['user_currency']}",
                    "A deck is in the currency of the plans and carriers that use it.")
            for row in differing
        ])  # fmt: skip


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


def _fill_bands(con: duckdb.DuckDBPyConnection, operator: Operator) -> None:
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


def _refuse_clashes(con: duckdb.DuckDBPyConnection, operator: Operator, path: Path | None) -> None:
    """Refuse numbers that are none, and keys that two rows hold at once."""
    if path is None:
        return
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
