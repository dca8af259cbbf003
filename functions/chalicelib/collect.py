"""Webhooks queue -> collect: verified webhooks become small files of calls in the inbox."""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from chalice.app import Blueprint

from callmeter.parts import parts
from callmeter.webhooks import collecting
from chalicelib.events import failures
from chalicelib.telemetry import logger, metrics

blueprint = Blueprint(__name__)


@blueprint.lambda_function(name="collect")
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def collect(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Write what a batch of webhooks tells; messages that are none go back. Where a write fails, all come again."""
    told, failed = collecting.understand({record["messageId"]: record["body"] for record in event["Records"]})
    if failed:
        logger.error("messages that are no webhooks", messages=failed)
    here = parts()
    collected = collecting.collect(
        told,
        here.store,
        here.legs,
        here.webhooks,
        wait_seconds=here.environment.webhook_wait_seconds,
        threads=here.threads,
    )
    calls = sum(len(lines) for lines in collected.lines.values())
    metrics.add_metric("WebhookCalls", MetricUnit.Count, calls)
    logger.info("collected", calls=calls, files=collected.files, waiting=len(collected.waiting))
    return failures(failed)
