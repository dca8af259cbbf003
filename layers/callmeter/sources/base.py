"""What a source of calls is: how its files are recognised, and the stage that reads them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Reading:
    """How to read one file.

    stage: the SQL file that turns `fields` into `raw_calls`. positions: its parameters. delimiter: of the
    cells. skip: how many lines to leave out before the first call (a header).
    """

    stage: str
    delimiter: str = ","
    skip: int = 0
    positions: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Source:
    """One kind of CDR file.

    recognise: from a line's number and text, how to read the file, or None where it is not of this kind. It is asked
    for the first line; without a header, also for some more, as the first may be half a line.
    expects: what was looked for, for people.
    """

    name: str
    recognise: Callable[[int, str], Reading | None]
    expects: str
    has_header: bool = True


def plain(header: str) -> str:
    """A header's letters and digits only, in lower case: "From number" and from_number are one."""
    return "".join(character for character in header.lower() if character.isalnum())


def positions(header: Sequence[str], wanted: dict[str, tuple[str, ...]]) -> dict[str, int | None]:
    """Where each wanted column stands (from 1) by its aliases, the earlier alias first; None where it is missing."""
    names = [plain(cell) for cell in header]
    return {
        column: next((names.index(alias) + 1 for alias in aliases if alias in names), None)
        for column, aliases in wanted.items()
    }
