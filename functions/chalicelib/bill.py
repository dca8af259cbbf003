"""Hourly, or by hand -> bill: freeze what ended, send invoices, render statements. Its report goes to the bucket."""

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from chalice.app import Blueprint
from pydantic import AwareDatetime, BaseModel

from callmeter import layout
from callmeter.catalogue.compile import Catalogue
from callmeter.jobs import catalogues
from callmeter.jobs.bill_periods import Billing, BillRun, bill_periods, preview
from callmeter.jobs.reconcile import reconcile
from callmeter.jobs.send_bills import Billed, send_again
from callmeter.parts import parts
from chalicelib.telemetry import logger, metrics

blueprint = Blueprint(__name__)
_RECONCILED_DAYS = 62
_LAST_MS = 90_000  # before the function's end, nothing new is begun


class Asked(BaseModel):
    """What the function is asked: by the schedule (`time`), or by hand (the rest)."""

    time: AwareDatetime | None = None
    as_of: AwareDatetime | None = None
    period: str = ""
    dry_run: bool = False
    approve: tuple[str, ...] = ()  # bill ids, "*" for all that wait
    again: str = ""  # an account: its bill of `period` is sent anew, its invoice being void
    reconcile: bool = False  # compare the CRM's invoices with the bills instead; every day


@blueprint.lambda_function(name="bill")
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def bill(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Bill every period that has ended. The answer says where the report is, and what is left for the next run."""
    asked = Asked.model_validate(event)
    as_of = asked.as_of or asked.time or datetime.now(UTC)
    here = parts()
    billing = Billing(
        here.store,
        here.bills,
        here.leases,
        here.settings,
        here.invoicing,
        here.environment.shards,
        threads=here.threads,
    )
    if asked.dry_run:
        return _dry_run(billing, as_of, asked.period)
    if asked.reconcile:
        return _reconciled(billing, as_of)
    if asked.again:
        current = _current()
        invoicing = billing.invoicing(current.operator.billing)
        send_again(billing.store, billing.bills, invoicing, current, asked.again, asked.period)
    run = bill_periods(
        billing,
        as_of,
        period=asked.period,
        approve=asked.approve,
        has_time=lambda: context.get_remaining_time_in_millis() > _LAST_MS,
    )
    for problem in [*(one.problem for one in run.bills), *run.problems.values()]:
        if problem:
            metrics.add_metric("UnfinishedBills", MetricUnit.Count, 1)
            logger.error("a bill is not finished", problem=problem)
    logger.info("billed", bills=len(run.bills), unfinished=run.unfinished, as_of=as_of.isoformat())
    return {**_counts(run), "as_of": as_of.isoformat(), "report": _report(run, as_of)}


def _dry_run(billing: Billing, as_of: datetime, period: str) -> dict[str, Any]:
    glance = preview(billing, as_of, period=period)
    key = layout.report(as_of, "dry-run")
    parts().store.put(key, glance.model_dump_json(exclude_defaults=True).encode(), "application/json")
    return {"as_of": as_of.isoformat(), "report": key}


def _reconciled(billing: Billing, as_of: datetime) -> dict[str, Any]:
    """Tell what differs between the CRM's invoices and the bills."""
    since = (as_of - timedelta(days=_RECONCILED_DAYS)).date()
    invoicing = billing.invoicing(_current().operator.billing)
    found = [asdict(one) for one in reconcile(billing.store, billing.bills, invoicing, since)]
    for difference in found:
        metrics.add_metric("InvoicesThatDiffer", MetricUnit.Count, 1)
        logger.error("the CRM and a bill differ", **difference)
    return {"as_of": as_of.isoformat(), "differences": len(found)}


def _current() -> Catalogue:
    return catalogues.describe(parts().store, catalogues.current_version(parts().store))


def _counts(run: BillRun) -> dict[str, int]:
    stuck = sum(bool(one.problem) for one in run.bills) + len(run.problems)
    return {"bills": len(run.bills), "stuck": stuck, "unfinished": run.unfinished}


def _report(run: BillRun, as_of: datetime) -> str:
    """Where the report was put; "" where there was nothing to do."""
    if not run.bills and not run.problems:
        return ""
    if run.asked:
        content = run.asked.model_dump_json(exclude_defaults=True).encode()
        parts().store.put(layout.report(as_of, "to-approve"), content, "application/json")
    key = layout.report(as_of)
    report = {"as_of": as_of.isoformat(), "bills": [_answer(one) for one in run.bills], "problems": run.problems}
    parts().store.put(key, json.dumps(report).encode(), "application/json")
    return key


def _answer(result: Billed) -> dict[str, Any]:
    bill, state = result.bill, result.state
    return {
        "account_id": bill.account_id,
        "account_name": bill.account_name,
        "period": bill.period,
        "bill_id": bill.bill_id,
        "currency": bill.currency,
        "due": str(bill.due),
        "amount": str(bill.amount),
        "carried": str(bill.carried),
        "lines": len(bill.lines),
        "calls": bill.calls,
        "state": state.state if state else "frozen",
        "invoice_number": state.invoice_number if state else "",
        "statement": state.statement if state else "",
        "problem": result.problem,
    }
