"""Tensors in a file, written whole or not at all."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from duckrabbit.media.atomic import atomic_write


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write tensors and what is told of them as safetensors, readable as any new file is.

    Raises:
        UsageError: `path` is a folder, its folder cannot be written to, or the disk is full.
    """
    stored = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with atomic_write(path) as temporary:
        mode = temporary.stat().st_mode
        try:
            save_file(stored, temporary, dict(metadata))
        except SafetensorError as error:
            # What the system said stands in the sentence alone.
            if found := re.search(r"\(os error (\d+)\)", str(error)):
                code = int(found[1])
                raise OSError(code, os.strerror(code)) from error
            raise
        # It writes a file of its own, for its owner alone, and puts that in this one's place.
        temporary.chmod(mode)
