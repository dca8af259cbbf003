"""What a period's calls would have cost with another deck. Nothing is written: changes go to a store that forgets."""

from collections.abc import Callable, Iterable
from pathlib import Path

from callmeter import layout
from callmeter.errors import BrokenCatalogue, Missing, UsageError
from callmeter.jobs import catalogues
from callmeter.jobs.rate_file import Revision
from callmeter.jobs.rerate import Preview, candidates, preview, rerated
from callmeter.ports import Store


class Trying:
    """A store as it would be with some objects more, which are kept in memory: the port Store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._changed: dict[str, bytes | None] = {}  # None: removed

    def get(self, key: str) -> bytes:
        if key not in self._changed:
            return self._store.get(key)
        body = self._changed[key]
        if body is None:
            raise Missing(f"{key}: it is not there")
        return body

    def put(self, key: str, body: bytes, content_type: str = "application/octet-stream") -> None:  # noqa: ARG002
        self._changed[key] = body

    def put_if_absent(self, key: str, body: bytes) -> bool:
        absent = key not in self.tags(key)
        if absent:
            self.put(key, body)
        return absent

    def replace(self, key: str, body: bytes, expected: bytes) -> bool:
        if self.get(key) == expected:
            self.put(key, body)
        return self.get(key) == body

    def upload(self, path: Path, key: str) -> None:
        self.put(key, path.read_bytes())

    def download(self, keys: Iterable[str], folder: Path) -> list[Path]:
        """Only what nobody changed: files, manifests and calls."""
        return self._store.download(keys, folder)

    def keys(self, prefix: str) -> list[str]:
        return list(self.tags(prefix))

    def tags(self, prefix: str) -> dict[str, str]:
        changed = {key: "changed" for key, body in self._changed.items() if body is not None and key.startswith(prefix)}
        there = {key: tag for key, tag in self._store.tags(prefix).items() if key not in self._changed}
        return dict(sorted({**there, **changed}.items()))

    def delete(self, key: str) -> None:
        self._changed[key] = None

    def link(self, key: str, seconds: int, file_name: str) -> str:
        return self._store.link(key, seconds, file_name)


def simulate(
    store: Store,
    deck: str,
    content: bytes,
    period: str,
    *,
    out: Path | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Preview:
    """What a period's calls would cost with `content` as the deck of that name, and all else of rates/ as it is now.

    Compared with what they were rated at. Raises UsageError where there is no such deck, BrokenCatalogue.
    """
    key = f"{layout.RATES}decks/{deck}.csv"
    decks = [Path(one).stem for one in store.keys(f"{layout.RATES}decks/")]
    if deck not in decks:
        raise UsageError(f'there is no deck "{deck}" that this one could replace; the decks are: {", ".join(decks)}')
    trying = Trying(store)
    trying.put(key, content)
    published = catalogues.publish(trying)
    if published.problems:
        raise BrokenCatalogue(published.problems)
    change = rerated(Revision(catalogue=published.version, period=period))
    return preview(trying, candidates(trying, period), change, out=out, progress=progress)
