"""Rigid pieces in motion: where every pixel of a picture is at one moment, and a frame painted from that."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from duckrabbit.errors import UsageError

_WHITE = 1.0
_CELLS = 2  # cells per side of a canvas pixel, averaged at the end: smooth edges
_SAMPLES = 3  # samples per side of a canvas pixel: 3/2 > √2, so a turned piece shows no holes


@dataclass(frozen=True)
class Placement:
    """Where the N = S² pixels of a picture (row-major) are at one moment of an animation.

    Lengths are in pixels of the picture, from its centre, x to the right and y down.

    centre: [N, 2], the middle of each pixel as (x, y).
    axes:   [N, 2, 2], whose columns are what one pixel to the right and one pixel down have become.
    depth:  int64 [N], ≥ 0; where pixels overlap the greater depth hides the lesser.
    """

    centre: Tensor
    axes: Tensor
    depth: Tensor


def grid(size: int) -> Tensor:
    """The middles of a picture's pixels at rest: [size², 2] as (x, y) from its centre, float64."""
    line = torch.arange(size, dtype=torch.float64) - (size - 1) / 2
    y, x = torch.meshgrid(line, line, indexing="ij")
    return torch.stack((x, y), -1).reshape(-1, 2)


def stretched(size: int, across: float, down: float) -> Placement:
    """The whole picture stretched about its centre; a factor that runs from 1 to -1 turns it over like a card."""
    factors = torch.tensor([across, down], dtype=torch.float64)
    return Placement(grid(size) * factors, torch.diag(factors).expand(size**2, 2, 2), _level(size))


def slid(size: int, end: Tensor, depth: Tensor) -> Placement:
    """Every pixel carried, without turning, to `end` [N, 2]."""
    return Placement(end, torch.eye(2, dtype=torch.float64).expand(size**2, 2, 2), depth)


def turned(size: int, degrees: Tensor, pivot: Tensor, end: Tensor, depth: Tensor) -> Placement:
    """Every pixel turned counter-clockwise by `degrees` [N] about its piece's `pivot`, which is carried to `end`.

    `pivot` and `end` are [N, 2], or [2] when all pixels share them.
    """
    angle = torch.deg2rad(degrees.double())
    cos, sin = angle.cos(), angle.sin()
    # y points down, so counter-clockwise to the eye is (x, y) → (x cos + y sin, -x sin + y cos).
    axes = torch.stack((cos, sin, -sin, cos), -1).reshape(-1, 2, 2)
    return Placement(end + (axes @ (grid(size) - pivot)[..., None])[..., 0], axes, depth)


def turned_whole(size: int, degrees: float) -> Placement:
    """The whole picture turned counter-clockwise about its centre."""
    return turned(size, torch.full((size**2,), degrees), torch.zeros(2), torch.zeros(2), _level(size))


def check_frame(picture: Tensor, progress: float, scale: int) -> None:
    """Raise UsageError unless an animation frame can be painted of this."""
    if picture.ndim != 3 or picture.shape[1] != picture.shape[2]:
        raise UsageError(
            f"An animation needs one square picture [channels, side, side], not {list(picture.shape)}: "
            "pass a single picture, cropped to a square."
        )
    if not 0 <= progress <= 1:
        raise UsageError(
            f"An animation's progress runs from 0 to 1, and {progress} is outside: choose a value in between."
        )
    if scale < 1:
        raise UsageError(
            f"An animation's scale must be at least 1, not {scale}: choose how many pixels a pixel becomes."
        )


def canvas_side(size: int, scale: int) -> int:
    """The side F of an animation frame: half as much again as the picture, times `scale`, and even."""
    side = round(1.5 * size) * scale
    return side + side % 2


def paint(picture: Tensor, placement: Placement, scale: int) -> Tensor:
    """Paint `picture` [C, S, S] as `placement` says on a white canvas [C, F, F], each pixel `scale` pixels wide.

    Each pixel stays a crisp square; edges at an angle are smoothed. What falls off the canvas is not painted.
    """
    channels, size, _ = picture.shape
    device = picture.device
    side, cells = canvas_side(size, scale), canvas_side(size, scale) * _CELLS

    line = (torch.arange(_SAMPLES * scale, dtype=torch.float32, device=device) + 0.5) / (_SAMPLES * scale) - 0.5
    samples = torch.cartesian_prod(line, line)
    centre, axes = placement.centre.to(device, torch.float32), placement.axes.to(device, torch.float32)
    points = (samples @ axes.mT).add_(centre[:, None])

    # From pixels about the picture's centre to cells about the canvas's corner, which a ring of one cell more
    # surrounds to take what falls off.
    corner = (side - size * scale) // 2
    points.add_(size / 2).mul_(scale * _CELLS).add_(corner * _CELLS + 1).clamp_(0, cells + 1)
    column, row = points.long().unbind(-1)
    index = (row * (cells + 2) + column).flatten()

    # Of all pixels that reach a cell the last in painting order wins, in whatever order the machine visits them.
    order = placement.depth.to(device).argsort(stable=True)
    rank = order.argsort().to(torch.int32)
    canvas = torch.full(((cells + 2) ** 2,), -1, dtype=torch.int32, device=device)
    canvas.scatter_reduce_(0, index, rank.repeat_interleave(len(samples)), "amax")
    # Empty cells hold -1, which finds the last of the paints: white.
    winner = torch.cat((order, order.new_tensor([size * size])))[canvas.long()]
    winner = winner.reshape(cells + 2, cells + 2)[1:-1, 1:-1]

    paints = torch.cat((picture.flatten(1), picture.new_full((channels, 1), _WHITE)), 1)
    return avg_pool2d(paints[:, winner], _CELLS)


def _level(size: int) -> Tensor:
    return torch.zeros(size**2, dtype=torch.int64)


def eased(t: float) -> float:
    """Smoothstep, 3t² − 2t³: from 0 to 1, at rest at both ends."""
    return t * t * (3 - 2 * t)


def half_turn(progress: float) -> float:
    """How wide a card looks while it turns over: the cosine of progress · 180°."""
    return math.cos(math.pi * progress)
