"""A1.9: hybrid pictures, and their relatives."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from duckrabbit.illusions.bands import LowPass
from duckrabbit.judges.looks import Look, See, as_it_is, from_afar
from duckrabbit.making.make import Picture
from duckrabbit.recipes.hybrid import DECOMPOSITIONS, Hybrid, Part
from duckrabbit.report.bodies import Answer, Body, Distance, Revealed, Sheet, Stack
from duckrabbit.report.figure import Exhibit, Figure
from duckrabbit.report.painter import TOWER, Painter
from duckrabbit.report.rows.pretrained.seeds import PLAIN, SEED, beside_plain, verdicts, with_other_seeds
from duckrabbit.report.workshop import Workshop

ASTRONAUT = "photo:astronaut"
SKULL = "a lithograph of a skull"
PAGODA = "a lithograph of a pagoda"


@dataclass(frozen=True)
class Kind:
    """A hybrid to make.

    Attributes:
        parts: from the name of a part to its prompt, or to the name of a picture.
    """

    parts: dict[str, str]

    def recipe(self, painter: Painter) -> Hybrid:
        """The hybrid; its picture is read at the painter's size."""
        return Hybrid(
            {
                name: Part(picture=painter.source(what)) if what in PICTURES else Part(what)
                for name, what in self.parts.items()
            }
        )

    @property
    def words(self) -> list[str]:
        """The parts as the command line says them."""
        return [
            word
            for name, what in self.parts.items()
            for word in ((f"--{name}-image" if what in PICTURES else f"--{name}"), what)
        ]


PICTURES = (TOWER, ASTRONAUT)
KINDS = (
    Kind({"far": SKULL, "near": "a lithograph of waterfalls"}),
    Kind({"far": "an oil painting of an old man", "near": "an oil painting of people around a campfire"}),
    Kind({"far": "a photo of a dog", "near": "an oil painting of an old man"}),
    Kind({"far": "a photo of a dog", "near": "an oil painting of a snowy mountain village"}),
    Kind({"far": "a photo of a tower", "near": PAGODA}),
    Kind({"far": "a pencil", "near": "a photo of a mountain"}),
    Kind({"far": "a man wearing a hat", "near": "a pencil"}),
    Kind({"far": "a cartoon of a cat", "near": "a cartoon of a guitar"}),
    Kind({"far": "a watercolor of an owl", "near": "a watercolor of a pineapple"}),
    Kind({"far": "a cartoon of a pumpkin", "near": "a cartoon of a castle"}),
)
OF_THE_SOURCES = 7
"""Of these; they come first."""

INVERSE = (Kind({"far": SKULL, "near": ASTRONAUT}), Kind({"far": TOWER, "near": PAGODA}))
RELATIVES = (
    Kind({"far": "a panda", "mid": "a rabbit", "near": "a lithograph of waterfalls"}),
    Kind({"grey": "a rabbit", "colour": "a campfire"}),
    Kind({"blurred": "a skull", "sharp": "a tree"}),
    Kind({"small": "a dog", "large": "a tulip"}),
)
PROMPTS = tuple(what for kind in (*KINDS, *INVERSE, *RELATIVES) for what in kind.parts.values() if what not in PICTURES)
SEEN_AS = {"grey": "without its colours", "blurred": "in motion", "small": "shrunk and enlarged again"}


def hybrid_images(workshop: Workshop) -> Figure:
    """A1.9: the sources' hybrids, three that suit pocket, two with a part of a photo, four other decompositions.

    They are all made by factorized diffusion (arXiv:2404.11615).
    """
    painter = workshop.shelf.painter
    near, inverse, relatives = (
        painter.made([kind.recipe(painter) for kind in kinds], [SEED] * len(kinds))
        for kinds in (KINDS, INVERSE, RELATIVES)
    )
    exhibits = [
        *_exhibits(workshop, KINDS, "near", near),
        *_exhibits(workshop, INVERSE, "inverse", inverse),
        *_exhibits(workshop, RELATIVES, "relatives", relatives),
        _plain(workshop, [picture.pixels for picture in near]),
    ]
    return Figure(tuple(exhibits))


def _plain(workshop: Workshop, default: Sequence[Tensor]) -> Exhibit:
    """The sources' hybrids by the plain sum of the parts, beside their pictures by default."""
    painter, kinds = workshop.shelf.painter, KINDS[:OF_THE_SOURCES][: workshop.effort.compared]
    return beside_plain(
        workshop,
        f"{len(kinds)} of the sources' hybrids",
        [kind.recipe(painter) for kind in kinds],
        default[: len(kinds)],
        (("near", as_it_is), ("far", from_afar)),
        "\n".join(painter.command("hybrid", *kind.words, *PLAIN.words, "--seed", SEED) for kind in kinds),
    )


def _exhibits(workshop: Workshop, kinds: Sequence[Kind], stem: str, made: Sequence[Picture]) -> list[Exhibit]:
    """An exhibit for each, with its picture."""
    painter = workshop.shelf.painter
    recipes = [kind.recipe(painter) for kind in kinds]
    seconds = workshop.seconds() / len(kinds)
    exhibits = []
    for number, (kind, recipe, picture) in enumerate(zip(kinds, recipes, made, strict=True)):
        workshop.tell(f"the other seeds of {' and '.join(kind.parts)}", number / len(kinds))
        looks = looks_at(kind)
        body = _viewer(workshop, kind, looks, picture, f"{stem}-{number}")
        coarse = ("their coarse part", looks[-1].see)
        sigma = (f"σ {recipe.sigma:g} (of 64 pixels)",) if "far" in kind.parts else ()
        exhibits.append(
            Exhibit(
                _caption(kind),
                with_other_seeds(workshop, body, recipe, f"{stem}-{number}", coarse),
                (
                    *painter.parameters(recipe),
                    *(f"{name} “{what}”" for name, what in kind.parts.items()),
                    *sigma,
                    f"seed {SEED}",
                ),
                painter.command("hybrid", *kind.words, "--seed", SEED),
                seconds + workshop.seconds(),
                spoils=True,
            )
        )
    return exhibits


def _caption(kind: Kind) -> str:
    first = next(iter(kind.parts))
    if "mid" in kind.parts:
        return "One picture that shows something else at each of three distances."
    if any(what in PICTURES for what in kind.parts.values()):
        known = next(name for name, what in kind.parts.items() if what in PICTURES)
        return f"One picture, two readings; its {known} part is a photograph's."
    if first == "far":
        return "One picture, two readings. Below, as it is judged: at full size, and as from afar."
    return f"One picture, two readings: as it is, and {SEEN_AS[first]}."


def _viewer(workshop: Workshop, kind: Kind, looks: Sequence[Look], picture: Picture, stem: str) -> Body:
    pixels = picture.pixels.float().cpu().clamp(-1, 1)
    seen = [look.see(pixels[None])[0] for look in looks]
    strip = workshop.strip("", f"{stem}-looks", seen, "The same picture as it is and as it is seen otherwise")
    asked = [look for look in looks if look.prompt not in PICTURES]
    note = verdicts(workshop, pixels, asked)
    answer = Answer(tuple((look.name, look.prompt) for look in looks), note)
    plate = workshop.large(stem, picture, "A picture that is said to show two things")
    if "far" in kind.parts:
        return Stack((Distance(plate, answer), Sheet((), (strip,))))
    return Revealed(strip[1], answer)


def looks_at(kind: Kind) -> list[Look]:
    """How each part is to be seen, and what there is to see, the finest first."""
    ways: list[See] = [as_it_is]
    if "far" in kind.parts:
        ways += [LowPass(1.0), from_afar] if "mid" in kind.parts else [from_afar]
    else:
        coarse = DECOMPOSITIONS[tuple(kind.parts)](2.0)[0]
        ways.append(lambda pictures: coarse(pictures).clamp(-1, 1))
    return [Look(name, what, see) for (name, what), see in zip(reversed(kind.parts.items()), ways, strict=True)]
