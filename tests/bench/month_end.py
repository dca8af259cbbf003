"""A month-end on the local stack: 10,000 accounts, 5 million calls, billed while `bill` is killed three times.

`PYTHONPATH=tests .venv/bin/python -m bench.month_end [--calls N] [--accounts N] [--kills N]` prints the seconds of each
stage, and fails where the bills are not those that the dry run foretold, or UCRM's stand-in holds one twice or not.
Not part of `make bench`: it takes half an hour and asserts.
"""

import argparse
import json
import os
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console

from bench.setting import SEED
from callmeter import layout
from callmeter.bills.glance import Glance
from callmeter.errors import CallmeterError
from callmeter.local.month import Running, check_inputs, running
from callmeter.local.sample import write_bench

AS_OF = datetime(2026, 12, 1, 12, tzinfo=UTC)  # the periods that begin in October have all ended
LINES_TOGETHER = 250_000
console = Console()


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Say how long a stage takes."""
    started = time.perf_counter()
    yield
    console.print(f"{name:44}{time.perf_counter() - started:8.1f} s")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--calls", type=int, default=5_000_000)
    asked.add_argument("--accounts", type=int, default=10_000)
    asked.add_argument("--kills", type=int, default=3)
    options = asked.parse_args()
    with TemporaryDirectory(prefix="callmeter-month-end-") as folder:
        work = Path(folder)
        with stage("writing the calls"):
            write_bench(
                work / "calls.csv", work / "rates", calls=options.calls, prefixes=60_000, seed=SEED,
                accounts=options.accounts,
            )  # fmt: skip
            accounts = work / "rates" / "accounts.csv"
            accounts.write_text(re.sub(r",GBP,\d+,", ",GBP,1,", accounts.read_text()))  # all periods end at once
            files = _cut(work / "calls.csv", work / "files")
        with running(work / "rates", check_inputs(work / "rates", []), console) as here:
            _run(here, files, options.kills)


def _run(here: Running, files: list[Path], kills: int) -> None:
    with stage(f"rating and totalling {len(files)} files"):
        for path in files:
            here.deployment.store.upload(path, layout.INBOX + path.name)
        _await_totals(here, len(files))
    with stage("dry run"):
        foretold = Glance.model_validate_json(here.deployment.bill_preview(as_of=AS_OF))
    amounts = sum(bool(row.amount) for row in foretold.rows)
    console.print(f"  {len(foretold.rows):,} bills are foretold, {amounts:,} with an amount")
    with stage(f"billing, killed {kills} times"):
        for kill in range(kills):
            _killed(here, seconds=20 * (kill + 1))
        _forget_leases(here)
        bills = _billed(here)
    _compare(here, foretold, bills)


def _cut(calls: Path, folder: Path) -> list[Path]:
    """The file in parts with a header each."""
    folder.mkdir()
    paths: list[Path] = []
    with calls.open(encoding="utf-8") as lines:
        header = next(lines)
        for number, line in enumerate(lines):
            if number % LINES_TOGETHER == 0:
                paths.append(folder / f"calls-{len(paths):03}.csv")
                part = paths[-1].open("w", encoding="utf-8")
                part.write(header)
            part.write(line)
            if (number + 1) % LINES_TOGETHER == 0:
                part.close()
    part.close()
    return paths


def _await_totals(here: Running, files: int) -> None:
    store = here.deployment.store
    while len(store.keys("manifests/")) < files or here.stack.unfinished():
        if here.deployment.given_up():
            raise CallmeterError("a function failed again and again; see its log")
        time.sleep(2)


def _killed(here: Running, seconds: float) -> None:
    """Begin to bill, and kill the function's process in the middle."""
    began = threading.Thread(target=_try_to_bill, args=(here,), daemon=True)
    began.start()
    began.join(seconds)
    for worker in _workers(here):
        os.kill(worker, signal.SIGKILL)
    began.join()
    stored = len(here.deployment.store.keys(layout.BILLS))
    console.print(f"  killed after {seconds} s: {stored:,} bills frozen, {len(_references(here)):,} invoices")


def _try_to_bill(here: Running) -> None:
    try:
        here.deployment.bill(as_of=AS_OF)
    except CallmeterError as error:
        console.print(f"  {str(error)[:100]}")


def _workers(here: Running) -> list[int]:
    """The processes that the emulator runs functions in."""
    emulator = here.stack.process_id
    stats = [path.read_text(encoding="utf-8").rpartition(")")[2].split() for path in _stats()]
    pids = [int(path.parent.name) for path in _stats()]
    return [pid for pid, fields in zip(pids, stats, strict=False) if int(fields[1]) == emulator]


def _stats() -> list[Path]:
    return [path / "stat" for path in Path("/proc").iterdir() if path.name.isdigit() and (path / "stat").exists()]


def _forget_leases(here: Running) -> None:
    """What a quarter of an hour does."""
    client = here.stack.session.client("dynamodb", endpoint_url=here.stack.endpoint_url)
    table = here.stack.outputs["Table"]
    for page in client.get_paginator("scan").paginate(TableName=table):
        for item in page["Items"]:
            if item["pk"]["S"].startswith("lease#"):
                client.delete_item(TableName=table, Key={"pk": item["pk"], "sk": item["sk"]})


def _billed(here: Running) -> dict[str, Any]:
    answer = here.deployment.bill(as_of=AS_OF)
    stuck = {one["bill_id"]: one["problem"] for one in answer["bills"] if one["problem"]}
    if stuck or answer["problems"]:
        raise CallmeterError(f"{len(stuck)} bills are stuck, such as {next(iter(stuck.items()), answer['problems'])}")
    store = here.deployment.store
    return {key: json.loads(store.get(key)) for key in store.keys(layout.BILLS)}


def _references(here: Running) -> Counter[str]:
    rows = here.ucrm.books.rows("invoices")
    return Counter(row["attributes"][0]["value"] for row in rows)


def _compare(here: Running, foretold: Glance, bills: dict[str, Any]) -> None:
    expected = {row.bill_id: (row.amount, row.carried) for row in foretold.rows if row.bill_id}
    made = {bill["bill_id"]: bill for bill in bills.values()}
    assert made.keys() == expected.keys()
    assert all(str(made[one]["amount"]) == str(amount) for one, (amount, _) in expected.items())
    invoiced = _references(here)
    assert set(invoiced.values()) == {1}
    assert invoiced.keys() == {one for one, (amount, _) in expected.items() if amount}
    console.print(f"  {len(made):,} bills as foretold, {len(invoiced):,} invoices, each once")


if __name__ == "__main__":
    main()
