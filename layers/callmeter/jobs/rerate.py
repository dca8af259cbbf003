"""Rate files again on purpose: with a newer catalogue, or no more at all. What `rerate` and `withdraw` do.

The stages, in order. Nothing before `apply` writes, and all of it may be repeated:

    candidates   the files whose outcome a change may touch
    preview      what the change does, call by call and in sums
    apply        the change goes into the files' pins, and a message to `rate` follows each
    unfinished   the files that `rate` is not done with

A change is a function of pins. The next run of `bill` finds the calls changed, and bills the difference.
"""

from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import duckdb

from callmeter import layout, sql
from callmeter.errors import Missing, UnreadableFile, UsageError
from callmeter.jobs import catalogues
from callmeter.jobs.rate_file import (
    Manifest,
    Pin,
    Revision,
    parse_manifest,
    price_pinned,
    read_manifest,
    revise,
    take_out,
)
from callmeter.periods import labelled
from callmeter.ports import Store
from callmeter.rating.engine import engine
from callmeter.rating.stages import settle, take_kept_calls
from callmeter.sources.text import digest_of, make_safe

MENDABLE = ("unknown-account", "no-rate", "bad-number")  # reasons that another catalogue may do away with
SHORTEST_DIGEST = 6
EXAMPLES = 20  # changes that are shown one by one

Change = Callable[[Pin], Pin]
Read = TypeVar("Read")


class Gone(Missing):
    """A file that would have to be rated again is not in the inbox any more, or has become another."""


@dataclass(frozen=True)
class RatedFile:
    """A file as it was rated: its pin, and its manifest where it has one already."""

    digest: str
    pin: Pin
    manifest: Manifest | None
    key: str = ""  # where it lies in the inbox now; "" where it is gone

    @property
    def behind(self) -> bool:
        """Whether it still has to be rated as its pin says."""
        made = self.manifest
        return made is None or (made.revisions, made.withdrawn) != (len(self.pin.revisions), self.pin.withdrawn)


@dataclass(frozen=True)
class ChangedCall:
    """One call before and after; status is the reason of a reject, or of nothing at all "". Charges are full prices."""

    file: str
    line: int
    reason: str
    call_id: str
    started_at: datetime
    from_number: str
    to_number: str
    account_before: str | None
    account_after: str | None
    period_before: str | None
    period_after: str | None
    destination_before: str | None
    destination_after: str | None
    rate_before: Decimal | None
    rate_after: Decimal | None
    charge_before: Decimal | None
    charge_after: Decimal | None
    currency_before: str | None
    currency_after: str | None
    status_before: str
    status_after: str


@dataclass(frozen=True)
class Effect:
    """What changes of one reason come to for an account and period, at full prices."""

    account_id: str
    period: str
    reason: str
    currency: str
    calls: int
    before: Decimal
    after: Decimal


@dataclass(frozen=True)
class Settled:
    """What an account's calls of a period come to, allowances taken, before and after."""

    account_id: str
    period: str
    currency: str
    before: Decimal
    after: Decimal


@dataclass(frozen=True)
class Preview:
    """What a change does. files: those it touches. absent: files that would have to be rated again, and are gone."""

    looked_at: int
    files: tuple[RatedFile, ...]
    absent: tuple[str, ...]
    changes: int
    examples: tuple[ChangedCall, ...]
    effects: tuple[Effect, ...]
    settled: tuple[Settled, ...]

    @property
    def difference(self) -> dict[str, Decimal]:
        """By currency: what the next bills come to more, or less where below zero."""
        found: dict[str, Decimal] = {}
        for one in self.settled:
            found[one.currency] = found.get(one.currency, Decimal(0)) + one.after - one.before
        return found


def rerated(revision: Revision) -> Change:
    """Rate again as `revision` says; a file that was already is left as it is."""

    def change(pin: Pin) -> Pin:
        done = pin.revisions[-1:] == (revision,)
        return pin if done else pin.model_copy(update={"revisions": (*pin.revisions, revision)})

    return change


def withdrawn(pin: Pin) -> Pin:
    """Its calls count no more."""
    return pin.model_copy(update={"withdrawn": True})


def restored(pin: Pin) -> Pin:
    """Its calls count again."""
    return pin.model_copy(update={"withdrawn": False})


def candidates(store: Store, period: str) -> list[RatedFile]:
    """Files with calls of the period, and files with rejects that may be calls of it with another catalogue.

    Of all shards: a number that moved leaves its calls with another account than the one that it belongs to now.
    """
    with_calls = {_digest(key) for key in _of_period(store, period)}
    with_rejects = {_digest(key) for key in store.keys(layout.REJECTS)}
    found = read_files(store, sorted(with_calls | with_rejects))
    return [one for one in found if one.digest in with_calls or _may_be_of(period, one)]


def find(store: Store, name: str) -> RatedFile:
    """The file of that inbox key, or of that digest or its beginning. Raises UsageError."""
    if name.startswith(layout.INBOX):
        found = _at(store, name)
    else:
        found = read_files(store, _pinned(store, name.lower()) if len(name) >= SHORTEST_DIGEST else [])
    if len(found) == 1:
        return found[0]
    what = f"{len(found)} files are called so" if found else "no such file was rated"
    raise UsageError(f'"{name}": {what}; name its key (inbox/…), or its digest, {SHORTEST_DIGEST} characters at least')


def _at(store: Store, key: str) -> list[RatedFile]:
    """The file that lies at an inbox key; where it is gone, those that lay there when they were first seen."""
    with TemporaryDirectory(prefix="callmeter-") as folder:
        there = [digest_of(path) for path in store.download([key], Path(folder))]
    if there:
        return read_files(store, there)
    return [one for one in read_files(store, _pinned(store)) if one.pin.key == key]


def _pinned(store: Store, beginning: str = "") -> list[str]:
    """The digests of all files that were seen, or of those that begin so."""
    return [_digest(key) for key in store.keys(layout.pin(beginning).removesuffix(".json"))]


def read_files(store: Store, digests: Sequence[str]) -> list[RatedFile]:
    """Pins and manifests of these files, in order; those without a pin are left out."""
    pins = _read_all(store, [layout.pin(digest) for digest in digests], Pin.model_validate_json)
    manifests = _read_all(store, [layout.manifest(digest) for digest in digests], parse_manifest)
    found = [
        RatedFile(digest, pins[layout.pin(digest)], manifests.get(layout.manifest(digest)))
        for digest in digests
        if layout.pin(digest) in pins
    ]
    return _with_keys(store, found)


def preview(
    store: Store,
    files: Sequence[RatedFile],
    change: Change,
    *,
    out: Path | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Preview:
    """What `change` does to these files. out: where to write every changed call, CSV. progress: files done so far."""
    touched, absent = [], []
    outputs = [out, _part(out)] if out else []
    with engine(allowed=outputs) as (con, work):
        for stage in ("rerate/changes_table", "rerate/touched_table"):
            sql.run(con, stage)
        after_calls = work / "after"
        after_calls.mkdir()
        for number, file in enumerate(files):
            with TemporaryDirectory(dir=work) as folder:
                try:
                    if _compare(store, con, file, change(file.pin), Path(folder), work):
                        touched.append(file)
                        sql.run(con, "kept_objects")
                        con.view("kept_objects").write_parquet(str(after_calls / f"{file.digest}.parquet"))
                except Gone:
                    absent.append(file.pin.name)
            progress(number + 1)
        settled = _settled(store, con, {file.digest for file in touched}, after_calls)
        if out:
            _write_csv(con, out)
        return Preview(
            looked_at=len(files),
            files=tuple(touched),
            absent=tuple(absent),
            changes=len(con.table("changes")),
            examples=tuple(ChangedCall(**row) for row in sql.rows(con, "rerate/examples", shown=EXAMPLES)),
            effects=tuple(Effect(**row) for row in sql.rows(con, "rerate/effects")),
            settled=settled,
        )


def apply(store: Store, files: Iterable[RatedFile], change: Change, rate: Callable[[str], object]) -> list[RatedFile]:
    """Revise the files' pins and have each rated: `rate` is told its inbox key. The files as they are to be now.

    A pin that another revised meanwhile keeps that revision too. A file that is withdrawn need not be there any more.
    """
    done = []
    for file in files:
        pin = _revise_pin(store, file.digest, change)
        done.append(RatedFile(file.digest, pin, file.manifest, file.key))
        if pin.withdrawn:
            take_out(store, file.digest, pin)
        else:
            rate(file.key)
    return done


def unfinished(store: Store, files: Iterable[RatedFile]) -> list[RatedFile]:
    """Those of the files that `rate` has not rated yet as their pins say."""
    again = (RatedFile(one.digest, one.pin, read_manifest(store, one.digest), one.key) for one in files)
    return [one for one in again if one.behind]


def standing(store: Store) -> dict[str, Any]:
    """How the files stand: counted by their keys; those that gave nothing are looked at, whether they were readable."""
    seen, rated = set(_pinned(store)), {_digest(key) for key in store.keys(layout.manifest("").removesuffix(".json"))}
    gave = {_digest(key) for prefix in (layout.CALLS, layout.REJECTS) for key in store.keys(prefix)}
    empty = read_files(store, sorted(rated - gave))
    unreadable = [(one.pin.name, one.manifest.unreadable) for one in empty if one.manifest and one.manifest.unreadable]
    runs = store.keys(layout.report(datetime.now(UTC)).partition("bill-")[0] + "bill-")
    return {
        "files": {
            "inbox": len(store.keys(layout.INBOX)),
            "seen": len(seen),
            "rated": len(rated),
            "unreadable": len(unreadable),
            "withdrawn": sum(one.pin.withdrawn for one in empty),
        },
        "unreadable": dict(sorted(unreadable)[:EXAMPLES]),
        "last_bill": PurePosixPath(runs[-1]).stem.removeprefix("bill-") if runs else "",
    }


def _revise_pin(store: Store, digest: str, change: Change) -> Pin:
    while True:
        stored = store.get(layout.pin(digest))
        pin = Pin.model_validate_json(stored)
        wanted = change(pin)
        if wanted == pin or store.replace(layout.pin(digest), wanted.model_dump_json().encode(), stored):
            return wanted


def _compare(
    store: Store, con: duckdb.DuckDBPyConnection, file: RatedFile, wanted: Pin, folder: Path, work: Path
) -> bool:
    """Add what becomes another in one file to `changes` and `touched`; whether anything does. Leaves its calls as they
    will be in kept_calls. Raises Gone."""
    for stage in ("kept_calls_table", "rejected_table"):
        sql.run(con, stage)
    _load(store, con, file, folder)
    for stage in ("rerate/calls_before", "rerate/rejects_before"):
        sql.run(con, stage)
    if wanted.withdrawn:
        for stage in ("kept_calls_table", "rejected_table"):
            sql.run(con, stage)
    elif wanted != file.pin:
        _rate(store, con, file, wanted, folder, work)
    sql.run(con, "rerate/compared", digest=file.digest, file=file.pin.name)
    for stage in ("rerate/changes_add", "rerate/touched_add"):
        sql.run(con, stage)
    return bool(con.table("compared").limit(1).fetchall())


def _load(store: Store, con: duckdb.DuckDBPyConnection, file: RatedFile, folder: Path) -> None:
    """Put a file's calls and rejects into kept_calls and rejects, as they are in the bucket."""
    objects = file.manifest.objects if file.manifest else []
    for relation, wanted in (("kept_calls", True), ("rejects", False)):
        keys = [key for key in objects if key.startswith(layout.CALLS) is wanted]
        for path in store.download(keys, folder / relation):
            if wanted:
                sql.run(con, "rerate/kept_calls_load", path=str(path))
            else:
                con.read_parquet(str(path)).insert_into(relation)


def _rate(store: Store, con: duckdb.DuckDBPyConnection, file: RatedFile, wanted: Pin, folder: Path, work: Path) -> None:
    """Bring kept_calls and rejects from the file's pin to the one wanted."""
    path = _fetch(store, file, folder)
    if file.pin.withdrawn:
        with engine(allowed=[work]) as (other, scratch):
            price_pinned(store, other, path.rename(scratch / path.name), wanted, scratch)
            for relation in ("kept_calls", "rejects"):
                moved = folder / f"{relation}.parquet"
                other.table(relation).write_parquet(str(moved))
                con.read_parquet(str(moved)).insert_into(relation)
        return
    try:
        text = make_safe(path, folder, wanted.name, in_place=True)
        for revision in wanted.revisions[len(file.pin.revisions) :]:
            revise(store, con, text, wanted, revision, folder)
    except UnreadableFile:
        return  # it has no calls, and will have none


def _fetch(store: Store, file: RatedFile, folder: Path) -> Path:
    """The file itself. Raises Gone."""
    for path in store.download([file.key] if file.key else [], folder / "inbox"):
        if digest_of(path) == file.digest:
            return path
    raise Gone(f"{file.pin.name} is not in the inbox any more, or is another file now")


def _settled(store: Store, con: duckdb.DuckDBPyConnection, digests: Set[str], after_calls: Path) -> tuple[Settled, ...]:
    """What the touched accounts' periods come to, before and after: stage 2 of all their calls."""
    touched = sql.rows(con, "rerate/touched_accounts")
    periods = sorted({row["period"] for row in touched})
    accounts = sorted({row["account_id"] for row in touched})
    keys = [key for period in periods for key in _of_period(store, period)]
    with TemporaryDirectory(prefix="callmeter-") as name, engine(allowed=[Path(name), after_calls]) as (con, work):
        paths = store.download(keys, Path(name))
        stay = [path for path in paths if _digest(_key_of(path, keys)) not in digests]
        new = [after_calls / f"{digest}.parquet" for digest in sorted(digests)]
        before = _charges(store, con, work, paths, accounts, periods)
        after = _charges(store, con, work, [*stay, *new], accounts, periods)
    places = sorted(before.keys() | after.keys())
    zero = Decimal(0)
    return tuple(Settled(*place, before=before.get(place, zero), after=after.get(place, zero)) for place in places)


def _charges(
    store: Store,
    con: duckdb.DuckDBPyConnection,
    work: Path,
    paths: Sequence[Path],
    accounts: Sequence[str],
    periods: Sequence[str],
) -> dict[tuple[str, str, str], Decimal]:
    """(account, period, currency) -> the charge of these objects' calls."""
    sql.run(con, "kept_calls_table")
    for path in paths:
        sql.run(con, "rerate/kept_calls_add", path=str(path), accounts=accounts, periods=periods)
    take_kept_calls(con)
    versions = [row["catalogue"] for row in sql.rows(con, "catalogues_used")]
    catalogues.load_allowances(store, con, versions, work)
    settle(con, within_period=True)
    rows = sql.rows(con, "account_totals")
    return {(row["account_id"], row["period"], row["currency"]): row["charge"] for row in rows}


def _may_be_of(period: str, file: RatedFile) -> bool:
    """Whether a file's rejects may be calls of the period: they may be mended, and it did not come before them."""
    reasons = file.manifest.reject_reasons if file.manifest else {}
    first = labelled(period, "Etc/GMT-14", 1).starts_at - timedelta(days=1)
    return datetime.fromisoformat(file.pin.seen_at) >= first and any(reason in reasons for reason in MENDABLE)


def _with_keys(store: Store, files: list[RatedFile]) -> list[RatedFile]:
    """The files with the keys that they have in the inbox now: their own, else one of the same name."""
    keys = store.keys(layout.INBOX) if files else []
    there = set(keys)
    by_name = {layout.name_and_source(key)[0]: key for key in keys}
    return [
        RatedFile(
            one.digest, one.pin, one.manifest, one.pin.key if one.pin.key in there else by_name.get(one.pin.name, "")
        )
        for one in files
    ]


def _read_all(store: Store, keys: Sequence[str], parse: Callable[[bytes], Read]) -> dict[str, Read]:
    """Key -> what it holds, of those that are there."""
    with TemporaryDirectory(prefix="callmeter-") as folder:
        return {_key_of(path, keys): parse(path.read_bytes()) for path in store.download(keys, Path(folder))}


def _key_of(path: Path, keys: Sequence[str]) -> str:
    """Of the keys that were downloaded, that of this file."""
    return keys[int(path.name.partition("-")[0])]


def _of_period(store: Store, period: str) -> list[str]:
    """The objects with calls of a period, of all shards."""
    return store.keys(layout.calls(period, "").removesuffix("shard=/"))


def _write_csv(con: duckdb.DuckDBPyConnection, out: Path) -> None:
    """Write every change, in the order of files and lines; a reader never sees half a file."""
    sql.run(con, "rerate/changes_shown")
    part = _part(out)
    con.table("changes_shown").write_csv(str(part.resolve()), header=True, timestamp_format="%Y-%m-%dT%H:%M:%SZ")
    part.replace(out)


def _part(path: Path) -> Path:
    return path.parent / f".{path.name}.part"


def _digest(key: str) -> str:
    """The digest in a key: of a pin, calls or rejects."""
    return PurePosixPath(key).stem
