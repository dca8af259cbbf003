"""Hourly schedule, UCRM's events, or by hand -> sync: customers become accounts; overdue invoices are told of."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from chalice.app import Blueprint
from pydantic import BaseModel, ValidationError

from callmeter.customers.events import Hint
from callmeter.customers.notices import note_overdue
from callmeter.customers.subscription import NotSetUp
from callmeter.errors import CallmeterError
from callmeter.jobs import sync as job
from callmeter.parts import parts
from chalicelib.telemetry import logger, metrics

blueprint = Blueprint(__name__)


class Asked(BaseModel):
    """What the function is asked by hand. agreed: the digest of the changes that somebody has looked at."""

    dry_run: bool = False
    force: bool = False
    agreed: str = ""
    set_up: bool = False


@blueprint.lambda_function(name="sync")
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def sync(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """By schedule all; by the queue what it hints at; by hand what is asked, with an answer to show."""
    if "Records" in event:
        return _hinted([record["body"] for record in event["Records"]])
    if "source" in event:
        return _scheduled()
    asked = Asked.model_validate(event)
    if asked.set_up:
        return {"defined": parts().customers.set_up()}
    return _previewed(asked) if asked.dry_run else _synced(asked)


def _scheduled() -> dict[str, Any]:
    """Both, and neither waits for the other to go well."""
    if not parts().environment.ucrm_url:
        return {}
    try:
        return _synced(Asked())
    finally:
        _overdue()


def _hinted(bodies: list[str]) -> dict[str, Any]:
    """Follow hints that are true. None goes back to the queue: the next scheduled run sees what these would have."""
    hints = {hint for hint in map(_hint, bodies) if hint}
    try:
        if _any_true(hints, "invoices"):
            _overdue()
            parts().bill_function.wake()  # a draft that it waits for, or an invoice that was voided
        if _any_true(hints, "customers"):
            _synced(Asked())
    except CallmeterError as error:
        logger.error("a hint is not followed; the next scheduled run will do it", reason=str(error))
    return {"batchItemFailures": []}


def _any_true(hints: set[Hint], kind: str) -> bool:
    """Whether UCRM knows of one of the events of this kind: one is enough."""
    return any(hint.kind == kind and parts().customers.happened(hint.uuid) for hint in hints)


def _hint(body: str) -> Hint | None:
    try:
        return Hint.model_validate_json(body)
    except ValidationError:
        logger.error("a message that is no hint")
        return None


def _previewed(asked: Asked) -> dict[str, Any]:
    store, source = parts().store, parts().customers
    customers = source.read(job.operator_of(store).timezone)
    return _answer(job.prepare(store, customers, datetime.now(UTC), force=asked.force))


def _synced(asked: Asked) -> dict[str, Any]:
    try:
        done = job.sync(parts().store, parts().customers, datetime.now(UTC), force=asked.force, agreed=asked.agreed)
    except NotSetUp as error:
        logger.info("customers are not kept in UCRM", reason=str(error))
        return {}
    metrics.add_metric("ChangedAccounts", MetricUnit.Count, len(done.plan.accounts))
    for change in done.plan.changes:
        logger.info("an account changes", change=asdict(change))
    for problem in done.plan.problems:
        metrics.add_metric("SyncProblems", MetricUnit.Count, 1)
        logger.error("an account is not synchronised", problem=asdict(problem))
    return _answer(done)


def _overdue() -> None:
    """Notices of invoices that are newly overdue: kept, logged, and sent to the operator."""
    clients = job.clients_with_accounts(parts().store)
    new = note_overdue(parts().customers.overdue(), clients, parts().notices, datetime.now(UTC))
    for notice in new:
        metrics.add_metric("OverdueInvoices", MetricUnit.Count, 1)
        logger.info("an invoice is overdue", notice=str(notice))
    if new:
        parts().told.tell(f"callmeter: {len(new)} invoices are newly overdue", [str(notice) for notice in new])


def _answer(prepared: job.Prepared) -> dict[str, Any]:
    plan = asdict(prepared.plan)
    return {"digest": prepared.digest, **{name: plan[name] for name in ("changes", "problems", "notes")}}
