"""Recipes: what each promises of its pictures, and that a picture's record is enough to make it again."""

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

import duckrabbit as dr
from command_line import Command
from duckrabbit.datasets.mnist import mnist, pictures_to_float
from duckrabbit.diffusion.denoiser import Prediction
from duckrabbit.diffusion.grid import COURSE_LEVELS
from duckrabbit.diffusion.path import Path as ProbabilityPath
from duckrabbit.diffusion.path import Transition, time_of_level
from duckrabbit.diffusion.sampling import State
from duckrabbit.diffusion.steps import SOLVERS, VARIANCES
from duckrabbit.errors import UsageError
from duckrabbit.illusions.views import parse_view
from duckrabbit.judges.judge import load_judge
from duckrabbit.making.make import make_all, make_planned
from duckrabbit.making.plan import Planned
from duckrabbit.making.record import RECIPES as RECIPES_BY_VERB
from duckrabbit.making.record import recipe_of, record
from duckrabbit.making.sampling import Sampling
from duckrabbit.media.pixels import to_uint8
from duckrabbit.media.png import read_metadata
from duckrabbit.models.load import load_model
from duckrabbit.models.model import Model
from duckrabbit.recipes.denoise import Method
from duckrabbit.recipes.hybrid import DECOMPOSITIONS, Part
from duckrabbit.recipes.noise import Level
from duckrabbit.recipes.recipe import Recipe
from helpers import Recorder, brief, outcome, patient

METHODS: tuple[Method, Method] = ("blur", "one-step")
DDPM6 = dr.SamplerConfig("ddpm", 6, guidance_scale=3.0)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@cache
def digit_model(name: str = "mnist-ddpm-class") -> Model:
    return dr.load_model(name, "cpu", torch.float32)


def test_digit(index: int) -> Tensor:
    return pictures_to_float(mnist("test").pictures[index : index + 1])[0]


test_digit.__test__ = False  # type: ignore[attr-defined]


def source(index: int = 7) -> dr.Source:
    return dr.Source.of(f"mnist:test/{index}", test_digit(index))


def lower_half() -> dr.Source:
    mask = torch.zeros(28, 28)
    mask[14:, 3:] = 1
    return dr.Source.of_mask("lower half", mask)


def made(recipe: Recipe, count: int = 1, seed: int = 0, model: Model | None = None) -> Tensor:
    """The pixels of `count` pictures, [count, 1, 28, 28]."""
    return torch.stack([picture.pixels for picture in dr.make(recipe, model or digit_model(), count, seed)])


def grey_levels(x: Tensor) -> NDArray[np.uint8]:
    return np.stack([to_uint8(picture) for picture in x])


# --- Forward process -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mnist-ddpm-class", "mnist-ddpm-class-course", "mnist-flow-class"])
@pytest.mark.parametrize("level", [0, 250, 750, 999])
def test_noised_pictures_have_the_levels_mean_and_spread(name: str, level: int) -> None:
    model, x0, count = digit_model(name), test_digit(7), 200
    alpha, sigma = model.denoiser.path.at(time_of_level(level))
    x_t = made(dr.Forward(source(7), Level(level=level)), count, model=model)
    noise = (x_t - alpha * x0) / sigma
    assert noise.mean(dim=0).abs().max() < 5 / count**0.5
    assert noise.mean().abs() < 5 / noise.numel() ** 0.5
    assert (noise.std() - 1).abs() < 0.01
    # Between pixels the noise is uncorrelated.
    assert (noise[..., 1:] * noise[..., :-1]).mean().abs() < 5 / noise.numel() ** 0.5


@pytest.mark.parametrize("sigma", [0.2, 0.5, 1.0])
def test_a_sigma_is_the_sources_on_any_path(sigma: float) -> None:
    """z = x + σε for pictures in [0, 1]."""
    z = (made(dr.Forward(source(7), Level(sigma=sigma)), 100) + 1) / 2
    noise = z - (test_digit(7) + 1) / 2
    assert abs(noise.std().item() - sigma) < 0.01 * sigma
    assert abs(noise.mean().item()) < 0.02 * sigma


def test_no_noise_changes_nothing() -> None:
    assert np.array_equal(grey_levels(made(dr.Forward(source(7), Level(sigma=0.0)), 3)), _thrice(test_digit(7)))


def _thrice(x: Tensor) -> NDArray[np.uint8]:
    return grey_levels(x.expand(3, -1, -1, -1))


@pytest.mark.parametrize("level", [Level(), Level(250, 0.5), Level(-1), Level(1000), Level(sigma=-1.0)])
def test_levels_that_are_none_are_refused(level: Level) -> None:
    with pytest.raises(UsageError):
        made(dr.Forward(source(7), level))


# --- Denoise ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [100, 250])
def test_one_step_is_closer_to_the_clean_digit_than_a_blur(level: int) -> None:
    errors = {}
    for method in METHODS:
        recipes: list[Recipe] = [dr.Denoise(source(i), Level(level=level), method) for i in range(16)]
        pictures = make_all(recipes, digit_model(), range(16))
        errors[method] = torch.stack([p.pixels - test_digit(i) for i, p in enumerate(pictures)]).square().mean().item()
    assert errors["one-step"] < 0.5 * errors["blur"]


def test_any_way_of_denoising_beats_none() -> None:
    noisy = made(dr.Forward(source(7), Level(level=250)), 8)
    worst = (noisy - test_digit(7)).square().mean()
    methods: tuple[Method, ...] = ("blur", "one-step", "iterative")
    for method in methods:
        denoised = made(dr.Denoise(source(7), Level(level=250), method, sampler=DDPM6), 8)
        assert (denoised - test_digit(7)).square().mean() < 0.6 * worst


def test_one_step_evaluates_once_and_blur_never() -> None:
    for method, calls in zip(METHODS, (0, 1), strict=True):
        listening = Recorder(digit_model().denoiser)
        made(dr.Denoise(source(7), Level(level=500), method), model=_with(listening))
        assert len(listening.calls) == calls


def _with(denoiser: Recorder) -> Model:
    return dataclasses.replace(digit_model(), denoiser=denoiser)


def test_a_denoiser_that_is_not_told_the_level_denoises_but_does_not_sample() -> None:
    blind = digit_model("mnist-denoiser")
    denoised = made(dr.Denoise(source(7), Level(sigma=0.5), "one-step"), 4, model=blind)
    assert (denoised - test_digit(7)).square().mean() < 0.1
    for recipe in (
        dr.Generate(),
        dr.Edit(source(7), start=3),
        dr.Inpaint(source(7), lower_half()),
        dr.Denoise(source(7), Level(sigma=0.5), "iterative"),
        dr.Anagram(("", ""), ("flip",)),
        dr.Hybrid({"far": Part(), "near": Part()}),
    ):
        with pytest.raises(UsageError, match="not told the noise level"):
            made(recipe, model=blind)


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(UsageError, match="the methods are blur, one-step and iterative"):
        made(dr.Denoise(source(7), Level(level=250), "hope"))  # type: ignore[arg-type]


# --- Edit ------------------------------------------------------------------------------------------------------------


def test_an_edit_from_the_clean_level_takes_no_step_and_changes_nothing() -> None:
    states: list[State] = []
    listening = Recorder(digit_model().denoiser)
    recipe = dr.Edit(source(7), "3", start=len(COURSE_LEVELS))
    pictures = dr.make(recipe, _with(listening), 3, watch=states.append)
    assert states == []
    assert listening.calls == []
    for picture in pictures:
        assert torch.equal(picture.pixels, source(7).pixels(digit_model()))
    assert np.array_equal(grey_levels(torch.stack([p.pixels for p in pictures])), _thrice(test_digit(7)))


@pytest.mark.parametrize("name", ["mnist-ddpm-class", "mnist-flow-class"])
def test_the_more_noise_an_edit_starts_from_the_further_it_goes(name: str) -> None:
    distances = []
    for level in (1, 200, 400, 600, 800, 999):
        edited = made(dr.Edit(source(7), "3", start_level=level, sampler=DDPM6), 16, model=digit_model(name))
        distances.append((edited - test_digit(7)).square().mean().item())
    assert distances == sorted(distances)
    assert distances[0] < 0.01
    assert distances[-1] > 0.3


@pytest.mark.parametrize("start", [1, 20, 33])
def test_an_edit_walks_the_rest_of_the_courses_grid(start: int) -> None:
    states: list[State] = []
    dr.make(dr.Edit(source(7), "3", start=start), digit_model(), watch=states.append)
    assert [round(1000 * state.t) - 1 for state in states] == list(COURSE_LEVELS[start:])
    assert states[-1].s == 0


@pytest.mark.parametrize("start", [{}, {"start": 3, "start_level": 500}, {"start": 35}, {"start": -1}])
def test_an_edit_must_say_where_it_starts(start: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        made(dr.Edit(source(7), "3", **start))  # type: ignore[arg-type]


# --- Inpaint ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("resamplings", [1, 3])
def test_inpainting_keeps_known_pixels_to_the_last_bit_and_paints_the_others(solver: str, resamplings: int) -> None:
    sampler = dr.SamplerConfig(solver, 4, guidance_scale=3.0)
    painted = grey_levels(made(dr.Inpaint(source(7), lower_half(), "3", resamplings, sampler=sampler), 3))
    [original], known = grey_levels(test_digit(7)[None]), (lower_half().mask(digit_model()) == 0).numpy()
    assert (painted[:, known] == original[known]).all()
    assert (painted[:, ~known] != original[~known]).any(axis=1).all()
    assert len({picture.tobytes() for picture in painted}) == 3


def test_recipes_that_share_no_batch_are_made_as_if_alone() -> None:
    few = dr.SamplerConfig("ddim", 2, guidance_scale=3.0)
    recipes = [
        dr.Inpaint(source(7), lower_half(), "3", sampler=few),
        dr.Inpaint(source(4), lower_half(), "3", sampler=few),
        dr.Generate("3", sampler=few),
        dr.Inpaint(source(7), lower_half(), "8", sampler=few),
        dr.Generate("3", sampler=replace(few, steps=3)),
        dr.Denoise(source(7), Level(500), "blur"),
        dr.Inpaint(source(7), lower_half(), "8", 3, sampler=few),
    ]
    together = make_all(recipes, digit_model(), range(len(recipes)))
    assert [picture.recipe for picture in together] == recipes
    for seed, (recipe, picture) in enumerate(zip(recipes, together, strict=True)):
        assert torch.equal(picture.pixels, made(recipe, seed=seed)[0]), recipe.verb


def test_those_that_agree_are_made_in_one_batch() -> None:
    asked = Recorder(digit_model().denoiser)
    few = dr.SamplerConfig("ddim", 2, guidance_scale=1.0)
    recipes = [dr.Inpaint(source(7), lower_half(), prompt, sampler=few) for prompt in "38"]
    make_all(recipes, replace(digit_model(), denoiser=asked), [0, 0])
    assert asked.rows == [2, 2]


def test_inpainting_paints_what_fits_the_prompt() -> None:
    """Under a mask of everything it generates."""
    everywhere = dr.Source.of_mask("everywhere", torch.ones(28, 28))
    painted = made(dr.Inpaint(source(7), everywhere, "3", sampler=DDPM6), 16)
    assert (load_judge("digits", "reporting").read(painted) == 3).double().mean() >= 0.9
    assert torch.equal(painted, made(dr.Generate("3", sampler=DDPM6), 16))


@pytest.mark.parametrize("often", [1, 2])
def test_a_model_says_how_often_each_step_is_made_unless_it_is_asked_for(often: int) -> None:
    model = replace(digit_model(), inpaint_resamplings=often)
    for said, resamplings in ((None, often), (3, 3)):
        asked = Recorder(model.denoiser)
        made(dr.Inpaint(source(7), lower_half(), "3", said), model=replace(model, denoiser=asked))
        # The last step, into the clean level, is never made again.
        assert len(asked.calls) == resamplings * (len(COURSE_LEVELS) - 1) + 1


def test_pocket_makes_each_step_twice_but_for_its_second_stage_and_in_the_courses_way(duckrabbit: Command) -> None:
    model = load_model("pocket", "cpu")
    assert model.inpaint_resamplings == 2
    assert model.at(256).inpaint_resamplings == 1
    painted = ["inpaint", "photo:tower", "--mask-box", "20,20,40,40", "a castle", "--model", "pocket"]
    [path] = duckrabbit(*painted, "--like-the-course", "--steps", "2").paths
    assert read_metadata(path)["recipe"]["resamplings"] == 1
    [path] = duckrabbit(*painted, "--steps", "2").paths
    assert read_metadata(path)["recipe"]["resamplings"] is None
    assert duckrabbit("rerun", str(path), "--out", "again").code == 0


@pytest.mark.parametrize("resamplings", [0, -1, 101])
def test_impossible_resamplings_are_refused(resamplings: int) -> None:
    with pytest.raises(UsageError, match="resamplings"):
        made(dr.Inpaint(source(7), lower_half(), "3", resamplings))


# --- Illusions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", SOLVERS)
def test_an_anagram_of_one_prompt_in_identity_views_is_that_prompt(solver: str) -> None:
    sampler = dr.SamplerConfig(solver, 5, guidance_scale=4.0)
    anagram = made(dr.Anagram(("7", "7", "7"), ("identity", "identity"), sampler=sampler), 3)
    torch.testing.assert_close(anagram, made(dr.Generate("7", sampler=sampler), 3), rtol=0, atol=1e-4)


@pytest.mark.parametrize("names", [names for names in DECOMPOSITIONS if "colour" not in names], ids="-".join)
def test_a_hybrid_of_one_prompt_is_that_prompt(names: tuple[str, ...]) -> None:
    """The bands of every decomposition add up to the picture."""
    sampler = dr.SamplerConfig("ddim", 5, guidance_scale=4.0)
    hybrid = made(dr.Hybrid({name: Part("7") for name in names}, sampler=sampler), 3)
    torch.testing.assert_close(hybrid, made(dr.Generate("7", sampler=sampler), 3), rtol=0, atol=1e-3)


def test_compositions_of_different_prompts_are_something_else() -> None:
    sampler = dr.SamplerConfig("ddim", 5, guidance_scale=4.0)
    plain = made(dr.Generate("7", sampler=sampler), 3)
    for recipe in (
        dr.Anagram(("7", "1"), ("identity",), sampler=sampler),
        dr.Anagram(("7", "7"), ("flip",), sampler=sampler),
        dr.Hybrid({"far": Part("7"), "near": Part("1")}, sampler=sampler),
    ):
        assert (made(recipe, 3) - plain).abs().amax(dim=(1, 2, 3)).min() > 0.1


@pytest.mark.parametrize(
    ("recipe", "evaluations"),
    [
        (dr.Generate("7", sampler=dr.SamplerConfig("ddim", 3)), 1),
        (dr.Generate("7", sampler=DDPM6), 2),
        (dr.Anagram(("6", "9"), ("rotate-180",), sampler=DDPM6), 4),
        (dr.Hybrid({"far": Part("3"), "near": Part("8")}, sampler=DDPM6), 3),
    ],
)
def test_each_recipe_costs_as_many_evaluations_as_it_has_views_and_prompts(recipe: Recipe, evaluations: int) -> None:
    listening = Recorder(digit_model().denoiser)
    made(recipe, 2, model=_with(listening))
    assert recipe.sampler is not None
    assert listening.rows == [2 * evaluations] * recipe.sampler.steps


@pytest.mark.parametrize("variance", VARIANCES)
def test_the_variance_of_a_ddpm_step_is_the_one_that_was_asked_for(variance: str) -> None:
    """A digit model predicts none, so what was learned is β̃."""
    planned = Sampling(solver="ddpm", steps=8, variance=variance).plan(dr.Generate("3"), digit_model())
    path = digit_model().denoiser.path
    c = Transition(0.5, 0.375, *path.at(0.5), *path.at(0.375))
    zero = torch.zeros(1, 1, 2, 2)
    step = planned.stages[0].plan.step
    drawn = step(Settled(path, zero), zero, c, lambda: torch.ones_like(zero), None).x
    expected = c.beta if variance == "beta" else c.beta_tilde
    assert drawn.flatten()[0].item() == pytest.approx(expected**0.5)


@dataclasses.dataclass(frozen=True)
class Settled:
    """A denoiser that always answers the same."""

    path: ProbabilityPath
    answer: Tensor

    def __call__(self, x: Tensor, t: float) -> Prediction:
        return Prediction(self.answer)


@pytest.mark.parametrize("solver", ["ddim", "heun", "dpmpp_2m"])
def test_only_ddpm_has_a_variance(solver: str) -> None:
    with pytest.raises(UsageError, match="`variance` is for the `solver` ddpm"):
        Sampling(solver=solver, variance="beta").plan(dr.Generate("3"), digit_model())


def test_without_thresholding_strong_guidance_leaves_the_range_and_with_clipping_no_estimate_does() -> None:
    largest = {}
    for threshold in ("none", "clip"):
        planned = Sampling(steps=4, guidance_scale=7.0, threshold=threshold).plan(dr.Generate("3"), digit_model())
        estimates: list[float] = []
        make_planned([planned], [0], lambda state, seen=estimates: seen.append(state.x0.abs().max().item()))
        largest[threshold] = max(estimates)
    assert largest["clip"] <= 1
    assert largest["none"] > 1.05


@pytest.mark.parametrize("recipe", [dr.Generate("3"), dr.Anagram(("6", "9"), ("rotate-180",))])
def test_like_the_course_is_the_courses_loop_whatever_the_recipe(recipe: Recipe) -> None:
    planned = Sampling(like_the_course=True).plan(recipe, digit_model())
    assert planned.sampler == dr.SamplerConfig("ddpm", 33, "course-loop", 7.0, threshold="none")
    assert planned.stages[0].plan.grid == tuple(time_of_level(level) for level in COURSE_LEVELS)
    own = Sampling(like_the_course=True, guidance_scale=1.0).plan(recipe, digit_model())
    assert own.sampler.guidance_scale == 1


def test_what_is_not_guided_is_not_guided_like_the_course_either() -> None:
    planned = Sampling(like_the_course=True).plan(dr.Denoise(source(), Level(level=690)), digit_model())
    assert planned.sampler.guidance_scale == 1


def test_six_and_nine_are_read_both_ways() -> None:
    """32 unselected samples of the shipped model under a judge that selected nothing."""
    pixels = made(dr.Anagram(("6", "9"), ("rotate-180",)), 32)
    judge = load_judge("digits", "reporting")
    upright, turned = judge.read(pixels), judge.read(parse_view("rotate-180")(pixels))
    assert ((upright == 6) & (turned == 9)).double().mean() >= 0.9


def test_every_digit_is_generated() -> None:
    recipes: list[Recipe] = [dr.Generate(str(i % 10)) for i in range(30)]
    pictures = make_all(recipes, digit_model(), range(30))
    read = load_judge("digits", "reporting").read(torch.stack([picture.pixels for picture in pictures]))
    assert (read == torch.arange(30) % 10).double().mean() >= 0.9


def test_a_hybrid_keeps_the_far_part_of_a_picture() -> None:
    """Blurred, it is the blurred picture; not exactly, because blurring twice is not blurring once."""
    recipe = dr.Hybrid({"far": Part(picture=source(7)), "near": Part("8")}, sampler=DDPM6)
    low = DECOMPOSITIONS["far", "near"](recipe.sigma)[0]

    def far_from_the_picture(x: Tensor) -> float:
        return low(x - test_digit(7)).square().mean().item()

    hybrid = made(recipe, 8)
    assert far_from_the_picture(hybrid) < 0.05 * far_from_the_picture(made(dr.Generate("8", sampler=DDPM6), 8))
    assert (hybrid - test_digit(7)).abs().amax(dim=(1, 2, 3)).min() > 0.1


@pytest.mark.parametrize(
    "recipe",
    [
        dr.Anagram(("6",), ()),
        dr.Anagram(("6", "9"), ()),
        dr.Anagram(("6", "9"), ("flip", "flip", "flip")),
        dr.Anagram(("6", "9"), ("sideways",)),
        dr.Anagram(("6", "duck"), ("flip",)),
        dr.Hybrid({}),
        dr.Hybrid({"far": Part("3")}),
        dr.Hybrid({"far": Part("3"), "colour": Part("8")}),
        dr.Hybrid({"grey": Part("3"), "colour": Part("8")}),
        dr.Hybrid({"far": Part(picture=source()), "near": Part(picture=source())}),
        dr.Hybrid({"far": Part("3"), "near": Part("8")}, sigma=0.0),
        dr.Generate("duck"),
        dr.Generate("7", negative_prompt="duck"),
        dr.Generate("7", sampler=dr.SamplerConfig("rk4")),
        dr.Generate("7", sampler=dr.SamplerConfig(grid="rough")),
        dr.Generate("7", sampler=dr.SamplerConfig(steps=0)),
        dr.Edit(dr.Source.of("a large picture", torch.zeros(1, 64, 64)), start=3),
        dr.Edit(dr.Source.of("a coloured picture", torch.zeros(3, 28, 28)), start=3),
        dr.Inpaint(source(), dr.Source.of_mask("a small mask", torch.ones(8, 8))),
    ],
    ids=repr,
)
def test_recipes_that_cannot_be_made_are_refused_in_a_sentence(recipe: Recipe) -> None:
    with pytest.raises(UsageError) as refusal:
        made(recipe)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("count", [0, -1, 100_001])
def test_impossible_counts_are_refused(count: int) -> None:
    with pytest.raises(UsageError, match="from 1 to 100000"):
        dr.make(dr.Generate("7"), digit_model(), count)


# --- Records ---------------------------------------------------------------------------------------------------------

RECIPES: dict[str, Recipe] = {
    "generate": dr.Generate("7", "3", dr.SamplerConfig("heun", 3, "karras", 2.5, (0.1, 0.9))),
    "generate as the model does": dr.Generate("7"),
    "anagram": dr.Anagram(("6", "9", "1"), ("rotate-180", "flip+negate"), "8", DDPM6),
    "hybrid": dr.Hybrid({"near": Part("3"), "far": Part("8")}, 3.0, "1", DDPM6),
    "inverse hybrid": dr.Hybrid({"far": Part(picture=source(3)), "near": Part("8")}, sampler=DDPM6),
    "edit by index": dr.Edit(source(1), "3", start=30),
    "edit by level": dr.Edit(source(2), start_level=412.5, negative_prompt="1", sampler=DDPM6),
    "inpaint": dr.Inpaint(source(4), lower_half(), "3", 2, "1", DDPM6),
    "noise": dr.Forward(source(5), Level(level=250)),
    "added noise": dr.Forward(source(6), Level(sigma=0.5)),
    "blur": dr.Denoise(source(8), Level(sigma=0.5), "blur", blur_sigma=2.0),
    "denoise": dr.Denoise(source(9), Level(level=250), "iterative", "9", sampler=DDPM6),
}


def remembered(recipe: Recipe) -> dict[str, Any]:
    """The record of a recipe, through JSON and back."""
    read: dict[str, Any] = json.loads(json.dumps(record(Planned(recipe, digit_model(), None, None, ()), 3, 1, 0)))
    return read


@pytest.mark.parametrize("kind", RECIPES)
def test_a_record_gives_the_recipe_back(kind: str) -> None:
    recipe = RECIPES[kind]
    again = recipe_of(remembered(recipe))
    if not isinstance(recipe, dr.Forward):  # Noising has no sampler.
        assert again.sampler == (recipe.sampler or recipe.default_sampler(digit_model()))
    recipe = recipe.remembered(digit_model())
    assert again == dataclasses.replace(recipe, sampler=again.sampler)  # type: ignore[type-var]
    assert type(again) is type(recipe)
    assert again.prompts == recipe.prompts
    assert recipe_of(remembered(again)) == again


@pytest.mark.parametrize("kind", RECIPES)
def test_the_recipe_of_a_record_makes_the_same_picture(kind: str) -> None:
    assert torch.equal(made(recipe_of(remembered(RECIPES[kind])), seed=3), made(RECIPES[kind], seed=3))


def test_a_record_names_its_circumstances() -> None:
    [_, picture] = dr.make(RECIPES["generate"], digit_model(), 2, 5)
    data = picture.record
    assert (data["seed"], data["batch"]) == (6, {"size": 2, "row": 1})
    assert data["model"] == {"name": "mnist-ddpm-class", "sha256": digit_model().checksum}
    assert data["circumstances"]["dtype"] == "float32"
    assert data["circumstances"]["threads"] == 1
    assert data["circumstances"]["torch"] == torch.__version__


samplers = st.builds(
    dr.SamplerConfig,
    st.sampled_from(sorted(SOLVERS)),
    st.integers(1, 10_000),
    st.sampled_from(["uniform", "karras"]),
    st.floats(-100, 100),
    st.tuples(st.floats(0, 1), st.floats(0, 1)),
)


@patient
@given(prompts=st.lists(st.text(), min_size=1), views=st.lists(st.text()), negative=st.text(), sampler=samplers)
def test_words_and_numbers_come_back_exactly(
    prompts: list[str], views: list[str], negative: str, sampler: dr.SamplerConfig
) -> None:
    for recipe in (
        dr.Anagram(tuple(prompts), tuple(views), negative, sampler),
        dr.Generate(prompts[0], negative, sampler),
        dr.Hybrid({name: Part(name) for name in prompts}, abs(sampler.guidance_scale), negative, sampler),
    ):
        assert recipe_of(remembered(recipe)) == recipe


@brief
@given(data=st.binary(min_size=12, max_size=12), channels=st.sampled_from([1, 3]), name=st.text())
def test_pictures_come_back_exactly(data: bytes, channels: int, name: str) -> None:
    levels = torch.tensor(list(data[: 4 * channels]), dtype=torch.float32)
    pixels = (levels / 127.5 - 1).view(channels, 2, 2)
    again = recipe_of(remembered(dr.Edit(dr.Source.of(name, pixels), "3", start=1, sampler=DDPM6)))
    assert isinstance(again, dr.Edit)
    assert again.picture.name == name
    small = dataclasses.replace(digit_model(), channels=channels, size=2)
    assert np.array_equal(to_uint8(again.picture.pixels(small)), to_uint8(pixels))


# --- Damaged records -------------------------------------------------------------------------------------------------


def _damaged(kind: str, **changes: object) -> dict[str, Any]:
    data = remembered(RECIPES[kind])
    return {**data, "recipe": {**data["recipe"], **changes}}


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"format": 1},
        {"format": 1, "verb": "generate"},
        {"format": 1, "verb": "paint", "recipe": {}},
        {"format": 1, "verb": [], "recipe": {}},
        {"format": 1, "verb": None, "recipe": {}},
        {"format": 2, "verb": "generate", "recipe": {}},
        {"format": None, "verb": "generate", "recipe": {}},
        {"format": 1, "verb": "generate", "recipe": []},
        {"format": 1, "verb": "generate", "recipe": "generate"},
        {"format": 1, "verb": "anagram", "recipe": {}},
        {"format": 1, "verb": "anagram", "recipe": {"prompts": ["6", "9"]}},
        _damaged("generate", colour="red"),
        _damaged("generate", sampler={"pace": 3}),
        _damaged("generate", sampler=[3]),
        _damaged("generate", sampler="ddpm"),
        _damaged("noise", level=250),
        _damaged("noise", level={"height": 3}),
        _damaged("hybrid", parts=["3", "8"]),
        _damaged("hybrid", parts={"far": "3"}),
        _damaged("hybrid", parts={"far": {"word": "3"}}),
        _damaged("inverse hybrid", parts={"far": {"picture": {}}}),
        _damaged("inpaint", mask="white"),
        _damaged("inpaint", mask={"name": "mask", "png": "not base 64"}),
        _damaged("inpaint", picture={"name": "picture", "png": 7}),
        _damaged("inpaint", picture={"name": "picture"}),
        _damaged("inpaint", picture={"name": "picture", "png": ""}),
        _damaged("inpaint", picture={"name": "picture", "png": "iVBORw0KGgo="}),
        _damaged("inpaint", picture={"name": "picture", "png": "é"}),
    ],
    ids=lambda data: f"{data.get('verb')}",
)
def test_damaged_records_are_refused_in_a_sentence(data: Mapping[str, Any]) -> None:
    with pytest.raises(UsageError) as refusal:
        recipe_of(data)
    assert "\n" not in str(refusal.value)


@patient
@given(data=st.data())
def test_a_damaged_png_in_a_record_is_refused_or_read(data: st.DataObject) -> None:
    content = bytearray(source(7).png)
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    for _ in range(data.draw(st.integers(0, 3))):
        if content:
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    damaged = dr.Edit(dr.Source("damaged", bytes(content)), "3", start=1, sampler=DDPM6)

    def read() -> Recipe:
        recipe = recipe_of(remembered(damaged))
        recipe.plan(digit_model())
        return recipe

    assert outcome(read) in ("refused in a sentence", damaged)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@patient
@given(kind=st.sampled_from(sorted(RECIPES)), data=st.data())
def test_any_value_in_any_place_of_a_record_is_refused_or_read(kind: str, data: st.DataObject) -> None:
    """What is read may still be nonsense; whoever uses it plans it first."""
    damaged = remembered(RECIPES[kind])
    place: Any = damaged
    while True:
        key = data.draw(st.sampled_from(sorted(place)))
        if not isinstance(place[key], dict) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(JSON)
    assert outcome(lambda: type(recipe_of(damaged))) in ("refused in a sentence", *RECIPES_BY_VERB.values())


def test_a_drawing_on_white_paper_is_read_as_its_negative(tmp_path: Path) -> None:
    taken: list[str] = []
    digit = dr.Source.read("mnist:test/0", digit_model(), lambda _: taken.append("digit"))
    levels = to_uint8(digit.pixels(digit_model()))
    Image.fromarray(255 - levels).save(tmp_path / "drawing.png")
    drawing = dr.Source.read(str(tmp_path / "drawing.png"), digit_model(), lambda _: taken.append("drawing"))
    assert taken == ["drawing"]
    assert np.array_equal(to_uint8(drawing.pixels(digit_model())), levels)


@pytest.mark.parametrize(
    ("what", "word"),
    [
        (lambda: dr.make("7", digit_model()), "no recipe"),
        (lambda: dr.make(dr.Generate("7"), "mnist-ddpm-class"), "load_model"),
        (lambda: dr.make(dr.Generate("7"), digit_model(), count="2"), "whole numbers"),
        (lambda: dr.make(dr.Generate("7"), digit_model(), seed=1.5), "whole numbers"),
        (lambda: dr.make(dr.Anagram(("6", "9"), "rotate-180"), digit_model()), "lists"),
        (lambda: dr.make(dr.Anagram("69", ("flip",)), digit_model()), "lists"),
    ],
)
def test_what_was_given_in_another_place_is_named(what: Callable[[], object], word: str) -> None:
    with pytest.raises(UsageError, match=word):
        what()


def test_a_picture_is_saved_under_the_name_of_what_it_is(tmp_path: Path) -> None:
    [picture] = dr.make(dr.Forward(source(7), Level(250)), digit_model())
    with pytest.raises(UsageError, match=r"\.png"):
        picture.save(tmp_path / "seven.jpg")
    assert list(tmp_path.iterdir()) == []
    picture.save(tmp_path / "seven.PNG")
    assert read_metadata(tmp_path / "seven.PNG")["verb"] == "noise"
