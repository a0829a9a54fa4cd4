"""A user's own pictures as training examples, each with a caption from the file beside it or from a name."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from duckrabbit.errors import UsageError
from duckrabbit.media.pictures import read_picture
from duckrabbit.media.pixels import to_uint8
from duckrabbit.networks.text_encoder import PAD, START
from duckrabbit.training.data import Batch

SIDE = 64
"""Of the pictures that are trained on."""

ROOM = 72
"""The side at which they are kept, so that there is something to crop."""

NULL = 0.1
"""Share of pictures whose caption is dropped, for classifier-free guidance."""


@dataclass(frozen=True)
class CaptionedPictures:
    """What a folder holds.

    Attributes:
        captions: what each picture shows.
        pictures: uint8 [N, 3, 72, 72].
        refused: for each file that is no picture or a broken one, the sentence that says why.
    """

    captions: tuple[str, ...]
    pictures: Tensor = field(repr=False)
    refused: tuple[str, ...] = ()


def read_folder(folder: Path) -> CaptionedPictures:
    """Every picture in a folder and the folders in it, cropped to its centred square.

    A caption is the text of NAME.txt beside the picture NAME.…; without one, the name of the folder within `folder`
    that the picture lies in; without one, NAME itself, less the number at its end.

    Raises:
        UsageError: if there is no such folder, or no whole picture in it.
    """
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder}: give a folder of pictures.")
    Image.init()
    files = [file for file in sorted(folder.rglob("*")) if _is_picture(file.relative_to(folder)) and not file.is_dir()]
    if not files:
        raise UsageError(
            f"There is no picture in {folder}: give a folder of pictures, or of folders named after "
            "what the pictures in them show."
        )
    with ThreadPoolExecutor() as pool:
        read = list(pool.map(_read, files))
    refused = tuple(picture for picture in read if isinstance(picture, str))
    whole = [(file, picture) for file, picture in zip(files, read, strict=True) if not isinstance(picture, str)]
    if not whole:
        raise UsageError(f"None of the {len(files)} pictures in {folder} can be read; the first: {refused[0]}")
    pictures = torch.from_numpy(np.stack([picture for _, picture in whole])).permute(0, 3, 1, 2).contiguous()
    return CaptionedPictures(tuple(_caption(file, folder) for file, _ in whole), pictures, refused)


def _is_picture(file: Path) -> bool:
    hidden = any(part.startswith(".") for part in file.parts)
    return not hidden and Image.registered_extensions().get(file.suffix.lower()) in Image.OPEN


def _read(file: Path) -> np.ndarray | str:
    """The pixels [72, 72, 3], or the sentence that says why there are none."""
    try:
        return to_uint8(read_picture(file, ROOM, channels=3))
    except UsageError as error:
        return str(error)


def _caption(file: Path, folder: Path) -> str:
    beside = file.with_suffix(".txt")
    if beside.is_file() and (text := " ".join(beside.read_text(encoding="utf-8", errors="replace").split())):
        return text
    if file.parent != folder:
        return _as_words(file.parent.name)
    return _as_words(re.sub(r"[\W_]*\d+$", "", file.stem) or file.stem)


def _as_words(name: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", name))


@dataclass(frozen=True)
class FolderExamples:
    """Pictures on the device, seen again and again: mirrored or not, and each time a little differently cropped.

    Attributes:
        pictures: uint8 [N, 3, 72, 72].
        tokens: of their captions, [N, L].
        count: how often pictures are seen in all.
    """

    pictures: Tensor = field(repr=False)
    tokens: Tensor = field(repr=False)
    count: int

    def __len__(self) -> int:
        """How often pictures are seen."""
        return self.count

    def prepared(self, order: Tensor) -> Iterator[Tensor]:
        """Which pictures: each is seen as often as any other, but for one."""
        return iter((order % len(self.pictures)).to(self.pictures.device))

    def batch(self, prepared: Tensor, generator: torch.Generator) -> Batch:
        """Pictures [B, 3, 64, 64] in [−1, 1] and their captions' tokens [B, L], one in ten without its words."""
        device = self.pictures.device
        x = self.pictures[prepared].float() / 127.5 - 1
        chance = torch.rand(len(x), 5, generator=generator, device=device)
        null = torch.full_like(self.tokens[:1], PAD)
        null[:, 0] = START
        dropped = chance[:, :1] < NULL
        return Batch(_cropped(x, chance[:, 1:]), torch.where(dropped, null, self.tokens[prepared]))


def _cropped(x: Tensor, chance: Tensor) -> Tensor:
    """A square window of each picture, of a side between 64 and 72 and anywhere, half of them mirrored."""
    zoom = 1 - (1 - SIDE / ROOM) * chance[:, 0]
    left, top = ((2 * chance[:, k] - 1) * (1 - zoom) for k in (1, 2))
    sign = torch.where(chance[:, 3] < 0.5, -1.0, 1.0)
    zero = torch.zeros_like(zoom)
    theta = torch.stack([sign * zoom, zero, left, zero, zoom, top], dim=1).view(-1, 2, 3)
    grid = F.affine_grid(theta, [len(x), x.shape[1], SIDE, SIDE], align_corners=False)
    return F.grid_sample(x, grid, align_corners=False, padding_mode="border")


def frequent(captions: Sequence[str], count: int) -> tuple[str, ...]:
    """The captions that most pictures have, at most `count` of them."""
    return tuple(caption for caption, _ in Counter(captions).most_common(count))
