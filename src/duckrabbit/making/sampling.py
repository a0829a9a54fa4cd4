"""What is said of sampling in place of a recipe's own way, as the command line, the report and scripts say it.

It loads no torch until it is put to use, so that the command line's help is there at once.
"""

import math
from collections.abc import Set
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from duckrabbit.errors import UsageError

if TYPE_CHECKING:
    from duckrabbit.making.plan import Planned
    from duckrabbit.models.model import Model, SamplerConfig
    from duckrabbit.recipes.recipe import Recipe

COURSE_GUIDANCE = 7.0
MAX_GUIDANCE = 1000.0


@dataclass(frozen=True)
class Sampling:
    """Fields as in `SamplerConfig`; what is None is left to the recipe's own way with the model."""

    steps: int | None = None
    solver: str | None = None
    grid: str | None = None
    guidance_scale: float | None = None
    guidance_interval: tuple[float, float] | None = None
    mean_guidance_scale: float | None = None
    judge_scale: float | None = None
    variance: str | None = None
    threshold: str | None = None
    like_the_course: bool = False

    @property
    def given(self) -> dict[str, object]:
        """What was said, by name; not whether it is to be like the course."""
        said = {field.name: getattr(self, field.name) for field in fields(Sampling) if field.name != "like_the_course"}
        return {name: value for name, value in said.items() if value is not None}

    def over(self, default: "SamplerConfig") -> "SamplerConfig":
        """The default with what was said in its place.

        Steps or a solver of one's own leave the courses' grid for the uniform one, and a guidance scale of one's own
        acts at all times, as in the sources.

        Raises:
            UsageError: if a guidance scale or the interval is no number that can be computed with.
        """
        from duckrabbit.diffusion.grid import FIXED_STEPS

        if self.like_the_course:
            return replace(self, like_the_course=False).over(_like_the_course(default))
        given = self.given
        own_steps = "steps" in given or "solver" in given
        grid = self.grid or ("uniform" if own_steps and default.grid in FIXED_STEPS else default.grid)
        if grid in FIXED_STEPS and "grid" in given:
            given.setdefault("steps", FIXED_STEPS[grid])
        if "guidance_scale" in given:
            given.setdefault("guidance_interval", (0.0, 1.0))
        sampler = replace(default, **{**given, "grid": grid})  # type: ignore[arg-type]
        for name, value in (
            ("guidance_scale", sampler.guidance_scale),
            ("mean_guidance_scale", sampler.mean_guidance_scale or 0.0),
        ):
            if not math.isfinite(value) or abs(value) > MAX_GUIDANCE:
                raise UsageError(
                    f"`{name}` {value:g} can't be used: give a number from {-MAX_GUIDANCE:g} to {MAX_GUIDANCE:g}, "
                    "such as 5."
                )
        low, high = sampler.guidance_interval
        if not 0 <= low < high <= 1:
            raise UsageError(
                f"`guidance_interval` {low:g} {high:g} is no span of time: give two rising numbers from 0 to 1."
            )
        return sampler

    def plan(self, recipe: "Recipe", model: "Model", size: int | None = None) -> "Planned":
        """Plan a recipe that says nothing of sampling: each stage's own way, with this in its place."""
        from duckrabbit.making.plan import plan
        from duckrabbit.recipes.recipe import with_sampler

        final = model.at(size)
        first = with_sampler(recipe, self.over(recipe.default_sampler(model)))
        return plan(first, model, size, self.over(recipe.default_sampler(final)) if final is not model else None)

    @property
    def words(self) -> list[str]:
        """As it is typed."""
        words: list[str] = ["--like-the-course"] if self.like_the_course else []
        for name, value in self.given.items():
            values = value if isinstance(value, tuple) else (value,)
            words += ["--" + name.replace("_", "-"), *(f"{x:g}" if isinstance(x, float) else str(x) for x in values)]
        return words


OWN_WAY = Sampling()
"""Nothing said."""


def sampling_of(sampler: "SamplerConfig", names: Set[str]) -> Sampling:
    """All that a sampler is, by these names; no model has a variance or threshold but the usual, which go without."""
    usual = type(sampler)()
    usually = {name for name in ("variance", "threshold") if getattr(sampler, name) == getattr(usual, name)}
    return Sampling(**{name: getattr(sampler, name) for name in names - usually})


def _like_the_course(default: "SamplerConfig") -> "SamplerConfig":
    """The courses' loop with guidance 7; what is unguided by default, as when denoising, stays so."""
    from duckrabbit.diffusion.grid import FIXED_STEPS

    scale = COURSE_GUIDANCE if default.guidance_scale != 1 else 1.0
    return type(default)("ddpm", FIXED_STEPS["course-loop"], "course-loop", scale, threshold="none")
