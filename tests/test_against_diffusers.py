"""The same network, noise and grid give diffusers' pictures.

Each comparison is made twice: against their schedulers as they ship, whose tables are float32 (the pictures agree to
1e-4 after 34 steps), and with our float64 table put into theirs (then only the keyed noise is float32: to 1e-6).
"""

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from diffusers import DDIMScheduler, DDPMScheduler, DPMSolverMultistepScheduler
from diffusers.schedulers import scheduling_ddpm
from torch import Tensor
from torch.nn import functional as F

from duckrabbit.diffusion.denoiser import Prediction
from duckrabbit.diffusion.grid import COURSE_LEVELS, Grid, course, karras
from duckrabbit.diffusion.noise import Noise, Stream
from duckrabbit.diffusion.parametrization import EPSILON
from duckrabbit.diffusion.path import Cosine, LinearBeta, Path, SquaredCosine, time_of_level
from duckrabbit.diffusion.sampling import sample, trajectory
from duckrabbit.diffusion.steps import DDIM, DDPM, DPMpp2M, beta, learned, posterior
from duckrabbit.diffusion.thresholding import DynamicThreshold, Threshold, clip, unclipped
from helpers import Mixture, pictures

SHAPE = (3, 8, 8)
NOISE = Noise((11, 12))
SCHEDULES = [(LinearBeta(), "linear"), (SquaredCosine(), "squaredcos_cap_v2")]
DYNAMIC: dict[str, Any] = {
    "thresholding": True,
    "dynamic_thresholding_ratio": 0.95,
    "sample_max_value": 1.5,
    "clip_sample": False,
}
CLIPPED: dict[str, Any] = {"thresholding": False, "clip_sample": True}
THRESHOLDS: list[tuple[Threshold, dict[str, Any]]] = [(DynamicThreshold(), DYNAMIC), (clip, CLIPPED)]
PRECISIONS = [(torch.float32, 1e-4), (torch.float64, 1e-6)]


@dataclass(frozen=True)
class Network:
    """Two fixed convolutions: three channels of ε̂ and three of f in [−1, 1], smooth in x and in the level."""

    weights: tuple[Tensor, Tensor]

    def __call__(self, x: Tensor, level: float) -> Tensor:
        first, second = (weight.to(x.dtype) for weight in self.weights)
        hidden = torch.tanh(F.conv2d(x, first, padding=1) + level / 1000)
        epsilon, f = F.conv2d(hidden, second, padding=1).chunk(2, dim=1)
        return torch.cat([0.8 * x + 0.3 * torch.tanh(epsilon), torch.tanh(f)], dim=1)


def _network() -> Network:
    generator = torch.Generator().manual_seed(0)
    return Network(
        (
            0.2 * torch.randn(16, 3, 3, 3, generator=generator, dtype=torch.float64),
            0.2 * torch.randn(6, 16, 3, 3, generator=generator, dtype=torch.float64),
        )
    )


@dataclass(frozen=True)
class Ours:
    """The network as a composed denoiser of ours."""

    path: Path
    threshold: Threshold
    fractions: bool = False

    def __call__(self, x: Tensor, t: float) -> Prediction:
        epsilon, f = _network()(x, round(t * 1000) - 1).chunk(2, dim=1)
        x0 = EPSILON.x0(epsilon, x, *self.path(torch.tensor(t, dtype=torch.float64)))
        return Prediction(self.threshold(x0), (f + 1) / 2 if self.fractions else None)


def _start(dtype: torch.dtype) -> Tensor:
    return NOISE(Stream.INIT, 1.0, SHAPE).to(dtype)


def _step_noise(level: int, dtype: torch.dtype) -> Tensor:
    return NOISE(Stream.STEP, time_of_level(level), SHAPE).to(dtype)


def _with_table(scheduler: Any, path: Path, dtype: torch.dtype) -> None:
    """In float64 their table becomes ours, so that only formulas are compared."""
    if dtype == torch.float64:
        table, _ = path(torch.arange(1, 1001, dtype=torch.float64) / 1000)
        scheduler.alphas_cumprod = table**2
        scheduler.one = torch.tensor(1.0, dtype=dtype)
        scheduler.final_alpha_cumprod = torch.tensor(1.0, dtype=dtype)


@pytest.mark.parametrize(("dtype", "tolerance"), PRECISIONS)
@pytest.mark.parametrize(("threshold", "their_threshold"), THRESHOLDS)
@pytest.mark.parametrize(("path", "schedule"), SCHEDULES)
@pytest.mark.parametrize(
    ("variance", "their_variance"),
    [(posterior, "fixed_small"), (beta, "fixed_large"), (learned, "learned_range")],
)
def test_ddpm_on_the_courses_grid(
    monkeypatch: pytest.MonkeyPatch,
    variance: Callable[..., Tensor | float],
    their_variance: str,
    path: Path,
    schedule: str,
    threshold: Threshold,
    their_threshold: dict[str, Any],
    dtype: torch.dtype,
    tolerance: float,
) -> None:
    fractions = their_variance == "learned_range"
    ours = sample(trajectory(Ours(path, threshold, fractions), _start(dtype), course(), DDPM(variance), NOISE))

    scheduler: Any = DDPMScheduler(beta_schedule=schedule, variance_type=their_variance, **their_threshold)
    scheduler.set_timesteps(timesteps=list(COURSE_LEVELS))
    _with_table(scheduler, path, dtype)
    drawn: Iterator[int] = iter(COURSE_LEVELS)
    monkeypatch.setattr(scheduling_ddpm, "randn_tensor", lambda *_, **__: _step_noise(next(drawn), dtype))
    x = _start(dtype)
    for level in COURSE_LEVELS:
        output = _network()(x, level)
        x = scheduler.step(output if fractions else output[:, :3], level, x).prev_sample
    torch.testing.assert_close(ours, x, rtol=0, atol=tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), PRECISIONS)
@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(("threshold", "their_threshold"), THRESHOLDS)
@pytest.mark.parametrize(("path", "schedule"), SCHEDULES)
def test_ddim(
    path: Path,
    schedule: str,
    threshold: Threshold,
    their_threshold: dict[str, Any],
    eta: float,
    dtype: torch.dtype,
    tolerance: float,
) -> None:
    levels = list(range(975, -1, -25))
    grid: Grid = (*map(time_of_level, levels), 0.0)
    ours = sample(trajectory(Ours(path, threshold), _start(dtype), grid, DDIM(eta), NOISE))

    scheduler: Any = DDIMScheduler(beta_schedule=schedule, **their_threshold)
    scheduler.set_timesteps(40)
    assert scheduler.timesteps.tolist() == levels
    _with_table(scheduler, path, dtype)
    x = _start(dtype)
    for level in levels:
        epsilon = _network()(x, level)[:, :3]
        noise = _step_noise(level, dtype)
        x = scheduler.step(epsilon, level, x, eta=eta, use_clipped_model_output=True, variance_noise=noise).prev_sample
    torch.testing.assert_close(ours, x, rtol=0, atol=tolerance)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize(("path", "schedule"), SCHEDULES)
def test_dpmpp_2m(path: Path, schedule: str) -> None:
    """Unbounded, as they extrapolate. Their multistep solver keeps its σ in float32, whatever its input is."""
    threshold = DynamicThreshold()
    ours = sample(trajectory(Ours(path, threshold), _start(torch.float32), course(), DPMpp2M(math.inf), NOISE))

    scheduler: Any = DPMSolverMultistepScheduler(
        beta_schedule=schedule,
        solver_order=2,
        algorithm_type="dpmsolver++",
        final_sigmas_type="zero",
        thresholding=True,
        dynamic_thresholding_ratio=0.95,
        sample_max_value=1.5,
    )
    scheduler.set_timesteps(timesteps=list(COURSE_LEVELS))
    x = _start(torch.float32)
    for level in scheduler.timesteps:
        x = scheduler.step(_network()(x, level.item())[:, :3], level, x).prev_sample
    torch.testing.assert_close(ours, x, rtol=0, atol=1e-4)


def _k_diffusion_2m(denoised: Callable[[Tensor, float], Tensor], x: Tensor, sigmas: list[float]) -> Tensor:
    """DPM-Solver++(2M) as k-diffusion writes it: y = x/α in units of σ/α, the last σ being zero."""
    old: Tensor | None = None
    logs = [-torch.tensor(sigma, dtype=torch.float64).log() for sigma in sigmas]
    for k, (sigma, after) in enumerate(itertools.pairwise(sigmas)):
        estimate = denoised(x, sigma)
        h = logs[k + 1] - logs[k]
        if old is None or after == 0:
            mixed = estimate
        else:
            r = (logs[k] - logs[k - 1]) / h
            mixed = (1 + 1 / (2 * r)) * estimate - 1 / (2 * r) * old
        x = (after / sigma) * x - (-h).expm1() * mixed
        old = estimate
    return x


@pytest.mark.parametrize("path", [LinearBeta(), SquaredCosine(), Cosine()], ids=repr)
@pytest.mark.parametrize("steps", [3, 20])
def test_dpmpp_2m_against_k_diffusions_formula(path: Path, steps: int) -> None:
    grid = karras(path, steps)
    denoiser, x = Mixture(path), 2 * pictures(2, dtype=torch.float64)
    ours = sample(trajectory(denoiser, x, grid, DPMpp2M(math.inf), Noise((0, 1))))

    coefficients = {sigma / alpha: (alpha, t) for t in grid for alpha, sigma in [path.at(t)]}
    theirs = _k_diffusion_2m(
        lambda y, ratio: denoiser(coefficients[ratio][0] * y, coefficients[ratio][1]).x0,
        x / path.at(grid[0])[0],
        list(coefficients),
    )
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)


def test_the_comparison_would_notice_another_threshold() -> None:
    """The random network's estimates are out of range: clipping is part of what the tests above compare."""
    x = _start(torch.float64)
    ends = [
        sample(trajectory(Ours(SquaredCosine(), threshold), x, course(), DDIM(), NOISE))
        for threshold in (clip, unclipped, DynamicThreshold())
    ]
    for one, other in itertools.combinations(ends, 2):
        assert (one - other).abs().max() > 1e-2
