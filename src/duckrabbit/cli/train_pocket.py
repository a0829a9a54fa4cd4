"""duckrabbit train pocket, pocket-256 or folder: by one process, or by several that torchrun started."""

import sys
from dataclasses import replace
from pathlib import Path

import torch

from duckrabbit.cli.training import (
    Options,
    conclude,
    engine_of,
    follow,
    given,
    hyperparameters_given,
    require_new,
    require_same,
)
from duckrabbit.datasets.cache import cache_folder
from duckrabbit.errors import UsageError
from duckrabbit.trained.pocket import (
    POCKET_RUNS,
    Material,
    PocketRun,
    folder_material,
    painted_material,
    time_limit,
    train_pocket,
)
from duckrabbit.training.folder import read_folder
from duckrabbit.training.loop import Engine, steps_per_epoch
from duckrabbit.training.team import Team

NAMED = 5
"""Broken pictures that are named before they are only counted."""


def run_pocket(options: Options) -> int:
    """Train pocket's network."""
    gpu = options.device != "cpu" and torch.cuda.is_available()
    team = Team.join(gpu)
    code = _run(options, _engine(options, team))
    team.leave()
    return code


def _run(options: Options, engine: Engine) -> int:
    folder, team = options.folder, engine.team
    training = _training(options, folder)
    if options.text.minutes is not None and options.text.minutes <= 0:
        raise UsageError(f"{options.text.minutes:g} minutes are no time to train: give --minutes above 0.")
    steps_per_epoch(training.pictures, training.hyperparameters, team)
    material = _material(training, team)
    over = time_limit(options.text.minutes, engine)
    reports = train_pocket(training, material, folder, engine, over)
    if not team.leads:
        for _ in reports:
            pass
        return 0
    return conclude(follow(reports, 1, folder, training.recipe), folder, training.recipe)


def _engine(options: Options, team: Team) -> Engine:
    engine = engine_of(options, f"cuda:{torch.cuda.current_device()}" if team.on_gpus else options.device)
    gpu = engine.device.type == "cuda"
    if gpu:
        # Shapes never change, so the fastest convolution of each is worth looking for.
        torch.backends.cudnn.benchmark = True
        torch.set_float32_matmul_precision("high")
    every = 50 if gpu else 1
    return replace(engine, report_every=every, captured=False, compiled=gpu and not options.text.eager, team=team)


def _training(options: Options, folder: Path) -> PocketRun:
    """The run that was asked for, or the one in the folder, which it must not contradict."""
    if not options.resume:
        training = _with_options(POCKET_RUNS[options.recipe], options)
        if training.data:
            require_new(folder)
            return training
        if training.recipe == "folder":
            raise UsageError("folder is trained on your own pictures: give --data with the folder they are in.")
        require_new(folder)
        return replace(training, data=str(cache_folder() / "packs"))
    known = PocketRun.from_toml(folder / "config.toml")
    require_same(replace(_with_options(known, options), recipe=options.recipe), known, folder)
    return known


def _with_options(training: PocketRun, options: Options) -> PocketRun:
    """A run with what was given in place of its own."""
    own = options.text
    for name in ("backdrops", "first_stage"):
        if getattr(own, name) is not None and getattr(training, name) is None:
            raise UsageError(f"--{name.replace('_', '-')} means nothing to {training.recipe}: leave it out.")
    init = training.init if own.init is None else own.init
    started = None if init == "none" else init
    if started is not None and (own.widths or own.blocks):
        raise UsageError("--widths and --blocks are those of --init: leave them out, or give --init none.")
    return replace(
        training,
        **given(own, "pictures", "widths", "blocks", "backdrops", "first_stage", "show_every"),
        **given(options, "data"),
        init=started,
        hyperparameters=replace(training.hyperparameters, **hyperparameters_given(options)),
    )


def _material(training: PocketRun, team: Team) -> Material:
    if training.backdrops is not None:
        return painted_material(training)
    pictures = read_folder(Path(training.data))
    if team.leads:
        for sentence in pictures.refused[:NAMED]:
            print(f"left out: {sentence}", file=sys.stderr)
        left = f", {len(pictures.refused)} left out" if pictures.refused else ""
        print(f"{training.data}: {len(pictures.captions)} pictures{left}", file=sys.stderr)
    return folder_material(training, pictures)
