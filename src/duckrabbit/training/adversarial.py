"""Training against the worst pictures nearby, so that a classifier's gradient points at what people see, too."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from duckrabbit.training.data import Batch
from duckrabbit.training.objectives import Objective


@dataclass(frozen=True)
class AdversarialObjective:
    """Another objective's loss at x_0 + δ, where δ makes it large (Madry et al., 2018).

        δ ← Π_r (δ + 2 r/n g/rms(g))        g = ∇_δ L(x_0 + δ)        n times, from a random δ, rms(δ) ≤ r

    The gradients of a classifier trained so change what a picture shows, not only what it is read as (Tsipras et al.,
    2019; Santurkar et al., 2019). Every picture has a radius of its own, so that clean ones are learnt as well.

    Attributes:
        objective: the other one.
        radius: the largest root mean square of δ; r is uniform in [0, radius].
        steps: n.
    """

    objective: Objective
    radius: float
    steps: int = 1

    def __call__(self, network: nn.Module, batch: Batch, generator: torch.Generator) -> Tensor:
        """The mean loss over the batch."""
        x0 = batch.x0
        start = torch.randn(x0.shape, generator=generator, device=x0.device)
        share, own = torch.rand(2, len(x0), 1, 1, 1, generator=generator, device=x0.device)
        radius = self.radius * own
        delta = share * radius * _direction(start)
        for _ in range(self.steps):
            delta.requires_grad_()
            loss = self.objective(network, replace(batch, x0=x0 + delta), generator)
            (gradient,) = torch.autograd.grad(loss, delta)
            moved = delta.detach() + 2 * radius / self.steps * _direction(gradient)
            delta = moved * (radius / _size(moved)).clamp(max=1)
        return self.objective(network, replace(batch, x0=x0 + delta), generator)


def _size(x: Tensor) -> Tensor:
    return x.square().mean(dim=(1, 2, 3), keepdim=True).sqrt().clamp_min(1e-12)


def _direction(x: Tensor) -> Tensor:
    """Each picture [C, H, W] with a root mean square of one."""
    return x / _size(x)
