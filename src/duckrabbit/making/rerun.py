"""A recorded picture made again, and the command that makes it."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch

from duckrabbit.errors import UsageError
from duckrabbit.making.choose import Computing, open_named
from duckrabbit.making.make import Picture, make_planned
from duckrabbit.making.paste_back import PASTED
from duckrabbit.making.plan import plan
from duckrabbit.making.record import Record
from duckrabbit.making.sample import Watch
from duckrabbit.making.sampling import OWN_WAY, sampling_of
from duckrabbit.models.load import is_free_in_size
from duckrabbit.models.model import Model
from duckrabbit.recipes.inpaint import Inpaint, drawn_mask, drawn_shape
from duckrabbit.recipes.recipe import Recipe, with_sources
from duckrabbit.recipes.source import Source


def recorded_model(record: Record, weights: str | None = None, embeddings: str | None = None) -> Model:
    """The recorded model in the recorded precision, on the recorded kind of device where there is one.

    Args:
        record: of the picture.
        weights: where the weights are now, if not where they were.
        embeddings: where prompts' embeddings are.

    Raises:
        UsageError: if it is not there.
    """
    kind = str(record.circumstances["device"]).partition(" ")[0]
    device = kind if kind != "cuda" or torch.cuda.is_available() else "cpu"
    computing = Computing(
        device=device,
        precision=str(record.circumstances["dtype"]),
        threads=record.threads,
        weights=weights or record.weights,
        embeddings=embeddings,
        compile=record.compiled and device == "cuda",
        judge=record.judge_name,
    )
    return open_named(record.model, computing, record.size)


def with_files(record: Record, files: Sequence[str], model: Model) -> Record:
    """The record with the pictures that were left out of it read from files, in their order.

    A mask that was drawn is drawn again, and needs no file; a photo that was its own mask is given once.

    Raises:
        UsageError: if there are more or fewer files than pictures were left out, or one holds another picture.
    """
    sources = record.recipe.sources
    if not files and all(source.png for source in sources):
        return record
    missing = [k for k, source in enumerate(sources) if not source.png and drawn_shape(source.name) is None]
    if not missing and files:
        raise UsageError("This picture lacks none of the pictures that it was made from: leave `source` out.")
    if len(files) == 1 and len({sources[k].name for k in missing}) == 1:
        # A photo with a hole is a mask as well.
        files = [*files] * len(missing)
    if len(files) != len(missing):
        absent = tuple(dict.fromkeys(sources[k].name for k in missing))
        lacking = " and ".join(absent)
        was, them = ("was", "it") if len(absent) == 1 else ("were", "them")
        if len(files) > len(missing):
            raise UsageError(
                f"{len(files)} pictures were given with `source`, and only {lacking} {was} left out of the file: give "
                f"{them} and no other."
            )
        raise UsageError(
            f"This picture was made from {lacking}, which {was} left out of the file: give {them} with `source`."
        )
    recipe = record.recipe
    given = dict(zip(missing, files, strict=True))
    for final in (model.at(size) for size in dict.fromkeys((record.size or model.size, *model.sizes))):
        read = [_again(recipe, k, given.get(k), model, final) for k in range(len(sources))]
        whole = with_sources(recipe, read)
        kept = whole.remembered(final).sources
        if all(
            source.digest in (own.digest, hidden.digest)
            for source, own, hidden in zip(sources, read, kept, strict=True)
        ):
            return replace(record, recipe=whole)
    names = " and ".join(files) or "What is drawn"
    raise UsageError(
        f"{names} is not what this picture was made from: its pixels have another checksum, so give "
        f"{' and '.join(sources[k].name for k in missing) or 'the original file'} as it was."
    )


def _again(recipe: Recipe, place: int, file: str | None, model: Model, final: Model) -> Source:
    source = recipe.sources[place]
    if source.png:
        return source
    if file is not None:
        return recipe.reread(place, file, model, final)
    shape, corners = drawn_shape(source.name) or ("", "")
    invert = isinstance(recipe, Inpaint) and recipe.invert_mask
    return Source.of_mask(source.name, drawn_mask(shape, corners, final.size, model.size, invert=invert))


def made_again(record: Record, model: Model, watch: Watch | None = None) -> Picture:
    """The recorded batch, and of it the recorded picture.

    Raises:
        UsageError: if the recipe can't be made with this model.
    """
    planned = plan(record.recipe, model, record.size, record.second_sampler)
    first = record.seed - record.row
    return make_planned([planned] * record.batch, range(first, first + record.batch), watch)[record.row]


def differences(record: Record, now: Mapping[str, Any]) -> list[str]:
    """What is not as it was: the model's files, the judge, and every circumstance; `now` is a new record."""
    model = now["model"]
    found = [f"the file of {model['name']} has changed"] if model["sha256"] != record.checksum else []
    if "second_stage" in now and now["second_stage"]["sha256"] != record.second_checksum:
        found.append(f"the file of {model['name']}'s second stage has changed")
    # Earlier versions said nothing of stages in between.
    if record.between and tuple(now.get("second_stage", {}).get("between", ())) != record.between:
        found.append(f"the file of a stage of {model['name']}'s, between the first and the last, has changed")
    if record.judge is not None and now.get("judge", {}).get("sha256") != record.judge:
        found.append("the judge that pulled the picture has changed")
    for name, value in now["circumstances"].items():
        if record.circumstances.get(name) != value:
            found.append(f"{name} was {record.circumstances.get(name)} and is {value}")
    return found


def spelled(recipe: Recipe) -> list[str] | None:
    """The verb and its words, without model and seed; None where a picture or mask came from no file.

    A mask's file is spelled as it was named, and a sampler in full, but for what has no say in it.
    """
    if any(source.name == "-" for source in recipe.sources):
        return None
    said = OWN_WAY if recipe.sampler is None else sampling_of(recipe.sampler, recipe.sampled_by)
    return [recipe.verb, *recipe.words, *said.words]


def command_for(record: Record) -> str | None:
    """The command line that makes a picture again, exact to the precision; None where no command line says it all."""
    words = spelled(record.recipe)
    # A command line gives both stages one sampler.
    if words is None or record.second_sampler not in (None, record.recipe.sampler):
        return None
    model = ["--model", record.model, *(["--weights", record.weights] if record.weights else [])]
    judge = ["--judge", record.judge_name] if record.judge_name else []
    own_size = record.second_sampler is None and (record.size is None or not is_free_in_size(record.model))
    size = [] if own_size else ["--size", str(record.size)]
    exact = ["--precision", str(record.circumstances["dtype"]), "--threads", str(record.threads)]
    exact += ["--compile"] if record.compiled else []
    exact += ["--paste-back"] if PASTED in record.data else []
    return shlex.join(["duckrabbit", *words, *model, *judge, "--seed", str(record.seed), *size, *exact])
