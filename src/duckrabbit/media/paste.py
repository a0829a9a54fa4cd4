"""A part of a photo replaced, at the photo's own size and in its own colours; all else keeps its stored levels."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms
from torch import Tensor

from duckrabbit.media.crop import Window, seen_in
from duckrabbit.media.decode import decode, upright
from duckrabbit.media.pictures import srgb, whole_layers_of
from duckrabbit.media.pixels import to_uint8
from duckrabbit.media.shipped import digit, is_digit, is_of_package, shipped


@dataclass(frozen=True)
class Photo:
    """All of a photo, upright.

    Attributes:
        image: its levels as they are stored where they are 8 bits of grey or RGB, else converted to 8 bits of sRGB.
        profile: the colour profile that they are of.
    """

    image: Image.Image
    profile: bytes | None = None


def read_photo(source: str | Path) -> Photo:
    """A file, or a picture of the package.

    Raises:
        UsageError: as `decode` does.
    """
    if is_of_package(source):
        return Photo(digit(str(source)) if is_digit(source) else shipped(str(source)))
    image = upright(decode(source))
    profile = image.info.get("icc_profile")
    if image.has_transparency_data:
        return Photo(image.convert("RGBA"), profile)
    if image.mode in ("1", "L", "P", "RGB"):
        return Photo(image.convert("L" if image.mode in ("1", "L") else "RGB"), profile)
    colours, _ = whole_layers_of(source)
    return Photo(colours)


def pasted(photo: Photo, picture: Tensor, window: Window, mask: NDArray[np.bool_]) -> Photo:
    """The photo, with a picture enlarged into a window of it wherever a mask is true.

    Args:
        photo: where the picture goes.
        picture: [C, S, S] in [−1, 1], in sRGB.
        window: a square of the photo of side W, which may reach outside.
        mask: [W, W].
    """
    side = window[2] - window[0]
    enlarged = Image.fromarray(to_uint8(picture)).resize((side, side), Image.Resampling.LANCZOS)
    left, top, right, bottom = seen_in(window, *photo.image.size)
    part = (left - window[0], top - window[1], right - window[0], bottom - window[1])
    where = Image.fromarray(mask.astype(np.uint8) * 255).crop(part)
    # A painting in colour makes a grey photo one in colour.
    mode = "RGB" if photo.image.mode == "L" and enlarged.mode == "RGB" else photo.image.mode
    whole = photo.image.convert(mode) if mode != photo.image.mode else photo.image.copy()
    profile = photo.profile if mode == photo.image.mode else None
    whole.paste(_in_profile(enlarged.crop(part), profile, mode), (left, top), where)
    return Photo(whole, profile)


def _in_profile(image: Image.Image, profile: bytes | None, mode: str) -> Image.Image:
    """A picture in sRGB in the colours of a photo; a profile that can't be used is ignored, as where it is read."""
    plain = "L" if mode == "L" else "RGB"
    if profile:
        try:
            theirs = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image.convert("RGB"), srgb(), theirs, outputMode=plain)
            if converted is not None:
                return converted.convert(mode)
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass
    return image.convert(plain).convert(mode)
