"""MNIST and Fashion-MNIST as tensors."""

from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import torch
from torch import Tensor

from duckrabbit.datasets.archives import FASHION_MNIST, MNIST, Archive, Collection, Split
from duckrabbit.datasets.cache import cache_folder
from duckrabbit.datasets.download import download
from duckrabbit.datasets.idx import read_idx
from duckrabbit.errors import UsageError

SIDE = 28
CLASSES = 10


@dataclass(frozen=True)
class Digits:
    """Labelled pictures: `pictures` uint8 [N, 28, 28] on black (0), `labels` int64 [N] in 0 … 9."""

    pictures: Tensor
    labels: Tensor


def mnist(split: Split, folder: Path | None = None) -> Digits:
    """MNIST's 60,000 pictures to train on, or its 10,000 to test on (LeCun, Cortes and Burges, 1998).

    Args:
        split: "train" or "test".
        folder: a folder with the user's own files of the published names; without it, the packaged files.

    Raises:
        UsageError: a file of `folder` is missing or is not what its name says.
    """
    return _load(MNIST, split, folder)


def fashion_mnist(split: Split, folder: Path | None = None) -> Digits:
    """Fashion-MNIST, ten kinds of clothes in MNIST's format (Xiao, Rasul and Vollgraf, arXiv:1708.07747).

    Args:
        split: "train" or "test".
        folder: a folder with the published files; without it, they are downloaded once into the cache.

    Raises:
        UsageError: a file of `folder` is missing or is not what its name says, or no mirror could be reached.
    """
    return _load(FASHION_MNIST, split, folder)


def pictures_to_float(pictures: Tensor) -> Tensor:
    """x / 127.5 − 1: grey levels, uint8 [N, H, W], as networks take them, float32 [N, 1, H, W] in [−1, 1]."""
    return pictures.unsqueeze(1).float().div(127.5).sub(1.0)


def _load(collection: Collection, split: Split, folder: Path | None) -> Digits:
    pair = collection.pair(split)
    source = _locate(collection, pair.pictures, folder)
    pictures = torch.from_numpy(read_idx(source, dimensions=3))
    labels = torch.from_numpy(read_idx(_locate(collection, pair.labels, folder), dimensions=1)).long()
    if pictures.shape[1:] != (SIDE, SIDE):
        raise UsageError(
            f"{source} holds pictures of {pictures.shape[1]}×{pictures.shape[2]} pixels where {SIDE}×{SIDE} "
            "were expected: give the folder of a data set in MNIST's format."
        )
    if len(pictures) == 0 or len(pictures) != len(labels) or labels.max() >= CLASSES:
        raise UsageError(
            f"{source} and its labels do not fit: expected as many labels as pictures, at least one, all from "
            f"0 to {CLASSES - 1}, so download both files again."
        )
    return Digits(pictures, labels)


def _locate(collection: Collection, archive: Archive, folder: Path | None) -> Traversable:
    """One file: from the user's folder if given, else the package, else the cache, filled if need be."""
    if folder is not None:
        if not (folder / archive.name).exists():
            raise UsageError(
                f"{folder} holds no {archive.name}: give the folder with the four gzipped files of "
                f"{collection.name} under their published names, or none to use the usual ones."
            )
        return folder / archive.name
    packaged = files("duckrabbit.datasets") / "files" / collection.name / archive.name
    if packaged.is_file():
        return packaged
    cached = cache_folder() / collection.name / archive.name
    download(collection.urls(archive), cached, archive.sha256, archive.size)
    return cached
