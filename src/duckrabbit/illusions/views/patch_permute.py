"""Square patches shuffled."""

from dataclasses import dataclass
from typing import ClassVar, Self

from torch import Tensor

from duckrabbit.errors import UsageError
from duckrabbit.illusions.views.cells import shuffled, sliding
from duckrabbit.illusions.views.motion import Placement
from duckrabbit.illusions.views.named import NamedView

_MOST = 256


@dataclass(frozen=True)
class PatchPermute(NamedView):
    """The picture cut into per_side × per_side square patches that change places, always in the same way.

    per_side: patches along a side, 2 to 256; it must divide the picture's side. Raises UsageError otherwise.
    """

    keyword: ClassVar[str] = "patch-permute"
    description: ClassVar[str] = "square patches shuffled, so many along a side (patch-permute:8)"
    per_side: int = 8

    def __post_init__(self) -> None:
        if not 2 <= self.per_side <= _MOST:
            raise _unusable(self.per_side)

    @classmethod
    def parse(cls, parameter: str | None) -> Self:
        if parameter is None:
            return cls()
        try:
            per_side = int(parameter)
        except ValueError:
            raise _unusable(repr(parameter)) from None
        return cls(per_side)

    @property
    def name(self) -> str:
        return f"{self.keyword}:{self.per_side}"

    def arrange(self, size: int) -> Tensor:
        if size % self.per_side:
            fitting = [n for n in range(2, min(size, _MOST) + 1) if size % n == 0]
            if not fitting:
                raise UsageError(f"A picture {size} pixels wide cannot be cut into patches: use a larger picture.")
            nearest = min(fitting, key=lambda n: abs(n - self.per_side))
            raise UsageError(
                f"{self.name} does not fit a picture {size} pixels wide, as {self.per_side} does not divide {size}: "
                f"use {self.keyword}:{nearest}."
            )
        return shuffled(self.per_side, size)

    def placement(self, size: int, progress: float) -> Placement:
        return sliding(self.permutation(size), self.per_side, size, progress)


def _unusable(per_side: object) -> UsageError:
    return UsageError(
        f"patch-permute needs a whole number of patches along a side, from 2 to 256, not {per_side}: "
        "write for example patch-permute:8."
    )
