"""Training pictures that are painted as they are needed: scenes with captions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate, pairwise
from random import Random

import torch
from torch import Tensor

from duckrabbit.datasets.classes import Classes
from duckrabbit.datasets.paint.library import Library
from duckrabbit.datasets.paint.render import Directions, directions, render
from duckrabbit.datasets.paint.scenes import Repertoire, plan_scene, repertoire
from duckrabbit.datasets.prompts import Vocabulary
from duckrabbit.training.data import Batch, prefetched


@dataclass(frozen=True)
class PlannedScenes:
    """A batch of scenes before it is painted: what to paint, and its captions' tokens [B, L]."""

    directions: Directions
    tokens: Tensor

    def pin_memory(self) -> "PlannedScenes":
        """The same where a device can fetch it while the CPU does other work."""
        return PlannedScenes(self.directions.pin_memory(), self.tokens.pin_memory())


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
        return prefetched(ScenePlanner(without_pixels, self.vocabulary, self.seed), order, self.pictures.device)

    def batch(self, prepared: PlannedScenes, generator: torch.Generator) -> Batch:
        """Paint them: pictures [B, 3, 64, 64] in [−1, 1] and tokens [B, L]."""
        device = self.pictures.device
        x0 = render(self.pictures, prepared.directions.to(device), generator)
        return Batch(x0, prepared.tokens.to(device, non_blocking=True))


def half(library: Library, classes: Classes, which: int, split: int = 0) -> Library:
    """One half of a library's pictures of these classes: 0 or 1, by the shuffle of this number.

    What was made of a picture is in its half: judges of two halves have no picture in common.
    """
    made = {*library.shaded.values()}
    originals = [k for k in range(len(library.items)) if k not in made]
    Random(split).shuffle(originals)
    kept = {*originals[which::2]}
    kept |= {body for k, body in library.shaded.items() if k in kept}
    named = frozenset(k for k in kept if classes.of(library.items[k].name) is not None)
    subjects = {name: tuple(k for k in found if k in named) for name, found in library.subjects.items()}
    subjects = {name: found for name, found in subjects.items() if found}
    weights = dict(zip(library.names[0], _differences(library.names[1]), strict=True))
    photos = tuple(k for k in library.photos[0] if k in named)
    shares = dict(zip(library.photos[0], _differences(library.photos[1]), strict=True))
    themes = {name: tuple(k for k in found if k in kept) for name, found in library.themes.items()}
    return replace(
        library,
        subjects=subjects,
        names=(tuple(subjects), tuple(accumulate(weights[name] for name in subjects))),
        photos=(photos, tuple(accumulate(shares[k] for k in photos))),
        backdrops={name: found[which::2] for name, found in library.backdrops.items()},
        shaded={k: body for k, body in library.shaded.items() if k in kept},
        themes={name: found for name, found in themes.items() if found},
    )


def _differences(sums: Sequence[float]) -> list[float]:
    return [after - before for before, after in pairwise((0.0, *sums))]
