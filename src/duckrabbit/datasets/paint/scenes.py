"""Scenes: one function a kind, from random numbers and the library to a `Scene` whose caption says what is there."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from duckrabbit.datasets.names import everyday, phrases_of
from duckrabbit.datasets.paint.library import Library
from duckrabbit.datasets.paint.scene import MAX_LAYERS, Layer, Manner, Scene
from duckrabbit.datasets.paint.shading import INK_STYLES
from duckrabbit.datasets.paint.themes import THEMES
from duckrabbit.datasets.prompts import table

Plan = Callable[[random.Random, Library], Scene]

COLOURED = 0.6
"""How often a picture in colour replaces one in ink, where there is one."""

NULL = 0.1
"""Share of pictures whose caption is the null prompt, for classifier-free guidance."""

MANNERS: Mapping[Manner, str] = {
    Manner.OIL: "an oil painting of",
    Manner.WATERCOLOR: "a watercolor of",
    Manner.LITHOGRAPH: "a lithograph of",
    Manner.PENCIL: "a pencil sketch of",
}
"""What a painterly filter makes of any picture."""

FLAT_STYLES = INK_STYLES
"""Drawn in ink alone: they need light ground, and no painter improves them."""

PIXELS = "pixel art of"
"""Its squares must stay squares: it is neither turned nor resized."""

SITTING: Mapping[str, float] = {"man": 5, "old man": 2, "man with a beard": 1.5, "woman": 2}
"""How often each sits for a scene."""

FELT: Sequence[tuple[float, float, float]] = (
    *((0.12, 0.11, 0.12), (0.20, 0.16, 0.14), (0.34, 0.25, 0.18), (0.45, 0.40, 0.34), (0.76, 0.64, 0.42)),
    *((0.18, 0.22, 0.32), (0.42, 0.14, 0.14), (0.86, 0.82, 0.72)),
)
"""Colours of hats."""

NATURE: Sequence[tuple[float, float, float]] = (
    *((0.55, 0.38, 0.24), (0.72, 0.54, 0.36), (0.36, 0.27, 0.22), (0.62, 0.60, 0.56), (0.42, 0.50, 0.34)),
    *((0.28, 0.42, 0.52), (0.70, 0.34, 0.24), (0.80, 0.66, 0.40), (0.50, 0.34, 0.44), (0.34, 0.36, 0.42)),
    *((0.85, 0.80, 0.70), (0.24, 0.24, 0.26)),
)
"""Colours of earth, wood, stone, leaves, water and metal."""

PORTRAYED = frozenset(("man", "woman", "old man", "old woman", "person", "older person", "boy", "girl", "child"))
"""Painted, they are portraits: a sprite of theirs stays a sprite, whatever the manner."""

COLOURS: Mapping[str, tuple[float, float, float]] = {
    "red": (0.86, 0.12, 0.12),
    "orange": (0.96, 0.52, 0.10),
    "yellow": (0.97, 0.85, 0.16),
    "green": (0.18, 0.62, 0.24),
    "blue": (0.14, 0.36, 0.86),
    "purple": (0.54, 0.22, 0.72),
    "pink": (0.97, 0.55, 0.72),
    "brown": (0.50, 0.31, 0.17),
    "golden": (0.85, 0.66, 0.20),
    "white": (0.96, 0.96, 0.96),
    "black": (0.10, 0.10, 0.12),
    "gray": (0.52, 0.52, 0.54),
}

PEOPLE = (
    *("person standing", "man standing", "woman standing", "man kneeling", "woman kneeling", "person kneeling"),
    *("man in lotus position", "woman in lotus position", "person in lotus position", "man walking", "woman walking"),
    *(
        "man dancing",
        "woman dancing",
        "person walking",
        "man",
        "woman",
        "boy",
        "girl",
        "old man",
        "old woman",
        "person",
    ),
)
HEADS = (
    *("man", "man", "man", "woman", "old man", "old woman", "person", "boy", "girl", "man: beard", "man: bald"),
    *("man: curly hair", "man: blond hair", "man: white hair", "man: red hair", "older person", "person: beard"),
    *("dog face", "cat face", "rabbit face", "bear", "monkey face", "pig face", "fox", "panda", "tiger face", "skull"),
)
HATS = (
    "top hat",
    "top hat",
    "woman’s hat",
    "billed cap",
    "graduation cap",
    "crown",
    "rescue worker’s helmet",
    "military helmet",
)
WORN = ("top hat", "top hat", "hat", "hat", "cowboy hat", "straw hat", "woman’s hat", "billed cap", "winter hat")
"""Hats that sitters wear."""

SEATED = ("person in lotus position", "person kneeling", "person standing", "person walking", "person sitting on bench")
"""Silhouettes around a fire."""

HOUSES = ("house", "house", "house with garden", "houses", "hut", "church", "derelict house")
TREES = ("evergreen tree", "deciduous tree", "Christmas tree")
OLD_BUILDINGS = ("Japanese castle", "shinto shrine", "castle", "hindu temple", "classical building", "Japanese castle")
BARISTAS = (
    "man: beard",
    "man: beard",
    "person: beard",
    "man cook",
    "man barista",
    "woman barista",
    "man artist",
    "man",
    "woman",
)
CUPS = ("hot beverage",)
FIRES = ("fire",)

CAMPFIRE = ("people around campfire", "people around campfire", "people sitting around fire", "people around fire")
VILLAGES: Mapping[tuple[bool, bool], Sequence[str]] = {
    (True, True): ("snowy mountain village", "snowy mountain village", "mountain village in snow"),
    (True, False): ("snowy village", "village in snow", "village in winter"),
    (False, True): ("mountain village", "village in mountains"),
    (False, False): ("village", "village on hills"),
}
"""What villages are called, by (in snow, before mountains)."""
BARISTA = ("barista", "barista with coffee")
BEARDED_BARISTA = (*BARISTA, "barista with cup of coffee", "hipster barista", "hipster barista")
OLD_CITY = ("old city", "old chinese city", "old town")


@dataclass(frozen=True)
class Repertoire:
    """Kinds of scenes, and the running sums of how often each is shown."""

    plans: tuple[Plan, ...]
    weights: tuple[float, ...]


def repertoire(library: Library) -> Repertoire:
    """The kinds of scenes that a library has the pictures for."""
    items = [item for found in library.subjects.values() for item in found]
    possible: dict[Plan, bool] = {
        tinted: any(_takes_colour(library, item) for item in items),
        silhouette: any(item in library.shapely for item in items),
        theme: bool(library.themes),
        **{plan: bool(library.sitters) for plan in (worn, fireside, bar)},
        **{plan: _can_meet(library, firsts, seconds) for plan, (firsts, seconds) in COMPANY.items()},
    }
    plans = tuple(plan for plan in SHARES if possible.get(plan, True))
    return Repertoire(plans, tuple(accumulate(SHARES[plan] for plan in plans)))


def plan_scene(rng: random.Random, library: Library, kinds: Repertoire) -> Scene:
    """A scene of one of these kinds, by their shares; one in ten loses its caption."""
    plan = rng.choices(kinds.plans, cum_weights=kinds.weights)[0]
    scene = plan(rng, library)
    return replace(scene, caption="") if rng.random() < NULL else scene


def subject(rng: random.Random, library: Library) -> Scene:
    """One subject on some ground; what is drawn in ink is mostly made solid, coloured and painted."""
    item = _subject(rng, library)
    own = library.items[item]
    layer = placed(rng, library, item)
    if item in library.shaded and rng.random() < 0.72:
        return _made_solid(rng, library, layer)
    manner = Manner.AS_IS if own.name in PORTRAYED else _manner(rng, own.style)
    return on_ground(rng, library, (layer,), own.style, rng.choice(library.phrases[own.name]), manner)


def _made_solid(rng: random.Random, library: Library, layer: Layer) -> Scene:
    """A subject in ink, solid, in the colours that it has elsewhere."""
    own = library.items[layer.item]
    coloured = replace(layer, item=library.shaded[layer.item], tint=_hue(rng, library, own.name), tinted=1.0)
    manner = rng.choices((Manner.AS_IS, *MANNERS), (3, 3, 2.5, 2.5, 2))[0]
    style = rng.choice(("an illustration of", "a drawing of"))
    manner = Manner.AS_IS if own.name in PORTRAYED else manner
    return on_ground(rng, library, (coloured,), style, rng.choice(library.phrases[own.name]), manner)


def _hue(rng: random.Random, library: Library, name: str) -> tuple[float, float, float]:
    """A colour that a name has where it is coloured, a little varied; earth, leaf, sky or metal for others."""
    known = library.hues.get(name)
    colour = rng.choice(known if known is not None and rng.random() < 0.8 else NATURE)
    light = rng.uniform(0.75, 1.2)
    r, g, b = (min(max(c * light + rng.uniform(-0.07, 0.07), 0.03), 0.97) for c in colour)
    return r, g, b


def tinted(rng: random.Random, library: Library) -> Scene:
    """One subject in one colour: "a red car"."""
    item = _subject(rng, library)
    while not _takes_colour(library, item):
        item = _subject(rng, library)
    colour, style = rng.choice(tuple(COLOURS)), library.items[item].style
    phrase = f"{colour} {_everyday(rng, library, item)}"
    layer = replace(placed(rng, library, item), tint=COLOURS[colour], tinted=rng.uniform(0.75, 1.0))
    if item in library.shaded:
        layer, style = replace(layer, item=library.shaded[item], tinted=1.0), "an illustration of"
    manners = (Manner.AS_IS, Manner.AS_IS, Manner.OIL, Manner.WATERCOLOR)
    return on_ground(rng, library, (layer,), style, phrase, rng.choice(manners))


def silhouette(rng: random.Random, library: Library) -> Scene:
    """One subject as a dark shape on light ground."""
    item = _subject(rng, library)
    while item not in library.shapely:
        item = _subject(rng, library)
    dark = (rng.uniform(0, 0.15), rng.uniform(0, 0.15), rng.uniform(0, 0.2))
    layer = replace(placed(rng, library, item), tint=dark, ink=1.0)
    scene = on_ground(rng, library, (layer,), "a silhouette of", _everyday(rng, library, item), Manner.AS_IS)
    return replace(scene, washed=max(scene.washed, 0.55), wash=_light(rng), shadow=0.0)


def photo(rng: random.Random, library: Library) -> Scene:
    """A photograph or painting, whole; sometimes repainted."""
    item = library.photo(rng)
    return _whole(rng, library, item, rng.choice(library.phrases[library.items[item].name]))


def theme(rng: random.Random, library: Library) -> Scene:
    """A photograph or painting of what people ask for most, whole, called as they call it."""
    name = rng.choices(tuple(library.themes), [THEMES[own].share for own in library.themes])[0]
    item, own = rng.choice(library.themes[name]), THEMES[name]
    said = not own.phrases or rng.random() < own.named
    return _whole(rng, library, item, library.items[item].name if said else rng.choice(own.phrases))


def _whole(rng: random.Random, library: Library, item: int, phrase: str) -> Scene:
    """A photograph or painting; sometimes repainted."""
    what = library.items[item]
    manner = Manner.AS_IS
    if what.style in PRINTS and rng.random() < 0.3:
        what = replace(what, style="a lithograph of")
    elif what.style == "an oil painting of" and rng.random() < 0.25:
        manner = rng.choices((Manner.WATERCOLOR, Manner.LITHOGRAPH, Manner.PENCIL), (2, 2, 1.5))[0]
    if what.style == "a photo of" and rng.random() < 0.36:
        manner = rng.choices(tuple(MANNERS), (4, 2, 2, 1.5))[0]
    caption = _caption(rng, MANNERS.get(manner, what.style), phrase)
    if manner is Manner.AS_IS and what.style == "a photo of" and rng.random() < 0.12:
        caption = rng.choice(("a high quality photo", f"a high quality photo of {phrase}"))
    return Scene(
        caption,
        (),
        item,
        mirrored=rng.random() < 0.5,
        zoom=rng.uniform(0.78, 1.0),
        shift=(rng.uniform(-1, 1), rng.uniform(-1, 1)),
        manner=manner,
    )


PRINTS = frozenset(("an engraving of", "a woodcut of"))
"""Printed in one ink, as lithographs are."""


def pair(rng: random.Random, library: Library) -> Scene:
    """Two subjects side by side: "a cat and a rocket"."""
    first = _subject(rng, library)
    style = library.items[first].style
    second = None
    while second is None:
        second = library.of(rng, library.name(rng), style)
    left, right = (first, second) if rng.random() < 0.5 else (second, first)
    drop = rng.uniform(-0.12, 0.12)
    layers = (
        _layer(rng, library, left, rng.uniform(0.24, 0.30), 0.5 + drop, rng.uniform(0.46, 0.58)),
        _layer(rng, library, right, rng.uniform(0.70, 0.76), 0.5 - drop, rng.uniform(0.46, 0.58)),
    )
    phrase = f"{_everyday(rng, library, first)} and {_everyday(rng, library, second)}"
    manner = Manner.AS_IS if library.items[first].name in PORTRAYED else _manner(rng, style)
    return on_ground(rng, library, layers, style, phrase, manner)


def hat(rng: random.Random, library: Library) -> Scene:
    """Someone wearing a hat."""
    wearer, cap, style = _together(rng, library, HEADS, HATS)
    size = rng.uniform(0.62, 0.76)
    x, y = 0.5 + rng.uniform(-0.06, 0.06), 0.98 - size / 2 + rng.uniform(-0.05, 0.02)
    width = size * rng.uniform(0.66, 0.84)
    brow = y - size / 2 + size * rng.uniform(0.12, 0.2)
    lean = rng.uniform(-8, 8)
    layers = (
        replace(_layer(rng, library, wearer, x, y, size), angle=0.0),
        replace(_layer(rng, library, cap, x + rng.uniform(-0.02, 0.02), brow - 0.36 * width, width), angle=lean),
    )
    kind = rng.choice(("hat", "hat", "hat", _everyday(rng, library, cap)))
    phrase = f"{_everyday(rng, library, wearer)} wearing {kind}"
    manner = Manner.AS_IS if library.items[wearer].name in PORTRAYED else _manner(rng, style)
    return on_ground(rng, library, layers, style, phrase, manner)


def worn(rng: random.Random, library: Library) -> Scene:
    """A portrait of someone who wears a hat."""
    name = rng.choices(tuple(library.sitters), [SITTING.get(name, 1) for name in library.sitters])[0]
    sitter = rng.choice(library.sitters[name])
    size = rng.uniform(0.78, 0.92)
    x, y = 0.5 + rng.uniform(-0.05, 0.05), 1.0 - size / 2 + rng.uniform(-0.01, 0.04)
    layers = [Layer(sitter, x, y, size, mirrored=rng.random() < 0.5)]
    cap = _solid(rng, library, WORN)
    if cap is not None:
        width = size * rng.uniform(0.48, 0.62)
        brow = y - size / 2 + size * rng.uniform(0.2, 0.26)
        # Mostly felt and straw, seldom bright.
        tint = rng.choice(FELT) if rng.random() < 0.8 else _hue(rng, library, library.items[cap].name)
        layers.append(Layer(cap, x, brow - 0.3 * width, width, rng.uniform(-7, 7), rng.random() < 0.5, tint, 0.9))
    who = "man" if name == "man with a beard" else name
    phrase = f"{who} {rng.choice(('wearing', 'wearing', 'wearing', 'with'))} hat"
    style = library.items[sitter].style
    manner = rng.choices((Manner.AS_IS, *MANNERS), (3, 3, 1, 1, 1))[0]
    scene = on_ground(rng, library, tuple(layers), style, phrase, manner)
    return replace(scene, shadow=0.0)


def _solid(rng: random.Random, library: Library, names: Sequence[str]) -> int | None:
    """A picture of one of some names that can be coloured."""
    for name in rng.sample(names, len(names)):
        found = [library.shaded.get(k, k) for k in library.subjects.get(name, ()) if not _ink_alone(library, k)]
        if found:
            return rng.choice(found)
    return None


def _ink_alone(library: Library, item: int) -> bool:
    style = library.items[item].style
    return style == PIXELS or (style in INK_STYLES and item not in library.shaded)


def campfire(rng: random.Random, library: Library) -> Scene:
    """A fire, and people around it."""
    fire, first, style = _together(rng, library, FIRES, PEOPLE)
    night = rng.random() < 0.6
    ground = library.backdrop(rng, *(("night hills",) if night else ("hills", "forest", "field", "mountains")))
    light = rng.uniform(0.8, 1.0) if night else 1.0
    x, y = rng.uniform(0.42, 0.58), rng.uniform(0.7, 0.78)
    people = [first] + [
        p for p in (library.any_of(rng, PEOPLE, style) for _ in range(rng.randint(1, 3))) if p is not None
    ]
    behind: list[Layer] = []
    front: list[Layer] = []
    for k, person in enumerate(people):
        side = -1 if k % 2 else 1
        far = rng.random() < 0.4
        px = x + side * rng.uniform(0.12, 0.3 if far else 0.38)
        size = rng.uniform(0.34, 0.44) if far else rng.uniform(0.44, 0.56)
        layer = replace(
            _layer(rng, library, person, px, y - (0.1 if far else 0.0), size), mirrored=side > 0, angle=0.0, light=light
        )
        (behind if far else front).append(layer)
    flame = replace(_layer(rng, library, fire, x, y, rng.uniform(0.34, 0.48)), angle=0.0)
    phrase = rng.choice(CAMPFIRE)
    if rng.random() < 0.12:
        behind, front, phrase = [], [], "campfire"
        flame = replace(flame, size=rng.uniform(0.4, 0.6))
    return _landscape(rng, (*behind, flame, *front), ground, style, phrase)


def fireside(rng: random.Random, library: Library) -> Scene:
    """People cut out of portraits, and dark figures, around a painted fire at night."""
    x, y = rng.uniform(0.42, 0.58), rng.uniform(0.68, 0.78)
    fire = _solid(rng, library, ("campfire", "campfire", "fire"))
    flame = (
        ()
        if fire is None
        else (
            Layer(fire, x, y, rng.uniform(0.34, 0.5), tint=(0.98, rng.uniform(0.5, 0.7), 0.14), tinted=0.9, light=1.15),
        )
    )
    people: list[Layer] = []
    for k in range(rng.randint(2, 4)):
        side = -1 if k % 2 else 1
        place, size = x + side * rng.uniform(0.16, 0.36), rng.uniform(0.34, 0.56)
        figure = _solid(rng, library, SEATED) if rng.random() < 0.45 else None
        if figure is None:
            name = rng.choices(tuple(library.sitters), [SITTING.get(name, 1) for name in library.sitters])[0]
            layer = _sitter(rng, rng.choice(library.sitters[name]), place, y - rng.uniform(0.0, 0.12), size)
            layer = replace(layer, tint=(0.95, 0.52, 0.22), tinted=rng.uniform(0.1, 0.5))
        else:
            shade = rng.uniform(0.25, 0.6)
            cloth = (shade * rng.uniform(0.8, 1.3), shade * rng.uniform(0.5, 0.9), shade * rng.uniform(0.35, 0.8))
            layer = Layer(figure, place, y - rng.uniform(-0.06, 0.08), size, tint=cloth, tinted=1.0)
        people.append(replace(layer, mirrored=side > 0, light=rng.uniform(0.6, 1.0)))
    front = rng.randint(0, len(people) // 2)
    light = Layer(library.light, x, y, rng.uniform(1.0, 1.6))
    layers = (light, *people[front:], *flame, *people[:front])
    scene = _landscape(rng, layers, library.backdrop(rng, "night hills"), "an illustration of", "")
    manner = rng.choices((Manner.AS_IS, *MANNERS), (1.5, 5, 2, 2, 1))[0]
    return _in_manner(rng, scene, manner, rng.choice(CAMPFIRE))


def _in_manner(rng: random.Random, scene: Scene, manner: Manner, phrase: str) -> Scene:
    """A scene painted in a manner that is chosen for it."""
    return replace(scene, manner=manner, caption=_caption(rng, MANNERS.get(manner, "an illustration of"), phrase))


def village(rng: random.Random, library: Library) -> Scene:
    """Houses before mountains or on hills, often in snow."""
    house, tree, style = _together(rng, library, HOUSES, TREES)
    snowy, high = rng.random() < 0.6, rng.random() < 0.7
    names = {
        (True, True): "snowy mountains",
        (True, False): "snowy hills",
        (False, True): "mountains",
        (False, False): "hills",
    }
    ground = library.backdrop(rng, names[snowy, high])
    layers = []
    for k in range(rng.randint(3, MAX_LAYERS - 1)):
        y = rng.uniform(0.6, 0.9)
        item = tree if k == 0 and rng.random() < 0.6 else (library.any_of(rng, HOUSES, style) or house)
        size = (0.16 + 0.5 * (y - 0.55)) * rng.uniform(0.8, 1.2)
        layer = _layer(rng, library, item, rng.uniform(0.06, 0.94), y, size)
        layers.append(replace(layer, angle=0.0, snow=rng.uniform(0.7, 1.0) if snowy else 0.0))
    return _landscape(
        rng, tuple(sorted(layers, key=lambda layer: layer.y)), ground, style, rng.choice(VILLAGES[snowy, high])
    )


def barista(rng: random.Random, library: Library) -> Scene:
    """Someone with a cup of coffee before the shelves of a bar."""
    person, cup, style = _together(rng, library, BARISTAS, CUPS)
    x, size = rng.uniform(0.38, 0.55), rng.uniform(0.62, 0.8)
    layers = (
        replace(_layer(rng, library, person, x, 0.98 - size / 2, size), angle=0.0),
        replace(
            _layer(rng, library, cup, x + rng.uniform(0.2, 0.3), rng.uniform(0.76, 0.84), rng.uniform(0.26, 0.36)),
            angle=0.0,
        ),
    )
    kinds = BEARDED_BARISTA if "beard" in library.items[person].name else BARISTA
    return _landscape(rng, layers, library.backdrop(rng, "cafe"), style, rng.choice(kinds))


def bar(rng: random.Random, library: Library) -> Scene:
    """Someone behind the counter of a coffee bar, cut out of a portrait."""
    names = [name for name in library.sitters if name != "old man"]
    name = rng.choices(names, [1.5 if name == "man with a beard" else 1 for name in names])[0]
    sitter = rng.choice(library.sitters[name])
    size = rng.uniform(0.66, 0.86)
    x = rng.uniform(0.4, 0.6)
    # Old photographs are grey.
    grey = 0.65 if "beard" in name else 0.0
    layers = (
        replace(_sitter(rng, sitter, x, 0.9 - size / 2 + rng.uniform(0, 0.06), size), tinted=grey),
        Layer(library.backdrop(rng, "counter"), mirrored=rng.random() < 0.5),
    )
    kinds = BEARDED_BARISTA if "beard" in name else (*BARISTA, "hipster barista")
    scene = _landscape(rng, layers, library.backdrop(rng, "cafe"), library.items[sitter].style, "barista")
    manner = rng.choices((Manner.AS_IS, *MANNERS), (5, 2, 1, 1, 1))[0]
    style = MANNERS.get(manner, library.items[sitter].style)
    return replace(scene, manner=manner, caption=_caption(rng, style, rng.choice(kinds)))


def _sitter(rng: random.Random, item: int, x: float, y: float, size: float) -> Layer:
    """Head and shoulders, in the colours of skin where a layer is tinted."""
    return Layer(item, x, y, size, mirrored=rng.random() < 0.5, tint=(0.74, 0.54, 0.42))


def old_city(rng: random.Random, library: Library) -> Scene:
    """Temples and castles close together."""
    first, tree, style = _together(rng, library, OLD_BUILDINGS, TREES)
    layers = []
    for k in range(rng.randint(3, 6)):
        y = rng.uniform(0.55, 0.85)
        item = tree if k == 0 else (library.any_of(rng, OLD_BUILDINGS, style) or first)
        layer = _layer(rng, library, item, rng.uniform(0.08, 0.92), y, (0.2 + 0.6 * (y - 0.5)) * rng.uniform(0.8, 1.2))
        layers.append(replace(layer, angle=0.0))
    ground = library.backdrop(rng, "hills", "mountains", "field")
    phrase = rng.choice(OLD_CITY)
    return _landscape(rng, tuple(sorted(layers, key=lambda layer: layer.y)), ground, style, phrase)


SCENERY: Mapping[str, tuple[float, Sequence[str]]] = {
    "coast": (2, ("coast", "coast", "sea coast", "coast with houses")),
    "cliffs": (4, ("coast", "coast", "cliffs by sea", "coast with houses")),
    "waterfall": (2.5, ("waterfalls", "waterfalls", "waterfall")),
    "cascades": (4, ("waterfalls", "waterfalls", "waterfall")),
    "village": (2, ("village", "mountain village", "village in mountains")),
    "snowy village": (6, ("snowy mountain village", "snowy mountain village", "snowy village", "village in snow")),
    "campfire": (8, CAMPFIRE),
    "pagoda": (3, ("pagoda",)),
    "old city": (2, OLD_CITY),
    "snowy mountains": (2, ("snowy mountains", "snowy mountain")),
    "mountains": (1, ("mountains", "mountain")),
    "hills": (0.5, ("hills", "green hills")),
    "forest": (0.7, ("forest", "trees")),
    "sea": (0.7, ("sea", "ocean")),
    "city": (2, ("city", "modern city", "city skyline")),
    "night city": (1, ("city at night", "modern city at night")),
}
"""Drawn places that are subjects themselves: how often, and what they are called."""


SCENE_PHRASES = (
    *(phrase for _, phrases in SCENERY.values() for phrase in phrases),
    *(phrase for phrases in VILLAGES.values() for phrase in phrases),
    *(phrase for own in THEMES.values() for phrase in own.phrases),
    *(*CAMPFIRE, "campfire", *BEARDED_BARISTA, *OLD_CITY, *COLOURS, "wearing hat", "and", "a high quality photo of"),
    *(*MANNERS.values(), "a silhouette of", "an illustration of"),
)
"""Every phrase in captions that is neither a name, nor a synonym, nor a pack's style."""


def scenery(rng: random.Random, library: Library) -> Scene:
    """A drawn place, alone or with a boat or a tree."""
    name = rng.choices(tuple(SCENERY), [weight for weight, _ in SCENERY.values()])[0]
    style = rng.choice(("a cartoon of", "a sticker of", "a 3d render of"))
    boat = library.any_of(rng, ("sailboat", "motor boat", "ship"), style)
    layers: tuple[Layer, ...] = ()
    if boat is not None and name in ("coast", "sea") and rng.random() < 0.3:
        layers = (
            replace(
                _layer(rng, library, boat, rng.uniform(0.2, 0.8), rng.uniform(0.55, 0.75), rng.uniform(0.12, 0.22)),
                angle=0.0,
            ),
        )
    scene = _landscape(rng, layers, library.backdrop(rng, name), "an illustration of", "")
    manner = rng.choices((Manner.AS_IS, *MANNERS), (3, 4, 2.5, 2.5, 1.5))[0]
    scene = _in_manner(rng, scene, manner, rng.choice(SCENERY[name][1]))
    return replace(scene, zoom=rng.uniform(0.75, 1.0), shift=(rng.uniform(-1, 1), rng.uniform(-1, 1)))


SHARES: Mapping[Plan, float] = {
    subject: 0.35,
    photo: 0.14,
    theme: 0.14,
    tinted: 0.04,
    silhouette: 0.02,
    pair: 0.06,
    hat: 0.012,
    worn: 0.025,
    campfire: 0.012,
    fireside: 0.015,
    village: 0.02,
    barista: 0.006,
    bar: 0.02,
    old_city: 0.01,
    scenery: 0.12,
}
"""How often each kind is shown."""

COMPANY: Mapping[Plan, tuple[Sequence[str], Sequence[str]]] = {
    hat: (HEADS, HATS),
    campfire: (FIRES, PEOPLE),
    village: (HOUSES, TREES),
    barista: (BARISTAS, CUPS),
    old_city: (OLD_BUILDINGS, TREES),
}
"""Kinds that need a picture of one of the first names and one of the second, in the same style."""


def _takes_colour(library: Library, item: int) -> bool:
    """Whether it can be painted in any colour: not ink drawings, nor people, nor what has a colour in its name."""
    style, name = library.items[item].style, library.items[item].name
    if (style in FLAT_STYLES and item not in library.shaded) or style == PIXELS or name in PORTRAYED:
        return False
    packs_and_subgroup = table("names").get(name, ("", ""))
    named = any(word in COLOURS for phrase in phrases_of(name) for word in phrase.split())
    return not named and not packs_and_subgroup[1].startswith(("person", "face", "family", "hand", "body", "heart"))


def _subject(rng: random.Random, library: Library) -> int:
    """A cut-out picture of a name: a name in colour and in ink is mostly shown in colour."""
    found = library.subjects[library.name(rng)]
    item = rng.choice(found)
    if library.items[item].style in INK_STYLES and rng.random() < COLOURED:
        coloured = [k for k in found if library.items[k].style not in INK_STYLES]
        if coloured:
            return rng.choice(coloured)
    return item


def _everyday(rng: random.Random, library: Library, item: int) -> str:
    """What people call it; the most everyday phrase, mostly."""
    name = library.items[item].name
    return everyday(name) if rng.random() < 0.7 else rng.choice(library.phrases[name])


def _together(
    rng: random.Random, library: Library, firsts: Sequence[str], seconds: Sequence[str]
) -> tuple[int, int, str]:
    """A picture of each, in the same style; `_can_meet` says whether there is one."""
    there = [name for name in firsts if name in library.subjects]
    while True:
        first = rng.choice(library.subjects[rng.choice(there)])
        style = library.items[first].style
        second = library.any_of(rng, seconds, style)
        if second is not None:
            return first, second, style


def _can_meet(library: Library, firsts: Sequence[str], seconds: Sequence[str]) -> bool:
    """Whether there is a picture of one of each in the same style."""
    styles = [
        {library.items[item].style for name in names for item in library.subjects.get(name, ())}
        for names in (firsts, seconds)
    ]
    return bool(styles[0] & styles[1])


def _layer(rng: random.Random, library: Library, item: int, x: float, y: float, size: float) -> Layer:
    """A subject at a place, a little turned."""
    if library.items[item].style == PIXELS:
        # Squares stay on the grid of pixels only unturned and at whole fractions of their size.
        size, room = (1.0, 0.04) if size > 0.65 else (0.5, 0.25)
        x, y = (round(min(max(c, 0.5 - room), 0.5 + room) * 64) / 64 for c in (x, y))
        return Layer(item, x, y, size, mirrored=rng.random() < 0.5)
    return Layer(item, x, y, size, angle=rng.gauss(0, 5), mirrored=rng.random() < 0.5)


def placed(rng: random.Random, library: Library, item: int) -> Layer:
    """A subject that fills most of the picture."""
    size = rng.uniform(0.7, 1.0)
    room = (1 - size) / 2 + 0.03
    return _layer(rng, library, item, 0.5 + rng.uniform(-room, room), 0.5 + rng.uniform(-room, room), size)


def _manner(rng: random.Random, style: str) -> Manner:
    """As drawn, or painted."""
    if style in FLAT_STYLES or style == PIXELS or rng.random() < 0.45:
        return Manner.AS_IS
    return rng.choices(tuple(MANNERS), (4, 3, 3, 2))[0]


def on_ground(
    rng: random.Random, library: Library, layers: tuple[Layer, ...], style: str, phrase: str, manner: Manner
) -> Scene:
    """Subjects on paper, on plain colour, on the colours of a photograph or in a drawn place."""
    kind = rng.choices(("paper", "plain", "colours", "place"), (3, 2, 4, 3))[0]
    backdrop, softness, washed, wash = library.photo(rng), 1.0, 1.0, _light(rng)
    if kind == "plain":
        washed = rng.uniform(0.1, 0.6)
    elif kind == "colours":
        softness, washed = rng.choice((0.4, 0.6, 0.6, 0.8)), rng.uniform(0.0, 0.5)
    elif kind == "place":
        places = ("field", "hills", "interior", "forest", "sea", "mountains", "night hills", "snowy hills", "city")
        backdrop, softness, washed = library.backdrop(rng, *places), rng.choice((0.0, 0.0, 0.2)), rng.uniform(0, 0.3)
    if style in FLAT_STYLES:
        washed = max(washed, 0.7)
    return Scene(
        _caption(rng, MANNERS.get(manner, style), phrase),
        layers,
        backdrop,
        softness,
        wash,
        washed,
        mirrored=rng.random() < 0.5,
        zoom=rng.uniform(0.6, 1.0),
        shift=(rng.uniform(-1, 1), rng.uniform(-1, 1)),
        shadow=rng.choice((0.0, 0.0, 0.15, 0.3)) if style not in FLAT_STYLES else 0.0,
        manner=manner,
    )


def _landscape(rng: random.Random, layers: tuple[Layer, ...], ground: int, style: str, phrase: str) -> Scene:
    """Subjects in the place where they belong."""
    manner = _manner(rng, style)
    light = 0.6 if style in FLAT_STYLES else 0.0
    caption = _caption(rng, MANNERS.get(manner, style), phrase)
    return Scene(caption, layers, ground, washed=light, mirrored=rng.random() < 0.5, shadow=0.15, manner=manner)


def _light(rng: random.Random) -> tuple[float, float, float]:
    """Paper, or a light colour."""
    if rng.random() < 0.5:
        tone = rng.uniform(0.93, 1.0)
        return tone, tone, tone
    return rng.uniform(0.72, 1.0), rng.uniform(0.72, 1.0), rng.uniform(0.68, 1.0)


def _caption(rng: random.Random, style: str, phrase: str) -> str:
    """The ways in which people put it."""
    way = rng.random()
    if way < 0.1:
        return phrase
    said = rng.choice((style, style, style, *table("styles").get(style, ())))
    if way < 0.16:
        return f"{phrase}, {said.removesuffix(' of')}"
    return f"{said} {phrase}"
