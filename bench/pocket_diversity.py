"""How far pocket's pictures differ from one another, and how near they come to those it was trained on.

    python bench/pocket_diversity.py --data PACKS [--model pocket] [--device cuda] [--names 40] [--sheets OUT] [--quick]

Distances are Euclidean between the reporting judge's features at unit length, √(2 − 2 cos): 0 for the same direction,
√2 for features that share nothing. Names are everyday ones with a photograph and three drawings of them in the styles
asked for; the other four styles are painters' manners. Of each name 8 seeds in 8 styles are made.

Diversity: the mean distance within sets of 8. Over 8 styles a set has every style and every seed once (8 such sets);
within one style it has that style's 8 seeds. Beside them stand as many sets of 8 real pictures, painted of the packs
on random grounds, each of another drawing or photograph as long as there are others, and of the half of the packs that
the judge has not learned from wherever that has one. Pictures that show nothing are far from each other, too: "both
read" counts only pairs of which the judge, at one glance, has the name among its first five.

Neighbours: see `neighbours.py`.
"""

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import torch
from neighbours import NOBODY, Nearby, report
from pairs import Maker
from real_pictures import PHOTOGRAPH, Stock, levels, unit
from torch import Tensor

from duckrabbit.datasets.classes import Classes
from duckrabbit.datasets.paint.cast import MANNERS
from duckrabbit.judges.judge import Judge, load_judge
from duckrabbit.judges.subjects import prompt_for, subjects_of
from duckrabbit.models.load import load_model
from duckrabbit.recipes.generate import Generate

NATIVE = (PHOTOGRAPH, "a cartoon of", "a 3d render of", "a drawing of")
STYLES = (*NATIVE, *MANNERS.values())
EACH = 8
"""Seeds of each style, pictures of a set, and sets."""

BAR_OVER, BAR_WITHIN, FEWEST = 0.6, 0.4, 4
QUICK_NAMES = 3


@dataclass(frozen=True)
class Sets:
    """Sets of 8 pictures of each name.

    Attributes:
        features: of unit length, [names, sets, 8, D].
        read: whether the name is among the judge's first five, [names, sets, 8].
    """

    features: Tensor = field(repr=False)
    read: Tensor = field(repr=False)

    def spread(self, both_read: bool = False) -> Tensor:
        """The mean distance of two of a set, over a name's sets, [names]; NaN where no two count."""
        pairs = torch.triu(torch.ones(EACH, EACH, dtype=torch.bool), diagonal=1).expand(*self.read.shape, EACH)
        if both_read:
            pairs = pairs & self.read[..., :, None] & self.read[..., None, :]
        distances = torch.cdist(self.features, self.features, compute_mode="donot_use_mm_for_euclid_dist")
        return (distances * pairs).sum(dim=(1, 2, 3)) / pairs.sum(dim=(1, 2, 3))


@dataclass(frozen=True)
class Shown:
    """Pictures of each name before the judge.

    Attributes:
        pictures: uint8 [names, styles or sets, 8, 3, 64, 64].
        features: of unit length, [names, styles or sets, 8, D].
        read: whether the name is among the judge's first five at one glance, [names, styles or sets, 8].
        first: whether it is the first.
    """

    pictures: Tensor = field(repr=False)
    features: Tensor = field(repr=False)
    read: Tensor = field(repr=False)
    first: Tensor = field(repr=False)

    @staticmethod
    def of(pictures: Tensor, labels: Sequence[int], judge: Judge) -> "Shown":
        """Put pictures before the judge."""
        features = judge.features(unit(pictures.flatten(0, 2)))
        with torch.inference_mode():
            logits = judge.network.head(features.to(judge.device)).cpu()  # type: ignore[operator]
        wanted = torch.tensor(labels).repeat_interleave(len(features) // len(labels))[:, None]
        hits = logits.topk(5, dim=1).indices == wanted
        lengths = features.norm(dim=1, keepdim=True)
        shape = pictures.shape[:3]
        return Shown(
            pictures, (features / lengths).view(*shape, -1), hits.any(dim=1).view(shape), hits[:, 0].view(shape)
        )

    def sets(self) -> Sets:
        """As they are."""
        return Sets(self.features, self.read)

    def style(self, k: int) -> Sets:
        """One style's set."""
        return Sets(self.features[:, k : k + 1], self.read[:, k : k + 1])

    def mixed(self) -> Sets:
        """Every set with each style and each seed once."""
        styles = torch.arange(EACH).expand(EACH, EACH)
        seeds = (styles + torch.arange(EACH)[:, None]) % EACH
        return Sets(self.features[:, styles, seeds], self.read[:, styles, seeds])


@dataclass(frozen=True)
class Real:
    """Real pictures of each name.

    Attributes:
        over: sets over the styles, in the order of the styles.
        within: a set of each style.
        over_items: the items that they show, [names, sets, 8].
        within_items: the same, [names, styles, 8].
    """

    over: Shown
    within: Shown
    over_items: Tensor
    within_items: Tensor


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the packs")
    parser.add_argument("--model", default="pocket")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--names", type=int, default=40)
    parser.add_argument("--batch", type=int, help="pictures made at once (512 on a GPU, 32 on a CPU)")
    parser.add_argument("--cache", type=Path, help="a folder that keeps the pictures for the next time")
    parser.add_argument("--sheets", type=Path, help="a folder for the plot and the sheets of neighbours")
    parser.add_argument("--quick", action="store_true", help="a few names and neighbours, to see that it runs")
    options = parser.parse_args()

    model = load_model(options.model, options.device)
    print(f"{model.name} on {model.device} in {str(model.dtype).removeprefix('torch.')}", flush=True)
    judge = load_judge("pictures", "reporting", model.device)
    stock = Stock.of(options.data, Classes(judge.names), model.device)
    names = everyday_names(stock, QUICK_NAMES if options.quick else options.names)
    labels = [label_of(name) for name in names]

    started, maker = time.perf_counter(), Maker.of(model, options)
    recipes = [Generate(prompt_for(name, style)) for name in names for style in STYLES]
    pictures = torch.stack([levels(own) for own in maker.pictures(recipes, EACH)])
    print(f"made {pictures.shape[0] * EACH} pictures in {time.perf_counter() - started:.0f} s", flush=True)
    made = Shown.of(pictures.view(len(names), len(STYLES), EACH, *pictures.shape[2:]), labels, judge)
    real = real_pictures(stock, labels, judge)

    print(f"{len(names)} names, {len(STYLES)} styles, {EACH} seeds: {', '.join(names)}")
    diversity(made, real, stock)
    seeds_of_styles = [style for style in STYLES for _ in range(EACH)]
    drawings = torch.tensor(stock.drawings)[real.over_items.flatten()]
    report(
        nearby(made, torch.full((made.read.numel(),), NOBODY), names, seeds_of_styles),
        nearby(real.over, drawings, names, STYLES * EACH),
        stock,
        judge,
        quick=options.quick,
        folder=options.sheets,
    )


def nearby(shown: Shown, drawings: Tensor, names: Sequence[str], styles: Sequence[str]) -> Nearby:
    """Pictures whose neighbours are sought: of each name as many as there are styles."""
    return Nearby(
        shown.pictures.flatten(0, 2),
        shown.features.flatten(0, 2),
        drawings,
        tuple(label_of(name) for name in names for _ in styles),
        tuple(styles) * len(names),
        tuple(name for name in names for _ in styles),
    )


def everyday_names(stock: Stock, count: int) -> list[str]:
    """Everyday names with pictures in every style, drawn by a fixed shuffle, in alphabetical order."""
    known = [
        name
        for name in subjects_of(load_judge("pictures", "reporting"))
        if all(stock.pool(Random(0), label_of(name), style) for style in STYLES)
    ]
    return sorted(Random(0).sample(known, min(count, len(known))))


def label_of(name: str) -> int:
    """The class of an everyday name."""
    found = load_judge("pictures", "reporting").asked_for(prompt_for(name, ""))
    assert found is not None
    return found


def real_pictures(stock: Stock, labels: Sequence[int], judge: Judge) -> Real:
    """As many sets of real pictures of each class as are made."""
    rng = Random(0)
    over: list[int] = []
    within: list[int] = []
    for label in labels:
        for _ in range(EACH):
            shown: Counter[int] = Counter()
            # A painter can paint anything, so the styles with few pictures choose first.
            over += [stock.chosen(rng, label, style, shown) for style in STYLES]
        for style in STYLES:
            shown = Counter()
            within += [stock.chosen(rng, label, style, shown) for _ in range(EACH)]
    styles_within = [style for style in STYLES for _ in range(EACH)] * len(labels)
    shape = (len(labels), EACH, EACH)

    def painted(items: Sequence[int], styles: Sequence[str]) -> Shown:
        scenes = [stock.scene(rng, item, style) for item, style in zip(items, styles, strict=True)]
        pictures = stock.painted(scenes)
        return Shown.of(pictures.view(*shape, *pictures.shape[1:]), labels, judge)

    return Real(
        painted(over, STYLES * EACH * len(labels)),
        painted(within, styles_within),
        torch.tensor(over).view(shape),
        torch.tensor(within).view(shape),
    )


def diversity(made: Shown, real: Real, stock: Stock) -> None:
    """The tables."""
    drawings, unseen = torch.tensor(stock.drawings), torch.zeros(len(stock.drawings), dtype=torch.bool)
    unseen[torch.tensor(sorted(stock.unseen))] = True
    different = _different(drawings[real.over_items])
    print(
        f"real sets over {len(STYLES)} styles show {different.mean():.1f} different drawings or photographs of 8, at "
        f"least {different.min():.0f}; {100 * unseen[real.over_items].float().mean():.0f} % are of the half that the "
        f"judge has not learned from\n"
        f"read as asked at one glance, first (among five): made {_shares(made)}, real {_shares(real.over)}\n"
    )
    enough, both = different.amin(dim=1) >= FEWEST, different.amin(dim=1) == EACH
    print(
        f"over {len(STYLES)} styles, of the real spread over them{'':9}| names | {HEADER} | at {BAR_OVER:.0%} or more"
    )
    for title, chosen in ((f"with {FEWEST} or more different pictures", enough), ("with 8 different pictures", both)):
        for also, both_read in (("", False), (", both read", True)):
            far, known = made.mixed().spread(both_read), real.over.sets().spread(both_read)
            _row(f"{title}{also}", far[chosen], known[chosen], BAR_OVER)

    base = real.over.sets().spread()
    base_read = real.over.sets().spread(both_read=True)
    print(
        f"\nwithin one style, of the real spread over 8 styles {'':5}| names | {HEADER} | at {BAR_WITHIN:.0%} or more"
    )
    for k, style in enumerate(STYLES):
        _row(style, made.style(k).spread(), base, BAR_WITHIN)
        count = _different(drawings[real.within_items[:, k : k + 1]]).mean()
        _row(f"    real, of {count:.1f} different pictures", real.within.style(k).spread(), base, None)
    every = torch.stack([made.style(k).spread() for k in range(len(STYLES))]).mean(dim=0)
    _row("mean of the styles", every, base, BAR_WITHIN)
    both_every = torch.stack([made.style(k).spread(both_read=True) for k in range(len(STYLES))]).nanmean(dim=0)
    _row("mean of the styles, both read", both_every, base_read, BAR_WITHIN)


HEADER = "  far  of | share: median  quartiles  least"


def _row(title: str, spread: Tensor, base: Tensor, bar: float | None) -> None:
    """One line: spreads, and their share of what they are compared with, over names."""
    there = ~(spread.isnan() | base.isnan())
    if not bool(there.any()):
        print(f"{title:57}|     0 |")
        return
    spread, base = spread[there], base[there]
    ratio = spread / base
    low, middle, high = (100 * ratio.quantile(q) for q in (0.25, 0.5, 0.75))
    reached = "" if bar is None else f"{100 * (ratio >= bar).float().mean():5.0f} % of names"
    print(
        f"{title:57}| {len(ratio):5} | {spread.mean():.2f} {base.mean():.2f} | {middle:12.0f} %  "
        f"{low:3.0f}–{high:3.0f} %  {100 * ratio.min():3.0f} % | {reached}"
    )


def _different(drawings: Tensor) -> Tensor:
    """How many different drawings each set shows, [names, sets]."""
    return torch.tensor([[len(set(own.tolist())) for own in sets] for sets in drawings]).float()


def _shares(shown: Shown) -> str:
    return f"{100 * shown.first.float().mean():.0f} % ({100 * shown.read.float().mean():.0f} %)"


if __name__ == "__main__":
    main()
