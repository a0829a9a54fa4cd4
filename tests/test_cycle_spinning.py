"""Pictures rolled at each step: what a denoiser does everywhere stays, what it does in a grid goes."""

import pytest
import torch
from torch import Tensor

from duckrabbit.diffusion.cycle_spinning import CycleSpinning
from duckrabbit.diffusion.denoiser import Network, NetworkDenoiser
from duckrabbit.diffusion.parametrization import X0
from duckrabbit.diffusion.path import Cosine

FOLD = 4
TIMES = [0.099 * (k + 1) / 400 for k in range(400)]


def denoiser_of(network: Network) -> NetworkDenoiser:
    return NetworkDenoiser(network, Cosine(), X0, lambda prompts: None)


def with_grid(x: Tensor, t: Tensor, condition: Tensor | None) -> Tensor:
    """The picture, and in each block of pixels the same pattern."""
    pattern = torch.arange(FOLD * FOLD).view(FOLD, FOLD) / FOLD**2 - 0.46875
    return x + pattern.repeat(x.shape[-2] // FOLD, x.shape[-1] // FOLD)


def blurred(x: Tensor, t: Tensor, condition: Tensor | None) -> Tensor:
    """The same at every place."""
    return (x + x.roll(1, 2) + x.roll(2, 3)) / 3


def test_steps_together_leave_no_pattern_of_the_folds() -> None:
    x = torch.zeros(1, 3, 16, 16)
    plain = denoiser_of(with_grid)
    spun = CycleSpinning(plain, FOLD, 0.1)
    left = torch.stack([spun(x, t, [""]).x0 for t in TIMES]).mean(dim=0)
    assert plain(x, TIMES[0], [""]).x0.abs().max() > 0.45
    assert left.abs().max() < 0.1


def test_what_is_the_same_everywhere_is_left_as_it_is() -> None:
    x = torch.randn(2, 3, 16, 16)
    plain = denoiser_of(blurred)
    spun = CycleSpinning(plain, FOLD, 0.1)
    assert all(torch.equal(spun(x, t, ["", ""]).x0, plain(x, t, ["", ""]).x0) for t in TIMES[::40])


@pytest.mark.parametrize("t", [0.1, 0.5, 1.0])
def test_early_steps_are_not_rolled(t: float) -> None:
    x = torch.randn(1, 3, 16, 16)
    plain = denoiser_of(with_grid)
    assert torch.equal(CycleSpinning(plain, FOLD, 0.1)(x, t, [""]).x0, plain(x, t, [""]).x0)
