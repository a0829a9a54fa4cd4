"""Where to compute, and how precisely."""

import ctypes
from functools import cache

import torch

from duckrabbit.errors import UsageError

TRIM_THRESHOLD, TOP_PAD, MMAP_MAX = -1, -2, -4
"""Parameters of glibc's mallopt(3)."""


def choose_device(name: str = "auto") -> torch.device:
    """The device a user names: auto (a GPU where there is one), cpu, cuda, cuda:1, mps.

    Raises:
        UsageError: if there is no such device on this machine.
    """
    if name == "auto":
        there = (("cuda", torch.cuda.is_available()), ("mps", torch.backends.mps.is_available()), ("cpu", True))
        return torch.device(next(kind for kind, is_there in there if is_there))
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise UsageError(
            f"device {name!r} is not there: use the `device` cpu, or auto for the best this machine has."
        ) from error
    return device


def choose_dtype(device: torch.device) -> torch.dtype:
    """The network's precision: bfloat16 where the hardware multiplies it, float16 on older GPUs, float32 elsewhere."""
    if device.type == "cuda":
        return torch.bfloat16 if gpu_has_bfloat16(device) else torch.float16
    return torch.bfloat16 if device.type == "cpu" and cpu_has_bfloat16() else torch.float32


def gpu_has_bfloat16(device: torch.device) -> bool:
    """Whether a CUDA GPU multiplies bfloat16: from compute capability 8.0 on."""
    return torch.cuda.get_device_capability(device) >= (8, 0)


def cpu_has_bfloat16() -> bool:
    """Whether the CPU has AVX512-BF16 or AMX instructions, and so gains by bfloat16."""
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


@cache
def keep_freed_memory() -> None:
    """Ask the C library to keep freed memory instead of giving it back to the system.

    By default glibc maps every large tensor anew and the system fills it with zeros, which took a third to a half of
    the time of sampling on two cores. Elsewhere than on glibc nothing happens.
    """
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return
    mallopt(MMAP_MAX, 0)
    mallopt(TRIM_THRESHOLD, 2**31 - 1)
    mallopt(TOP_PAD, 64 * 2**20)
