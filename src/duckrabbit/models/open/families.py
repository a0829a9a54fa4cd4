"""Every family that is played, by the class of its pipeline. A new one is a file, and a row here."""

from collections.abc import Mapping

from duckrabbit.models.open import flux, prx, prx_pixel, stable_diffusion, stable_diffusion_3, z_image
from duckrabbit.models.open.family import Family

_EVERY = (
    prx_pixel.FAMILY,
    prx.FAMILY,
    stable_diffusion.SD,
    stable_diffusion.SDXL,
    stable_diffusion_3.FAMILY,
    z_image.FAMILY,
    flux.FAMILY,
)

FAMILIES: Mapping[str, Family] = {family.pipeline: family for family in _EVERY}
