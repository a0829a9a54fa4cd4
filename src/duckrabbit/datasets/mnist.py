"""MNIST as tensors, and any data set in its format: gzipped idx files under the published names."""

import gzip
import math
import struct
import zlib
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from duckrabbit.errors import UsageError

SIDE = 28
CLASSES = 10
UNSIGNED_BYTE = 0x08
MAX_BYTES = 1 << 28

Split = Literal["train", "test"]

_STEMS = {"train": "train", "test": "t10k"}
"""What the published files' names begin with."""


@dataclass(frozen=True)
class Digits:
    """Labelled pictures: `pictures` uint8 [N, 28, 28] on black (0), `labels` int64 [N] in 0 … 9."""

    pictures: Tensor
    labels: Tensor


def mnist(split: Split, folder: Path | None = None) -> Digits:
    """MNIST's 60,000 pictures to train on, or its 10,000 to test on (LeCun et al., 1998, doi:10.1109/5.726791).

    Args:
        split: "train" or "test".
        folder: a folder with the user's own files of the published names, of MNIST or of a data set like it, such as
            Fashion-MNIST (Xiao et al., 2017, arXiv:1708.07747); None for the packaged files.

    Raises:
        UsageError: a file of `folder` is missing or is not what its name says.
    """
    source = _locate(f"{_STEMS[split]}-images-idx3-ubyte.gz", folder)
    pictures = torch.from_numpy(read_idx(source, dimensions=3))
    labels = torch.from_numpy(read_idx(_locate(f"{_STEMS[split]}-labels-idx1-ubyte.gz", folder), dimensions=1)).long()
    if pictures.shape[1:] != (SIDE, SIDE):
        raise UsageError(
            f"{source} holds pictures of {pictures.shape[1]}×{pictures.shape[2]} pixels where {SIDE}×{SIDE} "
            "were expected: give the folder of a data set in MNIST's format."
        )
    if len(pictures) == 0 or len(pictures) != len(labels) or labels.max() >= CLASSES:
        raise UsageError(
            f"{source} and its labels do not fit: expected as many labels as pictures, at least one, all from "
            f"0 to {CLASSES - 1}, so download both files again."
        )
    return Digits(pictures, labels)


def pictures_to_float(pictures: Tensor) -> Tensor:
    """x / 127.5 − 1: grey levels, uint8 [N, H, W], as networks take them, float32 [N, 1, H, W] in [−1, 1]."""
    return pictures.unsqueeze(1).float().div(127.5).sub(1.0)


def read_idx(file: Traversable, dimensions: int) -> NDArray[np.uint8]:
    """The array of unsigned bytes in a gzipped idx file.

    The header is big-endian: two zero bytes, the type (8: unsigned byte), the number of dimensions, then each
    dimension as 32 bits; the values follow in C order. No more is decompressed than the header promises.

    Args:
        file: a path, or a file inside the package.
        dimensions: how many dimensions the array must have (3 for pictures, 1 for labels).

    Returns:
        A writable uint8 array.

    Raises:
        UsageError: the file is missing, unreadable, truncated, corrupt, too long or of another type.
    """
    try:
        with file.open("rb") as raw, gzip.GzipFile(fileobj=raw) as unpacked:
            return _read_array(unpacked, dimensions)
    except (gzip.BadGzipFile, EOFError, zlib.error, _FormatError) as error:
        raise UsageError(
            f"{file} is not the idx file that was expected ({error}): "
            "delete it and download it again, or put the original in its place."
        ) from error
    except OSError as error:
        raise UsageError(
            f"{file} cannot be read ({error.strerror or error}): "
            "expected a readable gzipped idx file, so check its name and permissions or download it again."
        ) from error


def _locate(name: str, folder: Path | None) -> Traversable:
    """One file: from the user's folder if given, else of the package."""
    if folder is None:
        return files("duckrabbit.datasets") / "files" / "mnist" / name
    if not (folder / name).exists():
        raise UsageError(
            f"{folder} holds no {name}: give the folder with the four gzipped files of a data set in MNIST's format "
            "under their published names, or none to use MNIST."
        )
    return folder / name


class _FormatError(Exception):
    """The decompressed bytes are not the idx file that was asked for."""


def _read_array(unpacked: BinaryIO | gzip.GzipFile, dimensions: int) -> NDArray[np.uint8]:
    header = unpacked.read(4 + 4 * dimensions)
    if header[:4] != bytes([0, 0, UNSIGNED_BYTE, dimensions]):
        raise _FormatError(f"it does not begin as {dimensions}-dimensional unsigned bytes do")
    if len(header) < 4 + 4 * dimensions:
        raise _FormatError("it ends within its header")
    shape = struct.unpack(f">{dimensions}I", header[4:])
    promised = math.prod(shape)
    if promised > MAX_BYTES:
        raise _FormatError(f"its header promises {promised} bytes, more than the {MAX_BYTES} allowed")
    # Asking for one byte more shows what is too long, and makes gzip reach and check its checksum.
    values = unpacked.read(promised + 1)
    if len(values) != promised:
        found = "more" if len(values) > promised else f"{len(values)}"
        raise _FormatError(f"its header promises {promised} bytes and it holds {found}")
    return np.frombuffer(values, dtype=np.uint8).reshape(shape).copy()
