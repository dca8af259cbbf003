"""Frozen bills -> their statements in the bucket: PDF, CSV and JSON. The same bill gives the same bytes.

One connection and one download per ledger serve all statements of a run: a ledger holds many accounts' calls, one after
the other, and only the parts with the account's own are read.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

import duckdb

from callmeter import layout, sql
from callmeter.bills.statement import render_statement
from callmeter.bills.statement_data import statement_csv, statement_json
from callmeter.bills.statement_facts import Statement, StatementAllowance, StatementCall, StatementCorrection
from callmeter.errors import CallmeterError, Missing
from callmeter.jobs import catalogues
from callmeter.jobs.hiding import load_hiding
from callmeter.model import Bill, Operator
from callmeter.money import minor_unit
from callmeter.periods import labelled
from callmeter.ports import CustomerSettings, Store
from callmeter.rating.engine import engine

_OF_CORRECTIONS = {"period", "billed_before", "reason"}  # columns that the calls of the period itself do not have


class Statements:
    """Writes statements, each from its bill's ledger and the catalogue the bill was frozen with."""

    def __init__(self, store: Store, settings: CustomerSettings) -> None:
        self._store = store
        self._settings = settings
        self._ending = ExitStack()
        self._engine: tuple[duckdb.DuckDBPyConnection, Path] | None = None
        self._ledgers: dict[str, Path] = {}
        self._operator = cache(lambda version: catalogues.describe(store, version).operator)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.close()

    def write(self, bill: Bill, invoice_number: str) -> str:
        """Render and store a bill's statement; the key of the PDF, which is written last. Raises CallmeterError."""
        statement = self.statement(bill, invoice_number)
        for kind, content, content_type in (
            ("csv", statement_csv(statement), "text/csv; charset=utf-8"),
            ("json", statement_json(statement), "application/json"),
            ("pdf", render_statement(statement), "application/pdf"),
        ):
            self._store.put(layout.statement(bill.account_id, bill.period, kind), content, content_type)
        return layout.statement(bill.account_id, bill.period, "pdf")

    def files(self, bill: Bill) -> Mapping[str, bytes]:
        """The stored statement as the client gets it: name -> content."""
        pdf = self._store.get(layout.statement(bill.account_id, bill.period, "pdf"))
        return {f"calls-{bill.period}-{bill.account_id}.pdf": pdf}

    def statement(self, bill: Bill, invoice_number: str) -> Statement:
        """What the statement says; numbers are shown as the customer's setting was at the time of each call."""
        operator: Operator = self._operator(bill.catalogue)
        rows, unlisted = self._rows(bill, hidden_by_default=operator.hide_digits)
        statement = Statement(
            **_heading(bill, operator),
            invoice_number=invoice_number,
            calls=tuple(
                StatementCall.model_validate({k: v for k, v in row.items() if k not in _OF_CORRECTIONS})
                for row in rows
                if row["period"] == bill.period
            ),
            corrections=tuple(StatementCorrection.model_validate(row) for row in rows if row["period"] != bill.period),
            **unlisted,
        )
        if (statement.due, statement.carried_out) != (bill.due, bill.carried):
            raise CallmeterError(
                f"the statement of bill {bill.bill_id} comes to {statement.due}, the bill to {bill.due}"
            )
        return statement

    def _rows(self, bill: Bill, *, hidden_by_default: bool) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """The ledger's calls to list, and how many there are besides."""
        con, _ = self._opened()
        load_hiding(con, self._settings, bill.account_id)
        path = str(self._ledger(bill.ledger))
        sql.run(con, "bills/statement_rows", path=path, account_id=bill.account_id, period=bill.period)
        rows = sql.rows(
            con,
            "bills/statement_calls",
            timezone=bill.timezone,
            hidden_by_default=hidden_by_default,
            period=bill.period,
        )
        return rows, sql.rows(con, "bills/unlisted", period=bill.period)[0]

    def _opened(self) -> tuple[duckdb.DuckDBPyConnection, Path]:
        if self._engine is None:
            self._engine = self._ending.enter_context(engine())
        return self._engine

    def _ledger(self, key: str) -> Path:
        """The ledger as a file, fetched once."""
        if key not in self._ledgers:
            _, work = self._opened()
            paths = self._store.download([key], work / f"ledger-{len(self._ledgers)}")
            if not paths:
                raise Missing(f"{key} is gone from the bucket: restore it, then bill again")
            self._ledgers[key] = paths[0]
        return self._ledgers[key]


def _heading(bill: Bill, operator: Operator) -> dict[str, Any]:
    """What a statement says besides the calls: as the operator's files were when the bill was frozen."""
    zone = ZoneInfo(bill.timezone)
    span = labelled(bill.period, bill.timezone, bill.anchor_day)
    rules = operator.billing
    return {
        "operator_name": operator.name,
        "operator_address": operator.address,
        "operator_email": operator.email,
        "look": rules.look,
        "language": bill.language,
        "account_name": bill.account_name or bill.account_id,
        "account_id": bill.account_id,
        "bill_id": bill.bill_id,
        "period": bill.period,
        "first_day": span.starts_at.astimezone(zone).date(),
        "last_day": (span.ends_at - timedelta(seconds=1)).astimezone(zone).date(),
        "timezone": bill.timezone,
        "currency": bill.currency,
        "issued_on": bill.frozen_at.astimezone(zone).date(),
        "allowances": tuple(StatementAllowance.model_validate(one.model_dump()) for one in bill.allowances),
        "carried_in": bill.carried_in,
        "minimum": rules.minimum.get(bill.currency, minor_unit(bill.currency)),
        "amount": bill.amount,
    }
