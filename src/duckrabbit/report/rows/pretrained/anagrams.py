"""A1.8: visual anagrams."""

from dataclasses import dataclass

from torch import Tensor

from duckrabbit.illusions.views import animate, parse_view
from duckrabbit.making.make import Picture
from duckrabbit.models.load import DEFAULT_TEXT
from duckrabbit.recipes.anagram import Anagram
from duckrabbit.report.bodies.gallery import Playable
from duckrabbit.report.bodies.sheet import Sheet
from duckrabbit.report.bodies.stack import Stack
from duckrabbit.report.bodies.viewers import AXES, Moving, Turning
from duckrabbit.report.figure import Body, Exhibit, Figure, Origin
from duckrabbit.report.reading import verdict
from duckrabbit.report.workshop import Stopwatch, Workshop

MOTION_MILLISECONDS = 50
MOTION_SCALE = 3


@dataclass(frozen=True)
class Pair:
    """Two prompts, a view, and a seed.

    Attributes:
        prompts: what is read upright, and through the view.
        view: its name.
        seed: chosen by eye among `LOOKED_AT` of pocket's.
        verdict: what the eye that chose says of it.
    """

    prompts: tuple[str, str]
    view: str
    seed: int
    verdict: str

    def recipe(self) -> Anagram:
        """The anagram."""
        return Anagram(self.prompts, (self.view,))


LOOKED_AT = 12
OTHERS_COLUMNS = 4
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
PROMPTS = tuple(prompt for pair in PAIRS for prompt in pair.prompts)


def visual_anagrams(workshop: Workshop) -> Figure:
    """A1.8: the sources' five pairs, a quarter turn, and a jigsaw."""
    painter, more = workshop.shelf.painter, workshop.effort.unpicked
    watch = Stopwatch()
    recipes = [pair.recipe() for pair in PAIRS]
    chosen = painter.made(recipes, [pair.seed for pair in PAIRS])
    seconds = watch.read() / len(PAIRS)
    exhibits = []
    for number, (pair, recipe, picture) in enumerate(zip(PAIRS, recipes, chosen, strict=True)):
        workshop.tell(f"the other seeds of pair {number + 1}", number / len(PAIRS))
        others = [seed for seed in range(more + 1) if seed != pair.seed][:more]
        unpicked = painter.made([recipe] * len(others), others) if others else []
        body = _viewer(workshop, pair, picture, number)
        if unpicked:
            body = Stack((body, _others(workshop, pair, unpicked, number)))
        exhibits.append(
            Exhibit(
                "One picture, two readings.",
                body,
                Origin.NOW,
                (
                    *painter.parameters(recipe),
                    f"prompts “{pair.prompts[0]}” and “{pair.prompts[1]}”",
                    f"view {pair.view}",
                    f"seed {pair.seed}{_how_chosen(workshop)}",
                ),
                painter.command("anagram", *pair.prompts, "--view", pair.view, "--seed", pair.seed),
                seconds + watch.read(),
                spoils=True,
            )
        )
    lesson = (
        "Noise turned over is still noise. So at every step the denoiser is asked twice: what is this under the "
        "first prompt, and what is it, turned over, under the second? The second answer is turned back, the two are "
        "averaged, and the loop goes on with the mean. Only a picture that satisfies both comes to rest.",
        "It works where the two can share their masses: a ridge turned over is a valley. It fails where one prompt "
        "is so much stronger that the mean leans to its side, as faces do. Seeds matter, so each was chosen by eye "
        "among a few, and the failures of the list are shown like the rest.",
        "Pocket is helped: at every step a judge that reads pictures pulls a little towards what each view is to show. "
        "What is written under each is the verdict of another judge, which has no say in it.",
        "Turn the pictures: press the button, or take hold of one and drag.",
    )
    return Figure(lesson, tuple(exhibits))


def _how_chosen(workshop: Workshop) -> str:
    """The choice was made for pocket's own pictures; for another model the same seed is any seed."""
    return f", chosen by eye among 0–{LOOKED_AT - 1}" if workshop.shelf.choice.model == DEFAULT_TEXT else ""


def _viewer(workshop: Workshop, pair: Pair, picture: Picture, number: int) -> Body:
    """What can be turned is turned by a style sheet; what is taken to pieces is an animation."""
    side = picture.pixels.shape[-1]
    picture.save(workshop.page / workshop.folder / f"{number}-{side}.png")
    plate = workshop.large(f"{number}", picture.pixels, "A picture that is said to show two things")
    view = parse_view(pair.view)
    looks = [("upright", pair.prompts[0], picture.pixels), ("viewed", pair.prompts[1], view(picture.pixels))]
    note = verdict(workshop.shelf.picture_judge, looks)
    if workshop.shelf.choice.model == DEFAULT_TEXT:
        note = f"{pair.verdict} {note}"
    if pair.view in AXES:
        return Turning(plate, pair.view, pair.prompts, note)
    scale = max(1, MOTION_SCALE * 64 // side)
    frames = list(animate(view, picture.pixels.clamp(-1, 1), scale=scale))
    film = workshop.animation(f"{number}-motion", frames, MOTION_MILLISECONDS)
    return Moving(Playable("its pieces, moving", plate, film), pair.view, pair.prompts, note)


def _others(workshop: Workshop, pair: Pair, pictures: list[Picture], number: int) -> Sheet:
    """Pictures of other seeds, none left out, and through the view below them."""
    view = parse_view(pair.view)
    upright: list[Tensor] = [picture.pixels for picture in pictures]
    alt = "Pictures of other seeds"
    return Sheet(
        (),
        (
            ("other seeds, none left out", workshop.plate(f"{number}-others", upright, OTHERS_COLUMNS, alt)),
            (
                "and through the view",
                workshop.plate(f"{number}-viewed", [view(own) for own in upright], OTHERS_COLUMNS, f"{alt}, viewed"),
            ),
        ),
    )
