"""A jigsaw puzzle put together in another way: 4 × 4 pieces with knobs, the same cut after every quarter turn."""

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
import torch
from torch import Tensor

from duckrabbit.errors import UsageError
from duckrabbit.illusions.views.cuts import Cut, Point
from duckrabbit.illusions.views.motion import Placement, grid, turned
from duckrabbit.illusions.views.view import NamedView

_PER_SIDE = 4

# Lengths are in hundredths of a piece's side, from the picture's centre, x to the right and y down.
_OFFSET = 13  # from a cut to the centre of its knob
_RADIUS = 18  # more than the offset, so that a knob has a neck

# One knob for each set of four cuts that quarter turns exchange: the middle of its cut, the side (±1) it bulges to.
_KNOBS = (((-100, -150), 1), ((0, -150), -1), ((100, -150), 1), ((-100, -50), -1), ((0, -50), 1), ((100, -50), -1))

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
    reads: ClassVar[type[int] | type[float] | None] = int
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.seed <= _LAST_SEED:
            raise self.unusable(self.seed)

    @classmethod
    def unusable(cls, parameter: object) -> UsageError:
        return UsageError(
            f"A jigsaw needs a seed that is a whole number from 0, not {parameter}: write for example jigsaw:3."
        )

    @property
    def name(self) -> str:
        return f"{self.keyword}:{self.seed}"

    def arrange(self, size: int) -> Tensor:
        if size % _PER_SIDE:
            raise UsageError(
                f"A jigsaw of 4 × 4 pieces does not fit a picture {size} pixels wide, which is no multiple of 4: "
                f"use {size + -size % _PER_SIDE} pixels."
            )
        pixels = torch.arange(size * size)
        all_turned = torch.stack([torch.rot90(pixels.reshape(size, size), k).flatten() for k in range(4)])
        turns = torch.zeros(_PER_SIDE**2, dtype=torch.int64)
        for move in self._moves():
            turns[move.place] = move.turns
        return all_turned[turns[_pieces(size)], pixels]

    def placement(self, size: int, progress: float) -> Placement:
        degrees = torch.zeros(_PER_SIDE**2)
        for move in self._moves():
            degrees[move.piece] = progress * (90 * move.turns if move.turns < 3 else -90)
        piece = _pieces(size)
        # On the way the pieces draw apart, so that one sees their shapes.
        apart = (1 + _APART * math.sin(math.pi * progress)) * size / _PER_SIDE
        end = turned(_PER_SIDE, degrees, pivot=torch.zeros(2), end=torch.zeros(2), depth=degrees).centre * apart
        pivot = grid(_PER_SIDE) * (size / _PER_SIDE)
        return turned(size, degrees[piece], pivot=pivot[piece], end=end[piece], depth=piece)

    @staticmethod
    def cuts() -> tuple[Cut, ...]:
        """The 24 cuts between two pieces each: the same for every seed, and after every quarter turn."""
        return tuple(cut for knob, side in _KNOBS for cut in _cuts_of(knob, side))

    def _moves(self) -> list[_Move]:
        orders = np.argsort(np.random.Philox(key=self.seed).random_raw(16).reshape(4, 4), axis=1, kind="stable")
        return [
            _Move(orbit[source], orbit[place], (place - source) % 4)
            for orbit, order in zip(_ORBITS, orders.tolist(), strict=True)
            for place, source in enumerate(order)
        ]


def _turn_piece(piece: int) -> int:
    """The piece whose place `piece` takes when the picture is given a quarter turn counter-clockwise."""
    row, column = divmod(piece, _PER_SIDE)
    return (_PER_SIDE - 1 - column) * _PER_SIDE + row


def _orbit(piece: int) -> tuple[int, ...]:
    """A piece's place after 0, 1, 2 and 3 quarter turns."""
    places = [piece]
    while len(places) < 4:
        places.append(_turn_piece(places[-1]))
    return tuple(places)


_ORBITS = tuple(_orbit(piece) for piece in (0, 1, 4, 5))
"""The pieces that have one shape: four sets of four, each set in the order of quarter turns counter-clockwise."""


def _pieces(size: int) -> Tensor:
    """Which piece each pixel belongs to: int64 [size²], pieces numbered row by row from 0 to 15.

    Integer arithmetic throughout, so the cut is exactly symmetric under quarter turns; `size` is a multiple of 4.
    """
    line = torch.arange(size)
    block = line // (size // _PER_SIDE)
    piece = block[:, None] * _PER_SIDE + block
    # `size` times a length in hundredths of a piece: 0 is the centre, ±200 · size the borders.
    place = 200 * (2 * line - (size - 1))
    for (cut_x, cut_y), side in _KNOBS:
        owner = (cut_y + 150) // 100 * _PER_SIDE + (cut_x - 50 * side + 150) // 100
        knob = (cut_x + side * _OFFSET, cut_y)
        for turned_owner in _orbit(owner):
            x, y = knob
            piece[(place - size * x) ** 2 + (place[:, None] - size * y) ** 2 <= (size * _RADIUS) ** 2] = turned_owner
            knob = (y, -x)
    return piece.flatten()


def _cuts_of(knob: tuple[int, int], side: int) -> list[Cut]:
    """The four cuts that quarter turns exchange, from the one that goes down through the middle of `knob`."""
    x, y = knob
    neck = math.sqrt(_RADIUS**2 - _OFFSET**2)
    points: list[Point] = [(x, y - 50), (x, y - neck), (x + side * _OFFSET, y), (x, y + neck), (x, y + 50)]
    found = []
    for _ in range(4):
        start, first, centre, second, end = (_share(point) for point in points)
        # Down and around a knob on the right is clockwise.
        found.append(Cut(start, first, centre, _RADIUS / (100 * _PER_SIDE), second, end, side > 0))
        points = [(b, -a) for a, b in points]
    return found


def _share(point: tuple[float, float]) -> Point:
    """From hundredths of a piece about the centre to sides of the picture from its corner."""
    return (point[0] / (100 * _PER_SIDE) + 0.5, point[1] / (100 * _PER_SIDE) + 0.5)
