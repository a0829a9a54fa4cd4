"""duckrabbit animate"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional

from duckrabbit.cli.options import option

if TYPE_CHECKING:
    from torch import Tensor

FORMATS = ("gif", "webp", "mp4")


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
    from duckrabbit.cli.display import print_as_named
    from duckrabbit.cli.produce import check_folder
    from duckrabbit.cli.sheets import write_film, write_loop
    from duckrabbit.errors import UsageError
    from duckrabbit.making.record import recorded_row
    from duckrabbit.search.ambigram import row_frames

    if options.format not in FORMATS:
        raise UsageError(f"There is no format {options.format!r}: the formats are {', '.join(FORMATS)}.")
    check_folder(options.out)
    path, suffix = Path(options.image), f".{options.format}"
    row = recorded_row(path)
    motion = row_frames(_strip(path), row.view) if row else _motion(path)
    if motion:
        print_as_named(write_loop(Path(options.out), f"animate-{path.stem}", motion, suffix))
    else:
        frames = _making(path, options.weights, options.embeddings)
        print_as_named(write_film(Path(options.out), f"animate-{path.stem}", frames, suffix=suffix))
    return 0


def _motion(path: Path) -> "list[Tensor]":
    """What the picture of an illusion does; nothing for others, and for what is part of a whole photo."""
    from duckrabbit.making.paste_back import PASTED
    from duckrabbit.making.record import recorded

    record = recorded(path)
    return [] if PASTED in record.data else record.recipe.motion(_square(path))


def _square(path: Path) -> "Tensor":
    """The picture in the file, [C, S, S]."""
    from duckrabbit.errors import UsageError

    picture = _strip(path)
    if picture.shape[1] != picture.shape[2]:
        raise UsageError(f"{path} is not as duckrabbit wrote it: give the original file.")
    return picture


def _strip(path: Path) -> "Tensor":
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
    from duckrabbit.errors import UsageError
    from duckrabbit.making.films import Film
    from duckrabbit.making.record import recorded
    from duckrabbit.making.rerun import made_again, recorded_model

    record = recorded(path)
    film = Film(rows=[record.row])
    made_again(record, recorded_model(record, weights, embeddings), film)
    if not film.frames:
        raise UsageError(f"{path} was made without a step, so nothing moves: animate a picture of another verb.")
    return film.frames
