"""Kinds of scenes: how often each is shown, and a `Scene` of one, whose caption says what is there."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from duckrabbit.datasets.paint.cast import (
    BARISTAS,
    CUPS,
    FIRES,
    HATS,
    HEADS,
    HOUSES,
    NULL,
    OLD_BUILDINGS,
    PEOPLE,
    TREES,
)
from duckrabbit.datasets.paint.gatherings import bar, barista, campfire, fireside, old_city, scenery, village
from duckrabbit.datasets.paint.library import Library
from duckrabbit.datasets.paint.scene import Scene
from duckrabbit.datasets.paint.staging import can_meet, takes_colour
from duckrabbit.datasets.paint.subjects import hat, pair, photo, silhouette, subject, theme, tinted, worn

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
