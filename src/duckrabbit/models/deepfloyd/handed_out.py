"""Dictionaries of embeddings as courses hand them out: the one kind of pickled file that is read.

It is read by the loader that builds tensors and plain containers and refuses all code, from files of a limited size.
"""

from pathlib import Path

import torch
from torch import Tensor

from duckrabbit.errors import UsageError

SUFFIXES = (".pth", ".pt")
MOST_BYTES = 4 << 30
MOST_PROMPTS = 100_000


def read_handed_out(path: Path) -> dict[str, Tensor]:
    """The embeddings in a file, by prompt, on the CPU.

    Raises:
        UsageError: if it is no dictionary from prompts to tensors of numbers, is too large, or asks for code to be run.
    """
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise UsageError(f"{path} has {size / 1e9:.1f} GB: give embeddings of at most {MOST_BYTES / 1e9:.1f} GB.")
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    # Of what a damaged or foreign file holds, anything may be raised.
    except Exception as error:
        raise UsageError(
            f"{path} is no file of tensors alone ({type(error).__name__}), and nothing else is unpickled: give a "
            "dictionary from prompts to tensors, or a .safetensors file."
        ) from None
    if not isinstance(found, dict) or not 0 < len(found) <= MOST_PROMPTS:
        raise UsageError(f"{path} holds a {type(found).__name__}: give a dictionary from prompts to tensors.")
    for name, tensor in found.items():
        if not isinstance(name, str) or not isinstance(tensor, Tensor) or tensor.layout != torch.strided:
            raise UsageError(
                f"{path} holds a {type(tensor).__name__} under {str(name)[:40]!r}: give a dictionary from prompts to "
                "tensors."
            )
    return {name: tensor.detach() for name, tensor in found.items()}
