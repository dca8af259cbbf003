"""The DuckDB connection that rates: locked down to the folders and files it was given."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from callmeter import sql


@contextmanager
def engine(*, allowed: Iterable[Path] = (), memory: str = "") -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    """A fresh connection and the scratch folder it may use; both are gone afterwards.

    allowed: files and folders outside the scratch folder that may be read or written. Nothing else is
    reachable: no other file, no network, no extension, and no setting can be changed.
    """
    with TemporaryDirectory(prefix="callmeter-") as folder:
        work = Path(folder)
        config = {
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "temp_directory": str(work / "spill"),
            "threads": str(os.cpu_count() or 1),
        }
        if memory:
            config["memory_limit"] = memory
        with duckdb.connect(config=dict(config)) as con:
            places = [path.resolve() for path in allowed]
            con.execute("set TimeZone = 'UTC'")
            con.execute("set asof_loop_join_threshold = 0")  # a small estimate that is wrong would cost hours
            con.execute("set allowed_directories = $folders", {"folders": _folders([work, *places])})
            con.execute("set allowed_paths = $files", {"files": [str(path) for path in places if not path.is_dir()]})
            con.execute("set enable_external_access = false")
            con.execute("set lock_configuration = true")
            sql.run(con, "types")
            yield con, work


def _folders(paths: Iterable[Path]) -> list[str]:
    return [f"{path.resolve()}/" for path in paths if path.is_dir()]
