"""Ways to combine views: what they have in common, what each promises, and what those that are gone say."""

from collections.abc import Sequence

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from duckrabbit.diffusion.grid import GRIDS
from duckrabbit.diffusion.guidance import Guidance
from duckrabbit.diffusion.path import Cosine
from duckrabbit.diffusion.terms import Composition, Term
from duckrabbit.diffusion.thresholding import unclipped
from duckrabbit.errors import UsageError
from duckrabbit.illusions.combining import COMBINATIONS, combine_named
from duckrabbit.illusions.views import View, parse_view
from helpers import Recorder, Shifting, patient, pictures

PROMPTS = ("a cat", "a tulip")
VIEWS = tuple(parse_view(name) for name in ("identity", "rotate-90"))
GRID = GRIDS["uniform"](Cosine(), 8)
TIMES = GRID[:-1]


def combined(name: str, prompts: Sequence[str] = PROMPTS, views: Sequence[View] = VIEWS) -> tuple[Term, ...]:
    return COMBINATIONS[name](prompts, views, Guidance(4.0, "blurry"), GRID)


READINGS = st.lists(
    st.tuples(
        st.sampled_from(["a cat", "a tulip", "a duck", "", "blurry"]),
        st.sampled_from(["identity", "flip", "rotate-90", "negate", "flip+negate", "jigsaw:1", "jigsaw:2"]),
    ),
    min_size=1,
    max_size=6,
)
"""Prompts and the views they are read in, with as many repetitions of either as there may be."""


def weights(name: str, readings: list[tuple[str, str]], t: float) -> dict[tuple[str, object], float]:
    """What each prompt weighs in each view."""
    found: dict[tuple[str, object], float] = {}
    for term in combined(name, [prompt for prompt, _ in readings], [parse_view(view) for _, view in readings]):
        found[term.condition, term.view] = found.get((term.condition, term.view), 0.0) + term.weight_at(t)
    return found


@pytest.mark.parametrize("name", COMBINATIONS)
@patient
@given(READINGS, st.floats(0, 1))
def test_the_weights_add_up_to_one_at_every_time(name: str, readings: list[tuple[str, str]], t: float) -> None:
    """So a denoiser that knows the answer is left alone, whatever is made of the views, however often one repeats."""
    assert sum(weights(name, readings, t).values()) == pytest.approx(1)


@pytest.mark.parametrize("name", COMBINATIONS)
@patient
@given(
    READINGS.flatmap(lambda readings: st.tuples(st.just(readings), st.permutations(readings))), st.sampled_from(TIMES)
)
def test_the_order_of_the_prompts_decides_nothing(
    name: str, orders: tuple[list[tuple[str, str]], list[tuple[str, str]]], t: float
) -> None:
    one, other = (weights(name, readings, t) for readings in orders)
    assert one == pytest.approx(other)


@patient
@given(READINGS, st.sampled_from(TIMES))
def test_alternating_hears_the_prompts_of_one_view_a_step(readings: list[tuple[str, str]], t: float) -> None:
    heard = {key: weight for key, weight in weights("alternate", readings, t).items() if weight != 0}
    assert len({view for _, view in heard}) == 1


@pytest.mark.parametrize("name", COMBINATIONS)
def test_a_sample_is_combined_by_itself(name: str) -> None:
    x, terms = pictures(4), combined(name)

    def estimate(rows: torch.Tensor) -> torch.Tensor:
        return Composition(Shifting(Cosine()), (terms,) * len(rows), unclipped)(rows, TIMES[1]).x0

    together = estimate(x)
    for k in range(4):
        torch.testing.assert_close(estimate(x[k : k + 1])[0], together[k])


def test_alternate_asks_one_view_a_step_and_swing_listens_to_all() -> None:
    for name, rows in (("alternate", 2), ("swing", 4)):
        recorder = Recorder(Shifting(Cosine()))
        for t in TIMES:
            Composition(recorder, (combined(name),), unclipped)(pictures(1), t)
        assert recorder.rows == [rows] * len(TIMES)
    for step, t in enumerate(TIMES):
        heard = {term.view for term in combined("alternate") if term.weight_at(t) != 0}
        assert heard == {VIEWS[step % 2]}


def test_an_unknown_way_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean alternate"):
        combine_named("alternating")
    with pytest.raises(UsageError, match="give one of mean"):
        combine_named("xyz")


@pytest.mark.parametrize("name", ["lagging", "level", "peaceful", "apart"])
def test_a_way_that_is_gone_names_what_replaces_it(name: str) -> None:
    with pytest.raises(UsageError, match=f"no longer combined by '{name}'.*use mean"):
        combine_named(name)
