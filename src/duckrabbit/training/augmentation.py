"""What happens to pictures before a judge in training sees them: it must know a subject, not a picture of it."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from duckrabbit.illusions.bands import LowPass

TURN, GROW, SHIFT = 20.0, 0.2, 0.1
"""Degrees, share of the size and share of the side by which a picture is moved at most."""

NEAR, FAR = 0.1, 0.1
"""So many pictures are the part of a hybrid that is seen close by, or from afar, and shrunk."""

COARSE = LowPass(2.0)
"""L: a Gaussian blur, where hybrids part far from near unless the user says otherwise."""

FAINTEST = 0.68
"""The least share of itself that is left of a picture another one is mixed into: it must stay the one that is seen."""


def augmented(x: Tensor, generator: torch.Generator) -> Tensor:
    """Pictures [B, 3, S, S] in [−1, 1], moved, recoloured, some mixed, covered, blurred, noisy, in hybrids."""
    x = _recoloured(_moved(x, generator), generator)
    hybrid = _uniform(x, generator)
    x = torch.where(hybrid < NEAR, close_by(x), torch.where(hybrid < NEAR + FAR, _shrunk(from_afar(x), 4), x))
    x = _some(0.3, x, _mixed(x, generator), generator)
    x = _some(0.3, x, _covered(x, generator), generator)
    x = _some(0.25, x, _shrunk(x, 2), generator)
    noise = torch.randn(x.shape, generator=generator, device=x.device)
    return _some(0.3, x, x + 0.3 * _uniform(x, generator) * noise, generator).clamp(-1, 1)


def moved(x: Tensor, turn: Tensor, grow: Tensor, dx: Tensor, dy: Tensor) -> Tensor:
    """Each picture turned by so many degrees, grown by a factor and moved by shares of its side, all [B]."""
    angle = turn * math.radians(1)
    cos, sin = angle.cos() / grow, angle.sin() / grow
    theta = torch.stack([cos, -sin, 2 * dx, sin, cos, 2 * dy], dim=1).view(-1, 2, 3)
    grid = F.affine_grid(theta, list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, padding_mode="border", align_corners=False)


def recoloured(x: Tensor, saturation: Tensor, contrast: Tensor, light: Tensor) -> Tensor:
    """Each picture with its colours, then all of it, times a factor, and so much light added, all [B or 1, 1, 1, 1]."""
    grey = x.mean(dim=1, keepdim=True)
    return (grey + saturation * (x - grey)) * contrast + light


def close_by(x: Tensor) -> Tensor:
    """What is coarse in each picture from the one before it in the batch: L y + (1 − L) x, [B, C, S, S] in [−1, 1].

    A judge that has met such pictures under the name of x reads hybrids (Geng, Park and Owens, 2024, arXiv:2404.11615)
    as people do.
    """
    return _hybrid(x.roll(1, dims=0), x)


def from_afar(x: Tensor) -> Tensor:
    """What is fine in each picture from the one before it in the batch: L x + (1 − L) y, [B, C, S, S] in [−1, 1]."""
    return _hybrid(x, x.roll(1, dims=0))


def _hybrid(far: Tensor, near: Tensor) -> Tensor:
    return (near + COARSE(far - near)).clamp(-1, 1)


def _shrunk(x: Tensor, factor: int) -> Tensor:
    """Shrunk and enlarged again."""
    return F.interpolate(F.avg_pool2d(x, factor), size=x.shape[-2:], mode="bilinear")


def _uniform(x: Tensor, generator: torch.Generator, channels: int = 1) -> Tensor:
    """A number in [0, 1) for each picture, [B, channels, 1, 1]."""
    return torch.rand(len(x), channels, 1, 1, generator=generator, device=x.device)


def _some(share: float, x: Tensor, changed: Tensor, generator: torch.Generator) -> Tensor:
    return torch.where(_uniform(x, generator) < share, changed, x)


def _moved(x: Tensor, generator: torch.Generator) -> Tensor:
    """Turned, resized and shifted."""
    turn, grow, dx, dy = (2 * _uniform(x, generator, 4).view(-1, 4) - 1).unbind(1)
    return moved(x, TURN * turn, 1 + GROW * grow, SHIFT * dx, SHIFT * dy)


def _recoloured(x: Tensor, generator: torch.Generator) -> Tensor:
    """Brighter or darker, with more or less contrast, colour cast and saturation."""
    contrast = 0.65 + 0.7 * _uniform(x, generator)
    light = 0.5 * (_uniform(x, generator) - 0.5)
    cast = 0.3 * (_uniform(x, generator, 3) - 0.5)
    saturation = 1.3 * _uniform(x, generator)
    return (recoloured(x, saturation, contrast, light) + cast).clamp(-1, 1)


def _mixed(x: Tensor, generator: torch.Generator) -> Tensor:
    """With another picture of the batch faintly in it (Zhang et al., 2018, arXiv:1710.09412); the label stays."""
    share = FAINTEST + (1 - FAINTEST) * _uniform(x, generator)
    return share * x + (1 - share) * x.roll(1, dims=0)


def _covered(x: Tensor, generator: torch.Generator) -> Tensor:
    """With a grey rectangle in it, a fifth to a half as wide and high (DeVries and Taylor, 2017, arXiv:1708.04552)."""
    size = x.shape[-1]
    at = torch.arange(size, device=x.device) / size
    across, down = at.view(1, 1, 1, -1), at.view(1, 1, -1, 1)
    centre, half = _uniform(x, generator, 2), 0.1 + 0.15 * _uniform(x, generator, 2)
    inside = ((across - centre[:, :1]).abs() < half[:, :1]) & ((down - centre[:, 1:]).abs() < half[:, 1:])
    return torch.where(inside, 2 * _uniform(x, generator) - 1, x)
