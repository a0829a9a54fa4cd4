"""Scenes of several subjects in the place where they belong: around a fire, in a village, behind a bar."""

import random
from dataclasses import replace

from duckrabbit.datasets.paint.cast import (
    BARISTA,
    BARISTAS,
    BEARDED_BARISTA,
    CAMPFIRE,
    CUPS,
    FIRES,
    HOUSES,
    MANNERS,
    OLD_BUILDINGS,
    OLD_CITY,
    PEOPLE,
    SCENERY,
    SEATED,
    SITTING,
    TREES,
    VILLAGES,
)
from duckrabbit.datasets.paint.library import Library
from duckrabbit.datasets.paint.scene import MAX_LAYERS, Layer, Manner, Scene
from duckrabbit.datasets.paint.staging import (
    captioned,
    colourable,
    in_landscape,
    in_manner,
    in_one_style,
    layer_at,
    seated,
)


def campfire(rng: random.Random, library: Library) -> Scene:
    """A fire, and people around it."""
    fire, first, style = in_one_style(rng, library, FIRES, PEOPLE)
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
            layer_at(rng, library, person, px, y - (0.1 if far else 0.0), size),
            mirrored=side > 0,
            angle=0.0,
            light=light,
        )
        (behind if far else front).append(layer)
    flame = replace(layer_at(rng, library, fire, x, y, rng.uniform(0.34, 0.48)), angle=0.0)
    phrase = rng.choice(CAMPFIRE)
    if rng.random() < 0.12:
        behind, front, phrase = [], [], "campfire"
        flame = replace(flame, size=rng.uniform(0.4, 0.6))
    return in_landscape(rng, (*behind, flame, *front), ground, style, phrase)


def fireside(rng: random.Random, library: Library) -> Scene:
    """People cut out of portraits, and dark figures, around a painted fire at night."""
    x, y = rng.uniform(0.42, 0.58), rng.uniform(0.68, 0.78)
    fire = colourable(rng, library, ("campfire", "campfire", "fire"))
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
        figure = colourable(rng, library, SEATED) if rng.random() < 0.45 else None
        if figure is None:
            name = rng.choices(tuple(library.sitters), [SITTING.get(name, 1) for name in library.sitters])[0]
            layer = seated(rng, rng.choice(library.sitters[name]), place, y - rng.uniform(0.0, 0.12), size)
            layer = replace(layer, tint=(0.95, 0.52, 0.22), tinted=rng.uniform(0.1, 0.5))
        else:
            shade = rng.uniform(0.25, 0.6)
            cloth = (shade * rng.uniform(0.8, 1.3), shade * rng.uniform(0.5, 0.9), shade * rng.uniform(0.35, 0.8))
            layer = Layer(figure, place, y - rng.uniform(-0.06, 0.08), size, tint=cloth, tinted=1.0)
        people.append(replace(layer, mirrored=side > 0, light=rng.uniform(0.6, 1.0)))
    front = rng.randint(0, len(people) // 2)
    light = Layer(library.light, x, y, rng.uniform(1.0, 1.6))
    layers = (light, *people[front:], *flame, *people[:front])
    scene = in_landscape(rng, layers, library.backdrop(rng, "night hills"), "an illustration of", "")
    manner = rng.choices((Manner.AS_IS, *MANNERS), (1.5, 5, 2, 2, 1))[0]
    return in_manner(rng, scene, manner, rng.choice(CAMPFIRE))


def village(rng: random.Random, library: Library) -> Scene:
    """Houses before mountains or on hills, often in snow."""
    house, tree, style = in_one_style(rng, library, HOUSES, TREES)
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
        layer = layer_at(rng, library, item, rng.uniform(0.06, 0.94), y, size)
        layers.append(replace(layer, angle=0.0, snow=rng.uniform(0.7, 1.0) if snowy else 0.0))
    return in_landscape(
        rng, tuple(sorted(layers, key=lambda layer: layer.y)), ground, style, rng.choice(VILLAGES[snowy, high])
    )


def barista(rng: random.Random, library: Library) -> Scene:
    """Someone with a cup of coffee before the shelves of a bar."""
    person, cup, style = in_one_style(rng, library, BARISTAS, CUPS)
    x, size = rng.uniform(0.38, 0.55), rng.uniform(0.62, 0.8)
    layers = (
        replace(layer_at(rng, library, person, x, 0.98 - size / 2, size), angle=0.0),
        replace(
            layer_at(rng, library, cup, x + rng.uniform(0.2, 0.3), rng.uniform(0.76, 0.84), rng.uniform(0.26, 0.36)),
            angle=0.0,
        ),
    )
    kinds = BEARDED_BARISTA if "beard" in library.items[person].name else BARISTA
    return in_landscape(rng, layers, library.backdrop(rng, "cafe"), style, rng.choice(kinds))


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
        replace(seated(rng, sitter, x, 0.9 - size / 2 + rng.uniform(0, 0.06), size), tinted=grey),
        Layer(library.backdrop(rng, "counter"), mirrored=rng.random() < 0.5),
    )
    kinds = BEARDED_BARISTA if "beard" in name else (*BARISTA, "hipster barista")
    scene = in_landscape(rng, layers, library.backdrop(rng, "cafe"), library.items[sitter].style, "barista")
    manner = rng.choices((Manner.AS_IS, *MANNERS), (5, 2, 1, 1, 1))[0]
    style = MANNERS.get(manner, library.items[sitter].style)
    return replace(scene, manner=manner, caption=captioned(rng, style, rng.choice(kinds)))


def old_city(rng: random.Random, library: Library) -> Scene:
    """Temples and castles close together."""
    first, tree, style = in_one_style(rng, library, OLD_BUILDINGS, TREES)
    layers = []
    for k in range(rng.randint(3, 6)):
        y = rng.uniform(0.55, 0.85)
        item = tree if k == 0 else (library.any_of(rng, OLD_BUILDINGS, style) or first)
        layer = layer_at(
            rng, library, item, rng.uniform(0.08, 0.92), y, (0.2 + 0.6 * (y - 0.5)) * rng.uniform(0.8, 1.2)
        )
        layers.append(replace(layer, angle=0.0))
    ground = library.backdrop(rng, "hills", "mountains", "field")
    phrase = rng.choice(OLD_CITY)
    return in_landscape(rng, tuple(sorted(layers, key=lambda layer: layer.y)), ground, style, phrase)


def scenery(rng: random.Random, library: Library) -> Scene:
    """A drawn place, alone or with a boat or a tree."""
    name = rng.choices(tuple(SCENERY), [weight for weight, _ in SCENERY.values()])[0]
    style = rng.choice(("a cartoon of", "a sticker of", "a 3d render of"))
    boat = library.any_of(rng, ("sailboat", "motor boat", "ship"), style)
    layers: tuple[Layer, ...] = ()
    if boat is not None and name in ("coast", "sea") and rng.random() < 0.3:
        layers = (
            replace(
                layer_at(rng, library, boat, rng.uniform(0.2, 0.8), rng.uniform(0.55, 0.75), rng.uniform(0.12, 0.22)),
                angle=0.0,
            ),
        )
    scene = in_landscape(rng, layers, library.backdrop(rng, name), "an illustration of", "")
    manner = rng.choices((Manner.AS_IS, *MANNERS), (3, 4, 2.5, 2.5, 1.5))[0]
    scene = in_manner(rng, scene, manner, rng.choice(SCENERY[name][1]))
    return replace(scene, zoom=rng.uniform(0.75, 1.0), shift=(rng.uniform(-1, 1), rng.uniform(-1, 1)))
