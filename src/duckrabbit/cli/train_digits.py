"""duckrabbit train mnist-…"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from duckrabbit.cli.training import (
    TEXT_RECIPES,
    Options,
    conclude,
    engine_of,
    follow,
    given,
    hyperparameters_given,
    require_new,
    require_same,
)
from duckrabbit.errors import UsageError
from duckrabbit.trained.digit_recipes import DIGIT_RECIPES
from duckrabbit.trained.digits import TrainingRun, train_digits
from duckrabbit.training.loop import steps_per_epoch
from duckrabbit.training.team import Team

if TYPE_CHECKING:
    from duckrabbit.datasets.mnist import Digits

MAX_HIDDEN = 512


def run_digits(options: Options) -> int:
    """Train a digit model."""
    if options.recipe not in DIGIT_RECIPES:
        recipes = ", ".join((*DIGIT_RECIPES, *TEXT_RECIPES))
        raise UsageError(f"There is no training recipe {options.recipe!r}: the recipes are {recipes}.")
    folder = options.folder
    training = _training(options, folder)
    digits = _digits(training)
    engine = engine_of(options, options.device)
    # Refused before the folder is made, what the loop would refuse after.
    examples = min(len(digits.pictures), training.examples or len(digits.pictures))
    steps_per_epoch(examples, training.hyperparameters, Team())
    reports = train_digits(training, digits, folder, engine)
    last = follow(reports, training.hyperparameters.epochs, folder, training.recipe)
    return conclude(last, folder, training.recipe)


def _training(options: Options, folder: Path) -> TrainingRun:
    """The run that was asked for, or the one in the folder, which it must not contradict."""
    if not options.resume:
        training = _with_options(TrainingRun.of(options.recipe), options)
        require_new(folder)
        return training
    known = TrainingRun.from_toml(folder / "config.toml")
    require_same(replace(_with_options(known, options), recipe=options.recipe), known, folder)
    return known


def _with_options(training: TrainingRun, options: Options) -> TrainingRun:
    """A run with what was given in place of its own."""
    own = options.digits
    if own.hidden is not None and not 1 <= own.hidden <= MAX_HIDDEN:
        raise UsageError(f"hidden {own.hidden} can't be trained with: give 1 to {MAX_HIDDEN}.")
    if own.examples is not None and own.examples < 1:
        raise UsageError(f"{own.examples} examples can't be trained on: give --examples of at least 1.")
    special = given(own, "drop_class", "noise_sigma", "ddpm_steps")
    for name in special:
        if getattr(training, name) is None:
            raise UsageError(f"--{name.replace('_', '-')} means nothing to {training.recipe}: leave it out.")
    hyperparameters = {**hyperparameters_given(options), **given(own, "epochs", "learning_rate_decay")}
    return replace(
        training,
        **special,
        **given(own, "hidden", "examples"),
        **given(options, "data"),
        hyperparameters=replace(training.hyperparameters, **hyperparameters),
    )


def _digits(training: TrainingRun) -> "Digits":
    from duckrabbit.datasets.mnist import mnist

    if training.data == "fashion-mnist":
        raise UsageError(
            "fashion-mnist is not downloaded any more: get its four gzipped files from "
            "https://github.com/zalandoresearch/fashion-mnist into a folder, and give --data FOLDER."
        )
    return mnist("train", None if training.data == "mnist" else Path(training.data))
