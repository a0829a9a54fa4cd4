"""Scenes of one subject or two and whole pictures, how often each kind of scene is shown, and all words of captions."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from duckrabbit.datasets.paint.cast import (
    BARISTAS,
    COLOURS,
    CUPS,
    FELT,
    FIRES,
    HATS,
    HEADS,
    HOUSES,
    MANNERS,
    NULL,
    OLD_BUILDINGS,
    PEOPLE,
    PORTRAYED,
    PRINTS,
    SCENE_PHRASES,
    SITTING,
    TREES,
    WORN,
)
from duckrabbit.datasets.paint.gatherings import bar, barista, campfire, fireside, old_city, scenery, village
from duckrabbit.datasets.paint.library import Library
from duckrabbit.datasets.paint.scene import Layer, Manner, Scene
from duckrabbit.datasets.paint.staging import (
    any_subject,
    called,
    can_meet,
    captioned,
    chosen_manner,
    colourable,
    in_one_style,
    layer_at,
    light_colour,
    natural_hue,
    on_ground,
    placed,
    takes_colour,
)
from duckrabbit.datasets.paint.themes import THEMES
from duckrabbit.datasets.prompts import Vocabulary, table, vocabulary_of


def subject(rng: random.Random, library: Library) -> Scene:
    """One subject on some ground; what is drawn in ink is mostly made solid, coloured and painted."""
    item = any_subject(rng, library)
    own = library.items[item]
    layer = placed(rng, library, item)
    if item in library.shaded and rng.random() < 0.72:
        return _made_solid(rng, library, layer)
    manner = Manner.AS_IS if own.name in PORTRAYED else chosen_manner(rng, own.style)
    return on_ground(rng, library, (layer,), own.style, rng.choice(library.phrases[own.name]), manner)


def _made_solid(rng: random.Random, library: Library, layer: Layer) -> Scene:
    """A subject in ink, solid, in the colours that it has elsewhere."""
    own = library.items[layer.item]
    coloured = replace(layer, item=library.shaded[layer.item], tint=natural_hue(rng, library, own.name), tinted=1.0)
    manner = rng.choices((Manner.AS_IS, *MANNERS), (3, 3, 2.5, 2.5, 2))[0]
    style = rng.choice(("an illustration of", "a drawing of"))
    manner = Manner.AS_IS if own.name in PORTRAYED else manner
    return on_ground(rng, library, (coloured,), style, rng.choice(library.phrases[own.name]), manner)


def tinted(rng: random.Random, library: Library) -> Scene:
    """One subject in one colour: "a red car"."""
    item = any_subject(rng, library)
    while not takes_colour(library, item):
        item = any_subject(rng, library)
    colour, style = rng.choice(tuple(COLOURS)), library.items[item].style
    phrase = f"{colour} {called(rng, library, item)}"
    layer = replace(placed(rng, library, item), tint=COLOURS[colour], tinted=rng.uniform(0.75, 1.0))
    if item in library.shaded:
        layer, style = replace(layer, item=library.shaded[item], tinted=1.0), "an illustration of"
    manners = (Manner.AS_IS, Manner.AS_IS, Manner.OIL, Manner.WATERCOLOR)
    return on_ground(rng, library, (layer,), style, phrase, rng.choice(manners))


def silhouette(rng: random.Random, library: Library) -> Scene:
    """One subject as a dark shape on light ground."""
    item = any_subject(rng, library)
    while item not in library.shapely:
        item = any_subject(rng, library)
    dark = (rng.uniform(0, 0.15), rng.uniform(0, 0.15), rng.uniform(0, 0.2))
    layer = replace(placed(rng, library, item), tint=dark, ink=1.0)
    scene = on_ground(rng, library, (layer,), "a silhouette of", called(rng, library, item), Manner.AS_IS)
    return replace(scene, washed=max(scene.washed, 0.55), wash=light_colour(rng), shadow=0.0)


def photo(rng: random.Random, library: Library) -> Scene:
    """A photograph or painting, whole; sometimes repainted."""
    item = library.photo(rng)
    return whole(rng, library, item, rng.choice(library.phrases[library.items[item].name]))


def theme(rng: random.Random, library: Library) -> Scene:
    """A photograph or painting of what people ask for most, whole, called as they call it."""
    name = rng.choices(tuple(library.themes), [THEMES[own].share for own in library.themes])[0]
    item, own = rng.choice(library.themes[name]), THEMES[name]
    said = not own.phrases or rng.random() < own.named
    return whole(rng, library, item, library.items[item].name if said else rng.choice(own.phrases))


def whole(rng: random.Random, library: Library, item: int, phrase: str) -> Scene:
    """A photograph or painting; sometimes repainted."""
    what = library.items[item]
    manner = Manner.AS_IS
    if what.style in PRINTS and rng.random() < 0.3:
        what = replace(what, style="a lithograph of")
    elif what.style == "an oil painting of" and rng.random() < 0.25:
        manner = rng.choices((Manner.WATERCOLOR, Manner.LITHOGRAPH, Manner.PENCIL), (2, 2, 1.5))[0]
    if what.style == "a photo of" and rng.random() < 0.36:
        manner = rng.choices(tuple(MANNERS), (4, 2, 2, 1.5))[0]
    caption = captioned(rng, MANNERS.get(manner, what.style), phrase)
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


def pair(rng: random.Random, library: Library) -> Scene:
    """Two subjects side by side: "a cat and a rocket"."""
    first = any_subject(rng, library)
    style = library.items[first].style
    second = None
    while second is None:
        second = library.of(rng, library.name(rng), style)
    left, right = (first, second) if rng.random() < 0.5 else (second, first)
    drop = rng.uniform(-0.12, 0.12)
    layers = (
        layer_at(rng, library, left, rng.uniform(0.24, 0.30), 0.5 + drop, rng.uniform(0.46, 0.58)),
        layer_at(rng, library, right, rng.uniform(0.70, 0.76), 0.5 - drop, rng.uniform(0.46, 0.58)),
    )
    phrase = f"{called(rng, library, first)} and {called(rng, library, second)}"
    manner = Manner.AS_IS if library.items[first].name in PORTRAYED else chosen_manner(rng, style)
    return on_ground(rng, library, layers, style, phrase, manner)


def hat(rng: random.Random, library: Library) -> Scene:
    """Someone wearing a hat."""
    wearer, cap, style = in_one_style(rng, library, HEADS, HATS)
    size = rng.uniform(0.62, 0.76)
    x, y = 0.5 + rng.uniform(-0.06, 0.06), 0.98 - size / 2 + rng.uniform(-0.05, 0.02)
    width = size * rng.uniform(0.66, 0.84)
    brow = y - size / 2 + size * rng.uniform(0.12, 0.2)
    lean = rng.uniform(-8, 8)
    layers = (
        replace(layer_at(rng, library, wearer, x, y, size), angle=0.0),
        replace(layer_at(rng, library, cap, x + rng.uniform(-0.02, 0.02), brow - 0.42 * width, width), angle=lean),
    )
    kind = rng.choice(("hat", "hat", "hat", called(rng, library, cap)))
    phrase = f"{called(rng, library, wearer)} wearing {kind}"
    manner = Manner.AS_IS if library.items[wearer].name in PORTRAYED else chosen_manner(rng, style)
    return on_ground(rng, library, layers, style, phrase, manner)


def worn(rng: random.Random, library: Library) -> Scene:
    """A portrait of someone who wears a hat."""
    name = rng.choices(tuple(library.sitters), [SITTING.get(name, 1) for name in library.sitters])[0]
    sitter = rng.choice(library.sitters[name])
    size = rng.uniform(0.78, 0.92)
    x, y = 0.5 + rng.uniform(-0.05, 0.05), 1.0 - size / 2 + rng.uniform(-0.01, 0.04)
    layers = [Layer(sitter, x, y, size, mirrored=rng.random() < 0.5)]
    cap = colourable(rng, library, WORN)
    if cap is not None:
        width = size * rng.uniform(0.48, 0.62)
        brow = y - size / 2 + size * rng.uniform(0.14, 0.2)
        # Mostly felt and straw, seldom bright.
        tint = rng.choice(FELT) if rng.random() < 0.8 else natural_hue(rng, library, library.items[cap].name)
        layers.append(Layer(cap, x, brow - 0.38 * width, width, rng.uniform(-7, 7), rng.random() < 0.5, tint, 0.9))
    who = "man" if name == "man with a beard" else name
    phrase = f"{who} {rng.choice(('wearing', 'wearing', 'wearing', 'with'))} hat"
    style = library.items[sitter].style
    manner = rng.choices((Manner.AS_IS, *MANNERS), (3, 3, 1, 1, 1))[0]
    scene = on_ground(rng, library, tuple(layers), style, phrase, manner)
    return replace(scene, shadow=0.0)


Plan = Callable[[random.Random, Library], Scene]


@dataclass(frozen=True)
class Repertoire:
    """Kinds of scenes, and the running sums of how often each is shown."""

    plans: tuple[Plan, ...]
    weights: tuple[float, ...]


def repertoire(library: Library) -> Repertoire:
    """The kinds of scenes that a library has the pictures for."""
    items = [item for found in library.subjects.values() for item in found]
    possible: dict[Plan, bool] = {
        tinted: any(takes_colour(library, item) for item in items),
        silhouette: any(item in library.shapely for item in items),
        theme: bool(library.themes),
        **{plan: bool(library.sitters) for plan in (worn, fireside, bar)},
        **{plan: can_meet(library, firsts, seconds) for plan, (firsts, seconds) in COMPANY.items()},
    }
    plans = tuple(plan for plan in SHARES if possible.get(plan, True))
    return Repertoire(plans, tuple(accumulate(SHARES[plan] for plan in plans)))


def plan_scene(rng: random.Random, library: Library, kinds: Repertoire) -> Scene:
    """A scene of one of these kinds, by their shares; one in ten loses its caption."""
    plan = rng.choices(kinds.plans, cum_weights=kinds.weights)[0]
    scene = plan(rng, library)
    return replace(scene, caption="") if rng.random() < NULL else scene


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


def training_vocabulary(library: Library) -> Vocabulary:
    """The words of the library's names that can be shown, of their synonyms, of all styles and of the scenes."""
    shown = {*library.subjects, *(library.items[k].name for k in library.photos[0])}
    phrases = [phrase for name in shown for phrase in library.phrases[name]]
    styles = [phrase for style, others in table("styles").items() for phrase in (style, *others)]
    styles += [item.style for item in library.items]
    return vocabulary_of((*phrases, *styles, *SCENE_PHRASES))
