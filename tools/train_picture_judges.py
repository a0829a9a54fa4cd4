"""Train a judge of pictures on its half of the packs, and say how well it reads the other half.

python tools/train_picture_judges.py --data PACKS --out DIR --role guiding --made 40000 --radius 0.03
python tools/train_picture_judges.py --data PACKS --out DIR --role selecting --made 40000 --radius 0.03
python tools/train_picture_judges.py --data PACKS --out DIR --role reporting --radius 0.015

The reporting judge's half is its own. `--made` lets a judge learn from so many pictures that pocket makes of every
class in turn, too: it is to choose among such, or to pull them while they are made. The reporting judge never sees any.
`--radius` lets a judge learn from the worst pictures nearby, so that its gradient is worth following.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from random import Random

import torch
from torch import Tensor

from duckrabbit.datasets.classes import Classes, classes_of
from duckrabbit.datasets.names import kept_names
from duckrabbit.datasets.packs import read_packs
from duckrabbit.datasets.paint.gatherings import scenery
from duckrabbit.datasets.paint.library import Library, build_library
from duckrabbit.datasets.paint.render import Directions, directions, render
from duckrabbit.datasets.paint.scene import Scene
from duckrabbit.datasets.paint.scenes import Plan, photo, silhouette, subject, tinted, whole
from duckrabbit.diffusion.denoiser import Denoiser, Prediction
from duckrabbit.diffusion.grid import GRIDS
from duckrabbit.diffusion.noise import Noise
from duckrabbit.diffusion.path import Path as ProbabilityPath
from duckrabbit.diffusion.sampling import initial_noise, trajectory
from duckrabbit.diffusion.steps import SOLVERS
from duckrabbit.diffusion.thresholding import clip
from duckrabbit.judges.judge import FILES, NETWORKS
from duckrabbit.models.device import choose_device
from duckrabbit.models.load import load_model
from duckrabbit.models.storage import quantized, read_weights, write_weights
from duckrabbit.search.subjects import prompt_for
from duckrabbit.training.augmentation import augmented
from duckrabbit.training.data import Batch, prefetched
from duckrabbit.training.loop import Engine, Hyperparameters, train
from duckrabbit.training.objectives import AdversarialObjective, ClassificationObjective, Objective
from duckrabbit.training.painted import half
from duckrabbit.training.state import TrainingState

HALVES = {"guiding": 0, "selecting": 0, "reporting": 1}
SEEDS = {"guiding": 0, "selecting": 2, "reporting": 1}
PACKS = ("art64", "photos64", "openmoji64", "icons64", "photos2-64", "photos3-64")
TESTED = 16_384

STYLES = (
    "an oil painting of",
    "a cartoon of",
    "a watercolor of",
    "a lithograph of",
    "a 3d render of",
    "a drawing of",
    "",
)
TOLD = (
    *("old man", "man", "woman", "snowy village", "village", "coast", "mountains", "waterfall", "city", "tower"),
    *("sea", "forest", "dog", "cat", "horse", "pagoda"),
)
"""Themes whose pictures are read as the theme, whatever their own names are."""


def told(rng: Random, library: Library) -> Scene:
    """A photograph or painting of a theme."""
    name = rng.choice([own for own in TOLD if own in library.themes])
    return replace(whole(rng, library, rng.choice(library.themes[name]), name), caption=name)


KINDS: Mapping[Plan, float] = {subject: 0.56, photo: 0.24, told: 0.07, scenery: 0.05, tinted: 0.06, silhouette: 0.02}
"""Scenes of one subject, and how often each is shown."""

CAPTIONED = frozenset((told, scenery))
"""Kinds that are read as their captions say; others are as their subject's name says."""

STEPS, GUIDANCE_SCALE = 12, 3.0
MADE_SHARE, MADE_FROM = 0.35, 0.75


@dataclass(frozen=True)
class SubjectPlanner:
    """Scenes of one subject by number, with the subject's class. Needs no pixels."""

    library: Library
    classes: Classes
    seed: int

    def __call__(self, numbers: list[int]) -> tuple[Directions, Tensor]:
        """A batch of scenes and their classes [B]."""
        scenes, labels = [], []
        for number in numbers:
            scene, label = self._named(Random((self.seed << 40) + number))
            scenes.append(scene)
            labels.append(label)
        return directions(scenes), torch.tensor(labels)

    def _named(self, rng: Random) -> tuple[Scene, int]:
        """A scene whose subject has a class, and that class."""
        while True:
            plan = rng.choices(tuple(KINDS), tuple(KINDS.values()))[0]
            scene = plan(rng, self.library)
            shown = scene.layers[0].item if scene.layers else scene.backdrop
            named = self.library.items[shown].name
            label = self.classes.asked_for(scene.caption) if plan in CAPTIONED else self.classes.of(named)
            if label is not None:
                return scene, label


@dataclass(frozen=True)
class NamedExamples:
    """Scenes of one subject by number, with the subject's class.

    Attributes:
        library: what scenes are made of: one half.
        pictures: its pictures, on the training device.
        classes: the classes.
        count: how many scenes there are.
        seed: of the scenes.
    """

    library: Library
    pictures: Tensor = field(repr=False)
    classes: Classes
    count: int
    seed: int = 0

    def __len__(self) -> int:
        """How many scenes there are."""
        return self.count

    def prepared(self, order: Tensor) -> Iterator[tuple[Directions, Tensor]]:
        """The scenes of each row of `order` [steps, B] and their classes, planned ahead."""
        without_pixels = replace(self.library, pictures=self.library.pictures[:0])
        return prefetched(SubjectPlanner(without_pixels, self.classes, self.seed), order, self.pictures.device)

    def batch(self, prepared: tuple[Directions, Tensor], generator: torch.Generator) -> Batch:
        """Paint them: pictures [B, 3, 64, 64] in [−1, 1] and classes [B]."""
        planned, labels = prepared
        device = self.pictures.device
        x0 = render(self.pictures, planned.to(device), generator)
        return Batch(x0, labels.to(device, non_blocking=True))


@dataclass(frozen=True)
class Shown:
    """Pictures painted once and kept on the device, a share of them a model's; all are augmented anew at every sight.

    Attributes:
        painted: uint8 [N, 3, 64, 64].
        classes: of them, [N].
        made: a model's, uint8 [M, 3, 64, 64]; may be none.
        made_classes: of those, [M].
        count: how many examples there are.
    """

    painted: Tensor = field(repr=False)
    classes: Tensor = field(repr=False)
    made: Tensor = field(repr=False)
    made_classes: Tensor = field(repr=False)
    count: int

    def __len__(self) -> int:
        """How many there are."""
        return self.count

    def prepared(self, order: Tensor) -> Iterator[Tensor]:
        """The rows themselves, on the device."""
        return iter(order.to(self.painted.device))

    def batch(self, prepared: Tensor, generator: torch.Generator) -> Batch:
        """Pictures [B, 3, 64, 64] in [−1, 1] and classes [B]."""
        k = prepared % len(self.painted)
        x0, labels = self.painted[k], self.classes[k]
        if len(self.made):
            own = torch.randint(len(self.made), k.shape, generator=generator, device=k.device)
            chosen = torch.rand(k.shape, generator=generator, device=k.device) < MADE_SHARE
            x0 = torch.where(chosen[:, None, None, None], self.made[own], x0)
            labels = torch.where(chosen, self.made_classes[own], labels)
        return Batch(augmented(x0 / 127.5 - 1, generator), labels)


def painted(examples: NamedExamples, batch_size: int) -> tuple[Tensor, Tensor]:
    """All examples, uint8 [N, 3, 64, 64], and their classes [N]."""
    generator = torch.Generator(examples.pictures.device).manual_seed(0)
    order = torch.arange(len(examples) // batch_size * batch_size).view(-1, batch_size)
    batches = [examples.batch(prepared, generator) for prepared in examples.prepared(order)]
    return torch.cat([_bytes(own.x0) for own in batches]), torch.cat([own.condition for own in batches])


def _bytes(x: Tensor) -> Tensor:
    return ((x.float() + 1) * 127.5).round().clamp(0, 255).byte()


@dataclass(frozen=True)
class Guided:
    """Pocket under guidance, a prompt for each picture."""

    denoiser: Denoiser
    prompts: tuple[str, ...]

    @property
    def path(self) -> ProbabilityPath:
        """The denoiser's."""
        return self.denoiser.path

    def __call__(self, x: Tensor, t: float) -> Prediction:
        """x̂_0 of x [B, 3, 64, 64], one call for both branches."""
        both = self.denoiser(torch.cat([x, x]), t, [*self.prompts, *("",) * len(x)]).x0
        told, free = both.chunk(2)
        return Prediction(clip(free + GUIDANCE_SCALE * (told - free)))


def made_by_pocket(names: tuple[str, ...], count: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Pictures of every class in turn, styles taking turns, uint8 [N, 3, 64, 64] on the device, and their classes [N].

    Of each picture every x̂_0 below t = `MADE_FROM`, too: what judge guidance shows the judge.
    """
    model = load_model("pocket", str(device))
    grid, batch = GRIDS["uniform"](model.denoiser.path, STEPS), 1024 if device.type == "cuda" else 32
    parts, classes = [], []
    for first in range(0, count, batch):
        seeds = tuple(range(first, min(count, first + batch)))
        styles = [STYLES[k // len(names) % len(STYLES)] for k in seeds]
        prompts = tuple(prompt_for(names[k % len(names)], style) for k, style in zip(seeds, styles, strict=True))
        guided, noise = Guided(model.denoiser, prompts), Noise(seeds)
        x = initial_noise(guided.path, noise, model.shape).to(device)
        for state in trajectory(guided, x, grid, SOLVERS["dpmpp_2m"], noise):
            if state.t < MADE_FROM:
                parts.append(_bytes(state.x0))
                classes += [k % len(names) for k in seeds]
    return torch.cat(parts), torch.tensor(classes, device=device)


def taken_over(
    tensors: dict[str, Tensor], like: dict[str, Tensor], known: Sequence[str], classes: Sequence[str]
) -> dict[str, Tensor]:
    """A judge's weights for other classes: each class that it knows keeps its row of the head, others are new."""
    places = {name: k for k, name in enumerate(known)}
    both = [(k, places[name]) for k, name in enumerate(classes) if name in places]
    new, old = (torch.tensor(rows) for rows in zip(*both, strict=True))
    taken = dict(tensors)
    for name in ("head.weight", "head.bias"):
        taken[name] = like[name].clone()
        taken[name][new] = tensors[name][old].to(like[name].dtype)
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--role", choices=tuple(NETWORKS["pictures"]), required=True)
    parser.add_argument("--minutes", type=float, default=5.0, help="of training; the first steps tell how many that is")
    parser.add_argument("--batch-size", type=int, default=512)
    parser.add_argument("--learning-rate", type=float, default=1.5e-3)
    parser.add_argument("--painted", type=int, default=400_000, help="pictures that are painted before training begins")
    parser.add_argument("--made", type=int, default=0, help="pictures of pocket's to learn from as well")
    parser.add_argument("--radius", type=float, default=0.0, help="root mean square of what an adversary adds at most")
    parser.add_argument("--init", type=Path, help="a judge to go on from, of the same build; its classes may be others")
    parser.add_argument("--split", type=int, default=0, help="which shuffle cuts the pictures in halves")
    parser.add_argument("--copies", type=int, default=200, help="drawings of each backdrop")
    options = parser.parse_args()

    role, device = options.role, choose_device("auto")
    library = build_library(
        read_packs([options.data / f"{name}.zip" for name in PACKS], 64), kept_names(), options.copies
    )
    shown = [k for found in library.subjects.values() for k in found] + [
        *library.photos[0],
        *library.backdrops["pagoda"],
    ]
    classes = classes_of(library.items, shown)
    which, seed = HALVES[role], SEEDS[role]
    pictures = library.pictures.to(device)
    own, other = (half(library, classes, k, options.split) for k in (which, 1 - which))

    on_gpu = device.type == "cuda"
    named = NamedExamples(own, pictures, classes, options.painted, seed=1 + seed)
    made, made_classes = torch.empty(0, 3, 64, 64, dtype=torch.uint8), torch.empty(0, dtype=torch.int64)
    if options.made:
        made, made_classes = made_by_pocket(classes.names, options.made, device)
    trial = 300 if on_gpu else 6
    examples = Shown(*painted(named, options.batch_size), made, made_classes, count=trial * options.batch_size)
    print(f"{len(examples.painted)} pictures painted, {len(made)} made", flush=True)

    torch.manual_seed(seed)
    hyperparameters = Hyperparameters(
        1, options.batch_size, options.learning_rate, ema_decay=0.999, seed=seed, warmup_steps=300, cooldown=0.5,
        clip_gradient=1.0,
    )  # fmt: skip
    network, before = NETWORKS["pictures"][role](len(classes)), {}
    if options.init is not None:
        tensors, config = read_weights(options.init)
        network.load_state_dict(taken_over(tensors, network.state_dict(), config["classes"], classes.names))
        before = {"before": config["training"]}
    state = TrainingState(network, hyperparameters.ema_decay, device)
    engine = Engine(device, torch.bfloat16 if on_gpu else torch.float32, trial // 3, compiled=on_gpu)
    objective: Objective = ClassificationObjective()
    if options.radius:
        objective = AdversarialObjective(objective, options.radius)
    for report in islice(train(state, examples, objective, replace(hyperparameters, cooldown=0.0), engine), 3):
        speed = report.pictures_per_second
    examples = replace(examples, count=state.step * options.batch_size + int(60 * options.minutes * speed))
    for report in train(state, examples, objective, hyperparameters, engine):
        print(f"{report.step}/{report.steps} loss {report.loss:.3f} {report.pictures_per_second:.0f}/s", flush=True)

    scores = {}
    for name, library_half in (("own half", own), ("other half", other)):
        tested = NamedExamples(library_half, pictures, classes, TESTED if on_gpu else 64, seed=9)
        scores[name] = accuracy(state.average.eval(), tested, device)
    print(role, len(classes), "classes", json.dumps(scores), flush=True)
    config = {
        "kind": FILES["pictures"][role],
        "classes": list(classes.names),
        "training": {
            "pictures": state.step * options.batch_size,
            "made": options.made,
            "radius": options.radius,
            **scores,
            **before,
        },
    }
    write_weights(options.out / f"{FILES['pictures'][role]}.safetensors", quantized(state.average.state_dict()), config)


def accuracy(network: torch.nn.Module, examples: NamedExamples, device: torch.device) -> dict[str, float]:
    """Share of pictures whose class is the first, and among the first five."""
    generator = torch.Generator(device).manual_seed(0)
    first = fifth = 0
    size = min(512, len(examples))
    for prepared in examples.prepared(torch.arange(len(examples)).view(-1, size)):
        batch = examples.batch(prepared, generator)
        with torch.inference_mode():
            best = network(batch.x0).topk(5, dim=1).indices == batch.condition[:, None]
        first, fifth = first + int(best[:, 0].sum()), fifth + int(best.any(1).sum())
    return {"top1": first / len(examples), "top5": fifth / len(examples)}


if __name__ == "__main__":
    main()
