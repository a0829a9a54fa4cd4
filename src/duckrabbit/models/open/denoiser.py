"""A network of diffusers as a denoiser, whatever its family."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from duckrabbit.diffusion.condition import Condition, unguided
from duckrabbit.diffusion.denoiser import Prediction
from duckrabbit.diffusion.path import Path
from duckrabbit.models.open.family import Estimate, Wording


@dataclass(frozen=True)
class OpenDenoiser:
    """A denoiser over a network of diffusers.

    Attributes:
        path: what it was trained on.
        lend: gives the network, loading it if need be.
        wordings: what prompts become.
        estimate: how the network is called, and what its answer means.
        device: where it runs.
    """

    path: Path
    lend: Callable[[], Any]
    wordings: Callable[[Sequence[str]], Sequence[Wording]]
    estimate: Estimate
    device: torch.device

    def __call__(self, x: Tensor, t: float, condition: Sequence[Condition]) -> Prediction:
        """Estimate the clean states of x [B, C, h, w] at time t in (0, 1] under B prompts."""
        # Prompts come first: if text encoders are needed, they have the device to themselves.
        wordings = self.wordings(unguided(condition))
        network = self.lend()
        with torch.inference_mode():
            x0 = self.estimate(network, x.to(self.device).float(), t, wordings)
        return Prediction(x0.to(x))
