"""Contact sheets and films of what was made, enlarged where pictures are small, and written beside them."""

import sys
from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from duckrabbit.cli.options import Output
from duckrabbit.making.films import FRAME_MILLISECONDS, MOTION_MILLISECONDS, SIDE, held, in_one_size
from duckrabbit.media.animation import write_animation
from duckrabbit.media.atomic import atomic_write
from duckrabbit.media.names import new_file, slug
from duckrabbit.media.sheet import contact_sheet

COLUMNS = 10
WIDTH = 128

Row = tuple[str, Sequence[Tensor]]
"""What a row shows, and its pictures [C, H, W]."""


def write_sheet(
    output: Output, verb: str, name: str, rows: Sequence[Row], labels: Sequence[str], columns: int = COLUMNS
) -> Path:
    """Write VERB-NAME-SEED-sheet.png: the rows under one another, broken after `columns` pictures.

    Args:
        output: where to, and the first seed.
        verb: what was made.
        name: as in the pictures' own names.
        rows: equally long.
        labels: one for each column.
        columns: at most so many pictures side by side.
    """
    pictures: list[Tensor] = []
    captions: list[str] = []
    headings: list[str] = []
    columns = min(columns, len(labels))
    for first in range(0, len(labels), columns):
        for heading, row in rows:
            own = list(row[first : first + columns])
            # A sheet has whole rows: what is missing of the last ones is left white.
            missing = columns - len(own)
            pictures += [*own, *[own[0].new_ones(own[0].shape)] * missing]
            captions += [*labels[first : first + columns], *[""] * missing]
            headings.append(heading)
    scale = max(1, WIDTH // pictures[0].shape[-1])
    sheet = contact_sheet(pictures, columns, captions, headings if any(headings) else None, scale)
    stem = "-".join(part for part in (verb, slug(name), str(output.seed), "sheet") if part)
    with new_file(Path(output.out), stem, ".png") as path, atomic_write(path) as temporary:
        sheet.save(temporary, format="PNG")
    print(f"wrote {path}", file=sys.stderr)
    return path


def write_film(folder: Path, stem: str, frames: Sequence[Tensor], side: int = SIDE, suffix: str = ".gif") -> Path:
    """Write a film of pictures coming about, [C, H, W] each, the last held for a while, under a new name."""
    return _write(folder, stem, suffix, held(frames), FRAME_MILLISECONDS, side)


def write_loop(folder: Path, stem: str, frames: Sequence[Tensor], suffix: str = ".gif") -> Path:
    """Write what an illusion does as a loop, under a new name."""
    return _write(folder, stem, suffix, frames, MOTION_MILLISECONDS, SIDE)


def _write(folder: Path, stem: str, suffix: str, frames: Sequence[Tensor], milliseconds: int, side: int) -> Path:
    with new_file(folder, stem, suffix) as path:
        write_animation(path, in_one_size(frames, side), milliseconds)
    print(f"wrote {path}", file=sys.stderr)
    return path
