"""Fit what scores mean, see how reliable that is, and write it into the package; see judges/calibration.py."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from duckrabbit.judges.calibration import Calibration
from duckrabbit.judges.judge import Judge
from duckrabbit.media.atomic import atomic_write

RIDGE = 1e-3
"""Keeps the fit finite where the readings separate perfectly."""


def fit(margin: Tensor, agreed: Tensor, judge_scale: float, guiding: str, steps: int = 50) -> Calibration:
    """Maximum likelihood by Newton's method.

    Args:
        margin: of each picture, [N].
        agreed: whether the reporting judge read every look as asked, bool [N].
        judge_scale: with which the pictures were made.
        guiding: the checksum of the judge that guided; empty for none.
        steps: of Newton's method.

    Raises:
        ValueError: if there are no pictures.
    """
    if len(margin) == 0:
        raise ValueError("expected pictures to fit to")
    x = torch.stack([torch.ones(len(margin), dtype=torch.float64), margin.double()], dim=1)
    y = agreed.double()
    w = torch.zeros(2, dtype=torch.float64)
    for _ in range(steps):
        p = torch.sigmoid(x @ w)
        gradient = x.T @ (p - y) + RIDGE * w
        curvature = (x * (p * (1 - p))[:, None]).T @ x + RIDGE * torch.eye(2, dtype=torch.float64)
        step = torch.linalg.solve(curvature, gradient)
        # A bounded step: far from the answer Newton's may leap.
        w = w - step * min(1.0, 5.0 / max(float(step.norm()), 1e-12))
    return Calibration(float(w[0]), float(w[1]), judge_scale, guiding)


@dataclass(frozen=True)
class Bin:
    """Pictures of similar probability.

    Attributes:
        count: how many.
        told: the mean probability that they were given.
        found: the share that was read as asked.
    """

    count: int
    told: float
    found: float


def reliability(told: Tensor, agreed: Tensor, least: int = 100) -> list[Bin]:
    """Told probabilities [N] against what was found, in up to ten bins of equal count, each of at least `least`."""
    order = told.argsort()
    count = max(1, min(10, len(told) // least))
    return [
        Bin(len(part), float(told[part].mean()), float(agreed[part].double().mean()))
        for part in torch.tensor_split(order, count)
        if len(part)
    ]


def expected_calibration_error(bins: Sequence[Bin]) -> float:
    """The mean distance of told and found, weighted by the pictures (Naeini et al., 2015)."""
    total = sum(own.count for own in bins)
    return sum(own.count * abs(own.told - own.found) for own in bins) / total


def write(path: Path, judge: Judge, calibration: Calibration, measured: Mapping[str, Any]) -> None:
    """Put one kind's numbers into a file, beside the other kind's, and what was measured of them."""
    data = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    rounded = replace(calibration, intercept=round(calibration.intercept, 4), slope=round(calibration.slope, 4))
    data[judge.kind] = {"judge": judge.checksum, **asdict(rounded), "measured": dict(measured)}
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(data, indent=2, sort_keys=True) + "\n", "utf-8")
