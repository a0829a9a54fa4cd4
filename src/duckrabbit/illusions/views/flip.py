"""Upside down."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from duckrabbit.illusions.views.motion import Placement, half_turn, stretched
from duckrabbit.illusions.views.named import NamedView


@dataclass(frozen=True)
class Flip(NamedView):
    """Top and bottom exchanged, left and right kept: (A x)[i, j] = x[S-1-i, j]."""

    keyword: ClassVar[str] = "flip"
    description: ClassVar[str] = "upside down: top and bottom exchanged"

    def arrange(self, size: int) -> Tensor:
        return torch.arange(size * size).reshape(size, size).flip(0).flatten()

    def placement(self, size: int, progress: float) -> Placement:
        return stretched(size, across=1.0, down=half_turn(progress))
