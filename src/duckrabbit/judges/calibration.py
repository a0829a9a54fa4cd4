"""What a score means: from the selecting judge's readings to the chance that the reporting judge agrees.

    p = 1/(1 + exp(−a − b·m)),      m = min over the looks of log(q/(1 − q))

q is the probability that the selecting judge gives to what is asked for in a look (Platt, 1999). The two numbers of
each kind of judge were fitted to unselected candidates of some pairs and are reported on others. Being conditions on m,
they would hold of chosen ones, too, were all pairs alike; docs/search.md says how far they do. Judge guidance makes
pictures that please judges more than eyes: the numbers hold for the judge and the λ that guided, and for no other.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from duckrabbit.judges.judge import Judge, Kind, shipped_checksum
from duckrabbit.media.atomic import atomic_write

FILE = "calibration.json"
LIMIT = 15.0
"""Log-odds beyond which a judge's certainty means nothing."""

RIDGE = 1e-3
"""Keeps the fit finite where the readings separate perfectly."""


@dataclass(frozen=True)
class Calibration:
    """Platt's two numbers, and what they hold for.

    Attributes:
        intercept: a.
        slope: b.
        judge_scale: λ of judge guidance in the pictures that they were fitted to.
        guiding: the checksum of the judge that guided those; empty for none.
    """

    intercept: float
    slope: float
    judge_scale: float = 0.0
    guiding: str = ""

    def __call__(self, readings: Sequence[float]) -> float:
        """The probability that the reporting judge reads every look as asked; `readings` is log q, look by look."""
        return float(self.probabilities(margins(torch.tensor([list(readings)])))[0])

    def probabilities(self, margin: Tensor) -> Tensor:
        """The same for margins [N]."""
        return torch.sigmoid(self.intercept + self.slope * margin.double())


def margins(readings: Tensor) -> Tensor:
    """Log q [N, L] → the least log-odds, [N] float64."""
    log_q = readings.double().amin(dim=1).clamp(max=-1e-9)
    return (log_q - torch.log(-torch.expm1(log_q))).clamp(-LIMIT, LIMIT)


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


@cache
def shipped() -> Mapping[str, Calibration]:
    """What comes with the package, by the checksum of the selecting judge whose scores it explains."""
    file = files("duckrabbit.models") / "weights" / FILE
    return read(file.read_text("utf-8")) if file.is_file() else {}


def shipped_for(judge: Judge, judge_scale: float) -> Calibration | None:
    """What a judge's scores of pictures made with that judge scale mean.

    None where it was not calibrated for them, as after its weights have changed.
    """
    known = shipped().get(judge.checksum)
    guiding = guiding_checksum(judge.kind, judge_scale)
    return known if known is not None and (known.judge_scale, known.guiding) == (judge_scale, guiding) else None


def guiding_checksum(kind: Kind, judge_scale: float) -> str:
    """Of the judge that pulls pictures of a kind with that scale; empty for none."""
    return shipped_checksum(kind, "guiding") if judge_scale else ""


def read(text: str) -> Mapping[str, Calibration]:
    """The calibrations of a file's text, by the checksum of the selecting judge."""
    data: Mapping[Kind, Any] = json.loads(text)
    return {
        str(own["judge"]): Calibration(
            float(own["intercept"]),
            float(own["slope"]),
            float(own.get("judge_scale", 0.0)),
            str(own.get("guiding", "")),
        )
        for own in data.values()
    }


def write(path: Path, judge: Judge, calibration: Calibration, measured: Mapping[str, Any]) -> None:
    """Put one kind's numbers into a file, beside the other kind's, and what was measured of them."""
    data = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    rounded = replace(calibration, intercept=round(calibration.intercept, 4), slope=round(calibration.slope, 4))
    data[judge.kind] = {"judge": judge.checksum, **asdict(rounded), "measured": dict(measured)}
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(data, indent=2, sort_keys=True) + "\n", "utf-8")


def percent(value: float) -> str:
    """A probability in words that don't promise too much.

    >>> [percent(p) for p in (0.0001, 0.014, 0.5, 0.9999)]
    ['<1 %', '1 %', '50 %', '>99 %']
    """
    return "<1 %" if value < 0.01 else ">99 %" if value > 0.99 else f"{100 * value:.0f} %"


def sure(calibration: Calibration | None, readings: Sequence[float]) -> float:
    """How likely a picture is to be read as asked in every look; `readings` is log p by the selecting judge.

    Without a calibration it is that judge's own p in the look in which it is least readable.
    """
    return math.exp(min(readings)) if calibration is None else calibration(readings)


def verdict(calibration: Calibration | None, readings: Sequence[float]) -> str:
    """The same in words: a judge overrates what it chose, so that its own p is not said as if it were calibrated."""
    shown = percent(sure(calibration, readings))
    return f"read as asked {shown}" if calibration is not None else f"{shown} sure, says the judge that chose it"
