"""Painted pictures of one subject each, with its class: what a judge of pictures learns from."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import accumulate, pairwise
from random import Random

import torch
import torch.nn.functional as F
from torch import Tensor

from duckrabbit.datasets.classes import Classes
from duckrabbit.datasets.paint.library import Library
from duckrabbit.datasets.paint.render import Directions, directions, render
from duckrabbit.datasets.paint.scenes import Plan, photo, silhouette, subject, tinted
from duckrabbit.training.data import Batch

KINDS: Mapping[Plan, float] = {subject: 0.62, photo: 0.3, tinted: 0.06, silhouette: 0.02}
"""Scenes of one subject, and how often each is shown."""

AHEAD = 3


def half(library: Library, classes: Classes, which: int) -> Library:
    """One half of a library's pictures of these classes: 0 or 1, by a fixed shuffle that both judges share."""
    known = [k for k, item in enumerate(library.items) if classes.of(item.name) is not None]
    Random(0).shuffle(known)
    own = frozenset(known[which::2])
    subjects = {name: tuple(k for k in found if k in own) for name, found in library.subjects.items()}
    subjects = {name: found for name, found in subjects.items() if found}
    weights = dict(zip(library.names[0], _differences(library.names[1]), strict=True))
    photos = tuple(k for k in library.photos[0] if k in own)
    shares = dict(zip(library.photos[0], _differences(library.photos[1]), strict=True))
    return replace(
        library,
        subjects=subjects,
        names=(tuple(subjects), tuple(accumulate(weights[name] for name in subjects))),
        photos=(photos, tuple(accumulate(shares[k] for k in photos))),
    )


def _differences(sums: Sequence[float]) -> list[float]:
    return [after - before for before, after in pairwise((0.0, *sums))]


@dataclass(frozen=True)
class NamedExamples:
    """Scenes of one subject by number, with the subject's class.

    Attributes:
        library: what scenes are made of: one half.
        pictures: its pictures, on the training device.
        classes: the classes.
        count: how many scenes there are.
        spoiled: blur or add noise to some, so that the judge forgives what a sampler leaves behind.
        seed: of the scenes.
    """

    library: Library
    pictures: Tensor = field(repr=False)
    classes: Classes
    count: int
    spoiled: bool = True
    seed: int = 0

    def __len__(self) -> int:
        """How many scenes there are."""
        return self.count

    def prepared(self, order: Tensor) -> Iterator[tuple[Directions, Tensor]]:
        """The scenes of each row of `order` [steps, B] and their classes, planned in another thread."""
        with ThreadPoolExecutor(1) as pool:
            waiting = []
            for row in order:
                waiting.append(pool.submit(self._plan, row.tolist()))
                if len(waiting) > AHEAD:
                    yield waiting.pop(0).result()
            for planned in waiting:
                yield planned.result()

    def batch(self, prepared: tuple[Directions, Tensor], generator: torch.Generator) -> Batch:
        """Paint them: pictures [B, 3, 64, 64] in [−1, 1] and classes [B]."""
        planned, labels = prepared
        device = self.pictures.device
        x = render(self.pictures, planned.to(device), generator)
        return Batch(_spoiled(x, generator) if self.spoiled else x, labels.to(device, non_blocking=True))

    def _plan(self, numbers: list[int]) -> tuple[Directions, Tensor]:
        scenes, labels = [], []
        plans, shares = tuple(KINDS), tuple(KINDS.values())
        for number in numbers:
            rng = Random((self.seed << 40) + number)
            scene = rng.choices(plans, shares)[0](rng, self.library)
            shown = scene.layers[0].item if scene.layers else scene.backdrop
            label = self.classes.of(self.library.items[shown].name)
            assert label is not None
            scenes.append(scene)
            labels.append(label)
        return directions(scenes), torch.tensor(labels)


def _spoiled(x: Tensor, generator: torch.Generator) -> Tensor:
    """A third blurred, a third noisy."""
    chance = torch.rand(len(x), 1, 1, 1, generator=generator, device=x.device)
    soft = F.interpolate(F.avg_pool2d(x, 2), scale_factor=2.0, mode="bilinear")
    noisy = x + 0.15 * chance * 3 * torch.randn(x.shape, generator=generator, device=x.device)
    return torch.where(chance < 1 / 3, noisy, torch.where(chance > 2 / 3, soft, x)).clamp(-1, 1)
