"""Masks for inpainting: 1 where the picture is painted anew, 0 where it is kept."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from duckrabbit.errors import UsageError
from duckrabbit.media.pictures import BLACK, square_picture

THRESHOLD = 128


def read_mask(source: str | Path, size: int) -> Tensor:
    """A mask from a picture: white is painted, black and transparent are kept, cropped as `read_picture` crops.

    The picture is made grey, cropped to its centred square, averaged down to size × size and cut at 128.

    Args:
        source: a path, or "-" for standard input.
        size: the side of the mask in pixels.

    Returns:
        float32 [size, size] of 0 and 1.

    Raises:
        UsageError: the picture cannot be read, or nothing of it is white.
    """
    grey = square_picture(source, BLACK).convert("L")
    levels = np.asarray(grey.resize((size, size), Image.Resampling.BOX))
    mask = torch.from_numpy(levels >= THRESHOLD).float()
    if not bool(mask.any()):
        raise UsageError(
            f"{source} paints nothing: expected a mask that is white where the picture is to be painted, "
            "so make some of its centred square white."
        )
    return mask


def box_mask(x0: float, y0: float, x1: float, y1: float, size: int) -> Tensor:
    """1 on the pixels whose centres lie in x0 ≤ x < x1, y0 ≤ y < y1, in pixels from the top left corner.

    Returns:
        float32 [size, size] of 0 and 1.

    Raises:
        UsageError: the box is empty or reaches outside the picture.
    """
    x, y = _centres(x0, y0, x1, y1, size)
    inside = (x0 <= x) & (x < x1) & (y0 <= y) & (y < y1)
    return _painted(inside, x0, y0, x1, y1)


def ellipse_mask(x0: float, y0: float, x1: float, y1: float, size: int) -> Tensor:
    """1 on the pixels whose centres lie in the ellipse that just fits the box x0, y0, x1, y1 (as in `box_mask`).

    Returns:
        float32 [size, size] of 0 and 1.

    Raises:
        UsageError: the ellipse is empty or reaches outside the picture.
    """
    x, y = _centres(x0, y0, x1, y1, size)
    across = (2 * x - x0 - x1) / (x1 - x0)
    down = (2 * y - y0 - y1) / (y1 - y0)
    return _painted(across**2 + down**2 <= 1, x0, y0, x1, y1)


def _centres(x0: float, y0: float, x1: float, y1: float, size: int) -> tuple[Tensor, Tensor]:
    """The centres' x [1, size] and y [size, 1]."""
    if not (0 <= x0 < x1 <= size and 0 <= y0 < y1 <= size):
        raise UsageError(
            f"The mask {_corners(x0, y0, x1, y1)} is empty or reaches outside the picture: expected "
            f"x0,y0,x1,y1 with 0 ≤ x0 < x1 ≤ {size} and 0 ≤ y0 < y1 ≤ {size}, so change its corners."
        )
    centres = torch.arange(size, dtype=torch.float64) + 0.5
    return centres[None, :], centres[:, None]


def _painted(inside: Tensor, x0: float, y0: float, x1: float, y1: float) -> Tensor:
    if not bool(inside.any()):
        raise UsageError(
            f"The mask {_corners(x0, y0, x1, y1)} holds no pixel's centre: expected at least one pixel, "
            "so make it larger."
        )
    return inside.float()


def _corners(x0: float, y0: float, x1: float, y1: float) -> str:
    return ",".join(f"{corner:g}" for corner in (x0, y0, x1, y1))
