"""Terms: one network call a step, the cheapest evaluations, and sums that mean what they say."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from duckrabbit.diffusion.denoiser import Prediction
from duckrabbit.diffusion.grid import uniform
from duckrabbit.diffusion.noise import Noise
from duckrabbit.diffusion.path import Cosine, Path
from duckrabbit.diffusion.sampling import sample, trajectory
from duckrabbit.diffusion.steps import DDIM, DDPM
from duckrabbit.diffusion.terms import UPRIGHT, Band, Composition, Term, View, weighted_sum
from duckrabbit.diffusion.thresholding import clip, unclipped
from duckrabbit.illusions.bands import hybrid_bands
from duckrabbit.illusions.views import parse_view
from helpers import PATHS, Recorder, Shifting, patient, pictures

T = 0.5
LOW, HIGH = hybrid_bands()
TURNED = parse_view("rotate-90")
VIEWS = ["identity", "flip", "mirror", "rotate-90", "rotate-180", "negate", "pixel-permute", "skew", "flip+negate"]


def guided(prompt: str, scale: float, weight: float = 1.0, view: View = UPRIGHT, band: Band = UPRIGHT) -> list[Term]:
    return [
        Term(prompt, weight * scale, view, band),
        Term("", weight * (1 - scale), view, band, leads=False),
    ]


HYBRID = (*guided("far", 5, band=LOW), *guided("near", 5, band=HIGH))
ANAGRAM = (*guided("duck", 5, 0.5), *guided("rabbit", 5, 0.5, TURNED))


def composed(*terms: tuple[Term, ...], fractions: bool = False) -> tuple[Composition, Recorder]:
    recorder = Recorder(Shifting(Cosine(), fractions))
    return Composition(recorder, terms, unclipped), recorder


@pytest.mark.parametrize(
    ("terms", "evaluations"),
    [
        ((Term("duck"),), 1),
        (tuple(guided("duck", 5)), 2),
        (HYBRID, 3),
        (ANAGRAM, 4),
        ((*guided("duck", 5, 0.5), *guided("duck", 5, 0.5, parse_view("identity"))), 4),
    ],
    ids=["plain", "guided", "hybrid", "anagram", "an equal view under another name"],
)
def test_evaluations_of_each_composition(terms: tuple[Term, ...], evaluations: int) -> None:
    composition, recorder = composed(terms)
    composition(pictures(1), T)
    assert recorder.rows == [evaluations]


def test_a_batch_is_one_call_of_every_samples_evaluations() -> None:
    composition, recorder = composed(HYBRID, ANAGRAM, HYBRID, (Term("duck"),))
    composition(pictures(4), T)
    assert recorder.rows == [3 + 4 + 3 + 1]


def test_a_whole_trajectory_costs_evaluations_times_steps() -> None:
    composition, recorder = composed(HYBRID, HYBRID)
    sample(trajectory(composition, pictures(2), uniform(Cosine(), 7), DDIM(), Noise((0, 1))))
    assert recorder.rows == [6] * 7


@pytest.mark.parametrize(("scale", "asked"), [(1.0, ["duck"]), (0.0, [""]), (3.0, ["duck", ""])])
@pytest.mark.parametrize("fractions", [False, True])
def test_guidance_of_1_or_0_evaluates_once(scale: float, asked: list[str], fractions: bool) -> None:
    composition, recorder = composed(tuple(guided("duck", scale)), fractions=fractions)
    prediction = composition(pictures(1), T)
    assert recorder.calls[0][2] == asked
    assert (prediction.variance_fraction is not None) == fractions


@patient
@given(st.floats(-3, 10))
def test_guidance_extrapolates_from_the_null_condition(scale: float) -> None:
    x, denoiser = pictures(2, dtype=torch.float64), Shifting(Cosine())
    conditional, null = denoiser(x, T, ["duck"] * 2).x0, denoiser(x, T, [""] * 2).x0
    composition, _ = composed(*[tuple(guided("duck", scale))] * 2)
    torch.testing.assert_close(composition(x, T).x0, null + scale * (conditional - null))


def test_weights_may_follow_the_time() -> None:
    weight: Callable[[float], float] = lambda t: max(0.0, 2 * t - 1)  # noqa: E731
    composition, recorder = composed((Term("duck"), Term("rabbit", weight)))
    x = pictures(1, dtype=torch.float64)
    duck, rabbit = (Shifting(Cosine())(x, 0.75, [prompt]).x0 for prompt in ("duck", "rabbit"))
    torch.testing.assert_close(composition(x, 0.75).x0, duck + 0.5 * rabbit)
    composition(x, 0.4)
    assert recorder.rows == [2, 1]


@patient
@given(
    st.lists(
        st.sampled_from([HYBRID, ANAGRAM, (Term("duck"),), tuple(guided("rabbit", 3)), tuple(guided("rabbit", 1))]),
        min_size=1,
        max_size=6,
    )
)
def test_samples_in_one_batch_are_the_samples_alone(terms: list[tuple[Term, ...]]) -> None:
    x = pictures(len(terms))
    together, _ = composed(*terms, fractions=True)
    prediction = together(x, T)
    assert prediction.variance_fraction is not None
    for k, own in enumerate(terms):
        alone = composed(own, fractions=True)[0](x[k : k + 1], T)
        assert alone.variance_fraction is not None
        assert torch.equal(prediction.x0[k], alone.x0[0])
        assert torch.equal(prediction.variance_fraction[k], alone.variance_fraction[0])


@pytest.mark.parametrize("name", VIEWS)
def test_the_network_sees_the_view_and_answers_upright(name: str) -> None:
    x, view = pictures(2), parse_view(name)
    composition, recorder = composed((Term("duck", view=view),), (Term("duck"),))
    x0 = composition(x, T).x0
    seen, _, conditions = recorder.calls[0]
    assert conditions == ["duck", "duck"]
    assert torch.equal(seen[0], view(x[:1])[0])
    assert torch.equal(seen[1], x[1])
    expected = view.inverse(Shifting(Cosine())(view(x[:1]), T, ["duck"]).x0)
    assert torch.equal(x0[:1], expected)


@patient
@given(st.floats(-2, 2), st.floats(-2, 2))
def test_the_formula_written_out(first: float, second: float) -> None:
    x, denoiser = pictures(1, dtype=torch.float64), Shifting(Cosine())
    terms = (Term("duck", first, TURNED, LOW), Term("rabbit", second, UPRIGHT, HIGH), Term("", 0.5))
    expected = (
        first * LOW(TURNED.inverse(denoiser(TURNED(x), T, ["duck"]).x0))
        + second * HIGH(denoiser(x, T, ["rabbit"]).x0)
        + 0.5 * denoiser(x, T, [""]).x0
    )
    torch.testing.assert_close(composed(terms)[0](x, T).x0, expected)


def test_variance_fractions_are_moved_but_never_negated() -> None:
    x, view, denoiser = pictures(1), parse_view("rotate-90+negate"), Shifting(Cosine(), fractions=True)
    composition, _ = composed((Term("duck", view=view),), fractions=True)
    seen = denoiser(view(x), T, ["duck"]).variance_fraction
    assert seen is not None
    expected = torch.rot90(seen, -1, dims=(-2, -1))
    answer = composition(x, T).variance_fraction
    assert answer is not None
    assert torch.equal(answer, expected)
    assert answer.min() >= 0


def test_variance_fractions_are_the_mean_of_the_terms_that_lead() -> None:
    x, denoiser = pictures(1, dtype=torch.float64), Shifting(Cosine(), fractions=True)
    composition, _ = composed(ANAGRAM, fractions=True)
    upright = denoiser(x, T, ["duck"]).variance_fraction
    turned = denoiser(TURNED(x), T, ["rabbit"]).variance_fraction
    assert upright is not None
    assert turned is not None
    torch.testing.assert_close(composition(x, T).variance_fraction, (upright + TURNED.inverse_fraction(turned)) / 2)


def test_without_a_leading_term_the_others_give_the_variance() -> None:
    x = pictures(1)
    composition, _ = composed(tuple(guided("duck", 0.0)), fractions=True)
    expected = Shifting(Cosine(), fractions=True)(x, T, [""]).variance_fraction
    assert expected is not None
    assert torch.equal(composition(x, T).variance_fraction, expected)  # type: ignore[arg-type]


def test_networks_without_a_learned_variance_give_none() -> None:
    assert composed(ANAGRAM)[0](pictures(1), T).variance_fraction is None


@pytest.mark.parametrize("path", PATHS, ids=repr)
@pytest.mark.parametrize("terms", [HYBRID, ANAGRAM], ids=["hybrid", "anagram"])
def test_a_sum_of_noise_estimates_is_the_same_sum_of_pictures(path: Path, terms: tuple[Term, ...]) -> None:
    """Σ w B A⁻¹ ε̂ read as a picture is Σ w B A⁻¹ x̂_0, since the weights and bands add up to the identity."""
    x, denoiser = pictures(1, dtype=torch.float64), Shifting(path)
    alpha, sigma = path.at(T)
    epsilon = torch.zeros_like(x)
    for term in terms:
        seen = term.view(x)
        estimate = (seen - alpha * denoiser(seen, T, [term.condition]).x0) / sigma
        epsilon += term.weight_at(T) * term.band(term.view.inverse(estimate))
    x0 = Composition(denoiser, (terms,), unclipped)(x, T).x0
    torch.testing.assert_close(x0, (x - sigma * epsilon) / alpha, rtol=0, atol=1e-5)


def test_the_threshold_is_applied_once_after_combining() -> None:
    seen: list[Tensor] = []

    def threshold(x0: Tensor) -> Tensor:
        seen.append(x0)
        return x0.clamp(-0.1, 0.1)

    x, terms = pictures(2, dtype=torch.float64), (HYBRID, ANAGRAM)
    free = composed(*terms)[0](x, T).x0
    bound = Composition(Shifting(Cosine()), terms, threshold)(x, T).x0
    assert len(seen) == 1
    torch.testing.assert_close(seen[0], free)
    torch.testing.assert_close(bound, free.clamp(-0.1, 0.1))
    assert free.abs().max() > 1  # guided terms leave the range
    assert Composition(Shifting(Cosine()), terms)(x, T).x0.abs().max() <= 1
    assert Composition(Shifting(Cosine()), terms).threshold is clip


def test_a_correction_gets_every_samples_sum_and_the_threshold_comes_after() -> None:
    seen: list[tuple[Tensor, float]] = []

    def correction(x0: Tensor, t: float) -> Tensor:
        seen.append((x0.clone(), t))
        return x0 + 100 * t

    x, terms = pictures(2, dtype=torch.float64), (HYBRID, ANAGRAM)
    free = composed(*terms)[0](x, T).x0
    corrected = Composition(Shifting(Cosine()), terms, unclipped, correction=correction)(x, T).x0
    [(made, t)] = seen
    assert t == T
    torch.testing.assert_close(made, free)
    torch.testing.assert_close(corrected, free + 100 * T)
    assert (Composition(Shifting(Cosine()), terms, clip, correction=correction)(x, T).x0 == 1).all()


def test_the_weighted_sum_is_one() -> None:
    results = list(pictures(2, dtype=torch.float64)[:, None])
    combined = weighted_sum([Term("a", 0.25), Term("b", lambda t: t)], results, 0.5)
    torch.testing.assert_close(combined, 0.25 * results[0] + 0.5 * results[1])


def test_a_learned_variance_reaches_the_step_through_a_composition() -> None:
    @dataclass(frozen=True)
    class Sure:
        path: Path
        fraction: float

        def __call__(self, x: Tensor, t: float, condition: Sequence[str]) -> Prediction:
            return Prediction(torch.zeros_like(x), torch.full_like(x, self.fraction))

    x, one = pictures(1, dtype=torch.float64), torch.ones(1, 3, 8, 8, dtype=torch.float64)
    jumps, between = [], Cosine().between(0.6, 0.4)
    for fraction in (0.0, 1.0):
        composition = Composition(Sure(Cosine(), fraction), ((Term("duck"),),))
        still = DDPM()(composition, x, between, lambda: 0 * one, None).x
        jumps.append((DDPM()(composition, x, between, lambda: one, None).x - still).mean().item() ** 2)
    assert jumps == pytest.approx([between.beta_tilde, between.beta])
