"""Pictures in: any file, standard input, a digit of MNIST or a picture of the package, square and as a tensor."""

from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from duckrabbit.errors import UsageError
from duckrabbit.media.decode import decode, upright
from duckrabbit.media.pixels import from_uint8
from duckrabbit.media.shipped import digit, is_digit, is_shipped, shipped

WHITE = 255
BLACK = 0


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


def square_picture(source: str | Path, background: int) -> Image.Image:
    """The largest centred square of a picture, upright, opaque, in 8 bits: mode "L" or "RGB".

    Args:
        source: a path, "-" for standard input, a digit such as "mnist:test/7", or a picture of the package such as
            "photo:tower".
        background: the grey level, 0 … 255, that shows through where the picture is transparent.

    Raises:
        UsageError: as `decode`, `digit` and `shipped` do, or the picture's colours cannot be converted, or it has NaN
            among its pixels.
    """
    if is_digit(source):
        return digit(str(source))
    if is_shipped(source):
        return shipped(str(source))
    image = upright(decode(source))
    if image.mode == "F" and bool(np.isnan(np.asarray(image)).any()):
        raise UsageError(
            f"{source} has pixels that are not a number (NaN): expected grey levels, so mend or export it."
        )
    try:
        return _opaque(_centre(image), background)
    except (ValueError, OSError) as error:
        raise UsageError(
            f"{source} has a kind of colour that cannot be converted ({image.mode}): "
            "expected RGB or grey, so export it as an RGB PNG."
        ) from error


def _centre(image: Image.Image) -> Image.Image:
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side))


def _opaque(image: Image.Image, background: int) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        return _eight_bits(image)
    if image.has_transparency_data:
        ground = Image.new("RGBA", image.size, (background, background, background, 255))
        return Image.alpha_composite(ground, image.convert("RGBA")).convert("RGB")
    return image.convert("L" if image.mode in {"1", "L"} else "RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Deep grey as 8 bits: of the ranges 0 … 1 (fractions only), 255, 65535 and its own, the first that fits."""
    values = np.nan_to_num(np.asarray(image, dtype=np.float64), posinf=0.0, neginf=0.0)
    low, high = min(0.0, float(values.min())), float(values.max())
    ranges = (1.0, 255.0, 65535.0) if image.mode == "F" else (65535.0,)
    white = next((limit for limit in ranges if high <= limit), high)
    return Image.fromarray(np.rint((values - low) / (white - low) * 255).astype(np.uint8))
