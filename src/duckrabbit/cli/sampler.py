"""From the options about sampling to a sampler."""

import math
from dataclasses import replace

from duckrabbit.cli.options import Sampling
from duckrabbit.diffusion.grid import COURSE_LEVELS
from duckrabbit.errors import UsageError
from duckrabbit.models.model import SamplerConfig

COURSE = "course"
MAX_GUIDANCE = 1000.0


def sampler_of(sampling: Sampling, default: SamplerConfig) -> SamplerConfig | None:
    """The recipe's default with what was given in its place; None where nothing was, so that the default holds.

    A number of steps or a solver of one's own leaves the courses' grid for the uniform one, and a guidance scale of
    one's own acts at all times, as in the sources.

    Raises:
        UsageError: if the guidance scale or its interval is no number that can be computed with.
    """
    if not sampling.given:
        return None
    scale = default.guidance_scale if sampling.guidance_scale is None else sampling.guidance_scale
    own_mean = sampling.mean_guidance_scale
    mean = default.mean_guidance_scale if own_mean is None else own_mean
    for name, value in (("guidance-scale", scale), ("mean-guidance-scale", mean or 0.0)):
        if not math.isfinite(value) or abs(value) > MAX_GUIDANCE:
            raise UsageError(f"{name} {value:g} can't be used: give a number such as 5.")
    own = sampling.steps is not None or sampling.solver is not None
    grid = sampling.grid or ("uniform" if own and default.grid == COURSE else default.grid)
    course_steps = len(COURSE_LEVELS) if grid == COURSE else default.steps
    return replace(
        default,
        solver=sampling.solver or default.solver,
        steps=course_steps if sampling.steps is None else sampling.steps,
        grid=grid,
        guidance_scale=scale,
        guidance_interval=_interval(sampling, default),
        mean_guidance_scale=mean,
        judge_scale=default.judge_scale if sampling.judge_scale is None else sampling.judge_scale,
    )


def _interval(sampling: Sampling, default: SamplerConfig) -> tuple[float, float]:
    if sampling.guidance_interval is None:
        return default.guidance_interval if sampling.guidance_scale is None else (0.0, 1.0)
    low, high = sampling.guidance_interval
    if not 0 <= low < high <= 1:
        raise UsageError(f"guidance-interval {low:g} {high:g} is no span of time: give two rising numbers from 0 to 1.")
    return low, high
