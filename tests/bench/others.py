"""Who else was at work on this machine meanwhile: without that, no number here can be judged."""

import os
import resource
from dataclasses import dataclass
from pathlib import Path

_STAT = Path("/proc/stat")  # Linux; elsewhere nothing is known


@dataclass(frozen=True)
class Spent:
    """Processor seconds so far: all there is, all that were worked, and those of this process and its children."""

    there_is: float
    worked: float
    own: float


def spent() -> Spent | None:
    """How things stand now; children count once they are gone. None where the system does not say."""
    if not _STAT.is_file():
        return None
    ticks = [int(field) for field in _STAT.read_text(encoding="ascii").splitlines()[0].split()[1:9]]
    idle = ticks[3] + ticks[4]
    second = os.sysconf("SC_CLK_TCK")
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    own = sum(usage.ru_utime + usage.ru_stime for usage in usages)
    return Spent(sum(ticks) / second, (sum(ticks) - idle) / second, own)


def share_of_others(before: Spent | None, after: Spent | None) -> float | None:
    """The part of the machine, 0 to 1, that others had between the two."""
    if before is None or after is None or after.there_is <= before.there_is:
        return None
    others = (after.worked - before.worked) - (after.own - before.own)
    return max(others, 0.0) / (after.there_is - before.there_is)
