"""Rates queue -> publish: the reference files become the catalogue in force, or are refused."""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from chalice.app import Blueprint

from callmeter.jobs.catalogues import publish as publish_catalogue
from callmeter.parts import parts
from chalicelib.events import failures, told
from chalicelib.telemetry import logger, metrics

blueprint = Blueprint(__name__)


@blueprint.lambda_function(name="publish")
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def publish(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Compile the reference files once for the whole batch. A broken file is refused, and is no failure."""
    understood, failed = told(event["Records"])
    if not any(understood.values()):
        return failures(failed)
    published = publish_catalogue(parts().store)
    if published.problems:
        metrics.add_metric("RefusedCatalogues", MetricUnit.Count, 1)
        problems = [str(problem) for problem in published.problems[:50]]
        logger.error("the catalogue is refused", problems=problems, stays_in_force=published.version)
    else:
        logger.info("the catalogue is in force", catalogue=published.version)
    return failures(failed)
