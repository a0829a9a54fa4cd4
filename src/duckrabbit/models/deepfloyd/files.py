"""Folders in diffusers' layout: configurations as JSON, weights as safetensors. Nothing is ever unpickled."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from duckrabbit.errors import UsageError

VARIANT = "fp16"
_SAMPLES, _SAMPLE_BYTES = 64, 65536


@dataclass(frozen=True)
class Part:
    """One part of a pipeline, such as its `unet`: a configuration, and weights in one file or several.

    Attributes:
        folder: where it is.
        config: its config.json.
        variant: fp16 where files of that variant are there, else None.
        files: its weights.
    """

    folder: Path
    config: Mapping[str, Any]
    variant: str | None
    files: tuple[Path, ...]

    @property
    def kind(self) -> str:
        """The class it was saved from."""
        return str(self.config.get("_class_name", "nameless"))

    @property
    def bytes(self) -> int:
        """How large its weights are on disk."""
        return sum(file.stat().st_size for file in self.files)


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        UsageError: if it is missing or holds something else.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{path} can't be read ({type(error).__name__}): give a whole folder in diffusers' layout."
        ) from error
    if not isinstance(data, dict):
        raise UsageError(f"{path} holds no configuration: give a whole folder in diffusers' layout.")
    return data


def read_part(folder: Path) -> Part:
    """A part of a pipeline, found whole.

    Raises:
        UsageError: if its configuration or one of its files is missing, or only pickled weights are there.
    """
    config = read_json(folder / "config.json")
    found = sorted(folder.glob("*.safetensors"))
    half = [file for file in found if f".{VARIANT}" in file.name]
    files = half or [file for file in found if "." not in file.name.removesuffix(".safetensors")]
    if not files:
        pickled = any(folder.glob("*.bin")) or any(folder.glob("*.pth"))
        why = "holds pickled weights only, which are never read" if pickled else "holds no weights"
        raise UsageError(f"{folder} {why}: get the .safetensors files of the same model.")
    index = next(iter(sorted(folder.glob(f"*.index.{VARIANT}.json" if half else "*.index.json"))), None)
    if index is not None:
        named = {str(name) for name in dict(read_json(index).get("weight_map", {})).values()}
        missing = sorted(named - {file.name for file in files})
        if missing:
            raise UsageError(f"{folder} lacks {missing[0]} of its weights: get the folder whole.")
    return Part(folder, config, VARIANT if half else None, tuple(files))


def fingerprint(parts: Sequence[Part]) -> str:
    """A SHA-256 that tells weights apart without reading gigabytes.

    It covers the configurations, and of each file its name, its length and 64 pieces of 64 KiB evenly spread over it,
    the header among them.
    """
    digest = hashlib.sha256()
    for part in parts:
        digest.update(json.dumps(dict(part.config), sort_keys=True).encode())
        for file in part.files:
            size = file.stat().st_size
            digest.update(f"{file.name} {size}".encode())
            with file.open("rb") as stream:
                for k in range(_SAMPLES):
                    stream.seek(max(size - _SAMPLE_BYTES, 0) * k // (_SAMPLES - 1))
                    digest.update(stream.read(_SAMPLE_BYTES))
    return digest.hexdigest()
