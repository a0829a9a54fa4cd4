"""Networks that take turns on a device: each comes when it is called for, and others leave when memory is short."""

import gc
from collections.abc import Callable

import torch
from torch import nn

from duckrabbit.errors import UsageError

SPARE = 0.25
"""Of the weights' size: what is left free beside them for what is computed with them."""


class Offloader:
    """Lends networks on one device.

    A network is loaded when it is first lent. If its weights and a quarter more do not fit beside the others, those
    leave: from a GPU to the CPU's memory, from the CPU's memory altogether, to be read again.
    """

    def __init__(self, device: torch.device, free: Callable[[torch.device], float] | None = None) -> None:
        self.device = device
        self._free = free or free_bytes
        self._here: dict[str, nn.Module] = {}
        self._aside: dict[str, nn.Module] = {}

    @property
    def here(self) -> tuple[str, ...]:
        """The names of the networks on the device."""
        return tuple(self._here)

    def lend(self, name: str, need: int, load: Callable[[], nn.Module]) -> nn.Module:
        """The network of a name, on the device.

        Args:
            name: of the network.
            need: the bytes of its weights.
            load: makes it, on the CPU.

        Raises:
            UsageError: if it does not fit even alone.
        """
        if name not in self._here:
            self.make_room(need)
            network = self._aside.pop(name, None) or load()
            self._here[name] = self._moved(network, need)
        return self._here[name]

    def make_room(self, need: int) -> None:
        """Send the networks that are on the device away, unless so many bytes and a quarter more are free."""
        if self._here and self._free(self.device) < need * (1 + SPARE):
            self.send_away()

    def send_away(self) -> None:
        """Take all networks off the device."""
        for name in list(self._here):
            network = self._here.pop(name)
            if self.device.type != "cpu":
                self._aside[name] = network.to("cpu")
        release()

    def _moved(self, network: nn.Module, need: int) -> nn.Module:
        for _ in range(2):
            try:
                return network.to(self.device)
            except torch.OutOfMemoryError:
                network.to("cpu")
            self.send_away()
        raise UsageError(
            f"The model's weights need {need / 2**30:.1f} GiB and do not fit this device's memory: "
            "use the `device` cpu, or a smaller model."
        )


def release() -> None:
    """Give back what nothing refers to any more."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def free_bytes(device: torch.device) -> float:
    """How many bytes are free on a device; infinitely many where that can't be told."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    if device.type == "cpu":
        try:
            with open("/proc/meminfo", encoding="ascii") as lines:
                return next(float(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
        except (OSError, StopIteration):
            return float("inf")
    return float("inf")
