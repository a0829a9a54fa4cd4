"""A jigsaw puzzle put together in another way."""

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Self

import numpy as np
import torch
from torch import Tensor

from duckrabbit.errors import UsageError
from duckrabbit.illusions.views.jigsaw_cut import ORBITS, PER_SIDE, pieces
from duckrabbit.illusions.views.motion import Placement, grid, turned
from duckrabbit.illusions.views.named import NamedView

_LAST_SEED = 2**63 - 1
_APART = 0.07  # how far pieces draw apart on their way; more would take a corner off the canvas


class _Move(NamedTuple):
    """A piece goes to the place of another by so many quarter turns counter-clockwise about the picture's centre."""

    piece: int
    place: int
    turns: int


@dataclass(frozen=True)
class Jigsaw(NamedView):
    """Sixteen knobbed pieces that change places with pieces of the same shape.

    The cut looks the same after a quarter turn, so each piece has the shape of three others, turned. A piece goes to
    another's place by the quarter turns between them about the picture's centre: an exact permutation of pixels.

    seed: which piece goes where, a whole number from 0. The side must be a multiple of 4.
    Raises UsageError otherwise.
    """

    keyword: ClassVar[str] = "jigsaw"
    description: ClassVar[str] = "sixteen jigsaw pieces put together in another way, chosen by a seed (jigsaw:0)"
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.seed <= _LAST_SEED:
            raise _unusable(self.seed)

    @classmethod
    def parse(cls, parameter: str | None) -> Self:
        if parameter is None:
            return cls()
        try:
            seed = int(parameter)
        except ValueError:
            raise _unusable(repr(parameter)) from None
        return cls(seed)

    @property
    def name(self) -> str:
        return f"{self.keyword}:{self.seed}"

    def arrange(self, size: int) -> Tensor:
        if size % PER_SIDE:
            raise UsageError(
                f"A jigsaw of 4 × 4 pieces does not fit a picture {size} pixels wide, which is no multiple of 4: "
                f"use {size + -size % PER_SIDE} pixels."
            )
        pixels = torch.arange(size * size)
        all_turned = torch.stack([torch.rot90(pixels.reshape(size, size), k).flatten() for k in range(4)])
        turns = torch.zeros(PER_SIDE**2, dtype=torch.int64)
        for move in self._moves():
            turns[move.place] = move.turns
        return all_turned[turns[pieces(size)], pixels]

    def placement(self, size: int, progress: float) -> Placement:
        degrees = torch.zeros(PER_SIDE**2)
        for move in self._moves():
            degrees[move.piece] = progress * (90 * move.turns if move.turns < 3 else -90)
        piece = pieces(size)
        # On the way the pieces draw apart, so that one sees their shapes.
        apart = (1 + _APART * math.sin(math.pi * progress)) * size / PER_SIDE
        end = turned(PER_SIDE, degrees, pivot=torch.zeros(2), end=torch.zeros(2), depth=degrees).centre * apart
        pivot = grid(PER_SIDE) * (size / PER_SIDE)
        return turned(size, degrees[piece], pivot=pivot[piece], end=end[piece], depth=piece)

    def _moves(self) -> list[_Move]:
        orders = np.argsort(np.random.Philox(key=self.seed).random_raw(16).reshape(4, 4), axis=1, kind="stable")
        return [
            _Move(orbit[source], orbit[place], (place - source) % 4)
            for orbit, order in zip(ORBITS, orders.tolist(), strict=True)
            for place, source in enumerate(order)
        ]


def _unusable(seed: object) -> UsageError:
    return UsageError(f"A jigsaw needs a seed that is a whole number from 0, not {seed}: write for example jigsaw:3.")
