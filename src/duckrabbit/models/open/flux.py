"""FLUX.1: rectified flow on latents that are packed two by two; CLIP says what it is about, T5 what is in it.

Its guidance is distilled into the network, which is told a scale where it can be; γ is guidance by a second evaluation.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from duckrabbit.diffusion.path import RectifiedFlow
from duckrabbit.models.model import SamplerConfig
from duckrabbit.models.open.autoencoder import latent_channels, shrinking
from duckrabbit.models.open.family import Family, Folder, Playing, Wording, network_dtype, stacked, told
from duckrabbit.models.open.schedule import flow_times

SIDE, PATCH = 1024, 2
DISTILLED_GUIDANCE = 3.5
"""What a network that can be told a scale is told, as its pipeline does."""


def wording(pipeline: Any, prompt: str) -> Wording:
    """512 tokens of T5, without a mask, and what CLIP pools."""
    states, pooled, _ = pipeline.encode_prompt(prompt, None, pipeline.device)
    return {"states": states[0], "pooled": pooled[0]}


def estimate(has_guidance: bool, network: Any, x: Tensor, t: float, wordings: Sequence[Wording]) -> Tensor:
    """x̂_0 = x_t − t v."""
    reduced = x.to(network_dtype(network))
    states = stacked(wordings, "states", reduced)
    side = x.shape[-1] // PATCH
    velocity: Tensor = network(
        hidden_states=packed(reduced),
        timestep=told(t, x),
        guidance=told(DISTILLED_GUIDANCE, x) if has_guidance else None,
        encoder_hidden_states=states,
        pooled_projections=stacked(wordings, "pooled", reduced),
        txt_ids=states.new_zeros(states.shape[1], 3),
        img_ids=places(side).to(reduced),
        return_dict=False,
    )[0]
    return x - t * unpacked(velocity, side).to(x)


def packed(x: Tensor) -> Tensor:
    """[B, C, 2 h, 2 w] → [B, h w, 4 C]."""
    rows, channels, height, width = x.shape
    blocks = x.reshape(rows, channels, height // PATCH, PATCH, width // PATCH, PATCH)
    return blocks.permute(0, 2, 4, 1, 3, 5).reshape(rows, -1, channels * PATCH**2)


def unpacked(tokens: Tensor, side: int) -> Tensor:
    """[B, h h, 4 C] → [B, C, 2 h, 2 h]."""
    blocks = tokens.reshape(len(tokens), side, side, -1, PATCH, PATCH).permute(0, 3, 1, 4, 2, 5)
    return blocks.reshape(len(tokens), -1, PATCH * side, PATCH * side)


def places(side: int) -> Tensor:
    """The row and column of each token, [h h, 3], behind a zero."""
    rows, columns = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    return torch.stack([torch.zeros_like(rows), rows, columns], dim=-1).reshape(-1, 3)


def play(folder: Folder, side: int) -> Playing:
    """A dynamic shift depends on the number of patches."""
    latent = side // shrinking(folder)
    times = flow_times(folder, (latent // PATCH) ** 2, from_one=True)
    own = partial(estimate, bool(folder.network.get("guidance_embeds")))
    return Playing(RectifiedFlow(), times, own, (latent_channels(folder), latent, latent))


FAMILY = Family(
    pipeline="FluxPipeline",
    what="latents, 12 B parameters: FLUX.1, whose schnell needs 4 steps",
    repository="black-forest-labs/FLUX.1-schnell",
    licence="Apache-2.0 (schnell)",
    gated=True,
    size=1024,
    memory=23.8,
    parts=("transformer", "text_encoder", "text_encoder_2"),
    wording=wording,
    play=play,
    native_size=lambda _: SIDE,
    side_multiple=lambda folder: PATCH * shrinking(folder),
    sampler=SamplerConfig("ddim", 4, "own", guidance_scale=1.0),
    illusion_sampler=SamplerConfig("ddim", 10, "own", guidance_scale=1.0),
)
