"""Everything that scenes are made of: the packs' pictures and the drawn backdrops, found by name."""

import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from duckrabbit.datasets.names import minor_names, phrases_of
from duckrabbit.datasets.packs import Item, Pack
from duckrabbit.datasets.paint.backdrops import BACKDROPS
from duckrabbit.errors import UsageError

BACKDROP_SET = "backdrops"
"""The `set` of pictures that are drawn here."""

RARE = 0.6
"""A photograph's weight is its name's count to the power −RARE, or names with hundreds of pictures drown the others."""


FAVOURITES = frozenset(
    """dog face, dog, cat face, cat, rabbit face, rabbit, duck, horse, horse face, bear, elephant, owl, penguin, tiger
    face, lion, fox, monkey face, cow face, pig face, frog, fish, bird, butterfly, skull, rocket, pencil, old man, old
    woman, man, woman, man: beard, baby, fire, top hat, mountain, snow-capped mountain, house, castle, deciduous tree,
    evergreen tree, sailboat, automobile, bicycle, guitar, teapot, hot beverage, red apple, banana, tulip, rose,
    sunflower, mushroom, pizza, sun, crescent moon, star, ghost, robot, crown, umbrella, giraffe, church, swan, snail,
    turtle, whale, dolphin, ship, train, airplane, key""".replace("\n    ", " ").split(", ")
)
"""What people ask for most."""


@dataclass(frozen=True)
class Library:
    """Pictures by index, and where to find which.

    Attributes:
        items: what each picture is.
        pictures: uint8 [N, 4, S, S].
        phrases: for each name, what people call it; the name itself first.
        subjects: for each kept name, its cut-out pictures.
        names: the keys of `subjects`, and the running sums of their weights.
        photos: whole pictures, and the running sums of their weights.
        backdrops: drawn places by name.
        shapely: the subjects whose outline says something: not those that fill a rectangle.
    """

    items: tuple[Item, ...]
    pictures: Tensor = field(repr=False)
    phrases: Mapping[str, tuple[str, ...]] = field(repr=False)
    subjects: Mapping[str, tuple[int, ...]] = field(repr=False)
    names: tuple[tuple[str, ...], tuple[float, ...]] = field(repr=False)
    photos: tuple[tuple[int, ...], tuple[float, ...]] = field(repr=False)
    backdrops: Mapping[str, tuple[int, ...]] = field(repr=False)
    shapely: frozenset[int] = field(repr=False)

    def of(self, name: str, style: str) -> int | None:
        """A cut-out picture of that name in that style, if there is one."""
        return next((k for k in self.subjects.get(name, ()) if self.items[k].style == style), None)

    def any_of(self, rng: random.Random, names: Sequence[str], style: str) -> int | None:
        """The first found of some names, in random order, in that style."""
        for name in rng.sample(names, len(names)):
            found = self.of(name, style)
            if found is not None:
                return found
        return None

    def name(self, rng: random.Random) -> str:
        """A name, by weight."""
        names, weights = self.names
        return rng.choices(names, cum_weights=weights)[0]

    def photo(self, rng: random.Random) -> int:
        """A whole picture, by weight."""
        indices, weights = self.photos
        return rng.choices(indices, cum_weights=weights)[0]

    def backdrop(self, rng: random.Random, *names: str) -> int:
        """A drawn place of one of these names."""
        return rng.choice(self.backdrops[rng.choice(names)])


def build_library(pack: Pack, kept: frozenset[str], copies: int = 400, seed: int = 0) -> Library:
    """The library of a pack: its kept names as subjects, its photographs, and `copies` drawings of each backdrop.

    Raises:
        UsageError: if the pack has no subject with a kept name, or no photograph.
    """
    subjects = defaultdict(list)
    for k, item in enumerate(pack.items):
        if not item.photo and item.name in kept:
            subjects[item.name].append(k)
    photos = [k for k, item in enumerate(pack.items) if item.photo]
    if not subjects or not photos:
        raise UsageError(
            f"The packs have {len(subjects)} names of cut-out subjects and {len(photos)} photographs, and scenes "
            "need both: make the packs again with tools/build_packs.py."
        )
    counts = Counter(pack.items[k].name for k in photos)
    names = tuple(sorted(subjects))
    drawings = [(name, f"{seed}/{name}/{k}") for name in BACKDROPS for k in range(copies)]
    side = pack.pictures.shape[-1]
    drawn = np.stack([_drawn(name, random.Random(own), side) for name, own in drawings])
    firsts = range(len(pack), len(pack) + len(drawings), copies)
    return Library(
        items=(*pack.items, *(Item(BACKDROP_SET, name, "an illustration of", photo=True) for name, _ in drawings)),
        pictures=torch.cat([pack.pictures, torch.from_numpy(drawn).permute(0, 3, 1, 2)]),
        phrases={name: phrases_of(name) for name in sorted({item.name for item in pack.items})},
        subjects={name: tuple(subjects[name]) for name in names},
        names=(names, tuple(accumulate(_weight(name) for name in names))),
        photos=(tuple(photos), tuple(accumulate(counts[pack.items[k].name] ** -RARE for k in photos))),
        backdrops={name: tuple(range(k, k + copies)) for name, k in zip(BACKDROPS, firsts, strict=True)},
        shapely=frozenset(torch.nonzero(_coverage(pack.pictures) < 0.6).squeeze(1).tolist()),
    )


def _drawn(name: str, rng: random.Random, side: int) -> np.ndarray:
    image = BACKDROPS[name](rng).convert("RGBA")
    return np.asarray(image.resize((side, side), Image.Resampling.LANCZOS))


def _weight(name: str) -> float:
    """How often a name is shown: what people ask for most four times as often, signs and symbols seldom."""
    if name in FAVOURITES:
        return 4.0
    return 0.2 if name in minor_names() else 1.0


def _coverage(pictures: Tensor) -> Tensor:
    """The share of opaque pixels, [N]."""
    return (pictures[:, 3] > 127).float().mean(dim=(1, 2))
