"""A denoiser that guides itself: one network answers prompts alone, another one prompts under guidance."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from duckrabbit.diffusion.condition import Condition, Guided
from duckrabbit.diffusion.cycle_spinning import CycleSpinning
from duckrabbit.diffusion.denoiser import Denoiser, NetworkDenoiser, Prediction
from duckrabbit.diffusion.path import Path


@dataclass(frozen=True)
class SelfGuided:
    """Two denoisers on one path, each asked for what it knows.

    Attributes:
        plain: of prompts alone; what an honest estimate of a picture comes from.
        guided: of prompts under guidance, in one evaluation.
    """

    plain: NetworkDenoiser
    guided: NetworkDenoiser

    @property
    def path(self) -> Path:
        """That of both."""
        return self.plain.path

    def __call__(self, x: Tensor, t: float, condition: Sequence[Condition]) -> Prediction:
        """Estimate the clean pictures of x [B, C, H, W] at time t in (0, 1] under B conditions."""
        told = [isinstance(own, Guided) for own in condition]
        if len({*told}) == 1:
            return (self.guided if told[0] else self.plain)(x, t, condition)
        x0 = torch.empty_like(x)
        for denoiser, kind in ((self.plain, False), (self.guided, True)):
            rows = [k for k, own in enumerate(told) if own == kind]
            x0[rows] = denoiser(x[rows], t, [condition[k] for k in rows]).x0
        return Prediction(x0)


def plain_of(denoiser: Denoiser) -> Denoiser:
    """What answers prompts alone: that of a denoiser that guides itself or rolls its pictures, or else the denoiser."""
    return denoiser.plain if isinstance(denoiser, SelfGuided | CycleSpinning) else denoiser
