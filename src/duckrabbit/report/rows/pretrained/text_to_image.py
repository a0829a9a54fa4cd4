"""A0: text to image."""

from torch import Tensor

from duckrabbit.making.make import Picture
from duckrabbit.recipes.generate import Generate
from duckrabbit.report.alike import distance
from duckrabbit.report.bodies.album import Album
from duckrabbit.report.bodies.chart import Chart, Series, linear
from duckrabbit.report.bodies.sheet import Sheet
from duckrabbit.report.bodies.stack import Stack
from duckrabbit.report.figure import Exhibit, Figure, Origin
from duckrabbit.report.painter import OWN_WAY, Painter, Sampling
from duckrabbit.report.wording import seed_words
from duckrabbit.report.workshop import Stopwatch, Workshop

SOURCES = (
    "an oil painting of a snowy mountain village",
    "a lithograph of a skull",
    "a man wearing a hat",
    "a photo of the amalfi coast",
    "a rocket ship",
    "an oil painting of an old man",
    "an oil painting of people around a campfire",
    "a lithograph of waterfalls",
    "a photo of a man",
    "a photo of a hipster barista",
    "a photo of a dog",
    "a pencil",
    "a high quality photo",
    "a photo of Chengdu city",
    "Shenzhen and Hong Kong in one frame",
    "Berkeley's Sather Tower shining with Stanford's Hoover Tower falling",
)
"""The sources' prompts."""

SEED = 42
STEPPED = SOURCES[0]
DETAILS = (
    ("a dog", "a photo of a brown dog wearing a hat on a beach"),
    ("a house", "a watercolor of a red house in the snow at night"),
    ("a fish", "a blue fish and a red star"),
)
PROMPTS = (*SOURCES, *(prompt for pair in DETAILS for prompt in pair))


def text_to_image(workshop: Workshop) -> Figure:
    """A0: prompts, steps, and details."""
    painter = workshop.shelf.painter
    exhibits = [_prompts(workshop), _steps(workshop), _details(workshop)]
    if painter.final is painter.model and painter.model.second_stage is not None:
        exhibits.append(_both_stages(workshop))
    lesson = (
        "A prompt, noise from a seed, and a few dozen evaluations of one network. The same seed and prompt give the "
        "same picture, bit for bit; another seed gives another.",
        "The sources disagree on what more steps do: better pictures, say some, other pictures, say others. It is "
        "measured below. A deterministic solver follows one path from noise to picture, more steps follow it more "
        "exactly, and once it is followed closely enough more of them change nothing that an eye would see. They do "
        "not add detail that the model does not know.",
        "A longer prompt is no better than a short one: each word narrows down what may come, as long as the model "
        "knows it and has seen it with the others. What it has not, it drops or mixes up. That is shown, too.",
    )
    return Figure(lesson, tuple(exhibits))


def _prompts(workshop: Workshop) -> Exhibit:
    painter = workshop.shelf.painter
    watch = Stopwatch()
    chosen = SOURCES[: workshop.effort.prompts]
    made = painter.made([Generate(prompt) for prompt in chosen], [SEED] * len(chosen))
    items = tuple(
        (f"“{prompt}”", workshop.plate(f"prompt-{number}", [picture.pixels], 1, prompt))
        for number, (prompt, picture) in enumerate(zip(chosen, made, strict=True))
    )
    return Exhibit(
        "Prompts of the sources, one seed for all, none picked.",
        Album(items),
        Origin.NOW,
        (*painter.parameters(Generate(chosen[0])), f"seed {SEED}"),
        "\n".join(painter.command("generate", prompt, "--seed", SEED) for prompt in chosen),
        watch.read(),
    )


def _steps(workshop: Workshop) -> Exhibit:
    """The same noise in more and more steps, and how far each result is from the last."""
    painter, steps, count = workshop.shelf.painter, workshop.effort.steps, workshop.effort.painted
    watch = Stopwatch()
    recipe, seeds = Generate(STEPPED), range(SEED, SEED + count)
    pictures: dict[int, list[Tensor]] = {}
    for number in steps:
        workshop.tell(f"{number} steps", sum(own for own in steps if own < number) / sum(steps))
        made = painter.made([recipe] * count, seeds, Sampling(steps=number))
        pictures[number] = [picture.pixels for picture in made]
    reference = pictures[steps[-1]]
    away = {
        number: sum(distance(*pair) for pair in zip(pictures[number], reference, strict=True)) / count
        for number in steps[:-1]
    }
    apart = distance(reference[0], reference[1])
    strips = tuple(
        (
            f"seed {seed}",
            workshop.plate(f"steps-{seed}", [pictures[number][k] for number in steps], len(steps), f"Seed {seed}"),
        )
        for k, seed in enumerate(seeds)
    )
    chart = Chart(
        f"Distance to the picture of {steps[-1]} steps",
        linear("steps"),
        linear("root mean square, grey levels"),
        (Series("distance", tuple((float(number), value) for number, value in away.items())),),
        marked=True,
    )
    said = ", ".join(f"{value:.1f} after {number}" for number, value in away.items())
    return Exhibit(
        f"“{STEPPED}” from the same noise in more and more steps. Distance to the picture of {steps[-1]} steps, in "
        f"grey levels: {said}. Between two seeds it is {apart:.0f}.",
        Stack((Sheet(tuple(f"{number} steps" for number in steps), strips), chart)),
        Origin.NOW,
        (*painter.parameters(recipe, Sampling(steps=steps[-1])), "and fewer", seed_words(seeds)),
        "\n".join(
            painter.command("generate", STEPPED, "--steps", number, "--seed", SEED, "--count", count)
            for number in steps
        ),
        watch.read(),
    )


def _details(workshop: Workshop) -> Exhibit:
    painter = workshop.shelf.painter
    watch = Stopwatch()
    prompts = [prompt for pair in DETAILS for prompt in pair]
    made = painter.made([Generate(prompt) for prompt in prompts], [SEED] * len(prompts))
    items = tuple(
        (f"“{prompt}”", workshop.plate(f"detail-{number}", [picture.pixels], 1, prompt))
        for number, (prompt, picture) in enumerate(zip(prompts, made, strict=True))
    )
    return Exhibit(
        "Short prompts, and each with details. Look for what was dropped and for colours that went to the wrong thing.",
        Album(items),
        Origin.NOW,
        (*painter.parameters(Generate(prompts[0])), f"seed {SEED}"),
        "\n".join(painter.command("generate", prompt, "--seed", SEED) for prompt in prompts),
        watch.read(),
    )


def _both_stages(workshop: Workshop) -> Exhibit:
    """The same pictures at the first stage's size, and made large by the second."""
    painter, count = workshop.shelf.painter, workshop.effort.painted
    second = Painter(painter.model, painter.choice.at(painter.model.sizes[-1]))
    watch = Stopwatch()
    chosen = SOURCES[:count]
    recipes, seeds = [Generate(prompt) for prompt in chosen], [SEED] * count
    small: list[Picture] = painter.made(recipes, seeds, OWN_WAY)
    large = second.made(recipes, seeds, OWN_WAY)
    items = tuple(
        (f"“{prompt}”, {side}×{side}", workshop.plate(f"stage-{side}-{number}", [picture.pixels], 1, prompt))
        for number, prompt in enumerate(chosen)
        for picture in (small[number], large[number])
        for side in (picture.pixels.shape[-1],)
    )
    return Exhibit(
        "The first stage's pictures, and what the second makes of them.",
        Album(items),
        Origin.NOW,
        (*second.parameters(recipes[0]), f"seed {SEED}"),
        "\n".join(second.command("generate", prompt, "--seed", SEED) for prompt in chosen),
        watch.read(),
    )
