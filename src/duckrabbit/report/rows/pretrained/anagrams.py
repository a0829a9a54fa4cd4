"""A1.8: visual anagrams."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from duckrabbit.illusions.loops import through_views
from duckrabbit.illusions.views import View, parse_view
from duckrabbit.judges.looks import Look, as_it_is
from duckrabbit.making.films import MOTION_MILLISECONDS
from duckrabbit.making.make import Picture
from duckrabbit.recipes.anagram import Anagram
from duckrabbit.report.bodies import AXES, Answer, Body, Moving, Playable, Turning
from duckrabbit.report.figure import Exhibit, Figure
from duckrabbit.report.rows.pretrained.seeds import PLAIN, SEED, beside_plain, verdicts, with_other_seeds
from duckrabbit.report.workshop import Workshop


@dataclass(frozen=True)
class Pair:
    """Two prompts, and a view.

    Attributes:
        prompts: what is read upright, and through the view.
        view: its name.
    """

    prompts: tuple[str, str]
    view: str


PAIRS = (
    Pair(("a photo of the amalfi coast", "an oil painting of a snowy mountain village"), "flip"),
    Pair(("an oil painting of an old man", "an oil painting of people around a campfire"), "flip"),
    Pair(("a photo of a man", "a photo of a dog"), "flip"),
    Pair(("a photo of a woman", "a photo of a tower"), "flip"),
    Pair(("an old Chinese city", "a modern city"), "flip"),
    Pair(("a rabbit", "a duck"), "rotate-90"),
    Pair(("a penguin", "a giraffe"), "jigsaw"),
)
OF_THE_SOURCES = 5
"""Pairs, which come first and have one view."""

PROMPTS = tuple(prompt for pair in PAIRS for prompt in pair.prompts)


def visual_anagrams(workshop: Workshop) -> Figure:
    """A1.8: visual anagrams (arXiv:2311.17919): the sources' five pairs, a quarter turn, and a jigsaw."""
    painter = workshop.shelf.painter
    recipes = [Anagram(pair.prompts, (pair.view,)) for pair in PAIRS]
    made = painter.made(recipes, [SEED] * len(PAIRS))
    seconds = workshop.seconds() / len(PAIRS)
    exhibits = []
    for number, (pair, recipe, picture) in enumerate(zip(PAIRS, recipes, made, strict=True)):
        workshop.tell(f"the other seeds of pair {number + 1}", number / len(PAIRS))
        view = parse_view(pair.view)
        body = _viewer(workshop, pair, view, picture, f"{number}")
        exhibits.append(
            Exhibit(
                "One picture, two readings.",
                with_other_seeds(workshop, body, recipe, f"{number}", ("through the view", view)),
                (
                    *painter.parameters(recipe),
                    f"prompts “{pair.prompts[0]}” and “{pair.prompts[1]}”",
                    f"view {pair.view}",
                    f"seed {SEED}",
                ),
                painter.command("anagram", *pair.prompts, "--view", pair.view, "--seed", SEED),
                seconds + workshop.seconds(),
                spoils=True,
            )
        )
    return Figure((*exhibits, _plain(workshop, recipes, [picture.pixels for picture in made])))


def _plain(workshop: Workshop, recipes: Sequence[Anagram], default: Sequence[Tensor]) -> Exhibit:
    """The sources' pairs by the plain mean of the estimates, beside their pictures by default."""
    painter, pairs = workshop.shelf.painter, PAIRS[:OF_THE_SOURCES][: workshop.effort.compared]
    return beside_plain(
        workshop,
        f"{len(pairs)} of the sources' pairs",
        recipes[: len(pairs)],
        default[: len(pairs)],
        (("upright", as_it_is), ("turned", parse_view(pairs[0].view))),
        "\n".join(
            painter.command("anagram", *pair.prompts, "--view", pair.view, *PLAIN.words, "--seed", SEED)
            for pair in pairs
        ),
    )


def _viewer(workshop: Workshop, pair: Pair, view: View, picture: Picture, stem: str) -> Body:
    """What can be turned is turned by a style sheet; what is taken to pieces is an animation."""
    plate = workshop.large(stem, picture, "A picture that is said to show two things")
    first, second = pair.prompts
    looks = (Look("upright", first, as_it_is), Look("viewed", second, view))
    note = verdicts(workshop, picture.pixels, looks)
    answer = Answer((("upright", first), (f"through {pair.view}", second)), note)
    if pair.view in AXES:
        return Turning(plate, pair.view, answer)
    frames = through_views(picture.pixels.clamp(-1, 1), [view])
    film = workshop.animation(f"{stem}-motion", frames, MOTION_MILLISECONDS)
    return Moving(Playable("its pieces, moving", plate, film), answer)
