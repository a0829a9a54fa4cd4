"""A-emb: how prompts reach the model: read word by word, or as embeddings made beforehand."""

from collections.abc import Sequence

from duckrabbit.datasets.prompts import Vocabulary, kinds_for_places
from duckrabbit.models.deepfloyd.embeddings import Dictionary
from duckrabbit.report.bodies.stack import Stack
from duckrabbit.report.bodies.table import Table
from duckrabbit.report.bodies.words import Words
from duckrabbit.report.figure import Exhibit, Figure, Origin
from duckrabbit.report.painter import Painter
from duckrabbit.report.rows.pretrained.text_to_image import SOURCES
from duckrabbit.report.wording import command, model_words
from duckrabbit.report.workshop import Stopwatch, Workshop

UNKNOWN = "a photo of a zorgblat and a dog"
"""A word that no model knows."""


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
        told = vocabulary.read(" ".join(kinds_for_places(prompt, vocabulary).words))
        rows.append((f"“{prompt}”", " ".join(told.words) or "nothing", "; ".join(painter.model.remarks(prompt)) or "–"))
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
