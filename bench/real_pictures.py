"""What benches of real pictures share: those of a class in a style, painted of the packs as training pictures are.

The reporting judge learned from one half of the packs' pictures; whatever can be is painted of the other half.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import torch
from torch import Tensor

from duckrabbit.datasets.classes import Classes
from duckrabbit.datasets.names import kept_names
from duckrabbit.datasets.packs import Item, read_packs
from duckrabbit.datasets.paint.cast import FLAT_STYLES, MANNERS, PIXELS
from duckrabbit.datasets.paint.library import Library, build_library
from duckrabbit.datasets.paint.render import directions, render
from duckrabbit.datasets.paint.scene import Layer, Manner, Scene
from duckrabbit.datasets.paint.staging import on_ground, placed
from duckrabbit.training.painted import half

PACKS = ("art", "photos", "openmoji")
COPIES = 40
"""Drawings of each backdrop."""

PHOTOGRAPH = "a photo of"
FROM_PHOTOGRAPHS = 1 / 3
"""So many of the pictures in a painter's manner are painted of a photograph, where there is one."""

MANNER_OF: Mapping[str, Manner] = {style: manner for manner, style in MANNERS.items()}
AT_ONCE = 256


@dataclass(frozen=True)
class Stock:
    """The packs' pictures at 64 pixels, found by class.

    Attributes:
        library: all of them.
        pictures: theirs, on the device that paints.
        drawings: for each item, which drawing or photograph it shows: the styles of one maker are one drawing.
        unseen: the items that the reporting judge has not learned from.
        subjects: cut-out pictures by class.
        photos: photographs and paintings by class.
    """

    library: Library
    pictures: Tensor = field(repr=False)
    drawings: tuple[int, ...] = field(repr=False)
    unseen: frozenset[int] = field(repr=False)
    subjects: Mapping[int, tuple[int, ...]] = field(repr=False)
    photos: Mapping[int, tuple[int, ...]] = field(repr=False)

    @staticmethod
    def of(data: Path, classes: Classes, device: torch.device) -> "Stock":
        """The packs in a folder."""
        library = build_library(read_packs([data / f"{name}64.zip" for name in PACKS], 64), kept_names(), COPIES)
        other = half(library, classes, 0)
        cut_out = [k for found in library.subjects.values() for k in found]
        return Stock(
            library,
            library.pictures.to(device),
            _drawings(library),
            frozenset((*(k for found in other.subjects.values() for k in found), *other.photos[0])),
            _by_class(cut_out, library.items, classes),
            _by_class(library.photos[0], library.items, classes),
        )

    def items_of(self, label: int) -> tuple[int, ...]:
        """All items of a class."""
        return (*self.subjects.get(label, ()), *self.photos.get(label, ()))

    def pool(self, rng: Random, label: int, style: str) -> Sequence[int]:
        """The items of a class that can be shown in a style; none where there is no such picture."""
        subjects, photos = self.subjects.get(label, ()), self.photos.get(label, ())
        exact = [k for k in (*subjects, *photos) if self.library.items[k].style == style]
        if exact or style not in MANNER_OF:
            return exact
        drawn = [k for k in subjects if self.library.items[k].style not in (*FLAT_STYLES, PIXELS)]
        taken = [k for k in photos if self.library.items[k].style == PHOTOGRAPH]
        first, second = (taken, drawn) if rng.random() < FROM_PHOTOGRAPHS else (drawn, taken)
        return first or second

    def chosen(self, rng: Random, label: int, style: str, shown: Counter[int]) -> int:
        """An item for a style: of what was shown the least so far, then one that the judge has not seen; counts it."""
        rank = {k: (shown[self.drawings[k]], k not in self.unseen) for k in self.pool(rng, label, style)}
        least = min(rank.values())
        item = rng.choice([k for k, own in rank.items() if own == least])
        shown[self.drawings[item]] += 1
        return item

    def scene(self, rng: Random, item: int, style: str) -> Scene:
        """An item in a style, as training shows it: somewhere on some ground, or a part of a photograph."""
        what = self.library.items[item]
        manner = Manner.AS_IS if what.style == style else MANNER_OF.get(style, Manner.AS_IS)
        return shown_in(rng, self.library, item, style, manner)

    def painted(self, scenes: Sequence[Scene], seed: int = 0) -> Tensor:
        """Scenes as uint8 [N, 3, 64, 64] on the CPU."""
        return painted(self.pictures, scenes, seed)


def shown_in(rng: Random, library: Library, item: int, style: str, manner: Manner) -> Scene:
    """An item of a library of any size in a manner; see `Stock.scene`."""
    what = library.items[item]
    if not what.photo:
        return on_ground(rng, library, (placed(rng, library, item),), style, what.name, manner)
    shift = (rng.uniform(-1, 1), rng.uniform(-1, 1))
    return Scene("", (), item, mirrored=rng.random() < 0.5, zoom=rng.uniform(0.78, 1), shift=shift, manner=manner)


def plain(item: int, photo: bool) -> Scene:
    """An item by itself: a photograph as it is, a cut-out picture on white paper."""
    return Scene("", (), item) if photo else Scene("", (Layer(item, size=0.85),), item, softness=1.0, washed=1.0)


def painted(pictures: Tensor, scenes: Sequence[Scene], seed: int = 0, at_once: int = AT_ONCE) -> Tensor:
    """Scenes of a library's pictures [M, 4, S, S] as uint8 [N, 3, S, S] on the CPU."""
    generator = torch.Generator(pictures.device).manual_seed(seed)
    parts = []
    for first in range(0, len(scenes), at_once):
        directed = directions(scenes[first : first + at_once]).to(pictures.device)
        parts.append(levels(render(pictures, directed, generator)))
    return torch.cat(parts)


def levels(pictures: Tensor) -> Tensor:
    """Pictures [N, 3, S, S] in [−1, 1] as 8-bit grey levels, on the CPU."""
    return ((pictures.float() + 1) * 127.5).round().clamp(0, 255).byte().cpu()


def unit(pictures: Tensor) -> Tensor:
    """Grey levels as pictures in [−1, 1]."""
    return pictures.float() / 127.5 - 1


def _by_class(found: Sequence[int], items: Sequence[Item], classes: Classes) -> dict[int, tuple[int, ...]]:
    own = defaultdict(list)
    for k in found:
        label = classes.of(items[k].name)
        if label is not None:
            own[label].append(k)
    return {label: tuple(some) for label, some in own.items()}


def _drawings(library: Library) -> tuple[int, ...]:
    """A number for each item: that of the first item which shows the same drawing, or has the same pixels."""
    first: dict[object, int] = {}
    numbers = []
    for k, (item, picture) in enumerate(zip(library.items, library.pictures, strict=True)):
        # "fluent-3d" and "fluent-flat" draw one shape.
        maker = k if item.photo else (item.set.split("-")[0], item.name)
        pixels = hashlib.sha256(picture.numpy().tobytes()).digest()
        numbers.append(first.setdefault(pixels, first.setdefault(maker, k)))
    return tuple(numbers)
