"""Pictures as files of the page: enlarged tiles with gaps that show the page through."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from duckrabbit.media.atomic import atomic_write
from duckrabbit.media.pixels import to_uint8

TILE = 128
GAP = 8


def tile_grid(pictures: Sequence[Tensor], columns: int, scale: int | None = None) -> Image.Image:
    """Pictures [C, S, S] in [−1, 1] in rows, transparent between; mode "LA" or "RGBA".

    Half a gap lies around the whole, so that each column is as wide as any other.

    Args:
        pictures: of one number of channels; smaller ones are enlarged to the side of the largest.
        columns: how many make a row.
        scale: each pixel becomes scale × scale pixels; None for tiles of up to 128 pixels, or their own size.
    """
    largest = max(picture.shape[-1] for picture in pictures)
    side = largest * (max(1, TILE // largest) if scale is None else scale)
    cell = side + GAP
    rows = -(-len(pictures) // columns)
    sheet = np.zeros((rows * cell, columns * cell, pictures[0].shape[0] + 1), dtype=np.uint8)
    for number, picture in enumerate(pictures):
        top, left = number // columns * cell + GAP // 2, number % columns * cell + GAP // 2
        times = side // picture.shape[-1]
        levels = to_uint8(picture).repeat(times, axis=0).repeat(times, axis=1)
        sheet[top : top + side, left : left + side, :-1] = levels if levels.ndim == 3 else levels[..., None]
        sheet[top : top + side, left : left + side, -1] = 255
    return Image.fromarray(sheet)


def write_image(path: Path, image: Image.Image) -> None:
    """A PNG, written whole or not at all."""
    with atomic_write(path) as temporary:
        image.save(temporary, format="PNG", optimize=True)
