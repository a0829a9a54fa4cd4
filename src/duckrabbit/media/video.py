"""MP4 through ffmpeg."""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from duckrabbit.errors import UsageError

# Players want H.264 in 4:2:0, and that wants even sides; 16 is close to lossless.
QUALITY = "16"
EVEN_SIDES = "pad=ceil(iw/2)*2:ceil(ih/2)*2"


def encode_mp4(images: Sequence[Image.Image], milliseconds: int) -> bytes:
    """The bytes of an MP4 of equally large frames; odd sides get one black row or column more.

    Raises:
        UsageError: there is no ffmpeg, or it fails.
    """
    width, height = images[0].size
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", f"1000/{milliseconds}"]
    result = ["-vf", EVEN_SIDES, "-pix_fmt", "yuv420p", "-crf", QUALITY, "-movflags", "+faststart"]
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


def can_encode() -> bool:
    """Whether there is an ffmpeg on this machine."""
    try:
        return bool(_ffmpeg())
    except UsageError:
        return False


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
