"""A card to share: a picture, its readings small and framed below it, and a title."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw
from torch import Tensor

from duckrabbit.judges.looks import Look
from duckrabbit.media.lettering import check_letters, display, display_italic, lines_of, plain, write
from duckrabbit.media.paper import printed
from duckrabbit.media.pixels import to_uint8
from duckrabbit.recipes.recipe import Recipe

WIDTH, HEIGHT = 1080, 1350
TITLE = "What do you see?"
SIGNED = "made with duckrabbit"

WALL, MAT, INK, QUIET = "#efebe3", "#fffefb", "#231d2d", "#635b6d"
READING_COLOURS = ("#915000", "#4b46b5", "#231d2d")
"""The first reading is duck, the second rabbit, as on the studio's page."""

MARGIN, PICTURE, FRAME = 60, 720, 236
TOP = 196
FRAMES_TOP = TOP + PICTURE + 50


@dataclass(frozen=True)
class Reading:
    """What is to be seen in a look.

    Attributes:
        prompt: the words.
        image: what is seen, at the picture's own size.
    """

    prompt: str
    image: Image.Image


def readings_of(picture: Tensor, recipe: Recipe) -> list[Reading]:
    """The readings of a picture [C, S, S] of an illusion; none of another picture."""
    looks = recipe.looks
    if len(looks) < 2:
        return []
    return [Reading(look.prompt, _seen(picture, look)) for look in looks]


def card(picture: Tensor, recipe: Recipe, title: str = TITLE, hint: str = "") -> Image.Image:
    """A card of 1080 × 1350 pixels.

    Args:
        picture: [C, S, S] in [−1, 1].
        recipe: what it was made by.
        title: above the picture.
        hint: below the title; "" for none.

    Raises:
        UsageError: if a letter of title or hint can't be drawn.
    """
    sheet, draw = blank(title, hint)
    box = mat(draw)
    sheet.paste(printed(Image.fromarray(to_uint8(picture)), PICTURE), box)
    every = readings_of(picture, recipe)
    frame_readings(sheet, draw, every, range(len(every)))
    if not every:
        words = " · ".join(recipe.prompts)
        font = display_italic(44, words)
        lines = lines_of(words, font, WIDTH - 2 * MARGIN, 3)
        write(draw, lines, (WIDTH // 2, FRAMES_TOP + 20), font, READING_COLOURS[0])
    return sheet


def blank(title: str, hint: str) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """A card with nothing but its title.

    Raises:
        UsageError: if a letter of title or hint can't be drawn.
    """
    large, small = display(60, title), plain(32, hint)
    check_letters(title, large)
    check_letters(hint, small)
    sheet = Image.new("RGB", (WIDTH, HEIGHT), WALL)
    draw = ImageDraw.Draw(sheet)
    lines = lines_of(title, large, WIDTH - 2 * MARGIN, 1)
    below = write(draw, lines, (WIDTH // 2, 34 if hint else 58), large, INK)
    if hint:
        write(draw, lines_of(hint, small, WIDTH - 2 * MARGIN, 1), (WIDTH // 2, below + 2), small, QUIET)
    draw.text((WIDTH // 2, HEIGHT - 34), SIGNED, fill=QUIET, font=plain(24), anchor="mm")
    return sheet, draw


def mat(draw: ImageDraw.ImageDraw, margin: int = 22) -> tuple[int, int]:
    """Paper around the picture; the picture's corner."""
    left = (WIDTH - PICTURE) // 2
    draw.rectangle((left - margin, TOP - margin, left + PICTURE + margin - 1, TOP + PICTURE + margin - 1), fill=MAT)
    return left, TOP


def frame_readings(
    sheet: Image.Image, draw: ImageDraw.ImageDraw, every: Sequence[Reading], known: Sequence[int]
) -> None:
    """The framed readings side by side; those in `known` with their words."""
    if not every:
        return
    side = min(FRAME, (WIDTH - 2 * MARGIN) // len(every) - 24)
    column = (WIDTH - 2 * MARGIN) // len(every)
    for k, reading in enumerate(every):
        colour = READING_COLOURS[min(k, len(READING_COLOURS) - 1)]
        middle = MARGIN + column * k + column // 2
        left = middle - side // 2
        lit = k in known
        draw.rectangle((left - 6, FRAMES_TOP - 6, left + side + 5, FRAMES_TOP + side + 5), fill=colour if lit else MAT)
        shown = printed(reading.image, side)
        sheet.paste(shown if lit else Image.blend(shown, Image.new("RGB", shown.size, MAT), 0.55), (left, FRAMES_TOP))
        if lit:
            font = display_italic(31, reading.prompt)
            lines = lines_of(reading.prompt, font, column - 12, 2)
            write(draw, lines, (middle, FRAMES_TOP + side + 16), font, colour)


def _seen(picture: Tensor, look: Look) -> Image.Image:
    return Image.fromarray(to_uint8(look.see(picture[None].float())[0].clamp(-1, 1)))
