"""Bands are linear, decompositions add up to the identity, and lengths grow with the picture."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from duckrabbit.diffusion.terms import Band
from duckrabbit.errors import UsageError
from duckrabbit.illusions.bands import (
    Grey,
    LowPass,
    MidPass,
    MotionBlur,
    Rest,
    Small,
    colour_bands,
    hybrid_bands,
    motion_bands,
    scale_bands,
    triple_bands,
)

SIGMA = st.floats(0.1, 8)
DECOMPOSITIONS = st.one_of(
    SIGMA.map(hybrid_bands),
    SIGMA.map(lambda sigma: triple_bands(2 * sigma, sigma)),
    st.just(colour_bands()),
    st.builds(motion_bands, st.floats(0.1, 64), st.floats(-360, 360)),
    st.floats(1.1, 64).map(scale_bands),
)
SIZES = st.sampled_from([8, 28, 64])


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@settings(max_examples=60, deadline=None)
@given(DECOMPOSITIONS, SIZES)
def test_a_decomposition_adds_up_to_the_identity(bands: tuple[Band, ...], size: int) -> None:
    x = noise(2, 3, size, size)
    parts = [band(x) for band in bands]
    assert all(part.shape == x.shape and part.dtype == x.dtype for part in parts)
    assert (sum(parts) - x).abs().max() < 1e-12


@settings(max_examples=40, deadline=None)
@given(DECOMPOSITIONS, SIZES, st.floats(-3, 3))
def test_bands_are_linear(bands: tuple[Band, ...], size: int, weight: float) -> None:
    x, y = noise(3, size, size), noise(3, size, size, seed=1)
    for band in bands:
        assert (band(x + weight * y) - band(x) - weight * band(y)).abs().max() < 1e-12


@settings(max_examples=40, deadline=None)
@given(DECOMPOSITIONS, SIZES)
def test_bands_treat_each_picture_of_a_batch_alike(bands: tuple[Band, ...], size: int) -> None:
    x = noise(2, 2, 3, size, size)
    for band in bands:
        assert (band(x)[1, 0] - band(x[1, 0])).abs().max() < 1e-12


@pytest.mark.parametrize("size", [1, 2, 28, 64])
@pytest.mark.parametrize("band", [LowPass(), LowPass(20.0, 127), MotionBlur(), MotionBlur(64.0, 30.0), Small()])
def test_what_blurs_keeps_constants(band: Band, size: int) -> None:
    x = torch.full((3, size, size), 0.7, dtype=torch.float64)
    assert (band(x) - x).abs().max() < 1e-12


def test_a_shrunk_picture_is_equally_wide_at_every_size() -> None:
    for size in (28, 64, 256):
        assert torch.linalg.matrix_rank(Small(4.0)(noise(1, size, size))[0]) == 16


def test_high_and_mid_take_constants_away() -> None:
    x = torch.full((3, 28, 28), 0.7, dtype=torch.float64)
    for band in (Rest(LowPass()), MidPass()):
        assert band(x).abs().max() < 1e-12


@pytest.mark.parametrize("sigma", [1.0, 2.0, 4.0])
@pytest.mark.parametrize("size", [64, 128, 256])
def test_the_width_of_a_blur_grows_with_the_picture(sigma: float, size: int) -> None:
    point = torch.zeros(1, size, size, dtype=torch.float64)
    point[0, size // 2, size // 2] = 1
    spread = LowPass(sigma)(point)[0]
    distance = torch.arange(size, dtype=torch.float64) - size // 2
    for axis in (0, 1):
        deviation = (spread.sum(axis) * distance**2).sum().sqrt().item()
        assert deviation == pytest.approx(sigma * size / 64, rel=0.01)


@pytest.mark.parametrize("band", [LowPass(2.0), MotionBlur(10.0, 30.0), Small(4.0)], ids=repr)
def test_a_picture_and_its_enlargement_are_blurred_alike(band: Band) -> None:
    x = LowPass(2.0)(noise(1, 3, 64, 64))
    large = interpolate(x, scale_factor=4, mode="bicubic")
    difference = avg_pool2d(band(large), 4) - band(x)
    # At the borders the two reflect about different lines.
    assert difference[..., 8:-8, 8:-8].abs().max() < 0.05 * x.abs().max()


def test_a_small_kernel_cuts_the_blur_off() -> None:
    point = torch.zeros(1, 64, 64, dtype=torch.float64)
    point[0, 32, 32] = 1
    assert (LowPass(8.0, 5)(point) > 0).sum() == 25


@pytest.mark.parametrize("angle", [0.0, 90.0, 45.0, -45.0, 20.0])
def test_a_motion_blur_lies_along_its_line(angle: float) -> None:
    point = torch.zeros(1, 64, 64, dtype=torch.float64)
    point[0, 32, 32] = 1
    trace = MotionBlur(12.0, angle)(point)[0]
    line = torch.arange(64, dtype=torch.float64) - 32
    x, y = line[None], -line[:, None]
    radians = math.radians(angle)
    along, across = x * math.cos(radians) + y * math.sin(radians), y * math.cos(radians) - x * math.sin(radians)
    assert (trace >= 0).all()
    # A line of length L has variance L²/12 along itself; bilinear sharing adds at most 1/4 of a pixel either way.
    assert (trace * along**2).sum().item() == pytest.approx(12, abs=0.3)
    assert (trace * across**2).sum().item() < 0.3


def test_grey_has_no_colour_and_colour_no_grey() -> None:
    grey, colour = colour_bands()
    x = noise(2, 3, 8, 8)
    assert (grey(x)[:, 0] - grey(x)[:, 2]).abs().max() == 0
    assert colour(x).mean(1).abs().max() < 1e-12
    assert torch.equal(Grey()(x[:, :1]), x[:, :1])


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf, 65.0])
def test_lengths_out_of_range_are_refused(value: float) -> None:
    for make in (LowPass, MidPass, MotionBlur, Small):
        with pytest.raises(UsageError, match="must be above 0"):
            make(value)


def test_other_bad_parameters_are_refused() -> None:
    for kernel in (32, 0, -3):
        with pytest.raises(UsageError, match="odd"):
            LowPass(2.0, kernel)
    with pytest.raises(UsageError, match="stronger"):
        triple_bands(1.0, 2.0)
    with pytest.raises(UsageError, match="angle"):
        MotionBlur(4.0, math.nan)
    with pytest.raises(UsageError, match="above 1"):
        scale_bands(1.0)
