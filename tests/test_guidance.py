"""Guidance of the mean colour: what it holds back, what it leaves alone, and what it costs."""

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch import Tensor

from duckrabbit.diffusion.guidance import Guidance, guided
from duckrabbit.diffusion.path import Cosine
from duckrabbit.diffusion.terms import UPRIGHT, Band, Composition, Term, View
from duckrabbit.diffusion.thresholding import unclipped
from duckrabbit.illusions.bands import LowPass
from duckrabbit.illusions.views import parse_view
from duckrabbit.models.load import load_model
from helpers import Recorder, Shifting, patient, pictures

T = 0.5
scales = st.floats(-3, 10)


def estimate(guidance: Guidance, t: float = T, view: View = UPRIGHT, band: Band = UPRIGHT) -> tuple[Tensor, list[int]]:
    recorder = Recorder(Shifting(Cosine()))
    terms: tuple[Term, ...] = guided("duck", guidance, view, band)
    return Composition(recorder, (terms,) * 2, unclipped)(pictures(2, dtype=torch.float64), t).x0, recorder.rows


def mean_of(x: Tensor) -> Tensor:
    return x.mean((-2, -1), keepdim=True)


@patient
@given(scales, scales)
@example(0.0, -1.0)
@example(1.0, 0.5)
def test_the_mean_has_its_own_scale_where_it_is_below_and_the_rest_the_whole(scale: float, mean_scale: float) -> None:
    made, _ = estimate(Guidance(scale, mean_scale=mean_scale))
    whole, _ = estimate(Guidance(scale))
    of_mean, _ = estimate(Guidance(min(scale, mean_scale)))
    torch.testing.assert_close(mean_of(made), mean_of(of_mean))
    torch.testing.assert_close(made - mean_of(made), whole - mean_of(whole))


@pytest.mark.parametrize("view", ["identity", "rotate-90", "negate", "flip+negate"])
@pytest.mark.parametrize("band", [UPRIGHT, LowPass(2.0)], ids=["whole", "low"])
def test_it_holds_in_any_view_and_band(view: str, band: Band) -> None:
    made, _ = estimate(Guidance(5.0, mean_scale=2.0), view=parse_view(view), band=band)
    low, _ = estimate(Guidance(2.0), view=parse_view(view), band=band)
    high, _ = estimate(Guidance(5.0), view=parse_view(view), band=band)
    torch.testing.assert_close(mean_of(made), mean_of(low))
    torch.testing.assert_close(made - mean_of(made), high - mean_of(high))
    assert (mean_of(low) - mean_of(high)).abs().max() > 1e-3


def test_it_costs_no_evaluation_and_ends_with_the_interval() -> None:
    assert estimate(Guidance(5.0, mean_scale=2.0))[1] == [4]
    guidance = Guidance(5.0, interval=(0.2, 0.8), mean_scale=2.0)
    outside, rows = estimate(guidance, 0.9)
    assert rows == [2]
    torch.testing.assert_close(outside, estimate(Guidance(1.0), 0.9)[0])


def test_pocket_holds_back_the_mean_of_its_pictures() -> None:
    model = load_model("pocket", "cpu")
    assert model.sampler.mean_guidance_scale is not None
    assert model.sampler.mean_guidance_scale < model.sampler.guidance_scale
