"""Small pictures for the eye, as text for a line of JSON."""

import base64
import io
from typing import Any

from PIL import Image
from torch import Tensor
from torch.nn.functional import avg_pool2d

from duckrabbit.making.films import tiled
from duckrabbit.media.pixels import to_uint8

LARGEST = 128
QUALITY = 82


def preview(pictures: Tensor) -> dict[str, Any]:
    """Pictures [B, C, S, S] side by side as a JPEG, shrunk where they are large."""
    shrink = max(1, pictures.shape[-1] // LARGEST)
    small = avg_pool2d(pictures.float(), shrink) if shrink > 1 else pictures
    strip = Image.fromarray(to_uint8(tiled(small, len(small))))
    file = io.BytesIO()
    strip.save(file, "JPEG", quality=QUALITY)
    return {"count": len(pictures), "jpeg": base64.b64encode(file.getvalue()).decode()}


def still(picture: Tensor) -> str:
    """One picture [C, S, S] as the address of a PNG that holds itself."""
    file = io.BytesIO()
    Image.fromarray(to_uint8(picture.float().clamp(-1, 1))).save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
