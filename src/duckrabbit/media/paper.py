"""A small picture printed large on paper: smooth, sharpened a little, with grain between its pixels."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

PRINTED = 128
"""Pictures with a smaller side are printed: enlarged alone they look like a blur."""

GRAIN = ((1, 7.0), (2, 6.0), (5, 4.0))
"""Specks, and fibres two and five pixels wide: how wide, and how strong in grey levels."""

SHARPER = 0.55


GROUND = "#fffefb"
"""Above and below, or beside, a picture that is no square."""


def printed(image: Image.Image, side: int) -> Image.Image:
    """A picture as RGB in a square of another side; one that is no square in its middle."""
    if image.width == image.height:
        return _printed(image, side)
    longest = max(image.size)
    square = Image.new("RGB", (longest, longest))
    corner = ((longest - image.width) // 2, (longest - image.height) // 2)
    square.paste(image.convert("RGB"), corner)
    scale = side / longest
    place = [round(scale * value) for value in (*corner, corner[0] + image.width, corner[1] + image.height)]
    sheet = Image.new("RGB", (side, side), GROUND)
    sheet.paste(_printed(square, side).crop((place[0], place[1], place[2], place[3])), (place[0], place[1]))
    return sheet


def _printed(image: Image.Image, side: int) -> Image.Image:
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
