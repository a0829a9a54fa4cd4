"""A picture that shows something else through each view."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from duckrabbit.diffusion.latents import alone_from, travelling, views_of
from duckrabbit.errors import UsageError
from duckrabbit.illusions.combining import combine_named
from duckrabbit.illusions.loops import through_views
from duckrabbit.illusions.views import Identity, View, parse_view
from duckrabbit.judges.looks import Look
from duckrabbit.models.model import Model, SamplerConfig
from duckrabbit.recipes.recipe import Plan, Recipe, from_noise, grid_of, guidance_of, step_of, typed


@dataclass(frozen=True)
class Anagram(Recipe):
    """Sample a visual anagram (Geng, Park and Owens, 2024).

    Attributes:
        prompts: prompt i is read in view i of the picture.
        views: names of views; one for each prompt, or one fewer, and then the first prompt is read upright.
        negative_prompt: what to steer away from under guidance, in every view.
        sampler: how; None for the model's own way.
        combine: a name in `combining.COMBINATIONS`.
    """

    verb: ClassVar[str] = "anagram"
    prompts: tuple[str, ...]
    views: tuple[str, ...]
    negative_prompt: str = ""
    sampler: SamplerConfig | None = None
    combine: str = "mean"

    def parsed_views(self) -> tuple[View, ...]:
        """One view for each prompt; raises UsageError where their numbers don't fit."""
        if any(isinstance(own, str) for own in (self.prompts, self.views)):
            raise UsageError("Prompts and views of an anagram are lists: give ('6', '9') and ('rotate-180',).")
        names = ("identity", *self.views) if len(self.views) == len(self.prompts) - 1 else self.views
        if len(names) != len(self.prompts) or len(names) < 2:
            raise UsageError(
                f"{len(self.prompts)} prompts and {len(self.views)} views don't go together: give two prompts or more "
                "and one view for each after the first, which is read upright."
            )
        return tuple(parse_view(name) for name in names)

    @property
    def looks(self) -> tuple[Look, ...]:
        """The picture through each view."""
        return tuple(
            Look("upright" if isinstance(view, Identity) else view.name, prompt, view)
            for view, prompt in zip(self.parsed_views(), self.prompts, strict=True)
        )

    @property
    def words(self) -> tuple[str, ...]:
        """PROMPT PROMPT … --view VIEW … --combine WAY --negative-prompt P"""
        views = [word for view in self.views for word in ("--view", view)]
        return (*typed(self.prompts), *views, "--combine", self.combine, *typed((), self.negative_prompt))

    def motion(self, picture: Tensor) -> list[Tensor]:
        """From the picture through each view and back."""
        return through_views(picture, self.parsed_views())

    def default_sampler(self, model: Model) -> SamplerConfig:
        """The model's own way with illusions."""
        return model.illusion_sampler

    def plan(self, model: Model) -> Plan:
        """Guided sampling whose estimates are combined over the views; on latents with time travel, and one for each.

        There the first view finishes alone, but for a later stage, where all are kept to the end.
        """
        model.require_sampling()
        for prompt in self.prompts:
            model.check_prompt(prompt)
        views = self.parsed_views()
        for view in views:
            view.permutation(model.size)
            view.permutation(model.state_shape[-1])
        sampler = self.sampler_for(model)
        grid = grid_of(sampler, model)
        guidance = guidance_of(sampler, self.negative_prompt, model)
        terms = combine_named(self.combine)(self.prompts, views, guidance, grid)
        if not model.on_latents:
            return Plan(from_noise(model, grid), terms, grid, step_of(sampler))
        return Plan(
            from_noise(model, grid, len(views_of(terms))),
            terms,
            grid,
            step_of(sampler),
            resamplings=1 if model.is_guided else travelling(len(grid) - 1),
            alone_from=0.0 if model.is_guided else alone_from(grid),
        )
