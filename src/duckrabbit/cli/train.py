"""duckrabbit train"""

import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional

from duckrabbit.cli.options import Flag, option
from duckrabbit.errors import UsageError

if TYPE_CHECKING:
    from duckrabbit.datasets.mnist import Digits
    from duckrabbit.recipes.train import TrainingRun
    from duckrabbit.training.loop import Engine, Report

MAX_HIDDEN = 512


@dataclass(frozen=True)
class Options:
    """Train a digit model into a run folder that can be interrupted at any moment and resumed:
    duckrabbit train mnist-ddpm-class. What is left out is the recipe's own (see RUN/config.toml)."""

    recipe: Positional[Annotated[str, option("RECIPE")]]
    """mnist-denoiser, mnist-denoiser-pure-noise, mnist-ddpm, mnist-ddpm-class, mnist-flow,
    mnist-flow-class; mnist-ddpm-class-long and mnist-flow-class-long train the default models of the package"""
    epochs: Annotated[int | None, option("N")] = None
    """passes over the examples"""
    batch_size: Annotated[int | None, option("N")] = None
    """pictures a step"""
    learning_rate: Annotated[float | None, option("RATE")] = None
    """Adam's, in the first epoch"""
    learning_rate_decay: Annotated[float | None, option("FACTOR")] = None
    """by which the learning rate falls over the whole run; 1 keeps it"""
    ema_decay: Annotated[float | None, option("DECAY")] = None
    """of the moving average of the weights; 0 for none"""
    hidden: Annotated[int | None, option("N")] = None
    """channels of the network at full resolution"""
    drop_class: Annotated[float | None, option("P")] = None
    """how often the class is dropped in training, for classifier-free guidance"""
    noise_sigma: Annotated[float | None, option("SIGMA")] = None
    """the noise that mnist-denoiser learns to remove, for pictures from 0 to 1"""
    ddpm_steps: Annotated[int | None, option("T")] = None
    """the length of the DDPM recipes' table of levels"""
    seed: Annotated[int | None, option("SEED")] = None
    """of the first weights, the order of the pictures and the noise"""
    data: Annotated[str | None, option("FOLDER")] = None
    """a folder with files in MNIST's format, or fashion-mnist (by default mnist)"""
    examples: Annotated[int | None, option("N")] = None
    """train on the first N pictures only"""
    device: Annotated[str, option("DEVICE")] = "auto"
    """auto (a GPU where there is one), cpu, cuda or cuda:1"""
    precision: Annotated[str, option("PRECISION")] = "auto"
    """of the network's arithmetic: auto (bfloat16 where the hardware has it), float32 or bfloat16"""
    threads: Annotated[int | None, option("N")] = None
    """CPU threads (by default all cores)"""
    out: Annotated[str | None, option("RUN")] = None
    """the run folder (by default runs/RECIPE)"""
    resume: Flag = False
    """go on with the run in the folder"""


def run(options: Options) -> int:
    """Train to the end, showing how it goes."""
    from duckrabbit.recipes.train import train_digits

    folder = Path(options.out or f"runs/{options.recipe}")
    training = _resumed(options, folder) if options.resume else _new(options, folder)
    digits = _digits(training)
    engine = _engine(options)
    _check_size(training, digits)
    resume = shlex.join(["duckrabbit", "train", training.recipe, "--out", str(folder), "--resume"])
    try:
        steps = _follow(train_digits(training, digits, folder, engine), training.hyperparameters.epochs)
    except KeyboardInterrupt:
        kept = "all up to the last checkpoint" if (folder / "checkpoint.safetensors").exists() else "the configuration"
        raise KeyboardInterrupt(f"{kept} is kept in {folder}; to go on, run {resume}") from None
    model = folder / "model.safetensors"
    if steps == 0:
        print(f"{folder} is trained to the end already: use it with --model {folder}", file=sys.stderr)
    else:
        print(f"wrote {model}: use it with --model {folder}", file=sys.stderr)
    print(model)
    return 0


def _new(options: Options, folder: Path) -> "TrainingRun":
    from duckrabbit.recipes.train import TrainingRun

    training = _with_options(TrainingRun.of(options.recipe), options)
    if folder.is_dir() and (folder / "config.toml").exists():
        raise UsageError(f"{folder} holds a run already: give --resume to go on with it, or another folder with --out.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} exists and is not an empty folder: give another folder with --out.")
    return training


def _resumed(options: Options, folder: Path) -> "TrainingRun":
    """The run in the folder; raises UsageError where the options contradict it."""
    from duckrabbit.recipes.train import TrainingRun

    training = TrainingRun.from_toml(folder / "config.toml")
    wanted = replace(_with_options(training, options), recipe=options.recipe)
    for asked, known in ((wanted, training), (wanted.hyperparameters, training.hyperparameters)):
        for name, value in vars(known).items():
            if name != "hyperparameters" and vars(asked)[name] != value:
                word = "RECIPE" if name == "recipe" else "--" + name.replace("_", "-")
                raise UsageError(
                    f"{word} is {vars(asked)[name]} and the run in {folder} has {value}: "
                    "leave it out to resume, or start another run with another --out."
                )
    return training


def _with_options(training: "TrainingRun", options: Options) -> "TrainingRun":
    """A run with what was given in place of its own."""
    hyperparameters = {
        "epochs": options.epochs,
        "batch_size": options.batch_size,
        "learning_rate": options.learning_rate,
        "learning_rate_decay": options.learning_rate_decay,
        "ema_decay": options.ema_decay,
        "seed": options.seed,
    }
    given = {name: value for name, value in hyperparameters.items() if value is not None}
    if options.hidden is not None and not 1 <= options.hidden <= MAX_HIDDEN:
        raise UsageError(f"hidden {options.hidden} can't be trained with: give 1 to {MAX_HIDDEN}.")
    if options.examples is not None and options.examples < 1:
        raise UsageError(f"{options.examples} examples can't be trained on: give --examples of at least 1.")
    own = {
        "drop_class": options.drop_class,
        "noise_sigma": options.noise_sigma,
        "ddpm_steps": options.ddpm_steps,
    }
    for name, value in own.items():
        if value is not None and getattr(training, name) is None:
            raise UsageError(f"--{name.replace('_', '-')} means nothing to {training.recipe}: leave it out.")
    return replace(
        training,
        **{name: value for name, value in own.items() if value is not None},  # type: ignore[arg-type]
        hidden=training.hidden if options.hidden is None else options.hidden,
        hyperparameters=replace(training.hyperparameters, **given),  # type: ignore[arg-type]
        data=training.data if options.data is None else options.data,
        examples=training.examples if options.examples is None else options.examples,
    )


def _digits(training: "TrainingRun") -> "Digits":
    from duckrabbit.datasets.mnist import fashion_mnist, mnist

    if training.data == "mnist":
        return mnist("train")
    return fashion_mnist("train") if training.data == "fashion-mnist" else mnist("train", Path(training.data))


def _engine(options: Options) -> "Engine":
    import torch

    from duckrabbit.cli.session import set_threads
    from duckrabbit.models.device import choose_device, choose_dtype
    from duckrabbit.training.loop import Engine

    set_threads(options.threads)
    device = choose_device(options.device)
    precisions = {"auto": choose_dtype(device), "float32": torch.float32, "bfloat16": torch.bfloat16}
    if options.precision not in precisions:
        raise UsageError(f"There is no precision {options.precision!r}: the precisions are {', '.join(precisions)}.")
    return Engine(device, precisions[options.precision])


def _check_size(training: "TrainingRun", digits: "Digits") -> None:
    """Refuse before the folder is made what the loop would refuse after."""
    examples = min(len(digits.pictures), training.examples or len(digits.pictures))
    if examples < training.hyperparameters.batch_size:
        raise UsageError(
            f"{examples} examples don't fill one batch of {training.hyperparameters.batch_size}: "
            f"give a --batch-size of at most {examples}."
        )


def _follow(reports: "Iterator[Report]", epochs: int) -> int:
    """Show each report as it comes, on a terminal as a bar and elsewhere as a line an epoch; how many there were."""
    from duckrabbit.cli.display import Display

    count = 0
    with Display(0, "train") as display:
        for count, report in enumerate(reports, 1):  # noqa: B007
            speed = f"loss {report.loss:.4f}, {report.pictures_per_second:,.0f} pictures/s"
            display.at(report.step, report.steps, f"epoch {report.epoch} of {epochs}, {speed}")
            if report.epoch_done:
                display.say(f"epoch {report.epoch} of {epochs}: {speed}")
    return count
