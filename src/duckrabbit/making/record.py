"""What a picture remembers: its recipe and its circumstances as JSON, and the way back."""

import dataclasses
import platform
from collections.abc import Mapping
from typing import Any

import torch

from duckrabbit.errors import UsageError
from duckrabbit.making.guided_plan import guiding_judge
from duckrabbit.models.model import Model, SamplerConfig
from duckrabbit.recipes.anagram import Anagram
from duckrabbit.recipes.denoise import Denoise
from duckrabbit.recipes.edit import Edit
from duckrabbit.recipes.generate import Generate
from duckrabbit.recipes.hybrid import Hybrid, Part
from duckrabbit.recipes.inpaint import Inpaint
from duckrabbit.recipes.level import Level
from duckrabbit.recipes.noise import Forward
from duckrabbit.recipes.recipe import Recipe, with_sampler
from duckrabbit.recipes.source import Source
from duckrabbit.recipes.upscale import Upscale
from duckrabbit.version import VERSION

FORMAT = 1

RECIPES: Mapping[str, type[Any]] = {
    recipe.verb: recipe for recipe in (Generate, Anagram, Hybrid, Edit, Inpaint, Upscale, Forward, Denoise)
}
"""Every recipe by its verb."""


def record(
    recipe: Recipe,
    model: Model,
    seed: int,
    batch: int,
    row: int,
    size: int | None = None,
    second_sampler: SamplerConfig | None = None,
) -> dict[str, Any]:
    """All that is needed to make the picture again, and what to name where that fails.

    Args:
        recipe: what was made; a sampler left to the model is written out.
        model: what made it.
        seed: of this picture.
        batch: how many pictures with consecutive seeds were sampled together.
        row: the picture's place among them.
        size: the picture's side; None for the model's own.
        second_sampler: as in `make`; what is left to the second stage is written out.
    """
    return {
        "format": FORMAT,
        "verb": recipe.verb,
        "recipe": _to_json(with_sampler(recipe, recipe.sampler or recipe.default_sampler(model))),
        "seed": seed,
        "size": size or model.size,
        **_second_stage(recipe, model, size, second_sampler),
        "model": {"name": model.name, "sha256": model.checksum} | ({"weights": model.weights} if model.weights else {}),
        **_judge(recipe, model),
        "batch": {"size": batch, "row": row},
        "circumstances": circumstances(model),
    }


def _second_stage(recipe: Recipe, model: Model, size: int | None, sampler: SamplerConfig | None) -> dict[str, Any]:
    """What the second stage adds to a record: nothing where it had no part."""
    final = model.at(size)
    if final is model:
        return {}
    used = sampler or recipe.sampler or recipe.default_sampler(final)
    return {"second_stage": {"sampler": _to_json(used), "sha256": final.checksum}}


def _judge(recipe: Recipe, model: Model) -> dict[str, Any]:
    """What judge guidance adds to a record: whose weights pulled."""
    judge = guiding_judge(recipe, model)
    return {} if judge is None else {"judge": {"sha256": judge.checksum}}


def circumstances(model: Model) -> dict[str, Any]:
    """What a pixel may depend on besides the recipe: versions, device, precision, threads."""
    return {
        "duckrabbit": VERSION,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "device": device_name(model.device),
        "dtype": str(model.dtype).removeprefix("torch."),
        "threads": torch.get_num_threads(),
        **({"compiled": True} if model.compiled else {}),
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
        raise UsageError(f"The recipe in this picture is damaged ({error!r}): give the original file.") from error
    return recipe


def second_sampler_of(data: Mapping[str, Any]) -> SamplerConfig | None:
    """The second stage's sampler in a record; None where no second stage had a part.

    Raises:
        UsageError: if it is damaged.
    """
    if "second_stage" not in data:
        return None
    try:
        sampler: SamplerConfig = _from_json("sampler", data["second_stage"]["sampler"])
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise UsageError(f"The recipe in this picture is damaged ({error!r}): give the original file.") from error
    return sampler


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
        return SamplerConfig(**{key: _from_json(key, item) for key, item in value.items()})
    if name == "level":
        return Level(**value)
    if name in ("picture", "mask"):
        return Source.from_json(value)
    if name == "parts":
        return {
            part: Part(**{key: _from_json(key, field) for key, field in item.items()}) for part, item in value.items()
        }
    return tuple(value) if isinstance(value, list) else value
