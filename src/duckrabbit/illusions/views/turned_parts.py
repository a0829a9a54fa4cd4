"""Parts of the picture turned where they are: a disc, and nine hinged squares."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor

from duckrabbit.errors import UsageError
from duckrabbit.illusions.views.motion import Placement, grid, turned
from duckrabbit.illusions.views.view import NamedView

_RADIUS = 3 / 8


@dataclass(frozen=True)
class InnerCircle(NamedView):
    """The disc in the middle, of radius 3/8 of the side, given half a turn; the rest stays."""

    keyword: ClassVar[str] = "inner-circle"
    description: ClassVar[str] = "the disc in the middle given half a turn, the rest kept"

    def arrange(self, size: int) -> Tensor:
        pixels = torch.arange(size * size)
        return torch.where(_disc(size), pixels.flip(0), pixels)

    def placement(self, size: int, progress: float) -> Placement:
        disc, centre = _disc(size), torch.zeros(2)
        turn = turned(size, degrees=180 * progress * disc, pivot=centre, end=centre, depth=disc.long())
        # While it turns the disc is up to a pixel larger all round: its ragged rim then leaves no gaps.
        rim = min(1.0, size / 2 * math.sin(math.pi * progress))
        swell = 1 + disc[:, None] * rim / (_RADIUS * size)
        return replace(turn, centre=turn.centre * swell, axes=turn.axes * swell[..., None])


def _disc(size: int) -> Tensor:
    """Which pixels turn: bool [size²]. Integers make it exactly symmetric: (2r)² ≤ (2 · 3/8 · size)²."""
    line = 2 * torch.arange(size) - (size - 1)
    return (16 * (line[:, None] ** 2 + line**2) <= 9 * size**2).flatten()


@dataclass(frozen=True)
class SquareHinge(NamedView):
    """Three by three squares of side S // 3, each given a quarter turn, neighbours in opposite directions.

    The squares hang together at their corners as they turn, like the hinged tessellation of squares: their distance
    is cos θ + sin θ sides when each has turned by θ. The one or two rows and columns left over stay.
    Raises UsageError below 3 pixels.
    """

    keyword: ClassVar[str] = "square-hinge"
    description: ClassVar[str] = "nine hinged squares, each given a quarter turn"

    def arrange(self, size: int) -> Tensor:
        if size < 3:
            raise UsageError(f"square-hinge needs pictures at least 3 pixels wide, not {size}: use a larger picture.")
        side, first = _square(size)
        pixels = torch.arange(size * size).reshape(size, size)
        for row in range(3):
            for column in range(3):
                top, left = first + row * side, first + column * side
                square = pixels[top : top + side, left : left + side]
                square.copy_(torch.rot90(square, _direction(row, column)).clone())
        return pixels.flatten()

    def placement(self, size: int, progress: float) -> Placement:
        side, first = _square(size)
        line = (torch.arange(size) - first) // side
        row, column = torch.meshgrid(line, line, indexing="ij")
        inside = ((row >= 0) & (row < 3) & (column >= 0) & (column < 3)).flatten()
        # From here on, what is left over belongs to the nearest square.
        row, column = row.clamp(0, 2).flatten(), column.clamp(0, 2).flatten()

        # The nine squares' common middle lies half a pixel off the picture's when one row is left over.
        middle = first + 1.5 * side - size / 2
        offset = (torch.stack((column, row), -1) - 1).double() * side
        angle = math.radians(90 * progress)
        spread = middle + offset * (math.cos(angle) + math.sin(angle))

        # A square turns about its middle; what is left over slips beneath a square, and out again at the end.
        rest = grid(size)
        tucked = torch.lerp(rest, spread, min(1.0, 4 * math.sin(math.pi * progress)))
        squares = inside[:, None]
        return turned(
            size,
            degrees=90 * progress * inside * torch.where((row + column) % 2 == 0, -1, 1),
            pivot=torch.where(squares, middle + offset, rest),
            end=torch.where(squares, spread, tucked),
            depth=inside.long(),
        )


def _square(size: int) -> tuple[int, int]:
    """The side of a square, and the first row (and column) that belongs to one."""
    side = size // 3
    return side, (size - 3 * side) // 2


def _direction(row: int, column: int) -> int:
    """+1 turns counter-clockwise, -1 clockwise."""
    return -1 if (row + column) % 2 == 0 else 1
