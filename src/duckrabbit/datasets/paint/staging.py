"""What every kind of scene is put together with: choosing pictures, placing them, grounds and captions."""

import random
from collections.abc import Sequence
from dataclasses import replace

from duckrabbit.datasets.names import everyday, phrases_of
from duckrabbit.datasets.paint.cast import COLOURED, COLOURS, FLAT_STYLES, MANNERS, NATURE, PIXELS, PORTRAYED
from duckrabbit.datasets.paint.library import Library
from duckrabbit.datasets.paint.scene import Layer, Manner, Scene
from duckrabbit.datasets.paint.shading import INK_STYLES
from duckrabbit.datasets.prompts import table


def natural_hue(rng: random.Random, library: Library, name: str) -> tuple[float, float, float]:
    """A colour that a name has where it is coloured, a little varied; earth, leaf, sky or metal for others."""
    known = library.hues.get(name)
    colour = rng.choice(known if known is not None and rng.random() < 0.8 else NATURE)
    light = rng.uniform(0.75, 1.2)
    r, g, b = (min(max(c * light + rng.uniform(-0.07, 0.07), 0.03), 0.97) for c in colour)
    return r, g, b


def colourable(rng: random.Random, library: Library, names: Sequence[str]) -> int | None:
    """A picture of one of some names that can be coloured."""
    for name in rng.sample(names, len(names)):
        found = [library.shaded.get(k, k) for k in library.subjects.get(name, ()) if not _ink_alone(library, k)]
        if found:
            return rng.choice(found)
    return None


def _ink_alone(library: Library, item: int) -> bool:
    style = library.items[item].style
    return style == PIXELS or (style in INK_STYLES and item not in library.shaded)


def in_manner(rng: random.Random, scene: Scene, manner: Manner, phrase: str) -> Scene:
    """A scene painted in a manner that is chosen for it."""
    return replace(scene, manner=manner, caption=captioned(rng, MANNERS.get(manner, "an illustration of"), phrase))


def seated(rng: random.Random, item: int, x: float, y: float, size: float) -> Layer:
    """Head and shoulders, in the colours of skin where a layer is tinted."""
    return Layer(item, x, y, size, mirrored=rng.random() < 0.5, tint=(0.74, 0.54, 0.42))


def takes_colour(library: Library, item: int) -> bool:
    """Whether it can be painted in any colour: not ink drawings, nor people, nor what has a colour in its name."""
    style, name = library.items[item].style, library.items[item].name
    if (style in FLAT_STYLES and item not in library.shaded) or style == PIXELS or name in PORTRAYED:
        return False
    packs_and_subgroup = table("names").get(name, ("", ""))
    named = any(word in COLOURS for phrase in phrases_of(name) for word in phrase.split())
    return not named and not packs_and_subgroup[1].startswith(("person", "face", "family", "hand", "body", "heart"))


def any_subject(rng: random.Random, library: Library) -> int:
    """A cut-out picture of a name: a name in colour and in ink is mostly shown in colour."""
    found = library.subjects[library.name(rng)]
    item = rng.choice(found)
    if library.items[item].style in INK_STYLES and rng.random() < COLOURED:
        coloured = [k for k in found if library.items[k].style not in INK_STYLES]
        if coloured:
            return rng.choice(coloured)
    return item


def called(rng: random.Random, library: Library, item: int) -> str:
    """What people call it; the most everyday phrase, mostly."""
    name = library.items[item].name
    return everyday(name) if rng.random() < 0.7 else rng.choice(library.phrases[name])


def in_one_style(
    rng: random.Random, library: Library, firsts: Sequence[str], seconds: Sequence[str]
) -> tuple[int, int, str]:
    """A picture of each, in the same style; `can_meet` says whether there is one."""
    there = [name for name in firsts if name in library.subjects]
    while True:
        first = rng.choice(library.subjects[rng.choice(there)])
        style = library.items[first].style
        second = library.any_of(rng, seconds, style)
        if second is not None:
            return first, second, style


def can_meet(library: Library, firsts: Sequence[str], seconds: Sequence[str]) -> bool:
    """Whether there is a picture of one of each in the same style."""
    styles = [
        {library.items[item].style for name in names for item in library.subjects.get(name, ())}
        for names in (firsts, seconds)
    ]
    return bool(styles[0] & styles[1])


def layer_at(rng: random.Random, library: Library, item: int, x: float, y: float, size: float) -> Layer:
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
    return layer_at(rng, library, item, 0.5 + rng.uniform(-room, room), 0.5 + rng.uniform(-room, room), size)


def chosen_manner(rng: random.Random, style: str) -> Manner:
    """As drawn, or painted."""
    if style in FLAT_STYLES or style == PIXELS or rng.random() < 0.45:
        return Manner.AS_IS
    return rng.choices(tuple(MANNERS), (4, 3, 3, 2))[0]


def on_ground(
    rng: random.Random, library: Library, layers: tuple[Layer, ...], style: str, phrase: str, manner: Manner
) -> Scene:
    """Subjects on paper, on plain colour, on the colours of a photograph or in a drawn place."""
    kind = rng.choices(("paper", "plain", "colours", "place"), (3, 2, 4, 3))[0]
    backdrop, softness, washed, wash = library.photo(rng), 1.0, 1.0, light_colour(rng)
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
        captioned(rng, MANNERS.get(manner, style), phrase),
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


def in_landscape(rng: random.Random, layers: tuple[Layer, ...], ground: int, style: str, phrase: str) -> Scene:
    """Subjects in the place where they belong."""
    manner = chosen_manner(rng, style)
    light = 0.6 if style in FLAT_STYLES else 0.0
    caption = captioned(rng, MANNERS.get(manner, style), phrase)
    return Scene(caption, layers, ground, washed=light, mirrored=rng.random() < 0.5, shadow=0.15, manner=manner)


def light_colour(rng: random.Random) -> tuple[float, float, float]:
    """Paper, or a light colour."""
    if rng.random() < 0.5:
        tone = rng.uniform(0.93, 1.0)
        return tone, tone, tone
    return rng.uniform(0.72, 1.0), rng.uniform(0.72, 1.0), rng.uniform(0.68, 1.0)


def captioned(rng: random.Random, style: str, phrase: str) -> str:
    """The ways in which people put it."""
    way = rng.random()
    if way < 0.1:
        return phrase
    said = rng.choice((style, style, style, *table("styles").get(style, ())))
    if way < 0.16:
        return f"{phrase}, {said.removesuffix(' of')}"
    return f"{said} {phrase}"
