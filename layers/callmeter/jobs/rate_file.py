"""A file in the inbox -> priced calls and rejects in the bucket, keyed by the file's digest.

The order of writes: the pin (once, by whoever comes first), the calls, the rejects, the manifest. All of them are
the same bytes whenever the same file is rated with the same pin, so a run that was killed is simply run again.

A pin may be revised later (rerate.py). Then the calls may go to other places than before, and what an earlier rating
wrote elsewhere has to go:

    first rating            calls, rejects ─ manifest
    with a revised pin      manifest (may write these, too) ─ calls, rejects ─ removals ─ manifest

So the manifest knows every key that may be there, wherever a run is killed. A run that finds the pin revised when it
is done begins again: a slow one cannot leave what an older pin says.
"""

import json
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from callmeter import layout, sql
from callmeter.errors import Missing, UnreadableFile
from callmeter.jobs import catalogues
from callmeter.model import Fact, Label
from callmeter.ports import Store
from callmeter.rating.engine import engine
from callmeter.rating.stages import Counted, Intake, prepare, price_calls, price_file
from callmeter.sources import source_named
from callmeter.sources.text import TextFile, digest_of, make_safe


class Revision(Fact):
    """A file is rated again with a later catalogue: only its calls of one period, and of some accounts (None: any).

    A line takes the later outcome where that, or the one before, is a call of the period and accounts. Where accounts
    are None, rejects that stay rejects take the later reason.
    """

    catalogue: str
    period: Label
    accounts: tuple[str, ...] | None = None


class Pin(Fact):
    """How a file is rated, decided when it is first seen, and revised on purpose only. Revisions count in order."""

    catalogue: str
    source: str
    name: str
    seen_at: str
    key: str = ""  # where it lay in the inbox
    revisions: tuple[Revision, ...] = ()
    withdrawn: bool = False  # its calls count no more


@dataclass(frozen=True)
class Manifest:
    """What became of a file. rows_in = priced + other_legs + rejected. `unreadable`: why nothing was read."""

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
    revisions: int = 0  # of the pin that it was made with
    withdrawn: bool = False
    other_legs: int = 0  # rows that report a call of the file once more
    warnings: list[str] = field(default_factory=list)  # signs that the file is not whole
    former: list[str] = field(default_factory=list)  # what other ratings of it wrote, and must not be there


def rate_file(store: Store, key: str, *, shards: int, now: datetime) -> Manifest | None:
    """Rate the inbox object `key`; None where it is gone. Raises Missing where no catalogue was ever published.

    The same content under another name is the same file: it gives the same objects.
    """
    while True:
        with engine() as (con, work):
            downloaded = store.download([key], work)
            if not downloaded:
                return None
            digest = digest_of(downloaded[0])
            pin = _pin(store, digest, key, now)
            manifest = _rate(store, con, work, downloaded[0], digest, pin, shards)
        if read_pin(store, digest) == pin:
            return manifest


def take_out(store: Store, digest: str, pin: Pin) -> Manifest:
    """Remove what a file gave that is withdrawn."""
    return _replace(store, _blank(digest, pin), read_manifest(store, digest))


def read_pin(store: Store, digest: str) -> Pin:
    """The pin of a file. Raises Missing."""
    return Pin.model_validate_json(store.get(layout.pin(digest)))


def price_pinned(store: Store, con: duckdb.DuckDBPyConnection, path: Path, pin: Pin, work: Path) -> Counted:
    """Stage 1 of the file at `path`, which may be rewritten: make kept_calls and rejects as its pin says.

    work: the scratch folder of `con`. Raises UnreadableFile.
    """
    text = make_safe(path, work, pin.name, in_place=True)
    counted = _price(store, con, text, pin, pin.catalogue, work)
    for revision in pin.revisions:
        revise(store, con, text, pin, revision, work)
    calls, rejects = len(con.table("kept_calls")), len(con.table("rejects"))
    if counted.rows_in != calls + counted.other_legs + rejects:
        raise AssertionError(
            f"{pin.name}: {counted.rows_in} rows in, but {calls} priced, {counted.other_legs} other legs and "
            f"{rejects} rejected"
        )
    return replace(counted, priced=calls, rejected=rejects)


def revise(
    store: Store, con: duckdb.DuckDBPyConnection, text: TextFile, pin: Pin, revision: Revision, work: Path
) -> None:
    """Bring kept_calls and rejects of one file, which lies in `work`, from one revision of its pin to the next."""
    with engine(allowed=[work]) as (other, scratch):
        _price(store, other, text, pin, revision.catalogue, scratch)
        for relation in ("kept_calls", "rejects"):
            path = work / f"revised-{relation}.parquet"
            other.table(relation).write_parquet(str(path))
            sql.run(con, f"rerate/revised_{relation}", path=str(path))
    accounts = None if revision.accounts is None else list(revision.accounts)
    for stage in ("rerate/taken", "rerate/kept_calls", "rerate/rejects"):
        sql.run(con, stage, period=revision.period, accounts=accounts)


def _price(store: Store, con: duckdb.DuckDBPyConnection, text: TextFile, pin: Pin, version: str, work: Path) -> Counted:
    """Stage 1 with one catalogue: make kept_calls and rejects in `con`, an engine without a catalogue so far."""
    catalogue = catalogues.load(store, con, version, work)
    prepare(con)
    counted = price_file(con, catalogue, text, Intake(source=pin.source), datetime.fromisoformat(pin.seen_at), work)
    price_calls(con, catalogue)
    for stage in ("kept_calls_table", "kept_calls"):
        sql.run(con, stage)
    return counted


def _pin(store: Store, digest: str, key: str, now: datetime) -> Pin:
    """The file's pin: the one that is there, or a new one."""
    name, folder = layout.name_and_source(key)
    version = catalogues.current_version(store)
    fresh = Pin(
        catalogue=version,
        source=folder if _is_source(store, folder, version) else "",
        name=name,
        seen_at=now.astimezone(UTC).isoformat(timespec="seconds"),
        key=key,
    )
    if store.put_if_absent(layout.pin(digest), fresh.model_dump_json().encode()):
        return fresh
    return _seen_again(store, digest, fresh)


def _seen_again(store: Store, digest: str, fresh: Pin) -> Pin:
    """The pin that is there; a new one where nothing could read the file and another catalogue is in force since: that
    may have a mapping for it."""
    stored = store.get(layout.pin(digest))
    pin = Pin.model_validate_json(stored)
    manifest = read_manifest(store, digest)
    nothing_came = bool(manifest and manifest.unreadable) and not (pin.revisions or pin.withdrawn)
    wanted = fresh.model_copy(update={"seen_at": pin.seen_at})
    if (
        nothing_came
        and pin.catalogue != fresh.catalogue
        and store.replace(layout.pin(digest), wanted.model_dump_json().encode(), stored)
    ):
        return wanted
    return read_pin(store, digest)


def _is_source(store: Store, folder: str, version: str) -> bool:
    """Whether a folder of the inbox is called as a source, or as a mapping of that catalogue."""
    return bool(source_named(folder)) or bool(folder and folder in catalogues.describe(store, version).mappings)


def _rate(
    store: Store, con: duckdb.DuckDBPyConnection, work: Path, path: Path, digest: str, pin: Pin, shards: int
) -> Manifest:
    if pin.withdrawn:
        return take_out(store, digest, pin)
    made = _blank(digest, pin)
    try:
        counted = price_pinned(store, con, path, pin, work)
    except UnreadableFile as error:
        return _record(store, replace(made, unreadable=str(error)))
    sql.run(con, "kept_objects")
    sql.run(con, "kept_shards", shards=shards)
    places = [(place["period"], place["shard"]) for place in sql.rows(con, "shard_objects")]
    made = replace(
        made,
        source=counted.source,
        rows_in=counted.rows_in,
        priced=counted.priced,
        rejected=counted.rejected,
        other_legs=counted.other_legs,
        warnings=list(counted.warnings),
        reject_reasons={row["reason"]: row["rejected"] for row in sql.rows(con, "reject_reasons")},
        objects=[layout.calls(*place, digest) for place in places]
        + ([layout.rejects(counted.source, digest)] if counted.rejected else []),
    )
    before = _announce(store, made) if pin.revisions else None
    for place in places:
        sql.run(con, "shard_calls", period=place[0], shard=place[1])
        _upload(store, con, work, "shard_calls", layout.calls(*place, digest))
    if counted.rejected:
        _upload(store, con, work, "rejects", layout.rejects(counted.source, digest))
    return _replace(store, made, before)


def _blank(digest: str, pin: Pin) -> Manifest:
    """The manifest of a file that gave nothing."""
    return Manifest(digest, pin.name, pin.source, pin.catalogue, revisions=len(pin.revisions), withdrawn=pin.withdrawn)


def _announce(store: Store, made: Manifest) -> Manifest:
    """The manifest as it was, once it says that what `made` names may be there too."""
    before = read_manifest(store, made.digest) or Manifest(made.digest, made.name, made.source, made.catalogue)
    new = set(made.objects) - {*before.objects, *before.former}
    return _record(store, replace(before, former=sorted({*before.former, *new}))) if new else before


def _replace(store: Store, made: Manifest, before: Manifest | None) -> Manifest:
    """Remove what earlier ratings wrote and this one does not; then record it."""
    former = sorted({*before.objects, *before.former} - {*made.objects}) if before else []
    for key in former:
        store.delete(key)
    return _record(store, replace(made, former=former))


def _upload(store: Store, con: duckdb.DuckDBPyConnection, work: Path, relation: str, key: str) -> None:
    path = work / "object.parquet"
    con.table(relation).write_parquet(str(path), compression="zstd")
    store.upload(path, key)


def read_manifest(store: Store, digest: str) -> Manifest | None:
    """What became of a file; None where it was not rated yet."""
    try:
        return parse_manifest(store.get(layout.manifest(digest)))
    except Missing:
        return None


def parse_manifest(stored: bytes) -> Manifest:
    return Manifest(**json.loads(stored))


def _record(store: Store, manifest: Manifest) -> Manifest:
    store.put(
        layout.manifest(manifest.digest),
        json.dumps(asdict(manifest), sort_keys=True).encode(),
        "application/json",
    )
    return manifest
