"""Thresholds are diffusers', picture by picture."""

from typing import Any

import pytest
import torch
from diffusers import DDPMScheduler
from hypothesis import given
from hypothesis import strategies as st

from duckrabbit.diffusion.thresholding import DynamicThreshold, clip, unclipped
from helpers import patient, pictures


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@patient
@given(
    ratio=st.floats(0, 1),
    maximum=st.floats(1, 5),
    scale=st.floats(0.1, 10),
    shape=st.tuples(st.integers(1, 4), st.sampled_from([1, 3]), st.integers(1, 9)),
)
def test_dynamic_thresholding_is_diffusers(
    dtype: torch.dtype, ratio: float, maximum: float, scale: float, shape: tuple[int, int, int]
) -> None:
    count, channels, size = shape
    x0 = scale * pictures(count, size, channels).to(dtype)
    scheduler: Any = DDPMScheduler(thresholding=True, dynamic_thresholding_ratio=ratio, sample_max_value=maximum)
    ours = DynamicThreshold(ratio, maximum)(x0)
    assert ours.dtype == dtype
    torch.testing.assert_close(ours, scheduler._threshold_sample(x0), rtol=1e-6, atol=1e-6)


def test_the_defaults_are_deepfloyds() -> None:
    assert DynamicThreshold() == DynamicThreshold(ratio=0.95, maximum=1.5)


@patient
@given(st.floats(0.1, 20))
def test_the_result_is_a_picture(scale: float) -> None:
    squeezed = DynamicThreshold()(scale * pictures(3))
    assert squeezed.abs().max() <= 1


def test_a_picture_in_range_is_left_alone() -> None:
    assert torch.equal(DynamicThreshold()(pictures(2)), pictures(2))


def test_one_picture_does_not_change_another() -> None:
    calm, wild = pictures(1), 9 * pictures(1, seed=1)
    together = DynamicThreshold()(torch.cat([calm, wild]))
    assert torch.equal(together[:1], calm)
    assert torch.equal(together[1:], DynamicThreshold()(wild))


def test_it_scales_where_clipping_cuts() -> None:
    x0 = torch.linspace(0, 1.4, 1001)[None, None, None]
    squeezed = DynamicThreshold(ratio=1.0, maximum=1.5)(x0)
    torch.testing.assert_close(squeezed, x0 / 1.4)
    torch.testing.assert_close(clip(x0), x0.clamp(max=1))
    assert not torch.allclose(squeezed, clip(x0))


def test_static_thresholds() -> None:
    x0 = 3 * pictures(2)
    assert torch.equal(clip(x0), x0.clamp(-1, 1))
    assert torch.equal(unclipped(x0), x0)
