"""From what a user calls a model to the model."""

import difflib
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from duckrabbit.errors import UsageError
from duckrabbit.models import digits, pocket
from duckrabbit.models.device import choose_device, choose_dtype, keep_freed_memory
from duckrabbit.models.model import Model
from duckrabbit.models.storage import read_weights

DEFAULT_DIGITS = "mnist-ddpm-class"
DEFAULT_TEXT = "pocket"
DEEPFLOYD = "deepfloyd"
PIPELINE_INDEX = "model_index.json"
HUB_ID = re.compile(r"(\w[\w.-]*)/\w[\w.-]*")
DEEPFLOYD_SUMMARY = "DeepFloyd IF, 64×64 and 256×256: text to image; with --weights, your own licensed download"

SHIPPED: Mapping[str, str] = {
    "pocket": "text to image in colour, 64×64 and with --size 256 256×256; the default for prompts in words",
    "mnist-denoiser": "one-step denoiser of digits at σ = 0.5 (not conditioned on the level)",
    "mnist-denoiser-pure-noise": "one-step denoiser of pure noise: it answers with the mean digit",
    "mnist-ddpm": "digits by DDPM, time-conditioned",
    "mnist-ddpm-class": "digits by DDPM, conditioned on time and class; the default for digits",
    "mnist-ddpm-class-course": "mnist-ddpm-class with the sources' network, schedule and hyperparameters",
    "mnist-flow": "digits by flow matching, time-conditioned",
    "mnist-flow-class": "digits by flow matching, conditioned on time and class",
    "mnist-flow-class-course": "mnist-flow-class with the sources' network and hyperparameters",
}
"""The models in the package, and what each is."""

SECOND_STAGES: Mapping[str, str] = {"pocket": "pocket-256"}
"""The files in the package that make the pictures of shipped models large."""


Build = Callable[[str, Mapping[str, Tensor], Mapping[str, Any], str, torch.device, torch.dtype], Model]
"""From a name, tensors, their header, a checksum, a device and a precision to the model."""

KINDS: Mapping[str, Build] = {digits.KIND: digits.digit_model, pocket.KIND: pocket.pocket_model}
"""What builds the model of a file, by the `kind` in its header."""


def load_model(
    name: str,
    device: str = "auto",
    dtype: torch.dtype | None = None,
    weights: str | None = None,
    embeddings: str | None = None,
    compiled: bool = False,
    size: int | None = None,
) -> Model:
    """Load a model by its name, from a run folder, a .safetensors file, a folder in diffusers' layout, or the hub.

    Args:
        name: a name in `SHIPPED`, `deepfloyd`, a run folder, a file with its configuration in the header, a folder in
            diffusers' layout, or OWNER/NAME on the hub.
        device: auto, cpu, cuda, cuda:1, mps.
        dtype: the network's precision; by default bfloat16 where the hardware has it, else float32; for DeepFloyd IF
            float16 on a GPU and float32 elsewhere.
        weights: of `deepfloyd`: a folder with stage1 and stage2, or hub ids joined by a comma.
        embeddings: of models that read prompts' embeddings: the folder or .safetensors file that holds them.
        compiled: whether blocks of the network are compiled: of DeepFloyd IF and open models on a CUDA GPU.
        size: the side of the pictures, for models that are free in it; others have sizes of their own.

    Raises:
        UsageError: if there is no such model, its file is damaged, the device is not there, or nothing can be compiled.
    """
    chosen = choose_device(device)
    if chosen.type == "cpu":
        keep_freed_memory()
    if compiled and chosen.type != "cuda":
        raise UsageError(f"Compiling is for a CUDA GPU, and this runs on {chosen.type}: leave it out.")
    model = _found(name, chosen, dtype, weights, embeddings, compiled, size)
    if model.own_grid is None:
        _refuse_8_bits(name, dtype)
    if compiled and not model.compiled:
        raise UsageError(f"Compiling is for DeepFloyd IF and open models, and {name} is another model: leave it out.")
    return model


def _found(
    name: str,
    chosen: torch.device,
    dtype: torch.dtype | None,
    weights: str | None,
    embeddings: str | None,
    compiled: bool,
    size: int | None,
) -> Model:
    """The model of a name, compiled or not. Adapters of other libraries are imported when one of their models is."""
    path = Path(name)
    if name == DEEPFLOYD or (path / "stage1").is_dir():
        place = weights if name == DEEPFLOYD else name
        from duckrabbit.models.deepfloyd.stages import deepfloyd

        return deepfloyd(DEEPFLOYD, place, embeddings, chosen, dtype, compiled)
    if weights is not None:
        raise UsageError(f"`weights` are of the `model` {DEEPFLOYD}, and {name} has its own: leave them out.")
    if _is_pipeline(path) or _is_on_hub(name):
        from duckrabbit.models.open.folders import pipeline

        return pipeline(name, path, embeddings, chosen, dtype, compiled, size)
    if embeddings is not None:
        raise UsageError(
            f"`embeddings` are of deepfloyd and open models, and {name} reads prompts by itself: leave them out."
        )
    precision = choose_dtype(chosen) if dtype is None else dtype
    model = _stage(name, chosen, precision)
    if name in SECOND_STAGES:
        return pocket.with_second_stage(model, _stage(SECOND_STAGES[name], chosen, precision))
    if model.config.get("low_time") is None:
        return model
    return replace(pocket.with_second_stage(_first_stage(model, chosen, precision), model), name=name)


def _is_pipeline(path: Path) -> bool:
    """Whether a folder is in diffusers' layout: a whole pipeline's, or a UNet's alone."""
    return (path / PIPELINE_INDEX).is_file() or ((path / "config.json").is_file() and path.is_dir())


def is_free_in_size(name: str) -> bool:
    """Whether a name is of a model that may make pictures of other sizes than its own: an open one's."""
    if not (Path(name) / PIPELINE_INDEX).is_file():
        return _is_on_hub(name)
    from duckrabbit.models.open.folders import is_open

    return is_open(Path(name))


def _is_on_hub(name: str) -> bool:
    """Whether a name reads as OWNER/NAME; what would lie in a folder that is there is no such thing."""
    found = HUB_ID.fullmatch(name)
    return found is not None and not Path(found[1]).exists() and not name.endswith(".safetensors")


def _first_stage(second: Model, device: torch.device, dtype: torch.dtype) -> Model:
    """The model whose pictures a second stage makes large, as its file says; if it names a second stage, then that's.

    Raises:
        UsageError: if there is none, or they name each other in a circle.
    """
    model, passed = second, {second.checksum}
    while model.config.get("low_time") is not None:
        model = _stage(str(model.config.get("first_stage") or DEFAULT_TEXT), device, dtype)
        if model.checksum in passed:
            raise UsageError(
                f"The first stages that {second.name} names lead in a circle, so nothing draws its pictures: "
                "train it with the `first_stage` pocket."
            )
        passed.add(model.checksum)
    return model


def _stage(name: str, device: torch.device, dtype: torch.dtype) -> Model:
    """One stage by itself: a file of the package, of a run folder, or any other."""
    path = Path(name)
    if name in SHIPPED or name in SECOND_STAGES.values():
        with as_file(files("duckrabbit.models") / "weights" / f"{name}.safetensors") as file:
            return _from_file(name, file, device, dtype)
    if path.is_dir():
        return _from_file(name, path / "model.safetensors", device, dtype)
    if path.suffix == ".safetensors" or path.exists():
        return _from_file(name, path, device, dtype)
    near = difflib.get_close_matches(name, [*SHIPPED, DEEPFLOYD], n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"the models are {', '.join([*SHIPPED, DEEPFLOYD])}."
    raise UsageError(f"There is no model {name!r}, and no such folder or file: {hint}")


def _refuse_8_bits(name: str, dtype: torch.dtype | None) -> None:
    """Raise UsageError where a model that is none of the open ones is asked for in them."""
    if dtype == torch.int8:
        raise UsageError(f"8 bits are for open models' weights, and {name} is another model: leave `precision` out.")


def _from_file(name: str, path: Path, device: torch.device, dtype: torch.dtype) -> Model:
    if not path.is_file():
        raise UsageError(
            f"There is no model file {path}: give a folder that duckrabbit train wrote, or a .safetensors file."
        )
    tensors, config = read_weights(path)
    build = KINDS.get(str(config.get("kind")))
    if build is None:
        raise UsageError(
            f"{path} holds a {config.get('kind', 'nameless')!r} model, which this version can't run: update it."
        )
    _refuse_8_bits(name, dtype)
    checksum = hashlib.sha256(path.read_bytes()).hexdigest()
    return build(name, tensors, config, checksum, device, dtype)
