"""Read an idx file, the format of MNIST: a magic number, the dimensions, then the bytes, all gzipped."""

import gzip
import math
import struct
import zlib
from importlib.resources.abc import Traversable
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from duckrabbit.errors import UsageError

UNSIGNED_BYTE = 0x08
MAX_BYTES = 1 << 28


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
