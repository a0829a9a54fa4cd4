"""What a training loop draws its batches from."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader, Dataset


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


PLANNERS = 8
"""Processes that plan batches for a GPU, at most; a GPU takes a batch of pocket's in less time than one plans it."""

AHEAD = 4
"""Batches that each of them plans ahead."""

Planned = TypeVar("Planned")


@dataclass(frozen=True)
class _PlannedRows(Dataset[Planned]):
    plan: Callable[[list[int]], Planned]
    order: Tensor

    def __getitem__(self, step: int) -> Planned:
        return self.plan(self.order[step].tolist())


def prefetched(plan: Callable[[list[int]], Planned], order: Tensor, device: torch.device) -> Iterator[Planned]:
    """`plan` of each row of `order` [steps, B], in order: for a GPU made ahead of time, in pinned memory.

    Other processes plan, which don't share Python's lock with the thread that launches kernels.
    """
    if device.type == "cpu":
        return (plan(row.tolist()) for row in order)
    processes = min(PLANNERS, max(1, (os.cpu_count() or 1) // max(1, torch.cuda.device_count()) - 1))
    loader = DataLoader(
        _PlannedRows(plan, order),
        batch_size=None,
        sampler=range(len(order)),
        num_workers=processes,
        prefetch_factor=AHEAD,
        pin_memory=torch.cuda.is_available(),
    )
    return iter(loader)
