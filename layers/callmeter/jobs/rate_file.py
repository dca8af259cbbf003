"""A file in the inbox -> priced calls and rejects in the bucket, keyed by the file's digest.

The order of writes: the pin (once, by whoever comes first), the calls, the rejects, the manifest. All of them are
the same bytes whenever the same file is rated with the same pin, so a run that was killed is simply run again.
"""

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from callmeter import layout, sql
from callmeter.errors import UnreadableFile
from callmeter.jobs import catalogues
from callmeter.ports import Store
from callmeter.rating.engine import engine
from callmeter.rating.stages import Counted, Intake, prepare, price_calls, price_file
from callmeter.sources import SOURCES
from callmeter.sources.text import digest_of, make_safe


@dataclass(frozen=True)
class Pin:
    """How a file is rated, decided when it is first seen."""

    catalogue: str
    source: str
    name: str
    seen_at: str


@dataclass(frozen=True)
class Manifest:
    """What became of a file. rows_in = priced + rejected. `unreadable` says why nothing could be read at all."""

    digest: str
    name: str
    source: str
    catalogue: str
    rows_in: int = 0
    priced: int = 0
    rejected: int = 0
    reject_reasons: dict[str, int] = field(default_factory=dict)
    objects: list[str] = field(default_factory=list)
    unreadable: str = ""


def rate_file(store: Store, key: str, *, shards: int, now: datetime) -> Manifest | None:
    """Rate the inbox object `key`; None where it is gone. Raises Missing where no catalogue was ever published.

    The same content under another name is the same file: it gives the same objects.
    """
    name, folder = layout.name_and_source(key)
    with engine() as (con, work):
        downloaded = store.download([key], work)
        if not downloaded:
            return None
        digest = digest_of(downloaded[0])
        pin = _pin(store, digest, name, folder if folder in SOURCES else "", now)
        catalogue = catalogues.load(store, con, pin.catalogue, work)
        prepare(con)
        try:
            text = make_safe(downloaded[0], work, pin.name, in_place=True)
            seen_at = datetime.fromisoformat(pin.seen_at)
            counted = price_file(con, catalogue, text, Intake(source=pin.source), seen_at, work)
        except UnreadableFile as error:
            return _record(store, Manifest(digest, pin.name, pin.source, pin.catalogue, unreadable=str(error)))
        price_calls(con, catalogue)
        for stage in ("kept_calls_table", "kept_calls"):
            sql.run(con, stage)
        objects = _write(store, con, work, digest, counted.source, shards)
        return _record(store, _manifest(con, digest, pin, counted, objects))


def _pin(store: Store, digest: str, name: str, source: str, now: datetime) -> Pin:
    """The file's pin: the one that is there, or a new one."""
    fresh = Pin(catalogues.current_version(store), source, name, now.astimezone(UTC).isoformat(timespec="seconds"))
    if store.put_if_absent(layout.pin(digest), json.dumps(asdict(fresh)).encode()):
        return fresh
    return Pin(**json.loads(store.get(layout.pin(digest))))


def _write(
    store: Store, con: duckdb.DuckDBPyConnection, work: Path, digest: str, source: str, shards: int
) -> list[str]:
    """Write the calls, an object per period and shard, then the rejects; the keys."""
    keys = []
    sql.run(con, "kept_shards", shards=shards)
    for place in sql.rows(con, "shard_objects"):
        sql.run(con, "shard_calls", **place)
        keys.append(layout.calls(place["period"], place["shard"], digest))
        _upload(store, con, work, "shard_calls", keys[-1])
    if con.table("rejects").limit(1).fetchall():
        keys.append(layout.rejects(source, digest))
        _upload(store, con, work, "rejects", keys[-1])
    return keys


def _upload(store: Store, con: duckdb.DuckDBPyConnection, work: Path, relation: str, key: str) -> None:
    path = work / "object.parquet"
    con.table(relation).write_parquet(str(path), compression="zstd")
    store.upload(path, key)


def _manifest(con: duckdb.DuckDBPyConnection, digest: str, pin: Pin, counted: Counted, objects: list[str]) -> Manifest:
    reasons = {row["reason"]: row["rejected"] for row in sql.rows(con, "reject_reasons")}
    return Manifest(
        digest=digest,
        name=pin.name,
        source=counted.source,
        catalogue=pin.catalogue,
        rows_in=counted.rows_in,
        priced=counted.priced,
        rejected=counted.rejected,
        reject_reasons=reasons,
        objects=objects,
    )


def _record(store: Store, manifest: Manifest) -> Manifest:
    store.put(
        layout.manifest(manifest.digest),
        json.dumps(asdict(manifest), sort_keys=True).encode(),
        "application/json",
    )
    return manifest
