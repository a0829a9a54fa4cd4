"""Every recipe by its verb, and its JSON: as a picture remembers it, and as the studio's API takes it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import Any, TypeVar

import msgspec

from duckrabbit.errors import UsageError
from duckrabbit.recipes.anagram import Anagram
from duckrabbit.recipes.denoise import Denoise
from duckrabbit.recipes.edit import Edit
from duckrabbit.recipes.generate import Generate
from duckrabbit.recipes.hybrid import Hybrid
from duckrabbit.recipes.inpaint import Inpaint
from duckrabbit.recipes.noise import Forward
from duckrabbit.recipes.recipe import Recipe
from duckrabbit.recipes.upscale import Upscale

T = TypeVar("T")

RECIPES: Mapping[str, type[Recipe]] = {
    recipe.verb: recipe for recipe in (Generate, Anagram, Hybrid, Edit, Inpaint, Upscale, Forward, Denoise)
}
"""A new recipe gets its row here."""


def to_json(value: Any) -> Any:
    """A recipe, a sampler or a source as JSON: its fields by name, bytes in base64."""
    # By its fields: of a value that was read, msgspec itself writes those alone that were said.
    fields = asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
    # Through the standard library's JSON, which takes what a terminal of another encoding typed.
    return json.loads(json.dumps(msgspec.to_builtins(fields)))


def from_json(data: Any, kind: type[T]) -> T:
    """The value that JSON says, by the types and limits of its fields.

    Raises:
        ValueError: where it is of another type, beyond a limit, or of another name than any field; it says which.
    """
    try:
        value = msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None
    if unknown := _unknown(data, to_json(value)):
        raise ValueError(f"there is no {unknown!r} in it")
    return value


def recipe_from_json(verb: str, data: Any) -> Recipe:
    """The recipe of a verb.

    Raises:
        ValueError: as in `from_json`.
        UsageError: if there is no such verb, or a picture in it is none.
    """
    if verb not in RECIPES:
        raise UsageError(f"There is no recipe {verb!r}: the recipes are {', '.join(RECIPES)}.")
    recipe = from_json(data, RECIPES[verb])
    for source in recipe.sources:
        source.check()
    return recipe


def _unknown(data: Any, known: Any) -> str | None:
    """The first name in JSON that the same value, written again, does not have."""
    if isinstance(data, Mapping) and isinstance(known, Mapping):
        extra = (str(name) for name in data if name not in known)
        inside = (_unknown(data[name], known[name]) for name in data if name in known)
        return next(extra, None) or next(filter(None, inside), None)
    return None
