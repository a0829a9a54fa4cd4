"""From what a user calls a model to the model."""

import difflib
import hashlib
from collections.abc import Mapping
from importlib.resources import as_file, files
from pathlib import Path

import torch

from duckrabbit.errors import UsageError
from duckrabbit.models import digits
from duckrabbit.models.device import choose_device, choose_dtype
from duckrabbit.models.model import Model
from duckrabbit.models.storage import read_weights

DEFAULT_DIGITS = "mnist-ddpm-class"

SHIPPED: Mapping[str, str] = {
    "mnist-denoiser": "one-step denoiser of digits at σ = 0.5 (not told the level)",
    "mnist-denoiser-pure-noise": "one-step denoiser of pure noise: it answers with the mean digit",
    "mnist-ddpm": "digits by DDPM, time-conditioned",
    "mnist-ddpm-class": "digits by DDPM, conditioned on time and class; the default for digits",
    "mnist-ddpm-class-course": "the same with the sources' network, schedule and hyperparameters",
    "mnist-flow": "digits by flow matching, time-conditioned",
    "mnist-flow-class": "digits by flow matching, conditioned on time and class",
    "mnist-flow-class-course": "the same with the sources' network and hyperparameters",
}
"""The models in the package, and what each is."""


def load_model(name: str, device: str = "auto", dtype: torch.dtype | None = None) -> Model:
    """Load a model by its name, from a run folder, or from a .safetensors file.

    Args:
        name: a name in `SHIPPED`, a run folder, or a file with its configuration in the header.
        device: auto, cpu, cuda, cuda:1, mps.
        dtype: the network's precision; by default bfloat16 where the hardware has it, else float32.

    Raises:
        UsageError: if there is no such model, its file is damaged, or the device is not there.
    """
    chosen = choose_device(device)
    precision = choose_dtype(chosen) if dtype is None else dtype
    path = Path(name)
    if name in SHIPPED:
        with as_file(files("duckrabbit.models") / "weights" / f"{name}.safetensors") as file:
            return _from_file(name, file, chosen, precision)
    if path.is_dir():
        return _from_file(name, path / "model.safetensors", chosen, precision)
    if path.suffix == ".safetensors" or path.exists():
        return _from_file(name, path, chosen, precision)
    near = difflib.get_close_matches(name, SHIPPED, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"the models are {', '.join(SHIPPED)}."
    raise UsageError(f"There is no model {name!r}, and no such folder or file: {hint}")


def _from_file(name: str, path: Path, device: torch.device, dtype: torch.dtype) -> Model:
    if not path.is_file():
        raise UsageError(
            f"There is no model file {path}: give a folder that duckrabbit train wrote, or a .safetensors file."
        )
    tensors, config = read_weights(path)
    if config.get("kind") != digits.KIND:
        raise UsageError(
            f"{path} holds a {config.get('kind', 'nameless')!r} model, which this version can't run: update it."
        )
    checksum = hashlib.sha256(path.read_bytes()).hexdigest()
    return digits.digit_model(name, tensors, config, checksum, device, dtype)
