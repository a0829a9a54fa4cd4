"""Denoisers that guide themselves: the same pictures from half the evaluations, and what they do not guide."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from duckrabbit.diffusion.condition import Condition, Guided, scales_of, unguided
from duckrabbit.diffusion.denoiser import Denoiser, NetworkDenoiser, Prediction
from duckrabbit.diffusion.guidance import Guidance, guided, guided_answer
from duckrabbit.diffusion.parametrization import X0
from duckrabbit.diffusion.path import Cosine
from duckrabbit.diffusion.path import Path as ProbabilityPath
from duckrabbit.diffusion.terms import UPRIGHT, Composition
from duckrabbit.diffusion.thresholding import unclipped
from duckrabbit.errors import UsageError
from duckrabbit.illusions.compositions import anagram
from duckrabbit.illusions.views import parse_view
from duckrabbit.making.make import make
from duckrabbit.models.load import load_model
from duckrabbit.models.model import Model, SamplerConfig
from duckrabbit.models.storage import read_weights, write_weights
from duckrabbit.recipes.anagram import Anagram
from duckrabbit.recipes.generate import Generate
from duckrabbit.recipes.hybrid import Hybrid, Part
from duckrabbit.recipes.recipe import Recipe
from helpers import Recorder, Shifting, patient, pictures
from tiny_pocket import write_tiny_pocket

LARGEST = 8.0
T = 0.5


@dataclass(frozen=True)
class Guiding:
    """Answers exactly what a network that guides itself is taught to."""

    inner: Denoiser

    @property
    def path(self) -> ProbabilityPath:
        return self.inner.path

    def __call__(self, x: Tensor, t: float, condition: Sequence[Condition]) -> Prediction:
        rows = [self._row(row[None], t, own) for row, own in zip(x, condition, strict=True)]
        return Prediction(torch.cat(rows))

    def _row(self, x: Tensor, t: float, condition: Condition) -> Tensor:
        if isinstance(condition, str):
            return self.inner(x, t, [condition]).x0
        asked, unasked = self.inner(x.repeat(2, 1, 1, 1), t, [condition.prompt, ""]).x0.chunk(2)
        scales = torch.tensor([[condition.scale], [condition.mean_scale]], dtype=x.dtype)
        return guided_answer(asked, unasked, *scales)


def estimates(terms_of: object, guidance: Guidance, t: float = T) -> tuple[Tensor, Recorder]:
    recorder = Recorder(Guiding(Shifting(Cosine())))
    terms = terms_of(guidance)  # type: ignore[operator]
    return Composition(recorder, (terms,), unclipped)(pictures(1, dtype=torch.float64), t).x0, recorder


# --- Terms -----------------------------------------------------------------------------------------------------------


@patient
@given(st.floats(1, LARGEST), st.floats(0, 1), st.sampled_from(["identity", "rotate-90", "negate", "flip+negate"]))
def test_one_evaluation_says_what_two_do_in_any_view(scale: float, share: float, view: str) -> None:
    plain = Guidance(scale, mean_scale=1 + share * (scale - 1))
    made = [
        estimates(lambda guidance: guided("duck", guidance, parse_view(view)), own)[0]
        for own in (plain, replace(plain, told_up_to=LARGEST))
    ]
    torch.testing.assert_close(made[1], made[0])


def test_an_anagram_is_asked_once_a_view_and_as_before_outside_the_interval() -> None:
    views = (UPRIGHT, parse_view("flip"))
    guidance = Guidance(4.0, interval=(0.2, 0.8), mean_scale=3.0, told_up_to=LARGEST)
    made = {t: estimates(lambda own: anagram(("duck", "rabbit"), views, own), guidance, t) for t in (0.5, 0.1)}
    asked = {t: recorder.calls[0][2] for t, (_, recorder) in made.items()}
    assert asked == {0.5: [Guided("duck", 4.0, 3.0), Guided("rabbit", 4.0, 3.0)], 0.1: ["duck", "rabbit"]}
    for t, (own, _) in made.items():
        plain, recorder = estimates(
            lambda own: anagram(("duck", "rabbit"), views, own), replace(guidance, told_up_to=1.0), t
        )
        torch.testing.assert_close(own, plain)
        assert recorder.rows == [4 if t == 0.5 else 2]


@pytest.mark.parametrize(
    "guidance",
    [
        Guidance(LARGEST + 0.1),
        Guidance(0.0),
        Guidance(-1.0),
        Guidance(5.0, mean_scale=0.5),
        Guidance(5.0, negative="a goose"),
        Guidance(1.0),
    ],
    ids=repr,
)
def test_what_was_not_learnt_is_asked_for_as_of_any_denoiser(guidance: Guidance) -> None:
    told = replace(guidance, told_up_to=LARGEST)
    assert guided("duck", told) == guided("duck", guidance)
    assert all(isinstance(term.condition, str) for term in guided("duck", told))


def test_a_prompt_that_is_the_null_one_is_not_guided() -> None:
    assert [term.condition for term in guided("", Guidance(5.0, told_up_to=LARGEST))] == [""]


# --- What a network hears --------------------------------------------------------------------------------------------


def test_a_network_is_told_the_guidance_of_each_row_and_nothing_where_there_is_none() -> None:
    heard: list[tuple[Tensor, ...]] = []

    def network(x: Tensor, t: Tensor, encoded: Tensor | None, *told: Tensor) -> Tensor:
        heard.append(told)
        return x

    denoiser = NetworkDenoiser(network, Cosine(), X0, lambda prompts: torch.zeros(len(prompts), len(prompts[0])))
    denoiser(pictures(2), T, ["duck", "duck"])
    denoiser(pictures(2), T, ["duck", Guided("duck", 5.0, 2.0)])
    assert heard[0] == ()
    assert heard[1][0].tolist() == [[1, 1], [5, 2], [1, 1], [1, 1]], "the batch is filled up to four rows"
    assert scales_of(["duck", ""]) is None


def test_a_denoiser_that_guides_nothing_says_so() -> None:
    assert unguided(["duck", ""]) == ["duck", ""]
    with pytest.raises(ValueError, match="never taught"):
        unguided([Guided("duck", 5.0, 2.0)])


# --- Pictures --------------------------------------------------------------------------------------------------------

SAMPLER = SamplerConfig("ddpm", 3, guidance_scale=4.0, guidance_interval=(0.5, 1.0), mean_guidance_scale=2.0)
RECIPES: dict[str, Recipe] = {
    "generate": Generate("a cat", sampler=replace(SAMPLER, guidance_interval=(0.0, 1.0))),
    "anagram": Anagram(("a cat", "a dog"), ("rotate-90",), sampler=SAMPLER),
    "hybrid": Hybrid({"far": Part("a cat"), "near": Part("a dog")}, sampler=SAMPLER),
    "negative": Generate("a cat", "a dog", sampler=SAMPLER),
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    path = write_tiny_pocket(tmp_path_factory.mktemp("tiny") / "tiny.safetensors", ["a cat", "a dog"])
    return load_model(str(path), "cpu", torch.float32)


@pytest.mark.parametrize("name", RECIPES)
def test_a_model_that_guides_itself_makes_the_same_pictures(name: str, model: Model) -> None:
    recorders = [Recorder(model.denoiser), Recorder(Guiding(model.denoiser))]
    plain, told = (
        make(RECIPES[name], replace(model, denoiser=own, max_guidance=largest), 2)
        for own, largest in zip(recorders, (1.0, LARGEST), strict=True)
    )
    for ours, theirs in zip(plain, told, strict=True):
        # The mean of a blurred picture is that of the picture but for its border.
        assert (ours.pixels - theirs.pixels).abs().max() < (4 if name == "hybrid" else 0.1) / 127.5
    evaluations = [sum(own.rows) for own in recorders]
    expected = {"generate": (12, 6), "anagram": (20, 12), "hybrid": (16, 12), "negative": (10, 10)}
    assert tuple(evaluations) == expected[name]


def test_pocket_can_be_asked_as_far_as_its_file_says(model: Model, tmp_path: Path) -> None:
    assert model.max_guidance == 1.0
    path = write_tiny_pocket(tmp_path / "told.safetensors", ["a cat"], max_guidance=6.0)
    told = load_model(str(path), "cpu", torch.float32)
    assert told.max_guidance == 6.0
    recorder = Recorder(told.denoiser)
    made = [make(RECIPES["generate"], replace(told, denoiser=recorder, max_guidance=g))[0].pixels for g in (6.0, 1.0)]
    assert {type(own) for _, _, asked in recorder.calls[:3] for own in asked} == {Guided}
    assert not torch.equal(*made)


def test_a_denoiser_that_guides_itself_answers_each_row_as_if_it_were_alone(tmp_path: Path) -> None:
    path = write_tiny_pocket(tmp_path / "told.safetensors", ["a cat"], max_guidance=6.0)
    denoiser = load_model(str(path), "cpu", torch.float32).denoiser
    x = pictures(5, 16)
    asked: list[Condition] = ["", Guided("a cat", 5.0, 2.0), "a cat", Guided("a cat", 2.0, 2.0), ""]
    together = denoiser(x, T, asked).x0
    for row, own in enumerate(asked):
        torch.testing.assert_close(denoiser(x[row : row + 1], T, [own]).x0[0], together[row], rtol=0, atol=1e-5)


def test_prompts_alone_are_answered_as_without_additional_weights(tmp_path: Path, model: Model) -> None:
    path = write_tiny_pocket(tmp_path / "told.safetensors", ["a cat", "a dog"], max_guidance=6.0)
    told = load_model(str(path), "cpu", torch.float32)
    x = pictures(2, 16)
    assert torch.equal(told.denoiser(x, T, ["a cat", ""]).x0, model.denoiser(x, T, ["a cat", ""]).x0)
    assert not torch.equal(
        told.denoiser(x, T, [Guided("a cat", 1.0, 1.0)] * 2).x0, model.denoiser(x, T, ["a cat"] * 2).x0
    )


@pytest.mark.parametrize("damage", ["missing", "short"])
def test_a_file_whose_additional_weights_are_damaged_is_refused(damage: str, tmp_path: Path) -> None:
    path = write_tiny_pocket(tmp_path / "told.safetensors", ["a cat"], max_guidance=6.0)
    tensors, config = read_weights(path)
    name = next(own for own in tensors if own.startswith("guided.") and own.endswith(".up"))
    own = tensors.pop(name)
    write_weights(path, tensors if damage == "missing" else {**tensors, name: own[:-1]}, config)
    with pytest.raises(UsageError, match="whole pocket model"):
        load_model(str(path), "cpu")
