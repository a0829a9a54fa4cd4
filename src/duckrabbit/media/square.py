"""Any picture file as a square 8-bit picture."""

from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from duckrabbit.errors import UsageError
from duckrabbit.media.decode import decode
from duckrabbit.media.digits import digit, is_digit
from duckrabbit.media.shipped import is_shipped, shipped

WHITE = 255
BLACK = 0


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
    image = decode(source)
    # A damaged EXIF block says nothing about which way is up; the pixels are still good.
    with suppress(Exception):
        image = ImageOps.exif_transpose(image)
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
