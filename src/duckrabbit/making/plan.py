"""The course of a picture through the stages of its model: one stage, or two in a row."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from duckrabbit.diffusion.denoiser import Denoiser
from duckrabbit.diffusion.noise import Noise
from duckrabbit.diffusion.out_of_memory import SplitOnOutOfMemory
from duckrabbit.diffusion.sampling import State, trajectory
from duckrabbit.diffusion.terms import Composition
from duckrabbit.judges.guidance import JudgeCorrection
from duckrabbit.making.guided_plan import guided_plan
from duckrabbit.models.model import Model, SamplerConfig
from duckrabbit.recipes.recipe import Plan, Recipe, with_sampler

Watch = Callable[[State], None]
"""Is shown every state of every batch and stage as it happens."""

Sieve = Callable[[State, int], Sequence[int]]
"""From a state before the last and the number of steps to the rows of its samples that go on, rising, at least one."""


def everyone(state: State, steps: int) -> Sequence[int]:  # noqa: ARG001
    """The sieve that drops nobody."""
    return range(len(state.x_s))


@dataclass(frozen=True)
class Stage:
    """A model and what it does."""

    model: Model
    plan: Plan


Course = tuple[Stage, ...]
"""The stages a picture goes through: one, or the first and then the second, which sees what the first made."""


def course_of(
    recipe: Recipe, model: Model, size: int | None = None, second_sampler: SamplerConfig | None = None
) -> Course:
    """The stages that make a recipe at a size.

    At the second stage's size the recipe plans for both: the same terms, constraint and solver; only the first, which
    decides what is to be seen, is pulled by the judge. Where the second plan asks nothing of the model, as when a
    picture is only noised or blurred, there is no first.

    Raises:
        UsageError: if the recipe can't be made with this model, or the model has no such size.
    """
    final = model.at(size)
    if final is model:
        return (Stage(model, guided_plan(recipe, model)),)
    second = Stage(final, with_sampler(recipe, second_sampler).plan(final))
    if not second.plan.asks_model:
        return (second,)
    return Stage(model, guided_plan(recipe, model)), second


def steps_of(course: Course) -> int:
    """How many steps a course has."""
    return sum(len(stage.plan.grid) - 1 for stage in course)


class Denoisers:
    """Each stage's denoiser, made to fit the device's memory; what one batch teaches holds for the next."""

    def __init__(self) -> None:
        self._fitting: dict[int, SplitOnOutOfMemory] = {}

    def of(self, stage: Stage) -> Denoiser:
        """What denoises in a stage."""
        if stage.plan.denoiser is not None:
            return stage.plan.denoiser
        return self._fitting.setdefault(id(stage.model), SplitOnOutOfMemory(stage.model.denoiser))


@dataclass(frozen=True)
class Sifted:
    """What is left of a batch.

    Attributes:
        rows: whose pictures they are: places in the batch, rising.
        pixels: their pictures [N, C, H, W] at the end of the last stage.
    """

    rows: tuple[int, ...]
    pixels: Tensor


def followed(courses: Sequence[Course], seeds: tuple[int, ...], denoisers: Denoisers, watch: Watch | None) -> Tensor:
    """Take a batch through all stages.

    Args:
        courses: each sample's; they must agree in all but their terms, pulls and starts.
        seeds: each sample's.
        denoisers: each stage's.
        watch: is shown the states.

    Returns:
        The pictures [B, C, H, W] at the end of the last stage.
    """
    return sifted(courses, seeds, denoisers, everyone, watch).pixels


def sifted(
    courses: Sequence[Course], seeds: tuple[int, ...], denoisers: Denoisers, sieve: Sieve, watch: Watch | None
) -> Sifted:
    """Take a batch through all stages, and drop on the way through the first whom the sieve holds back.

    The pictures of those that are left are the ones that they would be alone. See `followed`.
    """
    rows: tuple[int, ...] = tuple(range(len(courses)))
    pictures: Tensor | None = None
    for k, stage in enumerate(courses[0]):
        noise = Noise(tuple(seeds[row] for row in rows), k)
        low = None
        if pictures is not None:
            assert courses[0][0].model.second_stage is not None
            low = courses[0][0].model.second_stage.low(pictures, noise)
        plans = [courses[row][k].plan for row in rows]
        left = _sample(plans, stage, denoisers.of(stage), noise, low, sieve if k == 0 else everyone, watch)
        rows, pictures = tuple(rows[row] for row in left.rows), left.pixels
    assert pictures is not None
    return Sifted(rows, pictures)


def _sample(
    plans: Sequence[Plan],
    stage: Stage,
    denoiser: Denoiser,
    noise: Noise,
    low: Tensor | None,
    sieve: Sieve,
    watch: Watch | None,
) -> Sifted:
    plan, model = stage.plan, stage.model
    steps = len(plan.grid) - 1
    alone = [Noise((seed,), noise.stage) for seed in noise.seeds]
    x = torch.cat([own.start(one) for own, one in zip(plans, alone, strict=True)]).to(model.device)
    rows = tuple(range(len(plans)))
    after: State | None = None
    finished = False
    while not finished:
        finished = True
        terms = tuple(plans[row].terms for row in rows)
        guide = None if low is None else low[torch.tensor(rows)]
        pulled = JudgeCorrection(tuple(plans[row].pull for row in rows))
        composition = Composition(denoiser, terms, model.threshold, guide, pulled)
        own = noise.rows(rows)
        for state in trajectory(composition, x, plan.grid, plan.step, own, plan.constraint, plan.resamplings, after):
            x = state.x_s
            if watch is not None:
                watch(state)
            kept = sieve(state, steps) if state.i + 1 < steps else everyone(state, steps)
            if len(kept) < len(rows):
                # Fewer rows are another composition, which takes the trajectory up where it is.
                rows, after, finished = tuple(rows[k] for k in kept), state.rows(kept), False
                x = after.x_s
                break
    return Sifted(rows, x)
