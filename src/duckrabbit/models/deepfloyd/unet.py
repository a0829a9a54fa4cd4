"""A UNet of diffusers as a denoiser; its residual blocks can be compiled, for most of the arithmetic is there.

Blocks are compiled for the shapes they meet, when they first meet them; blocks of one shape compile once. A network
that leaves the device and comes back keeps what was compiled, and so does one that is loaded again.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from duckrabbit.diffusion.condition import Condition, unguided
from duckrabbit.diffusion.denoiser import Encode, Prediction
from duckrabbit.diffusion.path import Path
from duckrabbit.errors import UsageError
from duckrabbit.models.deepfloyd.conventions import Conventions
from duckrabbit.models.deepfloyd.extras import diffusers
from duckrabbit.models.deepfloyd.files import Part

Call = Callable[[Any, Tensor, Tensor, Tensor | None], Tensor]
"""From a UNet, x_t, the levels [B] and the encoded conditions to its output: how its kind is called."""

BLOCKS = (
    "ResnetBlock2D",
    "BasicTransformerBlock",
    "PRXBlock",
    "JointTransformerBlock",
    "FluxTransformerBlock",
    "FluxSingleTransformerBlock",
    "ZImageTransformerBlock",
)
"""The classes in which most of the arithmetic is, of IF's UNets and of open models' networks."""

COMPILED_SHAPES = 128
"""In one process; later ones run uncompiled. Each of IF's stages has 23 shapes of blocks for each number of rows."""


@dataclass(frozen=True)
class UNetDenoiser:
    """A denoiser over a UNet of diffusers.

    Attributes:
        lend: gives the network, loading it if need be.
        conventions: what its input and output mean.
        channels: of the pictures; what x has behind them, the UNet sees and does not denoise.
        encode: what its prompts become.
        call: how a UNet of this kind is called.
        device: where it runs.
        dtype: its precision; everything around it is float32.
    """

    lend: Callable[[], nn.Module]
    conventions: Conventions
    channels: int
    encode: Encode
    call: Call
    device: torch.device
    dtype: torch.dtype

    @property
    def path(self) -> Path:
        """The path it was trained on."""
        return self.conventions.path

    def __call__(self, x: Tensor, t: float, condition: Sequence[Condition]) -> Prediction:
        """Estimate the clean pictures of x [B, C or 2C, H, W] at time t in (0, 1] under B conditions."""
        # Conditions come first: if the text encoder is needed, it has the device to itself.
        encoded = self.encode(unguided(condition))
        network = self.lend()
        levels = torch.full((len(x),), self.conventions.level(t), dtype=torch.float32, device=self.device)
        with torch.inference_mode():
            output = self.call(network, x.to(self.device, self.dtype), levels, encoded)
        noisy = x[:, : self.channels]
        return self.conventions.prediction(output.to(noisy), noisy, t)


def text_conditional(network: Any, x: Tensor, levels: Tensor, condition: Tensor | None) -> Tensor:
    """IF's first stage."""
    output: Tensor = network(x, levels, encoder_hidden_states=condition, return_dict=False)[0]
    return output


@dataclass(frozen=True)
class SuperResolving:
    """IF's second stage, which is given the level to which its guide is noised."""

    level: int

    def __call__(self, network: Any, x: Tensor, levels: Tensor, condition: Tensor | None) -> Tensor:
        """The output for x [B, 2C, H, W]."""
        known = torch.full_like(levels, self.level)
        output: Tensor = network(x, levels, encoder_hidden_states=condition, class_labels=known, return_dict=False)[0]
        return output


def class_conditional(network: Any, x: Tensor, levels: Tensor, condition: Tensor | None) -> Tensor:
    """A UNet2DModel, with class numbers or without."""
    output: Tensor = network(x, levels, class_labels=condition, return_dict=False)[0]
    return output


def load_unet(
    part: Part, device: torch.device, dtype: torch.dtype, compiled: bool = False, quantization: object | None = None
) -> nn.Module:
    """The network of a part, on the CPU, in its precision; its blocks may be compiled when they are first called.

    Raises:
        UsageError: if the packages are missing, or configuration and weights don't go together.
    """
    kind = getattr(diffusers(), part.kind)
    try:
        network, report = kind.from_pretrained(
            str(part.folder),
            variant=part.variant,
            torch_dtype=dtype,
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
            **({} if quantization is None else {"quantization_config": quantization}),
        )
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, AttributeError) as error:
        raise UsageError(f"{part.folder} can't be loaded ({error}): get the folder whole.") from error
    if report["missing_keys"] or report["mismatched_keys"]:
        raise UsageError(f"{part.folder} has weights of another configuration than its config.json: get it whole.")
    network = network.eval().requires_grad_(False)
    if device.type == "cuda":
        network = network.to(memory_format=torch.channels_last)
    if compiled:
        compile_blocks(network)
    return network  # type: ignore[no-any-return]


def compile_blocks(network: nn.Module, backend: object = "inductor") -> None:
    """Have every block of a network of diffusers compiled by a backend of `torch.compile`: those in `BLOCKS`."""
    import torch._dynamo.config

    # All blocks share one limit, which is meant for a single function; torch 2.6 knows it by its old name alone.
    torch._dynamo.config.cache_size_limit = max(torch._dynamo.config.cache_size_limit, COMPILED_SHAPES)
    # diffusers caches a comparison of versions, which is safe to trace.
    warnings.filterwarnings("ignore", message="Dynamo detected a call to a `functools.lru_cache`")
    for block in network.modules():
        if type(block).__name__ in BLOCKS:
            # Told to be static: blocks share their code, and their sizes differ, which looks dynamic.
            block.compile(dynamic=False, backend=backend)


def require_compiler(device: torch.device, backend: str = "inductor") -> None:
    """Compile something small.

    Raises:
        UsageError: if that fails, most often because there is no C compiler or no triton.
    """
    try:
        torch.compile(_more, backend=backend)(torch.zeros(2, device=device))
    except (RuntimeError, OSError, ImportError) as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__).rstrip(".")
        raise UsageError(
            f"Nothing can be compiled for {device.type} on this machine ({reason}): install a C compiler and triton, "
            "or leave compiling out."
        ) from error


def _more(x: torch.Tensor) -> torch.Tensor:
    return x + 1
