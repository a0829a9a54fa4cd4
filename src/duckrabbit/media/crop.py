"""Which square of a picture is used: its middle, one of its ends, all of it on a larger square, or a box."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from PIL import Image

from duckrabbit.errors import UsageError

Window = tuple[int, int, int, int]
"""A square of pixels, left, top, right and bottom; what lies outside of the picture is filled."""


class Crop(Protocol):
    """Chooses a square."""

    def window(self, width: int, height: int) -> Window:
        """The square of a picture that is so large when it stands upright.

        Raises:
            UsageError: there is none in this picture.
        """


@dataclass(frozen=True)
class End:
    """The largest square, at a share of the way from the left and from the top: 0 is there, 1 is the other end."""

    across: float
    down: float

    def window(self, width: int, height: int) -> Window:
        """Where it is."""
        side = min(width, height)
        left, top = int((width - side) * self.across), int((height - side) * self.down)
        return left, top, left + side, top + side


@dataclass(frozen=True)
class Pad:
    """All of the picture, in the middle of the smallest square that holds it."""

    def window(self, width: int, height: int) -> Window:
        """Where that square is."""
        side = max(width, height)
        left, top = (width - side) // 2, (height - side) // 2
        return left, top, left + side, top + side


@dataclass(frozen=True)
class Box:
    """A square of one's own."""

    corners: Window

    def window(self, width: int, height: int) -> Window:
        """The corners."""
        left, top, right, bottom = self.corners
        if not (0 <= left < right <= width and 0 <= top < bottom <= height):
            raise UsageError(
                f"The crop {_listed(self.corners)} is empty or reaches outside the picture of {width}×{height}: give "
                f"X0,Y0,X1,Y1 with 0 ≤ X0 < X1 ≤ {width} and 0 ≤ Y0 < Y1 ≤ {height}."
            )
        return self.corners


CENTRE = End(0.5, 0.5)
"""Where nobody asked for another."""

CROPS: Mapping[str, Crop] = MappingProxyType(
    {
        "centre": End(0.5, 0.5),
        "left": End(0, 0.5),
        "right": End(1, 0.5),
        "top": End(0.5, 0),
        "bottom": End(0.5, 1),
        "pad": Pad(),
    }
)
"""Every crop by its name."""


def parse_crop(text: str) -> Crop:
    """The crop that a name or the corners X0,Y0,X1,Y1 mean; "" is `CENTRE`.

    Raises:
        UsageError: there is no such crop, or the corners make no square.
    """
    if not text:
        return CENTRE
    name = text.strip().lower().replace("center", "centre")
    if name in CROPS:
        return CROPS[name]
    try:
        left, top, right, bottom = (int(number) for number in text.split(","))
    except ValueError:
        raise UsageError(
            f"There is no crop {text!r}: give {', '.join(CROPS)}, or a square X0,Y0,X1,Y1 in pixels of the photo, "
            "such as 100,0,900,800."
        ) from None
    if right - left != bottom - top:
        side = min(right - left, bottom - top)
        instead = f"such as {left},{top},{left + side},{top + side}" if side > 0 else "such as 100,0,900,800"
        raise UsageError(
            f"The crop {text} is {right - left}×{bottom - top}, and pictures are square: give a square, {instead}."
        )
    return Box((left, top, right, bottom))


def scaled(crop: Crop, before: tuple[int, int], after: tuple[int, int]) -> Crop:
    """The same part of the same picture at another size."""
    if not isinstance(crop, Box) or before == after:
        return crop
    left, top, right, bottom = crop.corners
    across, down = after[0] / before[0], after[1] / before[1]
    side = max(1, min(round((right - left) * across), round((bottom - top) * down), *after))
    left, top = min(round(left * across), after[0] - side), min(round(top * down), after[1] - side)
    return Box((left, top, left + side, top + side))


def seen_in(window: Window, width: int, height: int) -> Window:
    """The part of a window that lies in the picture."""
    left, top, right, bottom = window
    return max(left, 0), max(top, 0), min(right, width), min(bottom, height)


def filled(part: Image.Image, window: Window, size: tuple[int, int], fill: int) -> Image.Image:
    """The part of a picture of this size that is seen in a window, on the whole window, of one grey elsewhere."""
    left, top, right, bottom = window
    if part.size == (right - left, bottom - top):
        return part
    ground = Image.new(part.mode, (right - left, bottom - top), (fill,) * 3 if part.mode == "RGB" else fill)
    seen = seen_in(window, *size)
    ground.paste(part, (seen[0] - left, seen[1] - top))
    return ground


def _listed(corners: Window) -> str:
    return ",".join(map(str, corners))
