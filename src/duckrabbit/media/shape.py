"""How wide and how high a picture file is."""

from contextlib import suppress
from pathlib import Path

from PIL import ImageOps

from duckrabbit.media.decode import decode


def shape_of(source: str | Path) -> tuple[int, int]:
    """The width and height of a picture turned upright, in pixels.

    Raises:
        UsageError: as `decode` does.
    """
    image = decode(source)
    # A damaged EXIF block says nothing about which way is up.
    with suppress(Exception):
        image = ImageOps.exif_transpose(image)
    return image.size
