"""Square cells of the picture, or every pixel, in another order."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from duckrabbit.errors import UsageError
from duckrabbit.illusions.views.motion import Placement, grid, slid
from duckrabbit.illusions.views.view import NamedView

_MOST_PATCHES = 256
MOST_CELLS = 64
"""Of pixel-permute, along a side."""


@dataclass(frozen=True)
class PatchPermute(NamedView):
    """The picture cut into per_side × per_side square patches that change places, always in the same way.

    per_side: patches along a side, 2 to 256; it must divide the picture's side. Raises UsageError otherwise.
    """

    keyword: ClassVar[str] = "patch-permute"
    description: ClassVar[str] = "square patches shuffled, so many along a side (patch-permute:8)"
    reads: ClassVar[type[int] | type[float] | None] = int
    per_side: int = 8

    def __post_init__(self) -> None:
        if not 2 <= self.per_side <= _MOST_PATCHES:
            raise self.unusable(self.per_side)

    @classmethod
    def unusable(cls, parameter: object) -> UsageError:
        return UsageError(
            f"patch-permute needs a whole number of patches along a side, from 2 to 256, not {parameter}: "
            "write for example patch-permute:8."
        )

    @property
    def name(self) -> str:
        return f"{self.keyword}:{self.per_side}"

    def arrange(self, size: int) -> Tensor:
        if size % self.per_side:
            fitting = [n for n in range(2, min(size, _MOST_PATCHES) + 1) if size % n == 0]
            if not fitting:
                raise UsageError(f"A picture {size} pixels wide cannot be cut into patches: use a larger picture.")
            nearest = min(fitting, key=lambda n: abs(n - self.per_side))
            raise UsageError(
                f"{self.name} does not fit a picture {size} pixels wide, as {self.per_side} does not divide {size}: "
                f"use {self.keyword}:{nearest}."
            )
        return _shuffled(self.per_side, size)

    def placement(self, size: int, progress: float) -> Placement:
        return _sliding(self.permutation(size), self.per_side, size, progress)


@dataclass(frozen=True)
class PixelPermute(NamedView):
    """All pixels change places, always in the same way.

    Above 64 pixels a side, square blocks of S/64 pixels move instead, so that a picture and its enlargement are
    shuffled alike; S must then be a multiple of 64. Raises UsageError otherwise.
    """

    keyword: ClassVar[str] = "pixel-permute"
    description: ClassVar[str] = "every pixel shuffled (above 64 pixels a side: blocks of pixels)"

    def arrange(self, size: int) -> Tensor:
        if size > MOST_CELLS and size % MOST_CELLS:
            raise UsageError(
                f"pixel-permute does not fit a picture {size} pixels wide, which is above 64 and no multiple of it: "
                f"use {size // MOST_CELLS * MOST_CELLS} pixels."
            )
        return _shuffled(min(size, MOST_CELLS), size)

    def placement(self, size: int, progress: float) -> Placement:
        return _sliding(self.permutation(size), min(size, MOST_CELLS), size, progress)


def _shuffled(per_side: int, size: int) -> Tensor:
    """The permutation [size²] that shuffles per_side × per_side cells; `per_side` must divide `size`.

    The order of the cells depends on `per_side` alone: it is the same at every size and on every machine, because
    Philox's raw output is defined by its algorithm.
    """
    order = np.argsort(np.random.Philox(key=0).random_raw(per_side**2), kind="stable")
    cell = size // per_side
    pixels = torch.arange(size * size).reshape(per_side, cell, per_side, cell).transpose(1, 2)
    shown = pixels.reshape(-1, cell, cell)[torch.from_numpy(order)]
    return shown.reshape(per_side, per_side, cell, cell).transpose(1, 2).flatten()


def _sliding(permutation: Tensor, per_side: int, size: int, progress: float) -> Placement:
    """Every cell on its straight way to its place, the later cells above the earlier ones."""
    start = grid(size)
    row, column = torch.arange(size * size) // size, torch.arange(size * size) % size
    cell = size // per_side
    depth = row // cell * per_side + column // cell
    return slid(size, torch.lerp(start, start[permutation.argsort()], progress), depth)
