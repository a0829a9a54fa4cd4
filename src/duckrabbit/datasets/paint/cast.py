"""Who and what appears in scenes, in which colours and manners, and what it is called: tables."""

from collections.abc import Mapping, Sequence

from duckrabbit.datasets.paint.scene import Manner
from duckrabbit.datasets.paint.shading import INK_STYLES
from duckrabbit.datasets.paint.themes import THEMES

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

PRINTS = frozenset(("an engraving of", "a woodcut of"))
"""Printed in one ink, as lithographs are."""

SCENERY: Mapping[str, tuple[float, Sequence[str]]] = {
    "coast": (2, ("coast", "coast", "sea coast", "coast with houses")),
    "cliffs": (4, ("coast", "coast", "cliffs by sea", "coast with houses")),
    "waterfall": (2.5, ("waterfalls", "waterfalls", "waterfall")),
    "cascades": (1.5, ("waterfalls", "waterfalls", "waterfall")),
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
