"""What a picture remembers: its recipe and its circumstances as JSON, and the way back."""

import dataclasses
import platform
from collections.abc import Mapping
from typing import Any

import torch

from duckrabbit.errors import UsageError
from duckrabbit.models.model import Model, Sampler
from duckrabbit.recipes.anagram import Anagram
from duckrabbit.recipes.denoise import Denoise
from duckrabbit.recipes.edit import Edit
from duckrabbit.recipes.generate import Generate
from duckrabbit.recipes.hybrid import Hybrid, Part
from duckrabbit.recipes.inpaint import Inpaint
from duckrabbit.recipes.level import Level
from duckrabbit.recipes.noise import Forward
from duckrabbit.recipes.recipe import Recipe
from duckrabbit.recipes.source import Source
from duckrabbit.version import VERSION

FORMAT = 1

RECIPES: Mapping[str, type[Any]] = {
    recipe.verb: recipe for recipe in (Generate, Anagram, Hybrid, Edit, Inpaint, Forward, Denoise)
}
"""Every recipe by its verb."""


def record(recipe: Recipe, model: Model, seed: int, batch: int, row: int) -> dict[str, Any]:
    """All that is needed to make the picture again, and what to name where that fails.

    Args:
        recipe: what was made; a sampler left to the model is written out.
        model: what made it.
        seed: of this picture.
        batch: how many pictures with consecutive seeds were sampled together.
        row: the picture's place among them.
    """
    return {
        "format": FORMAT,
        "verb": recipe.verb,
        "recipe": _to_json(_with_sampler(recipe, model)),
        "seed": seed,
        "model": {"name": model.name, "sha256": model.checksum},
        "batch": {"size": batch, "row": row},
        "circumstances": circumstances(model),
    }


def circumstances(model: Model) -> dict[str, Any]:
    """What a pixel may depend on besides the recipe: versions, device, precision, threads."""
    return {
        "duckrabbit": VERSION,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "device": device_name(model.device),
        "dtype": str(model.dtype).removeprefix("torch."),
        "threads": torch.get_num_threads(),
    }


def device_name(device: torch.device) -> str:
    """The device type, and on a GPU which."""
    return f"cuda ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else device.type


def recipe_of(data: Mapping[str, Any]) -> Recipe:
    """The recipe in a record.

    Raises:
        UsageError: if the record is of another version, or damaged.
    """
    if data.get("format") != FORMAT or str(data.get("verb")) not in RECIPES:
        raise UsageError("The recipe in this picture is of another version of duckrabbit: update it, then try again.")
    kind = RECIPES[str(data["verb"])]
    try:
        fields = {name: _from_json(name, value) for name, value in data["recipe"].items()}
        recipe: Recipe = kind(**fields)
    except UsageError:
        raise
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise UsageError(f"The recipe in this picture is damaged ({error}): give the original file.") from error
    return recipe


def _with_sampler(recipe: Recipe, model: Model) -> Recipe:
    if recipe.sampler is not None:
        return recipe
    return dataclasses.replace(recipe, sampler=recipe.default_sampler(model))  # type: ignore[type-var]


def _to_json(value: Any) -> Any:
    if isinstance(value, Source):
        return value.to_json()
    if dataclasses.is_dataclass(value):
        return {field.name: _to_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {name: _to_json(item) for name, item in value.items()}
    return [_to_json(item) for item in value] if isinstance(value, tuple) else value


def _from_json(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name == "sampler":
        return Sampler(**{key: _from_json(key, item) for key, item in value.items()})
    if name == "level":
        return Level(**value)
    if name in ("picture", "mask"):
        return Source.from_json(value)
    if name == "parts":
        return {
            part: Part(**{key: _from_json(key, field) for key, field in item.items()}) for part, item in value.items()
        }
    return tuple(value) if isinstance(value, list) else value
