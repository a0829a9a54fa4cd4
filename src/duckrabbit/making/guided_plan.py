"""A recipe's plan under judge guidance, where its sampler asks for that."""

from dataclasses import replace

from duckrabbit.errors import UsageError
from duckrabbit.models.model import Model
from duckrabbit.recipes.hybrid import Hybrid
from duckrabbit.recipes.looks import looks_of
from duckrabbit.recipes.recipe import Plan, Recipe
from duckrabbit.judges.guidance import Pull
from duckrabbit.judges.question import question_of
from duckrabbit.judges.reader import Reader, kind_for, load_reader

MAX_JUDGE_SCALE = 2.0


def judge_scale_of(recipe: Recipe, model: Model) -> float:
    """λ of the recipe's sampler."""
    return (recipe.sampler or recipe.default_sampler(model)).judge_scale


def pulling_judge(recipe: Recipe, model: Model) -> Reader | None:
    """The judge that pulls in the recipe's plan; None where nothing is pulled."""
    if judge_scale_of(recipe, model) == 0:
        return None
    pull = pulled_plan(recipe, model).pull
    return None if pull is None else pull.question.reader


def remarks(recipe: Recipe, model: Model) -> tuple[str, ...]:
    """A sentence for each prompt towards which the judge can't pull while it pulls towards others: it may drown."""
    judge = pulling_judge(recipe, model)
    if judge is None:
        return ()
    near = recipe.finest if isinstance(recipe, Hybrid) and recipe.near_scale == 1 else None
    return tuple(
        f"no judge has a name for what {look.prompt!r} shows, so nothing pulls towards it: it may drown"
        + ("; --near-scale 4 makes it stronger" if look.name == near else "")
        for look in looks_of(recipe)
        if look.prompt and judge.asked_for(look.prompt) is None
    )


def pulled_plan(recipe: Recipe, model: Model) -> Plan:
    """The recipe's plan; what is asked for under a name that the pulling judge knows pulls, the rest does not."""
    plan = recipe.plan(model)
    scale = judge_scale_of(recipe, model)
    if not 0 <= scale <= MAX_JUDGE_SCALE:
        raise UsageError(
            f"judge-scale {scale:g} can't be used: give 0 for no pull by the judge, or up to {MAX_JUDGE_SCALE:g}."
        )
    if scale == 0 or not plan.asks_model:
        return plan
    reader = load_reader(kind_for(model.channels), "pulling", model.device)
    looks = [look for look in looks_of(recipe) if reader.asked_for(look.prompt) is not None]
    return replace(plan, pull=Pull(question_of(reader, looks), scale, model.dtype)) if looks else plan
