"""Letters for pictures: those of the studio's page where this Pillow reads them, else matplotlib's."""

from functools import cache
from importlib.resources import as_file, files
from pathlib import Path

from PIL import ImageDraw, ImageFont

Font = ImageFont.FreeTypeFont
WEIGHT = 560


@cache
def display(size: int) -> Font:
    """Fraunces, for titles."""
    return _font("fraunces.woff2", "DejaVuSerif.ttf", size)


@cache
def display_italic(size: int) -> Font:
    """Fraunces in italics, for what is read."""
    return _font("fraunces-italic.woff2", "DejaVuSerif-Italic.ttf", size)


@cache
def plain(size: int) -> Font:
    """Instrument Sans, for the rest."""
    return _font("instrument-sans.woff2", "DejaVuSans.ttf", size)


def lines_of(text: str, font: Font, width: int, most: int) -> list[str]:
    """A text in lines no wider than so many pixels, at most so many of them; what is left out ends in "…"."""
    lines: list[str] = []
    for word in text.split():
        if lines and font.getlength(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    cut = [_within(line, font, width) for line in lines[:most]]
    return cut if len(lines) <= most else [*cut[:-1], _within(f"{cut[-1]} …", font, width)]


def write(draw: ImageDraw.ImageDraw, lines: list[str], at: tuple[int, int], font: Font, colour: str) -> int:
    """Write lines about a vertical axis from a height on; the height below them."""
    x, y = at
    height = round(font.size * 1.25)
    for line in lines:
        draw.text((x, y), line, fill=colour, font=font, anchor="ma")
        y += height
    return y


def _within(line: str, font: Font, width: int) -> str:
    if font.getlength(line) <= width:
        return line
    while line and font.getlength(f"{line}…") > width:
        line = line[:-1].rstrip(" …")
    return f"{line}…"


def _font(own: str, other: str, size: int) -> Font:
    with as_file(files("duckrabbit.studio") / "static" / "fonts" / own) as path:
        try:
            font = ImageFont.truetype(path, size)
            font.set_variation_by_axes([WEIGHT])
            return font
        # A Pillow without Brotli reads no WOFF2.
        except OSError:
            return ImageFont.truetype(_of_matplotlib(other), size)


def _of_matplotlib(name: str) -> str:
    with as_file(files("matplotlib") / "mpl-data" / "fonts" / "ttf" / name) as path:
        return str(Path(path))
