"""Inbox queue -> rate: each file becomes priced calls and rejects."""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext
from chalice.app import Blueprint

from callmeter.jobs.rate_file import Manifest, rate_file
from callmeter.parts import parts
from chalicelib.events import happened
from chalicelib.telemetry import logger, metrics

blueprint = Blueprint(__name__)
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


@blueprint.lambda_function(name="rate")
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def rate(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Rate the files that a batch names; only failed messages go back."""
    return dict(process_partial_response(event, rate_message, processor, context))


def rate_message(record: SQSRecord) -> None:
    """Rate every file that one message names."""
    for one in happened(record.body):
        if one.created:
            manifest = rate_file(parts().store, one.key, shards=parts().environment.shards, now=datetime.now(UTC))
            if manifest is None:
                logger.info("the file is gone", key=one.key)
            else:
                _report(manifest)


def _report(manifest: Manifest) -> None:
    logger.set_correlation_id(manifest.digest)
    metrics.add_metric("RowsIn", MetricUnit.Count, manifest.rows_in)
    metrics.add_metric("Rejected", MetricUnit.Count, manifest.rejected)
    if manifest.unreadable:
        metrics.add_metric("UnreadableFiles", MetricUnit.Count, 1)
        logger.error("the file cannot be read", name_of_file=manifest.name, reason=manifest.unreadable)
        return
    for warning in manifest.warnings:
        metrics.add_metric("SuspectFiles", MetricUnit.Count, 1)
        logger.warning("the file may not be whole", warning=warning)
    logger.info(
        "rated",
        name_of_file=manifest.name,
        source=manifest.source,
        catalogue=manifest.catalogue,
        rows_in=manifest.rows_in,
        priced=manifest.priced,
        reject_reasons=manifest.reject_reasons,
    )
