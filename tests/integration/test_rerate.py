"""A rerating through the deployed stack: messages to the queue, objects replaced and removed, totals that hear."""

import json
import shutil
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from callmeter import layout
from callmeter.aws.operator import Deployment
from callmeter.catalogue.compile import compile_catalogue
from callmeter.cli.rerate import rerate, status, withdraw
from callmeter.local.stack import LocalStack
from callmeter.rating.engine import engine

RATES = Path(__file__).resolve().parents[2] / "rates"
PERIOD, PATIENCE_SECONDS = "2026-10", 60
CALL = b"call_id,from,to,start,duration\nr1,442079460101,447700900123,2026-10-05T10:00:00Z,60\n"


def eventually(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true() and time.monotonic() < deadline:
        time.sleep(0.1)
    return true()


def in_force(deployment: Deployment) -> str:
    if layout.CURRENT not in deployment.store.keys("catalogue/"):
        return ""
    return str(json.loads(deployment.store.get(layout.CURRENT))["version"])


def put_rates(deployment: Deployment, rates: Path) -> None:
    """Put a rates folder into force: until all of its files are there, others may be."""
    for path in rates.rglob("*.*"):
        deployment.store.upload(path, layout.RATES + path.relative_to(rates).as_posix())
    with engine() as (con, work):
        version = compile_catalogue(con, rates, work).version
    assert eventually(lambda: in_force(deployment) == version and stack_is_quiet(deployment))


def stack_is_quiet(deployment: Deployment) -> bool:
    return not any(deployment.messages().values())


def charge(deployment: Deployment, account: str, period: str = PERIOD) -> Decimal | None:
    shard = layout.shard_of(account, int(deployment.outputs["ShardCount"]))
    total = deployment.totals.read(period, shard, account)
    return total.charge if total else None


def asked(*arguments: str, command: Any = rerate) -> dict[str, Any]:
    said = CliRunner().invoke(command, [*arguments, "--json"])
    assert said.exit_code == 0, said.output or said.exception
    answer: dict[str, Any] = json.loads(said.stdout)
    return answer


def test_a_number_that_moved_takes_its_call_along_and_both_totals_hear_of_it(
    stack: LocalStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = Deployment(stack.session, stack.outputs, stack.endpoint_url)
    monkeypatch.setattr(Deployment, "named", lambda _: deployment)
    put_rates(deployment, RATES)
    deployment.store.put("inbox/a call+1.csv", CALL)
    assert eventually(lambda: charge(deployment, "C1001") == Decimal("0.085"))

    rates = Path(shutil.copytree(RATES, tmp_path / "rates"))
    accounts = (rates / "accounts.csv").read_text(encoding="utf-8")
    accounts = accounts.replace("442079460101 ", "").replace("442079460217", "442079460217 442079460101")
    (rates / "accounts.csv").write_text(accounts, encoding="utf-8")
    put_rates(deployment, rates)
    answer = asked("--period", PERIOD, "--yes")
    assert (answer["calls_changed"], answer["done"]) == (1, True)
    assert answer["difference"] == {"GBP": "-0.085"}  # one of the 60 minutes that the family has
    assert eventually(lambda: charge(deployment, "C1001") == Decimal(0))
    assert eventually(lambda: charge(deployment, "C1002", "2026-09") == Decimal(0))  # the family's begins on the 15th
    places = [layout.period_and_shard(key) for key in deployment.store.keys(layout.CALLS)]
    assert (PERIOD, layout.shard_of("C1001", 16)) not in places

    assert asked("inbox/a call+1.csv", "--yes", command=withdraw)["calls_changed"] == 1
    stands = asked(command=status)
    assert stands["files"]["withdrawn"] == 1
    assert (sum(stands["given_up"].values()), stands["rejects"]["reasons"]) == (0, {})
