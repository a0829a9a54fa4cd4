"""Line charts as inline SVG that take their colours from the page, light or dark."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 460, 280
LEFT, RIGHT, TOP, BOTTOM = 58, 16, 14, 44


@dataclass(frozen=True)
class Series:
    """A named line through points (x, y)."""

    name: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Axis:
    """A label, and from the range of its values to the values that get a tick.

    Attributes:
        label: with its unit.
        scale: monotone map under which equal steps are drawn equal.
        ticks: from the lowest and the highest value to the ticks.
    """

    label: str
    scale: Callable[[float], float]
    ticks: Callable[[float, float], Sequence[float]]


def linear(label: str) -> Axis:
    """Equal steps of the value."""
    return Axis(label, float, _round_ticks)


def logarithmic(label: str) -> Axis:
    """Equal factors of the value, which must be positive."""
    return Axis(label, math.log10, _decade_ticks)


@dataclass(frozen=True)
class Chart:
    """Lines over common axes.

    Attributes:
        title: what it shows, read aloud in its place.
        x: the horizontal axis.
        y: the vertical axis.
        series: at most six, each with a colour and a dash of its own.
        marked: whether to mark each point, for few points.
    """

    title: str
    x: Axis
    y: Axis
    series: tuple[Series, ...]
    marked: bool = False

    def html(self) -> str:
        """The chart and its legend."""
        xs = [x for one in self.series for x, _ in one.points]
        ys = [y for one in self.series for _, y in one.points]
        across = _placed(self.x, min(xs), max(xs), LEFT, WIDTH - RIGHT)
        down = _placed(self.y, min(ys), max(ys), HEIGHT - BOTTOM, TOP)
        marks = [self._grid(across, down, min(xs), max(xs), min(ys), max(ys))]
        for number, one in enumerate(self.series, start=1):
            points = [(across(x), down(y)) for x, y in one.points]
            line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            marks.append(f'<polyline class="line s{number}" points="{line}"/>')
            if self.marked:
                marks += [f'<circle class="dot s{number}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>' for x, y in points]
        svg = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(self.title)}">{"".join(marks)}</svg>'
        return f'<div class="chart">{svg}{self._legend()}</div>'

    def _legend(self) -> str:
        if len(self.series) == 1:
            return ""
        items = "".join(
            '<li><svg viewBox="0 0 28 8" aria-hidden="true">'
            f'<line class="line s{number}" x1="0" y1="4" x2="28" y2="4"/></svg>{escape(one.name)}</li>'
            for number, one in enumerate(self.series, start=1)
        )
        return f'<ul class="legend">{items}</ul>'

    def _grid(
        self, across: Callable[[float], float], down: Callable[[float], float],
        x_low: float, x_high: float, y_low: float, y_high: float,
    ) -> str:  # fmt: skip
        bottom, middle = HEIGHT - BOTTOM, (HEIGHT - BOTTOM + TOP) / 2
        parts = [f'<line class="axis" x1="{LEFT}" y1="{bottom}" x2="{WIDTH - RIGHT}" y2="{bottom}"/>']
        for value in self.x.ticks(x_low, x_high):
            parts.append(f'<text x="{across(value):.1f}" y="{bottom + 17}" text-anchor="middle">{value:g}</text>')
        for value in self.y.ticks(y_low, y_high):
            y = down(value)
            parts.append(f'<line class="rule" x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}"/>')
            parts.append(f'<text x="{LEFT - 7}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>')
        centre = (LEFT + WIDTH - RIGHT) / 2
        parts.append(f'<text x="{centre}" y="{HEIGHT - 6}" text-anchor="middle">{escape(self.x.label)}</text>')
        turn = f'transform="translate(13 {middle}) rotate(-90)"'
        parts.append(f'<text {turn} text-anchor="middle">{escape(self.y.label)}</text>')
        return "".join(parts)


def _placed(axis: Axis, low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    """From a value to its place between start (the lowest) and end (the highest), with a little air."""
    first, last = axis.scale(low), axis.scale(high)
    air = 0.03 * (last - first) or 0.5

    def place(value: float) -> float:
        return start + (axis.scale(value) - first + air) / (last - first + 2 * air) * (end - start)

    return place


def _round_ticks(low: float, high: float) -> list[float]:
    """About five multiples of 1, 2 or 5 times a power of ten."""
    span = high - low or 1.0
    step = next(
        nice * 10.0**power
        for power in range(math.floor(math.log10(span)) - 2, 99)
        for nice in (1, 2, 5)
        if span / (nice * 10.0**power) <= 6
    )
    return [round(k * step, 12) for k in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def _decade_ticks(low: float, high: float) -> list[float]:
    """Powers of ten, with as many of their multiples as make three ticks; round numbers over a short range."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for multiples in ((1,), (1, 3), (1, 2, 5), (1, 2, 3, 5, 7)):
        places = [round(k * 10.0**power, 12) for power in decades for k in multiples]
        ticks = [place for place in places if low * 0.97 <= place <= high * 1.03]
        if len(ticks) >= 3:
            return ticks
    return _round_ticks(low, high)
