"""Quality of pocket against an earlier prototype's fixed sample sets, under the reporting judge.

    python bench/pocket_quality.py --prototype DIR --data PACKS [--model pocket] [--judge FILE] [--sheets OUT]

The sample sets are sheets of 64×64 tiles (64 to a row): for each name 4 pictures of "STYLE a NAME", for each anagram
pair 32, for each hybrid pair 16, all unselected. The model makes the same numbers of the same prompts; both stand
before the same judge, and beside them real held-out pictures of the same names in the same styles.
"""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import torch
import torch.nn.functional as F
from pairs import add_judge_scale, opened, share
from PIL import Image
from torch import Tensor

from duckrabbit.datasets.classes import Classes
from duckrabbit.datasets.names import kept_names
from duckrabbit.datasets.packs import read_packs
from duckrabbit.datasets.paint.cast import MANNERS
from duckrabbit.datasets.paint.library import build_library
from duckrabbit.datasets.paint.render import directions, render
from duckrabbit.datasets.paint.scene import Manner
from duckrabbit.datasets.paint.staging import on_ground, placed
from duckrabbit.illusions.views import parse_view
from duckrabbit.judges.judge import Judge, load_judge
from duckrabbit.making.make import make_all
from duckrabbit.media.pixels import to_uint8
from duckrabbit.models.model import Model
from duckrabbit.recipes.anagram import Anagram
from duckrabbit.recipes.generate import Generate
from duckrabbit.recipes.hybrid import Hybrid, Part
from duckrabbit.recipes.recipe import Recipe
from duckrabbit.training.painted import half

STYLES = ("a cartoon of", "an oil painting of", "a lithograph of", "a watercolor of", "a 3d render of")
PER_NAME, PER_ANAGRAM, PER_HYBRID = 4, 32, 16


@dataclass(frozen=True)
class Verdicts:
    """How well pictures are read.

    Attributes:
        log_p: [N, classes].
        wanted: the class each should be read as, [N].
        among: the classes that the sample set asks for.
    """

    log_p: Tensor
    wanted: Tensor
    among: Tensor

    def hits(self, k: int) -> Tensor:
        """Whether the wanted class is among the first k of all classes, [N]."""
        return (self.log_p.topk(k, dim=1).indices == self.wanted[:, None]).any(1)

    def hits_among(self, k: int) -> Tensor:
        """The same among the classes that the sample set asks for."""
        best = self.among[self.log_p[:, self.among].topk(k, dim=1).indices]
        return (best == self.wanted[:, None]).any(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prototype", type=Path, required=True)
    parser.add_argument("--data", type=Path, help="the packs, for real pictures")
    parser.add_argument("--model", default="pocket")
    parser.add_argument("--judge", type=Path)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--sheets", type=Path)
    parser.add_argument("--fraction", type=float, default=1.0, help="of the seeds of each pair, for a quick look")
    add_judge_scale(parser)
    options = parser.parse_args()

    model = opened(options.model, options)
    judge = load_judge("pictures", "reporting", model.device, options.judge)
    names = json.loads((options.prototype / "concepts.json").read_text())
    pairs = json.loads((options.prototype / "pairs.json").read_text())
    known = [k for k, name in enumerate(names) if "thirty" not in name and Classes(judge.names).of(name) is not None]
    anagrams = [k for k, (a, b, *_) in enumerate(pairs["ana"]) if _judged(judge, a, b)]
    hybrids = [k for k, (far, near, _) in enumerate(pairs["hyb"]) if _judged(judge, far, near)]
    asked = f"{len(known)} names, {len(anagrams)} anagram pairs, {len(hybrids)} hybrid pairs"
    print(f"{asked}; the reporting judge knows {len(Classes(judge.names))} classes")
    among = torch.tensor(sorted({_class(judge, names[k]) for k in known}))

    def table(title: str, pictures: dict[str, Tensor]) -> None:
        wanted = _repeat([_class(judge, names[k]) for k in known], PER_NAME)
        made = Verdicts(judge.log_probabilities(pictures["t2i"]), wanted, among)
        print(
            f"{title:17} text to image  top-1 {share(made.hits(1))}  top-5 {share(made.hits(5))}  "
            f"among {len(among)}: {share(made.hits_among(1))} {share(made.hits_among(5))}",
            flush=True,
        )
        if "ana" not in pictures:
            return
        asked, views = [pairs["ana"][k][:2] for k in anagrams], [pairs["ana"][k][2] for k in anagrams]
        each = len(pictures["ana"]) // len(asked)
        second = torch.cat([parse_view(v)(x) for v, x in zip(views, torch.split(pictures["ana"], each), strict=True)])
        _pairs_line(title, "anagram", judge, among, (pictures["ana"], second), asked)
        far = F.interpolate(F.avg_pool2d(pictures["hyb"], 4), scale_factor=4.0, mode="bicubic").clamp(-1, 1)
        _pairs_line(title, "hybrid", judge, among, (far, pictures["hyb"]), [pairs["hyb"][k][:2] for k in hybrids])

    table("prototype", {
        "t2i": _tiles(options.prototype / "t2i_5.webp", known, PER_NAME),
        "ana": _tiles(options.prototype / "ana_5.webp", anagrams, PER_ANAGRAM),
        "hyb": _tiles(options.prototype / "hyb_5.webp", hybrids, PER_HYBRID),
    })  # fmt: skip
    if options.data is not None:
        table(
            "real, held out",
            {"t2i": _real(options.data, judge, [names[k] for k in known], [STYLES[k % 5] for k in known])},
        )

    started = time.perf_counter()
    ana, hyb = max(1, int(PER_ANAGRAM * options.fraction)), max(1, int(PER_HYBRID * options.fraction))
    batch = 384 if model.device.type == "cuda" else 32
    turned = [Anagram((f"{s} a {a}", f"{s} a {b}"), (v,)) for a, b, v, s in (pairs["ana"][k] for k in anagrams)]
    mixed = [
        Hybrid({"far": Part(f"{s} a {far}"), "near": Part(f"{s} a {near}")})
        for far, near, s in (pairs["hyb"][k] for k in hybrids)
    ]
    made = {
        "t2i": _make([Generate(f"{STYLES[k % 5]} a {names[k]}") for k in known], PER_NAME, model, batch),
        "ana": _make(turned, ana, model, batch),
        "hyb": _make(mixed, hyb, model, batch),
    }
    print(f"made {sum(len(x) for x in made.values())} pictures in {time.perf_counter() - started:.0f} s")
    table(Path(options.model).stem, made)
    if options.sheets is not None:
        options.sheets.mkdir(parents=True, exist_ok=True)
        for name, pictures in made.items():
            _sheet(pictures, options.sheets / f"{name}.png")


def _judged(judge: Judge, *names: str) -> bool:
    return all("thirty" not in name and Classes(judge.names).of(name) is not None for name in names)


def _class(judge: Judge, name: str) -> int:
    found = Classes(judge.names).of(name)
    assert found is not None
    return found


def _repeat(values: Sequence[int], times: int) -> Tensor:
    return torch.tensor(values).repeat_interleave(times)


def _pairs_line(
    title: str,
    kind: str,
    judge: Judge,
    among: Tensor,
    seen: tuple[Tensor, Tensor],
    asked: Sequence[Sequence[str]],
) -> None:
    """One line: how often both prompts of a pair are read in what is seen."""
    each = len(seen[0]) // len(asked)
    first, second = (
        Verdicts(judge.log_probabilities(seen[side]), _repeat([_class(judge, n[side]) for n in asked], each), among)
        for side in (0, 1)
    )
    both = first.hits(1) & second.hits(1)
    print(
        f"{title:17} {kind:8} ({each} each)  both top-1 {share(both)}  both top-5 "
        f"{share(first.hits(5) & second.hits(5))}  each {share(first.hits(1))} {share(second.hits(1))}  "
        f"among {len(among)}: {share(first.hits_among(1) & second.hits_among(1))}  "
        f"pairs with a hit {share(both.view(-1, each).any(1))}",
        flush=True,
    )


def _tiles(path: Path, entries: Sequence[int], each: int) -> Tensor:
    """The pictures of some entries of a sheet, [N, 3, 64, 64] in [−1, 1]."""
    pixels = np.asarray(Image.open(path).convert("RGB"))
    height, width = pixels.shape[0] // 64, pixels.shape[1] // 64
    tiles = pixels.reshape(height, 64, width, 64, 3).transpose(0, 2, 4, 1, 3).reshape(-1, 3, 64, 64)
    chosen = [entry * each + k for entry in entries for k in range(each)]
    return torch.from_numpy(tiles[chosen].copy()).float() / 127.5 - 1


def _real(data: Path, judge: Judge, names: Sequence[str], styles: Sequence[str]) -> Tensor:
    """Pictures of the judge's other half, painted in the same styles: what a perfect model would get."""
    library = build_library(
        read_packs([data / f"{name}64.zip" for name in ("art", "photos", "openmoji")], 64), kept_names(), 40
    )
    unseen = half(library, Classes(judge.names), 0)
    rng, scenes = Random(0), []
    manner_of = {style: manner for manner, style in MANNERS.items()}
    for name, style in zip(names, styles, strict=True):
        manner = manner_of.get(style, Manner.AS_IS)
        items = unseen.subjects.get(name) or library.subjects[name]
        exact = [k for k in items if library.items[k].style == style]
        for _ in range(PER_NAME):
            item = rng.choice(exact or items)
            scenes.append(on_ground(rng, library, (placed(rng, library, item),), style, name, manner))
    return render(library.pictures, directions(scenes), torch.Generator().manual_seed(0))


def _make(recipes: Sequence[Recipe], each: int, model: Model, batch: int) -> Tensor:
    repeated = [recipe for recipe in recipes for _ in range(each)]
    pictures = make_all(repeated, model, list(range(each)) * len(recipes), batch_size=batch)
    return torch.stack([picture.pixels for picture in pictures])


def _sheet(pictures: Tensor, path: Path, columns: int = 64) -> None:
    rows = -(-len(pictures) // columns)
    sheet = np.full((rows * 64, columns * 64, 3), 255, np.uint8)
    for k, picture in enumerate(pictures):
        y, x = 64 * (k // columns), 64 * (k % columns)
        sheet[y : y + 64, x : x + 64] = to_uint8(picture)
    Image.fromarray(sheet).save(path)


if __name__ == "__main__":
    main()
