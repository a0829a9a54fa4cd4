"""Best of many: blocks of candidates are sampled together, the hopeless dropped on the way, and what is left judged."""

import heapq
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from duckrabbit.errors import UsageError
from duckrabbit.judges.calibration import Calibration, shipped_for
from duckrabbit.judges.question import Question, question_of, readings_each, scores_each
from duckrabbit.making.choose import judge_for
from duckrabbit.making.make import Picture, together
from duckrabbit.making.plan import Planned
from duckrabbit.making.pruning import RUNGS, Pruning, Rungs, sparing
from duckrabbit.making.record import record
from duckrabbit.making.sample import Denoisers, Watch, sample
from duckrabbit.models.model import Kind

CPU_BLOCKS: Mapping[Kind, int] = {"digits": 32, "pictures": 16}
"""Seeds that go through the sampler together on a CPU: half a minute's work, which is all that a kill can lose."""

GPU_BLOCK = 256
"""The same on a GPU: what keeps it busy."""

DIGITS_OF_READINGS = 4
"""Readings are rounded, so that they order candidates in the same way whoever computed them."""


@dataclass(frozen=True)
class Scored:
    """A candidate that was looked at.

    Attributes:
        seed: which one.
        readings: log p of what is asked for, look by look.
    """

    seed: int
    readings: tuple[float, ...]

    @property
    def score(self) -> float:
        """That of the look in which it is least readable."""
        return min(self.readings)


@dataclass(frozen=True)
class Candidate:
    """A finished picture and how well it is read."""

    picture: Picture
    scored: Scored


@dataclass(frozen=True, eq=False)
class Contest:
    """What is made, and how it is judged.

    Attributes:
        planned: what is made.
        question: what is to be read in it, and by whom.
        calibration: what a score means; None where nothing is known.
    """

    planned: Planned
    question: Question
    calibration: Calibration | None = None

    @property
    def block_size(self) -> int:
        """How many seeds go through the sampler together on this device."""
        model = self.planned.model
        return together(GPU_BLOCK if model.device.type == "cuda" else CPU_BLOCKS[self.question.judge.kind], model)

    def probability(self, readings: Sequence[float]) -> float | None:
        """How likely the reporting judge is to read a picture as asked in every look."""
        return None if self.calibration is None else self.calibration(readings)

    def report(self, readings: Sequence[float]) -> dict[str, Any]:
        """What a picture's record and its line of JSON say of its readings."""
        looks = {f"{look.name}: {look.prompt}": x for look, x in zip(self.question.looks, readings, strict=True)}
        judge = self.question.judge
        score: dict[str, Any] = {"judge": f"{judge.kind} {judge.role} {judge.checksum}", "log_p": looks}
        probability = self.probability(readings)
        return score if probability is None else {**score, "read_as_asked": round(probability, 4)}

    def candidate(self, pixels: Tensor, seed: int, readings: Sequence[float]) -> Candidate:
        """What a seed has become: its pixels [C, H, W] on the CPU, and log p of what is asked for, look by look."""
        scored = Scored(seed, rounded(readings))
        remembered = record(self.planned, seed, 1, 0) | {"score": self.report(scored.readings)}
        return Candidate(Picture(pixels, seed, self.planned.recipe, remembered), scored)

    def alone(self, seed: int, watch: Watch | None = None) -> Candidate:
        """The candidate of one seed, made by itself: to the last bit the picture that `rerun` makes.

        Reduced precision may sum in another order in another batch, as GPUs do: a candidate of a block is then off by a
        few grey levels.
        """
        [candidate] = race([self], [seed], (), Denoisers(), watch)
        if candidate is None:
            raise ValueError("without rungs nobody is dropped")
        return candidate


def contest_for(planned: Planned) -> Contest:
    """A contest before the judge that the model was given, or the shipped selecting one of its kind of pictures.

    Raises:
        UsageError: if nothing is asked for, or the judge has no name for it.
    """
    judge = judge_for(planned.model, "selecting")
    question = question_of(judge, planned.recipe.looks)
    return Contest(planned, question, shipped_for(judge, planned.sampler.judge_scale))


def judged(planned: Planned, pictures: Sequence[Picture]) -> list[Picture]:
    """The same pictures, each with what the selecting judge says of it in its record; as they are where none can."""
    try:
        contest = contest_for(planned)
    except UsageError:
        return list(pictures)
    pixels = torch.stack([picture.pixels for picture in pictures]).float().to(planned.model.device)
    readings = contest.question.readings(pixels).tolist()
    return [
        replace(picture, record={**picture.record, "score": contest.report(rounded(read))})
        for picture, read in zip(pictures, readings, strict=True)
    ]


def rounded(readings: Sequence[float]) -> tuple[float, ...]:
    """Readings as they are kept."""
    return tuple(round(value, DIGITS_OF_READINGS) for value in readings)


def race(
    contests: Sequence[Contest], seeds: Sequence[int], rungs: Rungs, denoisers: Denoisers, watch: Watch | None = None
) -> list[Candidate | None]:
    """Make a block, a picture for each contest and its seed, of which the worst are dropped on the way.

    The pictures that are finished are the ones that their seeds make alone.

    Args:
        contests: they may ask for different things, but must agree as plans do in `sample`, and in how they look.
        seeds: one for each.
        rungs: where who is dropped.
        denoisers: as in `sample`.
        watch: is shown the states.

    Returns:
        For each what it has become; None where it was dropped.
    """
    questions = [contest.question for contest in contests]

    def scores(pictures: Tensor, places: Sequence[int]) -> Tensor:
        return scores_each([questions[place] for place in places], pictures)

    pruning = Pruning(rungs, scores, len(contests))
    left = sample([contest.planned for contest in contests], seeds, denoisers, watch, pruning)
    readings = readings_each([questions[row] for row in left.rows], left.pixels).tolist()
    finished: list[Candidate | None] = [None] * len(contests)
    for row, pixels, read in zip(left.rows, left.pixels.float().cpu(), readings, strict=True):
        finished[row] = contests[row].candidate(pixels.clone(), seeds[row], read)
    return finished


@dataclass(frozen=True)
class Block:
    """What became of some consecutive seeds.

    Attributes:
        number: its place in the search.
        finished: those whose pictures were finished, in the order of the seeds.
        dropped: the others' seeds.
    """

    number: int
    finished: tuple[Candidate, ...]
    dropped: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many seeds it had."""
        return len(self.finished) + len(self.dropped)


@dataclass(frozen=True, eq=False)
class Search:
    """The best few of many candidates.

    Attributes:
        contest: what is looked for.
        best: how many are kept.
        first: the first seed.
        count: how many seeds.
        rungs: where who is dropped.
        block_size: seeds that go through the sampler together.
    """

    contest: Contest
    best: int
    first: int
    count: int
    rungs: Rungs
    block_size: int

    def blocks(self) -> Iterator[tuple[int, range]]:
        """Every block's number and seeds: they depend on nothing but the search, whoever does the work."""
        end = self.first + self.count
        for number, first in enumerate(range(self.first, end, self.block_size)):
            yield number, range(first, min(first + self.block_size, end))

    def run(self, watch: Watch | None = None, blocks: Iterable[tuple[int, range]] | None = None) -> Iterator[Block]:
        """Make the blocks one after another, all of them or those that are given."""
        denoisers = Denoisers()
        for number, seeds in self.blocks() if blocks is None else blocks:
            made = race([self.contest] * len(seeds), seeds, self.rungs, denoisers, watch)
            dropped = tuple(seed for seed, candidate in zip(seeds, made, strict=True) if candidate is None)
            yield Block(number, tuple(candidate for candidate in made if candidate is not None), dropped)

    @property
    def steps(self) -> int:
        """The steps of a search: those of its blocks, and of its best, which are made once more, each alone."""
        return (sum(1 for _ in self.blocks()) + self.best) * self.contest.planned.steps

    def task(self) -> dict[str, Any]:
        """What is searched for, as JSON: two searches with the same task find the same."""
        planned = self.contest.planned
        example = record(planned, self.first, 1, 0)
        return {
            **{name: example[name] for name in ("verb", "recipe", "size", "model")},
            "second_stage": example.get("second_stage"),
            "dtype": example["circumstances"]["dtype"],
            "device": example["circumstances"]["device"],
            "compiled": planned.model.compiled,
            "judge": self.contest.question.judge.checksum,
            "rungs": [[rung.after, rung.least, None if math.isinf(rung.bar) else rung.bar] for rung in self.rungs],
            "best": self.best,
            "first": self.first,
            "count": self.count,
            "block": self.block_size,
        }


def search_for(
    planned: Planned, best: int, first: int, count: int, rungs: Rungs | None = None, block_size: int | None = None
) -> Search:
    """The search for the best of `count` seeds, before the shipped selecting judge.

    Args:
        planned: what is made.
        best: how many are kept.
        first: the first seed.
        count: how many seeds.
        rungs: where who is dropped; None for what suits the kind of picture.
        block_size: seeds that go through the sampler together; None for what suits the device.

    Raises:
        UsageError: if nobody can judge what it makes.
    """
    contest = contest_for(planned)
    chosen = sparing(RUNGS[planned.model.kind] if rungs is None else rungs, best / count)
    return Search(contest, best, first, count, chosen, block_size or contest.block_size)


def best_of(search: Search, watch: Watch | None = None) -> list[Candidate]:
    """The best of a search, the best first, each the one that its seed makes alone."""
    shortlist = Shortlist(search.best)
    for block in search.run(watch):
        for candidate in block.finished:
            shortlist.add(candidate.scored)
    alone = [search.contest.alone(scored.seed, watch) for scored in shortlist.best()]
    return sorted(alone, key=lambda own: (-own.scored.score, own.scored.seed))


@dataclass
class Shortlist:
    """The best few so far; of equals those with the smaller seed. It holds no more than `size` candidates.

    Attributes:
        size: how many.
    """

    size: int
    _heap: list[tuple[float, int, Scored]] = field(default_factory=list, repr=False)

    def admits(self, candidate: Scored) -> bool:
        """Whether it would be among the best now."""
        return len(self._heap) < self.size or self._entry(candidate)[:2] > self._heap[0][:2]

    def add(self, candidate: Scored) -> Scored | None:
        """Take a candidate in; what has to leave for it (perhaps itself) is given back."""
        if any(entry[2].seed == candidate.seed for entry in self._heap):
            return None
        if len(self._heap) < self.size:
            heapq.heappush(self._heap, self._entry(candidate))
            return None
        return heapq.heappushpop(self._heap, self._entry(candidate))[2]

    def best(self) -> list[Scored]:
        """The candidates, the best first."""
        return [entry[2] for entry in sorted(self._heap, key=lambda entry: entry[:2], reverse=True)]

    @staticmethod
    def _entry(candidate: Scored) -> tuple[float, int, Scored]:
        return candidate.score, -candidate.seed, candidate
