"""X4: digit illusions. One picture that is two digits, turned or moved away."""

from collections.abc import Sequence
from dataclasses import dataclass

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
from duckrabbit.report.bodies import Answer, Distance, Plate, Sheet, Stack, Turning
from duckrabbit.report.figure import Exhibit, Figure, Origin
from duckrabbit.report.tiles import tile_grid, write_image
from duckrabbit.report.wording import command, model_words, sampler_words
from duckrabbit.report.workshop import Stopwatch, Workshop, stacked

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
VIEWER_SCALE = 10


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
    lesson = (
        "Noise that is turned upside down is still noise. So at every step the denoiser may be asked twice: "
        "what digit is this, and what digit is it the other way up? The second answer is turned back, the two "
        "are averaged, and the picture settles on strokes that serve both.",
        "Some pairs are made for it (6 and 9, 2 and 5), others have to be forced, and the seed decides. So each is the "
        "best of several candidates. One judge chose it; another, which had no say, reports what it reads.",
        "Turn the pictures: press the button, or take hold of one and drag.",
    )
    return Figure(lesson, tuple(exhibits))


def _anagram(workshop: Workshop, first: str, second: str, view: str) -> Exhibit:
    model = workshop.shelf.model(MODEL)
    watch = Stopwatch()
    recipe = Anagram((first, second), (view,))
    chosen = _best_of(workshop, recipe, model)
    readings = (("upright", first), (f"through {view}", second))
    plate = _single(workshop, f"{first}-{second}-{view}", chosen, "A handwritten figure: one digit, or two?")
    return Exhibit(
        "One picture, two digits.",
        Turning(plate, view, Answer(readings, _note(chosen, chosen.readings))),
        Origin.NOW,
        _parameters(model, chosen, f"prompts {first} and {second}, view {view}"),
        command("anagram", first, second, "--view", view, "--seed", chosen.picture.seed, "--model", MODEL),
        watch.read(),
        spoils=True,
    )


def hybrids(workshop: Workshop) -> Figure:
    """X4-hybrid: one digit near, another far."""
    exhibits = []
    for done, (far, near) in enumerate(HYBRIDS):
        workshop.tell(f"{near} near and {far} far", done / len(HYBRIDS))
        exhibits.append(_hybrid(workshop, far, near))
    lesson = (
        "From afar the eye gets the coarse part of a picture only, from near it goes by the fine part. At every "
        "step the estimate for one digit gives what a Gaussian blur lets through, that for another all the rest.",
        "On 28 pixels this is hard: a thin stroke is nearly all fine part, and what is left of it when blurred "
        "closes up. An 8 is easily had from afar, a 9 sometimes, little else; the last pair is here because it "
        "hardly ever works. What the judge reads is told with each.",
        "Move the slider, or step back from the screen.",
    )
    return Figure(lesson, tuple(exhibits))


def _hybrid(workshop: Workshop, far: str, near: str) -> Exhibit:
    model = workshop.shelf.model(MODEL)
    watch = Stopwatch()
    recipe = Hybrid({"far": Part(far), "near": Part(near)}, HYBRID_SIGMA)
    chosen = _best_of(workshop, recipe, model)
    plate = _single(workshop, f"{far}-{near}", chosen, "A handwritten figure: one digit near, another far?")
    shrunk = from_afar(chosen.picture.pixels[None])[0]
    readings = (("near", near), ("far", far))
    both = workshop.plate(f"{far}-{near}-both", [chosen.picture.pixels, shrunk], 2, "The picture, sharp and blurred")
    return Exhibit(
        "Near on the left, and as it is judged from afar (shrunk to a quarter and enlarged again) on the right.",
        Stack((Distance(plate, Answer(readings, _note(chosen, chosen.readings[::-1]))), Sheet((), (("", both),)))),
        Origin.NOW,
        _parameters(model, chosen, f"far {far}, near {near}, σ {HYBRID_SIGMA:g} (of 64 pixels)"),
        command(
            "hybrid", "--far", far, "--near", near, "--sigma", f"{HYBRID_SIGMA:g}",
            "--seed", chosen.picture.seed, "--model", MODEL,
        ),
        watch.read(),
        spoils=True,
    )  # fmt: skip


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


def _single(workshop: Workshop, name: str, chosen: Chosen, alt: str) -> Plate:
    """The picture enlarged for the page; beside it the picture itself, which remembers its recipe."""
    chosen.picture.save(workshop.page / workshop.folder / f"{name}-28.png")
    side = chosen.picture.pixels.shape[-1]
    image = tile_grid([chosen.picture.pixels.clamp(-1, 1)], 1, VIEWER_SCALE)
    margin = (image.width - side * VIEWER_SCALE) // 2
    image = image.crop((margin, margin, image.width - margin, image.height - margin)).convert("L")
    write_image(workshop.page / workshop.folder / f"{name}.png", image)
    return Plate(f"{workshop.folder}/{name}.png", image.width, image.height, alt)


def _parameters(model: Model, chosen: Chosen, words: str) -> tuple[str, ...]:
    return (
        model_words(model),
        words,
        f"seed {chosen.picture.seed}, best of {chosen.candidates}",
        *sampler_words(chosen.picture.recipe.default_sampler(model), model),
    )
