"""A picture enlarged for print, so that every one of its views is kept."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from duckrabbit.errors import UsageError
from duckrabbit.illusions.views import Composition, Identity, PixelPermute, View, parse_view
from duckrabbit.illusions.views.cuts import Cut
from duckrabbit.illusions.views.jigsaw import Jigsaw
from duckrabbit.illusions.views.permute import MOST_CELLS
from duckrabbit.making.make import make
from duckrabbit.models.model import Model
from duckrabbit.recipes.recipe import Recipe
from duckrabbit.recipes.source import Source
from duckrabbit.recipes.upscale import Upscale

POSTER_SIDE, MAX_SIDE = 2048, 8192
ROUNDS = 2
"""Of back-projection: after two, shrinking gives the pixels back to half a grey level."""


@dataclass(frozen=True)
class Poster:
    """A picture enlarged.

    Attributes:
        pixels: [C, S, S] in [−1, 1].
        factor: by which.
        cuts: where it may be cut, for a jigsaw; none for others.
    """

    pixels: Tensor
    factor: int
    cuts: tuple[Cut, ...] = ()

    @property
    def said(self) -> str:
        """What was enlarged, in a sentence."""
        side = self.pixels.shape[-1]
        own = side // self.factor
        if self.factor == 1:
            return f"made at {own} × {own}, nothing is enlarged"
        return f"made at {own} × {own}, then enlarged {self.factor} times to {side} × {side}, every view kept"


def poster(picture: Tensor, recipe: Recipe, side: int = POSTER_SIDE) -> Poster:
    """A picture [C, S, S] of a recipe at the least multiple of its side that is no smaller than `side`.

    Raises:
        UsageError: if it is no square, or that were too large.
    """
    own = picture.shape[-1]
    if picture.shape[-2] != own:
        raise UsageError("A poster is made of a square picture: give one as duckrabbit wrote it.")
    check_side(side)
    views = tuple(parse_view(name) for name in getattr(recipe, "views", ()))
    factor = max(1, -(-side // own))
    return Poster(enlarged_in_views(picture, views, factor), factor, cuts_of(recipe))


def check_side(side: int) -> None:
    """Raise UsageError unless a poster can be so many pixels wide."""
    if not 1 <= side <= MAX_SIDE:
        raise UsageError(f"A poster {side} pixels wide can't be made: give `pixels` up to {MAX_SIDE}.")


def cuts_of(recipe: Recipe) -> tuple[Cut, ...]:
    """Where a picture of a recipe may be cut, for a jigsaw; nowhere for others."""
    views = (parse_view(name) for name in getattr(recipe, "views", ()))
    return Jigsaw.cuts() if any(isinstance(view, Jigsaw) for view in views) else ()


def enlarged_in_views(picture: Tensor, views: Sequence[View], factor: int) -> Tensor:
    """A picture [C, S, S] enlarged as smoothly in each view as in the others: the mean of A′⁻¹ E(A x), and of E(x).

    E enlarges, A′ is the view at the larger size. Enlarged upright alone, a picture that a view cuts into pieces would
    have smooth colours across every cut, which that view would show as edges.
    """
    if factor == 1:
        return picture.clone()
    every = [view for view in views if not isinstance(view, Identity)]
    total = smoothly(picture, factor)
    for view in every:
        total += _back(view, smoothly(view(picture), factor), factor)
    return (total / (1 + len(every))).clamp(-1, 1)


def smoothly(picture: Tensor, factor: int) -> Tensor:
    """E: bicubic, then back-projected until shrinking it (by the mean of areas) gives the picture again."""
    small = picture[None].float()
    large = _bicubic(small, factor)
    for _ in range(ROUNDS):
        large += _bicubic(small - avg_pool2d(large, factor), factor)
    return large[0]


def _bicubic(pictures: Tensor, factor: int) -> Tensor:
    return interpolate(pictures, scale_factor=factor, mode="bicubic")


def _back(view: View, seen: Tensor, factor: int) -> Tensor:
    """A′⁻¹ of a large picture. A view's own inverse keeps its permutation in memory: 32 MB for one this large."""
    index = _arranged(view, seen.shape[-1], factor)
    flat = torch.empty_like(seen).flatten(-2)
    flat[:, index] = seen.flatten(-2)
    return view.sign * flat.reshape(seen.shape)


def _arranged(view: View, side: int, factor: int) -> Tensor:
    """A′ as a permutation [side²]."""
    own = side // factor
    if not moves_pixels(view, own):
        return view.arrange(side)
    row, column = view.arrange(own) // own, view.arrange(own) % own
    within = torch.arange(factor)
    rows = row.view(own, 1, own, 1) * factor + within.view(1, factor, 1, 1)
    columns = column.view(own, 1, own, 1) * factor + within
    return (rows * side + columns).flatten()


def moves_pixels(view: View, side: int) -> bool:
    """Whether a view moves single pixels of a picture so small: of an enlarged one it would move other cells."""
    views = view.views if isinstance(view, Composition) else (view,)
    return side < MOST_CELLS and any(isinstance(own, PixelPermute) for own in views)


def at_largest(picture: Tensor, recipe: Recipe, seed: int, model: Model) -> Tensor:
    """A picture at its model's largest size: an illusion made anew, so that all its readings stay, another enlarged.

    As it is where it is no smaller, or is a whole photo with a part painted anew.
    """
    largest = model.sizes[-1]
    if picture.shape[-1] >= largest or picture.shape[-1] != picture.shape[-2]:
        return picture
    anew = (
        recipe if not recipe.sources else Upscale(Source.of("the picture", picture), next(iter(recipe.prompts), None))
    )
    return make(anew, model, 1, seed, size=largest)[0].pixels
