"""Train a digit model into a run folder that can be killed at any moment and resumed.

RUN/config.toml             what is trained, and how
    metrics.jsonl           a line every few steps: step, epoch, loss, learning rate, pictures a second
    loss.png                the loss curve
    samples/epoch-05.png    what the model made after epoch 5, and epoch-05.webp, how
    checkpoint.safetensors  everything, to resume from
    model.safetensors       the model, for --model RUN
"""

import json
import time
import tomllib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from duckrabbit.datasets.mnist import Digits
from duckrabbit.errors import UsageError
from duckrabbit.media.atomic import atomic_write
from duckrabbit.models.digits import DigitConfig, digit_model
from duckrabbit.models.model import Model
from duckrabbit.models.storage import write_weights
from duckrabbit.recipes.digit_recipes import DIGIT_RECIPES, DigitRecipe
from duckrabbit.recipes.training_pictures import show_samples
from duckrabbit.training.curve import draw_loss_curve
from duckrabbit.training.data import DigitExamples
from duckrabbit.training.loop import Engine, Hyperparameters, Report, train
from duckrabbit.training.state import TrainingState

CHECKPOINT_SECONDS = 30.0


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
    """

    recipe: str
    hidden: int
    hyperparameters: Hyperparameters
    drop_class: float | None = None
    noise_sigma: float | None = None
    ddpm_steps: int | None = None
    data: str = "mnist"
    examples: int | None = None

    def __post_init__(self) -> None:
        if self.drop_class is not None and not 0 <= self.drop_class < 1:
            raise UsageError(f"drop-class {self.drop_class:g} is no such probability: give 0 to 0.99.")
        if self.noise_sigma is not None and not 0 < self.noise_sigma <= 10:
            raise UsageError(f"noise-sigma {self.noise_sigma:g} can't be trained on: give a number above 0, up to 10.")
        if self.ddpm_steps is not None and not 2 <= self.ddpm_steps <= 10_000:
            raise UsageError(f"ddpm-steps {self.ddpm_steps} make no table: give 2 to 10000.")

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

    def to_toml(self) -> str:
        """The run as TOML."""
        lines = [f"recipe = {json.dumps(self.recipe)}", f"data = {json.dumps(self.data)}", f"hidden = {self.hidden}"]
        optional = ("drop_class", "noise_sigma", "ddpm_steps", "examples")
        lines += [f"{name} = {value}" for name in optional if (value := getattr(self, name)) is not None]
        lines += ["", "[hyperparameters]"]
        lines += [f"{name} = {value}" for name, value in asdict(self.hyperparameters).items()]
        return "\n".join(lines) + "\n"

    @staticmethod
    def from_toml(path: Path) -> "TrainingRun":
        """The run that a run folder is of.

        Raises:
            UsageError: if the file is missing or not one that `train` wrote.
        """
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
            hyperparameters = Hyperparameters(**data.pop("hyperparameters"))
            run = TrainingRun(**data, hyperparameters=hyperparameters)
        except (OSError, TypeError, KeyError, ValueError) as error:
            raise UsageError(
                f"{path} does not describe a run ({error}): give the folder of a run to resume."
            ) from error
        TrainingRun.of(run.recipe)
        return run


def train_digits(run: TrainingRun, digits: Digits, folder: Path, engine: Engine) -> Iterator[Report]:
    """Train into a folder, from the start or from the folder's checkpoint, yielding the loop's reports.

    Args:
        run: what to train.
        digits: the pictures to train on.
        folder: the run folder; holds the results when the iterator ends.
        engine: where and in what precision.

    Raises:
        UsageError: if the folder can't be written or its checkpoint does not fit the run.
    """
    recipe = run.digit_recipe()
    torch.manual_seed(run.hyperparameters.seed)
    state = TrainingState(recipe.config.network(), run.hyperparameters.ema_decay, engine.device)
    checkpoint = folder / "checkpoint.safetensors"
    if checkpoint.exists():
        state.load(checkpoint)
    else:
        with atomic_write(folder / "config.toml") as temporary:
            temporary.write_text(run.to_toml(), encoding="utf-8")
    metrics = Metrics(folder / "metrics.jsonl", state.step)
    examples = DigitExamples(
        digits.pictures[: run.examples].to(engine.device), digits.labels[: run.examples].to(engine.device)
    )
    saved = time.monotonic()
    for report in train(state, examples, recipe.objective(), run.hyperparameters, engine):
        metrics.add(report)
        done = report.step == report.steps
        showing = report.epoch_done and (report.epoch in recipe.show_after or done)
        if showing:
            state.average.eval()
            show_samples(_model(state, recipe.config, engine), folder / "samples" / f"epoch-{report.epoch:02d}")
            draw_loss_curve(metrics.lines, folder / "loss.png", run.recipe)
        if done:
            write_weights(folder / "model.safetensors", state.average.state_dict(), recipe.config.to_json())
        if showing or report.epoch_done or time.monotonic() - saved > CHECKPOINT_SECONDS:
            metrics.flush()
            state.save(checkpoint, {})
            saved = time.monotonic()
        yield report


class Metrics:
    """The metrics of a run: kept in memory, and on disk up to the last checkpoint."""

    def __init__(self, path: Path, step: int) -> None:
        self.path = path
        self.lines: list[dict[str, Any]] = []
        if step > 0 and path.exists():
            try:
                read = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
                self.lines = [line for line in read if line["step"] <= step]
            except (OSError, ValueError, TypeError, KeyError) as error:
                raise UsageError(
                    f"{path} is damaged ({error}): delete it to go on without the earlier metrics."
                ) from error

    def add(self, report: Report) -> None:
        """Remember a report."""
        self.lines.append(
            {
                "step": report.step,
                "epoch": report.epoch,
                "loss": round(report.loss, 7),
                "learning_rate": report.learning_rate,
                "pictures_per_second": round(report.pictures_per_second, 1),
            }
        )

    def flush(self) -> None:
        """Write what is remembered, whole or not at all."""
        with atomic_write(self.path) as temporary:
            temporary.write_text("".join(json.dumps(line) + "\n" for line in self.lines), encoding="utf-8")


def _model(state: TrainingState, config: DigitConfig, engine: Engine) -> Model:
    tensors = state.average.state_dict()
    return digit_model("training", tensors, config.to_json(), "", engine.device, engine.dtype)
