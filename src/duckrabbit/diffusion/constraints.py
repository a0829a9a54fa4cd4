"""Constraints: what the pictures must satisfy after each step."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from duckrabbit.diffusion.path import Path
from duckrabbit.diffusion.terms import Band


class Constraint(Protocol):
    """Called after each step with the pictures at level s and a function that draws noise for a level."""

    def __call__(self, x_s: Tensor, path: Path, s: float, noise: Callable[[float], Tensor]) -> Tensor:
        """The pictures at level s that satisfy it."""


@dataclass(frozen=True)
class KnownRegion:
    """Replacement conditioning: outside the mask the picture is known.

        x_s ← m x_s + (1 − m)(α_s x_known + σ_s ε)

    At s = 0 the known region is the known picture exactly. Lugmayr et al., 2022, "RePaint" (arXiv:2201.09865).

    Attributes:
        picture: x_known, [C, H, W] or [B, C, H, W] in [−1, 1].
        mask: m, [H, W] of 0 (known) and 1 (painted).
        fresh_noise: draw ε anew at every level, as ancestral sampling does; a deterministic solver keeps one ε.
    """

    picture: Tensor
    mask: Tensor
    fresh_noise: bool = True

    def __call__(self, x_s: Tensor, path: Path, s: float, noise: Callable[[float], Tensor]) -> Tensor:
        """The pictures [B, C, H, W] at level s, their known region replaced."""
        picture, mask = self.picture.to(x_s), self.mask.to(x_s) > 0
        known = picture if s == 0 else path.noised(picture, s, noise(s if self.fresh_noise else 1.0))
        return x_s.where(mask, known)


@dataclass(frozen=True)
class KnownBand:
    """One band of the pictures is that of a known picture, as in inverse hybrids (Geng et al., 2024, arXiv:2404.11615).

        x_s ← x_s − B x_s + B (α_s x_known + σ_s ε)

    Attributes:
        picture: x_known, [C, H, W] in [−1, 1].
        band: B.
        fresh_noise: draw ε anew at every level, as ancestral sampling does; a deterministic solver keeps one ε.
    """

    picture: Tensor
    band: Band
    fresh_noise: bool = True

    def __call__(self, x_s: Tensor, path: Path, s: float, noise: Callable[[float], Tensor]) -> Tensor:
        """The pictures [B, C, H, W] at level s, their known band replaced."""
        picture = self.picture.to(x_s).expand_as(x_s)
        known = picture if s == 0 else path.noised(picture, s, noise(s if self.fresh_noise else 1.0))
        return x_s + self.band(known - x_s)
