"""The JSON that the studio takes and gives, as JSON Schemas by name.

A job's `recipe` is the recipe as a picture's metadata holds it (see `recipes.record`), so that the record of any
picture that duckrabbit made is a job to submit; its schema is read off the recipe's own fields.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import MISSING
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from duckrabbit.diffusion.grid import GRIDS
from duckrabbit.diffusion.steps import SOLVERS
from duckrabbit.making.guided_plan import MAX_JUDGE_SCALE
from duckrabbit.making.record import RECIPES
from duckrabbit.models.model import SamplerConfig
from duckrabbit.recipes.hybrid import DECOMPOSITIONS, MAX_NEAR_SCALE, Part
from duckrabbit.recipes.level import Level
from duckrabbit.recipes.source import Source
from duckrabbit.studio.limits import (
    MAX_CANDIDATES,
    MAX_COUNT,
    MAX_PROMPT,
    MAX_PROMPTS,
    MAX_RESAMPLINGS,
    MAX_SEED,
    MAX_SIDE,
    MAX_STEPS,
)

Schema = Mapping[str, Any]

PART_NAMES = tuple(dict.fromkeys(name for names in DECOMPOSITIONS for name in names))
MAX_SOURCE_CHARACTERS = 1_500_000


def ref(name: str) -> Schema:
    """A reference to a schema by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def _object(properties: Mapping[str, Schema], required: tuple[str, ...] = (), says: str = "") -> Schema:
    schema: dict[str, Any] = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    if required:
        schema["required"] = list(required)
    return {**schema, "description": says} if says else schema


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _number(low: float, high: float, says: str = "") -> Schema:
    return {"type": "number", "minimum": low, "maximum": high, **({"description": says} if says else {})}


def _integer(low: int, high: int, says: str = "") -> Schema:
    return {"type": "integer", "minimum": low, "maximum": high, **({"description": says} if says else {})}


def _array(items: Schema, least: int, most: int) -> Schema:
    return {"type": "array", "items": items, "minItems": least, "maxItems": most}


_PROMPT = {"type": "string", "maxLength": MAX_PROMPT}
_NAME = {"type": "string", "maxLength": 300}

_LIMITED: Mapping[str, Schema] = {
    "prompts": _array(_PROMPT, 2, MAX_PROMPTS),
    "views": _array({"type": "string", "minLength": 1, "maxLength": 100}, 1, MAX_PROMPTS),
    "parts": {**_object({name: ref("Part") for name in PART_NAMES}), "minProperties": 2, "maxProperties": 3},
    "sigma": _number(0, 100),
    "near_scale": _number(0, MAX_NEAR_SCALE, "times as much guidance for the finest part, above 0"),
    "blur_sigma": _number(0.1, 32),
    "start": _integer(0, MAX_STEPS),
    "start_level": _number(0, 999),
    "level": _number(0, 999),
    "resamplings": _integer(1, MAX_RESAMPLINGS),
    "solver": {"type": "string", "enum": list(SOLVERS)},
    "steps": _integer(1, MAX_STEPS),
    "grid": {"type": "string", "enum": list(GRIDS)},
    "guidance_scale": _number(-100, 100),
    "guidance_interval": _array(_number(0, 1), 2, 2),
    "mean_guidance_scale": _number(-100, 100),
    "judge_scale": _number(0, MAX_JUDGE_SCALE, "how strongly the judge pulls; 0 is not at all"),
}
"""The fields of recipes whose types say too little of what is taken."""

_PLAIN: Mapping[Any, Schema] = {
    str: _PROMPT,
    int: _integer(-(2**31), 2**31 - 1),
    float: _number(-1e6, 1e6),
    bool: {"type": "boolean"},
    Source: ref("Source"),
    SamplerConfig: ref("Sampler"),
    Level: ref("Level"),
}


def _of_fields(kind: type[Any]) -> Schema:
    """The schema of a frozen dataclass: its fields, by their types and `_LIMITED`; what has no default is required."""
    hints = get_type_hints(kind)
    fields = dataclasses.fields(kind)
    required = tuple(f.name for f in fields if f.default is MISSING and f.default_factory is MISSING)
    return _object({field.name: _of_field(field.name, hints[field.name]) for field in fields}, required)


def _of_field(name: str, kind: Any) -> Schema:
    options = [option for option in get_args(kind) if option is not NoneType]
    if get_origin(kind) in (Union, UnionType) and NoneType in get_args(kind):
        return _or_null(_of_field(name, options[0]))
    if kind in (Source, SamplerConfig, Level):
        return _PLAIN[kind]
    if name in _LIMITED:
        return _LIMITED[name]
    if get_origin(kind) is Literal:
        return {"type": "string", "enum": options}
    if get_origin(kind) is tuple:
        return _array(_of_field("", options[0]), 0, 64)
    return _PLAIN[kind]


_RECIPES: Mapping[str, Schema] = {verb: _of_fields(kind) for verb, kind in RECIPES.items()}
"""The recipes by their verbs."""


def _job_name(verb: str) -> str:
    return f"{verb.title().replace('-', '')}Job"


def _job(verb: str, recipe: Schema) -> Schema:
    return _object(
        {
            "verb": {"type": "string", "enum": [verb]},
            "recipe": recipe,
            "model": _or_null({**_NAME, "description": "a name in the list of models; null for the one that fits"}),
            "seed": _integer(0, MAX_SEED, "of the first picture"),
            "count": _integer(1, MAX_COUNT, "pictures with the seeds seed, seed + 1, …"),
            "among": _or_null(
                _integer(2, MAX_CANDIDATES, "make so many, and keep the `count` that a judge reads best; null for all")
            ),
            "size": _or_null(_integer(8, MAX_SIDE, "side of the pictures; null for the model's own")),
        },
        ("verb", "recipe"),
    )


_JOBS = {_job_name(verb): _job(verb, recipe) for verb, recipe in _RECIPES.items()}

SCHEMAS: Mapping[str, Schema] = {
    "Sampler": {**_of_fields(SamplerConfig), "description": "how to sample; null for the model's own way"},
    "Source": _object(
        {"name": _NAME, "png": {"type": "string", "maxLength": MAX_SOURCE_CHARACTERS}},
        ("name", "png"),
        "a picture or mask as POST /api/sources gives it: an 8-bit PNG in base64 at the model's size",
    ),
    "Level": _of_fields(Level),
    "Part": _of_fields(Part),
    **_JOBS,
    "JobRequest": {
        "description": "what to make: a recipe as pictures remember it, with a model, a seed and a count",
        "oneOf": [ref(name) for name in _JOBS],
        "discriminator": {
            "propertyName": "verb",
            "mapping": {verb: f"#/components/schemas/{_job_name(verb)}" for verb in _RECIPES},
        },
    },
    "Job": {
        "type": "object",
        "required": ["id", "state", "verb", "prompts", "step", "steps", "pictures"],
        "properties": {
            "id": {"type": "string"},
            "state": {"type": "string", "enum": ["waiting", "making", "done", "cancelled", "failed", "lost"]},
            "verb": {"type": "string"},
            "prompts": {"type": "array", "items": {"type": "string"}},
            "views": {"type": "array", "items": {"type": "string"}},
            "model": {"type": "string"},
            "seed": {"type": "integer"},
            "count": {"type": "integer"},
            "among": {"type": ["integer", "null"]},
            "step": {"type": "integer"},
            "steps": {"type": "integer"},
            "seconds_left": {"type": ["number", "null"]},
            "pictures": {"type": "array", "items": {"type": "string"}, "description": "their ids in the gallery"},
            "problem": {"type": ["string", "null"]},
            "remarks": {"type": "array", "items": {"type": "string"}},
        },
    },
    "Place": _object({"before": _or_null({"type": "string", "maxLength": 64})}, ("before",)),
    "Favourite": _object({"favourite": {"type": "boolean"}}, ("favourite",)),
    "LessonRequest": _object(
        {
            "task": {"type": "string", "enum": ["generate", "anagram", "hybrid", "edit", "inpaint", "digits"]},
            "model": _NAME,
            "picture": ref("Source"),
            "mask": _or_null(ref("Source")),
            "prompts": _array(_PROMPT, 0, MAX_PROMPTS),
            "views": _array(_LIMITED["views"]["items"], 0, MAX_PROMPTS),
        },
        ("task", "model", "picture"),
    ),
    "RunRequest": _object(
        {
            "recipe": {"type": "string", "maxLength": 60},
            "epochs": _integer(1, 200),
            "examples": _or_null(_integer(64, 60_000)),
            "hidden": _or_null(_integer(8, 128)),
            "batch_size": _or_null(_integer(2, 1024)),
            "seed": _or_null(_integer(0, 2**31 - 1)),
        },
        ("recipe", "epochs"),
    ),
    "Problem": {
        "type": "object",
        "required": ["problem"],
        "properties": {"problem": {"type": "string", "description": "what was wrong, and what to do"}},
    },
}
"""Every schema by its name."""
