"""What was measured, beside what it should be."""

import statistics
from dataclasses import dataclass, field
from typing import Any, Literal

from rich.table import Table


@dataclass(frozen=True)
class Result:
    """One question's measurements, one per run.

    baseline: measured in turn with ours; empty where the goal is absolute. judged: what the goal is about, ours divided
    by the baseline ("ratio"), the baseline divided by ours ("speedup"), or ours as it is ("ours"). A speedup has to
    reach its goal, all else must not pass it.
    """

    what: str
    unit: Literal["s", "ms", "MB", "µs"]
    ours: list[float]
    goal: float
    baseline: list[float] = field(default_factory=list)
    judged: Literal["ratio", "speedup", "ours"] = "ours"

    @property
    def ratio(self) -> float | None:
        """Ours divided by the baseline, or the other way round for a speedup: the median of the runs."""
        if not self.baseline:
            return None
        pairs = zip(self.ours, self.baseline, strict=True)
        return statistics.median(theirs / ours if self.judged == "speedup" else ours / theirs for ours, theirs in pairs)

    @property
    def met(self) -> bool:
        if self.judged == "ours" or self.ratio is None:
            return statistics.median(self.ours) <= self.goal
        return self.ratio >= self.goal if self.judged == "speedup" else self.ratio <= self.goal

    def as_json(self) -> dict[str, Any]:
        return {
            "what": self.what,
            "unit": self.unit,
            "ours": statistics.median(self.ours),
            "baseline": statistics.median(self.baseline) if self.baseline else None,
            "ratio": self.ratio,
            "judged": self.judged,
            "goal": self.goal,
            "met": self.met,
            "runs": {"ours": self.ours, "baseline": self.baseline},
        }

    def cells(self) -> list[str]:
        """The row of the table."""
        goal = {
            "ratio": f"≤ {self.goal:g}x",
            "speedup": f"≥ {self.goal:g}x",
            "ours": f"≤ {self.goal:,.0f} {self.unit}",
        }[self.judged]
        return [
            self.what,
            _amount(self.ours, self.unit),
            _amount(self.baseline, self.unit),
            "" if self.ratio is None else f"{self.ratio:.2f}x",
            goal,
            "[green]yes[/]" if self.met else "[bold red]no[/]",
        ]


def table(title: str, results: list[Result]) -> Table:
    """The one table at the end."""
    made = Table(title=title, title_justify="left")
    for heading in ("what", "ours", "baseline", "ratio", "goal", "met"):
        made.add_column(heading, justify="left" if heading in ("what", "met") else "right")
    for result in results:
        made.add_row(*result.cells())
    return made


def _amount(runs: list[float], unit: str) -> str:
    if not runs:
        return ""
    median = statistics.median(runs)
    return f"{median:,.0f} {unit}" if median >= 100 else f"{median:,.3g} {unit}"
