"""A denoiser is a function: noisy picture at a noise level → estimate of the clean picture.

It is not its network. The network predicts whatever it was trained to predict, in whatever precision is fast; the
denoiser knows the path and the parametrization, and always answers with x̂_0 in float32.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from duckrabbit.diffusion.condition import Condition, prompts_of, scales_of
from duckrabbit.diffusion.parametrization import Parametrization
from duckrabbit.diffusion.path import Path

Network = Callable[..., Tensor]
"""From x_t [B, C, H, W], t [B] and an encoded condition [B, …] (or None) to an output [B, C, H, W].

One that has learnt to guide itself may be told the guidance behind these, [B, 2]; see `scales_of`.
"""

Encode = Callable[[Sequence[str]], Tensor | None]
"""From B prompts to the network's condition [B, …], or to None for a network that has none."""

KEPT_PROMPTS = 256
"""Encoded prompts that are kept; a run seldom has more than a few."""

ROW_MULTIPLE = 4
"""Batches are padded to a multiple of this: below it CPU kernels sum in another order, and pixels would differ."""


@dataclass(frozen=True)
class Prediction:
    """What a denoiser says of a noisy picture.

    Attributes:
        x0: the estimate x̂_0 of the clean picture, [B, C, H, W] float32, not clipped.
        variance_fraction: v in log σ² = v log β + (1 − v) log β̃ where the network learned its variance
            (Nichol and Dhariwal, 2021, arXiv:2102.09672), [B, C, H, W], nominally in [0, 1]; None elsewhere.
    """

    x0: Tensor
    variance_fraction: Tensor | None = None


class Denoiser(Protocol):
    """Anything that estimates clean pictures along a path, under a condition per picture."""

    @property
    def path(self) -> Path:
        """The path whose noise it was trained to remove."""

    def __call__(self, x: Tensor, t: float, condition: Sequence[Condition]) -> Prediction:
        """Estimate the clean pictures of x [B, C, H, W] at time t in (0, 1] under B conditions ("" is the null one)."""


class EncodedOnce:
    """An `Encode` that encodes each prompt when it is first met, not at every step, and stacks what it kept.

    Args:
        rows: from prompts to the condition of each.
        stack: from the conditions of a batch to one tensor [B, …].
    """

    def __init__(
        self,
        rows: Callable[[Sequence[str]], Iterable[Tensor]],
        stack: Callable[[list[Tensor]], Tensor] = torch.stack,
    ) -> None:
        self._rows, self._stack = rows, stack
        self._kept: dict[str, Tensor] = {}

    def __call__(self, prompts: Sequence[str]) -> Tensor:
        """The conditions [B, …] of B prompts."""
        if len(self._kept) > KEPT_PROMPTS:
            self._kept.clear()
        missing = [prompt for prompt in dict.fromkeys(prompts) if prompt not in self._kept]
        if missing:
            self._kept |= zip(missing, self._rows(missing), strict=True)
        return self._stack([self._kept[prompt] for prompt in prompts])


def unconditional(prompts: Sequence[str]) -> None:
    """The `Encode` of a network without a condition."""


@dataclass(frozen=True)
class NetworkDenoiser:
    """A denoiser made of a network, the path it was trained on and what it predicts.

    Attributes:
        network: the network, in evaluation mode.
        path: the path it was trained on.
        parametrization: what its output means.
        encode: what its prompts become.
        dtype: the precision of the network alone; everything around it is float32.
    """

    network: Network
    path: Path
    parametrization: Parametrization
    encode: Encode
    dtype: torch.dtype = torch.float32

    def __call__(self, x: Tensor, t: float, condition: Sequence[Condition]) -> Prediction:
        """Estimate the clean pictures of x [B, C, H, W] at time t in (0, 1] under B conditions.

        The batch is padded to a multiple of four rows, which makes each row's estimate independent of the others.
        """
        rows = len(x)
        padding = -rows % ROW_MULTIPLE
        padded = torch.cat([x, x[:1].expand(padding, *x.shape[1:])])
        every = [*condition, *([condition[0]] * padding)]
        encoded, scales = self.encode(prompts_of(every)), scales_of(every)
        told = () if scales is None else (scales.to(x.device),)
        times = torch.full((rows + padding,), t, dtype=torch.float32, device=x.device)
        reduced = self.dtype != torch.float32
        with torch.inference_mode(), torch.autocast(x.device.type, self.dtype, enabled=reduced):
            output = self.network(padded.float(), times, None if encoded is None else encoded.to(x.device), *told)
        alpha_t, sigma_t = self.path(torch.tensor(t, dtype=torch.float64))
        # A second stage's guide lies behind the noisy picture.
        x_t = x[:, : output.shape[1]]
        return Prediction(self.parametrization.x0(output[:rows].to(x.dtype), x_t, alpha_t, sigma_t))
