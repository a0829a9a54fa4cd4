"""Between tensors in [−1, 1] and 8-bit grey levels."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def to_uint8(picture: Tensor) -> NDArray[np.uint8]:
    """round(127.5 (x + 1)), clamped to 0 … 255.

    Args:
        picture: float [1, H, W] or [3, H, W] in [−1, 1], on any device.

    Returns:
        uint8 [H, W] for one channel, [H, W, 3] for three.

    Raises:
        ValueError: another shape, or a NaN among the pixels.
    """
    if picture.ndim != 3 or picture.shape[0] not in {1, 3}:
        raise ValueError(f"expected a picture [1 or 3, H, W], got {list(picture.shape)}")
    if bool(picture.isnan().any()):
        raise ValueError("the picture has NaN among its pixels")
    levels = picture.detach().float().add(1.0).mul(127.5).round().clamp(0, 255).to("cpu", torch.uint8)
    array: NDArray[np.uint8] = levels.permute(1, 2, 0).contiguous().numpy()
    return array[:, :, 0] if picture.shape[0] == 1 else array


def from_uint8(levels: NDArray[np.uint8]) -> Tensor:
    """x / 127.5 − 1: uint8 [H, W] or [H, W, 3] → float32 [1 or 3, H, W] in [−1, 1]; `to_uint8` undoes it exactly.

    Raises:
        ValueError: another shape or type.
    """
    if levels.dtype != np.uint8 or not (levels.ndim == 2 or (levels.ndim == 3 and levels.shape[2] == 3)):
        raise ValueError(f"expected uint8 [H, W] or [H, W, 3], got {levels.dtype} {list(levels.shape)}")
    channels = levels[:, :, None] if levels.ndim == 2 else levels
    # A copy, because Pillow's arrays are read-only and torch's are not.
    return torch.from_numpy(channels.transpose(2, 0, 1).copy()).float().div(127.5).sub(1.0)
