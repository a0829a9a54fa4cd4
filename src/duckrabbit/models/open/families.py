"""Every family that is played, by the class of its pipeline. A new one is a file, and a row here."""

from collections.abc import Mapping

from duckrabbit.models.open import prx_pixel, stable_diffusion
from duckrabbit.models.open.family import Family

_EVERY = (prx_pixel.FAMILY, stable_diffusion.SD, stable_diffusion.SDXL)

FAMILIES: Mapping[str, Family] = {family.pipeline: family for family in _EVERY}
