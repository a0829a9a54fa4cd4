"""Animations: GIF, WebP and MP4, chosen by the suffix."""

import io
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from PIL import Image, features
from torch import Tensor

from duckrabbit.errors import UsageError
from duckrabbit.media.atomic import atomic_write
from duckrabbit.media.pixels import to_uint8

PALETTE_FRAMES = 8
WEBP_QUALITY = 90

# Players want H.264 in 4:2:0, and that wants even sides; 16 is close to lossless.
MP4_QUALITY = "16"
MP4_EVEN_SIDES = "pad=ceil(iw/2)*2:ceil(ih/2)*2"


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
    if path.suffix.lower() not in _ENCODERS:
        raise UsageError(f"{path} has no known animation suffix: expected .gif, .webp or .mp4, so rename the output.")
    content = animation_bytes(frames, milliseconds, path.suffix.lower().removeprefix("."))
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)


def animation_bytes(frames: Sequence[Tensor], milliseconds: int, form: str) -> bytes:
    """The same as the bytes of a file: gif, webp or mp4.

    Raises:
        UsageError: no encoder on this machine.
        ValueError: no frames, frames of several shapes, or less than a millisecond each.
    """
    if not frames or milliseconds < 1 or any(frame.shape != frames[0].shape for frame in frames):
        raise ValueError("expected frames, all of one shape, of at least 1 ms each")
    # What is held is converted once.
    images = {id(frame): Image.fromarray(to_uint8(frame)) for frame in frames}
    return _ENCODERS[f".{form}"]([images[id(frame)] for frame in frames], milliseconds)


def can_encode_mp4() -> bool:
    """Whether there is an ffmpeg on this machine."""
    try:
        return bool(_ffmpeg())
    except UsageError:
        return False


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


def _mp4(images: Sequence[Image.Image], milliseconds: int) -> bytes:
    """The bytes of an MP4 of equally large frames; odd sides get one black row or column more.

    Raises:
        UsageError: there is no ffmpeg, or it fails.
    """
    width, height = images[0].size
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", f"1000/{milliseconds}"]
    result = ["-vf", MP4_EVEN_SIDES, "-pix_fmt", "yuv420p", "-crf", MP4_QUALITY, "-movflags", "+faststart"]
    pixels = b"".join(image.convert("RGB").tobytes() for image in images)
    # MP4's index is written last and moved first, so ffmpeg needs a file and not a pipe.
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "video.mp4"
        command = [_ffmpeg(), "-v", "error", *source, "-i", "-", *result, str(target)]
        done = subprocess.run(command, input=pixels, capture_output=True, check=False)
        if done.returncode:
            last = (done.stderr.decode(errors="replace").strip().splitlines() or ["no message"])[-1]
            raise UsageError(
                f"ffmpeg could not make the MP4 ({last}): expected an ffmpeg with H.264, so install one with "
                "`pip install duckrabbit[video]` or write a .gif or .webp instead."
            )
        return target.read_bytes()


_ENCODERS: Mapping[str, Callable[[Sequence[Image.Image], int], bytes]] = {".gif": _gif, ".webp": _webp, ".mp4": _mp4}


def _ffmpeg() -> str:
    if found := shutil.which("ffmpeg"):
        return found
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError) as error:
        raise UsageError(
            "There is no ffmpeg for making an MP4: install it, or `pip install duckrabbit[video]`, "
            "or write a .gif or .webp instead."
        ) from error
