"""Grids fall strictly and end at the clean level."""

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from duckrabbit.diffusion.grid import (
    FIXED_STEPS,
    GRIDS,
    Grid,
    GridMaker,
    course,
    karras,
    quadratic,
    starting_at,
    uniform,
)
from duckrabbit.diffusion.path import Cosine, LinearBeta, Path, time_of_level
from duckrabbit.errors import UsageError
from helpers import PATHS, brief, patient

FREE = {name: make for name, make in GRIDS.items() if name not in FIXED_STEPS}
"""The grids of any number of steps."""


def _check(grid: Grid) -> None:
    assert grid[-1] == 0.0
    assert 0 <= grid[0] <= 1
    assert all(t > s for t, s in itertools.pairwise(grid))


@pytest.mark.parametrize("make", FREE.values(), ids=FREE.keys())
@brief
@given(path=st.sampled_from(PATHS), steps=st.integers(1, 100))
def test_every_grid_falls_strictly_to_the_clean_level(make: GridMaker, path: Path, steps: int) -> None:
    grid = make(path, steps)
    assert len(grid) == steps + 1
    _check(grid)


@pytest.mark.parametrize("make", GRIDS.values(), ids=GRIDS.keys())
@pytest.mark.parametrize("steps", [0, -3, 10_001])
def test_impossible_numbers_of_steps_are_refused(make: GridMaker, steps: int) -> None:
    with pytest.raises(UsageError, match=rf"{steps} steps make no grid"):
        make(Cosine(), steps)


def test_the_grids_of_the_courses_have_their_own_number_of_steps_and_no_other() -> None:
    assert GRIDS["course"](Cosine(), 34) == course()
    assert GRIDS["course-loop"](Cosine(), 33) == course()[:-1]
    for name, steps in FIXED_STEPS.items():
        with pytest.raises(UsageError, match=f"{steps} steps, not 20"):
            GRIDS[name](Cosine(), 20)


def test_uniform_and_quadratic_are_what_they_say() -> None:
    assert uniform(Cosine(), 4) == (1.0, 0.75, 0.5, 0.25, 0.0)
    assert quadratic(Cosine(), 4) == (1.0, 0.5625, 0.25, 0.0625, 0.0)


@pytest.mark.parametrize("path", PATHS, ids=repr)
def test_karras_steps_equally_in_the_seventh_root_of_the_ratio(path: Path) -> None:
    ratios = [sigma / alpha for alpha, sigma in map(path.at, karras(path, 12)[:-1])]
    roots = [ratio ** (1 / 7) for ratio in ratios]
    gaps = [before - after for before, after in itertools.pairwise(roots)]
    assert gaps == pytest.approx([gaps[0]] * len(gaps), rel=1e-6)
    assert ratios[-1] == pytest.approx(0.01, rel=1e-6)
    assert ratios[0] <= 80 * (1 + 1e-9)


def test_karras_starts_where_the_path_allows() -> None:
    assert karras(LinearBeta(300), 10)[0] == 1.0  # σ/α is 4.5 at most there
    alpha, sigma = Cosine().at(karras(Cosine(), 10)[0])
    assert sigma / alpha == pytest.approx(80, rel=1e-6)


def test_the_courses_grid() -> None:
    grid = course()
    assert len(grid) == 35  # 34 steps
    assert grid == (*(round((level + 1) / 1000, 3) for level in range(990, -1, -30)), 0.0)
    _check(grid)


@patient
@given(st.integers(0, 34))
def test_a_start_indexes_the_courses_grid(start: int) -> None:
    assert course(start) == course()[start:]


@pytest.mark.parametrize("start", [-1, 35, 100])
def test_a_start_outside_the_courses_grid_is_refused(start: int) -> None:
    with pytest.raises(UsageError, match=rf"start {start} is out of range"):
        course(start)


def test_a_level_off_the_grid_goes_to_the_next_lower_one() -> None:
    assert starting_at(course(), time_of_level(250))[:3] == (0.251, 0.241, 0.211)
    assert starting_at(course(), time_of_level(240)) == course(25)
    assert starting_at(course(), time_of_level(0)) == (0.001, 0.0)
    assert starting_at(course(), time_of_level(999))[:2] == (1.0, 0.991)


@patient
@given(st.floats(0, 999))
@example(1e-20)  # so near to level 0 that both are the time 0.001: no step of no length
def test_every_level_gives_a_grid(level: float) -> None:
    grid = starting_at(course(), time_of_level(level))
    assert grid[0] == (level + 1) / 1000
    assert set(grid[1:]) <= set(course())
    _check(grid)


@pytest.mark.parametrize("level", [-1, 1000])
def test_a_level_out_of_range_is_refused(level: float) -> None:
    with pytest.raises(UsageError, match="out of range"):
        starting_at(course(), time_of_level(level))


@patient
@given(st.floats(0, 1), st.integers(1, 50))
def test_starting_at_a_time_keeps_the_grid_below_it(t: float, steps: int) -> None:
    grid = uniform(Cosine(), steps)
    started = starting_at(grid, t)
    _check(started)
    assert started[0] == t
    assert started[1:] == tuple(time for time in grid if time < t)
