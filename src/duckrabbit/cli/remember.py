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
from duckrabbit.media.png import read_metadata
from duckrabbit.models.model import Model
from duckrabbit.recipes.make import Picture, Watch, make
from duckrabbit.recipes.recipe import Recipe
from duckrabbit.recipes.record import recipe_of

MAX_BATCH = 4096


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
        record: all of it, as it stands in the file.
    """

    recipe: Recipe
    seed: int
    model: str
    checksum: str
    batch: int
    row: int
    circumstances: Mapping[str, Any]
    record: Mapping[str, Any] = field(repr=False)

    @property
    def threads(self) -> int:
        """CPU threads it was made with."""
        return int(self.circumstances["threads"])


def remembered(path: Path) -> Memory:
    """The record of a PNG that duckrabbit wrote.

    Raises:
        UsageError: if it has none, or a damaged one.
    """
    record = read_metadata(path)
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
            record=data,
        )
        good = 0 <= memory.row < memory.batch <= MAX_BATCH and 1 <= memory.threads <= MAX_THREADS
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{path} has a damaged record ({error!r}): give the original file.") from error
    if not good:
        raise UsageError(f"{path} has a record with impossible numbers: give the original file.")
    return memory


def remembered_model(memory: Memory) -> Model:
    """The recorded model in the recorded precision, on the recorded kind of device where there is one.

    Raises:
        UsageError: if it is not there.
    """
    import torch

    kind = str(memory.circumstances["device"]).partition(" ")[0]
    device = kind if kind != "cuda" or torch.cuda.is_available() else "cpu"
    dtype = str(memory.circumstances["dtype"])
    return named_model(memory.model, Computing(device=device, precision=dtype, threads=memory.threads))


def made_again(memory: Memory, model: Model, watch: Watch | None = None) -> Picture:
    """The recorded batch, and of it the recorded picture.

    Raises:
        UsageError: if the recipe can't be made with this model, or holds what no recipe holds.
    """
    try:
        memory.recipe.plan(model)
    except UsageError:
        raise
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise UsageError(f"The recipe in this picture is damaged ({error}): give the original file.") from error
    return make(memory.recipe, model, memory.batch, memory.seed - memory.row, watch)[memory.row]
