"""Files rated and rated again, over a store in memory: what tests of reratings share.

here = Here()
first = here.publish(write_rates(tmp_path, accounts=…))
digest = here.rate("monday.csv", text)
here.lines(digest)      # line -> what became of it: a call, or a reject's reason
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import md5, sha256
from pathlib import Path
from typing import Any

import duckdb

from callmeter import layout
from callmeter.errors import Missing
from callmeter.jobs import catalogues
from callmeter.jobs.rate_file import Manifest, parse_manifest, rate_file

SHARDS = 4
NOW = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)


class Killed(BaseException):
    """The process is dead."""


class MemoryStore:
    """Objects in a dict: the port Store. The write numbered `last` (from 1) is the last one that is done."""

    def __init__(self, objects: dict[str, bytes] | None = None) -> None:
        self.objects = dict(objects or {})
        self.writes, self.last = 0, 0

    def get(self, key: str) -> bytes:
        if key not in self.objects:
            raise Missing(key)
        return self.objects[key]

    def put(self, key: str, body: bytes, content_type: str = "") -> None:  # noqa: ARG002
        self._write()
        self.objects[key] = body

    def put_if_absent(self, key: str, body: bytes) -> bool:
        if key not in self.objects:
            self.put(key, body)
            return True
        return False

    def replace(self, key: str, body: bytes, expected: bytes) -> bool:
        if self.get(key) == expected:
            self.put(key, body)
        return self.get(key) == body

    def upload(self, path: Path, key: str) -> None:
        self.put(key, path.read_bytes())

    def download(self, keys: Iterable[str], folder: Path) -> list[Path]:
        folder.mkdir(parents=True, exist_ok=True)
        found = []
        for number, key in enumerate(keys):
            if key in self.objects:
                found.append(folder / f"{number:05d}-{key.rpartition('/')[2]}")
                found[-1].write_bytes(self.objects[key])
        return found

    def keys(self, prefix: str) -> list[str]:
        return sorted(key for key in self.objects if key.startswith(prefix))

    def tags(self, prefix: str) -> dict[str, str]:
        return {key: md5(self.objects[key], usedforsecurity=False).hexdigest() for key in self.keys(prefix)}

    def delete(self, key: str) -> None:
        self._write()
        self.objects.pop(key, None)

    def link(self, key: str, seconds: int, file_name: str) -> str:  # noqa: ARG002
        return key

    def _write(self) -> None:
        if self.last and self.writes == self.last:
            raise Killed
        self.writes += 1


@dataclass
class Here:
    """A store with files and catalogues."""

    store: MemoryStore = field(default_factory=MemoryStore)

    def publish(self, rates: Path) -> str:
        """Put a rates folder into force; its version."""
        for key in self.store.keys(layout.RATES):
            self.store.delete(key)
        for path in rates.rglob("*"):
            if path.is_file():
                self.store.put(layout.RATES + path.relative_to(rates).as_posix(), path.read_bytes())
        published = catalogues.publish(self.store)
        assert not published.problems
        return published.version

    def rate(self, name: str, text: str, now: datetime = NOW) -> str:
        """Drop a file and rate it; its digest."""
        self.store.put(layout.INBOX + name, text.encode())
        self.rate_key(layout.INBOX + name, now)
        return sha256(text.encode()).hexdigest()

    def rate_key(self, key: str, now: datetime = NOW) -> Manifest | None:
        return rate_file(self.store, key, shards=SHARDS, now=now)

    def manifest(self, digest: str) -> Manifest:
        return parse_manifest(self.store.get(layout.manifest(digest)))

    def outcome(self) -> dict[str, bytes]:
        """All calls and rejects, as they are stored."""
        return {key: body for key, body in self.store.objects.items() if key.startswith((layout.CALLS, layout.REJECTS))}

    def lines(self, digest: str, folder: Path) -> dict[int, Any]:
        """Line -> its call as a dict, or its reject's reason."""
        keys = [key for key in self.outcome() if digest in key]
        found: dict[int, Any] = {}
        for key, path in zip(keys, self.store.download(keys, folder), strict=True):
            for row in _rows(path):
                if row.get("kept_in") != row.get("period"):
                    continue  # it is kept with the period next to its own, too
                assert row["line"] not in found, "a line twice"
                found[row["line"]] = row if key.startswith(layout.CALLS) else row["reason"]
        return found


def _rows(path: Path) -> list[dict[str, Any]]:
    with duckdb.connect() as con:
        found = con.read_parquet(str(path), hive_partitioning=False)
        return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]
