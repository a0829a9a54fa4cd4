"""Which judge chooses best among anagrams of one pair, before judges that had no part in them.

    python bench/choosing.py [--judges FILE ...] [--kept-out FILE ...] [--pairs 40] [--candidates 64] [--device cuda]

Choosers are the shipped judges that select, each and together, the one that guides, and those in files; each choice is
put before the reporting judge and those in the files that were kept out, which are choosers for each other, too. A
picture's score is its log p in the look that is read worst. For each chooser: how often the best of all candidates and
the best of each eight are read both ways, first and among the first five; the mean rank correlation of its scores with
the other judge's within a pair; and how much log p is gained by the best of all over the mean.
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor
from unselected import Read, anagram, made, names_of, read, shares

from duckrabbit.judges.judge import Judge, judge_in, judge_of, load_judge
from duckrabbit.judges.subjects import random_pairs
from duckrabbit.models.load import load_model

GROUP = 8


def chosen(own: Read, rows: Tensor) -> str:
    """How many of these candidates [pairs, N] a judge reads first both ways, and among the first five."""
    return shares(own.places.gather(1, rows))


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
    told = {name: read(judge, recipes, pictures) for name, judge in reporting.items()}
    choosers = {name: read(judge, recipes, pictures) for name, judge in choosing.items()} | told
    everyone = torch.arange(candidates).expand(pairs, -1)
    for name, own in told.items():
        any_of_them = chosen(own, best(own.log_p, candidates))
        print(f"before {name}: unselected {chosen(own, everyone)}, any {any_of_them}")
        all_of_them = f"best of {candidates}"
        print(f"  {'chosen by':16} {all_of_them:>16} {'best of eight':>16} {'correlation':>12} {'gained':>8}")
        for other, chooser in choosers.items():
            if chooser is own:
                continue
            rows, eights = best(chooser.log_p, candidates), best(chooser.log_p, GROUP)
            gained = (own.log_p.gather(1, rows) - own.log_p.mean(dim=1, keepdim=True)).mean().item()
            alike = rank_correlation(chooser.log_p, own.log_p)
            print(f"  {other:16} {chosen(own, rows):>16} {chosen(own, eights):>16} {alike:12.2f} {gained:+8.2f}")


if __name__ == "__main__":
    main()
