"""More and more calls: whether time grows with them and no faster, and whether memory stays where it is."""

import statistics
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.results import Result
from bench.setting import SEED, Setting
from bench.whole import rate
from callmeter.local.sample import write_bench

GROWTH = 1.25  # of the time per call, from the smallest size to the largest
MEMORY = 1500  # MB
_MANY = 20_000_000  # calls, from which on the goal of memory is a promise
_ONCE = 5_000_000  # files larger than this are rated once


@dataclass(frozen=True)
class Point:
    """What rating so many calls took, one entry per run."""

    calls: int
    seconds: list[float] = field(default_factory=list)
    peak_bytes: list[int] = field(default_factory=list)

    @property
    def median_seconds(self) -> float:
        return statistics.median(self.seconds)

    @property
    def megabytes(self) -> float:
        """The most that any run had."""
        return max(self.peak_bytes) / 1e6

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def measure(setting: Setting) -> list[Point]:
    """Rate every size of the curve in a process of its own: the smaller ones in turn, the larger once."""
    points = [Point(calls) for calls in setting.curve]
    repeated = [point for point in points if point.calls <= _ONCE]
    for point in repeated:
        _write(setting, point)
    for run in range(1, setting.runs + 1):
        for point in repeated:
            _rate(setting, point, f"run {run} of {setting.runs}")
    for point in repeated:
        _file(setting, point).unlink()
    for point in points[len(repeated) :]:
        _write(setting, point)
        _rate(setting, point, "once")
        _file(setting, point).unlink()
    return points


def results(points: list[Point]) -> list[Result]:
    """Time per call at the largest size against the smallest, and peak memory at the largest, or from 20 million on."""
    first, last = points[0], points[-1]
    per_call = [[second / point.calls * 1e6 for second in point.seconds] for point in (first, last)]
    medians = [[statistics.median(runs)] for runs in per_call]
    what = f"time per call, {last.calls:,} calls; baseline: {first.calls:,}"
    promised = [point for point in points if point.calls >= _MANY] or [last]
    return [
        Result(what, "µs", medians[1], GROWTH, medians[0], "ratio"),
        *(Result(f"peak memory, {point.calls:,} calls", "MB", [point.megabytes], MEMORY) for point in promised),
    ]


def plot(points: list[Point], path: Path) -> None:
    """Both curves as a PNG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    millions = [point.calls / 1e6 for point in points]
    seconds = [point.median_seconds for point in points]
    memory = [point.megabytes for point in points]
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
    left.plot(millions, seconds, "o-", color="tab:blue", label="callmeter rate")
    straight = [seconds[0] / millions[0] * size for size in millions]
    left.plot(millions, straight, "--", color="tab:gray", label="in step with the smallest file")
    left.set(title="Time", xlabel="million calls", ylabel="seconds")
    right.plot(millions, memory, "o-", color="tab:orange", label="callmeter rate, peak")
    right.axhline(MEMORY, linestyle="--", color="tab:gray", label=f"goal at 20 and 50 million: {MEMORY:,} MB")
    right.set(title="Memory", xlabel="million calls", ylabel="MB")
    for axes, values, shown in ((left, seconds, "{:,.1f} s"), (right, memory, "{:,.0f} MB")):
        for x, y in zip(millions, values, strict=True):
            axes.annotate(shown.format(y), (x, y), textcoords="offset points", xytext=(6, -14), ha="left", fontsize=9)
        axes.set_xlim(0, max(millions) * 1.2)
        axes.set_ylim(0, max(*axes.get_ylim(), max(values)) * 1.25)  # room for the legend
        axes.grid(visible=True, alpha=0.3)
        axes.legend(loc="upper left")
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def _write(setting: Setting, point: Point) -> None:
    setting.tell(f"writing {point.calls:,} calls")
    write_bench(
        _file(setting, point),
        setting.work / "rates",
        calls=point.calls,
        prefixes=setting.prefixes,
        seed=SEED,
        accounts=setting.accounts,
    )


def _rate(setting: Setting, point: Point, which: str) -> None:
    setting.tell(f"rating {point.calls:,} calls, {which}")
    run = rate(_file(setting, point), setting.work / "rates", setting.work / "rated.parquet")
    point.seconds.append(run.seconds)
    point.peak_bytes.append(run.peak_bytes)


def _file(setting: Setting, point: Point) -> Path:
    return setting.work / f"calls-{point.calls}.csv"
