"""Train a stage of pocket, or its network on a user's own pictures; samples/step-002000.png: after 2,000 steps."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch

from duckrabbit.datasets.names import kept_names
from duckrabbit.datasets.packs import read_packs
from duckrabbit.datasets.paint.library import build_library
from duckrabbit.datasets.paint.scenes import training_vocabulary
from duckrabbit.datasets.prompts import Vocabulary, vocabulary_of
from duckrabbit.diffusion.denoiser import NetworkDenoiser
from duckrabbit.errors import UsageError
from duckrabbit.models.load import load_model
from duckrabbit.models.model import Model
from duckrabbit.models.pocket import KIND, PocketConfig, pocket_model, with_second_stage
from duckrabbit.models.storage import quantized, write_weights
from duckrabbit.networks.pocket_unet import GROUPS, HEAD, PocketUNet, grown
from duckrabbit.trained.pocket_stages import STAGES, TrainedStage
from duckrabbit.trained.run_folder import CHECKPOINT, Products, keep, read_config, sole_writer, write_config
from duckrabbit.trained.samples import show_prompts
from duckrabbit.training.data import Examples
from duckrabbit.training.folder import CaptionedPictures, FolderExamples, frequent
from duckrabbit.training.loop import Engine, Hyperparameters, Report, never, require, steps_per_epoch, train
from duckrabbit.training.painted import PaintedExamples
from duckrabbit.training.state import TrainingState, checkpoint_metadata

SHOWN = (
    *("an oil painting of a snowy mountain village", "a photo of a man", "a photo of a dog"),
    *("an oil painting of people around a campfire", "a lithograph of waterfalls", "a lithograph of a skull"),
    *("a man wearing a hat", "a rocket ship", "a watercolor of a rabbit", "a pencil sketch of a castle"),
    *("a red car", "a cat and a rocket", "pixel art of a tree", "a high quality photo", ""),
)
"""What pocket is asked for while it is trained."""


@dataclass(frozen=True)
class PocketRun:
    """One training of pocket's network, wholly specified.

    Attributes:
        recipe: a name in `POCKET_RUNS`.
        hyperparameters: how fast; it has one epoch.
        pictures: how many are seen in all.
        show_every: steps between two sheets of samples; 0 for none.
        init: the model whose weights it starts from; None for random ones.
        widths: channels at each level; with `init`, that model's.
        blocks: residual blocks at each level; with `init`, at least that model's.
        backdrops: how many drawings of each place scenes are set in; None where nothing is painted.
        first_stage: of a second stage, the model whose words it reads and whose pictures it will make large.
        data: the folder of packs or pictures.
        crop: which square of a picture, as in `parse_crop`; None where nothing is cropped.
    """

    recipe: str
    hyperparameters: Hyperparameters
    pictures: int
    show_every: int
    init: str | None = None
    widths: tuple[int, int, int] = (128, 256, 320)
    blocks: tuple[int, int, int] = (3, 2, 2)
    backdrops: int | None = None
    first_stage: str | None = None
    data: str = ""
    crop: str | None = None

    def __post_init__(self) -> None:
        first, *others = self.widths
        by_heads = f"multiples of {GROUPS}, {HEAD} and {HEAD}"
        require(
            self,
            ("pictures", self.pictures >= 1, "at least 1"),
            ("show_every", self.show_every >= 0, "a number of steps, or 0 for no samples"),
            ("widths", first > 0 and first % GROUPS == 0, by_heads),
            ("widths", all(w > 0 and w % HEAD == 0 for w in others), by_heads),
            ("blocks", min(self.blocks) >= 1, "at least 1 at each level"),
            ("backdrops", self.backdrops is None or self.backdrops >= 1, "at least 1"),
        )

    @property
    def stage(self) -> TrainedStage:
        """The stage that is trained."""
        return STAGES[self.recipe]

    @staticmethod
    def from_toml(path: Path) -> "PocketRun":
        """The run that a run folder is of.

        Raises:
            UsageError: if the file is missing or not one that `train` wrote.
        """
        return read_config(path, PocketRun, POCKET_RUNS)


POCKET_RUNS: Mapping[str, PocketRun] = {
    "pocket": PocketRun(
        "pocket",
        Hyperparameters(1, 1024, 4e-4, ema_decay=0.9995, warmup_steps=500, cooldown=0.2, clip_gradient=1.0),
        pictures=20_000_000,
        show_every=2000,
        backdrops=400,
    ),
    "folder": PocketRun(
        "folder",
        Hyperparameters(1, 64, 1e-4, ema_decay=0.999, warmup_steps=100, cooldown=0.2, clip_gradient=1.0),
        pictures=50_000,
        show_every=200,
        init="pocket",
        crop="",
    ),
    "pocket-256": PocketRun(
        "pocket-256",
        Hyperparameters(1, 256, 4e-4, ema_decay=0.9995, warmup_steps=500, cooldown=0.2, clip_gradient=1.0),
        pictures=5_000_000,
        show_every=2000,
        widths=(96, 192, 192),
        blocks=(2, 2, 2),
        backdrops=400,
        first_stage="pocket",
    ),
}
"""The recipes, with the values that a user's options replace."""


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
    first = cache(partial(_first_stage, run, engine))
    torch.manual_seed(run.hyperparameters.seed)
    checkpoint = folder / CHECKPOINT
    resumed = checkpoint.exists()
    config, network = _resumed(checkpoint) if resumed else _begun(run, _words(material, first()))
    state = TrainingState(network, run.hyperparameters.ema_decay, engine.device)
    if resumed:
        state.load(checkpoint)
    elif engine.team.leads:
        write_config(folder, run)
    examples = material.examples(config.vocabulary, engine.device)
    reports = train(state, examples, run.stage.objective, run.hyperparameters, engine)
    if not engine.team.leads:
        yield from _until(reports, over)
        return

    def samples_due(report: Report) -> str:
        if run.show_every == 0:
            return ""
        # The first report at or after each multiple, and the last.
        due = report.step % run.show_every < engine.report_every or report.step == report.steps
        return f"step-{report.step:06d}" if due else ""

    def finished() -> PocketConfig:
        return replace(config, training=_account(run, material, state))

    products = Products(
        title=run.recipe,
        samples_due=samples_due,
        write_samples=lambda stem: show_prompts(
            _model(first(), state, finished(), engine), material.shown, stem, run.stage.shown
        ),
        write_model=lambda path: write_weights(path, quantized(state.average.state_dict()), finished().to_json()),
        metadata={"config": json.dumps(config.to_json())},
    )
    yield from keep(reports, state, folder, products, over)


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


def _begun(run: PocketRun, words: tuple[str, ...]) -> tuple[PocketConfig, PocketUNet]:
    """A network for these words: a new one, or that of `init`, which keeps its words and learns the new ones."""
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
    known, network = _network_of(run.init, stage)
    together = tuple(dict.fromkeys((*known.words, *words)))
    blocks = tuple(max(own, asked) for own, asked in zip(known.network.blocks, run.blocks, strict=False))
    larger = grown(network, blocks, len(Vocabulary(together)))
    return replace(known, words=together, network=larger.config, first_stage=run.first_stage), larger


def _network_of(init: str, stage: TrainedStage) -> tuple[PocketConfig, PocketUNet]:
    """The stage of a model that is the one to train."""
    whole = load_model(init, "cpu", torch.float32)
    model = whole.at(stage.side) if stage.side in whole.sizes else whole
    if model.config.get("kind") != KIND or model.size != stage.side or not isinstance(model.denoiser, NetworkDenoiser):
        raise UsageError(
            f"{init} is no pocket model of {stage.side}×{stage.side}, so nothing here can start from it: "
            "give `init` pocket or a run."
        )
    network = model.denoiser.network
    assert isinstance(network, PocketUNet)
    return PocketConfig.from_json(model.config), network


def _first_stage(run: PocketRun, engine: Engine) -> Model | None:
    """The model whose words a second stage reads and whose pictures it makes large; None for a first stage."""
    if run.first_stage is None:
        return None
    model = load_model(run.first_stage, str(engine.device), engine.dtype)
    if model.config.get("kind") != KIND:
        raise UsageError(
            f"{run.first_stage} is no pocket model, so nothing makes its pictures large: give `first_stage` pocket."
        )
    return model


def _resumed(checkpoint: Path) -> tuple[PocketConfig, PocketUNet]:
    """The network that a checkpoint is of, before its weights are loaded."""
    try:
        config = PocketConfig.from_json(json.loads(checkpoint_metadata(checkpoint)["config"]))
        return config, PocketUNet(config.network)
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"{checkpoint} is not a whole checkpoint of pocket's network ({error}): delete it to start the run anew."
        ) from error


def _account(run: PocketRun, material: Material, state: TrainingState) -> dict[str, Any]:
    """How the weights came about, for the model's header."""
    seen = state.step * run.hyperparameters.batch_size
    account = {"recipe": run.recipe, "data": material.sources, "init": run.init, "steps": state.step, "pictures": seen}
    return {**account, **asdict(run.hyperparameters)}


def _words(material: Material, first: Model | None) -> tuple[str, ...]:
    """The words that a new network reads: its material's, or those of the stage before it."""
    return material.words if first is None else PocketConfig.from_json(first.config).words


def _model(first: Model | None, state: TrainingState, config: PocketConfig, engine: Engine) -> Model:
    """What is being trained as a model; a second stage after its first."""
    model = pocket_model("training", state.average.state_dict(), config.to_json(), "", engine.device, engine.dtype)
    return model if first is None else with_second_stage(first, model)
