"""Frozen bills -> their statements in the bucket: PDF, CSV and JSON. The same bill gives the same bytes."""

from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, timedelta
from functools import cache
from typing import Any, Self
from zoneinfo import ZoneInfo

from callmeter import layout
from callmeter.bills.statement import render_statement
from callmeter.bills.statement_data import statement_csv, statement_json
from callmeter.bills.statement_facts import Statement, StatementAllowance, StatementCall, StatementCorrection
from callmeter.errors import CallmeterError
from callmeter.jobs import catalogues
from callmeter.jobs.ledger_calls import LedgerCalls, opened_ledgers
from callmeter.model import Bill, Operator
from callmeter.money import minor_unit
from callmeter.periods import labelled
from callmeter.ports import CustomerSettings, Store

_OF_CORRECTIONS = {"period", "billed_before", "reason"}  # columns that the calls of the period itself do not have


class Statements:
    """Writes statements, each from its bill's ledger and the catalogue the bill was frozen with."""

    def __init__(self, store: Store, settings: CustomerSettings) -> None:
        self._store = store
        self._settings = settings
        self._ending = ExitStack()
        self._ledgers: LedgerCalls | None = None
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
        key = layout.statement(bill.account_id, bill.period, "pdf")
        account = key.split("/")[1]  # the account's id, fit to be a file's name
        return {f"calls-{bill.period}-{account}.pdf": self._store.get(key)}

    def is_there(self, bill: Bill) -> bool:
        """Whether the stored statement is still there."""
        key = layout.statement(bill.account_id, bill.period, "pdf")
        return key in self._store.keys(key)

    def statement(self, bill: Bill, invoice_number: str) -> Statement:
        """What the statement says; numbers are shown as the customer's setting was at the time of each call."""
        operator: Operator = self._operator(bill.catalogue)
        listed = self._opened().of(bill.ledger, bill.account_id, hidden_by_default=operator.hide_digits)
        zone = ZoneInfo(bill.timezone)
        rows = [_call(row, zone) for row in listed.rows]
        statement = Statement(
            **_heading(bill, operator),
            invoice_number=invoice_number,
            calls=tuple(
                StatementCall.model_validate({k: v for k, v in row.items() if k not in _OF_CORRECTIONS})
                for row in rows
                if row["period"] == bill.period
            ),
            corrections=tuple(StatementCorrection.model_validate(row) for row in rows if row["period"] != bill.period),
            unanswered_calls=listed.unanswered_calls,
            free_inbound_calls=listed.free_inbound_calls,
        )
        if (statement.due, statement.carried_out) != (bill.due, bill.carried):
            raise CallmeterError(
                f"the statement of bill {bill.bill_id} comes to {statement.due}, the bill to {bill.due}"
            )
        return statement

    def _opened(self) -> LedgerCalls:
        """The ledgers; an engine is opened when the first is read."""
        if self._ledgers is None:
            self._ledgers = self._ending.enter_context(opened_ledgers(self._store, self._settings))
        return self._ledgers


def _call(row: dict[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    """A row of a ledger as StatementCall or StatementCorrection has it: local times."""
    local = row["started_at"].replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None, microsecond=0)
    return {**row, "started_at": local}


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
