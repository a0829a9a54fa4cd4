"""Pictures in: any file, standard input, a digit of MNIST or a picture of the package, square and as a tensor."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms
from torch import Tensor

from duckrabbit.errors import UsageError
from duckrabbit.media.crop import CENTRE, Crop, Window, filled, seen_in
from duckrabbit.media.decode import decode, upright
from duckrabbit.media.pixels import from_uint8
from duckrabbit.media.shipped import digit, is_digit, is_of_package, shipped

WHITE = 255

Say = Callable[[str], None]
"""Told a sentence about how a file was understood, where there is a choice."""


def silent(sentence: str) -> None:
    """Say nothing."""


def read_picture(source: str | Path, size: int, channels: int, say: Say = silent, crop: Crop = CENTRE) -> Tensor:
    """A picture at the size and with the channels that a model takes.

    It is turned upright (EXIF), converted from its colour profile to sRGB, laid on white where transparent, cropped to
    a square and resized by a Lanczos filter; of an animation the first frame is taken, 16 bits become 8, colour becomes
    grey (ITU-R 601) where one channel is asked for.

    Args:
        source: a path in any format that Pillow reads, "-" for standard input, a digit as "mnist:test/7", or a picture
            of the package as "photo:tower".
        size: the side in pixels.
        channels: 1 or 3.
        say: told how deep data was understood, what was cropped, and that a file was shrunk.
        crop: which square of it.

    Returns:
        float32 [channels, size, size] in [−1, 1].

    Raises:
        UsageError: there is no such picture, or it is empty, damaged, too large or in no known format.
        ValueError: channels is neither 1 nor 3.
    """
    if channels not in {1, 3}:
        raise ValueError(f"expected 1 or 3 channels, got {channels}")
    square = square_picture(source, WHITE, say, crop).convert("L" if channels == 1 else "RGB")
    if square.width > size and not is_of_package(source):
        say(f"{source}: its {square.width}×{square.width} pixels become {size}×{size}")
    # The gap lets Pillow shrink huge pictures by whole factors first: no difference is seen.
    resized = square.resize((size, size), Image.Resampling.LANCZOS, reducing_gap=3.0)
    return from_uint8(np.asarray(resized))


def square_picture(source: str | Path, background: int, say: Say = silent, crop: Crop = CENTRE) -> Image.Image:
    """A square of a picture, upright, opaque, in 8 bits of sRGB: mode "L" or "RGB".

    What a crop adds to the picture is white or black, whichever its border is nearer to.

    Args:
        source: a path, "-" for standard input, a digit such as "mnist:test/7", or a picture of the package such as
            "photo:tower".
        background: the grey level, 0 … 255, that shows through where the picture is transparent.
        say: told how deep data was understood, and what was cropped though no crop was asked for.
        crop: which square.

    Raises:
        UsageError: as `layers_of` does.
    """
    layers = layers_of(source, crop, say)
    opaque = layers.colours
    if layers.opacity is not None:
        ground = Image.new("RGB", opaque.size, (background, background, background))
        opaque = Image.composite(opaque.convert("RGB"), ground, layers.opacity)
    width, height = layers.size
    if crop is CENTRE and width != height:
        side = min(width, height)
        say(
            f"{source} is {width}×{height}: its middle {side}×{side} is used; `crop` left, right, top, bottom, pad or "
            "a box X0,Y0,X1,Y1 takes another part"
        )
    return filled(opaque, layers.window, layers.size, WHITE * _has_light_border(opaque))


def _has_light_border(image: Image.Image) -> bool:
    grey = np.asarray(image.convert("L"))
    return bool(np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])) >= 128)


@dataclass(frozen=True)
class Layers:
    """What is seen of a picture in a window, upright, in 8 bits of sRGB.

    Attributes:
        colours: mode "L" or "RGB", as much of the window as lies in the picture.
        opacity: mode "L"; None where nothing is transparent.
        window: the square that was asked for, which may reach outside of the picture.
        size: width and height of the whole picture.
    """

    colours: Image.Image
    opacity: Image.Image | None
    window: Window
    size: tuple[int, int]


def layers_of(source: str | Path, crop: Crop = CENTRE, say: Say = silent) -> Layers:
    """A square of a picture: its colours, and how opaque it is.

    Raises:
        UsageError: as `decode`, `digit`, `shipped` and the crop do, or the picture's colours cannot be converted, or it
            has NaN among its pixels.
    """
    if is_of_package(source):
        image = digit(str(source)) if is_digit(source) else shipped(str(source))
    else:
        image = upright(decode(source))
    window = crop.window(*image.size)
    colours, opacity = _layers(source, image, seen_in(window, *image.size), say)
    return Layers(colours, opacity, window, image.size)


def whole_layers_of(source: str | Path) -> tuple[Image.Image, Image.Image | None]:
    """The colours and the opacity of all of a file's picture; see `Layers`.

    Raises:
        UsageError: as `layers_of` does.
    """
    image = upright(decode(source))
    return _layers(source, image, (0, 0, *image.size), silent)


def _layers(source: str | Path, image: Image.Image, part: Window, say: Say) -> tuple[Image.Image, Image.Image | None]:
    if image.mode == "F" and bool(np.isnan(np.asarray(image)).any()):
        raise UsageError(
            f"{source} has pixels that are not a number (NaN): expected grey levels, so mend or export it."
        )
    try:
        profile = image.info.get("icc_profile")
        if image.mode.startswith("I") or image.mode == "F":
            image = _eight_bits(image, lambda what: say(f"{source} holds {what}"))
        shown = image.crop(part)
        opacity = shown.convert("RGBA").getchannel("A") if shown.has_transparency_data else None
        if opacity is not None and opacity.getextrema() == (255, 255):
            opacity = None
        return _in_srgb(shown, profile), opacity
    except (ValueError, OSError) as error:
        raise UsageError(
            f"{source} has a kind of colour that cannot be converted ({image.mode}): "
            "expected RGB or grey, so export it as an RGB PNG."
        ) from error


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The colours alone, converted from their profile; one that is broken or of another kind of colour is ignored."""
    grey = image.mode in {"1", "L", "LA", "La"}
    plain = image if image.mode in {"CMYK", "LAB"} else image.convert("L" if grey else "RGB")
    converted = None if not profile else _converted(plain, bytes(profile))
    return (plain if converted is None else converted).convert("L" if grey else "RGB")


def _converted(image: Image.Image, profile: bytes) -> Image.Image | None:
    try:
        theirs = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        # What is sRGB already would come back a level off here and there.
        if image.mode == "RGB" and "srgb" in ImageCms.getProfileDescription(theirs).lower():
            return image
        return ImageCms.profileToProfile(
            image,
            theirs,
            srgb(),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    # A profile comes with the file: whatever is wrong with it, the pixels are still good.
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


@cache
def srgb() -> ImageCms.ImageCmsProfile:
    """The profile of sRGB."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _eight_bits(image: Image.Image, say: Say) -> Image.Image:
    """Deep grey as 8 bits: of the ranges that such data has, or else its own, the first that fits.

    Fractions are at most 1, or 255 or 65,535; whole numbers are of 10, 12 or 16 bits.
    """
    values = np.nan_to_num(np.asarray(image, dtype=np.float64), posinf=0.0, neginf=0.0)
    low, high = min(0.0, float(values.min())), float(values.max())
    ranges = (1.0, 255.0, 65535.0) if image.mode == "F" else (1023.0, 4095.0, 65535.0)
    white = next((limit for limit in ranges if high <= limit), high)
    if white in (1023.0, 4095.0) and high > 0:
        say(f"{10 if white == 1023.0 else 12}-bit data, its greatest value being {high:.0f}: {white:.0f} is white")
    return Image.fromarray(np.rint((values - low) / (white - low) * 255).astype(np.uint8))
