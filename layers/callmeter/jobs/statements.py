"""A frozen bill -> its statement in the bucket, PDF and CSV. The same bill gives the same bytes."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from callmeter import layout, sql
from callmeter.bills.freeze import load_ledgers
from callmeter.bills.statement import (
    Statement,
    StatementAllowance,
    StatementCall,
    StatementCorrection,
    render_statement,
    statement_csv,
)
from callmeter.errors import CallmeterError
from callmeter.jobs.hiding import load_hiding
from callmeter.model import Bill, Operator
from callmeter.periods import labelled
from callmeter.ports import CustomerSettings, Store
from callmeter.rating.engine import engine


def write_statement(
    store: Store, settings: CustomerSettings, operator: Operator, bill: Bill, invoice_number: str
) -> str:
    """Render and store a bill's statement; the key of the PDF."""
    statement = statement_of(store, settings, operator, bill, invoice_number)
    store.put(
        layout.statement(bill.account_id, bill.period, "csv"),
        statement_csv(statement),
        "text/csv; charset=utf-8",
    )
    key = layout.statement(bill.account_id, bill.period, "pdf")
    store.put(key, render_statement(statement), "application/pdf")
    return key


def statement_of(
    store: Store, settings: CustomerSettings, operator: Operator, bill: Bill, invoice_number: str
) -> Statement:
    """What the statement says: read from the bill's ledger, numbers shown as the customer's setting was at the time."""
    zone = ZoneInfo(bill.timezone)
    span = labelled(bill.period, bill.timezone, bill.anchor_day)
    with engine() as (con, work):
        load_ledgers(con, store.download([bill.ledger], work))
        load_hiding(con, settings, bill.account_id)
        rows = sql.rows(
            con,
            "bills/statement_calls",
            timezone=bill.timezone,
            hidden_by_default=operator.hide_digits,
            period=bill.period,
        )
        unlisted = sql.rows(con, "bills/unlisted", period=bill.period)[0]
    calls, corrections = [], []
    for row in rows:
        if row["period"] == bill.period:
            calls.append(
                StatementCall.model_validate({k: v for k, v in row.items() if k not in ("period", "billed_before")})
            )
        else:
            corrections.append(StatementCorrection.model_validate(row))
    statement = Statement(
        operator_name=operator.name,
        operator_address=operator.address,
        operator_email=operator.email,
        account_name=bill.account_name or bill.account_id,
        account_id=bill.account_id,
        bill_id=bill.bill_id,
        invoice_number=invoice_number,
        period=bill.period,
        first_day=span.starts_at.astimezone(zone).date(),
        last_day=(span.ends_at - timedelta(seconds=1)).astimezone(zone).date(),
        timezone=bill.timezone,
        currency=bill.currency,
        issued_on=bill.frozen_at.astimezone(zone).date(),
        calls=tuple(calls),
        corrections=tuple(corrections),
        allowances=tuple(
            StatementAllowance(name=one.name, minutes=one.minutes, used_seconds=one.used_seconds)
            for one in bill.allowances
        ),
        carried_in=bill.carried_in,
        amount=bill.amount,
        **unlisted,
    )
    if (statement.due, statement.carried_out) != (bill.due, bill.carried):
        raise CallmeterError(f"the statement of bill {bill.bill_id} comes to {statement.due}, the bill to {bill.due}")
    return statement
