"""How often unselected pictures are read as asked: models and samplers side by side, before several judges, in one run.

    python bench/unselected.py [--models pocket RUN ...] [--samplers own steps=20 ...] [--judges FILE ...]
        [--names all] [--draw 1] [--device cuda] [--quick]

Pictures of random everyday names in five styles, anagrams of random pairs and hybrids of others, each with the first
seeds and by the model's own defaults, of which an arm may replace some (`steps=20,guidance_scale=5`). The reporting
judge reads them all, and then each judge in a file (of tools/train_picture_judges.py), which should have had no part in
any picture. A cell is the share that is read first in every look, in brackets among the first five, and the mean log p
of the look that is read worst; below the first arm with what has changed, the mean over recipes and its standard error.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random

import msgspec
import torch
from pairs import STYLES, VIEWS
from torch import Tensor

from duckrabbit.datasets.names import everyday
from duckrabbit.judges.judge import Judge, judge_in, load_judge
from duckrabbit.judges.question import question_of
from duckrabbit.judges.subjects import prompt_for, random_pairs, subjects_of
from duckrabbit.making.make import make_all
from duckrabbit.models.load import load_model
from duckrabbit.models.model import Model, SamplerConfig
from duckrabbit.recipes.anagram import Anagram
from duckrabbit.recipes.generate import Generate
from duckrabbit.recipes.hybrid import Hybrid, Part
from duckrabbit.recipes.recipe import Recipe

ALL_STYLES = (*STYLES, "a 3d render of")
OWN = "own"
"""The arm that replaces nothing."""

DRAWS_APART = 10
"""Between the seeds of two draws."""


@dataclass(frozen=True)
class Asked:
    """What is asked for under one heading, and how many pictures of each."""

    heading: str
    recipes: tuple[Recipe, ...]
    each: int


@dataclass(frozen=True)
class Read:
    """What a judge makes of pictures, recipe by recipe.

    Attributes:
        places: of what is asked for in the judge's order, of the look that is read worst, [recipes, each].
        log_p: of what is asked for in that look, [recipes, each].
    """

    places: Tensor
    log_p: Tensor

    def __str__(self) -> str:
        return f"{shares(self.places)} {self.log_p.double().mean().item():7.3f}"

    def since(self, before: "Read") -> str:
        """By how much log p has changed since others with the same recipes."""
        change = (self.log_p - before.log_p).double().mean(dim=1)
        error = change.std().item() / len(change) ** 0.5 if len(change) > 1 else 0.0
        return f"{change.mean().item():+.3f} ± {error:.3f}"


def shares(places: Tensor) -> str:
    """How many are read first, and among the first five."""
    first, five = (100 * (places <= k).double().mean().item() for k in (1, 5))
    return f"{first:5.1f} ({five:4.1f}) %"


def names_of(judges: Sequence[Judge], everyone: bool) -> list[str]:
    """The names in plain words that all judges have: everyday ones, or all."""
    first, *others = judges
    own = sorted({everyday(name) for name in first.names}) if everyone else subjects_of(first)
    asked = judges if everyone else others
    return [name for name in own if all(judge.asked_for(prompt_for(name, "")) is not None for judge in asked)]


def asked_of(names: Sequence[str], texts: int, pairs: int, hybrids: int, each: int, draw: int = 0) -> tuple[Asked, ...]:
    """Some of the names alone, in anagrams and in hybrids; styles and views take turns."""
    seed = DRAWS_APART * draw
    alone = Random(1 + seed).sample(names, min(texts, len(names)))
    turned, mixed = random_pairs(names, pairs, seed), random_pairs(names, hybrids, 5 + seed)
    return (
        Asked(
            f"text to image, {len(alone)} names",
            tuple(Generate(prompt_for(name, ALL_STYLES[k % 5])) for k, name in enumerate(alone)),
            max(1, each // 2),
        ),
        Asked(
            f"anagrams, {pairs} pairs, both ways",
            tuple(anagram(*pair, k) for k, pair in enumerate(turned)),
            each,
        ),
        Asked(
            f"hybrids, {hybrids} pairs, far and near",
            tuple(
                Hybrid({"far": Part(prompt_for(far, style)), "near": Part(prompt_for(near, style))})
                for (far, near), style in zip(mixed, (STYLES * hybrids)[:hybrids], strict=True)
            ),
            each,
        ),
    )


def anagram(a: str, b: str, k: int) -> Anagram:
    """The k-th pair's."""
    style = STYLES[k // 3 % 4]
    return Anagram((prompt_for(a, style), prompt_for(b, style)), (VIEWS[k % 3],))


def made(recipes: Sequence[Recipe], each: int, model: Model, batch: int) -> list[Tensor]:
    """Of each recipe the first seeds, [each, C, S, S]."""
    repeated = [recipe for recipe in recipes for _ in range(each)]
    pictures = make_all(repeated, model, list(range(each)) * len(recipes), batch_size=batch)
    return list(torch.split(torch.stack([picture.pixels.float() for picture in pictures]), each))


def read(judge: Judge, recipes: Sequence[Recipe], pictures: Sequence[Tensor]) -> Read:
    """What a judge makes of each recipe's pictures."""
    places, log_p = [], []
    for recipe, x in zip(recipes, pictures, strict=True):
        question = question_of(judge, recipe.looks)
        places.append(question.places(x).amax(dim=1))
        log_p.append(question.scores(x))
    return Read(torch.stack(places), torch.stack(log_p))


def with_sampler(model: Model, arm: str) -> Model:
    """The model with some settings of both of its samplers replaced: `steps=20,guidance_scale=5`."""
    if arm == OWN:
        return model
    settings = dict(setting.split("=", 1) for setting in arm.split(","))

    def changed(sampler: SamplerConfig) -> SamplerConfig:
        told = {name: _value(text) for name, text in settings.items()}
        return msgspec.convert({**asdict(sampler), **told}, SamplerConfig)

    unknown = settings.keys() - asdict(model.sampler).keys()
    if unknown:
        raise SystemExit(
            f"A sampler has no {' and no '.join(sorted(unknown))}: give {', '.join(asdict(model.sampler))}."
        )
    return replace(model, sampler=changed(model.sampler), illusion_sampler=changed(model.illusion_sampler))


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="*", default=["pocket"])
    parser.add_argument(
        "--samplers", nargs="*", default=[OWN], help=f"{OWN}, or settings that replace each model's own"
    )
    parser.add_argument("--judges", type=Path, nargs="*", default=[], help="files of judges beside the reporting one")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--names", choices=("everyday", "all"), default="everyday")
    parser.add_argument("--draw", type=int, default=0, help="another choice of names and pairs")
    parser.add_argument("--texts", type=int, default=115, help="names asked for alone; 0 for none, as for the others")
    parser.add_argument("--pairs", type=int, default=60, help="of anagrams")
    parser.add_argument("--hybrids", type=int, default=58, help="pairs of hybrids")
    parser.add_argument("--each", type=int, default=8, help="of each pair, and half as many of each name")
    parser.add_argument("--batch", type=int, help="pictures made at once (512 on a GPU, 32 on a CPU)")
    parser.add_argument("--quick", action="store_true", help="a few of each, to see that it runs")
    options = parser.parse_args()
    models = [load_model(name, options.device) for name in options.models]
    device = models[0].device
    judges = [load_judge("pictures", "reporting", device)]
    judges += [judge_in("pictures", "reporting", path, device) for path in options.judges]
    counts = (options.texts, options.pairs, options.hybrids, options.each)
    names, pairs, hybrids, each = (5, 3, 3, 2) if options.quick else counts
    batch = options.batch or (512 if device.type == "cuda" else 32)
    print(f"{'':40} {'model':16} {'sampler':24} " + "   ".join(f"judge {judge.checksum[:8]:22}" for judge in judges))
    known = names_of(judges, options.names == "all")
    for asked in asked_of(known, names, pairs, hybrids, each, options.draw):
        if not asked.recipes:
            continue
        first: list[Read] = []
        for model in models:
            for arm in options.samplers:
                pictures = made(asked.recipes, asked.each, with_sampler(model, arm), batch)
                own = [read(judge, asked.recipes, pictures) for judge in judges]
                cells = "   ".join(map(str, own))
                print(f"{asked.heading:40} {Path(model.name).stem:16} {arm:24} {cells}", flush=True)
                if first:
                    changes = "   ".join(f"{now.since(then):>24}" for now, then in zip(own, first, strict=True))
                    print(f"{'':82} {changes}", flush=True)
                first = first or own


if __name__ == "__main__":
    main()
