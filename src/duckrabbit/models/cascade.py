"""Cascades: a second stage makes a picture large, with the first stage's picture before its eyes.

    low = α_l U(x_small) + σ_l ε,        x̂_0 = D([x_t, low], t, c)

U enlarges, and l is the level at which the second stage was trained to see its guide: some noise hides the first
stage's faults from it (Ho et al., 2022, "Cascaded Diffusion Models"). The guide is noised once, not at every step.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import interpolate

from duckrabbit.diffusion.noise import Noise, Stream
from duckrabbit.diffusion.path import Path
from duckrabbit.models.model import Model

Enlarging = Callable[[Tensor, int], Tensor]
"""From pictures [B, C, s, s] and a side S to pictures [B, C, S, S]."""


@dataclass(frozen=True)
class SecondStage:
    """What comes after a first stage.

    Attributes:
        model: the second stage with its own size, threshold and ways of sampling; its denoiser is given [B, 2C, S, S],
            the noisy picture and behind it the guide, and answers with [B, C, S, S].
        enlarge: U.
        path: along which the guide is noised.
        time: the time l to which it is noised.
    """

    model: Model
    enlarge: Enlarging
    path: Path
    time: float

    def low(self, pictures: Tensor, noise: Noise) -> Tensor:
        """The guide [B, C, S, S] that pictures [B, C, s, s] of the first stage make; a row for each seed of `noise`."""
        large = self.enlarge(pictures, self.model.size)
        return self.path.noised(large, self.time, noise(Stream.LOWRES, self.time, large.shape[1:]).to(large.device))


def bilinear(pictures: Tensor, size: int) -> Tensor:
    """Bilinear, corner pixels on corner pixels, as DeepFloyd IF was trained."""
    return interpolate(pictures, size=(size, size), mode="bilinear", align_corners=True)


def bicubic(pictures: Tensor, size: int) -> Tensor:
    """Bicubic, pixels being squares: no shift at the borders."""
    return interpolate(pictures, size=(size, size), mode="bicubic", align_corners=False)
