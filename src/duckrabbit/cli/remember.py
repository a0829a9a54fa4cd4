"""What a picture remembers of its making, checked, and the same thing made again."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from duckrabbit.cli.options import Computing
from duckrabbit.cli.session import MAX_THREADS, named_model
from duckrabbit.cli.spell import spelt
from duckrabbit.errors import UsageError
from duckrabbit.illusions.views import View, parse_view
from duckrabbit.making.make import Picture, make
from duckrabbit.making.plan import Watch, course_of
from duckrabbit.making.record import recipe_of, second_sampler_of
from duckrabbit.media.png import read_metadata
from duckrabbit.models.model import Model, SamplerConfig
from duckrabbit.recipes.recipe import Recipe

MAX_BATCH = 4096
AMBIGRAM = "ambigram"


@dataclass(frozen=True)
class Memory:
    """A picture's record.

    Attributes:
        recipe: what was made.
        seed: with which seed.
        model: the model's name, and the SHA-256 of its file.
        batch: how many were sampled together.
        row: its place among them.
        circumstances: versions, device, dtype and threads.
        size: its side; None in the record of an earlier version, which had the model's own size alone.
        second_sampler: how the second stage sampled, if one did.
        weights: where the model's weights were, as the user said.
        judge: the checksum of the judge that pulled; None where none did, or the record is of an earlier version.
        record: all of it, as it stands in the file.
    """

    recipe: Recipe
    seed: int
    model: str
    checksum: str
    batch: int
    row: int
    circumstances: Mapping[str, Any]
    size: int | None
    second_sampler: SamplerConfig | None
    weights: str | None
    judge: str | None
    record: Mapping[str, Any] = field(repr=False)

    @property
    def threads(self) -> int:
        """CPU threads it was made with."""
        return int(self.circumstances["threads"])

    @property
    def compiled(self) -> bool:
        """Whether the network's blocks were compiled."""
        return bool(self.circumstances.get("compiled", False))


def remembered(path: Path) -> Memory:
    """The record of a PNG that duckrabbit wrote.

    Raises:
        UsageError: if it has none, or a damaged one.
    """
    record = read_metadata(path)
    if record.get("verb") == AMBIGRAM:
        raise UsageError(f"{path} is a row of digits: rerun, info and animate know it, others want a single picture.")
    return _memory(path, record)


@dataclass(frozen=True)
class Row:
    """The record of an ambigram.

    Attributes:
        view: through which it is read.
        places: its pictures, left to right.
        record: all of it, as it stands in the file.
    """

    view: View
    places: tuple[Memory, ...]
    record: Mapping[str, Any] = field(repr=False)


def remembered_row(path: Path) -> Row | None:
    """The record of an ambigram; None for any other picture.

    Raises:
        UsageError: if it has none, or a damaged one.
    """
    record: Mapping[str, Any] = read_metadata(path)
    if record.get("verb") != AMBIGRAM:
        return None
    places = record.get("places")
    if not isinstance(places, list) or not places or not all(isinstance(own, dict) for own in places):
        raise UsageError(f"{path} has a damaged record (no places): give the original file.")
    return Row(parse_view(str(record.get("view"))), tuple(_memory(path, own) for own in places), record)


def _memory(path: Path, record: Mapping[str, Any]) -> Memory:
    recipe = recipe_of(record)
    try:
        # Spelling it out touches every field: one of a wrong type shows here.
        shlex.join(spelt(recipe) or [])
        data: Mapping[str, Any] = record
        memory = Memory(
            recipe=recipe,
            seed=int(data["seed"]),
            model=str(data["model"]["name"]),
            checksum=str(data["model"]["sha256"]),
            batch=int(data["batch"]["size"]),
            row=int(data["batch"]["row"]),
            circumstances={key: data["circumstances"][key] for key in ("device", "dtype", "threads", "torch")}
            | dict(data["circumstances"]),
            size=None if data.get("size") is None else int(data["size"]),
            second_sampler=second_sampler_of(data),
            weights=None if data["model"].get("weights") is None else str(data["model"]["weights"]),
            judge=None if data.get("judge") is None else str(data["judge"]["sha256"]),
            record=data,
        )
        good = 0 <= memory.row < memory.batch <= MAX_BATCH and 1 <= memory.threads <= MAX_THREADS
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{path} has a damaged record ({error!r}): give the original file.") from error
    if not good:
        raise UsageError(f"{path} has a record with impossible numbers: give the original file.")
    return memory


def remembered_model(memory: Memory, weights: str | None = None, embeddings: str | None = None) -> Model:
    """The recorded model in the recorded precision, on the recorded kind of device where there is one.

    Args:
        memory: the record.
        weights: where the weights are now, if not where they were.
        embeddings: where prompts' embeddings are.

    Raises:
        UsageError: if it is not there.
    """
    import torch

    kind = str(memory.circumstances["device"]).partition(" ")[0]
    device = kind if kind != "cuda" or torch.cuda.is_available() else "cpu"
    dtype = str(memory.circumstances["dtype"])
    computing = Computing(
        device=device,
        precision=dtype,
        threads=memory.threads,
        weights=weights or memory.weights,
        embeddings=embeddings,
        compile=memory.compiled and device == "cuda",
    )
    return named_model(memory.model, computing, memory.size)


def made_again(memory: Memory, model: Model, watch: Watch | None = None) -> Picture:
    """The recorded batch, and of it the recorded picture.

    Raises:
        UsageError: if the recipe can't be made with this model, or holds what no recipe holds.
    """
    try:
        course_of(memory.recipe, model, memory.size, memory.second_sampler)
    except UsageError:
        raise
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise UsageError(f"The recipe in this picture is damaged ({error}): give the original file.") from error
    first = memory.seed - memory.row
    made = make(memory.recipe, model, memory.batch, first, watch, memory.size, memory.second_sampler)
    return made[memory.row]
