"""Masks for inpainting: 1 where the picture is painted anew, 0 where it is kept."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from duckrabbit.errors import UsageError
from duckrabbit.media.crop import CENTRE, Crop, filled
from duckrabbit.media.pictures import Layers, layers_of

THRESHOLD = 128
NEAR_BLACK, NEAR_WHITE, COLOURED = 64, 192, 64
"""Levels up to and from which a pixel is black or white, and how far its channels may lie apart."""

MAX_ODD = 0.1
"""The share of a mask that may be neither black nor white: soft edges."""


@dataclass(frozen=True)
class ReadMask:
    """A mask, and how its file was understood.

    Attributes:
        mask: float32 [size, size] of 0 (kept) and 1 (painted).
        painted: what of the file is painted, in a word: "white", "black", "the hole" or "all but the hole".
    """

    mask: Tensor
    painted: str

    @property
    def share(self) -> float:
        """Of the picture, what is painted."""
        return float(self.mask.mean())


def understood_mask(source: str | Path, size: int, *, black_paints: bool = False, crop: Crop = CENTRE) -> ReadMask:
    """A mask from a picture, cropped to a square as `read_picture` crops, averaged down and cut at 128.

    What a crop adds to the picture is kept.

    A picture without transparency is made grey: white is painted. One with transparency is a mask drawn on a clear
    layer, which is kept, where all that is opaque is white or black; elsewhere it is a photograph with a hole cut out,
    and the transparent part is painted.

    Args:
        source: a path, or "-" for standard input.
        size: the side of the mask in pixels.
        black_paints: black is painted and white is kept; of a photograph, all but the hole.
        crop: which square.

    Raises:
        UsageError: the picture cannot be read, is a photograph rather than a mask, or paints nothing.
    """
    layers = layers_of(source, crop)
    colours, opacity = layers.colours, layers.opacity
    if opacity is not None and _odd(colours, np.asarray(opacity) >= THRESHOLD) > MAX_ODD:
        levels = 255 - _shrunk(opacity, layers, 0 if black_paints else 255, size)
        painted = "all but the hole" if black_paints else "the hole"
    elif opacity is None and _odd(colours, None) > MAX_ODD:
        raise UsageError(
            f"{source} is no mask: more than a tenth of it is coloured or grey; expected one that is white where the "
            "picture is to be painted and black elsewhere, or a photograph with a transparent hole."
        )
    else:
        # On a ground that is kept, as what is transparent is.
        kept = 255 if black_paints else 0
        ground = Image.new("L", colours.size, kept)
        grey = colours.convert("L") if opacity is None else Image.composite(colours.convert("L"), ground, opacity)
        levels, painted = _shrunk(grey, layers, kept, size), "black" if black_paints else "white"
    mask = torch.from_numpy((levels >= THRESHOLD) != black_paints).float()
    if not bool(mask.any()):
        raise UsageError(
            f"{source} paints nothing: {painted} is painted, and none is in the square that is used; paint some, or "
            "see whether another `crop` or `invert_mask` is what you want."
        )
    return ReadMask(mask, painted)


def read_mask(source: str | Path, size: int) -> Tensor:
    """The mask [size, size] of a file in which white, or a hole, is painted; see `understood_mask`."""
    return understood_mask(source, size).mask


def _odd(colours: Image.Image, where: NDArray[np.bool_] | None) -> float:
    """The share of the pixels that are neither near white nor near black."""
    levels = np.asarray(colours.convert("RGB")).astype(np.int16)
    levels = levels.reshape(-1, 3) if where is None else levels[where]
    if not len(levels):
        return 0.0
    low, high = levels.min(axis=1), levels.max(axis=1)
    return float(((high - low > COLOURED) | ((high > NEAR_BLACK) & (low < NEAR_WHITE))).mean())


def _shrunk(grey: Image.Image, layers: Layers, kept: int, size: int) -> NDArray[np.uint8]:
    """What is seen of a mask on its whole square, at another size."""
    square = filled(grey, layers.window, layers.size, kept)
    return np.array(square.resize((size, size), Image.Resampling.BOX))


def is_box(x0: float, y0: float, x1: float, y1: float, size: int) -> bool:
    """Whether these are the corners of a box, not empty, within a picture of that side."""
    return 0 <= x0 < x1 <= size and 0 <= y0 < y1 <= size


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
    if not is_box(x0, y0, x1, y1, size):
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
