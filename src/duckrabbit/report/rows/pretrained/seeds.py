"""Illusions of the first seed, the next seeds beside them, and what a judge reads in them. None is chosen."""

from collections.abc import Sequence

from torch import Tensor

from duckrabbit.judges.judge import Judge
from duckrabbit.judges.looks import Look, See
from duckrabbit.judges.question import question_of
from duckrabbit.judges.reading import readings_of
from duckrabbit.making.sampling import Sampling
from duckrabbit.recipes.recipe import Recipe
from duckrabbit.report.bodies import Body, Sheet, Stack
from duckrabbit.report.figure import Exhibit
from duckrabbit.report.workshop import Workshop, stacked

SEED = 0
COLUMNS = 4

PLAIN = Sampling(guidance_scale=7.0, mean_guidance_scale=7.0, judge_scale=0.0)
"""The estimates combined under guidance alone, as in the sources: no judge, and the mean colour guided alike."""


def verdicts(workshop: Workshop, picture: Tensor, looks: Sequence[Look]) -> str:
    """What the reporting judge reads in a picture, look by look."""
    judge = workshop.shelf.picture_judge
    return f"The reporting judge: {'; '.join(_read(judge, look, picture) for look in looks)}."


def _read(judge: Judge, look: Look, picture: Tensor) -> str:
    if judge.asked_for(look.prompt) is None:
        sure, first = judge.log_probabilities(look.see(picture[None]))[0].exp().max(dim=0)
        return f"{look.name} it reads {judge.names[int(first)]} ({sure:.0%}), and has no name for what was asked"
    [reading] = readings_of(question_of(judge, [look]), picture)
    name, probability = reading.first[0]
    place = "" if reading.right else f"; what was asked comes {reading.place} of {reading.choices}"
    return f"{look.name} it reads {name} ({probability:.0%}){place}"


def with_other_seeds(workshop: Workshop, body: Body, recipe: Recipe, stem: str, seen: tuple[str, See]) -> Body:
    """The body, and below it pictures of other seeds, none left out, and as they are seen otherwise, with a label."""
    more = workshop.effort.unpicked
    if not more:
        return body
    others = range(SEED + 1, SEED + 1 + more)
    label, see = seen
    pictures = stacked(workshop.shelf.painter.pixels([recipe] * more, others))
    alt = "Pictures of other seeds"
    as_made = workshop.plate(f"{stem}-others", list(pictures), COLUMNS, alt)
    as_seen = workshop.plate(f"{stem}-others-seen", list(see(pictures)), COLUMNS, f"{alt}, {label}")
    return Stack((body, Sheet((), (("other seeds, none left out", as_made), (f"and {label}", as_seen)))))


def beside_plain(
    workshop: Workshop,
    what: str,
    recipes: Sequence[Recipe],
    default: Sequence[Tensor],
    ways: Sequence[tuple[str, See]],
    commands: str,
) -> Exhibit:
    """Illusions by the plain combination of the estimates, and below them by the model's default, in the same columns.

    Args:
        workshop: where.
        what: they are called.
        recipes: an illusion for each column, as the sources make it.
        default: its picture by the model's default, of the same seed.
        ways: to look at them, with their names, one for each prompt in the order of the recipes' looks.
        commands: that make the plain ones.
    """
    painter, judge = workshop.shelf.painter, workshop.shelf.picture_judge
    rows = {"plain": painter.pixels(recipes, [SEED] * len(recipes), PLAIN), "by default": default}
    strips = tuple(
        workshop.strip(
            f"{name}, {seen}", f"{name.split()[-1]}-{seen}", [see(x[None])[0] for x in row], f"{name}, {seen}"
        )
        for name, row in rows.items()
        for seen, see in ways
    )
    asked = [recipe.looks for recipe in recipes]
    known = [k for k, looks in enumerate(asked) if all(judge.asked_for(look.prompt) is not None for look in looks)]
    read = {
        name: sum(bool(question_of(judge, asked[k]).read(row[k].clamp(-1, 1)[None])[0]) for k in known)
        for name, row in rows.items()
    }
    return Exhibit(
        f"{what} by the plain combination of the two estimates, as the sources make them, and below them as "
        f"{painter.model.name} makes them by default; all of seed {SEED}. The reporting judge has a name for both "
        f"readings of {len(known)} and reads both in {read['plain']} of the plain ones, in {read['by default']} of the "
        "others.",
        Sheet((), strips),
        (*painter.parameters(recipes[0], PLAIN), "and by default", f"seed {SEED}"),
        commands,
        workshop.seconds(),
        spoils=True,
    )
