"""Figures -> plots: small SVG drawings that stand in an HTML page, coloured by its style sheet (glance.css).

Each has a title and a description for those who cannot see it; numbers that it shows are in a table beside it. Lengths
are in units of the drawing, which is WIDTH wide and scales with the page. Money is a float here, and only here: pixels.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape

WIDTH = 440
_LABEL, _VALUE, _ROW = 132, 78, 25  # of bars: the room for labels and values, a row's height
_LEFT, _TOP, _BOTTOM = 52, 12, 30  # of plots with axes: the room for what stands there


@dataclass(frozen=True)
class Bar:
    """A bar: what is written before and behind it, and the mark it is compared with."""

    label: str
    value: Decimal
    text: str
    mark: Decimal | None = None
    stands_out: bool = False


@dataclass(frozen=True)
class Point:
    """A point of a scatter plot; `text` is what it says when pointed at."""

    x: Decimal
    y: Decimal
    text: str
    stands_out: bool = False


def bars(name: str, title: str, description: str, rows: Sequence[Bar]) -> str:
    """Horizontal bars, in the order given; below zero they go to the left. `name`: unique within the page."""
    values = [0.0, *(float(value) for bar in rows for value in (bar.value, bar.mark) if value is not None)]
    low, high = min(values), max(values)
    scale = (WIDTH - _LABEL - _VALUE) / ((high - low) or 1)
    zero = _LABEL - low * scale
    drawn = "".join(_bar(bar, row * _ROW, zero, scale) for row, bar in enumerate(rows))
    height = len(rows) * _ROW
    axis = f'<path class="axis" d="M{zero:.1f} 0v{height}"/>'
    return _svg(name, title, description, height, drawn + axis)


def columns(name: str, title: str, description: str, values: Sequence[tuple[str, Decimal, str]]) -> str:
    """Columns from left to right: (label, value, text). Labels stand where there is room."""
    height = 200
    floor = height - _BOTTOM
    top, scale = _upright([value for _, value, _ in values], floor - _TOP)
    step = (WIDTH - _LEFT) / max(len(values), 1)
    every = math.ceil(len(values) / 6)
    drawn = _grid([(floor - tick * scale, _short(tick)) for tick in (0, top / 2, top)])
    for at, (label, value, text) in enumerate(values):
        x, tall = _LEFT + at * step, max(float(value), 0) * scale
        drawn += (
            f'<rect class="bar" x="{x + step * 0.12:.1f}" y="{floor - tall:.1f}" width="{step * 0.76:.1f}" '
            f'height="{tall:.1f}"><title>{markup(text)}</title></rect>'
        )
        if at % every == 0:
            drawn += _across(x + step / 2, floor, label)
    return _svg(name, title, description, height, drawn)


def scatter(
    name: str, title: str, description: str, points: Sequence[Point], *, lines: Iterable[tuple[int, str]]
) -> str:
    """Points on logarithmic axes that begin with 0. `lines`: where y is so many times x, and what that line is called.

    Points that do not stand out are one path, each place once: ten thousand are a few kilobytes.
    """
    height = 400
    top = max((max(point.x, point.y) for point in points), default=Decimal(1))
    decades = max(1, math.ceil(math.log10(float(top) + 1)))
    side = min(WIDTH - _LEFT - 12, height - _TOP - _BOTTOM)

    def place(x: float, y: float) -> tuple[int, int]:
        along, up = (math.log10(1 + max(value, 0)) / decades * side for value in (x, y))
        return round(_LEFT + along), round(_TOP + side - up)

    ticks = [0, *(10**power for power in range(decades + 1))]
    drawn = _grid([(place(0, tick)[1], _short(tick)) for tick in ticks], right=_LEFT + side)
    drawn += "".join(_across(place(tick, 0)[0], _TOP + side, _short(tick)) for tick in ticks)
    for times, called in lines:
        drawn += _times(place, times, 10.0**decades, called)
    plain = {place(float(point.x), float(point.y)) for point in points if not point.stands_out}
    drawn += f'<path class="dots" d="{"".join(f"M{x} {y}h0" for x, y in sorted(plain))}"/>'
    for point in points:
        if point.stands_out:
            x, y = place(float(point.x), float(point.y))
            drawn += f'<circle class="dot" cx="{x}" cy="{y}" r="4.5"><title>{markup(point.text)}</title></circle>'
    return _svg(name, title, description, height, drawn)


def _svg(name: str, title: str, description: str, height: float, drawn: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="{name}-title {name}-text">'
        f'<title id="{name}-title">{markup(title)}</title><desc id="{name}-text">{markup(description)}</desc>'
        f"{drawn}</svg>"
    )


def _bar(bar: Bar, top: float, zero: float, scale: float) -> str:
    value = float(bar.value) * scale
    left, right = min(zero, zero + value), max(zero, zero + value)
    kind = "bar below" if bar.value < 0 else "bar stands-out" if bar.stands_out else "bar"
    drawn = (
        f'<text x="{_LABEL - 8}" y="{top + 17}" text-anchor="end">{markup(shortened(bar.label, 18))}</text>'
        f'<rect class="{kind}" x="{left:.1f}" y="{top + 5}" width="{right - left:.1f}" height="{_ROW - 10}">'
        f"<title>{markup(f'{bar.label}: {bar.text}')}</title></rect>"
        f'<text class="value" x="{WIDTH}" y="{top + 17}" text-anchor="end">{markup(bar.text)}</text>'
    )
    if bar.mark is not None:
        drawn += f'<path class="mark" d="M{zero + float(bar.mark) * scale:.1f} {top + 2}v{_ROW - 4}"/>'
    return drawn


def _grid(ticks: Iterable[tuple[float, str]], right: float = WIDTH) -> str:
    """Lines across with what they stand for at the left."""
    return "".join(
        f'<path class="grid" d="M{_LEFT} {y:.1f}H{right}"/>'
        f'<text class="small" x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{markup(text)}</text>'
        for y, text in ticks
    )


def _across(x: float, floor: float, text: str) -> str:
    return f'<text class="small" x="{x:.0f}" y="{floor + 20}" text-anchor="middle">{markup(text)}</text>'


def _times(place: Callable[[float, float], tuple[int, int]], times: int, top: float, called: str) -> str:
    """The curve y = times * x, as far as `top`."""
    xs = [top / times * (2 ** (step / 4) - 1) / (2**10 - 1) for step in range(41)]
    path = "L".join(f"{x} {y}" for x, y in (place(value, value * times) for value in xs))
    x, y = place(xs[-1], top)
    kind, left, beneath = ("line", 0, 46) if times == 1 else ("line dashed", 18, 12)
    return (
        f'<path class="{kind}" d="M{path}"/>'
        f'<text class="small" x="{x - left}" y="{y + beneath}" text-anchor="end">{markup(called)}</text>'
    )


def _upright(values: Iterable[Decimal], room: float) -> tuple[float, float]:
    """The top of an axis, a round number, and units per unit of money."""
    highest = max((float(value) for value in values), default=0.0)
    if highest <= 0:
        return 1.0, room
    power = 10.0 ** math.floor(math.log10(highest))
    top = next(step * power for step in (1, 2, 4, 6, 8, 10) if step * power >= highest)
    return top, room / top


def _short(value: float) -> str:
    """A number for an axis: 0.5, 20, 1.5k, 2M."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def markup(text: str) -> str:
    """Text as HTML and SVG show it: nothing in it is a tag, or a character that neither may have."""
    return escape("".join(character if character.isprintable() else " " for character in text))


def shortened(text: str, longest: int) -> str:
    """`text` cut to so many characters."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"
