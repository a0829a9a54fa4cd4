"""Objectives: from a network and a batch to a loss. The training loop is passed one and knows nothing else of it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from duckrabbit.diffusion.parametrization import Parametrization
from duckrabbit.diffusion.path import Path
from duckrabbit.training.data import Batch


class Objective(Protocol):
    """From a network, a batch and a source of randomness to a scalar loss."""

    def __call__(self, network: nn.Module, batch: Batch, generator: torch.Generator) -> Tensor:
        """The mean loss over the batch."""


Times = Callable[[int, torch.Generator], Tensor]
"""From a number of pictures to as many times t in (0, 1], float64, on the generator's device if that has float64."""


@dataclass(frozen=True)
class LevelsOfTable:
    """t = k/T for k uniform in 1 … T: the levels of a table of T steps (Ho et al., 2020, arXiv:2006.11239)."""

    steps: int

    def __call__(self, count: int, generator: torch.Generator) -> Tensor:
        """`count` times."""
        k = torch.randint(1, self.steps + 1, (count,), generator=generator, device=generator.device)
        return _exact(k) / self.steps


@dataclass(frozen=True)
class UniformTimes:
    """t uniform in (0, 1] (Lipman et al., 2023, arXiv:2210.02747)."""

    def __call__(self, count: int, generator: torch.Generator) -> Tensor:
        """`count` times."""
        drawn = torch.float64 if _has_float64(generator.device) else torch.float32
        return 1 - _exact(torch.rand(count, generator=generator, device=generator.device, dtype=drawn))


@dataclass(frozen=True)
class FixedTime:
    """One level for every picture: what a single-step denoiser is trained at."""

    t: float

    def __call__(self, count: int, generator: torch.Generator) -> Tensor:
        """`count` times the same time."""
        device = generator.device if _has_float64(generator.device) else "cpu"
        return torch.full((count,), self.t, dtype=torch.float64, device=device)


def _has_float64(device: torch.device) -> bool:
    return device.type != "mps"


def _exact(times: Tensor) -> Tensor:
    """In float64: where they are, or on the CPU for a device that has none."""
    return times.double() if _has_float64(times.device) else times.cpu().double()


@dataclass(frozen=True)
class DenoisingObjective:
    """Mean squared error of the network's prediction for x_t = α_t x_0 + σ_t ε.

        L = E |network(x_t, t, c) − (a ε + b x_0)|²

    Attributes:
        path: gives α_t and σ_t.
        parametrization: gives a and b.
        times: draws t.
        drop_condition: probability that a picture's condition is replaced by zeros, so that one network learns both
            branches of classifier-free guidance (Ho and Salimans, 2022, arXiv:2207.12598).
    """

    path: Path
    parametrization: Parametrization
    times: Times
    drop_condition: float = 0.0

    def __call__(self, network: nn.Module, batch: Batch, generator: torch.Generator) -> Tensor:
        """The mean loss over the batch's pictures and pixels."""
        x0, count = batch.x0, len(batch.x0)
        t = self.times(count, generator)
        alpha_t, sigma_t = (c.view(-1, 1, 1, 1) for c in self.path(t))
        noise = torch.randn(x0.shape, generator=generator, device=x0.device)
        x_t = alpha_t.to(x0) * x0 + sigma_t.to(x0) * noise
        kept = torch.rand(count, generator=generator, device=x0.device) >= self.drop_condition
        output = network(x_t, t.to(x0.device, torch.float32), batch.condition * kept[:, None])
        return F.mse_loss(output.float(), self.parametrization.target(x0, noise, alpha_t, sigma_t))


@dataclass(frozen=True)
class EnlargingObjective:
    """Mean squared error of a second stage, which sees the small picture, enlarged and noised, behind x_t.

        L = E |network([x_t, α_l U(S x_0) + σ_l ε′], t, c) − (a ε + b x_0)|²

    S averages blocks of pixels, U enlarges bicubically. The noise ε′ hides from the network what a first stage may get
    wrong (conditioning augmentation: Ho et al., 2022, arXiv:2106.15282).

    Attributes:
        path: gives α and σ.
        parametrization: gives a and b.
        times: draws t.
        low_time: l.
        factor: side of the blocks.
    """

    path: Path
    parametrization: Parametrization
    times: Times
    low_time: float
    factor: int = 4

    def __call__(self, network: nn.Module, batch: Batch, generator: torch.Generator) -> Tensor:
        """The mean loss over the batch's pictures and pixels."""
        x0, count = batch.x0, len(batch.x0)
        t = self.times(count, generator)
        alpha_t, sigma_t = (c.view(-1, 1, 1, 1) for c in self.path(t))
        alpha_l, sigma_l = self.path.at(self.low_time)
        noise, low_noise = torch.randn((2, *x0.shape), generator=generator, device=x0.device)
        small = F.avg_pool2d(x0, self.factor)
        low = alpha_l * F.interpolate(small, size=x0.shape[-2:], mode="bicubic") + sigma_l * low_noise
        x_t = alpha_t.to(x0) * x0 + sigma_t.to(x0) * noise
        output = network(torch.cat([x_t, low], dim=1), t.to(x0.device, torch.float32), batch.condition)
        return F.mse_loss(output.float(), self.parametrization.target(x0, noise, alpha_t, sigma_t))


@dataclass(frozen=True)
class ClassificationObjective:
    """Cross-entropy of a classifier's logits with smoothed labels (Szegedy et al., 2016, arXiv:1512.00567)."""

    label_smoothing: float = 0.05

    def __call__(self, network: nn.Module, batch: Batch, generator: torch.Generator) -> Tensor:  # noqa: ARG002
        """The mean loss over the batch."""
        logits = network(batch.x0).float()
        return F.cross_entropy(logits, batch.condition, label_smoothing=self.label_smoothing)


@dataclass(frozen=True)
class AdversarialObjective:
    """Another objective's loss at x_0 + δ, where δ makes it large (Madry et al., 2018, arXiv:1706.06083).

        δ ← Π_r (δ + 2 r/n g/rms(g))        g = ∇_δ L(x_0 + δ)        n times, from a random δ, rms(δ) ≤ r

    The gradients of a classifier trained so change what a picture shows, not only what it is read as (Tsipras et al.,
    2019, arXiv:1805.12152; Santurkar et al., 2019, arXiv:1906.09453). Every picture has a radius of its own, so that
    clean ones are learnt as well.

    Attributes:
        objective: the other one.
        radius: the largest root mean square of δ; r is uniform in [0, radius].
        steps: n.
    """

    objective: Objective
    radius: float
    steps: int = 1

    def __call__(self, network: nn.Module, batch: Batch, generator: torch.Generator) -> Tensor:
        """The mean loss over the batch."""
        x0 = batch.x0
        start = torch.randn(x0.shape, generator=generator, device=x0.device)
        start_share, radius_share = torch.rand(2, len(x0), 1, 1, 1, generator=generator, device=x0.device)
        radius = self.radius * radius_share
        delta = start_share * radius * _direction(start)
        for _ in range(self.steps):
            delta.requires_grad_()
            loss = self.objective(network, replace(batch, x0=x0 + delta), generator)
            (gradient,) = torch.autograd.grad(loss, delta)
            moved = delta.detach() + 2 * radius / self.steps * _direction(gradient)
            delta = moved * (radius / _size(moved)).clamp(max=1)
        return self.objective(network, replace(batch, x0=x0 + delta), generator)


def _size(x: Tensor) -> Tensor:
    return x.square().mean(dim=(1, 2, 3), keepdim=True).sqrt().clamp_min(1e-12)


def _direction(x: Tensor) -> Tensor:
    """Each picture [C, H, W] with a root mean square of one."""
    return x / _size(x)
