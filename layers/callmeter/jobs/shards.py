"""One shard's calls, settled: what `total`, `bill` and the call page all read. Stage 2, one SQL for all."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from callmeter import layout, sql
from callmeter.jobs import catalogues
from callmeter.ports import Store
from callmeter.rating.engine import engine
from callmeter.rating.stages import settle, take_kept_calls

Objects = list[tuple[str, str]]  # key and tag


@contextmanager
def settled_shard(store: Store, shard: str, periods: Iterable[str]) -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    """A connection with rated_calls, allowance_use and output of one shard and these periods."""
    with engine() as (con, work):
        folder = work / "calls"
        folder.mkdir()
        keys = [key for period in sorted(set(periods)) for key in store.keys(layout.calls(period, shard))]
        sql.run(con, "kept_calls_table")
        for path in store.download(keys, folder):
            con.read_parquet(str(path), hive_partitioning=False).insert_into("kept_calls")
        take_kept_calls(con)
        versions = [row["catalogue"] for row in sql.rows(con, "catalogues_used")]
        catalogues.load_allowances(store, con, versions, work)
        settle(con, within_period=True)
        yield con, work


def calls_by_shard(store: Store) -> dict[str, dict[str, Objects]]:
    """Shard -> period -> its objects with calls; periods in order."""
    found: dict[str, dict[str, Objects]] = {}
    for key, tag in store.tags(layout.CALLS).items():  # sorted by period
        if place := layout.period_and_shard(key):
            found.setdefault(place[1], {}).setdefault(place[0], []).append((key, tag))
    return found
