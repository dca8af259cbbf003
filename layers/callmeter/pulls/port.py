"""What a kind of pull is, to those who run it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import sleep as pause
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo


class Record(NamedTuple):
    """One CDR as it came. hour: when its call began, as YYYY-MM-DDTHH of the carrier's clock; "" where unknown.

    line: one line of the file, without its end.
    """

    hour: str
    line: bytes


class Window(NamedTuple):
    """A stretch of time to ask for, aware; for those who know days only, one day of theirs."""

    starts_at: datetime
    ends_at: datetime

    @property
    def label(self) -> str:
        return f"{self.starts_at:%Y-%m-%d}"


class Credentials(NamedTuple):
    """Who asks: a login, key or client id, and what proves it."""

    user: str
    password: str

    def __repr__(self) -> str:
        return f"Credentials({self.user!r}, …)"


@dataclass(frozen=True)
class Patience:
    """How long to try. has_time: whether there is time for another request; tests wait for nothing."""

    has_time: Callable[[], bool] = lambda: True
    sleep: Callable[[float], None] = pause
    tries: int = 5
    first_pause_seconds: float = 1


class Fetcher(Protocol):
    """One carrier or PBX that can be asked."""

    suffix: str  # of the files: .jsonl or .csv
    header: bytes  # first line of a file, with its end; empty for JSON lines

    def windows(self, since: datetime, until: datetime) -> Iterable[Window]:
        """What to ask for, oldest first; together at least from `since` to `until`."""
        ...

    def fetch(self, window: Window) -> Iterator[Record]:
        """Every record of the window. Raises Unreachable, or CallmeterError where a person is needed."""
        ...


def days(since: datetime, until: datetime, timezone: str) -> Iterator[Window]:
    """The days of that zone from the one that `since` is in to the one that `until` is in."""
    zone = ZoneInfo(timezone)
    starts_at = since.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    while starts_at <= until:
        ends_at = starts_at + timedelta(days=1)  # the next midnight on the wall, however long the day is
        yield Window(starts_at, ends_at)
        starts_at = ends_at
