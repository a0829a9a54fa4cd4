"""Ink drawings made solid: silhouettes and outlines filled in middle grey and lit, so that they can take any colour.

What a line encloses is found by flooding the picture from its border; what the flood doesn't reach is inside.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

INK_STYLES = frozenset(
    (
        *("a black silhouette of", "a silhouette of", "a black line icon of", "a line drawing of"),
        "a duotone drawing of",
    )
)
"""Styles of pictures in ink alone, whatever colour it has."""

TOGETHER = 1024
"""Pictures that are shaded at once."""

OUTLINED = 0.45
"""A drawing of which more than this share is enclosed, not inked, is an outline: its inside is the body."""

FURTHEST = 2
"""How many sides of the picture the flood runs at most: the inside of a long spiral counts as enclosed."""

THINNEST = 0.1
"""Share of the square that a solid subject covers at least."""


def shaded(pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Ink drawings uint8 [N, 4, S, S] → the same made solid, and which of them are solid enough to be subjects [N]."""
    if not len(pictures):
        return pictures, torch.zeros(0, dtype=torch.bool)
    parts = [_shaded(part) for part in torch.split(pictures, TOGETHER)]
    return torch.cat([made for made, _ in parts]), torch.cat([solid for _, solid in parts])


def _shaded(pictures: Tensor) -> tuple[Tensor, Tensor]:
    unit = max(1, pictures.shape[-1] // 64)
    ink = pictures[:, 3:].float() / 255
    wall = ink > 0.35
    inside = ~wall & ~_outside(wall)
    wall_area, inside_area = (mask.float().mean((1, 2, 3), keepdim=True) for mask in (wall, inside))
    outline = inside_area > OUTLINED * (inside_area + wall_area)
    # Holes of a silhouette are light in every second picture and dark in the others: eyes may be either.
    hole = torch.where(torch.arange(len(ink)).view(-1, 1, 1, 1) % 2 == 0, 0.93, 0.12)
    body = torch.where(outline, inside, wall).float()
    tone = torch.where(outline, torch.where(inside, 0.58, 0.10), torch.where(inside, hole, 0.52))
    alpha = torch.maximum(ink, inside.float())
    tone = tone + 0.9 * _relief(alpha, unit) * body
    made = torch.cat([tone.clamp(0.04, 0.96).expand(-1, 3, -1, -1), alpha], dim=1)
    solid = (alpha > 0.5).float().mean((1, 2, 3)) > THINNEST
    return (made * 255).round().byte(), solid


def _outside(wall: Tensor) -> Tensor:
    """What can be reached from the border without crossing a wall, [N, 1, S, S]."""
    free = ~wall
    reached = torch.zeros_like(wall)
    reached[..., 0, :] = reached[..., -1, :] = reached[..., :, 0] = reached[..., :, -1] = True
    reached &= free
    for k in range(FURTHEST * wall.shape[-1]):
        before = reached.clone() if k % 16 == 15 else None
        reached[..., 1:] |= reached[..., :-1].clone()
        reached &= free
        reached[..., :-1] |= reached[..., 1:].clone()
        reached &= free
        reached[..., 1:, :] |= reached[..., :-1, :].clone()
        reached &= free
        reached[..., :-1, :] |= reached[..., 1:, :].clone()
        reached &= free
        if before is not None and torch.equal(before, reached):
            break
    return reached


def _relief(alpha: Tensor, unit: int) -> Tensor:
    """How a rounded body is lit from the upper left, about −0.3 to 0.3, [N, 1, S, S]."""
    side = 8 * unit + 1
    height = alpha
    for _ in range(2):
        height = F.avg_pool2d(height, side, 1, side // 2)
    step = 3 * unit
    return torch.roll(height, (-step, -step), (2, 3)) - torch.roll(height, (step, step), (2, 3))


def busts(pictures: Tensor) -> Tensor:
    """Portraits uint8 [N, 4, S, S], cut out softly around head and shoulders."""
    side = pictures.shape[-1]
    along = (torch.arange(side) + 0.5) / side
    ys, xs = torch.meshgrid(along, along, indexing="ij")
    head = 1 - (((xs - 0.5) / 0.24) ** 2 + ((ys - 0.38) / 0.32) ** 2)
    shoulders = 1 - (((xs - 0.5) / 0.47) ** 2 + ((ys - 1.02) / 0.45) ** 2)
    alpha = torch.sigmoid(torch.maximum(head, shoulders) * 9) * 255
    return torch.cat([pictures[:, :3], alpha.byte().expand(len(pictures), 1, side, side)], dim=1)


def glow(side: int) -> Tensor:
    """The light of a fire, uint8 [4, S, S]."""
    along = (torch.arange(side) + 0.5) / side * 2 - 1
    ys, xs = torch.meshgrid(along, along, indexing="ij")
    light = (1 - (xs**2 + ys**2).sqrt()).clamp(0, 1) ** 1.4
    colour = torch.tensor((255, 168, 72)).view(3, 1, 1).expand(3, side, side)
    return torch.cat([colour, (light * 215)[None]]).byte()
