"""What a training of pocket's network starts from: random weights, a model or a checkpoint; and whom it learns from."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import nn

from duckrabbit.datasets.prompts import Vocabulary
from duckrabbit.errors import UsageError
from duckrabbit.models.load import load_model
from duckrabbit.models.model import Model
from duckrabbit.models.pocket import KIND, PocketConfig, guided_network_of, network_of
from duckrabbit.networks.pocket_unet import PocketUNet, grown
from duckrabbit.networks.self_guided import adapted
from duckrabbit.trained.pocket_runs import PocketRun
from duckrabbit.trained.pocket_stages import TrainedStage
from duckrabbit.training.loop import Engine, compiled
from duckrabbit.training.state import checkpoint_metadata

TEACHER = "teacher"
"""In a checkpoint's metadata: the checksum of whom it learns from."""


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
    checksum = model.checksum
    began = checkpoint_metadata(checkpoint).get(TEACHER, checksum) if checkpoint.exists() else checksum
    if began != checksum:
        raise UsageError(
            f"{run.init} has other weights than when the run of {checkpoint} began, and it learns from them: "
            "give it back its weights, or start the run anew."
        )
    placed = network.to(engine.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return TeacherNetwork(compiled(placed.eval().requires_grad_(False), engine), checksum)


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
