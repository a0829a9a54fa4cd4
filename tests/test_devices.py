"""Devices that lack something: what reaches a device without float64 is watched, on one that is only pretended."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from duckrabbit.diffusion.denoiser import NetworkDenoiser
from duckrabbit.diffusion.grid import FIXED_STEPS, GRIDS
from duckrabbit.diffusion.guidance import Guidance
from duckrabbit.diffusion.noise import Noise
from duckrabbit.diffusion.parametrization import EPSILON, V
from duckrabbit.diffusion.path import Additive, Cosine, LinearBeta, Path, RectifiedFlow, SquaredCosine
from duckrabbit.diffusion.sampling import initial_noise, sample, trajectory
from duckrabbit.diffusion.steps import SOLVERS
from duckrabbit.diffusion.terms import Composition
from duckrabbit.diffusion.thresholding import DynamicThreshold
from duckrabbit.illusions.bands import hybrid_bands, motion_bands
from duckrabbit.illusions.compositions import hybrid
from duckrabbit.training.data import Batch
from duckrabbit.training.objectives import (
    DenoisingObjective,
    EnlargingObjective,
    FixedTime,
    LevelsOfTable,
    Objective,
    UniformTimes,
)

DEVICE = torch.device("meta")
PATHS = (LinearBeta(300), SquaredCosine(), Cosine(), RectifiedFlow(), Additive())


class Spy(TorchDispatchMode):
    """Every kind of number that tensors on the pretended device have had; what comes back from there is zeros."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[torch.dtype] = set()

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        how = dict(kwargs or {})
        if function is torch.ops.aten._to_copy.default and args[0].device == DEVICE and how.get("device") != DEVICE:
            return torch.zeros(args[0].shape, dtype=how.get("dtype") or args[0].dtype, device=how["device"])
        made = function(*args, **how)
        leaves = [leaf for leaf in tree_leaves(made) if isinstance(leaf, Tensor)]
        self.seen.update(leaf.dtype for leaf in leaves if leaf.device == DEVICE)
        return made


class _OfDevice:
    """As much of a generator as objectives look at."""

    device = DEVICE


def network(x: Tensor, t: Tensor, condition: Tensor | None) -> Tensor:
    return x[:, :3] * t.view(-1, 1, 1, 1)


class Network(nn.Module):
    def forward(self, x: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        return network(x, t, condition)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: type(path).__name__)
@pytest.mark.parametrize("times", [LevelsOfTable(300), UniformTimes(), FixedTime(0.5)], ids=lambda t: type(t).__name__)
def test_training_puts_no_float64_where_there_is_none(path: Path, times: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("duckrabbit.training.objectives._has_float64", lambda device: device.type == "cpu")
    for draw in (torch.rand, torch.randn, torch.randint):
        # A pretended device has no generator.
        monkeypatch.setattr(torch, draw.__name__, lambda *shape, generator, draw=draw, **how: draw(*shape, **how))
    objectives: list[Objective] = [
        DenoisingObjective(path, V, times, 0.1),
        EnlargingObjective(path, EPSILON, times, 0.2),
    ]
    with Spy() as spy:
        for objective in objectives:
            batch = Batch(torch.zeros(4, 3, 16, 16, device=DEVICE), torch.zeros(4, 10, device=DEVICE))
            loss = objective(Network(), batch, _OfDevice())  # type: ignore[arg-type]
            assert loss.device == DEVICE
    assert torch.float32 in spy.seen
    assert torch.float64 not in spy.seen


@pytest.mark.parametrize("path", PATHS, ids=lambda path: type(path).__name__)
def test_sampling_puts_no_float64_where_there_is_none(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.autocast", lambda *how, enabled: nullcontext())
    terms = hybrid(["a", "b"], hybrid_bands(2.0), [Guidance(3.0, "c", (0.2, 0.8))] * 2)
    terms += hybrid(["a", "b"], motion_bands(), [Guidance()] * 2)
    grids = [grid(path, 2) for name, grid in GRIDS.items() if name not in FIXED_STEPS]
    noise = Noise((1, 2))
    with Spy() as spy:
        denoiser = NetworkDenoiser(network, path, EPSILON, lambda prompts: torch.zeros(len(prompts), 4, device=DEVICE))
        for grid in grids:
            for step in SOLVERS.values():
                x = initial_noise(path, noise, (3, 16, 16), grid[0]).to(DEVICE)
                composed = Composition(denoiser, (terms,) * 2, DynamicThreshold())
                assert sample(trajectory(composed, x, grid, step, noise)).device == DEVICE
    assert torch.float32 in spy.seen
    assert torch.float64 not in spy.seen
