"""Looking for pairs: who is tried next, what a block becomes, what its folder keeps, and what priors tell."""

import math
import runpy
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch

import duckrabbit as dr
from duckrabbit.diffusion.sampling import State
from duckrabbit.judges.judge import load_judge
from duckrabbit.judges.subjects import subjects_of
from duckrabbit.making.best_of import race
from duckrabbit.making.sample import Denoisers
from duckrabbit.media.pixels import to_uint8
from duckrabbit.media.png import read_metadata
from duckrabbit.models.load import load_model
from duckrabbit.models.model import Model
from duckrabbit.recipes.hybrid import Part
from duckrabbit.search import priors
from duckrabbit.search.discover import Attempt, Collection, Findings, PairSearch, collection, discover
from duckrabbit.search.discovery import effects_of, proposals
from duckrabbit.search.folders import lines

TOOLS = Path(__file__).parent.parent / "tools"


@pytest.fixture(scope="module")
def model() -> Model:
    return dr.load_model("mnist-ddpm-class", "cpu", torch.float32)


def quick(steps: int = 4) -> dr.SamplerConfig:
    return dr.SamplerConfig("dpmpp_2m", steps, guidance_scale=3.0)


# --- Which pairs work ------------------------------------------------------------------------------------------------


class _Enough(Exception):
    """Ends a search."""


def searched(search: PairSearch, kept: Collection, pictures: int) -> None:
    """Let a search go on until it knows so many pictures, and stop it there as a kill would."""

    def tell(findings: Findings) -> None:
        # What the search knows is on the disk.
        assert kept.findings() == findings
        if sum(findings.tried.values()) >= pictures:
            raise _Enough

    with pytest.raises(_Enough):
        discover(search, kept, 600, tell)


def test_a_search_with_no_other_pair_to_try_keeps_the_best_of_ever_more_seeds(model: Model, tmp_path: Path) -> None:
    judge = load_judge("digits", "selecting")
    search = PairSearch(model, judge, None, ("6", "9"), "rotate-180", seed=5, sampler=quick())
    kept, block = collection(tmp_path, "search", search), search.block_size
    searched(search, kept, block)
    [first] = kept.findings().finished.values()
    searched(search, collection(tmp_path, "search", search), 2 * block)
    [second] = kept.findings().finished.values()
    assert second.score >= first.score
    written = list(lines(kept.folder / "journal.jsonl"))
    assert [line["seed"] for line in written] == list(range(5, 5 + 2 * block))
    finished = [line for line in written if "readings" in line]
    assert len(finished) == 2 * block
    every = race([search.contest(second.pair)] * 2 * block, range(5, 5 + 2 * block), (), Denoisers())
    assert math.isclose(second.score, max(own.scored.score for own in every if own is not None), abs_tol=0.01)
    assert [path.name for path in tmp_path.glob("search/*.png")] == [kept.picture(second).name]
    assert read_metadata(kept.picture(second))["seed"] == second.seed


def test_a_search_forgets_a_picture_that_was_deleted_and_shows_what_it_found_after(
    model: Model, tmp_path: Path
) -> None:
    search = PairSearch(model, load_judge("digits", "selecting"), None, ("6", "9"), "rotate-180", sampler=quick())
    kept, block = collection(tmp_path, "search", search), search.block_size
    for count in (block, 2 * block):
        searched(search, kept, count)
        [found] = kept.findings().finished.values()
        assert [path.name for path in tmp_path.glob("search/*.png")] == [kept.picture(found).name]
        kept.picture(found).unlink()
        assert kept.findings().finished == {}
        assert sum(kept.findings().tried.values()) == count


def test_a_block_of_different_pairs_drops_the_worse_half_and_makes_what_each_seed_makes_alone(model: Model) -> None:
    judge = load_judge("digits", "selecting")
    search = PairSearch(model, judge, None, ("6", "9", "3", "8", "1"), "rotate-180", sampler=quick(steps=8))
    attempts = search.attempts(Findings({}, {}), 10)
    assert len({frozenset(attempt.pair) for attempt in attempts}) == 10
    made = search.made(attempts, Denoisers(), None)
    assert sum(own is not None for own in made) == 5
    early = []
    for attempt, own in zip(attempts, made, strict=True):
        question = search.contest(attempt.pair).question
        states: list[State] = []
        alone = dr.make(search.recipe(attempt.pair), model, 1, attempt.seed, states.append)[0]
        early.append(float(question.scores(states[1].x0)))
        if own is not None:
            assert np.array_equal(to_uint8(own.picture.pixels), to_uint8(alone.pixels))
            assert own.scored.readings == pytest.approx(question.readings(alone.pixels[None])[0].tolist(), abs=2e-3)
    dropped = [score for score, own in zip(early, made, strict=True) if own is None]
    assert max(dropped) <= min(score for score, own in zip(early, made, strict=True) if own is not None) + 1e-3


def test_attempts_are_new_pairs_first_and_then_those_least_tried(model: Model) -> None:
    search = PairSearch(model, load_judge("digits", "selecting"), None, ("6", "9", "3"), "flip", seed=7)
    first = search.attempts(Findings({}, {}), 5)
    pairs = list(dict.fromkeys(attempt.pair for attempt in first))
    assert [attempt.seed for attempt in first] == [7, 7, 7, 8, 8]
    assert len(pairs) == 3
    findings = Findings({}, {})
    for k, attempt in enumerate(first):
        findings = findings.with_attempt(attempt, (-1.0 - k, -0.5))
    again = search.attempts(findings, 4)
    assert again[0] == Attempt(pairs[2], 8)
    assert [attempt.pair for attempt in again[1:]] == pairs
    assert [attempt.seed for attempt in again[1:]] == [9, 9, 9]
    # The first of each was the better one, and a dropped pair is guessed to be worse than what was finished.
    assert findings.scores() == {pair: -1.0 - k for k, pair in enumerate(pairs)}
    assert findings.with_attempt(Attempt(("1", "7"), 7), None).scores()["1", "7"] < -2.0


def test_pairs_may_be_hybrids_and_may_all_have_one_subject(model: Model) -> None:
    judge = load_judge("digits", "selecting")
    digits = ("6", "9", "3", "8", "1")
    search = PairSearch(model, judge, None, digits, "", sampler=quick(2), parts=("near", "far"), around="8")
    assert search.recipe(("3", "8")) == dr.Hybrid({"near": Part("3"), "far": Part("8")}, sampler=quick(2))
    attempts = search.attempts(Findings({}, {}), 4)
    assert {frozenset(attempt.pair) for attempt in attempts} == {frozenset((name, "8")) for name in "6931"}
    first = next(own for own in search.made(attempts, Denoisers(), None) if own is not None)
    near, far = first.picture.recipe.prompts
    assert set(first.picture.record["score"]["log_p"]) == {f"near: {near}", f"far: {far}"}
    other = replace(search, parts=("far", "near"))
    assert len({repr(one.task()) for one in (search, other, replace(search, around=""))}) == 3


# --- Which pairs are tried -------------------------------------------------------------------------------------------


def test_proposals_are_new_and_the_same_for_the_same_past() -> None:
    subjects = [f"s{k}" for k in range(14)]
    subject_priors = {"s1": 0.5, "s2": -1.0, "another": 3.0}
    scores: dict[tuple[str, str], float] = {}
    rng = Random(0)
    while True:
        pairs = proposals(subjects, scores, 8, 5, subject_priors)
        assert pairs == proposals(subjects, dict(reversed(scores.items())), 8, 5, subject_priors)
        if not pairs:
            break
        assert len(pairs) == min(8, 14 * 13 // 2 - len(scores))
        for a, b in pairs:
            assert a != b
            assert (a, b) not in scores
            assert (b, a) not in scores
            scores[a, b] = rng.gauss(-5, 1)
    assert len(scores) == 14 * 13 // 2


def test_subjects_that_work_are_found() -> None:
    """Scores that are sums of effects, and noise: what is proposed later is better than what chance would try."""
    rng, subjects = Random(2), [f"s{k}" for k in range(40)]
    talent = {name: (rng.gauss(0, 2), rng.gauss(0, 2)) for name in subjects}
    scores: dict[tuple[str, str], float] = {}
    for _ in range(25):
        for a, b in proposals(subjects, scores, 8, 1, {}):
            scores[a, b] = talent[a][0] + talent[b][1] - 6 + rng.gauss(0, 1)
    tried = list(scores.values())
    everything = [talent[a][0] + talent[b][1] - 6 for a in subjects for b in subjects if a != b]
    assert np.mean(tried[-64:]) > np.mean(everything) + 1
    assert max(tried) > np.quantile(everything, 0.99)
    effects = effects_of(subjects, scores, {})
    seen = [name for name in subjects if sum(pair[0] == name for pair in scores) >= 4]
    correlation = np.corrcoef([effects.upright[n].mean for n in seen], [talent[n][0] for n in seen])[0, 1]
    assert correlation > 0.6


def test_subjects_with_a_high_prior_are_asked_for_from_the_start_and_by_other_seeds_in_other_pairs() -> None:
    rng, subjects = Random(3), [f"s{k}" for k in range(200)]
    subject_priors = {name: rng.gauss(0, 0.5) for name in subjects}
    first = [proposals(subjects, {}, 16, seed, subject_priors) for seed in range(5)]
    for pairs in first:
        assert len(pairs) == 16
        assert np.mean([subject_priors[a] + subject_priors[b] for a, b in pairs]) > 0.8
        assert max(sum(name in pair for pair in pairs) for name in subjects) <= 2
    assert len({pair for pairs in first for pair in pairs}) > 50


def test_what_is_found_moves_a_measured_prior_less_than_an_unknown_one() -> None:
    subjects = [f"s{k}" for k in range(8)]
    scores = {(bad, other): -9.0 for bad in ("s0", "s1") for other in subjects[2:]}
    scores |= {("s2", other): -1.0 for other in subjects[3:]}
    upright = effects_of(subjects, scores, {"s0": 0.0}).upright
    assert upright["s1"].mean < upright["s0"].mean - 0.2 < -0.2
    assert upright["s2"].mean > 0.5


def test_a_fit_finds_the_priors_that_made_the_scores() -> None:
    generator = torch.Generator().manual_seed(4)
    truth = torch.randn(30, generator=generator, dtype=torch.float64)
    truth -= truth.mean()
    a, b = torch.randint(30, (2, 6000), generator=generator)
    scores = truth[a] + truth[b] + 2 * torch.randn(6000, generator=generator)
    fit = runpy.run_path(str(TOOLS / "measure_subject_priors.py"))["fit"]
    assert (fit(a, b, scores, 30) - truth).abs().max() < 0.5


def test_of_an_earlier_table_is_kept_what_new_scores_bear_out() -> None:
    generator = torch.Generator().manual_seed(5)
    told = torch.randn(4000, generator=generator, dtype=torch.float64)
    noise = 2 * torch.randn(4000, generator=generator, dtype=torch.float64)
    share_kept = runpy.run_path(str(TOOLS / "measure_subject_priors.py"))["share_kept"]
    assert abs(share_kept(told, 0.6 * told + noise) - 0.6) < 0.1
    assert share_kept(told, 3 * told + noise) == 1
    assert share_kept(told, noise - told) == share_kept(0 * told, noise) == 0


def test_the_shipped_priors_are_of_the_shipped_model_and_judges() -> None:
    known, judge = priors.shipped(), load_judge("pictures", "selecting")
    pocket = load_model("pocket", "cpu")
    assert known["hold_for"][-1] == {
        "model": pocket.checksum,
        "judges": {"guiding": load_judge("pictures", "guiding").checksum, "selecting": judge.checksum},
    }
    assert set(priors.shipped_for(pocket.checksum, judge)) == set(subjects_of(judge))
    assert priors.shipped_for("another", judge) == {}
    assert priors.shipped_for(pocket.checksum, replace(judge, checksum="another")) == {}
