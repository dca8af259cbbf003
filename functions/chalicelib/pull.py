"""Schedule, or by hand -> pull: carriers and PBXs are asked for their calls, which become files in the inbox."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit, single_metric
from aws_lambda_powertools.utilities.typing import LambdaContext
from chalice.app import Blueprint
from pydantic import AwareDatetime, BaseModel

from callmeter import layout
from callmeter.errors import BrokenCatalogue, Missing
from callmeter.parts import parts
from callmeter.pulls.port import Fetcher, Patience
from callmeter.pulls.run import Pulled, run_pull
from callmeter.pulls.settings import PULLS, Pull, read_pulls
from chalicelib.telemetry import logger, metrics

blueprint = Blueprint(__name__)
_LAST_MS = 180_000  # before the function's end, nothing new is begun: what was begun takes that long at most
_SIDE_BY_SIDE = 4


class Asked(BaseModel):
    """What the function is asked by hand: these pulls, now; since: from there, once."""

    pulls: tuple[str, ...] = ()
    since: AwareDatetime | None = None


@blueprint.lambda_function(name="pull")
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def pull(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Every pull that is due. One that fails is told of, and tried again by the next run; the others go on."""
    asked = Asked.model_validate(event if "source" not in event else {})
    try:
        pulls = read_pulls(parts().store.get(layout.RATES + PULLS), layout.RATES + PULLS)
    except Missing:
        return {"pulls": []}
    except BrokenCatalogue as broken:
        _count_problem(PULLS)
        logger.error("pulls.toml is broken: nobody is asked", problems=[str(each) for each in broken.problems])
        return {"pulls": [], "problems": [str(each) for each in broken.problems]}
    wanted = [one for name, one in pulls.items() if not asked.pulls or name in asked.pulls]
    runs = [_runner(one, asked, context) for one in wanted]
    with ThreadPoolExecutor(max_workers=_SIDE_BY_SIDE) as pool:
        done = [each for each in pool.map(lambda run: run(), runs) if each]
    for each in done:
        _tell(each)
    return {"pulls": [asdict(each) for each in done]}


def _runner(one: Pull, asked: Asked, context: LambdaContext) -> Callable[[], Pulled | None]:
    """One pull's run; whatever happens in it is its own trouble."""
    here = parts()
    patience = Patience(has_time=lambda: context.get_remaining_time_in_millis() > _LAST_MS)

    def run() -> Pulled | None:
        try:
            return run_pull(
                one,
                lambda: _fetcher(one, here.secret(one.parameter(here.environment.pull_secrets)), patience),
                here.store,
                here.cursors,
                here.leases,
                context.aws_request_id,
                datetime.now(UTC),
                has_time=patience.has_time,
                anyway=one.name in asked.pulls,
                since=asked.since,
            )
        except Exception as error:  # noqa: BLE001 -- one pull's trouble is not the others'
            logger.exception("a pull broke", pull=one.name)
            return Pulled(one.name, one.source, problems=[f"{type(error).__name__}: see the log"])

    return run


def _fetcher(one: Pull, secret: str, patience: Patience) -> Fetcher:
    """Who asks. Imported here: no other function has to load drivers of databases."""
    from callmeter.pulls.kinds import fetcher

    return fetcher(one, secret, patience)


def _tell(done: Pulled) -> None:
    for problem in done.problems:
        _count_problem(done.name)
        logger.error("a pull has a problem", pull=done.name, problem=problem)
    metrics.add_metric("PulledFiles", MetricUnit.Count, done.files)
    logger.info(
        "pulled",
        pull=done.name,
        records=done.records,
        files=done.files,
        unchanged=done.unchanged,
        unfinished=done.unfinished,
    )


def _count_problem(name: str) -> None:
    """Once for the alarm, once for who looks which it was."""
    metrics.add_metric("PullProblems", MetricUnit.Count, 1)
    with single_metric("PullProblems", MetricUnit.Count, 1, namespace=metrics.namespace) as metric:
        metric.add_dimension("pull", name)
