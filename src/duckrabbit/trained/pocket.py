"""Train a stage of pocket, or its network on a user's own pictures; samples/step-002000.png: after 2,000 steps."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from duckrabbit.datasets.names import kept_names
from duckrabbit.datasets.packs import read_packs
from duckrabbit.datasets.paint.library import build_library
from duckrabbit.datasets.paint.scenes import training_vocabulary
from duckrabbit.datasets.prompts import Vocabulary, vocabulary_of
from duckrabbit.diffusion.parametrization import V
from duckrabbit.diffusion.path import Cosine
from duckrabbit.errors import UsageError
from duckrabbit.judges.judge import Judge
from duckrabbit.models.model import Model
from duckrabbit.models.pocket import PocketConfig, pocket_model, tensors_of, with_second_stage
from duckrabbit.models.storage import quantized, write_weights
from duckrabbit.networks.pocket_unet import PocketUNet
from duckrabbit.trained.compositions import JudgedDistillation, arrangements, prompts_for
from duckrabbit.trained.pocket_runs import PocketRun
from duckrabbit.trained.pocket_start import (
    JUDGES,
    TEACHER,
    TeacherNetwork,
    begun,
    first_stage_of,
    judges_of,
    resumed_from,
    teacher_of,
)
from duckrabbit.trained.run_folder import CHECKPOINT, Products, keep, sole_writer, write_config
from duckrabbit.trained.samples import show_prompts
from duckrabbit.training.data import Examples
from duckrabbit.training.distillation import GuidanceDistillation
from duckrabbit.training.folder import CaptionedPictures, FolderExamples, frequent
from duckrabbit.training.loop import Engine, Report, never, steps_per_epoch, train
from duckrabbit.training.objectives import Objective, UniformTimes
from duckrabbit.training.painted import PaintedExamples
from duckrabbit.training.state import TrainingState

SHOWN = (
    *("an oil painting of a snowy mountain village", "a photo of a man", "a photo of a dog"),
    *("an oil painting of people around a campfire", "a lithograph of waterfalls", "a lithograph of a skull"),
    *("a man wearing a hat", "a rocket ship", "a watercolor of a rabbit", "a pencil sketch of a castle"),
    *("a red car", "a cat and a rocket", "pixel art of a tree", "a high quality photo", ""),
)
"""What pocket is asked for while it is trained."""


@dataclass(frozen=True)
class Material:
    """What a run is trained on.

    Attributes:
        words: of its captions.
        examples: from a vocabulary and a device to the examples.
        shown: prompts to show along the way.
        sources: what it was made of, for the record.
    """

    words: tuple[str, ...] = field(repr=False)
    examples: Callable[[Vocabulary, torch.device], Examples[Any]]
    shown: tuple[str, ...]
    sources: tuple[str, ...]


def painted_material(run: PocketRun) -> Material:
    """Scenes painted from the packs in the run's folder.

    Raises:
        UsageError: if a pack is missing or damaged.
    """
    folder, stage = Path(run.data), run.stage
    packs = [folder / name for name in stage.packs]
    packs += [folder / name for name in stage.more_packs if (folder / name).exists()]
    missing = [path.name for path in packs if not path.exists()]
    if missing:
        raise UsageError(
            f"{folder} lacks {' and '.join(missing)}: make the packs with "
            "python tools/build_packs.py --out FOLDER, and give `data` that folder."
        )
    library = build_library(read_packs(packs, stage.side), kept_names(), copies=run.backdrops or 1)

    def examples(vocabulary: Vocabulary, device: torch.device) -> PaintedExamples:
        pictures = library.pictures.to(device)
        return PaintedExamples(library, pictures, vocabulary, run.pictures, run.hyperparameters.seed)

    return Material(training_vocabulary(library).words, examples, SHOWN, tuple(path.stem for path in packs))


def folder_material(run: PocketRun, folder: CaptionedPictures) -> Material:
    """A user's own pictures."""

    def examples(vocabulary: Vocabulary, device: torch.device) -> FolderExamples:
        tokens = vocabulary.encode(folder.captions, vocabulary.length)
        return FolderExamples(folder.pictures.to(device), tokens.to(device), run.pictures)

    shown = (*frequent(folder.captions, 8), "")
    return Material(vocabulary_of(folder.captions).words, examples, tuple(dict.fromkeys(shown)), (Path(run.data).name,))


def train_pocket(
    run: PocketRun, material: Material, folder: Path, engine: Engine, over: Callable[[], bool] = never
) -> Iterator[Report]:
    """Train into a folder, from the start or from the folder's checkpoint, yielding the loop's reports.

    Args:
        run: what to train.
        material: what to train it on.
        folder: the run folder, which the first process of a team writes; holds the results when the iterator ends.
        engine: where, in what precision, and with whom.
        over: asked once a report by every process; where it says so the run stops there, to be resumed.

    Raises:
        UsageError: if another process trains there, the folder can't be written, its checkpoint does not fit, or `init`
            is no pocket model.
    """
    steps_per_epoch(run.pictures, run.hyperparameters, engine.team)
    with sole_writer(folder) if engine.team.leads else nullcontext():
        yield from _trained(run, material, folder, engine, over)


def _trained(
    run: PocketRun, material: Material, folder: Path, engine: Engine, over: Callable[[], bool]
) -> Iterator[Report]:
    # Loaded once, and only where it is asked for: a resumed run knows its words.
    first = cache(partial(first_stage_of, run, engine))
    checkpoint = folder / CHECKPOINT
    teacher, judge = teacher_of(run, engine, checkpoint), judges_of(run, engine, checkpoint)
    torch.manual_seed(run.hyperparameters.seed)
    resumed = checkpoint.exists()
    config, network = resumed_from(checkpoint) if resumed else begun(run, _words(material, first()))
    state = TrainingState(network, run.hyperparameters.ema_decay, engine.device)
    if resumed:
        state.load(checkpoint)
    elif engine.team.leads:
        write_config(folder, run)
    examples = material.examples(config.vocabulary, engine.device)
    reports = train(state, examples, _objective(run, config, teacher, judge, engine), run.hyperparameters, engine)
    if not engine.team.leads:
        yield from _until(reports, over)
        return

    def samples_due(report: Report) -> str:
        if run.show_every == 0:
            return ""
        # The first report at or after each multiple, and the last.
        due = report.step % run.show_every < engine.report_every or report.step == report.steps
        return f"step-{report.step:06d}" if due else ""

    learns_from = {TEACHER: teacher and teacher.checksum, JUDGES: judge and judge.checksum}
    told = {role: checksum for role, checksum in learns_from.items() if checksum}

    def finished() -> PocketConfig:
        account = _account(run, material, state) | told
        # Additional weights are told of beside the weights that they are added to.
        return replace(config, training={**config.training, "additional": account} if config.rank else account)

    products = Products(
        title=run.recipe,
        samples_due=samples_due,
        write_samples=lambda stem: show_prompts(
            _model(first(), state, finished(), engine), material.shown, stem, run.stage.shown
        ),
        write_model=lambda path: write_weights(path, quantized(_tensors(state, config)), finished().to_json()),
        metadata={"config": json.dumps(config.to_json()), **told},
    )
    yield from keep(reports, state, folder, products, over)


def _objective(
    run: PocketRun, config: PocketConfig, teacher: TeacherNetwork | None, judge: Judge | None, engine: Engine
) -> Objective:
    """The stage's own, or what a teacher says under guidance, moved by judges where the run says so."""
    stage = run.stage
    if teacher is None or stage.guidance is None:
        return stage.objective
    distillation = GuidanceDistillation(Cosine(), UniformTimes(), teacher.network, stage.guidance)
    if judge is None:
        return distillation
    share = run.hyperparameters.batch_size // engine.team.size
    return JudgedDistillation(
        distillation,
        V,
        judge,
        prompts_for(judge, config.vocabulary, engine.device),
        arrangements(config.illusion_sampler.judge_scale),
        run.judge_strength or 0.0,
        rows=max(2, share // 2 * 2),
        size=config.size,
        dtype=engine.dtype,
    )


def time_limit(minutes: float | None, engine: Engine) -> Callable[[], bool]:
    """Whether so many minutes are over, which the first process of a team decides; None for no limit."""
    if minutes is None:
        return never
    end = time.monotonic() + 60 * minutes
    return lambda: engine.team.as_first(time.monotonic() > end, engine.device)


def _until(reports: Iterator[Report], over: Callable[[], bool]) -> Iterator[Report]:
    for report in reports:
        last = over()
        yield report
        if last:
            return


def _account(run: PocketRun, material: Material, state: TrainingState) -> dict[str, Any]:
    """How the weights came about, for the model's header."""
    seen = state.step * run.hyperparameters.batch_size
    account = {"recipe": run.recipe, "data": material.sources, "init": run.init, "steps": state.step, "pictures": seen}
    moved = {"judge_strength": run.judge_strength} if run.judge_strength else {}
    return {**account, **moved, **asdict(run.hyperparameters)}


def _words(material: Material, first: Model | None) -> tuple[str, ...]:
    """The words that a new network reads: its material's, or those of the stage before it."""
    return material.words if first is None else PocketConfig.from_json(first.config).words


def _tensors(state: TrainingState, config: PocketConfig) -> dict[str, Tensor]:
    """What is being trained, as a file holds it."""
    network = state.average
    assert isinstance(network, PocketUNet)
    return tensors_of(network, config)


def _model(first: Model | None, state: TrainingState, config: PocketConfig, engine: Engine) -> Model:
    """What is being trained as a model; a second stage after its first."""
    model = pocket_model("training", _tensors(state, config), config.to_json(), "", engine.device, engine.dtype)
    return model if first is None else with_second_stage(first, model)
