"""A user's own pictures as training examples, each with its caption."""

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

from duckrabbit.datasets.prompts import vocabulary_of
from duckrabbit.errors import UsageError
from duckrabbit.media.crop import CENTRE, Crop, parse_crop
from duckrabbit.media.decode import other_kind
from duckrabbit.media.pictures import read_picture
from duckrabbit.media.pixels import to_uint8
from duckrabbit.networks.text_encoder import without_words
from duckrabbit.training.captions import Captions, captions_of, is_text
from duckrabbit.training.data import Batch

SIDE = 64
"""Of the pictures that are trained on."""

ROOM = 72
"""The side at which they are kept, so that there is something to crop."""

NAMED = 5
"""Files that a remark names before it only counts them."""

NULL = 0.1
"""Share of pictures whose caption is dropped, for classifier-free guidance."""


@dataclass(frozen=True)
class CaptionedPictures:
    """What a folder holds.

    Attributes:
        captions: what each picture shows.
        pictures: uint8 [N, 3, 72, 72].
        refused: for each file, or line of a table, that was left out, the sentence that says why.
        remarks: what else should be known of how pictures and captions were read.
    """

    captions: tuple[str, ...]
    pictures: Tensor = field(repr=False)
    refused: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def read_folder(folder: Path, crop: str = "") -> CaptionedPictures:
    """Every picture in a folder and the folders in it, cropped to a square, with its caption; see `captions_of`.

    Args:
        folder: of pictures; what is hidden in it is passed over.
        crop: which square of each picture, as in `parse_crop`.

    Raises:
        UsageError: if there is no such folder or crop, or no whole picture in it.
    """
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder}: give a folder of pictures.")
    Image.init()
    chosen = parse_crop(crop)
    files = [file for file in sorted(folder.rglob("*")) if not _is_hidden(file.relative_to(folder)) and file.is_file()]
    texts = [file for file in files if is_text(file)]
    files = [file for file in files if not is_text(file)]
    with ThreadPoolExecutor() as pool:
        read = list(pool.map(lambda file: _read(file, chosen), files))
    whole = [(file, own) for file, own in zip(files, read, strict=True) if not isinstance(own, str)]
    refused = [own for own in read if isinstance(own, str)]
    if not whole:
        pictures = sum(map(_is_picture, files))
        if pictures == 0:
            named = f" ({refused[0]})" if refused else ""
            raise UsageError(
                f"There is no picture in {folder}{named}: give a folder of pictures, or of folders named after "
                "what the pictures in them show."
            )
        raise UsageError(f"None of the {pictures} pictures in {folder} can be read; the first: {refused[0]}")
    captions = captions_of([file for file, _ in whole], texts, folder)
    pixels = torch.from_numpy(np.stack([own.levels for _, own in whole])).permute(0, 3, 1, 2).contiguous()
    remarks = (*_of_crops([own for _, own in whole], chosen), *_of_captions(captions, [file for file, _ in whole]))
    return CaptionedPictures(captions.texts, pixels, (*refused, *captions.problems), remarks)


def _is_hidden(file: Path) -> bool:
    return any(part.startswith(".") for part in file.parts)


def _is_picture(file: Path) -> bool:
    return Image.registered_extensions().get(file.suffix.lower()) in Image.OPEN


@dataclass(frozen=True)
class _Read:
    """A picture's pixels [72, 72, 3], and what was said of it."""

    levels: np.ndarray
    said: tuple[str, ...]


def _read(file: Path, crop: Crop) -> _Read | str:
    """The picture in a file, or the sentence that says why there is none."""
    said: list[str] = []
    try:
        if not _is_picture(file):
            with file.open("rb") as handle:
                kind = other_kind(handle.read(64)) or "is neither a picture nor a caption by its name: rename it."
            return f"{file} {kind}"
        return _Read(to_uint8(read_picture(file, ROOM, 3, said.append, crop)), tuple(said))
    except OSError as error:
        return f"{file} can't be read ({error.strerror})"
    except UsageError as error:
        return str(error)


def _of_crops(pictures: Sequence[_Read], crop: Crop) -> Iterator[str]:
    """How many pictures were not square, and that all are small by now."""
    cut = [own for own in pictures if any("its middle" in sentence for sentence in own.said)]
    if cut and crop is CENTRE:
        yield (
            f"not square: {len(cut)} of {len(pictures)} pictures; their middle is used, and `crop` left, right, top, "
            "bottom, pad or a box X0,Y0,X1,Y1 takes another part"
        )
    yield f"all are learnt from at {SIDE}×{SIDE} pixels"


def _of_captions(captions: Captions, files: Sequence[Path]) -> Iterator[str]:
    """How many captions are names, and how many are not read, or not to their end."""
    if captions.named:
        first = captions.named[0]
        yield (
            f"without a caption: {len(captions.named)} of {len(files)} pictures; the name of folder or file is read: "
            f"{files[first].name} shows {captions.texts[first]!r}; write NAME.txt beside NAME.jpg to say more"
        )
    if captions.guessed:
        yield (
            f"read as Windows' Latin-1, since not UTF-8: {_listed(captions.guessed)}; save as UTF-8 if that is wrong"
        )
    vocabulary = vocabulary_of(captions.texts)
    read = [vocabulary.read(text) for text in captions.texts]
    if cut := [k for k, own in enumerate(read) if own.beyond]:
        yield (
            f"cut after {vocabulary.length - 1} words: the captions of {_listed([files[k] for k in cut])}; "
            f"of the first, the words from {read[cut[0]].beyond[0]!r} on are left out"
        )
    if empty := [files[k] for k, own in enumerate(read) if not own.words]:
        yield f"without a word in it, so that nothing is learnt from it: the caption of {_listed(empty)}"


def _listed(files: Sequence[Path]) -> str:
    """The first few names, and how many there are."""
    more = f" … ({len(files)} in all)" if len(files) > NAMED else ""
    return ", ".join(file.name for file in files[:NAMED]) + more


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
        tokens = self.tokens[prepared]
        dropped = chance[:, :1] < NULL
        return Batch(_cropped(x, chance[:, 1:]), torch.where(dropped, without_words(tokens), tokens))


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
