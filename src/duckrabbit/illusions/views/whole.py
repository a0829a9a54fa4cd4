"""The whole picture as it is, turned over, turned round or in negative."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from duckrabbit.illusions.views.motion import Placement, half_turn, stretched, turned_whole
from duckrabbit.illusions.views.view import NamedView


@dataclass(frozen=True)
class Identity(NamedView):
    """A x = x."""

    keyword: ClassVar[str] = "identity"
    description: ClassVar[str] = "the picture as it is"

    def arrange(self, size: int) -> Tensor:
        return torch.arange(size * size)

    def placement(self, size: int, progress: float) -> Placement:  # noqa: ARG002 - nothing moves
        return stretched(size, across=1.0, down=1.0)


@dataclass(frozen=True)
class Flip(NamedView):
    """Top and bottom exchanged, left and right kept: (A x)[i, j] = x[S-1-i, j]."""

    keyword: ClassVar[str] = "flip"
    description: ClassVar[str] = "upside down: top and bottom exchanged"

    def arrange(self, size: int) -> Tensor:
        return torch.arange(size * size).reshape(size, size).flip(0).flatten()

    def placement(self, size: int, progress: float) -> Placement:
        return stretched(size, across=1.0, down=half_turn(progress))


@dataclass(frozen=True)
class Mirror(NamedView):
    """Left and right exchanged, top and bottom kept: (A x)[i, j] = x[i, S-1-j]."""

    keyword: ClassVar[str] = "mirror"
    description: ClassVar[str] = "as in a mirror: left and right exchanged"

    def arrange(self, size: int) -> Tensor:
        return torch.arange(size * size).reshape(size, size).flip(1).flatten()

    def placement(self, size: int, progress: float) -> Placement:
        return stretched(size, across=half_turn(progress), down=1.0)


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
