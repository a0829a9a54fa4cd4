"""Several processes that train one network together, one GPU each, as torchrun starts them."""

import os
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor

from duckrabbit.errors import UsageError


@dataclass(frozen=True)
class Team:
    """Who trains together.

    Attributes:
        rank: this process, from 0; the first one reports and saves.
        size: how many there are.
        on_gpus: whether each of several computes on a GPU of its own, its current one.
    """

    rank: int = 0
    size: int = 1
    on_gpus: bool = False

    @staticmethod
    def join(gpu: bool | None = None) -> "Team":
        """The team that torchrun's environment describes, this process having joined it; alone without one.

        Args:
            gpu: whether each process computes on a GPU of its own; None for where there are some.

        Raises:
            UsageError: if there are fewer GPUs than processes.
        """
        size = int(os.environ.get("WORLD_SIZE", "1"))
        if size == 1:
            return Team()
        gpu = torch.cuda.is_available() if gpu is None else gpu
        if gpu:
            there, rank = torch.cuda.device_count(), int(os.environ["LOCAL_RANK"])
            if rank >= there:
                raise UsageError(
                    f"torchrun started more processes than the {there} GPUs there are: give --nproc-per-node {there}."
                )
            torch.cuda.set_device(rank)
        dist.init_process_group("nccl" if gpu else "gloo")
        return Team(dist.get_rank(), size, gpu)

    @property
    def leads(self) -> bool:
        """Whether this process is the one that reports and saves."""
        return self.rank == 0

    def leave(self) -> None:
        """Leave it, once every process is done."""
        if self.size > 1:
            dist.barrier()
            dist.destroy_process_group()

    def average(self, tensors: list[Tensor]) -> None:
        """Replace tensors by their mean over the team, in one message."""
        if self.size == 1:
            return
        together = torch.cat([tensor.flatten() for tensor in tensors])
        dist.all_reduce(together)
        together /= self.size
        parts = torch.split(together, [tensor.numel() for tensor in tensors])
        torch._foreach_copy_(tensors, [part.view_as(tensor) for part, tensor in zip(parts, tensors, strict=True)])

    def as_first(self, value: bool, device: torch.device) -> bool:
        """What the first process says, whatever this one would."""
        if self.size == 1:
            return value
        said = torch.tensor(value, dtype=torch.uint8, device=device)
        dist.broadcast(said, 0)
        return bool(said.item())
