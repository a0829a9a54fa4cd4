"""Paths begin clean, end noisy, and are the tables that other libraries use."""

import math
from typing import Any

import pytest
import torch
from diffusers import DDPMScheduler
from hypothesis import given
from hypothesis import strategies as st

from duckrabbit.diffusion.path import (
    Additive,
    Cosine,
    LinearBeta,
    Path,
    RectifiedFlow,
    SquaredCosine,
    time_of_level,
)
from duckrabbit.errors import UsageError
from helpers import PATHS, VARIANCE_PRESERVING, brief, patient, pictures


@pytest.mark.parametrize("path", PATHS, ids=repr)
def test_the_clean_level_is_exact(path: Path) -> None:
    assert path.at(0.0) == (1.0, 0.0)


@pytest.mark.parametrize("path", PATHS, ids=repr)
def test_noise_only_grows_and_signal_never_does(path: Path) -> None:
    t = torch.linspace(0, 1, 3001, dtype=torch.float64)
    alpha, sigma = path(t)
    assert alpha.dtype == sigma.dtype == torch.float64
    assert alpha.shape == sigma.shape == t.shape
    assert (alpha.diff() <= 0).all()
    assert (sigma / alpha).diff().gt(0).all()


@pytest.mark.parametrize("path", PATHS, ids=repr)
def test_coefficients_are_float64_whatever_the_times_are(path: Path) -> None:
    alpha, sigma = path(torch.tensor([[0.25, 1.0]], dtype=torch.float32))
    assert alpha.dtype == sigma.dtype == torch.float64
    assert alpha[0, 0].item() == path.at(0.25)[0]
    assert sigma[0, 1].item() == path.at(1.0)[1]


@pytest.mark.parametrize("path", VARIANCE_PRESERVING, ids=repr)
def test_variance_preserving_paths_preserve_variance(path: Path) -> None:
    alpha, sigma = path(torch.linspace(0, 1, 777, dtype=torch.float64))
    torch.testing.assert_close(alpha**2 + sigma**2, torch.ones_like(alpha), rtol=0, atol=1e-14)


@pytest.mark.parametrize("steps", [100, 300, 1000])
@pytest.mark.parametrize(("path", "schedule"), [(LinearBeta, "linear"), (SquaredCosine, "squaredcos_cap_v2")])
def test_tables_are_diffusers_tables(path: type[LinearBeta | SquaredCosine], schedule: str, steps: int) -> None:
    scheduler: Any = DDPMScheduler(steps, beta_schedule=schedule)
    theirs = scheduler.alphas_cumprod.double()
    alpha, sigma = path(steps)(torch.arange(1, steps + 1, dtype=torch.float64) / steps)
    # Theirs is a product in float32: a few parts in 1e5 after a thousand factors.
    torch.testing.assert_close(alpha**2, theirs, rtol=1e-4, atol=1e-9)
    torch.testing.assert_close(sigma**2, 1 - theirs, rtol=1e-4, atol=2e-7)


def test_a_table_of_300_steps_does_not_end_in_pure_noise() -> None:
    alpha, _ = LinearBeta(300).at(1.0)
    assert alpha**2 == pytest.approx(0.048, abs=5e-4)


def test_between_table_points_log_alpha_bar_is_linear() -> None:
    path = LinearBeta(10)
    left, middle, right = (math.log(path.at(t)[0]) for t in (0.3, 0.325, 0.4))
    assert middle == pytest.approx(0.75 * left + 0.25 * right, rel=1e-12)


def test_continuous_paths_end_in_pure_noise() -> None:
    assert Cosine().at(1.0) == (0.0, 1.0)
    assert RectifiedFlow().at(1.0) == (0.0, 1.0)


def test_known_values() -> None:
    assert Cosine().at(1 / 3) == pytest.approx((math.sqrt(0.75), 0.5))
    assert RectifiedFlow().at(0.25) == (0.75, 0.25)


@patient
@given(st.floats(0, 1))
def test_additive_noise_is_twice_the_sources_sigma_on_pictures_twice_as_wide(sigma: float) -> None:
    picture, noise = pictures(2, dtype=torch.float64), pictures(2, seed=1, dtype=torch.float64)
    sources = (picture + 1) / 2 + sigma * noise
    torch.testing.assert_close(Additive().noised(picture, sigma, noise), sources * 2 - 1)


def test_additive_at_half_adds_sigma_one() -> None:
    assert Additive().at(0.5) == (1.0, 1.0)


@pytest.mark.parametrize("path", PATHS, ids=repr)
@brief
@given(times=st.tuples(st.floats(0, 1), st.floats(0, 0.999)))
def test_noising_in_two_steps_is_noising_in_one(path: Path, times: tuple[float, float]) -> None:
    t, s = max(times), min(times)
    c = path.between(t, s)
    assert (c.t, c.alpha_t, c.sigma_t) == (t, *path.at(t))
    assert (c.s, c.alpha_s, c.sigma_s) == (s, *path.at(s))
    assert c.beta >= 0
    assert (c.alpha_t / c.alpha_s) ** 2 * c.sigma_s**2 + c.beta == pytest.approx(c.sigma_t**2, abs=1e-12)


@pytest.mark.parametrize("path", PATHS, ids=repr)
def test_noised_pictures_have_the_paths_mean_and_variance(path: Path) -> None:
    alpha, sigma = path.at(0.6)
    noise = torch.randn(1, 1, 200, 200, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    noisy = path.noised(torch.full_like(noise, 0.5), 0.6, noise)
    assert noisy.mean().item() == pytest.approx(0.5 * alpha, abs=5 * sigma / 200)
    assert noisy.std().item() == pytest.approx(sigma, rel=0.02)


@patient
@given(st.integers(0, 999))
def test_level_l_is_the_same_time_on_every_path(level: int) -> None:
    assert time_of_level(level) == (level + 1) / 1000
    # On a table of 1,000 steps it is the table's own index.
    alpha, _ = LinearBeta().at(time_of_level(level))
    betas = torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64)
    assert alpha**2 == pytest.approx((1 - betas)[: level + 1].prod().item(), rel=1e-9)


@pytest.mark.parametrize("level", [-1, 1000, 999.5, math.nan, math.inf])
def test_levels_outside_the_table_are_refused(level: float) -> None:
    with pytest.raises(UsageError, match=r"out of range: levels go from 0 .* to 999"):
        time_of_level(level)
