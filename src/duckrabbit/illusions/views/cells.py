"""A picture cut into square cells that change places: what `patch-permute` and `pixel-permute` share."""

import numpy as np
import torch
from torch import Tensor

from duckrabbit.illusions.views.motion import Placement, grid, slid

_SEED = 0


def shuffled(per_side: int, size: int) -> Tensor:
    """The permutation [size²] that shuffles per_side × per_side cells; `per_side` must divide `size`.

    The order of the cells depends on `per_side` alone: it is the same at every size and on every machine, because
    Philox's raw output is defined by its algorithm.
    """
    order = np.argsort(np.random.Philox(key=_SEED).random_raw(per_side**2), kind="stable")
    cell = size // per_side
    pixels = torch.arange(size * size).reshape(per_side, cell, per_side, cell).transpose(1, 2)
    shown = pixels.reshape(-1, cell, cell)[torch.from_numpy(order)]
    return shown.reshape(per_side, per_side, cell, cell).transpose(1, 2).flatten()


def sliding(permutation: Tensor, per_side: int, size: int, progress: float) -> Placement:
    """Every cell on its straight way to its place, the later cells above the earlier ones."""
    start = grid(size)
    row, column = torch.arange(size * size) // size, torch.arange(size * size) % size
    cell = size // per_side
    depth = row // cell * per_side + column // cell
    return slid(size, torch.lerp(start, start[permutation.argsort()], progress), depth)
