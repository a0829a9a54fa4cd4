"""Judges of colour pictures: what each is read as. One pulls, one selects, and one only reports."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.resources import as_file, files
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from duckrabbit.datasets.classes import Classes
from duckrabbit.errors import UsageError
from duckrabbit.models.storage import read_weights
from duckrabbit.networks.picture_judges import ReportingPictureJudge, ResidualPictureJudge

Role = Literal["pulling", "selecting", "reporting"]

NETWORKS: Mapping[Role, Callable[[int], nn.Module]] = {
    "pulling": partial(ResidualPictureJudge, width=64),
    "selecting": partial(ResidualPictureJudge, width=40),
    "reporting": ReportingPictureJudge,
}
SHIFTS = (-2, 0, 2)
"""A verdict is the mean over these shifts of the picture, in pixels, both ways: one grid alone is brittle."""

BATCH = 16
"""Small: what a CPU holds in its cache."""


@dataclass(frozen=True)
class PictureJudge:
    """A classifier of pictures in evaluation mode; always float32, so that its verdicts don't depend on the machine."""

    role: Role
    classes: Classes
    network: nn.Module
    device: torch.device

    def log_probabilities(self, pictures: Tensor) -> Tensor:
        """Pictures [N, 3, 64, 64] in [−1, 1] → log of the mean over small shifts of p, [N, classes], on the CPU."""

        def verdict(x: Tensor) -> Tensor:
            shifted = [torch.roll(x, (dy, dx), (2, 3)) for dy in SHIFTS for dx in SHIFTS]
            return torch.stack([self.network(y).softmax(dim=1) for y in shifted]).mean(0).log()

        return self._batched(verdict, pictures)

    def features(self, pictures: Tensor) -> Tensor:
        """Pictures [N, 3, 64, 64] → what the last linear layer sees, [N, 128], on the CPU."""
        return self._batched(self.network.features, pictures)  # type: ignore[arg-type]

    def _batched(self, function: Callable[[Tensor], Tensor], pictures: Tensor) -> Tensor:
        size = BATCH if self.device.type == "cpu" else 32 * BATCH
        with torch.inference_mode():
            parts = [function(part.to(self.device)).float().cpu() for part in torch.split(pictures, size)]
        return torch.cat(parts)


def load_picture_judge(role: Role, device: torch.device | None = None, path: Path | None = None) -> PictureJudge:
    """The shipped judge of that role, or the one in a file.

    Raises:
        UsageError: if the file is damaged or holds another thing.
    """
    if path is None:
        with as_file(files("duckrabbit.models") / "weights" / f"picture-judge-{role}.safetensors") as file:
            return load_picture_judge(role, device, file)
    tensors, config = read_weights(path)
    if config.get("kind") != f"picture-judge-{role}":
        raise UsageError(f"{path} holds no {role} judge of pictures: install duckrabbit again, or train one.")
    classes = Classes(tuple(config["classes"]))
    network = NETWORKS[role](len(classes))
    network.load_state_dict(tensors)
    where = device or torch.device("cpu")
    return PictureJudge(role, classes, network.eval().requires_grad_(False).to(where), where)
