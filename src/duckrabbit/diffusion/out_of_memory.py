"""Batches that fit the device's memory: one that does not is cut in halves, and what was learnt is remembered."""

import sys
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from duckrabbit.diffusion.condition import Condition
from duckrabbit.diffusion.denoiser import Denoiser, Prediction
from duckrabbit.diffusion.path import Path
from duckrabbit.errors import UsageError


class SplitOnOutOfMemory:
    """A denoiser that calls another with as many rows at once as the device has memory for.

    When memory runs out, the number of rows is halved, for this call and all that follow, and it is said.
    """

    def __init__(self, denoiser: Denoiser, say: Callable[[str], None] | None = None) -> None:
        self._denoiser = denoiser
        self._say = say or _on_standard_error
        self._rows: int | None = None

    @property
    def path(self) -> Path:
        """The denoiser's path."""
        return self._denoiser.path

    def __call__(self, x: Tensor, t: float, condition: Sequence[Condition]) -> Prediction:
        """Estimate the clean pictures of x [B, C, H, W] at time t under B conditions, in as few calls as memory allows.

        Raises:
            UsageError: if not even one row fits.
        """
        rows = len(x) if self._rows is None else min(self._rows, len(x))
        parts: list[Prediction] = []
        done = 0
        while done < len(x):
            part = self._attempt(x[done : done + rows], t, condition[done : done + rows])
            if part is None:
                rows = self._halved(rows)
                continue
            parts.append(part)
            done += rows
        return parts[0] if len(parts) == 1 else _joined(parts)

    def _attempt(self, x: Tensor, t: float, condition: Sequence[Condition]) -> Prediction | None:
        """What the denoiser says, or None where memory ran out."""
        try:
            return self._denoiser(x, t, condition)
        except torch.OutOfMemoryError:
            return None

    def _halved(self, rows: int) -> int:
        # Only here, when the failed call's frames are gone, is what they held free.
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        if rows == 1:
            raise UsageError(
                "Not even one picture at a time fits this device's memory: use the `device` cpu, or a smaller model."
            )
        self._rows = (rows + 1) // 2
        self._say(f"{rows} evaluations at once do not fit this device's memory: going on with {self._rows}")
        return self._rows


def _joined(parts: Sequence[Prediction]) -> Prediction:
    fractions = [part.variance_fraction for part in parts if part.variance_fraction is not None]
    return Prediction(torch.cat([part.x0 for part in parts]), torch.cat(fractions) if fractions else None)


def _on_standard_error(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
