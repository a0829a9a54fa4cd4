"""Pictures in: any file, standard input or a digit of MNIST, as a tensor."""

from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from duckrabbit.media.pixels import from_uint8
from duckrabbit.media.square import WHITE, square_picture


def read_picture(source: str | Path, size: int, channels: int) -> Tensor:
    """A picture at the size and with the channels that a model takes.

    It is turned upright (EXIF), laid on white where transparent, cropped to its centred square and resized by a
    Lanczos filter; of an animation the first frame is taken, 16 bits become 8, colour becomes grey (ITU-R 601)
    where one channel is asked for.

    Args:
        source: a path in any format that Pillow reads, "-" for standard input, a digit as "mnist:test/7", or a picture
            of the package as "photo:tower".
        size: the side in pixels.
        channels: 1 or 3.

    Returns:
        float32 [channels, size, size] in [−1, 1].

    Raises:
        UsageError: there is no such picture, or it is empty, damaged, too large or in no known format.
        ValueError: channels is neither 1 nor 3.
    """
    if channels not in {1, 3}:
        raise ValueError(f"expected 1 or 3 channels, got {channels}")
    square = square_picture(source, WHITE).convert("L" if channels == 1 else "RGB")
    # The gap lets Pillow shrink huge pictures by whole factors first: no difference is seen.
    resized = square.resize((size, size), Image.Resampling.LANCZOS, reducing_gap=3.0)
    return from_uint8(np.asarray(resized))
