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
from duckrabbit.datasets.paint import firelight, nature, settlements
from duckrabbit.datasets.paint.brushes import Drawing
from duckrabbit.datasets.paint.shading import INK_STYLES, busts, glow, shaded
from duckrabbit.datasets.paint.themes import SPOILT, thematic
from duckrabbit.datasets.prompts import table
from duckrabbit.errors import UsageError

BACKDROPS: Mapping[str, Drawing] = {
    "mountains": nature.mountains,
    "snowy mountains": nature.snowy_mountains,
    "hills": nature.hills,
    "night hills": nature.night_hills,
    "snowy hills": nature.snowy_hills,
    "field": nature.field,
    "forest": nature.forest,
    "sea": nature.sea,
    "coast": nature.coast,
    "waterfall": nature.waterfall,
    "city": settlements.city,
    "night city": settlements.night_city,
    "interior": settlements.interior,
    "cafe": settlements.cafe,
    "village": settlements.village,
    "snowy village": settlements.snowy_village,
    "cliffs": nature.cliffs,
    "cascades": nature.cascades,
    "pagoda": settlements.pagoda,
    "old city": settlements.old_city,
    "campfire": firelight.campfire,
    "counter": settlements.counter,
}
"""Every place by its name."""


Hue = tuple[float, float, float]

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
    turtle, whale, dolphin, ship, train, airplane, key, lighthouse, pagoda, tower, mountains, waterfall,
    campfire, eagle, wolf, deer, parrot, octopus, dragon, unicorn, dinosaur, lamp, violin, anchor, cactus, palm tree,
    flower, leaf, shoe, hat, book, candle, camera, motorcycle, bus, truck, boat, windmill, bridge, temple, chair, cake,
    strawberry, cherries, grapes, pear, pumpkin, carrot, ice cream, hamburger, cup, bottle, wine glass, sword, shield,
    bell, balloon, cloud, snowman, Christmas tree, witch, wizard, angel, king, queen, knight, pirate, princess"""
)
"""What people ask for most."""


PIXELS = "pixel art of"
"""In colour; black pixels alone look like damage."""

SHADED_STYLE = "an illustration of"
"""What a picture in ink that was made solid is."""

SITTERS = ("old man", "man", "woman", "man with a beard")
"""Names of portraits from which people in scenes are cut out."""

SITTERS_SETS = frozenset(("congress-portraits", "historical-congress-portraits", "art-institute-chicago"))
"""Sets in which head and shoulders are where a portrait has them."""


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
        shaded: for a picture in ink, the same made solid, to be coloured.
        hues: for each name, the mean colours of its coloured pictures, red, green and blue in [0, 1].
        themes: for each theme, its whole pictures.
        sitters: for each of `SITTERS`, portraits cut out around head and shoulders.
        light: the light of a fire.
    """

    items: tuple[Item, ...]
    pictures: Tensor = field(repr=False)
    phrases: Mapping[str, tuple[str, ...]] = field(repr=False)
    subjects: Mapping[str, tuple[int, ...]] = field(repr=False)
    names: tuple[tuple[str, ...], tuple[float, ...]] = field(repr=False)
    photos: tuple[tuple[int, ...], tuple[float, ...]] = field(repr=False)
    backdrops: Mapping[str, tuple[int, ...]] = field(repr=False)
    shapely: frozenset[int] = field(repr=False)
    shaded: Mapping[int, int] = field(repr=False)
    hues: Mapping[str, tuple[Hue, ...]] = field(repr=False)
    themes: Mapping[str, tuple[int, ...]] = field(repr=False)
    sitters: Mapping[str, tuple[int, ...]] = field(repr=False)
    light: int

    def of(self, rng: random.Random, name: str, style: str) -> int | None:
        """A cut-out picture of that name in that style, if there is one."""
        found = [k for k in self.subjects.get(name, ()) if self.items[k].style == style]
        return rng.choice(found) if found else None

    def any_of(self, rng: random.Random, names: Sequence[str], style: str) -> int | None:
        """The first found of some names, in random order, in that style."""
        for name in rng.sample(names, len(names)):
            found = self.of(rng, name, style)
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
        if not item.photo and item.name in kept and not (item.style == PIXELS and _black(pack.pictures[k])):
            subjects[item.name].append(k)
    photos = [k for k, item in enumerate(pack.items) if item.photo and item.name not in SPOILT]
    if not subjects or not photos:
        raise UsageError(
            f"The packs have {len(subjects)} names of cut-out subjects and {len(photos)} photographs, and scenes "
            "need both: make the packs again with tools/build_packs.py."
        )
    counts = Counter(pack.items[k].name for k in photos)
    names = tuple(sorted(subjects))
    drawings = [(name, f"{seed}/{name}/{k}") for name in BACKDROPS for k in range(copies)]
    side = pack.pictures.shape[-1]
    drawn = torch.from_numpy(np.stack([_drawn(name, random.Random(own), side) for name, own in drawings]))
    firsts = range(len(pack), len(pack) + len(drawings), copies)
    inked = [k for found in subjects.values() for k in found if pack.items[k].style in INK_STYLES]
    solid, which = shaded(pack.pictures[inked])
    solid, bodies = solid[which], [k for k, good in zip(inked, which.tolist(), strict=True) if good]
    sitters = {name: [k for k in photos if pack.items[k].name == name and _sits(pack.items[k])] for name in SITTERS}
    seated = [k for found in sitters.values() for k in found]
    items = [
        *pack.items,
        *(Item(BACKDROP_SET, name, "an illustration of", photo=name != "counter") for name, _ in drawings),
        *(Item(pack.items[k].set, pack.items[k].name, SHADED_STYLE, photo=False) for k in bodies),
        *(Item(pack.items[k].set, pack.items[k].name, pack.items[k].style, photo=False) for k in seated),
    ]
    first_body = len(pack) + len(drawings)
    first_bust = first_body + len(bodies)
    places = {k: first_bust + n for n, k in enumerate(seated)}
    return Library(
        items=(*items, Item(BACKDROP_SET, "firelight", "an illustration of", photo=False)),
        pictures=torch.cat(
            [pack.pictures, drawn.permute(0, 3, 1, 2), solid, busts(pack.pictures[seated]), glow(side)[None]]
        ),
        phrases={name: phrases_of(name) for name in sorted({item.name for item in pack.items})},
        subjects={name: tuple(subjects[name]) for name in names},
        names=(names, tuple(accumulate(_weight(name) for name in names))),
        photos=(tuple(photos), tuple(accumulate(counts[pack.items[k].name] ** -RARE for k in photos))),
        backdrops={name: tuple(range(k, k + copies)) for name, k in zip(BACKDROPS, firsts, strict=True)},
        shapely=frozenset(torch.nonzero(_coverage(pack.pictures) < 0.6).squeeze(1).tolist()),
        shaded={k: first_body + n for n, k in enumerate(bodies)},
        hues=_hues(pack, subjects),
        themes=thematic(pack.items, photos),
        sitters={name: tuple(places[k] for k in found) for name, found in sitters.items() if found},
        light=len(items),
    )


def _black(picture: Tensor) -> bool:
    """Whether it is drawn in black alone."""
    return bool((picture[:3].amax(0).float() * (picture[3] > 127)).mean() < 2.0)


def _sits(item: Item) -> bool:
    return item.set in SITTERS_SETS and item.style in ("a photo of", "an oil painting of")


def _hues(pack: Pack, subjects: Mapping[str, Sequence[int]]) -> dict[str, tuple[Hue, ...]]:
    """The mean colours of each name's coloured pictures."""
    coloured = {
        name: own
        for name, found in subjects.items()
        if (own := [k for k in found if pack.items[k].style not in INK_STYLES])
    }
    hues = {}
    for name, own in coloured.items():
        picture = pack.pictures[own].float() / 255
        alpha = picture[:, 3:]
        mean = (picture[:, :3] * alpha).sum((2, 3)) / alpha.sum((2, 3)).clamp(min=1)
        hues[name] = tuple((r, g, b) for r, g, b in mean.tolist())
    return hues


def _drawn(name: str, rng: random.Random, side: int) -> np.ndarray:
    image = BACKDROPS[name](rng).convert("RGBA")
    return np.asarray(image.resize((side, side), Image.Resampling.LANCZOS))


def _weight(name: str) -> float:
    """How often a name is shown: what people ask for most five times as often, signs and what has but icons seldom."""
    if name in FAVOURITES:
        return 5.0
    if name in minor_names():
        return 0.2
    return 0.4 if table("names").get(name, ("", ""))[1] == "icon" else 1.0


def _coverage(pictures: Tensor) -> Tensor:
    """The share of opaque pixels, [N]."""
    return (pictures[:, 3] > 127).float().mean(dim=(1, 2))
