"""Catalogues in the bucket: publish what lies in rates/, and fetch a version to rate with."""

import json
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath
from tempfile import mkdtemp

import duckdb

from callmeter import layout, sql
from callmeter.catalogue.compile import (
    FILES,
    Catalogue,
    compile_catalogue,
    open_catalogue,
    read_catalogue,
    save_catalogue,
)
from callmeter.errors import BrokenCatalogue, Missing, Problem
from callmeter.ports import Store
from callmeter.rating.engine import engine


@dataclass(frozen=True)
class Published:
    """What became of the reference files: a version in force, or problems and the version that stays."""

    version: str
    problems: list[Problem] = field(default_factory=list)


def publish(store: Store) -> Published:
    """Compile rates/ into a catalogue and put it in force; where it is broken the last good one stays.

    Writes the version's files first and the pointer last, so that a pointer never leads to half a catalogue. Where
    rates/ changed meanwhile it begins again: a slow old run cannot put back what a newer one has replaced.
    """
    files = read_rates(store)
    while True:
        published = _publish(store, files)
        before, files = files, read_rates(store)
        if files == before:
            return published


def _publish(store: Store, files: dict[str, bytes]) -> Published:
    with engine() as (con, work):
        (work / "rates").mkdir()
        for key, content in files.items():
            place(key, content, work / "rates")
        try:
            catalogue = compile_catalogue(con, work / "rates", work)
        except BrokenCatalogue as broken:
            return _refuse(store, broken)
        for path in save_catalogue(con, catalogue, work / "compiled"):
            store.upload(path, layout.catalogue(catalogue.version, path.name))
    store.put(layout.CURRENT, json.dumps({"version": catalogue.version}).encode(), "application/json")
    store.delete(layout.REFUSED)
    return Published(catalogue.version)


def read_rates(store: Store) -> dict[str, bytes]:
    """The reference files by key, as they are now."""
    return {key: store.get(key) for key in store.keys(layout.RATES)}


def current_version(store: Store) -> str:
    """The version in force. Raises Missing where none was ever published."""
    try:
        return str(json.loads(store.get(layout.CURRENT))["version"])
    except Missing:
        raise Missing("no catalogue is in force yet: put operator.toml, plans.toml, decks/ into rates/") from None


def fetch(store: Store, version: str) -> Path:
    """A folder with that version's files, fetched once per process: versions never change."""
    return _fetched(version) if _is_fetched(version) else _download(store, version)


def load(store: Store, con: duckdb.DuckDBPyConnection, version: str, work: Path) -> Catalogue:
    """Open a version in `con`, whose scratch folder is `work`."""
    folder = _linked(fetch(store, version), work / f"catalogue-{version}")
    return open_catalogue(con, folder)


def describe(store: Store, version: str) -> Catalogue:
    """What a version says of operator, plans and accounts."""
    return read_catalogue(fetch(store, version))


def load_allowances(store: Store, con: duckdb.DuckDBPyConnection, versions: list[str], work: Path) -> None:
    """Empty catalogue relations in `con`, and the allowances of each of these versions."""
    sql.run(con, "catalogue/tables")
    for version in versions:
        folder = _linked(fetch(store, version), work / f"catalogue-{version}")
        con.read_parquet(str(folder / "allowances.parquet")).insert_into("allowances")


def place(key: str, content: bytes, folder: Path) -> None:
    """Write one reference file to its place; a key that would lead out of the folder is left alone."""
    parts = PurePosixPath(key.removeprefix(layout.RATES)).parts
    if not parts or ".." in parts or key.endswith("/"):
        return
    path = folder.joinpath(*parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _refuse(store: Store, broken: BrokenCatalogue) -> Published:
    problems = [asdict(problem) for problem in broken.problems]
    store.put(layout.REFUSED, json.dumps(problems).encode(), "application/json")
    try:
        return Published(current_version(store), broken.problems)
    except Missing:
        return Published("", broken.problems)


@lru_cache(maxsize=1)
def _cache() -> Path:
    return Path(mkdtemp(prefix="callmeter-catalogues-"))


def _fetched(version: str) -> Path:
    return _cache() / version


def _is_fetched(version: str) -> bool:
    return (_fetched(version) / "catalogue.json").is_file()


def _download(store: Store, version: str) -> Path:
    folder = _fetched(version)
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:  # catalogue.json last: where it is, the others are
        (folder / name).write_bytes(store.get(layout.catalogue(version, name)))
    return folder


def _linked(folder: Path, place: Path) -> Path:
    """The folder's files inside an engine's scratch folder, which is all that it may read."""
    place.mkdir(exist_ok=True)
    for name in FILES:
        target = place / name
        if not target.exists():
            target.hardlink_to(folder / name)
    return place
