"""Line charts: matplotlib draws them, and the page's style sheet colours them, light or dark."""

import io
import re
from dataclasses import dataclass
from xml.etree import ElementTree

import matplotlib
from markupsafe import Markup
from matplotlib.axis import Axis as DrawnAxis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, Locator, LogLocator, MaxNLocator, NullLocator

from duckrabbit.report.bodies import Body

WIDTH, HEIGHT = 460, 280
LEFT, RIGHT, TOP, BOTTOM = 58, 16, 14, 44
FONT_SIZE = 12
AIR = 0.03
LEAST_SPAN = 1e-9
"""Between the lines and the frame, as a share of it."""

DOT_RADIUS = 3.5
MOST_TICKS, FEWEST_TICKS = 6, 3
SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Series:
    """A named line through points (x, y)."""

    name: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Axis:
    """A label with its unit; a logarithmic axis draws equal factors equal, and takes positive values only."""

    label: str
    logarithmic: bool = False


@dataclass(frozen=True)
class Chart(Body):
    """Lines over common axes.

    Attributes:
        title: what it shows, read aloud in its place.
        x: the horizontal axis.
        y: the vertical axis.
        series: at most four, each with a colour and a dash of its own.
        marked: whether to mark each point, for few points.
    """

    title: str
    x: Axis
    y: Axis
    series: tuple[Series, ...]
    marked: bool = False

    def svg(self) -> Markup:
        """The lines with their axes, as an element of the page."""
        drawing = io.StringIO()
        with matplotlib.rc_context({"svg.fonttype": "none", "font.size": FONT_SIZE}):
            figure = Figure(figsize=(WIDTH / 72, HEIGHT / 72), dpi=72)
            frame = (LEFT / WIDTH, BOTTOM / HEIGHT, 1 - (LEFT + RIGHT) / WIDTH, 1 - (TOP + BOTTOM) / HEIGHT)
            axes = figure.add_axes(frame)
            for number, one in enumerate(self.series, start=1):
                marker = "o" if self.marked else ""
                axes.plot(*zip(*one.points, strict=True), marker=marker, clip_on=False, gid=f"line s{number}")
            axes.set_xlabel(self.x.label, labelpad=8)
            axes.set_ylabel(self.y.label)
            axes.set_xscale("log" if self.x.logarithmic else "linear")
            axes.set_yscale("log" if self.y.logarithmic else "linear")
            axes.margins(AIR)
            axes.set_xlim(_apart(*axes.get_xlim()))
            axes.set_ylim(_apart(*axes.get_ylim()))
            _mark(axes.xaxis, self.x, axes.get_xlim())
            _mark(axes.yaxis, self.y, axes.get_ylim())
            # Labels keep a distance from the ticks' numbers on a phone, too, where the style sheet enlarges all text.
            axes.yaxis.set_label_coords(-0.11, 0.5)
            axes.tick_params(length=0, pad=7)
            axes.grid(axis="y", clip_on=False, gid="rule")
            axes.spines[["left", "top", "right"]].set_visible(False)
            axes.spines["bottom"].set_gid("axis")
            figure.savefig(drawing, format="svg")
        return _element(drawing.getvalue(), self.title)


def _apart(low: float, high: float) -> tuple[float, float]:
    """Limits of an axis whose values differ by rounding alone, moved apart: nothing can be drawn between them."""
    size = max(abs(low), abs(high))
    return (low, high) if high - low > LEAST_SPAN * size else (low - AIR * size, high + AIR * size)


def _mark(drawn: DrawnAxis, axis: Axis, limits: tuple[float, float]) -> None:
    """Ticks at round values: three to six of them, as far as the range allows."""
    drawn.set_major_locator(_decades(*limits) if axis.logarithmic else MaxNLocator(MOST_TICKS, steps=[1, 2, 5, 10]))
    drawn.set_minor_locator(NullLocator())
    drawn.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _decades(low: float, high: float) -> Locator:
    """Powers of ten with as many of their multiples as make three ticks; round values over a short range."""
    for multiples in ((1,), (1, 3), (1, 2, 5), (1, 2, 3, 5, 7)):
        locator = LogLocator(subs=multiples)
        if sum(low <= tick <= high for tick in locator.tick_values(low, high)) >= FEWEST_TICKS:
            return locator
    return MaxNLocator(MOST_TICKS)


def _element(drawing: str, title: str) -> Markup:
    """What matplotlib drew under a class of the style sheet, and all text, without fonts and colours of its own."""
    element = ElementTree.Element("svg", {"viewBox": f"0 0 {WIDTH} {HEIGHT}", "role": "img", "aria-label": title})
    for group in ElementTree.fromstring(drawing).iter(f"{SVG}g"):
        style = group.get("id", "")
        if style.partition(" ")[0] in ("rule", "axis", "line"):
            for path in group.findall(f"{SVG}path"):
                ElementTree.SubElement(element, "path", {"class": style, "d": " ".join(path.get("d", "").split())})
            for point in group.iter(f"{SVG}use"):
                place = {"cx": point.get("x", ""), "cy": point.get("y", ""), "r": str(DOT_RADIUS)}
                ElementTree.SubElement(element, "circle", {"class": style.replace("line", "dot"), **place})
        for text in group.findall(f"{SVG}text"):
            place = {name: text.get(name, "") for name in ("x", "y", "transform")}
            anchor = re.search(r"text-anchor: (\w+)", text.get("style", ""))
            place["text-anchor"] = anchor[1] if anchor else "start"
            ElementTree.SubElement(element, "text", place).text = text.text
    return Markup(ElementTree.tostring(element, encoding="unicode"))
