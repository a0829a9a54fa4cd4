"""What a folder's scheduler says: which path, and at which times it would call the network.

The solver is always ours. Of a β table the class says the spacing of the levels, of a flow the shift of its times; our
last step goes into the clean level, as Euler's does, where some of theirs stop a level above it.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from duckrabbit.diffusion.grid import Grid
from duckrabbit.errors import UsageError
from duckrabbit.models.deepfloyd.conventions import Conventions, conventions_of
from duckrabbit.models.deepfloyd.extras import diffusers
from duckrabbit.models.deepfloyd.files import read_json
from duckrabbit.models.open.family import Folder

FLOW = "FlowMatchEulerDiscreteScheduler"
SPACED = ("DDPMScheduler", "DDIMScheduler", "EulerDiscreteScheduler", "EulerAncestralDiscreteScheduler")
"""Classes whose own levels are taken; those of others, which solve in other ways, are DDIM's of the same spacing."""

MAX_STEPS = 1000


def beta_schedule(folder: Folder) -> tuple[Conventions, Callable[[int], Grid]]:
    """The conventions of a table of β, and its times.

    Raises:
        UsageError: if the scheduler follows another path, or one that this engine hasn't.
    """
    file = folder.path / "scheduler" / "scheduler_config.json"
    config = read_json(file)
    conventions = conventions_of(config, file)
    own = str(config.get("_class_name"))
    kind = getattr(diffusers(), own if own in SPACED else "DDIMScheduler")
    settings = {key: value for key, value in config.items() if not key.startswith("_")}

    def grid(steps: int) -> Grid:
        scheduler = kind.from_config(settings)
        scheduler.set_timesteps(_counted(steps))
        return (*((float(level) + 1) / conventions.levels for level in scheduler.timesteps), 0.0)

    return conventions, grid


def flow_times(folder: Folder, tokens: int | None = None, *, from_one: bool = False) -> Callable[[int], Grid]:
    """The times of a flow: t is the scheduler's σ.

    Args:
        folder: the pipeline's.
        tokens: patches of a picture, on which a dynamic shift depends.
        from_one: whether the pipeline gives the scheduler the times 1 … 1/n before they are shifted.

    Raises:
        UsageError: if the scheduler is of another class, or runs backwards.
    """
    file = folder.path / "scheduler" / "scheduler_config.json"
    config = read_json(file)
    name = str(config.get("_class_name"))
    if name != FLOW or config.get("invert_sigmas"):
        raise UsageError(f"{file} is of a {name}, which this version can't read: expected a {FLOW} that ends at 0.")
    scheduler = getattr(diffusers(), FLOW).from_config(config)
    dynamic = bool(scheduler.config.use_dynamic_shifting)
    if dynamic and tokens is None:
        raise UsageError(f"{file} shifts its times by the size, which this model's pipeline does not: get it whole.")
    shift = {"mu": _shift(scheduler.config, tokens)} if dynamic and tokens is not None else {}

    def grid(steps: int) -> Grid:
        if from_one:
            scheduler.set_timesteps(sigmas=np.linspace(1.0, 1 / _counted(steps), steps), **shift)
        else:
            scheduler.set_timesteps(_counted(steps), **shift)
        return tuple(scheduler.sigmas.tolist())

    return grid


def _shift(config: Any, tokens: int) -> float:
    """A straight line through (base_image_seq_len, base_shift) and (max_image_seq_len, max_shift)."""
    few, many = float(config.base_image_seq_len), float(config.max_image_seq_len)
    low, high = float(config.base_shift), float(config.max_shift)
    return low + (tokens - few) * (high - low) / (many - few)


def _counted(steps: int) -> int:
    if not 1 <= steps <= MAX_STEPS:
        raise UsageError(f"{steps} steps make no grid of a model's own times: give `steps` from 1 to {MAX_STEPS}.")
    return steps
