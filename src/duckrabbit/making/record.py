"""What a picture remembers: its recipe and its circumstances as JSON, and the way back."""

import hashlib
import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import torch

from duckrabbit.errors import UsageError
from duckrabbit.illusions.views import View, parse_view
from duckrabbit.making.choose import MAX_THREADS
from duckrabbit.making.plan import Planned
from duckrabbit.media.png import JSON, in_every_mapping, read_metadata, rewritten
from duckrabbit.models.model import SamplerConfig
from duckrabbit.recipes.catalogue import RECIPES, from_json, recipe_from_json, to_json
from duckrabbit.recipes.recipe import Recipe, with_sampler
from duckrabbit.recipes.source import Source, name_of
from duckrabbit.version import VERSION

FORMAT = 1
MAX_BATCH = 4096
AMBIGRAM = "ambigram"


def record(planned: Planned, seed: int, batch: int, row: int) -> dict[str, Any]:
    """All that is needed to make a picture again, and what to name where that fails.

    Args:
        planned: what was made; a sampler left to the model is written out.
        seed: of this picture.
        batch: how many pictures with consecutive seeds were sampled together.
        row: the picture's place among them.
    """
    whole = _whole(planned, seed, batch, row)
    return whole if planned.keeps_sources else for_others(whole)


def _whole(planned: Planned, seed: int, batch: int, row: int) -> dict[str, Any]:
    model, final, judge = planned.model, planned.final, planned.judge
    named = {"name": model.judge} if model.judge else {}
    second = {"sampler": to_json(planned.second_sampler), "sha256": final.checksum}
    if between := [stage.model.checksum for stage in planned.stages[1:-1]]:
        second["between"] = between
    return {
        "format": FORMAT,
        "verb": planned.recipe.verb,
        "recipe": to_json(with_sampler(planned.recipe.remembered(final), planned.sampler)),
        "seed": seed,
        "size": planned.size or model.size,
        **({} if final is model else {"second_stage": second}),
        "model": {"name": model.name, "sha256": model.checksum} | ({"weights": model.weights} if model.weights else {}),
        **({} if judge is None else {"judge": {"sha256": judge.checksum} | named}),
        "batch": {"size": batch, "row": row},
        "circumstances": {
            "duckrabbit": VERSION,
            "torch": torch.__version__,
            "python": platform.python_version(),
            "device": device_name(model.device),
            "dtype": str(model.dtype).removeprefix("torch."),
            "threads": torch.get_num_threads(),
            **({"compiled": True} if model.compiled else {}),
        },
    }


def device_name(device: torch.device) -> str:
    """The device type, and on a GPU which."""
    return f"cuda ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else device.type


def for_others(data: Mapping[str, Any]) -> dict[str, Any]:
    """A record without the pictures in it, by whose digests others are told from them, and without anybody's paths."""

    def left_out(found: Mapping[str, JSON]) -> Mapping[str, JSON]:
        if "png" in found and "name" in found:
            return {**found, "name": name_of(str(found["name"])), "png": "", "sha256": _digest_of(found)}
        return {name: _bare(value) if name in ("name", "weights") else value for name, value in found.items()}

    return dict(cast(Mapping[str, Any], in_every_mapping(data, left_out)))


def content_for_others(path: Path) -> bytes:
    """A PNG's bytes to give away: what is seen as it is, and its record as `for_others` leaves it.

    Raises:
        UsageError: if it has no record.
        OSError: if it is not there any more.
    """
    return rewritten(path.read_bytes(), for_others(read_metadata(path)))


def _digest_of(found: Mapping[str, JSON]) -> str:
    try:
        return from_json(found, Source).digest
    # A damaged picture has no digest, and none is like it.
    except (ValueError, OSError):
        return hashlib.sha256(str(found.get("png")).encode()).hexdigest()


def _bare(value: JSON) -> JSON:
    """Of paths the last part alone; ids on a hub, which are OWNER/NAME, stay."""
    if not isinstance(value, str):
        return value
    places = value.split(",")
    return ",".join(place if re.fullmatch(r"[\w.-]*\w(/[\w.-]+)?", place) else Path(place).name for place in places)


@dataclass(frozen=True)
class Record:
    """A picture's record, read.

    Attributes:
        recipe: what was made.
        seed: with which seed.
        model: the model's name.
        checksum: the SHA-256 of the model's file.
        batch: how many were sampled together.
        row: its place among them.
        circumstances: versions, device, dtype and threads.
        size: its side; None in the record of an earlier version, which had the model's own size alone.
        second_sampler: how the second stage sampled, if one did.
        second_checksum: the SHA-256 of the last stage's file, if there was more than one.
        between: those of the stages between the first and the last, which sample in their own ways.
        weights: where the model's weights were, as the user said.
        judge: the checksum of the judge that guided; None where none did, or the record is of an earlier version.
        judge_name: the folder or hub id of that judge; None for a shipped one.
        data: all of it, as it stands in the file.
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
    second_checksum: str | None
    between: tuple[str, ...]
    weights: str | None
    judge: str | None
    judge_name: str | None
    data: Mapping[str, Any] = field(repr=False)

    @property
    def threads(self) -> int:
        """CPU threads it was made with."""
        return int(self.circumstances["threads"])

    @property
    def compiled(self) -> bool:
        """Whether the network's blocks were compiled."""
        return bool(self.circumstances.get("compiled", False))


def recipe_of(data: Mapping[str, Any]) -> Recipe:
    """The recipe in a record.

    Raises:
        UsageError: if the record is of another version, or damaged.
    """
    if data.get("format") != FORMAT or str(data.get("verb")) not in RECIPES:
        raise UsageError("The recipe in this picture is of another version of duckrabbit: update it, then try again.")
    try:
        return recipe_from_json(str(data["verb"]), data["recipe"])
    except UsageError:
        raise
    except (ValueError, KeyError) as error:
        raise _damaged("The recipe in this picture is damaged", error) from error


def recorded(path: Path) -> Record:
    """The record of a PNG that duckrabbit wrote.

    Raises:
        UsageError: if it has none, or a damaged one.
    """
    data = read_metadata(path)
    if data.get("verb") == AMBIGRAM:
        known = "rerun, info, animate and export --to page"
        raise UsageError(f"{path} is a row of digits: {known} know it, others want a single picture.")
    return read_record(path, data)


@dataclass(frozen=True)
class Row:
    """The record of an ambigram.

    Attributes:
        view: through which it is read.
        places: its pictures, left to right.
        data: all of it, as it stands in the file.
    """

    view: View
    places: tuple[Record, ...]
    data: Mapping[str, Any] = field(repr=False)


def recorded_row(path: Path) -> Row | None:
    """The record of an ambigram; None for any other picture.

    Raises:
        UsageError: if it has none, or a damaged one.
    """
    data: Mapping[str, Any] = read_metadata(path)
    if data.get("verb") != AMBIGRAM:
        return None
    places = data.get("places")
    if not isinstance(places, list) or not places or not all(isinstance(place, dict) for place in places):
        raise UsageError(f"{path} has a damaged record (no places): give the original file.")
    return Row(parse_view(str(data.get("view"))), tuple(read_record(path, place) for place in places), data)


def read_record(path: Path, data: Mapping[str, Any]) -> Record:
    """A record as it stands in a file, read.

    Raises:
        UsageError: if it is of another version, or damaged.
    """
    recipe = recipe_of(data)
    try:
        model, batch, second, judge = data["model"], data["batch"], data.get("second_stage"), data.get("judge")
        record = Record(
            recipe=recipe,
            seed=int(data["seed"]),
            model=str(model["name"]),
            checksum=str(model["sha256"]),
            batch=int(batch["size"]),
            row=int(batch["row"]),
            circumstances={key: data["circumstances"][key] for key in ("device", "dtype", "threads", "torch")}
            | dict(data["circumstances"]),
            size=None if data.get("size") is None else int(data["size"]),
            second_sampler=None if second is None else from_json(second["sampler"], SamplerConfig),
            second_checksum=None if second is None else str(second.get("sha256")),
            between=() if second is None else tuple(map(str, second.get("between", ()))),
            weights=None if model.get("weights") is None else str(model["weights"]),
            judge=None if judge is None else str(judge["sha256"]),
            judge_name=None if judge is None or judge.get("name") is None else str(judge["name"]),
            data=data,
        )
        good = 0 <= record.row < record.batch <= MAX_BATCH and 1 <= record.threads <= MAX_THREADS
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _damaged(f"{path} has a damaged record", error) from error
    if not good:
        raise UsageError(f"{path} has a record with impossible numbers: give the original file.")
    return record


def _damaged(what: str, error: Exception) -> UsageError:
    reason = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
    return UsageError(f"{what} ({reason}): give the original file.")
