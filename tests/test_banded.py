"""Hybrids for judges: each band is its own picture's, and augmentation keeps shape, range and what is seen."""

import torch
import torch.nn.functional as F

from duckrabbit.training.augmentation import COARSE, augmented, close_by, from_afar, moved
from helpers import pictures


def test_a_pictures_two_hybrids_with_its_neighbour_add_up_to_both() -> None:
    x = 0.3 * pictures(6, 64)
    torch.testing.assert_close(close_by(x) + from_afar(x), x + x.roll(1, dims=0), atol=1e-5, rtol=0)


def test_what_is_coarse_is_the_others_close_by_and_ones_own_from_afar() -> None:
    x = 0.2 * pictures(4, 64, seed=1)
    flat = x.mean((2, 3), keepdim=True).expand_as(x)
    torch.testing.assert_close(COARSE(close_by(flat)), flat.roll(1, dims=0), atol=1e-5, rtol=0)
    torch.testing.assert_close(from_afar(flat), flat, atol=1e-5, rtol=0)
    assert close_by(3 * pictures(4, 64)).abs().max() <= 1


def test_spoiling_keeps_shape_and_range_and_is_made_again_by_the_same_seed() -> None:
    x = pictures(32, 64)
    first, again = (augmented(x, torch.Generator().manual_seed(5)) for _ in range(2))
    assert first.shape == x.shape
    assert first.abs().max() <= 1
    assert torch.equal(first, again)
    assert not torch.equal(first, augmented(x, torch.Generator().manual_seed(6)))


def test_spoiled_pictures_are_far_oftener_nearest_to_their_own_than_by_chance() -> None:
    smooth = COARSE(3 * pictures(64, 64, seed=2)).clamp(-1, 1)
    after = augmented(smooth, torch.Generator().manual_seed(0)).flatten(1)
    after, before = (v - v.mean(1, keepdim=True) for v in (after, smooth.flatten(1)))
    nearest = torch.cdist(after, before).argmin(dim=1)
    assert (nearest == torch.arange(64)).float().mean() > 0.25


def test_pictures_are_turned_grown_and_moved_as_told_each_by_its_own_numbers() -> None:
    x = torch.randn(4, 3, 16, 16, generator=torch.Generator().manual_seed(2)).clamp(-1, 1)
    turn, grow = torch.tensor([0.0, 90.0, 180.0, 0.0]), torch.ones(4)
    dx, dy = torch.tensor([0.0, 0.0, 0.0, 3 / 16]), torch.tensor([0.0, 0.0, 0.0, -2 / 16])
    after = moved(x, turn, grow, dx, dy)
    torch.testing.assert_close(after[0], x[0])
    quarter = [torch.rot90(x[1], k, (1, 2)) for k in (1, 3)]
    assert min(float((after[1] - own).abs().max()) for own in quarter) < 1e-5
    torch.testing.assert_close(after[2], x[2].flip(1, 2), atol=1e-5, rtol=0)
    torch.testing.assert_close(after[3][:, 2:, :13], x[3][:, :-2, 3:], atol=1e-5, rtol=0)
    half = moved(x[:1], torch.zeros(1), torch.full((1,), 0.5), torch.zeros(1), torch.zeros(1))
    torch.testing.assert_close(half[:, :, 4:12, 4:12], F.avg_pool2d(x[:1], 2), atol=1e-5, rtol=0)
