"""A denoiser that sees a picture rolled by other pixels at each step, so that its folds leave no pattern.

    x̂_0 = S⁻¹ D(S x, t, c)        S rolls by (dy, dx) pixels, drawn for each time

A network that folds blocks of pixels into channels errs at each place of a block in a way of its own; step by step that
adds up to a grid over the picture. "Translation-Invariant De-Noising" (Coifman and Donoho, 1995) averages over all
shifts; here one step mends what another did, at no cost.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from duckrabbit.diffusion.condition import Condition
from duckrabbit.diffusion.denoiser import NetworkDenoiser, Prediction
from duckrabbit.diffusion.path import Path


@dataclass(frozen=True)
class CycleSpinning:
    """A denoiser whose pictures are rolled.

    Attributes:
        plain: D.
        fold: side of the blocks; dy and dx are from 0 to one less.
        below: the time from which on they are rolled: earlier the network needs its guide where it learnt to see it.
    """

    plain: NetworkDenoiser
    fold: int
    below: float

    @property
    def path(self) -> Path:
        """That of the denoiser."""
        return self.plain.path

    def __call__(self, x: Tensor, t: float, condition: Sequence[Condition]) -> Prediction:
        """Estimate the clean pictures of x [B, C, H, W] at time t in (0, 1] under B conditions."""
        if t >= self.below:
            return self.plain(x, t, condition)
        drawn = torch.Generator().manual_seed(round(1e6 * t))
        dy, dx = torch.randint(self.fold, (2,), generator=drawn).tolist()
        return Prediction(self.plain(x.roll((dy, dx), (2, 3)), t, condition).x0.roll((-dy, -dx), (2, 3)))
