"""Train a digit model into a run folder: samples/epoch-05.png is what it made after epoch 5, epoch-05.webp how."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import torch

from duckrabbit.datasets.mnist import Digits, mnist
from duckrabbit.errors import UsageError
from duckrabbit.models.digits import DigitConfig, digit_model
from duckrabbit.models.model import Model
from duckrabbit.models.storage import write_weights
from duckrabbit.trained.digit_recipes import DIGIT_RECIPES, DigitRecipe, sources_sampler
from duckrabbit.trained.run_folder import CHECKPOINT, Products, keep, read_config, sole_writer, write_config
from duckrabbit.trained.samples import show_samples
from duckrabbit.training.data import DigitExamples
from duckrabbit.training.loop import Engine, Hyperparameters, Report, never, require, steps_per_epoch, train
from duckrabbit.training.state import TrainingState

MAX_HIDDEN = 512


@dataclass(frozen=True)
class TrainingRun:
    """One training, wholly specified.

    Attributes:
        recipe: a name in `DIGIT_RECIPES`.
        hidden: channels of the network.
        hyperparameters: how long and how fast.
        drop_class: how often the class is dropped, for classifier-free guidance; None where there is no class.
        noise_sigma: the one noise that mnist-denoiser learns to remove, for pictures in [0, 1]; None elsewhere.
        ddpm_steps: the length of the table of β; None on other paths.
        data: the data set's name or folder, for the record.
        examples: how many pictures of it to train on; None for all.
        like_the_sources: draw the samples along the way as the sources do, not in the model's own way.
    """

    recipe: str
    hidden: int
    hyperparameters: Hyperparameters
    drop_class: float | None = None
    noise_sigma: float | None = None
    ddpm_steps: int | None = None
    data: str = "mnist"
    examples: int | None = None
    like_the_sources: bool = False

    def __post_init__(self) -> None:
        require(
            self,
            ("hidden", 1 <= self.hidden <= MAX_HIDDEN, f"1 to {MAX_HIDDEN}"),
            ("examples", self.examples is None or self.examples >= 1, "at least 1"),
            ("drop_class", self.drop_class is None or 0 <= self.drop_class < 1, "a probability from 0 to 0.99"),
            ("noise_sigma", self.noise_sigma is None or 0 < self.noise_sigma <= 10, "above 0, up to 10"),
            ("ddpm_steps", self.ddpm_steps is None or 2 <= self.ddpm_steps <= 10_000, "2 to 10000"),
        )

    @staticmethod
    def of(recipe: str) -> "TrainingRun":
        """The sources' run of a recipe.

        Raises:
            UsageError: if there is no such recipe.
        """
        if recipe not in DIGIT_RECIPES:
            raise UsageError(f"There is no training recipe {recipe!r}: the recipes are {', '.join(DIGIT_RECIPES)}.")
        known = DIGIT_RECIPES[recipe]
        return TrainingRun(
            recipe,
            known.config.hidden,
            known.hyperparameters,
            drop_class=known.drop_class if known.config.classes else None,
            noise_sigma=known.config.level if known.config.path == "additive" else None,
            ddpm_steps=known.config.path_steps,
        )

    def digit_recipe(self) -> DigitRecipe:
        """The recipe with this run's own width and hyperparameters."""
        known = DIGIT_RECIPES[self.recipe]
        training = {"recipe": self.recipe, "data": self.data, **asdict(self.hyperparameters)}
        level = known.config.level if self.noise_sigma is None else self.noise_sigma
        config = replace(known.config, hidden=self.hidden, level=level, path_steps=self.ddpm_steps, training=training)
        return replace(known, config=config, hyperparameters=self.hyperparameters, drop_class=self.drop_class or 0.0)

    @staticmethod
    def from_toml(path: Path) -> "TrainingRun":
        """The run that a run folder is of.

        Raises:
            UsageError: if the file is missing or not one that `train` wrote.
        """
        return read_config(path, TrainingRun, DIGIT_RECIPES)


def digits_of(run: TrainingRun) -> Digits:
    """The pictures that a run is trained on.

    Raises:
        UsageError: if its folder lacks a file, or holds another than its name says.
    """
    if run.data == "fashion-mnist":
        raise UsageError(
            "fashion-mnist is not downloaded any more: get its four gzipped files from "
            "https://github.com/zalandoresearch/fashion-mnist into a folder, and give that folder as `data`."
        )
    return mnist("train", None if run.data == "mnist" else Path(run.data))


def train_digits(
    run: TrainingRun,
    digits: Digits,
    folder: Path,
    engine: Engine,
    over: Callable[[], bool] = never,
    show_after: Collection[int] | None = None,
) -> Iterator[Report]:
    """Train into a folder, from the start or from the folder's checkpoint, yielding the loop's reports.

    Args:
        run: what to train.
        digits: the pictures to train on.
        folder: the run folder; holds the results when the iterator ends.
        engine: where and in what precision.
        over: asked after every step; where it says so the run stops there, to be resumed.
        show_after: the epochs after which samples are kept; None for the recipe's own, and the last.

    Raises:
        UsageError: if there are fewer pictures than one batch, another process trains there, the folder can't be
            written, or its checkpoint does not fit the run.
    """
    # Refused before the folder is made, what the loop would refuse after.
    steps_per_epoch(len(digits.pictures[: run.examples]), run.hyperparameters, engine.team)
    with sole_writer(folder):
        yield from _trained(run, digits, folder, engine, over, show_after)


def _trained(
    run: TrainingRun,
    digits: Digits,
    folder: Path,
    engine: Engine,
    over: Callable[[], bool],
    show_after: Collection[int] | None,
) -> Iterator[Report]:
    recipe = run.digit_recipe()
    shown = recipe.show_after if show_after is None else show_after
    torch.manual_seed(run.hyperparameters.seed)
    state = TrainingState(recipe.config.network(), run.hyperparameters.ema_decay, engine.device)
    if (folder / CHECKPOINT).exists():
        state.load(folder / CHECKPOINT)
    else:
        write_config(folder, run)
    examples = DigitExamples(
        digits.pictures[: run.examples].to(engine.device), digits.labels[: run.examples].to(engine.device)
    )

    def samples_due(report: Report) -> str:
        due = report.epoch_done and (report.epoch in shown or report.step == report.steps)
        return f"epoch-{report.epoch:02d}" if due else ""

    products = Products(
        title=run.recipe,
        samples_due=samples_due,
        write_samples=partial(_show, state, recipe.config, engine, run.like_the_sources),
        write_model=lambda path: write_weights(path, state.average.state_dict(), recipe.config.to_json()),
        metadata={},
    )
    reports = train(state, examples, recipe.objective(), run.hyperparameters, engine, over)
    yield from keep(reports, state, folder, products, over)


def _show(state: TrainingState, config: DigitConfig, engine: Engine, like_the_sources: bool, stem: Path) -> None:
    model = _model(state, config, engine)
    show_samples(model, stem, sources_sampler(model) if like_the_sources and model.knows_level else None)


def _model(state: TrainingState, config: DigitConfig, engine: Engine) -> Model:
    tensors = state.average.state_dict()
    return digit_model("training", tensors, config.to_json(), "", engine.device, engine.dtype)
