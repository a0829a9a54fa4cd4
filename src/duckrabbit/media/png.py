"""PNG files that remember how they were made.

A chunk of text, "duckrabbit", holds the record as JSON. Pictures in it, which are PNGs in base64 by the name of `png`,
lie in chunks of their own where they are large, as they are: `png_chunk` says in which.
"""

import base64
import io
import json
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias, cast

from PIL import Image
from PIL.PngImagePlugin import PngImageFile, PngInfo
from torch import Tensor

from duckrabbit.errors import UsageError
from duckrabbit.media.atomic import atomic_write
from duckrabbit.media.decode import decode
from duckrabbit.media.pixels import to_uint8

JSON: TypeAlias = "bool | int | float | str | Sequence[JSON] | Mapping[str, JSON] | None"

KEY = "duckrabbit"
PICTURE_CHUNK = b"duPi"
"""Ancillary, private, safe to copy, as text is."""

COMPRESS_ABOVE = 1_000
MAX_CHARACTERS = 500_000
MAX_PICTURE_CHARACTERS = 20_000
"""Of a picture within the text; a larger one gets a chunk."""

SIGNATURE = b"\x89PNG\r\n\x1a\n"
SEEN = frozenset(
    (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"sBIT", b"pHYs")
)
"""The chunks on which it depends what is seen."""


def write_png(path: Path, picture: Tensor, metadata: Mapping[str, JSON]) -> None:
    """An 8-bit PNG with `metadata` as JSON in an iTXt chunk named "duckrabbit", written whole or not at all.

    Args:
        path: replaced if it exists; take a fresh name from `new_file` or `unused_path`.
        picture: float [1, H, W] or [3, H, W] in [−1, 1].
        metadata: what `read_metadata` will give back.

    Raises:
        UsageError: the file cannot be written.
        ValueError: the picture has another shape or a NaN, or the metadata is too long or not JSON (NaN, infinity).
        TypeError: the metadata holds something JSON has no word for.
    """
    content = encoded(Image.fromarray(to_uint8(picture)), metadata)
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)


def encoded(image: Image.Image, metadata: Mapping[str, JSON], profile: bytes | None = None) -> bytes:
    """The bytes of any picture as `write_png` writes it, with the colour profile that its levels are of.

    Raises:
        ValueError: the metadata is too long or not JSON.
        TypeError: the metadata holds something JSON has no word for.
    """
    file = io.BytesIO()
    image.save(file, format="PNG", pnginfo=_chunks_of(metadata), icc_profile=profile)
    return file.getvalue()


def rewritten(content: bytes, metadata: Mapping[str, JSON]) -> bytes:
    """A PNG's bytes with other metadata; what is seen stays as it is stored, and all else that it says goes.

    Raises:
        UsageError: it is no whole PNG.
        ValueError: as in `encoded`.
    """
    kept = [_chunk(*chunk) for chunk in _read_chunks(content) if chunk[0] in SEEN]
    own = [_chunk(kind, data) for kind, data, *_ in _chunks_of(metadata).chunks] if metadata else []
    return b"".join((SIGNATURE, kept[0], *own, *kept[1:]))


def _chunks_of(metadata: Mapping[str, JSON]) -> PngInfo:
    pictures: list[bytes] = []

    def apart(found: Mapping[str, JSON]) -> Mapping[str, JSON]:
        png = found.get("png")
        if not isinstance(png, str) or len(png) <= MAX_PICTURE_CHARACTERS:
            return found
        pictures.append(base64.b64decode(png, validate=True))
        return {**{name: value for name, value in found.items() if name != "png"}, "png_chunk": len(pictures) - 1}

    text = json.dumps(in_every_mapping(metadata, apart), allow_nan=False)
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"the metadata has {len(text)} characters, more than {MAX_CHARACTERS}")
    info = PngInfo()
    info.add_itxt(KEY, text, zip=len(text) > COMPRESS_ABOVE)
    for picture in pictures:
        info.add(PICTURE_CHUNK, picture)
    return info


def in_every_mapping(value: JSON, change: Callable[[Mapping[str, JSON]], Mapping[str, JSON]]) -> JSON:
    """JSON in which every mapping is changed, the inner ones first."""
    if isinstance(value, Mapping):
        return change({name: in_every_mapping(part, change) for name, part in value.items()})
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [in_every_mapping(part, change) for part in value]
    return value


def _read_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    if not content.startswith(SIGNATURE):
        raise UsageError("This is no PNG: give one.")
    at = len(SIGNATURE)
    kind = b""
    while kind != b"IEND":
        try:
            length, kind = struct.unpack_from(">I4s", content, at)
        except struct.error:
            raise UsageError("This PNG is cut short: give a whole one.") from None
        yield kind, content[at + 8 : at + 8 + length]
        at += 12 + length


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def read_metadata(path: Path) -> dict[str, JSON]:
    """What `write_png` put into a PNG.

    Raises:
        UsageError: the file is not a readable PNG, or it holds no metadata of duckrabbit's.
    """
    image = decode(path)
    if not isinstance(image, PngImageFile):
        raise UsageError(f"{path} is not a PNG: expected a PNG made by duckrabbit, so give the original file.")
    text = image.text.get(KEY)
    if text is None:
        raise UsageError(
            f"{path} does not say how it was made: expected a PNG made by duckrabbit and not edited or "
            "converted since, so give the original file."
        )
    pictures = [data for kind, data, *_ in image.private_chunks if kind == PICTURE_CHUNK]

    def together(found: Mapping[str, JSON]) -> Mapping[str, JSON]:
        if "png_chunk" not in found:
            return found
        picture = pictures[int(cast(int, found["png_chunk"]))]
        own = {name: value for name, value in found.items() if name != "png_chunk"}
        return {**own, "png": base64.b64encode(picture).decode()}

    try:
        metadata = in_every_mapping(json.loads(text), together) if len(text) <= MAX_CHARACTERS else None
    except (ValueError, TypeError, LookupError, RecursionError):
        metadata = None
    if not isinstance(metadata, dict):
        raise UsageError(
            f"{path} has a damaged record of how it was made: expected the JSON that duckrabbit wrote, "
            "so give the original file."
        )
    return metadata
