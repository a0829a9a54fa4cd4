"""From pictures to latents and back: E is the mode of the posterior, under the autoencoder's own scale and shift.

    z = (mode q(z | x) − shift) · scale,        x = decoder(z/scale + shift)

Each picture alone, in float32: what is lost on the way would be a picture's colours, and some decoders overflow below.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from duckrabbit.models.open.family import Folder


@dataclass(frozen=True)
class Autoencoder:
    """An autoencoder of diffusers.

    Attributes:
        lend: gives the network, loading it if need be.
        scale: of latents, by channel [C, 1, 1] or one for all.
        shift: of latents, likewise.
        device: where it runs.
    """

    lend: Callable[[], Any]
    scale: Tensor
    shift: Tensor
    device: torch.device

    def encode(self, pictures: Tensor) -> Tensor:
        """Pictures [B, 3, S, S] in [−1, 1] → latents [B, C, s, s]."""
        network = self.lend()
        with torch.inference_mode():
            rows = [_mode(network.encode(x[None].to(self.device).float(), return_dict=False)[0]) for x in pictures]
        return ((torch.cat(rows).float() - self.shift.to(self.device)) * self.scale.to(self.device)).to(pictures.device)

    def decode(self, latents: Tensor) -> Tensor:
        """Latents [B, C, s, s] → pictures [B, 3, S, S], not clipped."""
        network = self.lend()
        z = latents.to(self.device).float() / self.scale.to(self.device) + self.shift.to(self.device)
        with torch.inference_mode():
            rows = [network.decode(row[None], return_dict=False)[0] for row in z]
        return torch.cat(rows).to(latents.device)


def scaling(folder: Folder) -> tuple[Tensor, Tensor]:
    """The scale and the shift of a folder's latents."""
    config = folder.autoencoder or {}
    scale = torch.tensor(float(config.get("scaling_factor") or 1.0))
    mean, deviation = config.get("latents_mean"), config.get("latents_std")
    if mean is not None and deviation is not None:
        return scale / torch.tensor(deviation).view(-1, 1, 1), torch.tensor(mean).view(-1, 1, 1)
    return scale, torch.tensor(float(config.get("shift_factor") or 0.0))


def shrinking(folder: Folder) -> int:
    """How many pixels are one latent, each way."""
    config = folder.autoencoder or {}
    widths = config.get("block_out_channels") or config.get("encoder_block_out_channels") or ()
    return int(2 ** (len(widths) - 1)) if widths else 1


def latent_channels(folder: Folder) -> int:
    """The channels of a latent."""
    config = folder.autoencoder or {}
    return int(config.get("latent_channels", 4))


def _mode(posterior: Any) -> Tensor:
    """Of a distribution, or a latent that is none."""
    latent: Tensor = posterior.mode() if hasattr(posterior, "mode") and not isinstance(posterior, Tensor) else posterior
    return latent
