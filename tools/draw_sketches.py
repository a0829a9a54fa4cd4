"""Draw the sketches that the package ships, as a hand with a mouse would: `python tools/draw_sketches.py FOLDER`.

Every stroke goes through a few points, and the hand trembles: slowly (it misses by pixels) and fast (it shakes).
"""

import math
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from PIL import Image, ImageDraw

SIDE, FINE = 256, 4
Point = tuple[float, float]


@dataclass(frozen=True)
class Stroke:
    """One pull of the mouse.

    Attributes:
        colour: of the pen.
        width: of the pen in pixels.
        points: what it goes through.
    """

    colour: str
    width: float
    points: tuple[Point, ...]


def circle(centre: Point, radius: float, colour: str, width: float) -> Stroke:
    """Round, and a little further than round."""
    turns = [k / 12 * 2 * math.pi for k in range(14)]
    return Stroke(
        colour, width, tuple((centre[0] + radius * math.cos(a), centre[1] + radius * math.sin(a)) for a in turns)
    )


def scribble(left: float, top: float, right: float, bottom: float, colour: str, width: float) -> Stroke:
    """To and fro, to fill a box."""
    rows = max(2, round((bottom - top) / (0.7 * width)))
    points: list[Point] = []
    for row in range(rows):
        y = top + (bottom - top) * row / (rows - 1)
        points += [(left, y), (right, y)] if row % 2 == 0 else [(right, y), (left, y)]
    return Stroke(colour, width, tuple(points))


HOUSE = (
    scribble(0, 212, 256, 252, "#5aa845", 17),
    Stroke("#7a4a21", 7, ((58, 216), (56, 132), (150, 130), (152, 216), (58, 217))),
    Stroke("#c0392b", 9, ((44, 134), (102, 76), (166, 133), (46, 133))),
    scribble(78, 110, 130, 128, "#c0392b", 10),
    Stroke("#7a4a21", 6, ((92, 216), (92, 174), (116, 173), (117, 216))),
    Stroke("#2b6cb0", 5, ((124, 150), (142, 150), (142, 168), (124, 168), (124, 149))),
    Stroke("#6b4423", 11, ((206, 216), (205, 164))),
    circle((205, 136), 27, "#2e7d32", 9),
    scribble(190, 120, 222, 154, "#2e7d32", 12),
    circle((42, 42), 17, "#f2b705", 8),
    scribble(34, 34, 50, 50, "#f2b705", 9),
    Stroke("#f2b705", 5, ((70, 44), (88, 47))),
    Stroke("#f2b705", 5, ((62, 62), (74, 76))),
    Stroke("#f2b705", 5, ((42, 70), (42, 88))),
)
ROCKET = (
    scribble(108, 92, 148, 182, "#c9ccd1", 12),
    Stroke("#30343b", 7, ((104, 188), (102, 94), (128, 40), (154, 93), (153, 188), (104, 189))),
    scribble(118, 64, 138, 88, "#d63031", 10),
    Stroke("#d63031", 8, ((103, 146), (72, 190), (104, 186))),
    Stroke("#d63031", 8, ((154, 145), (186, 189), (154, 187))),
    circle((128, 114), 13, "#1f6fb2", 8),
    Stroke("#f39c12", 11, ((112, 198), (120, 236), (128, 204), (137, 240), (146, 198))),
    Stroke("#e74c3c", 8, ((124, 200), (129, 222), (135, 200))),
)
BOAT = (
    scribble(0, 190, 256, 250, "#2f7fc1", 18),
    Stroke("#7a4a21", 9, ((54, 168), (200, 166), (172, 200), (80, 201), (54, 169))),
    scribble(76, 174, 176, 194, "#7a4a21", 11),
    Stroke("#4a2f17", 8, ((124, 168), (126, 46))),
    Stroke("#c0392b", 7, ((132, 54), (190, 152), (132, 153), (131, 56))),
    scribble(138, 104, 160, 148, "#e2574c", 11),
    Stroke("#d9a400", 7, ((118, 66), (76, 150), (118, 152), (119, 68))),
    Stroke("#60656e", 5, ((190, 52), (200, 44), (208, 54), (218, 45), (226, 54))),
    Stroke("#60656e", 5, ((38, 40), (46, 33), (54, 42), (62, 34), (70, 42))),
)
SKETCHES = {"house": HOUSE, "rocket": ROCKET, "boat": BOAT}


def drawn(strokes: Sequence[Stroke], seed: int) -> Image.Image:
    """The strokes on white, drawn large and averaged down."""
    hand = random.Random(seed)
    sheet = Image.new("RGB", (SIDE * FINE, SIDE * FINE), "white")
    pen = ImageDraw.Draw(sheet)
    for stroke in strokes:
        radius = stroke.width / 2 * FINE
        for x, y in _trembling(stroke.points, hand):
            pen.ellipse((x * FINE - radius, y * FINE - radius, x * FINE + radius, y * FINE + radius), stroke.colour)
    return sheet.resize((SIDE, SIDE), Image.Resampling.BOX)


def _trembling(points: Sequence[Point], hand: random.Random) -> list[Point]:
    """Dots along the line through the points, which a trembling hand misses by about two pixels."""
    slow = [hand.uniform(0, 2 * math.pi) for _ in range(4)]
    dots: list[Point] = []
    way = 0.0
    for (x0, y0), (x1, y1) in pairwise(points):
        length = math.hypot(x1 - x0, y1 - y0)
        steps = max(1, round(length * 2))
        for k in range(steps):
            part = (k / steps) ** 2 * (3 - 2 * k / steps)
            way += length / steps
            off_x = 1.6 * math.sin(way / 17 + slow[0]) + 0.7 * math.sin(way / 5 + slow[1]) + hand.gauss(0, 0.15)
            off_y = 1.6 * math.sin(way / 19 + slow[2]) + 0.7 * math.sin(way / 6 + slow[3]) + hand.gauss(0, 0.15)
            dots.append((x0 + (x1 - x0) * part + off_x, y0 + (y1 - y0) * part + off_y))
    return dots


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    for seed, (name, strokes) in enumerate(SKETCHES.items()):
        drawn(strokes, seed).save(folder / f"{name}.png", optimize=True)
