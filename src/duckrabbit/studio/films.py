"""Pictures in motion: an anagram through its views, a hybrid from near and far, others as they came about."""

import base64
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch.nn.functional as F
from torch import Tensor

from duckrabbit.diffusion.sampling import State
from duckrabbit.errors import UsageError
from duckrabbit.illusions.views import Identity, animate, canvas_side
from duckrabbit.making.make import make
from duckrabbit.making.record import FORMAT, recipe_of
from duckrabbit.media.animation import write_animation
from duckrabbit.media.decode import decode
from duckrabbit.media.pixels import from_uint8
from duckrabbit.models.model import Model
from duckrabbit.recipes.anagram import Anagram
from duckrabbit.recipes.hybrid import Hybrid
from duckrabbit.recipes.recipe import Recipe

FORMATS: Mapping[str, str] = {"gif": "image/gif", "webp": "image/webp", "mp4": "video/mp4"}
SIDE = 294
MILLISECONDS = 50
MAKING_MILLISECONDS = 90
HELD_FRAMES = 14
SMALLEST = 1 / 7
ZOOM_FRAMES = 24


def recipe_in(request: Mapping[str, Any]) -> Recipe:
    """The recipe of a job's request."""
    return recipe_of({"format": FORMAT, "verb": request["verb"], "recipe": request["recipe"]})


def moves_by_itself(recipe: Recipe) -> bool:
    """Whether a picture of this recipe is shown by moving it, and not by making it again."""
    return isinstance(recipe, Anagram | Hybrid)


def moving(path: Path, recipe: Recipe, form: str) -> bytes:
    """The animation of an anagram or a hybrid in a file.

    Raises:
        UsageError: if the file can't be read, or there is no encoder.
    """
    picture = from_uint8(np.asarray(decode(path)))
    frames = _through_views(picture, recipe) if isinstance(recipe, Anagram) else _from_afar(picture)
    return _encoded(frames, form, MILLISECONDS)


def making(request: Mapping[str, Any], model: Model, form: str) -> str:
    """Make the picture of a job again, and show how it came about: the animation in base64.

    Raises:
        UsageError: if it can't be made with this model, or there is no encoder.
    """
    frames: list[Tensor] = []

    def watch(state: State) -> None:
        frames.extend(x[0].float().cpu().clamp(-1, 1) for x in ([state.x_t] if state.i == 0 else []) + [state.x_s])

    make(recipe_in(request), model, 1, int(request["seed"]), watch, request.get("size"))
    if not frames:
        raise UsageError("This picture was made without a step, so nothing moves: animate another.")
    widest = max(frame.shape[-1] for frame in frames)
    shown = [_enlarged(frame, max(1, SIDE // widest) * (widest // frame.shape[-1])) for frame in frames]
    content = _encoded([*shown, *[shown[-1]] * HELD_FRAMES], form, MAKING_MILLISECONDS)
    return base64.b64encode(content).decode()


def _through_views(picture: Tensor, recipe: Anagram) -> list[Tensor]:
    """A loop through each view and back."""
    scale = max(1, SIDE // canvas_side(picture.shape[-1], 1))
    views = recipe.parsed_views()
    turning = [view for view in views if not isinstance(view, Identity)] or list(views[:1])
    return [frame for view in turning for frame in animate(view, picture, scale=scale)]


def _from_afar(picture: Tensor) -> list[Tensor]:
    """A loop in which the picture moves away, rests, and comes back."""
    near = _enlarged(picture, max(1, SIDE // picture.shape[-1]))
    away = [t * t * (3 - 2 * t) for t in (k / (ZOOM_FRAMES + 1) for k in range(1, ZOOM_FRAMES + 1))]
    course = [*[0.0] * HELD_FRAMES, *away, *[1.0] * HELD_FRAMES, *reversed(away)]
    shown = {progress: _shrunk(near, SMALLEST**progress) for progress in set(course)}
    return [shown[progress] for progress in course]


def _shrunk(picture: Tensor, share: float) -> Tensor:
    """The picture at a share of its side, in the middle of white."""
    side = picture.shape[-1]
    small = max(2, round(side * share))
    frame = picture.new_ones(picture.shape)
    corner = (side - small) // 2
    resized = F.interpolate(picture[None], size=(small, small), mode="bilinear", antialias=True)[0]
    frame[:, corner : corner + small, corner : corner + small] = resized
    return frame


def _enlarged(picture: Tensor, scale: int) -> Tensor:
    return picture.repeat_interleave(scale, -1).repeat_interleave(scale, -2)


def _encoded(frames: Sequence[Tensor], form: str, milliseconds: int) -> bytes:
    with tempfile.TemporaryDirectory(prefix="duckrabbit-") as folder:
        path = Path(folder) / f"film.{form}"
        write_animation(path, frames, milliseconds)
        return path.read_bytes()
