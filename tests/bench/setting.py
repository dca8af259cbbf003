"""How large everything is, where it is written, and who is told how far it has come."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SEED = 1


@dataclass(frozen=True)
class Setting:
    """work: scratch space on the disk that is measured. tell: given a line per step. The goals are for these sizes."""

    work: Path
    tell: Callable[[str], None]
    calls: int = 5_000_000
    prefixes: int = 60_000
    many_prefixes: int = 200_000
    accounts: int = 20_000
    small_file: int = 100
    runs: int = 3
    small_runs: int = 20
    long: bool = False

    @property
    def matched_calls(self) -> int:
        """Calls of the prefix stage alone: a fifth of all, a million of five."""
        return max(self.calls // 5, 1)

    @property
    def curve(self) -> list[int]:
        """1, 2 and 5 million calls where there are five million; 10, 20 and 50 more on the long way."""
        fifths = (1, 2, 5, 10, 20, 50) if self.long else (1, 2, 5)
        return [self.matched_calls * fifth for fifth in fifths]
