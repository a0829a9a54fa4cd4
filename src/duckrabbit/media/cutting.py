"""A picture with the lines along which it is to be cut, at true size: SVG, for a cutter, and PDF, for a printer."""

import base64
import io
import math
from collections.abc import Sequence

from PIL import Image

from duckrabbit.illusions.views.cuts import Cut, Point

CUTTER_RED = "#ff0000"
HAIRLINE_MILLIMETRES = 0.1


def cutting_svg(image: Image.Image, cuts: Sequence[Cut], millimetres: float) -> str:
    """An SVG of a square picture so many millimetres wide, with its cuts and its border in one path of hairlines."""
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    picture = base64.b64encode(file.getvalue()).decode()
    paths = " ".join(["M 0 0 H 1 V 1 H 0 Z", *map(_svg_path, cuts)])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{millimetres:g}mm" height="{millimetres:g}mm" '
        f'viewBox="0 0 1 1">\n'
        f'<image width="1" height="1" href="data:image/png;base64,{picture}"/>\n'
        f'<path id="cuts" d="{paths}" fill="none" stroke="{CUTTER_RED}" '
        f'stroke-width="{HAIRLINE_MILLIMETRES / millimetres:.6f}"/>\n</svg>\n'
    )


def cutting_pdf_path(cuts: Sequence[Cut], side: float) -> str:
    """The cuts and the border as operators of a PDF, on a square of so many points whose corner is the origin."""

    def place(point: Point) -> str:
        return f"{point[0] * side:.3f} {(1 - point[1]) * side:.3f}"

    lines = [f"0 0 {side:.3f} {side:.3f} re S"]
    for cut in cuts:
        curves = " ".join(f"{place(a)} {place(b)} {place(c)} c" for a, b, c in _bezier(cut))
        lines.append(f"{place(cut.start)} m {place(cut.neck)} l {curves} {place(cut.end)} l S")
    return "\n".join(lines)


def _svg_path(cut: Cut) -> str:
    arc = f"A {cut.radius:.5f} {cut.radius:.5f} 0 1 {int(cut.clockwise)}"
    return f"M {_said(cut.start)} L {_said(cut.neck)} {arc} {_said(cut.other_neck)} L {_said(cut.end)}"


def _said(point: Point) -> str:
    return f"{point[0]:.5f} {point[1]:.5f}"


def _bezier(cut: Cut) -> list[tuple[Point, Point, Point]]:
    """The way around a knob as four cubic curves: two points that pull, and where each ends."""
    x, y = cut.centre
    first = math.atan2(cut.neck[1] - y, cut.neck[0] - x)
    last = math.atan2(cut.other_neck[1] - y, cut.other_neck[0] - x)
    # With y down, angles grow clockwise.
    sweep = (last - first) % (2 * math.pi) if cut.clockwise else -((first - last) % (2 * math.pi))
    step = sweep / 4
    pull = 4 / 3 * math.tan(step / 4) * cut.radius
    curves = []
    for k in range(4):
        a, b = first + k * step, first + (k + 1) * step
        start = (x + cut.radius * math.cos(a), y + cut.radius * math.sin(a))
        end = (x + cut.radius * math.cos(b), y + cut.radius * math.sin(b))
        curves.append(
            (
                (start[0] - pull * math.sin(a), start[1] + pull * math.cos(a)),
                (end[0] + pull * math.sin(b), end[1] - pull * math.cos(b)),
                end,
            )
        )
    return curves
