"""Views applied one after another."""

from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor

from duckrabbit.errors import UsageError
from duckrabbit.illusions.views.motion import check_frame
from duckrabbit.illusions.views.view import View


@dataclass(frozen=True)
class Composition(View):
    """The view that applies `views` from left to right: A x = Aₙ … A₂ A₁ x. Raises UsageError if there are none."""

    views: tuple[View, ...]

    def __post_init__(self) -> None:
        if not self.views:
            raise UsageError(
                "A composition of views needs at least one view, not none: use identity to change nothing."
            )

    @property
    def name(self) -> str:
        return "+".join(view.name for view in self.views)

    @property
    def sign(self) -> float:
        return prod(view.sign for view in self.views)

    def arrange(self, size: int) -> Tensor:
        pixels = torch.arange(size * size)
        for view in self.views:
            pixels = pixels[view.permutation(size)]
        return pixels

    def frame(self, picture: Tensor, progress: float, scale: int) -> Tensor:
        check_frame(picture, progress, scale)
        done = min(int(progress * len(self.views)), len(self.views) - 1)
        for view in self.views[:done]:
            picture = view(picture)
        return self.views[done].frame(picture, progress * len(self.views) - done, scale)
