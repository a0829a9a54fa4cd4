"""What the benches of big models share: a device that is measured until a deadline, and the plain loop beside it."""

import gc
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from duckrabbit.diffusion.condition import Condition
from duckrabbit.diffusion.denoiser import Denoiser, Prediction
from duckrabbit.diffusion.path import Path as ProbabilityPath


@dataclass
class Measured:
    """Where something is measured, and until when.

    Attributes:
        device: a GPU, or the CPU for a test of the bench.
        deadline: by the monotonic clock.
    """

    device: torch.device
    deadline: float

    def left(self) -> float:
        """Seconds until no measurement may begin."""
        return self.deadline - time.monotonic()

    def wait(self) -> float:
        """The time when all that was asked of the device is done."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        return time.perf_counter()

    def peak_gib(self) -> float:
        """The most memory that tensors took since `fresh`."""
        return torch.cuda.max_memory_allocated(self.device) / 2**30 if self.device.type == "cuda" else math.nan

    def fresh(self) -> None:
        """Forget what is not needed any more."""
        gc.collect()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats(self.device)

    def matmul_tflops(self, n: int) -> float:
        """The device's own peak in TFLOP/s: the best of many products of two square bf16 matrices [n, n]."""
        a, b = (torch.randn(n, n, device=self.device, dtype=torch.bfloat16) for _ in range(2))
        best = math.inf
        for _ in range(5):
            a @ b
        for _ in range(8):
            started = self.wait()
            for _ in range(10):
                a @ b
            best = min(best, (self.wait() - started) / 10)
        return float(2 * n**3 / best / 1e12)


@dataclass(frozen=True)
class OneCallFor:
    """A denoiser that makes calls of so many rows: the baselines' way."""

    inner: Denoiser
    rows: int = 1

    @property
    def path(self) -> ProbabilityPath:
        """The inner denoiser's."""
        return self.inner.path

    def __call__(self, x: Tensor, t: float, condition: Sequence[Condition]) -> Prediction:
        """Row by row, or a few at a time."""
        starts = range(0, len(x), self.rows)
        parts = [self.inner(x[k : k + self.rows], t, condition[k : k + self.rows]) for k in starts]
        fractions = [part.variance_fraction for part in parts if part.variance_fraction is not None]
        return Prediction(torch.cat([part.x0 for part in parts]), torch.cat(fractions) if fractions else None)
