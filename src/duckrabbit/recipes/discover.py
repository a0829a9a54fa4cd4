"""Which pairs of subjects work under a view? Many are probed, the promising rendered in full, the best kept.

With pocket a pair decides far more than a seed does whether an illusion works, so that a minute is better spent on
another pair than on another candidate: of a promising pair only the seed that was best when probed is rendered. More
candidates are made of the pairs at hand once there is no other to try, as with digits.
"""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from duckrabbit.media.slug import slug
from duckrabbit.models.model import Model, Sampler
from duckrabbit.recipes.anagram import Anagram
from duckrabbit.recipes.candidates import Candidate, Candidates
from duckrabbit.recipes.looks import looks_of
from duckrabbit.recipes.make import make_all
from duckrabbit.recipes.task_folder import task_folder
from duckrabbit.search.calibration import Calibration
from duckrabbit.search.discovery import Pair, proposals
from duckrabbit.search.journal import append, lines
from duckrabbit.search.question import question_of
from duckrabbit.search.racing import LADDERS
from duckrabbit.search.reader import Reader
from duckrabbit.search.subjects import prompt_for

PROBE_STEPS, PROBE_SEEDS, PAIRS_A_ROUND = 6, 2, 8
RENDERS_A_ROUND = 2
MORE = 16
"""Candidates that a pair gets at a time once all pairs are rendered."""

GALLERY, OF_A_SUBJECT = 24, 3
JOURNAL = "journal.jsonl"


@dataclass(frozen=True)
class Probe:
    """The best of a pair's quick pictures.

    Attributes:
        score: by the selecting judge: the log p of the look in which it is least readable.
        seed: its seed.
    """

    score: float
    seed: int


@dataclass(frozen=True)
class Found:
    """A pair's best picture so far.

    Attributes:
        pair: its subjects.
        seed: its seed.
        readings: log p of what is asked for by the selecting judge, look by look.
        tried: so many of the pair's seeds were candidates in blocks, before which there was only the probe.
    """

    pair: Pair
    seed: int
    readings: tuple[float, ...]
    tried: int = 0

    @property
    def score(self) -> float:
        """That of the look in which it is least readable."""
        return min(self.readings)


@dataclass(frozen=True)
class Findings:
    """What is known so far.

    Attributes:
        probed: the probe of every pair.
        rendered: the best picture of every rendered pair.
    """

    probed: Mapping[Pair, Probe]
    rendered: Mapping[Pair, Found]

    def gallery(self) -> list[Found]:
        """The best, best first, no subject too often."""
        used: dict[str, int] = {}
        chosen: list[Found] = []
        for found in sorted(self.rendered.values(), key=lambda own: (-own.score, own.pair)):
            if all(used.get(subject, 0) < OF_A_SUBJECT for subject in found.pair):
                chosen.append(found)
                for subject in found.pair:
                    used[subject] = used.get(subject, 0) + 1
            if len(chosen) == GALLERY:
                break
        return chosen

    def promising(self) -> list[Pair]:
        """Probed pairs that were not rendered yet, the best first."""
        left = [pair for pair in self.probed if pair not in self.rendered]
        return sorted(left, key=lambda pair: (-self.probed[pair].score, pair))

    def with_found(self, found: Found) -> "Findings":
        """The same and what was found of one pair."""
        return replace(self, rendered={**self.rendered, found.pair: found})


@dataclass(frozen=True)
class Hunt:
    """What pairs are looked for, and with what.

    Attributes:
        model: makes the pictures.
        reader: the selecting judge.
        calibration: what its scores mean; None where nothing is known.
        subjects: to choose from.
        view: in which the second subject is read.
        style: of the prompts.
        seed: of the choice and of the first candidates.
        negative_prompt: what to steer away from.
        sampler: of the full pictures; None for the model's own way.
        combine: as in `Anagram`.
    """

    model: Model
    reader: Reader
    calibration: Calibration | None
    subjects: tuple[str, ...]
    view: str
    style: str = ""
    seed: int = 0
    negative_prompt: str = ""
    sampler: Sampler | None = None
    combine: str = "mean"

    def recipe(self, pair: Pair) -> Anagram:
        """The anagram of a pair."""
        prompts = (prompt_for(pair[0], self.style), prompt_for(pair[1], self.style))
        return Anagram(prompts, (self.view,), self.negative_prompt, self.sampler, self.combine)

    def candidates(self, pair: Pair) -> Candidates:
        """A pair's full candidates."""
        recipe = self.recipe(pair)
        question = question_of(self.reader, looks_of(recipe))
        return Candidates(recipe, self.model, question, self.calibration, LADDERS[self.reader.kind])

    def probe(self, pairs: Sequence[Pair]) -> dict[Pair, Probe]:
        """Each pair's best of a few quick pictures."""
        quick = replace(
            self.sampler or self.model.illusion_sampler, solver="dpmpp_2m", grid="uniform", steps=PROBE_STEPS
        )
        recipes = [replace(self.recipe(pair), sampler=quick) for pair in pairs]
        repeated = [recipe for recipe in recipes for _ in range(PROBE_SEEDS)]
        seeds = list(range(self.seed, self.seed + PROBE_SEEDS)) * len(pairs)
        pictures = torch.stack([picture.pixels for picture in make_all(repeated, self.model, seeds)])
        probes = {}
        for pair, recipe, own in zip(pairs, recipes, torch.split(pictures, PROBE_SEEDS), strict=True):
            scores = question_of(self.reader, looks_of(recipe)).scores(own)
            best = int(scores.argmax())
            probes[pair] = Probe(round(float(scores[best]), 4), self.seed + best)
        return probes

    def render(self, pair: Pair, probe: Probe) -> Candidate:
        """A pair's first picture in full."""
        return self.candidates(pair).alone(probe.seed)

    def better(self, found: Found) -> Candidate | None:
        """The best of a pair's next candidates, if it is better than what was found."""
        candidates, first = self.candidates(found.pair), self.seed + found.tried
        block = candidates.block(range(first, first + MORE)).finished
        best = max(block, key=lambda own: (own.scored.score, -own.scored.seed)).scored
        if best.seed == found.seed or best.score <= found.score:
            return None
        # In a block a score may be off by a little.
        made = candidates.alone(best.seed)
        return made if made.scored.score > found.score else None

    def task(self) -> dict[str, Any]:
        """What is looked for, as JSON."""
        return {
            "view": self.view,
            "style": self.style,
            "seed": self.seed,
            "probe": [PROBE_STEPS, PROBE_SEEDS],
            "subjects": list(self.subjects),
            "negative_prompt": self.negative_prompt,
            "combine": self.combine,
            "model": self.model.checksum,
            "judge": self.reader.checksum,
            "sampler": repr(self.sampler),
        }


@dataclass(frozen=True)
class Collection:
    """The folder of a hunt: what was tried, and every rendered pair's picture. A kill loses neither."""

    folder: Path

    def picture(self, found: Found) -> Path:
        """A rendered pair's picture."""
        # Two hyphens are in no slug, so that no two pairs share a name; odd names that share a slug are told apart.
        a, b = (_file_name(subject) for subject in found.pair)
        return self.folder / f"{a}--{b}-{found.seed}.png"

    def findings(self) -> Findings:
        """What the journal knows; a pair whose picture is gone is to be rendered again."""
        probed: dict[Pair, Probe] = {}
        rendered: dict[Pair, Found] = {}
        for line in lines(self.folder / JOURNAL):
            a, b = line["pair"]
            if "probe" in line:
                probed[a, b] = Probe(float(line["probe"]), int(line["seed"]))
            else:
                readings = tuple(map(float, line["readings"]))
                rendered[a, b] = Found((a, b), int(line["seed"]), readings, int(line["tried"]))
        there = {pair: found for pair, found in rendered.items() if self.picture(found).is_file()}
        return Findings(probed, there)

    def note_probe(self, pair: Pair, probe: Probe) -> None:
        """Write down a probe."""
        append(self.folder / JOURNAL, {"pair": list(pair), "probe": probe.score, "seed": probe.seed})

    def note_render(self, pair: Pair, candidate: Candidate, tried: int) -> Found:
        """Write down a pair's best picture so far, after the picture itself."""
        found = Found(pair, candidate.scored.seed, candidate.scored.readings, tried)
        candidate.picture.save(self.picture(found))
        return self.note(found)

    def note(self, found: Found) -> Found:
        """Write down what is known of a pair whose picture is there."""
        line = {"pair": list(found.pair), "seed": found.seed, "readings": list(found.readings), "tried": found.tried}
        append(self.folder / JOURNAL, line)
        return found

    def note_more(self, before: Found, candidate: Candidate | None) -> Found:
        """Write down that more candidates were made; a better one takes the place of what was found before."""
        tried = before.tried + MORE
        if candidate is None:
            return self.note(replace(before, tried=tried))
        found = self.note_render(before.pair, candidate, tried)
        self.picture(before).unlink(missing_ok=True)
        return found


def collection(parent: Path, stem: str, hunt: Hunt) -> Collection:
    """The folder in which this very hunt was begun, or a new one; see `task_folder`."""
    return Collection(task_folder(parent, stem, hunt.task()))


def _file_name(subject: str) -> str:
    name = slug(subject)
    if name.replace("-", " ") == subject:
        return name
    return f"{name}-{hashlib.sha256(subject.encode()).hexdigest()[:8]}"


Tell = Callable[[Findings], None]
"""Is shown what is known after every round of probes and every picture."""


def discover(hunt: Hunt, kept: Collection, seconds: float, tell: Tell) -> Findings:
    """Look for pairs for so long; what is found is in the collection at every moment.

    Every round probes a few pairs that the talents of their subjects recommend, then renders the most promising. When
    no pair is left, the rendered ones get more candidates in turn, the best read first.
    """
    findings = kept.findings()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        scores = {pair: probe.score for pair, probe in findings.probed.items()}
        pairs = proposals(hunt.subjects, scores, PAIRS_A_ROUND, hunt.seed)
        if pairs:
            probes = hunt.probe(pairs)
            for pair, probe in probes.items():
                kept.note_probe(pair, probe)
            findings = replace(findings, probed={**findings.probed, **probes})
            tell(findings)
        promising = findings.promising()
        for pair in promising[:RENDERS_A_ROUND]:
            if time.monotonic() >= end and findings.rendered:
                break
            candidate = hunt.render(pair, findings.probed[pair])
            findings = findings.with_found(kept.note_render(pair, candidate, 0))
            tell(findings)
        if not pairs and not promising:
            before = min(findings.rendered.values(), key=lambda own: (own.tried, -own.score, own.pair))
            findings = findings.with_found(kept.note_more(before, hunt.better(before)))
            tell(findings)
    return findings
