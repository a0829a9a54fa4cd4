"""What judges of pictures learn from: painted scenes of one subject, and pictures that pocket makes of every class."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import torch
from torch import Tensor

from duckrabbit.datasets.classes import Classes, classes_of
from duckrabbit.datasets.names import kept_names
from duckrabbit.datasets.packs import read_packs
from duckrabbit.datasets.paint.gatherings import bar, campfire, fireside, scenery, village
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
from duckrabbit.judges.subjects import prompt_for
from duckrabbit.models.load import load_model
from duckrabbit.training.augmentation import augmented
from duckrabbit.training.data import Batch, prefetched

PACKS = ("art64", "photos64", "openmoji64", "icons64", "photos2-64", "photos3-64")
"""All but the first two may be missing."""

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


def around_a_fire(rng: Random, library: Library) -> Scene:
    """People around a fire: read as a campfire, which is what people ask for."""
    return replace(rng.choice((campfire, fireside))(rng, library), caption="campfire")


KINDS: Mapping[Plan, float] = {
    subject: 0.5,
    photo: 0.23,
    told: 0.09,
    scenery: 0.06,
    tinted: 0.05,
    silhouette: 0.02,
    around_a_fire: 0.02,
    village: 0.015,
    bar: 0.015,
}
"""Scenes of one subject, or of one thing that people ask for, and how often each is shown."""

CAPTIONED = frozenset((told, scenery, around_a_fire, village, bar))
"""Kinds that are read as their captions say; others are as their subject's name says."""

SCENES = (
    *("people around a campfire", "a snowy mountain village", "the amalfi coast", "waterfalls", "a hipster barista"),
    *("an old man", "a man", "a woman", "a dog"),
)
"""What is asked of pocket more often than any name."""

SCENES_SHARE = 0.1

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


def made_by_pocket(classes: Classes, count: int, seed: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Pictures of every class in turn, styles taking turns, uint8 [N, 3, 64, 64] on the device, and their classes [N].

    Of each picture every x̂_0 below t = `MADE_FROM`, too: what judge guidance shows the judge.
    """
    model = load_model("pocket", str(device))
    grid, batch = GRIDS["uniform"](model.denoiser.path, STEPS), 1024 if device.type == "cuda" else 32
    rng, parts, labels = Random(seed), [], []
    for first in range(0, count, batch):
        seeds = tuple(seed * 1_000_000 + k for k in range(first, min(count, first + batch)))
        asked = [_asked(rng, classes, k) for k in seeds]
        guided, noise = Guided(model.denoiser, tuple(prompt for prompt, _ in asked)), Noise(seeds)
        x = initial_noise(guided.path, noise, model.shape).to(device)
        for state in trajectory(guided, x, grid, SOLVERS["dpmpp_2m"], noise):
            if state.t < MADE_FROM:
                parts.append(_bytes(state.x0))
                labels += [label for _, label in asked]
    return torch.cat(parts), torch.tensor(labels, device=device)


def _asked(rng: Random, classes: Classes, k: int) -> tuple[str, int]:
    """The k-th prompt, and the class it asks for."""
    style = STYLES[k // len(classes) % len(STYLES)]
    scene = rng.choice(SCENES)
    told = classes.asked_for(scene)
    if told is not None and rng.random() < SCENES_SHARE:
        return f"{style} {scene}".strip(), told
    return prompt_for(classes.names[k % len(classes)], style), k % len(classes)


def library_of(data: Path, copies: int) -> tuple[Library, Classes]:
    """What scenes are made of, of the packs that are there, and the classes of what is shown."""
    there = [path for path in (data / f"{name}.zip" for name in PACKS) if path.is_file()]
    library = build_library(read_packs(there, 64), kept_names(), copies)
    shown = [k for found in library.subjects.values() for k in found]
    shown += [*library.photos[0], *library.backdrops["pagoda"]]
    return library, classes_of(library.items, shown)
