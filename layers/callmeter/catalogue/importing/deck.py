"""Rows of a deck as they are written: their columns, and whether two of them can hold at once."""

from collections.abc import Iterable
from itertools import groupby, pairwise
from typing import NamedTuple

COLUMNS = (
    "prefix", "destination", "rate", "group", "connect_fee", "first_increment", "increment", "per_call", "allowed",
    "late", "direction", "effective_from", "effective_to", "currency", "band", "max_charge", "from_prefix",
)  # fmt: skip


class DeckRow(NamedTuple):
    """One row, every cell as it is written; blank is the default. line: where it came from.

    withdrawn: the file only says that the prefix is closed from effective_to on.
    """

    prefix: str
    destination: str
    rate: str
    group: str = ""
    connect_fee: str = ""
    first_increment: str = ""
    increment: str = ""
    per_call: str = ""
    allowed: str = ""
    late: str = ""
    direction: str = ""
    effective_from: str = ""
    effective_to: str = ""
    currency: str = ""
    band: str = ""
    max_charge: str = ""
    from_prefix: str = ""
    line: int = 0
    withdrawn: bool = False

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What it is a price of: rows of one key may not hold at once."""
        return self.prefix or self.destination.casefold(), self.direction, self.band, self.from_prefix

    @property
    def price(self) -> tuple[str, ...]:
        """What calls it matches cost."""
        return (*self[2:10], self.currency, self.max_charge)

    @property
    def shown_price(self) -> str:
        return self.rate or ("late" if self.late else "not allowed")


class Clash(NamedTuple):
    """Two rows of one key that hold at once."""

    earlier: DeckRow
    later: DeckRow


def by_key(rows: Iterable[DeckRow]) -> dict[tuple[str, str, str, str], list[DeckRow]]:
    """Rows of one key together, in their order."""
    found: dict[tuple[str, str, str, str], list[DeckRow]] = {}
    for row in rows:
        found.setdefault(row.key, []).append(row)
    return found


def without_duplicates(rows: list[DeckRow]) -> tuple[list[DeckRow], list[DeckRow], list[Clash]]:
    """Rows to keep, rows that only say again what another does, and rows that contradict another.

    As the deck reader has it: of two open rows the one with the later date ends the other; all else that overlaps
    is a contradiction.
    """
    dropped: set[int] = set()
    clashes: list[Clash] = []
    for same in by_key(rows).values():
        if len(same) == 1:
            continue
        ordered = sorted(same, key=lambda row: (row.effective_from, row.effective_to or "9999", row.line))
        for _, twins in groupby(ordered, key=lambda row: (row.effective_from, row.effective_to, row.price)):
            dropped |= {id(row) for row in list(twins)[1:]}
        kept = [row for row in ordered if id(row) not in dropped]
        clashes += [Clash(*pair) for pair in pairwise(kept) if _overlap(*pair)]
    kept_rows = [row for row in rows if id(row) not in dropped]
    return kept_rows, [row for row in rows if id(row) in dropped], sorted(clashes, key=lambda clash: clash.later.line)


def amended(existing: list[DeckRow], changes: list[DeckRow]) -> list[DeckRow]:
    """`existing` with `changes`: a change holds from its date on, what it does not name stays."""
    kept = by_key(existing)
    for change in sorted(changes, key=lambda row: (row.effective_from, row.effective_to)):
        since = change.effective_to if change.withdrawn else change.effective_from
        before = kept.get(change.key, [])
        ended = [_ended(row, since) for row in before if row.effective_from < since]
        kept[change.key] = ended if change.withdrawn and (ended or before) else [*ended, change]
    return [row for rows in kept.values() for row in rows]


def differing(old: list[DeckRow], new: list[DeckRow]) -> dict[str, int]:
    """How many keys are new, have another price or dates, stay as they are, and are withdrawn."""
    before, after = _prices(old), _prices(new)
    both = before.keys() & after.keys()
    same = sum(before[key] == after[key] for key in both)
    return {
        "new": len(after) - len(both),
        "changed": len(both) - same,
        "unchanged": same,
        "withdrawn": len(before) - len(both),
    }


def _prices(rows: list[DeckRow]) -> dict[tuple[str, str, str, str], list[tuple[str, ...]]]:
    """What each key costs, and when."""
    return {
        key: sorted((*row.price, row.effective_from, row.effective_to) for row in same)
        for key, same in by_key(rows).items()
    }


def _overlap(earlier: DeckRow, later: DeckRow) -> bool:
    if earlier.effective_from == later.effective_from:
        return True
    return bool(earlier.effective_to) and earlier.effective_to > later.effective_from


def _ended(row: DeckRow, since: str) -> DeckRow:
    return row._replace(effective_to=since) if not row.effective_to or row.effective_to > since else row
