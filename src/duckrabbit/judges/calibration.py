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
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import torch
from torch import Tensor

from duckrabbit.judges.judge import Judge, Kind, shipped_checksum

FILE = "calibration.json"
LIMIT = 15.0
"""Log-odds beyond which a judge's certainty means nothing."""


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
    log_q = readings.cpu().double().amin(dim=1).clamp(max=-1e-9)
    return (log_q - torch.log(-torch.expm1(log_q))).clamp(-LIMIT, LIMIT)


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
    """Of the judge that guides pictures of a kind with that scale; empty for none."""
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
