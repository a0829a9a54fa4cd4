"""The picture as it is."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from duckrabbit.illusions.views.motion import Placement, stretched
from duckrabbit.illusions.views.named import NamedView


@dataclass(frozen=True)
class Identity(NamedView):
    """A x = x."""

    keyword: ClassVar[str] = "identity"
    description: ClassVar[str] = "the picture as it is"

    def arrange(self, size: int) -> Tensor:
        return torch.arange(size * size)

    def placement(self, size: int, progress: float) -> Placement:  # noqa: ARG002 - nothing moves
        return stretched(size, across=1.0, down=1.0)
