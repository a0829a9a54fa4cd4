"""Steps: how a solver gets from the level t to a cleaner level s.

Every solver is a frozen dataclass called as

    step(denoiser, x, t, s, noise, memory) -> StepResult(x, x0, memory)

`denoiser` maps (x, t) to a `Prediction` and knows its path; `noise` draws ε when called, so a deterministic solver
draws none; `memory` is the solver's own of the step before, None at first. The last step, into s = 0, is x̂_0
itself. Coefficients are Python floats (float64); the sampler knows nothing of the method.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from duckrabbit.diffusion.denoiser import Prediction
from duckrabbit.diffusion.path import Path


class ComposedDenoiser(Protocol):
    """A denoiser whose conditions are settled."""

    @property
    def path(self) -> Path:
        """Its path."""

    def __call__(self, x: Tensor, t: float) -> Prediction:
        """Estimate the clean pictures of x [B, C, H, W] at time t."""


@dataclass(frozen=True)
class Memory:
    """What a multistep solver keeps of the step before: its x̂_0 and the log signal-to-noise ratio there."""

    x0: Tensor
    log_snr: float

    def rows(self, kept: Tensor) -> "Memory":
        """That of some samples, int64 [N]."""
        return Memory(self.x0[kept], self.log_snr)


@dataclass(frozen=True)
class StepResult:
    """The pictures at level s, the estimate x̂_0 made at level t, and the solver's memory for the next step."""

    x: Tensor
    x0: Tensor
    memory: Memory | None = None


class Step(Protocol):
    """A solver's step."""

    @property
    def stochastic(self) -> bool:
        """Whether it draws noise."""

    def __call__(
        self,
        denoiser: ComposedDenoiser,
        x: Tensor,
        t: float,
        s: float,
        noise: Callable[[], Tensor],
        memory: Memory | None,
    ) -> StepResult:
        """From x at level t to level s < t."""


Variance = Callable[[float, float, Tensor | None], Tensor | float]
"""From (σ²_{t|s}, posterior variance, variance fraction) to the variance of a ddpm step."""


def posterior(beta: float, beta_tilde: float, fraction: Tensor | None) -> float:  # noqa: ARG001
    """β̃ = σ_s² σ²_{t|s}/σ_t², the variance of q(x_s | x_t, x_0): the smaller of the two bounds."""
    return beta_tilde


def beta(beta: float, beta_tilde: float, fraction: Tensor | None) -> float:  # noqa: ARG001
    """β = σ²_{t|s}: the larger of the two bounds."""
    return beta


def learned(beta: float, beta_tilde: float, fraction: Tensor | None) -> Tensor | float:
    """log σ² = v log β + (1 − v) log β̃ (Nichol and Dhariwal, 2021) where the network says v, else β̃."""
    if fraction is None:
        return beta_tilde
    # Levels that all but touch leave nothing to take the logarithm of.
    log_beta, log_beta_tilde = math.log(max(beta, 1e-20)), math.log(max(beta_tilde, 1e-20))
    return torch.exp(fraction * log_beta + (1 - fraction) * log_beta_tilde)


@dataclass(frozen=True)
class DDPM:
    """Ancestral sampling (Ho et al., 2020), for any Gaussian path and any stride.

    x_s = (α_t σ_s²)/(α_s σ_t²) x_t + (α_s σ²_{t|s}/σ_t²) x̂_0 + √variance ε
    """

    variance: Variance = learned
    stochastic: bool = True

    def __call__(
        self,
        denoiser: ComposedDenoiser,
        x: Tensor,
        t: float,
        s: float,
        noise: Callable[[], Tensor],
        memory: Memory | None,  # noqa: ARG002
    ) -> StepResult:
        prediction = denoiser(x, t)
        x0 = prediction.x0
        if s == 0:
            return StepResult(x0, x0)
        (alpha_t, sigma_t), (alpha_s, sigma_s) = denoiser.path.at(t), denoiser.path.at(s)
        variance_ts = denoiser.path.step_variance(t, s)
        mean = (alpha_t * sigma_s**2) / (alpha_s * sigma_t**2) * x + alpha_s * variance_ts / sigma_t**2 * x0
        variance = self.variance(variance_ts, sigma_s**2 * variance_ts / sigma_t**2, prediction.variance_fraction)
        return StepResult(mean + variance**0.5 * noise(), x0)


@dataclass(frozen=True)
class DDIM:
    """Song et al., 2021: from ancestral sampling (η = 1) to the deterministic flow (η = 0).

        x_s = α_s x̂_0 + √(σ_s² − η² β̃) ε̂ + η √β̃ ε,      ε̂ = (x_t − α_t x̂_0)/σ_t

    With η = 0 it is Euler's method in σ/α (Karras et al., 2022).
    """

    eta: float = 0.0

    @property
    def stochastic(self) -> bool:
        """Whether η > 0."""
        return self.eta > 0

    def __call__(
        self,
        denoiser: ComposedDenoiser,
        x: Tensor,
        t: float,
        s: float,
        noise: Callable[[], Tensor],
        memory: Memory | None,  # noqa: ARG002
    ) -> StepResult:
        x0 = denoiser(x, t).x0
        if s == 0:
            return StepResult(x0, x0)
        _, sigma_t = denoiser.path.at(t)
        _, sigma_s = denoiser.path.at(s)
        variance = self.eta**2 * sigma_s**2 * denoiser.path.step_variance(t, s) / sigma_t**2
        direction = math.sqrt(max(sigma_s**2 - variance, 0.0))
        x_s = _move(denoiser.path, x, x0, t, s, direction)
        return StepResult(x_s + math.sqrt(variance) * noise() if variance > 0 else x_s, x0)


@dataclass(frozen=True)
class Heun:
    """Heun's second-order method in σ/α (Karras et al., 2022): two evaluations a step, one in the last.

        d = (x/α − x̂_0)/(σ/α) averaged over both ends of the step

    From a level of all but pure noise, σ/α > 1000, the step is ddim's: σ/α is infinite at α_t = 0, and the last level
    of a squared cosine table, at 20,291, is so far from the next that averaging both ends' slopes is far off.
    """

    stochastic: bool = False

    def __call__(
        self,
        denoiser: ComposedDenoiser,
        x: Tensor,
        t: float,
        s: float,
        noise: Callable[[], Tensor],  # noqa: ARG002
        memory: Memory | None,  # noqa: ARG002
    ) -> StepResult:
        x0 = denoiser(x, t).x0
        if s == 0:
            return StepResult(x0, x0)
        (alpha_t, sigma_t), (alpha_s, sigma_s) = denoiser.path.at(t), denoiser.path.at(s)
        euler = _move(denoiser.path, x, x0, t, s, sigma_s)
        if sigma_t > 1000 * alpha_t:
            return StepResult(euler, x0)
        slope_t = (x - alpha_t * x0) / sigma_t
        slope_s = (euler - alpha_s * denoiser(euler, s).x0) / sigma_s
        distance = sigma_s / alpha_s - sigma_t / alpha_t
        return StepResult(alpha_s * (x / alpha_t + distance * (slope_t + slope_s) / 2), x0)


@dataclass(frozen=True)
class DPMpp2M:
    """DPM-Solver++(2M) (Lu et al., 2022): second order for one evaluation a step, by remembering the last x̂_0.

        h = λ_s − λ_t,   r = h_before/h,   D = x̂_0 + (x̂_0 − x̂_0_before)/(2r)
        x_s = (σ_s/σ_t) x_t − α_s (e^{−h} − 1) D,      λ = log(α/σ)

    Its first step is ddim's.
    """

    stochastic: bool = False

    def __call__(
        self,
        denoiser: ComposedDenoiser,
        x: Tensor,
        t: float,
        s: float,
        noise: Callable[[], Tensor],  # noqa: ARG002
        memory: Memory | None,
    ) -> StepResult:
        x0 = denoiser(x, t).x0
        if s == 0:
            return StepResult(x0, x0)
        _, sigma_s = denoiser.path.at(s)
        log_snr_t, log_snr_s = _log_snr(denoiser.path, t), _log_snr(denoiser.path, s)
        estimate = x0
        if memory is not None and memory.log_snr > -math.inf:
            r = (log_snr_t - memory.log_snr) / (log_snr_s - log_snr_t)
            estimate = x0 + (x0 - memory.x0) / (2 * r)
        return StepResult(_move(denoiser.path, x, estimate, t, s, sigma_s), x0, Memory(x0, log_snr_t))


SOLVERS: dict[str, Step] = {
    "ddpm": DDPM(),
    "ddim": DDIM(),
    "euler": DDIM(),
    "heun": Heun(),
    "dpmpp_2m": DPMpp2M(),
}


def _move(path: Path, x: Tensor, x0: Tensor, t: float, s: float, direction: float) -> Tensor:
    """α_s x̂_0 + direction · ε̂ with ε̂ re-derived from x̂_0: with direction σ_s, the exact solution for constant x̂_0."""
    alpha_t, sigma_t = path.at(t)
    alpha_s, _ = path.at(s)
    ratio = direction / sigma_t
    return ratio * x + (alpha_s - ratio * alpha_t) * x0


def _log_snr(path: Path, t: float) -> float:
    alpha, sigma = path.at(t)
    return math.log(alpha / sigma) if alpha > 0 else -math.inf
