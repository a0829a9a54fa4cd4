"""A disc turned inside its still surroundings."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor

from duckrabbit.illusions.views.motion import Placement, turned
from duckrabbit.illusions.views.named import NamedView

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
