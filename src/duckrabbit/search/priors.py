"""How much each subject helps an anagram: its prior, measured once.

Random pairs were made by several views and in several styles, and the selecting judge asked for the log p of the look
that is read worst. A subject's prior is what it adds to that; see tools/measure_subject_priors.py.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from duckrabbit.judges.judge import Judge
from duckrabbit.search.discovery import SubjectPriors

FILE = "subject-priors.json"


@cache
def shipped() -> Mapping[str, Any]:
    """What comes with the package, and of which model and judges it was measured."""
    file = files("duckrabbit.models") / "weights" / FILE
    found: Mapping[str, Any] = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    return found


def shipped_for(model: str, judge: Judge) -> SubjectPriors:
    """The subject_priors of the model with that checksum, or of the one that it was trained from, by that judge.

    None where they were not measured.
    """
    known = shipped()
    of_model = bool(known) and model in (known["model"], known.get("taken_over_by"))
    return known["priors"] if of_model and known["judges"][judge.role] == judge.checksum else {}
