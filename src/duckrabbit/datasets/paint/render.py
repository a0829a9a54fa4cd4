"""From scenes to pictures: many at a time, on any device."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from duckrabbit.datasets.paint.filters import boxed, luma, painted
from duckrabbit.datasets.paint.scene import Layer, Manner, Scene

SOFTNESS_LEVELS = (64, 16, 8, 4, 2, 1)
"""Sides to which a backdrop is shrunk, from not at all to its mean colour."""


@dataclass(frozen=True)
class Directions:
    """Scenes as numbers, ready for the device. What decides shapes stays on the CPU, so that the device never waits.

    Attributes:
        items: int64 [B, L], which pictures; L is the most layers that any of the scenes has.
        places: float32 [B, L, 13]: x, y, size, angle, mirrored, tint (3), tinted, light, snow, ink, present.
        grounds: float32 [B, 9]: wash (3), washed, mirrored, zoom, shift (2), shadow.
        backdrops: int64 [B].
        softness: for each level but the first, which scenes have it.
        manners: for each painter's manner, which scenes are in it.
    """

    items: Tensor
    places: Tensor
    grounds: Tensor
    backdrops: Tensor
    softness: tuple[Tensor, ...]
    manners: tuple[tuple[Manner, Tensor], ...]

    def to(self, device: torch.device) -> "Directions":
        """The same on another device."""

        def moved(tensor: Tensor) -> Tensor:
            return tensor.to(device, non_blocking=True)

        return Directions(
            moved(self.items),
            moved(self.places),
            moved(self.grounds),
            moved(self.backdrops),
            tuple(moved(chosen) for chosen in self.softness),
            tuple((manner, moved(chosen)) for manner, chosen in self.manners),
        )


def directions(scenes: Sequence[Scene]) -> Directions:
    """Scenes as numbers."""
    deepest = max(len(scene.layers) for scene in scenes)
    items = np.zeros((len(scenes), deepest), np.int64)
    places = np.zeros((len(scenes), deepest, 13), np.float32)
    for k, scene in enumerate(scenes):
        for depth, layer in enumerate(scene.layers):
            items[k, depth], places[k, depth] = layer.item, _place(layer)
    grounds = [[*s.wash, s.washed, s.mirrored, s.zoom, *s.shift, s.shadow] for s in scenes]
    levels = [round(scene.softness * (len(SOFTNESS_LEVELS) - 1)) for scene in scenes]
    return Directions(
        torch.from_numpy(items),
        torch.from_numpy(places),
        torch.tensor(grounds, dtype=torch.float32),
        torch.tensor([scene.backdrop for scene in scenes]),
        tuple(_where(levels, level) for level in range(1, len(SOFTNESS_LEVELS))),
        tuple((manner, _where([s.manner for s in scenes], manner)) for manner in Manner if manner is not Manner.AS_IS),
    )


def _where(values: Sequence[object], value: object) -> Tensor:
    return torch.tensor([k for k, own in enumerate(values) if own == value], dtype=torch.int64)


def _place(layer: Layer) -> list[float]:
    return [
        *(layer.x, layer.y, layer.size, layer.angle, float(layer.mirrored), *layer.tint),
        *(layer.tinted, layer.light, layer.snow, layer.ink, 1.0),
    ]


def render(library: Tensor, directed: Directions, generator: torch.Generator) -> Tensor:
    """Pictures [B, 3, S, S] in [−1, 1] of scenes, from the library's uint8 [N, 4, S, S]."""
    picture = _ground(library, directed)
    shadow = directed.grounds[:, 8].view(-1, 1, 1, 1)
    for k in range(directed.items.shape[1]):
        colour, alpha = _layer(library, directed.items[:, k], directed.places[:, k])
        # A shadow lies a little below what casts it, and is soft.
        u = max(1, alpha.shape[-1] // 64)
        cast = boxed(F.pad(alpha, (3 * u, 3 * u, 6 * u, 0)), 6 * u + 1)
        picture = picture * (1 - shadow * cast)
        picture = picture + alpha * (colour - picture)
    return painted(picture, directed.manners, generator) * 2 - 1


def _ground(library: Tensor, directed: Directions) -> Tensor:
    """The backdrops, blurred and washed, [B, 3, S, S] in [0, 1]."""
    wash, washed, mirrored, zoom, shift, _ = torch.split(directed.grounds, [3, 1, 1, 1, 2, 1], dim=1)
    picture = _unit(library[directed.backdrops])
    picture = picture[:, :3] + (1 - picture[:, 3:]) * (1 - picture[:, :3])
    sign = 1 - 2 * mirrored[:, 0]
    room = 1 - zoom[:, 0]
    zero = torch.zeros_like(sign)
    theta = torch.stack(
        [sign * zoom[:, 0], zero, room * shift[:, 0], zero, zoom[:, 0], room * shift[:, 1]], dim=1
    ).view(-1, 2, 3)
    grid = F.affine_grid(theta, list(picture.shape), align_corners=False)
    picture = F.grid_sample(picture, grid, align_corners=False, padding_mode="border")
    result = picture.clone()
    for chosen, side in zip(directed.softness, SOFTNESS_LEVELS[1:], strict=True):
        if len(chosen):
            small = F.adaptive_avg_pool2d(picture[chosen], side)
            mode = "bicubic" if side > 1 else "nearest"
            result[chosen] = F.interpolate(small, size=picture.shape[-2:], mode=mode)
    result = result + washed[:, :, None, None] * (wash[:, :, None, None] - result)
    return result.clamp(0, 1)


def _layer(library: Tensor, items: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
    """One layer of each scene: its colour [B, 3, S, S] and its alpha [B, 1, S, S]."""
    x, y, size, angle, mirrored = places[:, :5].unbind(1)
    tint, tinted, light, snow, ink, present = (
        c[:, :, None, None] for c in torch.split(places[:, 5:], [3, 1, 1, 1, 1, 1], dim=1)
    )
    picture = _unit(library[items])
    # Colours weighed by alpha, so that what is invisible doesn't bleed into edges.
    picture = torch.cat([picture[:, :3] * picture[:, 3:], picture[:, 3:]], dim=1)
    scale, turn = 1 / size.clamp(min=1e-3), angle * (torch.pi / 180)
    cos, sin, sign = turn.cos() * scale, turn.sin() * scale, 1 - 2 * mirrored
    dx, dy = 1 - 2 * x, 1 - 2 * y
    theta = torch.stack([sign * cos, -sign * sin, sign * (cos * dx - sin * dy), sin, cos, sin * dx + cos * dy], dim=1)
    # Below half their size pictures are averaged first: sampling single pixels of them would flicker.
    half = F.interpolate(F.avg_pool2d(picture, 2), scale_factor=2.0, mode="bilinear", align_corners=False)
    picture = torch.where((size < 0.6).view(-1, 1, 1, 1), half, picture)
    grid = F.affine_grid(theta.view(-1, 2, 3), list(picture.shape), align_corners=False)
    placed = F.grid_sample(picture, grid, align_corners=False, padding_mode="zeros")
    alpha = placed[:, 3:].clamp(0, 1)
    colour = placed[:, :3] / alpha.clamp(min=1e-3)
    grey = luma(colour)
    # Tinted: dark stays dark and light light, the middle takes the colour.
    toned = torch.where(grey < 0.5, 2 * grey * tint, tint + (2 * grey - 1) * (1 - tint))
    colour = (colour + tinted * (toned - colour)) * light
    depth = 5 * max(1, alpha.shape[-1] // 64)
    upper = (alpha - F.pad(alpha, (0, 0, depth, 0))[:, :, : alpha.shape[2]]).clamp(0, 1)
    colour = colour + snow * upper * (0.95 - colour)
    colour = colour + ink * (tint - colour)
    return colour.clamp(0, 1), alpha * present


def _unit(pictures: Tensor) -> Tensor:
    return pictures.float() / 255
