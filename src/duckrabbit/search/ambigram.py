"""A number that reads as another through a view: each place is an anagram of two digits, the best of many.

A half turn and a mirror reverse the places: what stands first is read last.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from duckrabbit.datasets.mnist import mnist, pictures_to_float
from duckrabbit.errors import UsageError
from duckrabbit.illusions.views import Composition, Flip, Mirror, Negate, Rotate180, View
from duckrabbit.judges.judge import load_judge
from duckrabbit.making.best_of import Candidate, search_for
from duckrabbit.making.plan import plan
from duckrabbit.models.model import Model, SamplerConfig
from duckrabbit.recipes.anagram import Anagram

SAMPLES = 200
"""Real digits of each class that say what a view makes of it."""

AT_ONCE = 8
"""Candidates of a place that are made together."""

SURE = 0.9
"""A place whose best is as likely as this to be read both ways needs no more candidates."""


@dataclass(frozen=True)
class Place:
    """What one place shows: a digit upright, and a digit through the view."""

    upright: str
    viewed: str


def reverses(view: View) -> bool:
    """Whether the last place is read first.

    Raises:
        UsageError: for a view that takes a string apart.
    """
    if isinstance(view, Composition):
        return sum(reverses(part) for part in view.views) % 2 == 1
    if isinstance(view, Rotate180 | Mirror):
        return True
    if isinstance(view, Flip | Negate):
        return False
    raise UsageError(
        f"The view {view.name} takes a row of digits apart: give rotate-180, flip, mirror or negate, "
        "or several joined by +."
    )


def places_of(digits: str, reads: str, view: View) -> tuple[Place, ...]:
    """The places, left to right.

    Raises:
        UsageError: if the strings differ in length, or the view takes a string apart.
    """
    if len(digits) != len(reads):
        raise UsageError(f"{digits} and {reads} differ in length: give `reads` as many digits as there are places.")
    viewed = reads[::-1] if reverses(view) else reads
    return tuple(Place(a, b) for a, b in zip(digits, viewed, strict=True))


def reading_through(digits: str, view: View) -> str:
    """What the view makes of a string: for each digit what real ones are most taken for when seen so."""
    seen = "".join(_made_of(digit, view) for digit in digits)
    return seen[::-1] if reverses(view) else seen


def ambigram(
    places: Sequence[Place],
    view: str,
    model: Model,
    sampler: SamplerConfig | None,
    seed: int,
    count: int,
    advance: Callable[[], None],
) -> list[Candidate]:
    """The best of up to `count` candidates for each place, made alone; a place is settled once one is `SURE`.

    Raises:
        UsageError: if the model makes no digits.
    """
    if model.kind != "digits":
        raise UsageError(f"{model.name} makes no digits: leave the model out, or name a model of digits.")
    best: list[Candidate] = []
    for number, place in enumerate(places):
        planned = plan(Anagram((place.upright, place.viewed), (view,), sampler=sampler), model)
        # Equal places get seeds of their own, so that no two digits of a number look alike.
        before = sum(other == place for other in places[:number])
        search = search_for(planned, 1, seed + before * count, count, block_size=AT_ONCE)
        rivals: list[Candidate] = []
        for block in search.run():
            chosen = max([*rivals, *block.finished], key=lambda own: (own.scored.score, -own.scored.seed))
            rivals = [chosen]
            if (search.contest.probability(chosen.scored.readings) or 0.0) >= SURE:
                break
        best.append(search.contest.alone(chosen.scored.seed))
        advance()
    return best


def joined(pictures: Sequence[Tensor]) -> Tensor:
    """Pictures [C, S, S] side by side, [C, S, N·S]."""
    return torch.cat(list(pictures), dim=2)


def through(strip: Tensor, view: View) -> Tensor:
    """A strip [C, S, N·S] through a view: each place through it, and the places in their new order."""
    places = [view(place) for place in torch.split(strip, strip.shape[1], dim=2)]
    return joined(places[::-1] if reverses(view) else places)


def _made_of(digit: str, view: View) -> str:
    test = mnist("test")
    real = pictures_to_float(test.pictures[test.labels == int(digit)][:SAMPLES])
    log_p = load_judge("digits", "selecting").log_probabilities(view(real))
    return str(int(log_p.exp().mean(dim=0).argmax()))
