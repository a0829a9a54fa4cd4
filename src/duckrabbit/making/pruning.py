"""Pruning: the hopeless are dropped before their pictures are finished, as in successive halving.

At a rung, x̂_0, the picture that the sampler expects at that moment, is judged; who reads well enough goes on, and so
does the best share of the block whatever it scores (Jamieson and Talwalkar, 2016, arXiv 1502.07943).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from duckrabbit.diffusion.sampling import State
from duckrabbit.models.model import Kind

Scores = Callable[[Tensor, Sequence[int]], Tensor]
"""From pictures [N, C, S, S] and their places in the block to the score of each, [N]; more is better."""


@dataclass(frozen=True)
class Rung:
    """One test on the way.

    Attributes:
        after: the share of the steps that come before it.
        least: the share of the block, as it was at first, that goes on at the least.
        bar: the score from which on a candidate goes on.
    """

    after: float
    least: float
    bar: float = math.inf

    def passed(self, scores: Tensor, size: int) -> Tensor:
        """The rows of scores [N] that go on, rising, int64; `size` is that of the block at first.

        Of equals the earlier row goes on.
        """
        least = min(len(scores), max(1, math.ceil(self.least * size)))
        best = scores.argsort(descending=True, stable=True)[:least]
        chosen = scores >= self.bar
        chosen[best] = True
        return chosen.nonzero()[:, 0]


Rungs = tuple[Rung, ...]

RUNGS: Mapping[Kind, Rungs] = {
    "digits": (Rung(0.3, 0.375, -2.5), Rung(0.6, 0.25, -1.5)),
    "pictures": (Rung(0.25, 0.125, -9.0),),
}
"""For each kind of picture rungs that spend its evaluations well (bench/rungs.py compares others).

Of pictures that a judge guides only the hopeless drop out: among the rest no early score tells who is read in the end.
"""

ACROSS: Rungs = (Rung(0.25, 0.5),)
"""For a block of different pairs, which differ more than the candidates of one: its better half goes on."""

AHEAD = 2
"""So many times what is wanted goes on in the end, so that the judge of the finished pictures has a choice."""


def sparing(rungs: Rungs, wanted: float) -> Rungs:
    """The rungs, but at every one at least `AHEAD` times the wanted share of the candidates goes on."""
    least = min(1.0, AHEAD * wanted)
    return tuple(Rung(rung.after, max(rung.least, least), rung.bar) for rung in rungs)


@dataclass(frozen=True)
class Pruning:
    """The pruner of one block: where there is a rung, it scores x̂_0 and says who goes on.

    Attributes:
        rungs: rising.
        scores: who judges.
        size: how many the block had at first.
    """

    rungs: Rungs
    scores: Scores = field(repr=False)
    size: int

    def __call__(self, state: State, steps: int, places: Sequence[int]) -> Sequence[int]:
        """The rows that go on, rising."""
        rows = torch.arange(len(state.x0))
        for rung in self.rungs:
            if state.i + 1 == max(1, round(rung.after * steps)):
                rows = rows[rung.passed(self.scores(state.pictures(state.x0), places)[rows], self.size)]
        return [int(row) for row in rows]
