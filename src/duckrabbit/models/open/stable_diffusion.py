"""Stable Diffusion 1.x, 2.x and XL: latents along a scaled-linear table of β; ε or v, as the scheduler says.

Rombach et al., 2022 (arXiv:2112.10752); Podell et al., 2023, "SDXL" (arXiv:2307.01952). XL is told the size that its
picture was cut from, where, and which it is to have: here always the whole, of the size that is made. Some folders want
zeros for the null prompt in place of what the encoders make of "".
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from duckrabbit.models.deepfloyd.conventions import Conventions
from duckrabbit.models.model import SamplerConfig
from duckrabbit.models.open.autoencoder import latent_channels, shrinking
from duckrabbit.models.open.family import Family, Folder, Playing, Wording, network_dtype, stacked, told
from duckrabbit.models.open.schedule import beta_schedule


def wording(pipeline: Any, prompt: str) -> Wording:
    """77 tokens' states, without a mask."""
    states, _ = pipeline.encode_prompt(prompt, pipeline.device, 1, False)
    return {"states": states[0]}


def wording_xl(pipeline: Any, prompt: str) -> Wording:
    """Both encoders' states side by side, and what the second one pools."""
    states, _, pooled, _ = pipeline.encode_prompt(prompt, None, pipeline.device, 1, False)
    if not prompt and pipeline.config.force_zeros_for_empty_prompt:
        states, pooled = torch.zeros_like(states), torch.zeros_like(pooled)
    return {"states": states[0], "pooled": pooled[0]}


def estimate(
    conventions: Conventions, side: int | None, network: Any, x: Tensor, t: float, wordings: Sequence[Wording]
) -> Tensor:
    """x̂_0 of latents x_t; the side is told to XL alone."""
    reduced = x.to(network_dtype(network))
    added = None
    if side is not None:
        sizes = torch.tensor([[side, side, 0, 0, side, side]], dtype=reduced.dtype, device=x.device)
        added = {"text_embeds": stacked(wordings, "pooled", reduced), "time_ids": sizes.expand(len(x), -1)}
    output: Tensor = network(
        reduced,
        told(conventions.level(t), x),
        encoder_hidden_states=stacked(wordings, "states", reduced),
        added_cond_kwargs=added,
        return_dict=False,
    )[0]
    return conventions.prediction(output.to(x), x, t).x0


def play(folder: Folder, side: int) -> Playing:
    """At any size whose latents the UNet can halve."""
    conventions, grid = beta_schedule(folder)
    is_xl = folder.network.get("addition_embed_type") == "text_time"
    latent = side // shrinking(folder)
    return Playing(
        conventions.path,
        grid,
        partial(estimate, conventions, side if is_xl else None),
        (latent_channels(folder), latent, latent),
        conventions.threshold,
    )


def native_size(folder: Folder) -> int:
    """The UNet says it in latents."""
    return int(folder.network["sample_size"]) * shrinking(folder)


def side_multiple(folder: Folder) -> int:
    """Each level of the UNet but the last halves its latents."""
    return int(2 ** (len(folder.network["block_out_channels"]) - 1)) * shrinking(folder)


SD = Family(
    pipeline="StableDiffusionPipeline",
    what="latents, 0.9 B parameters: Stable Diffusion 1.x and 2.x",
    repository="stable-diffusion-v1-5/stable-diffusion-v1-5",
    licence="CreativeML OpenRAIL-M",
    gated=False,
    size=512,
    memory=1.7,
    parts=("unet", "text_encoder"),
    wording=wording,
    play=play,
    native_size=native_size,
    side_multiple=side_multiple,
    sampler=SamplerConfig("dpmpp_2m", 25, "own", guidance_scale=7.5),
    illusion_sampler=SamplerConfig("ddim", 40, "own", guidance_scale=7.5),
)

SDXL = Family(
    pipeline="StableDiffusionXLPipeline",
    what="latents, 2.6 B parameters: Stable Diffusion XL",
    repository="stabilityai/stable-diffusion-xl-base-1.0",
    licence="OpenRAIL++-M",
    gated=False,
    size=1024,
    memory=5.1,
    parts=("unet", "text_encoder", "text_encoder_2"),
    wording=wording_xl,
    play=play,
    native_size=native_size,
    side_multiple=side_multiple,
    sampler=SamplerConfig("dpmpp_2m", 30, "own", guidance_scale=5.0),
    illusion_sampler=SamplerConfig("ddim", 40, "own", guidance_scale=7.0),
)
