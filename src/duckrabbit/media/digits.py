"""Digits of MNIST as picture sources: "mnist:test/7" is the test picture of index 7."""

import re
from pathlib import Path
from typing import Literal, cast

from PIL import Image

from duckrabbit.datasets.mnist import mnist
from duckrabbit.errors import UsageError

PREFIX = "mnist:"


def is_digit(source: str | Path) -> bool:
    """Whether a source names a digit rather than a file."""
    return str(source).startswith(PREFIX)


def digit(source: str) -> Image.Image:
    """The digit that "mnist:SPLIT/INDEX" names, SPLIT being train or test: mode "L", 28×28, white on black.

    Raises:
        UsageError: the source is not of that form, or there is no such index.
    """
    found = re.fullmatch(rf"{PREFIX}(train|test)/([0-9]{{1,9}})", source)
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
