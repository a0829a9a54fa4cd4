"""A1.6: classifier-free guidance, what it buys and what it costs."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from duckrabbit.judges.judge import Judge
from duckrabbit.recipes.generate import Generate
from duckrabbit.report.alike import diversity
from duckrabbit.report.bodies.chart import Chart, Series, linear
from duckrabbit.report.bodies.sheet import Sheet
from duckrabbit.report.bodies.stack import Stack
from duckrabbit.report.bodies.table import Table
from duckrabbit.report.figure import Exhibit, Figure, Origin
from duckrabbit.report.painter import Painter, Sampling
from duckrabbit.report.reading import apart, share_read
from duckrabbit.report.rows.pretrained.common import PHOTO
from duckrabbit.report.wording import seed_words
from duckrabbit.report.workshop import Stopwatch, Workshop, stacked

COUNT = 5
SCALE = 7.0
GUIDED = Sampling(solver="ddpm", grid="course", guidance_scale=SCALE)
SCALES = (0.0, 1.0, 3.0, 7.0, 15.0)
SWEPT = "a rocket ship"
SHOWN = 6


def classifier_free_guidance(workshop: Workshop) -> Figure:
    """A1.6: five pictures at scale 7, and five scales."""
    lesson = (
        "The model is asked twice, with the prompt and with the empty prompt, and the difference is made larger: "
        "x̂₀ = γ D(x, t, c) + (1 − γ) D(x, t, ∅). At γ = 0 the prompt is not heard, at γ = 1 it is obeyed as in "
        "training, above that the picture is pushed away from what any picture has, towards what only this prompt's "
        "pictures have.",
        "That sharpens: of all pictures under the prompt, those that show it most clearly are left. It narrows for "
        "the same reason: what makes pictures of one thing differ from one another is what the prompt does not say, "
        "and that is pushed out with the rest. Too much of it burns colours out, for no picture of the training set "
        "lies there.",
        "How to measure diversity matters: compare the columns. Distances of pixels can rise under guidance, since "
        "colours grow stronger; in the features of a classifier, where what is shown counts and not how brightly, "
        "pictures draw together.",
    )
    return Figure(lesson, (_five(workshop), _sweep(workshop)))


def _five(workshop: Workshop) -> Exhibit:
    painter, recipe = workshop.shelf.painter, Generate(PHOTO)
    watch = Stopwatch()
    made = painter.made([recipe] * COUNT, range(COUNT), GUIDED)
    alt = "Five pictures, more definite than those of A1.5"
    plate = workshop.plate("guided", [picture.pixels for picture in made], COUNT, alt)
    return Exhibit(
        f"The five seeds of A1.5 under guidance of scale {SCALE:g}.",
        Sheet((), (("", plate),)),
        Origin.NOW,
        (*painter.parameters(recipe, GUIDED), f"prompt “{PHOTO}”", "null prompt “”", seed_words(range(COUNT))),
        painter.command("generate", PHOTO, *GUIDED.words(), "--count", COUNT),
        watch.read(),
    )


def _sweep(workshop: Workshop) -> Exhibit:
    painter, recipe, count = workshop.shelf.painter, Generate(SWEPT), workshop.effort.diverse
    watch = Stopwatch()
    pictures: dict[float, Tensor] = {}
    for done, scale in enumerate(SCALES):
        workshop.tell(f"scale {scale:g}", (done + 1) / (len(SCALES) + 1))
        pictures[scale] = _at_scale(painter, recipe, scale, count)
    measured = [_Scored.of(scale, own, workshop.shelf.picture_judge) for scale, own in pictures.items()]
    shown = min(SHOWN, count)
    strips = tuple(
        (f"γ = {scale:g}", workshop.plate(f"scale-{scale:g}", list(own[:shown]), shown, f"At guidance scale {scale:g}"))
        for scale, own in pictures.items()
    )
    plain, strongest = measured[SCALES.index(1.0)], measured[-1]
    change = strongest.apart / plain.apart - 1
    return Exhibit(
        f"“{SWEPT}” from the same noise under five scales. From γ = 1 to γ = {strongest.scale:g} the share that a "
        f"judge reads as asked goes from {_percent(plain.read)} to {_percent(strongest.read)}, and diversity "
        f"{'falls' if change < 0 else 'rises'} by {abs(change):.0%}.",
        Stack((Sheet((), strips), _curves(measured), _table(measured))),
        Origin.NOW,
        (
            *painter.parameters(recipe, Sampling(guidance_scale=SCALES[-1])),
            f"prompt “{SWEPT}”",
            f"{seed_words(range(count))}: {count} pictures a scale, compare with one another only",
            "diversity: mean distance of any two of them in the features of the reporting judge",
        ),
        "\n".join(
            painter.command("generate", SWEPT, "--guidance-scale", f"{scale:g}", "--count", count) for scale in SCALES
        ),
        watch.read(),
    )


@dataclass(frozen=True)
class _Scored:
    """A guidance scale, the share read as asked, and two measures of diversity."""

    scale: float
    read: float | None
    apart: float
    layout: float

    @staticmethod
    def of(scale: float, pictures: Tensor, judge: Judge) -> "_Scored":
        return _Scored(scale, share_read(judge, pictures, SWEPT), apart(judge, pictures), diversity(pictures))


def _curves(measured: Sequence[_Scored]) -> Chart:
    most = max(own.apart for own in measured)
    read = tuple((own.scale, own.read) for own in measured if own.read is not None)
    lines = [Series("diversity, the most being 1", tuple((own.scale, own.apart / most) for own in measured))]
    lines += [Series("read as asked", read)] if read else []
    return Chart("Legibility and diversity", linear("guidance scale γ"), linear("share"), tuple(lines), marked=True)


def _table(measured: Sequence[_Scored]) -> Table:
    """All numbers; the last column is the crude one that needs no judge, and shows what is wrong with it."""
    return Table(
        ("", "read as asked", "diversity (judge's features)", "distance of 16×16 pixels, grey levels"),
        tuple(
            (f"γ\u00a0=\u00a0{own.scale:g}", _percent(own.read), f"{own.apart:.1f}", f"{own.layout:.0f}")
            for own in measured
        ),
    )


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"


def _at_scale(painter: Painter, recipe: Generate, scale: float, count: int) -> Tensor:
    made = painter.made([recipe] * count, range(count), Sampling(guidance_scale=scale))
    return stacked([picture.pixels for picture in made])
