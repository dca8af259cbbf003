"""Calls queue -> total: the shards and periods whose calls changed are totalled again."""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from chalice.app import Blueprint

from callmeter import layout
from callmeter.jobs.total_shard import total_shard
from callmeter.parts import parts
from chalicelib.events import happened
from chalicelib.telemetry import logger, metrics

blueprint = Blueprint(__name__)


@blueprint.lambda_function(name="total")
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def total(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Total each shard and period that a batch names, once; the messages of those that failed go back."""
    failed: list[str] = []
    for (period, shard), messages in _places(event).items():
        try:
            figures = total_shard(parts().store, parts().totals, period, shard)
        except Exception:  # noqa: BLE001 - one shard's trouble is not the others'; its messages come again
            logger.exception("could not be totalled", period=period, shard=shard)
            failed += messages
        else:
            metrics.add_metric("TotalledShards", MetricUnit.Count, 1)
            logger.info("totalled", period=period, shard=shard, accounts=len(figures))
    return {"batchItemFailures": [{"itemIdentifier": message} for message in sorted(set(failed))]}


def _places(event: dict[str, Any]) -> dict[tuple[str, str], list[str]]:
    """Period and shard -> the messages that named it. Objects created and removed both count."""
    places: dict[tuple[str, str], list[str]] = {}
    for record in event["Records"]:
        for one in happened(record["body"]):
            place = layout.period_and_shard(one.key)
            if place:
                places.setdefault(place, []).append(record["messageId"])
    return places
