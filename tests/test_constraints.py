"""The known region is known at every level, and exactly so at the end."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from duckrabbit.diffusion.constraints import KnownRegion
from duckrabbit.diffusion.grid import uniform
from duckrabbit.diffusion.noise import Noise, Stream
from duckrabbit.diffusion.path import Cosine, Path
from duckrabbit.diffusion.sampling import sample, trajectory
from duckrabbit.diffusion.steps import DDIM, DDPM, SOLVERS
from helpers import PATHS, Mixture, named, patient, pictures


def _fresh(level: float) -> Tensor:
    return Noise((1, 2))(Stream.KNOWN, level, (3, 8, 8))


def _none(level: float) -> Tensor:
    raise AssertionError("noise was drawn for the clean level")


@patient
@given(st.lists(st.booleans(), min_size=64, max_size=64), st.sampled_from(PATHS))
def test_at_the_end_the_known_region_is_the_picture_exactly(painted: list[bool], path: Path) -> None:
    mask = torch.tensor(painted).view(8, 8)
    picture, x = pictures(1)[0], pictures(2, seed=1)
    end = KnownRegion(picture, mask.float())(x, path, 0.0, _none)
    assert torch.equal(end[:, :, ~mask], picture.expand(2, -1, -1, -1)[:, :, ~mask])
    assert torch.equal(end[:, :, mask], x[:, :, mask])


@pytest.mark.parametrize("path", PATHS, ids=repr)
def test_at_a_level_the_known_region_is_the_noised_picture(path: Path) -> None:
    mask = torch.zeros(8, 8)
    mask[:, 4:] = 1
    picture, x = pictures(1)[0], pictures(2, seed=1)
    result = KnownRegion(picture, mask)(x, path, 0.4, _fresh)
    alpha, sigma = path.at(0.4)
    expected = alpha * picture + sigma * _fresh(0.4)
    torch.testing.assert_close(result[..., :4], expected[..., :4])
    assert torch.equal(result[..., 4:], x[..., 4:])


@pytest.mark.parametrize("path", PATHS, ids=repr)
@pytest.mark.parametrize("fresh", [True, False])
def test_the_known_region_has_the_levels_mean_and_variance(path: Path, fresh: bool) -> None:
    size, s = 150, 0.3
    constraint = KnownRegion(torch.full((1, size, size), 0.5), torch.zeros(size, size), fresh)
    noise = Noise((1,))
    result = constraint(
        torch.zeros(1, 1, size, size), path, s, lambda level: noise(Stream.KNOWN, level, (1, size, size))
    )
    alpha, sigma = path.at(s)
    assert result.mean().item() == pytest.approx(0.5 * alpha, abs=5 * sigma / size)
    assert result.std().item() == pytest.approx(sigma, rel=0.03)


def test_a_picture_for_each_sample() -> None:
    known, x = pictures(2), pictures(2, seed=1)
    assert torch.equal(KnownRegion(known, torch.zeros(8, 8))(x, Cosine(), 0.0, _none), known)


def test_fresh_noise_differs_from_level_to_level_and_kept_noise_does_not() -> None:
    def unit(fresh: bool, s: float) -> Tensor:
        constraint = KnownRegion(torch.zeros(3, 8, 8), torch.zeros(8, 8), fresh)
        return constraint(pictures(2), Cosine(), s, _fresh) / Cosine().at(s)[1]

    torch.testing.assert_close(unit(False, 0.7), unit(False, 0.3))
    assert (unit(True, 0.7) - unit(True, 0.3)).abs().mean() > 0.5


@pytest.mark.parametrize("solver", SOLVERS)
def test_every_solver_keeps_the_known_region(solver: str) -> None:
    mask = torch.zeros(8, 8)
    mask[3:5] = 1
    picture, step, noise = pictures(1)[0], SOLVERS[solver], Noise((1, 2))
    constraint = KnownRegion(picture, mask, fresh_noise=step.stochastic)
    denoiser, x = Mixture(Cosine()), pictures(2, seed=1)
    end = sample(trajectory(denoiser, x, uniform(Cosine(), 6), step, noise, constraint))
    assert torch.equal(end[:, :, mask == 0], picture[:, mask == 0].expand(2, -1, -1))
    free = sample(trajectory(denoiser, x, uniform(Cosine(), 6), step, noise))
    assert not torch.allclose(end[:, :, mask == 0], free[:, :, mask == 0], atol=1e-2)


@pytest.mark.parametrize("step", [DDPM(), DDIM()], ids=named)
def test_painting_everything_changes_nothing(step: DDPM | DDIM) -> None:
    grid, noise, x = uniform(Cosine(), 4), Noise((1, 2)), pictures(2)
    free = sample(trajectory(Mixture(Cosine()), x, grid, step, noise))
    painted = KnownRegion(pictures(1)[0], torch.ones(8, 8))
    assert torch.equal(sample(trajectory(Mixture(Cosine()), x, grid, step, noise, painted)), free)
