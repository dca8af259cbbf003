"""accounts.csv -> Accounts, with every problem, its line and column.

Columns: account_id, name, plan, numbers, sip_logins, currency, timezone, anchor_day, ucrm_client_id,
ucrm_service_id, email, language, valid_from, valid_to; lists separated by spaces. Only account_id and plan are needed.
"""

import re
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from callmeter.bills.words import languages
from callmeter.catalogue.files import decoded, is_zone, unknown_language
from callmeter.errors import BrokenCatalogue, Problem
from callmeter.model import Account, Operator, Plan
from callmeter.sources.text import cells, column_of, delimiter_of

_LINE_END = re.compile(r"\r\n|\n|\r")
_LISTS = ("numbers", "sip_logins")
_HINTS = {
    "anchor_day": "Write the day of the month on which its period begins, 1 to 31.",
    "currency": "Write three capital letters such as GBP.",
    "language": "Write two small letters such as en.",
    "valid_from": "Write it as 2026-10-15.",
    "valid_to": "Write it as 2026-10-15.",
}


def read_accounts(path: Path, name: str, operator: Operator, plans: dict[str, Plan]) -> dict[int, Account]:
    """Accounts by the line they stand on. Blank currencies and zones are the plan's and operator's."""
    if not path.is_file():
        raise BrokenCatalogue([Problem(name, 0, 0, "missing-file", "the file is not there")])
    numbered = numbered_lines(path, name)
    if not numbered:
        raise BrokenCatalogue([Problem(name, 1, 1, "empty-file", "the file is empty", "Write a header and rows.")])
    (first, raw_header), *rows = numbered
    delimiter = delimiter_of(raw_header)
    header = [cell.lower() for cell in cells(raw_header, delimiter)]
    problems = _header_problems(header, name, first, raw_header, delimiter)
    if problems:
        raise BrokenCatalogue(problems)
    accounts: dict[int, Account] = {}
    for line, raw in rows:
        account, found = _row(header, raw, delimiter, operator, plans)
        problems += [
            Problem(name, line, column_of(raw, delimiter, _index(header, column)), code, message, hint)
            for column, code, message, hint in found
        ]
        if account:
            accounts[line] = account
    problems += _contradictions(accounts, name)
    if problems:
        raise BrokenCatalogue(problems)
    return accounts


def column_at(path: Path, name: str, line: int, column: str) -> int:
    """Where the cell of `column` begins on `line` of a sound accounts file."""
    numbered = dict(numbered_lines(path, name))
    raw_header = next(iter(numbered.values()))
    delimiter = delimiter_of(raw_header)
    header = [cell.lower() for cell in cells(raw_header, delimiter)]
    return column_of(numbered[line], delimiter, _index(header, column))


def numbered_lines(path: Path, name: str) -> list[tuple[int, str]]:
    """The lines that are not blank. A line is a row: a stray quote spoils its own line only."""
    lines = enumerate(_LINE_END.split(decoded(path, name)), start=1)
    return [(line, raw) for line, raw in lines if raw.strip()]


def _header_problems(header: list[str], name: str, line: int, raw: str, delimiter: str) -> list[Problem]:
    known = list(Account.model_fields)
    hint = f"The columns are: {', '.join(known)}."
    return [
        Problem(name, line, 1, "missing-column", f"there is no column {column}", hint)
        for column in ("account_id", "plan")
        if column not in header
    ] + [
        Problem(
            name,
            line,
            column_of(raw, delimiter, index),
            "unknown-column",
            f'there is no such column as "{column}"',
            hint,
        )
        for index, column in enumerate(header, start=1)
        if column and column not in known
    ]


def _index(header: list[str], column: str) -> int:
    return header.index(column) + 1 if column in header else 1


def _row(
    header: list[str], raw: str, delimiter: str, operator: Operator, plans: dict[str, Plan]
) -> tuple[Account | None, list[tuple[str, str, str, str]]]:
    """The line's account, if there is one on it, and what is wrong with it: (column, code, text, hint)."""
    row = cells(raw, delimiter)
    hint = "Write the line as CSV again."
    if raw.count('"') % 2:
        return None, [("", "malformed-row", "a quote is opened and not closed", hint)]
    if any(row[len(header) :]):
        return None, [("", "malformed-row", f"the line has {len(row)} fields, the header {len(header)}", hint)]
    return _account(header, row, operator, plans) if any(row) else (None, [])


def _account(
    header: list[str], row: list[str], operator: Operator, plans: dict[str, Plan]
) -> tuple[Account | None, list[tuple[str, str, str, str]]]:
    """The row's account and what is wrong with it: (column, code, text, hint)."""
    filled = {column: cell.strip() for column, cell in zip(header, row, strict=False) if column and cell.strip()}
    plan = plans.get(filled.get("plan", ""))
    if plan is None:
        known = ", ".join(sorted(plans)) or "none"
        return None, [
            (
                "plan",
                "unknown-plan",
                f'there is no plan "{filled.get("plan", "")}"',
                f"The plans are: {known}.",
            )
        ]
    values: dict[str, Any] = {"currency": plan.currency, "timezone": operator.timezone, **filled}
    values |= {column: tuple(values[column].split()) for column in _LISTS if column in values}
    try:
        account = Account.model_validate(values)
    except ValidationError as error:
        return None, [
            (
                str(detail["loc"][0]),
                "bad-value",
                f"{detail['loc'][0]}: {detail['msg']}",
                _HINTS.get(str(detail["loc"][0]), ""),
            )
            for detail in error.errors()
        ]
    found = []
    if not is_zone(account.timezone):
        hint = "Write one such as Europe/London."
        found.append(("timezone", "bad-timezone", f'time zone "{account.timezone}" is not known', hint))
    if account.language and account.language not in languages():
        found.append(("language", "unknown-language", *unknown_language(account.language)))
    if account.currency != plan.currency:
        text = f"the account's currency {account.currency} is not its plan's, {plan.currency}"
        found.append(
            (
                "currency",
                "currency-differs",
                text,
                f"Write {plan.currency}, or choose a plan in {account.currency}.",
            )
        )
    if account.valid_from and account.valid_to and account.valid_to <= account.valid_from:
        found.append(("valid_to", "empty-span", "valid_to is not after valid_from", "Write a later date."))
    return account, found


def _contradictions(accounts: dict[int, Account], name: str) -> list[Problem]:
    """Rows of one account that differ in what an account has only one of."""
    first: dict[str, tuple[int, Account]] = {}
    problems = []
    for line, account in accounts.items():
        earlier_line, earlier = first.setdefault(account.account_id, (line, account))
        problems += [
            Problem(
                name, line, 1, "account-differs",
                f"{account.account_id} has another {field} here than on line {earlier_line}",
                "Rows of one account may differ in numbers, logins, plan and dates only.",
            )
            for field in ("currency", "timezone", "anchor_day", "ucrm_client_id", "ucrm_service_id")
            if getattr(account, field) != getattr(earlier, field)
        ]  # fmt: skip
    return problems
