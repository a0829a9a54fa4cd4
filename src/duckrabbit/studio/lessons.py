"""How it works, shown with a person's own picture: what noise does to it, and what the model makes of that."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec
import torch
from torch import Tensor

from duckrabbit.diffusion.path import time_of_level
from duckrabbit.errors import UsageError
from duckrabbit.illusions.bands import hybrid_bands
from duckrabbit.illusions.views import parse_view
from duckrabbit.making.make import make
from duckrabbit.models.model import Model
from duckrabbit.recipes.catalogue import from_json
from duckrabbit.recipes.denoise import Denoise
from duckrabbit.recipes.noise import Forward, Level
from duckrabbit.recipes.source import Source
from duckrabbit.studio import bodies
from duckrabbit.studio.bodies import LessonRequest
from duckrabbit.studio.previews import still

LEVELS = (100, 300, 500, 700, 850, 999)
GUIDANCE = (0.0, 1.0, 3.0, 5.0, 9.0)
GUIDED_LEVEL = 800
LOOK_LEVEL = 650
SEED = 7


def lesson(request: LessonRequest, model: Model) -> dict[str, Any]:
    """The pictures of a task's lesson: rows of [{"label", "picture"}].

    Raises:
        UsageError: if the picture is not of the model's size, or a prompt can't be understood.
    """
    source = _source(request.picture)
    prompts = [prompt for prompt in request.prompts if _understood(prompt, model)]
    prompt = prompts[0] if prompts else None
    rows = [_row("noise", _noised(source, model)), _row("estimates", _estimated(source, prompt, model))]
    if model.conditional and prompt:
        rows.append(_row("guidance", _guided(source, prompt, model)))
    if request.task == "anagram" and len(prompts) > 1 and request.views:
        rows.append(_row("views", _viewed(source, prompts, request.views, model)))
    if request.task == "hybrid":
        rows.append(_row("bands", _parted(source, model)))
    if request.task == "inpaint" and request.mask is not None:
        rows.append(_row("known", _known(source, _source(request.mask), model)))
    return {"rows": rows}


def _source(given: bodies.Source) -> Source:
    """A picture of a request.

    Raises:
        UsageError: if it is none.
    """
    try:
        source = from_json(msgspec.to_builtins(given), Source)
    except ValueError as error:
        raise UsageError(f"The picture of the lesson is damaged ({error}): give the original file.") from error
    source.check()
    return source


def _row(name: str, pictures: Sequence[tuple[str, Tensor]]) -> dict[str, Any]:
    return {"name": name, "pictures": [{"label": label, "picture": still(pixels)} for label, pixels in pictures]}


def _understood(prompt: str, model: Model) -> bool:
    try:
        model.check_prompt(prompt)
    except UsageError:
        return False
    return bool(prompt)


def _noised(source: Source, model: Model) -> list[tuple[str, Tensor]]:
    """The forward process."""
    made = [make(Forward(source, Level(level)), model, seed=SEED)[0].pixels for level in LEVELS]
    return [("clean", source.pixels(model)), *((f"level {n}", x) for n, x in zip(LEVELS, made, strict=True))]


def _estimated(source: Source, prompt: str | None, model: Model) -> list[tuple[str, Tensor]]:
    """What the model believes is behind the noise, in one look."""
    plain = replace(model.sampler, guidance_scale=1.0)
    return [
        (
            f"from {n}",
            make(Denoise(source, Level(n), "one-step", prompt, sampler=plain), model, seed=SEED)[0].pixels,
        )
        for n in LEVELS
    ]


def _guided(source: Source, prompt: str, model: Model) -> list[tuple[str, Tensor]]:
    """The same look, led by the prompt more and more."""
    rows = []
    for scale in GUIDANCE:
        sampler = replace(model.sampler, guidance_scale=scale, guidance_interval=(0.0, 1.0))
        recipe = Denoise(source, Level(GUIDED_LEVEL), "one-step", prompt, sampler=sampler)
        name = {0.0: "no prompt", 1.0: "prompt alone"}.get(scale, f"guidance {scale:g}")
        rows.append((name, make(recipe, model, seed=SEED)[0].pixels))
    return rows


def _viewed(source: Source, prompts: Sequence[str], names: Sequence[str], model: Model) -> list[tuple[str, Tensor]]:
    """One noisy picture, looked at through each view, and the looks turned back and averaged."""
    views = [parse_view(name) for name in (("identity", *names) if len(names) == len(prompts) - 1 else names)]
    noisy = make(Forward(source, Level(LOOK_LEVEL)), model, seed=SEED)[0].pixels.to(model.device)
    t = time_of_level(LOOK_LEVEL)
    rows: list[tuple[str, Tensor]] = [("noisy", noisy)]
    backs = []
    for view, prompt in zip(views, prompts, strict=False):
        seen = model.denoiser(view(noisy)[None], t, [prompt]).x0[0].float()
        rows.append((f"{view.name}: {prompt}", seen))
        backs.append(view.inverse(seen))
    return [*rows, ("turned back, averaged", torch.stack(backs).mean(0))]


def _parted(source: Source, model: Model) -> list[tuple[str, Tensor]]:
    """The picture's far and near parts."""
    picture = source.pixels(model)
    far, near = hybrid_bands()
    return [("whole", picture), ("far part", far(picture[None])[0]), ("near part", near(picture[None])[0])]


def _known(source: Source, mask: Source, model: Model) -> list[tuple[str, Tensor]]:
    """What is put back around the hole after each step: the picture itself, as noisy as the rest."""
    hole = mask.mask(model)
    rows = []
    for level in (*reversed(LEVELS[1:5]), 0):
        known = make(Forward(source, Level(level)), model, seed=SEED)[0].pixels.to(model.device)
        rows.append((f"level {level}", known * (1 - hole)))
    return rows
