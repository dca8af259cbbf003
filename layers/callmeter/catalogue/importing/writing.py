"""Rows of a deck -> the file rates/decks/NAME.csv, whole or not at all."""

import csv
import os
from io import StringIO
from pathlib import Path
from tempfile import NamedTemporaryFile

from callmeter.catalogue.importing.deck import COLUMNS, DeckRow


def deck_text(rows: list[DeckRow]) -> str:
    """The deck as CSV: rate, the prefix or destination, and the columns that any row uses."""
    used = [at for at, name in enumerate(COLUMNS) if name == "rate" or any(row[at] for row in rows)]
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([COLUMNS[at] for at in used])
    writer.writerows([row[at] for at in used] for row in rows)
    return out.getvalue()


def write_deck(rows: list[DeckRow], path: Path) -> None:
    """Put the deck in its place in one step: a reader sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("w", encoding="utf-8", newline="", dir=path.parent, suffix=".tmp", delete=False) as file:
        draft = Path(file.name)
        try:
            file.write(deck_text(rows))
            file.flush()
            os.fsync(file.fileno())
            draft.chmod(0o644)
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
