"""What a recipe is: a value that says what to make. With a model it becomes a plan for the sampler.

recipe ─ plan(model) ─▶ Plan(start, terms, grid, step, constraint) ─ make ─▶ pictures that remember the recipe

A recipe is planned for one stage at a time: it knows the size of that stage's pictures, not which stage it is.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, Protocol

from torch import Tensor

from duckrabbit.diffusion.constraints import Constraint
from duckrabbit.diffusion.denoiser import Denoiser
from duckrabbit.diffusion.grid import GRIDS, Grid
from duckrabbit.diffusion.guidance import Guidance
from duckrabbit.diffusion.noise import Noise
from duckrabbit.diffusion.sampling import initial_noise
from duckrabbit.diffusion.steps import SOLVERS, Step
from duckrabbit.diffusion.terms import Term
from duckrabbit.errors import UsageError
from duckrabbit.judges.guidance import JudgeGuidance
from duckrabbit.models.model import Model, SamplerConfig


@dataclass(frozen=True)
class Plan:
    """All that the sampler needs to know.

    Attributes:
        start: from keyed noise for one seed to the picture [1, C, H, W] at the grid's first level.
        terms: the composition.
        grid: the levels; a single one makes no step.
        step: the solver.
        constraint: what must hold after each step.
        resamplings: how often each step is made.
        denoiser: what denoises in place of the model.
        pull: towards what x̂_0 is pulled; None for nothing.
    """

    start: Callable[[Noise], Tensor]
    terms: tuple[Term, ...]
    grid: Grid
    step: Step
    constraint: Constraint | None = None
    resamplings: int = 1
    denoiser: Denoiser | None = None
    pull: JudgeGuidance | None = None

    @property
    def asks_model(self) -> bool:
        """Whether the model is evaluated at all."""
        return self.denoiser is None and len(self.grid) > 1


class Recipe(Protocol):
    """Something to make: a frozen dataclass of numbers, words and pictures."""

    verb: ClassVar[str]

    @property
    def prompts(self) -> tuple[str, ...]:
        """The prompts in it, in order."""

    @property
    def sampler(self) -> SamplerConfig | None:
        """How to sample; None for the model's own way."""

    def default_sampler(self, model: Model) -> SamplerConfig:
        """How to sample where `sampler` is None."""

    def plan(self, model: Model) -> Plan:
        """How to make it with this model; raises UsageError where it can't be made."""


def with_sampler(recipe: Recipe, sampler: SamplerConfig | None) -> Recipe:
    """The recipe with another sampler; for None as it is."""
    return recipe if sampler is None else replace(recipe, sampler=sampler)  # type: ignore[type-var]


def grid_of(sampler: SamplerConfig, model: Model) -> Grid:
    """The time grid that a sampler names, on the model's path."""
    if sampler.grid not in GRIDS:
        raise UsageError(f"There is no grid {sampler.grid!r}: the grids are {', '.join(GRIDS)}.")
    return GRIDS[sampler.grid](model.denoiser.path, sampler.steps)


def step_of(sampler: SamplerConfig) -> Step:
    """The solver that a sampler names."""
    if sampler.solver not in SOLVERS:
        raise UsageError(f"There is no solver {sampler.solver!r}: the solvers are {', '.join(SOLVERS)}.")
    return SOLVERS[sampler.solver]


def guidance_of(sampler: SamplerConfig, negative_prompt: str, model: Model) -> Guidance:
    """The guidance that a sampler asks for; models without prompts have none."""
    if not model.conditional:
        if negative_prompt:
            model.check_prompt(negative_prompt)
        return Guidance()
    model.check_prompt(negative_prompt)
    return Guidance(sampler.guidance_scale, negative_prompt, sampler.guidance_interval, sampler.mean_guidance_scale)


def prompt_of(prompt: str | None, model: Model) -> str:
    """The prompt, or the model's default where there is none; raises UsageError if the model can't understand it."""
    chosen = model.default_prompt if prompt is None else prompt
    model.check_prompt(chosen)
    return chosen


def from_noise(model: Model, grid: Grid) -> Callable[[Noise], Tensor]:
    """Start from pure noise at the grid's first level."""
    return lambda noise: initial_noise(model.denoiser.path, noise, model.shape, grid[0])
