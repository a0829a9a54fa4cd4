"""Parametrizations: what a network predicts, and how to read the clean picture off it.

Each is a combination of noise and clean picture with coefficients (a, b) that depend on α_t and σ_t:

    output = a ε + b x_0

Together with x_t = α_t x_0 + σ_t ε this gives one formula for all of them:

    x̂_0 = (σ_t output − a x_t) / (σ_t b − a α_t)
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Coefficients = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Parametrization:
    """A named pair of coefficients (a, b) as functions of (α_t, σ_t)."""

    name: str
    coefficients: Coefficients

    def target(self, x0: Tensor, noise: Tensor, alpha_t: Tensor, sigma_t: Tensor) -> Tensor:
        """What the network should say: a ε + b x_0, with coefficients that broadcast against pictures."""
        a, b = self.coefficients(alpha_t, sigma_t)
        return a.to(x0) * noise + b.to(x0) * x0

    def x0(self, output: Tensor, x_t: Tensor, alpha_t: Tensor, sigma_t: Tensor) -> Tensor:
        """The estimate x̂_0 that the network's output implies, in the precision of x_t."""
        a, b = self.coefficients(alpha_t, sigma_t)
        determinant = sigma_t * b - a * alpha_t
        return (sigma_t / determinant).to(x_t.dtype) * output - (a / determinant).to(x_t.dtype) * x_t

    def change(self, x0: Tensor, alpha_t: Tensor, sigma_t: Tensor) -> Tensor:
        """By how much the output changes where x̂_0 does by so much, x_t being the same: (b − a α_t/σ_t) Δx̂_0."""
        a, b = self.coefficients(alpha_t, sigma_t)
        return (b - a * alpha_t / sigma_t).to(x0) * x0


EPSILON = Parametrization("epsilon", lambda alpha, sigma: (torch.ones_like(alpha), torch.zeros_like(sigma)))
"""The noise ε (Ho et al., 2020, arXiv:2006.11239)."""

X0 = Parametrization("x0", lambda alpha, sigma: (torch.zeros_like(alpha), torch.ones_like(sigma)))
"""The clean picture itself."""

V = Parametrization("v", lambda alpha, sigma: (alpha, -sigma))
"""v = α_t ε − σ_t x_0 (Salimans and Ho, 2022, arXiv:2202.00512)."""

VELOCITY = Parametrization("velocity", lambda alpha, sigma: (torch.ones_like(alpha), -torch.ones_like(sigma)))
"""The velocity dx/dt = ε − x_0 of rectified flow (Lipman et al., 2023, arXiv:2210.02747)."""

PARAMETRIZATIONS = {p.name: p for p in (EPSILON, X0, V, VELOCITY)}
