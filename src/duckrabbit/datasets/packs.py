"""Packs: zip files of small captioned pictures, `i/K.webp` and `items.json`."""

import io
import json
import os
import zipfile
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from duckrabbit.errors import UsageError


@dataclass(frozen=True)
class Item:
    """What a pack says of one of its pictures.

    Attributes:
        set: the collection it comes from, whose licence it has.
        name: what it shows.
        style: how, as a phrase that a prompt can begin with ("a cartoon of").
        photo: whether it is a whole picture (a photograph or a painting) rather than a subject cut out of one.
    """

    set: str
    name: str
    style: str
    photo: bool


@dataclass(frozen=True)
class Pack:
    """Captioned pictures of one size.

    Attributes:
        items: what each picture is.
        pictures: uint8 [N, 4, S, S], red, green, blue and alpha.
    """

    items: tuple[Item, ...]
    pictures: Tensor = field(repr=False)

    def __len__(self) -> int:
        """How many pictures there are."""
        return len(self.items)


def read_packs(paths: Sequence[Path], size: int) -> Pack:
    """Read and join packs of `size`×`size` pictures.

    Raises:
        UsageError: if a pack is missing, damaged, or of another size.
    """
    packs = [_read(path, size) for path in paths]
    return Pack(sum((pack.items for pack in packs), ()), torch.cat([pack.pictures for pack in packs]))


def _read(path: Path, size: int) -> Pack:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = json.loads(archive.read("items.json"))
            files = [archive.read(f"i/{entry['k']}.webp") for entry in entries]
            # Whole pictures carry the address of their source; cut-out subjects may too, and then have a subgroup.
            items = tuple(Item(e["set"], e["name"], e["style"], photo="src" in e and "sub" not in e) for e in entries)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            pictures = list(pool.map(_decode, files))
        if not pictures:
            raise ValueError("it is empty")
        if any(picture.shape != (size, size, 4) for picture in pictures):
            raise ValueError(f"not all pictures are {size}×{size}")
    except (OSError, KeyError, TypeError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise UsageError(
            f"{path} is no whole pack of {size}×{size} pictures ({error}): make it again with tools/build_packs.py."
        ) from error
    return Pack(items, torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous())


def _decode(file: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(file)) as image:
        return np.asarray(image.convert("RGBA"))
