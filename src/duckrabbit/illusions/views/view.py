"""Views: signed permutations of a picture's pixels, hence orthogonal maps, each with its animation."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import ClassVar, Self

import torch
from torch import Tensor

from duckrabbit.errors import UsageError
from duckrabbit.illusions.views.motion import Placement, check_frame, eased, paint


@dataclass(frozen=True)
class View(ABC):
    """One way to look at a picture: A x = sign · (x with its pixels permuted).

    A is orthogonal: it keeps distances and turns white noise into white noise, which is what lets a denoiser read
    a noisy picture through it (Geng, Park and Owens, "Visual Anagrams", 2024, arXiv:2311.17919). Its inverse is exact.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """The canonical spelling, as a user types it and `parse_view` reads it: `flip`, `skew:1.5`, `flip+negate`."""

    @property
    def sign(self) -> float:
        """+1.0, or -1.0 for a view that shows the negative."""
        return 1.0

    @abstractmethod
    def arrange(self, size: int) -> Tensor:
        """Build what `permutation` returns and caches; raises UsageError if the view does not fit `size`."""

    @abstractmethod
    def frame(self, picture: Tensor, progress: float, scale: int) -> Tensor:
        """One frame of the animation from `picture` [C, S, S] to its view, on a white canvas [C, F, F].

        `progress` runs from 0 (the picture) to 1 (the picture seen through the view); `scale` ≥ 1 is the side of a
        picture's pixel on the canvas. F = round(1.5 S) · scale, plus one if odd; the picture is in the middle.
        Raises UsageError for any other shape or value.
        """

    def permutation(self, size: int) -> Tensor:
        """For each pixel of the viewed picture (row-major), the index of the picture's pixel shown there.

        int64 [size²] on the CPU, shared and cached: read it, do not write into it.
        Raises UsageError if the view does not fit pictures of `size` pixels, saying what would fit.
        """
        return _shown(self, size, torch.device("cpu"))

    def __call__(self, x: Tensor) -> Tensor:
        """A x, for square pictures [..., S, S] of any number type, on any device."""
        return _signed(self.sign, _gather(x, _shown(self, _side(x), x.device)))

    def inverse(self, y: Tensor) -> Tensor:
        """A⁻¹ y, exactly: `view.inverse(view(x))` equals x bit for bit; y is [..., S, S]."""
        return _signed(self.sign, self.inverse_fraction(y))

    def inverse_fraction(self, v: Tensor) -> Tensor:
        """A⁻¹ for what has no sign, such as a variance fraction [..., S, S]: permuted back, never negated."""
        return _gather(v, _placed(self, _side(v), v.device))


@dataclass(frozen=True)
class NamedView(View):
    """A view that has a word of its own: all views but compositions.

    keyword:     the word a user types.
    description: one line for help texts.
    reads:       what the number after the colon is read as; None for a view that takes none.
    """

    keyword: ClassVar[str]
    description: ClassVar[str]
    reads: ClassVar[type[int] | type[float] | None] = None

    @classmethod
    def parse(cls, parameter: str | None) -> Self:
        """The view that `keyword` or `keyword:parameter` asks for; raises UsageError for a parameter that is none."""
        if parameter is None:
            return cls()
        if cls.reads is None:
            raise cls.unusable(repr(parameter))
        try:
            number = cls.reads(parameter)
        except ValueError:
            raise cls.unusable(repr(parameter)) from None
        return cls(number)  # type: ignore[call-arg]

    @classmethod
    def unusable(cls, parameter: object) -> UsageError:
        """The sentence for a parameter that this view can't be given."""
        return UsageError(
            f"The view {cls.keyword} takes no parameter, but {parameter} was given: write {cls.keyword} alone."
        )

    @property
    def name(self) -> str:
        return self.keyword

    @abstractmethod
    def placement(self, size: int, progress: float) -> Placement:
        """Where each pixel is when the animation is `progress` in [0, 1] on its way to the viewed picture."""

    def frame(self, picture: Tensor, progress: float, scale: int) -> Tensor:
        check_frame(picture, progress, scale)
        size = picture.shape[-1]
        self.permutation(size)  # refuses a size that does not fit
        return paint(picture, self.placement(size, progress), scale)


@dataclass(frozen=True)
class Composition(View):
    """The view that applies `views` from left to right: A x = Aₙ … A₂ A₁ x. Raises UsageError if there are none."""

    views: tuple[View, ...]

    def __post_init__(self) -> None:
        if not self.views:
            raise UsageError(
                "A composition of views needs at least one view, not none: use identity to change nothing."
            )

    @property
    def name(self) -> str:
        return "+".join(view.name for view in self.views)

    @property
    def sign(self) -> float:
        return prod(view.sign for view in self.views)

    def arrange(self, size: int) -> Tensor:
        pixels = torch.arange(size * size)
        for view in self.views:
            pixels = pixels[view.permutation(size)]
        return pixels

    def frame(self, picture: Tensor, progress: float, scale: int) -> Tensor:
        check_frame(picture, progress, scale)
        done = min(int(progress * len(self.views)), len(self.views) - 1)
        for view in self.views[:done]:
            picture = view(picture)
        return self.views[done].frame(picture, progress * len(self.views) - done, scale)


def animate(view: View, picture: Tensor, frames: int = 24, hold: int = 8, scale: int = 8) -> Iterator[Tensor]:
    """The frames [C, F, F] of a loop: `hold` still ones, `frames` there, `hold` still ones, `frames` back.

    `picture` is [C, S, S] in [-1, 1]; the motion starts and ends gently. `View.frame` says what F is.
    Raises UsageError, before the first frame, if there are no frames, or the picture or view does not fit.
    """
    if frames < 1 or hold < 0:
        raise UsageError(
            f"An animation needs at least 1 frame of motion and 0 of rest, not {frames} and {hold}: ask for more."
        )
    check_frame(picture, 0.0, scale)
    view.permutation(picture.shape[-1])
    there = [eased(k / (frames + 1)) for k in range(1, frames + 1)]
    return _frames(view, picture, [*[0.0] * hold, *there, *[1.0] * hold, *reversed(there)], scale)


def _frames(view: View, picture: Tensor, moments: list[float], scale: int) -> Iterator[Tensor]:
    shown: tuple[float, Tensor] | None = None
    for progress in moments:
        if shown is None or shown[0] != progress:
            shown = (progress, view.frame(picture, progress, scale))
        yield shown[1]


def _side(x: Tensor) -> int:
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise UsageError(
            f"A view needs square pictures [..., side, side], not {list(x.shape)}: crop the picture to a square first."
        )
    return x.shape[-1]


def _gather(x: Tensor, index: Tensor) -> Tensor:
    return x.flatten(-2).index_select(-1, index).reshape(x.shape)


def _signed(sign: float, x: Tensor) -> Tensor:
    return -x if sign < 0 else x


# A permutation of a 256-pixel picture takes 512 KiB; a run uses a handful of them on one device.
@lru_cache(maxsize=64)
def _shown(view: View, size: int, device: torch.device) -> Tensor:
    if device.type != "cpu":
        return _shown(view, size, torch.device("cpu")).to(device)
    # Built inside `inference_mode`, a cached index could never again be used where gradients flow.
    with torch.inference_mode(False), torch.device("cpu"):
        return view.arrange(size)


@lru_cache(maxsize=64)
def _placed(view: View, size: int, device: torch.device) -> Tensor:
    with torch.inference_mode(False):
        return _shown(view, size, device).argsort()
