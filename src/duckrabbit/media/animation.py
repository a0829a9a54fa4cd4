"""Animations: GIF, WebP and MP4, chosen by the suffix."""

import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, features
from torch import Tensor

from duckrabbit.errors import UsageError
from duckrabbit.media.atomic import atomic_write
from duckrabbit.media.pixels import to_uint8
from duckrabbit.media.video import encode_mp4

PALETTE_FRAMES = 8
WEBP_QUALITY = 90


def write_animation(path: Path, frames: Sequence[Tensor], milliseconds: int) -> None:
    """An animation that repeats for ever (GIF, WebP), or a video (MP4), written whole or not at all.

    GIF counts time in hundredths of a second, and browsers slow down what is faster than 20 ms a frame. GIF
    and WebP may store neighbours that look equal (for GIF, equal in its 256 colours) as one frame shown for
    longer: the file then has fewer frames and the same timing, and holding a frame by repeating it is cheap.

    Args:
        path: ends in .gif, .webp or .mp4; replaced if it exists.
        frames: float [1 or 3, H, W] in [−1, 1], all of one shape.
        milliseconds: how long each frame is shown, at least 1.

    Raises:
        UsageError: another suffix, no encoder on this machine, or the file cannot be written.
        ValueError: no frames, frames of several shapes, or less than a millisecond each.
    """
    if not frames or milliseconds < 1 or any(frame.shape != frames[0].shape for frame in frames):
        raise ValueError("expected frames, all of one shape, of at least 1 ms each")
    encoders = {".gif": _gif, ".webp": _webp, ".mp4": encode_mp4}
    encode = encoders.get(path.suffix.lower())
    if encode is None:
        raise UsageError(f"{path} has no known animation suffix: expected .gif, .webp or .mp4, so rename the output.")
    images = [Image.fromarray(to_uint8(frame)) for frame in frames]
    content = encode(images, milliseconds)
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)


def _gif(images: Sequence[Image.Image], milliseconds: int) -> bytes:
    # 256 greys are a palette already; colours get one for all frames: far faster than one each, no flicker.
    frames = images if images[0].mode == "L" else _one_palette(images)
    buffer = io.BytesIO()
    frames[0].save(buffer, format="GIF", save_all=True, append_images=frames[1:], duration=milliseconds, loop=0)
    return buffer.getvalue()


def _one_palette(images: Sequence[Image.Image]) -> list[Image.Image]:
    # The first and the last among them: those are looked at longest.
    last, count = len(images) - 1, min(len(images), PALETTE_FRAMES)
    few = [images[last * i // max(count - 1, 1)] for i in range(count)]
    strip = Image.new("RGB", (few[0].width, few[0].height * len(few)))
    for number, image in enumerate(few):
        strip.paste(image, (0, number * image.height))
    # On denoising runs the octree is as true as the median cut, truer at the end, and far faster.
    palette = strip.quantize(256, method=Image.Quantize.FASTOCTREE)
    return [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]


def _webp(images: Sequence[Image.Image], milliseconds: int) -> bytes:
    if not features.check("webp"):
        raise UsageError("This Pillow was built without WebP: expected one with it, so write a .gif instead.")
    frames = [image.convert("RGB") for image in images]
    buffer = io.BytesIO()
    frames[0].save(
        buffer,
        format="WEBP",
        save_all=True,
        append_images=frames[1:],
        duration=milliseconds,
        loop=0,
        quality=WEBP_QUALITY,
    )
    return buffer.getvalue()
