"""Asks for one window after the other, writes files, and only then moves the cursor.

done            every call that began before `done_until` less the look-back is in the inbox
pass            from there to now; its windows in order, each written before `resume_at` moves behind it
killed          the next run goes on at `resume_at`: it writes the same files again, which are there
one that fails  is told of; the others are asked for all the same, and the next run begins with it
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, NamedTuple, Protocol

from callmeter import layout
from callmeter.errors import CallmeterError
from callmeter.ports import Leases
from callmeter.pulls.port import Fetcher, Record, Window
from callmeter.pulls.settings import Pull

LEASE_SECONDS = 900  # as long as a function may run
_FAILURES = 2  # of windows, after which a pull is left alone until its next run


class Cursor(NamedTuple):
    """How far a pull is. resume_at: where the pass that is under way goes on; None: none is."""

    done_until: datetime | None = None
    resume_at: datetime | None = None


class Cursors(Protocol):
    """How far each pull is, by its name. `done_until` never goes back."""

    def read(self, name: str) -> Cursor: ...
    def write(self, name: str, cursor: Cursor) -> None: ...


class Inbox(Protocol):
    """Where files go: the bucket, or a folder."""

    def keys(self, prefix: str) -> list[str]: ...
    def put_if_absent(self, key: str, body: bytes) -> bool: ...


@dataclass
class Pulled:
    """What became of one pull. unchanged: files that were there already; unfinished: the next run goes on."""

    name: str
    source: str
    records: int = 0
    files: int = 0
    unchanged: int = 0
    unfinished: bool = False
    problems: list[str] = field(default_factory=list)


def is_due(pull: Pull, cursor: Cursor, now: datetime) -> bool:
    """Whether it is time; a little early counts, since runs never come to the second."""
    if cursor.done_until is None or cursor.resume_at:
        return True
    return now - cursor.done_until >= pull.every - min(pull.every / 10, timedelta(minutes=5))


def run_pull(
    pull: Pull,
    make: Callable[[], Fetcher],
    inbox: Inbox,
    cursors: Cursors,
    leases: Leases,
    owner: str,
    now: datetime,
    *,
    has_time: Callable[[], bool] = lambda: True,
    anyway: bool = False,
    since: datetime | None = None,
) -> Pulled | None:
    """One run of one pull, by one runner at a time; None where it is not due, or another is at it.

    anyway: due or not. since: ask from there, once, whatever the cursor says, and leave it as it is. What goes wrong is
    among the problems, never raised.
    """
    lease = f"pull#{pull.name}"
    try:
        if not leases.take(lease, owner, now, LEASE_SECONDS):
            return None
        try:
            cursor = cursors.read(pull.name)
            if not (anyway or since or is_due(pull, cursor, now)):
                return None
            if since:
                return pull_windows(pull, make(), inbox, since, now, has_time)
            return _pass(pull, make(), inbox, cursors, cursor, now, has_time)
        finally:
            leases.give_back(lease, owner)
    except CallmeterError as error:
        return Pulled(pull.name, pull.source, problems=[str(error)])


def _pass(
    pull: Pull,
    fetcher: Fetcher,
    inbox: Inbox,
    cursors: Cursors,
    cursor: Cursor,
    now: datetime,
    has_time: Callable[[], bool],
) -> Pulled:
    """A pass, or the rest of the one before."""
    since = cursor.resume_at or (cursor.done_until or now) - pull.look_back

    def done(window: Window) -> None:
        cursors.write(pull.name, Cursor(cursor.done_until, min(window.ends_at, now)))

    pulled = pull_windows(pull, fetcher, inbox, since, now, has_time, done)
    if not pulled.problems and not pulled.unfinished:
        cursors.write(pull.name, Cursor(now))
    return pulled


def pull_windows(
    pull: Pull,
    fetcher: Fetcher,
    inbox: Inbox,
    since: datetime,
    until: datetime,
    has_time: Callable[[], bool] = lambda: True,
    done: Callable[[Window], None] = lambda _: None,
) -> Pulled:
    """Ask for every window, oldest first. done: told of each that is written, up to the first that failed."""
    pulled = Pulled(pull.name, pull.source)
    for window in fetcher.windows(since, until):
        if not has_time():
            pulled.unfinished = True
            break
        try:
            _pull_window(pull, fetcher, inbox, window, pulled)
        except CallmeterError as error:
            pulled.problems.append(f"{window.label}: {error}")
            if len(pulled.problems) >= _FAILURES:
                break
        else:
            if not pulled.problems:
                done(window)
    return pulled


def _pull_window(pull: Pull, fetcher: Fetcher, inbox: Inbox, window: Window, pulled: Pulled) -> None:
    """All records of a window first, then its files: a window that breaks off writes nothing."""
    with _cut(fetcher.fetch(window), window.label) as pieces:
        prefixes = {f"{layout.INBOX}{pull.source}/pull-{hour[:10]}" for hour, _ in pieces}
        there = {key for prefix in prefixes for key in inbox.keys(prefix)}
        for hour, path in pieces:
            lines = sorted(path.read_bytes().splitlines(keepends=True))
            body = fetcher.header + b"".join(lines)
            digest = hashlib.sha256(body).hexdigest()[:16]
            key = f"{layout.INBOX}{pull.source}/pull-{hour}-{digest}{fetcher.suffix}"
            new = key not in there and inbox.put_if_absent(key, body)
            pulled.records += len(lines)
            pulled.files += new
            pulled.unchanged += not new


@contextmanager
def _cut(records: Iterable[Record], otherwise: str) -> Iterator[list[tuple[str, Path]]]:
    """A file for each hour's records, by hour. otherwise: the label of those whose hour is unknown."""
    with TemporaryDirectory(prefix="callmeter-pull-") as folder:
        files: dict[str, IO[bytes]] = {}
        try:
            for one in records:
                hour = one.hour or otherwise
                if hour not in files:
                    files[hour] = (Path(folder) / hour).open("wb")
                files[hour].write(one.line + b"\n")
        finally:
            for file in files.values():
                file.close()
        yield [(hour, Path(folder) / hour) for hour in sorted(files)]
