"""A picture from pure noise."""

from dataclasses import dataclass
from typing import ClassVar

from duckrabbit.diffusion.guidance import guided
from duckrabbit.models.model import Model, SamplerConfig
from duckrabbit.recipes.recipe import Plan, Recipe, from_noise, grid_of, guidance_of, step_of, typed


@dataclass(frozen=True)
class Generate(Recipe):
    """Sample a picture of a prompt.

    Attributes:
        prompt: what to make; "" for anything.
        negative_prompt: what to steer away from under guidance.
        sampler: how; None for the model's own way.
    """

    verb: ClassVar[str] = "generate"
    prompt: str = ""
    negative_prompt: str = ""
    sampler: SamplerConfig | None = None

    @property
    def prompts(self) -> tuple[str, ...]:
        """The one prompt."""
        return (self.prompt,)

    @property
    def words(self) -> tuple[str, ...]:
        """PROMPT --negative-prompt P"""
        return typed(self.prompts, self.negative_prompt)

    def plan(self, model: Model) -> Plan:
        """Guided sampling from pure noise."""
        model.require_sampling()
        model.check_prompt(self.prompt)
        sampler = self.sampler_for(model)
        grid = grid_of(sampler, model)
        terms = guided(self.prompt, guidance_of(sampler, self.negative_prompt, model))
        return Plan(from_noise(model, grid), terms, grid, step_of(sampler))
