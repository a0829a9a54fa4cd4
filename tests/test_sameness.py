"""A sample is a function of its recipe and its seed: alone, among others, on any number of threads, in any process."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

import duckrabbit as dr
from duckrabbit.diffusion.sampling import State
from duckrabbit.making.make import Picture, make_all
from duckrabbit.media.pixels import to_uint8
from duckrabbit.models.model import Model

SEED = 40
LARGEST = 33
EIGHT_BITS = {torch.float32: 0, torch.bfloat16: 3}
"""How many grey levels a pixel may be off, in each precision of the network."""

QUICK = dr.SamplerConfig("ddpm", 4, guidance_scale=3.0)
"""Stochastic and guided: noise of every step and both branches must be the same, too."""

RECIPES: dict[str, dr.Generate | dr.Anagram] = {
    "generate": dr.Generate("7", sampler=QUICK),
    "anagram": dr.Anagram(("6", "9"), ("rotate-180",), sampler=QUICK),
}
CASES = [(kind, dtype) for kind in RECIPES for dtype in EIGHT_BITS]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@cache
def model_in(dtype: torch.dtype) -> Model:
    return dr.load_model("mnist-ddpm-class", "cpu", dtype)


@cache
def together(kind: str, dtype: torch.dtype) -> tuple[Picture, ...]:
    """The largest batch, on one thread."""
    return tuple(dr.make(RECIPES[kind], model_in(dtype), LARGEST, SEED))


def levels(picture: Picture) -> NDArray[np.int16]:
    return to_uint8(picture.pixels).astype(np.int16)


def off(a: Picture, b: Picture) -> int:
    """The largest difference between two pictures, in grey levels."""
    assert a.seed == b.seed
    return int(np.abs(levels(a) - levels(b)).max())


@pytest.mark.parametrize(("kind", "dtype"), CASES)
@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_any_batch_makes_the_same_pictures(kind: str, dtype: torch.dtype, count: int) -> None:
    made = dr.make(RECIPES[kind], model_in(dtype), count, SEED)
    assert [picture.seed for picture in made] == list(range(SEED, SEED + count))
    for picture, reference in zip(made, together(kind, dtype)[:count], strict=True):
        assert off(picture, reference) <= EIGHT_BITS[dtype]


@pytest.mark.parametrize(("kind", "dtype"), CASES)
def test_the_last_of_a_batch_is_what_its_seed_makes_alone(kind: str, dtype: torch.dtype) -> None:
    [alone] = dr.make(RECIPES[kind], model_in(dtype), 1, SEED + LARGEST - 1)
    assert off(alone, together(kind, dtype)[-1]) <= EIGHT_BITS[dtype]


@pytest.mark.parametrize("kind", RECIPES)
def test_every_seed_makes_a_picture_of_its_own(kind: str) -> None:
    made = together(kind, torch.float32)
    assert [picture.seed for picture in made] == list(range(SEED, SEED + LARGEST))
    assert len({levels(picture).tobytes() for picture in made}) == LARGEST


@pytest.mark.parametrize(("kind", "dtype"), CASES)
def test_any_number_of_threads_makes_the_same_pictures(kind: str, dtype: torch.dtype) -> None:
    # Two threads on one free core wait for each other most of the time: two steps are enough.
    recipe = replace(RECIPES[kind], sampler=replace(QUICK, steps=2))
    [on_one] = dr.make(recipe, model_in(dtype), 1, SEED)
    torch.set_num_threads(2)
    for picture in dr.make(recipe, model_in(dtype), 2, SEED)[:1]:
        assert off(picture, on_one) <= EIGHT_BITS[dtype]


@pytest.mark.parametrize("dtype", EIGHT_BITS)
def test_other_recipes_in_the_batch_change_nothing(dtype: torch.dtype) -> None:
    other = dr.Generate("3", sampler=QUICK)
    recipes = [other, RECIPES["generate"], other, RECIPES["anagram"], RECIPES["generate"]]
    made = make_all(recipes, model_in(dtype), (7, SEED, SEED, SEED + 1, SEED + 2))
    for place, kind, row in ((1, "generate", 0), (3, "anagram", 1), (4, "generate", 2)):
        assert off(made[place], together(kind, dtype)[row]) <= EIGHT_BITS[dtype]


@pytest.mark.parametrize("batch_size", [1, 2, 4, 5])
def test_how_many_are_sampled_at_once_changes_nothing(batch_size: int) -> None:
    recipe = RECIPES["generate"]
    made = make_all([recipe] * 5, model_in(torch.float32), range(SEED, SEED + 5), batch_size=batch_size)
    for picture, reference in zip(made, together("generate", torch.float32)[:5], strict=True):
        assert off(picture, reference) == 0


@pytest.mark.parametrize("kind", RECIPES)
def test_the_noise_is_the_same_bit_by_bit(kind: str) -> None:
    """The pictures before the first step are nothing but noise."""

    def start(count: int, seed: int) -> torch.Tensor:
        states: list[State] = []
        recipe = replace(RECIPES[kind], sampler=replace(QUICK, steps=1))
        dr.make(recipe, model_in(torch.float32), count, seed, states.append)
        return states[0].x_t

    batch = start(5, SEED)
    for k in range(5):
        assert torch.equal(start(1, SEED + k)[0], batch[k])
    torch.set_num_threads(2)
    assert torch.equal(start(5, SEED), batch)


@pytest.mark.parametrize(
    ("kind", "words"),
    [("generate", ["generate", "7"]), ("anagram", ["anagram", "6", "9", "--view", "rotate-180"])],
)
def test_another_process_makes_the_same_pictures(kind: str, words: list[str], tmp_path: Path) -> None:
    sampler = ["--solver", "ddpm", "--steps", "4", "--guidance-scale", "3"]
    command = [sys.executable, "-m", "duckrabbit", *words, *sampler, "--precision", "float32", "--device", "cpu"]
    ended = subprocess.run(
        [*command, "--count", "3", "--seed", str(SEED + 1), "--threads", "1"],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    paths = [tmp_path / line for line in ended.stdout.splitlines()]
    assert len(paths) == 3
    for path, reference in zip(paths, together(kind, torch.float32)[1:4], strict=True):
        with Image.open(path) as image:
            assert np.array_equal(np.asarray(image), to_uint8(reference.pixels))


def test_precisions_differ_but_not_in_what_is_seen() -> None:
    """The two precisions are really two, or the tests above would compare one with itself."""
    exact, reduced = together("generate", torch.float32), together("generate", torch.bfloat16)
    gaps = [off(a, b) for a, b in zip(exact, reduced, strict=True)]
    assert max(gaps) > 0
    differences = [np.abs(levels(a) - levels(b)).mean() for a, b in zip(exact, reduced, strict=True)]
    assert np.mean(differences) < 3


def test_a_pulled_illusion_of_pocket_is_the_same_alone_and_in_company() -> None:
    torch.set_num_threads(2)
    model = dr.load_model("pocket", "cpu", torch.bfloat16)
    sampler = replace(model.illusion_sampler, steps=2)
    recipe = dr.Anagram(("a drawing of a rabbit", "a drawing of a duck"), ("rotate-90",), sampler=sampler)
    company = dr.make(recipe, model, 5, SEED)
    (alone,) = dr.make(recipe, model, 1, SEED + 4)
    assert off(alone, company[4]) == 0
