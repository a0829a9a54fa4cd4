"""Turned by quarter turns."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from duckrabbit.illusions.views.motion import Placement, turned_whole
from duckrabbit.illusions.views.named import NamedView


@dataclass(frozen=True)
class Rotation(NamedView):
    """A x = `torch.rot90(x, quarter_turns, (-2, -1))`; positive is counter-clockwise."""

    quarter_turns: ClassVar[int]

    def arrange(self, size: int) -> Tensor:
        return torch.rot90(torch.arange(size * size).reshape(size, size), self.quarter_turns).flatten()

    def placement(self, size: int, progress: float) -> Placement:
        return turned_whole(size, 90 * self.quarter_turns * progress)


@dataclass(frozen=True)
class Rotate90(Rotation):
    """A quarter turn counter-clockwise."""

    keyword: ClassVar[str] = "rotate-90"
    description: ClassVar[str] = "a quarter turn counter-clockwise"
    quarter_turns: ClassVar[int] = 1


@dataclass(frozen=True)
class Rotate90Clockwise(Rotation):
    """A quarter turn clockwise."""

    keyword: ClassVar[str] = "rotate-90-cw"
    description: ClassVar[str] = "a quarter turn clockwise"
    quarter_turns: ClassVar[int] = -1


@dataclass(frozen=True)
class Rotate180(Rotation):
    """A half turn."""

    keyword: ClassVar[str] = "rotate-180"
    description: ClassVar[str] = "a half turn"
    quarter_turns: ClassVar[int] = 2
