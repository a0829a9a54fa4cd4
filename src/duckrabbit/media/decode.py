"""Decode a picture from anywhere, trusting nothing about it."""

import io
import re
import sys
import warnings
from contextlib import suppress
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from duckrabbit.errors import UsageError

MAX_BYTES = 1 << 29
MAX_PIXELS = 100_000_000
MAX_SIDE = 32_768

# Pillow hands PostScript to Ghostscript: a program in the picture would run.
PROGRAM_FORMATS = frozenset({"EPS"})


def decode(source: str | Path) -> Image.Image:
    """The first frame of a picture file, as stored: in its own mode, not yet turned upright.

    Args:
        source: a path, or "-" for standard input.

    Raises:
        UsageError: the file is missing, a folder, empty, corrupt, truncated, of an unknown format, or too large;
            what is too large is refused before its pixels are decoded.
    """
    name = "Standard input" if str(source) == "-" else str(source)
    content = _read(source, name)
    with warnings.catch_warnings():
        # Pillow warns about size and sloppy metadata; the former is refused below, the latter harmless.
        warnings.simplefilter("ignore")
        return _decode(content, name)


def upright(image: Image.Image) -> Image.Image:
    """A decoded picture, turned as its EXIF block says."""
    # A damaged block says nothing about which way is up; the pixels are still good.
    with suppress(Exception):
        return ImageOps.exif_transpose(image)
    return image


def shape_of(source: str | Path) -> tuple[int, int]:
    """The width and height of a picture turned upright, in pixels.

    Raises:
        UsageError: as `decode` does.
    """
    return upright(decode(source)).size


def _read(source: str | Path, name: str) -> bytes:
    try:
        if str(source) == "-":
            if sys.stdin is None:
                raise UsageError("Standard input is closed: send a picture there, or give the path of a file.")
            content = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(source).open("rb") as handle:
                content = handle.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise UsageError(f"There is no file {name}: expected a picture, so check its path.") from error
    except IsADirectoryError as error:
        raise UsageError(f"{name} is a folder: expected a picture, so give the path of a file.") from error
    except UsageError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{name} cannot be read ({reason}): expected a picture you may read.") from error
    if not content:
        raise UsageError(f"{name} is empty: expected a picture, so save or export it again.")
    if len(content) > MAX_BYTES:
        raise UsageError(
            f"{name} is larger than {MAX_BYTES >> 20} MiB: expected a smaller picture, so shrink it first."
        )
    return content


def _decode(content: bytes, name: str) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(content))
    except Image.DecompressionBombError as error:
        raise _too_large(name, f"more than {MAX_PIXELS:,} pixels") from error
    except UnidentifiedImageError as error:
        raise UsageError(f"{name} {why_unknown(content)}") from error
    except Exception as error:
        raise _corrupt(name, content) from error
    if image.format in PROGRAM_FORMATS:
        raise UsageError(f"{name} is a PostScript program: expected a picture, so export it as a PNG.")
    if max(image.size) > MAX_SIDE or image.width * image.height > MAX_PIXELS:
        raise _too_large(name, f"{image.width}×{image.height} pixels")
    try:
        image.load()
    # Broken files make Pillow's decoders raise nearly anything, from SyntaxError to struct.error.
    except Exception as error:
        raise _corrupt(name, content) from error
    return image


def why_unknown(content: bytes) -> str:
    """What a file is that Pillow does not know, and what to do: the end of a sentence that begins with its name."""
    return other_kind(content) or (
        "is not a picture in a known format, or is corrupt: "
        "expected a PNG, JPEG, WebP, GIF, TIFF or the like, so export it as one of these."
    )


def other_kind(content: bytes) -> str | None:
    """That a file is something else than a picture that can be read; None where it does not look so."""
    known = next((what for begins, what in _OTHERS if begins.match(content[:64])), None)
    return known and f"is {known}, which can't be read: save or export it as a JPEG or PNG."


_OTHERS = tuple(
    (re.compile(begins, re.DOTALL | re.IGNORECASE), what)
    for begins, what in (
        (rb".{4}ftyp(?!.{0,32}avi[fs]).{0,32}(hei|hev|mif1|msf1)", "a HEIC photo, as Apple's cameras make them"),
        (rb"\xff\x0a|.{4}JXL ", "a JPEG XL picture"),
        (
            rb".{4}(ftyp(?!.{0,32}avi[fs])|moov|mdat|wide)|\x1a\x45\xdf\xa3|RIFF.{4}AVI |\x00\x00\x01[\xb3\xba]",
            "a film",
        ),
        (rb"%PDF", "a PDF"),
        (rb"(\xef\xbb\xbf)?\s*<(\?xml|svg|!DOCTYPE svg)", "an SVG drawing"),
        (rb"FUJIFILMCCD|FOVb|II\x55\x00", "a camera's raw file"),
    )
)
"""How other kinds of file begin, and what they are called."""


def _too_large(name: str, size: str) -> UsageError:
    return UsageError(
        f"{name} has {size}: expected at most {MAX_PIXELS // 1_000_000} million, and {MAX_SIDE:,} on a side, "
        "so shrink it first."
    )


def _corrupt(name: str, content: bytes) -> UsageError:
    damaged = "is damaged or cut short: expected a whole picture, so download, copy or export it again."
    return UsageError(f"{name} {other_kind(content) or damaged}")
