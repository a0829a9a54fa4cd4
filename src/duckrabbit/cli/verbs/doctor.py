"""duckrabbit doctor"""

import os
import platform
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

PACKAGES = ("duckrabbit", "torch", "numpy", "pillow", "safetensors")
EXTRAS = ("imageio_ffmpeg", "diffusers", "transformers", "sentencepiece", "huggingface_hub", "ftfy", "torchao")
TEST_SECONDS = 1.0
TEST_PICTURES = 16


@dataclass(frozen=True)
class Options:
    """Say what this machine has, and how fast it is."""


def run(options: Options) -> int:  # noqa: ARG001
    """Print a line for everything that matters, whatever is missing."""
    probes: dict[str, Callable[[], str]] = {
        "system": lambda: f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "cores": _cores,
        "memory": _memory,
        "bfloat16": _bfloat16,
        "GPU": _gpu,
        **{name: lambda name=name: _version(name) for name in PACKAGES},  # type: ignore[misc]
        "ffmpeg": lambda: shutil.which("ffmpeg") or "not on the path (for .mp4; .gif and .webp need none)",
        **{name: lambda name=name: _extra(name) for name in EXTRAS},  # type: ignore[misc]
        "cache": _cache,
        "embeddings": _embeddings,
        "speed": _speed,
    }
    for name, probe in probes.items():
        print(f"{name:16} {_answer(probe)}", flush=True)
    return 0


def _answer(probe: Callable[[], str]) -> str:
    # Whatever is broken is what the user wants to read about here.
    try:
        return probe()
    except Exception as error:
        return f"unknown ({type(error).__name__}: {error})"


def _cores() -> str:
    import torch

    return f"{os.cpu_count()} ({torch.get_num_threads()} threads in use)"


def _memory() -> str:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return f"{total / 2**30:.1f} GiB"


def _bfloat16() -> str:
    from duckrabbit.models.device import cpu_has_bfloat16

    return "fast on this CPU" if cpu_has_bfloat16() else "not in this CPU's instructions: float32 is used"


def _gpu() -> str:
    import torch

    if not torch.cuda.is_available():
        return "none that torch can use"
    properties = torch.cuda.get_device_properties(0)
    return f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _extra(name: str) -> str:
    return "there" if find_spec(name) else "not installed (optional)"


def _cache() -> str:
    from duckrabbit.media.names import cache_folder

    folder = cache_folder()
    return f"{folder}{'' if folder.exists() else ' (not made yet)'}"


def _embeddings() -> str:
    from duckrabbit.models.deepfloyd.embeddings import Dictionary, default_folder

    count = len(Dictionary(default_folder()).prompts())
    return f"{count} prompt{'' if count == 1 else 's'} encoded for deepfloyd"


def _speed() -> str:
    import torch

    from duckrabbit.models.load import DEFAULT_DIGITS, load_model

    model = load_model(DEFAULT_DIGITS)
    pictures = torch.zeros(TEST_PICTURES, *model.shape, device=model.device)
    prompts = ["7"] * TEST_PICTURES
    model.denoiser(pictures, 0.5, prompts)
    started, done = time.perf_counter(), 0
    while (seconds := time.perf_counter() - started) < TEST_SECONDS:
        # Reading a number waits for the device.
        model.denoiser(pictures, 0.5, prompts).x0.sum().item()
        done += TEST_PICTURES
    dtype = str(model.dtype).removeprefix("torch.")
    return f"{done / seconds:,.0f} evaluations/s of {model.name} on {model.device.type} in {dtype}"
