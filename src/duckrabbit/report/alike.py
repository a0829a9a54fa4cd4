"""How alike pictures are."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

COARSE_SIDE = 16


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
