"""Which pairs of subjects work under a view? Many are probed, the promising rendered in full, the best kept."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from duckrabbit.media.atomic import atomic_write
from duckrabbit.models.model import Model, Sampler
from duckrabbit.recipes.anagram import Anagram
from duckrabbit.recipes.candidates import Candidate, Candidates
from duckrabbit.recipes.looks import looks_of
from duckrabbit.recipes.make import make_all
from duckrabbit.search.calibration import Calibration
from duckrabbit.search.discovery import Pair, proposals
from duckrabbit.search.journal import append, lines
from duckrabbit.search.question import question_of
from duckrabbit.search.racing import LADDERS
from duckrabbit.search.reader import Reader
from duckrabbit.search.subjects import prompt_for

PROBE_STEPS, PROBE_SEEDS, PAIRS_A_ROUND = 6, 2, 8
FULL_EACH = 16
"""Candidates of a promising pair."""

RENDERS_A_ROUND = 1
GALLERY, OF_A_SUBJECT = 24, 3
TASK, JOURNAL = "task.json", "journal.jsonl"


@dataclass(frozen=True)
class Found:
    """The best picture of a pair.

    Attributes:
        pair: its subjects.
        seed: its seed.
        readings: log p of what is asked for by the selecting judge, look by look.
    """

    pair: Pair
    seed: int
    readings: tuple[float, ...]

    @property
    def score(self) -> float:
        """That of the look in which it is least readable."""
        return min(self.readings)


@dataclass(frozen=True)
class Findings:
    """What is known so far.

    Attributes:
        probed: every probed pair's score.
        rendered: every rendered pair's best.
    """

    probed: Mapping[Pair, float]
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
        return sorted(left, key=lambda pair: (-self.probed[pair], pair))


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

    def probe(self, pairs: Sequence[Pair]) -> dict[Pair, float]:
        """Each pair's score in a few quick pictures: that of the best of them."""
        quick = replace(
            self.sampler or self.model.illusion_sampler, solver="dpmpp_2m", grid="uniform", steps=PROBE_STEPS
        )
        recipes = [replace(self.recipe(pair), sampler=quick) for pair in pairs]
        repeated = [recipe for recipe in recipes for _ in range(PROBE_SEEDS)]
        seeds = list(range(self.seed, self.seed + PROBE_SEEDS)) * len(pairs)
        pictures = torch.stack([picture.pixels for picture in make_all(repeated, self.model, seeds)])
        scores = {}
        for pair, recipe, own in zip(pairs, recipes, torch.split(pictures, PROBE_SEEDS), strict=True):
            scores[pair] = round(float(question_of(self.reader, looks_of(recipe)).scores(own).max()), 4)
        return scores

    def render(self, pair: Pair) -> Candidate:
        """The best of a pair's candidates, made alone."""
        candidates = self.candidates(pair)
        block = candidates.block(range(self.seed, self.seed + FULL_EACH))
        best = max(block.finished, key=lambda own: (own.scored.score, -own.scored.seed))
        return candidates.alone(best.scored.seed)

    def task(self) -> dict[str, Any]:
        """What is looked for, as JSON."""
        return {
            "view": self.view,
            "style": self.style,
            "seed": self.seed,
            "subjects": list(self.subjects),
            "negative_prompt": self.negative_prompt,
            "combine": self.combine,
            "model": self.model.checksum,
            "judge": self.reader.checksum,
            "sampler": repr(self.sampler),
        }


@dataclass(frozen=True)
class Collection:
    """The folder of a hunt: what was tried, and every rendered pair's best picture. A kill loses neither."""

    folder: Path

    def picture(self, found: Found) -> Path:
        """A rendered pair's best picture."""
        a, b = (subject.replace(" ", "-") for subject in found.pair)
        return self.folder / f"{a}-{b}-{found.seed}.png"

    def findings(self) -> Findings:
        """What the journal knows."""
        probed: dict[Pair, float] = {}
        rendered: dict[Pair, Found] = {}
        for line in lines(self.folder / JOURNAL):
            a, b = line["pair"]
            if "probe" in line:
                probed[a, b] = float(line["probe"])
            else:
                rendered[a, b] = Found((a, b), int(line["seed"]), tuple(map(float, line["readings"])))
        return Findings(probed, rendered)

    def note_probe(self, pair: Pair, score: float) -> None:
        """Write down a probe."""
        append(self.folder / JOURNAL, {"pair": list(pair), "probe": score})

    def note_render(self, pair: Pair, candidate: Candidate) -> Found:
        """Write down a pair's best picture, after the picture itself."""
        found = Found(pair, candidate.scored.seed, candidate.scored.readings)
        candidate.picture.save(self.picture(found))
        append(self.folder / JOURNAL, {"pair": list(pair), "seed": found.seed, "readings": list(found.readings)})
        return found


def collection(parent: Path, stem: str, hunt: Hunt) -> Collection:
    """The folder in which this very hunt was begun, or a new one."""
    text = json.dumps(hunt.task(), sort_keys=True)
    number = 1
    while True:
        folder = parent / f"{stem}{'' if number == 1 else f'-{number}'}"
        file = folder / TASK
        if file.is_file() and file.read_text("utf-8") == text:
            return Collection(folder)
        if not folder.exists():
            with atomic_write(file) as temporary:
                temporary.write_text(text, "utf-8")
            return Collection(folder)
        number += 1


Tell = Callable[[Findings], None]
"""Is shown what is known after every probe round and every rendered pair."""


def discover(hunt: Hunt, kept: Collection, seconds: float, tell: Tell) -> Findings:
    """Look for pairs for so long; what is found is in the collection at every moment.

    Every round probes a few pairs that the talents of their subjects recommend, then renders the most promising.
    """
    findings = kept.findings()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pairs = proposals(hunt.subjects, findings.probed, PAIRS_A_ROUND, hunt.seed)
        if pairs:
            probed = dict(findings.probed)
            for pair, score in hunt.probe(pairs).items():
                kept.note_probe(pair, score)
                probed[pair] = score
            findings = Findings(probed, findings.rendered)
            tell(findings)
        for pair in findings.promising()[:RENDERS_A_ROUND]:
            if time.monotonic() >= end and findings.rendered:
                break
            found = kept.note_render(pair, hunt.render(pair))
            findings = Findings(findings.probed, {**findings.rendered, pair: found})
            tell(findings)
        if not pairs and not findings.promising():
            break
    return findings
