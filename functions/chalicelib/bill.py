"""Daily schedule, or by hand -> bill: freeze what ended, send invoices, render statements."""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from chalice.app import Blueprint
from pydantic import AwareDatetime, BaseModel

from callmeter.jobs.bill_periods import Billed, Billing, bill_periods
from callmeter.parts import parts
from chalicelib.telemetry import logger, metrics

blueprint = Blueprint(__name__)


class Asked(BaseModel):
    """What the function is asked: by the schedule (`time`), or by hand (`as_of`, `period`, `dry_run`)."""

    time: AwareDatetime | None = None
    as_of: AwareDatetime | None = None
    period: str = ""
    dry_run: bool = False


@blueprint.lambda_function(name="bill")
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def bill(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Bill every period that has ended; the answer lists each bill and how far it has come."""
    asked = Asked.model_validate(event)
    as_of = asked.as_of or asked.time or datetime.now(UTC)
    billing = Billing(parts().store, parts().bills, parts().settings, parts().invoicing)
    results = bill_periods(billing, as_of, period=asked.period, dry_run=asked.dry_run)
    for result in results:
        if result.problem:
            metrics.add_metric("UnfinishedBills", MetricUnit.Count, 1)
            logger.error("a bill is not finished", bill_id=result.bill.bill_id, problem=result.problem)
    logger.info("billed", bills=len(results), as_of=as_of.isoformat(), dry_run=asked.dry_run)
    return {"as_of": as_of.isoformat(), "bills": [_answer(result) for result in results]}


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
        "state": state.state if state else "not-frozen",
        "invoice_number": state.invoice_number if state else "",
        "statement": state.statement if state else "",
        "problem": result.problem,
    }
