"""A picture made anew from a noised one: the less noise, the more it stays what it was."""

from dataclasses import dataclass, replace
from typing import ClassVar

from duckrabbit.diffusion.grid import COURSE_LEVELS, Grid, starting_at
from duckrabbit.diffusion.guidance import guided
from duckrabbit.diffusion.path import time_of_level
from duckrabbit.diffusion.sampling import noised
from duckrabbit.errors import UsageError
from duckrabbit.models.model import Model, SamplerConfig
from duckrabbit.recipes.recipe import FromPicture, Plan, grid_of, guidance_of, prompt_of, step_of, typed
from duckrabbit.recipes.source import Source


@dataclass(frozen=True)
class Edit(FromPicture):
    """SDEdit (Meng et al., 2022): noise a picture to a level and sample from there.

    Attributes:
        picture: what to edit.
        prompt: what it is to become; None for the model's default.
        start: index of the first level on the grid; 0 is noise, the last index is clean and changes nothing.
        start_level: the first level itself, 0 … 999, in place of `start`.
        negative_prompt: what to steer away from under guidance.
        sampler: how; None for ddpm on the courses' grid.
    """

    verb: ClassVar[str] = "edit"
    picture: Source
    prompt: str | None = None
    start: int | None = None
    start_level: float | None = None
    negative_prompt: str = ""
    sampler: SamplerConfig | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """IMAGE PROMPT --start I --crop C --negative-prompt P"""
        start = ("--start-level", f"{self.start_level:g}") if self.start is None else ("--start", str(self.start))
        crop = self.picture.words
        return (self.picture.name, *typed(self.prompts), *start, *crop, *typed((), self.negative_prompt))

    def default_sampler(self, model: Model) -> SamplerConfig:
        """ddpm steps on the courses' grid."""
        return course_sampler(model.sampler)

    def plan(self, model: Model) -> Plan:
        """Guided sampling from the noised picture."""
        model.require_sampling()
        prompt = prompt_of(self.prompt, model)
        sampler = self.sampler_for(model)
        grid = grid_from(grid_of(sampler, model), self.start, self.start_level)
        x0 = self.picture.state(model)
        terms = guided(prompt, guidance_of(sampler, self.negative_prompt, model))
        return Plan(lambda noise: noised(model.denoiser.path, x0, grid[0], noise), terms, grid, step_of(sampler))


def course_sampler(own: SamplerConfig) -> SamplerConfig:
    """The courses' way: ddpm steps on their grid of 34, with the guidance of a model's own way."""
    return replace(own, solver="ddpm", grid="course", steps=len(COURSE_LEVELS))


def grid_from(grid: Grid, start: int | None, start_level: float | None) -> Grid:
    """The rest of a grid from an index on, or from a level of its own and then the grid's levels below it.

    Raises:
        UsageError: unless exactly one is given and it is in range.
    """
    if (start is None) == (start_level is None):
        raise UsageError("Where to start is not clear: give either `start` (an index on the grid) or `start_level`.")
    if start_level is not None:
        return starting_at(grid, time_of_level(start_level))
    assert start is not None
    if not 0 <= start < len(grid):
        raise UsageError(f"start {start} is out of range: this grid has indices 0 (noise) to {len(grid) - 1} (clean).")
    return grid[start:]
