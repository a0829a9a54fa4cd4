"""Digits as picture files of the page: enlarged tiles with gaps that show the page through."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from duckrabbit.media.atomic import atomic_write
from duckrabbit.media.pixels import to_uint8

SCALE = 4
GAP = 8


def tile_grid(pictures: Sequence[Tensor], columns: int, scale: int = SCALE) -> Image.Image:
    """Pictures [1, S, S] in [−1, 1] in rows, each pixel scale × scale pixels, transparent between; mode "LA".

    Half a gap lies around the whole, so that each column is as wide as any other.
    """
    side = pictures[0].shape[-1] * scale
    cell = side + GAP
    rows = -(-len(pictures) // columns)
    sheet = np.zeros((rows * cell, columns * cell, 2), dtype=np.uint8)
    for number, picture in enumerate(pictures):
        top, left = number // columns * cell + GAP // 2, number % columns * cell + GAP // 2
        levels = to_uint8(picture).repeat(scale, axis=0).repeat(scale, axis=1)
        sheet[top : top + side, left : left + side, 0] = levels
        sheet[top : top + side, left : left + side, 1] = 255
    return Image.fromarray(sheet)


def write_image(path: Path, image: Image.Image) -> None:
    """A PNG, written whole or not at all."""
    with atomic_write(path) as temporary:
        image.save(temporary, format="PNG", optimize=True)
