"""Pictures of the package as picture sources.

mnist:test/7 is the digit of index 7 that MNIST tests on; photo:NAME is a photograph, one of them of a painting, and
sketch:NAME a sketch drawn with a mouse, all 256×256.
"""

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType
from typing import Literal, cast

from PIL import Image

from duckrabbit.datasets.mnist import mnist
from duckrabbit.errors import UsageError

DIGIT_PREFIX = "mnist:"
PICTURE_PREFIXES = ("photo:", "sketch:")


def is_digit(source: str | Path) -> bool:
    """Whether a source names a digit rather than a file."""
    return str(source).startswith(DIGIT_PREFIX)


def digit(source: str) -> Image.Image:
    """The digit that "mnist:SPLIT/INDEX" names, SPLIT being train or test: mode "L", 28×28, white on black.

    Raises:
        UsageError: the source is not of that form, or there is no such index.
    """
    found = re.fullmatch(rf"{DIGIT_PREFIX}(train|test)/([0-9]{{1,9}})", source)
    if found is None:
        raise UsageError(
            f"{source} is no digit of MNIST: expected mnist:test/INDEX or mnist:train/INDEX, such as mnist:test/7."
        )
    pictures = mnist(cast(Literal["train", "test"], found[1])).pictures
    index = int(found[2])
    if index >= len(pictures):
        raise UsageError(
            f"{source} does not exist: expected an index from 0 to {len(pictures) - 1}, so choose one of these."
        )
    return Image.fromarray(pictures[index].numpy())


@dataclass(frozen=True)
class ShippedPicture:
    """A picture of the package.

    Attributes:
        what: what it shows, in a few words.
        folder: below `datasets/files`.
        file: in that folder.
    """

    what: str
    folder: str
    file: str

    def path(self) -> Traversable:
        """Where it is; its bytes are a JPEG or a PNG."""
        return files("duckrabbit.datasets") / "files" / self.folder / self.file


def _photo(name: str, what: str) -> tuple[str, ShippedPicture]:
    return f"photo:{name}", ShippedPicture(what, "photos", f"{name}.jpg")


def _sketch(name: str, what: str) -> tuple[str, ShippedPicture]:
    return f"sketch:{name}", ShippedPicture(what, "sketches", f"{name}.png")


SHIPPED_PICTURES: Mapping[str, ShippedPicture] = MappingProxyType(
    dict(
        (
            _photo("tower", "a clock tower against clouds"),
            _photo("chelsea", "the face of a cat"),
            _photo("mountain", "a mountain lake"),
            _photo("astronaut", "a portrait of an astronaut"),
            _photo("coffee", "a cup of coffee"),
            _photo("rocket", "a rocket on its pad at dusk"),
            _photo("waterfall", "a wide waterfall and a boat"),
            _photo("chapel", "a stone chapel"),
            _photo("village-in-snow", "Monet's painting of a village in the snow"),
            _sketch("house", "a sketch of a house, a tree and the sun"),
            _sketch("rocket", "a sketch of a rocket"),
            _sketch("boat", "a sketch of a sailing boat"),
        )
    )
)
"""Every picture by its name: photo:NAME or sketch:NAME."""


def is_shipped(source: str | Path) -> bool:
    """Whether a source names a picture of the package rather than a file."""
    return str(source).startswith(PICTURE_PREFIXES)


def is_of_package(source: str | Path) -> bool:
    """Whether a source names a digit or a picture of the package rather than a file."""
    return is_digit(source) or is_shipped(source)


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
