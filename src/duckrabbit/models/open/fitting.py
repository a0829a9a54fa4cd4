"""Networks made to fit: in 8 bits, or visiting a GPU that is too small for them block by block, both by diffusers."""

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

import torch
from torch import nn

from duckrabbit.models.deepfloyd.extras import diffusers, optional
from duckrabbit.models.deepfloyd.files import Part
from duckrabbit.models.deepfloyd.offloading import SPARE, Offloader
from duckrabbit.models.deepfloyd.unet import load_unet

INT8 = torch.int8
"""In place of a precision: weights in 8 bits, and the best precision of the device to compute in."""


class Lender:
    """Lends one network on a device, whole where it fits alone, else block by block.

    Attributes:
        offloader: of the device.
        name: of the network.
        need: the bytes of its weights.
        load: makes it, on the CPU.
        room: how many bytes the device has in all.
    """

    def __init__(
        self, offloader: Offloader, name: str, need: int, load: Callable[[], nn.Module], room: float | None = None
    ) -> None:
        self.offloader, self.name, self.need, self.load = offloader, name, need, load
        self.room = _memory(offloader.device) if room is None else room
        self._visiting: nn.Module | None = None

    def __call__(self) -> nn.Module:
        """The network."""
        if self.need * (1 + SPARE) <= self.room:
            return self.offloader.lend(self.name, self.need, self.load)
        if self._visiting is None:
            self.offloader.send_away()
            device = self.offloader.device
            sizes = f"needs {self.need / 1e9:.1f} GB and {device.type} has {self.room / 1e9:.1f} GB"
            print(f"the {self.name} {sizes}: it comes block by block, which takes longer", file=sys.stderr, flush=True)
            network: Any = self.load()
            network.enable_group_offload(
                onload_device=device,
                offload_device=torch.device("cpu"),
                offload_type="block_level",
                num_blocks_per_group=1,
                use_stream=device.type == "cuda",
            )
            self._visiting = network
        return self._visiting


def load_network(part: Part, device: torch.device, dtype: torch.dtype, in_8_bits: bool, compiled: bool) -> nn.Module:
    """The network of a part, on the CPU; see `load_unet`.

    Raises:
        UsageError: if the packages are missing, or configuration and weights don't go together.
    """
    if not in_8_bits:
        return load_unet(part, device, dtype, compiled)
    optional("torchao", extra="int8")
    eight = import_module("torchao.quantization").Int8WeightOnlyConfig()
    return load_unet(part, device, dtype, compiled, diffusers().TorchAoConfig(eight))


def _memory(device: torch.device) -> float:
    return float(torch.cuda.get_device_properties(device).total_memory) if device.type == "cuda" else float("inf")
