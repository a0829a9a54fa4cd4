"""What a training loop draws its batches from."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """Clean pictures x_0 [B, C, H, W] in [−1, 1] and what is said of each: a condition [B, …], or labels [B]."""

    x0: Tensor
    condition: Tensor


Prepared = TypeVar("Prepared")


class Examples(Protocol[Prepared]):
    """A finite set of examples, addressed by index."""

    def __len__(self) -> int:
        """How many there are."""

    def prepared(self, order: Tensor) -> Iterator[Prepared]:
        """For each row of indices in `order` [steps, B], what `batch` needs; may work ahead."""

    def batch(self, prepared: Prepared, generator: torch.Generator) -> Batch:
        """The examples on their device; whatever is random draws from the generator."""


Augmentation = Callable[[Tensor, torch.Generator], Tensor]
"""From pictures [B, C, H, W] to pictures of the same shape."""


@dataclass(frozen=True)
class DigitExamples:
    """Digits held on the device as bytes: 60,000 of them are 47 MB, and a batch is one gather.

    Attributes:
        pictures: uint8 [N, 28, 28], 255 is white.
        labels: int64 [N].
        one_hot: give classes as one-hot vectors [B, 10] (a condition) or as numbers [B] (a label to predict).
        augmentation: applied to every batch.
    """

    pictures: Tensor
    labels: Tensor
    one_hot: bool = True
    augmentation: Augmentation | None = None

    def __len__(self) -> int:
        """How many digits there are."""
        return len(self.pictures)

    def prepared(self, order: Tensor) -> Iterator[Tensor]:
        """The rows themselves, on the device."""
        return iter(order.to(self.pictures.device))

    def batch(self, prepared: Tensor, generator: torch.Generator) -> Batch:
        """The digits at the indices `prepared` as float32 [B, 1, 28, 28] in [−1, 1], and their classes."""
        indices = prepared
        x0 = self.pictures[indices].unsqueeze(1).float().div(127.5).sub(1.0)
        labels = self.labels[indices]
        if self.augmentation is not None:
            x0 = self.augmentation(x0, generator)
        return Batch(x0, F.one_hot(labels, 10).float() if self.one_hot else labels)


@dataclass(frozen=True)
class RandomAffine:
    """Small random turns, sizes and shifts, black beyond the border, bilinear.

    Attributes:
        degrees: turns up to this many degrees either way.
        scale: sizes from 1 − scale to 1 + scale.
        shift: shifts up to this share of the side either way.
    """

    degrees: float = 12.0
    scale: float = 0.1
    shift: float = 0.08

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Pictures [B, C, H, W], each under an affine map of its own."""
        uniform = torch.rand(5, len(x), generator=generator, device=x.device) * 2 - 1
        angle = uniform[0] * (self.degrees * torch.pi / 180)
        cos, sin = angle.cos() / (1 + self.scale * uniform[1]), angle.sin() / (1 + self.scale * uniform[2])
        shift_x, shift_y = uniform[3] * 2 * self.shift, uniform[4] * 2 * self.shift
        theta = torch.stack([torch.stack([cos, -sin, shift_x], 1), torch.stack([sin, cos, shift_y], 1)], 1)
        grid = F.affine_grid(theta, list(x.shape), align_corners=False)
        return F.grid_sample(x + 1, grid, align_corners=False) - 1


AHEAD = 4
"""Batches that are planned while the device is busy with earlier ones."""

Planned = TypeVar("Planned")


def prefetched(plan: Callable[[list[int]], Planned], order: Tensor) -> Iterator[Planned]:
    """`plan` of each row of `order` [steps, B], in order, made ahead of time in another thread.

    A process of its own, which would not share Python's lock with the thread that launches kernels, gained 4 % of a
    step on an H200: not worth its start.
    """
    with ThreadPoolExecutor(1) as pool:
        waiting: deque[Future[Planned]] = deque()
        try:
            for row in order:
                waiting.append(pool.submit(plan, row.tolist()))
                if len(waiting) > AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
