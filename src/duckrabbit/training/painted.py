"""Training pictures that are painted as they are needed: scenes with captions, or subjects with their classes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate, pairwise
from random import Random

import torch
from torch import Tensor

from duckrabbit.datasets.classes import Classes
from duckrabbit.datasets.paint.library import Library
from duckrabbit.datasets.paint.render import Directions, directions, render
from duckrabbit.datasets.paint.scenes import (
    Plan,
    Repertoire,
    photo,
    plan_scene,
    repertoire,
    silhouette,
    subject,
    tinted,
)
from duckrabbit.datasets.prompts import Vocabulary
from duckrabbit.training.augmentation import augmented
from duckrabbit.training.data import Batch, prefetched


@dataclass(frozen=True)
class PlannedScenes:
    """A batch of scenes before it is painted: what to paint, and its captions' tokens [B, L]."""

    directions: Directions
    tokens: Tensor


@dataclass(frozen=True)
class ScenePlanner:
    """Scenes by number: the k-th is always the same. Needs no pixels."""

    library: Library
    vocabulary: Vocabulary
    seed: int

    def __call__(self, numbers: list[int]) -> PlannedScenes:
        """A batch of scenes."""
        scenes = [plan_scene(Random((self.seed << 40) + number), self.library, self._kinds) for number in numbers]
        return PlannedScenes(
            directions(scenes), self.vocabulary.encode([scene.caption for scene in scenes], self.vocabulary.length)
        )

    @cached_property
    def _kinds(self) -> Repertoire:
        return repertoire(self.library)


@dataclass(frozen=True)
class PaintedExamples:
    """Scenes by number: the k-th is always the same scene, painted with fresh randomness.

    Attributes:
        library: what scenes are made of.
        pictures: its pictures, on the training device.
        vocabulary: turns captions into tokens.
        count: how many scenes there are.
        seed: of the scenes.
    """

    library: Library
    pictures: Tensor = field(repr=False)
    vocabulary: Vocabulary
    count: int
    seed: int = 0

    def __len__(self) -> int:
        """How many scenes there are."""
        return self.count

    def prepared(self, order: Tensor) -> Iterator[PlannedScenes]:
        """The scenes of each row of `order` [steps, B], planned ahead."""
        without_pixels = replace(self.library, pictures=self.library.pictures[:0])
        return prefetched(ScenePlanner(without_pixels, self.vocabulary, self.seed), order)

    def batch(self, prepared: PlannedScenes, generator: torch.Generator) -> Batch:
        """Paint them: pictures [B, 3, 64, 64] in [−1, 1] and tokens [B, L]."""
        device = self.pictures.device
        x0 = render(self.pictures, prepared.directions.to(device), generator)
        return Batch(x0, prepared.tokens.to(device, non_blocking=True))


KINDS: Mapping[Plan, float] = {subject: 0.62, photo: 0.3, tinted: 0.06, silhouette: 0.02}
"""Scenes of one subject, and how often each is shown."""


def half(library: Library, classes: Classes, which: int) -> Library:
    """One half of a library's pictures of these classes: 0 or 1, by a fixed shuffle that both judges share."""
    known = [k for k, item in enumerate(library.items) if classes.of(item.name) is not None]
    Random(0).shuffle(known)
    kept = frozenset(known[which::2])
    subjects = {name: tuple(k for k in found if k in kept) for name, found in library.subjects.items()}
    subjects = {name: found for name, found in subjects.items() if found}
    weights = dict(zip(library.names[0], _differences(library.names[1]), strict=True))
    photos = tuple(k for k in library.photos[0] if k in kept)
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
class SubjectPlanner:
    """Scenes of one subject by number, with the subject's class. Needs no pixels."""

    library: Library
    classes: Classes
    seed: int

    def __call__(self, numbers: list[int]) -> tuple[Directions, Tensor]:
        """A batch of scenes and their classes [B]."""
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


@dataclass(frozen=True)
class NamedExamples:
    """Scenes of one subject by number, with the subject's class.

    Attributes:
        library: what scenes are made of: one half.
        pictures: its pictures, on the training device.
        classes: the classes.
        count: how many scenes there are.
        augmented: turn, tint, cover, mix and blur them, see `augmented`.
        seed: of the scenes.
    """

    library: Library
    pictures: Tensor = field(repr=False)
    classes: Classes
    count: int
    augmented: bool = True
    seed: int = 0

    def __len__(self) -> int:
        """How many scenes there are."""
        return self.count

    def prepared(self, order: Tensor) -> Iterator[tuple[Directions, Tensor]]:
        """The scenes of each row of `order` [steps, B] and their classes, planned ahead."""
        without_pixels = replace(self.library, pictures=self.library.pictures[:0])
        return prefetched(SubjectPlanner(without_pixels, self.classes, self.seed), order)

    def batch(self, prepared: tuple[Directions, Tensor], generator: torch.Generator) -> Batch:
        """Paint them: pictures [B, 3, 64, 64] in [−1, 1] and classes [B]."""
        planned, labels = prepared
        device = self.pictures.device
        x = render(self.pictures, planned.to(device), generator)
        return Batch(augmented(x, generator) if self.augmented else x, labels.to(device, non_blocking=True))
