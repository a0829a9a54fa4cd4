"""What the page must know of each model: no weights are loaded for it, all is in the header of its file.

With it goes what a model makes of a prompt while it is typed, and what it could be told instead.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from duckrabbit.datasets.names import everyday
from duckrabbit.datasets.prompts import Vocabulary, kinds_for_places, table
from duckrabbit.errors import UsageError
from duckrabbit.illusions.views import VIEWS, parse_view
from duckrabbit.models import digits, pocket
from duckrabbit.models.load import SECOND_STAGES, SHIPPED
from duckrabbit.models.model import SamplerConfig
from duckrabbit.models.storage import HEADER_KEY
from duckrabbit.recipes.edit import course_sampler
from duckrabbit.trained.run_folder import MODEL

NEAR = 3
"""Words that are offered in place of one that is not known."""

LARGEST_PARAMETER = 8
"""Of a view, where its own does not fit."""

RUN = "run:"
"""Before the name of a run whose model is meant."""

_Way = Mapping[str, Any]


@dataclass(frozen=True)
class Facts:
    """A model as the page sees it.

    Attributes:
        name: as a job names it.
        what: one line.
        load: what `load_model` is given.
        kind: `words` or `digits`: what its prompts are.
        size: side of its pictures.
        channels: 1 for grey, 3 for colour.
        dark_ground: whether it knows light strokes on a dark ground alone.
        samples: whether it is told the noise level, and so can sample.
        conditional: whether it understands prompts.
        sampler: its way of sampling, as JSON.
        illusion_sampler: the same for anagrams and hybrids.
        course_sampler: the same on the courses' grid, for edits and for painting into a picture.
        sizes: the sides of the pictures that it makes: its own, and its second stage's.
        views: those that such pictures can be seen by, with the parameter that fits them.
        words: its vocabulary; empty for digits.
        length: of its longest prompt in tokens.
    """

    name: str
    what: str
    load: str
    kind: str
    size: int
    channels: int
    dark_ground: bool
    samples: bool
    conditional: bool
    sampler: Mapping[str, Any]
    illusion_sampler: Mapping[str, Any]
    course_sampler: Mapping[str, Any]
    sizes: tuple[int, ...]
    views: tuple[str, ...]
    words: tuple[str, ...] = ()
    length: int = 16

    def to_json(self) -> dict[str, Any]:
        """What the page is told; the words have an address of their own."""
        return {name: value for name, value in asdict(self).items() if name not in ("words", "length", "load")}


def all_facts(runs: Path) -> dict[str, Facts]:
    """The models of the package, and those of the runs in a folder, by name."""
    found = dict(_shipped())
    for file in sorted(runs.glob(f"*/{MODEL}")):
        name = RUN + file.parent.name
        stamp = file.stat().st_mtime_ns
        facts = _of_file(name, f"trained here: {file.parent.name}", str(file.parent), file, stamp)
        if facts is not None:
            found[name] = facts
    return found


def check_prompts(prompts: Sequence[str], facts: Facts) -> None:
    """Refuse what a model can't be asked for before it is loaded.

    Raises:
        UsageError: if none of a prompt's words is known.
    """
    for prompt in prompts:
        if facts.kind == "digits":
            digits.check_prompt(facts.name, facts.conditional, prompt)
        else:
            pocket.check_prompt(facts.name, _vocabulary(facts), prompt)


def reading(prompt: str, facts: Facts) -> dict[str, Any]:
    """How a prompt is read: the words that are known, those that are not with the nearest that are, and places."""
    if facts.kind == "digits":
        return _digit_reading(prompt, facts)
    vocabulary = _vocabulary(facts)
    told = kinds_for_places(prompt, vocabulary)
    read = vocabulary.read(" ".join(told.words))
    return {
        "known": list(read.words),
        "unknown": [{"word": word, "near": vocabulary.near(word, NEAR)} for word in dict.fromkeys(read.unknown)],
        "places": [{"place": place, "kind": kind} for place, kind in told.places],
    }


def suggestions(facts: Facts) -> dict[str, list[str]]:
    """Names of things and styles that a model knows, and every single word; digits for a model of digits."""
    if facts.kind == "digits":
        return {"names": list("0123456789") if facts.conditional else [], "styles": [], "words": []}
    vocabulary = _vocabulary(facts)
    names = dict.fromkeys(everyday(name).lower() for name in table("names"))
    known = [name for name in names if not vocabulary.read(name).unknown]
    styles = [style for style in table("styles") if not vocabulary.read(style).unknown]
    return {"names": known, "styles": styles, "words": list(facts.words)}


@cache
def views_that_fit(size: int) -> tuple[str, ...]:
    """Every view by its word, or with the largest parameter up to its own that a picture of that side can be seen by.

    >>> [name for name in views_that_fit(28) if name.startswith("patch")]
    ['patch-permute:7']
    """
    found = (_fitting(name, size) for name in VIEWS if name != "identity")
    return tuple(name for name in found if name is not None)


def _fitting(name: str, size: int) -> str | None:
    takes_whole_numbers = VIEWS[name].reads is int
    for text in (name, *(f"{name}:{k}" for k in range(LARGEST_PARAMETER, 1, -1) if takes_whole_numbers)):
        with suppress(UsageError):
            parse_view(text).permutation(size)
            return text
    return None


@cache
def _shipped() -> dict[str, Facts]:
    found = {}
    for name, what in SHIPPED.items():
        facts = _of_weights(name, what)
        second = _of_weights(SECOND_STAGES[name], "") if name in SECOND_STAGES else None
        if facts is not None:
            found[name] = facts if second is None else replace(facts, sizes=(*facts.sizes, *second.sizes))
    return found


def _of_weights(name: str, what: str) -> Facts | None:
    with as_file(files("duckrabbit.models") / "weights" / f"{name}.safetensors") as file:
        return _of_file(name, what, name, file, 0)


@cache
def _of_file(name: str, what: str, load: str, file: Path, stamp: int) -> Facts | None:  # noqa: ARG001
    """The facts of a file; None where it can't be read. `stamp` makes a file that has changed another one."""
    try:
        with safe_open(file, framework="pt", device="cpu") as opened:
            header = json.loads((opened.metadata() or {}).get(HEADER_KEY, "null"))
        if header["kind"] == pocket.KIND:
            text = pocket.PocketConfig.from_json(header)
            return Facts(
                name, what, load, "words", text.size, 3, False, True, True,
                *_ways(text.sampler, text.illusion_sampler), (text.size,), views_that_fit(text.size),
                text.words, text.network.text_length,
            )  # fmt: skip
        digit = digits.DigitConfig.from_json(header)
        return Facts(
            name, what, load, "digits", digits.SIDE, 1, True, digit.time, digit.classes,
            *_ways(digit.sampler, digit.illusion_sampler), (digits.SIDE,), views_that_fit(digits.SIDE),
        )  # fmt: skip
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, RuntimeError):
        return None


def _ways(own: SamplerConfig, illusions: SamplerConfig) -> tuple[_Way, _Way, _Way]:
    return asdict(own), asdict(illusions), asdict(course_sampler(own))


def _digit_reading(prompt: str, facts: Facts) -> dict[str, Any]:
    digit = prompt.strip()
    known = facts.conditional and len(digit) == 1 and digit in "0123456789"
    unknown = [] if known or not digit else [{"word": digit, "near": list("0123456789") if facts.conditional else []}]
    return {"known": [digit] if known else [], "unknown": unknown, "places": []}


@cache
def _vocabulary_of(words: tuple[str, ...], length: int) -> Vocabulary:
    return Vocabulary(words, length)


def _vocabulary(facts: Facts) -> Vocabulary:
    return _vocabulary_of(facts.words, facts.length)
