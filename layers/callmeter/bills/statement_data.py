"""A statement -> CSV and JSON, for the customer's own programs: the same calls and sums as in the PDF.

Both are in one language, with local times and exact money; late calls have no charge.
"""

import csv
import io
import json
from decimal import Decimal
from typing import Any

from callmeter.bills.statement_facts import Statement, StatementCall, StatementCorrection, StatementTotal
from callmeter.bills.words import cell
from callmeter.money import plain

CSV_COLUMNS = (
    "period", "started_at", "direction", "from_number", "to_number", "destination", "group",
    "duration_seconds", "billed_seconds", "free_seconds", "charge", "billed_before", "due", "currency",
    "status", "barred", "own_number", "reason",
)  # fmt: skip


def statement_csv(statement: Statement) -> bytes:
    """The statement's calls, then its corrections, as CSV (UTF-8, CRLF, CSV_COLUMNS).

    `due` adds up to the statement's calls and corrections; `reason` says why an earlier period's call is corrected:
    late-file, priced, repriced, allowance, removed. Text that a spreadsheet would take for a formula gets a leading
    apostrophe.
    """
    out = io.StringIO(newline="")
    rows = csv.writer(out)
    rows.writerow(CSV_COLUMNS)
    for call in statement.calls:
        charge = "" if call.charge is None else plain(call.charge)
        rows.writerow(_csv_row(call, statement, statement.period, (charge, "0.00", charge or "0.00"), ""))
    for fix in statement.corrections:
        charge = "" if fix.charge is None else plain(fix.charge)
        amounts = charge, plain(fix.billed_before), plain(fix.difference)
        rows.writerow(_csv_row(fix, statement, fix.period, amounts, fix.reason))
    return out.getvalue().encode()


def _csv_row(
    call: StatementCall, statement: Statement, period: str, amounts: tuple[str, str, str], reason: str
) -> tuple[str | int, ...]:
    return (
        period, call.started_at.isoformat(sep=" ", timespec="seconds"), call.direction,
        cell(call.from_number), cell(call.to_number), cell(call.destination), cell(call.group),
        call.duration_seconds, call.billed_seconds, call.free_seconds, *amounts, statement.currency,
        "late" if call.charge is None else "rated", "yes" if call.barred else "no", cell(call.own_number), reason,
    )  # fmt: skip


def statement_json(statement: Statement) -> bytes:
    """The statement as one JSON object: who and when, the sums, totals, calls and corrections.

    Money is text, exact: "0.17". `charge` is null while a price is to follow.
    """
    facts = {
        **statement.model_dump(exclude={"look", "language", "calls", "corrections", "allowances"}),
        "calls_charge": statement.calls_charge,
        "corrections_charge": statement.corrections_charge,
        "due": statement.due,
        "carried_out": statement.carried_out,
        "groups": [_total(total, "group") for total in statement.groups],
        "numbers": [_total(total, "number") for total in statement.numbers],
        "allowances": [one.model_dump() | {"left_seconds": one.left_seconds} for one in statement.allowances],
        "calls": [call.model_dump() for call in statement.calls],
        "corrections": [_correction(fix) for fix in statement.corrections],
    }
    return json.dumps(facts, ensure_ascii=False, default=_as_text).encode("utf-8", "backslashreplace")


def _total(total: StatementTotal, what: str) -> dict[str, Any]:
    facts = total.model_dump()
    return {what: facts.pop("name"), **facts}


def _correction(fix: StatementCorrection) -> dict[str, Any]:
    facts = fix.model_dump()
    return {"period": facts.pop("period"), **facts, "due": fix.difference}


def _as_text(value: object) -> str:
    return plain(value) if isinstance(value, Decimal) else str(value)
