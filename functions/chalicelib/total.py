"""Calls queue -> total: the shards and periods whose calls changed are totalled again."""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from chalice.app import Blueprint

from callmeter import layout
from callmeter.jobs.total_shard import total_shard
from callmeter.parts import parts
from chalicelib.events import Happened, failures, told
from chalicelib.telemetry import logger, metrics

blueprint = Blueprint(__name__)


@blueprint.lambda_function(name="total")
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def total(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Total each shard and period that a batch names, once; the messages of those that failed go back."""
    understood, failed = told(event["Records"])
    for (period, shard), messages in _places(understood).items():
        try:
            figures = total_shard(parts().store, parts().totals, period, shard)
        except Exception:  # noqa: BLE001 - one shard's trouble is not the others'; its messages come again
            logger.exception("could not be totalled", period=period, shard=shard)
            failed += messages
        else:
            metrics.add_metric("TotalledShards", MetricUnit.Count, 1)
            logger.info("totalled", period=period, shard=shard, accounts=len(figures))
    return failures(failed)


def _places(understood: dict[str, list[Happened]]) -> dict[tuple[str, str], list[str]]:
    """Period and shard -> the messages that named it. Objects created and removed both count."""
    places: dict[tuple[str, str], list[str]] = {}
    for message, happenings in understood.items():
        for one in happenings:
            place = layout.period_and_shard(one.key)
            if place:
                places.setdefault(place, []).append(message)
    return places
