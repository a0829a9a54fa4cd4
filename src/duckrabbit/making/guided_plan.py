"""A recipe's plan under judge guidance, where its sampler asks for that."""

from dataclasses import replace

from duckrabbit.errors import UsageError
from duckrabbit.judges.guidance import JudgeGuidance
from duckrabbit.judges.judge import Judge, load_judge
from duckrabbit.judges.question import question_of
from duckrabbit.models.model import Model
from duckrabbit.recipes.hybrid import Hybrid
from duckrabbit.recipes.looks import looks_of
from duckrabbit.recipes.recipe import Plan, Recipe

MAX_JUDGE_SCALE = 2.0


def judge_scale_of(recipe: Recipe, model: Model) -> float:
    """λ of the recipe's sampler."""
    return (recipe.sampler or recipe.default_sampler(model)).judge_scale


def guiding_judge(recipe: Recipe, model: Model) -> Judge | None:
    """The judge that pulls in the recipe's plan; None where nothing is pulled."""
    if judge_scale_of(recipe, model) == 0:
        return None
    pull = guided_plan(recipe, model).pull
    return None if pull is None else pull.question.judge


def remarks(recipe: Recipe, model: Model) -> tuple[str, ...]:
    """A sentence for each prompt towards which the judge can't pull while it pulls towards others: it may drown."""
    judge = guiding_judge(recipe, model)
    if judge is None:
        return ()
    near = recipe.finest if isinstance(recipe, Hybrid) and recipe.near_scale == 1 else None
    return tuple(
        f"no judge has a name for what {look.prompt!r} shows, so nothing pulls towards it: it may drown"
        + ("; --near-scale 4 makes it stronger" if look.name == near else "")
        for look in looks_of(recipe)
        if look.prompt and judge.asked_for(look.prompt) is None
    )


def guided_plan(recipe: Recipe, model: Model) -> Plan:
    """The recipe's plan; what is asked for under a name that the pulling judge knows pulls, the rest does not."""
    plan = recipe.plan(model)
    scale = judge_scale_of(recipe, model)
    if not 0 <= scale <= MAX_JUDGE_SCALE:
        raise UsageError(
            f"judge-scale {scale:g} can't be used: give 0 for no pull by the judge, or up to {MAX_JUDGE_SCALE:g}."
        )
    if scale == 0 or not plan.asks_model:
        return plan
    judge = load_judge(model.kind, "guiding", model.device)
    looks = [look for look in looks_of(recipe) if judge.asked_for(look.prompt) is not None]
    return replace(plan, pull=JudgeGuidance(question_of(judge, looks), scale, model.dtype)) if looks else plan
