"""Ways to make one picture of what several views ask for: each is a function that gives terms, and a rule to add them.

With u_i and c_i view i's estimates of the clean picture without and with its prompt, turned back upright, and d_i =
c_i − u_i what its prompt pushes for, all rules but `alternate`, `swing` and `apart` have the form

    x̂_0 = (1/n) Σ_i (u_i + γ f_i d_i')

`mean` has f_i = 1 and d_i' = d_i (Geng, Park and Owens, "Visual Anagrams", 2024).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import groupby

import torch
from torch import Tensor

from duckrabbit.diffusion.grid import Grid
from duckrabbit.diffusion.guidance import Guidance, guided
from duckrabbit.diffusion.terms import Rule, Term, View, Weight, weight_at, weighted_sum
from duckrabbit.errors import UsageError
from duckrabbit.illusions.compositions import anagram

SMALLEST = 1e-8
AWAY = 0.5


@dataclass(frozen=True)
class Combination:
    """What an anagram is made of."""

    terms: tuple[Term, ...]
    rule: Rule = weighted_sum


Combine = Callable[[Sequence[str], Sequence[View], Guidance, Grid], Combination]
"""From prompts, one view for each, guidance and the grid to a combination."""


def mean(prompts: Sequence[str], views: Sequence[View], guidance: Guidance, grid: Grid) -> Combination:  # noqa: ARG001
    """Every view counts the same at every step."""
    return Combination(anagram(prompts, views, guidance))


def alternate(prompts: Sequence[str], views: Sequence[View], guidance: Guidance, grid: Grid) -> Combination:
    """Step k sees view k mod n alone, at a fraction of the cost."""
    return _in_turns(prompts, views, guidance, grid, emphasis=1.0)


def swing(prompts: Sequence[str], views: Sequence[View], guidance: Guidance, grid: Grid) -> Combination:
    """Halfway between `mean` and `alternate`: step k listens more to view k mod n."""
    return _in_turns(prompts, views, guidance, grid, emphasis=0.5)


def lagging(prompts: Sequence[str], views: Sequence[View], guidance: Guidance, grid: Grid) -> Combination:  # noqa: ARG001
    """The view that lags behind, whose prompt pushes more, gets more guidance: f_i ∝ |d_i|, Σ f_i = n."""
    return Combination(anagram(prompts, views, guidance), Balanced(1.0))


def level(prompts: Sequence[str], views: Sequence[View], guidance: Guidance, grid: Grid) -> Combination:  # noqa: ARG001
    """Every view pushes equally: f_i ∝ 1/|d_i|, Σ f_i = n."""
    return Combination(anagram(prompts, views, guidance), Balanced(-1.0))


def peaceful(prompts: Sequence[str], views: Sequence[View], guidance: Guidance, grid: Grid) -> Combination:  # noqa: ARG001
    """No view pushes against another: d_i' is d_i without what points against d_j (Yu et al., 2020, "PCGrad")."""
    return Combination(anagram(prompts, views, guidance), without_conflict)


def apart(prompts: Sequence[str], views: Sequence[View], guidance: Guidance, grid: Grid) -> Combination:  # noqa: ARG001
    """In each view guidance steers away from what the other views are to show, as much as from what nobody asked for.

    Of the weight 1 − γ that the negative prompt has in `mean`, `AWAY` goes to the other views' prompts.
    """
    terms: list[Term] = []
    for prompt, view in zip(prompts, views, strict=True):
        others = [other for other in dict.fromkeys(prompts) if other != prompt]
        own = guided(prompt, guidance, view=view, share=1 / len(prompts))
        away = AWAY if others and len(own) > 1 else 0.0
        terms += [own[0], *(replace(term, weight=Scaled(term.weight, 1 - away)) for term in own[1:])]
        terms += [Term(other, Scaled(own[1].weight, away / len(others)), view, leads=False) for other in others if away]
    return Combination(tuple(terms))


COMBINATIONS: Mapping[str, Combine] = {
    "mean": mean,
    "alternate": alternate,
    "swing": swing,
    "lagging": lagging,
    "level": level,
    "peaceful": peaceful,
    "apart": apart,
}
"""Every way by the word a user types."""


def combine_named(name: str) -> Combine:
    """The way of a name.

    Raises:
        UsageError: if there is none.
    """
    if name not in COMBINATIONS:
        near = get_close_matches(name, COMBINATIONS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"give one of {', '.join(COMBINATIONS)}."
        raise UsageError(f"There is no way {name!r} to combine views: {hint}")
    return COMBINATIONS[name]


@dataclass(frozen=True)
class Scaled:
    """A weight times a number."""

    weight: Weight
    factor: float

    def __call__(self, t: float) -> float:
        """The weight at t."""
        return self.factor * weight_at(self.weight, t)


@dataclass(frozen=True)
class Turn:
    """A weight that changes from step to step: more when it is this view's turn, less when it is not.

    Attributes:
        weight: of the term, if all views counted the same.
        grid: the times of the steps.
        which: this view.
        of: how many there are.
        emphasis: from 0, all the same, to 1, one alone.
    """

    weight: Weight
    grid: Grid
    which: int
    of: int
    emphasis: float

    def __call__(self, t: float) -> float:
        """The weight at t."""
        step = sum(time > t for time in self.grid)
        own = step % self.of == self.which
        return weight_at(self.weight, t) * (1 - self.emphasis + self.emphasis * self.of * own)


@dataclass(frozen=True)
class Balanced:
    """A rule: f_i = n |d_i|^power / Σ_j |d_j|^power, picture by picture, |d| the root mean square of its pixels."""

    power: float

    def __call__(self, terms: Sequence[Term], results: Sequence[Tensor], t: float) -> Tensor:
        """x̂_0 [B, C, H, W]."""
        ground, pushes = _pushes(terms, results, t)
        if not pushes:
            return ground
        strength = torch.stack([push.square().mean(dim=(1, 2, 3), keepdim=True).sqrt() for push in pushes])
        share = (strength + SMALLEST) ** self.power
        factors = len(pushes) * share / share.sum(dim=0)
        return ground + (factors * torch.stack(pushes)).sum(dim=0)


def without_conflict(terms: Sequence[Term], results: Sequence[Tensor], t: float) -> Tensor:
    """A rule: d_i' = d_i − Σ_{j≠i} min(0, ⟨d_i, d_j⟩)/|d_j|² d_j, picture by picture."""
    ground, pushes = _pushes(terms, results, t)
    settled = []
    for i, own in enumerate(pushes):
        kept = own
        for j, other in enumerate(pushes):
            if i != j:
                along = (own * other).sum(dim=(1, 2, 3), keepdim=True)
                length = other.square().sum(dim=(1, 2, 3), keepdim=True) + SMALLEST
                kept = kept - along.clamp(max=0) / length * other
        settled.append(kept)
    return ground + torch.stack(settled).sum(dim=0) if settled else ground


def _pushes(terms: Sequence[Term], results: Sequence[Tensor], t: float) -> tuple[Tensor, list[Tensor]]:
    """Σ_i u_i/n, and each view's γ d_i/n, with less of the mean colour where that is guided less.

    A view without guidance has no push, and all of it is ground.
    """
    grounds, pushes = [], []
    weighed = zip(terms, results, strict=True)
    for _, group in groupby(weighed, key=lambda pair: pair[0].view):
        own = list(group)
        whole = weighted_sum([term for term, _ in own], [result for _, result in own], t)
        leading = [term for term, _ in own if term.leads]
        free = [(term, result) for term, result in own if not term.leads and term.band == leading[0].band]
        if len(leading) == 1 and len(free) == 1:
            ((term, unconditional),) = free
            ground = (leading[0].weight_at(t) + term.weight_at(t)) * unconditional
            grounds.append(ground)
            pushes.append(whole - ground)
        else:
            grounds.append(whole)
    return torch.stack(grounds).sum(dim=0), pushes


def _in_turns(
    prompts: Sequence[str], views: Sequence[View], guidance: Guidance, grid: Grid, emphasis: float
) -> Combination:
    order = list(dict.fromkeys(views))
    terms = []
    for term in anagram(prompts, views, guidance):
        turn = Turn(term.weight, grid, order.index(term.view), len(order), emphasis)
        terms.append(Term(term.condition, turn, term.view, term.band, term.leads))
    return Combination(tuple(terms))
