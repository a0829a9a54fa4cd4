"""Bands: the parts of a picture that the eye sees from afar, up close, in the dark or in motion.

A band is a linear map that keeps the shape of pictures [..., C, H, W] and works on any floating type and device; a
decomposition is a tuple of bands that add up to the identity. The decompositions are those of Geng, Park and Owens,
"Factorized Diffusion: Perceptual Illusions by Noise Decomposition", 2024 (arXiv:2404.11615). Lengths are in pixels of a
picture 64 wide, and grow with the picture.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn.functional import conv2d, interpolate, pad

from duckrabbit.diffusion.terms import Band
from duckrabbit.errors import UsageError

_REFERENCE_SIZE = 64
_LONGEST = 64.0


@dataclass(frozen=True)
class Rest:
    """What another band leaves: B x = x - band(x)."""

    band: Band

    def __call__(self, x: Tensor, /) -> Tensor:
        return x - self.band(x)


@dataclass(frozen=True)
class LowPass:
    """A Gaussian blur: B x = G_σ * x, the picture reflected at its borders.

    sigma:  the standard deviation, above 0 and at most 64.
    kernel: the side of the window, odd. At other sizes than 64 both are multiplied by width / 64, and the window is
            cut to what reflection allows, 2 · width - 1.
    Raises UsageError for any other value.
    """

    sigma: float = 2.0
    kernel: int = 33

    def __post_init__(self) -> None:
        _check_length("The sigma of a blur", self.sigma)
        if self.kernel < 1 or self.kernel % 2 == 0:
            raise UsageError(
                f"The kernel of a blur must be an odd number of pixels, not {self.kernel}: use for example 33."
            )

    def __call__(self, x: Tensor, /) -> Tensor:
        zoom = _zoom(x)
        reach = min(math.floor(self.kernel // 2 * zoom + 0.5), min(x.shape[-2:]) - 1)
        weights = _bell(self.sigma * zoom, reach, x.device, x.dtype)
        return _filtered(_filtered(x, weights[None]), weights[:, None])


@dataclass(frozen=True)
class MidPass:
    """What lies between two Gaussian blurs: B x = G_mid * x - G_far * x.

    sigma_far, sigma_mid: standard deviations, sigma_far > sigma_mid > 0. Raises UsageError otherwise.
    """

    sigma_far: float = 2.0
    sigma_mid: float = 1.0
    kernel: int = 33

    def __post_init__(self) -> None:
        LowPass(self.sigma_far, self.kernel)
        LowPass(self.sigma_mid, self.kernel)
        if not self.sigma_far > self.sigma_mid:
            raise UsageError(
                f"The far blur must be the stronger one, but its sigma is {self.sigma_far} and that of the middle "
                f"{self.sigma_mid}: raise the first or lower the second."
            )

    def __call__(self, x: Tensor, /) -> Tensor:
        return LowPass(self.sigma_mid, self.kernel)(x) - LowPass(self.sigma_far, self.kernel)(x)


@dataclass(frozen=True)
class Grey:
    """The mean over the channels, in every channel: what is left in dim light."""

    def __call__(self, x: Tensor, /) -> Tensor:
        return x.mean(-3, keepdim=True).expand_as(x)


@dataclass(frozen=True)
class MotionBlur:
    """The mean along a straight line through each pixel: what is left when the picture moves.

    length: of the line, above 0 and at most 64.
    angle:  in degrees, counter-clockwise from the horizontal.
    Raises UsageError for any other value. At the borders the picture is reflected.
    """

    length: float = 10.0
    angle: float = -45.0

    def __post_init__(self) -> None:
        _check_length("The length of a motion blur", self.length)
        if not math.isfinite(self.angle):
            raise UsageError(f"The angle of a motion blur must be a number of degrees, not {self.angle}: use -45.")

    def __call__(self, x: Tensor, /) -> Tensor:
        height, width = x.shape[-2:]
        window = _line(min(self.length * _zoom(x), 2.0 * (min(height, width) - 1)), self.angle)
        reach = len(window) // 2
        planes = pad(x.reshape(-1, 1, height, width), (reach,) * 4, mode="reflect")
        blurred = torch.zeros_like(planes[..., :height, :width])
        # Nearly all of the window is empty, so add the few shifted pictures instead of convolving.
        for row, column in window.nonzero().tolist():
            shifted = planes[..., row : row + height, column : column + width]
            blurred += float(window[row, column]) * shifted
        return blurred.reshape(x.shape)


@dataclass(frozen=True)
class Small:
    """What survives when the picture is shrunk by `factor` (area average) and enlarged again (bicubic).

    factor: above 1 and at most 64. A length like any other: at every size the shrunk picture is 64 / factor wide.
    Raises UsageError for any other value.
    """

    factor: float = 4.0

    def __post_init__(self) -> None:
        _check_length("The factor of a reduction", self.factor)
        if self.factor <= 1:
            raise UsageError(f"The factor of a reduction must be above 1, not {self.factor}: use for example 4.")

    def __call__(self, x: Tensor, /) -> Tensor:
        height, width = x.shape[-2:]
        shrink = max(1.0, self.factor * _zoom(x))
        reduced = (max(1, round(height / shrink)), max(1, round(width / shrink)))
        down = interpolate(x.reshape(-1, 1, height, width), size=reduced, mode="area")
        return interpolate(down, size=(height, width), mode="bicubic", align_corners=False).reshape(x.shape)


def hybrid_bands(sigma: float = 2.0) -> tuple[Band, Band]:
    """(low, high): what is seen from afar and what is seen up close. Raises UsageError unless 0 < sigma ≤ 64."""
    low = LowPass(sigma)
    return low, Rest(low)


def triple_bands(sigma_far: float = 2.0, sigma_mid: float = 1.0) -> tuple[Band, Band, Band]:
    """(low, mid, high): seen from afar, from halfway and up close.

    Raises UsageError unless 64 ≥ sigma_far > sigma_mid > 0.
    """
    return LowPass(sigma_far), MidPass(sigma_far, sigma_mid), Rest(LowPass(sigma_mid))


def colour_bands() -> tuple[Band, Band]:
    """(grey, colour): what is seen in dim light and what daylight adds; a picture of one channel is all grey."""
    return Grey(), Rest(Grey())


def motion_bands(length: float = 10.0, angle: float = -45.0) -> tuple[Band, Band]:
    """(blurred, sharp): what is seen in motion and what standing still adds; parameters as in `MotionBlur`."""
    blur = MotionBlur(length, angle)
    return blur, Rest(blur)


def scale_bands(factor: float = 4.0) -> tuple[Band, Band]:
    """(small, large): what a picture shrunk by `factor` shows and what full size adds; errors as in `Small`."""
    small = Small(factor)
    return small, Rest(small)


def _check_length(what: str, value: float) -> None:
    if not 0 < value <= _LONGEST:  # false for NaN too
        raise UsageError(f"{what} must be above 0 and at most {_LONGEST:g}, not {value}: use for example 2.")


def _zoom(x: Tensor) -> float:
    return x.shape[-1] / _REFERENCE_SIZE


def _filtered(x: Tensor, weights: Tensor) -> Tensor:
    """Each channel of x [..., H, W] weighted by a window [h, w] of odd sides about each pixel, borders reflected."""
    down, across = weights.shape[0] // 2, weights.shape[1] // 2
    planes = pad(x.reshape(-1, 1, *x.shape[-2:]), (across, across, down, down), mode="reflect")
    return conv2d(planes, weights.to(x.device, x.dtype)[None, None]).reshape(x.shape)


@lru_cache(maxsize=64)
def _bell(sigma: float, reach: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """The window [2 reach + 1] of a Gaussian, its sum is 1; kept, since a copy to a GPU at every step would wait."""
    with torch.inference_mode(False):
        distance = torch.arange(-reach, reach + 1, dtype=torch.float64)
        weights = torch.exp(-0.5 * (distance / sigma) ** 2)
        return (weights / weights.sum()).to(device, dtype)


def _line(length: float, angle: float) -> Tensor:
    """The window [n, n] of a line `length` pixels long through its middle: float64, its sum is 1.

    Sixteen points per pixel of the line each share their weight bilinearly among the four pixels around them.
    """
    reach = math.ceil(length / 2)
    places = torch.arange(-reach, reach + 1, dtype=torch.float64)
    count = 16 * max(1, math.ceil(length))
    along = ((torch.arange(count, dtype=torch.float64) + 0.5) / count - 0.5) * length
    radians = math.radians(angle)
    x, y = along * math.cos(radians), -along * math.sin(radians)
    share_x = (1 - (places - x[:, None]).abs()).clamp(min=0)
    share_y = (1 - (places - y[:, None]).abs()).clamp(min=0)
    return share_y.T @ share_x / count
