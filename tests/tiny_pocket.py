"""Pocket scaled down: its own code and format, a narrow random network, and the words that are needed."""

from collections.abc import Iterable
from pathlib import Path

import torch

from duckrabbit.datasets.prompts import vocabulary_of
from duckrabbit.models.model import SamplerConfig
from duckrabbit.models.pocket import PocketConfig
from duckrabbit.models.storage import write_weights
from duckrabbit.networks.pocket_unet import PocketUNet, PocketUNetConfig

FEW_STEPS = SamplerConfig(steps=2, guidance_scale=3.0)


def write_tiny_pocket(path: Path, prompts: Iterable[str], max_guidance: float = 1.0) -> Path:
    """A .safetensors file that --model takes."""
    vocabulary = vocabulary_of(prompts)
    shape = PocketUNetConfig(
        len(vocabulary), widths=(32, 64), blocks=(1, 1), attention=(False, True), text_width=64, text_layers=1,
        embedding=64, max_guidance=max_guidance,
    )  # fmt: skip
    torch.manual_seed(0)
    network = PocketUNet(shape)
    with torch.no_grad():
        for parameter in network.parameters():
            # What begins as zero would not listen to the prompt.
            parameter.add_(0.03 * torch.randn_like(parameter))
    config = PocketConfig(vocabulary.words, shape, FEW_STEPS, FEW_STEPS)
    write_weights(path, dict(network.state_dict()), config.to_json())
    return path
