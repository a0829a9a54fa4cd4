"""Pictures for the eye, as bytes or as text for a line of JSON: what is forming, stills, and pictures in motion."""

import base64
import io
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor
from torch.nn.functional import avg_pool2d

from duckrabbit.errors import UsageError
from duckrabbit.making.films import FRAME_MILLISECONDS, MOTION_MILLISECONDS, Film, held, in_one_size, tiled
from duckrabbit.making.make import make
from duckrabbit.media.animation import write_animation
from duckrabbit.media.decode import decode
from duckrabbit.media.pixels import from_uint8, to_uint8
from duckrabbit.models.model import Model
from duckrabbit.recipes.recipe import Recipe
from duckrabbit.studio.bodies import Order

LARGEST = 128
QUALITY = 82

FORMATS: Mapping[str, str] = {"gif": "image/gif", "webp": "image/webp", "mp4": "video/mp4"}
"""What a film can be, and its media type."""


def preview(pictures: Tensor) -> dict[str, Any]:
    """Pictures [B, C, S, S] side by side as a JPEG, shrunk where they are large."""
    shrink = max(1, pictures.shape[-1] // LARGEST)
    small = avg_pool2d(pictures.float(), shrink) if shrink > 1 else pictures
    strip = Image.fromarray(to_uint8(tiled(small, len(small))))
    file = io.BytesIO()
    strip.save(file, "JPEG", quality=QUALITY)
    return {"count": len(pictures), "jpeg": base64.b64encode(file.getvalue()).decode()}


def still(picture: Tensor) -> str:
    """One picture [C, S, S] as the address of a PNG that holds itself."""
    file = io.BytesIO()
    Image.fromarray(to_uint8(picture.float().clamp(-1, 1))).save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def motion_film(path: Path, recipe: Recipe, form: str) -> bytes | None:
    """What the picture of an illusion in a file does, as a film; None for one that is best shown being made.

    Raises:
        UsageError: if the file can't be read, or there is no encoder.
    """
    frames = recipe.motion(from_uint8(np.asarray(decode(path))))
    return _encoded(frames, form, MOTION_MILLISECONDS) if frames else None


def making_film(order: Order, model: Model, form: str) -> str:
    """Make a picture again, and show how it came about: a film in base64.

    Raises:
        UsageError: if it can't be made with this model, or there is no encoder.
    """
    film = Film()
    make(order.recipe, model, 1, order.seed, film, order.size)
    if not film.frames:
        raise UsageError("This picture was made without a step, so nothing moves: animate another.")
    return base64.b64encode(_encoded(held(in_one_size(film.frames)), form, FRAME_MILLISECONDS)).decode()


def _encoded(frames: Sequence[Tensor], form: str, milliseconds: int) -> bytes:
    with tempfile.TemporaryDirectory(prefix="duckrabbit-") as folder:
        path = Path(folder) / f"film.{form}"
        write_animation(path, frames, milliseconds)
        return path.read_bytes()
