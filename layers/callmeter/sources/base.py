"""What a source of calls is: how its files are recognised, and the stage that reads them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Reading:
    """How to read one file.

    stage: the SQL file that turns named fields into `raw_calls`. delimiter: of the cells. skip: how many lines to leave
    out before the first call (a header). positions: where each field it names stands, from 1; None where the file has
    none. width: how many cells a line has; 0 without a header: then lines are cut into a list, `cells`.
    """

    stage: str
    delimiter: str = ","
    skip: int = 0
    positions: dict[str, int | None] = field(default_factory=dict)
    width: int = 0


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
