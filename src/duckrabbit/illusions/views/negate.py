"""The negative."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from duckrabbit.illusions.views.motion import Placement, stretched
from duckrabbit.illusions.views.named import NamedView


@dataclass(frozen=True)
class Negate(NamedView):
    """A x = -x: as pictures lie in [-1, 1], black and white change places, and so do opposite colours."""

    keyword: ClassVar[str] = "negate"
    description: ClassVar[str] = "the negative: black and white exchanged, colours turned into their opposites"

    @property
    def sign(self) -> float:
        return -1.0

    def arrange(self, size: int) -> Tensor:
        return torch.arange(size * size)

    def placement(self, size: int, progress: float) -> Placement:  # noqa: ARG002 - colours change, nothing moves
        return stretched(size, across=1.0, down=1.0)

    def frame(self, picture: Tensor, progress: float, scale: int) -> Tensor:
        return super().frame(picture * (1 - 2 * progress), progress, scale)
