"""Place names that a small model cannot know, and the kind of thing each is: Chengdu is a city."""

from collections.abc import Sequence
from dataclasses import dataclass

from duckrabbit.datasets.prompts import Vocabulary, table, words_of

LONGEST = 4
"""Words in the longest name of a place."""


@dataclass(frozen=True)
class Placed:
    """A prompt whose unknown places are told by their kind.

    Attributes:
        words: the prompt's words, a kind in each unknown place's stead.
        places: the unknown places, each with its kind.
    """

    words: tuple[str, ...]
    places: tuple[tuple[str, str], ...]


def told_by_kind(prompt: str, vocabulary: Vocabulary) -> Placed:
    """Replace places that the vocabulary lacks by their kind: "Chengdu" → city; "Chengdu city" → city as well."""
    words = words_of(prompt)
    kinds = table("places")
    told: list[str] = []
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(words):
        for length in range(min(LONGEST, len(words) - at), 0, -1):
            place = words[at : at + length]
            kind = kinds.get(" ".join(place), ("",))[0]
            if kind and vocabulary.read(" ".join(place)).unknown:
                found.append((" ".join(place), kind))
                # What follows or stands already there need not be said twice: "Amalfi coast", "Sather Tower".
                if not _said(kind, [*told, *words[at + length :]]):
                    told += kind.split()
                at += length
                break
        else:
            told.append(words[at])
            at += 1
    return Placed(tuple(told), tuple(found))


def _said(kind: str, words: Sequence[str]) -> bool:
    return all(word in words for word in kind.split())
