"""What a family of models is: all that this engine must be told to play a pipeline of a class."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from duckrabbit.diffusion.grid import Grid
from duckrabbit.diffusion.path import Path as ProbabilityPath
from duckrabbit.diffusion.thresholding import Threshold, unclipped
from duckrabbit.models.model import SamplerConfig

Wording = Mapping[str, Tensor]
"""What a prompt becomes: tensors by name, without a row for the batch."""

Estimate = Callable[[Any, Tensor, float, Sequence[Wording]], Tensor]
"""From a network, states x_t [B, C, h, w] in float32, t and B wordings to x̂_0, in float32."""


@dataclass(frozen=True)
class Playing:
    """How one folder's network is played at one size.

    Attributes:
        path: what it was trained on.
        grid: the scheduler's own times, for a number of steps.
        estimate: x̂_0.
        state_shape: of what is sampled.
        threshold: what is done to x̂_0.
    """

    path: ProbabilityPath
    grid: Callable[[int], Grid]
    estimate: Estimate
    state_shape: tuple[int, int, int]
    threshold: Threshold = unclipped


@dataclass(frozen=True)
class Folder:
    """A pipeline's folder, its configurations read.

    Attributes:
        path: where it is.
        index: its model_index.json.
        network: the configuration of its network.
        autoencoder: that of its autoencoder; None for a model on pixels.
    """

    path: Path
    index: Mapping[str, Any]
    network: Mapping[str, Any]
    autoencoder: Mapping[str, Any] | None

    def has(self, part: str) -> bool:
        """Whether there is such a part; some may be left out."""
        return has_part(self.index, part)


@dataclass(frozen=True)
class Family:
    """A class of pipelines.

    Attributes:
        pipeline: the class in diffusers.
        what: in one line.
        repository: the best known of it on the hub.
        licence: of that.
        gated: whether that asks for one's name before a download.
        size: the side of its pictures.
        memory: what a GPU needs to hold, in GB of bfloat16 weights of the network.
        parts: where the weights of its network and of its text encoders are.
        wording: from a pipeline of nothing but text encoders, and a prompt, to the wording.
        play: from a folder and a side to how it is played.
        native_size: from a folder to the side that it was trained for.
        side_multiple: from a folder to what a side must be a multiple of.
        sampler: its publishers' way of sampling.
        illusion_sampler: for anagrams and hybrids.
    """

    pipeline: str
    what: str
    repository: str
    licence: str
    gated: bool
    size: int
    memory: float
    parts: tuple[str, ...]
    wording: Callable[[Any, str], Wording]
    play: Callable[[Folder, int], Playing]
    native_size: Callable[[Folder], int]
    side_multiple: Callable[[Folder], int]
    sampler: SamplerConfig
    illusion_sampler: SamplerConfig

    @property
    def network(self) -> str:
        """Where its network is."""
        return self.parts[0]

    @property
    def encoders(self) -> tuple[str, ...]:
        """Where its text encoders are."""
        return self.parts[1:]


def has_part(index: Mapping[str, Any], part: str) -> bool:
    """Whether a model_index.json names such a part."""
    kind = index.get(part)
    return isinstance(kind, list) and all(kind)


def stacked(wordings: Sequence[Wording], name: str, like: Tensor) -> Tensor:
    """One of the wordings' tensors with a row for each, on the device of x, in its precision unless it is a mask."""
    rows = torch.stack([wording[name] for wording in wordings]).to(like.device)
    return rows.to(like.dtype) if rows.is_floating_point() else rows


def told(t: float, x: Tensor) -> Tensor:
    """A time for each row, float32 on the device of x."""
    return torch.full((len(x),), t, dtype=torch.float32, device=x.device)


def network_dtype(network: Any) -> torch.dtype:
    """The precision in which a network takes its input, whatever its weights are kept in."""
    dtype: torch.dtype = network.dtype
    return dtype
