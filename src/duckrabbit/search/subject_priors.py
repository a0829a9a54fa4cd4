"""Subject priors: how much each everyday subject helps an anagram, whatever it shares the picture with.

Random pairs were made once, by several views and in several styles, and the selecting judge asked for the log p of the
look that is read worst. A subject's prior is what it adds to that; see tools/measure_subject_priors.py.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from duckrabbit.judges.judge import Judge
from duckrabbit.media.atomic import atomic_write
from duckrabbit.search.discovery import SubjectPriors

FILE = "subject-priors.json"
ROUNDS = 20
BELIEF = 8.0
"""A prior is believed as if it had been seen so many times to be nought."""


def fit(a: Tensor, b: Tensor, scores: Tensor, count: int) -> Tensor:
    """The subject_priors [count] g in score ≈ g_a + g_b + a constant.

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
