"""What the benches of searches share: pairs of prompts, their candidates, and what both judges say of them."""

import argparse
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement
from pathlib import Path
from random import Random

import torch
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor

from duckrabbit.judges.calibration import guiding_checksum
from duckrabbit.judges.judge import Judge, load_judge
from duckrabbit.judges.question import Question, question_of
from duckrabbit.judges.subjects import prompt_for, random_pairs, subjects_of
from duckrabbit.making.make import make_all
from duckrabbit.making.plan import plan
from duckrabbit.making.record import record
from duckrabbit.media.sheet import contact_sheet
from duckrabbit.media.tensors import write_tensors
from duckrabbit.models.load import load_model
from duckrabbit.models.model import Model
from duckrabbit.recipes.anagram import Anagram
from duckrabbit.recipes.recipe import Recipe
from duckrabbit.search.discovery import proposals
from duckrabbit.search.priors import shipped_for

STYLES = ("a cartoon of", "an oil painting of", "a lithograph of", "a watercolor of")
VIEWS = ("flip", "rotate-90", "rotate-180")
DIGIT_VIEWS = ("flip", "rotate-180")

PAIRS_AT_ONCE = 12

EVERYDAY, ASKED = "everyday", "asked"
"""Circles of names: the everyday subjects', and those that the pairs of a run ask for."""


@dataclass(frozen=True)
class Pair:
    """Two subjects, the view in which the second is read, and a style."""

    a: str
    b: str
    view: str
    style: str

    @property
    def recipe(self) -> Anagram:
        """The anagram of the pair."""
        return Anagram((prompt_for(self.a, self.style), prompt_for(self.b, self.style)), (self.view,))

    def __str__(self) -> str:
        return f"{self.a} / {self.b}, {self.view}, {self.style}"


@dataclass(frozen=True)
class Judged:
    """Candidates of one recipe before both judges.

    Attributes:
        pictures: [N, C, S, S], on the CPU.
        readings: log p of what is asked for by the selecting judge, [N, L].
        places: of what is asked for in the reporting judge's order, [N, L], from 1.
        among: the same among the names of each circle.
        agree: whether both judges' first readings are the same class, [N, L].
        logs: the reporting judge's log p of what is asked for, [N, L].
    """

    pictures: Tensor
    readings: Tensor
    places: Tensor
    among: Mapping[str, Tensor]
    agree: Tensor
    logs: Tensor

    @property
    def scores(self) -> Tensor:
        """By the selecting judge, [N]."""
        return self.readings.amin(dim=1)

    def read(self, first: int = 1) -> Tensor:
        """Whether the reporting judge has what is asked for among its first, in every look, [N]."""
        return (self.places <= first).all(dim=1)

    def read_among(self, circle: str) -> Tensor:
        """Whether it is the first of a circle's names in every look, [N]."""
        return (self.among[circle] <= 1).all(dim=1)

    def rows(self, rows: Tensor) -> "Judged":
        """Some of the candidates."""
        return Judged(
            self.pictures[rows],
            self.readings[rows],
            self.places[rows],
            {circle: places[rows] for circle, places in self.among.items()},
            self.agree[rows],
            self.logs[rows],
        )


@dataclass(frozen=True)
class Court:
    """The judge that selects and the one that reports.

    Attributes:
        selecting: the one.
        reporting: the other.
        circles: its classes in each circle of names, among which its order is told, too.
    """

    selecting: Judge
    reporting: Judge
    circles: Mapping[str, Tensor]

    @staticmethod
    def of(model: Model) -> "Court":
        """The judges of a model's pictures, with the circle of everyday names."""
        kind = model.kind
        selecting, reporting = (
            load_judge(kind, "selecting", model.device),
            load_judge(kind, "reporting", model.device),
        )
        everyday = [prompt_for(subject, "") for subject in subjects_of(reporting)]
        return Court(selecting, reporting, {EVERYDAY: _classes(reporting, everyday)})

    def of_pairs(self, pairs: Sequence[Pair]) -> "Court":
        """The same with the circle of the names that these pairs ask for."""
        asked = [prompt for pair in pairs for prompt in pair.recipe.prompts]
        return replace(self, circles={**self.circles, ASKED: _classes(self.reporting, asked)})

    def checksums(self, judge_scale: float) -> dict[str, str]:
        """Of the judges that had a part in candidates made with that scale: who pulled, who selects, who reports."""
        return {
            "guiding": guiding_checksum(self.selecting.kind, judge_scale),
            "selecting": self.selecting.checksum,
            "reporting": self.reporting.checksum,
        }

    def question(self, recipe: Recipe) -> Question:
        """The selecting judge's question."""
        return question_of(self.selecting, recipe.looks)

    def judge(self, recipe: Recipe, pictures: Tensor) -> Judged:
        """Put pictures [N, C, S, S] before both."""
        ours, theirs = self.question(recipe), question_of(self.reporting, recipe.looks)
        selected, reported = ours.log_probabilities(pictures), theirs.log_probabilities(pictures)
        wanted = list(zip(reported, theirs.classes, strict=True))
        return Judged(
            pictures.float().cpu(),
            torch.stack([log_p[:, own] for log_p, own in zip(selected, ours.classes, strict=True)], dim=1),
            torch.stack([_place(log_p, own) for log_p, own in wanted], dim=1),
            {
                circle: torch.stack([_place(log_p, own, classes) for log_p, own in wanted], dim=1)
                for circle, classes in self.circles.items()
            },
            torch.stack([a.argmax(1) == b.argmax(1) for a, b in zip(selected, reported, strict=True)], dim=1),
            torch.stack([log_p[:, own] for log_p, own in wanted], dim=1),
        )


def _classes(judge: Judge, prompts: Sequence[str]) -> Tensor:
    """The classes that prompts ask for, each once."""
    found = {judge.asked_for(prompt) for prompt in prompts}
    return torch.tensor(sorted(own for own in found if own is not None))


def _place(log_p: Tensor, wanted: int, among: Tensor | None = None) -> Tensor:
    others = log_p if among is None else log_p[:, among]
    return 1 + (others > log_p[:, [wanted]]).sum(dim=1)


def add_options(parser: argparse.ArgumentParser, candidates: int) -> None:
    """The options that all benches of searches have."""
    parser.add_argument("--model", default="pocket")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--candidates", type=int, default=candidates, help="of each pair")
    parser.add_argument("--pairs", type=int, default=60, help="random pairs of pocket's (a third for each view)")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of pairs")
    parser.add_argument("--batch", type=int, help="pictures made at once (512 on a GPU, 32 on a CPU)")
    parser.add_argument(
        "--cache", type=Path, help="a folder that keeps the pictures, so that the next bench need not make them"
    )
    add_judge_scale(parser)
    parser.add_argument("--quick", action="store_true", help="a few pairs and candidates, to see that it runs")


def add_judge_scale(parser: argparse.ArgumentParser) -> None:
    """The option that says how strongly a judge pulls."""
    parser.add_argument("--judge-scale", type=float, help="of anagrams and hybrids (the model's own); 0 is no pull")


def opened(name: str, options: argparse.Namespace) -> Model:
    """A model in bfloat16 on a GPU, in its own precision on a CPU; its illusions are pulled as the options say."""
    model = load_model(name, options.device)
    if options.judge_scale is not None:
        model = replace(model, illusion_sampler=replace(model.illusion_sampler, judge_scale=options.judge_scale))
    dtype = str(model.dtype).removeprefix("torch.")
    print(f"{model.name} on {model.device} in {dtype}, judge scale {model.illusion_sampler.judge_scale:g}", flush=True)
    return model


def word_pairs(court: Court, count: int, seed: int) -> list[Pair]:
    """Random pairs of everyday subjects; views and styles take turns."""
    pairs = random_pairs(subjects_of(court.reporting), count, seed)
    return [Pair(a, b, VIEWS[k % 3], STYLES[k // 3 % 4]) for k, (a, b) in enumerate(pairs)]


def proposed_pairs(court: Court, model: Model, count: int, seed: int) -> list[Pair]:
    """Pairs as `discover` proposes them before it has tried any; views and styles take turns."""
    subjects, subject_priors = subjects_of(court.selecting), shipped_for(model.checksum, court.selecting)
    each = math.ceil(count / len(VIEWS))
    by_view = [proposals(subjects, {}, each, seed + view, subject_priors) for view in range(len(VIEWS))]
    return [Pair(*by_view[k % 3][k // 3], VIEWS[k % 3], STYLES[k // 3 % 4]) for k in range(count)]


def digit_pairs(count: int | None = None, seed: int = 0) -> list[Pair]:
    """Every pair of digits in both views, or some of those of two different digits, drawn by the seed."""
    every = [
        Pair(str(a), str(b), view, "") for view in DIGIT_VIEWS for a, b in combinations_with_replacement(range(10), 2)
    ]
    if count is None:
        return every
    different = [pair for pair in every if pair.a != pair.b]
    return Random(seed).sample(different, min(count, len(different)))


def pairs_of(model: Model, court: Court, count: int, seed: int) -> list[Pair]:
    """Pairs that a model can be asked for: of two different digits, or random ones of everyday subjects."""
    return digit_pairs(count, seed) if model.kind == "digits" else word_pairs(court, count, seed)


@dataclass(frozen=True)
class Maker:
    """Makes the pictures of recipes, and keeps them for the next bench.

    Attributes:
        model: what makes them.
        batch: how many at once.
        cache: a folder to keep them in, at 16 bits; None for nowhere.
    """

    model: Model
    batch: int
    cache: Path | None

    @staticmethod
    def of(model: Model, options: argparse.Namespace) -> "Maker":
        """As the options say."""
        return Maker(model, options.batch or (512 if model.device.type == "cuda" else 32), options.cache)

    def pictures(self, recipes: Sequence[Recipe], each: int) -> list[Tensor]:
        """For each recipe its pictures with the seeds 0, 1 …, [each, C, S, S]; recipes share batches."""
        found = [self._kept(recipe) for recipe in recipes]
        lacking = [recipe for recipe, own in zip(recipes, found, strict=True) if len(own) < each]
        at_once = max(1, self.batch // each)
        fresh = [own for k in range(0, len(lacking), at_once) for own in self._rendered(lacking[k : k + at_once], each)]
        rest = iter(fresh)
        return [own[:each] if len(own) >= each else next(rest) for own in found]

    def _rendered(self, recipes: Sequence[Recipe], each: int) -> list[Tensor]:
        repeated = [recipe for recipe in recipes for _ in range(each)]
        made = make_all(repeated, self.model, list(range(each)) * len(recipes), batch_size=self.batch)
        pictures = list(torch.split(torch.stack([picture.pixels for picture in made]).half(), each))
        for recipe, own in zip(recipes, pictures, strict=True):
            if (file := self._file(recipe)) is not None:
                write_tensors(file, {"pictures": own.clone()}, {})
        return [own.float() for own in pictures]

    def _kept(self, recipe: Recipe) -> Tensor:
        file = self._file(recipe)
        there = file is not None and file.is_file()
        return load_file(str(file))["pictures"].float() if there else torch.empty(0)

    def _file(self, recipe: Recipe) -> Path | None:
        if self.cache is None:
            return None
        known = record(plan(recipe, self.model), 0, 1, 0)
        parts = [known[name] for name in ("verb", "recipe", "model", "judge") if name in known]
        text = json.dumps([*parts, self.model.device.type], sort_keys=True)
        return self.cache / f"{hashlib.sha256(text.encode()).hexdigest()[:24]}.safetensors"


def judge_all(pairs: Sequence[Pair], candidates: int, maker: Maker, court: Court) -> list[Judged]:
    """Every pair's candidates, finished and judged."""
    judged = []
    for first in range(0, len(pairs), PAIRS_AT_ONCE):
        recipes = [pair.recipe for pair in pairs[first : first + PAIRS_AT_ONCE]]
        pictures = maker.pictures(recipes, candidates)
        judged += [court.judge(recipe, x) for recipe, x in zip(recipes, pictures, strict=True)]
    return judged


def share(hits: Tensor | Sequence[float]) -> str:
    """A share in percent, right-aligned."""
    values = torch.as_tensor(hits).double()
    return f"{100 * float(values.mean()):5.1f} %" if len(values) else "    –  "


def save_sheet(path: Path, pictures: Sequence[Tensor], labels: Sequence[str], columns: int) -> None:
    """A labelled sheet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scale = max(1, 128 // pictures[0].shape[-1])
    try:
        sheet: Image.Image = contact_sheet(list(pictures), columns, list(labels), None, scale)
    except ModuleNotFoundError:
        # The labels' font is matplotlib's.
        sheet = contact_sheet(list(pictures), columns, None, None, scale)
    sheet.save(path)
    print(f"wrote {path}")
