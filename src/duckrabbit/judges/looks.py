"""Looks: the ways in which an illusion is looked at, and what is to be seen in each."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch.nn.functional as F
from torch import Tensor

FAR_FACTOR = 4

See = Callable[[Tensor], Tensor]
"""From pictures [N, C, S, S] to what is seen of them, [N, C, S, S]."""


@dataclass(frozen=True)
class Look:
    """One way to look at a picture.

    Attributes:
        name: what it is called: a view, or the part of a hybrid.
        prompt: what is to be seen.
        see: from pictures to what is seen.
    """

    name: str
    prompt: str
    see: See = field(repr=False)


def as_it_is(pictures: Tensor) -> Tensor:
    """The pictures themselves."""
    return pictures


def far_factor(side: int) -> int:
    """By how much a picture is shrunk to be seen from afar: 4 up to 64 pixels, and in proportion above."""
    return FAR_FACTOR * max(1, side // 64)


def from_afar(pictures: Tensor) -> Tensor:
    """Pictures averaged down by `far_factor`, and back by a bicubic filter."""
    return _shrunk(pictures, far_factor(pictures.shape[-1]))


def from_halfway(pictures: Tensor) -> Tensor:
    """Pictures shrunk by half as much as `from_afar`."""
    return _shrunk(pictures, far_factor(pictures.shape[-1]) // 2)


def _shrunk(pictures: Tensor, factor: int) -> Tensor:
    small = F.avg_pool2d(pictures, factor)
    return F.interpolate(small, size=pictures.shape[-2:], mode="bicubic", align_corners=False).clamp(-1, 1)
