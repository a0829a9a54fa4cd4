"""Contact sheets: pictures in rows and columns, with labels."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import as_file, files

from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from duckrabbit.media.pixels import to_uint8

PAPER = (250, 250, 248)
INK = (52, 52, 56)
FONT_SIZE = 13
LINE_HEIGHT = 17
LABEL_SPACE = 5
ROW_LABEL_WIDTH = 170
MIN_LABEL_WIDTH = 40


def contact_sheet(
    pictures: Sequence[Tensor],
    columns: int,
    labels: Sequence[str] | None = None,
    row_labels: Sequence[str] | None = None,
    scale: int = 1,
    gap: int = 10,
) -> Image.Image:
    """Pictures on light paper, left to right and top to bottom, each centred in its cell over its label.

    Labels are broken into lines as wide as the cell.

    Args:
        pictures: float [1 or 3, H, W] in [−1, 1]; sizes may differ.
        columns: how many pictures make a row.
        labels: one for each picture, written below it; "" for none.
        row_labels: one for each row, written left of it.
        scale: each pixel becomes scale × scale pixels, sharp.
        gap: the space between pictures and around the sheet, in pixels of the sheet.

    Returns:
        An RGB picture.

    Raises:
        ValueError: there is nothing to show, or the numbers of pictures, labels and rows do not fit.
    """
    if not pictures or columns < 1 or scale < 1 or gap < 0:
        raise ValueError("expected at least one picture, column and pixel a pixel, and no negative gap")
    rows = -(-len(pictures) // columns)
    if labels is not None and len(labels) != len(pictures):
        raise ValueError(f"expected {len(pictures)} labels, got {len(labels)}")
    if row_labels is not None and len(row_labels) != rows:
        raise ValueError(f"expected {rows} row labels, got {len(row_labels)}")

    tiles = [_tile(picture, scale) for picture in pictures]
    cell = max(tile.width for tile in tiles)
    if any(labels or ()):
        cell = max(cell, MIN_LABEL_WIDTH)
    captions = [_lines(label, cell) for label in labels or [""] * len(tiles)]
    sides = [_lines(label, ROW_LABEL_WIDTH) for label in row_labels or [""] * rows]
    side = max((round(_width(line)) for lines in sides for line in lines), default=0)
    left = gap + (side + gap if side else 0)

    members = [range(row * columns, min((row + 1) * columns, len(tiles))) for row in range(rows)]
    tile_heights = [max(tiles[i].height for i in row) for row in members]
    caption_heights = [max(_height(captions[i]) for i in row) for row in members]
    width = left + min(columns, len(tiles)) * (cell + gap)
    height = gap + sum(tile_heights) + sum(caption_heights) + rows * gap

    sheet = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(sheet)
    y = gap
    for row, tile_height, caption_height, lines in zip(members, tile_heights, caption_heights, sides, strict=True):
        _write(draw, lines, gap + side, y + (tile_height - len(lines) * LINE_HEIGHT) // 2, "ra")
        for column, i in enumerate(row):
            x, tile = left + column * (cell + gap), tiles[i]
            sheet.paste(tile, (x + (cell - tile.width) // 2, y + (tile_height - tile.height) // 2))
            _write(draw, captions[i], x + cell // 2, y + tile_height + LABEL_SPACE, "ma")
        y += tile_height + caption_height + gap
    return sheet


def _tile(picture: Tensor, scale: int) -> Image.Image:
    image = Image.fromarray(to_uint8(picture)).convert("RGB")
    return image.resize((image.width * scale, image.height * scale), Image.Resampling.NEAREST)


def _width(text: str) -> float:
    return _font().getlength(text)


def _height(lines: Sequence[str]) -> int:
    return LABEL_SPACE + len(lines) * LINE_HEIGHT if lines else 0


def _lines(text: str, width: int) -> list[str]:
    """Break a label where its words end, and a word only where it is wider than the line."""
    lines: list[str] = []
    for word in text.split():
        if lines and _width(f"{lines[-1]} {word}") <= width:
            lines[-1] = f"{lines[-1]} {word}"
            continue
        lines.append("")
        for letter in word:
            if lines[-1] and _width(lines[-1] + letter) > width:
                lines.append("")
            lines[-1] += letter
    return lines


def _write(draw: ImageDraw.ImageDraw, lines: Sequence[str], x: int, y: int, anchor: str) -> None:
    for number, line in enumerate(lines):
        draw.text((x, y + number * LINE_HEIGHT), line, fill=INK, font=_font(), anchor=anchor)


@cache
def _font() -> ImageFont.FreeTypeFont:
    """DejaVu Sans at the labels' size: unlike Pillow's own font, it has accents, Greek, Cyrillic, × and →."""
    with as_file(files("matplotlib") / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf") as path:
        return ImageFont.truetype(path, FONT_SIZE)
