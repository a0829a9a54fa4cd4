"""How far a set of pictures is from another, in a judge's features."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Moments:
    """Mean [D] and covariance [D, D] of a set of features, float64."""

    mean: Tensor
    covariance: Tensor

    @staticmethod
    def of(features: Tensor) -> "Moments":
        """The moments of features [N, D]."""
        return Moments(features.cpu().double().mean(dim=0), features.cpu().double().T.cov())


def frechet_distance(a: Moments, b: Moments) -> float:
    """The Fréchet distance between two Gaussians (Heusel et al., 2017), with a small network's features.

    |μ_a − μ_b|² + tr(C_a + C_b − 2 (C_a C_b)^½)
    """
    root = _square_root(a.covariance)
    cross = torch.linalg.eigvalsh(root @ b.covariance @ root).clamp(min=0).sqrt().sum()
    distance = (a.mean - b.mean).square().sum() + a.covariance.trace() + b.covariance.trace() - 2 * cross
    return float(distance.clamp(min=0))


def spread(features: Tensor, labels: Tensor) -> float:
    """Diversity within classes: the mean over classes of the trace of the features' covariance."""
    own = [features[labels == label].cpu().double() for label in set(labels.tolist())]
    return float(torch.stack([part.var(dim=0).sum() for part in own]).mean())


def _square_root(matrix: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    root: Tensor = vectors * values.clamp(min=0).sqrt() @ vectors.T
    return root
