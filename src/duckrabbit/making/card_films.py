"""A share card as a short film: the picture moves from one reading to the next, and pauses at each."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from duckrabbit.errors import UsageError
from duckrabbit.illusions.loops import SMALLEST
from duckrabbit.illusions.views import Identity, View, parse_view
from duckrabbit.illusions.views.motion import eased
from duckrabbit.making.cards import (
    HEIGHT,
    MAT,
    PICTURE,
    TITLE,
    WIDTH,
    blank,
    frame_readings,
    mat,
    readings_of,
)
from duckrabbit.making.posters import enlarged_in_views, moves_pixels
from duckrabbit.media.paper import printed
from duckrabbit.media.pixels import from_uint8, to_uint8
from duckrabbit.recipes.anagram import Anagram
from duckrabbit.recipes.recipe import Recipe

FILM_MILLISECONDS = 40
PAUSE_FRAMES, MOVE_FRAMES = 40, 26

FINE = 192
"""The side at which pieces of a picture are cut: smooth inside, crisp at their edges."""

ROOM = 22
"""Around the picture, in pixels of the card."""

Moment = Callable[[float], Image.Image]
"""From how far the picture is on its way to a reading, 0 to 1, to what is seen, `SQUARE` pixels wide."""

SQUARE = PICTURE + 2 * ROOM
DISTANCES = {"near": 0.0, "large": 0.0, "mid": 0.5, "far": 1.0, "small": 1.0}


def card_film(picture: Tensor, recipe: Recipe, title: str = TITLE, hint: str = "", width: int = 720) -> list[Tensor]:
    """The frames [3, H, W] of a film for `FILM_MILLISECONDS` each, 4:5, so many pixels wide.

    Raises:
        UsageError: if the picture has one reading alone.
    """
    every = readings_of(picture, recipe)
    if not every:
        raise UsageError("A film shows one reading after another, and this picture has one: give an anagram or hybrid.")
    ways = _ways(picture, recipe)
    size = (width, width * HEIGHT // WIDTH)
    frames: list[Tensor] = []
    for k, way in enumerate(ways):
        base, draw = blank(title, hint)
        corner = mat(draw, ROOM)
        frame_readings(base, draw, every, range(k + 1))
        for progress, held in _moments(k):
            shown = base.copy()
            shown.paste(way(progress), (corner[0] - ROOM, corner[1] - ROOM))
            frame = from_uint8(_levels(shown.resize(size, Image.Resampling.LANCZOS)))
            frames += [frame] * held
    return frames


def _moments(k: int) -> Iterator[tuple[float, int]]:
    """Where reading k is on its way, and for how many frames: it comes, stays, and goes again."""
    there = [eased(n / MOVE_FRAMES) for n in range(1, MOVE_FRAMES)]
    if k > 0:
        yield from ((progress, 1) for progress in there)
    yield 1.0, PAUSE_FRAMES
    if k > 0:
        yield from ((progress, 1) for progress in reversed(there))


def _ways(picture: Tensor, recipe: Recipe) -> list[Moment]:
    """For each reading how it comes into view."""
    if isinstance(recipe, Anagram):
        return [partial(_turned, _fine(picture, [view]), view) for view in recipe.parsed_views()]
    looks = recipe.looks
    if all(look.name in DISTANCES for look in looks):
        places = [DISTANCES[look.name] for look in looks]
        first = places[0]
        near = printed(Image.fromarray(to_uint8(picture)), PICTURE)
        return [partial(_at_distance, near, first, place) for place in places]
    plain = printed(Image.fromarray(to_uint8(picture)), PICTURE)
    seen = [Image.fromarray(to_uint8(look.see(picture[None].float())[0].clamp(-1, 1))) for look in looks]
    prints = [printed(image, PICTURE) for image in seen]
    return [partial(_faded, prints[0] if k else plain, own) for k, own in enumerate(prints)]


def _fine(picture: Tensor, views: Sequence[View]) -> Tensor:
    """The picture in colour, enlarged where it is small."""
    own = picture.expand(3, -1, -1) if picture.shape[0] == 1 else picture
    factor = max(1, FINE // own.shape[-1])
    if any(moves_pixels(view, own.shape[-1]) for view in views):
        return own
    large = enlarged_in_views(own.float(), views, factor)
    side = large.shape[-1]
    # Printed at its own size it gets its grain, and its sharpness.
    return from_uint8(_levels(printed(Image.fromarray(to_uint8(large)), side)))


def _turned(picture: Tensor, view: View, progress: float) -> Image.Image:
    if isinstance(view, Identity):
        progress, view = 0.0, parse_view("flip")
    scale = max(1, round(SQUARE / 1.5 / picture.shape[-1]))
    frame = Image.fromarray(to_uint8(view.frame(picture, progress, scale).clamp(-1, 1)))
    return frame.resize((SQUARE, SQUARE), Image.Resampling.BICUBIC)


def _at_distance(near: Image.Image, first: float, place: float, progress: float) -> Image.Image:
    side = max(8, round(PICTURE * SMALLEST ** (first + (place - first) * progress)))
    return _on_mat(near.resize((side, side), Image.Resampling.LANCZOS))


def _faded(before: Image.Image, after: Image.Image, progress: float) -> Image.Image:
    return _on_mat(Image.blend(before, after, progress))


def _on_mat(image: Image.Image) -> Image.Image:
    square = Image.new("RGB", (SQUARE, SQUARE), MAT)
    corner = (SQUARE - image.width) // 2
    square.paste(image, (corner, corner))
    return square


def _levels(image: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(image.convert("RGB"))
