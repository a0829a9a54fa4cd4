"""Which judge chooses best among anagrams of one pair, before judges that had no part in them.

    python bench/choosing.py [--judges FILE ...] [--kept-out FILE ...] [--pairs 40] [--candidates 64] [--device cuda]

Choosers are the shipped judges that select, each and together, the one that guides, and those in files; each choice is
put before the reporting judge and those in the files that were kept out, which are choosers for each other, too. A
picture's score is its log p in the look that is read worst. For each chooser: how often the best of all candidates and
the best of each eight are read both ways, first and among the first five; the mean rank correlation of its scores with
the other judge's within a pair; and how much log p is gained by the best of all over the mean.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from unselected import anagram, made, names_of

from duckrabbit.judges.judge import Judge, judge_in, judge_of, load_judge
from duckrabbit.judges.question import question_of
from duckrabbit.judges.subjects import random_pairs
from duckrabbit.models.load import load_model
from duckrabbit.recipes.recipe import Recipe

GROUP = 8


@dataclass(frozen=True)
class Scored:
    """One judge's view of all candidates.

    Attributes:
        name: the judge's.
        scores: log p of the look that is read worst, [pairs, candidates].
        places: of what is asked for in that judge's order, the worse of both looks, [pairs, candidates].
    """

    name: str
    scores: Tensor
    places: Tensor

    @staticmethod
    def of(name: str, judge: Judge, recipes: Sequence[Recipe], pictures: Sequence[Tensor]) -> "Scored":
        """Put every recipe's pictures before a judge."""
        scores, places = [], []
        for recipe, x in zip(recipes, pictures, strict=True):
            question = question_of(judge, recipe.looks)
            scores.append(question.scores(x))
            places.append(question.places(x).amax(dim=1))
        return Scored(name, torch.stack(scores), torch.stack(places))

    def read(self, rows: Tensor) -> str:
        """How many of these candidates [pairs, N] are read first both ways, and among the first five."""
        chosen = self.places.gather(1, rows)
        first, five = (100 * (chosen <= k).double().mean().item() for k in (1, 5))
        return f"{first:5.1f} ({five:4.1f}) %"


def best(scores: Tensor, group: int) -> Tensor:
    """The place of the best of each group of candidates, [pairs, groups]."""
    groups = scores.view(len(scores), -1, group)
    return groups.argmax(dim=2) + group * torch.arange(groups.shape[1])


def rank_correlation(a: Tensor, b: Tensor) -> float:
    """Spearman's, within each pair, its mean over the pairs."""
    ranks = [scores.argsort(dim=1).argsort(dim=1).double() for scores in (a, b)]
    x, y = (own - own.mean(dim=1, keepdim=True) for own in ranks)
    return float(((x * y).sum(dim=1) / (x.norm(dim=1) * y.norm(dim=1))).mean())


def members_of(name: str, judge: Judge) -> list[tuple[str, Judge]]:
    """A judge, and of a panel each member after it."""
    alone = [judge_of(judge.kind, judge.role, judge.names, member, judge.device) for member in judge.members]
    return [(name, judge), *((f"{name}, {k}", own) for k, own in enumerate(alone, 1) if len(alone) > 1)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="pocket")
    parser.add_argument("--judges", type=Path, nargs="*", default=[], help="more that choose")
    parser.add_argument("--kept-out", type=Path, nargs="*", default=[], help="more that report")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--candidates", type=int, default=64, help="of each pair, a multiple of eight")
    parser.add_argument("--draw", type=int, default=77, help="which pairs")
    parser.add_argument("--batch", type=int, help="pictures made at once (512 on a GPU, 32 on a CPU)")
    parser.add_argument("--quick", action="store_true", help="a few pairs and candidates, to see that it runs")
    options = parser.parse_args()
    model = load_model(options.model, options.device)
    device = model.device
    reporting = {"reporting": load_judge("pictures", "reporting", device)}
    reporting |= {path.stem: judge_in("pictures", "reporting", path, device) for path in options.kept_out}
    choosing = dict(members_of("selecting", load_judge("pictures", "selecting", device)))
    choosing |= {"guiding": load_judge("pictures", "guiding", device)}
    choosing |= {path.stem: judge_in("pictures", "selecting", path, device) for path in options.judges}
    pairs, candidates = (2, 2 * GROUP) if options.quick else (options.pairs, options.candidates)
    names = names_of([*reporting.values(), *choosing.values()], everyone=False)
    recipes = [anagram(*pair, k) for k, pair in enumerate(random_pairs(names, pairs, options.draw))]
    pictures = made(recipes, candidates, model, options.batch or (512 if device.type == "cuda" else 32))
    told = [Scored.of(name, judge, recipes, pictures) for name, judge in reporting.items()]
    asked = [Scored.of(name, judge, recipes, pictures) for name, judge in choosing.items()]
    everyone = torch.arange(candidates).expand(pairs, -1)
    for own in told:
        print(f"before {own.name}: unselected {own.read(everyone)}, any {own.read(best(own.scores, candidates))}")
        print(
            f"  {'chosen by':16} {f'best of {candidates}':>16} {'best of eight':>16} {'correlation':>12} {'gained':>8}"
        )
        for chooser in [*asked, *(other for other in told if other is not own)]:
            rows = best(chooser.scores, candidates)
            gained = (own.scores.gather(1, rows) - own.scores.mean(dim=1, keepdim=True)).mean().item()
            eights, alike = best(chooser.scores, GROUP), rank_correlation(chooser.scores, own.scores)
            print(f"  {chooser.name:16} {own.read(rows):>16} {own.read(eights):>16} {alike:12.2f} {gained:+8.2f}")


if __name__ == "__main__":
    main()
