"""How near pictures come to those that a model was trained on: what `pocket_diversity.py` says of memorisation.

A picture's nearest neighbour is sought among every picture of the packs by itself (cut-out ones on white paper) and
those of its own name as training shows them in its manner: on random grounds, parts of photographs, photographs in
painters' manners. Real pictures, painted of the packs in the same names and styles, seek theirs among the same, without
what shows the same drawing or photograph as they do: so near do two different pictures come. Once more with it: so near
does a copy come. Every picture is sought mirrored as well, as training mirrors at random.

By three measures: the judge's features, which see what is shown; pixels, shrunk to 32, which see how, but miss a copy
on another ground or a little aside; and composition, the pixels shrunk to 16 without their mean and at unit length,
which knows a photograph again that is cropped, faded or badly drawn, and so is asked about photographs alone. Those of
names that have few are a row of their own: there is little to learn from but themselves.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from math import ceil
from pathlib import Path
from random import Random

import torch
import torch.nn.functional as F
from pairs import save_sheet
from real_pictures import MANNER_OF, PHOTOGRAPH, Stock, plain, unit
from torch import Tensor

from duckrabbit.datasets.paint.cast import FLAT_STYLES, MANNERS, PIXELS
from duckrabbit.datasets.paint.scene import Manner
from duckrabbit.judges.judge import Judge

RENDERINGS, MOST_PHOTOS = 4, 40
"""Of each picture in a manner, and the photographs of a class that are painted."""

QUICK_OTHERS = 1500
NOBODY = -1
SUSPICIOUS, RANDOM = 24, 12
AT_ONCE = 512
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95)
FEW = 3
"""Photographs of a name that are few."""

NEAR = 0.05
"""Nearer than so many of the real pictures come to others is suspicious."""

Kind = tuple[int, Manner]
"""The class of a picture, and how it is painted."""


@dataclass(frozen=True)
class Nearby:
    """Pictures and what they show.

    Attributes:
        pictures: uint8 [N, 3, 64, 64].
        features: of unit length, [N, D].
        drawings: which drawing each shows, [N]; `NOBODY`'s where it was made.
        labels: the class of each.
        styles: the style of each.
        names: what each shows.
    """

    pictures: Tensor = field(repr=False)
    features: Tensor = field(repr=False)
    drawings: Tensor = field(repr=False)
    labels: tuple[int, ...] = field(repr=False)
    styles: tuple[str, ...] = field(repr=False)
    names: tuple[str, ...] = field(repr=False)

    def __len__(self) -> int:
        return len(self.pictures)

    @staticmethod
    def of_items(pictures: Tensor, items: Sequence[int], stock: Stock, judge: Judge) -> "Nearby":
        """Training pictures of these items."""
        own = [stock.library.items[k] for k in items]
        return Nearby(
            pictures,
            _features(pictures, judge),
            torch.tensor(stock.drawings)[torch.tensor(items)],
            (NOBODY,) * len(own),
            tuple(item.style for item in own),
            tuple(item.name for item in own),
        )

    def rows(self, chosen: Sequence[int]) -> "Nearby":
        """Some of them."""
        own = torch.tensor(chosen, dtype=torch.int64)
        return Nearby(
            self.pictures[own],
            self.features[own],
            self.drawings[own],
            tuple(self.labels[k] for k in chosen),
            tuple(self.styles[k] for k in chosen),
            tuple(self.names[k] for k in chosen),
        )

    def mirrored(self, judge: Judge) -> "Nearby":
        """The same, left and right swapped."""
        flipped = self.pictures.flip(-1)
        return Nearby(flipped, _features(flipped, judge), self.drawings, self.labels, self.styles, self.names)

    @property
    def kinds(self) -> list[Kind]:
        """The kind of each."""
        return [(label, _manner(style)) for label, style in zip(self.labels, self.styles, strict=True)]

    def title(self, k: int) -> str:
        """What to call one on a sheet."""
        return f"{self.styles[k]} {self.names[k]}"


def _features(pictures: Tensor, judge: Judge) -> Tensor:
    return F.normalize(judge.features(unit(pictures)), dim=1)


def _manner(style: str) -> Manner:
    return MANNER_OF.get(style, Manner.AS_IS)


@dataclass(frozen=True)
class Measure:
    """A distance.

    Attributes:
        title: what it is called.
        vectors: from pictures to [N, D], whose Euclidean distance is meant.
        bin: the width of a histogram's bins.
    """

    title: str
    vectors: Callable[[Nearby], Tensor]
    bin: float


def _seen(pictures: Nearby) -> Tensor:
    return pictures.features


def _small(pictures: Nearby) -> Tensor:
    """32 by 32 pixels, scaled so that the distance is the root mean square in grey levels."""
    small = F.avg_pool2d(pictures.pictures.float(), 2).flatten(1)
    scaled: Tensor = small / small.shape[1] ** 0.5
    return scaled


def _composition(pictures: Nearby) -> Tensor:
    """16 by 16 pixels without their mean, at unit length."""
    small = F.avg_pool2d(pictures.pictures.float(), 4).flatten(1)
    return F.normalize(small - small.mean(dim=1, keepdim=True), dim=1)


FEATURES = Measure("the judge's features", _seen, 0.1)
PIXELS_APART = Measure("pixels, in grey levels", _small, 5.0)
COMPOSITION = Measure("composition, of photographs", _composition, 0.1)


@dataclass(frozen=True)
class Training:
    """What neighbours are sought in.

    Attributes:
        alone: all of the packs' pictures by themselves.
        own: those of a kind.
    """

    alone: Nearby
    own: Mapping[Kind, Nearby] = field(repr=False)

    @staticmethod
    def of(stock: Stock, judge: Judge, made: Nearby, real: Nearby, quick: bool) -> "Training":
        """For these pictures."""
        library, kinds = stock.library, list(dict.fromkeys([*made.kinds, *real.kinds]))
        items = [*(k for found in library.subjects.values() for k in found), *library.photos[0]]
        if quick:
            own_items = {k for label, _ in kinds for k in stock.items_of(label)}
            items = sorted(own_items | set(Random(0).sample(items, QUICK_OTHERS)))
        pictures = stock.painted([plain(k, library.items[k].photo) for k in items])
        rng, wanted = Random(1), frozenset(real.drawings.tolist())
        own: dict[Kind, Nearby] = {}
        for label, manner in kinds:
            shown = _shown(stock, rng, label, manner, wanted) * (1 if quick else RENDERINGS)
            styles = [MANNERS.get(manner, library.items[k].style) for k in shown]
            scenes = [stock.scene(rng, k, style) for k, style in zip(shown, styles, strict=True)]
            own[label, manner] = Nearby.of_items(stock.painted(scenes, len(own) + 1), shown, stock, judge)
        return Training(Nearby.of_items(pictures, items, stock, judge), own)


def _shown(stock: Stock, rng: Random, label: int, manner: Manner, wanted: frozenset[int]) -> list[int]:
    """The items of a class that training shows in a manner; of many photographs some, the wanted ones first."""
    own = {k: stock.library.items[k] for k in stock.items_of(label)}
    if manner is not Manner.AS_IS:
        own = {k: item for k, item in own.items() if item.style not in (*FLAT_STYLES, PIXELS)}
    photos = sorted(
        (k for k, item in own.items() if item.photo and (manner is Manner.AS_IS or item.style == PHOTOGRAPH)),
        key=lambda k: (stock.drawings[k] not in wanted, rng.random()),
    )
    return [*(k for k, item in own.items() if not item.photo), *photos[:MOST_PHOTOS]]


@dataclass(frozen=True)
class Sought:
    """Pictures whose neighbours are sought, and the same left and right swapped."""

    pictures: Nearby
    mirrored: Nearby

    def photographs(self) -> "Sought":
        """Those among them."""
        rows = [k for k, style in enumerate(self.pictures.styles) if style == PHOTOGRAPH]
        return Sought(self.pictures.rows(rows), self.mirrored.rows(rows))


@dataclass(frozen=True)
class Found:
    """The nearest neighbour of each picture.

    Attributes:
        distances: [N].
        pictures: uint8 [N, 3, 64, 64].
        titles: what they are.
    """

    distances: Tensor
    pictures: Tensor = field(repr=False)
    titles: tuple[str, ...] = field(repr=False)


def nearest(sought: Sought, training: Training, measure: Measure, device: torch.device, same: bool) -> Found:
    """The nearest neighbours of pictures; `same` allows those that show the same drawing."""
    count = len(sought.pictures)
    distances, found, titles = torch.empty(count), torch.empty(count, 3, 64, 64, dtype=torch.uint8), [""] * count
    alone = measure.vectors(training.alone).to(device)
    for kind, rows in _alike(sought.pictures.kinds):
        own = training.own[kind]
        vectors = torch.cat([alone, measure.vectors(own).to(device)])
        asked = [some.rows(rows) for some in (sought.pictures, sought.mirrored)]
        far = torch.minimum(*(torch.cdist(measure.vectors(some).to(device), vectors) for some in asked)).cpu()
        if not same:
            drawings = torch.cat([training.alone.drawings, own.drawings])
            far = far.masked_fill(asked[0].drawings[:, None] == drawings, float("inf"))
        best = far.min(dim=1)
        for row, distance, k in zip(rows, best.values.tolist(), best.indices.tolist(), strict=True):
            place, where = (training.alone, k) if k < len(alone) else (own, k - len(alone))
            distances[row], found[row], titles[row] = distance, place.pictures[where], place.title(where)
    return Found(distances, found, tuple(titles))


def _alike(kinds: Sequence[Kind]) -> Iterator[tuple[Kind, list[int]]]:
    """Rows of the same kind, some at a time."""
    groups: dict[Kind, list[int]] = {}
    for row, kind in enumerate(kinds):
        groups.setdefault(kind, []).append(row)
    for kind, rows in groups.items():
        for first in range(0, len(rows), AT_ONCE):
            yield kind, rows[first : first + AT_ONCE]


@dataclass(frozen=True)
class Curves:
    """How near pictures come, by one measure.

    Attributes:
        measure: the distance.
        made: made pictures and theirs.
        others: real pictures and others.
        copies: real pictures and others, or copies of themselves.
    """

    measure: Measure
    made: Found
    others: Found
    copies: Found

    @property
    def named(self) -> dict[str, Tensor]:
        """The distances."""
        return {
            "made": self.made.distances,
            "real, to others": self.others.distances,
            "real, to its copies": self.copies.distances,
        }

    @property
    def edges(self) -> list[float]:
        """Of bins that hold everything."""
        most = max(float(own.max()) for own in self.named.values())
        return [self.measure.bin * k for k in range(ceil(most / self.measure.bin) + 1)]


def report(made: Nearby, real: Nearby, stock: Stock, judge: Judge, quick: bool, folder: Path | None) -> None:
    """The tables and, in a folder, the plot and the sheets."""
    training = Training.of(stock, judge, made, real, quick)
    print(
        f"\nneighbours of {len(made)} made and {len(real)} real pictures among {len(training.alone)} pictures by "
        f"themselves and those of their own name in their manner ({sum(map(len, training.own.values()))} in all)"
    )
    few = {label for label, own in stock.photos.items() if len(own) <= FEW}
    every = Sought(made, made.mirrored(judge)), Sought(real, real.mirrored(judge))
    photographs = every[0].photographs(), every[1].photographs()
    seen = compared(*every, training, FEATURES, judge.device, few)
    small = compared(*every, training, PIXELS_APART, judge.device, few)
    composed = compared(*photographs, training, COMPOSITION, judge.device, few)
    if folder is not None:
        sheet(folder / "neighbours-sheet.png", made, seen.made)
        sheet(folder / "neighbours-pixels-sheet.png", made, small.made)
        sheet(folder / "neighbours-photos-sheet.png", photographs[0].pictures, composed.made)
        plot(folder / "neighbours.png", (seen, small, composed))


def compared(
    made: Sought, real: Sought, training: Training, measure: Measure, device: torch.device, few: Collection[int]
) -> Curves:
    """How near made and real pictures come by a measure, with its tables."""
    others, copies = (nearest(real, training, measure, device, same=same) for same in (False, True))
    curves = Curves(measure, nearest(made, training, measure, device, same=True), others, copies)
    table(curves)
    by_style(curves, made.pictures, real.pictures, few)
    return curves


def table(curves: Curves) -> None:
    """Quantiles and a histogram."""
    print(f"\ndistance to the nearest by {curves.measure.title}: of so many pictures it is at most\n"
          f"{'':20}|" + "".join(f"{q:8.0%}" for q in QUANTILES))  # fmt: skip
    for name, own in curves.named.items():
        print(f"{name:20}|" + "".join(f"{float(own.quantile(q)):8.3g}" for q in QUANTILES))
    print("from   to        |" + "".join(f"{name:>21}" for name in curves.named))
    for low, high in pairwise(curves.edges):
        shares = [((own >= low) & (own < high)).float().mean() for own in curves.named.values()]
        print(f"{low:<5.3g}  {high:<8.3g} |" + "".join(f"{100 * float(share):19.1f} %" for share in shares))


def by_style(curves: Curves, made: Nearby, real: Nearby, few: Collection[int]) -> None:
    """Medians, and how many made pictures are nearer than 5 % of real ones come to others, and half to their copies."""
    columns = (*curves.named, f"% below {100 * NEAR:.0f} % of others", "% below half of copies")
    print(f"{'median distance':29} |" + "".join(f"{column:>24}" for column in columns))
    groups: dict[str, Callable[[Nearby], list[bool]]] = {
        **{style: partial(_of_style, style=style) for style in dict.fromkeys(made.styles)},
        f"{PHOTOGRAPH}, {FEW} or fewer": lambda own: _of_photographs(own, few, True),
        f"{PHOTOGRAPH}, {FEW + 1} or more": lambda own: _of_photographs(own, few, False),
    }
    if len(set(made.styles)) > 1:
        groups["all styles"] = lambda own: [True] * len(own)
    for title, group in groups.items():
        mine, theirs = torch.tensor(group(made)), torch.tensor(group(real))
        if not bool(mine.any()):
            continue
        drawn, others, copies = curves.made.distances[mine], curves.others.distances, curves.copies.distances
        others, copies = others[theirs], copies[theirs]
        near = 100 * (drawn < others.quantile(NEAR)).float().mean()
        copied = 100 * (drawn < copies.median()).float().mean()
        medians = "".join(f"{own.median():24.3g}" for own in (drawn, others, copies))
        print(f"{title:29} |{medians}{near:24.1f}{copied:24.1f}")


def _of_style(pictures: Nearby, style: str) -> list[bool]:
    return [own == style for own in pictures.styles]


def _of_photographs(pictures: Nearby, few: Collection[int], wanted: bool) -> list[bool]:
    """Which are photographs of names that have few, or of the others."""
    pairs = zip(pictures.styles, pictures.labels, strict=True)
    return [style == PHOTOGRAPH and (label in few) == wanted for style, label in pairs]


def sheet(path: Path, made: Nearby, found: Found) -> None:
    """The made pictures that come nearest, and some at random, each beside its neighbour."""
    order = found.distances.argsort().tolist()
    chosen = [*order[:SUSPICIOUS], *Random(0).sample(order, min(RANDOM, len(order)))]
    pictures = [unit(own) for k in chosen for own in (made.pictures[k], found.pictures[k])]
    labels = [text for k in chosen for text in (made.title(k), f"{found.distances[k]:.3g}: {found.titles[k]}")]
    save_sheet(path, pictures, labels, 8)


def plot(path: Path, curves: Sequence[Curves]) -> None:
    """How near they come, as steps."""
    try:
        import matplotlib
    except ImportError:
        print("no plot: matplotlib is not there")
        return
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, all_axes = pyplot.subplots(1, len(curves), figsize=(4.6 * len(curves), 3.4))
    for axes, own in zip(all_axes, curves, strict=True):
        edges = torch.linspace(0, own.edges[-1], 4 * len(own.edges) - 3).numpy()
        for (name, distances), colour in zip(own.named.items(), ("C0", "C1", "0.75"), strict=True):
            weights = [100 / len(distances)] * len(distances)
            axes.hist(distances.numpy(), bins=edges, weights=weights, histtype="step", color=colour, label=name)
        axes.set(xlabel=f"nearest by {own.measure.title}", ylabel="% of pictures", xlim=(0, edges[-1]))
    figure.legend(*all_axes[0].get_legend_handles_labels(), loc="upper center", ncols=3, frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130, bbox_inches="tight")
    print(f"wrote {path}")
