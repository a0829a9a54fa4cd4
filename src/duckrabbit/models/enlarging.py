"""Ways to enlarge a first stage's pictures for the second."""

from torch import Tensor
from torch.nn.functional import interpolate


def bilinear(pictures: Tensor, size: int) -> Tensor:
    """Bilinear, corner pixels on corner pixels, as DeepFloyd IF was trained."""
    return interpolate(pictures, size=(size, size), mode="bilinear", align_corners=True)


def bicubic(pictures: Tensor, size: int) -> Tensor:
    """Bicubic, pixels being squares: no shift at the borders."""
    return interpolate(pictures, size=(size, size), mode="bicubic", align_corners=False)
