"""A row of digits as a job: made place by place, and shown as far as it is."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from duckrabbit.diffusion.sampling import State
from duckrabbit.making.best_of import Candidate
from duckrabbit.making.make import Picture
from duckrabbit.models.model import Model
from duckrabbit.search.ambigram import CANDIDATES, Ambigram, joined, made_row
from duckrabbit.studio.bodies import Order

See = Callable[[int, Callable[[], Tensor]], None]
"""Hears how many steps are made, and may ask for what is seen, [1, C, S, N·S]."""


class RowWatch:
    """Puts the place at hand beside those that are settled. A place counts as the steps of its first candidates."""

    def __init__(self, recipe: Ambigram, model: Model) -> None:
        self._each = recipe.sampler_for(model).steps
        self._places = len(recipe.digits)
        self._settled: list[Tensor] = []
        self._step = 0

    @property
    def steps(self) -> int:
        """In all."""
        return self._each * self._places

    def settle(self, best: Sequence[Candidate]) -> None:
        """So many places are settled."""
        self._settled = [candidate.picture.pixels for candidate in best]
        self._step = 0

    def look(self, state: State, see: See) -> None:
        """A step more of the place at hand."""
        self._step = min(self._step + 1, self._each)
        # What is settled is on the CPU already.
        see(self._each * len(self._settled) + self._step, lambda: self._row(state.pictures(state.x0[:1])[0].cpu()))

    def _row(self, place: Tensor) -> Tensor:
        """What is settled, the place at hand, and dark ground where nothing is yet."""
        left = self._places - len(self._settled) - 1
        return joined([*self._settled, place, *[torch.full_like(place, -1.0)] * left])[None]


def row_of(order: Order, recipe: Ambigram, model: Model, rows: RowWatch, see: See) -> Picture:
    """Make the row of an order.

    Raises:
        UsageError: as `search.ambigram.made_row`.
    """
    count = order.among or CANDIDATES
    return made_row(recipe, model, order.seed, count, rows.settle, lambda state: rows.look(state, see))
