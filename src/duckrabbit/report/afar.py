"""How a picture is judged from afar, and how alike pictures are at that distance."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

FAR_FACTOR = 4
COARSE_SIDE = 16


def far_factor(side: int) -> int:
    """By how much a picture is shrunk to be seen from afar: 4 up to 64 pixels, and in proportion above."""
    return FAR_FACTOR * max(1, side // 64)


def from_afar(pictures: Tensor) -> Tensor:
    """Pictures [N, C, S, S] averaged down by `far_factor`, and back by a bicubic filter."""
    small = F.avg_pool2d(pictures, far_factor(pictures.shape[-1]))
    return F.interpolate(small, size=pictures.shape[-2:], mode="bicubic", align_corners=False).clamp(-1, 1)


def distance(one: Tensor, other: Tensor) -> float:
    """The root mean square distance of two pictures [C, H, W] in [−1, 1], in grey levels of 255."""
    return 127.5 * math.sqrt(float((one.clamp(-1, 1) - other.clamp(-1, 1)).square().mean()))


def diversity(pictures: Tensor) -> float:
    """The mean distance between any two of N pictures [N, C, S, S], averaged down to 16×16 first, in grey levels.

    It sees layout and colours, not what is shown: a crude measure, which needs no judge.
    """
    coarse = F.adaptive_avg_pool2d(pictures.clamp(-1, 1), COARSE_SIDE)
    pairs = torch.combinations(torch.arange(len(coarse)), 2).tolist()
    return sum(distance(coarse[i], coarse[j]) for i, j in pairs) / len(pairs)
