"""What became of the files: their manifests, read without knowing their names."""

import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from callmeter import layout
from callmeter.ports import Store


def files_with_rejects(store: Store) -> list[str]:
    """The digests of the files that have rejects, sorted."""
    return sorted({Path(key).stem for key in store.keys(layout.REJECTS)})


def rejected_rows(store: Store, digests: Sequence[str]) -> dict[str, int]:
    """reason -> rows that lie in the rejects of these files."""
    found: dict[str, int] = {}
    with TemporaryDirectory(prefix="callmeter-manifests-") as folder:
        for path in store.download([layout.manifest(digest) for digest in digests], Path(folder)):
            for reason, rows in json.loads(path.read_bytes())["reject_reasons"].items():
                found[reason] = found.get(reason, 0) + rows
    return found
