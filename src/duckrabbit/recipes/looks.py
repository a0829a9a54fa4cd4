"""How what a recipe makes is looked at, and what is to be seen there."""

from collections.abc import Mapping

from duckrabbit.illusions.bands import Grey, motion_bands
from duckrabbit.illusions.views import Identity
from duckrabbit.judges.looks import Look, See, as_it_is, from_afar, from_halfway
from duckrabbit.recipes.anagram import Anagram
from duckrabbit.recipes.hybrid import Hybrid
from duckrabbit.recipes.recipe import Recipe

PARTS: Mapping[str, See] = {
    "far": from_afar,
    "mid": from_halfway,
    "near": as_it_is,
    "grey": Grey(),
    "colour": as_it_is,
    "blurred": motion_bands()[0],
    "sharp": as_it_is,
    "small": from_afar,
    "large": as_it_is,
}
"""How each part of a hybrid is looked at."""


def looks_of(recipe: Recipe) -> tuple[Look, ...]:
    """A look for each prompt: through each view, at each part, or at the picture as it is.

    What is asked for nowhere, as the part that a hybrid keeps of a picture, has none.
    """
    if isinstance(recipe, Anagram):
        return tuple(
            Look("upright" if isinstance(view, Identity) else view.name, prompt, view)
            for prompt, view in zip(recipe.prompts, recipe.parsed_views(), strict=True)
        )
    if isinstance(recipe, Hybrid):
        return tuple(
            Look(name, part.prompt, PARTS[name]) for name, part in recipe.parts.items() if part.picture is None
        )
    return tuple(Look("as it is", prompt, as_it_is) for prompt in recipe.prompts if prompt)
