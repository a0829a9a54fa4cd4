"""Illusions of the first seed, the next seeds beside them, and what a judge reads in them. None is chosen."""

from collections.abc import Sequence

from torch import Tensor

from duckrabbit.judges.judge import Judge
from duckrabbit.judges.looks import Look, See
from duckrabbit.judges.question import question_of
from duckrabbit.judges.reading import readings_of
from duckrabbit.recipes.recipe import Recipe
from duckrabbit.report.bodies import Body, Sheet, Stack
from duckrabbit.report.workshop import Workshop, stacked

SEED = 0
COLUMNS = 4


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
