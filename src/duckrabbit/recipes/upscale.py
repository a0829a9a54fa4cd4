"""A small picture made large."""

from dataclasses import dataclass
from typing import ClassVar

from duckrabbit.diffusion.guidance import guided
from duckrabbit.diffusion.steps import DDIM
from duckrabbit.models.model import Model, SamplerConfig
from duckrabbit.recipes.recipe import FromPicture, Plan, from_noise, grid_of, guidance_of, prompt_of, step_of, typed
from duckrabbit.recipes.source import Source


@dataclass(frozen=True)
class Upscale(FromPicture):
    """Give a picture to the second stage as if the first had made it.

    Attributes:
        picture: at the first stage's size.
        prompt: what it shows; None for the model's default.
        negative_prompt: what to steer away from under guidance.
        sampler: how; None for the model's own way.
    """

    verb: ClassVar[str] = "upscale"
    picture: Source
    prompt: str | None = None
    negative_prompt: str = ""
    sampler: SamplerConfig | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """IMAGE PROMPT --negative-prompt P --crop C"""
        return (self.picture.name, *typed(self.prompts, self.negative_prompt), *self.picture.words)

    def reread(self, place: int, file: str, model: Model, final: Model) -> Source:  # noqa: ARG002
        """The picture, averaged down to the first stage's size."""
        return Source.shrunk(file, model, crop=self.picture.crop)

    def default_sampler(self, model: Model) -> SamplerConfig:
        """The second stage's own way."""
        return model.sampler if model.second_stage is None else model.second_stage.model.sampler

    def plan(self, model: Model) -> Plan:
        """At the picture's own size the picture itself, at another guided sampling from pure noise."""
        if self.picture.side == model.size:
            small = self.picture.state(model)[None]
            return Plan(lambda noise: small, (), (0.0,), DDIM())  # noqa: ARG005
        model.require_sampling()
        prompt = prompt_of(self.prompt, model)
        sampler = self.sampler_for(model)
        grid = grid_of(sampler, model)
        terms = guided(prompt, guidance_of(sampler, self.negative_prompt, model))
        return Plan(from_noise(model, grid), terms, grid, step_of(sampler))
