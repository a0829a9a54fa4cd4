"""Contact sheets of what was made, enlarged where pictures are small, and written beside them."""

import sys
from collections.abc import Sequence
from pathlib import Path

import torch.nn.functional as F
from torch import Tensor

from duckrabbit.cli.options import Output
from duckrabbit.cli.slug import slug
from duckrabbit.media.atomic import atomic_write
from duckrabbit.media.sheet import contact_sheet
from duckrabbit.media.unused import new_file

COLUMNS = 10
WIDTH = 128
FAR_FACTOR = 4

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


def far_factor(side: int) -> int:
    """By how much a picture is shrunk to be seen from afar: 4 up to 64 pixels, and in proportion above."""
    return FAR_FACTOR * max(1, side // 64)


def far(picture: Tensor) -> Tensor:
    """A picture [C, H, W] as from afar: averaged down by `far_factor`, and back by a bicubic filter."""
    small = F.avg_pool2d(picture[None], far_factor(picture.shape[-1]))
    large = F.interpolate(small, size=picture.shape[-2:], mode="bicubic", align_corners=False)
    return large[0].clamp(-1, 1)
