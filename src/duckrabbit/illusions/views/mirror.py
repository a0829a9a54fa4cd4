"""As in a mirror."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from duckrabbit.illusions.views.motion import Placement, half_turn, stretched
from duckrabbit.illusions.views.named import NamedView


@dataclass(frozen=True)
class Mirror(NamedView):
    """Left and right exchanged, top and bottom kept: (A x)[i, j] = x[i, S-1-j]."""

    keyword: ClassVar[str] = "mirror"
    description: ClassVar[str] = "as in a mirror: left and right exchanged"

    def arrange(self, size: int) -> Tensor:
        return torch.arange(size * size).reshape(size, size).flip(1).flatten()

    def placement(self, size: int, progress: float) -> Placement:
        return stretched(size, across=half_turn(progress), down=1.0)
