"""duckrabbit animate"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional

from duckrabbit.cli.options import option

if TYPE_CHECKING:
    from torch import Tensor

    from duckrabbit.illusions.views import View
    from duckrabbit.recipes.recipe import Recipe

FORMATS = ("gif", "webp", "mp4")
SIDE = 294
ROW_SIDE = 280
MOTION_MILLISECONDS = 50
SMALLEST = 1 / 7
ZOOM_FRAMES, STILL_FRAMES = 24, 10


@dataclass(frozen=True)
class Options:
    """Show a picture in motion: an anagram through its views, a hybrid from near and far, others as they came about:
    duckrabbit animate IMAGE.png"""

    image: Positional[Annotated[str, option("IMAGE")]]
    """a PNG that duckrabbit wrote"""
    format: Annotated[str, option("FORMAT")] = "gif"
    """gif, webp or mp4"""
    out: Annotated[str, option("FOLDER")] = "out"
    """the folder to write to; nothing in it is ever overwritten"""
    weights: Annotated[str | None, option("WEIGHTS")] = None
    """where the model's weights are now (by default where they were)"""
    embeddings: Annotated[str | None, option("PATH")] = None
    """where prompts' embeddings are kept (see duckrabbit embed)"""


def run(options: Options) -> int:
    """Write the animation."""
    from duckrabbit.cli.films import FRAME_MILLISECONDS, held, write_film
    from duckrabbit.cli.remember import remembered, remembered_row
    from duckrabbit.errors import UsageError

    if options.format not in FORMATS:
        raise UsageError(f"There is no format {options.format!r}: the formats are {', '.join(FORMATS)}.")
    path = Path(options.image)
    row = remembered_row(path)
    motion = row_frames(_row(path), row.view) if row else motion_frames(remembered(path).recipe, _pixels(path))
    if motion:
        frames, milliseconds = motion, MOTION_MILLISECONDS
    else:
        frames, milliseconds = held(_making(path, options.weights, options.embeddings)), FRAME_MILLISECONDS
    print(write_film(Path(options.out), f"animate-{path.stem}", f".{options.format}", frames, milliseconds))
    return 0


def motion_frames(recipe: "Recipe", picture: "Tensor") -> "list[Tensor]":
    """What an illusion does, as a loop: an anagram goes through its views, a hybrid away and back; none for others."""
    from duckrabbit.recipes.anagram import Anagram
    from duckrabbit.recipes.hybrid import Hybrid

    if isinstance(recipe, Anagram):
        return view_frames(picture, recipe.parsed_views())
    return distance_frames(picture) if isinstance(recipe, Hybrid) else []


def view_frames(picture: "Tensor", views: "Sequence[View]") -> "list[Tensor]":
    """A loop from the picture [C, S, S] through each of its views and back, one view after another."""
    from duckrabbit.illusions.views import Identity, animate, canvas_side

    scale = max(1, SIDE // canvas_side(picture.shape[-1], 1))
    moving = [view for view in views if not isinstance(view, Identity)] or list(views[:1])
    return [frame for view in moving for frame in animate(view, picture, scale=scale)]


def row_frames(strip: "Tensor", view: "View") -> "list[Tensor]":
    """A loop in which a row of digits [C, S, W], in the middle of a dark square [C, W, W], goes through a view."""
    from duckrabbit.cli.films import enlarged

    sharp = enlarged(strip, max(1, ROW_SIDE // strip.shape[2]))
    side = sharp.shape[2]
    square = sharp.new_full((sharp.shape[0], side, side), -1.0)
    top = (side - sharp.shape[1]) // 2
    square[:, top : top + sharp.shape[1]] = sharp
    return view_frames(square, [view])


def distance_frames(picture: "Tensor") -> "list[Tensor]":
    """A loop in which the picture [C, S, S] moves away, rests, and comes back."""
    from duckrabbit.cli.films import enlarged

    near = enlarged(picture, max(1, SIDE // picture.shape[-1]))
    away = [_eased(k / (ZOOM_FRAMES + 1)) for k in range(1, ZOOM_FRAMES + 1)]
    course = [*[0.0] * STILL_FRAMES, *away, *[1.0] * STILL_FRAMES, *reversed(away)]
    shown = {progress: _shrunk(near, SMALLEST**progress) for progress in set(course)}
    return [shown[progress] for progress in course]


def _shrunk(picture: "Tensor", share: float) -> "Tensor":
    """The picture at a share of its side, in the middle of white."""
    import torch.nn.functional as F

    side = picture.shape[-1]
    small = max(2, round(side * share))
    resized = F.interpolate(picture[None], size=(small, small), mode="bilinear", antialias=True)[0]
    frame = picture.new_ones(picture.shape)
    corner = (side - small) // 2
    frame[:, corner : corner + small, corner : corner + small] = resized
    return frame


def _eased(t: float) -> float:
    """At rest at both ends."""
    return t * t * (3 - 2 * t)


def _pixels(path: Path) -> "Tensor":
    """The picture in the file, [C, S, S]."""
    from duckrabbit.errors import UsageError

    picture = _row(path)
    if picture.shape[1] != picture.shape[2]:
        raise UsageError(f"{path} is not as duckrabbit wrote it: give the original file.")
    return picture


def _row(path: Path) -> "Tensor":
    """The picture in the file, [C, S, W]."""
    import numpy as np

    from duckrabbit.errors import UsageError
    from duckrabbit.media.decode import decode
    from duckrabbit.media.pixels import from_uint8

    image = decode(path)
    if image.mode not in ("L", "RGB"):
        raise UsageError(f"{path} is not as duckrabbit wrote it: give the original file.")
    return from_uint8(np.asarray(image))


def _making(path: Path, weights: str | None, embeddings: str | None) -> "list[Tensor]":
    """Make the picture again: before the first step, and after every one."""
    from duckrabbit.cli.remember import made_again, remembered, remembered_model
    from duckrabbit.diffusion.sampling import State
    from duckrabbit.errors import UsageError

    memory = remembered(path)
    frames: list[Tensor] = []

    def watch(state: State) -> None:
        before = [state.x_t] if state.i == 0 else []
        frames.extend(x[memory.row].float().cpu().clamp(-1, 1) for x in [*before, state.x_s])

    made_again(memory, remembered_model(memory, weights, embeddings), watch)
    if not frames:
        raise UsageError(f"{path} was made without a step, so nothing moves: animate a picture of another verb.")
    return frames
