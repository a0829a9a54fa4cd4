"""What an illusion does, as a loop of frames: an anagram goes through its views and back, a hybrid away and back."""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor

from duckrabbit.illusions.views import Identity, View, animate, canvas_side
from duckrabbit.illusions.views.motion import eased

SIDE = 294
"""In pixels: a picture is enlarged as long as its frames are within this."""

SMALLEST = 1 / 7
ZOOM_FRAMES, STILL_FRAMES = 24, 10


def through_views(picture: Tensor, views: Sequence[View]) -> list[Tensor]:
    """A loop from the picture [C, S, S] through each of its views and back, one view after another."""
    scale = max(1, SIDE // canvas_side(picture.shape[-1], 1))
    moving = [view for view in views if not isinstance(view, Identity)] or list(views[:1])
    return [frame for view in moving for frame in animate(view, picture, scale=scale)]


def away_and_back(picture: Tensor) -> list[Tensor]:
    """A loop in which the picture [C, S, S] moves away, rests, and comes back."""
    near = enlarged(picture, max(1, SIDE // picture.shape[-1]))
    away = [eased(k / (ZOOM_FRAMES + 1)) for k in range(1, ZOOM_FRAMES + 1)]
    distances = [*[0.0] * STILL_FRAMES, *away, *[1.0] * STILL_FRAMES, *reversed(away)]
    shown = {distance: _shrunk(near, SMALLEST**distance) for distance in set(distances)}
    return [shown[distance] for distance in distances]


def enlarged(picture: Tensor, scale: int) -> Tensor:
    """Each pixel of [..., H, W] as scale × scale pixels."""
    return picture.repeat_interleave(scale, -1).repeat_interleave(scale, -2)


def _shrunk(picture: Tensor, share: float) -> Tensor:
    """The picture at a share of its side, in the middle of white."""
    side = picture.shape[-1]
    small = max(2, round(side * share))
    resized = F.interpolate(picture[None], size=(small, small), mode="bilinear", antialias=True)[0]
    frame = picture.new_ones(picture.shape)
    corner = (side - small) // 2
    frame[:, corner : corner + small, corner : corner + small] = resized
    return frame
