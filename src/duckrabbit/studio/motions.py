"""A view's motion in a form that a canvas can draw: pieces of the picture, and where each is at some moments.

A view owns its motion (`NamedView.placement`): where every pixel is at any moment. Pixels that move alike are one
piece; a piece's place at a moment is an affine map. A canvas draws each piece through the map between two moments,
and so one small script shows every view, those to come as well.
"""

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from duckrabbit.illusions.views import Composition, NamedView, View, parse_view
from duckrabbit.illusions.views.motion import Placement, grid

MOMENTS = 32
"""Moments at which the motion is sampled."""

SLACK = 0.06
"""How far, in pixels, a piece may be off its place between two moments that are kept."""


@lru_cache(maxsize=64)
def motion(name: str, size: int) -> dict[str, Any]:
    """The motion of a view on pictures of a size: one stage for each view that is joined in it.

    Raises:
        UsageError: if there is no such view, or it does not fit the size.
    """
    view = parse_view(name)
    view.permutation(size)
    return {"name": view.name, "size": size, "stages": [_stage(part, size) for part in _parts(view)]}


def _parts(view: View) -> tuple[NamedView, ...]:
    if isinstance(view, Composition):
        return tuple(part for joined in view.views for part in _parts(joined))
    assert isinstance(view, NamedView)
    return (view,)


def _stage(view: NamedView, size: int) -> dict[str, Any]:
    placements = [view.placement(size, k / MOMENTS) for k in range(MOMENTS + 1)]
    maps, wraps = _maps(placements, size)
    labels, firsts = _pieces(maps)
    pieces = maps[:, firsts]
    kept = _kept(pieces, 1.0 if wraps else SLACK)
    turning = bool((pieces[..., :4] - torch.tensor([1.0, 0.0, 0.0, 1.0])).abs().max() > 1e-6)
    depth = torch.stack([placement.depth for placement in placements]).amax(0)[firsts]
    return {
        "negates": view.sign < 0,
        "wraps": wraps,
        "labels": labels.tolist(),
        "depth": depth.tolist(),
        "moments": [k / MOMENTS for k in kept],
        # For each moment and piece [a, b, c, d, x, y], a column of the map after another; [x, y] where nothing turns.
        "maps": [[_rounded(row if turning else row[4:]) for row in pieces[k]] for k in kept],
    }


def _maps(placements: list[Placement], size: int) -> tuple[Tensor, bool]:
    """Each pixel's affine map about the picture's centre at each moment, [moments, pixels, 6], and whether any wraps.

    What leaves on one side and comes back on the other has jumped by the picture's side; it is followed outside.
    """
    axes = torch.stack([placement.axes for placement in placements])
    centres = torch.stack([placement.centre for placement in placements])
    shifts = centres - (axes @ grid(size)[:, :, None])[..., 0]
    jumps = torch.round((shifts[1:] - shifts[:-1]) / size) * size
    jumps = torch.where(_still(axes), jumps, 0.0)
    shifts[1:] -= jumps.cumsum(0)
    columns = axes.transpose(-1, -2).flatten(-2)
    return torch.cat([columns, shifts], -1), bool(jumps.abs().max() > 0)


def _still(axes: Tensor) -> Tensor:
    """Where nothing ever turns or stretches: only there can a jump be one around the edge. bool [pixels, 1]."""
    return ((axes - torch.eye(2, dtype=axes.dtype)).abs().amax((0, 2, 3)) < 1e-9)[:, None]


def _pieces(maps: Tensor) -> tuple[Tensor, Tensor]:
    """The piece of each pixel, and one pixel of each piece."""
    signature = (maps * 1024).round().transpose(0, 1).flatten(1)
    _, labels = torch.unique(signature, dim=0, return_inverse=True)
    firsts = torch.zeros(int(labels.max()) + 1, dtype=torch.int64)
    firsts.scatter_(0, labels.flip(0), torch.arange(len(labels)).flip(0))
    return labels, firsts


def _kept(pieces: Tensor, slack: float) -> list[int]:
    """The fewest moments, evenly apart, between which straight lines are near enough."""
    reach = pieces.new_tensor([40.0, 40.0, 40.0, 40.0, 1.0, 1.0])
    for every in (MOMENTS, 8, 4, 2):
        kept = list(range(0, MOMENTS + 1, every))
        left = torch.tensor([k // every * every for k in range(MOMENTS + 1)])
        right = (left + every).clamp(max=MOMENTS)
        share = ((torch.arange(MOMENTS + 1) - left) / every)[:, None, None]
        straight = torch.lerp(pieces[left], pieces[right], share.double())
        if float(((straight - pieces).abs() * reach).max()) <= slack:
            return kept
    return list(range(MOMENTS + 1))


def _rounded(row: Tensor) -> list[float]:
    return [round(value, 4) for value in row.tolist()]
