"""The ×4 upscaler as a third stage: latents of the large picture under the eyes of the small one (arXiv:2112.10752).

    low = α_l x_small + σ_l ε,        ẑ_0 = D([z_t, low], t, c, l)

A latent is as large as the guide's pixels. Each view has its latent, its prompt and its view of the guide.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from duckrabbit.diffusion.path import time_of_level
from duckrabbit.errors import UsageError
from duckrabbit.models.deepfloyd.conventions import Conventions, path_of
from duckrabbit.models.deepfloyd.files import read_json
from duckrabbit.models.model import SamplerConfig, SecondStage, bilinear
from duckrabbit.models.open.autoencoder import latent_channels, shrinking
from duckrabbit.models.open.family import Family, Folder, Playing, Wording, network_dtype, stacked, told
from duckrabbit.models.open.load import open_model
from duckrabbit.models.open.schedule import beta_schedule
from duckrabbit.models.open.stable_diffusion import wording

SIDE, TIMES = 1024, 4
LOW_LEVEL = 20
"""To which level the guide is noised."""


def estimate(
    conventions: Conventions, channels: int, network: Any, x: Tensor, t: float, wordings: Sequence[Wording]
) -> Tensor:
    """x̂_0 of latents, behind which in x [B, C + 3, h, w] the guide lies."""
    reduced = x.to(network_dtype(network))
    output: Tensor = network(
        reduced,
        told(conventions.level(t), x),
        encoder_hidden_states=stacked(wordings, "states", reduced),
        class_labels=torch.full((len(x),), LOW_LEVEL, device=x.device),
        return_dict=False,
    )[0]
    return conventions.prediction(output.to(x), x[:, :channels], t).x0


def play(folder: Folder, side: int) -> Playing:
    """At any size."""
    conventions, grid = beta_schedule(folder)
    channels, latent = latent_channels(folder), side // shrinking(folder)
    own = partial(estimate, conventions, channels)
    return Playing(conventions.path, grid, own, (channels, latent, latent), conventions.threshold)


FAMILY = Family(
    pipeline="StableDiffusionUpscalePipeline",
    what="the ×4 upscaler, a third stage",
    repository="stabilityai/stable-diffusion-x4-upscaler",
    licence="OpenRAIL++-M",
    gated=False,
    size=SIDE,
    memory=1.0,
    parts=("unet", "text_encoder"),
    wording=wording,
    play=play,
    native_size=lambda _: SIDE,
    side_multiple=shrinking,
    sampler=SamplerConfig("ddim", 50, "own", guidance_scale=7.5),
    illusion_sampler=SamplerConfig("ddim", 50, "own", guidance_scale=7.5),
)


def upscaler(
    name: str, folder: Path, small: int, embeddings: str | None, device: torch.device, dtype: torch.dtype | None
) -> SecondStage:
    """The stage in a folder that makes pictures of a side four times as large.

    Raises:
        UsageError: if it is of another class, or not whole.
    """
    kind = read_json(folder / "model_index.json").get("_class_name")
    if kind != FAMILY.pipeline:
        raise UsageError(f"{folder} is a {kind} and no third stage: give a {FAMILY.pipeline}'s folder as stage3.")
    cache = None if embeddings is None or Path(embeddings).suffix else embeddings
    model = open_model(name, folder, TIMES * small, cache, device, dtype, family=FAMILY)
    if model.state_shape[-1] != small:
        made = f"{model.size}×{model.size} of latents of {model.state_shape[-1]}"
        raise UsageError(f"{folder} makes {made}, and its guide has {small}: give an upscaler of 4 times.")
    file = folder / "low_res_scheduler" / "scheduler_config.json"
    low_path, level = path_of(read_json(file), file), time_of_level(LOW_LEVEL)
    return SecondStage(replace(model, is_guided=True), bilinear, low_path, level)
