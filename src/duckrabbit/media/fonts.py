"""The font of labels."""

from functools import cache
from importlib.resources import as_file, files

from PIL import ImageFont


@cache
def label_font(size: int) -> ImageFont.FreeTypeFont:
    """DejaVu Sans at `size` pixels: unlike Pillow's own font, it has accents, Greek, Cyrillic, × and →."""
    with as_file(files("matplotlib") / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf") as path:
        return ImageFont.truetype(path, size)
