"""From a recipe back to the words that make it."""

from collections.abc import Iterator

from duckrabbit.recipes.anagram import Anagram
from duckrabbit.recipes.denoise import Denoise
from duckrabbit.recipes.edit import Edit
from duckrabbit.recipes.generate import Generate
from duckrabbit.recipes.hybrid import Hybrid
from duckrabbit.recipes.inpaint import Inpaint
from duckrabbit.recipes.level import Level
from duckrabbit.recipes.noise import Forward
from duckrabbit.recipes.recipe import Recipe
from duckrabbit.recipes.source import Source
from duckrabbit.recipes.upscale import Upscale


def spelt(recipe: Recipe) -> list[str] | None:
    """The verb and its words, without model and seed; None where a picture or mask came from no file.

    A mask's file is spelt as it was named, and a sampler in full.
    """
    if any(source.name == "-" for source in sources(recipe)):
        return None
    return [recipe.verb, *_positionals(recipe), *_options(recipe), *_sampling(recipe)]


def sources(recipe: Recipe) -> list[Source]:
    """The pictures and masks in a recipe."""
    if isinstance(recipe, Inpaint):
        return [recipe.picture, recipe.mask]
    if isinstance(recipe, Edit | Denoise | Forward | Upscale):
        return [recipe.picture]
    if isinstance(recipe, Hybrid):
        return [part.picture for part in recipe.parts.values() if part.picture is not None]
    return []


def _positionals(recipe: Recipe) -> list[str]:
    if isinstance(recipe, Hybrid):
        return []
    words = [source.name for source in sources(recipe) if not _is_shape(source)]
    return [*words, *(prompt for prompt in recipe.prompts if prompt)]


def _options(recipe: Recipe) -> Iterator[str]:
    if isinstance(recipe, Anagram):
        for view in recipe.views:
            yield from ("--view", view)
        yield from ("--combine", recipe.combine)
    elif isinstance(recipe, Hybrid):
        for name, part in recipe.parts.items():
            yield from (f"--{name}", part.prompt) if part.picture is None else (f"--{name}-image", part.picture.name)
        yield from ("--sigma", f"{recipe.sigma:g}")
        if recipe.near_scale != 1:
            yield from ("--near-scale", f"{recipe.near_scale:g}")
    elif isinstance(recipe, Forward):
        yield from _level(recipe.level)
    elif isinstance(recipe, Denoise):
        yield from (*_level(recipe.level), "--method", recipe.method)
        if recipe.method == "blur":
            yield from ("--blur-sigma", f"{recipe.blur_sigma:g}")
    elif isinstance(recipe, Edit):
        start = (
            ("--start", str(recipe.start)) if recipe.start is not None else ("--start-level", f"{recipe.start_level:g}")
        )
        yield from start
    elif isinstance(recipe, Inpaint):
        if _is_shape(recipe.mask):
            shape, _, corners = recipe.mask.name.partition(" ")
            yield from (f"--mask-{shape}", corners)
        yield from ("--resamplings", str(recipe.resamplings))
    if isinstance(recipe, Generate | Anagram | Hybrid | Edit | Inpaint | Upscale) and recipe.negative_prompt:
        yield from ("--negative-prompt", recipe.negative_prompt)


def _level(level: Level) -> tuple[str, str]:
    return ("--levels", f"{level.level:g}") if level.level is not None else ("--noise-sigma", f"{level.sigma:g}")


def _is_shape(source: Source) -> bool:
    return source.name.startswith(("box ", "ellipse "))


def _sampling(recipe: Recipe) -> list[str]:
    sampler = recipe.sampler
    if sampler is None or isinstance(recipe, Forward):
        return []
    words = ["--solver", sampler.solver, "--grid", sampler.grid, "--steps", str(sampler.steps)]
    interval = [f"{time:g}" for time in sampler.guidance_interval]
    words += ["--guidance-scale", f"{sampler.guidance_scale:g}", "--guidance-interval", *interval]
    mean = sampler.mean_guidance_scale
    words += [] if mean is None else ["--mean-guidance-scale", f"{mean:g}"]
    return [*words, "--judge-scale", f"{sampler.judge_scale:g}"]
