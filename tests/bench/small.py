"""A small file, from the start of the job to its Parquet written, in a process that has done it before.

`python -m bench.small FOLDER` publishes the folder's catalogue, rates each file of its inbox, and prints the seconds
that each took as JSON. The folder stands for the bucket: the network is no part of this.
"""

import hashlib
import json
import shutil
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from bench.processes import answer
from bench.results import Result
from bench.setting import SEED, Setting
from callmeter import layout
from callmeter.errors import Missing
from callmeter.jobs import catalogues
from callmeter.jobs.rate_file import rate_file
from callmeter.local.sample import write_bench

GOAL = 150  # ms
WARMING = 3  # files that do not count
_NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


class FolderStore:
    """Objects as files of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, key: str) -> bytes:
        try:
            return (self.folder / key).read_bytes()
        except FileNotFoundError:
            raise Missing(key) from None

    def put(self, key: str, body: bytes, content_type: str = "application/octet-stream") -> None:  # noqa: ARG002
        self._place(key).write_bytes(body)

    def put_if_absent(self, key: str, body: bytes) -> bool:
        try:
            with self._place(key).open("xb") as file:
                file.write(body)
        except FileExistsError:
            return False
        return True

    def replace(self, key: str, body: bytes, expected: bytes) -> bool:
        if self.get(key) not in (body, expected):
            return False
        self.put(key, body)
        return True

    def upload(self, path: Path, key: str) -> None:
        shutil.copyfile(path, self._place(key))

    def download(self, keys: Iterable[str], folder: Path) -> list[Path]:
        found = []
        for number, key in enumerate(keys):
            if (self.folder / key).is_file():
                found.append(Path(shutil.copyfile(self.folder / key, folder / f"{number}-{Path(key).name}")))
        return found

    def keys(self, prefix: str) -> list[str]:
        every = (path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file())
        return sorted(key for key in every if key.startswith(prefix))

    def tags(self, prefix: str) -> dict[str, str]:
        return {key: hashlib.md5(self.get(key), usedforsecurity=False).hexdigest() for key in self.keys(prefix)}

    def delete(self, key: str) -> None:
        (self.folder / key).unlink(missing_ok=True)

    def link(self, key: str, seconds: int, file_name: str) -> str:
        return f"{(self.folder / key).as_uri()}?seconds={seconds}&name={file_name}"

    def _place(self, key: str) -> Path:
        path = self.folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def measure(setting: Setting) -> list[Result]:
    bucket = setting.work / "bucket"
    count, calls = setting.small_runs + WARMING, setting.small_file
    setting.tell(f"writing {count} files of {calls:,} calls")
    write_bench(
        setting.work / "calls.csv",
        bucket / layout.RATES,
        calls=calls * count,
        prefixes=setting.prefixes,
        seed=SEED,
        accounts=setting.accounts,
    )
    _cut(setting.work / "calls.csv", bucket / layout.INBOX, calls)
    setting.tell(f"rating {count} files of {calls:,} calls")
    milliseconds = [seconds * 1000 for seconds in answer("bench.small", bucket)[WARMING:]]
    what = f"a file of {calls:,} calls, {setting.prefixes:,} prefixes, {setting.accounts:,} accounts, warm"
    return [Result(what, "ms", milliseconds, GOAL)]


def _cut(calls: Path, inbox: Path, size: int) -> None:
    """A file of so many lines each, with the header, into the inbox."""
    inbox.mkdir(parents=True, exist_ok=True)
    with calls.open(encoding="utf-8") as lines:
        header, number = next(lines), 0
        while part := list(islice(lines, size)):
            (inbox / f"{number:03}.csv").write_text(header + "".join(part), encoding="utf-8")
            number += 1


def main() -> None:
    store = FolderStore(Path(sys.argv[1]))
    published = catalogues.publish(store)
    if published.problems:
        raise AssertionError(published.problems)
    seconds = []
    for key in store.keys(layout.INBOX):
        started = time.perf_counter()
        manifest = rate_file(store, key, shards=16, now=_NOW)
        seconds.append(time.perf_counter() - started)
        if not manifest or manifest.rejected or not manifest.priced:
            raise AssertionError(f"{key} was not rated whole: {manifest}")
    json.dump(seconds, sys.stdout)


if __name__ == "__main__":
    main()
