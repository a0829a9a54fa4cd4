"""Pocket scaled down: its own code and format, a narrow random network, and the words that are needed."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import torch

from duckrabbit.datasets.prompts import vocabulary_of
from duckrabbit.models.model import SamplerConfig
from duckrabbit.models.pocket import PocketConfig, tensors_of
from duckrabbit.models.storage import write_weights
from duckrabbit.networks.pocket_unet import PocketUNet, PocketUNetConfig
from duckrabbit.networks.self_guided import adapted

FEW_STEPS = SamplerConfig(steps=2, guidance_scale=3.0)


def write_tiny_pocket(path: Path, prompts: Iterable[str], max_guidance: float = 1.0) -> Path:
    """A .safetensors file that --model takes; of one that guides itself where `max_guidance` is above 1."""
    vocabulary = vocabulary_of(prompts)
    shape = PocketUNetConfig(
        len(vocabulary), widths=(32, 64), blocks=(1, 1), attention=(False, True), text_width=64, text_layers=1,
        embedding=64,
    )  # fmt: skip
    torch.manual_seed(0)
    network = PocketUNet(shape)
    with torch.no_grad():
        for parameter in network.parameters():
            # What begins as zero would not listen to the prompt.
            parameter.add_(0.03 * torch.randn_like(parameter))
    config = PocketConfig(vocabulary.words, shape, FEW_STEPS, FEW_STEPS)
    if max_guidance > 1:
        config = replace(config, max_guidance=max_guidance, rank=2)
        network = adapted(network, max_guidance, config.rank)
        with torch.no_grad():
            for parameter in network.parameters():
                if parameter.requires_grad:
                    parameter.add_(0.1 * torch.randn_like(parameter))
    write_weights(path, tensors_of(network, config), config.to_json())
    return path
