"""What pocket's second stage adds to a small picture, beside plain enlargement.

    python bench/second_stage.py --data PACKS [--model pocket] [--device cuda] [--count 200] [--sheets OUT] [--quick]

Real pictures of 256 pixels are averaged down to 64 and made large again, by bicubic interpolation and as `upscale` does
it, with their name and style as the prompt. So are pictures that the model makes of the same prompts. A third of the
real ones are whole photographs and paintings; the others are cut-out subjects painted on some ground, half of them in a
painter's manner. Each is of another class, and of the half of the packs that the reporting judge has not learned from;
the second stage was trained on both halves.

Agreement: the large picture averaged down to 64 against the small one, in grey levels of 255: the root mean square and
the largest difference, their mean and 95th percentile over pictures. Sharpness: the energy of the Laplacian and of the
gradient of a picture's brightness, as a share of the real large picture's, or as a multiple of the bicubic one's where
there is none: the median over pictures, and the ratio of the sums. Grain: how rough brightness is where the bicubic
picture is flattest, which tells noise from edges. Reading: the judge sees nine overlapping windows of 128 pixels, each
averaged down to 64, as if it came twice as close, and nine of 192; its probabilities are averaged. It knows subjects
whole, so its reading of the real pictures' windows is the most that can be asked for. The Fréchet distance is between
the features of these windows and those of the real pictures; other real pictures of the same classes say how far
different pictures are.
"""

import argparse
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import torch
import torch.nn.functional as F
from pairs import share
from real_pictures import Stock, levels, painted, plain, shown_in, unit
from torch import Tensor

from duckrabbit.datasets.classes import Classes
from duckrabbit.datasets.names import everyday, kept_names
from duckrabbit.datasets.packs import read_packs
from duckrabbit.datasets.paint.cast import FLAT_STYLES, MANNERS
from duckrabbit.datasets.paint.library import Library, build_library
from duckrabbit.datasets.paint.scene import Manner
from duckrabbit.judges.frechet import Moments, frechet_distance
from duckrabbit.judges.judge import LUMA, Judge, load_judge
from duckrabbit.judges.subjects import prompt_for
from duckrabbit.making.make import make_all
from duckrabbit.media.sheet import contact_sheet
from duckrabbit.models.load import load_model
from duckrabbit.models.model import Model
from duckrabbit.recipes.generate import Generate
from duckrabbit.recipes.recipe import Recipe
from duckrabbit.recipes.source import Source
from duckrabbit.recipes.upscale import Upscale

SIDE, TIMES, WINDOWS = 256, 4, (128, 192)
COPIES = 20
"""Drawings of each backdrop."""

SAME_PICTURE = 30.0
"""Root mean square in grey levels below which a large picture, averaged down, is a small one of the same name; two
different ones are farther apart (all but photographs taken one after the other)."""

QUICK_COUNT, ROWS, AT_ONCE = 12, 8, 16


@dataclass(frozen=True)
class Asked:
    """A real picture and how it is asked for.

    Attributes:
        item: in the large library.
        other: another item of its class, if there is one.
        label: its class.
        manner: how it is painted.
        prompt: its name in its style.
    """

    item: int
    other: int
    label: int
    manner: Manner
    prompt: str


@dataclass(frozen=True)
class Seen:
    """Large pictures before the judge, window by window.

    Attributes:
        log_p: log of the mean over a picture's windows of p, each at one glance, [N, classes].
        moments: of the windows' features.
    """

    log_p: Tensor = field(repr=False)
    moments: Moments = field(repr=False)

    @staticmethod
    def of(pictures: Tensor, judge: Judge, side: int) -> "Seen":
        """Large pictures uint8 [N, 3, 256, 256] through windows of that side."""
        features = torch.stack([judge.features(_windows(unit(own[None]), side)) for own in pictures])
        with torch.inference_mode():
            p = judge.network.head(features.to(judge.device)).softmax(dim=-1).cpu()  # type: ignore[operator]
        return Seen(p.mean(dim=1).log(), Moments.of(features.flatten(0, 1)))


@dataclass(frozen=True)
class Agreement:
    """How a large picture, averaged down, differs from the small one, in grey levels.

    Attributes:
        rms: root mean square over pixels, [N].
        most: the largest difference, [N].
    """

    rms: Tensor
    most: Tensor

    @staticmethod
    def of(large: Tensor, small: Tensor) -> "Agreement":
        """Large and small pictures, uint8."""
        apart = (F.avg_pool2d(large.float(), TIMES) - small.float()).flatten(1)
        return Agreement(apart.square().mean(dim=1).sqrt(), apart.abs().amax(dim=1))

    def __str__(self) -> str:
        return " | ".join(f"{own.mean():5.2f} {own.quantile(0.95):6.2f}" for own in (self.rms, self.most))


@dataclass(frozen=True)
class Sharpness:
    """How much of a picture is edges.

    Attributes:
        laplacian: the mean square of the Laplacian of its brightness, [N].
        gradient: the mean square of the differences between neighbouring pixels' brightness, [N].
    """

    laplacian: Tensor
    gradient: Tensor

    @staticmethod
    def of(pictures: Tensor) -> "Sharpness":
        """Of pictures uint8 [N, 3, S, S]."""
        grey = _brightness(pictures)
        dy, dx = grey.diff(dim=1), grey.diff(dim=2)
        laplacian = dy.diff(dim=1)[:, :, 1:-1] + dx.diff(dim=2)[:, 1:-1]
        gradient = dy.square().mean(dim=(1, 2)) + dx.square().mean(dim=(1, 2))
        return Sharpness(laplacian.square().mean(dim=(1, 2)), gradient)

    def against(self, other: "Sharpness") -> str:
        """The median ratio over pictures and that of the sums, for both."""
        pairs = ((self.laplacian, other.laplacian), (self.gradient, other.gradient))
        return " | ".join(f"{(a / b).median():6.2f} {a.sum() / b.sum():6.2f}" for a, b in pairs)


def grain(pictures: Tensor, smooth: Tensor) -> float:
    """What is left of brightness without its mean over 3×3 pixels, root mean square in grey levels.

    Over the flattest quarter of the blocks of 16×16 pixels, those in which a smooth picture has the least of it.
    """
    own, reference = (_rough(some) for some in (pictures, smooth))
    flat = reference <= reference.quantile(0.25, dim=1, keepdim=True)
    return float(((own * flat).sum(dim=1) / flat.sum(dim=1)).sqrt().mean())


def _rough(pictures: Tensor) -> Tensor:
    grey = _brightness(pictures)[:, None]
    fine = grey - F.avg_pool2d(grey, 3, 1, 1, count_include_pad=False)
    return F.avg_pool2d(fine.square(), 16).flatten(1)


def _brightness(pictures: Tensor) -> Tensor:
    return (pictures.float() * torch.tensor(LUMA).view(1, 3, 1, 1)).sum(dim=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the packs, those of 256 pixels among them")
    parser.add_argument("--model", default="pocket")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--count", type=int, default=200, help="real pictures, and as many made ones")
    parser.add_argument("--sheets", type=Path, help="a folder for the sheets")
    parser.add_argument("--quick", action="store_true", help="a few pictures, to see that it runs")
    options = parser.parse_args()

    model = load_model(options.model, options.device)
    if model.second_stage is None:
        raise SystemExit(f"{model.name} has no second stage.")
    judge = load_judge("pictures", "reporting", model.device)
    library, asked = asked_for(options.data, Classes(judge.names), QUICK_COUNT if options.quick else options.count)
    whole = sum(library.items[own.item].photo for own in asked)
    print(f"{model.name} and {model.second_stage.model.name} on {model.device}; {len(asked)} real pictures, each of "
          f"another class, {whole} of them photographs or paintings")  # fmt: skip

    prompts, labels = [own.prompt for own in asked], torch.tensor([own.label for own in asked])
    real = real_pictures(library, [own.item for own in asked], asked, 0)
    others = real_pictures(library, [own.other for own in asked], asked, 1)
    small = levels(F.avg_pool2d(unit(real), TIMES))
    drawn = made([Generate(prompt) for prompt in prompts], model, model.size)
    enlarged = {name: way(small, prompts, model) for name, way in WAYS.items()}
    enlarged_drawn = {name: way(drawn, prompts, model) for name, way in WAYS.items()}

    sharp, plain_sharp = Sharpness.of(real), Sharpness.of(enlarged_drawn[BICUBIC])
    print(f"\n{'agreement with the small picture':33} | RMS    95 % | most   95 %")
    for title, pictures, large in (("real", small, enlarged), ("made", drawn, enlarged_drawn)):
        for name, pixels in large.items():
            print(f"{f'  {title}, {name}':33} | {Agreement.of(pixels, pictures)}")
    print(f"\n{'sharpness':33} | Laplacian: median, sum | gradient: median, sum")
    for name, pixels in enlarged.items():
        print(f"{f'  real, {name}, of the real':33} | {Sharpness.of(pixels).against(sharp)}")
    print(f"{'  made, second stage, of bicubic':33} | {Sharpness.of(enlarged_drawn[SECOND]).against(plain_sharp)}")

    print(f"\n{'grain in the flattest quarter':33} | grey levels\n{'  real, as they are':33} | "
          f"{grain(real, enlarged[BICUBIC]):5.2f}")  # fmt: skip
    for title, large in (("real", enlarged), ("made", enlarged_drawn)):
        for name, pixels in large.items():
            print(f"{f'  {title}, {name}':33} | {grain(pixels, large[BICUBIC]):5.2f}")

    print(f"\n{'read by the reporting judge':33} | first, first five, mean log p | Fréchet")
    for title, seen in (("real, small, all at once", small), ("made, small, all at once", drawn)):
        print(f"{f'  {title}':33} | {reading(judge.log_probabilities(unit(seen)), labels)}")
    rows = {"real, others": others, **{f"real, {name}": own for name, own in enlarged.items()}}
    rows |= {f"made, {name}": own for name, own in enlarged_drawn.items()}
    for side in WINDOWS:
        ideal = Seen.of(real, judge, side)
        print(f"windows of {side}\n{'  real, as they are':33} | {reading(ideal.log_p, labels)}")
        for title, pixels in rows.items():
            found = Seen.of(pixels, judge, side)
            far = frechet_distance(found.moments, ideal.moments)
            print(f"{f'  {title}':33} | {reading(found.log_p, labels)} | {far:7.2f}", flush=True)

    if options.sheets is not None:
        options.sheets.mkdir(parents=True, exist_ok=True)
        sheet(options.sheets / "second-stage-real.png", small, [*enlarged.values(), real], prompts)
        sheet(options.sheets / "second-stage-made.png", drawn, [*enlarged_drawn.values()], prompts)


def asked_for(data: Path, classes: Classes, count: int) -> tuple[Library, list[Asked]]:
    """The large pictures, and those that are asked for: different classes by chance, every third a whole picture."""
    packs = read_packs([data / f"{name}256.zip" for name in ("art", "photos")], SIDE)
    library = build_library(packs, kept_names(), COPIES)
    rng, free = Random(0), {photo: defaultdict[int, list[int]](list) for photo in (False, True)}
    for k in unseen_items(library, Stock.of(data, classes, torch.device("cpu"))):
        label = classes.of(library.items[k].name)
        assert label is not None
        free[library.items[k].photo][label].append(k)
    asked: list[Asked] = []
    while len(asked) < count and any(free.values()):
        photo = len(asked) % 3 == 2 if all(free.values()) else bool(free[True])
        label = rng.choice(sorted(free[photo]))
        items = free[photo][label]
        asked.append(_asked(rng, library, rng.choice(items), items, label))
        for own in free.values():
            own.pop(label, None)
    return library, asked


def _asked(rng: Random, library: Library, item: int, alike: Sequence[int], label: int) -> Asked:
    """A picture as it is or, if cut out of one, as often in a painter's manner."""
    what, manner = library.items[item], Manner.AS_IS
    if not what.photo and what.style not in FLAT_STYLES and rng.random() < 0.5:
        manner = rng.choice(tuple(MANNERS))
    other = rng.choice([k for k in alike if k != item] or [item])
    return Asked(item, other, label, manner, prompt_for(everyday(what.name), MANNERS.get(manner, what.style)))


def unseen_items(library: Library, stock: Stock) -> list[int]:
    """The large pictures whose small ones the reporting judge has not learned from.

    The same picture is the nearest of those of its set, name and style.
    """
    alike = defaultdict(list)
    for k, item in enumerate(stock.library.items):
        alike[item].append(k)
    found = []
    for k in (*(k for own in library.subjects.values() for k in own), *library.photos[0]):
        own = alike[library.items[k]]
        if not stock.unseen.isdisjoint(own):
            large = F.avg_pool2d(_on_white(library.pictures[k : k + 1]), TIMES)
            apart = (_on_white(stock.library.pictures[torch.tensor(own)]) - large).square().mean(dim=(1, 2, 3)).sqrt()
            if float(apart.min()) < SAME_PICTURE and own[int(apart.argmin())] in stock.unseen:
                found.append(k)
    return found


def _on_white(pictures: Tensor) -> Tensor:
    alpha = pictures[:, 3:].float() / 255
    return pictures[:, :3] * alpha + 255 * (1 - alpha)


def real_pictures(library: Library, items: Sequence[int], asked: Sequence[Asked], seed: int) -> Tensor:
    """Items as asked for, uint8 [N, 3, 256, 256]: whole pictures as they are, cut-out ones on some ground."""
    rng = Random(seed)
    scenes = [
        plain(item, photo=True)
        if library.items[item].photo
        else shown_in(rng, library, item, library.items[item].style, own.manner)
        for item, own in zip(items, asked, strict=True)
    ]
    return painted(library.pictures, scenes, seed, AT_ONCE)


def made(recipes: Sequence[Recipe], model: Model, size: int) -> Tensor:
    """A picture of each recipe, each with its own seed, uint8."""
    batch = (256 if size == model.size else 64) if model.device.type == "cuda" else 16
    pictures = make_all(recipes, model, range(len(recipes)), batch_size=batch, size=size)
    return levels(torch.stack([picture.pixels for picture in pictures]))


def bicubic(small: Tensor, prompts: Sequence[str], model: Model) -> Tensor:  # noqa: ARG001
    """As the second stage is shown them, but for the noise."""
    assert model.second_stage is not None
    return levels(model.second_stage.enlarge(unit(small), SIDE))


def second_stage(small: Tensor, prompts: Sequence[str], model: Model) -> Tensor:
    """As `upscale` does it."""
    sources = [Source.of("", unit(picture[None])[0]) for picture in small]
    recipes = [Upscale(source, prompt) for source, prompt in zip(sources, prompts, strict=True)]
    return made(recipes, model, SIDE)


BICUBIC, SECOND = "bicubic", "second stage"
WAYS: Mapping[str, Callable[[Tensor, Sequence[str], Model], Tensor]] = {BICUBIC: bicubic, SECOND: second_stage}
"""From small pictures, uint8, and their prompts to large ones."""


def reading(log_p: Tensor, labels: Tensor) -> str:
    """How often the class is the first and among the first five, and its mean log p."""
    hits = log_p.topk(5, dim=1).indices == labels[:, None]
    wanted = log_p.gather(1, labels[:, None])
    return f"{share(hits[:, 0])} {share(hits.any(dim=1))} {wanted.mean():6.2f}"


def sheet(path: Path, small: Tensor, large: Sequence[Tensor], prompts: Sequence[str]) -> None:
    """Some pictures: small, and large in each way."""
    rows = range(0, len(small), max(1, len(small) // ROWS))[:ROWS]
    enlarged = small.repeat_interleave(TIMES, dim=2).repeat_interleave(TIMES, dim=3)
    pictures = [unit(own[k : k + 1])[0] for k in rows for own in (enlarged, *large)]
    contact_sheet(pictures, 1 + len(large), row_labels=[prompts[k] for k in rows]).save(path)
    print(f"wrote {path}")


def _windows(picture: Tensor, side: int) -> Tensor:
    """Overlapping windows of a picture [1, 3, 256, 256], averaged down, [9, 3, 64, 64]."""
    stride = (SIDE - side) // 2
    windows = picture.unfold(2, side, stride).unfold(3, side, stride)
    return F.avg_pool2d(windows.permute(0, 2, 3, 1, 4, 5).flatten(0, 2), side // 64)


if __name__ == "__main__":
    main()
