"""Pictures from pure noise: A1.5, and A1.6, what guidance buys and costs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from duckrabbit.diffusion.sampling import State
from duckrabbit.judges.judge import Judge
from duckrabbit.making.films import Film
from duckrabbit.making.sampling import Sampling
from duckrabbit.recipes.generate import Generate
from duckrabbit.report.bodies import Gallery, Playable, Sheet, Stack, Table
from duckrabbit.report.chart import Axis, Chart, Series
from duckrabbit.report.figure import Exhibit, Figure, seed_words
from duckrabbit.report.measures import diversity_of_features, diversity_of_layout, share_read
from duckrabbit.report.painter import PHOTO
from duckrabbit.report.workshop import Workshop, stacked

COUNT = 5
SNAPSHOTS = (0, 10, 20, 30)
UNGUIDED = Sampling(solver="ddpm", grid="course", guidance_scale=1.0)
SCALE = 7.0
GUIDED = Sampling(solver="ddpm", grid="course", guidance_scale=SCALE)
SCALES = (0.0, 1.0, 3.0, 7.0, 15.0)
SWEPT = "a rocket ship"
SHOWN = 6


def sampling_from_noise(workshop: Workshop) -> Figure:
    """A1.5: five pictures, no guidance, and how they come about."""
    painter = workshop.shelf.painter
    recipe = Generate(PHOTO)
    film = Film(COUNT)
    seen: dict[int, Tensor] = {}

    def keep(state: State) -> None:
        film(state)
        # Of two stages the first is shown: it comes first.
        seen.setdefault(state.i, state.pictures(state.x_t).float().cpu())

    made = painter.pixels([recipe] * COUNT, range(COUNT), UNGUIDED, keep)
    strips = [
        workshop.strip(f"after {step} steps", f"step-{step}", seen[step].unbind(), f"The five after {step} steps")
        for step in SNAPSHOTS
        if step in seen
    ]
    final = workshop.plate("end", made, COUNT, "Five pictures of nobody knows what")
    played = workshop.film("trajectory", film.frames)
    sheet = Exhibit(
        "Five samples, none picked, from noise to picture.",
        Stack((Sheet((), tuple(strips)), Gallery((Playable(f"at the end, after {len(seen)} steps", final, played),)))),
        (*painter.parameters(recipe, UNGUIDED), f"prompt “{PHOTO}”", seed_words(range(COUNT))),
        painter.command("generate", PHOTO, *UNGUIDED.words, "--count", COUNT, "--animate"),
        workshop.seconds(),
    )
    return Figure((sheet,))


def classifier_free_guidance(workshop: Workshop) -> Figure:
    """A1.6: classifier-free guidance (arXiv:2207.12598), five pictures at scale 7, and five scales."""
    plain = _sweep(
        workshop, "plain", "the whole picture guided alike, as the formula says", lambda scale: Sampling(
            guidance_scale=scale, mean_guidance_scale=scale, guidance_interval=(0.0, 1.0)
        )
    )  # fmt: skip
    painter = workshop.shelf.painter
    if painter.model.sampler.mean_guidance_scale is None:
        return Figure((_five(workshop), plain))
    own = f"as {painter.model.name} does it by default, its mean colour guided less"
    return Figure(
        (_five(workshop), plain, _sweep(workshop, "scale", own, lambda scale: Sampling(guidance_scale=scale)))
    )


def _five(workshop: Workshop) -> Exhibit:
    painter, recipe = workshop.shelf.painter, Generate(PHOTO)
    made = painter.pixels([recipe] * COUNT, range(COUNT), GUIDED)
    strip = workshop.strip("", "guided", made, "Five pictures, more definite than those of A1.5")
    return Exhibit(
        f"The five seeds of A1.5 under guidance of scale {SCALE:g}.",
        Sheet((), (strip,)),
        (*painter.parameters(recipe, GUIDED), f"prompt “{PHOTO}”", "null prompt “”", seed_words(range(COUNT))),
        painter.command("generate", PHOTO, *GUIDED.words, "--count", COUNT),
        workshop.seconds(),
    )


def _sweep(workshop: Workshop, stem: str, how: str, sampling: Callable[[float], Sampling]) -> Exhibit:
    painter, recipe, count = workshop.shelf.painter, Generate(SWEPT), workshop.effort.diverse
    pictures: dict[float, Tensor] = {}
    for done, scale in enumerate(SCALES):
        workshop.tell(f"scale {scale:g}", (done + 1) / (len(SCALES) + 1))
        pictures[scale] = stacked(painter.pixels([recipe] * count, range(count), sampling(scale)))
    measured = [_Scored.of(scale, made, workshop.shelf.picture_judge) for scale, made in pictures.items()]
    strips = tuple(
        workshop.strip(f"γ = {scale:g}", f"{stem}-{scale:g}", one[:SHOWN].unbind(), f"At guidance scale {scale:g}")
        for scale, one in pictures.items()
    )
    plain, strongest = measured[SCALES.index(1.0)], measured[-1]
    change = strongest.features / plain.features - 1
    return Exhibit(
        f"“{SWEPT}” from the same noise under five scales, {how}. From γ = 1 to γ = {strongest.scale:g} the "
        f"share that a judge reads as asked goes from {_percent(plain.read)} to {_percent(strongest.read)}, and "
        f"diversity {'falls' if change < 0 else 'rises'} by {abs(change):.0%}.",
        Stack((Sheet((), strips), _curves(measured), _table(measured))),
        (
            *painter.parameters(recipe, sampling(SCALES[-1])),
            f"prompt “{SWEPT}”",
            f"{seed_words(range(count))}: {count} pictures a scale, compare with one another only",
            "diversity: mean distance of any two of them in the features of the reporting judge",
        ),
        "\n".join(painter.command("generate", SWEPT, *sampling(scale).words, "--count", count) for scale in SCALES),
        workshop.seconds(),
    )


@dataclass(frozen=True)
class _Scored:
    """A guidance scale, the share read as asked, and diversity in the judge's features and in layout."""

    scale: float
    read: float | None
    features: float
    layout: float

    @staticmethod
    def of(scale: float, pictures: Tensor, judge: Judge) -> "_Scored":
        read = share_read(judge, pictures, SWEPT)
        return _Scored(scale, read, diversity_of_features(judge, pictures), diversity_of_layout(pictures))


def _curves(measured: Sequence[_Scored]) -> Chart:
    most = max(one.features for one in measured)
    read = tuple((one.scale, one.read) for one in measured if one.read is not None)
    lines = [Series("diversity, the most being 1", tuple((one.scale, one.features / most) for one in measured))]
    lines += [Series("read as asked", read)] if read else []
    return Chart("Legibility and diversity", Axis("guidance scale γ"), Axis("share"), tuple(lines), marked=True)


def _table(measured: Sequence[_Scored]) -> Table:
    """All numbers; the last column is the crude one that needs no judge, and shows what is wrong with it."""
    return Table(
        ("", "read as asked", "diversity (judge's features)", "distance of 16×16 pixels, grey levels"),
        tuple(
            (f"γ\u00a0=\u00a0{one.scale:g}", _percent(one.read), f"{one.features:.1f}", f"{one.layout:.0f}")
            for one in measured
        ),
    )


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"
