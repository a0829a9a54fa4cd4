"""Steps: how a solver gets from the level t to a cleaner level s.

Every solver is a frozen dataclass called as

    step(denoiser, x, transition, noise, memory) -> StepResult(x, x0, memory)

`denoiser` maps (x, t) to a `Prediction`; `transition` holds t, s and the path's coefficients there, which are Python
floats (float64); `noise` draws ε when called, so a deterministic solver draws none; `memory` is what the solver
returned from the step before, None at first. The last step, into s = 0, is x̂_0 itself.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from duckrabbit.diffusion.denoiser import Prediction
from duckrabbit.diffusion.path import Path, Transition


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
        """The memory of some samples, int64 [N]."""
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
        transition: Transition,
        noise: Callable[[], Tensor],
        memory: Memory | None,
    ) -> StepResult:
        """From x [B, C, H, W] at level t of the transition to level s."""


Variance = Callable[[Transition, Tensor | None], Tensor | float]
"""From a transition and the variance fraction that the network predicts there to the variance of a ddpm step."""


def posterior(transition: Transition, fraction: Tensor | None) -> float:  # noqa: ARG001
    """β̃, the variance of q(x_s | x_t, x_0): the smaller of the two bounds."""
    return transition.beta_tilde


def beta(transition: Transition, fraction: Tensor | None) -> float:  # noqa: ARG001
    """β = σ²_{t|s}: the larger of the two bounds."""
    return transition.beta


def learned(transition: Transition, fraction: Tensor | None) -> Tensor | float:
    """log σ² = v log β + (1 − v) log β̃ (Nichol and Dhariwal, 2021, arXiv:2102.09672); β̃ if the network says no v."""
    if fraction is None:
        return transition.beta_tilde
    # Levels that all but touch leave nothing to take the logarithm of.
    log_beta, log_beta_tilde = math.log(max(transition.beta, 1e-20)), math.log(max(transition.beta_tilde, 1e-20))
    return torch.exp(fraction * log_beta + (1 - fraction) * log_beta_tilde)


VARIANCES: dict[str, Variance] = {"learned": learned, "posterior": posterior, "beta": beta}
"""Every variance of a ddpm step by the word a user types."""


@dataclass(frozen=True)
class DDPM:
    """Ancestral sampling (Ho et al., 2020, arXiv:2006.11239), for any Gaussian path and any stride.

    x_s = (α_t σ_s²)/(α_s σ_t²) x_t + (α_s σ²_{t|s}/σ_t²) x̂_0 + √variance ε
    """

    variance: Variance = learned
    stochastic: bool = True

    def __call__(
        self,
        denoiser: ComposedDenoiser,
        x: Tensor,
        transition: Transition,
        noise: Callable[[], Tensor],
        memory: Memory | None,  # noqa: ARG002
    ) -> StepResult:
        c = transition
        prediction = denoiser(x, c.t)
        x0 = prediction.x0
        if c.s == 0:
            return StepResult(x0, x0)
        mean = (c.alpha_t * c.sigma_s**2) / (c.alpha_s * c.sigma_t**2) * x + c.alpha_s * c.beta / c.sigma_t**2 * x0
        return StepResult(mean + self.variance(c, prediction.variance_fraction) ** 0.5 * noise(), x0)


@dataclass(frozen=True)
class DDIM:
    """From ancestral sampling (η = 1) to the deterministic flow (η = 0) (Song et al., 2021, arXiv:2010.02502).

        x_s = α_s x̂_0 + √(σ_s² − η² β̃) ε̂ + η √β̃ ε,      ε̂ = (x_t − α_t x̂_0)/σ_t

    With η = 0 it is Euler's method in σ/α (Karras et al., 2022, arXiv:2206.00364).
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
        transition: Transition,
        noise: Callable[[], Tensor],
        memory: Memory | None,  # noqa: ARG002
    ) -> StepResult:
        c = transition
        x0 = denoiser(x, c.t).x0
        if c.s == 0:
            return StepResult(x0, x0)
        variance = self.eta**2 * c.sigma_s**2 * c.beta / c.sigma_t**2
        x_s = _with_noise(c, x, x0, math.sqrt(max(c.sigma_s**2 - variance, 0.0)))
        return StepResult(x_s + math.sqrt(variance) * noise() if variance > 0 else x_s, x0)


@dataclass(frozen=True)
class Heun:
    """Heun's second-order method in σ/α (Karras et al., 2022, arXiv:2206.00364): two evaluations, in the last step one.

        d = (x/α − x̂_0)/(σ/α) averaged over both ends of the step

    From a level of all but pure noise, σ/α > 1000, the step is ddim's: σ/α is infinite at α_t = 0, and the last level
    of a squared cosine table, at 20,291, is so far from the next that averaging both ends' slopes is far off.
    """

    stochastic: bool = False

    def __call__(
        self,
        denoiser: ComposedDenoiser,
        x: Tensor,
        transition: Transition,
        noise: Callable[[], Tensor],  # noqa: ARG002
        memory: Memory | None,  # noqa: ARG002
    ) -> StepResult:
        c = transition
        x0 = denoiser(x, c.t).x0
        if c.s == 0:
            return StepResult(x0, x0)
        euler = _with_noise(c, x, x0, c.sigma_s)
        if c.sigma_t > 1000 * c.alpha_t:
            return StepResult(euler, x0)
        slope_t = (x - c.alpha_t * x0) / c.sigma_t
        slope_s = (euler - c.alpha_s * denoiser(euler, c.s).x0) / c.sigma_s
        distance = c.sigma_s / c.alpha_s - c.sigma_t / c.alpha_t
        return StepResult(c.alpha_s * (x / c.alpha_t + distance * (slope_t + slope_s) / 2), x0)


@dataclass(frozen=True)
class DPMpp2M:
    """DPM-Solver++(2M) (Lu et al., 2022, arXiv:2211.01095): second order with one evaluation a step.

        h = λ_s − λ_t,   r = h_before/h,   D = x̂_0 + min(1/(2r), reach/(e^{2 h_before} − 1)) (x̂_0 − x̂_0_before)
        x_s = (σ_s/σ_t) x_t − α_s (e^{−h} − 1) D,      λ = log(α/σ)

    It remembers the last x̂_0; its first step is ddim's. The bound is ours (the paper has reach = ∞): near the clean
    level x̂_0 settles, as a function of (σ/α)², while a straight line in λ goes on; a step several times as long as the
    one before, as the last but one of the grids leading and course, would overshoot by far.

    Attributes:
        reach: how far x̂_0 may be extrapolated, in parts of the way to the clean level along a straight line in (σ/α)².
            At 1.15, 12 or more uniform steps on the cosine path are not bounded.
        stochastic: no noise is drawn.
    """

    reach: float = 1.15
    stochastic: bool = False

    def __call__(
        self,
        denoiser: ComposedDenoiser,
        x: Tensor,
        transition: Transition,
        noise: Callable[[], Tensor],  # noqa: ARG002
        memory: Memory | None,
    ) -> StepResult:
        c = transition
        x0 = denoiser(x, c.t).x0
        if c.s == 0:
            return StepResult(x0, x0)
        estimate = x0
        if memory is not None and memory.log_snr > -math.inf:
            h, before = c.log_snr_s - c.log_snr_t, c.log_snr_t - memory.log_snr
            estimate = x0 + min(h / (2 * before), self._bound(before)) * (x0 - memory.x0)
        return StepResult(_with_noise(c, x, estimate, c.sigma_s), x0, Memory(x0, c.log_snr_t))

    def _bound(self, before: float) -> float:
        # Far beyond any difference that is worth extrapolating, where e^{2h} would overflow.
        return self.reach / math.expm1(2 * before) if before < 300 else 0.0


_DDIM = DDIM()

SOLVERS: dict[str, Step] = {"ddpm": DDPM(), "ddim": _DDIM, "euler": _DDIM, "heun": Heun(), "dpmpp_2m": DPMpp2M()}
"""Every solver by the word a user types; euler is another name of ddim."""


def _with_noise(c: Transition, x: Tensor, x0: Tensor, scale: float) -> Tensor:
    """α_s x̂_0 + scale · ε̂ with ε̂ = (x_t − α_t x̂_0)/σ_t; with scale σ_s the exact solution for constant x̂_0."""
    ratio = scale / c.sigma_t
    return ratio * x + (c.alpha_s - ratio * c.alpha_t) * x0
