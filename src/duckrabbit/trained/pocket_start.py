"""What a training of pocket's network starts from: random weights, a model or a checkpoint; and whom it learns from."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import nn

from duckrabbit.datasets.prompts import Vocabulary
from duckrabbit.errors import UsageError
from duckrabbit.judges.judge import Judge
from duckrabbit.models.load import load_model
from duckrabbit.models.model import Model
from duckrabbit.models.pocket import KIND, PocketConfig, guided_network_of, network_of
from duckrabbit.networks.pocket_unet import PocketUNet, grown
from duckrabbit.networks.self_guided import adapted
from duckrabbit.trained.compositions import panel
from duckrabbit.trained.pocket_runs import PocketRun
from duckrabbit.trained.pocket_stages import TrainedStage
from duckrabbit.training.loop import Engine, compiled
from duckrabbit.training.state import checkpoint_metadata

TEACHER, JUDGES = "teacher", "judges"
"""In a checkpoint's metadata: the checksums of whom it learns from, and of who moves what it learns."""


def begun(run: PocketRun, words: tuple[str, ...]) -> tuple[PocketConfig, PocketUNet]:
    """A network for these words: a new one, or that of `init`, which keeps its words and learns the new ones.

    One that learns to guide itself learns additional weights alone, or goes on with those of `init`. Any other
    training forgets them.
    """
    stage = run.stage
    if run.init is None:
        shape = replace(stage.network, vocabulary=len(Vocabulary(words)), widths=run.widths, blocks=run.blocks)
        config = PocketConfig(
            words,
            shape,
            stage.sampler,
            stage.illusion_sampler,
            size=stage.side,
            low_time=stage.low_time,
            first_stage=run.first_stage,
        )
        return config, PocketUNet(shape)
    model, known, network = _network_of(run.init, stage)
    if stage.guidance is not None:
        config = replace(known, max_guidance=stage.guidance.largest, rank=stage.rank)
        return config, adapted(network, config.max_guidance, config.rank, guided_network_of(model))
    together = tuple(dict.fromkeys((*known.words, *words)))
    blocks = tuple(max(own, asked) for own, asked in zip(known.network.blocks, run.blocks, strict=False))
    larger = grown(network, blocks, len(Vocabulary(together)))
    config = replace(known, words=together, network=larger.config, first_stage=run.first_stage)
    return replace(config, max_guidance=1.0, rank=0), larger


@dataclass(frozen=True)
class TeacherNetwork:
    """The model that a stage learns to guide itself from.

    Attributes:
        network: as it is evaluated.
        checksum: of its file.
    """

    network: nn.Module = field(repr=False)
    checksum: str


def teacher_of(run: PocketRun, engine: Engine, checkpoint: Path) -> TeacherNetwork | None:
    """Whom a run learns from, which is `init`; None for a run that learns from pictures alone.

    Raises:
        UsageError: if it is not the one that the run in a checkpoint began with.
    """
    if run.stage.guidance is None or run.init is None:
        return None
    model, _, network = _network_of(run.init, run.stage)
    _check_the_same(checkpoint, TEACHER, model.checksum, run.init)
    placed = network.to(engine.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return TeacherNetwork(compiled(placed.eval().requires_grad_(False), engine), model.checksum)


def judges_of(run: PocketRun, engine: Engine, checkpoint: Path) -> Judge | None:
    """Who moves what a run learns, as one panel; None for a run that no judge has a part in.

    Raises:
        UsageError: if a file holds no judge, or they are not those that the run in a checkpoint began with.
    """
    if run.stage.guidance is None or not run.judge_strength:
        return None
    judge = panel(tuple(map(Path, run.judges or ())), engine.device)
    _check_the_same(checkpoint, JUDGES, judge.checksum, " ".join(run.judges or ("the shipped judge",)))
    return judge


def _check_the_same(checkpoint: Path, role: str, checksum: str, names: str) -> None:
    began = checkpoint_metadata(checkpoint).get(role, checksum) if checkpoint.exists() else checksum
    if began != checksum:
        raise UsageError(
            f"The run of {checkpoint} began with another {role} than the weights of {names} are now, and learns from "
            "them: give back what it began with, or start the run anew."
        )


def _network_of(init: str, stage: TrainedStage) -> tuple[Model, PocketConfig, PocketUNet]:
    """The stage of a model that is the one to train."""
    whole = load_model(init, "cpu", torch.float32)
    model = whole.at(stage.side) if stage.side in whole.sizes else whole
    found = network_of(model)
    if model.config.get("kind") != KIND or model.size != stage.side or found is None:
        raise UsageError(
            f"{init} is no pocket model of {stage.side}×{stage.side}, so nothing here can start from it: "
            "give `init` pocket or a run."
        )
    return model, PocketConfig.from_json(model.config), found[1]


def first_stage_of(run: PocketRun, engine: Engine) -> Model | None:
    """The model whose words a second stage reads and whose pictures it makes large; None for a first stage."""
    if run.first_stage is None:
        return None
    model = load_model(run.first_stage, str(engine.device), engine.dtype)
    if model.config.get("kind") != KIND:
        raise UsageError(
            f"{run.first_stage} is no pocket model, so nothing makes its pictures large: give `first_stage` pocket."
        )
    return model


def resumed_from(checkpoint: Path) -> tuple[PocketConfig, PocketUNet]:
    """The network that a checkpoint is of, before its weights are loaded."""
    try:
        config = PocketConfig.from_json(json.loads(checkpoint_metadata(checkpoint)["config"]))
        network = PocketUNet(config.network)
        return config, adapted(network, config.max_guidance, config.rank) if config.rank else network
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"{checkpoint} is not a whole checkpoint of pocket's network ({error}): delete it to start the run anew."
        ) from error
