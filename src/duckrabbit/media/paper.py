"""A small picture printed large on paper: smooth, sharpened a little, with grain between its pixels."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

PRINTED = 128
"""Pictures with a smaller side are printed: enlarged alone they look like a blur."""

GRAIN = ((1, 7.0), (2, 6.0), (5, 4.0))
"""Specks, and fibres two and five pixels wide: how wide, and how strong in grey levels."""

SHARPER = 0.55


def printed(image: Image.Image, side: int) -> Image.Image:
    """A square picture as RGB at another side."""
    large = image.convert("RGB").resize((side, side), Image.Resampling.BICUBIC)
    if image.width >= PRINTED:
        return large
    soft = large.filter(ImageFilter.GaussianBlur(0.6 * side / image.width))
    pixels = np.asarray(large, np.float32)
    sharp = pixels + SHARPER * (pixels - np.asarray(soft, np.float32)) + _grain(side)[..., None]
    return Image.fromarray(sharp.clip(0, 255).round().astype(np.uint8))


def _grain(side: int) -> NDArray[np.float32]:
    """The same sheet of paper for all pictures of a side."""
    rng = np.random.Generator(np.random.Philox(key=9))
    sheet = np.zeros((side, side), np.float32)
    for step, strength in GRAIN:
        count = -(-side // step)
        specks = rng.uniform(-1, 1, (count, count)).astype(np.float32)
        sheet += strength * specks.repeat(step, 0).repeat(step, 1)[:side, :side]
    return sheet
