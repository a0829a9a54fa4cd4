"""Stable Diffusion 3.x: rectified flow on latents, two CLIPs and T5 (Esser et al., 2024, arXiv:2403.03206).

T5 may be left out of a folder: its tokens are zeros then.
"""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from duckrabbit.diffusion.path import RectifiedFlow
from duckrabbit.models.model import SamplerConfig
from duckrabbit.models.open.autoencoder import latent_channels, shrinking
from duckrabbit.models.open.family import Family, Folder, Playing, Wording, network_dtype, stacked, told
from duckrabbit.models.open.schedule import flow_times


def wording(pipeline: Any, prompt: str) -> Wording:
    """CLIP's states, T5's behind them, and what the CLIPs pool."""
    states, _, pooled, _ = pipeline.encode_prompt(prompt, None, None, pipeline.device, 1, False)
    return {"states": states[0], "pooled": pooled[0]}


def estimate(network: Any, x: Tensor, t: float, wordings: Sequence[Wording]) -> Tensor:
    """x̂_0 = x_t − t v; the network is told 1000 t."""
    reduced = x.to(network_dtype(network))
    velocity: Tensor = network(
        hidden_states=reduced,
        timestep=told(1000 * t, x),
        encoder_hidden_states=stacked(wordings, "states", reduced),
        pooled_projections=stacked(wordings, "pooled", reduced),
        return_dict=False,
    )[0]
    return x - t * velocity.to(x)


def play(folder: Folder, side: int) -> Playing:
    """A dynamic shift depends on the number of patches."""
    latent = side // shrinking(folder)
    tokens = (latent // int(folder.network["patch_size"])) ** 2
    return Playing(RectifiedFlow(), flow_times(folder, tokens), estimate, (latent_channels(folder), latent, latent))


FAMILY = Family(
    pipeline="StableDiffusion3Pipeline",
    what="latents, 2.5 to 8 B parameters: Stable Diffusion 3.x",
    repository="stabilityai/stable-diffusion-3.5-medium",
    licence="Stability AI Community",
    gated=True,
    size=1024,
    memory=5.0,
    parts=("transformer", "text_encoder", "text_encoder_2", "text_encoder_3"),
    wording=wording,
    play=play,
    native_size=lambda folder: int(folder.network["sample_size"]) * shrinking(folder),
    side_multiple=lambda folder: int(folder.network["patch_size"]) * shrinking(folder),
    sampler=SamplerConfig("ddim", 28, "own", guidance_scale=4.5),
    illusion_sampler=SamplerConfig("ddim", 30, "own", guidance_scale=4.5),
)
