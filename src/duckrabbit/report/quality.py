"""How good a set of digits is: read as asked, near to real ones, and diverse, all by the judge that selects nothing."""

from dataclasses import dataclass

import torch
from torch import Tensor

from duckrabbit.datasets.mnist import CLASSES, Digits, pictures_to_float
from duckrabbit.judges.frechet import Moments, frechet_distance, spread
from duckrabbit.judges.judge import Judge


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
