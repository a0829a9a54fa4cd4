"""Ways to combine views: what they have in common, and what each promises."""

from collections.abc import Sequence

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from duckrabbit.diffusion.grid import GRIDS
from duckrabbit.diffusion.guidance import Guidance
from duckrabbit.diffusion.path import Cosine
from duckrabbit.diffusion.terms import Composition, Term, weighted_sum
from duckrabbit.errors import UsageError
from duckrabbit.illusions.combining import COMBINATIONS, Balanced, Combination, combine_named, without_conflict
from duckrabbit.illusions.views import parse_view
from helpers import Recorder, Shifting, brief, pictures

PROMPTS = ("a cat", "a tulip")
VIEWS = tuple(parse_view(name) for name in ("identity", "rotate-90"))
GRID = GRIDS["uniform"](Cosine(), 8)
TIMES = GRID[:-1]
GUIDANCE = Guidance(4.0, "blurry")
LESS_MEAN = Guidance(4.0, "blurry", mean_scale=1.5)


def combined(
    name: str, prompts: Sequence[str] = PROMPTS, guidance: Guidance = GUIDANCE, views: Sequence[object] = VIEWS
) -> Combination:
    return COMBINATIONS[name](prompts, views, guidance, GRID)  # type: ignore[arg-type]


def estimate(combination: Combination, x: Tensor, t: float, recorder: Recorder | None = None) -> Tensor:
    """x̂_0 of every row under a combination, without a threshold."""
    denoiser = recorder or Shifting(Cosine())
    return Composition(denoiser, (combination.terms,) * len(x), lambda x0: x0, (combination.rule,) * len(x))(x, t).x0


def views_pushes(prompts: Sequence[str], x: Tensor, t: float, guidance: Guidance) -> list[Tensor]:
    """γ d_i/n of every view: what guidance adds to its estimate without the prompt, turned upright."""
    denoiser, pushes = Shifting(Cosine()), []
    for prompt, view in zip(prompts, VIEWS, strict=True):
        answers = [denoiser(view(x), t, [words] * len(x)).x0 for words in (prompt, guidance.negative)]
        d = view.inverse(answers[0] - answers[1])
        mean = d.mean((-2, -1), keepdim=True)
        pushes.append((guidance.scale * d - guidance.excess * mean) / len(prompts))
    return pushes


@pytest.mark.parametrize("name", COMBINATIONS)
def test_the_weights_of_a_step_add_up_to_one(name: str) -> None:
    """So a denoiser that knows the answer is left alone, whatever the rule makes of the views."""
    for prompts, names in ((PROMPTS, "identity flip"), (("a", "b", "c"), "identity flip rotate-90")):
        views = [parse_view(own) for own in names.split()]
        combination = combined(name, prompts, views=views)
        for t in TIMES:
            assert sum(term.weight_at(t) for term in combination.terms) == pytest.approx(1)


@pytest.mark.parametrize("name", sorted(set(COMBINATIONS) - {"alternate", "swing"}))
def test_without_guidance_all_ways_are_the_mean(name: str) -> None:
    x = pictures(3)
    plain = Guidance(1.0)
    wanted = estimate(combined("mean", guidance=plain), x, 0.5)
    torch.testing.assert_close(estimate(combined(name, guidance=plain), x, 0.5), wanted)


@pytest.mark.parametrize("name", COMBINATIONS)
def test_a_sample_is_combined_by_itself(name: str) -> None:
    x, combination = pictures(4), combined(name)
    together = estimate(combination, x, TIMES[1])
    for k in range(4):
        torch.testing.assert_close(estimate(combination, x[k : k + 1], TIMES[1])[0], together[k])


@pytest.mark.parametrize("guidance", [GUIDANCE, LESS_MEAN], ids=["plain", "less mean"])
def test_balancing_by_nothing_is_the_mean(guidance: Guidance) -> None:
    x, mean = pictures(3), combined("mean", guidance=guidance)
    even = Combination(mean.terms, Balanced(0.0))
    torch.testing.assert_close(estimate(even, x, 0.5), estimate(mean, x, 0.5))


@brief
@given(st.integers(0, 99), st.sampled_from([GUIDANCE, LESS_MEAN]))
def test_the_lagging_view_gets_more_guidance_and_level_views_push_alike(seed: int, guidance: Guidance) -> None:
    x, t = pictures(2, seed=seed), 0.6
    pushes = views_pushes(PROMPTS, x, t, guidance)
    ground = estimate(combined("mean", guidance=guidance), x, t) - sum(pushes)
    strengths = torch.stack([push.square().mean(dim=(1, 2, 3)).sqrt() for push in pushes])
    for name, power in (("lagging", 1.0), ("level", -1.0)):
        factors = 2 * strengths**power / (strengths**power).sum(dim=0)
        wanted = ground + sum(f[:, None, None, None] * push for f, push in zip(factors, pushes, strict=True))
        found = estimate(combined(name, guidance=guidance), x, t)
        torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-4)
        if name == "level":
            torch.testing.assert_close(factors[0] * strengths[0], factors[1] * strengths[1])


@brief
@given(st.integers(0, 99))
def test_without_conflict_no_view_loses_by_another(seed: int) -> None:
    shape = (2, 3, 4, 4)
    terms = [Term(prompt, 1.0, view) for prompt, view in zip(PROMPTS, VIEWS, strict=True)]
    rest = [Term("", -1.0, view, leads=False) for view in VIEWS]
    generator = torch.Generator().manual_seed(seed)
    pushes = [torch.randn(shape, generator=generator) for _ in VIEWS]
    nothing = torch.zeros(shape)
    ordered = [own for pair in zip(terms, rest, strict=True) for own in pair]
    results = [pushes[0], nothing, pushes[1], nothing]
    settled = without_conflict(ordered, results, 0.5)
    for row in range(shape[0]):
        conflict = float((pushes[0][row] * pushes[1][row]).sum()) < 0
        plain = weighted_sum(ordered, results, 0.5)[row]
        if not conflict:
            torch.testing.assert_close(settled[row], plain)
        for own in pushes:
            # What is done in the end serves each view, and no less than the mean does.
            gain = float((settled[row] * own[row]).sum())
            assert gain >= -1e-4
            assert gain >= float((plain * own[row]).sum()) - 1e-4


def test_alternate_asks_one_view_a_step_and_swing_listens_to_all() -> None:
    for name, rows in (("alternate", 2), ("swing", 4)):
        recorder = Recorder(Shifting(Cosine()))
        for t in TIMES:
            estimate(combined(name), pictures(1), t, recorder)
        assert recorder.rows == [rows] * len(TIMES)
    turns = combined("alternate")
    for step, t in enumerate(TIMES):
        heard = {term.view for term in turns.terms if term.weight_at(t) != 0}
        assert heard == {VIEWS[step % 2]}


def test_apart_steers_away_from_the_other_prompts_and_not_from_its_own() -> None:
    x, t = pictures(2), 0.5
    same = ("a cat", "a cat")
    torch.testing.assert_close(estimate(combined("apart", same), x, t), estimate(combined("mean", same), x, t))
    away = [(term.condition, term.view) for term in combined("apart").terms if term.weight_at(t) < 0]
    assert set(away) == {("blurry", VIEWS[0]), ("a tulip", VIEWS[0]), ("blurry", VIEWS[1]), ("a cat", VIEWS[1])}


def test_an_unknown_way_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean lagging"):
        combine_named("laging")
    with pytest.raises(UsageError, match="give one of mean"):
        combine_named("xyz")
