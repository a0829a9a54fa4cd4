"""From scenes to pictures: many at a time, on any device."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from duckrabbit.datasets.paint.filters import PAINTERS, boxed, luma, painted
from duckrabbit.datasets.paint.scene import Layer, Scene

SOFTNESS_LEVELS = (64, 16, 8, 4, 2, 1)
"""Sides to which a backdrop is shrunk, from not at all to its mean colour."""


@dataclass(frozen=True)
class Directions:
    """Scenes as numbers, ready for the device. What decides shapes stays on the CPU, so that the device never waits.

    Layers lie depth by depth, the hindmost of all scenes first, so that a depth costs what its layers cost, not what as
    many as there are scenes would. Many short lists are one tensor and their lengths, which travels in one message.

    Attributes:
        depths: how many scenes have a layer at each depth.
        scenes: int64 [N], of which scene each layer is.
        items: int64 [N], which picture it shows.
        places: float32 [N, 12]: x, y, size, angle, mirrored, tint (3), tinted, light, snow, ink.
        grounds: float32 [B, 9]: wash (3), washed, mirrored, zoom, shift (2), shadow.
        backdrops: int64 [B].
        blurs: how many scenes have each level of softness but the first.
        blurred: int64, which.
        manners: how many scenes are in each painter's manner but the first.
        painted: int64, which.
    """

    depths: tuple[int, ...]
    scenes: Tensor
    items: Tensor
    places: Tensor
    grounds: Tensor
    backdrops: Tensor
    blurs: tuple[int, ...]
    blurred: Tensor
    manners: tuple[int, ...]
    painted: Tensor

    def to(self, device: torch.device) -> "Directions":
        """The same on another device."""
        return self._moved(lambda tensor: tensor.to(device, non_blocking=True))

    def pin_memory(self) -> "Directions":
        """The same where a device can fetch it while the CPU does other work."""
        return self._moved(Tensor.pin_memory)

    def _moved(self, move: Callable[[Tensor], Tensor]) -> "Directions":
        return replace(
            self,
            scenes=move(self.scenes),
            items=move(self.items),
            places=move(self.places),
            grounds=move(self.grounds),
            backdrops=move(self.backdrops),
            blurred=move(self.blurred),
            painted=move(self.painted),
        )


def directions(scenes: Sequence[Scene]) -> Directions:
    """Scenes as numbers."""
    deepest = max(len(scene.layers) for scene in scenes)
    at_depth = [[k for k, scene in enumerate(scenes) if len(scene.layers) > depth] for depth in range(deepest)]
    layers = [scenes[k].layers[depth] for depth, found in enumerate(at_depth) for k in found]
    grounds = [[*s.wash, s.washed, s.mirrored, s.zoom, *s.shift, s.shadow] for s in scenes]
    levels = [round(scene.softness * (len(SOFTNESS_LEVELS) - 1)) for scene in scenes]
    blurred = [_where(levels, level) for level in range(1, len(SOFTNESS_LEVELS))]
    manners = [_where([s.manner for s in scenes], manner) for manner in PAINTERS]
    return Directions(
        depths=tuple(map(len, at_depth)),
        scenes=_rows(at_depth),
        items=torch.tensor([layer.item for layer in layers], dtype=torch.int64),
        places=torch.tensor([_place(layer) for layer in layers], dtype=torch.float32).view(-1, 12),
        grounds=torch.tensor(grounds, dtype=torch.float32),
        backdrops=torch.tensor([scene.backdrop for scene in scenes]),
        blurs=tuple(map(len, blurred)),
        blurred=_rows(blurred),
        manners=tuple(map(len, manners)),
        painted=_rows(manners),
    )


def _where(values: Sequence[object], value: object) -> list[int]:
    return [k for k, own in enumerate(values) if own == value]


def _rows(lists: Sequence[Sequence[int]]) -> Tensor:
    return torch.tensor([k for found in lists for k in found], dtype=torch.int64)


def _place(layer: Layer) -> list[float]:
    return [
        *(layer.x, layer.y, layer.size, layer.angle, float(layer.mirrored), *layer.tint),
        *(layer.tinted, layer.light, layer.snow, layer.ink),
    ]


def render(library: Tensor, directed: Directions, generator: torch.Generator) -> Tensor:
    """Pictures [B, 3, S, S] in [−1, 1] of scenes, from the library's uint8 [N, 4, S, S]."""
    picture = _ground(library, directed)
    shadow = directed.grounds[:, 8].view(-1, 1, 1, 1)
    parts = [torch.split(part, list(directed.depths)) for part in (directed.scenes, directed.items, directed.places)]
    for rows, items, places in zip(*parts, strict=True):
        colour, alpha = _layer(library, items, places)
        # A shadow lies a little below what casts it, and is soft.
        u = max(1, alpha.shape[-1] // 64)
        cast = boxed(F.pad(alpha, (3 * u, 3 * u, 6 * u, 0)), 6 * u + 1)
        ground = picture[rows] * (1 - shadow[rows] * cast)
        picture[rows] = ground + alpha * (colour - ground)
    manners = zip(PAINTERS, torch.split(directed.painted, list(directed.manners)), strict=True)
    return painted(picture, tuple(manners), generator) * 2 - 1


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
    for chosen, side in zip(torch.split(directed.blurred, list(directed.blurs)), SOFTNESS_LEVELS[1:], strict=True):
        if len(chosen):
            small = F.adaptive_avg_pool2d(picture[chosen], side)
            mode = "bicubic" if side > 1 else "nearest"
            result[chosen] = F.interpolate(small, size=picture.shape[-2:], mode=mode)
    result = result + washed[:, :, None, None] * (wash[:, :, None, None] - result)
    return result.clamp(0, 1)


def _layer(library: Tensor, items: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
    """Layers of one depth: their colour [n, 3, S, S] and their alpha [n, 1, S, S]."""
    x, y, size, angle, mirrored = places[:, :5].unbind(1)
    tint, tinted, light, snow, ink = (c[:, :, None, None] for c in torch.split(places[:, 5:], [3, 1, 1, 1, 1], dim=1))
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
    return colour.clamp(0, 1), alpha


def _unit(pictures: Tensor) -> Tensor:
    return pictures.float() / 255
