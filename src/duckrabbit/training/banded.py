"""Pictures of which only one band is their own: what hybrids look like to whoever looks for one of their parts.

With L a Gaussian blur and y another picture of the batch,

    seen close by: L y + (1 − L) x        seen from afar: L x + (1 − L) y

A judge that has met such pictures under the name of x reads hybrids (Geng, Park and Owens, 2024) as people do.
"""

from torch import Tensor

from duckrabbit.illusions.bands import LowPass

COARSE = LowPass(2.0)
"""L: where `hybrid` parts far and near unless it is told otherwise."""


def close_by(x: Tensor) -> Tensor:
    """Pictures [B, C, S, S] in [−1, 1], what is coarse in each from the one before it in the batch."""
    return _hybrid(x.roll(1, dims=0), x)


def from_afar(x: Tensor) -> Tensor:
    """Pictures [B, C, S, S] in [−1, 1], what is fine in each from the one before it in the batch."""
    return _hybrid(x, x.roll(1, dims=0))


def _hybrid(far: Tensor, near: Tensor) -> Tensor:
    return (near + COARSE(far - near)).clamp(-1, 1)
