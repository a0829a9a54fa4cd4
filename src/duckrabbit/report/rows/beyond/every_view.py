"""X1: an anagram in every view, and three and four readings at once, all moving."""

from collections.abc import Sequence

from duckrabbit.illusions.loops import through_views
from duckrabbit.illusions.views.catalogue import VIEWS
from duckrabbit.making.best_of import best_of, search_for
from duckrabbit.making.films import MOTION_MILLISECONDS
from duckrabbit.making.make import Picture
from duckrabbit.making.plan import plan
from duckrabbit.recipes.anagram import Anagram
from duckrabbit.report.bodies import Gallery, Playable
from duckrabbit.report.figure import Exhibit, Figure
from duckrabbit.report.workshop import Workshop

NAMES = tuple(name for name in VIEWS if name != "identity")
PAIR = ("a penguin", "a giraffe")
SEVERAL = (
    Anagram(("a rabbit", "a duck", "a fish"), ("flip", "rotate-90")),
    Anagram(("a cat", "a bird", "a fish", "a tree"), ("flip", "rotate-90", "rotate-90-cw")),
)
PROMPTS = tuple(dict.fromkeys((*PAIR, *(prompt for recipe in SEVERAL for prompt in recipe.prompts))))


def every_view(workshop: Workshop) -> Figure:
    """X1: every view of visual_anagrams (arXiv:2311.17919), and several at once."""
    recipes = [Anagram(PAIR, (name,)) for name in NAMES]
    return Figure(
        (
            _exhibit(workshop, recipes, f"“{PAIR[0]}” upright and “{PAIR[1]}” through every view there is."),
            _exhibit(workshop, SEVERAL, "Three readings of one picture, and four."),
        )
    )


def _exhibit(workshop: Workshop, recipes: Sequence[Anagram], caption: str) -> Exhibit:
    """The best of a few seeds of each, by the judge that selects, and what it does."""
    painter, count = workshop.shelf.painter, workshop.effort.edited
    items, commands = [], []
    for done, recipe in enumerate(recipes):
        workshop.tell(", ".join(recipe.views), done / len(recipes))
        picture = _best(workshop, recipe, count)
        items.append(_moving(workshop, recipe, picture, f"{len(recipe.prompts)}-{done}"))
        views = [word for view in recipe.views for word in ("--view", view)]
        commands.append(painter.command("anagram", *recipe.prompts, *views, "--seed", picture.seed))
    return Exhibit(
        f"{caption} Each is the best of {count} seeds by the judge that selects: press to see it move.",
        Gallery(tuple(items)),
        (*painter.parameters(recipes[0]), f"best of seeds 0–{count - 1}"),
        "\n".join(commands),
        workshop.seconds(),
    )


def _best(workshop: Workshop, recipe: Anagram, count: int) -> Picture:
    painter = workshop.shelf.painter
    [chosen] = best_of(search_for(plan(recipe, painter.model, painter.choice.size), best=1, first=0, count=count))
    return chosen.picture


def _moving(workshop: Workshop, recipe: Anagram, picture: Picture, stem: str) -> Playable:
    """A picture of the gallery that becomes its own motion."""
    pixels = picture.pixels.float().cpu().clamp(-1, 1)
    said = " + ".join(recipe.views)
    plate = workshop.large(stem, picture, f"One picture that is said to show {len(recipe.prompts)} things: {said}")
    film = workshop.animation(f"{stem}-motion", through_views(pixels, recipe.parsed_views()), MOTION_MILLISECONDS)
    return Playable(f"{said} (seed {picture.seed})", plate, film)
