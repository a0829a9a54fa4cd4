"""UNets whose residual blocks are compiled: most of the arithmetic is there, and blocks of one shape compile once.

Blocks are compiled for the shapes they meet, when they first meet them. A network that leaves the device and comes back
keeps what was compiled, and so does one that is loaded again.
"""

import warnings

import torch
from torch import nn

from duckrabbit.errors import UsageError
from duckrabbit.models.deepfloyd.files import Part
from duckrabbit.models.deepfloyd.unet import load_unet

COMPILED_SHAPES = 128
"""In one process; later ones run uncompiled. Each of IF's stages has 23 shapes of blocks for each number of rows."""


def load_compiled_unet(part: Part, device: torch.device, dtype: torch.dtype) -> nn.Module:
    """As `load_unet`, with residual blocks that are compiled when they are first called."""
    network = load_unet(part, device, dtype)
    compile_blocks(network)
    return network


def compile_blocks(network: nn.Module, backend: object = "inductor") -> None:
    """Have every residual block of a UNet of diffusers compiled by a backend of `torch.compile`."""
    import torch._dynamo.config
    from diffusers.models.resnet import ResnetBlock2D

    # All blocks share one limit, which is meant for a single function; torch 2.6 knows it by its old name alone.
    torch._dynamo.config.cache_size_limit = max(torch._dynamo.config.cache_size_limit, COMPILED_SHAPES)
    # diffusers caches a comparison of versions, which is safe to trace.
    warnings.filterwarnings("ignore", message="Dynamo detected a call to a `functools.lru_cache`")
    for block in network.modules():
        if isinstance(block, ResnetBlock2D):
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
            "or leave --compile out."
        ) from error


def _more(x: torch.Tensor) -> torch.Tensor:
    return x + 1
