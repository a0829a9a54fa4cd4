"""Time grids: the decreasing times at which a sampler calls the denoiser, ending at the clean level t = 0."""

import math
from collections.abc import Callable

from duckrabbit.diffusion.path import LEVELS, Path, time_of_level
from duckrabbit.errors import UsageError

Grid = tuple[float, ...]
GridMaker = Callable[[Path, int], Grid]
"""From a path and a number of steps to a grid of one time more."""

COURSE_STRIDE = 30
COURSE_LEVELS = tuple(range(990, -1, -COURSE_STRIDE))


def uniform(path: Path, steps: int) -> Grid:  # noqa: ARG001
    """Equal steps of t from 1 to 0."""
    _check_steps(steps)
    return tuple((steps - i) / steps for i in range(steps + 1))


def quadratic(path: Path, steps: int) -> Grid:  # noqa: ARG001
    """t = u² for equal steps of u: small steps near the clean picture (Song et al., 2021, arXiv:2010.02502)."""
    _check_steps(steps)
    return tuple(((steps - i) / steps) ** 2 for i in range(steps + 1))


def leading(path: Path, steps: int) -> Grid:  # noqa: ARG001
    """Every ⌊1000/steps⌋-th level from 0 up, then down to the clean level: the grid DeepFloyd IF is published with.

    It starts below the level of all but pure noise (20 steps: at 950), where α_t is next to nothing to divide by.
    """
    _check_steps(steps)
    if steps > LEVELS:
        raise UsageError(f"{steps} steps make no grid of {LEVELS} levels: give `steps` of at most {LEVELS}.")
    stride = LEVELS // steps
    return (*(time_of_level(stride * (steps - 1 - i)) for i in range(steps)), 0.0)


def karras(path: Path, steps: int, rho: float = 7.0, sigma_min: float = 0.01, sigma_max: float = 80.0) -> Grid:
    """Equal steps of (σ/α)^{1/ρ} within the path's own range, then the clean level.

    Karras et al., 2022 (arXiv:2206.00364).
    """
    _check_steps(steps)
    first = time_at_ratio(path, sigma_max)
    if steps == 1:
        return (first, 0.0)
    high, low = _ratio(path, first) ** (1 / rho), sigma_min ** (1 / rho)
    ratios = [(high + i / (steps - 1) * (low - high)) ** rho for i in range(steps)]
    return (first, *(time_at_ratio(path, ratio) for ratio in ratios[1:]), 0.0)


def course(start: int = 0) -> Grid:
    """The grid of the courses: levels 990, 960 … 0, then the clean level; 34 steps from index 0.

    Raises:
        UsageError: if `start` is not an index of that grid, 0 … 34 (34 is the clean level: no step).
    """
    if not 0 <= start <= len(COURSE_LEVELS):
        raise UsageError(
            f"start {start} is out of range: the grid has indices 0 (noise) to {len(COURSE_LEVELS)} (clean)."
        )
    return (*(time_of_level(level) for level in COURSE_LEVELS[start:]), 0.0)


def starting_at(grid: Grid, t: float) -> Grid:
    """The part of a grid from the time t on: t itself, then the grid's times below it."""
    return (t, *(time for time in grid if time < t)) if t > 0 else (0.0,)


FIXED: dict[str, Grid] = {"course": course(), "course-loop": course()[:-1]}
"""The grids that have one number of steps.

course: the whole grid of the courses. course-loop: their loop as it is printed, without an evaluation at level 0; what
is left there, under σ of about 0.01, is the picture.
"""

FIXED_STEPS = {name: len(grid) - 1 for name, grid in FIXED.items()}


def _fixed(name: str) -> GridMaker:
    """From any path and the grid's own number of steps to the grid; UsageError for any other number."""

    def make(path: Path, steps: int) -> Grid:  # noqa: ARG001
        _check_steps(steps)
        own = FIXED_STEPS[name]
        if steps != own:
            raise UsageError(
                f"The grid {name} has {own} steps, not {steps}: leave `steps` out, or give `grid` uniform."
            )
        return FIXED[name]

    return make


GRIDS: dict[str, GridMaker] = {
    "uniform": uniform,
    "quadratic": quadratic,
    "leading": leading,
    "karras": karras,
    **{name: _fixed(name) for name in FIXED},
}


def _check_steps(steps: int) -> None:
    if not 1 <= steps <= 10_000:
        raise UsageError(f"{steps} steps make no grid: give a number of steps from 1 to 10000.")


def _ratio(path: Path, t: float) -> float:
    alpha, sigma = path.at(t)
    return sigma / alpha if alpha > 0 else math.inf


def time_at_ratio(path: Path, ratio: float) -> float:
    """The time whose σ/α is the given one, by bisection; 1 where the path never gets there."""
    low, high = 0.0, 1.0
    if _ratio(path, high) <= ratio:
        return high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _ratio(path, middle) < ratio else (low, middle)
    return (low + high) / 2
