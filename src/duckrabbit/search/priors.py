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
    """The subjects' priors of the model with that checksum by that judge; none where they were not measured.

    The file names the pairs of a model and judges for which they hold: first those of which they were measured, then
    those that took them over, a model that was trained from it or another judge that selects.
    """
    known = shipped()
    pairs = known.get("hold_for", ())
    ours = any(model == own["model"] and judge.checksum == own["judges"][judge.role] for own in pairs)
    return known["priors"] if ours else {}
