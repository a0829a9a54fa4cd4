"""Pictures in motion: what an illusion does, and how any picture came about."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from duckrabbit.diffusion.sampling import State
from duckrabbit.illusions.loops import enlarged

FRAME_MILLISECONDS, HELD_FRAMES = 80, 15
"""Of a picture coming about: how long a frame is shown, and how often the last."""

MOTION_MILLISECONDS = 50
"""How long a frame of an illusion's loop is shown."""

SIDE, SHEET_SIDE = 280, 560
"""In pixels: pictures and sheets of them are enlarged as long as a frame is within this."""


@dataclass
class Film:
    """A watcher that keeps x_t before the first step and x_s after steps, tiled.

    Attributes:
        columns: pictures side by side.
        rows: of the batch, whose pictures are shown; None for all.
        every: keep those of each so-many-th step, and of the one that ends at the clean level.
        frames: what was seen, [C, H, W] each.
    """

    columns: int = 8
    rows: Sequence[int] | None = None
    every: int = 1
    frames: list[Tensor] = field(default_factory=list, repr=False)

    def __call__(self, state: State) -> None:
        """Keep the state."""
        due = (state.i + 1) % self.every == 0 or state.s == 0
        for x in [state.x_t] * (state.i == 0) + [state.x_s] * due:
            whole = state.pictures(x)
            shown = whole if self.rows is None else whole[torch.tensor(list(self.rows))]
            columns = min(self.columns, len(shown))
            missing = shown.new_full((-len(shown) % columns, *shown.shape[1:]), -1.0)
            self.frames.append(tiled(torch.cat([shown, missing]), columns))


def held(frames: Sequence[Tensor]) -> list[Tensor]:
    """The frames, the last for a little longer."""
    return [*frames, *[frames[-1]] * HELD_FRAMES]


def in_one_size(frames: Sequence[Tensor], side: int = SIDE) -> list[Tensor]:
    """Frames [C, H, W] with their pixels enlarged as long as the widest is within `side`.

    Frames of a first stage become as large as the second's.
    """
    widest = max(frame.shape[-1] for frame in frames)
    scale = max(1, side // widest)
    return [enlarged(frame, scale * (widest // frame.shape[-1])) for frame in frames]


def tiled(pictures: Tensor, columns: int) -> Tensor:
    """Pictures [N, C, H, W] as one picture on the CPU, in [−1, 1], rows of `columns`."""
    rows = [torch.cat(list(row), dim=-1) for row in torch.split(pictures.float().cpu(), columns)]
    return torch.cat(rows, dim=-2).clamp(-1, 1)
