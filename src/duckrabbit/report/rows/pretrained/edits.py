"""From picture to picture (SDEdit, arXiv:2108.01073): A1.7 photographs, A1.7.1 drawings, A1.7.3 under other prompts."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from duckrabbit.media.shipped import SHIPPED_PICTURES
from duckrabbit.recipes.edit import Edit
from duckrabbit.report.bodies import Sheet
from duckrabbit.report.chart import Axis, Chart, Series
from duckrabbit.report.figure import Exhibit, Figure, stem_of
from duckrabbit.report.measures import distance
from duckrabbit.report.painter import PHOTO
from duckrabbit.report.workshop import Workshop

STARTS = (1, 3, 5, 7, 10, 20)
OTHER_PHOTOGRAPHS = ("photo:coffee", "photo:mountain", "photo:chelsea")
DRAWINGS = (
    ("sketch:house", "A house, a tree and the sun, drawn with a mouse."),
    ("photo:village-in-snow", "A picture from the web that is no photograph: Monet's village in the snow."),
    ("sketch:boat", "A sailing boat, drawn with a mouse."),
    ("sketch:rocket", "A rocket, drawn with a mouse."),
)
ROCKET, PENCIL, WATERFALLS = "a rocket ship", "a pencil", "a lithograph of waterfalls"
PROMPTS = (ROCKET, PENCIL, WATERFALLS)


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


def photographs(workshop: Workshop) -> Figure:
    """A1.7: photographs from every start, under a prompt that asks for nothing in particular."""
    names = (workshop.shelf.choice.image, *OTHER_PHOTOGRAPHS)[: workshop.effort.edited]
    result = edited(workshop, [(name, PHOTO, _caption(name)) for name in names])
    return Figure((*result.exhibits, _distances(result)))


def _caption(name: str) -> str:
    known = SHIPPED_PICTURES.get(name)
    what = f"{known.what[0].upper()}{known.what[1:]}" if known else "The photograph that was given"
    return f"{what}, made anew from more and less noise."


def _distances(result: Edited) -> Exhibit:
    """How far each start leads away from the photographs."""
    count = len(result.made)
    pairs = [[(made, original) for made in row] for row, original in zip(result.made, result.originals, strict=True)]
    means = [sum(distance(*pair) for pair in column) / count for column in zip(*pairs, strict=True)]
    return Exhibit(
        f"How far the results are from the photograph they came from, on average over these {count}: "
        f"{means[0]:.0f} grey levels from start {STARTS[0]}, {means[-1]:.0f} from start {STARTS[-1]}.",
        Chart(
            "Distance to the original against the start",
            Axis("start (index on the grid)"),
            Axis("root mean square, grey levels"),
            (Series("distance", tuple(zip(map(float, STARTS), means, strict=True))),),
            marked=True,
        ),
        ("of the pictures above",),
        result.exhibits[0].command,
        result.exhibits[0].seconds * count,
    )


def drawings(workshop: Workshop) -> Figure:
    """A1.7.1: what nobody would take for a photograph, under a prompt that asks for one."""
    chosen = [(name, PHOTO, caption) for name, caption in DRAWINGS[: workshop.effort.edited]]
    return Figure(edited(workshop, chosen).exhibits)


def text_conditioned_edits(workshop: Workshop) -> Figure:
    """A1.7.3: two photographs and two drawings."""
    image = workshop.shelf.choice.image
    pairs = (
        (image, ROCKET, f"The photograph of A1.1 as “{ROCKET}”."),
        ("sketch:house", WATERFALLS, f"The drawing of a house as “{WATERFALLS}”."),
        ("photo:rocket", PENCIL, f"A photograph of a rocket as “{PENCIL}”."),
        ("sketch:rocket", ROCKET, f"The drawing of a rocket as “{ROCKET}”: here prompt and picture agree."),
    )
    return Figure(edited(workshop, pairs[: workshop.effort.edited]).exhibits)


def edited(workshop: Workshop, pairs: Sequence[tuple[str, str, str]]) -> Edited:
    """Edit pictures, all at once for each start.

    Args:
        workshop: where.
        pairs: a picture, its prompt and a caption each.
    """
    painter = workshop.shelf.painter
    sources = [painter.source(image) for image, _, _ in pairs]
    columns = []
    for done, start in enumerate(STARTS):
        workshop.tell(f"start {start}", done / len(STARTS))
        recipes = [Edit(source, prompt, start) for source, (_, prompt, _) in zip(sources, pairs, strict=True)]
        columns.append(painter.pixels(recipes, [0] * len(recipes)))
    seconds = workshop.seconds() / len(pairs)
    originals = tuple(source.pixels(painter.final).cpu() for source in sources)
    made = tuple(zip(*columns, strict=True))
    alt = f"The picture at the right, and to its left what became of it from starts {STARTS[-1]} down to {STARTS[0]}"
    exhibits = []
    for number, (image, prompt, caption) in enumerate(pairs):
        strip = workshop.strip("", f"{number}-{stem_of(image)}", [*made[number], originals[number]], alt)
        exhibits.append(
            Exhibit(
                caption,
                Sheet((*(f"start {start}" for start in STARTS), "original"), (strip,)),
                (*painter.parameters(Edit(sources[number], prompt, 1)), f"prompt “{prompt}”", "seed 0"),
                painter.command("edit", image, prompt, "--start", *STARTS),
                seconds,
            )
        )
    return Edited(tuple(exhibits), originals, made)
