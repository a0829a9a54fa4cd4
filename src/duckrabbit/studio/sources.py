"""Pictures that come in: from a person's disk, camera or brush, and those of the package."""

import io
import re
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from PIL import Image

from duckrabbit.errors import UsageError, in_words
from duckrabbit.making.make import Picture
from duckrabbit.making.paste_back import PASTED, PasteBack
from duckrabbit.making.record import recorded
from duckrabbit.media.atomic import atomic_write
from duckrabbit.media.crop import parse_crop
from duckrabbit.media.decode import decode, why_unknown
from duckrabbit.media.masks import understood_mask
from duckrabbit.media.names import new_file
from duckrabbit.media.paste import read_photo
from duckrabbit.media.pictures import read_picture
from duckrabbit.media.pixels import from_uint8
from duckrabbit.media.png import read_metadata
from duckrabbit.media.shipped import SHIPPED_PICTURES
from duckrabbit.recipes.catalogue import to_json
from duckrabbit.recipes.inpaint import Inpaint
from duckrabbit.recipes.source import Source, on_light_ground
from duckrabbit.search.ambigram import CANDIDATES, Ambigram
from duckrabbit.studio.bodies import Order, order_of
from duckrabbit.studio.facts import Facts
from duckrabbit.studio.settings import MAX_PICTURE_PIXELS

_DIGIT = re.compile(r"mnist:test/[0-9]{1,4}")
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP", "MPO", "AVIF")
"""What is decoded at all: the fewer decoders see a stranger's file, the better."""


def source_of(content: bytes, name: str, facts: Facts, crop: str = "") -> dict[str, Any]:
    """A picture for a recipe: cropped, at the model's size; what was said of that; and the job that made it, if any.

    Raises:
        UsageError: if it is no picture, damaged or too large, or has no such part.
    """
    with kept(content, name) as path:
        read = _read(path, name, facts, crop)
        return {**read, "record": _job_in(path)}


def mask_of(content: bytes, name: str, facts: Facts, crop: str = "") -> dict[str, Any]:
    """A mask for a recipe, white where to paint, and what was said of how it was read.

    Raises:
        UsageError: if it is no picture, or nothing in it is white.
    """
    with kept(content, name) as path, _calling(path, name):
        read = understood_mask(path, facts.size, crop=parse_crop(crop))
        said = f"{name}: {read.painted} is painted, {read.share:.0%} of the picture"
        return {"source": to_json(Source.of_mask(name, read.mask)), "said": [said]}


def pasted_back(path: Path, content: bytes, facts: Facts, out: Path) -> str:
    """Put the painted part of a picture back into the photo that it was made from; the name of the new file.

    Raises:
        UsageError: if the picture is no such part, or the photo is none, or another.
    """
    record = recorded(path)
    recipe = record.recipe
    if not isinstance(recipe, Inpaint) or PASTED in record.data:
        raise UsageError("This picture is no part of a photo: choose one that was painted anew.")
    with kept(content, recipe.picture.name) as file:
        photo = read_photo(file)
        read = _read(file, recipe.picture.name, facts, recipe.picture.crop)
    pixels = from_uint8(np.asarray(decode(path)))
    where = PasteBack.of_inpaint(photo, recipe, bool(read["inverted"]))
    whole = where.content(Picture(pixels, record.seed, recipe, record.data))
    with new_file(out, f"{path.stem}-whole", ".png") as target, atomic_write(target) as temporary:
        temporary.write_bytes(whole)
    return target.name


def shipped_source(name: str, facts: Facts) -> dict[str, Any]:
    """A picture of the package, or a digit of MNIST's test set, for a recipe.

    Raises:
        UsageError: if there is none of that name.
    """
    if name not in SHIPPED_PICTURES and not _DIGIT.fullmatch(name):
        raise UsageError(f"There is no picture {name!r}: the pictures are {', '.join(SHIPPED_PICTURES)}, mnist:test/7.")
    return {**_read(name, name, facts), "record": None}


def shipped_picture(name: str) -> tuple[bytes, str]:
    """The file of a picture of the package, and its kind.

    Raises:
        UsageError: if there is none of that name.
    """
    picture = SHIPPED_PICTURES.get(name)
    if picture is None:
        raise UsageError(f"There is no picture {name!r}: the pictures are {', '.join(SHIPPED_PICTURES)}.")
    return picture.path().read_bytes(), "image/jpeg" if picture.file.endswith(".jpg") else "image/png"


def _read(path: str | Path, name: str, facts: Facts, crop: str = "") -> dict[str, Any]:
    said: list[str] = []
    with _calling(path, name):
        pixels = read_picture(path, facts.size, facts.channels, said.append, parse_crop(crop))
    inverted = facts.dark_ground and on_light_ground(pixels)
    source = replace(Source.of(name, -pixels if inverted else pixels), crop=crop)
    sentences = [in_words(sentence.replace(str(path), name)) for sentence in said]
    return {"source": to_json(source), "inverted": inverted, "said": sentences}


@contextmanager
def _calling(path: str | Path, name: str) -> Iterator[None]:
    """A sentence about a file calls it by the name that the person knows."""
    try:
        yield
    except UsageError as error:
        raise UsageError(str(error).replace(str(path), name)) from None


@contextmanager
def kept(content: bytes, name: str) -> Iterator[Path]:
    """A file with this content for as long as it is looked at: what reads pictures reads files.

    Raises:
        UsageError: if the header alone says that it is no picture, or too large a one, or the disk is full.
    """
    _check_header(content, name)
    with tempfile.TemporaryDirectory(prefix="duckrabbit-") as folder:
        path = Path(folder) / "picture"
        try:
            path.write_bytes(content)
        except OSError as error:
            raise UsageError(f"There is no room for {name} ({error.strerror}): make room, then try again.") from error
        yield path


def _check_header(content: bytes, name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
                pixels = image.width * image.height
        except Image.DecompressionBombError:
            pixels = MAX_PICTURE_PIXELS + 1
        # Broken files make Pillow raise nearly anything.
        except Exception as error:
            raise UsageError(f"{name} {why_unknown(content)}") from error
    if pixels > MAX_PICTURE_PIXELS:
        raise UsageError(f"{name} has more than {MAX_PICTURE_PIXELS // 1_000_000} million pixels: shrink it first.")


def _job_in(path: Path) -> dict[str, Any] | None:
    """The job that made a picture, as its metadata says; None where it does not, or not in a way that can be used."""
    try:
        order = order_of_record(read_metadata(path))
    except UsageError:
        return None
    return None if order is None else order.to_json()


def order_of_record(record: Any) -> Order | None:
    """The order that makes the picture of a record again; None where the record is none that one could be made of."""
    try:
        if record["verb"] == Ambigram.verb:
            said = {name: record[name] for name in ("digits", "view", "reads")}
            [first, *_] = record["places"]
            recipe = {**said, "sampler": first["recipe"]["sampler"]}
            job = {"verb": Ambigram.verb, "recipe": recipe, "seed": record["seed"], "model": first["model"]["name"]}
            count = record.get("candidates", CANDIDATES)
            return order_of(job if count == CANDIDATES else {**job, "among": count})
        job = {name: record[name] for name in ("verb", "recipe", "seed")}
        return order_of({**job, "model": record["model"]["name"], "size": record.get("size")})
    except (KeyError, TypeError, ValueError, AttributeError, msgspec.ValidationError, UsageError):
        return None
