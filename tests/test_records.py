"""Pictures that earlier versions made: their records are read, spelled and planned as then, and digits come out alike.

records/records.json holds, for pictures of every verb, model, solver and view, the record in the file, the command that
made it, and what it was planned as: levels, step, constraint, and a fingerprint of its terms under a denoiser whose
answer is a multiple of what it is given, another one for each prompt.
"""

import base64
import hashlib
import importlib
import io
import json
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from duckrabbit.cli.parse import parse
from duckrabbit.cli.produce import stem_of
from duckrabbit.cli.verbs import verb_named
from duckrabbit.diffusion.denoiser import Prediction
from duckrabbit.diffusion.path import Path as ProbabilityPath
from duckrabbit.diffusion.terms import Composition
from duckrabbit.diffusion.thresholding import unclipped
from duckrabbit.making.choose import Opener
from duckrabbit.making.make import Picture
from duckrabbit.making.plan import Stage, plan
from duckrabbit.making.record import Record, read_record
from duckrabbit.making.rerun import command_for, made_again, recorded_model
from duckrabbit.media.pixels import to_uint8
from duckrabbit.models.model import Model
from tiny_if import write_cascade, write_pixel_pipeline

ROWS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "records" / "records.json").read_text("utf-8"))
NAMES = [row["file"].removesuffix(".png") for row in ROWS]
MOVED = {"WEIGHTS", "PIPELINE"}


class Multiplying:
    """D(x, c) = h(c) x."""

    def __init__(self, path: ProbabilityPath, channels: int) -> None:
        self.path, self._channels = path, channels

    def __call__(self, x: Tensor, t: float, condition: Sequence[str]) -> Prediction:
        share = [1 + int(hashlib.sha256(own.encode()).hexdigest()[:6], 16) / 2**24 for own in condition]
        return Prediction(x[:, : self._channels] * torch.tensor(share)[:, None, None, None])


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Where the weights of models that do not ship are here."""
    folder = tmp_path_factory.mktemp("weights")
    write_cascade(folder / "if")
    write_pixel_pipeline(folder / "pipeline", None)
    return {"WEIGHTS": str(folder / "if"), "PIPELINE": str(folder / "pipeline")}


@pytest.fixture(scope="module")
def models() -> dict[tuple[str, str | None, str], Model]:
    """Models that were loaded already."""
    return {}


def read(row: dict[str, Any], places: dict[str, str]) -> Record:
    """The record of a row."""
    text = json.dumps(row["record"])
    for name, place in places.items():
        text = text.replace(name, place)
    return read_record(Path(row["file"]), json.loads(text))


def model_of(record: Record, models: dict[tuple[str, str | None, str], Model]) -> Model:
    key = (record.model, record.weights, str(record.circumstances["dtype"]))
    if key not in models:
        models[key] = recorded_model(replace(record, circumstances={**record.circumstances, "threads": 1}))
    return models[key]


def fingerprint(stage: Stage) -> list[float]:
    """What the terms of a stage make of fixed noise at three times."""
    model, made = stage.model, stage.plan
    if not made.terms:
        return []
    x = torch.randn(1, *model.shape, generator=torch.Generator().manual_seed(0))
    guide = x if model.config.get("low_time") is not None else None
    composition = Composition(Multiplying(model.denoiser.path, model.channels), (made.terms,), unclipped, guide)
    told = []
    for t in (0.95, 0.5, 0.1):
        y = composition(x, t).x0
        told += [float(y.mean()), float(y.std()), float(y[0, 0, 3, 5])]
    return told


@pytest.fixture(scope="module")
def opener() -> Opener:
    """Opens each model once for all commands."""
    return Opener(lambda _: None)


def stem_of_command(command: str, record: Record, opener: Opener) -> str:
    """The name that a command gives to its picture."""
    _, verb, *words = shlex.split(command)
    module = importlib.import_module(f"duckrabbit.cli.verbs.{verb_named(verb).name}")
    options = parse(module.Options, verb, words)
    [job] = module.MAKER.jobs(options, opener)
    side = record.size or job.planned.model.size
    return stem_of(job, Picture(torch.zeros(1, side, side), record.seed, record.recipe, {}))


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_a_record_is_read_spelled_and_planned_as_it_was(
    row: dict[str, Any], places: dict[str, str], models: dict[tuple[str, str | None, str], Model], opener: Opener
) -> None:
    record = read(row, places)
    command = command_for(record)
    for name, place in places.items():
        command = None if command is None else command.replace(place, name)
    assert command is None or sorted(shlex.split(command)) == sorted(shlex.split(row["command"]))
    assert (command is None) == (row["command"] is None)
    # A model that guides itself is asked for the same in one evaluation: tests/test_told_guidance.py.
    model = replace(model_of(record, models), max_guidance=1.0)
    planned = plan(record.recipe, model, record.size, record.second_sampler)
    assert len(planned.stages) == len(row["stages"])
    for stage, then in zip(planned.stages, row["stages"], strict=True):
        made = stage.plan
        assert [round(t, 9) for t in made.grid] == then["grid"]
        assert (type(made.step).__name__, made.resamplings) == (then["step"], then["resamplings"])
        assert type(made.constraint).__name__ == then["constraint"]
        assert (made.judge_guidance is not None) == then["guided"]
        assert fingerprint(stage) == pytest.approx(then["fingerprint"], abs=2e-4)
    # Pictures of a search or a sweep are named by more than their own command, and one was made large from another's.
    if (
        None not in (row["stem"], row["command"])
        and not MOVED & set(shlex.split(row["command"]))
        and record.recipe.verb != "upscale"
    ):
        assert stem_of_command(row["command"], record, opener) == row["stem"]


@pytest.mark.parametrize("row", [row for row in ROWS if "pixels" in row], ids=lambda row: row["file"])
def test_a_digit_is_remade_within_a_grey_level(
    row: dict[str, Any], places: dict[str, str], models: dict[tuple[str, str | None, str], Model]
) -> None:
    record = read(row, places)
    before = np.asarray(Image.open(io.BytesIO(base64.b64decode(row["pixels"]))))
    after = to_uint8(made_again(record, model_of(record, models)).pixels)
    assert np.abs(before.astype(int) - after.astype(int)).max() <= 1
