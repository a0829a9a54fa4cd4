"""Candidates: pictures of one recipe with many seeds, made in blocks; the hopeless are dropped on the way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from torch import Tensor

from duckrabbit.judges.calibration import Calibration
from duckrabbit.judges.judge import Kind
from duckrabbit.judges.question import Question
from duckrabbit.making.make import Picture
from duckrabbit.making.plan import Course, Denoisers, Watch, course_of, sifted
from duckrabbit.making.pruning import Ladder, Racing
from duckrabbit.making.record import record
from duckrabbit.making.shortlist import Scored
from duckrabbit.models.model import Model, SamplerConfig
from duckrabbit.recipes.recipe import Recipe

CPU_BLOCKS: Mapping[Kind, int] = {"digits": 32, "pictures": 16}
"""Seeds that go through the sampler together on a CPU: half a minute's work, which is all that a kill can lose."""

GPU_BLOCK = 256
"""The same on a GPU: what keeps it busy."""

DIGITS_OF_READINGS = 4
"""Readings are rounded, so that they order candidates in the same way whoever computed them."""


@dataclass(frozen=True)
class Candidate:
    """A finished picture and how well it is read."""

    picture: Picture
    scored: Scored


@dataclass(frozen=True)
class Block:
    """What became of some seeds.

    Attributes:
        finished: those whose pictures were finished, in the order of the seeds.
        dropped: the others.
    """

    finished: tuple[Candidate, ...]
    dropped: tuple[int, ...]


@dataclass(frozen=True)
class Candidates:
    """All candidates for a recipe, one for each seed there is.

    Attributes:
        recipe: what to make.
        model: what makes it.
        question: what is to be read in it.
        calibration: what a score means; None where nothing is known.
        ladder: who is dropped on the way.
        size: the pictures' side; None for the model's own.
        second_sampler: as in `make`.
    """

    recipe: Recipe
    model: Model
    question: Question
    calibration: Calibration | None = None
    ladder: Ladder = ()
    size: int | None = None
    second_sampler: SamplerConfig | None = None
    _denoisers: Denoisers = field(default_factory=Denoisers, repr=False, compare=False)

    @cached_property
    def course(self) -> Course:
        """The stages that make it; raises UsageError where it can't be made."""
        return course_of(self.recipe, self.model, self.size, self.second_sampler)

    @property
    def block_size(self) -> int:
        """How many seeds go through the sampler together on this device."""
        return GPU_BLOCK if self.model.device.type == "cuda" else CPU_BLOCKS[self.question.judge.kind]

    def block(self, seeds: Sequence[int], watch: Watch | None = None) -> Block:
        """Make the pictures of some seeds. The pictures of those that are not dropped are what they would be alone."""
        own = tuple(seeds)
        sieve = Racing(self.ladder, self.question.scores, len(own))
        left = sifted([self.course] * len(own), own, self._denoisers, sieve, watch)
        pixels = left.pixels.float().cpu()
        readings = self.question.readings(left.pixels).tolist()
        finished = [
            self.candidate(own_pixels.clone(), own[row], read)
            for row, own_pixels, read in zip(left.rows, pixels, readings, strict=True)
        ]
        gone = set(left.rows)
        return Block(tuple(finished), tuple(seed for row, seed in enumerate(own) if row not in gone))

    def alone(self, seed: int) -> Candidate:
        """The candidate of one seed, made by itself: to the last bit the picture that `rerun` makes.

        Reduced precision may sum in another order in another batch, as GPUs do: a candidate of a block is then off by a
        few grey levels.
        """
        [candidate] = without_dropping(self).block((seed,)).finished
        return candidate

    def candidate(self, pixels: Tensor, seed: int, readings: Sequence[float]) -> Candidate:
        """What a seed has become: its pixels [C, H, W] on the CPU, and log p of what is asked for, look by look."""
        scored = Scored(seed, tuple(round(value, DIGITS_OF_READINGS) for value in readings))
        remembered = self.record_of(seed) | {"score": self.told(scored)}
        return Candidate(Picture(pixels, seed, self.recipe, remembered), scored)

    def probability(self, scored: Scored) -> float | None:
        """How likely the reporting judge is to read the picture as asked in every look."""
        return None if self.calibration is None else self.calibration(scored.readings)

    def told(self, scored: Scored) -> dict[str, Any]:
        """What a picture's record and its line of JSON say of its score."""
        return self.told_of(scored.readings)

    def told_of(self, readings: Sequence[float]) -> dict[str, Any]:
        """The same of its readings."""
        looks = {
            f"{look.name}: {look.prompt}": reading for look, reading in zip(self.question.looks, readings, strict=True)
        }
        judge = self.question.judge
        told: dict[str, Any] = {"judge": f"{judge.kind} {judge.role} {judge.checksum}", "log_p": looks}
        probability = None if self.calibration is None else self.calibration(readings)
        return told if probability is None else {**told, "read_as_asked": round(probability, 4)}

    def record_of(self, seed: int) -> dict[str, Any]:
        """What the picture of a seed remembers."""
        return record(self.recipe, self.model, seed, 1, 0, self.size, self.second_sampler)


def without_dropping(candidates: Candidates) -> Candidates:
    """The same candidates, each rendered to its end."""
    return replace(candidates, ladder=())
