"""Denoisers whose answers are known exactly, shared by the tests of the engine."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from hypothesis import settings
from torch import Tensor

from duckrabbit.diffusion.condition import Condition
from duckrabbit.diffusion.denoiser import Denoiser, Prediction
from duckrabbit.diffusion.path import Additive, Cosine, LinearBeta, Path, RectifiedFlow, SquaredCosine
from duckrabbit.errors import UsageError

patient = settings(deadline=None)
"""For properties of tensors: their first call can take longer than a deadline allows."""

brief = settings(deadline=None, max_examples=15)
"""For properties that are tested on every path, too."""


@dataclass(frozen=True)
class SmoothLinearBeta(Path):
    """The linear-β path with continuous time: log ᾱ_t = −(β_0 t + (β_1 − β_0) t²/2). It has no kinks, a table has."""

    beta_0: float = 0.1
    beta_1: float = 20.0

    def __call__(self, t: Tensor) -> tuple[Tensor, Tensor]:
        log_alpha_bar = -(self.beta_0 * t.double() + (self.beta_1 - self.beta_0) * t.double() ** 2 / 2)
        return (log_alpha_bar / 2).exp(), (-log_alpha_bar.expm1()).sqrt()


def named(value: object) -> str:
    """The id of a test's parameter: its `repr` without addresses, so that every process of the tests says the same."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


VARIANCE_PRESERVING: list[Path] = [LinearBeta(), LinearBeta(300), SquaredCosine(), SquaredCosine(200), Cosine()]
PATHS: list[Path] = [*VARIANCE_PRESERVING, RectifiedFlow(), Additive()]


@dataclass(frozen=True)
class Mixture:
    """The exact denoiser of numbers drawn from a mixture of normal distributions: E[x_0 | x_t], number by number.

    It is a composed denoiser; its arithmetic is the precision of its input.
    """

    path: Path
    weights: tuple[float, ...] = (0.3, 0.5, 0.2)
    means: tuple[float, ...] = (-0.8, 0.1, 0.9)
    deviations: tuple[float, ...] = (0.2, 0.3, 0.15)

    def __call__(self, x: Tensor, t: float) -> Prediction:
        alpha, sigma = self.path.at(t)
        densities, estimates = [], []
        for weight, mean, deviation in zip(self.weights, self.means, self.deviations, strict=True):
            variance = (alpha * deviation) ** 2 + sigma**2
            off = x - alpha * mean
            densities.append(math.log(weight) - math.log(variance) / 2 - off**2 / (2 * variance))
            estimates.append(mean + alpha * deviation**2 / variance * off)
        share = torch.stack(densities).softmax(dim=0)
        return Prediction((share * torch.stack(estimates)).sum(dim=0))

    def cdf(self, x: Tensor, t: float) -> Tensor:
        """The probability of x_t ≤ x; the deterministic flow leaves it unchanged in one dimension."""
        alpha, sigma = self.path.at(t)
        parts = zip(self.weights, self.means, self.deviations, strict=True)
        return sum(
            (w * torch.special.ndtr((x - alpha * m) / math.hypot(alpha * d, sigma)) for w, m, d in parts),
            torch.zeros_like(x),
        )

    def transported(self, x: Tensor, t: float, s: float) -> Tensor:
        """Where the deterministic flow takes x from the level t to the level s, by bisection of the distributions."""
        wanted = self.cdf(x, t)
        low, high = torch.full_like(x, -50.0), torch.full_like(x, 50.0)
        for _ in range(100):
            middle = (low + high) / 2
            below = self.cdf(middle, s) < wanted
            low, high = middle.where(below, low), high.where(below, middle)
        return (low + high) / 2


def normal(path: Path, deviation: float, mean: float = 0.0) -> Mixture:
    """The exact denoiser of numbers drawn from N(mean, deviation²)."""
    return Mixture(path, (1.0,), (mean,), (deviation,))


@dataclass(frozen=True)
class Shifting:
    """A conditional denoiser that works row by row and that no view commutes with.

    A picture is mixed with itself one row down and one column right, by amounts that depend on the condition, so that
    turning, negating or permuting its input changes more than its output's arrangement.
    """

    path: Path
    fractions: bool = False

    def __call__(self, x: Tensor, t: float, condition: Sequence[str]) -> Prediction:
        if len(condition) != len(x):
            raise AssertionError(f"{len(x)} rows were given {len(condition)} conditions")
        rows = [self._row(row, t, prompt) for row, prompt in zip(x, condition, strict=True)]
        return Prediction(torch.stack(rows), torch.stack([row.abs() for row in rows]) if self.fractions else None)

    def _row(self, row: Tensor, t: float, prompt: str) -> Tensor:
        number = sum(map(ord, prompt)) % 97 / 97
        mixed = row * (0.4 + number) + 0.3 * row.roll(1, dims=-2) - (0.2 - number / 5) * row.roll(1, dims=-1)
        return 0.9 * torch.sin(mixed + number + t)


@dataclass(frozen=True)
class Recorder:
    """A denoiser that remembers what it was asked."""

    inner: Denoiser
    calls: list[tuple[Tensor, float, list[Condition]]] = field(default_factory=list)

    @property
    def path(self) -> Path:
        return self.inner.path

    def __call__(self, x: Tensor, t: float, condition: Sequence[Condition]) -> Prediction:
        self.calls.append((x.clone(), t, list(condition)))
        return self.inner(x, t, condition)

    @property
    def rows(self) -> list[int]:
        """How many evaluations each call made."""
        return [len(x) for x, _, _ in self.calls]


def pictures(count: int, size: int = 8, channels: int = 3, seed: int = 0, dtype: torch.dtype = torch.float32) -> Tensor:
    """Random pictures [count, channels, size, size] in [−1, 1], the same for the same arguments."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand((count, channels, size, size), generator=generator, dtype=dtype) * 2 - 1


def outcome(attempt: Callable[[], object]) -> object:
    """What an attempt gives, or that it is refused as a user's mistake is."""
    try:
        return attempt()
    except UsageError as error:
        return "refused in several lines" if "\n" in str(error) else "refused in a sentence"
