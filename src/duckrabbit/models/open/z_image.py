"""Z-Image: rectified flow on latents; the network answers with −v and is told 1 − t.

Its pipeline's guidance g is our γ = 1 + g. Prompts are put to Qwen3 as a chat's message and kept without padding.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from duckrabbit.diffusion.path import RectifiedFlow
from duckrabbit.models.model import SamplerConfig
from duckrabbit.models.open.autoencoder import latent_channels, shrinking
from duckrabbit.models.open.family import Family, Folder, Playing, Wording, network_dtype, told
from duckrabbit.models.open.schedule import flow_times

SIDE, PATCH = 1024, 2


def wording(pipeline: Any, prompt: str) -> Wording:
    """As many states as the prompt has tokens."""
    [states], _ = pipeline.encode_prompt(prompt, pipeline.device, False)
    return {"states": states}


def estimate(network: Any, x: Tensor, t: float, wordings: Sequence[Wording]) -> Tensor:
    """x̂_0 = x_t − t v."""
    reduced = x.to(network_dtype(network))
    states = [words["states"].to(reduced) for words in wordings]
    answers = network(list(reduced.unsqueeze(2)), told(1 - t, x), states, return_dict=False)[0]
    velocity = -torch.stack(list(answers)).squeeze(2).to(x)
    return x - t * velocity


def play(folder: Folder, side: int) -> Playing:
    """A dynamic shift depends on the number of patches."""
    latent = side // shrinking(folder)
    times = flow_times(folder, (latent // PATCH) ** 2, from_one=True)
    return Playing(RectifiedFlow(), times, estimate, (latent_channels(folder), latent, latent))


FAMILY = Family(
    pipeline="ZImagePipeline",
    what="latents, 6 B parameters; Z-Image without Turbo wants --steps 30 --guidance-scale 5",
    repository="Tongyi-MAI/Z-Image-Turbo",
    licence="Apache-2.0",
    gated=False,
    size=1024,
    memory=12.3,
    parts=("transformer", "text_encoder"),
    wording=wording,
    play=play,
    native_size=lambda _: SIDE,
    side_multiple=lambda folder: PATCH * shrinking(folder),
    sampler=SamplerConfig("ddim", 9, "own", guidance_scale=1.0),
    illusion_sampler=SamplerConfig("ddim", 9, "own", guidance_scale=1.0),
)
