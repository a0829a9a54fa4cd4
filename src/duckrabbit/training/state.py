"""Everything that training changes, in one object that can be saved and loaded exactly."""

import copy
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from duckrabbit.errors import UsageError
from duckrabbit.media.tensors import write_tensors


class TrainingState:
    """A network, the moving average of its weights and its optimizer, at a step.

    The average follows w̄ ← d w̄ + (1 − d) w, batch statistics included, with d = min(ema_decay, (1 + k)/(10 + k))
    after k steps, so that it soon forgets the initial weights. It is what is sampled from; with ema_decay = 0 it is
    the network itself.
    """

    def __init__(self, network: nn.Module, ema_decay: float, device: torch.device) -> None:
        # Channels last, or a convolution's input and output are laid out anew each time. Converting later would move
        # the weights away from the optimizer's and the average's references.
        self.network: nn.Module = network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.ema_decay = ema_decay
        self.average = copy.deepcopy(self.network).eval().requires_grad_(False) if ema_decay > 0 else self.network
        self.device = device
        self._averaged, self._trained = _floats(self.average), _floats(self.network)
        self.step = 0
        self.learning_rate = torch.zeros((), device=device)
        self.optimizer = torch.optim.Adam(
            self.network.parameters(), lr=self.learning_rate, fused=True, capturable=device.type == "cuda"
        )

    def update_average(self) -> None:
        """Move the average a little towards the network."""
        if self.ema_decay > 0:
            decay = min(self.ema_decay, (1 + self.step) / (10 + self.step))
            torch._foreach_lerp_(self._averaged, self._trained, 1 - decay)

    def save(self, path: Path, metadata: dict[str, str]) -> None:
        """Write a checkpoint, whole or not at all."""
        write_tensors(path, dict(self.tensors()), {**metadata, "step": str(self.step)})

    def load(self, path: Path) -> None:
        """Continue from a checkpoint, in place.

        Raises:
            UsageError: if the file is not a checkpoint of this network.
        """
        try:
            with safe_open(path, framework="pt", device="cpu") as file:
                loaded = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                step = int((file.metadata() or {})["step"])
            self._create_optimizer_state()
            for name, tensor in self.tensors():
                tensor.detach().copy_(loaded.pop(name))
        except (SafetensorError, OSError, KeyError, ValueError, RuntimeError) as error:
            raise UsageError(
                f"{path} is not a whole checkpoint of this network ({error}): delete it to start the run anew."
            ) from error
        self.step = step

    def _create_optimizer_state(self) -> None:
        for parameter in self.network.parameters():
            if parameter.requires_grad and parameter not in self.optimizer.state:
                self.optimizer.state[parameter] = {
                    "step": torch.zeros((), device=self.device),
                    "exp_avg": torch.zeros_like(parameter),
                    "exp_avg_sq": torch.zeros_like(parameter),
                }

    def tensors(self) -> Iterator[tuple[str, Tensor]]:
        """Every tensor that training changes, by its name in a checkpoint."""
        for name, tensor in self.network.state_dict().items():
            yield f"network.{name}", tensor
        if self.ema_decay > 0:
            for name, tensor in self.average.state_dict().items():
                yield f"average.{name}", tensor
        for name, parameter in self.network.named_parameters():
            for key, tensor in self.optimizer.state.get(parameter, {}).items():
                yield f"adam.{key}.{name}", tensor


def checkpoint_metadata(path: Path) -> dict[str, str]:
    """What was saved with a checkpoint.

    Raises:
        UsageError: if the file is not a checkpoint.
    """
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            return dict(file.metadata() or {})
    except (SafetensorError, OSError) as error:
        raise UsageError(f"{path} is not a whole checkpoint ({error}): delete it to start the run anew.") from error


def _floats(module: nn.Module) -> list[Tensor]:
    return [tensor for tensor in module.state_dict().values() if tensor.is_floating_point()]
