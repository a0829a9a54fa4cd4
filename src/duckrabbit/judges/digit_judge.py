"""Judges: classifiers that say what a digit is read as. One selects pictures; the other only reports on them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import as_file, files
from typing import Literal

import torch
from torch import Tensor, nn

from duckrabbit.errors import UsageError
from duckrabbit.models.storage import read_weights
from duckrabbit.networks.digit_judges import ReportingJudge, SelectingJudge

KIND = "digit-judge"

Role = Literal["selecting", "reporting"]

NETWORKS: Mapping[Role, Callable[[], SelectingJudge | ReportingJudge]] = {
    "selecting": SelectingJudge,
    "reporting": ReportingJudge,
}

BATCH = 1000


@dataclass(frozen=True)
class Judge:
    """A digit classifier in evaluation mode; always float32, so that its verdicts don't depend on the machine."""

    role: Role
    network: SelectingJudge | ReportingJudge
    device: torch.device

    def log_probabilities(self, pictures: Tensor) -> Tensor:
        """Pictures [N, 1, 28, 28] in [−1, 1] → log p of each class, [N, 10], on the CPU."""
        return self._batched(lambda x: self.network(x).log_softmax(dim=1), pictures)

    def features(self, pictures: Tensor) -> Tensor:
        """Pictures [N, 1, 28, 28] → what the last linear layer sees, [N, D], on the CPU."""
        return self._batched(self.network.features, pictures)

    def read(self, pictures: Tensor) -> Tensor:
        """Pictures [N, 1, 28, 28] → the class each is read as, int64 [N]."""
        return self.log_probabilities(pictures).argmax(dim=1)

    def _batched(self, function: Callable[[Tensor], Tensor], pictures: Tensor) -> Tensor:
        with torch.inference_mode():
            parts = [function(part.to(self.device)).float().cpu() for part in torch.split(pictures, BATCH)]
        return torch.cat(parts)


def load_judge(role: Role, device: torch.device | None = None) -> Judge:
    """The shipped judge of that role."""
    with as_file(files("duckrabbit.models") / "weights" / f"digit-judge-{role}.safetensors") as file:
        tensors, config = read_weights(file)
    if config.get("kind") != KIND:
        raise UsageError(f"The {role} judge's file is damaged: install duckrabbit again.")
    return judge_of(role, tensors, device or torch.device("cpu"))


def judge_of(role: Role, tensors: Mapping[str, Tensor], device: torch.device) -> Judge:
    """A judge with these weights."""
    network = NETWORKS[role]()
    network.load_state_dict(dict(tensors))
    frozen: nn.Module = network.eval().requires_grad_(False).to(device)
    assert isinstance(frozen, SelectingJudge | ReportingJudge)
    return Judge(role, frozen, device)
