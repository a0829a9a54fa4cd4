"""How often unselected pictures are read as asked: several models side by side, before several judges, in one run.

    python bench/unselected.py [--models pocket RUN ...] [--judges FILE ...] [--device cuda] [--quick]

Pictures of random everyday names in five styles, anagrams of random pairs and hybrids of others, each with the first
seeds and by the model's own defaults. The reporting judge reads them all, and then each judge in a file (of
tools/train_picture_judges.py), which should have had no part in any picture. A cell is the share that is read first in
every look, and among the first five.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch
from pairs import STYLES, VIEWS
from torch import Tensor

from duckrabbit.judges.judge import Judge, judge_in, load_judge
from duckrabbit.judges.question import question_of
from duckrabbit.judges.subjects import prompt_for, random_pairs, subjects_of
from duckrabbit.making.make import make_all
from duckrabbit.models.load import load_model
from duckrabbit.models.model import Model
from duckrabbit.recipes.anagram import Anagram
from duckrabbit.recipes.generate import Generate
from duckrabbit.recipes.hybrid import Hybrid, Part
from duckrabbit.recipes.recipe import Recipe

ALL_STYLES = (*STYLES, "a 3d render of")


@dataclass(frozen=True)
class Asked:
    """What is asked for under one heading, and how many pictures of each."""

    heading: str
    recipes: tuple[Recipe, ...]
    each: int


def asked_of(judges: Sequence[Judge], names: int, pairs: int, hybrids: int, each: int) -> tuple[Asked, ...]:
    """Everyday names that all judges know: alone, in anagrams and in hybrids; styles and views take turns."""
    known = [
        name for name in subjects_of(judges[0]) if all(judge.asked_for(f"a {name}") is not None for judge in judges[1:])
    ]
    alone = Random(1).sample(known, names)
    turned, mixed = random_pairs(known, pairs, 0), random_pairs(known, hybrids, 5)
    return (
        Asked(
            f"text to image, {names} names",
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


def cell(judge: Judge, recipes: Sequence[Recipe], pictures: Sequence[Tensor]) -> str:
    """How many are read first in every look, and how many among the first five."""
    places = torch.cat([question_of(judge, own.looks).places(x) for own, x in zip(recipes, pictures, strict=True)])
    first, five = (100 * (places <= k).all(dim=1).double().mean().item() for k in (1, 5))
    return f"{first:5.1f} ({five:4.1f}) %"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="*", default=["pocket"])
    parser.add_argument("--judges", type=Path, nargs="*", default=[], help="files of judges beside the reporting one")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--each", type=int, default=8, help="of each pair, and half as many of each name")
    parser.add_argument("--batch", type=int, help="pictures made at once (512 on a GPU, 32 on a CPU)")
    parser.add_argument("--quick", action="store_true", help="a few of each, to see that it runs")
    options = parser.parse_args()
    models = [load_model(name, options.device) for name in options.models]
    device = models[0].device
    judges = [load_judge("pictures", "reporting", device)]
    judges += [judge_in("pictures", "reporting", path, device) for path in options.judges]
    names, pairs, hybrids, each = (5, 3, 3, 2) if options.quick else (115, 60, 58, options.each)
    batch = options.batch or (512 if device.type == "cuda" else 32)
    print(f"{'':40} {'model':24} " + "   ".join(f"judge {judge.checksum[:8]}" for judge in judges))
    for asked in asked_of(judges, names, pairs, hybrids, each):
        for model in models:
            pictures = made(asked.recipes, asked.each, model, batch)
            cells = "   ".join(cell(judge, asked.recipes, pictures) for judge in judges)
            print(f"{asked.heading:40} {Path(model.name).stem:24} {cells}", flush=True)


if __name__ == "__main__":
    main()
