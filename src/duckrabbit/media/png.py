"""PNG files that remember how they were made."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from PIL import Image
from PIL.PngImagePlugin import PngImageFile, PngInfo
from torch import Tensor

from duckrabbit.errors import UsageError
from duckrabbit.media.atomic import atomic_write
from duckrabbit.media.decode import decode
from duckrabbit.media.pixels import to_uint8

JSON: TypeAlias = "bool | int | float | str | Sequence[JSON] | Mapping[str, JSON] | None"

KEY = "duckrabbit"
COMPRESS_ABOVE = 1_000
MAX_CHARACTERS = 500_000


def write_png(path: Path, picture: Tensor, metadata: Mapping[str, JSON]) -> None:
    """An 8-bit PNG with `metadata` as JSON in an iTXt chunk named "duckrabbit", written whole or not at all.

    Args:
        path: replaced if it exists; take a fresh name from `new_file` or `unused_path`.
        picture: float [1, H, W] or [3, H, W] in [−1, 1].
        metadata: what `read_metadata` will give back.

    Raises:
        UsageError: the file cannot be written.
        ValueError: the picture has another shape or a NaN, or the metadata is too long or not JSON (NaN, infinity).
        TypeError: the metadata holds something JSON has no word for.
    """
    text = json.dumps(metadata, allow_nan=False)
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"the metadata has {len(text)} characters, more than {MAX_CHARACTERS}")
    info = PngInfo()
    info.add_itxt(KEY, text, zip=len(text) > COMPRESS_ABOVE)
    image = Image.fromarray(to_uint8(picture))
    with atomic_write(path) as temporary:
        image.save(temporary, format="PNG", pnginfo=info)


def read_metadata(path: Path) -> dict[str, JSON]:
    """What `write_png` put into a PNG.

    Raises:
        UsageError: the file is not a readable PNG, or it holds no metadata of duckrabbit's.
    """
    image = decode(path)
    if not isinstance(image, PngImageFile):
        raise UsageError(f"{path} is not a PNG: expected a PNG made by duckrabbit, so give the original file.")
    text = image.text.get(KEY)
    if text is None:
        raise UsageError(
            f"{path} does not say how it was made: expected a PNG made by duckrabbit and not edited or "
            "converted since, so give the original file."
        )
    try:
        metadata = json.loads(text) if len(text) <= MAX_CHARACTERS else None
    except (ValueError, RecursionError):
        metadata = None
    if not isinstance(metadata, dict):
        raise UsageError(
            f"{path} has a damaged record of how it was made: expected the JSON that duckrabbit wrote, "
            "so give the original file."
        )
    return metadata
