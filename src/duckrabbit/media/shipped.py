"""Pictures of the package as picture sources: "photo:tower" is the photograph of a tower."""

import io
from difflib import get_close_matches
from pathlib import Path

from PIL import Image

from duckrabbit.datasets.pictures import SHIPPED_PICTURES
from duckrabbit.errors import UsageError

PREFIXES = ("photo:", "sketch:")


def is_shipped(source: str | Path) -> bool:
    """Whether a source names a picture of the package rather than a file."""
    return str(source).startswith(PREFIXES)


def shipped(source: str) -> Image.Image:
    """The picture that "photo:NAME" or "sketch:NAME" names: mode "RGB", 256×256.

    Raises:
        UsageError: there is none of that name.
    """
    picture = SHIPPED_PICTURES.get(source)
    if picture is None:
        near = get_close_matches(source, SHIPPED_PICTURES, n=1)
        hint = f"did you mean {near[0]}?" if near else f"the pictures are {', '.join(SHIPPED_PICTURES)}."
        raise UsageError(f"The package has no picture {source!r}: {hint}")
    with Image.open(io.BytesIO(picture.path().read_bytes())) as image:
        return image.convert("RGB")
