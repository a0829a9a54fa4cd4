"""Keyed noise: every number is a function of its seed and of what it is for, not of what was drawn before.

A counter-based generator (Philox 4×64, Salmon et al., 2011, doi:10.1145/2063384.2063405) with key (seed, stream) and
counter (element, visit, level, stage) gives the k-th number for a purpose without drawing the ones before it. Hence
sample k of a run is the same alone, in any batch, in any order and in any process. Noise is drawn on the CPU, always,
so that it is the same for every device.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import torch
from torch import Tensor

from duckrabbit.errors import UsageError

MAX_SEED = 2**63 - 1
_LEVEL_RESOLUTION = 2**32


class Stream(IntEnum):
    """What a draw is for: two purposes never share numbers."""

    INIT = 0
    STEP = 1
    KNOWN = 2
    RESAMPLE = 3
    LOWRES = 4


@dataclass(frozen=True)
class Noise:
    """Standard normal noise for a batch of samples, one seed each.

    Attributes:
        seeds: one for each sample.
        stage: which stage of a cascade draws, from 0; no two stages share numbers.

    Raises:
        UsageError: if a seed is not in 0 … 2⁶³ − 1.
    """

    seeds: tuple[int, ...]
    stage: int = 0

    def __post_init__(self) -> None:
        for seed in self.seeds:
            if not 0 <= seed <= MAX_SEED:
                raise UsageError(f"seed {seed} is out of range: give a whole number from 0 to {MAX_SEED}.")

    def __call__(self, stream: Stream, t: float, shape: Sequence[int], visit: int = 0) -> Tensor:
        """ε ~ N(0, I) of shape [B, *shape], float32: row k depends on seed k, the stream, t and the visit alone."""
        level = round(t * _LEVEL_RESOLUTION)
        rows = [standard_normal(seed, stream, level, visit, math.prod(shape), self.stage) for seed in self.seeds]
        return torch.from_numpy(np.stack(rows)).view(len(self.seeds), *shape)

    def rows(self, kept: Sequence[int]) -> "Noise":
        """The noise of some samples."""
        return Noise(tuple(self.seeds[k] for k in kept), self.stage)


def standard_normal(seed: int, stream: int, level: int, visit: int, count: int, stage: int = 0) -> np.ndarray:
    """`count` float32 numbers from N(0, 1), made of Philox's raw words in float64.

    Box and Muller's transform, 1958 (doi:10.1214/aoms/1177706645): √(−2 log u) (cos 2πv, sin 2πv) for u, v uniform.
    Numpy promises that a bit generator's raw words never change; it does not promise that of `standard_normal`.
    """
    philox = np.random.Philox(key=[seed, stream], counter=[0, visit, level, stage])
    words = philox.random_raw(count + count % 2).reshape(-1, 2)
    uniform = ((words >> 11) + 0.5) * 2.0**-53
    radius, angle = np.sqrt(-2 * np.log(uniform[:, 0])), 2 * np.pi * uniform[:, 1]
    pairs = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return pairs.reshape(-1)[:count].astype(np.float32)


def consecutive_seeds(seed: int, count: int) -> tuple[int, ...]:
    """Sample k of a run with seed s is the picture that seed s + k alone makes."""
    return tuple(range(seed, seed + count))
