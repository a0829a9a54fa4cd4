"""Judge guidance: how far it pulls and when, what the other judge says of it, and that each sample is pulled alone."""

import math
import runpy
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from duckrabbit.errors import UsageError
from duckrabbit.judges.guidance import DOWN_TO, FROM, JudgeCorrection, JudgeGuidance
from duckrabbit.judges.judge import judge_of, load_judge
from duckrabbit.judges.question import Question, question_of
from duckrabbit.making.make import make, make_all
from duckrabbit.making.plan import plan
from duckrabbit.making.record import recipe_of, record
from duckrabbit.models.load import load_model
from duckrabbit.networks.picture_judges import BUILDS, FEATURES, Panel
from duckrabbit.recipes.anagram import Anagram
from duckrabbit.recipes.denoise import Denoise
from duckrabbit.recipes.generate import Generate
from duckrabbit.recipes.hybrid import Hybrid, Part
from duckrabbit.recipes.noise import Level
from duckrabbit.recipes.recipe import Recipe
from duckrabbit.recipes.source import Source
from helpers import pictures

TOOLS = Path(__file__).parents[1] / "tools"
PAIR = Anagram(("4", "7"), ("flip",))


@pytest.fixture(scope="module")
def digits() -> Question:
    return question_of(load_judge("digits", "guiding"), PAIR.looks)


def pulled(x0: Tensor, question: Question, scale: float, t: float, dtype: torch.dtype = torch.float32) -> Tensor:
    return JudgeCorrection((JudgeGuidance(question, scale, dtype),) * len(x0))(x0, t)


@pytest.mark.parametrize("t", [1.0, FROM, 0.5, DOWN_TO + 0.01, DOWN_TO, 0.01])
@pytest.mark.parametrize("scale", [0.1, 0.5])
def test_it_changes_every_picture_by_its_scale_times_the_time_and_none_early_or_late(
    digits: Question, t: float, scale: float
) -> None:
    x0 = pictures(5, 28, 1).clamp(-0.9, 0.9)
    change = pulled(x0, digits, scale, t) - x0
    expected = scale * t if DOWN_TO < t <= FROM else 0.0
    torch.testing.assert_close(change.square().mean((1, 2, 3)).sqrt(), torch.full((5,), expected))


def test_a_little_of_it_makes_every_picture_more_readable(digits: Question) -> None:
    x0 = 0.5 * pictures(16, 28, 1).clamp(-1, 1)
    after = x0
    for _ in range(10):
        after = pulled(after, digits, 0.02, 0.5)
    assert (digits.scores(after) > digits.scores(x0) + 0.1).all()


def test_a_sample_is_pulled_alike_alone_and_in_company(digits: Question) -> None:
    x0, others = pictures(7, 28, 1), question_of(digits.judge, Anagram(("6", "9"), ("flip",)).looks)
    turned = question_of(digits.judge, Anagram(("6", "9"), ("rotate-180",)).looks)
    pulls = (*(JudgeGuidance(own, 0.3) for own in (digits, others, turned, digits)), None, JudgeGuidance(digits, 0.1))
    pulls += (JudgeGuidance(digits, 0.3, views=4),)
    together = JudgeCorrection(pulls)(x0, 0.5)
    alone = torch.cat([JudgeCorrection((pull,))(x0[k : k + 1], 0.5) for k, pull in enumerate(pulls)])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-4)
    assert torch.equal(together[4], x0[4])


def test_in_bfloat16_it_pulls_the_same_way() -> None:
    rabbit = Anagram(("a drawing of a rabbit", "a drawing of a duck"), ("rotate-90",))
    question = question_of(load_judge("pictures", "guiding"), rabbit.looks)
    x0 = pictures(4, 64, 3).clamp(-0.9, 0.9)
    exact, rounded = (pulled(x0, question, 0.3, 0.5, dtype) - x0 for dtype in (torch.float32, torch.bfloat16))
    assert not torch.equal(exact, rounded)
    assert (torch.cosine_similarity(exact.flatten(1), rounded.flatten(1)) > 0.98).all()


def with_pull(recipe: Recipe, model_name: str, scale: float) -> Recipe:
    model = load_model(model_name, "cpu")
    return replace(recipe, sampler=replace(recipe.default_sampler(model), judge_scale=scale))  # type: ignore[type-var]


def test_the_judge_that_did_not_pull_reads_more_of_them() -> None:
    model, hard = load_model("mnist-ddpm-class", "cpu"), Anagram(("3", "5"), ("flip",))
    question = question_of(load_judge("digits", "reporting"), hard.looks)
    plain, pulled = (
        torch.stack([made.pixels for made in make(with_pull(hard, model.name, scale), model, 24)])
        for scale in (0.0, 0.3)
    )
    assert question.scores(pulled).mean() > question.scores(plain).mean() + 0.3
    assert question.read(pulled).sum() > question.read(plain).sum() + 4


def test_recipes_that_are_pulled_differently_share_a_batch() -> None:
    model = load_model("mnist-ddpm-class", "cpu")
    other = Anagram(("6", "9"), ("rotate-180",))
    recipes = [with_pull(PAIR, model.name, 0.3), with_pull(other, model.name, 0.3), with_pull(PAIR, model.name, 0.0)]
    together = make_all(recipes, model, [3, 4, 5])
    for recipe, seed, made in zip(recipes, (3, 4, 5), together, strict=True):
        torch.testing.assert_close(made.pixels, make(recipe, model, 1, seed)[0].pixels, atol=0.02, rtol=0)
    assert not torch.allclose(together[0].pixels, make(recipes[2], model, 1, 3)[0].pixels, atol=0.1)


def test_the_record_says_how_strong_it_was() -> None:
    model = load_model("mnist-ddpm-class", "cpu")
    recipe = with_pull(PAIR, model.name, 0.3)
    assert recipe_of(make(recipe, model)[0].record) == recipe


@pytest.mark.parametrize(
    ("recipe", "scale", "pulls"),
    [
        (PAIR, 0.3, True),
        (PAIR, 0.0, False),
        (Generate("7"), 0.3, True),
        (Denoise(Source.of("grey", torch.zeros(1, 28, 28)), Level(500), "blur", "7"), 0.3, False),
    ],
    ids=["pulled", "not pulled", "one prompt", "no model"],
)
def test_the_record_names_the_judge_where_one_pulled(recipe: Recipe, scale: float, pulls: bool) -> None:
    model = load_model("mnist-ddpm-class", "cpu")
    told = record(plan(with_pull(recipe, model.name, scale), model), 0, 1, 0)
    assert ("judge" in told) == pulls
    if pulls:
        assert told["judge"] == {"sha256": load_judge("digits", "guiding").checksum}


@pytest.mark.parametrize("scale", [-0.1, 2.1, math.nan, math.inf])
def test_a_scale_that_is_none_is_refused(scale: float) -> None:
    with pytest.raises(UsageError, match="judge_scale"):
        plan(with_pull(PAIR, "mnist-ddpm-class", scale), load_model("mnist-ddpm-class", "cpu"))


def test_what_the_judge_has_no_name_for_does_not_pull() -> None:
    model = load_model("pocket", "cpu")
    nameless = "a high quality photo"
    assert load_judge("pictures", "guiding").asked_for(nameless) is None
    assert plan(with_pull(Generate(nameless), model.name, 0.3), model).stages[0].plan.judge_guidance is None
    assert "judge" not in record(plan(with_pull(Generate(nameless), model.name, 0.3), model), 0, 1, 0)
    half = (
        plan(with_pull(Anagram(("a duck", nameless), ("flip",)), model.name, 0.3), model).stages[0].plan.judge_guidance
    )
    assert half is not None
    assert [look.prompt for look in half.question.looks] == ["a duck"]


def test_what_cannot_pull_is_named_where_the_rest_does() -> None:
    model = load_model("pocket", "cpu")
    parts = {"far": Part("a lithograph of a skull"), "near": Part("a high quality photo")}
    [near] = plan(Hybrid(parts), model).remarks
    assert "a high quality photo" in near
    assert "near_scale" in near
    [far] = plan(Hybrid({"far": parts["near"], "near": parts["far"]}), model).remarks
    assert "near_scale" not in far
    assert len(plan(Anagram(("a high quality photo", "a duck"), ("flip",)), model).remarks) == 1
    assert plan(Anagram(("a rabbit", "a duck"), ("flip",)), model).remarks == ()
    assert plan(with_pull(Hybrid(parts), model.name, 0.0), model).remarks == ()
    for known in (
        "a lithograph of waterfalls",
        "an oil painting of people around a campfire",
        "an oil painting of an old man",
    ):
        assert load_judge("pictures", "guiding").asked_for(known) is not None


def test_pocket_is_pulled_in_illusions_alone_and_the_near_part_can_be_louder() -> None:
    model = load_model("pocket", "cpu")
    hybrid = Hybrid({"far": Part("a duck"), "near": Part("a rabbit")})
    assert plan(hybrid, model).stages[0].plan.judge_guidance is not None
    # One term a prompt: the mean colour, which has guidance of its own, would add another.
    hybrid = replace(hybrid, sampler=replace(model.illusion_sampler, mean_guidance_scale=None))
    assert plan(Generate("a duck"), model).stages[0].plan.judge_guidance is None
    for times in (1.0, 2.0):
        terms = replace(hybrid, near_scale=times).plan(model).terms
        weights = {term.condition: term.weight_at(0.5) for term in terms if term.condition}
        assert weights["a rabbit"] == times * weights["a duck"]


def test_a_judge_that_goes_on_from_another_keeps_what_it_knows_of_each_class(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(TOOLS))
    taken_over = runpy.run_path(str(TOOLS / "train_picture_judges.py"))["taken_over"]
    known = {"head.weight": torch.arange(6.0).view(3, 2), "head.bias": torch.arange(3.0), "stem": torch.ones(4)}
    fresh = {"head.weight": -torch.ones(4, 2), "head.bias": -torch.ones(4), "stem": torch.zeros(4)}
    taken = taken_over(known, fresh, ("cat", "dog", "owl"), ("ant", "cat", "fox", "owl"))
    assert taken["head.weight"].tolist() == [[-1, -1], [0, 1], [-1, -1], [4, 5]]
    assert taken["head.bias"].tolist() == [-1, 0, -1, 2]
    assert torch.equal(taken["stem"], known["stem"])


def test_a_panel_says_what_its_members_say_on_average_and_guides_by_one_after_the_other() -> None:
    torch.manual_seed(0)
    members = [BUILDS[name](5).eval() for name in ("residual-24", "residual-24")]
    x = pictures(3, 64, 3).clamp(-1, 1)
    panel = judge_of(
        "pictures", "guiding", ("owl", "fox", "pineapple", "castle", "sailboat"), Panel(members), checksum="panel"
    )
    each = torch.stack([member(x).log_softmax(dim=1) for member in members])
    torch.testing.assert_close(panel.log_probabilities_of_one_view(x, 3), each[1])
    torch.testing.assert_close(panel.network(x), each.mean(dim=0))
    alone = [judge_of("pictures", "selecting", panel.names, member) for member in members]
    mean = torch.stack([judge.log_probabilities(x) for judge in alone]).mean(dim=0)
    torch.testing.assert_close(panel.log_probabilities(x), mean)
    assert panel.features(x).shape == (3, 2 * FEATURES)
    # Two views a step: both members are asked, and the change is that of neither alone.
    question = question_of(panel, Anagram(("an owl", "a pineapple"), ("flip",)).looks)
    together = pulled(x, question, 0.3, 0.5)
    for judge in alone:
        assert not torch.allclose(together, pulled(x, replace(question, judge=judge), 0.3, 0.5), atol=1e-3)
