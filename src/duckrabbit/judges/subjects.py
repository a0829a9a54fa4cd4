"""Subjects to ask for: everyday things that a judge has a name for."""

from collections.abc import Sequence
from functools import cache
from random import Random

from duckrabbit.datasets.names import everyday, twins
from duckrabbit.datasets.prompts import table, words_of
from duckrabbit.judges.judge import DIGITS, Judge

EVERYDAY = frozenset(
    (
        "animal-amphibian", "animal-bird", "animal-bug", "animal-mammal", "animal-marine", "animal-reptile",
        "arts-crafts", "book-paper", "clothing", "dishware", "drink", "event", "food-asian", "food-fruit",
        "food-prepared", "food-sweet", "food-vegetable", "game", "household", "light-video", "musical-instrument",
        "office", "place-building", "place-geographic", "place-other", "place-religious", "plant-flower",
        "plant-other", "science", "sky-weather", "sport", "tool", "transport-air", "transport-ground",
        "transport-water",
    )
)  # fmt: skip
"""The subgroups of things that people draw and photograph; signs, faces and gestures are not among them."""

DRAWN = "art"
LONGEST = 2
"""Words in a subject's everyday name."""


def subjects_of(judge: Judge) -> tuple[str, ...]:
    """What can be asked of a judge in plain words: everyday names of its classes, in the order of the classes."""
    if judge.kind == "digits":
        return DIGITS
    found = []
    for k, name in enumerate(judge.names):
        plain = everyday(name)
        if len(words_of(plain)) <= LONGEST and _is_everyday(name) and judge.asked_for(f"a {plain}") == k:
            found.append(plain)
    return tuple(found)


def prompt_for(subject: str, style: str) -> str:
    """A subject in a style as a prompt: "an oil painting of", "fox" → "an oil painting of a fox"; digits stay alone."""
    if subject in DIGITS:
        return subject
    article = "an" if subject[0].lower() in "aeiou" else "a"
    return f"{style} {article} {subject}".strip()


def random_pairs(subjects: Sequence[str], count: int, seed: int) -> list[tuple[str, str]]:
    """Different pairs of different subjects: the first so many of an endless row that depends on the seed alone."""
    rng, seen = Random(seed), set[tuple[str, str]]()
    most = len(subjects) * (len(subjects) - 1)
    pairs: list[tuple[str, str]] = []
    while len(pairs) < min(count, most):
        a, b = rng.sample(subjects, 2)
        if (a, b) not in seen:
            seen.add((a, b))
            pairs.append((a, b))
    return pairs


def _is_everyday(name: str) -> bool:
    rows = [table("names")[member] for member in _members().get(name, [name]) if member in table("names")]
    packs = {pack for row in rows for pack in row[0].split(",")}
    return DRAWN in packs and any(row[1] in EVERYDAY for row in rows)


@cache
def _members() -> dict[str, list[str]]:
    """The names that are one class, by the first of them."""
    groups: dict[str, list[str]] = {}
    for member, first in twins().items():
        groups.setdefault(first, []).append(member)
    return groups
