"""Every parametrization says the same clean picture in its own words."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from duckrabbit.diffusion.denoiser import NetworkDenoiser
from duckrabbit.diffusion.parametrization import EPSILON, PARAMETRIZATIONS, VELOCITY, X0, Parametrization, V
from duckrabbit.diffusion.path import Cosine, Path, RectifiedFlow
from helpers import PATHS, brief, patient, pictures

EVERY = list(PARAMETRIZATIONS.values())
# Where σ or α vanishes some parametrization says nothing about the picture.
COEFFICIENTS = st.tuples(st.floats(0.01, 1), st.floats(0.01, 2))


def _name(parametrization: Parametrization) -> str:
    return parametrization.name


def _scalar(value: float) -> torch.Tensor:
    return torch.tensor(value, dtype=torch.float64)


@pytest.mark.parametrize("parametrization", EVERY, ids=_name)
@patient
@given(coefficients=COEFFICIENTS, seed=st.integers(0, 2**32))
def test_reading_undoes_writing(parametrization: Parametrization, coefficients: tuple[float, float], seed: int) -> None:
    alpha, sigma = map(_scalar, coefficients)
    x0, noise = pictures(2, seed=seed, dtype=torch.float64), pictures(2, seed=seed + 1, dtype=torch.float64)
    output = parametrization.target(x0, noise, alpha, sigma)
    estimate = parametrization.x0(output, alpha * x0 + sigma * noise, alpha, sigma)
    torch.testing.assert_close(estimate, x0, rtol=0, atol=1e-9)


@pytest.mark.parametrize("path", PATHS, ids=repr)
@pytest.mark.parametrize("parametrization", EVERY, ids=_name)
@brief
@given(t=st.floats(0.01, 0.98))
def test_reading_undoes_writing_on_every_path(parametrization: Parametrization, path: Path, t: float) -> None:
    alpha, sigma = path(_scalar(t))
    x0, noise = pictures(1, dtype=torch.float64), pictures(1, seed=1, dtype=torch.float64)
    output = parametrization.target(x0, noise, alpha, sigma)
    torch.testing.assert_close(
        parametrization.x0(output, path.noised(x0, t, noise), alpha, sigma), x0, rtol=0, atol=1e-9
    )


def test_each_formula() -> None:
    x0, noise = pictures(1, dtype=torch.float64), pictures(1, seed=1, dtype=torch.float64)
    alpha, sigma = _scalar(0.8), _scalar(0.6)
    torch.testing.assert_close(EPSILON.target(x0, noise, alpha, sigma), noise)
    torch.testing.assert_close(X0.target(x0, noise, alpha, sigma), x0)
    torch.testing.assert_close(V.target(x0, noise, alpha, sigma), 0.8 * noise - 0.6 * x0)
    torch.testing.assert_close(VELOCITY.target(x0, noise, alpha, sigma), noise - x0)


def test_coefficients_may_differ_from_picture_to_picture() -> None:
    x0, noise = pictures(3), pictures(3, seed=1)
    alpha, sigma = (c.view(-1, 1, 1, 1) for c in Cosine()(torch.tensor([0.2, 0.5, 0.8])))
    for parametrization in EVERY:
        output = parametrization.target(x0, noise, alpha, sigma)
        assert output.dtype == torch.float32
        estimate = parametrization.x0(output, (alpha * x0 + sigma * noise).float(), alpha, sigma)
        torch.testing.assert_close(estimate, x0, rtol=0, atol=1e-5)


@patient
@given(t=st.floats(0.01, 0.99))
def test_velocity_is_the_derivative_of_the_straight_path(t: float) -> None:
    x0, noise = pictures(1, dtype=torch.float64), pictures(1, seed=1, dtype=torch.float64)
    step, path = 1e-3, RectifiedFlow()
    slope = (path.noised(x0, t + step, noise) - path.noised(x0, t - step, noise)) / (2 * step)
    torch.testing.assert_close(VELOCITY.target(x0, noise, *path(_scalar(t))), slope, rtol=0, atol=1e-9)


@patient
@given(t=st.floats(0.01, 1))
def test_a_network_of_the_courses_flow_needs_both_signs_flipped(t: float) -> None:
    """There z_t' = (1 − t') ε + t' x_1 and u = x_1 − ε, with t' = 1 − t; x̂_1 = z + (1 − t') u."""
    clean, noise = pictures(1, dtype=torch.float64), pictures(1, seed=1, dtype=torch.float64)
    reversed_t = 1 - t
    z = (1 - reversed_t) * noise + reversed_t * clean
    their_velocity = clean - noise
    theirs = z + (1 - reversed_t) * their_velocity

    path = RectifiedFlow()
    torch.testing.assert_close(path.noised(clean, t, noise), z)
    ours = VELOCITY.x0(-their_velocity, z, *path(_scalar(t)))
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)
    # With the sign left as it is the answer is another picture.
    assert not torch.allclose(VELOCITY.x0(their_velocity, z, *path(_scalar(t))), theirs, atol=1e-4)


def test_a_network_denoiser_reads_its_networks_output_and_pads_its_batch_to_fours() -> None:
    x0, noise, path, t = pictures(3), pictures(3, seed=1), Cosine(), 0.7
    asked: list[tuple[torch.Tensor, torch.Tensor]] = []

    def network(x: torch.Tensor, times: torch.Tensor, condition: torch.Tensor | None) -> torch.Tensor:
        assert condition is not None
        asked.append((times, condition))
        return torch.cat([V.target(x0, noise, *path(_scalar(t))), torch.zeros(1, 3, 8, 8)])

    denoiser = NetworkDenoiser(network, path, V, lambda prompts: torch.tensor([float(p) for p in prompts]))
    prediction = denoiser(path.noised(x0, t, noise), t, ["7", "8", "9"])
    torch.testing.assert_close(prediction.x0, x0, rtol=0, atol=1e-5)
    assert prediction.x0.dtype == torch.float32
    assert prediction.variance_fraction is None
    (times, condition) = asked[0]
    assert times.tolist() == pytest.approx([t] * 4)
    assert condition.tolist() == [7, 8, 9, 7]


def test_names_are_the_keys() -> None:
    assert set(PARAMETRIZATIONS) == {"epsilon", "x0", "v", "velocity"}
    assert all(name == parametrization.name for name, parametrization in PARAMETRIZATIONS.items())
