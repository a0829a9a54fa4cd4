"""Searching: who is kept, what survives a kill, and what a score means."""

import gc
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import duckrabbit as dr
from duckrabbit.diffusion.sampling import State
from duckrabbit.errors import UsageError
from duckrabbit.illusions.views import VIEWS, parse_view
from duckrabbit.judges import calibration as calibrating
from duckrabbit.judges.judge import fitted, load_judge
from duckrabbit.judges.looks import Look, as_it_is, from_afar
from duckrabbit.judges.question import question_of
from duckrabbit.judges.reading import readings_of
from duckrabbit.judges.subjects import prompt_for, random_pairs, subjects_of
from duckrabbit.making.best_of import Scored, Shortlist, contest_for, race, search_for
from duckrabbit.making.make import Picture
from duckrabbit.making.plan import plan
from duckrabbit.making.pruning import RUNGS, Rung, sparing
from duckrabbit.making.sample import Denoisers, sample
from duckrabbit.media.pixels import to_uint8
from duckrabbit.media.png import read_metadata
from duckrabbit.models.model import Model
from duckrabbit.recipes.hybrid import PARTS, Part
from duckrabbit.search.ambigram import places_of, reading_through, through
from duckrabbit.search.folders import Progress, SearchFolder, append, lines, work
from duckrabbit.search.workers import Order
from helpers import patient

sys.path.insert(0, str(Path(__file__).parent.parent / "bench"))

import fitting

scores = st.lists(st.floats(-20, 0, width=32), min_size=1, max_size=40)


@pytest.fixture(scope="module")
def model() -> Model:
    return dr.load_model("mnist-ddpm-class", "cpu", torch.float32)


def quick(solver: str = "dpmpp_2m", steps: int = 4) -> dr.SamplerConfig:
    return dr.SamplerConfig(solver, steps, guidance_scale=3.0)


def anagram(solver: str = "dpmpp_2m", steps: int = 4) -> dr.Anagram:
    return dr.Anagram(("6", "9"), ("rotate-180",), sampler=quick(solver, steps))


# --- Who goes on -----------------------------------------------------------------------------------------------------


@patient
@given(scores, st.floats(0.01, 1), st.floats(-20, 0), st.integers(0, 40))
def test_a_rung_passes_whoever_is_above_the_bar_and_the_best_share(
    given_scores: list[float], least: float, bar: float, gone: int
) -> None:
    values = torch.tensor(given_scores)
    size = len(values) + gone
    rows = Rung(0.5, least, bar).passed(values, size).tolist()
    assert rows == sorted(set(rows))
    assert len(rows) >= min(len(values), math.ceil(least * size), 1)
    dropped = [k for k in range(len(values)) if k not in rows]
    assert all(values[k] < bar for k in dropped)
    assert all(values[k] <= values[row] or values[row] >= bar for k in dropped for row in rows)
    if dropped:
        assert len(rows) >= min(len(values), max(1, math.ceil(least * size)))


def test_sparing_rungs_leave_a_choice() -> None:
    for rungs in RUNGS.values():
        assert [rung.after for rung in rungs] == sorted(rung.after for rung in rungs)
        for wanted in (0.001, 0.1, 0.5, 1.0):
            assert all(rung.least >= min(1.0, 2 * wanted) for rung in sparing(rungs, wanted))


@patient
@given(st.lists(st.tuples(st.integers(0, 500), st.floats(-9, 0)), max_size=60, unique_by=lambda own: own[0]),
       st.integers(1, 9), st.randoms(use_true_random=False))  # fmt: skip
def test_the_shortlist_is_the_best_of_all_in_any_order(
    candidates: list[tuple[int, float]], size: int, random: Random
) -> None:
    everyone = [Scored(seed, (0.0, score)) for seed, score in candidates]
    shuffled = random.sample(everyone, len(everyone))
    short, gone = Shortlist(size), []
    for own in shuffled:
        admitted = short.admits(own)
        left = short.add(own)
        gone += [left] if left else []
        assert admitted == (own in short.best())
        assert len(short.best()) <= size
    best = sorted(everyone, key=lambda own: (-own.score, own.seed))[:size]
    assert short.best() == best
    assert {own.seed for own in gone} == {own.seed for own in everyone} - {own.seed for own in best}


@pytest.mark.parametrize("solver", ["ddpm", "ddim", "heun", "dpmpp_2m"])
def test_whoever_is_left_has_the_picture_of_its_seed_alone(model: Model, solver: str) -> None:
    recipe, seeds, rng = anagram(solver), tuple(range(50, 62)), Random(solver)
    asked: list[tuple[int, int]] = []

    def pruner(state: State, steps: int, places: Sequence[int]) -> list[int]:
        asked.append((state.i, len(state.x_s)))
        return sorted(rng.sample(range(len(state.x_s)), max(3, len(state.x_s) - 3)))

    left = sample([plan(recipe, model)] * len(seeds), seeds, Denoisers(), pruner=pruner)
    assert asked == [(0, 12), (1, 9), (2, 6)]
    assert len(left.rows) == 3
    for row, pixels in zip(left.rows, left.pixels, strict=True):
        [alone] = dr.make(recipe, model, seed=seeds[row])
        assert np.array_equal(to_uint8(pixels), to_uint8(alone.pixels))


def test_dropping_under_a_constraint_with_resampling_changes_nothing(model: Model) -> None:
    source = dr.Source.of("grey", torch.zeros(model.shape))
    mask = dr.Source.of_mask("half", torch.cat([torch.ones(14, 28), torch.zeros(14, 28)]))
    from duckrabbit.recipes.inpaint import Inpaint

    recipe = Inpaint(source, mask, "3", 2, sampler=quick("ddpm"))
    every_other = lambda state, *_: range(0, len(state.x_s), 2)  # noqa: E731
    left = sample([plan(recipe, model)] * 8, range(8), Denoisers(), pruner=every_other)
    assert left.rows == (0,)
    [alone] = dr.make(recipe, model, seed=0)
    assert np.array_equal(to_uint8(left.pixels[0]), to_uint8(alone.pixels))


def test_dropping_seldom_loses_the_best(model: Model) -> None:
    """On pairs of digits that work now and then, the winner with early dropping is near the best of all."""
    ranks, evaluations = [], []
    for a, b, view in (("3", "8", "flip"), ("2", "6", "flip"), ("0", "6", "rotate-180")):
        recipe = dr.Anagram((a, b), (view,), sampler=dr.SamplerConfig("dpmpp_2m", 8, guidance_scale=5.0))
        planned = plan(recipe, model)
        [whole] = search_for(planned, 1, 0, 24, rungs=(), block_size=24).run()
        rows: list[int] = []
        search = search_for(planned, 1, 0, 24, block_size=24)
        [raced] = search.run(lambda state, rows=rows: rows.append(len(state.x_s)))  # type: ignore[misc]
        evaluations.append(sum(rows) / (8 * 24))
        best = max(raced.finished, key=lambda own: own.scored.score).scored.score
        ranks.append(sum(own.scored.score > best + 1e-3 for own in whole.finished))
        assert sorted([*raced.dropped, *(own.scored.seed for own in raced.finished)]) == list(range(24))
    assert np.mean(ranks) < 2
    assert np.mean(evaluations) < 0.9


def test_different_pairs_are_judged_by_their_own_questions_at_every_rung(model: Model) -> None:
    """Two rungs drop half each time; who is left is what each would be alone, and read as what it was asked for."""
    pairs = [("6", "9"), ("3", "8"), ("1", "7"), ("2", "5"), ("0", "4"), ("8", "6"), ("9", "3"), ("5", "2")]
    contests = [contest_for(plan(replace(anagram(), prompts=pair), model)) for pair in pairs]
    rungs = (Rung(0.25, 0.5), Rung(0.5, 0.25))
    left = race(contests, range(8), rungs, Denoisers())
    assert sum(own is not None for own in left) == 2
    for contest, seed, own in zip(contests, range(8), left, strict=True):
        if own is not None:
            alone = contest.alone(seed)
            assert np.array_equal(to_uint8(own.picture.pixels), to_uint8(alone.picture.pixels))
            assert own.scored.readings == pytest.approx(alone.scored.readings, abs=2e-3)


def test_a_block_is_the_same_with_or_without_its_neighbours(model: Model) -> None:
    order = Order(anagram(), 2, 0, 80)
    search = order.search(model)
    blocks = dict(search.blocks())
    assert [seed for seeds in blocks.values() for seed in seeds] == list(range(80))
    longer = dict(replace(order, count=150).search(model).blocks())
    assert longer[0] == blocks[0]


# --- What survives ---------------------------------------------------------------------------------------------------


def test_a_journal_cut_anywhere_loses_the_line_that_was_cut_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    written = [{"block": k, "scored": [[k, -0.5]]} for k in range(4)]
    for line in written:
        append(path, line)
    whole = path.read_bytes()
    ends = [k + 1 for k, byte in enumerate(whole) if byte == ord("\n")]
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        kept = sum(end <= cut + 1 for end in ends)
        assert list(lines(path)) == written[:kept]
        append(path, {"after": "the cut"})
        assert list(lines(path)) == [*written[:kept], {"after": "the cut"}]


def pictures_alive() -> int:
    """How many pictures this process holds."""
    return sum(type(own) is Picture for own in gc.get_objects())


def test_a_search_keeps_the_best_and_no_more_in_memory_or_on_the_disk(model: Model, tmp_path: Path) -> None:
    search = Order(anagram(steps=2), 3, 10, 170, rungs=()).search(model)
    folder = SearchFolder.open(tmp_path, "search", search.task())
    alive, on_disk, told = [], [], []
    gc.collect()
    before = pictures_alive()

    def tell(progress: Progress) -> None:
        alive.append(pictures_alive() - before)
        on_disk.append(len(list(folder.folder.glob("kept/*.png"))))
        told.append(progress.done)

    work(search, folder, tell=tell)
    assert told == sorted(told)
    assert max(alive) <= 2 * search.block_size
    assert max(on_disk) <= 3
    assert folder.count() == 170
    every = sorted(folder.scored(), key=lambda own: (-own.score, own.seed))
    assert len(every) == 170
    assert folder.shortlist(3).best() == every[:3]
    for own in every[:3]:
        record = read_metadata(folder.picture(own.seed))
        assert record["seed"] == own.seed
        alone = search.contest.alone(own.seed)
        assert math.isclose(alone.scored.score, own.score, abs_tol=0.01)


def test_shares_add_up_to_the_whole_and_a_search_goes_on_where_it_was(model: Model, tmp_path: Path) -> None:
    order = Order(anagram(steps=2), 2, 0, 100)
    search = order.search(model)
    alone = SearchFolder.open(tmp_path / "alone", "search", search.task())
    work(search, alone)
    shared = SearchFolder.open(tmp_path / "shared", "search", search.task())
    work(search, shared, 1, 3)
    assert shared.done() == {1}
    again = SearchFolder.open(tmp_path / "shared", "search", json.loads(json.dumps(search.task())))
    assert again.folder == shared.folder
    for share in (0, 2, 1):
        work(search, again, share, 3)
    assert again.done() == alone.done() == {0, 1, 2, 3}
    assert again.shortlist(2).best() == alone.shortlist(2).best()
    other = replace(order, first=1).search(model)
    assert SearchFolder.open(tmp_path / "shared", "search", other.task()).folder != shared.folder


# --- What is read ----------------------------------------------------------------------------------------------------


def test_every_look_is_what_it_says() -> None:
    x = torch.rand(2, 3, 64, 64) * 2 - 1
    anagrams = dr.Anagram(("a cat", "a dog", "a fox"), ("flip", "rotate-90")).looks
    assert [(look.name, look.prompt) for look in anagrams] == [
        ("upright", "a cat"), ("flip", "a dog"), ("rotate-90", "a fox")
    ]  # fmt: skip
    for look, view in zip(anagrams, ("identity", "flip", "rotate-90"), strict=True):
        assert torch.equal(look.see(x), parse_view(view)(x))
    parts = {"far": Part("a skull"), "near": Part(picture=dr.Source.of("x", x[0]))}
    assert [look.name for look in dr.Hybrid(parts).looks] == ["far"]
    assert dr.Generate("").looks == ()
    for see in PARTS.values():
        assert see(x).shape == x.shape
    flat = torch.full((1, 3, 64, 64), 0.25)
    assert torch.allclose(from_afar(flat), flat, atol=1e-5)
    assert from_afar(x).std() < x.std() / 2


def test_the_judges_read_what_they_are_shown() -> None:
    judge = load_judge("digits", "reporting")
    from duckrabbit.datasets.mnist import mnist, pictures_to_float

    test = mnist("test")
    pictures = pictures_to_float(test.pictures[:200])
    hits = []
    for picture, label in zip(pictures, test.labels[:200].tolist(), strict=True):
        [reading] = readings_of(question_of(judge, [Look("as it is", str(label), as_it_is)]), picture)
        assert reading.chance == 0.1
        assert reading.right == (reading.first[0][0] == str(label))
        hits.append(reading.right)
    assert np.mean(hits) > 0.97
    question = question_of(judge, [Look("as it is", "7", as_it_is)])
    larger = torch.nn.functional.interpolate(pictures[:1], scale_factor=2.0, mode="nearest").expand(1, 3, 56, 56)
    assert question.read(larger).tolist() == question.read(pictures[:1]).tolist() == [True]


def test_what_no_judge_can_read_is_refused() -> None:
    digits, pictures = load_judge("digits", "selecting"), load_judge("pictures", "selecting")
    with pytest.raises(UsageError, match="no name"):
        question_of(digits, [Look("as it is", "a duck", as_it_is)])
    with pytest.raises(UsageError, match="no name"):
        question_of(pictures, [Look("as it is", "xyzzy", as_it_is)])
    with pytest.raises(UsageError, match="Nothing is asked for"):
        question_of(pictures, [])
    question = question_of(digits, [Look("as it is", "3", as_it_is)])
    with pytest.raises(UsageError, match="NaN"):
        question.scores(torch.full((1, 1, 28, 28), math.nan))


def test_pictures_are_fitted_to_a_judge() -> None:
    for shape in ((2, 1, 28, 28), (2, 3, 64, 64), (2, 3, 256, 256), (2, 3, 20, 20)):
        x = torch.rand(shape) * 4 - 2
        for side, channels in ((28, 1), (64, 3)):
            own = fitted(x, side, channels)
            assert own.shape == (2, channels, side, side)
            assert own.abs().max() <= 1
    grey = torch.rand(1, 1, 28, 28)
    assert torch.equal(fitted(grey, 28, 1), grey)
    assert torch.allclose(fitted(grey.expand(1, 3, 28, 28), 28, 1), grey, atol=1e-6)


def test_subjects_can_be_asked_for_in_plain_words() -> None:
    judge = load_judge("pictures", "reporting")
    subjects = subjects_of(judge)
    assert len(set(subjects)) == len(subjects) > 300
    assert {"rabbit", "duck", "elephant"} <= set(subjects)
    classes = [judge.asked_for(prompt_for(subject, "an oil painting of")) for subject in subjects]
    assert len(set(classes)) == len(subjects)
    assert prompt_for("elephant", "a watercolor of") == "a watercolor of an elephant"
    pairs = random_pairs(subjects, 100, 3)
    assert pairs[:20] == random_pairs(subjects, 20, 3)
    assert len(set(pairs)) == 100
    assert all(a != b for a, b in pairs)
    assert len(random_pairs(("a", "b"), 99, 0)) == 2


# --- What a score means ----------------------------------------------------------------------------------------------


def test_a_fit_finds_the_numbers_that_made_the_data() -> None:
    generator = torch.Generator().manual_seed(1)
    margin = torch.randn(20_000, generator=generator) * 3
    truth = calibrating.Calibration(-1.2, 0.7, 0.25, "guiding")
    agreed = torch.rand(20_000, generator=generator) < truth.probabilities(margin)
    found = fitting.fit(margin, agreed, truth.judge_scale, truth.guiding)
    assert abs(found.intercept - truth.intercept) < 0.1
    assert abs(found.slope - truth.slope) < 0.05
    assert (found.judge_scale, found.guiding) == (truth.judge_scale, truth.guiding)
    told = found.probabilities(margin)
    bins = fitting.reliability(told, agreed)
    assert all(own.count >= 100 for own in bins)
    assert sum(own.count for own in bins) == 20_000
    assert fitting.expected_calibration_error(bins) < 0.02
    assert fitting.expected_calibration_error(fitting.reliability(1 - told, agreed)) > 0.2


@pytest.mark.parametrize("agreed", [[True] * 5, [False] * 5, [False, False, True, True, True]])
def test_a_fit_stays_finite_where_the_data_separate(agreed: list[bool]) -> None:
    found = fitting.fit(torch.tensor([-3.0, -2.0, 1.0, 2.0, 3.0]), torch.tensor(agreed), 0.0, "")
    assert math.isfinite(found.intercept)
    assert math.isfinite(found.slope)


@patient
@given(st.lists(st.floats(-30, 0), min_size=2, max_size=4), st.floats(0, 5))
def test_a_better_reading_never_means_a_smaller_chance(readings: list[float], worse: float) -> None:
    for calibration in calibrating.shipped().values():
        probability = calibration(readings)
        assert 0 <= probability <= 1
        least = readings.index(min(readings))
        lower = [value - worse * (k == least) for k, value in enumerate(readings)]
        assert calibration(lower) <= probability + 1e-12
        assert math.isfinite(calibration([0.0, -math.inf]))


def test_a_calibration_explains_the_judge_that_it_was_fitted_to_and_no_other(tmp_path: Path) -> None:
    digits, pictures = load_judge("digits", "selecting"), load_judge("pictures", "selecting")
    known = calibrating.shipped()[digits.checksum]
    assert calibrating.shipped_for(digits, known.judge_scale) == known
    assert all(own.slope > 0 for own in calibrating.shipped().values())
    assert calibrating.shipped_for(replace(digits, checksum="another"), known.judge_scale) is None
    path = tmp_path / "calibration.json"
    fitting.write(path, digits, calibrating.Calibration(3.0, 3.0), {})
    fitting.write(path, digits, calibrating.Calibration(1.0, 2.0), {"pairs": 3})
    fitting.write(path, pictures, calibrating.Calibration(-1.0, 0.5, 0.25, "guiding"), {})
    assert calibrating.read(path.read_text()) == {
        digits.checksum: calibrating.Calibration(1.0, 2.0),
        pictures.checksum: calibrating.Calibration(-1.0, 0.5, 0.25, "guiding"),
    }


def test_a_calibration_holds_for_the_judge_that_pulled_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = load_judge("pictures", "selecting")
    known = calibrating.shipped()[pictures.checksum]
    assert known.judge_scale > 0
    assert known.guiding == load_judge("pictures", "guiding").checksum != pictures.checksum
    assert calibrating.shipped_for(pictures, known.judge_scale) == known
    monkeypatch.setattr(calibrating, "shipped_checksum", lambda kind, role: "another")
    assert calibrating.shipped_for(pictures, known.judge_scale) is None


@pytest.mark.parametrize("judge_scale", [0.0, 0.25, 0.3])
def test_a_calibration_holds_for_the_judge_scale_that_it_was_fitted_at_alone(model: Model, judge_scale: float) -> None:
    known = calibrating.shipped()[load_judge("digits", "selecting").checksum]
    recipe = replace(anagram(), sampler=replace(quick(), judge_scale=judge_scale))
    used = Order(recipe, 1, 0, 8).search(model).contest.calibration
    assert used == (known if judge_scale == known.judge_scale else None)


def test_a_calibration_that_names_no_judge_scale_was_fitted_without_judge_guidance() -> None:
    text = json.dumps({"digits": {"judge": "j", "intercept": 1.0, "slope": 2.0}})
    assert calibrating.read(text) == {"j": calibrating.Calibration(1.0, 2.0, 0.0)}


# --- Ambigrams -------------------------------------------------------------------------------------------------------


def test_a_string_is_read_in_the_order_that_the_view_leaves() -> None:
    turn, flip, mirror = (parse_view(name) for name in ("rotate-180", "flip", "mirror"))
    assert [(p.upright, p.viewed) for p in places_of("619", "523", turn)] == [("6", "3"), ("1", "2"), ("9", "5")]
    assert [(p.upright, p.viewed) for p in places_of("619", "523", flip)] == [("6", "5"), ("1", "2"), ("9", "3")]
    assert places_of("12", "34", mirror) == places_of("12", "34", turn)
    assert places_of("12", "34", parse_view("flip+mirror")) == places_of("12", "34", turn)
    assert reading_through("619", turn) == "619"
    assert reading_through("68", turn) == "89"
    assert reading_through("25", flip) == "52"
    with pytest.raises(UsageError, match="differ in length"):
        places_of("12", "345", turn)
    for name in sorted(set(VIEWS) - {"identity", "flip", "mirror", "rotate-180", "negate"}):
        with pytest.raises(UsageError, match="takes a row of digits apart"):
            places_of("12", "34", parse_view(name))


@pytest.mark.parametrize("name", ["rotate-180", "flip", "mirror", "negate", "mirror+negate"])
def test_a_strip_through_a_view_is_the_whole_strip_turned(name: str) -> None:
    strip, view = torch.rand(1, 28, 84), parse_view(name)
    canvas = torch.zeros(1, 84, 84)
    canvas[:, 28:56] = strip
    assert torch.equal(through(strip, view), view(canvas)[:, 28:56])
