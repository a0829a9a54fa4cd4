"""What is measured of pictures: how alike they are, how diverse, and what a judge reads in them."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from duckrabbit.datasets.mnist import CLASSES, Digits, pictures_to_float
from duckrabbit.judges.frechet import Moments, frechet_distance, spread
from duckrabbit.judges.judge import Judge

COARSE_SIDE = 16


def squared_error(pictures: Tensor, others: Tensor) -> float:
    """The mean squared error of what files can hold of pictures in [−1, 1], on a scale where black is 0 and white 1."""
    return float((pictures.cpu().clamp(-1, 1) - others.cpu().clamp(-1, 1)).square().mean()) / 4


def distance(pictures: Tensor, others: Tensor) -> float:
    """The root mean square distance of pictures in [−1, 1], in grey levels of 255."""
    return 255 * math.sqrt(squared_error(pictures, others))


def psnr(picture: Tensor, original: Tensor) -> float:
    """The peak signal-to-noise ratio of a picture in [−1, 1]: −10 log₁₀ of the squared error."""
    error = squared_error(picture, original)
    return math.inf if error == 0 else -10 * math.log10(error)


def seam(picture: Tensor, painted: Tensor) -> float:
    """The mean difference of neighbours of which one is painted, in grey levels.

    Args:
        picture: [C, S, S] in [−1, 1].
        painted: [S, S] of 0 and 1.
    """
    gaps = []
    for axis in (0, 1):
        crossing = painted.diff(dim=axis) != 0
        gaps.append(picture.diff(dim=axis + 1).abs().mean(dim=0)[crossing])
    return 127.5 * float(torch.cat(gaps).mean())


def diversity_of_layout(pictures: Tensor) -> float:
    """The mean distance of any two of N pictures [N, C, S, S], averaged down to 16×16 first, in grey levels.

    It sees layout and colours, not what is shown: a crude measure, which needs no judge.
    """
    coarse = F.adaptive_avg_pool2d(pictures.clamp(-1, 1), COARSE_SIDE)
    pairs = torch.combinations(torch.arange(len(coarse)), 2).tolist()
    return sum(distance(coarse[i], coarse[j]) for i, j in pairs) / len(pairs)


def diversity_of_features(judge: Judge, pictures: Tensor) -> float:
    """The mean distance of any two of N ≥ 2 pictures [N, C, S, S] in the judge's features."""
    return float(torch.pdist(judge.features(pictures)).mean())


def share_read(judge: Judge, pictures: Tensor, prompt: str) -> float | None:
    """The share of pictures [N, C, S, S] that are read as the prompt asks; None where the judge has no name for it."""
    asked = judge.asked_for(prompt)
    return None if asked is None else float((judge.read(pictures) == asked).double().mean())


@dataclass(frozen=True)
class Quality:
    """What was measured.

    Attributes:
        accuracy: the share that is read as the digit that was asked for.
        frechet: the Fréchet distance to the training digits, in the judge's features. With few samples it is too
            large, for real digits too: compare equal numbers of samples only.
        diversity: the variance within classes of what is read as asked, as a share of the real digits' own; None
            where less than half is read as asked, since then there is nothing to compare.
    """

    accuracy: float
    frechet: float
    diversity: float | None


@dataclass(frozen=True)
class Yardstick:
    """Real digits in the reporting judge's features.

    Attributes:
        judge: the reporting judge.
        moments: of the training digits.
        spread: within their classes.
    """

    judge: Judge
    moments: Moments
    spread: float

    @staticmethod
    def of(judge: Judge, digits: Digits, count: int) -> "Yardstick":
        """Measure the first `count` digits."""
        features = judge.features(pictures_to_float(digits.pictures[:count]))
        return Yardstick(judge, Moments.of(features), spread(features, digits.labels[:count]))

    def measure(self, pictures: Tensor, labels: Tensor) -> Quality:
        """Measure pictures [N, 1, 28, 28] in [−1, 1] that were to show the labels [N]."""
        features = self.judge.features(pictures)
        right = self.judge.read(pictures) == labels
        accuracy = float(right.double().mean())
        distance = frechet_distance(Moments.of(features), self.moments)
        diversity = _spread_of_pairs(features[right], labels[right]) / self.spread if accuracy > 0.5 else None
        return Quality(accuracy, distance, diversity)

    def distance(self, pictures: Tensor) -> float:
        """The Fréchet distance alone, for pictures of no particular digit."""
        return frechet_distance(Moments.of(self.judge.features(pictures)), self.moments)


def _spread_of_pairs(features: Tensor, labels: Tensor) -> float:
    """The spread over the classes of which there are two pictures or more."""
    kept = torch.bincount(labels, minlength=CLASSES)[labels] > 1
    return spread(features[kept], labels[kept])
