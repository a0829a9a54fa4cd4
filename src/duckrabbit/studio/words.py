"""What a model makes of a prompt while it is typed, and what it could be told instead."""

from functools import cache
from typing import Any

from duckrabbit.datasets.names import everyday
from duckrabbit.datasets.prompts import Vocabulary, kinds_for_places, table
from duckrabbit.studio.facts import Facts

NEAR = 3


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
