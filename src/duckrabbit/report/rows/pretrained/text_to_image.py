"""From words to pictures: A0, text to image, and A-emb, how prompts reach the model."""

from collections.abc import Sequence

from torch import Tensor

from duckrabbit.datasets.prompts import Vocabulary, kinds_for_places
from duckrabbit.making.make import Picture
from duckrabbit.making.sampling import OWN_WAY, Sampling
from duckrabbit.models.deepfloyd.embeddings import Dictionary
from duckrabbit.recipes.generate import Generate
from duckrabbit.report.bodies import Album, Sheet, Stack, Table, Words
from duckrabbit.report.chart import Axis, Chart, Series
from duckrabbit.report.figure import Exhibit, Figure, Origin
from duckrabbit.report.measures import distance
from duckrabbit.report.painter import Painter
from duckrabbit.report.wording import command, model_words, seed_words
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
DETAILED = (
    "a dog", "a photo of a brown dog wearing a hat on a beach",
    "a house", "a watercolor of a red house in the snow at night",
    "a fish", "a blue fish and a red star",
)  # fmt: skip
PROMPTS = (*SOURCES, *DETAILED)
UNKNOWN = "a photo of a zorgblat and a dog"
"""A word that no model knows."""


def text_to_image(workshop: Workshop) -> Figure:
    """A0: prompts, steps, and details."""
    painter = workshop.shelf.painter
    exhibits = [
        _album(
            workshop,
            SOURCES[: workshop.effort.prompts],
            "prompt",
            "Prompts of the sources, one seed for all, none picked.",
        ),
        _steps(workshop),
        _album(
            workshop,
            DETAILED,
            "detail",
            "Short prompts, and each with details. "
            "Look for what was dropped and for colours that went to the wrong thing.",
        ),
    ]
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


def _album(workshop: Workshop, prompts: Sequence[str], stem: str, caption: str) -> Exhibit:
    """A picture of each prompt from one seed."""
    painter = workshop.shelf.painter
    watch = Stopwatch()
    made = painter.made([Generate(prompt) for prompt in prompts], [SEED] * len(prompts))
    items = tuple(
        (f"“{prompt}”", workshop.plate(f"{stem}-{number}", [picture.pixels], 1, prompt))
        for number, (prompt, picture) in enumerate(zip(prompts, made, strict=True))
    )
    return Exhibit(
        caption,
        Album(items),
        Origin.NOW,
        (*painter.parameters(Generate(prompts[0])), f"seed {SEED}"),
        "\n".join(painter.command("generate", prompt, "--seed", SEED) for prompt in prompts),
        watch.read(),
    )


def _steps(workshop: Workshop) -> Exhibit:
    """The same noise in more and more steps, and how far each result is from the last."""
    painter, steps, count = workshop.shelf.painter, workshop.effort.steps, workshop.effort.painted
    watch = Stopwatch()
    recipe, seeds = Generate(STEPPED), range(SEED, SEED + count)
    pictures: dict[int, list[Tensor]] = {}
    for number in steps:
        workshop.tell(f"{number} steps", sum(before for before in steps if before < number) / sum(steps))
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
        Axis("steps"),
        Axis("root mean square, grey levels"),
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


def prompts_and_embeddings(workshop: Workshop) -> Figure:
    """A-emb: for a model with words of its own its vocabulary; for others the dictionary of embeddings."""
    painter = workshop.shelf.painter
    words = painter.model.config.get("words")
    return _reading(painter, [str(word) for word in words]) if isinstance(words, Sequence) else _dictionary(painter)


def _reading(painter: Painter, words: Sequence[str]) -> Figure:
    watch = Stopwatch()
    vocabulary = Vocabulary(tuple(words))
    rows = []
    for prompt in (*SOURCES, UNKNOWN):
        read = vocabulary.read(" ".join(kinds_for_places(prompt, vocabulary).words))
        rows.append((f"“{prompt}”", " ".join(read.words) or "nothing", "; ".join(painter.model.remarks(prompt)) or "–"))
    table = Table(("prompt", "what the network is told", "what the command line says about it"), tuple(rows), "words")
    exhibit = Exhibit(
        f"How the sources' prompts are read, and one with a word that does not exist. {painter.model.name} knows "
        f"{len(words):,} words.",
        Stack((table, Words("All the words it knows", tuple(words)))),
        Origin.NOW,
        (model_words(painter.model),),
        painter.command("generate", UNKNOWN),
        watch.read(),
    )
    lesson = (
        "A large model such as DeepFloyd IF hands the prompt to a language model of thousands of millions of "
        "parameters, far larger than the network that draws. That is why the courses work with embeddings made "
        "beforehand: a dictionary from prompts to tables of numbers. duckrabbit embed makes and lists such a "
        "dictionary, and your own prompts go into it, too.",
        f"{painter.model.name} needs none: its text encoder is small, was trained along with the network and reads "
        "your words itself, on the spot. The price is a small vocabulary. What it does not know it is not told, and "
        "it says so; places that it can't know are told by their kind.",
    )
    return Figure(lesson, (exhibit,))


def _dictionary(painter: Painter) -> Figure:
    watch = Stopwatch()
    dictionary = Dictionary.at(painter.choice.embeddings)
    rows = []
    for prompt in dictionary.prompts():
        embedding = dictionary.get(prompt)
        if embedding is not None:
            shape = " × ".join(str(side) for side in embedding.shape[1:])
            rows.append((f"“{prompt}”", shape, f"{float(embedding.float().std()):.3f}"))
    place = [] if painter.choice.embeddings is None else ["--embeddings", painter.choice.embeddings]
    exhibit = Exhibit(
        f"The dictionary: {len(rows)} prompts and what the language model made of each.",
        Table(("prompt", "tokens × numbers", "standard deviation"), tuple(rows)),
        Origin.NOW,
        (model_words(painter.model),),
        command("embed", "--list", *place),
        watch.read(),
    )
    lesson = (
        f"{painter.model.name} reads prompts through a language model far larger than the network that draws. So a "
        "prompt is encoded once and kept: a dictionary from prompts to tables of numbers, a row for each token. All "
        "that the drawing network ever hears of the prompt is that table.",
        "The empty prompt is among them, because guidance needs it. Your own prompts go into the dictionary with "
        "duckrabbit embed; from then on nothing but the table is loaded.",
    )
    return Figure(lesson, (exhibit,))
