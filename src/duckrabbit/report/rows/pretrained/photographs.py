"""A1.7: photographs made anew (SDEdit)."""

from duckrabbit.media.shipped import SHIPPED_PICTURES
from duckrabbit.report.alike import distance
from duckrabbit.report.bodies.chart import Chart, Series, linear
from duckrabbit.report.figure import Exhibit, Figure, Origin
from duckrabbit.report.rows.pretrained.common import PHOTO
from duckrabbit.report.rows.pretrained.edited import STARTS, Edited, edited
from duckrabbit.report.workshop import Workshop

OTHERS = ("photo:coffee", "photo:mountain", "photo:chelsea")


def photographs(workshop: Workshop) -> Figure:
    """A1.7: photographs from every start, under a prompt that asks for nothing in particular."""
    names = (workshop.shelf.choice.image, *OTHERS)[: workshop.effort.edited]
    result = edited(workshop, [(name, PHOTO, _caption(name)) for name in names])
    lesson = (
        "Put noise on a photograph and denoise it under guidance: what comes out is a picture again, but another one. "
        "The noise hides where exactly the picture was; the denoiser finds the way back to the nearest places where "
        "pictures lie, the manifold of what it takes for real, and not to the one it came from.",
        "The start says how far away it was thrown. At 20 little is hidden and the photograph comes back with other "
        "details; at 1 nothing of it is left but a trace of its colours, and the model follows the prompt alone. In "
        "between, the layout survives and the meaning does not: coarse structure outlives fine, for noise drowns fine "
        "structure first.",
    )
    return Figure(lesson, (*result.exhibits, _distances(result)))


def _caption(name: str) -> str:
    known = SHIPPED_PICTURES.get(name)
    what = f"{known.what[0].upper()}{known.what[1:]}" if known else "The photograph that was given"
    return f"{what}, made anew from more and less noise."


def _distances(result: Edited) -> Exhibit:
    """How far each start leads away from the photographs."""
    means = [
        sum(distance(row[k], original) for row, original in zip(result.made, result.originals, strict=True))
        / len(result.made)
        for k in range(len(STARTS))
    ]
    count = len(result.made)
    return Exhibit(
        f"How far the results are from the photograph they came from, on average over these {count}: "
        f"{means[0]:.0f} grey levels from start {STARTS[0]}, {means[-1]:.0f} from start {STARTS[-1]}.",
        Chart(
            "Distance to the original against the start",
            linear("start (index on the grid)"),
            linear("root mean square, grey levels"),
            (Series("distance", tuple(zip(map(float, STARTS), means, strict=True))),),
            marked=True,
        ),
        Origin.NOW,
        ("of the pictures above",),
        result.exhibits[0].command,
        result.exhibits[0].seconds * count,
    )
