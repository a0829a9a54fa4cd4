"""What the studio takes, typed: every body of a request with its limits, checked and documented by the same types.

A job's `recipe` is the recipe as a picture's metadata holds it (see `recipes.catalogue`), so that the record of any
picture that duckrabbit made is a job to submit. Its types are the recipe's own, within the limits of a server that
anyone may ask.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, reduce
from operator import or_
from types import GenericAlias, NoneType, UnionType
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin, get_type_hints

import msgspec
from msgspec import UNSET, Meta, Struct

from duckrabbit.diffusion.grid import GRIDS
from duckrabbit.diffusion.steps import SOLVERS, VARIANCES
from duckrabbit.diffusion.thresholding import THRESHOLDS
from duckrabbit.making.plan import MAX_JUDGE_SCALE
from duckrabbit.making.record import FORMAT, recipe_of
from duckrabbit.models.model import OWN, SamplerConfig
from duckrabbit.recipes.catalogue import RECIPES, from_json, to_json
from duckrabbit.recipes.hybrid import DECOMPOSITIONS, MAX_NEAR_SCALE, Part
from duckrabbit.recipes.noise import Level
from duckrabbit.recipes.recipe import Recipe
from duckrabbit.recipes.source import Source as KeptSource
from duckrabbit.search.ambigram import Ambigram
from duckrabbit.studio.settings import (
    MAX_CANDIDATES,
    MAX_COUNT,
    MAX_DIGITS,
    MAX_PROMPT,
    MAX_PROMPTS,
    MAX_RESAMPLINGS,
    MAX_SEED,
    MAX_SIDE,
    MAX_SOURCE_CHARACTERS,
    MAX_STEPS,
)
from duckrabbit.studio.tasks import PAGE

Prompt = Annotated[str, Meta(max_length=MAX_PROMPT)]
Name = Annotated[str, Meta(max_length=300)]
View = Annotated[str, Meta(min_length=1, max_length=100)]


class Body(Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a request: an object of these fields and no others."""


# Recipes


class Source(Body, frozen=True):
    """A picture or a mask as POST /api/sources gives it: an 8-bit PNG in base64, at the model's size.

    Attributes:
        name: what it is called.
        png: nothing where the file of a picture was written without it.
        crop: which square of the file it is: a name, or corners X0,Y0,X1,Y1; "" for the centre.
        sha256: of the pixels that were left out.
    """

    name: Name
    png: Annotated[str, Meta(max_length=MAX_SOURCE_CHARACTERS)]
    crop: Annotated[str, Meta(max_length=60)] = ""
    sha256: Annotated[str, Meta(max_length=64)] = ""


_NAMES = {SamplerConfig: "Sampler", Level: "Level", Part: "Part"}
"""What the values in a recipe are called in the document."""

_LIMITS: Mapping[str, Any] = {
    "digits": Annotated[str, Meta(pattern=f"^[0-9]{{1,{MAX_DIGITS}}}$", description="what is read upright")],
    "reads": Annotated[str, Meta(pattern=f"^[0-9]{{1,{MAX_DIGITS}}}$", description="what is read through the view")],
    "view": View,
    "views": Annotated[tuple[View, ...], Meta(min_length=1, max_length=MAX_PROMPTS)],
    "prompts": Annotated[tuple[Prompt, ...], Meta(min_length=2, max_length=MAX_PROMPTS)],
    "sigma": Annotated[float, Meta(ge=0, le=100)],
    "near_scale": Annotated[float, Meta(ge=0, le=MAX_NEAR_SCALE, description="times as much guidance, above 0")],
    "blur_kernel": Annotated[int, Meta(ge=1, le=255, description="odd")],
    "blur_sigma": Annotated[float, Meta(ge=0.1, le=32)],
    "start": Annotated[int, Meta(ge=0, le=MAX_STEPS)],
    "start_level": Annotated[float, Meta(ge=0, le=999)],
    "resamplings": Annotated[int, Meta(ge=1, le=MAX_RESAMPLINGS)],
    "solver": Literal[tuple(SOLVERS)],
    "steps": Annotated[int, Meta(ge=1, le=MAX_STEPS)],
    "grid": Literal[tuple(GRIDS)],
    "variance": Literal[tuple(VARIANCES)],
    "threshold": Literal[(OWN, *THRESHOLDS)],
    "guidance_scale": Annotated[float, Meta(ge=-100, le=100)],
    "guidance_interval": tuple[Annotated[float, Meta(ge=0, le=1)], Annotated[float, Meta(ge=0, le=1)]],
    "mean_guidance_scale": Annotated[float, Meta(ge=-100, le=100)],
    "judge_scale": Annotated[float, Meta(ge=0, le=MAX_JUDGE_SCALE, description="how strongly the judge pulls")],
}
"""The fields of recipes, wherever they are, whose own types allow more than a stranger may ask for."""


_PLAIN: Mapping[Any, Any] = {KeptSource: Source, str: Prompt, int: Annotated[int, Meta(ge=-(2**31), lt=2**31)]}
"""The other fields, by their types."""


@cache
def _body_of(kind: Any) -> type[Struct]:
    """The body that says a recipe, or a value in one: its fields within `_LIMITS`; what has no default is required."""
    hints = get_type_hints(kind, include_extras=True)
    fields: list[Any] = []
    for field in dataclasses.fields(kind):
        limited = _limited(field.name, hints[field.name])
        fields.append((field.name, limited) if field.default is dataclasses.MISSING else (field.name, limited, UNSET))
    return msgspec.defstruct(_NAMES.get(kind, kind.__name__), fields, bases=(Body,), kw_only=True)


def _limited(name: str, kind: Any) -> Any:
    if get_origin(kind) in (Union, UnionType):
        return reduce(or_, (option if option is NoneType else _limited(name, option) for option in get_args(kind)))
    if name in _LIMITS:
        return _LIMITS[name]
    if name == "parts":
        part: Any = Literal[tuple(dict.fromkeys(name for names in DECOMPOSITIONS for name in names))]
        return Annotated[GenericAlias(dict, (part, _body_of(Part))), Meta(min_length=2, max_length=3)]
    if name == "level" and kind is float:
        return _LIMITS["start_level"]
    if kind in _NAMES:
        return _body_of(kind)
    return _PLAIN.get(kind, kind)


# Jobs


class _Job(Body, frozen=True, kw_only=True):
    """Pictures with the seeds seed, seed + 1, …

    Attributes:
        model: a name in the list of models; null for the one that fits.
        seed: of the first picture.
        count: how many.
        among: make so many, and keep the `count` that a judge reads best; null for all.
        size: side of the pictures; null for the model's own.
    """

    model: Name | None = None
    seed: Annotated[int, Meta(ge=0, le=MAX_SEED)] = 0
    count: Annotated[int, Meta(ge=1, le=MAX_COUNT)] = 1
    among: Annotated[int, Meta(ge=1, le=MAX_CANDIDATES)] | None = None
    size: Annotated[int, Meta(ge=8, le=MAX_SIDE)] | None = None


MADE: Mapping[str, type[Recipe]] = {**RECIPES, Ambigram.verb: Ambigram}
"""What jobs make: every recipe, and rows of digits, which are searched for place by place."""

_JOBS = {
    verb: msgspec.defstruct(
        f"{verb.title().replace('-', '')}Job",
        [("recipe", _body_of(cast(Any, kind)))],
        bases=(_Job,),
        kw_only=True,
        tag_field="verb",
        tag=verb,
        frozen=True,
    )
    for verb, kind in MADE.items()
}

JobRequest: Any = reduce(or_, _JOBS.values())
"""What to make, by its verb: a recipe as pictures remember it, with a model, a seed and a count."""


@dataclass(frozen=True)
class Order:
    """A job that can be made.

    Attributes:
        recipe: what.
        model: the model's name; None while it is left to the prompts.
        seed: of the first picture.
        count: how many pictures.
        among: of how many they are the best; None for all.
        size: their side; None for the model's own.
    """

    recipe: Recipe
    model: str | None
    seed: int = 0
    count: int = 1
    among: int | None = None
    size: int | None = None

    @property
    def parts(self) -> Sequence[str]:
        """The names of the recipe's parts, where it has some."""
        return tuple(getattr(self.recipe, "parts", ()))

    @property
    def told(self) -> Sequence[str]:
        """The prompts as the model is told them: a row of digits digit by digit."""
        return tuple("".join(self.recipe.prompts)) if isinstance(self.recipe, Ambigram) else self.recipe.prompts

    @property
    def views(self) -> Sequence[str]:
        """The recipe's views, where it has some."""
        return tuple(getattr(self.recipe, "views", ()))

    def to_json(self) -> dict[str, Any]:
        """As a `JobRequest`, which `order_of` reads."""
        own = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {"verb": self.recipe.verb, **own, "recipe": to_json(self.recipe)}

    def of(self, model: str) -> "Order":
        """The same of another model."""
        return replace(self, model=model)


def order_of(data: Any) -> Order:
    """The order that a `JobRequest`, or its JSON, asks for.

    Raises:
        msgspec.ValidationError: if it is none, or asks for more than the studio gives.
        UsageError: if a picture in it is none.
    """
    asked = msgspec.to_builtins(msgspec.convert(data, JobRequest))
    verb, said = asked.pop("verb"), asked.pop("recipe")
    if verb == Ambigram.verb:
        return Order(from_json(said, Ambigram), **asked)
    return Order(recipe_of({"format": FORMAT, "verb": verb, "recipe": said}), **asked)


# The rest


class Place(Body, frozen=True):
    """Where a job goes: before another that waits, or to the end."""

    before: Annotated[str, Meta(max_length=64)] | None


class Favourite(Body, frozen=True):
    """Whether a picture is a favourite."""

    favourite: bool


class LessonRequest(Body, frozen=True):
    """What a lesson is drawn with: a picture and a mask as POST /api/sources gives them."""

    task: Annotated[str, Meta(pattern=f"^({'|'.join(task.name for task in PAGE.tasks)})$")]
    model: Name
    picture: Source
    mask: Source | None = None
    prompts: Annotated[tuple[Prompt, ...], Meta(max_length=MAX_PROMPTS)] = ()
    views: Annotated[tuple[View, ...], Meta(max_length=MAX_PROMPTS)] = ()


class FindRequest(Body, frozen=True, kw_only=True):
    """What pairs of subjects are looked for; what is null is left open, and each is tried in turn.

    Attributes:
        style: of the prompts.
        view: in which the second subject is read.
        parts: instead of a view the parts of a hybrid, the first subject's and the second's.
        subject: what every pair must have; empty for nothing.
        model: a name in the list of models; null for the usual one.
        seed: of the choice of pairs.
    """

    style: Prompt | None = None
    view: View | None = None
    parts: Annotated[tuple[Name, ...], Meta(min_length=2, max_length=2)] | None = None
    subject: Name = ""
    model: Name | None = None
    seed: Annotated[int, Meta(ge=0, lt=2**31)] = 0


class RunRequest(Body, frozen=True):
    """A training recipe, and what is to be other than it says."""

    recipe: Annotated[str, Meta(max_length=60)]
    epochs: Annotated[int, Meta(ge=1, le=200)]
    examples: Annotated[int, Meta(ge=64, le=60_000)] | None = None
    hidden: Annotated[int, Meta(ge=8, le=128)] | None = None
    batch_size: Annotated[int, Meta(ge=2, le=1024)] | None = None
    seed: Annotated[int, Meta(ge=0, lt=2**31)] | None = None


BODIES: Mapping[str, Any] = {
    "JobRequest": JobRequest,
    **{kind.__name__: kind for kind in (Place, Favourite, LessonRequest, FindRequest, RunRequest)},
}
"""Every body by its name in the document."""


# Answers


class Job(Struct, frozen=True, kw_only=True):
    """A job and how far it is; `pictures` are their ids in the gallery."""

    id: str
    state: Literal["waiting", "making", "done", "cancelled", "failed", "lost"]
    verb: str
    prompts: Sequence[str]
    parts: Sequence[str]
    views: Sequence[str]
    model: str | None
    seed: int
    count: int
    among: int | None
    size: int | None
    step: int
    steps: int
    seconds_left: float | None
    pictures: Sequence[str]
    problem: str | None
    remarks: Sequence[str]


class Problem(Struct, frozen=True):
    """What was wrong, and what to do."""

    problem: str
