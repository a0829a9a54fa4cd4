"""Subjects to ask for: everyday things that a judge has a name for, and how much each helps an anagram: its prior.

Random pairs were made once, by several views and in several styles, and the selecting judge asked for the log p of the
look that is read worst. A subject's prior is what it adds to that; see tools/measure_subject_priors.py.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch import Tensor

from duckrabbit.datasets.names import everyday, twins
from duckrabbit.datasets.prompts import table, words_of
from duckrabbit.judges.judge import DIGITS, Judge
from duckrabbit.media.atomic import atomic_write
from duckrabbit.search.discovery import SubjectPriors

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


FILE = "subject-priors.json"
ROUNDS = 20
BELIEF = 8.0
"""A prior is believed as if it had been seen so many times to be nought."""


def fit(a: Tensor, b: Tensor, scores: Tensor, count: int) -> Tensor:
    """The priors [count] g in score ≈ g_a + g_b + a constant.

    Args:
        a: the first subject of each pair, int64 [N].
        b: the second.
        scores: of the pairs, [N], those of each view less their mean.
        count: of the subjects.
    """
    left = scores.double() - scores.double().mean()
    seen = torch.bincount(a, minlength=count) + torch.bincount(b, minlength=count)
    subject_priors = torch.zeros(count, dtype=torch.float64)
    for _ in range(ROUNDS):
        own = torch.zeros(count, dtype=torch.float64)
        own.index_add_(0, a, left - subject_priors[b]).index_add_(0, b, left - subject_priors[a])
        subject_priors = own / (seen + BELIEF)
    return subject_priors


@cache
def shipped() -> Mapping[str, Any]:
    """What comes with the package, and of which model and judges it was measured."""
    file = files("duckrabbit.models") / "weights" / FILE
    found: Mapping[str, Any] = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    return found


def shipped_for(model: str, judge: Judge) -> SubjectPriors:
    """The subject_priors of the model with that checksum by that judge; none where they were not measured."""
    known = shipped()
    measured = bool(known) and (known["model"], known["judges"][judge.role]) == (model, judge.checksum)
    return known["priors"] if measured else {}


def write(
    path: Path, model: str, judges: Mapping[str, str], subjects: Sequence[str], subject_priors: Tensor, n: int
) -> None:
    """Write a table of subject_priors, the greatest first, and what it was measured on."""
    order = sorted(range(len(subjects)), key=lambda k: (-float(subject_priors[k]), subjects[k]))
    table = {subjects[k]: round(float(subject_priors[k]), 3) for k in order}
    data = {"model": model, "judges": dict(judges), "anagrams": n, "priors": table}
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", "utf-8")
