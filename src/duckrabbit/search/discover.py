"""Which pairs of subjects work under a view, or as a hybrid?

Blocks of different pairs race, and each pair's best picture is kept.

With pocket a pair decides far more than a seed does whether an illusion works, so that a minute is better spent on
another pair than on another candidate: each pair has one until there is no other pair to try, as with digits. Half of a
block of new pairs is dropped after a quarter of its steps.
"""

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from duckrabbit.judges.calibration import Calibration
from duckrabbit.judges.judge import Judge
from duckrabbit.judges.question import question_of
from duckrabbit.judges.subjects import prompt_for
from duckrabbit.making.best_of import Candidate, Contest, Scored, race
from duckrabbit.making.plan import plan
from duckrabbit.making.pruning import ACROSS, Rungs
from duckrabbit.making.sample import Denoisers, Watch
from duckrabbit.media.names import slug
from duckrabbit.models.model import Model, SamplerConfig
from duckrabbit.recipes.anagram import Anagram
from duckrabbit.recipes.hybrid import Hybrid, Part
from duckrabbit.search.discovery import Pair, SubjectPriors, proposals
from duckrabbit.search.folders import append, lines, task_folder

LOST = 1.3
"""By how much, in log p, dropped ones would have been read worse than the finished (19,000 pairs, both halves)."""

FEWEST, MOST = 4, 64
"""Pictures in a block: the last is as small as the time that is left; in a larger one more would be tried unlearnt."""

GALLERY, OF_A_SUBJECT = 24, 3
JOURNAL = "journal.jsonl"


@dataclass(frozen=True)
class Attempt:
    """A pair and the seed that it is tried with."""

    pair: Pair
    seed: int


@dataclass(frozen=True)
class Found(Scored):
    """A pair's best picture so far, as the selecting judge reads it.

    Attributes:
        pair: its subjects.
    """

    pair: Pair


@dataclass(frozen=True)
class Findings:
    """What is known so far.

    Attributes:
        tried: how many seeds of every pair.
        finished: the best picture of every pair that has one.
    """

    tried: Mapping[Pair, int]
    finished: Mapping[Pair, Found]

    def best(self) -> Found | None:
        """The first of the gallery; None before a picture is finished."""
        return min(self.finished.values(), key=_rank, default=None)

    def gallery(self) -> list[Found]:
        """The best, best first, no subject too often."""
        used: Counter[str] = Counter()
        chosen: list[Found] = []
        for found in sorted(self.finished.values(), key=_rank):
            if all(used[subject] < OF_A_SUBJECT for subject in found.pair):
                chosen.append(found)
                used.update(found.pair)
            if len(chosen) == GALLERY:
                break
        return chosen

    def scores(self) -> dict[Pair, float]:
        """Every tried pair's: that of its best picture, or what a dropped one is guessed to have been worth."""
        known = {pair: found.score for pair, found in self.finished.items()}
        guess = sum(known.values()) / len(known) - LOST if known else 0.0
        return {pair: known.get(pair, guess) for pair in self.tried}

    def with_attempt(self, attempt: Attempt, readings: Sequence[float] | None) -> "Findings":
        """The same and what became of one attempt: None for the dropped."""
        tried, finished = dict(self.tried), dict(self.finished)
        _add(tried, finished, attempt, readings)
        return Findings(tried, finished)


def _rank(found: Found) -> tuple[float, Pair]:
    return -found.score, found.pair


def _add(
    tried: dict[Pair, int], finished: dict[Pair, Found], attempt: Attempt, readings: Sequence[float] | None
) -> None:
    pair, before = attempt.pair, finished.get(attempt.pair)
    tried[pair] = tried.get(pair, 0) + 1
    if readings is not None and (before is None or min(readings) > before.score):
        finished[pair] = Found(attempt.seed, tuple(readings), pair)


@dataclass(frozen=True)
class PairSearch:
    """What pairs are looked for, and with what.

    Attributes:
        model: makes the pictures.
        judge: the selecting judge.
        calibration: what its scores mean; None where nothing is known.
        subjects: to choose from.
        view: in which the second subject is read; without meaning where there are parts.
        style: of the prompts.
        seed: of the choice and of each pair's first picture.
        negative_prompt: what to steer away from.
        sampler: how; None for the model's own way.
        combine: as in `Anagram`.
        subject_priors: what is known of the subjects beforehand.
        parts: of a hybrid, that of the first subject and that of the second; none for an anagram.
        around: a subject that every pair must have; empty for none.
    """

    model: Model
    judge: Judge
    calibration: Calibration | None
    subjects: tuple[str, ...]
    view: str
    style: str = ""
    seed: int = 0
    negative_prompt: str = ""
    sampler: SamplerConfig | None = None
    combine: str = "mean"
    subject_priors: SubjectPriors = field(default_factory=dict, repr=False)
    parts: tuple[str, ...] = ()
    around: str = ""

    def recipe(self, pair: Pair) -> Anagram | Hybrid:
        """The illusion of a pair."""
        prompts = (prompt_for(pair[0], self.style), prompt_for(pair[1], self.style))
        if self.parts:
            parts = {name: Part(prompt) for name, prompt in zip(self.parts, prompts, strict=True)}
            return Hybrid(parts, negative_prompt=self.negative_prompt, sampler=self.sampler)
        return Anagram(prompts, (self.view,), self.negative_prompt, self.sampler, self.combine)

    def contest(self, pair: Pair) -> Contest:
        """A pair's pictures, and how they are judged; raises UsageError where there can be none."""
        recipe = self.recipe(pair)
        return Contest(plan(recipe, self.model), question_of(self.judge, recipe.looks), self.calibration)

    @property
    def block_size(self) -> int:
        """How many pictures are made together."""
        return min(MOST, self.contest((self.subjects[0], self.subjects[1])).block_size)

    def attempts(self, findings: Findings, count: int) -> list[Attempt]:
        """The next block: new pairs, and where there are no more, another seed of those least tried, best first."""
        scores, tried = findings.scores(), Counter(findings.tried)
        chosen = []
        pairs = proposals(self.subjects, scores, count, self.seed, self.subject_priors, self.around)
        for place in range(count):
            if place < len(pairs):
                pair = pairs[place]
            else:
                pair = min(tried, key=lambda own: (tried[own], -scores.get(own, 0.0), own))
            chosen.append(Attempt(pair, self.seed + tried[pair]))
            tried[pair] += 1
        return chosen

    def rungs(self, attempts: Sequence[Attempt]) -> Rungs:
        """New pairs race; of others nobody is dropped, or some would never be finished."""
        return ACROSS if all(attempt.seed == self.seed for attempt in attempts) else ()

    def made(self, attempts: Sequence[Attempt], denoisers: Denoisers, watch: Watch | None) -> list[Candidate | None]:
        """What becomes of every attempt of a block: None where it was dropped.

        A picture is the one that its seed makes alone, on a GPU to a few grey levels.
        """
        contests = [self.contest(attempt.pair) for attempt in attempts]
        return race(contests, [attempt.seed for attempt in attempts], self.rungs(attempts), denoisers, watch)

    def task(self) -> dict[str, Any]:
        """What is looked for, as JSON."""
        hybrid = {"parts": list(self.parts)} if self.parts else {}
        around = {"around": self.around} if self.around else {}
        return {
            **hybrid,
            **around,
            "view": self.view,
            "style": self.style,
            "seed": self.seed,
            "rungs": [[rung.after, rung.least] for rung in ACROSS],
            "subject_priors": bool(self.subject_priors),
            "subjects": list(self.subjects),
            "negative_prompt": self.negative_prompt,
            "combine": self.combine,
            "model": self.model.checksum,
            "judge": self.judge.checksum,
            "sampler": repr(self.sampler),
        }


@dataclass(frozen=True)
class Collection:
    """The folder of a search: what was tried, and the best picture of every pair that has one; a kill loses neither."""

    folder: Path

    def picture(self, found: Attempt | Found) -> Path:
        """The picture of a pair and a seed."""
        # Two hyphens are in no slug, so that no two pairs share a name; odd names that share a slug are told apart.
        a, b = (_file_name(subject) for subject in found.pair)
        return self.folder / f"{a}--{b}-{found.seed}.png"

    def findings(self) -> Findings:
        """What the journal knows; a picture that was deleted is as if it had been dropped."""
        tried: dict[Pair, int] = {}
        finished: dict[Pair, Found] = {}
        for line in lines(self.folder / JOURNAL):
            a, b = line["pair"]
            attempt, readings = Attempt((a, b), int(line["seed"])), line.get("readings")
            there = readings is not None and self.picture(attempt).is_file()
            _add(tried, finished, attempt, readings if there else None)
        return Findings(tried, finished)

    def note(self, findings: Findings, attempt: Attempt, candidate: Candidate | None) -> Findings:
        """Write down what became of an attempt, after its picture, which takes the place of a worse one."""
        line: dict[str, Any] = {"pair": list(attempt.pair), "seed": attempt.seed}
        readings = None if candidate is None else candidate.scored.readings
        after = findings.with_attempt(attempt, readings)
        before, found = (own.finished.get(attempt.pair) for own in (findings, after))
        if candidate is not None and found is not None and found != before:
            candidate.picture.save(self.picture(found))
        append(self.folder / JOURNAL, line if readings is None else {**line, "readings": list(readings)})
        if before is not None and found != before:
            self.picture(before).unlink(missing_ok=True)
        return after


def collection(parent: Path, stem: str, search: PairSearch) -> Collection:
    """The folder in which this very search was begun, or a new one; see `task_folder`."""
    return Collection(task_folder(parent, stem, search.task()))


def _file_name(subject: str) -> str:
    name = slug(subject)
    if name.replace("-", " ") == subject:
        return name
    return f"{name}-{hashlib.sha256(subject.encode()).hexdigest()[:8]}"


Tell = Callable[[Findings], None]
"""Is shown what is known after every step of a block."""


def discover(search: PairSearch, kept: Collection, seconds: float, tell: Tell) -> Findings:
    """Look for pairs for about so long, one block at the least; what is found is kept after every block."""
    findings, denoisers = kept.findings(), Denoisers()
    count, end = search.block_size, time.monotonic() + seconds
    while count >= FEWEST:
        started, known, attempts = time.monotonic(), findings, search.attempts(findings, count)
        block = search.made(attempts, denoisers, lambda _, known=known: tell(known))  # type: ignore[misc]
        for attempt, candidate in zip(attempts, block, strict=True):
            findings = kept.note(findings, attempt, candidate)
        tell(findings)
        each = (time.monotonic() - started) / count
        count = min(search.block_size, int((end - time.monotonic()) / each))
    return findings
