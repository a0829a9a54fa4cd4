"""Thresholding: what is done to x̂_0 before a step, once, after all terms are combined."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Threshold = Callable[[Tensor], Tensor]
"""From x̂_0 [B, C, H, W] to x̂_0 of the same shape."""


def unclipped(x0: Tensor) -> Tensor:
    """x̂_0 as it is."""
    return x0


def clip(x0: Tensor) -> Tensor:
    """Static thresholding: x̂_0 clamped to [−1, 1]."""
    return x0.clamp(-1, 1)


THRESHOLDS: dict[str, Threshold] = {"clip": clip, "none": unclipped}
"""What may stand in place of a model's own thresholding, by the word a user types."""


@dataclass(frozen=True)
class DynamicThreshold:
    """Dynamic thresholding: keeps strong guidance from saturating pictures.

    With s the `ratio` quantile of |x̂_0| within a picture, clamped to [1, maximum], the result is
    clamp(x̂_0, −s, s)/s. Saharia et al., 2022, "Imagen" (arXiv:2205.11487).
    """

    ratio: float = 0.95
    maximum: float = 1.5

    def __call__(self, x0: Tensor) -> Tensor:
        """x̂_0 [B, C, H, W], squeezed picture by picture into [−1, 1]."""
        magnitude = torch.quantile(x0.abs().flatten(1).float(), self.ratio, dim=1)
        s = magnitude.clamp(1, self.maximum).to(x0.dtype)[:, None, None, None]
        return x0.clamp(-s, s) / s
