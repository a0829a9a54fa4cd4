"""Pictures made anew from every start, as A1.7, A1.7.1 and A1.7.3 show them."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from duckrabbit.recipes.edit import Edit
from duckrabbit.report.bodies.sheet import Sheet
from duckrabbit.report.figure import Exhibit, Origin
from duckrabbit.report.rows.pretrained.common import short
from duckrabbit.report.workshop import Stopwatch, Workshop

STARTS = (1, 3, 5, 7, 10, 20)


@dataclass(frozen=True)
class Edited:
    """An exhibit for each picture, and the pictures themselves.

    Attributes:
        exhibits: in order.
        originals: [C, S, S] each.
        made: for each original what became of it, in the order of `STARTS`.
    """

    exhibits: tuple[Exhibit, ...]
    originals: tuple[Tensor, ...]
    made: tuple[tuple[Tensor, ...], ...]


def edited(workshop: Workshop, pairs: Sequence[tuple[str, str, str]]) -> Edited:
    """Edit pictures, all at once for each start.

    Args:
        workshop: where.
        pairs: a picture, its prompt and a caption each.
    """
    painter = workshop.shelf.painter
    watch = Stopwatch()
    sources = [painter.source(image) for image, _, _ in pairs]
    columns = []
    for done, start in enumerate(STARTS):
        workshop.tell(f"start {start}", done / len(STARTS))
        recipes = [Edit(source, prompt, start) for source, (_, prompt, _) in zip(sources, pairs, strict=True)]
        columns.append(painter.made(recipes, [0] * len(recipes)))
    seconds = watch.read() / len(pairs)
    originals = tuple(source.pixels(painter.final).cpu() for source in sources)
    made = tuple(tuple(column[number].pixels for column in columns) for number in range(len(pairs)))
    exhibits = []
    for number, (image, prompt, caption) in enumerate(pairs):
        row = [originals[number], *made[number]]
        alt = (
            f"The picture at the right, and to its left what became of it from starts {STARTS[-1]} down to {STARTS[0]}"
        )
        plate = workshop.plate(f"{number}-{short(image)}", [*row[1:], row[0]], len(row), alt)
        exhibits.append(
            Exhibit(
                caption,
                Sheet((*(f"start {start}" for start in STARTS), "original"), (("", plate),)),
                Origin.NOW,
                (*painter.parameters(Edit(sources[number], prompt, 1)), f"prompt “{prompt}”", "seed 0"),
                painter.command("edit", image, prompt, "--start", *STARTS),
                seconds,
            )
        )
    return Edited(tuple(exhibits), originals, made)
