"""Every pixel shuffled."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from duckrabbit.errors import UsageError
from duckrabbit.illusions.views.cells import shuffled, sliding
from duckrabbit.illusions.views.motion import Placement
from duckrabbit.illusions.views.named import NamedView

_CELLS = 64


@dataclass(frozen=True)
class PixelPermute(NamedView):
    """All pixels change places, always in the same way.

    Above 64 pixels a side, square blocks of S/64 pixels move instead, so that a picture and its enlargement are
    shuffled alike; S must then be a multiple of 64. Raises UsageError otherwise.
    """

    keyword: ClassVar[str] = "pixel-permute"
    description: ClassVar[str] = "every pixel shuffled (above 64 pixels a side: blocks of pixels)"

    def arrange(self, size: int) -> Tensor:
        if size > _CELLS and size % _CELLS:
            raise UsageError(
                f"pixel-permute does not fit a picture {size} pixels wide, which is above 64 and no multiple of it: "
                f"use {size // _CELLS * _CELLS} pixels."
            )
        return shuffled(min(size, _CELLS), size)

    def placement(self, size: int, progress: float) -> Placement:
        return sliding(self.permutation(size), min(size, _CELLS), size, progress)
