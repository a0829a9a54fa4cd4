"""A whole report from next to no samples, made once for all tests that look at it."""

import atexit
import shutil
import tempfile
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest

import duckrabbit.report.workshop as workshop_module
from duckrabbit.models.load import load_model
from duckrabbit.models.model import Model
from duckrabbit.report.build import build_rows
from duckrabbit.report.effort import Effort
from duckrabbit.report.painter import Choice
from duckrabbit.report.rows.beyond import every_view
from duckrabbit.report.rows.digits import edits as digit_edits
from duckrabbit.report.rows.pretrained import edits
from duckrabbit.report.rows.registry import ROWS
from tiny_pocket import write_tiny_pocket

TINY = Effort("tiny", 10, 20, 200, 4, 2, (2, 3), 2, 2, 2, 2, 2, 1, (2, 3), 16)
STARTS = (20, 30)


@dataclass(frozen=True)
class MadeReport:
    """A page and the tiny text-to-image model that its Part A is made by."""

    index: Path
    model: str


@cache
def made_report() -> MadeReport:
    """Every row of the report, by models that hurry."""
    folder = Path(tempfile.mkdtemp(prefix="duckrabbit-report-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    prompts = {prompt for row in ROWS.values() for prompt in row.prompts}
    model = str(write_tiny_pocket(folder / "tiny.safetensors", prompts))
    with pytest.MonkeyPatch.context() as patch:
        hurry(patch)
        index = build_rows(folder / "page", TINY, list(ROWS.values()), "cpu", silent, Choice(model))
    return MadeReport(index, model)


def hurry(patch: pytest.MonkeyPatch) -> None:
    """Few steps and late starts: the pictures are poor and soon there."""
    patch.setattr(workshop_module, "load_model", _hurried)
    patch.setattr(every_view, "NAMES", ("flip", "jigsaw"))
    for module in (digit_edits, edits):
        patch.setattr(module, "STARTS", STARTS)


def silent(what: str, part: float) -> None:
    """Tell nobody."""


def _hurried(
    name: str, device: str, dtype: None = None, weights: str | None = None, embeddings: str | None = None
) -> Model:
    model = load_model(name, device, dtype, weights, embeddings)
    return replace(model, sampler=replace(model.sampler, steps=2))
