"""Probability paths: how a clean picture becomes noise.

A path maps the time t in [0, 1], where 1 is noise, to the coefficients of

    x_t = α_t x_0 + σ_t ε,        ε ~ N(0, I).

Every path has α_0 = 1 and σ_0 = 0, and α_t/σ_t falls as t grows. Coefficients are float64: pictures are not.

A level that a user names, or index k of a table of T steps, is the time t = (k + 1)/T; level 250 is t = 0.251 on
every path, so the same command is valid on a table of 300 steps, of 1,000, and on flow matching.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from duckrabbit.errors import UsageError

LEVELS = 1000


class Path(ABC):
    """A probability path p(x_t | x_0) = N(α_t x_0, σ_t² I)."""

    @abstractmethod
    def __call__(self, t: Tensor) -> tuple[Tensor, Tensor]:
        """The coefficients (α_t, σ_t), float64 and shaped like the times t in [0, 1]."""

    def at(self, t: float) -> tuple[float, float]:
        """The coefficients (α_t, σ_t) of one time as Python floats."""
        alpha, sigma = self(torch.tensor(t, dtype=torch.float64))
        return alpha.item(), sigma.item()

    def noised(self, x0: Tensor, t: float, noise: Tensor) -> Tensor:
        """The forward process: x_t = α_t x_0 + σ_t ε for pictures [B, C, H, W]."""
        alpha, sigma = self.at(t)
        return alpha * x0 + sigma * noise

    def between(self, t: float, s: float) -> "Transition":
        """The coefficients at the levels t and s < t."""
        return Transition(t, s, *self.at(t), *self.at(s))


@dataclass(frozen=True)
class Transition:
    """The coefficients of a path at two levels s < t: all that a step between them depends on.

    Noise is added from s to t by q(x_t | x_s) = N((α_t/α_s) x_s, σ²_{t|s} I), and Bayes' rule gives
    q(x_s | x_t, x_0) the variance β̃ (Kingma et al., 2021, "Variational Diffusion Models", arXiv:2107.00630).

    Attributes:
        t: the noisier level.
        s: the cleaner one; 0 is the clean picture.
        alpha_t: α_t.
        sigma_t: σ_t.
        alpha_s: α_s.
        sigma_s: σ_s.
    """

    t: float
    s: float
    alpha_t: float
    sigma_t: float
    alpha_s: float
    sigma_s: float

    @property
    def beta(self) -> float:
        """β = σ²_{t|s} = σ_t² − (α_t/α_s)² σ_s²: the variance that is added from s to t."""
        return max(self.sigma_t**2 - (self.alpha_t / self.alpha_s) ** 2 * self.sigma_s**2, 0.0)

    @property
    def beta_tilde(self) -> float:
        """β̃ = σ_s² σ²_{t|s}/σ_t²: the variance of x_s where x_t and x_0 are known."""
        return self.sigma_s**2 * self.beta / self.sigma_t**2

    @property
    def log_snr_t(self) -> float:
        """λ_t = log(α_t/σ_t); −∞ for pure noise."""
        return _log_snr(self.alpha_t, self.sigma_t)

    @property
    def log_snr_s(self) -> float:
        """λ_s = log(α_s/σ_s), for s > 0."""
        return _log_snr(self.alpha_s, self.sigma_s)


@dataclass(frozen=True)
class LinearBeta(Path):
    """The schedule of DDPM (Ho et al., 2020, arXiv:2006.11239): β rises linearly over a table of T steps.

        ᾱ_k = Π_{j≤k} (1 − β_j),   α_t = √ᾱ_k and σ_t = √(1 − ᾱ_k) at t = (k + 1)/T,

    log ᾱ linear in between. With T = 300 and β from 1e-4 to 0.02, ᾱ_T = 0.048: the last level is not quite noise.
    """

    steps: int = 1000
    beta_start: float = 1e-4
    beta_end: float = 0.02

    def __call__(self, t: Tensor) -> tuple[Tensor, Tensor]:
        return _from_table(_linear_table(self, t.device), t)


@dataclass(frozen=True)
class ScaledLinearBeta(Path):
    """The schedule of latent diffusion (Rombach et al., 2022, arXiv:2112.10752): √β rises linearly over T steps.

    The table is used as `LinearBeta` uses its own. With T = 1000 and β from 0.00085 to 0.012, ᾱ_T = 0.0047: the last
    level is not quite noise.
    """

    steps: int = 1000
    beta_start: float = 0.00085
    beta_end: float = 0.012

    def __call__(self, t: Tensor) -> tuple[Tensor, Tensor]:
        return _from_table(_scaled_linear_table(self, t.device), t)


@dataclass(frozen=True)
class SquaredCosine(Path):
    """The schedule of improved DDPM as DeepFloyd IF uses it: a table of T steps.

    f(u) = cos²((u + 0.008)/1.008 · π/2),   β_k = min(1 − f((k + 1)/T)/f(k/T), 0.999)

    Nichol and Dhariwal, 2021 (arXiv:2102.09672).
    """

    steps: int = 1000

    def __call__(self, t: Tensor) -> tuple[Tensor, Tensor]:
        return _from_table(_cosine_table(self, t.device), t)


@dataclass(frozen=True)
class Cosine(Path):
    """The continuous variance-preserving path α_t = cos(πt/2), σ_t = sin(πt/2), pure noise at t = 1."""

    def __call__(self, t: Tensor) -> tuple[Tensor, Tensor]:
        angle = t.double() * (math.pi / 2)
        return torch.where(t == 1, 0.0, angle.cos()), angle.sin()


@dataclass(frozen=True)
class RectifiedFlow(Path):
    """The straight path of flow matching (Lipman et al., 2023, arXiv:2210.02747; Liu et al., 2023,
    arXiv:2209.03003): α_t = 1 − t, σ_t = t, or n t where the noise is n times as strong.

    Its velocity is dx/dt = n ε − x_0. Courses often run time the other way, t' = 1 − t, with the opposite sign.
    """

    noise_scale: float = 1.0

    def __call__(self, t: Tensor) -> tuple[Tensor, Tensor]:
        return 1 - t.double(), self.noise_scale * t.double()


@dataclass(frozen=True)
class Additive(Path):
    """Noise added to an unscaled picture: α_t = 1, σ_t = 2t.

    For pictures in [0, 1] it reads z = x + tε, so the sources' σ is t, and twice that on pictures in [−1, 1].
    """

    def __call__(self, t: Tensor) -> tuple[Tensor, Tensor]:
        return torch.ones_like(t, dtype=torch.float64), 2 * t.double()


def time_of_level(level: float) -> float:
    """The time t = (L + 1)/1000 of the level L that a user names, 0 … 999.

    Raises:
        UsageError: if the level is outside that range.
    """
    if not 0 <= level <= LEVELS - 1:
        raise UsageError(f"level {level:g} is out of range: levels go from 0 (clean) to 999 (noise).")
    return (level + 1) / LEVELS


def _log_snr(alpha: float, sigma: float) -> float:
    return math.log(alpha / sigma) if alpha > 0 else -math.inf


@lru_cache
def _linear_table(path: LinearBeta, device: torch.device) -> Tensor:
    return _log_alpha_bar(torch.linspace(path.beta_start, path.beta_end, path.steps, dtype=torch.float64)).to(device)


@lru_cache
def _scaled_linear_table(path: ScaledLinearBeta, device: torch.device) -> Tensor:
    roots = torch.linspace(path.beta_start**0.5, path.beta_end**0.5, path.steps, dtype=torch.float64)
    return _log_alpha_bar(roots**2).to(device)


@lru_cache
def _cosine_table(path: SquaredCosine, device: torch.device) -> Tensor:
    u = torch.arange(path.steps + 1, dtype=torch.float64) / path.steps
    f = ((u + 0.008) / 1.008 * math.pi / 2).cos() ** 2
    return _log_alpha_bar((1 - f[1:] / f[:-1]).clamp(max=0.999)).to(device)


def _log_alpha_bar(betas: Tensor) -> Tensor:
    """log ᾱ at t = 0, 1/T, … 1."""
    return torch.cat([betas.new_zeros(1), (1 - betas).log().cumsum(0)])


def _from_table(log_alpha_bar: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    position = t.double() * (len(log_alpha_bar) - 1)
    lower = position.floor().clamp(0, len(log_alpha_bar) - 2)
    weight = position - lower
    index = lower.long()
    interpolated = log_alpha_bar[index] * (1 - weight) + log_alpha_bar[index + 1] * weight
    return (interpolated / 2).exp(), (-interpolated.expm1()).clamp(min=0).sqrt()
