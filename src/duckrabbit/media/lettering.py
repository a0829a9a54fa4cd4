"""Letters for pictures: those of the studio's page where this Pillow reads them, else matplotlib's."""

from functools import cache
from importlib.resources import as_file, files

from PIL import ImageDraw, ImageFont

from duckrabbit.errors import UsageError

Font = ImageFont.FreeTypeFont
WEIGHT = 560

NOBODYS = "\U0010ffff"
"""What stands for no letter, so that every font draws its empty box."""

MOST_NAMED = 5


def display(size: int, text: str = "") -> Font:
    """For titles: Fraunces, or DejaVu where that has more of a text's letters and matplotlib is there."""
    return _font("fraunces.woff2", "DejaVuSerif.ttf", size, text)


def display_italic(size: int, text: str = "") -> Font:
    """For what is read: Fraunces in italics, or DejaVu as above."""
    return _font("fraunces-italic.woff2", "DejaVuSerif-Italic.ttf", size, text)


def plain(size: int, text: str = "") -> Font:
    """For the rest: Instrument Sans, or DejaVu as above."""
    return _font("instrument-sans.woff2", "DejaVuSans.ttf", size, text)


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


def check_letters(text: str, font: Font) -> None:
    """Refuse a text with letters that a font lacks: they would be empty boxes.

    Raises:
        UsageError: it is one.
    """
    if lacking := _lacking(text, font):
        named = " ".join(lacking[:MOST_NAMED])
        raise UsageError(f"{text!r} can't be written, for the font has no {named}: use other letters.")


def _lacking(text: str, font: Font) -> list[str]:
    box = _drawn(NOBODYS, font)
    return [letter for letter in dict.fromkeys(text) if not letter.isspace() and _drawn(letter, font) == box]


def _drawn(letter: str, font: Font) -> bytes:
    return bytes(font.getmask(letter))


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


def _font(own: str, other: str, size: int, text: str) -> Font:
    first = _own(own, other, size)
    if not _lacking(text, first):
        return first
    try:
        second = _of_matplotlib(other, size)
    except ModuleNotFoundError:
        return first
    return min((first, second), key=lambda font: len(_lacking(text, font)))


@cache
def _own(own: str, other: str, size: int) -> Font:
    with as_file(files("duckrabbit.studio") / "static" / "fonts" / own) as path:
        try:
            font = ImageFont.truetype(path, size)
            font.set_variation_by_axes([WEIGHT])
            return font
        # A Pillow without Brotli reads no WOFF2.
        except OSError:
            return _of_matplotlib(other, size)


@cache
def _of_matplotlib(name: str, size: int) -> Font:
    with as_file(files("matplotlib") / "mpl-data" / "fonts" / "ttf" / name) as path:
        return ImageFont.truetype(path, size)
