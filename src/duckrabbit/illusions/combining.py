"""Ways to make one picture of what several views ask for: each is a function that gives the terms of an anagram.

All keep Σ_k w_k = 1 at every step, so that a denoiser that knows the answer is left alone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from duckrabbit.diffusion.grid import Grid
from duckrabbit.diffusion.guidance import Guidance
from duckrabbit.diffusion.terms import Term, Weight, weight_at
from duckrabbit.errors import UsageError
from duckrabbit.illusions.compositions import anagram
from duckrabbit.illusions.views import Identity, View

Combine = Callable[[Sequence[str], Sequence[View], Guidance, Grid], tuple[Term, ...]]
"""From prompts, one view for each, guidance and the grid to terms."""


def mean(prompts: Sequence[str], views: Sequence[View], guidance: Guidance, grid: Grid) -> tuple[Term, ...]:  # noqa: ARG001
    """Every view counts the same at every step (Geng, Park and Owens, "Visual Anagrams", 2024, arXiv:2311.17919)."""
    return anagram(prompts, views, guidance)


def alternate(prompts: Sequence[str], views: Sequence[View], guidance: Guidance, grid: Grid) -> tuple[Term, ...]:
    """Step k sees view k mod m of the m distinct views alone, at a fraction of the cost."""
    return _in_turns(prompts, views, guidance, grid, emphasis=1.0)


def swing(prompts: Sequence[str], views: Sequence[View], guidance: Guidance, grid: Grid) -> tuple[Term, ...]:
    """Halfway between `mean` and `alternate`: step k listens more to view k mod m."""
    return _in_turns(prompts, views, guidance, grid, emphasis=0.5)


COMBINATIONS: Mapping[str, Combine] = {"mean": mean, "alternate": alternate, "swing": swing}
"""Every way by the word a user types."""

_GONE = ("lagging", "level", "peaceful", "apart")


def combine_named(name: str) -> Combine:
    """The way of a name.

    Raises:
        UsageError: if there is none, or no longer.
    """
    if name in _GONE:
        raise UsageError(f"Views are no longer combined by {name!r}, which read no better: use mean in its place.")
    if name not in COMBINATIONS:
        near = get_close_matches(name, COMBINATIONS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"give one of {', '.join(COMBINATIONS)}."
        raise UsageError(f"There is no way {name!r} to combine views: {hint}")
    return COMBINATIONS[name]


@dataclass(frozen=True)
class Turn:
    """A weight that changes from step to step: more when it is this view's turn, less when it is not.

        w (1 − e + e n/n_view) in steps k with k mod m = i, w (1 − e) in the others

    where each of n prompts weighs 1/n and n_view of them share the view: in its turn a view weighs 1 − e + e in all.

    Attributes:
        weight: w, of the term if all prompts counted the same.
        grid: the times of the steps.
        which: i, this view.
        of: m, how many distinct views there are.
        gain: n/n_view, what makes the prompts of one view weigh 1.
        emphasis: e, from 0, all the same, to 1, one alone.
    """

    weight: Weight
    grid: Grid
    which: int
    of: int
    gain: float
    emphasis: float

    def __call__(self, t: float) -> float:
        """The weight at t."""
        step = sum(time > t for time in self.grid)
        its_turn = step % self.of == self.which
        return weight_at(self.weight, t) * (1 - self.emphasis + self.emphasis * self.gain * its_turn)


def _in_turns(
    prompts: Sequence[str], views: Sequence[View], guidance: Guidance, grid: Grid, emphasis: float
) -> tuple[Term, ...]:
    # By name, so that the order in which prompts are given decides nothing.
    distinct = sorted(set(views), key=lambda view: (not isinstance(view, Identity), view.name))
    order, every = list[object](distinct), list[object](views)

    def turn(term: Term) -> Turn:
        gain = len(every) / every.count(term.view)
        return Turn(term.weight, grid, order.index(term.view), len(order), gain, emphasis)

    return tuple(replace(term, weight=turn(term)) for term in anagram(prompts, views, guidance))
