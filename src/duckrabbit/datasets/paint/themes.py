"""Themes: what people ask a painter or photographer for most, and the whole pictures that show it."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from duckrabbit.datasets.packs import Item

_WOMAN = r"(young |noble |old |japanese |peasant )?(woman|lady)"


@dataclass(frozen=True)
class Theme:
    """A theme.

    Attributes:
        share: how often it is shown among the themes.
        phrases: what it is called.
        names: the names of its pictures, as a regular expression.
        named: how often a picture's own name is said instead of a phrase.
    """

    share: float
    phrases: tuple[str, ...]
    names: str
    named: float = 0.3


THEMES: Mapping[str, Theme] = {
    "old man": Theme(16, ("old man",), r"(bust of an )?old man( .*)?", 0.1),
    "man in a hat": Theme(5, ("man wearing hat", "man with hat"), r"(old |young )?man (in|with) .*\bhat\b.*", 0.3),
    "woman in a hat": Theme(2, ("woman wearing hat", "woman with hat"), rf"({_WOMAN}|girl) .*\b(hat|bonnet)\b.*", 0.3),
    "bearded man": Theme(4, ("man with beard", "bearded man"), r"man with a( \w+)? beard", 0.3),
    "man": Theme(
        15, ("man",), r"(young |stone head of a bearded )?man( (in|with|at|reading|smoking) .*)?|soldier", 0.2
    ),
    "woman": Theme(
        13, ("woman",), rf"{_WOMAN}( (in|with|at|reading|sewing|holding|arranging) .*)?|princess in .*", 0.3
    ),
    "child": Theme(3, (), r"((little |peasant )?girl|boy|child)( .*)?|mother and child", 1.0),
    "people": Theme(
        6,
        ("people", "people", "group of people"),
        r"(people|crowd|group|family|two (men|girls|sisters|soldiers)|women|men|village family|old couple)( .*)?",
        0.5,
    ),
    "fire": Theme(
        1, ("people around campfire", "people around fire"), r"people (around a (camp)?fire|by a fireplace)", 0.1
    ),
    "snowy village": Theme(
        7,
        ("snowy village", "village in snow", "snowy mountain village", "village in winter"),
        r"(village in the snow|hunters in the snow|horse and sleigh in the snow|snowy village.*|winter village.*)",
        0.2,
    ),
    "village": Theme(4, ("village",), r"(village|mountain village|cottages?|farm house|town)( .*)?", 0.6),
    "coast": Theme(
        8,
        ("coast", "coast", "sea coast", "cliffs by sea"),
        r"cliffs? by the sea|sea arch cliff|(rocky |sea )*coast( .*)?|(mountains|village) by the sea",
        0.3,
    ),
    "mountains": Theme(
        6,
        ("mountains", "mountain"),
        r"(snowy |misty |flat )*mountains?( .*)?|lake and snowy mountains|.* with mountains|mount fuji",
        0.6,
    ),
    "waterfall": Theme(9, ("waterfall", "waterfalls"), r"(.* )?waterfalls?( .*)?", 0.2),
    "city": Theme(
        6, ("city", "modern city"), r"(city|skyscrapers|modern building|office buildings)( (?!on fire).*)?", 0.5
    ),
    "street": Theme(
        3, ("old city", "old town"), r"(narrow|old|town|village|busy|venice) .*(street|courtyard|canal|square).*", 0.6
    ),
    "tower": Theme(3, ("tower",), r".*\b(?<!minaret )tower\b(?! crane).*", 0.5),
    "sea": Theme(3, ("sea", "ocean"), r"(calm |stormy |frozen )*sea( (?!turtle).*)?|(storm|ship) at sea", 0.6),
    "forest": Theme(3, ("forest",), r"(\w+ )?forest( .*)?", 0.5),
    "winter": Theme(2, ("snow", "snowy landscape"), r"snowy .*|.* in the snow|frozen .*|lake in winter", 0.7),
    "dog": Theme(6, ("dog",), r"(.* )?dog|boy with a dog", 0.25),
    "cat": Theme(3, ("cat",), r"(.* )?cat( face)?", 0.25),
    "horse": Theme(2, ("horse",), r"(.* )?horses?( .*)?", 0.5),
    "flowers": Theme(2, ("flowers",), r"(vase|bouquet) of .*|.*\bflowers", 0.6),
    "pagoda": Theme(3, ("pagoda",), r"(.* )?pagoda( .*)?", 0.3),
    "barista": Theme(2, ("barista",), r"(.* )?barista( .*)?", 0.3),
}
"""Every theme by its name."""

SPOILT = frozenset(("minaret tower",))
"""Names whose photographs are turned, on black: no use to anybody."""


def thematic(items: Sequence[Item], photos: Sequence[int]) -> dict[str, tuple[int, ...]]:
    """For each theme that some whole pictures show, those pictures."""
    patterns = {theme: re.compile(found.names) for theme, found in THEMES.items()}
    by_name: dict[str, tuple[str, ...]] = {}
    shown = defaultdict(list)
    for k in photos:
        name = items[k].name
        if name not in by_name:
            by_name[name] = tuple(theme for theme, pattern in patterns.items() if pattern.fullmatch(name))
        for theme in by_name[name]:
            shown[theme].append(k)
    return {theme: tuple(shown[theme]) for theme in THEMES if theme in shown}
