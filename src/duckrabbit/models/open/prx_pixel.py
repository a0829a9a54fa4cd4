"""PRXPixel: pixels without an autoencoder; the network answers with the clean picture itself.

It is trained on x_t = (1 − t) x_0 + 2 t ε, is told t, and its estimate counts less and less below t = 0.05, where
Photoroom's pipeline divides by 0.05 in place of t: x̂_0 = x_t + min(1, t/0.05) (D(x_t, t, c) − x_t).
"""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from duckrabbit.diffusion.path import RectifiedFlow
from duckrabbit.models.model import SamplerConfig
from duckrabbit.models.open.family import Family, Folder, Playing, Wording, network_dtype, stacked, told
from duckrabbit.models.open.schedule import flow_times

SMALLEST_TIME = 0.05
SIDE = 1024


def wording(pipeline: Any, prompt: str) -> Wording:
    """256 tokens, padded, with their mask."""
    states, mask, _, _ = pipeline.encode_prompt(prompt, pipeline.device, False)
    return {"states": states[0], "mask": mask[0]}


def answer(network: Any, x: Tensor, t: float, wordings: Sequence[Wording]) -> Tensor:
    """What a network of PRX's kind says of x_t, in float32; what it means is the family's own."""
    reduced = x.to(network_dtype(network))
    output: Tensor = network(
        hidden_states=reduced,
        timestep=told(t, x),
        encoder_hidden_states=stacked(wordings, "states", reduced),
        attention_mask=stacked(wordings, "mask", reduced),
        return_dict=False,
    )[0]
    return output.to(x)


def estimate(network: Any, x: Tensor, t: float, wordings: Sequence[Wording]) -> Tensor:
    """x̂_0 of pictures x_t."""
    return x + min(1.0, t / SMALLEST_TIME) * (answer(network, x, t, wordings) - x)


def play(folder: Folder, side: int) -> Playing:
    """Its times are shifted once and for all."""
    path = RectifiedFlow(float(folder.index.get("noise_scale", 2.0)))
    return Playing(path, flow_times(folder), estimate, (int(folder.network["in_channels"]), side, side))


FAMILY = Family(
    pipeline="PRXPixelPipeline",
    what="pixels, no autoencoder, about 7 B parameters: views act on the very picture",
    repository="Photoroom/prxpixel-t2i",
    licence="Apache-2.0",
    gated=False,
    size=1024,
    memory=14.0,
    parts=("transformer", "text_encoder"),
    wording=wording,
    play=play,
    native_size=lambda folder: int(folder.index.get("default_sample_size") or SIDE),
    side_multiple=lambda folder: int(folder.network["patch_size"]),
    sampler=SamplerConfig("ddim", 28, "own", guidance_scale=4.0),
    illusion_sampler=SamplerConfig("ddim", 28, "own", guidance_scale=5.0),
)
