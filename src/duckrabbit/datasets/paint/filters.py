"""Painterly filters: pictures [B, 3, H, W] in [0, 1] in a painter's manner.

They are gentle: at 64 pixels a strong one ruins the subject. Lengths are given in pixels of a picture 64 wide and scale
with its size, so that a large picture shrunk to 64 looks as if it had been painted there.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from duckrabbit.datasets.paint.scene import Manner

LUMA = (0.299, 0.587, 0.114)


Painter = Callable[[Tensor, torch.Generator], Tensor]


def painted(x: Tensor, manners: Sequence[tuple[Manner, Tensor]], generator: torch.Generator) -> Tensor:
    """Pictures in painters' manners: for each manner, the rows [n] that are painted in it; the others stay."""
    done = x.clone()
    for manner, rows in manners:
        if len(rows):
            done[rows] = PAINTERS[manner](x[rows], generator)
    return done.clamp(0, 1)


def oil(x: Tensor, generator: torch.Generator) -> Tensor:
    """An oil painting: flat touches (Kuwahara et al., 1976), richer colour, brush marks, a warm varnish."""
    flat = kuwahara(x, 2 * _unit(x))
    grey = luma(flat)
    rich = grey + (flat - grey) * _uniform(x, generator, 1.0, 1.5)
    rich = (rich - 0.5) * _uniform(x, generator, 1.0, 1.2) + 0.5
    marks = _noise(x, generator, 32) - 0.5
    # Brush marks lie across the slope of the noise: its derivative looks like lit ridges of paint.
    relief = marks - torch.roll(marks, (_unit(x), _unit(x)), (2, 3))
    rich = rich + 0.2 * relief * _uniform(x, generator, 0.3, 1.0)
    varnish = rich.new_tensor([1.0, 0.93, 0.76]).view(1, 3, 1, 1)
    return rich * (1 + (varnish - 1) * _uniform(x, generator, 0.0, 0.9))


def watercolor(x: Tensor, generator: torch.Generator) -> Tensor:
    """A watercolour: washes on white paper, darker at their edges, uneven in strength, fading towards the border."""
    wash = kuwahara(_blur(x, 0.7 * _unit(x)), 2 * _unit(x))
    edges = _edges(wash)
    density = 0.62 + 0.55 * (_noise(x, generator, 8) - 0.5) + 0.12 * (_noise(x, generator, 64) - 0.5)
    ink = (1 - wash) * density.clamp(0.3, 1) * _uniform(x, generator, 0.9, 1.35)
    side = torch.linspace(-1, 1, x.shape[-1], device=x.device).abs()
    border = torch.maximum(side[:, None], side[None, :])[None, None] + 0.35 * (_noise(x, generator, 8) - 0.5)
    ink = ink * torch.sigmoid((_uniform(x, generator, 0.85, 1.25) - border) * 14)
    paper = 1 - 0.05 * _noise(x, generator, 64)
    return paper * (1 - ink) * (1 - 0.35 * edges)


def lithograph(x: Tensor, generator: torch.Generator) -> Tensor:
    """A lithograph: crayon lines and hatching in one ink on toned paper."""
    grey = luma(x)
    local = (grey - _blur(grey, 6.0 * _unit(x))) * _uniform(x, generator, 0.8, 1.5) + 0.45 + 0.5 * (grey - 0.5)
    size = x.shape[-1]
    along = torch.arange(size, device=x.device) / _unit(x)
    ys, xs = torch.meshgrid(along, along, indexing="ij")
    angle = _uniform(x, generator, 0.3, 2.8)
    hatch = torch.sin((xs * angle.cos() + ys * angle.sin()) * _uniform(x, generator, 1.5, 2.3))
    grain = _noise(x, generator, 64) - 0.5
    amount = _uniform(x, generator, 0.02, 0.1)
    tone = torch.sigmoid((local + amount * hatch + 0.15 * grain - 0.45) * _uniform(x, generator, 4, 9))
    tone = tone * (1 - 0.75 * _edges(x))
    paper = _tone(x, generator, (0.86, 0.82, 0.70), (1.0, 0.98, 0.94))
    ink = _tone(x, generator, (0.02, 0.02, 0.02), (0.22, 0.16, 0.14))
    return ink + (paper - ink) * tone


def pencil(x: Tensor, generator: torch.Generator) -> Tensor:
    """A pencil sketch: colour dodge of the grey picture by its blurred negative, graphite grain, white paper."""
    grey = luma(x)
    dodge = grey / (_blur(grey, 2.0 * _unit(x)) + 0.02)
    lines = (1 - (1 - dodge.clamp(0, 1)) * _uniform(x, generator, 1.4, 2.6)).clamp(0, 1)
    shade = 1 - (1 - grey) * _uniform(x, generator, 0.05, 0.5) * (0.7 + 0.6 * (_noise(x, generator, 64) - 0.5))
    tone = 0.16 + 0.84 * (lines * shade)
    paper = _tone(x, generator, (0.93, 0.92, 0.89), (1.0, 1.0, 1.0))
    return paper * tone


PAINTERS: Mapping[Manner, Painter] = {
    Manner.OIL: oil,
    Manner.WATERCOLOR: watercolor,
    Manner.LITHOGRAPH: lithograph,
    Manner.PENCIL: pencil,
}


def kuwahara(x: Tensor, radius: int) -> Tensor:
    """At each pixel the means of its four corner windows, side radius + 1, weighed by how little each varies.

    The weights are var⁻² (Papari et al., 2007): choosing one window alone leaves a mosaic at 64 pixels.
    """
    side, size = radius + 1, x.shape[-1]
    padded = F.pad(x, (radius, radius, radius, radius), mode="replicate")
    mean = boxed(padded, side)
    spread = (boxed(padded * padded, side) - mean * mean).clamp(min=0).sum(1, keepdim=True)
    weight = (spread + 2e-3) ** -2
    total, result = torch.zeros_like(x[:, :1]), torch.zeros_like(x)
    for i, j in ((0, 0), (0, radius), (radius, 0), (radius, radius)):
        corner = weight[:, :, i : i + size, j : j + size]
        total = total + corner
        result = result + corner * mean[:, :, i : i + size, j : j + size]
    return result / total


def boxed(x: Tensor, side: int) -> Tensor:
    """Means over squares, [B, C, H, W] → [B, C, H − side + 1, W − side + 1]; rows first, then columns: it is quick."""
    return F.avg_pool2d(F.avg_pool2d(x, (1, side), 1), (side, 1), 1)


def luma(x: Tensor) -> Tensor:
    """Brightness, [B, 3, H, W] → [B, 1, H, W]."""
    return (x * x.new_tensor(LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)


def _edges(x: Tensor) -> Tensor:
    """Where brightness changes, [B, 1, H, W] in [0, 1]."""
    grey, u = luma(x), _unit(x)
    wide, high = F.pad(grey, (u, u, 0, 0), mode="replicate"), F.pad(grey, (0, 0, u, u), mode="replicate")
    dx, dy = wide[..., 2 * u :] - wide[..., : -2 * u], high[..., 2 * u :, :] - high[..., : -2 * u, :]
    return ((dx**2 + dy**2).sqrt() * 1.6).clamp(0, 1)


def _blur(x: Tensor, sigma: float) -> Tensor:
    """Gaussian blur, borders replicated."""
    radius = max(1, round(2.5 * sigma))
    kernel = torch.exp(-0.5 * (torch.arange(-radius, radius + 1, device=x.device) / sigma) ** 2)
    kernel = (kernel / kernel.sum()).to(x.dtype).expand(x.shape[1], 1, -1)
    x = F.conv2d(F.pad(x, (radius, radius, 0, 0), mode="replicate"), kernel[:, :, None, :], groups=x.shape[1])
    return F.conv2d(F.pad(x, (0, 0, radius, radius), mode="replicate"), kernel[:, :, :, None], groups=x.shape[1])


def _unit(x: Tensor) -> int:
    """Pixels to one of a picture 64 wide."""
    return max(1, x.shape[-1] // 64)


def _uniform(x: Tensor, generator: torch.Generator, low: float, high: float) -> Tensor:
    """One number a picture, [B, 1, 1, 1]."""
    return low + (high - low) * torch.rand(len(x), 1, 1, 1, generator=generator, device=x.device)


def _noise(x: Tensor, generator: torch.Generator, cells: int) -> Tensor:
    """Smooth noise in [0, 1] with that many cells a side, [B, 1, H, W]."""
    values = torch.rand(len(x), 1, cells, cells, generator=generator, device=x.device)
    size = x.shape[-1]
    return values if cells == size else F.interpolate(values, size=(size, size), mode="bilinear", align_corners=False)


def _tone(x: Tensor, generator: torch.Generator, low: tuple[float, ...], high: tuple[float, ...]) -> Tensor:
    """A colour between two, one a picture."""
    first, second = (x.new_tensor(colour).view(1, 3, 1, 1) for colour in (low, high))
    return first + (second - first) * _uniform(x, generator, 0, 1)
