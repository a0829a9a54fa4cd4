"""Weights on disk: safetensors with the model's configuration as JSON in the header. Nothing is ever unpickled.

Weights of two or more dimensions can be kept in 8 bits: for each output channel (each input channel of a transposed
convolution, whose weights are stored that way round), whole numbers from −127 to 127 and one fp16 scale. `NAME` is
then stored as `NAME.q8` and `NAME.scale`.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from duckrabbit.errors import UsageError
from duckrabbit.media.tensors import write_tensors

Config = dict[str, Any]
HEADER_KEY = "duckrabbit"
_QUANTIZED, _SCALE = ".q8", ".scale"
_MIN_QUANTIZED = 256


def write_weights(path: Path, tensors: Mapping[str, Tensor], config: Config) -> None:
    """Write tensors as they are, and the configuration, whole or not at all."""
    write_tensors(path, tensors, {HEADER_KEY: json.dumps(config)})


def read_weights(path: Path) -> tuple[dict[str, Tensor], Config]:
    """Read float32 tensors and the configuration.

    Raises:
        UsageError: if the file is missing, truncated, corrupt, or holds no duckrabbit model.
    """
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            header = (file.metadata() or {}).get(HEADER_KEY)
            stored = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        config = None if header is None else json.loads(header)
    except (SafetensorError, OSError, ValueError) as error:
        raise UsageError(f"{path} can't be read as a model ({error}): give a whole .safetensors file.") from error
    if not isinstance(config, dict):
        raise UsageError(f"{path} is no duckrabbit model: its header lacks a configuration; give one that train wrote.")
    return _dequantized(stored), config


def quantized(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """8-bit weights per output channel with fp16 scales; everything small stays as it is.

    q = round(w/s),   s = max|w|/127 over the channel
    """
    stored: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if tensor.ndim < 2 or tensor.numel() < _MIN_QUANTIZED:
            stored[name] = tensor
            continue
        scale = (tensor.flatten(1).abs().amax(dim=1) / 127).clamp(min=1e-7).half()
        rows = scale.float().view(-1, *[1] * (tensor.ndim - 1))
        stored[name + _QUANTIZED] = (tensor / rows).round().clamp(-127, 127).to(torch.int8)
        stored[name + _SCALE] = scale
    return stored


def _dequantized(stored: Mapping[str, Tensor]) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}
    for name, tensor in stored.items():
        if name.endswith(_QUANTIZED):
            base = name.removesuffix(_QUANTIZED)
            scale = stored.get(base + _SCALE)
            if scale is None or scale.shape != tensor.shape[:1]:
                raise UsageError(f"The weights' {base} lack their scales: the file is damaged, get it again.")
            tensors[base] = tensor.float() * scale.float().view(-1, *[1] * (tensor.ndim - 1))
        elif not name.endswith(_SCALE):
            tensors[name] = tensor
    return tensors
