"""Solvers converge at their orders to the exact flow, and draw with the exact variances."""

import itertools
import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from duckrabbit.diffusion.denoiser import Prediction
from duckrabbit.diffusion.grid import FIXED_STEPS, GRIDS, Grid
from duckrabbit.diffusion.noise import standard_normal
from duckrabbit.diffusion.path import Additive, Cosine, LinearBeta, Path, RectifiedFlow, SquaredCosine, Transition
from duckrabbit.diffusion.steps import DDIM, DDPM, SOLVERS, DPMpp2M, Memory, Step, beta, learned, posterior
from duckrabbit.diffusion.thresholding import clip
from helpers import PATHS, Mixture, SmoothLinearBeta, brief, named, normal, patient, pictures

SMOOTH: list[Path] = [Cosine(), RectifiedFlow(), SmoothLinearBeta()]
DETERMINISTIC = ["ddim", "euler", "heun", "dpmpp_2m"]
ANCESTRAL = [DDPM(posterior), DDPM(beta), DDIM(eta=1.0)]
FIRST, LAST = 0.98, 0.02


def _no_noise() -> Tensor:
    raise AssertionError("a deterministic step drew noise")


def _driven(step: Step, denoiser: Mixture, x: Tensor, times: list[float], noise: Callable[[], Tensor]) -> Tensor:
    memory: Memory | None = None
    for t, s in itertools.pairwise(times):
        result = step(denoiser, x, denoiser.path.between(t, s), noise, memory)
        x, memory = result.x, result.memory
    return x


def _even(first: float, last: float, steps: int) -> list[float]:
    return [first + (last - first) * k / steps for k in range(steps + 1)]


def _unit_normal(count: int) -> Callable[[], Tensor]:
    """Pictures [1, 1, 1, count] of fresh noise, float64."""
    visits = itertools.count()
    return lambda: torch.from_numpy(standard_normal(0, 9, 0, next(visits), count)).double().view(1, 1, 1, count)


def _slope(path: Path, solver: str) -> float:
    """The least-squares slope of log error against log step length, on the exact flow of a mixture."""
    denoiser = Mixture(path)
    _, sigma = path.at(FIRST)
    x = sigma * torch.linspace(-2, 2, 17, dtype=torch.float64).view(1, 1, 1, 17)
    exact = denoiser.transported(x, FIRST, LAST)
    counts = [32, 64, 128, 256]
    logs = []
    for n in counts:
        end = _driven(SOLVERS[solver], denoiser, x, _even(FIRST, LAST, n), _no_noise)
        logs.append(math.log((end - exact).abs().mean().item()))
    steps = [-math.log(n) for n in counts]
    mean_step, mean_log = sum(steps) / 4, sum(logs) / 4
    rise = sum((a - mean_step) * (b - mean_log) for a, b in zip(steps, logs, strict=True))
    return rise / sum((a - mean_step) ** 2 for a in steps)


@pytest.mark.parametrize("path", SMOOTH, ids=repr)
@pytest.mark.parametrize(
    ("solver", "order", "tolerance"),
    [("ddim", 1, 0.1), ("euler", 1, 0.1), ("heun", 2, 0.15), ("dpmpp_2m", 2, 0.15)],
)
def test_order_of_convergence(solver: str, order: int, tolerance: float, path: Path) -> None:
    assert _slope(path, solver) == pytest.approx(order, abs=tolerance)


@pytest.mark.parametrize("path", PATHS, ids=repr)
@pytest.mark.parametrize("solver", DETERMINISTIC)
def test_deterministic_solvers_find_the_exact_flow_on_every_path(solver: str, path: Path) -> None:
    denoiser = Mixture(path)
    x = torch.linspace(-2, 2, 9, dtype=torch.float64).view(1, 1, 1, 9) * path.at(FIRST)[1]
    end = _driven(SOLVERS[solver], denoiser, x, _even(FIRST, LAST, 400), _no_noise)
    assert (end - denoiser.transported(x, FIRST, LAST)).abs().max() < 0.02


@pytest.mark.parametrize("path", PATHS, ids=repr)
@brief
@given(times=st.tuples(st.floats(0.01, 0.98), st.floats(0.01, 0.98)).filter(lambda ts: abs(ts[0] - ts[1]) > 1e-3))
def test_euler_in_sigma_over_alpha_is_ddim(path: Path, times: tuple[float, float]) -> None:
    t, s = max(times), min(times)
    denoiser = Mixture(path)
    x = pictures(1, dtype=torch.float64)
    ours = SOLVERS["euler"](denoiser, x, path.between(t, s), _no_noise, None).x

    (alpha_t, sigma_t), (alpha_s, sigma_s) = path.at(t), path.at(s)
    scaled, ratio_t, ratio_s = x / alpha_t, sigma_t / alpha_t, sigma_s / alpha_s
    slope = (scaled - denoiser(x, t).x0) / ratio_t
    theirs = alpha_s * (scaled + (ratio_s - ratio_t) * slope)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=4e-15 * max(1.0, alpha_s / alpha_t))
    assert torch.equal(ours, SOLVERS["ddim"](denoiser, x, path.between(t, s), _no_noise, None).x)


@pytest.mark.parametrize("path", PATHS, ids=repr)
@pytest.mark.parametrize("solver", SOLVERS)
def test_the_step_into_the_clean_level_is_the_estimate(solver: str, path: Path) -> None:
    x, denoiser = pictures(2), Mixture(path)
    result = SOLVERS[solver](denoiser, x, denoiser.path.between(0.1, 0.0), _no_noise, None)
    assert torch.equal(result.x, denoiser(x, 0.1).x0)
    assert torch.equal(result.x0, result.x)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("path", [Cosine(), RectifiedFlow()], ids=repr)
def test_steps_from_pure_noise_are_finite(path: Path, solver: str) -> None:
    noise = _unit_normal(64)
    end = _driven(SOLVERS[solver], Mixture(path), noise(), [1.0, 0.7, 0.4, 0.1, 0.0], noise)
    assert end.isfinite().all()
    assert end.abs().max() < 2


@pytest.mark.parametrize("solver", ["heun", "dpmpp_2m"])
@pytest.mark.parametrize("path", [Cosine(), RectifiedFlow(), SquaredCosine()], ids=repr)
def test_second_order_solvers_leave_pure_noise_by_ddims_step(path: Path, solver: str) -> None:
    x = pictures(1, dtype=torch.float64)
    step, denoiser = SOLVERS[solver], Mixture(path)
    first = path.between(1.0, 0.8)
    assert torch.equal(step(denoiser, x, first, _no_noise, None).x, DDIM()(denoiser, x, first, _no_noise, None).x)


def test_2m_takes_ddims_step_first_and_remembers_afterwards() -> None:
    x, denoiser, step = pictures(1, dtype=torch.float64), Mixture(Cosine()), SOLVERS["dpmpp_2m"]
    down, further = denoiser.path.between(0.9, 0.7), denoiser.path.between(0.7, 0.5)
    first = step(denoiser, x, down, _no_noise, None)
    assert torch.equal(first.x, DDIM()(denoiser, x, down, _no_noise, None).x)
    forgetful = step(denoiser, first.x, further, _no_noise, None)
    remembering = step(denoiser, first.x, further, _no_noise, first.memory)
    assert not torch.allclose(forgetful.x, remembering.x, atol=1e-4)


def test_heun_evaluates_twice_and_the_others_once() -> None:
    for solver, evaluations in [("ddpm", 1), ("ddim", 1), ("heun", 2), ("dpmpp_2m", 1)]:
        asked: list[float] = []

        class Counted(Mixture):
            def __call__(self, x: Tensor, t: float) -> Prediction:
                asked.append(t)  # noqa: B023
                return super().__call__(x, t)

        SOLVERS[solver](Counted(Cosine()), pictures(1), Cosine().between(0.5, 0.3), lambda: pictures(1), None)
        assert asked == [0.5, 0.3][:evaluations], solver


def test_which_solvers_are_stochastic() -> None:
    assert {name for name, step in SOLVERS.items() if step.stochastic} == {"ddpm"}
    assert DDIM(eta=0.5).stochastic


@pytest.mark.parametrize("path", PATHS, ids=repr)
@brief
@given(times=st.tuples(st.floats(0.01, 0.98), st.floats(0.01, 0.98)).filter(lambda ts: abs(ts[0] - ts[1]) > 1e-3))
def test_ddim_with_eta_1_is_ddpm_with_the_posterior_variance(path: Path, times: tuple[float, float]) -> None:
    t, s = max(times), min(times)
    x, noise = pictures(1, dtype=torch.float64), pictures(1, seed=1, dtype=torch.float64)
    ddim = DDIM(eta=1.0)(Mixture(path), x, path.between(t, s), lambda: noise, None).x
    ddpm = DDPM(posterior)(Mixture(path), x, path.between(t, s), lambda: noise, None).x
    torch.testing.assert_close(ddim, ddpm, rtol=0, atol=1e-10)


@patient
@given(
    path=st.sampled_from(PATHS),
    times=st.tuples(st.floats(0.01, 0.98), st.floats(0.01, 0.98)).filter(lambda ts: abs(ts[0] - ts[1]) > 1e-3),
    x0=st.floats(-1, 1),
    x_t=st.floats(-3, 3),
)
def test_the_ddpm_step_is_bayes_rule(path: Path, times: tuple[float, float], x0: float, x_t: float) -> None:
    """q(x_s | x_t, x_0) is the product of the normal densities q(x_t | x_s) and q(x_s | x_0)."""
    t, s = max(times), min(times)
    (alpha_t, sigma_t), (alpha_s, sigma_s) = path.at(t), path.at(s)
    ratio = alpha_t / alpha_s
    between = sigma_t**2 - ratio**2 * sigma_s**2
    precision = 1 / sigma_s**2 + ratio**2 / between
    mean = (alpha_s * x0 / sigma_s**2 + ratio * x_t / between) / precision

    one = torch.ones(1, 1, 1, 1, dtype=torch.float64)
    denoiser = normal(path, 1e-9, mean=x0)
    still = DDPM(posterior)(denoiser, x_t * one, path.between(t, s), lambda: 0 * one, None).x.item()
    moved = DDPM(posterior)(denoiser, x_t * one, path.between(t, s), lambda: one, None).x.item()
    assert still == pytest.approx(mean, abs=1e-6)
    assert (moved - still) ** 2 == pytest.approx(1 / precision, rel=1e-6)
    widest = DDPM(beta)(denoiser, x_t * one, path.between(t, s), lambda: one, None).x.item()
    assert (widest - still) ** 2 == pytest.approx(between, rel=1e-6)


COARSE = [0.95, 0.8, 0.5, 0.3, 0.1]


@pytest.mark.parametrize("path", PATHS, ids=repr)
@pytest.mark.parametrize("step", [DDPM(posterior), DDIM(eta=1.0)], ids=named)
def test_the_posterior_variance_is_exact_for_a_single_picture(step: Step, path: Path) -> None:
    """At any stride x_s stays N(α_s m, σ_s²) when there is only the picture m."""
    count, mean = 20_000, 0.4
    noise = _unit_normal(count)
    (alpha, sigma), (alpha_s, sigma_s) = path.at(COARSE[0]), path.at(COARSE[-1])
    end = _driven(step, normal(path, 1e-9, mean), alpha * mean + sigma * noise(), COARSE, noise)
    assert end.mean().item() == pytest.approx(alpha_s * mean, abs=5 * sigma_s / math.sqrt(count))
    assert end.var().item() == pytest.approx(sigma_s**2, rel=5 * math.sqrt(2 / count))


@pytest.mark.parametrize("path", [LinearBeta(), SquaredCosine(), Cosine()], ids=repr)
def test_the_beta_variance_is_exact_for_white_pictures(path: Path) -> None:
    """At any stride x_s stays N(0, 1) when pictures are white noise and the path preserves variance."""
    count = 20_000
    noise = _unit_normal(count)
    end = _driven(DDPM(beta), normal(path, 1.0), noise(), COARSE, noise)
    assert end.var().item() == pytest.approx(1, rel=5 * math.sqrt(2 / count))
    too_narrow = _driven(DDPM(posterior), normal(path, 1.0), noise(), COARSE, noise)
    assert too_narrow.var().item() < 0.9


@pytest.mark.parametrize("path", [LinearBeta(), Cosine(), RectifiedFlow(), Additive()], ids=repr)
@pytest.mark.parametrize("step", ANCESTRAL, ids=named)
def test_ancestral_sampling_ends_with_the_datas_variance(step: Step, path: Path) -> None:
    """With many steps both bounds give N(0, s²)."""
    count, deviation = 20_000, 0.5
    noise = _unit_normal(count)
    alpha, sigma = path.at(1.0)
    times = [math.sin(math.pi / 2 * k / 400) ** 2 for k in range(400, -1, -1)]
    end = _driven(step, normal(path, deviation), math.hypot(alpha * deviation, sigma) * noise(), times, noise)
    assert end.mean().item() == pytest.approx(0, abs=5 * deviation / math.sqrt(count))
    assert end.var().item() == pytest.approx(deviation**2, rel=0.06)


def test_a_learned_variance_runs_between_the_bounds_in_the_logarithm() -> None:
    between = Transition(0.6, 0.4, 1.0, math.sqrt(8 / 15), 1.0, math.sqrt(2 / 15))
    assert (between.beta, between.beta_tilde) == pytest.approx((0.4, 0.1))
    ends = learned(between, torch.tensor([0.0, 0.5, 1.0, 1.5], dtype=torch.float64))
    assert isinstance(ends, Tensor)
    assert ends.tolist() == pytest.approx([0.1, 0.2, 0.4, 0.8])  # not clamped beyond 1
    assert learned(between, None) == between.beta_tilde
    touching = learned(Cosine().between(0.5, 0.5), torch.tensor([0.0, 1.0]))
    assert isinstance(touching, Tensor)
    assert touching.max() < 1e-15


def test_the_solvers_use_the_thresholded_estimate_in_the_noise_too() -> None:
    """ε̂ is re-derived from the clipped x̂_0."""

    class Clipped(Mixture):
        def __call__(self, x: Tensor, t: float) -> Prediction:
            return Prediction(clip(5 * super().__call__(x, t).x0))

    path, t, s = Cosine(), 0.6, 0.4
    denoiser, x = Clipped(path), pictures(1, dtype=torch.float64)
    x0 = denoiser(x, t).x0
    (alpha_t, sigma_t), (alpha_s, sigma_s) = path.at(t), path.at(s)
    expected = alpha_s * x0 + sigma_s * (x - alpha_t * x0) / sigma_t
    torch.testing.assert_close(DDIM()(denoiser, x, path.between(t, s), _no_noise, None).x, expected)


DEVIATION = 0.5


def _spread(step: Step, path: Path, grid: Grid) -> float:
    """The standard deviation at a grid's end of what starts as N(0, DEVIATION²) noised, over the true one; exactly.

    The denoiser of a Gaussian is linear, so a step is: what it makes of x and of the noise is read off at 1.
    """
    denoiser, one = normal(path, DEVIATION), torch.ones(1, 1, 1, 1, dtype=torch.float64)
    alpha, sigma = path.at(grid[0])
    x, memory = math.hypot(alpha * DEVIATION, sigma) * one, None
    for t, s in itertools.pairwise(grid):
        transition = path.between(t, s)
        if step.stochastic:
            gain = step(denoiser, one, transition, lambda: 0 * one, None).x
            drawn = step(denoiser, 0 * one, transition, lambda: one, None).x
            x = torch.hypot(gain * x, drawn)
        else:
            result = step(denoiser, x, transition, _no_noise, memory)
            x, memory = result.x, result.memory
    return x.item() / DEVIATION


def _left_by_the_last_step(path: Path, grid: Grid) -> float:
    """The same for the exact flow as far as the last level: the estimate there, which is the end, has less spread."""
    alpha, sigma = path.at(grid[-2])
    return alpha * DEVIATION / math.hypot(alpha * DEVIATION, sigma)


@pytest.mark.parametrize("path", PATHS, ids=repr)
@pytest.mark.parametrize(
    ("grid", "steps"), [*itertools.product([g for g in GRIDS if g not in FIXED_STEPS], [20, 30, 50]), ("course", 34)]
)
def test_2m_keeps_the_spread_of_a_gaussian_within_3_percent(path: Path, grid: str, steps: int) -> None:
    """A bound on its extrapolation: without it 20 steps on leading end with 1.23 times the spread."""
    times = GRIDS[grid](path, steps)
    spread, exact = _spread(SOLVERS["dpmpp_2m"], path, times), _left_by_the_last_step(path, times)
    assert spread / exact == pytest.approx(1, abs=0.03)
    if exact > 0.97:  # 20 uniform steps of linear β end on an estimate from σ/α = 0.17, whatever the solver
        assert spread == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("path", [*SMOOTH, Additive()], ids=repr)
@pytest.mark.parametrize("grid", ["uniform", "quadratic", "leading", "karras"])
@pytest.mark.parametrize(("solver", "order"), [("ddpm", 1), ("ddim", 1), ("euler", 1), ("heun", 2)])
def test_the_error_of_the_spread_shrinks_at_the_solvers_order(solver: str, order: int, grid: str, path: Path) -> None:
    """Against the exact flow into the last level, whose estimate is the end."""
    errors = []
    for steps in (250, 500):
        times = GRIDS[grid](path, steps)
        errors.append(abs(_spread(SOLVERS[solver], path, times) / _left_by_the_last_step(path, times) - 1))
    assert math.log2(errors[0] / errors[1]) > order - 0.2


@pytest.mark.parametrize("steps", [12, 20, 32, 100])
def test_2m_is_the_papers_on_uniform_steps_of_the_cosine_path(steps: int) -> None:
    path, grid, x = Cosine(), list(GRIDS["uniform"](Cosine(), steps)), pictures(1, dtype=torch.float64)
    bounded, published = (_driven(step, Mixture(path), x, grid, _no_noise) for step in (DPMpp2M(), DPMpp2M(math.inf)))
    assert torch.equal(bounded, published)
