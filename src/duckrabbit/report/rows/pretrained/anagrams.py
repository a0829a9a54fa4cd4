"""A1.8: visual anagrams."""

from dataclasses import dataclass

from duckrabbit.illusions.loops import through_views
from duckrabbit.illusions.views import View, parse_view
from duckrabbit.judges.looks import Look, as_it_is
from duckrabbit.making.films import MOTION_MILLISECONDS
from duckrabbit.making.make import Picture
from duckrabbit.recipes.anagram import Anagram
from duckrabbit.report.bodies import AXES, Answer, Body, Moving, Playable, Turning
from duckrabbit.report.figure import Exhibit, Figure
from duckrabbit.report.rows.pretrained.chosen import PLAIN, Drawn, beside_plain, how_chosen, verdicts, with_other_seeds
from duckrabbit.report.workshop import Workshop


@dataclass(frozen=True)
class Pair:
    """Two prompts, a view, and a seed.

    Attributes:
        prompts: what is read upright, and through the view.
        view: its name.
        seed: chosen by eye among the first of pocket's.
        verdict: what the eye that chose says of it.
    """

    prompts: tuple[str, str]
    view: str
    seed: int
    verdict: str


PAIRS = (
    Pair(
        ("a photo of the amalfi coast", "an oil painting of a snowy mountain village"), "flip", 2,
        "Half a success: houses in the snow below dark peaks; the other way round it is hills more than a coast.",
    ),
    Pair(
        ("an oil painting of an old man", "an oil painting of people around a campfire"), "flip", 7,
        "A failure: a face either way, with the colours of a fire.",
    ),
    Pair(
        ("a photo of a man", "a photo of a dog"), "flip", 1,
        "Half a success: a man in a dinner jacket; upside down his shirt is the blaze of a dark dog, if one knows.",
    ),
    Pair(
        ("a photo of a woman", "a photo of a tower"), "flip", 5,
        "A failure: a portrait, and no tower in it.",
    ),
    Pair(
        ("an old Chinese city", "a modern city"), "flip", 1,
        "Half a success: houses and lit windows, whichever way.",
    ),
    Pair(
        ("a rabbit", "a duck"), "rotate-90", 4,
        "The old joke that this program is named after. Both are there.",
    ),
    Pair(
        ("a penguin", "a giraffe"), "jigsaw", 10,
        "Both are there, of the same pieces.",
    ),
)  # fmt: skip
OF_THE_SOURCES = 5
"""Pairs, which come first and have one view."""

PROMPTS = tuple(prompt for pair in PAIRS for prompt in pair.prompts)


def visual_anagrams(workshop: Workshop) -> Figure:
    """A1.8: visual anagrams (arXiv:2311.17919): the sources' five pairs, a quarter turn, and a jigsaw."""
    painter = workshop.shelf.painter
    recipes = [Anagram(pair.prompts, (pair.view,)) for pair in PAIRS]
    chosen = painter.made(recipes, [pair.seed for pair in PAIRS])
    seconds = workshop.seconds() / len(PAIRS)
    exhibits = []
    for number, (pair, recipe, picture) in enumerate(zip(PAIRS, recipes, chosen, strict=True)):
        workshop.tell(f"the other seeds of pair {number + 1}", number / len(PAIRS))
        view = parse_view(pair.view)
        body = _viewer(workshop, pair, view, picture, f"{number}")
        exhibits.append(
            Exhibit(
                "One picture, two readings.",
                with_other_seeds(workshop, body, recipe, pair.seed, f"{number}", ("through the view", view)),
                (
                    *painter.parameters(recipe),
                    f"prompts “{pair.prompts[0]}” and “{pair.prompts[1]}”",
                    f"view {pair.view}",
                    f"seed {pair.seed}{how_chosen(workshop)}",
                ),
                painter.command("anagram", *pair.prompts, "--view", pair.view, "--seed", pair.seed),
                seconds + workshop.seconds(),
                spoils=True,
            )
        )
    return Figure((*exhibits, _plain(workshop)))


def _plain(workshop: Workshop) -> Exhibit:
    """The sources' pairs by the plain mean of the estimates, and as the model does it by default."""
    painter, pairs = workshop.shelf.painter, PAIRS[:OF_THE_SOURCES]
    recipes = [Anagram(pair.prompts, (pair.view,)) for pair in pairs]
    return beside_plain(
        workshop,
        f"The sources' {len(pairs)} pairs",
        [Drawn(recipe, recipe, pair.seed) for recipe, pair in zip(recipes, pairs, strict=True)],
        (("upright", as_it_is), ("turned", parse_view(pairs[0].view))),
        "\n".join(
            painter.command("anagram", *pair.prompts, "--view", pair.view, *PLAIN.words, "--seed", pair.seed)
            for pair in pairs
        ),
    )


def _viewer(workshop: Workshop, pair: Pair, view: View, picture: Picture, stem: str) -> Body:
    """What can be turned is turned by a style sheet; what is taken to pieces is an animation."""
    plate = workshop.large(stem, picture, "A picture that is said to show two things")
    first, second = pair.prompts
    looks = (Look("upright", first, as_it_is), Look("viewed", second, view))
    note = verdicts(workshop, pair.verdict, picture.pixels, looks)
    answer = Answer((("upright", first), (f"through {pair.view}", second)), note)
    if pair.view in AXES:
        return Turning(plate, pair.view, answer)
    frames = through_views(picture.pixels.clamp(-1, 1), [view])
    film = workshop.animation(f"{stem}-motion", frames, MOTION_MILLISECONDS)
    return Moving(Playable("its pieces, moving", plate, film), answer)
