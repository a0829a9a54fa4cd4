"""Where a row is made: the models, the folder, how much to compute, and how to say what is going on."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from duckrabbit.datasets.mnist import CLASSES, Digits, mnist, pictures_to_float
from duckrabbit.judges.judge import Judge, load_judge
from duckrabbit.making.films import FRAME_MILLISECONDS, SHEET_SIDE, held, in_one_size
from duckrabbit.making.make import Picture
from duckrabbit.media.animation import write_animation
from duckrabbit.media.atomic import atomic_write
from duckrabbit.media.pixels import to_uint8
from duckrabbit.models.load import load_model
from duckrabbit.models.model import Model
from duckrabbit.report.bodies import Plate
from duckrabbit.report.effort import Effort
from duckrabbit.report.measures import Yardstick
from duckrabbit.report.painter import Choice, Painter

TILE = 128
GAP = 8


def tile_grid(pictures: Sequence[Tensor], columns: int, scale: int | None = None) -> Image.Image:
    """Pictures [C, S, S] in [−1, 1] in rows, transparent between; mode "LA" or "RGBA".

    Half a gap lies around the whole, so that each column is as wide as any other.

    Args:
        pictures: of one number of channels; smaller ones are enlarged to the side of the largest.
        columns: how many make a row.
        scale: each pixel becomes scale × scale pixels; None for tiles of up to 128 pixels, or their own size.
    """
    largest = max(picture.shape[-1] for picture in pictures)
    side = largest * (max(1, TILE // largest) if scale is None else scale)
    cell = side + GAP
    rows = -(-len(pictures) // columns)
    sheet = np.zeros((rows * cell, columns * cell, pictures[0].shape[0] + 1), dtype=np.uint8)
    for number, picture in enumerate(pictures):
        top, left = number // columns * cell + GAP // 2, number % columns * cell + GAP // 2
        times = side // picture.shape[-1]
        levels = to_uint8(picture).repeat(times, axis=0).repeat(times, axis=1)
        sheet[top : top + side, left : left + side, :-1] = levels if levels.ndim == 3 else levels[..., None]
        sheet[top : top + side, left : left + side, -1] = 255
    return Image.fromarray(sheet)


def write_image(path: Path, image: Image.Image) -> None:
    """A PNG, written whole or not at all."""
    with atomic_write(path) as temporary:
        image.save(temporary, format="PNG", optimize=True)


VIEWER_SIDE = 256


class Shelf:
    """Models, judges and digits, each loaded when first asked for and then kept."""

    def __init__(self, device: str, choice: Choice) -> None:
        self.device, self.choice = device, choice
        self._models: dict[str, Model] = {}
        self._yardsticks: dict[int, Yardstick] = {}

    def model(self, name: str) -> Model:
        """A shipped model."""
        if name not in self._models:
            self._models[name] = load_model(name, self.device)
        return self._models[name]

    @cached_property
    def painter(self) -> Painter:
        """The text-to-image model that the user chose."""
        choice = self.choice
        model = load_model(choice.model, self.device, None, choice.weights, choice.embeddings)
        model.at(choice.size)
        return Painter(model, choice)

    @property
    def picture_judge(self) -> Judge:
        """The judge of pictures that selects nothing."""
        return load_judge("pictures", "reporting")

    @property
    def digit_judge(self) -> Judge:
        """The judge of digits that selects nothing."""
        return load_judge("digits", "reporting")

    def yardstick(self, count: int) -> Yardstick:
        """The first `count` training digits in the reporting judge's features."""
        if count not in self._yardsticks:
            self._yardsticks[count] = Yardstick.of(self.digit_judge, self.train, count)
        return self._yardsticks[count]

    @cached_property
    def train(self) -> Digits:
        """The training digits."""
        return mnist("train")

    @cached_property
    def test(self) -> Digits:
        """The test digits."""
        return mnist("test")


class Stopwatch:
    """Seconds since it was started, or since it was last read."""

    def __init__(self) -> None:
        self._started = time.perf_counter()

    def __call__(self) -> float:
        """The seconds, and start anew."""
        now = time.perf_counter()
        seconds, self._started = now - self._started, now
        return seconds


@dataclass(frozen=True)
class Workshop:
    """What a row's function gets.

    Attributes:
        shelf: models, judges and digits.
        effort: sample counts.
        page: the folder of the page.
        folder: the row's own folder, relative to it.
        tell: is told what is being made and how much of the row is done, 0 … 1.
        seconds: since the exhibit before, or since the row was begun.
    """

    shelf: Shelf
    effort: Effort
    page: Path
    folder: str
    tell: Callable[[str, float], None] = field(repr=False)
    seconds: Stopwatch = field(default_factory=Stopwatch, repr=False)

    def test_digits(self, count: int) -> Tensor:
        """The first test digits, [count, 1, 28, 28] in [−1, 1]."""
        return pictures_to_float(self.shelf.test.pictures[:count])

    def digits_in_turn(self, count: int) -> Tensor:
        """Test digits 0, 1 … 9, 0, 1 …, [count, 1, 28, 28] in [−1, 1]; `count` is a multiple of ten."""
        labels = self.shelf.test.labels
        by_digit = [(labels == digit).nonzero()[: count // CLASSES, 0] for digit in range(CLASSES)]
        return pictures_to_float(self.shelf.test.pictures[torch.stack(by_digit, dim=1).flatten()])

    def plate(self, name: str, pictures: Sequence[Tensor], columns: int, alt: str) -> Plate:
        """Pictures [C, S, S] as a grid of tiles in a file of the row's."""
        image = tile_grid([picture.float().cpu().clamp(-1, 1) for picture in pictures], columns)
        write_image(self.page / self.folder / f"{name}.png", image)
        return Plate(f"{self.folder}/{name}.png", image.width, image.height, alt)

    def strip(self, label: str, name: str, pictures: Sequence[Tensor], alt: str) -> tuple[str, Plate]:
        """Pictures [C, S, S] beside one another, with what is said above them, as a row of a sheet."""
        return label, self.plate(name, pictures, len(pictures), alt)

    def large(
        self, name: str, picture: Picture, alt: str, resampling: Image.Resampling = Image.Resampling.BICUBIC
    ) -> Plate:
        """One picture enlarged for a viewer, and beside it the picture itself, which remembers its recipe."""
        picture.save(self.page / self.folder / f"{name}-{picture.pixels.shape[-1]}.png")
        image = Image.fromarray(to_uint8(picture.pixels.float().cpu().clamp(-1, 1)))
        # Sharp pixels must be equally wide.
        whole = -(-VIEWER_SIDE // image.width) * image.width
        side = whole if resampling == Image.Resampling.NEAREST else max(VIEWER_SIDE, image.width)
        write_image(self.page / self.folder / f"{name}.png", image.resize((side, side), resampling))
        return Plate(f"{self.folder}/{name}.png", side, side, alt)

    def film(self, name: str, frames: Sequence[Tensor], side: int = SHEET_SIDE) -> str:
        """Frames [C, H, W], enlarged as long as they are within `side`, as an animation that holds the last.

        Returns:
            The file, relative to the page.
        """
        return self.animation(name, held(in_one_size(frames, side)), FRAME_MILLISECONDS)

    def animation(self, name: str, frames: Sequence[Tensor], milliseconds: int) -> str:
        """Frames [C, H, W] as an animation; the file, relative to the page."""
        write_animation(self.page / self.folder / f"{name}.webp", frames, milliseconds)
        return f"{self.folder}/{name}.webp"

    def keep(self, name: str, content: bytes) -> str:
        """Bytes as a file of the row's; its name, relative to the page."""
        with atomic_write(self.page / self.folder / name) as temporary:
            temporary.write_bytes(content)
        return f"{self.folder}/{name}"


def stacked(pictures: Sequence[Tensor]) -> Tensor:
    """Pictures as one batch [N, C, H, W] of what 8-bit files can hold: clipped to [−1, 1]."""
    return torch.stack(list(pictures)).clamp(-1, 1)
