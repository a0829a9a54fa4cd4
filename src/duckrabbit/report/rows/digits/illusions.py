"""X4: digit illusions. One picture that is two digits, turned or moved away."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from duckrabbit.judges.looks import from_afar
from duckrabbit.judges.question import question_of
from duckrabbit.judges.reading import Reading, readings_of
from duckrabbit.making.best_of import search_for
from duckrabbit.making.make import Picture
from duckrabbit.making.plan import plan
from duckrabbit.models.model import Model
from duckrabbit.recipes.anagram import Anagram
from duckrabbit.recipes.hybrid import Hybrid, Part
from duckrabbit.recipes.recipe import Recipe
from duckrabbit.report.bodies import Answer, Distance, Sheet, Stack, Turning
from duckrabbit.report.figure import Exhibit, Figure, command, model_words, sampler_words
from duckrabbit.report.workshop import Workshop, stacked

MODEL = "mnist-ddpm-class"
PAIRS = (
    ("6", "9", "rotate-180"),
    ("2", "5", "flip"),
    ("1", "7", "flip"),
    ("3", "8", "rotate-180"),
    ("2", "9", "flip"),
    ("2", "3", "rotate-180"),
    ("3", "5", "mirror"),
    ("4", "7", "rotate-180"),
)
HYBRIDS = (("8", "3"), ("8", "5"), ("9", "4"), ("3", "7"))
HYBRID_SIGMA = 3.0


@dataclass(frozen=True)
class Chosen:
    """The best candidate by the selecting judge, and what the judge that chose nothing says.

    Attributes:
        picture: the candidate whose least readable look is the most readable.
        readings: what the reporting judge reads in it, look by look.
        successes: of all candidates, how many the reporting judge reads right in every look.
        candidates: how many there were.
    """

    picture: Picture
    readings: tuple[Reading, ...]
    successes: int
    candidates: int


def anagrams(workshop: Workshop) -> Figure:
    """X4: anagrams."""
    exhibits = []
    for done, (first, second, view) in enumerate(PAIRS):
        workshop.tell(f"{first} and {second} through {view}", done / len(PAIRS))
        exhibits.append(_anagram(workshop, first, second, view))
    return Figure(tuple(exhibits))


def _anagram(workshop: Workshop, first: str, second: str, view: str) -> Exhibit:
    model = workshop.shelf.model(MODEL)
    recipe = Anagram((first, second), (view,))
    chosen = _best_of(workshop, recipe, model)
    readings = (("upright", first), (f"through {view}", second))
    alt = "A handwritten figure: one digit, or two?"
    plate = workshop.large(f"{first}-{second}-{view}", chosen.picture, alt, Image.Resampling.NEAREST)
    return Exhibit(
        "One picture, two digits.",
        Turning(plate, view, Answer(readings, _note(chosen, chosen.readings))),
        _parameters(model, chosen, f"prompts {first} and {second}, view {view}"),
        command("anagram", first, second, "--view", view, "--seed", chosen.picture.seed, "--model", MODEL),
        workshop.seconds(),
        spoils=True,
    )


def hybrids(workshop: Workshop) -> Figure:
    """X4-hybrid: one digit near, another far."""
    exhibits = []
    for done, (far, near) in enumerate(HYBRIDS):
        workshop.tell(f"{near} near and {far} far", done / len(HYBRIDS))
        exhibits.append(_hybrid(workshop, far, near))
    return Figure(tuple(exhibits))


def _hybrid(workshop: Workshop, far: str, near: str) -> Exhibit:
    model = workshop.shelf.model(MODEL)
    parts = ("--far", far, "--near", near)
    recipe = Hybrid({"far": Part(far), "near": Part(near)}, HYBRID_SIGMA)
    chosen = _best_of(workshop, recipe, model)
    alt = "A handwritten figure: one digit near, another far?"
    plate = workshop.large(f"{far}-{near}", chosen.picture, alt, Image.Resampling.NEAREST)
    answer = Answer((("near", near), ("far", far)), _note(chosen, chosen.readings[::-1]))
    sharp, shrunk = chosen.picture.pixels, from_afar(chosen.picture.pixels[None])[0]
    both = workshop.strip("", f"{far}-{near}-both", [sharp, shrunk], "The picture, sharp and blurred")
    return Exhibit(
        "Near on the left, and as it is judged from afar (shrunk to a quarter and enlarged again) on the right.",
        Stack((Distance(plate, answer), Sheet((), (both,)))),
        _parameters(model, chosen, f"far {far}, near {near}, σ {HYBRID_SIGMA:g} (of 64 pixels)"),
        command("hybrid", *parts, "--sigma", f"{HYBRID_SIGMA:g}", "--seed", chosen.picture.seed, "--model", MODEL),
        workshop.seconds(),
        spoils=True,
    )


def _best_of(workshop: Workshop, recipe: Recipe, model: Model) -> Chosen:
    """The best of the seeds 0, 1 …"""
    search = search_for(plan(recipe, model), best=1, first=0, count=workshop.effort.candidates, rungs=())
    finished = [candidate for block in search.run() for candidate in block.finished]
    best = max(finished, key=lambda candidate: candidate.scored.score).scored.seed
    picture = search.contest.alone(best).picture
    question = question_of(workshop.shelf.digit_judge, recipe.looks)
    right = question.read(stacked([candidate.picture.pixels for candidate in finished]))
    return Chosen(picture, tuple(readings_of(question, picture.pixels)), int(right.sum()), len(finished))


def _note(chosen: Chosen, readings: Sequence[Reading]) -> str:
    """The reporting judge's verdict in words."""
    said = " and ".join(f"{name} ({sure:.0%})" for name, sure in (reading.first[0] for reading in readings))
    verdict = "" if all(reading.right for reading in readings) else ", which is not what was asked for"
    return (
        f"The reporting judge reads {said}{verdict}. Best of {chosen.candidates} by the other judge; of all "
        f"{chosen.candidates} it reads {chosen.successes} right in both."
    )


def _parameters(model: Model, chosen: Chosen, words: str) -> tuple[str, ...]:
    return (
        model_words(model),
        words,
        f"seed {chosen.picture.seed}, best of {chosen.candidates}",
        *sampler_words(chosen.picture.recipe.default_sampler(model), model),
    )
