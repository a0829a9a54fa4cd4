"""Animations of pictures coming about."""

import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from duckrabbit.cli.options import Output
from duckrabbit.diffusion.sampling import State
from duckrabbit.media.animation import write_animation
from duckrabbit.media.names import new_file, slug
from duckrabbit.trained.samples import tiled

COLUMNS = 8
SIDE = 280
SHEET_SIDE = 560
FRAME_MILLISECONDS = 80
HELD_FRAMES = 15


class Film:
    """A watcher that keeps x_t before the first step and x_s after every one, tiled."""

    def __init__(self) -> None:
        self.frames: list[Tensor] = []

    def __call__(self, state: State) -> None:
        """Keep the state."""
        if state.i == 0:
            self.frames.append(tiled(_filled(state.x_t), COLUMNS))
        self.frames.append(tiled(_filled(state.x_s), COLUMNS))

    def write(self, output: Output, verb: str, name: str) -> Path:
        """Write VERB-NAME-SEED.gif."""
        stem = "-".join(part for part in (verb, slug(name), str(output.seed)) if part)
        return write_film(Path(output.out), stem, ".gif", held(self.frames), FRAME_MILLISECONDS, SHEET_SIDE)


def held(frames: Sequence[Tensor]) -> list[Tensor]:
    """The frames, the last for a little longer."""
    return [*frames, *[frames[-1]] * HELD_FRAMES]


def write_film(
    folder: Path, stem: str, suffix: str, frames: Sequence[Tensor], milliseconds: int, side: int = SIDE
) -> Path:
    """Write an animation under a new name, its pixels enlarged as long as a frame is within `side`, and say so.

    Frames of a first stage are shown as large as the second's.
    """
    widest = max(frame.shape[-1] for frame in frames)
    scale = max(1, side // widest)
    with new_file(folder, stem, suffix) as path:
        shown = [enlarged(frame, scale * (widest // frame.shape[-1])) for frame in frames]
        write_animation(path, shown, milliseconds)
    print(f"wrote {path}", file=sys.stderr)
    return path


def enlarged(picture: Tensor, scale: int) -> Tensor:
    """Each pixel of [C, H, W] as scale × scale pixels."""
    return picture.repeat_interleave(scale, -1).repeat_interleave(scale, -2)


def _filled(pictures: Tensor) -> Tensor:
    """The pictures and as many black ones as make the last row whole."""
    columns = min(COLUMNS, len(pictures))
    missing = -len(pictures) % columns
    return torch.cat([pictures, pictures.new_full((missing, *pictures.shape[1:]), -1.0)])
