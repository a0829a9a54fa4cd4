"""Columns slid up and down."""

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from duckrabbit.errors import UsageError
from duckrabbit.illusions.views.motion import Placement, grid, slid
from duckrabbit.illusions.views.view import NamedView

_LARGEST = 16.0


@dataclass(frozen=True)
class Skew(NamedView):
    """Column j rolled down by int(factor · (j - S // 2)) pixels, what leaves below coming back above.

    factor: the slope, within ±16; at 0 the view is the identity. Raises UsageError for any other value.
    """

    keyword: ClassVar[str] = "skew"
    description: ClassVar[str] = "columns slid by factor times their distance from the middle (skew:1.5)"
    reads: ClassVar[type[int] | type[float] | None] = float
    factor: float = 1.5

    def __post_init__(self) -> None:
        if not math.isfinite(self.factor) or abs(self.factor) > _LARGEST:
            raise self.unusable(self.factor)

    @classmethod
    def unusable(cls, parameter: object) -> UsageError:
        return UsageError(f"A skew needs a factor between -16 and 16, not {parameter}: write for example skew:1.5.")

    @property
    def name(self) -> str:
        return f"{self.keyword}:{repr(float(self.factor)).removesuffix('.0')}"

    def arrange(self, size: int) -> Tensor:
        rows = torch.arange(size)[:, None]
        return ((rows - self._displacements(size, 1.0)) % size * size + torch.arange(size)).flatten()

    def placement(self, size: int, progress: float) -> Placement:
        # Whole pixels only: every column stays full from top to bottom at every moment.
        rows = (torch.arange(size)[:, None] + self._displacements(size, progress)) % size
        end = grid(size)
        end[:, 1] = rows.flatten() - (size - 1) / 2
        return slid(size, end, torch.zeros(size**2, dtype=torch.int64))

    def _displacements(self, size: int, progress: float) -> Tensor:
        return torch.tensor([int(progress * self.factor * (j - size // 2)) for j in range(size)])
