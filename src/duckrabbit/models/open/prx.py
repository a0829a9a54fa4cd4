"""PRX: rectified flow on latents; PRXPixel's network and text, and a velocity in place of the clean picture."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from duckrabbit.diffusion.path import RectifiedFlow
from duckrabbit.models.model import SamplerConfig
from duckrabbit.models.open.autoencoder import latent_channels, shrinking
from duckrabbit.models.open.family import Family, Folder, Playing, Wording
from duckrabbit.models.open.prx_pixel import answer, wording
from duckrabbit.models.open.schedule import flow_times

SIDE = 512


def estimate(network: Any, x: Tensor, t: float, wordings: Sequence[Wording]) -> Tensor:
    """x̂_0 = x_t − t v."""
    return x - t * answer(network, x, t, wordings)


def play(folder: Folder, side: int) -> Playing:
    """Its times are shifted once and for all."""
    latent = side // shrinking(folder)
    return Playing(RectifiedFlow(), flow_times(folder), estimate, (latent_channels(folder), latent, latent))


FAMILY = Family(
    pipeline="PRXPipeline",
    what="latents, 1.3 B parameters",
    repository="Photoroom/prx-1024-t2i-beta",
    licence="Apache-2.0",
    gated=False,
    size=1024,
    memory=2.6,
    parts=("transformer", "text_encoder"),
    wording=wording,
    play=play,
    native_size=lambda folder: int(folder.index.get("default_sample_size") or SIDE),
    side_multiple=lambda folder: int(folder.network["patch_size"]) * shrinking(folder),
    sampler=SamplerConfig("ddim", 28, "own", guidance_scale=4.0),
    illusion_sampler=SamplerConfig("ddim", 30, "own", guidance_scale=5.0),
)
