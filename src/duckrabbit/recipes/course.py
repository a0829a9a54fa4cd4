"""The course of a picture through the stages of its model: one stage, or two in a row."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from duckrabbit.diffusion.denoiser import Denoiser
from duckrabbit.diffusion.fitting import Fitting
from duckrabbit.diffusion.noise import Noise
from duckrabbit.diffusion.sampling import State, trajectory
from duckrabbit.diffusion.terms import Composition
from duckrabbit.models.model import Model, Sampler
from duckrabbit.recipes.recipe import Plan, Recipe, with_sampler

Watch = Callable[[State], None]
"""Is shown every state of every batch and stage as it happens."""


@dataclass(frozen=True)
class Stage:
    """A model and what it does."""

    model: Model
    plan: Plan


Course = tuple[Stage, ...]
"""The stages a picture goes through: one, or the first and then the second, which sees what the first made."""


def course_of(recipe: Recipe, model: Model, size: int | None = None, second_sampler: Sampler | None = None) -> Course:
    """The stages that make a recipe at a size.

    At the second stage's size the recipe plans for both: the same terms, constraint and solver. Where the second
    plan asks nothing of the model, as when a picture is only noised or blurred, there is no first.

    Raises:
        UsageError: if the recipe can't be made with this model, or the model has no such size.
    """
    final = model.at(size)
    if final is model:
        return (Stage(model, recipe.plan(model)),)
    second = Stage(final, with_sampler(recipe, second_sampler).plan(final))
    if not second.plan.asks_model:
        return (second,)
    return Stage(model, recipe.plan(model)), second


def steps_of(course: Course) -> int:
    """How many steps a course has."""
    return sum(len(stage.plan.grid) - 1 for stage in course)


class Denoisers:
    """Each stage's denoiser, made to fit the device's memory; what one batch teaches holds for the next."""

    def __init__(self) -> None:
        self._fitting: dict[int, Fitting] = {}

    def of(self, stage: Stage) -> Denoiser:
        """What denoises in a stage."""
        if stage.plan.denoiser is not None:
            return stage.plan.denoiser
        return self._fitting.setdefault(id(stage.model), Fitting(stage.model.denoiser))


def followed(courses: Sequence[Course], seeds: tuple[int, ...], denoisers: Denoisers, watch: Watch | None) -> Tensor:
    """Take a batch through all stages.

    Args:
        courses: each sample's; they must agree in all but their terms and starts.
        seeds: each sample's.
        denoisers: each stage's.
        watch: is shown the states.

    Returns:
        The pictures [B, C, H, W] at the end of the last stage.
    """
    pictures: Tensor | None = None
    for k, stage in enumerate(courses[0]):
        noise = Noise(seeds, k)
        low = None
        if pictures is not None:
            assert courses[0][0].model.second_stage is not None
            low = courses[0][0].model.second_stage.low(pictures, noise)
        plans = [course[k].plan for course in courses]
        pictures = _sample(plans, stage, denoisers.of(stage), noise, low, watch)
    assert pictures is not None
    return pictures


def _sample(
    plans: Sequence[Plan], stage: Stage, denoiser: Denoiser, noise: Noise, low: Tensor | None, watch: Watch | None
) -> Tensor:
    plan, model = stage.plan, stage.model
    alone = [Noise((seed,), noise.stage) for seed in noise.seeds]
    x = torch.cat([own.start(one) for own, one in zip(plans, alone, strict=True)]).to(model.device)
    terms = tuple(own.terms for own in plans)
    composition = Composition(denoiser, terms, model.threshold, low=low)
    for state in trajectory(composition, x, plan.grid, plan.step, noise, plan.constraint, plan.resamplings):
        x = state.x_s
        if watch is not None:
            watch(state)
    return x
