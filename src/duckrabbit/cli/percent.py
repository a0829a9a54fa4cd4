"""Probabilities for people."""

import math
from collections.abc import Sequence

from duckrabbit.judges.calibration import Calibration


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
