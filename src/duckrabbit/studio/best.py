"""The best of many: more pictures than are kept, judged, as `--best` does it on the command line."""

from collections.abc import Callable, Mapping
from typing import Any

from duckrabbit.diffusion.sampling import State
from duckrabbit.making.best_of import Search
from duckrabbit.making.candidates import without_dropping
from duckrabbit.making.make import Picture
from duckrabbit.making.order import Order
from duckrabbit.making.plan import steps_of
from duckrabbit.making.shortlist import Shortlist
from duckrabbit.models.model import Model
from duckrabbit.recipes.recipe import Recipe


def search_of(request: Mapping[str, Any], recipe: Recipe, model: Model) -> Search:
    """The search that a job asks for.

    Raises:
        UsageError: if the recipe can't be made with the model, or nobody can judge what it makes.
    """
    first = int(request.get("seed", 0))
    return Order(recipe, int(request.get("count", 1)), first, int(request["among"]), request.get("size")).search(model)


def steps_of_search(search: Search) -> int:
    """The steps of a search: those of its blocks, and of its best, which are made once more, each alone."""
    blocks = sum(1 for _ in search.blocks())
    return (blocks + search.best) * steps_of(search.candidates.course)


def best_of(search: Search, watch: Callable[[State], None]) -> list[Picture]:
    """The best pictures in the order of their seeds, each the one that its seed makes alone.

    Args:
        search: from `search_of`.
        watch: is shown the states.
    """
    shortlist = Shortlist(search.best)
    for _, seeds in search.blocks():
        for candidate in search.candidates.block(seeds, watch).finished:
            shortlist.add(candidate.scored)
    return [_alone(search, seed, watch) for seed in sorted(scored.seed for scored in shortlist.best())]


def _alone(search: Search, seed: int, watch: Callable[[State], None]) -> Picture:
    [candidate] = without_dropping(search.candidates).block((seed,), watch).finished
    return candidate.picture
