"""From words to pictures: A0, text to image, and A-emb, how prompts reach the model."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

from duckrabbit.datasets.prompts import Vocabulary, kinds_for_places
from duckrabbit.diffusion.steps import SOLVERS
from duckrabbit.making.sampling import Sampling
from duckrabbit.models.deepfloyd.embeddings import Dictionary
from duckrabbit.models.pocket import prompt_embeddings
from duckrabbit.recipes.generate import Generate
from duckrabbit.report.bodies import Album, Sheet, Stack, Table, Words
from duckrabbit.report.chart import Axis, Chart, Series
from duckrabbit.report.figure import Exhibit, Figure, command, model_words, seed_words
from duckrabbit.report.measures import distance
from duckrabbit.report.painter import Painter
from duckrabbit.report.workshop import Workshop

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
    "a photo of Shenzhen and Hong Kong in one frame",
    "a photo of Berkeley's Sather Tower shining with Stanford's Hoover Tower falling",
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
EMBEDDINGS = "embeddings"
"""The folder of pocket's dictionary, within the row's."""

UNKNOWN = "a photo of a zorgblat and a dog"
"""A word that no model knows."""


def text_to_image(workshop: Workshop) -> Figure:
    """A0: prompts, steps, and details."""
    painter, prompts = workshop.shelf.painter, SOURCES[: workshop.effort.prompts]
    exhibits = [
        _album(workshop, prompts, "prompt", "Prompts of the sources, one seed for all, none picked."),
        _steps(workshop),
        _album(
            workshop,
            DETAILED,
            "detail",
            "Short prompts, and each with details. Look for what was dropped and for colours that went to the wrong "
            "thing.",
        ),
    ]
    if painter.final is painter.model and painter.model.second_stage is not None:
        exhibits.append(_both_stages(workshop))
    step = SOLVERS[painter.model.sampler.solver]
    return Figure(tuple(exhibits), {"solver": painter.model.sampler.solver, "stochastic": step.stochastic})


def _album(workshop: Workshop, prompts: Sequence[str], stem: str, caption: str) -> Exhibit:
    """A picture of each prompt from one seed."""
    painter = workshop.shelf.painter
    made = painter.pixels([Generate(prompt) for prompt in prompts], [SEED] * len(prompts))
    items = tuple(
        workshop.strip(f"“{prompt}”", f"{stem}-{number}", [picture], prompt)
        for number, (prompt, picture) in enumerate(zip(prompts, made, strict=True))
    )
    return Exhibit(
        caption,
        Album(items),
        (*painter.parameters(Generate(prompts[0])), f"seed {SEED}"),
        "\n".join(painter.command("generate", prompt, "--seed", SEED) for prompt in prompts),
        workshop.seconds(),
    )


def _steps(workshop: Workshop) -> Exhibit:
    """The same noise in more and more steps, and how far each result is from the last."""
    painter, steps, count = workshop.shelf.painter, workshop.effort.steps, workshop.effort.painted
    recipe, seeds = Generate(STEPPED), range(SEED, SEED + count)
    pictures: dict[int, list[Tensor]] = {}
    for number in steps:
        workshop.tell(f"{number} steps", sum(before for before in steps if before < number) / sum(steps))
        pictures[number] = painter.pixels([recipe] * count, seeds, Sampling(steps=number))
    reference = pictures[steps[-1]]
    away = {
        float(number): sum(distance(*pair) for pair in zip(pictures[number], reference, strict=True)) / count
        for number in steps[:-1]
    }
    strips = tuple(
        workshop.strip(f"seed {seed}", f"steps-{seed}", row, f"Seed {seed}")
        for seed, row in zip(seeds, zip(*pictures.values(), strict=True), strict=True)
    )
    chart = Chart(
        f"Distance to the picture of {steps[-1]} steps",
        Axis("steps"),
        Axis("root mean square, grey levels"),
        (Series("distance", tuple(away.items())),),
        marked=True,
    )
    said = ", ".join(f"{value:.1f} after {number:g}" for number, value in away.items())
    return Exhibit(
        f"“{STEPPED}” from the same noise in more and more steps. Distance to the picture of {steps[-1]} steps, in "
        f"grey levels: {said}. Between two seeds it is {distance(reference[0], reference[1]):.0f}.",
        Stack((Sheet(tuple(f"{number} steps" for number in steps), strips), chart)),
        (*painter.parameters(recipe, Sampling(steps=steps[-1])), "and fewer", seed_words(seeds)),
        "\n".join(
            painter.command("generate", STEPPED, "--steps", number, "--seed", SEED, "--count", count)
            for number in steps
        ),
        workshop.seconds(),
    )


def _both_stages(workshop: Workshop) -> Exhibit:
    """The same pictures at the first stage's size, and made large by the second."""
    painter, count = workshop.shelf.painter, workshop.effort.painted
    second = Painter(painter.model, painter.choice.at(painter.model.sizes[-1]))
    chosen = SOURCES[:count]
    recipes, seeds = [Generate(prompt) for prompt in chosen], [SEED] * count
    small, large = painter.pixels(recipes, seeds), second.pixels(recipes, seeds)
    items = tuple(
        workshop.strip(f"“{prompt}”, {side}×{side}", f"stage-{side}-{number}", [picture], prompt)
        for number, prompt in enumerate(chosen)
        for picture in (small[number], large[number])
        for side in (picture.shape[-1],)
    )
    return Exhibit(
        "The first stage's pictures, and what the second makes of them.",
        Album(items),
        (*second.parameters(recipes[0]), f"seed {SEED}"),
        "\n".join(second.command("generate", prompt, "--seed", SEED) for prompt in chosen),
        workshop.seconds(),
    )


def prompts_and_embeddings(workshop: Workshop) -> Figure:
    """A-emb: for a model with words of its own its vocabulary; for others the dictionary of embeddings."""
    model = workshop.shelf.painter.model
    words = model.config.get("words")
    if not isinstance(words, Sequence):
        exhibits = _dictionary(workshop, Dictionary.at(workshop.shelf.painter.choice.embeddings))
        return Figure(exhibits, {"model": model.name, "reads_words": False})
    reading = _reading(workshop, words)
    dictionary = Dictionary(workshop.page / workshop.folder / EMBEDDINGS)
    for prompt, embedding in prompt_embeddings(model, ("", *SOURCES)).items():
        dictionary.put(prompt, embedding)
    return Figure((reading, *_dictionary(workshop, dictionary)), {"model": model.name, "reads_words": True})


def _reading(workshop: Workshop, words: Sequence[str]) -> Exhibit:
    painter, vocabulary = workshop.shelf.painter, Vocabulary(tuple(words))
    rows = []
    for prompt in (*SOURCES, UNKNOWN):
        read = vocabulary.read(" ".join(kinds_for_places(prompt, vocabulary).words))
        rows.append((f"“{prompt}”", " ".join(read.words) or "nothing", "; ".join(painter.model.remarks(prompt)) or "–"))
    table = Table(("prompt", "what the network is told", "what the command line says about it"), tuple(rows), "words")
    return Exhibit(
        f"How the sources' prompts are read, and one with a word that does not exist. {painter.model.name} knows "
        f"{len(words):,} words.",
        Stack((table, Words("All the words it knows", tuple(words)))),
        (model_words(painter.model),),
        painter.command("generate", UNKNOWN),
        workshop.seconds(),
    )


def _dictionary(workshop: Workshop, dictionary: Dictionary) -> tuple[Exhibit, Exhibit]:
    """What is in a dictionary, read from its files, and how alike its prompts are."""
    painter = workshop.shelf.painter
    kept = {prompt: embedding for prompt in dictionary.prompts() if (embedding := dictionary.get(prompt)) is not None}
    means = torch.stack([embedding[0].float().mean(dim=0) for embedding in kept.values()])
    cosines = cosine_similarity(means[:, None], means[None], dim=-1)
    others = cosines.clone().fill_diagonal_(-2.0)
    names = [f"“{prompt}”" for prompt in kept]
    rows = tuple(
        (
            f"{number + 1}",
            names[number],
            " × ".join(str(side) for side in embedding.shape[1:]),
            f"{float(embedding.float().std()):.3f}",
            f"{names[int(others[number].argmax())]} ({float(others[number].max()):.2f})",
        )
        for number, embedding in enumerate(kept.values())
    )
    words = _dictionary_words(painter, dictionary)
    listed = Exhibit(
        f"The dictionary: {len(rows)} prompts and what the language model made of each, saved to files and read again.",
        Table(("", "prompt", "tokens × numbers", "standard deviation", "nearest prompt (cosine)"), rows, "words"),
        (model_words(painter.model),),
        "\n".join(words),
        workshop.seconds(),
    )
    # A cosine is a grey level: black for -1, white for 1.
    plate = workshop.plate("cosines", [cosines[None].repeat_interleave(8, 1).repeat_interleave(8, 2)], 1, "Cosines")
    compared = Exhibit(
        "The cosine between any two of them, each the mean over its tokens, in the order of the table from the top and "
        f"from the left: white is 1, middle grey 0. They run from {float(cosines.min()):.2f} to 1.",
        Sheet((), (("", plate),)),
        (model_words(painter.model), "mean over tokens"),
        words[-1],
        workshop.seconds(),
    )
    return listed, compared


def _dictionary_words(painter: Painter, dictionary: Dictionary) -> tuple[str, ...]:
    """The commands that write a dictionary, where it is ours, and list it."""
    if dictionary.folder.name != EMBEDDINGS:
        place = [] if painter.choice.embeddings is None else ["--embeddings", painter.choice.embeddings]
        return (command("embed", "--list", *place),)
    return (
        command("embed", *SOURCES, "--model", painter.choice.model, "--embeddings", EMBEDDINGS),
        command("embed", "--list", "--embeddings", EMBEDDINGS),
    )
