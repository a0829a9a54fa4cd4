"""What a view is: a signed permutation of a picture's pixels, hence an orthogonal map."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from duckrabbit.errors import UsageError


@dataclass(frozen=True)
class View(ABC):
    """One way to look at a picture: A x = sign · (x with its pixels permuted).

    A is orthogonal: it keeps distances and turns white noise into white noise, which is what lets a denoiser read
    a noisy picture through it (Geng, Park and Owens, "Visual Anagrams", CVPR 2024). Its inverse is exact.
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
