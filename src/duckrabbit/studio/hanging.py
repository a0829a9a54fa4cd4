"""The wall that one starts from: illusions that are shipped with the package, as recipes, and pairs found since.

`tools/make_wall.py` makes it, and proves each with the weights of the day.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from random import Random
from typing import Any

import msgspec
from msgspec import Struct

from duckrabbit.errors import UsageError
from duckrabbit.media.png import read_metadata
from duckrabbit.models.load import DEFAULT_TEXT
from duckrabbit.studio.bodies import Order, order_of
from duckrabbit.studio.gallery import odds_of
from duckrabbit.studio.index import identity
from duckrabbit.studio.sources import order_of_record

WORKS = 0.25
"""The odds from which on a pair that was found is said to work."""

LOOKED_AT = 40
"""Found pictures that are looked at for one that works."""


class Read(Struct, frozen=True):
    """How the reporting judge reads a look: how sure it is of what was asked for, and whether it reads that first."""

    look: str
    probability: float
    right: bool


class Hanging(Struct, frozen=True):
    """A picture on the wall.

    Attributes:
        file: its name.
        job: makes it.
        pair: its two subjects.
        place: what was to hang there: a style, then a view or "" and parts.
        odds: how likely the reporting judge was to read it as asked, by what the selecting one read.
        read: what the reporting judge read.
    """

    file: str
    job: dict[str, Any]
    pair: tuple[str, str]
    place: tuple[str, ...]
    odds: float
    read: tuple[Read, ...]

    @property
    def id(self) -> str:
        """What it is called to clients."""
        return identity(self.file)

    @property
    def is_proven(self) -> bool:
        """Whether the reporting judge reads all of it as asked."""
        return all(own.right for own in self.read)

    @property
    def order(self) -> Order:
        """The job, read."""
        return order_of(self.job)

    def tile(self) -> Mapping[str, Any]:
        """As the page is told of it."""
        order = self.order
        return {
            "id": self.id,
            "pair": self.pair,
            "prompts": list(order.recipe.prompts),
            "views": list(order.views),
            "parts": list(order.parts),
            "odds": self.odds,
            "job": order.to_json(),
        }


class Style(Struct, frozen=True):
    """A style of prompts, and the file of a picture in it."""

    style: str
    file: str

    @property
    def id(self) -> str:
        """What its picture is called to clients."""
        return identity(self.file)


class Wall(Struct, frozen=True):
    """The shipped wall.

    Attributes:
        weights: the checksums of the models that made it and the judges that read it.
        styles: those that are offered.
        pictures: what hangs there, in order.
    """

    weights: Mapping[str, str]
    styles: tuple[Style, ...]
    pictures: tuple[Hanging, ...]


@cache
def shipped_wall() -> Wall:
    """As it comes with the package."""
    return msgspec.json.decode((files("duckrabbit.studio") / "wall" / "wall.json").read_bytes(), type=Wall)


def content_of(file: str) -> bytes:
    """A file of the wall's, a WebP; those of illusions are without loss."""
    return (files("duckrabbit.studio") / "wall" / file).read_bytes()


def file_of(name: str) -> str | None:
    """The file of a picture's or a style's id; None where there is none."""
    every: Sequence[Hanging | Style] = (*shipped_wall().pictures, *shipped_wall().styles)
    return next((one.file for one in every if one.id == name), None)


def surprise(verb: str, finds: Path, rng: Random) -> Order | None:
    """A pair that works as the order that made it: one of the wall's, or of those that were found in a folder.

    None where there is none of that verb.
    """
    hung = [one.order for one in shipped_wall().pictures if one.job["verb"] == verb]
    known = [order for order in hung if order.model == DEFAULT_TEXT]
    found = _shuffled(list(finds.glob("*/*.png")), rng)[:LOOKED_AT]
    known += [order for order in map(_order_that_works, found) if order is not None and order.recipe.verb == verb]
    return rng.choice(known) if known else None


def _shuffled(paths: Sequence[Path], rng: Random) -> Sequence[Path]:
    return rng.sample(sorted(paths), len(paths))


def _order_that_works(path: Path) -> Order | None:
    """What makes a found picture again; None where it is not read well enough, or gone."""
    try:
        record = read_metadata(path)
    except (UsageError, OSError):
        return None
    odds = odds_of(record.get("score"))
    order = order_of_record(record)
    return order if odds is not None and odds >= WORKS and order is not None and order.model == DEFAULT_TEXT else None
