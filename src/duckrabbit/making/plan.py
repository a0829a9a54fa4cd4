"""From a recipe and a model to the stages that make it, planned once: everything else reads them off here."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import torch
from torch import Tensor

from duckrabbit.diffusion.thresholding import Threshold
from duckrabbit.errors import UsageError
from duckrabbit.judges.guidance import JudgeGuidance
from duckrabbit.judges.judge import Judge
from duckrabbit.judges.question import question_of
from duckrabbit.making.choose import judge_for
from duckrabbit.models.model import Model, SamplerConfig
from duckrabbit.recipes.recipe import Plan, Recipe, threshold_of, with_sampler

MAX_JUDGE_SCALE = 2.0


@dataclass(frozen=True)
class Stage:
    """A model, what it does, and what is done to each x̂_0."""

    model: Model
    plan: Plan
    threshold: Threshold


@dataclass(frozen=True, eq=False)
class Planned:
    """A recipe that can be made.

    Attributes:
        recipe: what is made.
        model: the first stage.
        size: the pictures' side; None for the first stage's own.
        second_sampler: how the last stage samples; None where the first makes it all.
        stages: one, or several, of which each sees what the one before made.
        keeps_sources: whether its pictures hold the pictures that they were made from, as they do but for other people.
    """

    recipe: Recipe
    model: Model
    size: int | None
    second_sampler: SamplerConfig | None
    stages: tuple[Stage, ...]
    keeps_sources: bool = True

    @property
    def final(self) -> Model:
        """The stage that makes pictures of the size."""
        return self.model.at(self.size)

    @property
    def sampler(self) -> SamplerConfig:
        """How the first stage samples."""
        return self.recipe.sampler_for(self.model)

    @property
    def steps(self) -> int:
        """How many steps it takes."""
        return sum(len(stage.plan.grid) - 1 for stage in self.stages)

    @property
    def judge(self) -> Judge | None:
        """The judge by which it is guided; None where it is not."""
        guidances = (stage.plan.judge_guidance for stage in self.stages)
        return next((guidance.question.judge for guidance in guidances if guidance is not None), None)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a user should know: of the negative prompt, and of prompts that may drown.

        Those are the prompts towards which the judge can't guide while it does towards others.
        """
        judge = self.judge
        if judge is None:
            return self._of_the_negative_prompt()
        return self._of_the_negative_prompt() + tuple(
            f"no judge has a name for what {look.prompt!r} shows, so nothing pulls towards it: it may drown"
            + self.recipe.stronger(look)
            for look in self.recipe.looks
            if look.prompt and judge.asked_for(look.prompt) is None
        )

    def _of_the_negative_prompt(self) -> tuple[str, ...]:
        """How it was read, and whether it is asked for at all."""
        negative: str = getattr(self.recipe, "negative_prompt", "")
        asked = [stage.plan for stage in self.stages if stage.plan.asks_model]
        if not negative or not asked:
            return ()
        heard = any(
            term.condition == negative and term.weight_at(t) != 0
            for made in asked
            for term in made.terms
            for t in made.grid[:-1]
        )
        idle = "the negative prompt does nothing here: guidance is what steers away from it, so give `guidance_scale` 3"
        return self.model.remarks(negative) + (() if heard else (idle,))


def plan(recipe: Recipe, model: Model, size: int | None = None, second_sampler: SamplerConfig | None = None) -> Planned:
    """Plan a recipe at a size.

    At the second stage's size the recipe plans for both: the same terms, constraint and solver; only the first, which
    decides what is to be seen, is guided by a judge. Where the second plan asks nothing of the model, as when a picture
    is only noised or blurred, there is no first.

    Args:
        recipe: what to make.
        model: what makes it.
        size: the pictures' side; None for the model's own, its second stage's for both stages one after the other.
        second_sampler: how the second stage samples; None for the recipe's sampler, or the stage's own way.

    Raises:
        UsageError: if the recipe can't be made with this model, or the model has no such size.
    """
    final = model.at(size)
    if final is model:
        return Planned(recipe, model, size, None, (_stage(model, recipe, _guided(recipe, model)),))
    second = second_sampler or recipe.sampler_for(final)
    last = with_sampler(recipe, second_sampler)
    large = _stage(final, last, last.plan(final))
    if not large.plan.asks_model:
        return Planned(recipe, model, size, second, (large,))
    # A stage in between samples in its own way, whatever is said of the others.
    between = (_in_its_own_way(stage, recipe) for stage in model.stages(size)[1:-1])
    small = _stage(model, recipe, _guided(recipe, model))
    return Planned(recipe, model, size, second, (small, *between, large))


def _in_its_own_way(model: Model, recipe: Recipe) -> Stage:
    own = with_sampler(recipe, recipe.default_sampler(model))
    return _stage(model, own, own.plan(model))


def _stage(model: Model, recipe: Recipe, made: Plan) -> Stage:
    return Stage(model, made, threshold_of(recipe.sampler_for(model), model))


def _guided(recipe: Recipe, model: Model) -> Plan:
    """The recipe's plan; a judge guides towards what is asked for under a name that it knows, and towards nothing else.

    Raises:
        UsageError: if it can't be made, or the judge scale is out of range.
    """
    made = recipe.plan(model)
    scale = recipe.sampler_for(model).judge_scale
    if not 0 <= scale <= MAX_JUDGE_SCALE:
        raise UsageError(
            f"`judge_scale` {scale:g} can't be used: give 0 for no guidance by a judge, or up to {MAX_JUDGE_SCALE:g}."
        )
    if scale == 0 or not made.asks_model:
        return made
    judge = judge_for(model, "guiding")
    looks = [look for look in recipe.looks if judge.asked_for(look.prompt) is not None]
    if not looks:
        return made
    guidance = JudgeGuidance(question_of(judge, looks), scale, model.dtype, recipe.judge_views)
    return replace(made, judge_guidance=guidance)


def companies(plans: Sequence[Planned]) -> list[list[int]]:
    """The places of the plans that agree in all but their terms, judge guidance and starts, so that one batch does."""
    found: list[list[int]] = []
    for place, planned in enumerate(plans):
        own = next((company for company in found if _agree(plans[company[-1]], planned)), None)
        if own is None:
            found.append([place])
        else:
            own.append(place)
    return found


def _agree(one: Planned, other: Planned) -> bool:
    return one is other or (
        len(one.stages) == len(other.stages)
        and all(
            own.model is its.model
            and own.threshold == its.threshold
            and all(_alike(getattr(own.plan, name), getattr(its.plan, name)) for name in _SHARED)
            for own, its in zip(one.stages, other.stages, strict=True)
        )
    )


_SHARED = ("grid", "step", "constraint", "resamplings", "denoiser", "alone_from", "finish")


def _alike(one: Any, other: Any) -> bool:
    """Whether two values are the same, tensors by what they hold."""
    if one is other:
        return True
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        return torch.equal(one, other)
    if is_dataclass(one) and type(one) is type(other):
        return all(_alike(getattr(one, field.name), getattr(other, field.name)) for field in fields(one))
    return bool(type(one) is type(other) and one == other)
