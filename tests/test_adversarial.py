"""Training against an adversary: it stays within its radius, does harm there, and does nothing where it has none."""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from duckrabbit.training.data import Batch
from duckrabbit.training.objectives import AdversarialObjective, ClassificationObjective


@dataclass
class Seen:
    """The cross-entropy, and every picture that it was shown."""

    pictures: list[Tensor] = field(default_factory=list)

    def __call__(self, network: nn.Module, batch: Batch, generator: torch.Generator) -> Tensor:
        self.pictures.append(batch.x0.detach())
        return ClassificationObjective()(network, batch, generator)


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.SiLU(), nn.Flatten(), nn.Linear(8 * 6 * 6, 5))


def batch() -> Batch:
    generator = torch.Generator().manual_seed(1)
    return Batch(2 * torch.rand(64, 3, 8, 8, generator=generator) - 1, torch.arange(64) % 5)


def test_changes_stay_within_the_radius_and_fill_it_from_nothing_up() -> None:
    seen, whole = Seen(), batch()
    AdversarialObjective(seen, 0.1, steps=3)(network(), whole, torch.Generator().manual_seed(2))
    assert len(seen.pictures) == 4
    for pictures in seen.pictures:
        sizes = (pictures - whole.x0).square().mean(dim=(1, 2, 3)).sqrt()
        assert float(sizes.max()) <= 0.1 + 1e-6
    assert float(sizes.min()) < 0.02
    assert float(sizes.max()) > 0.08


def test_the_adversary_does_more_harm_than_chance() -> None:
    def loss(radius: float, steps: int) -> float:
        objective = AdversarialObjective(ClassificationObjective(), radius, steps)
        return objective(network(), batch(), torch.Generator().manual_seed(3)).item()

    clean, random, worst = loss(0.0, 0), loss(0.3, 0), loss(0.3, 2)
    assert abs(random - clean) < 0.1 * (worst - clean)


def test_without_a_radius_it_is_the_objective_itself() -> None:
    generator = torch.Generator().manual_seed(4)
    plain = ClassificationObjective()(network(), batch(), generator)
    torch.testing.assert_close(
        AdversarialObjective(ClassificationObjective(), 0.0)(network(), batch(), generator), plain
    )


def test_only_the_last_loss_reaches_the_weights() -> None:
    own, seen = network(), Seen()
    AdversarialObjective(seen, 0.2)(own, batch(), torch.Generator().manual_seed(5)).backward()
    found = [p.grad.clone() for p in own.parameters() if p.grad is not None]
    own.zero_grad()
    ClassificationObjective()(own, Batch(seen.pictures[-1], batch().condition), torch.Generator()).backward()
    for gradient, parameter in zip(found, own.parameters(), strict=True):
        torch.testing.assert_close(gradient, parameter.grad)
