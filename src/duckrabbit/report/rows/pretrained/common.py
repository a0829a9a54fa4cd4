"""What several rows of Part A share."""

import math

from torch import Tensor

from duckrabbit.diffusion.path import time_of_level
from duckrabbit.recipes.level import Level
from duckrabbit.recipes.noise import Forward
from duckrabbit.recipes.source import Source
from duckrabbit.report.painter import Painter

PHOTO = "a high quality photo"
"""The sources' prompt where nothing in particular is asked for."""

LEVELS = (250, 500, 750)
BLUR_SIGMA = 3.0
HEADS = tuple(f"level {level}" for level in LEVELS)


def noisy(painter: Painter, source: Source, level: float) -> Tensor:
    """A picture at a level with the noise of seed 0, [C, S, S]."""
    return painter.made([Forward(source, Level(level=level))], [0])[0].pixels


def decibels(picture: Tensor, original: Tensor) -> float:
    """The peak signal-to-noise ratio of what a file can hold of a picture [C, S, S] in [−1, 1]."""
    error = float((picture.cpu().clamp(-1, 1) - original.cpu()).square().mean()) / 4
    return math.inf if error == 0 else -10 * math.log10(error)


def coefficients(painter: Painter, level: float) -> tuple[float, float]:
    """α and σ of the model's path at a level."""
    return painter.model.denoiser.path.at(time_of_level(level))


def short(name: str) -> str:
    """The name of a picture as a part of a file's name."""
    from pathlib import PurePath

    return PurePath(name.rpartition(":")[2]).stem
