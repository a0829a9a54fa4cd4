"""A batch goes through the stages of its plans, and whom a pruner holds back is dropped on the way."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from duckrabbit.diffusion.denoiser import Denoiser
from duckrabbit.diffusion.latents import LatentComposition
from duckrabbit.diffusion.noise import Noise
from duckrabbit.diffusion.out_of_memory import SplitOnOutOfMemory
from duckrabbit.diffusion.sampling import State, trajectory
from duckrabbit.diffusion.terms import Composition, uncorrected
from duckrabbit.judges.guidance import JudgeCorrection
from duckrabbit.making.plan import Planned, Stage
from duckrabbit.recipes.recipe import Plan

Watch = Callable[[State], None]
"""Is shown every state of every batch and stage as it happens."""

Pruner = Callable[[State, int, Sequence[int]], Sequence[int]]
"""From a state before the last, the number of steps and its samples' places in the batch to the rows that go on.

The rows are those of the state, rising, at least one.
"""


def keep_all(state: State, steps: int, places: Sequence[int]) -> Sequence[int]:  # noqa: ARG001
    """The pruner that drops nobody."""
    return range(len(state.x_s))


class Denoisers:
    """Each stage's denoiser, split to fit the device's memory; what one batch teaches holds for the next."""

    def __init__(self) -> None:
        self._split: dict[int, SplitOnOutOfMemory] = {}

    def of(self, stage: Stage) -> Denoiser:
        """What denoises in a stage."""
        if stage.plan.denoiser is not None:
            return stage.plan.denoiser
        return self._split.setdefault(id(stage.model), SplitOnOutOfMemory(stage.model.denoiser))


@dataclass(frozen=True)
class Sampled:
    """What is left of a batch.

    Attributes:
        rows: whose pictures they are: places in the batch, rising.
        pixels: their pictures [N, C, H, W].
    """

    rows: tuple[int, ...]
    pixels: Tensor


def sample(
    plans: Sequence[Planned],
    seeds: Sequence[int],
    denoisers: Denoisers,
    watch: Watch | None = None,
    pruner: Pruner = keep_all,
) -> Sampled:
    """Take a batch through all stages.

    The pictures of those that are left are the ones that they would be alone.

    Args:
        plans: each sample's; they must agree in all but their terms, judge guidance and starts.
        seeds: each sample's.
        denoisers: each stage's.
        watch: is shown the states.
        pruner: says who goes on, on the way through the first stage.
    """
    rows: tuple[int, ...] = tuple(range(len(plans)))
    pictures: Tensor | None = None
    before = plans[0].model
    for k, stage in enumerate(plans[0].stages):
        noise = Noise(tuple(seeds[row] for row in rows), k)
        guide = None
        if pictures is not None and before.second_stage is not None:
            guide = before.second_stage.low(pictures, noise)
        before = stage.model
        stages = [plans[row].stages[k] for row in rows]
        left = _sample_stage(stages, denoisers.of(stage), noise, guide, pruner if k == 0 else keep_all, watch)
        rows, pictures = tuple(rows[row] for row in left.rows), left.pixels
    if pictures is None:
        raise ValueError("a plan without a stage makes no picture")
    return Sampled(rows, pictures)


def _sample_stage(
    stages: Sequence[Stage], denoiser: Denoiser, noise: Noise, guide: Tensor | None, pruner: Pruner, watch: Watch | None
) -> Sampled:
    plan, model = stages[0].plan, stages[0].model
    steps = len(plan.grid) - 1
    alone = [Noise((seed,), noise.stage) for seed in noise.seeds]
    x = torch.cat([stage.plan.start(one) for stage, one in zip(stages, alone, strict=True)]).to(model.device)
    rows = tuple(range(len(stages)))
    after: State | None = None
    finished = False
    while not finished:
        finished = True
        plans = [stages[row].plan for row in rows]
        seen = None if guide is None else guide[torch.tensor(rows)]
        composition = _composition(denoiser, stages[0], plans, seen)
        latents = composition if isinstance(composition, LatentComposition) else None
        own_noise = noise.rows(rows)
        for state in trajectory(
            composition, x, plan.grid, plan.step, own_noise, plan.constraint, plan.resamplings, after
        ):
            x = state.x_s
            shown = state if latents is None else replace(state, pictures=latents.pictures)
            if watch is not None:
                watch(shown)
            kept = (pruner if state.i + 1 < steps else keep_all)(shown, steps, rows)
            if len(kept) < len(rows):
                # Fewer rows are another composition, which takes the trajectory up where it is.
                rows, after, finished = tuple(rows[k] for k in kept), state.rows(kept), False
                x = after.x_s
                break
    return Sampled(rows, plan.finish(model.decode(x) if latents is None else latents.pictures(x)))


def _composition(
    denoiser: Denoiser, stage: Stage, plans: Sequence[Plan], guide: Tensor | None
) -> Composition | LatentComposition:
    """The plans' terms on the denoiser."""
    terms = tuple(own.terms for own in plans)
    guidances = tuple(own.judge_guidance for own in plans)
    correction = JudgeCorrection(guidances) if any(guidances) else uncorrected
    model, threshold = stage.model, stage.threshold
    if model.on_latents and all(terms):
        coder, alone_from = (model.encode, model.decode), plans[0].alone_from
        return LatentComposition(denoiser, terms, *coder, threshold, correction, alone_from, guide)
    return Composition(denoiser, terms, threshold, guide, correction)
