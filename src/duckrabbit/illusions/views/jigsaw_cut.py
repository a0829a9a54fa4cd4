"""How the jigsaw is cut: 4 × 4 pieces with knobs, the same cut after every quarter turn of the picture."""

import torch
from torch import Tensor

PER_SIDE = 4

# Lengths are in hundredths of a piece's side, from the picture's centre, x to the right and y down.
_OFFSET = 13  # from a cut to the centre of its knob
_RADIUS = 18  # more than the offset, so that a knob has a neck

# One knob for each set of four cuts that quarter turns exchange: the middle of its cut, the side (±1) it bulges to.
_KNOBS = (((-100, -150), 1), ((0, -150), -1), ((100, -150), 1), ((-100, -50), -1), ((0, -50), 1), ((100, -50), -1))


def _turn_piece(piece: int) -> int:
    """The piece whose place `piece` takes when the picture is given a quarter turn counter-clockwise."""
    row, column = divmod(piece, PER_SIDE)
    return (PER_SIDE - 1 - column) * PER_SIDE + row


def _orbit(piece: int) -> tuple[int, ...]:
    """A piece's place after 0, 1, 2 and 3 quarter turns."""
    places = [piece]
    while len(places) < 4:
        places.append(_turn_piece(places[-1]))
    return tuple(places)


ORBITS = tuple(_orbit(piece) for piece in (0, 1, 4, 5))
"""The pieces that have one shape: four sets of four, each set in the order of quarter turns counter-clockwise."""


def pieces(size: int) -> Tensor:
    """Which piece each pixel belongs to: int64 [size²], pieces numbered row by row from 0 to 15.

    Integer arithmetic throughout, so the cut is exactly symmetric under quarter turns; `size` is a multiple of 4.
    """
    line = torch.arange(size)
    block = line // (size // PER_SIDE)
    piece = block[:, None] * PER_SIDE + block
    # `size` times a length in hundredths of a piece: 0 is the centre, ±200 · size the borders.
    place = 200 * (2 * line - (size - 1))
    for (cut_x, cut_y), side in _KNOBS:
        owner = (cut_y + 150) // 100 * PER_SIDE + (cut_x - 50 * side + 150) // 100
        knob = (cut_x + side * _OFFSET, cut_y)
        for turned_owner in _orbit(owner):
            x, y = knob
            piece[(place - size * x) ** 2 + (place[:, None] - size * y) ** 2 <= (size * _RADIUS) ** 2] = turned_owner
            knob = (y, -x)
    return piece.flatten()
