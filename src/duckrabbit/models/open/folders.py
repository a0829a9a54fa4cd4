"""Whose folder is it? A pipeline of an open family, one of pixels with a UNet, or a UNet alone; or a hub id."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from duckrabbit.errors import UsageError
from duckrabbit.models.deepfloyd import pixels
from duckrabbit.models.deepfloyd.files import read_json
from duckrabbit.models.deepfloyd.hub import ALONE, INDEX, UNET, from_hub, index_on_hub
from duckrabbit.models.model import Model
from duckrabbit.models.open.families import FAMILIES
from duckrabbit.models.open.load import open_model, parts_of

AUTOENCODERS = ("vae", "vqvae", "movq")


def pipeline(
    name: str,
    path: Path,
    embeddings: str | None,
    device: torch.device,
    dtype: torch.dtype | None,
    compiled: bool,
    size: int | None,
) -> Model:
    """The model in a folder in diffusers' layout, or of a hub id.

    Raises:
        UsageError: if it is of a class that is not played, or not whole.
    """
    folder = path if path.exists() else _downloaded(name)
    index = read_json(folder / INDEX) if (folder / INDEX).is_file() else {}
    kind = str(index.get("_class_name", ""))
    if kind in FAMILIES:
        return open_model(name, folder, size, embeddings, device, dtype, compiled)
    if index and not _has_unet_on_pixels(index, (folder / "unet").is_dir()):
        raise _unplayed(name, kind)
    return pixels.pipeline(name, folder, embeddings, device, dtype, compiled)


def is_open(folder: Path) -> bool:
    """Whether a folder is a pipeline's of an open family."""
    return str(read_json(folder / INDEX).get("_class_name")) in FAMILIES


def _downloaded(name: str) -> Path:
    index = index_on_hub(name)
    if index is None:
        return from_hub(name, ALONE)
    known = read_json(index)
    family = FAMILIES.get(str(known.get("_class_name")))
    if family is not None:
        return from_hub(name, parts_of(known, family))
    if not _has_unet_on_pixels(known, isinstance(known.get("unet"), list)):
        raise _unplayed(name, str(known.get("_class_name")))
    return from_hub(name, (*UNET, *ALONE))


def _has_unet_on_pixels(index: Mapping[str, Any], has_unet: bool) -> bool:
    return has_unet and not any(index.get(part) for part in AUTOENCODERS)


def _unplayed(name: str, kind: str) -> UsageError:
    return UsageError(
        f"{name} is a {kind or 'nameless pipeline'}, which this version can't play: it plays {', '.join(FAMILIES)}, "
        "and pipelines of pixels with a UNet2DModel, or with one built like DeepFloyd IF."
    )
