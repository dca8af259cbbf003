"""What all readers of a foreign deck's cells share: what could not be read, where a text first stood, names."""

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

from callmeter.catalogue.importing.sheets import Record

T = TypeVar("T")


class Unread(Exception):
    """A cell that could not be read, or a column that could not be decided: what happened and what to do.

    where: the cell that shows it, if another than the one being read.
    """

    def __init__(self, code: str, text: str, hint: str = "", where: "Place | None" = None) -> None:
        super().__init__(text)
        self.code, self.text, self.hint, self.where = code, text, hint, where


class Place(NamedTuple):
    """A cell of the table: its row, and its column from 0."""

    record: Record
    column: int


Seen = dict[str, Place]  # the distinct texts of some columns, each with the place of its first


def first_seen(records: Iterable[Record], *indexes: int) -> Seen:
    """The distinct texts of these columns that are not blank, in their order."""
    seen: Seen = {}
    for record in records:
        for index in indexes:
            text = record.cells[index]
            if text and text not in seen:
                seen[text] = Place(record, index)
    return seen


def each_read(texts: Iterable[str], read: Callable[[str], T]) -> dict[str, T | Unread]:
    """Every text's meaning, or why it has none: each is read once, however many rows hold it."""
    return {text: attempt(read, text) for text in texts}


def attempt(read: Callable[[str], T], text: str) -> T | Unread:
    try:
        return read(text)
    except Unread as unread:
        return unread


def squeezed(text: str) -> str:
    """Letters and digits only, in lower case: what names are compared by."""
    return "".join(filter(str.isalnum, text.casefold()))


def shown(text: str) -> str:
    """A cell's text as a message quotes it: on one line, 40 characters at most."""
    line = " ".join(text.split())
    return line if len(line) <= 40 else line[:39] + "…"


def names(text: str) -> frozenset[str]:
    """Names listed with commas, squeezed: what a cell's squeezed text is looked up in."""
    return frozenset(squeezed(name) for name in text.split(","))
